/* The day of a statement, and the things that moved on it. */
#include "server/api/statement.h"

#include "ledger/store/log_rows.h"

#include <stdlib.h>
#include <string.h>

enum {
    SETTLING_MINUTES = 10, /* a commit under way at midnight is over by then */
    OFFSET_MIN = -12 * 60,
    OFFSET_MAX = 14 * 60,
};
static const lg_time PER_MINUTE = 60 * LG_TIME_PER_SECOND;

/* ---- which day ---- */

static int two_digits(const char *text)
{
    return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9'
               ? (text[0] - '0') * 10 + text[1] - '0'
               : -1;
}

/* "+08:00". A plus that is not percent-encoded arrives as a blank. */
static bool parse_offset(const char *text, int *minutes)
{
    if (strlen(text) != 6 || !strchr("+- ", text[0]) || text[3] != ':')
        return false;
    const int hour = two_digits(text + 1), minute = two_digits(text + 4);
    if (hour < 0 || minute < 0 || minute > 59)
        return false;
    *minutes = (hour * 60 + minute) * (text[0] == '-' ? -1 : 1);
    return *minutes >= OFFSET_MIN && *minutes <= OFFSET_MAX;
}

const char *api_offset_format(lg_arena *arena, int offset_minutes)
{
    const int size = abs(offset_minutes);
    return lg_arena_printf(arena, "%c%02d:%02d", offset_minutes < 0 ? '-' : '+', size / 60, size % 60);
}

static lg_err query_day(api_view *view, api_day *day)
{
    const char *offset = http_query(view->request, "utc_offset");
    if (!lg_day_parse(http_param(view->request, "date"), &day->date))
        api_query_refuse(view->request, "date", "not_a_date",
                         "The date in the path must be a day as 2026-11-22.");
    if (offset && !parse_offset(offset, &day->offset_minutes))
        api_query_refuse(view->request, "utc_offset", "not_an_offset",
                         "utc_offset must be a distance from UTC as +08:00, from -12:00 to +14:00.");
    return api_query_end(view->request);
}

lg_err api_day_find(api_view *view, api_day *out)
{
    const lg_time now = lg_now();
    const int64_t size = view->published->size;
    *out = (api_day){0};
    lg_err err = query_day(view, out);
    if (err != LG_OK)
        return err;
    out->from = out->date * LG_TIME_PER_DAY - out->offset_minutes * PER_MINUTE;
    out->until = out->from + LG_TIME_PER_DAY;
    if (out->from > now) {
        api_query_refuse(view->request, "date", "in_the_future", "The day has not begun.");
        return api_query_end(view->request);
    }
    err = api_entries_before(&view->read, size, out->from, &out->first);
    if (err == LG_OK)
        err = api_entries_before(&view->read, size, out->until, &out->end);
    if (err == LG_OK && out->end == 0)
        err = lg_fail(view->report, LG_NOT_FOUND, "The registry's first entry is of a later day.");
    out->final = out->end < size || now >= out->until + SETTLING_MINUTES * PER_MINUTE;
    return err;
}

void json_put_day(lg_buf *buf, const api_day *day)
{
    lg_arena *arena = lg_arena_open();
    lg_json_put_str(buf, "date", lg_day_format(day->date).s);
    lg_json_put_str(buf, "utc_offset", api_offset_format(arena, day->offset_minutes));
    json_put_time(buf, "from", day->from);
    json_put_time(buf, "until", day->until);
    lg_json_put_bool(buf, "final", day->final);
    lg_arena_close(arena);
}

/* ---- what moved ---- */

static lg_err name_party(lg_db *db, lg_arena *arena, lg_participant_no no, lg_uuid *id, const char **name)
{
    lg_participant row;
    lg_err err = json_related(lg_participant_get(db, no, arena, &row));
    if (err == LG_OK) {
        *id = row.id.uuid;
        *name = row.name;
    }
    return err;
}

