#include "tests/bench/party.h"

#include "ledger/base/buf.h"
#include "ledger/base/calendar.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "tests/bench/bench.h"

#include <stdio.h>
#include <string.h>

enum { VALID_DAYS = 360 };

static const struct {
    const char *name, *role;
} kinds[PARTY_KINDS] = {
    [PARTY_SUPPLIER] = {"Supplier", "supplier"},
    [PARTY_CORE] = {"Core", "core_enterprise"},
    [PARTY_LENDER] = {"Lender", "lender"},
    [PARTY_CUSTODIAN] = {"Custodian", "supplier"},
};

/* A legal entity identifier with its check digits: ISO 17442, ISO 7064 mod 97-10. Of digits only, so each
 * counts as itself. */
static void make_lei(char out[21], uint64_t serial)
{
    unsigned remainder = 0;
    snprintf(out, 21, "5493%014llu00", (unsigned long long)(serial % 100000000000000));
    for (const char *c = out; *c; c++)
        remainder = (remainder * 10 + (unsigned)(*c - '0')) % 97;
    snprintf(out + 18, 3, "%02u", 98 - remainder);
}

void party_make_token(world_party *party, uint64_t seed, uint64_t number)
{
    uint8_t bytes[32];
    bench_seeded(seed, "token", number, bytes);
    memcpy(party->token, "ts_", 3);
    lg_base64url_write(party->token + 3, bytes, sizeof bytes);
}

void party_make(world_party *party, party_kind kind, uint64_t seed, size_t nth, unsigned number)
{
    uint8_t bytes[32];
    *party = (world_party){.kind = kind, .number = number};
    if (kind != PARTY_CUSTODIAN) {
        bench_seeded(seed, kinds[kind].name, nth, bytes);
        party->key = lg_signing_key_from_seed(bytes);
    }
    party_make_token(party, seed, number);
    make_lei(party->lei, number);
    snprintf(party->name, sizeof party->name, "%s %zu Ltd", kinds[kind].name, nth + 1);
}

static world_act act(lg_arena *arena, const world_party *by, const char *path, lg_buf *payload)
{
    world_act made = {.by = by, .path = path, .payload = lg_arena_copy(arena, lg_buf_bytes(payload))};
    lg_buf_clear(payload);
    return made;
}

world_act party_introduce(lg_arena *arena, const world_party *operator, const world_party * party)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_str(&buf, "name", party->name);
    lg_json_key(&buf, "roles");
    lg_json_list(&buf);
    lg_json_str(&buf, kinds[party->kind].role);
    lg_json_end(&buf);
    lg_json_key(&buf, "identifiers");
    lg_json_open(&buf);
    lg_json_put_str(&buf, "lei", party->lei);
    lg_json_close(&buf);
    if (party->key) {
        lg_public_key public_key = lg_signing_key_public(party->key);
        lg_json_put_str(&buf, "public_key",
                        lg_base64url_encode(arena, lg_bytes_of(public_key.b, sizeof public_key.b)));
    } else {
        lg_json_put_bool(&buf, "custody", true);
    }
    lg_json_close(&buf);
    return act(arena, operator, "/v1/participants", &buf);
}

world_act party_give_token(lg_arena *arena, const world_party *operator, const world_party * party)
{
    lg_hash hash = lg_sha256(lg_bytes_str(party->token));
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_str(&buf, "participant", party->id);
    lg_json_put_str(&buf, "token_sha256", lg_hex_encode(arena, lg_bytes_of(hash.b, sizeof hash.b)));
    lg_json_put_raw(&buf, "scopes", "[\"read\",\"submit\",\"admin\"]");
    lg_json_put_str(&buf, "expires_at", lg_time_format(lg_now() + VALID_DAYS * LG_TIME_PER_DAY).s);
    lg_json_close(&buf);
    return act(arena, operator, "/v1/tokens", &buf);
}

world_act party_open_program(lg_arena *arena, const world_party *lender)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_str(&buf, "name", lender->name);
    lg_json_put_str(&buf, "kind", "sale");
    lg_json_put_bool(&buf, "recourse", false);
    lg_json_put_str(&buf, "currency", "CNY");
    lg_json_put_raw(&buf, "debtors", "[]");
    lg_json_put_int(&buf, "tenor_max_days", 365);
    lg_json_put_str(&buf, "amount_min", "1.00");
    lg_json_put_str(&buf, "amount_max", "1000000000.00");
    lg_json_put_int(&buf, "advance_rate_ppm", 900000);
    lg_json_put_int(&buf, "annual_rate_ppm", 45000 + (int64_t)lender->number % 64);
    lg_json_put_int(&buf, "day_count", 360);
    lg_json_put_str(&buf, "total_limit", "90000000000000.00");
    lg_json_put_str(&buf, "valid_until", lg_time_format(lg_now() + VALID_DAYS * LG_TIME_PER_DAY).s);
    lg_json_close(&buf);
    return act(arena, lender, "/v1/programs", &buf);
}
