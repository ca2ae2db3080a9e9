/* Signed notes, verifier keys, checkpoints and proofs in text, as a hostile server may send them. The first
 * byte says which. */
#include "ledger/log/note.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static const char *const vkey = "example.com/fuzz+"; /* whose signature nobody has: no note can verify */

static void open_note(lg_arena *arena, lg_bytes bytes)
{
    static const lg_public_key nobody = {{1}};
    lg_verifier verifier = lg_verifier_make(arena, "example.com/fuzz", LG_KEY_ED25519, &nobody);
    lg_note note;
    lg_report report;
    lg_report_init(&report, arena);
    FUZZ_HOLDS(lg_note_open(arena, bytes, &verifier, 1, &note, &report) == LG_NOTE_INVALID);
    fuzz_refusal_is_sound(&report, LG_NOTE_INVALID);
}

static void read_vkey(lg_arena *arena, const char *text)
{
    lg_verifier verifier;
    if (lg_vkey_parse(arena, text, &verifier, NULL) == LG_OK)
        FUZZ_HOLDS(strcmp(lg_vkey_format(arena, &verifier), text) == 0);
}

static void read_checkpoint(lg_arena *arena, const char *text)
{
    lg_checkpoint checkpoint;
    if (lg_checkpoint_parse(arena, text, &checkpoint, NULL) != LG_OK)
        return;
    const char *again = lg_checkpoint_text(arena, &checkpoint);
    FUZZ_HOLDS(checkpoint.size >= 0 && strncmp(again, text, strlen(again)) == 0);
}

static void read_proof(lg_arena *arena, lg_bytes bytes)
{
    lg_tlog_proof proof;
    if (lg_tlog_proof_parse(arena, bytes, &proof, NULL) != LG_OK)
        return;
    FUZZ_HOLDS(proof.index >= 0 && proof.proof.count <= LG_PROOF_MAX);
    const char *note = lg_arena_strndup(arena, proof.checkpoint.data, proof.checkpoint.len);
    const char *again = lg_tlog_proof_format(arena, proof.index, &proof.proof, note);
    FUZZ_HOLDS(strlen(note) < proof.checkpoint.len ||
               (strlen(again) == bytes.len && memcmp(again, bytes.data, bytes.len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_arena *arena = fuzz_arena();
    fuzz_input input = {data, len};
    unsigned which = fuzz_byte(&input);
    const char *text = lg_arena_strndup(arena, input.at, input.left);
    switch (which % 4) {
    case 0:
        open_note(arena, lg_bytes_of(input.at, input.left));
        break;
    case 1:
        read_vkey(arena, text);
        read_vkey(arena, lg_arena_printf(arena, "%s%s", vkey, text));
        break;
    case 2:
        read_checkpoint(arena, text);
        break;
    case 3:
        read_proof(arena, lg_bytes_of(input.at, input.left));
        break;
    }
    return 0;
}
