/* Do the events of payments and proposals say what was signed? */
#include "ledger/registry/payment.h"

#include "ledger/base/text.h"

#include <string.h>

static bool same_parts(const lg_event_part *a, const lg_event_part *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!lg_uuid_equal(a[i].claim_id, b[i].claim_id) ||
            !lg_uuid_equal(a[i].participant_id, b[i].participant_id) ||
            a[i].amount_minor != b[i].amount_minor)
            return false;
    return true;
}

/* The division is no choice of the registry's: it is made again here. */
static const char *match_division(lg_db *db, lg_arena *arena, const lg_event *e, const lg_claim *claim)
{
    lg_owed owed;
    lg_event_part *parts;
    size_t count;
    if (lg_payment_owed(db, arena, claim->root, &owed) != LG_OK ||
        lg_payment_parts(db, arena, &owed, e->amount_minor, &parts, &count) != LG_OK)
        return "what was owed cannot be found out";
    int64_t excess = e->amount_minor > owed.total_minor ? e->amount_minor - owed.total_minor : 0;
    if (e->excess_minor != excess)
        return "excess_minor is not what was paid above what was owed";
    return e->part_count == count && same_parts(e->parts, parts, count)
               ? NULL
               : "the payment was not divided pro rata among the live claims of the root";
}

static const char *match_recorded(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_claim claim, root;
    int64_t amount;
    if (lg_claim_by_id(db, c->payment->claim, arena, &claim) != LG_OK ||
        lg_claim_get(db, claim.root, arena, &root) != LG_OK || !lg_uuid_equal(root.id.uuid, e->claim_id))
        return "the payment is on another claim than was signed";
    if (c->signers[0].no.v != claim.debtor.v && !lg_signer_has(&c->signers[0], LG_ROLE_BANK))
        return "who signed is neither the claim's debtor nor a bank";
    if (!lg_currency_equal(claim.currency, e->currency) ||
        lg_amount_parse(c->amount_text, claim.currency, &amount) != LG_AMOUNT_OK || amount != e->amount_minor)
        return "amount_minor is not the amount that was signed";
    if (!lg_text_equal(c->payment->bank_reference, e->bank_reference))
        return "bank_reference is not what was signed";
    if (c->payment->has_paid_day && c->payment->paid_day != e->paid_day)
        return "paid_on is not what was signed";
    return match_division(db, arena, e, &claim);
}

static const char *match_reversed(const lg_command *c, const lg_event *e)
{
    if (!lg_uuid_equal(c->subject, e->payment_id))
        return "another payment was reversed than was signed";
    return lg_text_equal(c->reason, e->reason) ? NULL : "the reason is not what was signed";
}

static const char *match_made(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_claim claim;
    int64_t amount = 0;
    if (!lg_uuid_equal(c->payment->claim.uuid, e->claim_id) ||
        lg_claim_by_id(db, c->payment->claim, arena, &claim) != LG_OK)
        return "the proposal is about another claim than was signed";
    if (strcmp(lg_proposal_kind_name(c->payment->kind), e->kind) != 0)
        return "the proposal is of another kind than was signed";
    if (c->amount_text && lg_amount_parse(c->amount_text, claim.currency, &amount) != LG_AMOUNT_OK)
        return "the signed amount cannot be read";
    if (amount != e->amount_minor)
        return "amount_minor is not the amount that was signed";
    return lg_text_equal(c->payment->reference, e->reference) && lg_text_equal(c->note, e->note)
               ? NULL
               : "reference or note is not what was signed";
}

/* A claim is lowered or cancelled only as it was proposed, and only with every signature; those of the
 * accepting command itself are projected by now. */
static const char *match_effect(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_proposal proposal;
    lg_proposal_signers signers;
    lg_claim claim;
    if (lg_proposal_by_id(db, (lg_proposal_id){e->proposal_id}, arena, &proposal) != LG_OK ||
        lg_proposal_signers_get(db, proposal.no, &signers) != LG_OK ||
        lg_claim_get(db, proposal.claim, arena, &claim) != LG_OK)
        return "the proposal does not exist";
    if (c->type == LG_CMD_PROPOSAL_ACCEPT ? !lg_uuid_equal(c->subject, e->proposal_id)
                                          : !lg_uuid_equal(c->payment->claim.uuid, e->claim_id))
        return "another proposal took effect than was signed";
    if (proposal.status != LG_PROPOSAL_OPEN || !lg_uuid_equal(claim.id.uuid, e->claim_id) ||
        (proposal.kind == LG_PROPOSAL_VOID) != (e->type == LG_EV_CLAIM_VOIDED) ||
        (e->type == LG_EV_CLAIM_DILUTED && proposal.amount_minor != e->amount_minor))
        return "what took effect is not what was proposed";
    for (size_t i = 0; i < signers.count; i++)
        if (!signers.rows[i].signed_at)
            return "the proposal took effect before all had signed";
    return NULL;
}

static const char *match_answered(const lg_command *c, const lg_event *e)
{
    return lg_uuid_equal(c->subject, e->proposal_id) ? NULL : "another proposal was answered than was signed";
}

const char *lg_match_payment_event(lg_db *db, lg_arena *arena, const lg_command *command,
                                   const lg_event *event)
{
    switch ((int)event->type) {
    case LG_EV_PAYMENT_RECORDED:
        return match_recorded(db, arena, command, event);
    case LG_EV_PAYMENT_REVERSED:
        return match_reversed(command, event);
    case LG_EV_PROPOSAL_MADE:
        return match_made(db, arena, command, event);
    case LG_EV_PROPOSAL_ACCEPTED:
    case LG_EV_PROPOSAL_DECLINED:
        return match_answered(command, event);
    case LG_EV_CLAIM_DILUTED:
    case LG_EV_CLAIM_VOIDED:
        return match_effect(db, arena, command, event);
    }
    return "the event is not one of payments";
}
