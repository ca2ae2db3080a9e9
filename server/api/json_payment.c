/* Payments and proposals as JSON. */
#include "server/api/serve.h"

static lg_err put_claim(lg_buf *buf, lg_db *db, lg_arena *arena, const char *key, lg_claim_no no)
{
    lg_claim claim;
    lg_err err = json_related(lg_claim_get(db, no, arena, &claim));
    if (!err)
        lg_json_put_str(buf, key, lg_uuid_format(claim.id.uuid).s);
    return err;
}

/* ---- payments ---- */

static lg_err put_share(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_payment_share *share,
                        lg_currency currency)
{
    lg_json_open(buf);
    lg_err err = put_claim(buf, db, arena, "claim", share->claim);
    if (!err)
        err = json_put_participant(buf, db, "holder", share->holder);
    if (!err)
        err = json_put_participant(buf, db, "payee", share->payee);
    json_put_amount(buf, "amount", share->amount_minor, currency);
    lg_json_close(buf);
    return err;
}

static lg_err put_shares(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_payment *row,
                         lg_participant_no viewer)
{
    lg_payment_share *shares;
    size_t count;
    bool all = lg_payment_sees_all(row, viewer);
    lg_err err = lg_payment_shares(db, row->no, arena, &shares, &count);
    if (err)
        return err;
    lg_json_key(buf, "shares");
    lg_json_list(buf);
    for (size_t i = 0; i < count && !err; i++)
        if (all || lg_payment_share_is_of(&shares[i], viewer))
            err = put_share(buf, db, arena, &shares[i], row->currency);
    lg_json_end(buf);
    return err;
}

lg_err json_payment(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_payment *row, lg_participant_no viewer)
{
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_err err = put_claim(buf, db, arena, "root", row->root);
    if (!err)
        err = json_put_participant(buf, db, "debtor", row->debtor);
    if (!err)
        err = json_put_participant(buf, db, "recorded_by", row->recorded_by);
    json_put_amount(buf, "amount", row->amount_minor, row->currency);
    json_put_amount(buf, "excess_amount", row->excess_minor, row->currency);
    lg_json_put_str(buf, "currency", row->currency.code);
    lg_json_put_str(buf, "bank_reference", row->bank_reference);
    lg_json_put_str(buf, "paid_on", lg_day_format(row->paid_day).s);
    json_put_time(buf, "recorded_at", row->recorded_at);
    lg_json_put_str(buf, "status", row->reversed_at ? "reversed" : "recorded");
    if (!err)
        err = put_shares(buf, db, arena, row, viewer);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}

/* ---- proposals ---- */

static lg_err put_signers(lg_buf *buf, lg_db *db, const lg_proposal *row)
{
    lg_proposal_signers signers;
    lg_err err = lg_proposal_signers_get(db, row->no, &signers);
    if (err)
        return err;
    lg_json_key(buf, "signers");
    lg_json_list(buf);
    for (size_t i = 0; i < signers.count && !err; i++) {
        lg_json_open(buf);
        err = json_put_participant(buf, db, "participant", signers.rows[i].participant);
        json_put_time(buf, "signed_at", signers.rows[i].signed_at);
        lg_json_close(buf);
    }
    lg_json_end(buf);
    return err;
}

lg_err json_proposal(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_proposal *row, lg_time now)
{
    lg_claim claim;
    bool expired = row->status == LG_PROPOSAL_OPEN && now > row->expires_at;
    lg_err err = json_related(lg_claim_get(db, row->claim, arena, &claim));
    if (err)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "id", lg_uuid_format(row->id.uuid).s);
    lg_json_put_str(buf, "kind", lg_proposal_kind_name(row->kind));
    lg_json_put_str(buf, "claim", lg_uuid_format(claim.id.uuid).s);
    if (row->kind == LG_PROPOSAL_CREDIT_NOTE)
        json_put_amount(buf, "amount", row->amount_minor, claim.currency);
    else
        lg_json_put_str(buf, "amount", NULL);
    lg_json_put_str(buf, "currency", claim.currency.code);
    lg_json_put_str(buf, "reference", row->reference);
    lg_json_put_str(buf, "note", row->note);
    err = json_put_participant(buf, db, "proposed_by", row->proposed_by);
    if (!err)
        err = put_signers(buf, db, row);
    lg_json_put_str(buf, "status", lg_proposal_status_name(expired ? LG_PROPOSAL_EXPIRED : row->status));
    json_put_time(buf, "expires_at", row->expires_at);
    lg_json_put_int(buf, "seq", row->last_seq);
    lg_json_close(buf);
    return err;
}
