#include "ledger/crypto/secret.h"

#include "ledger/base/arena.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* A system call for each entry's salts would cost more than everything else its facts need. */
enum { POOL_LEN = 4096 };

static _Thread_local struct {
    uint8_t bytes[POOL_LEN];
    size_t left; /* the last `left` bytes are unused; used ones are wiped */
} pool;

/* Runs in a forked child, in the only thread it has: parent and child must not draw the same bytes. */
static void forget_pool(void)
{
    sodium_memzero(&pool, sizeof pool);
}

lg_err lg_forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0)
        return LG_INTERNAL;
#ifndef __SANITIZE_ADDRESS__ /* its leak checker attaches to the process, which this forbids */
    /* RLIMIT_CORE does not hold for dumps piped to a collector, core(5). */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return LG_INTERNAL;
#endif
    return LG_OK;
}

static bool pool_is_safe; /* in forked children */
static void make_pool_safe(void)
{
    pool_is_safe = pthread_atfork(NULL, NULL, forget_pool) == 0;
}

lg_err lg_crypto_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return sodium_init() >= 0 && pthread_once(&once, make_pool_safe) == 0 && pool_is_safe ? LG_OK
                                                                                          : LG_INTERNAL;
}

void lg_random(void *out, size_t len)
{
    if (len > POOL_LEN / 2) {
        randombytes_buf(out, len);
        return;
    }
    if (pool.left < len) {
        randombytes_buf(pool.bytes, POOL_LEN);
        pool.left = POOL_LEN;
    }
    if (len == 0)
        return;
    uint8_t *from = pool.bytes + (POOL_LEN - pool.left);
    memcpy(out, from, len);
    sodium_memzero(from, len);
    pool.left -= len;
}

void *lg_secret_alloc(size_t len)
{
    void *secret = sodium_malloc(len);
    if (!secret)
        lg_die("out of guarded memory (%zu bytes)", len);
    return secret;
}

void lg_secret_seal(void *secret)
{
    if (sodium_mprotect_readonly(secret) != 0)
        lg_die("cannot protect secret memory");
}

void lg_secret_free(void *secret)
{
    sodium_free(secret);
}

void lg_wipe(void *data, size_t len)
{
    sodium_memzero(data, len);
}

bool lg_equal_secret(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}
