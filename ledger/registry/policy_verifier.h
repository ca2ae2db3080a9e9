/* Of which submissions the policy wants an external verifier asked, and what its silence means. */
#ifndef LG_REGISTRY_POLICY_VERIFIER_H
#define LG_REGISTRY_POLICY_VERIFIER_H

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/registry/money.h"

typedef enum {
    LG_VERIFIER_UNSAID, /* a policy from before there was a verifier, or one that leaves it out: off */
    LG_VERIFIER_OFF,
    LG_VERIFIER_ADVISORY, /* no answer, or one that says nothing, is a warning */
    LG_VERIFIER_REQUIRED, /* ... leaves it held for a reviewer */
} lg_verifier_mode;

enum { LG_VERIFIER_CURRENCIES_MAX = 16, LG_VERIFIER_COUNTRIES_MAX = 32 };

typedef struct lg_verifier_policy {
    lg_verifier_mode mode;
    int64_t within_seconds; /* for the answer; then the registry decides without */
    /* Invoices in these currencies, of at least so much gross; none listed: all. */
    struct {
        lg_currency currency;
        int64_t from_minor;
    } currencies[LG_VERIFIER_CURRENCIES_MAX];
    size_t currency_count;
    /* Of sellers of these countries, and of those whose country is not known; none listed: all. */
    char countries[LG_VERIFIER_COUNTRIES_MAX][3];
    size_t country_count;
} lg_verifier_policy;

/* Is the verifier to be asked about this invoice? seller_country may be NULL. */
bool lg_verifier_is_asked(const lg_verifier_policy *policy, lg_currency currency, int64_t gross_minor,
                          const char *seller_country);

/* Member "external_verifier" of a policy; nothing where it is left out. */
void lg_verifier_policy_put(lg_buf *buf, const lg_verifier_policy *policy);
/* Faults go to the decoder's report. */
void lg_verifier_policy_decode(lg_decoder *decoder, lg_verifier_policy *out);

#endif
