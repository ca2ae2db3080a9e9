/* Signed notes (C2SP signed-note v1.0.0), verifier keys, checkpoints (tlog-checkpoint v1.0.0), cosignatures
 * (tlog-cosignature v1.0.1) and offline proofs (tlog-proof). Everything here may be fed by a hostile server:
 * parsers bound what they read. */
#ifndef LG_LOG_NOTE_H
#define LG_LOG_NOTE_H

#include "ledger/crypto/sign.h"
#include "ledger/log/tree.h"

enum {
    LG_KEY_ED25519 = 0x01,
    LG_KEY_COSIGNATURE = 0x04,
    LG_NOTE_MAX = 1 << 20,       /* bytes of a note */
    LG_NOTE_SIGNATURES_MAX = 64, /* lines kept; more is malformed */
    LG_ORIGIN_MAX = 255,         /* bytes of a key name */
};

typedef struct lg_verifier {
    char *name;
    uint8_t key_id[4];
    uint8_t type; /* LG_KEY_… */
    lg_public_key key;
} lg_verifier;

/* A key name: non-empty, at most LG_ORIGIN_MAX bytes of UTF-8, no white space, no '+'. */
bool lg_key_name_is_valid(const char *name);
lg_verifier lg_verifier_make(lg_arena *arena, const char *name, uint8_t type, const lg_public_key *key);
/* name+hex(keyID)+base64(type ‖ pub) */
char *lg_vkey_format(lg_arena *arena, const lg_verifier *verifier);
/* LG_NOTE_INVALID if malformed, of unknown type, or with a key id that is not its own. */
lg_err lg_vkey_parse(lg_arena *arena, const char *text, lg_verifier *out, lg_report *report) LG_MUST_CHECK;

/* One signature line "— name base64(keyID ‖ signature)\n". text ends in LF. */
char *lg_note_sign(lg_arena *arena, const char *text, const char *name, const lg_signing_key *key);
/* The cosignature line of a witness at unix_seconds: signs "cosignature/v1\ntime <unix>\n" ‖ text. */
char *lg_note_cosign(lg_arena *arena, const char *text, const char *name, const lg_signing_key *key,
                     int64_t unix_seconds);
/* text ‖ LF ‖ lines. */
char *lg_note_join(lg_arena *arena, const char *text, const char *signature_lines);

typedef struct lg_note {
    const char *text;        /* with its last LF */
    const char *signatures;  /* the signature lines as received */
    bool verified[16];       /* per verifier asked for */
    int64_t cosigned_at[16]; /* unix seconds, for cosignatures that verified */
} lg_note;

/* Splits and verifies against up to 16 verifiers. Unknown keys are ignored; a bad signature from a known key,
 * or a malformed line, is LG_NOTE_INVALID; so is a note in which none of the verifiers signed. */
lg_err lg_note_open(lg_arena *arena, lg_bytes note, const lg_verifier *verifiers, size_t verifier_count,
                    lg_note *out, lg_report *report) LG_MUST_CHECK;

typedef struct lg_checkpoint {
    const char *origin;
    int64_t size;
    lg_hash root;
} lg_checkpoint;

/* "<origin>\n<size>\n<base64 root>\n" */
char *lg_checkpoint_text(lg_arena *arena, const lg_checkpoint *checkpoint);
/* Exactly three lines (no extension lines are ours, but those of others are allowed and ignored);
 * LG_NOTE_INVALID otherwise. */
lg_err lg_checkpoint_parse(lg_arena *arena, const char *text, lg_checkpoint *out,
                           lg_report *report) LG_MUST_CHECK;

/* A tlog-proof: "c2sp.org/tlog-proof@v1\nindex <n>\n<base64 hash>…\n\n<checkpoint>". */
char *lg_tlog_proof_format(lg_arena *arena, int64_t index, const lg_proof *proof,
                           const char *signed_checkpoint);
typedef struct lg_tlog_proof {
    int64_t index;
    lg_proof proof;
    lg_bytes checkpoint; /* the signed note */
} lg_tlog_proof;
lg_err lg_tlog_proof_parse(lg_arena *arena, lg_bytes text, lg_tlog_proof *out,
                           lg_report *report) LG_MUST_CHECK;

#endif
