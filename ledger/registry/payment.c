/* Reporting payments, and taking back what was reported wrongly. */
#include "ledger/registry/payment.h"

#include "ledger/registry/distribute.h"
#include "ledger/registry/financing.h"

/* The lender of a pledged claim, else its holder. */
static lg_participant_no payee_of(const lg_claim *claim)
{
    return claim->encumbrance == LG_PLEDGED ? claim->lender : claim->holder;
}

/* ---- dividing ---- */

lg_err lg_payment_owed(lg_db *db, lg_arena *arena, lg_claim_no root, lg_owed *out)
{
    lg_claim *family;
    size_t count;
    *out = (lg_owed){0};
    lg_err err = lg_claim_family(db, root, arena, &family, &count);
    if (err)
        return err;
    out->claims = lg_arena_array(arena, count, sizeof *out->claims);
    for (size_t i = 0; i < count; i++) {
        if (!lg_claim_is_live(&family[i]) || family[i].outstanding_minor == 0)
            continue;
        out->claims[out->count++] = family[i];
        if (!lg_amount_add(out->total_minor, family[i].outstanding_minor, &out->total_minor))
            return LG_CORRUPT; /* more than the root's face */
    }
    return LG_OK;
}

lg_err lg_payment_parts(lg_db *db, lg_arena *arena, const lg_owed *owed, int64_t amount_minor,
                        lg_event_part **parts, size_t *count)
{
    int64_t *amounts = lg_arena_array(arena, owed->count, sizeof *amounts),
            *shares = lg_arena_array(arena, owed->count, sizeof *shares);
    int64_t distributed = amount_minor < owed->total_minor ? amount_minor : owed->total_minor;
    lg_err err = LG_OK;
    for (size_t i = 0; i < owed->count; i++)
        amounts[i] = owed->claims[i].outstanding_minor;
    lg_distribute(arena, distributed, amounts, owed->count, shares);
    *parts = lg_arena_array(arena, owed->count, sizeof **parts);
    *count = 0;
    for (size_t i = 0; i < owed->count && !err; i++) {
        if (shares[i] == 0)
            continue;
        lg_participant_id payee;
        err = lg_participant_id_of(db, payee_of(&owed->claims[i]), &payee);
        (*parts)[(*count)++] = (lg_event_part){
            .claim_id = owed->claims[i].id.uuid,
            .participant_id = payee.uuid,
            .amount_minor = shares[i],
        };
    }
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    return *count <= LG_PARTS_MAX ? LG_OK : LG_INTERNAL;
}

/* ---- recording ---- */

/* The claim that is paid. A bank is no party to it, and knows its id from the payment order. */
static lg_err find_paid(lg_act *act, lg_claim *out)
{
    const lg_signer *signer = &act->command->signers[0];
    lg_claim_id id = act->command->payment->claim;
    if (!lg_signer_has(signer, LG_ROLE_BANK)) {
        lg_err err = lg_act_claim(act, id, out);
        if (!err && out->debtor.v != signer->no.v)
            err = lg_fail(act->report, LG_NOT_PERMITTED,
                          "Only the claim's debtor or a bank reports its payment.");
        return err;
    }
    lg_err err = lg_claim_by_id(act->db, id, act->arena, out);
    return err == LG_NOT_FOUND ? lg_fail(act->report, LG_NOT_FOUND, "No claim has this id.") : err;
}

static lg_err check_day(lg_act *act, const lg_claim *claim, lg_day day)
{
    const char *rule = NULL;
    if (day > lg_day_of(act->now))
        rule = LG_TEXT("paid_on must not be in the future.");
    else if (day < lg_day_of(claim->accepted_at))
        rule =
            lg_arena_printf(act->arena, LG_TEXT("paid_on must not be before the claim was accepted, on %s."),
                            lg_day_format(lg_day_of(claim->accepted_at)).s);
    if (!rule)
        return LG_OK;
    lg_fault_add(act->report, "out_of_range", "/paid_on", "%s", rule);
    return lg_fail(act->report, LG_INVALID_FIELDS, "%s", rule);
}

