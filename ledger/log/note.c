#include "ledger/log/note.h"

#include "ledger/base/text.h"
#include "ledger/crypto/encoding.h"
#include "ledger/log/line.h"

#include <inttypes.h>
#include <string.h>

#define LINE_START "\u2014 " /* an em dash and a blank */

enum {
    KEY_ID_LEN = 4,
    TIME_LEN = 8,
    VERIFIERS_MAX = sizeof((lg_note *)0)->verified / sizeof(bool),
};

static char *signature_line(lg_arena *arena, const lg_verifier *verifier, const uint8_t *signature,
                            size_t len)
{
    uint8_t bytes[KEY_ID_LEN + TIME_LEN + LG_SIGNATURE_LEN];
    memcpy(bytes, verifier->key_id, KEY_ID_LEN);
    memcpy(bytes + KEY_ID_LEN, signature, len);
    const char *base64 = lg_base64_encode(arena, lg_bytes_of(bytes, KEY_ID_LEN + len));
    return lg_arena_printf(arena, LINE_START "%s %s\n", verifier->name, base64);
}

/* What a witness signs: tlog-cosignature, "signed message". */
static lg_bytes cosigned_message(lg_arena *arena, const char *text, int64_t unix_seconds)
{
    return lg_bytes_str(lg_arena_printf(arena, "cosignature/v1\ntime %" PRId64 "\n%s", unix_seconds, text));
}

char *lg_note_sign(lg_arena *arena, const char *text, const char *name, const lg_signing_key *key)
{
    lg_public_key public = lg_signing_key_public(key);
    lg_verifier verifier = lg_verifier_make(arena, name, LG_KEY_ED25519, &public);
    lg_signature signature = lg_sign(key, lg_bytes_str(text));
    return signature_line(arena, &verifier, signature.b, LG_SIGNATURE_LEN);
}

char *lg_note_cosign(lg_arena *arena, const char *text, const char *name, const lg_signing_key *key,
                     int64_t unix_seconds)
{
    uint8_t timed[TIME_LEN + LG_SIGNATURE_LEN];
    lg_public_key public = lg_signing_key_public(key);
    lg_verifier verifier = lg_verifier_make(arena, name, LG_KEY_COSIGNATURE, &public);
    lg_signature signature = lg_sign(key, cosigned_message(arena, text, unix_seconds));
    for (unsigned i = 0; i < TIME_LEN; i++)
        timed[i] = (uint8_t)((uint64_t)unix_seconds >> (56 - 8 * i));
    memcpy(timed + TIME_LEN, signature.b, LG_SIGNATURE_LEN);
    return signature_line(arena, &verifier, timed, sizeof timed);
}

char *lg_note_join(lg_arena *arena, const char *text, const char *signature_lines)
{
    return lg_arena_printf(arena, "%s\n%s", text, signature_lines);
}

/* Splits at the last empty line: the text may hold empty lines, the signatures may not. */
static bool split(lg_arena *arena, lg_bytes note, lg_note *out, lg_bytes *lines)
{
    if (note.len > LG_NOTE_MAX || note.len < 3 || note.data[note.len - 1] != '\n' || !lg_text_is_utf8(note))
        return false;
    size_t text_len = 0;
    for (size_t i = 0; i < note.len; i++) {
        if (note.data[i] < 0x20 && note.data[i] != '\n')
            return false;
        if (i > 0 && note.data[i] == '\n' && note.data[i - 1] == '\n')
            text_len = i;
    }
    if (text_len == 0)
        return false;
    *lines = lg_bytes_of(note.data + text_len + 1, note.len - text_len - 1);
    out->text = lg_arena_strndup(arena, note.data, text_len);
    out->signatures = lg_arena_strndup(arena, lines->data, lines->len);
    return lines->len > 0;
}

