/* Projections: each event is written into the tables by the file of its aggregate. */
#include "ledger/registry/internal.h"

static lg_aggregate aggregate_of(lg_event_type type)
{
    static const lg_aggregate aggregates[] = {
#define AGGREGATE(enumerator, name, aggregate) [enumerator] = aggregate,
        LG_EVENTS(AGGREGATE)
#undef AGGREGATE
    };
    return aggregates[type];
}

lg_err lg_event_apply(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    if (event->type == LG_EV_GENESIS)
        return LG_OK; /* the ledger begins with empty tables */
    switch (aggregate_of(event->type)) {
    case LG_OF_PARTICIPANT:
        return lg_apply_participant_event(apply, event, result);
    case LG_OF_RECEIVABLE:
        return lg_apply_receivable_event(apply, event, result);
    case LG_OF_CLAIM:
        return lg_apply_claim_event(apply, event, result);
    case LG_OF_DISCLOSURE:
        return lg_apply_disclosure_event(apply, event, result);
    case LG_OF_FINANCING:
        return lg_apply_financing_event(apply, event, result);
    case LG_OF_PAYMENT:
        return lg_apply_payment_event(apply, event, result);
    case LG_OF_WEBHOOK:
        return lg_apply_webhook_event(apply, event, result);
    }
    return LG_INTERNAL;
}
