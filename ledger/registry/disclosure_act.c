/* Views of claims that holders grant, and the question whether an invoice is registered or financed. */
#include "ledger/registry/claim.h"

#include "ledger/base/buf.h"

char *lg_fields_json(lg_arena *arena, unsigned fields)
{
    lg_buf buf = {0};
    lg_json_list(&buf);
    for (int field = 0; field < LG_FIELD_COUNT; field++)
        if (fields >> field & 1u)
            lg_json_str(&buf, lg_claim_field_name((lg_claim_field)field));
    lg_json_end(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

static lg_err check_grantee(lg_act *act)
{
    lg_participant row;
    lg_err err = lg_participant_by_id(act->db, act->command->participant, act->arena, &row);
    if (err == LG_NOT_FOUND)
        return lg_fail(act->report, err, "No participant has the id in participant.");
    if (err)
        return err;
    if (row.no.v == act->command->signers[0].no.v)
        return lg_fail(act->report, LG_NOT_PERMITTED, "The holder sees the claim already.");
    if (!act->command->valid_until || act->command->valid_until > act->now)
        return LG_OK;
    lg_fault_add(act->report, "out_of_range", "/valid_until", "valid_until must be in the future.");
    return lg_fail(act->report, LG_INVALID_FIELDS, "%s", act->report->first->detail);
}

static lg_err grant(lg_act *act)
{
    lg_claim claim;
    lg_err err = lg_act_claim(act, act->command->claim->claim, &claim);
    if (!err)
        err = lg_require_holder(act, &claim);
    if (!err)
        err = lg_require_live(act, &claim);
    if (!err)
        err = check_grantee(act);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_GRANT_MADE,
        .grant_id = lg_uuid_new(),
        .claim_id = claim.id.uuid,
        .recipient_id = act->command->participant.uuid,
        .fields = lg_fields_json(act->arena, act->command->claim->fields),
        .valid_until_or_open = act->command->valid_until,
        .note = act->command->note,
    };
    return lg_act_record(act, &event);
}

static lg_err revoke(lg_act *act)
{
    lg_grant row;
    lg_err err = lg_grant_by_id(act->db, (lg_grant_id){act->command->subject}, act->arena, &row);
    int64_t signer = act->command->signers[0].no.v;
    if (err == LG_NOT_FOUND || (!err && signer != row.grantor.v && signer != row.grantee.v))
        return lg_fail(act->report, LG_NOT_FOUND, "No grant of yours has this id.");
    if (err)
        return err;
    if (signer != row.grantor.v)
        return lg_fail(act->report, LG_NOT_PERMITTED, "Only who granted it may revoke it.");
    if (row.revoked_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The grant was revoked at %s.",
                       lg_time_format(row.revoked_at).s);
    lg_event event = {.type = LG_EV_GRANT_REVOKED, .grant_id = row.id.uuid};
    return lg_act_record(act, &event);
}

/* ---- is this invoice registered or financed? ---- */

/* Each question is counted, because many of them together could try out what the asker does not know. */
static lg_err check_allowance(lg_act *act)
{
    lg_policy policy;
    int64_t asked;
    lg_err err = lg_act_policy(act, &policy);
    if (!err)
        err = lg_check_count(act->db, act->command->signers[0].no, lg_day_of(act->now), &asked);
    if (!err && asked >= policy.checks_per_day)
        err = lg_fail(act->report, LG_RATE_LIMITED, "The policy allows a lender %lld questions a day (UTC).",
                      (long long)policy.checks_per_day);
    return err;
}

static lg_err look_up(lg_act *act, lg_event *event)
{
    const lg_claim_payload *asked = act->command->claim;
    lg_party seller = {0}, buyer = {0};
    lg_err err = lg_party_resolve(act->db, act->arena, &asked->seller, NULL, 0, &seller);
    if (!err)
        err = lg_party_resolve(act->db, act->arena, &asked->buyer, NULL, 0, &buyer);
    if (err || !seller.found || !buyer.found)
        return err; /* what names nobody here is not registered here */
    event->creditor_id = seller.row.id.uuid;
    event->debtor_id = buyer.row.id.uuid;
    const lg_fingerprint fingerprint =
        lg_fingerprint_make(lg_registry_hash_key(act->registry), act->arena, seller.row.id, buyer.row.id,
                            asked->number, asked->issue_day, act->command->currency, event->gross_minor);
    return lg_claim_invoice_state(act->db, &fingerprint, &event->registered, &event->financed);
}

static lg_err check(lg_act *act)
{
    const lg_claim_payload *asked = act->command->claim;
    lg_event event = {
        .type = LG_EV_INVOICE_CHECKED,
        .invoice_number = asked->number,
        .issue_day = asked->issue_day,
        .currency = act->command->currency,
    };
    lg_err err = lg_require_role(act, LG_ROLE_LENDER);
    if (!err)
        err = check_allowance(act);
    if (!err)
        err = lg_require_amount(act, asked->gross_text, act->command->currency, "/gross_amount",
                                &event.gross_minor);
    if (!err)
        err = look_up(act, &event);
    return err ? err : lg_act_record(act, &event);
}

lg_err lg_do_disclosure_act(lg_act *act)
{
    switch ((int)act->command->type) {
    case LG_CMD_GRANT_MAKE:
        return grant(act);
    case LG_CMD_GRANT_REVOKE:
        return revoke(act);
    case LG_CMD_INVOICE_CHECK:
        return check(act);
    }
    return LG_INTERNAL;
}
