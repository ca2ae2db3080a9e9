#include "tests/bench/world.h"

#include "ledger/base/calendar.h"
#include "ledger/crypto/encoding.h"
#include "ledger/crypto/hash.h"
#include "ledger/registry/jws.h"

#include <stdlib.h>
#include <string.h>

enum {
    SETUP_CONNECTIONS = 16,
    SETUP_LIMIT_S = 120,
    DAYS_TO_DUE = 90,
    FIRST_AMOUNT_MINOR = 1000000, /* what is above comes from the serial */
};

const char *world_sign(world *w, lg_arena *arena, const lg_signing_key *key, const char *path,
                       lg_bytes payload)
{
    uint8_t random[32];
    bench_seeded(w->seed, "jti", w->serial++, random);
    const lg_jws_header header = {
        .aud = w->origin,
        .url = path,
        .jti = lg_base64url_encode(arena, lg_bytes_of(random, 16)),
        .iat = lg_now() / LG_TIME_PER_SECOND,
    };
    return lg_jws_compose(arena, key, &header, payload);
}

lg_bytes world_command(world *w, lg_arena *arena, const lg_signing_key *key, const char *path,
                       lg_bytes payload)
{
    const char *jws = world_sign(w, arena, key, path, payload);
    return lg_bytes_str(
        lg_arena_printf(arena,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/jose+json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        path, w->port, strlen(jws), jws));
}

