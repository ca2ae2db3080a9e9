/* Who a submission's seller and buyer are, from ids, from identifiers, or from who signed. */
#include "ledger/crypto/secret.h"
#include "ledger/registry/internal.h"
#include "tests/unit/rows_rig.h"

static lg_signer signers[2];

static int set_up_identifiers(void **state)
{
    if (set_up(state) != 0)
        return -1;
    rig *r = *state;
    OK(lg_identifier_insert(r->db, (lg_identifier){LG_SCHEME_USCC, "91440300708461136T"}, party(1)));
    OK(lg_identifier_insert(r->db, (lg_identifier){LG_SCHEME_TAX_ID, "DE1"}, party(1)));
    OK(lg_identifier_insert(r->db, (lg_identifier){LG_SCHEME_TAX_ID, "DE2"}, party(2)));
    for (int i = 0; i < 2; i++)
        signers[i] = (lg_signer){.no = party(3 + i), .id = {uuid_of('p', 3 + i)}};
    return 0;
}

static lg_party resolve(rig *r, const lg_party_ref *ref, size_t signer_count)
{
    lg_party out;
    memset(&out, 0xff, sizeof out); /* nothing of what was there may survive */
    OK(lg_party_resolve(r->db, r->arena, ref, signers, signer_count, &out));
    return out;
}

static void assert_is(const lg_party *found, int64_t no)
{
    assert_true(found->found);
    assert_false(found->ambiguous);
    assert_int_equal(found->row.no.v, no);
    assert_string_equal(found->row.name, no == 1   ? "Firma A"
                                         : no == 2 ? "Firma B"
                                         : no == 3 ? "Firma C"
                                                   : "Firma D");
}

static void by_id(void **state)
{
    rig *r = *state;
    lg_party found =
        resolve(r, &(lg_party_ref){.has_participant = true, .participant = {uuid_of('p', 2)}}, 1);
    assert_is(&found, 2);
    found = resolve(r, &(lg_party_ref){.has_participant = true, .participant = {uuid_of('x', 2)}}, 1);
    assert_false(found.found || found.ambiguous);
}

static void by_identifiers(void **state)
{
    rig *r = *state;
    lg_party_ref ref = {.identifiers = {{LG_SCHEME_LEI, "UNKNOWN"}, {LG_SCHEME_USCC, "91440300708461136T"}},
                        .identifier_count = 2};
    lg_party found = resolve(r, &ref, 1);
    assert_is(&found, 1);
    ref.identifier_count = 1; /* not the signer, because the document names someone */
    found = resolve(r, &ref, 1);
    assert_false(found.found || found.ambiguous);
    ref.identifiers[0] = (lg_identifier){LG_SCHEME_TAX_ID, "DE1"};
    ref.identifier_count = 2; /* two of one participant */
    found = resolve(r, &ref, 1);
    assert_is(&found, 1);
    ref.identifiers[1] = (lg_identifier){LG_SCHEME_TAX_ID, "DE2"};
    found = resolve(r, &ref, 1);
    assert_true(found.ambiguous && !found.found);
    ref.identifiers[0] =
        (lg_identifier){LG_SCHEME_GLN, "DE1"}; /* the same text in another scheme is another thing */
    found = resolve(r, &ref, 1);
    assert_is(&found, 2);
}

/* Naming oneself beside a document that names another must not make the other's invoice one's own. */
static void an_id_against_the_identifiers(void **state)
{
    rig *r = *state;
    lg_party_ref ref = {.has_participant = true,
                        .participant = {uuid_of('p', 2)},
                        .identifiers = {{LG_SCHEME_LEI, "UNKNOWN"}, {LG_SCHEME_TAX_ID, "DE2"}},
                        .identifier_count = 2};
    lg_party found = resolve(r, &ref, 1);
    assert_is(&found, 2);
    ref.identifiers[0] = (lg_identifier){LG_SCHEME_TAX_ID, "DE1"};
    found = resolve(r, &ref, 1);
    assert_true(found.ambiguous && !found.found);
}

static void by_who_signed(void **state)
{
    rig *r = *state;
    lg_party found = resolve(r, &(lg_party_ref){0}, 1);
    assert_is(&found, 3);
    found = resolve(r, &(lg_party_ref){0}, 2); /* either of two: not said */
    assert_false(found.found || found.ambiguous);
    found = resolve(r, &(lg_party_ref){.name = "Firma C"}, 1); /* a bare name identifies nobody */
    assert_false(found.found || found.ambiguous);
}

#define TALE(name) cmocka_unit_test_setup_teardown(name, set_up_identifiers, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TALE(by_id), TALE(by_identifiers), TALE(an_id_against_the_identifiers),
                                       TALE(by_who_signed)};
    if (lg_crypto_init() != LG_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
