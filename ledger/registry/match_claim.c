/* Do the events of claims, grants and questions say what was signed? */
#include "ledger/registry/claim.h"

#include "ledger/base/text.h"

#include <string.h>

/* The parts as wished; behind those of a transfer there may be one for the rest. */
static const char *match_parts(const lg_command *c, const lg_event *e, const lg_claim *claim,
                               bool rest_allowed)
{
    const lg_claim_payload *p = c->claim;
    int64_t sum = 0;
    if (e->part_count != p->wish_count && !(rest_allowed && e->part_count == p->wish_count + 1))
        return "the parts are not as many as were signed";
    for (size_t i = 0; i < e->part_count; i++) {
        const lg_event_part *part = &e->parts[i];
        int64_t amount = part->amount_minor;
        bool rest = i >= p->wish_count;
        const char *text = rest ? NULL : p->wishes[i].amount_text;
        if (text && lg_amount_parse(text, claim->currency, &amount) != LG_AMOUNT_OK)
            return "a signed amount cannot be read";
        if (amount != part->amount_minor)
            return "a part is not the amount that was signed";
        const lg_uuid nobody = {{0}}, whom = rest ? nobody : p->wishes[i].participant.uuid;
        if (!lg_uuid_equal(part->participant_id, whom))
            return "a part is for another participant than was signed";
        if (amount < 1 || !lg_amount_add(sum, amount, &sum))
            return "a part's amount is impossible";
    }
    return sum == claim->outstanding_minor ? NULL : "the parts do not sum to what was outstanding";
}

static const char *match_transfer(const lg_command *c, const lg_event *e, const lg_claim *claim)
{
    int64_t amount = claim->outstanding_minor;
    if (e->part_count > 0)
        return match_parts(c, e, claim, true);
    if (c->claim->wish_count != 1 || !lg_uuid_equal(e->recipient_id, c->claim->wishes[0].participant.uuid))
        return "the recipient is not the one that was signed";
    if (c->claim->wishes[0].amount_text &&
        lg_amount_parse(c->claim->wishes[0].amount_text, claim->currency, &amount) != LG_AMOUNT_OK)
        return "the signed amount cannot be read";
    return amount == claim->outstanding_minor ? NULL : "the whole was offered, a part was signed";
}

static const char *match_grant(lg_arena *arena, const lg_command *c, const lg_event *e)
{
    if (!lg_uuid_equal(e->claim_id, c->claim->claim.uuid) ||
        !lg_uuid_equal(e->recipient_id, c->participant.uuid))
        return "the grant is of another claim or to another participant than was signed";
    if (strcmp(e->fields, lg_fields_json(arena, c->claim->fields)) != 0)
        return "the granted fields are not those that were signed";
    if (e->valid_until_or_open != c->valid_until)
        return "valid_until is not what was signed";
    return lg_text_equal(e->note, c->note) ? NULL : "the note is not what was signed";
}

static const char *match_check(const lg_command *c, const lg_event *e)
{
    int64_t gross;
    if (lg_amount_parse(c->claim->gross_text, c->currency, &gross) != LG_AMOUNT_OK)
        return "the signed amount cannot be read";
    return strcmp(e->invoice_number, c->claim->number) == 0 && e->issue_day == c->claim->issue_day &&
                   lg_currency_equal(e->currency, c->currency) && e->gross_minor == gross
               ? NULL
               : "the invoice asked about is not the one that was signed";
}

const char *lg_match_claim_event(lg_db *db, lg_arena *arena, const lg_command *c, const lg_event *e)
{
    lg_claim claim;
    if (e->type == LG_EV_GRANT_MADE)
        return match_grant(arena, c, e);
    if (e->type == LG_EV_GRANT_REVOKED)
        return lg_uuid_equal(e->grant_id, c->subject) ? NULL : "another grant was revoked than was signed";
    if (e->type == LG_EV_INVOICE_CHECKED)
        return match_check(c, e);
    if (lg_claim_by_id(db, (lg_claim_id){c->subject}, arena, &claim) != LG_OK)
        return "the claim of the command's path does not exist";
    if (e->type == LG_EV_WATCH_RAISED)
        return NULL; /* the registry's own remark; its claim is the root */
    if (!lg_uuid_equal(e->claim_id, c->subject))
        return "the event is about another claim than the command's path names";
    if (!lg_text_equal(e->reason, c->reason) || !lg_text_equal(e->note, c->note) ||
        !lg_text_equal(e->order_reference, c->claim->order_reference))
        return "reason, note or order_reference is not what was signed";
    if (e->type == LG_EV_CLAIM_SPLIT)
        return match_parts(c, e, &claim, false);
    if (e->type == LG_EV_CLAIM_TRANSFER_OFFERED)
        return match_transfer(c, e, &claim);
    return NULL;
}