lg_bytes world_get(const world *w, lg_buf *scratch, const char *token, const char *path)
{
    lg_buf_reset(scratch);
    lg_buf_printf(scratch, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", path, w->port);
    if (token)
        lg_buf_printf(scratch, "Authorization: Bearer %s\r\n", token);
    lg_buf_str(scratch, "\r\n");
    return lg_buf_bytes(scratch);
}

const char *world_money(lg_arena *arena, int64_t minor)
{
    return lg_arena_printf(arena, "%lld.%02lld", (long long)(minor / 100), (long long)(minor % 100));
}

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

static void put_side(lg_buf *buf, const char *side, const world_party *party)
{
    lg_json_key(buf, side);
    lg_json_open(buf);
    lg_json_put_str(buf, "name", party->name);
    lg_json_key(buf, "identifiers");
    lg_json_open(buf);
    lg_json_put_str(buf, "lei", party->lei);
    lg_json_close(buf);
    lg_json_close(buf);
}

static void put_document(lg_buf *buf, lg_arena *arena, const world *w, const char *kind, uint64_t serial)
{
    uint8_t digest[32];
    bench_seeded(w->seed, kind, serial, digest);
    lg_json_open(buf);
    lg_json_put_str(buf, "kind", kind);
    lg_json_put_str(buf, "sha256", lg_hex_encode(arena, lg_bytes_of(digest, sizeof digest)));
    lg_json_close(buf);
}

lg_bytes world_invoice(world *w, lg_arena *arena, const world_party *supplier, const world_party *core,
                       int64_t *amount_minor)
{
    lg_buf buf = {0};
    uint64_t serial = w->serial++;
    *amount_minor = FIRST_AMOUNT_MINOR + (int64_t)serial;
    lg_day today = lg_day_of(lg_now());
    lg_json_open(&buf);
    lg_json_key(&buf, "invoice");
    lg_json_open(&buf);
    lg_json_put_str(&buf, "number", lg_arena_printf(arena, "INV-%010llu", (unsigned long long)serial));
    lg_json_put_str(&buf, "issue_date", lg_day_format(today).s);
    lg_json_put_str(&buf, "due_date", lg_day_format(today + DAYS_TO_DUE).s);
    lg_json_put_str(&buf, "currency", "CNY");
    lg_json_put_str(&buf, "gross_amount", world_money(arena, *amount_minor));
    put_side(&buf, "seller", supplier);
    put_side(&buf, "buyer", core);
    lg_json_put_str(&buf, "order_reference", lg_arena_printf(arena, "PO-%llu", (unsigned long long)serial));
    lg_json_close(&buf);
    lg_json_key(&buf, "documents");
    lg_json_list(&buf);
    put_document(&buf, arena, w, "contract", serial);
    put_document(&buf, arena, w, "delivery_note", serial);
    lg_json_end(&buf);
    lg_json_close(&buf);
    lg_bytes payload = lg_arena_copy(arena, lg_buf_bytes(&buf));
    lg_buf_clear(&buf);
    return payload;
}

void world_add_receivable(world *w, const char *id, const world_receivable *like)
{
    if (w->receivable_count == w->receivable_cap) {
        w->receivable_cap = w->receivable_cap ? 2 * w->receivable_cap : 1024;
        w->receivables = reallocarray(w->receivables, w->receivable_cap, sizeof *w->receivables);
        if (!w->receivables)
            bench_fail("out of memory");
    }
    world_receivable *row = &w->receivables[w->receivable_count++];
    *row = *like;
    row->stage = STAGE_REGISTERED;
    memcpy(row->id, id, sizeof row->id - 1);
}

size_t world_count(const world *w, world_stage stage)
{
    size_t count = 0;
    for (size_t i = 0; i < w->receivable_count; i++)
        count += w->receivables[i].stage == stage;
    return count;
}

/* ---- setting up ---- */

typedef struct setup {
    world *w;
    lg_arena *arena;
    lg_bytes request; /* of world_ask */
    void *context;
    bool (*accept)(void *context, size_t index, const load_answer *answer);
} setup;

static size_t party_count(const world *w)
{
    return w->supplier_count + w->core_count + w->lender_count;
}

static world_party *party_at(world *w, size_t index)
{
    if (index < w->supplier_count)
        return &w->suppliers[index];
    index -= w->supplier_count;
    return index < w->core_count ? &w->cores[index] : &w->lenders[index - w->core_count];
}

static const char *role_at(const world *w, size_t index)
{
    if (index < w->supplier_count)
        return "supplier";
    return index < w->supplier_count + w->core_count ? "core_enterprise" : "lender";
}

static lg_bytes request_participant(void *context, size_t index, lg_buf *scratch)
{
    setup *s = context;
    const world_party *party = party_at(s->w, index);
    lg_public_key public_key = lg_signing_key_public(party->key);
    lg_buf_reset(scratch);
    lg_json_open(scratch);
    lg_json_put_str(scratch, "name", party->name);
    lg_json_key(scratch, "roles");
    lg_json_list(scratch);
    lg_json_str(scratch, role_at(s->w, index));
    lg_json_end(scratch);
    lg_json_key(scratch, "identifiers");
    lg_json_open(scratch);
    lg_json_put_str(scratch, "lei", party->lei);
    lg_json_close(scratch);
    lg_json_put_str(scratch, "public_key",
                    lg_base64url_encode(s->arena, lg_bytes_of(public_key.b, sizeof public_key.b)));
    lg_json_close(scratch);
    return world_command(s->w, s->arena, s->w->operator_key, "/v1/participants", lg_buf_bytes(scratch));
}

static bool accept_participant(void *context, size_t index, const load_answer *answer)
{
    setup *s = context;
    return answer->status == 201 &&
           answer_id(answer, "{\"participant\":{\"id\":\"", party_at(s->w, index)->id);
}

static lg_bytes request_token(void *context, size_t index, lg_buf *scratch)
{
    setup *s = context;
    const world_party *party = party_at(s->w, index);
    lg_hash hash = lg_sha256(lg_bytes_str(party->token));
    lg_buf_reset(scratch);
    lg_json_open(scratch);
    lg_json_put_str(scratch, "participant", party->id);
    lg_json_put_str(scratch, "token_sha256", lg_hex_encode(s->arena, lg_bytes_of(hash.b, sizeof hash.b)));
    lg_json_put_raw(scratch, "scopes", "[\"read\",\"admin\"]");
    lg_json_put_str(scratch, "expires_at", lg_time_format(lg_now() + LG_TIME_PER_DAY).s);
    lg_json_close(scratch);
    return world_command(s->w, s->arena, s->w->operator_key, "/v1/tokens", lg_buf_bytes(scratch));
}

static bool accept_created(void *context, size_t index, const load_answer *answer)
{
    (void)context;
    (void)index;
    return answer->status == 201;
}

/* Fits every claim there will be, and buys it without recourse. */
static lg_bytes request_program(void *context, size_t index, lg_buf *scratch)
{
    setup *s = context;
    const world_party *lender = &s->w->lenders[index];
    lg_buf_reset(scratch);
    lg_json_open(scratch);
    lg_json_put_str(scratch, "name", lender->name);
    lg_json_put_str(scratch, "kind", "sale");
    lg_json_put_bool(scratch, "recourse", false);
    lg_json_put_str(scratch, "currency", "CNY");
    lg_json_put_raw(scratch, "debtors", "[]");
    lg_json_put_int(scratch, "tenor_max_days", 365);
    lg_json_put_str(scratch, "amount_min", "1.00");
    lg_json_put_str(scratch, "amount_max", "1000000000.00");
    lg_json_put_int(scratch, "advance_rate_ppm", 900000);
    lg_json_put_int(scratch, "annual_rate_ppm", 45000 + (int64_t)index);
    lg_json_put_int(scratch, "day_count", 360);
    lg_json_put_str(scratch, "total_limit", "90000000000000.00");
    lg_json_put_str(scratch, "valid_until", lg_time_format(lg_now() + 30 * LG_TIME_PER_DAY).s);
    lg_json_close(scratch);
    return world_command(s->w, s->arena, lender->key, "/v1/programs", lg_buf_bytes(scratch));
}

static void make_parties(world *w, world_party *parties, size_t count, const char *kind,
                         uint64_t first_serial)
{
    uint8_t bytes[32];
    for (size_t i = 0; i < count; i++) {
        world_party *party = &parties[i];
        bench_seeded(w->seed, kind, i, bytes);
        party->key = lg_signing_key_from_seed(bytes);
        bench_seeded(w->seed, "token", first_serial + i, bytes);
        memcpy(party->token, "ts_", 3);
        lg_base64url_write(party->token + 3, bytes, sizeof bytes);
        make_lei(party->lei, first_serial + i);
        snprintf(party->name, sizeof party->name, "%s %zu Ltd", kind, i + 1);
    }
}

static void run_setup(setup *s, const char *label, size_t count,
                      lg_bytes (*request)(void *, size_t, lg_buf *),
                      bool (*accept)(void *, size_t, const load_answer *))
{
    const load_work work = {
        .label = label, .count = count, .context = s, .request = request, .accept = accept};
    load *l = load_open(s->w->port, count < SETUP_CONNECTIONS ? count : SETUP_CONNECTIONS);
    load_result result = load_run(l, SETUP_LIMIT_S, &work);
    load_close(l);
    if (result.done != work.count)
        bench_fail("%s: not finished within %d s", label, SETUP_LIMIT_S);
    free(result.latency_ns);
}

static lg_bytes request_given(void *context, size_t index, lg_buf *scratch)
{
    const setup *s = context;
    (void)index;
    (void)scratch;
    return s->request;
}

static bool accept_given(void *context, size_t index, const load_answer *answer)
{
    const setup *s = context;
    return s->accept(s->context, index, answer);
}

void world_ask(world *w, const char *label, lg_bytes request, void *context,
               bool (*accept)(void *context, size_t index, const load_answer *answer))
{
    setup s = {.w = w, .request = request, .context = context, .accept = accept};
    run_setup(&s, label, 1, request_given, accept_given);
}

static const char *read_origin(const char *dir)
{
    char path[4096], line[1024];
    snprintf(path, sizeof path, "%s/origin", dir);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file))
        bench_fail("cannot read %s", path);
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    char *origin = strdup(line);
    if (!origin)
        bench_fail("out of memory");
    return origin;
}

