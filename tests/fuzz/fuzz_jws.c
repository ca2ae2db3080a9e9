/* A signed command as anyone may send it. */
#include "ledger/registry/jws.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_parsed(const lg_jws *jws, lg_bytes bytes)
{
    FUZZ_HOLDS(jws->bytes.data == bytes.data && jws->bytes.len == bytes.len);
    FUZZ_HOLDS(jws->signature_count >= 1 && jws->signature_count <= LG_JWS_SIGNATURES_MAX);
    for (size_t i = 0; i < jws->signature_count; i++) {
        const lg_jws_signature *signature = &jws->signatures[i];
        FUZZ_HOLDS(signature->alg && signature->kid && signature->aud && signature->url);
        FUZZ_HOLDS(signature->jti && lg_jti_is_valid(signature->jti));
        FUZZ_HOLDS(memchr(signature->signing_input.data, '.', signature->signing_input.len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    lg_arena *arena = fuzz_arena();
    lg_bytes bytes = lg_bytes_of(data, len);
    lg_report report;
    lg_jws jws;
    lg_report_init(&report, arena);
    lg_err err = lg_jws_parse(arena, bytes, &jws, &report);
    if (err) {
        fuzz_refusal_is_sound(&report, err);
        return 0;
    }
    check_parsed(&jws, bytes);
    err = lg_jws_check(&jws, "ledger.example.com/scf-1", "/v1/receivables", &report);
    if (err)
        fuzz_refusal_is_sound(&report, err);
    return 0;
}
