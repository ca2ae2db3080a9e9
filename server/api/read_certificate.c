/* A claim's certificate: how it stood at a moment, who had which right in it, and the proof of that, to be
 * verified by anyone with the log's public key alone. */
#include "server/api/serve.h"

#include "ledger/log/note.h"
#include "ledger/store/log_rows.h"

enum { ENTRIES_MAX = 64 }; /* each may be tens of kilobytes */

typedef struct certificate {
    lg_time as_of;
    int64_t seq;  /* the last entry at or before as_of */
    lg_claim row; /* as it stood behind that entry */
    lg_claim_sight sight;
    bool party; /* now or then; else a grantee: it is shown the entries without their facts */
} certificate;

/* The last entry of the first `size` at or before `at`; LG_NOT_FOUND if all are later. */
static lg_err find_seq(const api_read *read, int64_t size, lg_time at, int64_t *out)
{
    int64_t count = 0;
    lg_err err = api_entries_before(read, size, at + 1, &count);
    *out = count - 1;
    return err == LG_OK && count == 0 ? LG_NOT_FOUND : err;
}

static lg_err query_at(api_view *view, lg_time *at)
{
    const char *text = http_query(view->request, "at");
    const lg_time now = lg_now();
    *at = now;
    if (text && !lg_time_parse(text, at))
        api_query_refuse(view->request, "at", "not_a_time", "at must be a time as 2026-11-22T08:30:00Z.");
    else if (*at > now)
        api_query_refuse(view->request, "at", "in_the_future", "at must not lie in the future.");
    return api_query_end(view->request);
}

/* Whoever sees all of the claim, now or as it stood then: so a past holder may certify the time it held. A
 * time at which it was no party, one who is one now is shown without the dealings of that time, as by a
 * grant. And a grantee of all fields, for as long as the present holder has held it. */
static lg_err judge(const api_read *read, const lg_claim *now, certificate *c)
{
    lg_claim_sight then;
    lg_err err = api_claim_see(read, now, &c->sight);
    if (err == LG_OK)
        err = api_claim_see(read, &c->row, &then);
    if (err != LG_OK)
        return err;
    c->party = c->sight.access == LG_ACCESS_FULL || then.access == LG_ACCESS_FULL;
    if (c->party) {
        c->sight.access = then.access == LG_ACCESS_FULL ? LG_ACCESS_FULL : LG_ACCESS_GRANTED;
        c->sight.fields = LG_FIELDS_ALL;
        return LG_OK;
    }
    bool whole = c->sight.access == LG_ACCESS_GRANTED && c->sight.fields == LG_FIELDS_ALL;
    return whole && c->row.held_seq == now->held_seq ? LG_OK : LG_NOT_FOUND;
}

static lg_err find(api_view *view, certificate *c)
{
    lg_claim_id id;
    lg_claim now;
    const api_read *read = &view->read;
    if (!api_param_uuid(view->request, "id", &id.uuid))
        return LG_NOT_FOUND;
    lg_err err = query_at(view, &c->as_of);
    if (err == LG_OK)
        err = lg_claim_by_id(read->db, id, read->arena, &now);
    if (err == LG_OK)
        err = find_seq(read, view->published->size, c->as_of, &c->seq);
    if (err == LG_OK)
        err = lg_claim_version(read->db, now.no, c->seq, read->arena, &c->row);
    return err == LG_OK ? judge(read, &now, c) : err;
}

/* ---- what it holds ---- */

/* The stop list is the debtor's, and kept for the present only: an earlier state is certified without it. The
 * invoice goes with a true grant; a party is shown it by its own right alone. */
static lg_err put_claim(api_view *view, const certificate *c)
{
    static const lg_claim_sight own = {LG_ACCESS_FULL, LG_FIELDS_ALL};
    api_claim_sheet sheet;
    lg_err err = api_claim_sheet_fill(&sheet, view->read.db, view->read.arena, &c->row, view->read.caller.no,
                                      c->party ? &own : &c->sight);
    if (err != LG_OK)
        return err;
    sheet.sight = c->sight;
    if (http_query(view->request, "at"))
        sheet.locks = c->row.locks;
    lg_json_key(&view->body, "claim");
    json_claim_sheet(&view->body, &sheet);
    return LG_OK;
}

typedef struct interest {
    const char *kind;
    lg_participant_no participant;
    int64_t seq;
    lg_time since, notified_at;
} interest;

static lg_err put_interest(api_view *view, const interest *i, int rank)
{
    lg_buf *buf = &view->body;
    lg_json_open(buf);
    lg_json_put_int(buf, "rank", rank);
    lg_json_put_str(buf, "kind", i->kind);
    lg_err err = json_put_participant(buf, view->read.db, "participant", i->participant);
    json_put_time(buf, "since", i->since);
    lg_json_put_int(buf, "seq", i->seq);
    json_put_time(buf, "notified_at", i->notified_at);
    lg_json_close(buf);
    return err;
}

