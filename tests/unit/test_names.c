/* Names of enumerations, as they stand in entries, tables and answers: each its own, each read back as what
 * it names, and nothing else read at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/registry/financing.h"
#include "ledger/registry/submission.h"
#include "ledger/store/approval_rows.h"
#include "ledger/store/claim_rows.h"
#include "ledger/store/delivery_rows.h"
#include "ledger/store/movement_rows.h"
#include "ledger/store/proposal_rows.h"
#include "ledger/store/verification_rows.h"

#include <string.h>

/* NAMES: what names a value of the type, or one beyond it. PARSES: what reads a name back. */
#define NAMES(type, function)                                                                                \
    static const char *name_of_##type(int value)                                                             \
    {                                                                                                        \
        return function((type)value);                                                                        \
    }
#define PARSES(type, function)                                                                               \
    static bool parse_##type(const char *text, int *out)                                                     \
    {                                                                                                        \
        type value;                                                                                          \
        if (!function(text, &value))                                                                         \
            return false;                                                                                    \
        *out = (int)value;                                                                                   \
        return true;                                                                                         \
    }
NAMES(lg_scheme, lg_scheme_name)
NAMES(lg_financing_kind, lg_financing_kind_name)
NAMES(lg_invoice_format, lg_invoice_format_name)
NAMES(lg_document_kind, lg_document_kind_name)
NAMES(lg_approval_kind, lg_approval_kind_name)
NAMES(lg_approval_status, lg_approval_status_name)
NAMES(lg_claim_life, lg_claim_life_name)
NAMES(lg_encumbrance, lg_encumbrance_name)
NAMES(lg_claim_lock, lg_claim_lock_name)
NAMES(lg_claim_field, lg_claim_field_name)
NAMES(lg_delivery_state, lg_delivery_state_name)
NAMES(lg_request_status, lg_request_status_name)
NAMES(lg_offer_status, lg_offer_status_name)
NAMES(lg_financing_status, lg_financing_status_name)
NAMES(lg_role, lg_role_name)
NAMES(lg_scope, lg_scope_name)
NAMES(lg_account, lg_account_name)
NAMES(lg_proposal_kind, lg_proposal_kind_name)
NAMES(lg_proposal_status, lg_proposal_status_name)
NAMES(lg_receivable_life, lg_receivable_life_name)
NAMES(lg_review_outcome, lg_review_outcome_name)
NAMES(lg_verification_state, lg_verification_state_name)
NAMES(lg_verifier_answer, lg_verifier_answer_name)
PARSES(lg_scheme, lg_scheme_parse)
PARSES(lg_financing_kind, lg_financing_kind_parse)
PARSES(lg_document_kind, lg_document_kind_parse)
PARSES(lg_approval_kind, lg_approval_kind_parse)
PARSES(lg_claim_field, lg_claim_field_parse)
PARSES(lg_role, lg_role_parse)
PARSES(lg_scope, lg_scope_parse)
PARSES(lg_proposal_kind, lg_proposal_kind_parse)
PARSES(lg_receivable_life, lg_receivable_life_parse)
PARSES(lg_review_outcome, lg_review_outcome_parse)
PARSES(lg_verifier_answer, lg_verifier_answer_parse)

static const struct names {
    int count;
    const char *(*name)(int value);
    bool (*parse)(const char *text, int *out); /* NULL: they are only written */
} all[] = {
    {LG_SCHEME_COUNT, name_of_lg_scheme, parse_lg_scheme},
    {LG_FINANCING_KIND_COUNT, name_of_lg_financing_kind, parse_lg_financing_kind},
    {LG_FORMAT_COUNT, name_of_lg_invoice_format, NULL},
    {LG_DOC_COUNT, name_of_lg_document_kind, parse_lg_document_kind},
    {LG_APPROVAL_KIND_COUNT, name_of_lg_approval_kind, parse_lg_approval_kind},
    {LG_APPROVAL_STATUS_COUNT, name_of_lg_approval_status, NULL},
    {LG_CLAIM_LIFE_COUNT, name_of_lg_claim_life, NULL},
    {LG_ENCUMBRANCE_COUNT, name_of_lg_encumbrance, NULL},
    {LG_LOCK_COUNT, name_of_lg_claim_lock, NULL},
    {LG_FIELD_COUNT, name_of_lg_claim_field, parse_lg_claim_field},
    {LG_DELIVERY_STATE_COUNT, name_of_lg_delivery_state, NULL},
    {LG_REQUEST_STATUS_COUNT, name_of_lg_request_status, NULL},
    {LG_OFFER_STATUS_COUNT, name_of_lg_offer_status, NULL},
    {LG_FINANCING_STATUS_COUNT, name_of_lg_financing_status, NULL},
    {LG_ROLE_COUNT, name_of_lg_role, parse_lg_role},
    {LG_SCOPE_COUNT, name_of_lg_scope, parse_lg_scope},
    {LG_ACCOUNT_COUNT, name_of_lg_account, NULL},
    {LG_PROPOSAL_KIND_COUNT, name_of_lg_proposal_kind, parse_lg_proposal_kind},
    {LG_PROPOSAL_STATUS_COUNT, name_of_lg_proposal_status, NULL},
    {LG_LIFE_COUNT, name_of_lg_receivable_life, parse_lg_receivable_life},
    {LG_OUTCOME_COUNT, name_of_lg_review_outcome, parse_lg_review_outcome},
    {LG_VERIFICATION_STATE_COUNT, name_of_lg_verification_state, NULL},
    {LG_ANSWER_COUNT, name_of_lg_verifier_answer, parse_lg_verifier_answer},
};

static void every_name_is_its_own_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int value = 0; value < all[i].count; value++) {
            const char *name = all[i].name(value);
            int back;
            assert_true(*name && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name));
            for (int other = 0; other < value; other++)
                assert_string_not_equal(name, all[i].name(other));
            if (all[i].parse) {
                assert_true(all[i].parse(name, &back));
                assert_int_equal(back, value);
            }
        }
}

static void what_is_no_name_is_not_read(void **state)
{
    static const char *const strangers[] = {"", "no name", "Sale", "sale ", "x"};
    int value;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_string_equal(all[i].name(all[i].count), "unknown");
        for (size_t k = 0; all[i].parse && k < sizeof strangers / sizeof *strangers; k++)
            assert_false(all[i].parse(strangers[k], &value));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_its_own_and_read_back),
        cmocka_unit_test(what_is_no_name_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
