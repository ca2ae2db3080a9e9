/* Receivables as JSON. */
#include "server/api/serve.h"

#include "ledger/base/scan.h"
#include "ledger/crypto/encoding.h"

#include <string.h>

/* Length of the JSON string that starts at `text`, `left` bytes before its end, with its quotation mark. */
static size_t string_len(const char *text, size_t left)
{
    size_t len = 1;
    for (;;) {
        len += lg_scan_unescaped((const uint8_t *)text + len, left - len);
        if (len == left || text[len] == '"')
            return len == left ? left : len + 1;
        len += text[len] == '\\' && left - len > 1 ? 2 : 1;
    }
}

/* Length of the flat object that starts at `text`. */
static size_t object_len(const char *text, size_t left)
{
    size_t len = 1;
    while (len < left && text[len] != '}')
        len += text[len] == '"' ? string_len(text + len, left - len) : 1;
    return len < left ? len + 1 : left;
}

static void put_passed(lg_buf *buf, const char *code, size_t len)
{
    static const char before[] = "{\"code\":", behind[] = ",\"outcome\":\"pass\"}";
    enum { BEFORE = sizeof before - 1, BEHIND = sizeof behind - 1 };
    char *place = lg_buf_extend(buf, BEFORE + len + BEHIND);
    memcpy(place, before, BEFORE);
    memcpy(place + BEFORE, code, len);
    memcpy(place + BEFORE + len, behind, BEHIND);
}

/* Stored, a passed check is its code alone; shown, every check is an object. The text is the registry's own:
 * a list of strings and flat objects. */
static void put_checks(lg_buf *buf, const char *checks)
{
    size_t left = strlen(checks), len;
    lg_json_key(buf, "checks");
    for (; left > 0; checks += len, left -= len) {
        if (*checks == '"') {
            len = string_len(checks, left);
            put_passed(buf, checks, len);
        } else {
            len = *checks == '{' ? object_len(checks, left) : 1;
            lg_buf_add(buf, checks, len);
        }
    }
}

static lg_err put_claim_id(lg_buf *buf, lg_db *db, lg_claim_no no, const lg_claim *at_hand)
{
    lg_claim_id id = {0};
    lg_err err = LG_OK;
    if (at_hand && at_hand->no.v == no.v)
        id = at_hand->id;
    else if (no.v)
        err = json_related(lg_claim_id_of(db, no, &id));
    json_put_id(buf, "claim", id.uuid);
    return err;
}

static void put_invoice(lg_buf *buf, const lg_receivable *row)
{
    lg_json_key(buf, "invoice");
    lg_json_open(buf);
    lg_json_put_str(buf, "number", row->invoice_number);
    lg_json_put_str(buf, "issue_date", lg_day_format(row->issue_day).s);
    lg_json_put_str(buf, "due_date", lg_day_format(row->due_day).s);
    lg_json_put_str(buf, "currency", row->currency.code);
    json_put_amount(buf, "gross_amount", row->gross_minor, row->currency);
    lg_json_put_str(buf, "format", lg_invoice_format_name(row->format));
    lg_json_close(buf);
}

/* Whose answer was awaited, and what it came to. Absent where no external verifier was asked: so the stored
 * answers of registries that are older than verifiers stay what the audit writes anew, and the look-up is
 * spared, since a review that asked one names the check. */
static lg_err put_verification(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_receivable *row)
{
    lg_verification v;
    if (!strstr(row->checks, "\"" LG_CHECK_VERIFIER "\""))
        return LG_OK;
    lg_err err = lg_verification_get(db, row->no, arena, &v);
    if (err)
        return err == LG_NOT_FOUND ? LG_OK : err; /* a document may quote the name */
    lg_json_key(buf, "verification");
    const bool answered = v.state == LG_VERIFICATION_ANSWERED;
    lg_json_open(buf);
    lg_json_put_str(buf, "state", lg_verification_state_name(v.state));
    json_put_time(buf, "verify_by", v.verify_by);
    lg_json_put_str(buf, "answer", answered ? lg_verifier_answer_name(v.answer) : NULL);
    lg_json_put_str(buf, "outcome", answered ? lg_review_outcome_name(v.outcome) : NULL);
    lg_json_put_str(buf, "reference", v.reference);
    lg_json_put_str(buf, "note", v.note);
    json_put_time(buf, "answered_at", v.answered_at);
    lg_json_put_str(buf, "hindered_by", v.hindered_by);
    json_put_time(buf, "recorded_at", v.recorded_at);
    lg_json_close(buf);
    return LG_OK;
}

static lg_err put_review(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_receivable *row)
{
    lg_err err = LG_OK;
    lg_json_key(buf, "review");
    lg_json_open(buf);
    lg_json_put_str(buf, "outcome", lg_review_outcome_name(row->review_outcome));
    lg_json_put_int(buf, "policy_version", row->policy_version);
    put_checks(buf, row->checks);
    lg_json_key(buf, "decision");
    if (row->decision) {
        lg_json_open(buf);
        lg_json_put_str(buf, "outcome", row->decision);
        err = json_put_participant(buf, db, "by", row->decided_by);
        json_put_time(buf, "at", row->decided_at);
        lg_json_put_str(buf, "note", row->decision_note);
        lg_json_close(buf);
    } else {
        lg_json_null(buf);
    }
    if (!err)
        err = put_verification(buf, db, arena, row);
    lg_json_close(buf);
    return err;
}

static void put_terms(lg_buf *buf, const lg_receivable *row)
{
    char sha256[2 * LG_HASH_LEN + 1];
    lg_hex_write(sha256, row->document_sha256.b, LG_HASH_LEN);
    put_invoice(buf, row);
    json_put_amount(buf, "amount", row->amount_minor, row->currency);
    if (row->confirmed_minor)
        json_put_amount(buf, "confirmed_amount", row->confirmed_minor, row->currency);
    else
        lg_json_put_str(buf, "confirmed_amount", NULL);
    lg_json_put_str(buf, "currency", row->currency.code);
    lg_json_put_str(buf, "part", row->part);
    lg_json_put_str(buf, "due_date", lg_day_format(row->due_day).s);
    json_put_time(buf, "confirm_by", row->confirm_by);
    lg_json_put_raw(buf, "documents", row->documents);
    lg_json_put_str(buf, "document_sha256", sha256);
    lg_json_put_str(buf, "order_reference", row->order_reference);
    lg_json_put_str(buf, "contract_reference", row->contract_reference);
}

lg_err json_receivable_answer(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_receivable *row,
                              const lg_claim *claim)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "life", lg_receivable_life_name(row->life));
    lg_json_put_str(buf, "submitted_by", row->by_debtor ? "debtor" : "creditor");
    lg_err err = json_put_participant(buf, db, "creditor", row->creditor);
    if (err == LG_OK)
        err = json_put_participant(buf, db, "debtor", row->debtor);
    put_terms(buf, row);
    if (err == LG_OK)
        err = put_claim_id(buf, db, row->claim, claim);
    lg_json_put_str(buf, "reason", row->reason);
    json_put_time(buf, "registered_at", row->registered_at);
    json_put_time(buf, "updated_at", row->updated_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    if (err == LG_OK)
        err = put_review(buf, db, arena, row);
    lg_json_close(buf);
    return err;
}

lg_err json_receivable(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_receivable *row)
{
    return json_receivable_answer(buf, db, arena, row, NULL);
}