static lg_err describe_receivable(lg_db *db, lg_arena *arena, lg_participant_no participant,
                                  lg_receivable_no no, api_moved *out)
{
    lg_receivable row;
    lg_err err = json_related(lg_receivable_get(db, no, arena, &row));
    if (err != LG_OK)
        return err;
    out->receivable = row.id.uuid;
    out->invoice_number = row.invoice_number;
    out->has_due = true;
    out->due_day = row.due_day;
    out->face_minor = row.amount_minor;
    /* A later holder sees the invoice, not what its two sides noted on it. */
    if (participant.v == row.creditor.v || participant.v == row.debtor.v)
        out->order_reference = row.order_reference;
    err = name_party(db, arena, row.creditor, &out->creditor, &out->creditor_name);
    return err ? err : name_party(db, arena, row.debtor, &out->debtor, &out->debtor_name);
}

static lg_err describe_claim(lg_db *db, lg_arena *arena, lg_participant_no participant, lg_claim_no no,
                             int64_t seq, api_moved *out)
{
    lg_claim row;
    lg_err err = json_related(lg_claim_version(db, no, seq, arena, &row));
    if (err == LG_OK)
        err = describe_receivable(db, arena, participant, row.receivable, out);
    if (err != LG_OK)
        return err;
    out->claim = row.id.uuid;
    out->face_minor = row.face_minor;
    out->life = lg_claim_life_name(row.life);
    /* As claims are shown: of a divided one the invoice is its two sides' alone. */
    if (participant.v != row.creditor.v && participant.v != row.debtor.v &&
        (row.parent.v != 0 || row.life == LG_CLAIM_SPLIT))
        out->invoice_number = NULL;
    return LG_OK;
}

static lg_err describe_financing(lg_db *db, lg_arena *arena, lg_financing_no no, api_moved *out)
{
    lg_financing row;
    lg_err err = json_related(lg_financing_get(db, no, arena, &row));
    if (err == LG_OK) {
        out->financing = row.id.uuid;
        out->face_minor = row.advance_minor;
    }
    return err;
}

lg_err api_moved_find(lg_db *db, lg_arena *arena, lg_participant_no participant, lg_account account,
                      int64_t subject_no, int64_t seq, api_moved *out)
{
    *out = (api_moved){0};
    switch (account) {
    case LG_ACCOUNT_RECEIVABLES_REGISTERED:
    case LG_ACCOUNT_PAYABLES_REGISTERED:
        return describe_receivable(db, arena, participant, (lg_receivable_no){subject_no}, out);
    case LG_ACCOUNT_CLAIMS_HELD:
    case LG_ACCOUNT_CLAIMS_OWED:
    case LG_ACCOUNT_CLAIMS_RESERVED:
    case LG_ACCOUNT_CLAIMS_PLEDGED:
        return describe_claim(db, arena, participant, (lg_claim_no){subject_no}, seq, out);
    case LG_ACCOUNT_ADVANCES_MADE:
    case LG_ACCOUNT_ADVANCES_RECEIVED:
        return describe_financing(db, arena, (lg_financing_no){subject_no}, out);
    case LG_ACCOUNT_COUNT:
        break;
    }
    return LG_CORRUPT;
}

void json_put_moved(lg_buf *buf, const api_moved *thing, lg_currency currency)
{
    json_put_id(buf, "receivable", thing->receivable);
    json_put_id(buf, "claim", thing->claim);
    json_put_id(buf, "financing", thing->financing);
    lg_json_put_str(buf, "invoice_number", thing->invoice_number);
    lg_json_put_str(buf, "order_reference", thing->order_reference);
    lg_json_put_str(buf, "due_date", thing->has_due ? lg_day_format(thing->due_day).s : NULL);
    json_put_id(buf, "creditor", thing->creditor);
    lg_json_put_str(buf, "creditor_name", thing->creditor_name);
    json_put_id(buf, "debtor", thing->debtor);
    lg_json_put_str(buf, "debtor_name", thing->debtor_name);
    lg_json_put_str(buf, "life", thing->life);
    json_put_amount(buf, "face_amount", thing->face_minor, currency);
}

void json_put_balance(lg_buf *buf, const char *key, lg_balance balance, lg_currency currency)
{
    lg_json_key(buf, key);
    lg_json_open(buf);
    lg_json_put_int(buf, "items", balance.items);
    json_put_amount(buf, "amount", balance.amount_minor, currency);
    lg_json_close(buf);
}
