#include "ledger/registry/internal.h"

#include "ledger/base/file.h"
#include "ledger/crypto/seal.h"
#include "ledger/crypto/secret.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct lg_registry {
    lg_registry_config config;
    lg_arena *arena;
    lg_signing_key *operator_key;
    uint8_t *hash_key;   /* secret memory */
    uint8_t *master_key; /* secret memory; seals custody keys */

    /* The newest policy by version: one copy for readers, one for the writer, whose transaction may yet be
     * undone. */
    pthread_mutex_t policy_lock;
    lg_policy reader_policy, writer_policy;
};

lg_err lg_registry_open(const lg_registry_config *config, lg_registry **out, lg_report *report)
{
    lg_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        lg_die("out of memory");
    registry->arena = lg_arena_open();
    registry->config = *config;
    registry->config.origin = lg_arena_strdup(registry->arena, config->origin);
    registry->config.dir = lg_arena_strdup(registry->arena, config->dir);
    registry->hash_key = lg_secret_alloc(LG_HASH_KEY_LEN);
    registry->master_key = lg_secret_alloc(LG_SEAL_KEY_LEN);
    pthread_mutex_init(&registry->policy_lock, NULL);
    const char *operator_path = lg_arena_printf(registry->arena, "%s/keys/operator.jwk", config->dir);
    const char *hash_path = lg_arena_printf(registry->arena, "%s/keys/hash.key", config->dir);
    const char *master_path = lg_arena_printf(registry->arena, "%s/keys/master.key", config->dir);
    lg_err err = lg_key_file_read(operator_path, &registry->operator_key, report);
    if (!err)
        err = lg_secret_file_read(hash_path, registry->hash_key, LG_HASH_KEY_LEN, report);
    if (!err)
        err = lg_secret_file_read(master_path, registry->master_key, LG_SEAL_KEY_LEN, report);
    if (err) {
        lg_registry_close(registry);
        return err;
    }
    *out = registry;
    return LG_OK;
}

lg_err lg_registry_open_to_judge(const char *dir, lg_review_fn review, lg_registry **out, lg_report *report)
{
    lg_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        lg_die("out of memory");
    registry->arena = lg_arena_open();
    registry->config.dir = lg_arena_strdup(registry->arena, dir);
    registry->config.review = review;
    registry->hash_key = lg_secret_alloc(LG_HASH_KEY_LEN);
    pthread_mutex_init(&registry->policy_lock, NULL);
    lg_err err = lg_secret_file_read(lg_arena_printf(registry->arena, "%s/keys/hash.key", dir),
                                     registry->hash_key, LG_HASH_KEY_LEN, report);
    if (err)
        lg_registry_close(registry);
    else
        *out = registry;
    return err;
}

void lg_registry_close(lg_registry *registry)
{
    if (!registry)
        return;
    lg_signing_key_close(registry->operator_key);
    lg_secret_free(registry->hash_key);
    lg_secret_free(registry->master_key);
    pthread_mutex_destroy(&registry->policy_lock);
    lg_arena_close(registry->arena);
    free(registry);
}

const char *lg_registry_origin(const lg_registry *registry)
{
    return registry->config.origin;
}

lg_review_fn lg_registry_review(const lg_registry *registry)
{
    return registry->config.review;
}

lg_render_fn lg_registry_render(const lg_registry *registry)
{
    return registry->config.render;
}

const uint8_t *lg_registry_hash_key(const lg_registry *registry)
{
    return registry->hash_key;
}

const char *lg_registry_dir(const lg_registry *registry)
{
    return registry->config.dir;
}

const uint8_t *lg_registry_master_key(const lg_registry *registry)
{
    return registry->master_key;
}

char *lg_registry_sign_as_operator(const lg_registry *registry, lg_arena *arena, const char *url,
                                   const char *payload)
{
    const lg_jws_header header = {
        .aud = registry->config.origin, .url = url, .iat = lg_now() / LG_TIME_PER_SECOND};
    return lg_jws_compose(arena, registry->operator_key, &header, lg_bytes_str(payload));
}

/* Refreshes *cached when the newest version is another; the text is parsed only then. */
static lg_err refresh_policy(lg_db *db, lg_policy *cached)
{
    int64_t newest;
    lg_err err = lg_policy_newest(db, &newest);
    if (err || newest == cached->version)
        return err;
    lg_arena *arena = lg_arena_open();
    err = lg_policy_load(db, newest, arena, cached);
    lg_arena_close(arena);
    return err;
}

lg_err lg_registry_policy(lg_registry *registry, lg_db *db, lg_policy *out)
{
    pthread_mutex_lock(&registry->policy_lock);
    lg_err err = refresh_policy(db, &registry->reader_policy);
    *out = registry->reader_policy;
    pthread_mutex_unlock(&registry->policy_lock);
    return err;
}

lg_err lg_act_policy(lg_act *act, lg_policy *out)
{
    lg_err err = refresh_policy(act->db, &act->registry->writer_policy);
    *out = act->registry->writer_policy;
    return err;
}

void lg_registry_forget_policy(lg_registry *registry)
{
    registry->writer_policy.version = 0;
}
