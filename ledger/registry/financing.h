/* Programs, financing requests, offers and financings: what commands say about them, and what their acts and
 * projections share with each other and with payments. */
#ifndef LG_REGISTRY_FINANCING_H
#define LG_REGISTRY_FINANCING_H

#include "ledger/registry/claim.h"
#include "ledger/store/financing_rows.h"

enum {
    LG_REQUEST_CLAIMS_MAX = 50,
    LG_REQUEST_LENDERS_MAX = 50,
    LG_PROGRAM_DEBTORS_MAX = 256,
    LG_PROGRAMS_OF_LENDER = 100, /* open at one time: each is judged on every request for its debtors */
    LG_OFFERS_AT_ONCE = 16,      /* that programs make on one request */
    LG_OFFERS_OF_LENDER = 16,    /* that one lender makes by hand on one request */
    LG_TENOR_DAYS_MAX = 3650,
    LG_OFFER_MINUTES_MAX = 525600, /* a year */
    LG_OFFER_MINUTES_DEFAULT = 1440,
    LG_BANK_REFERENCE_MAX = 128,
};
#define LG_TIME_PER_MINUTE (60 * LG_TIME_PER_SECOND)

typedef struct lg_financing_payload {
    lg_terms terms;
    lg_fee fee;
    const char *fee_text; /* of an offer: judged against the request's currency; NULL: none */
    /* of a program; name, currency and valid_until are the command's own */
    lg_participant_id *debtors;
    size_t debtor_count;
    int64_t tenor_min_days, tenor_max_days;
    int64_t amount_min_minor, amount_max_minor;
    int64_t total_limit_minor, debtor_limit_minor; /* debtor_limit_minor 0: none */
    int64_t offer_valid_minutes;
    /* of a request */
    lg_claim_id *claims;
    size_t claim_count;
    lg_participant_id *lenders;
    size_t lender_count; /* 0: any lender */
    int kind, recourse;  /* as lg_request has them */
    const char *pay_to;
    unsigned fields;
    lg_request_id request; /* an offer's */
    const char *bank_reference, *registration_number;
} lg_financing_payload;

/* ---- acts, one file of each aggregate ---- */

lg_err lg_do_program_act(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_request_act(lg_act *act) LG_MUST_CHECK;
lg_err lg_do_offer_act(lg_act *act) LG_MUST_CHECK;

/* LG_INVALID_FIELDS unless the command's valid_until lies in the future. */
lg_err lg_require_future(lg_act *act) LG_MUST_CHECK;
/* The claims of a request as they stand, in its order; at most LG_REQUEST_CLAIMS_MAX. */
lg_err lg_request_load_claims(lg_db *db, lg_arena *arena, lg_request_no no, lg_claim **claims,
                              size_t *count) LG_MUST_CHECK;
/* What lg_price_terms needs to know of claims. In the arena. */
lg_priced *lg_priced_claims(lg_arena *arena, const lg_claim *claims, size_t count);
/* The event of an offer. `program` and `lender` as on the ledger; program nil: made by hand. */
lg_event lg_offer_event(const lg_request *request, lg_uuid lender, lg_uuid program, const lg_terms *terms,
                        const lg_price *price, lg_time valid_until);
/* program.c: records the offers that programs make on a request at once, cheapest first. */
lg_err lg_programs_offer(lg_act *act, const lg_request *request) LG_MUST_CHECK;
/* program.c: do its limits leave room for these advances? */
lg_err lg_program_has_room(lg_db *db, const lg_program *program, const lg_claim *claims,
                           const lg_priced *priced, size_t count, bool *out) LG_MUST_CHECK;
/* financing.c: the claims of a financing as parts of its disbursement, release or repurchase, before that is
 * projected: each with whom its debtor is to pay then, and what is outstanding. */
lg_err lg_financing_parts(lg_db *db, lg_arena *arena, const lg_financing *row, lg_event_type type,
                          lg_event_part **parts, size_t *count) LG_MUST_CHECK;
/* A JSON array of ids. */
char *lg_ids_json(lg_arena *arena, const lg_participant_id *ids, size_t count);

/* ---- projections ---- */

lg_err lg_apply_program_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_request_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
lg_err lg_apply_offer_event(const lg_apply *apply, const lg_event *event, lg_result *result) LG_MUST_CHECK;
/* The request is over: its views end and its open offers lapse, and the lenders that were asked by name or
 * made an offer hear of it. What becomes of its claims is the caller's. */
lg_err lg_apply_request_end(const lg_apply *apply, const lg_request *request,
                            lg_request_status status) LG_MUST_CHECK;
/* The numbers of the participants in a JSON array of ids; LG_CORRUPT if it is none. NULL reads as empty. */
lg_err lg_apply_ids(const lg_apply *apply, const char *ids, lg_participant_no **numbers,
                    size_t *count) LG_MUST_CHECK;

/* The terms of a program or an offer, as its event names them. */
lg_err lg_apply_terms(const lg_event *event, lg_terms *out) LG_MUST_CHECK;

/* A claim became settled by this entry (it is written already): if all claims of its financing are, the
 * financing is repaid and what it drew is given back. */
lg_err lg_apply_financing_settled(const lg_apply *apply, const lg_claim *claim) LG_MUST_CHECK;
/* Something is outstanding on a settled claim again: a financing that was repaid is disbursed once more, and
 * draws what it drew. */
lg_err lg_apply_financing_reopened(const lg_apply *apply, const lg_claim *claim) LG_MUST_CHECK;

#endif
