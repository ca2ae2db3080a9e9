#include "server/verifier/answer.h"

#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/store/participant_rows.h"

#include <string.h>
#include <strings.h>

/* ---- the question ---- */

static lg_err put_identifiers(lg_buf *body, lg_db *db, lg_arena *arena, const char *key, lg_participant_no no)
{
    lg_identifier *rows;
    size_t count;
    lg_err err = lg_identifier_list(db, no, arena, &rows, &count);
    if (err)
        return err;
    lg_json_key(body, key);
    lg_json_list(body);
    for (size_t i = 0; i < count; i++) {
        lg_json_open(body);
        lg_json_put_str(body, "scheme", lg_scheme_name(rows[i].scheme));
        lg_json_put_str(body, "value", rows[i].value);
        lg_json_close(body);
    }
    lg_json_end(body);
    return LG_OK;
}

static void put_invoice(lg_buf *body, const lg_receivable *row)
{
    lg_json_put_str(body, "number", row->invoice_number);
    lg_json_put_str(body, "issue_date", lg_day_format(row->issue_day).s);
    lg_json_put_str(body, "currency", row->currency.code);
    lg_json_put_str(body, "gross_amount", lg_amount_format(row->gross_minor, row->currency).s);
}

lg_err question_build(lg_db *db, lg_arena *arena, const lg_receivable *row, lg_buf *body, lg_hash *identity)
{
    char sha256[2 * LG_HASH_LEN + 1];
    lg_hex_write(sha256, row->document_sha256.b, LG_HASH_LEN);
    lg_buf_reset(body);
    lg_json_open(body);
    lg_err err = put_identifiers(body, db, arena, "seller", row->creditor);
    if (!err)
        err = put_identifiers(body, db, arena, "buyer", row->debtor);
    put_invoice(body, row);
    /* So far it is the invoice; what follows is this submission of it. */
    *identity = lg_sha256(lg_buf_bytes(body));
    lg_json_put_str(body, "document_sha256", sha256);
    lg_json_put_str(body, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_close(body);
    return err;
}

void question_sign(lg_buf *out, const uint8_t *secret, const char *id, const char *timestamp, lg_bytes body)
{
    char text[(LG_HASH_LEN + 2) / 3 * 4 + 1];
    const lg_bytes parts[] = {lg_bytes_str(id), lg_bytes_str("."), lg_bytes_str(timestamp), lg_bytes_str("."),
                              body};
    lg_hash mac = lg_hmac_sha256(lg_bytes_of(secret, VERIFIER_SECRET_LEN), parts, 5);
    lg_base64_write(text, mac.b, sizeof mac.b);
    lg_buf_str(out, "v1,");
    lg_buf_str(out, text);
}

/* ---- the answer ---- */

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;
    return content_type && strncasecmp(content_type, json, len) == 0 &&
           (content_type[len] == '\0' || content_type[len] == ';' || content_type[len] == ' ');
}

/* One of the signatures, which blanks separate, must be ours. */
static bool is_signed(const raw_answer *raw, const uint8_t *secret)
{
    lg_buf due = {0};
    bool found = false;
    question_sign(&due, secret, raw->id, raw->timestamp, raw->body);
    for (const char *at = raw->signature; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        found = found || (len == due.len && lg_equal_secret(at, due.data, len));
        at += len;
    }
    lg_buf_clear(&due);
    return found;
}

static void decode(const json_t *object, const char *id, verifier_answer *out, lg_report *report)
{
    lg_decoder d = lg_decode_object(object, "", report);
    const char *asked = lg_decode_str(&d, "id", true, 64), *answer = lg_decode_str(&d, "answer", true, 16);
    if (asked && strcmp(asked, id) != 0)
        lg_fault_add(report, "contradiction", "/id", "id is that of another question.");
    if (answer && (!lg_verifier_answer_parse(answer, &out->answer) || out->answer == LG_ANSWER_NONE))
        lg_fault_add(report, "unknown_value", "/answer",
                     "answer must be genuine, not_genuine, differs or unknown.");
    out->reference = lg_decode_str(&d, "reference", false, LG_REFERENCE_MAX);
    out->note = lg_decode_str(&d, "note", false, LG_NOTE_TEXT_MAX);
    const char *at = lg_decode_str(&d, "answered_at", false, 40);
    if (at && (!lg_time_parse(at, &out->answered_at) || out->answered_at <= 0))
        lg_fault_add(report, "malformed_time", "/answered_at",
                     "answered_at must be an RFC 3339 time in UTC such as 2026-11-22T01:02:03Z.");
    lg_decode_finish(&d);
}

const char *answer_read(lg_arena *arena, const raw_answer *raw, const uint8_t *secret, const char *id,
                        const char *timestamp, verifier_answer *out)
{
    lg_report report;
    json_t *object = NULL;
    lg_report_init(&report, arena);
    *out = (verifier_answer){0};
    if (raw->status != 200)
        return lg_arena_printf(arena, "HTTP status %ld", raw->status);
    if (!is_json(raw->content_type))
        return "the answer's Content-Type is not application/json";
    if (!raw->id || !raw->timestamp || !raw->signature)
        return "the answer is not signed";
    if (strcmp(raw->id, id) != 0 || strcmp(raw->timestamp, timestamp) != 0)
        return "the answer is to another question";
    if (!is_signed(raw, secret))
        return "the answer's signature does not verify";
    if (lg_json_load(raw->body, &object, &report) != LG_OK)
        return "the answer is not JSON";
    decode(object, id, out, &report);
    json_decref(object);
    return report.fault_count ? lg_arena_printf(arena, "the answer breaks a rule: %s", report.first->detail)
                              : NULL;
}
