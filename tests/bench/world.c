#include "tests/bench/world.h"

#include "ledger/crypto/encoding.h"
#include "ledger/registry/jws.h"

#include <stdlib.h>
#include <string.h>

enum {
    DAYS_TO_DUE = 90,
    FIRST_AMOUNT_MINOR = 1000000, /* what is above comes from the serial */
    NUMBERS_PER_ENTRY = 8,        /* more than any command takes */
    ASK_LIMIT_S = 120,
};

/* ---- commands ---- */

/* As clients make them: the time, and 128 bits that nobody guesses (here: of the seed). */
static const char *next_jti(world *w, lg_arena *arena)
{
    enum { TIME = 8, RANDOM = 16 };
    uint8_t bytes[TIME + 32];
    memcpy(bytes, lg_uuid_new().b, TIME);
    bench_seeded(w->seed, "jti", w->serial++, bytes + TIME);
    return lg_base64url_encode(arena, lg_bytes_of(bytes, TIME + RANDOM));
}

const char *world_sign(world *w, lg_arena *arena, const world_act *act)
{
    const lg_jws_header header = {
        .aud = w->origin,
        .url = act->path,
        .jti = next_jti(w, arena),
        .iat = lg_now() / LG_TIME_PER_SECOND,
    };
    return lg_jws_compose(arena, act->by->key, &header, act->payload);
}

static lg_bytes plain_command(world *w, lg_arena *arena, const world_act *act)
{
    return lg_bytes_str(lg_arena_printf(
        arena,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%.*s",
        act->path, w->port, act->by->token, next_jti(w, arena), act->payload.len, (int)act->payload.len,
        (const char *)act->payload.data));
}

lg_bytes world_command(world *w, lg_arena *arena, world_act act)
{
    if (!act.by->key)
        return plain_command(w, arena, &act);
    const char *jws = world_sign(w, arena, &act);
    return lg_bytes_str(
        lg_arena_printf(arena,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: application/jose+json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        act.path, w->port, strlen(jws), jws));
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

typedef struct question {
    lg_bytes request;
    void *context;
    bool (*accept)(void *context, size_t index, const load_answer *answer);
} question;

static lg_bytes request_given(void *context, size_t index, lg_buf *scratch)
{
    const question *q = context;
    (void)index;
    (void)scratch;
    return q->request;
}

static bool accept_given(void *context, size_t index, const load_answer *answer)
{
    const question *q = context;
    return q->accept(q->context, index, answer);
}

void world_ask(world *w, const char *label, lg_bytes request, void *context,
               bool (*accept)(void *context, size_t index, const load_answer *answer))
{
    question q = {.request = request, .context = context, .accept = accept};
    const load_work work = {
        .label = label, .count = 1, .context = &q, .request = request_given, .accept = accept_given};
    load *l = load_open(w->port, 1);
    load_result result = load_run(l, ASK_LIMIT_S, &work);
    load_close(l);
    if (result.done != 1)
        bench_fail("%s: not answered within %d s", label, ASK_LIMIT_S);
    free(result.latency_ns);
}

/* ---- what is registered ---- */

void world_number_behind(world *w, int64_t entries)
{
    uint64_t first = (uint64_t)entries * NUMBERS_PER_ENTRY;
    w->serial = w->serial < first ? first : w->serial;
}

const char *world_money(lg_arena *arena, int64_t minor)
{
    return lg_arena_printf(arena, "%lld.%02lld", (long long)(minor / 100), (long long)(minor % 100));
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

/* Nine of ten amounts: the tenth, those that end in 0, are the generator's, and two invoices of one amount
 * between the same parties would be held as alike. */
world_terms world_next_terms(world *w)
{
    lg_day today = lg_day_of(lg_now());
    int64_t serial = (int64_t)w->serial++;
    return (world_terms){.amount_minor = FIRST_AMOUNT_MINOR + serial / 9 * 10 + serial % 9 + 1,
                         .issued = today,
                         .due = today + DAYS_TO_DUE};
}

lg_bytes world_invoice(world *w, lg_arena *arena, const world_party *supplier, const world_party *core,
                       const world_terms *terms)
{
    lg_buf buf = {0};
    uint64_t serial = w->serial++;
    lg_json_open(&buf);
    lg_json_key(&buf, "invoice");
    lg_json_open(&buf);
    lg_json_put_str(&buf, "number", lg_arena_printf(arena, "INV-%010llu", (unsigned long long)serial));
    lg_json_put_str(&buf, "issue_date", lg_day_format(terms->issued).s);
    lg_json_put_str(&buf, "due_date", lg_day_format(terms->due).s);
    lg_json_put_str(&buf, "currency", "CNY");
    lg_json_put_str(&buf, "gross_amount", world_money(arena, terms->amount_minor));
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

world_receivable *world_room(world *w)
{
    if (w->receivable_count == w->receivable_cap) {
        w->receivable_cap = w->receivable_cap ? 2 * w->receivable_cap : 1024;
        w->receivables = reallocarray(w->receivables, w->receivable_cap, sizeof *w->receivables);
        if (!w->receivables)
            bench_fail("out of memory");
    }
    return &w->receivables[w->receivable_count];
}

void world_add_receivable(world *w, const char *id, const world_receivable *like)
{
    world_receivable *row = world_room(w);
    *row = *like;
    row->stage = STAGE_REGISTERED;
    row->holder = row->supplier;
    row->recipient = (uint32_t)((row->supplier + 1) % w->supplier_count);
    memcpy(row->id, id, sizeof row->id - 1);
    w->registered[row->supplier]++;
    w->receivable_count++;
}

size_t world_readable(const world *w)
{
    return w->kept ? w->kept : w->receivable_count;
}

size_t world_count(const world *w, world_stage stage)
{
    size_t count = 0;
    for (size_t i = 0; i < w->receivable_count; i++)
        count += w->receivables[i].stage == stage;
    return count;
}
