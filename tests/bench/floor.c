/* The machine's own speed at the few things that no registry can leave out. CPU work is timed by the thread's
 * own clock, so that other programs on the machine count only as far as they cool or crowd its caches. */
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/sign.h"
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, SYNCS = 100, PAGES = 4000, PAGE = 4096, HASHED = 300 };

static uint64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_u64);
    return values[count / 2];
}

/* The median over rounds of the mean of `count` calls. */
static uint64_t cost_of(void (*once)(void *), void *context, unsigned count)
{
    uint64_t rounds[ROUNDS];
    for (size_t r = 0; r < ROUNDS; r++) {
        uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (unsigned i = 0; i < count; i++)
            once(context);
        rounds[r] = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / count;
    }
    return median(rounds, ROUNDS);
}

typedef struct sample {
    lg_public_key key;
    lg_signature signature;
    lg_bytes message;  /* signing input of the command */
    lg_bytes texts[3]; /* envelope, protected header, payload */
    uint8_t sink;      /* so that no result is thrown away */
} sample;

static void verify_once(void *context)
{
    sample *s = context;
    if (!lg_verify(&s->key, s->message, &s->signature))
        bench_fail("the machine cannot verify its own signature");
}

static void hash_once(void *context)
{
    static const uint8_t bytes[HASHED];
    sample *s = context;
    s->sink ^= lg_sha256(lg_bytes_of(bytes, sizeof bytes)).b[0];
}

static void parse_once(void *context)
{
    sample *s = context;
    for (size_t i = 0; i < 3; i++) {
        json_t *value =
            json_loadb((const char *)s->texts[i].data, s->texts[i].len, JSON_REJECT_DUPLICATES, NULL);
        if (!value)
            bench_fail("the sample command is not JSON");
        json_decref(value);
    }
}

static sample take_apart(lg_arena *arena, const char *command)
{
    uint8_t seed[LG_SEED_LEN] = {1};
    sample s = {.texts[0] = lg_bytes_str(command)};
    json_t *envelope = json_loads(command, 0, NULL);
    const char *protected = json_string_value(json_object_get(envelope, "protected"));
    const char *payload = json_string_value(json_object_get(envelope, "payload"));
    if (!protected || !payload || !lg_base64url_decode(arena, lg_bytes_str(protected), &s.texts[1]) ||
        !lg_base64url_decode(arena, lg_bytes_str(payload), &s.texts[2]))
        bench_fail("the sample command is not a flattened JWS");
    s.message = lg_bytes_str(lg_arena_printf(arena, "%s.%s", protected, payload));
    json_decref(envelope);
    lg_signing_key *key = lg_signing_key_from_seed(seed);
    s.key = lg_signing_key_public(key);
    s.signature = lg_sign(key, s.message);
    lg_signing_key_close(key);
    return s;
}

/* A page written behind the end, then fdatasync: what a commit on its own cannot do without. What others
 * still have to write on this file system goes first. */
static uint64_t cost_of_sync(const char *scratch)
{
    static const uint8_t page[PAGE];
    uint64_t each[SYNCS];
    int fd = open(scratch, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_fail("cannot make %s: %s", scratch, strerror(errno));
    unlink(scratch);
    if (syncfs(fd) != 0)
        bench_fail("cannot sync the file system of %s: %s", scratch, strerror(errno));
    for (size_t i = 0; i < SYNCS; i++) {
        uint64_t start = clock_ns(CLOCK_MONOTONIC);
        if (write(fd, page, PAGE) != PAGE || fdatasync(fd) != 0)
            bench_fail("cannot write %s: %s", scratch, strerror(errno));
        each[i] = clock_ns(CLOCK_MONOTONIC) - start;
    }
    close(fd);
    return median(each, SYNCS);
}

/* A page of the database from anywhere in it, read: what an operation pays for each page that the server does
 * not keep itself. What the kernel has in memory it copies, and that is slower the more of it there is: the
 * processor's caches and its tables of where pages are reach only so far, and on a virtual machine the host
 * may have to find it first. A mean, since it is the rare dear ones that count. */
static uint64_t cost_of_page(const char *database)
{
    uint8_t page[PAGE];
    uint64_t state = clock_ns(CLOCK_MONOTONIC);
    int fd = open(database, O_RDONLY | O_CLOEXEC);
    const off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    if (len < PAGE)
        bench_fail("cannot read %s: %s", database, strerror(errno));
    uint64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < PAGES; i++) {
        const off_t number = (off_t)(bench_next(&state) % (uint64_t)(len / PAGE));
        if (pread(fd, page, PAGE, number * PAGE) != PAGE)
            bench_fail("cannot read %s: %s", database, strerror(errno));
    }
    const uint64_t cost = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / PAGES;
    close(fd);
    return cost;
}

floor_costs floor_measure(const char *command, const char *scratch, const char *database)
{
    lg_arena *arena = lg_arena_open();
    sample s = take_apart(arena, command);
    floor_costs costs = {
        .verify_ns = cost_of(verify_once, &s, 200),
        .sha256_ns = cost_of(hash_once, &s, 5000),
        .parse_ns = cost_of(parse_once, &s, 1000),
        .fdatasync_ns = cost_of_sync(scratch),
        .page_ns = cost_of_page(database),
    };
    lg_arena_close(arena);
    return costs;
}