static lg_err check_rules(lg_act *act, const lg_claim *claim, const lg_event *event, int64_t owed_minor)
{
    lg_policy policy;
    bool again;
    lg_err err = lg_act_policy(act, &policy);
    if (err)
        return err;
    const char *owed = lg_arena_printf(act->arena, "%s %s", lg_amount_format(owed_minor, claim->currency).s,
                                       claim->currency.code);
    if (event->paid_day < claim->due_day && policy.early_payment == LG_PAYMENT_REFUSE)
        return lg_fail(act->report, LG_PAYMENT_REFUSED,
                       "The policy (version %lld) takes no payment before the due date: %s is due on %s.",
                       (long long)policy.version, owed, lg_day_format(claim->due_day).s);
    if (event->amount_minor > owed_minor && policy.overpayment == LG_PAYMENT_REFUSE)
        return lg_fail(act->report, LG_PAYMENT_REFUSED,
                       "The policy (version %lld) takes no payment of more than is owed, which is %s.",
                       (long long)policy.version, owed);
    err = lg_payment_reference_stands(act->db, act->command->signers[0].no, event->bank_reference, &again);
    if (!err && again)
        err = lg_fail(act->report, LG_ALREADY_EXISTS,
                      "You reported a payment with the bank reference %s already.", event->bank_reference);
    return err;
}

static lg_err find_root(lg_act *act, const lg_claim *claim, lg_claim *root)
{
    lg_err err = lg_claim_get(act->db, claim->root, act->arena, root);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err record_payment(lg_act *act)
{
    const lg_payment_payload *payload = act->command->payment;
    lg_claim claim, root;
    lg_owed owed;
    lg_event_part *parts;
    lg_event event = {
        .type = LG_EV_PAYMENT_RECORDED,
        .payment_id = lg_uuid_new(),
        .bank_reference = payload->bank_reference,
        .paid_day = payload->has_paid_day ? payload->paid_day : lg_day_of(act->now),
    };
    lg_err err = find_paid(act, &claim);
    if (!err)
        err = find_root(act, &claim, &root);
    if (!err)
        err = lg_payment_owed(act->db, act->arena, claim.root, &owed);
    if (!err && owed.count == 0)
        err = lg_fail(act->report, LG_WRONG_STATE,
                      "Nothing is outstanding: the claim is %s, and so is all of its root.",
                      lg_claim_life_name(claim.life));
    if (!err)
        err =
            lg_require_amount(act, act->command->amount_text, claim.currency, "/amount", &event.amount_minor);
    if (!err)
        err = check_day(act, &claim, event.paid_day);
    if (!err)
        err = check_rules(act, &claim, &event, owed.total_minor);
    if (!err)
        err = lg_payment_parts(act->db, act->arena, &owed, event.amount_minor, &parts, &event.part_count);
    if (err)
        return err;
    event.claim_id = root.id.uuid;
    event.currency = claim.currency;
    event.excess_minor = event.amount_minor > owed.total_minor ? event.amount_minor - owed.total_minor : 0;
    event.parts = parts;
    return lg_act_record(act, &event);
}

/* ---- reversing ---- */

/* A debtor's own word that it paid is worth no more than that of those it says it paid; a bank's stands
 * against both. */
static bool may_reverse(const lg_payment *payment, const lg_payment_share *shares, size_t count,
                        lg_participant_no signer)
{
    if (payment->recorded_by.v == signer.v)
        return true;
    for (size_t i = 0; i < count; i++)
        if (payment->recorded_by.v == payment->debtor.v && shares[i].payee.v == signer.v)
            return true;
    return false;
}

static lg_err find_payment(lg_act *act, lg_payment *out, lg_payment_share **shares, size_t *count)
{
    const lg_signer *signer = &act->command->signers[0];
    bool visible = false;
    lg_err err = lg_payment_by_id(act->db, (lg_payment_id){act->command->subject}, act->arena, out);
    if (!err)
        err = lg_payment_visible(act->db, out, signer->no, &visible);
    if (err == LG_NOT_FOUND || (!err && !visible))
        return lg_fail(act->report, LG_NOT_FOUND, "No payment that you may see has this id.");
    if (!err)
        err = lg_payment_shares(act->db, out->no, act->arena, shares, count);
    if (!err && !may_reverse(out, *shares, *count, signer->no))
        err = lg_fail(act->report, LG_NOT_PERMITTED,
                      "Only who recorded a payment may reverse it, or a payee whom the debtor says it paid.");
    return err;
}

/* What became of the claim after the payment that now stands against giving its amount back; NULL: nothing.
 * `then` is the claim as the payment left it. */
static const char *change_since(const lg_claim *claim, const lg_claim *then)
{
    switch (claim->life) {
    case LG_CLAIM_SPLIT:
        return LG_TEXT("it was split since");
    case LG_CLAIM_VOID:
        return LG_TEXT("it was voided since");
    case LG_CLAIM_WRITTEN_OFF:
        return LG_TEXT("it was written off since");
    case LG_CLAIM_CONFIRMED:
    case LG_CLAIM_DUE:
    case LG_CLAIM_PART_PAID:
    case LG_CLAIM_OVERDUE:
    case LG_CLAIM_DEFAULTED:
    case LG_CLAIM_SETTLED:
    case LG_CLAIM_LIFE_COUNT:
        break;
    }
    if (claim->financing.v != then->financing.v || claim->lent_seq != then->lent_seq)
        return LG_TEXT("it was financed or released since");
    if (claim->held_seq != then->held_seq || claim->holder.v != then->holder.v ||
        payee_of(claim).v != payee_of(then).v)
        return LG_TEXT("it was passed on since");
    return NULL;
}

/* Every claim it paid on must still be as it left them. */
static lg_err check_share(lg_act *act, const lg_payment *payment, const lg_payment_share *share)
{
    lg_claim claim, then;
    lg_err err = lg_claim_get(act->db, share->claim, act->arena, &claim);
    if (!err)
        err = lg_claim_version(act->db, share->claim, lg_row_seq(payment->no.v), act->arena, &then);
    if (err)
        return err == LG_NOT_FOUND ? LG_CORRUPT : err;
    const char *change = change_since(&claim, &then);
    if (!change)
        return LG_OK;
    return lg_fail(act->report, LG_WRONG_STATE, "The payment cannot be taken back from the claim %s: %s.",
                   lg_uuid_format(claim.id.uuid).s, change);
}

/* What is owed again must still be a sum that can be kept. */
static lg_err require_room_to_owe(lg_act *act, const lg_payment *payment)
{
    lg_credit_line line;
    lg_err err = lg_credit_line_get(act->db, payment->debtor, payment->currency, &line);
    if (!err && line.used_minor > LG_EXPOSURE_MAX - (payment->amount_minor - payment->excess_minor))
        err = lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE,
                      "The debtor would owe more %s than any sum here can be.", payment->currency.code);
    return err;
}

