/* What every part uses: failing, the clock, the progress line, numbers from a seed. */
#include "tests/bench/bench.h"

#include "ledger/crypto/hash.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30, REDRAW_NS = 100000000 };

void bench_fail(const char *fmt, ...)
{
    va_list args;
    bench_progress_end();
    fflush(stdout);
    fputs("bench: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

uint64_t bench_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void bench_progress(const char *label, size_t done, size_t total)
{
    static const char bar[BAR + 1] = "##############################";
    static uint64_t last_ns;
    uint64_t now = bench_clock_ns();
    if (!isatty(STDERR_FILENO) || now - last_ns < REDRAW_NS)
        return;
    last_ns = now;
    int filled = total ? (int)(done * BAR / total) : 0;
    fprintf(stderr, "\r\033[K%-28s [%.*s%*s] %zu/%zu", label, filled, bar, BAR - filled, "", done, total);
}

void bench_progress_end(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

void bench_seeded(uint64_t seed, const char *purpose, uint64_t n, uint8_t out[32])
{
    char text[128];
    int len = snprintf(text, sizeof text, "bench %llu %s %llu", (unsigned long long)seed, purpose,
                       (unsigned long long)n);
    lg_hash hash = lg_sha256(lg_bytes_of(text, (size_t)len));
    memcpy(out, hash.b, sizeof hash.b);
}

uint64_t bench_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
