/* Projections: each event is written into the tables by the file of its aggregate. */
#include "ledger/registry/internal.h"
#include "ledger/registry/movement.h"

static lg_aggregate aggregate_of(lg_event_type type)
{
    static const lg_aggregate aggregates[] = {
#define AGGREGATE(enumerator, name, aggregate) [enumerator] = aggregate,
        LG_EVENTS(AGGREGATE)
#undef AGGREGATE
    };
    return aggregates[type];
}

static lg_err project(const lg_apply *apply, const lg_event *event, lg_result *result)
{
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
    case LG_OF_CUSTODY:
        return lg_apply_custody_event(apply, event, result);
    }
    return LG_INTERNAL;
}

/* What an entry is about: the fact that names it, and the id; NULL and nil where there is none. */
static const char *subject_of(const lg_event *event, lg_uuid *id)
{
    static const struct {
        const char *fact;
        size_t at;
    } subjects[] = {
        /* the narrower before the wider: a payment names the claim that it is on as well */
        {"proposal_id", offsetof(lg_event, proposal_id)},
        {"payment_id", offsetof(lg_event, payment_id)},
        {"financing_id", offsetof(lg_event, financing_id)},
        {"offer_id", offsetof(lg_event, offer_id)},
        {"request_id", offsetof(lg_event, request_id)},
        {"program_id", offsetof(lg_event, program_id)},
        {"grant_id", offsetof(lg_event, grant_id)},
        {"claim_id", offsetof(lg_event, claim_id)},
        {"receivable_id", offsetof(lg_event, receivable_id)},
        {"webhook_id", offsetof(lg_event, webhook_id)},
        {"token_id", offsetof(lg_event, token_id)},
        {"participant_id", offsetof(lg_event, participant_id)},
    };
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        *id = *(const lg_uuid *)((const char *)event + subjects[i].at);
        if (!lg_uuid_is_nil(*id))
            return subjects[i].fact;
    }
    return NULL;
}

/* Who has a new receivable among its own without being party to the entry, as the buyer of an invoice that is
 * held. */
static lg_err list_for_others(const lg_apply *apply, const lg_entry_party *parties, size_t count)
{
    const lg_moves *moves = apply->moves;
    lg_err err = LG_OK;
    for (size_t i = 0; i < moves->listed_count && !err; i++) {
        size_t at = 0;
        while (at < count && parties[at].participant.v != moves->listed[i].participant.v)
            at++;
        if (at == count)
            err = lg_party_run_add(apply->db, moves->listed[i].participant, apply->seq,
                                   moves->listed[i].concerns, apply->arena);
    }
    return err;
}

/* The entry is written down for each of its parties: with its subject if the party may read that, and with
 * what it moved. Who is no party to an entry has nothing that it could move. */
static lg_err list_for_parties(const lg_apply *apply, const lg_event *event)
{
    lg_entry_party *parties;
    size_t count, told = 0;
    lg_uuid subject;
    const char *fact = subject_of(event, &subject);
    lg_err err = lg_entry_parties(apply->db, apply->seq, apply->arena, &parties, &count);
    for (size_t i = 0; i < count && !err; i++) {
        lg_party_entry row = {.seq = apply->seq, .type = (int)event->type};
        if (fact && lg_shares_show(&parties[i].shares, fact))
            row.subject = subject;
        lg_moves_of(apply->moves, parties[i].participant, apply->arena, &row);
        told += row.movement_count;
        err = lg_party_entry_insert(apply->db, parties[i].participant, &row, apply->arena);
    }
    if (!err)
        err = list_for_others(apply, parties, count);
    return err ? err : told == apply->moves->count ? LG_OK : LG_INTERNAL;
}

lg_err lg_event_apply(const lg_apply *apply, const lg_event *event, lg_result *result)
{
    if (event->type == LG_EV_GENESIS)
        return LG_OK; /* the ledger begins with empty tables */
    lg_moves moves = {.end = &moves.first};
    lg_apply here = *apply;
    here.moves = &moves;
    lg_entry_parties_begin(apply->db, apply->seq);
    lg_err err = project(&here, event, result);
    return err ? err : list_for_parties(&here, event);
}
