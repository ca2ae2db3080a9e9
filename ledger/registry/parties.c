/* Who a submission's seller and buyer are: a participant id, or identifiers that all belong to one
 * participant; a submission that does not name a side at all means its signer. */
#include "ledger/registry/internal.h"

#include <string.h>

static lg_err load(lg_db *db, lg_arena *arena, lg_participant_no no, lg_party *out)
{
    out->found = true;
    return lg_participant_get(db, no, arena, &out->row);
}

static lg_err by_identifiers(lg_db *db, lg_arena *arena, const lg_party_ref *ref, lg_party *out)
{
    lg_participant_no found = {0};
    for (size_t i = 0; i < ref->identifier_count; i++) {
        lg_participant_no owner;
        lg_err err = lg_identifier_owner(db, ref->identifiers[i], &owner);
        if (err == LG_NOT_FOUND)
            continue;
        if (err)
            return err;
        if (found.v && found.v != owner.v) {
            out->ambiguous = true;
            return LG_OK;
        }
        found = owner;
    }
    return found.v ? load(db, arena, found, out) : LG_OK;
}

/* The document's identifiers must not be another's: an id beside them would file one company's invoice under
 * another. */
static lg_err contradicts(lg_db *db, const lg_party_ref *ref, lg_party *out)
{
    for (size_t i = 0; i < ref->identifier_count; i++) {
        lg_participant_no owner;
        lg_err err = lg_identifier_owner(db, ref->identifiers[i], &owner);
        if (err && err != LG_NOT_FOUND)
            return err;
        if (!err && owner.v != out->row.no.v) {
            out->ambiguous = true;
            out->found = false;
            return LG_OK;
        }
    }
    return LG_OK;
}

/* A company has one USCC, one LEI, and as a rule one tax number: a document that names another one may mean
 * another company. (Of locations, GLN, it may have many.) */
static lg_err look_for_doubt(lg_db *db, lg_arena *arena, const lg_party_ref *ref, lg_party *out)
{
    lg_identifier *known;
    size_t count;
    lg_err err = lg_identifier_list(db, out->row.no, arena, &known, &count);
    for (size_t i = 0; i < ref->identifier_count && !err && !out->doubt; i++) {
        const lg_identifier *named = &ref->identifiers[i];
        bool same_scheme = false, same = false;
        for (size_t k = 0; k < count; k++) {
            same_scheme = same_scheme || known[k].scheme == named->scheme;
            same = same || (known[k].scheme == named->scheme && strcmp(known[k].value, named->value) == 0);
        }
        if (same_scheme && !same && named->scheme != LG_SCHEME_GLN &&
            named->scheme != LG_SCHEME_REGISTRATION_NO)
            out->doubt = lg_arena_printf(arena, "%s %s", lg_scheme_name(named->scheme), named->value);
    }
    return err;
}

static lg_err resolve(lg_db *db, lg_arena *arena, const lg_party_ref *ref, const lg_signer *signers,
                      size_t signer_count, lg_party *out)
{
    if (ref->has_participant) {
        lg_err err = lg_participant_by_id(db, ref->participant, arena, &out->row);
        out->found = err == LG_OK;
        return err ? (err == LG_NOT_FOUND ? LG_OK : err) : contradicts(db, ref, out);
    }
    if (ref->identifier_count > 0)
        return by_identifiers(db, arena, ref, out);
    if (ref->name || signer_count != 1)
        return LG_OK; /* a bare name identifies nobody */
    return load(db, arena, signers[0].no, out);
}

lg_err lg_party_resolve(lg_db *db, lg_arena *arena, const lg_party_ref *ref, const lg_signer *signers,
                        size_t signer_count, lg_party *out)
{
    *out = (lg_party){0};
    lg_err err = resolve(db, arena, ref, signers, signer_count, out);
    return err || !out->found || ref->identifier_count == 0 ? err : look_for_doubt(db, arena, ref, out);
}