static lg_err reverse_payment(lg_act *act)
{
    lg_payment payment;
    lg_payment_share *shares;
    size_t count = 0;
    lg_err err = find_payment(act, &payment, &shares, &count);
    if (err)
        return err;
    if (payment.reversed_at)
        return lg_fail(act->report, LG_WRONG_STATE, "The payment was reversed at %s.",
                       lg_time_format(payment.reversed_at).s);
    for (size_t i = 0; i < count && !err; i++)
        err = check_share(act, &payment, &shares[i]);
    if (!err)
        err = require_room_to_owe(act, &payment);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_PAYMENT_REVERSED,
        .payment_id = payment.id.uuid,
        .reason = act->command->reason,
    };
    return lg_act_record(act, &event);
}

lg_err lg_do_payment_act(lg_act *act)
{
    switch ((int)act->command->type) {
    case LG_CMD_PAYMENT_RECORD:
        return record_payment(act);
    case LG_CMD_PAYMENT_REVERSE:
        return reverse_payment(act);
    case LG_CMD_PROPOSAL_MAKE:
        return lg_do_proposal_make(act);
    case LG_CMD_PROPOSAL_ACCEPT:
        return lg_do_proposal_accept(act);
    case LG_CMD_PROPOSAL_DECLINE:
        return lg_do_proposal_decline(act);
    }
    return LG_INTERNAL;
}
