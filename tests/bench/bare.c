#include "tests/bench/bare.h"

#include "ledger/crypto/encoding.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_LEN = 4096 };

/* kid and public key, a party a line. */
static void write_keys(const world *w, const char *dir)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/keys", dir);
    FILE *file = fopen(path, "we");
    for (size_t i = 0; file && i < w->party_count; i++) {
        if (!w->parties[i].key)
            continue;
        const lg_public_key key = lg_signing_key_public(w->parties[i].key);
        char text[64];
        lg_base64url_write(text, key.b, sizeof key.b);
        fprintf(file, "%s %s\n", lg_kid_of(&key).s, text);
    }
    if (!file || fclose(file) != 0)
        bench_fail("cannot write %s: %s", path, strerror(errno));
}

void bare_start(serving *bare, const char *binary, const world *w, const char *syncs)
{
    static char dir[PATH_LEN];
    snprintf(dir, sizeof dir, "%s.bare", w->dir);
    if (mkdir(dir, 0700) != 0)
        bench_fail("cannot make %s: %s", dir, strerror(errno));
    write_keys(w, dir);
    *bare = (serving){.binary = binary, .dir = dir, .syncs = syncs, .bare = true};
    serving_start(bare);
}

bench_result bare_measure(const scenario *s, world *w, const serving *bare, scenario_level level,
                          size_t count, unsigned limit_s)
{
    world there = *w;
    there.port = bare->port;
    there.dir = (char *)(uintptr_t)bare->dir;
    const bench_result result = scenario_measure(s, &there, bare->pid, level, count, limit_s);
    w->serial = there.serial; /* no number is used twice */
    return result;
}
