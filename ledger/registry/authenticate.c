/* From the bytes of a signed command to who signed it. */
#include "ledger/registry/internal.h"

#include <string.h>

/* How far a new command's iat may lie from the registry's clock. */
enum { AGE_MAX_SECONDS = 300 };

/* The key must have been valid when the command is used, not only when it was signed: iat is the signer's own
 * word. */
static lg_err check_key(const lg_key *key, lg_time now, lg_report *report)
{
    if (key->revoked_at)
        return lg_fail(report, LG_KEY_REVOKED, "The key %s was revoked at %s.", key->kid.s,
                       lg_time_format(key->revoked_at).s);
    if (now < key->valid_from)
        return lg_fail(report, LG_KEY_NOT_VALID, "The key %s is valid only from %s.", key->kid.s,
                       lg_time_format(key->valid_from).s);
    if (key->valid_until && now >= key->valid_until)
        return lg_fail(report, LG_KEY_NOT_VALID, "The key %s was valid until %s.", key->kid.s,
                       lg_time_format(key->valid_until).s);
    return LG_OK;
}

static lg_err find_key(lg_db *db, const char *kid, lg_key *key, lg_report *report)
{
    lg_err err = lg_key_get(db, kid, key);
    return err == LG_NOT_FOUND ? lg_fail(report, LG_UNKNOWN_KEY, "No registered key has the kid %s.", kid)
                               : err;
}

static lg_err fill_signer(lg_db *db, lg_arena *arena, const lg_key *key, lg_signer *out, lg_report *report)
{
    lg_participant row;
    lg_err err = lg_participant_get(db, key->participant, arena, &row);
    if (err)
        return err;
    *out =
        (lg_signer){.no = row.no, .id = row.id, .roles = row.roles, .kid = key->kid, .custody = key->custody};
    if (row.suspended)
        return lg_fail(report, LG_PARTICIPANT_SUSPENDED, "%s is suspended.", row.name);
    return LG_OK;
}

/* What custody signs says which token asked for it, so that anyone who has the command can hold it to what
 * the token may; nobody else's command does. */
static lg_err check_token_named(const lg_key *key, const lg_jws_signature *signature, lg_report *report)
{
    bool named = !lg_uuid_is_nil(signature->token);
    if (key->custody && !named)
        return lg_fail(report, LG_MALFORMED_JWS,
                       "The protected header names no token, but the registry keeps the key %s.", key->kid.s);
    if (!key->custody && named)
        return lg_fail(report, LG_MALFORMED_JWS,
                       "The protected header names a token; only what the registry signs does.");
    return LG_OK;
}

static lg_err verify_signature(lg_db *db, const lg_jws_signature *signature, lg_key *key, lg_report *report)
{
    lg_err err = find_key(db, signature->kid, key, report);
    if (err)
        return err;
    if (!lg_verify(&key->public_key, signature->signing_input, &signature->signature))
        return lg_fail(report, LG_BAD_SIGNATURE,
                       "The signature of kid %s does not verify over protected and payload.", signature->kid);
    err = check_token_named(key, signature, report);
    return err ? err : check_key(key, lg_now(), report);
}

/* The registry signs what one token asked for, and what that may is judged for the command's only signer: its
 * signature, taken from a command that came to nothing, must not serve as the second of another. */
static lg_err check_custody_alone(const lg_key *keys, size_t count, lg_report *report)
{
    for (size_t i = 0; i < count && count > 1; i++)
        if (keys[i].custody)
            return lg_fail(report, LG_MALFORMED_JWS,
                           "The registry keeps the key %s; what it signs has one signature.", keys[i].kid.s);
    return LG_OK;
}

lg_err lg_command_authenticate(const lg_registry *registry, lg_db *db, lg_arena *arena, lg_bytes bytes,
                               const char *url, lg_command *out, lg_jws *jws, lg_report *report)
{
    lg_err err = lg_jws_parse(arena, bytes, jws, report);
    if (!err)
        err = lg_jws_check(jws, lg_registry_origin(registry), url, report);
    lg_key keys[LG_JWS_SIGNATURES_MAX];
    for (size_t i = 0; i < jws->signature_count && !err; i++)
        err = verify_signature(db, &jws->signatures[i], &keys[i], report);
    if (!err)
        err = check_custody_alone(keys, jws->signature_count, report);
    for (size_t i = 0; i < jws->signature_count && !err; i++)
        err = fill_signer(db, arena, &keys[i], &out->signers[i], report);
    if (err)
        return err;
    if (jws->signature_count == 2 && out->signers[0].no.v == out->signers[1].no.v)
        return lg_fail(report, LG_MALFORMED_JWS,
                       "Both signatures are of one participant; the second must be the other side's.");
    out->signer_count = jws->signature_count;
    out->jws = bytes;
    out->req = lg_sha256(bytes);
    out->jti = jws->signatures[0].jti;
    out->url = jws->signatures[0].url;
    out->payload = jws->payload;
    out->token = (lg_token_id){jws->signatures[0].token};
    int64_t oldest = jws->signatures[0].iat;
    int64_t newest = oldest;
    if (jws->signature_count == 2) {
        int64_t other = jws->signatures[1].iat;
        oldest = other < oldest ? other : oldest;
        newest = other > newest ? other : newest;
    }
    out->issued_at = oldest * LG_TIME_PER_SECOND;
    out->issued_last = newest * LG_TIME_PER_SECOND;
    return LG_OK;
}

lg_err lg_command_check_age(const lg_command *command, lg_report *report)
{
    lg_time now = lg_now(), window = AGE_MAX_SECONDS * LG_TIME_PER_SECOND;
    if (command->issued_at < now - window || command->issued_last > now + window)
        return lg_fail(report, LG_STALE_COMMAND,
                       "iat is more than %d seconds from the registry's clock, which says %s.",
                       AGE_MAX_SECONDS, lg_time_format(now).s);
    return LG_OK;
}

lg_err lg_command_find_stored(lg_db *db, lg_arena *arena, const lg_command *command, lg_command_row *out,
                              lg_report *report)
{
    lg_err err = lg_command_by_jti(db, command->signers[0].no, command->jti, arena, out);
    if (err)
        return err;
    if (out->jws.len != command->jws.len || memcmp(out->jws.data, command->jws.data, out->jws.len) != 0)
        return lg_fail(report, LG_JTI_REUSED, "The jti %s belongs to another command of this signer.",
                       command->jti);
    return LG_OK;
}

/* Between the HTTP thread's look and the writer's transaction a key may have been revoked or a signer
 * suspended. */
lg_err lg_command_recheck_signers(lg_db *db, lg_arena *arena, const lg_command *command, lg_time now,
                                  lg_report *report)
{
    for (size_t i = 0; i < command->signer_count; i++) {
        lg_key key;
        lg_signer signer;
        lg_err err = find_key(db, command->signers[i].kid.s, &key, report);
        if (!err)
            err = check_key(&key, now, report);
        if (!err)
            err = fill_signer(db, arena, &key, &signer, report);
        if (err)
            return err;
    }
    return LG_OK;
}
