/* Keys the registry keeps for participants that cannot: each in a file of its own, sealed under the master
 * key. */
#include "ledger/registry/internal.h"

#include "ledger/base/file.h"
#include "ledger/crypto/seal.h"

#include <string.h>

enum { SEALED_TEXT_MAX = 256 };

static char *path_of(const lg_registry *registry, lg_arena *arena, const char *kid)
{
    return lg_arena_printf(arena, "%s/keys/custody/%s", lg_registry_dir(registry), kid);
}

lg_err lg_custody_create(const lg_registry *registry, lg_public_key *out, lg_report *report)
{
    lg_signing_key *key = lg_signing_key_new();
    *out = lg_signing_key_public(key);
    const char *sealed = lg_seal_signing_key(report->arena, lg_registry_master_key(registry), key);
    lg_err err = lg_file_create(path_of(registry, report->arena, lg_kid_of(out).s), lg_bytes_str(sealed),
                                0600, report);
    lg_signing_key_close(key);
    return err;
}

static lg_err load(const lg_registry *registry, lg_arena *arena, const lg_kid *kid, lg_signing_key **out,
                   lg_report *report)
{
    char sealed[SEALED_TEXT_MAX];
    size_t len;
    lg_err err = lg_file_read_private(path_of(registry, arena, kid->s), sealed, sizeof sealed, &len, report);
    if (!err)
        err = lg_unseal_signing_key(arena, lg_registry_master_key(registry), lg_bytes_of(sealed, len), out);
    /* The directory says the key is here: that it is not is our fault, whatever the file system calls it. */
    return err ? lg_fail(report, LG_CORRUPT, "The custody key %s cannot be opened.", kid->s) : LG_OK;
}

static bool is_usable(const lg_key *key, lg_time now)
{
    return key->custody && !key->revoked_at && key->valid_from <= now &&
           (!key->valid_until || key->valid_until > now);
}

lg_err lg_custody_sign(const lg_registry *registry, lg_db *db, lg_arena *arena, lg_participant_no participant,
                       const lg_jws_header *header, lg_bytes payload, char **out_jws, lg_report *report)
{
    lg_key *keys;
    size_t count;
    lg_err err = lg_key_list(db, participant, arena, &keys, &count);
    if (err)
        return err;
    for (size_t i = count; i-- > 0;) {
        lg_signing_key *key;
        if (!is_usable(&keys[i], lg_now()))
            continue;
        err = load(registry, arena, &keys[i].kid, &key, report);
        if (err)
            return err;
        *out_jws = lg_jws_compose(arena, key, header, payload);
        lg_signing_key_close(key);
        return LG_OK;
    }
    return lg_fail(report, LG_NOT_PERMITTED,
                   "The registry keeps no valid key for this participant; sign the command "
                   "(application/jose+json) instead.");
}
