/* What waits for a second token, as JSON. */
#include "ledger/store/approval_rows.h"
#include "server/api/serve.h"

/* Member `key`: which token, under the name that its owner gave it; null for number 0. */
static lg_err put_token(lg_buf *buf, lg_db *db, lg_arena *arena, const char *key, int64_t token_no)
{
    lg_token token;
    lg_json_key(buf, key);
    if (!token_no) {
        lg_json_null(buf);
        return LG_OK;
    }
    lg_err err = json_related(lg_token_get(db, token_no, arena, &token));
    if (err)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "token", lg_uuid_format(token.id.uuid).s);
    lg_json_put_str(buf, "label", token.label);
    lg_json_close(buf);
    return LG_OK;
}

static lg_err put_receivable(lg_buf *buf, lg_db *db, lg_arena *arena, lg_receivable_no no)
{
    lg_receivable row = {.id = {{{0}}}};
    lg_err err = no.v ? json_related(lg_receivable_get(db, no, arena, &row)) : LG_OK;
    json_put_id(buf, "receivable", row.id.uuid);
    return err;
}

lg_err json_approval(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_approval *row, lg_time now)
{
    lg_approval_status status = row->status;
    lg_err err = now ? json_related(lg_approval_status_at(db, arena, row, now, &status)) : LG_OK;
    if (err)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "kind", lg_approval_kind_name(row->kind));
    err = put_receivable(buf, db, arena, row->receivable);
    lg_json_put_str(buf, "currency", row->currency.code);
    lg_json_put_str(buf, "amount",
                    row->amount_minor < 0 ? NULL : lg_amount_format(row->amount_minor, row->currency).s);
    lg_json_put_str(buf, "note", row->note);
    lg_json_put_str(buf, "status", lg_approval_status_name(status));
    if (!err)
        err = put_token(buf, db, arena, "first", row->token_no);
    if (!err)
        err = put_token(buf, db, arena, "second", row->second_no);
    json_put_time(buf, "asked_at", row->asked_at);
    json_put_time(buf, "expires_at", row->expires_at);
    json_put_time(buf, "closed_at", row->closed_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}