void world_open(world *w, const char *dir, uint16_t port, uint64_t seed, size_t suppliers, size_t cores,
                size_t lenders)
{
    char path[4096];
    setup s = {.w = w, .arena = lg_arena_open()};
    lg_report report;
    lg_report_init(&report, s.arena);
    *w = (world){.port = port,
                 .seed = seed,
                 .supplier_count = suppliers,
                 .core_count = cores,
                 .lender_count = lenders,
                 .lenders_asked = lenders};
    w->origin = read_origin(dir);
    w->suppliers = calloc(suppliers, sizeof *w->suppliers);
    w->cores = calloc(cores, sizeof *w->cores);
    w->lenders = calloc(lenders, sizeof *w->lenders);
    if (!w->suppliers || !w->cores || !w->lenders)
        bench_fail("out of memory");
    snprintf(path, sizeof path, "%s/keys/operator.jwk", dir);
    if (lg_key_file_read(path, &w->operator_key, &report) != LG_OK)
        bench_fail("%s", report.detail);
    make_parties(w, w->suppliers, suppliers, "Supplier", 1);
    make_parties(w, w->cores, cores, "Core", 1 + suppliers);
    make_parties(w, w->lenders, lenders, "Lender", 1 + suppliers + cores);
    run_setup(&s, "participants", party_count(w), request_participant, accept_participant);
    run_setup(&s, "tokens", party_count(w), request_token, accept_created);
    run_setup(&s, "programs", lenders, request_program, accept_created);
    lg_arena_close(s.arena);
}

void world_close(world *w)
{
    for (size_t i = 0; i < party_count(w); i++)
        lg_signing_key_close(party_at(w, i)->key);
    lg_signing_key_close(w->operator_key);
    free(w->suppliers);
    free(w->cores);
    free(w->lenders);
    free(w->receivables);
    free((void *)(uintptr_t)w->origin);
}