/* In the order they came to be. The debtor is told of a new holder and of a pledge by the very entry; its
 * first creditor it knows, and a reservation does not concern it. */
static lg_err put_interests(api_view *view, const certificate *c)
{
    const lg_claim *row = &c->row;
    const bool pledged = row->encumbrance == LG_PLEDGED;
    interest held = {.kind = "ownership", .participant = row->holder, .seq = row->held_seq};
    interest lent = {
        .kind = pledged ? "pledge" : "reservation", .participant = row->lender, .seq = row->lent_seq};
    lg_err err = api_entry_time(&view->read, held.seq, &held.since);
    if (err == LG_OK && row->lender.v)
        err = api_entry_time(&view->read, lent.seq, &lent.since);
    if (err != LG_OK)
        return err;
    /* A grant shows the holder, but not who else has a right in the claim. */
    if (c->sight.access != LG_ACCESS_FULL && lent.participant.v != view->read.caller.no.v)
        lent.participant.v = 0;
    held.notified_at = held.seq == lg_row_seq(row->root.v) ? 0 : held.since;
    lent.notified_at = pledged ? lent.since : 0;
    lg_json_key(&view->body, "interests");
    lg_json_list(&view->body);
    err = put_interest(view, &held, 1);
    if (err == LG_OK && row->lender.v)
        err = put_interest(view, &lent, 2);
    lg_json_end(&view->body);
    return err;
}

static lg_err put_entry(api_view *view, int64_t seq, const lg_shares *shares)
{
    lg_entry_row row;
    lg_proof proof;
    const lg_published *published = view->published;
    lg_db *db = view->read.db;
    lg_err err = json_related(lg_entry_get(db, seq, view->read.arena, &row));
    if (err == LG_OK)
        err = lg_tree_prove_inclusion(lg_node_read, db, seq, published->size, &proof);
    if (err == LG_OK)
        err = json_receipt_shared(&view->body, view->read.arena, &row, shares, &proof, published->note);
    return err;
}

typedef struct title_entry {
    int64_t seq;
    lg_shares shares;
} title_entry;

/* The newest of what the caller is shown of the title, newest first, and how many more there are. The entry
 * that made this state is always among them: its text is public, and without it the proof would prove
 * nothing.
 */
static lg_err find_title(api_view *view, const certificate *c, title_entry out[ENTRIES_MAX], size_t *count,
                         int64_t *omitted)
{
    int64_t *seqs;
    size_t left;
    *count = 0;
    *omitted = 0;
    lg_err err = lg_claim_title(view->read.db, &c->row, view->read.arena, &seqs, &left);
    while (err == LG_OK && left > 0) {
        title_entry entry = {.seq = seqs[--left]};
        if (c->party)
            err = lg_entry_party_shares(view->read.db, entry.seq, view->read.caller.no, &entry.shares);
        bool hidden = err == LG_NOT_FOUND && entry.seq != c->row.last_seq;
        if (err == LG_NOT_FOUND)
            err = LG_OK;
        if (hidden)
            continue;
        if (*count < ENTRIES_MAX)
            out[(*count)++] = entry;
        else
            ++*omitted;
    }
    return err;
}

static lg_err put_entries(api_view *view, const certificate *c)
{
    title_entry entries[ENTRIES_MAX];
    size_t count;
    int64_t omitted;
    lg_err err = find_title(view, c, entries, &count, &omitted);
    if (err != LG_OK)
        return err;
    lg_json_key(&view->body, "entries");
    lg_json_list(&view->body);
    for (size_t i = count; err == LG_OK && i > 0; i--)
        err = put_entry(view, entries[i - 1].seq, &entries[i - 1].shares);
    lg_json_end(&view->body);
    lg_json_put_int(&view->body, "entries_omitted", omitted);
    return err;
}

static lg_err put_proof(api_view *view, const certificate *c)
{
    lg_proof proof;
    lg_err err =
        lg_tree_prove_inclusion(lg_node_read, view->read.db, c->row.last_seq, view->published->size, &proof);
    if (err != LG_OK)
        return err;
    const char *note = view->published->note;
    lg_json_put_str(&view->body, "proof",
                    lg_tlog_proof_format(view->read.arena, c->row.last_seq, &proof, note));
    lg_json_put_str(&view->body, "checkpoint", note);
    return LG_OK;
}

static lg_err build_certificate(api_view *view)
{
    certificate c;
    lg_err err = find(view, &c);
    if (err != LG_OK)
        return err;
    lg_json_open(&view->body);
    err = put_claim(view, &c);
    json_put_time(&view->body, "as_of", c.as_of);
    lg_json_put_int(&view->body, "size", c.seq + 1);
    if (err == LG_OK)
        err = put_interests(view, &c);
    if (err == LG_OK)
        err = put_entries(view, &c);
    if (err == LG_OK)
        err = put_proof(view, &c);
    lg_json_close(&view->body);
    return err;
}

http_result read_claim_certificate(http_request *request)
{
    return api_serve(request, build_certificate);
}
