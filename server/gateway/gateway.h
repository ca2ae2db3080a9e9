/* The way of a submission through the gateway: from the payload of a signed command to typed submissions with
 * the checks that need no transaction. The rest of the checks follow inside the writer's transaction
 * (checks.h). */
#ifndef GW_GATEWAY_H
#define GW_GATEWAY_H

#include "ledger/registry/registry.h"

/* Reads the payload by its cty (JSON without one, application/xml, text/csv) and fills command->submissions,
 * early_reviews, rows and submission_faults. A document that cannot be read, or breaks a form rule, is the
 * error; in a CSV only that row's. */
lg_err gateway_read(const lg_jws *jws, const lg_policy *policy, lg_command *command,
                    lg_report *report) LG_MUST_CHECK;
/* The same without asking who signed, and without the checks: only what the document says. */
lg_err gateway_parse(const lg_jws *jws, int default_tenor_days, lg_command *command,
                     lg_report *report) LG_MUST_CHECK;
/* Only a supplier or core enterprise submits; of two signers, both. */
bool gateway_may_submit(const lg_signer *signers, size_t count);

#endif