/* One signature line taken apart; false if malformed. */
static bool read_line(lg_arena *arena, lg_bytes line, const char **name, lg_bytes *signature)
{
    if (!lg_prefix_take(&line, LINE_START) || line.len == 0)
        return false;
    const uint8_t *blank = memchr(line.data, ' ', line.len);
    if (!blank)
        return false;
    size_t name_len = (size_t)(blank - line.data);
    *name = lg_arena_strndup(arena, line.data, name_len);
    return lg_key_name_is_valid(*name) &&
           lg_base64_decode(arena, lg_bytes_of(blank + 1, line.len - name_len - 1), signature) &&
           signature->len > KEY_ID_LEN;
}

static bool verify_cosignature(lg_arena *arena, const char *text, const lg_verifier *verifier, lg_bytes bytes,
                               int64_t *time)
{
    lg_signature signature;
    uint64_t seconds = 0;
    if (bytes.len != TIME_LEN + LG_SIGNATURE_LEN)
        return false;
    for (unsigned i = 0; i < TIME_LEN; i++)
        seconds = seconds << 8 | bytes.data[i];
    if (seconds > INT64_MAX)
        return false;
    memcpy(signature.b, bytes.data + TIME_LEN, LG_SIGNATURE_LEN);
    *time = (int64_t)seconds;
    return lg_verify(&verifier->key, cosigned_message(arena, text, *time), &signature);
}

static bool verify_signature(const char *text, const lg_verifier *verifier, lg_bytes bytes)
{
    lg_signature signature;
    if (bytes.len != LG_SIGNATURE_LEN)
        return false;
    memcpy(signature.b, bytes.data, LG_SIGNATURE_LEN);
    return lg_verify(&verifier->key, lg_bytes_str(text), &signature);
}

/* Verifies one line against the verifier it names; false if it is that key's and does not verify. */
static bool check_line(lg_arena *arena, const lg_verifier *verifiers, size_t count, const char *name,
                       lg_bytes bytes, lg_note *out)
{
    lg_bytes signature = lg_bytes_of(bytes.data + KEY_ID_LEN, bytes.len - KEY_ID_LEN);
    for (size_t i = 0; i < count; i++) {
        const lg_verifier *verifier = &verifiers[i];
        int64_t time = 0;
        if (memcmp(verifier->key_id, bytes.data, KEY_ID_LEN) != 0 || strcmp(verifier->name, name) != 0)
            continue;
        bool good = verifier->type == LG_KEY_COSIGNATURE
                        ? verify_cosignature(arena, out->text, verifier, signature, &time)
                        : verify_signature(out->text, verifier, signature);
        if (!good)
            return false;
        out->verified[i] = true;
        if (time > out->cosigned_at[i]) /* a witness may have cosigned again, later */
            out->cosigned_at[i] = time;
    }
    return true;
}

lg_err lg_note_open(lg_arena *arena, lg_bytes note, const lg_verifier *verifiers, size_t verifier_count,
                    lg_note *out, lg_report *report)
{
    lg_note opened = {0};
    lg_bytes lines, line;
    bool any = false;
    if (verifier_count > VERIFIERS_MAX)
        return lg_fail(report, LG_INTERNAL, "More than %d verifiers.", (int)VERIFIERS_MAX);
    if (!split(arena, note, &opened, &lines))
        return lg_fail(report, LG_NOTE_INVALID, "This is not a signed note.");
    for (size_t count = 0; lg_line_take(&lines, &line); count++) {
        const char *name;
        lg_bytes bytes;
        if (count == LG_NOTE_SIGNATURES_MAX)
            return lg_fail(report, LG_NOTE_INVALID, "The note has more than %d signatures.",
                           LG_NOTE_SIGNATURES_MAX);
        if (!read_line(arena, line, &name, &bytes))
            return lg_fail(report, LG_NOTE_INVALID, "Signature line %zu of the note is malformed.",
                           count + 1);
        if (!check_line(arena, verifiers, verifier_count, name, bytes, &opened))
            return lg_fail(report, LG_NOTE_INVALID, "The signature of %s does not verify.", name);
    }
    for (size_t i = 0; i < verifier_count; i++)
        any |= opened.verified[i];
    if (!any)
        return lg_fail(report, LG_NOTE_INVALID, "None of the expected keys signed the note.");
    *out = opened;
    return LG_OK;
}
