/* Receipts: an entry, its place in the log, and the proof that a signed checkpoint includes it. Checked by
 * computing, never by asking; a receipt that does not hold is CLIENT_UNVERIFIED. */
#ifndef CLIENT_RECEIPT_H
#define CLIENT_RECEIPT_H

#include "ledger/log/entry.h"
#include "ledger/log/note.h"
#include "server/client/client.h"

/* What a receipt must agree with; a NULL or empty member is not compared. */
typedef struct receipt_terms {
    const lg_verifier *verifier; /* who must have signed the checkpoint */
    const char *origin;          /* whose checkpoint it must be */
    const lg_hash *req;          /* the command the entry must name */
} receipt_terms;

typedef struct checked_receipt {
    lg_entry entry;
    lg_hash leaf;
    lg_checkpoint checkpoint;
    bool signature_checked;
    lg_fact *facts; /* disclosures that belong to the entry */
    size_t fact_count;
} checked_receipt;

/* An entry's exact bytes and a tlog-proof of it. */
client_exit client_proof_check(client *c, lg_arena *arena, lg_bytes entry, lg_bytes proof,
                               const receipt_terms *terms, checked_receipt *out) CLIENT_MUST_CHECK;
/* Disclosures of out->entry, which is read already: fills out->facts. */
client_exit client_disclosures_check(client *c, lg_arena *arena, const json_t *list,
                                     checked_receipt *out) CLIENT_MUST_CHECK;
/* {"seq","leaf","entry","proof","disclosures"?} as the registry sends it. */
client_exit client_receipt_check(client *c, lg_arena *arena, const json_t *receipt,
                                 const receipt_terms *terms, checked_receipt *out) CLIENT_MUST_CHECK;

typedef struct checked_certificate {
    checked_receipt *entries; /* in the arena */
    size_t count;
    bool whole; /* its own proof is of one of the entries, and holds */
} checked_certificate;

/* A claim's certificate, whose "entries" are receipts: each of them, and the certificate's own proof against
 * the entry that it is of. What it says of the claim beside its entries is not computed from them. */
client_exit client_certificate_check(client *c, lg_arena *arena, const json_t *certificate,
                                     const receipt_terms *terms, checked_certificate *out) CLIENT_MUST_CHECK;

#endif
