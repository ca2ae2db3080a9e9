/* What the fuzz targets share. A target is one function, LLVMFuzzerTestOneInput, that must survive any bytes
 * and that aborts when a property does not hold; linked with libFuzzer it searches (`make fuzz`), linked with
 * replay.c it runs over a corpus (`make fuzz-replay`). */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "ledger/base/arena.h"
#include "ledger/base/error.h"
#include "ledger/base/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_HOLDS(property)                                                                                 \
    do {                                                                                                     \
        if (!(property)) {                                                                                   \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);                    \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* An empty arena for this input; the one before it is let go. */
static inline lg_arena *fuzz_arena(void)
{
    static lg_arena *arena;
    lg_arena_close(arena);
    return arena = lg_arena_open();
}

/* A refusal is the caller's fault and says why, in UTF-8; so do its faults. */
static inline void fuzz_refusal_is_sound(const lg_report *report, lg_err err)
{
    FUZZ_HOLDS(lg_err_kind(err) == LG_KIND_CALLER);
    FUZZ_HOLDS(report->err == err && report->detail);
    FUZZ_HOLDS(lg_text_is_utf8(lg_bytes_str(report->detail)));
    for (const lg_fault *fault = report->first; fault; fault = fault->next) {
        FUZZ_HOLDS(fault->code && *fault->code);
        FUZZ_HOLDS(lg_text_is_utf8(lg_bytes_str(fault->detail)));
        FUZZ_HOLDS(lg_text_is_utf8(lg_bytes_str(fault->pointer)));
    }
}

/* Takes bytes off the front of an input: for targets that read choices before the text. */
typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input;

static inline unsigned fuzz_byte(fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline unsigned fuzz_number(fuzz_input *input)
{
    unsigned high = fuzz_byte(input);
    return high << 8 | fuzz_byte(input);
}

#endif
