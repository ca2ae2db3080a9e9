/* Dividing a claim, and offering it or parts of it to others. */
#include "ledger/registry/claim.h"

static lg_err require_divisible(lg_act *act, const lg_claim *claim)
{
    lg_err err = lg_require_holder(act, claim);
    if (!err)
        err = lg_require_live(act, claim);
    if (!err)
        err = lg_require_unlocked(act, claim);
    return err ? err : lg_require_free(act, claim);
}

/* The amounts of the wishes as parts with fresh ids, and their sum. */
static lg_err read_parts(lg_act *act, const lg_claim *claim, lg_event_part *parts, int64_t *sum)
{
    const lg_claim_payload *payload = act->command->claim;
    *sum = 0;
    for (size_t i = 0; i < payload->wish_count; i++) {
        const lg_wish *wish = &payload->wishes[i];
        if (!wish->amount_text) {
            lg_fault_add(act->report, "required", wish->pointer, "%s is required when there are several.",
                         wish->pointer + 1);
            return lg_fail(act->report, LG_INVALID_FIELDS, "%s is required.", wish->pointer + 1);
        }
        lg_err err =
            lg_require_amount(act, wish->amount_text, claim->currency, wish->pointer, &parts[i].amount_minor);
        if (err)
            return err;
        if (!lg_amount_add(*sum, parts[i].amount_minor, sum))
            return lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE, "The amounts together are too large.");
        parts[i].claim_id = lg_uuid_new();
        parts[i].participant_id = wish->participant.uuid;
    }
    return LG_OK;
}

/* How many claims the policy lets one split, and one root, have. *live_after: live claims of the root after
 * it. */
static lg_err check_caps(lg_act *act, const lg_claim *claim, const lg_policy *policy, size_t parts,
                         int64_t *live_after)
{
    int64_t live;
    if ((int64_t)parts > policy->split_parts_max)
        return lg_fail(act->report, LG_SPLIT_LIMIT,
                       "%zu parts are more than the %lld the policy allows at once.", parts,
                       (long long)policy->split_parts_max);
    lg_err err = lg_claim_count_live(act->db, claim->root, &live);
    if (err)
        return err;
    *live_after = live + (int64_t)parts - 1;
    if (*live_after > policy->split_claims_max)
        return lg_fail(act->report, LG_SPLIT_LIMIT,
                       "The first claim would be divided into %lld; the policy allows %lld.",
                       (long long)*live_after, (long long)policy->split_claims_max);
    return LG_OK;
}

/* The operator is told of claims that are divided unusually often. */
static lg_err watch(lg_act *act, const lg_claim *claim, const lg_policy *policy, int64_t live_after)
{
    lg_claim root;
    if (live_after <= policy->split_watch_claims)
        return LG_OK;
    lg_err err = lg_claim_get(act->db, claim->root, act->arena, &root);
    lg_event event = {.type = LG_EV_WATCH_RAISED, .claim_id = root.id.uuid, .count = live_after};
    return err ? err : lg_act_record(act, &event);
}

lg_err lg_do_split(lg_act *act, const lg_claim *claim)
{
    lg_event_part parts[LG_PARTS_MAX] = {{.amount_minor = 0}};
    const size_t count = act->command->claim->wish_count;
    lg_policy policy;
    int64_t sum, live_after = 0;
    lg_err err = require_divisible(act, claim);
    if (!err)
        err = lg_act_policy(act, &policy);
    if (!err)
        err = read_parts(act, claim, parts, &sum);
    if (!err && sum != claim->outstanding_minor)
        err = lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE,
                      "The parts are %s together; what is outstanding is %s %s.",
                      lg_amount_format(sum, claim->currency).s,
                      lg_amount_format(claim->outstanding_minor, claim->currency).s, claim->currency.code);
    if (!err)
        err = check_caps(act, claim, &policy, count, &live_after);
    if (err)
        return err;
    lg_event event = {
        .type = LG_EV_CLAIM_SPLIT,
        .claim_id = claim->id.uuid,
        .parts = parts,
        .part_count = count,
        .note = act->command->note,
    };
    err = lg_act_record(act, &event);
    return err ? err : watch(act, claim, &policy, live_after);
}

/* ---- transfers ---- */

static lg_err check_recipient(lg_act *act, const lg_claim *claim, const lg_wish *wish)
{
    const unsigned takers = 1u << LG_ROLE_SUPPLIER | 1u << LG_ROLE_CORE_ENTERPRISE | 1u << LG_ROLE_LENDER |
                            1u << LG_ROLE_BANK | 1u << LG_ROLE_ISSUER;
    lg_participant row;
    lg_err err = lg_participant_by_id(act->db, wish->participant, act->arena, &row);
    const lg_uuid_text id = lg_uuid_format(wish->participant.uuid);
    if (err == LG_NOT_FOUND)
        return lg_fail(act->report, err, "No participant has the id %s.", id.s);
    if (err)
        return err;
    if (row.suspended)
        return lg_fail(act->report, LG_NOT_PERMITTED, "The recipient %s is suspended.", id.s);
    if (!(row.roles & takers))
        return lg_fail(act->report, LG_NOT_PERMITTED,
                       "A claim goes to a supplier, core_enterprise, lender, bank or issuer; %s is none.",
                       id.s);
    if (row.no.v == claim->holder.v)
        return lg_fail(act->report, LG_NOT_PERMITTED, "The holder has the claim already.");
    if (row.no.v == claim->debtor.v)
        return lg_fail(act->report, LG_NOT_PERMITTED, "A claim cannot go to its own debtor.");
    return LG_OK;
}

static lg_err check_recipients(lg_act *act, const lg_claim *claim)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < act->command->claim->wish_count && !err; i++)
        err = check_recipient(act, claim, &act->command->claim->wishes[i]);
    return err;
}

/* A single recipient of all there is. */
static lg_err is_whole(lg_act *act, const lg_claim *claim, bool *whole)
{
    const lg_claim_payload *payload = act->command->claim;
    int64_t amount = claim->outstanding_minor;
    lg_err err = LG_OK;
    if (payload->wish_count == 1 && payload->wishes[0].amount_text)
        err = lg_require_amount(act, payload->wishes[0].amount_text, claim->currency,
                                payload->wishes[0].pointer, &amount);
    *whole = payload->wish_count == 1 && amount == claim->outstanding_minor;
    return err;
}

/* A part for each recipient, and one for the rest. */
static lg_err divide(lg_act *act, const lg_claim *claim, lg_event *event, lg_event_part *parts)
{
    int64_t sum;
    event->part_count = act->command->claim->wish_count;
    event->parts = parts;
    lg_err err = read_parts(act, claim, parts, &sum);
    if (!err && sum > claim->outstanding_minor)
        err = lg_fail(act->report, LG_AMOUNT_OUT_OF_RANGE,
                      "The amounts are %s together; what is outstanding is %s %s.",
                      lg_amount_format(sum, claim->currency).s,
                      lg_amount_format(claim->outstanding_minor, claim->currency).s, claim->currency.code);
    if (err)
        return err;
    if (sum < claim->outstanding_minor && event->part_count < LG_PARTS_MAX)
        parts[event->part_count++] = (lg_event_part){
            .claim_id = lg_uuid_new(),
            .amount_minor = claim->outstanding_minor - sum,
        };
    else if (sum < claim->outstanding_minor)
        return lg_fail(act->report, LG_SPLIT_LIMIT,
                       "A transfer to %d recipients leaves no room for the rest.", LG_PARTS_MAX);
    return LG_OK;
}

lg_err lg_do_transfer(lg_act *act, const lg_claim *claim)
{
    lg_event_part parts[LG_PARTS_MAX] = {{.amount_minor = 0}};
    const lg_claim_payload *payload = act->command->claim;
    lg_policy policy;
    bool whole = false;
    int64_t live_after = 0;
    lg_err err = require_divisible(act, claim);
    if (!err)
        err = lg_act_policy(act, &policy);
    if (!err)
        err = check_recipients(act, claim);
    if (!err)
        err = is_whole(act, claim, &whole);
    if (err)
        return err;
    int64_t days = payload->respond_within_days ? payload->respond_within_days : policy.transfer_respond_days;
    lg_event event = {
        .type = LG_EV_CLAIM_TRANSFER_OFFERED,
        .claim_id = claim->id.uuid,
        .respond_by = act->now + days * LG_TIME_PER_DAY,
        .note = act->command->note,
    };
    if (whole)
        event.recipient_id = payload->wishes[0].participant.uuid;
    else
        err = divide(act, claim, &event, parts);
    if (!err && !whole)
        err = check_caps(act, claim, &policy, event.part_count, &live_after);
    if (!err && claim->hop >= policy.hop_max)
        err =
            lg_fail(act->report, LG_HOP_LIMIT, "The claim was passed on %lld times; the policy allows %lld.",
                    (long long)claim->hop, (long long)policy.hop_max);
    if (!err)
        err = lg_act_record(act, &event);
    return err || whole ? err : watch(act, claim, &policy, live_after);
}
