#include "tests/bench/command.h"

#include <string.h>

/* ---- what is sent ---- */

static const lg_signing_key *supplier_key(const world *w, size_t index)
{
    return w->suppliers[index % w->supplier_count].key;
}

/* Posts the open object's text to /v1/<things>/<id>/<act>; the buffer is the text's owner and freed. */
static lg_bytes post(world *w, lg_arena *arena, const lg_signing_key *key, const char *path, lg_buf *payload)
{
    lg_bytes request = world_command(w, arena, key, path, lg_buf_bytes(payload));
    lg_buf_clear(payload);
    return request;
}

static lg_bytes post_empty(world *w, lg_arena *arena, const lg_signing_key *key, const char *things,
                           const char *id, const char *act)
{
    return world_command(w, arena, key, lg_arena_printf(arena, "/v1/%s/%s/%s", things, id, act),
                         lg_bytes_str("{}"));
}

lg_bytes command_register(world *w, lg_arena *arena, world_receivable *draft)
{
    const world_party *supplier = &w->suppliers[draft->supplier];
    lg_bytes invoice = world_invoice(w, arena, supplier, &w->cores[draft->core], &draft->amount_minor);
    return world_command(w, arena, supplier->key, "/v1/receivables", invoice);
}

lg_bytes command_confirm(world *w, lg_arena *arena, world_receivable *r)
{
    return post_empty(w, arena, w->cores[r->core].key, "receivables", r->id, "confirm");
}

/* In three: two thirds stay together. */
lg_bytes command_split(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    int64_t third = r->amount_minor / 3, parts[2] = {third, r->amount_minor - third};
    lg_json_open(&payload);
    lg_json_key(&payload, "parts");
    lg_json_list(&payload);
    for (size_t i = 0; i < 2; i++) {
        lg_json_open(&payload);
        lg_json_put_str(&payload, "amount", world_money(arena, parts[i]));
        lg_json_close(&payload);
    }
    lg_json_end(&payload);
    lg_json_close(&payload);
    return post(w, arena, supplier_key(w, r->supplier),
                lg_arena_printf(arena, "/v1/claims/%s/split", r->claim), &payload);
}

lg_bytes command_transfer(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    lg_buf_printf(&payload, "{\"recipients\":[{\"participant\":\"%s\"}]}",
                  w->suppliers[(r->supplier + 1) % w->supplier_count].id);
    return post(w, arena, supplier_key(w, r->supplier),
                lg_arena_printf(arena, "/v1/claims/%s/transfer", r->claim), &payload);
}

lg_bytes command_take(world *w, lg_arena *arena, world_receivable *r)
{
    return post_empty(w, arena, supplier_key(w, r->supplier + 1), "claims", r->claim, "accept_transfer");
}

lg_bytes command_request(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    r->lender = (uint32_t)(w->serial % w->lenders_asked);
    lg_json_open(&payload);
    lg_json_put_raw(&payload, "claims", lg_arena_printf(arena, "[\"%s\"]", r->claim));
    lg_json_put_raw(&payload, "lenders", lg_arena_printf(arena, "[\"%s\"]", w->lenders[r->lender].id));
    lg_json_put_str(&payload, "pay_to", "CN 1020 0043 7700 1234 5678");
    lg_json_close(&payload);
    return post(w, arena, supplier_key(w, r->supplier), "/v1/financing_requests", &payload);
}

lg_bytes command_accept(world *w, lg_arena *arena, world_receivable *r)
{
    return post_empty(w, arena, supplier_key(w, r->supplier), "offers", r->deal, "accept");
}

lg_bytes command_disburse(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    lg_json_open(&payload);
    lg_json_put_str(&payload, "bank_reference",
                    lg_arena_printf(arena, "OUT-%010llu", (unsigned long long)w->serial++));
    lg_json_close(&payload);
    return post(w, arena, w->lenders[r->lender].key,
                lg_arena_printf(arena, "/v1/financings/%s/disburse", r->deal), &payload);
}

lg_bytes command_pay(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    lg_json_open(&payload);
    lg_json_put_str(&payload, "claim", r->claim);
    lg_json_put_str(&payload, "amount", world_money(arena, r->amount_minor));
    lg_json_put_str(&payload, "bank_reference",
                    lg_arena_printf(arena, "PAY-%010llu", (unsigned long long)w->serial++));
    lg_json_close(&payload);
    return post(w, arena, w->cores[r->core].key, "/v1/payments", &payload);
}

/* ---- what comes back ---- */

bool answered_register(const load_answer *answer, char id[37])
{
    return answer->status == 201 && answer_has(answer, "\"life\":\"registered\"") &&
           answer_id(answer, "{\"receivable\":{\"id\":\"", id);
}

bool answered_confirm(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_CONFIRMED;
    return answer->status == 200 && answer_has(answer, r->id) &&
           answer_has(answer, "\"life\":\"confirmed\"") &&
           answer_id(answer, "\"claim\":{\"id\":\"", r->claim);
}

bool answered_split(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_SPLIT;
    return answer->status == 201 && answer_has(answer, r->claim) &&
           answer_has(answer, "\"life\":\"split\"") && answer_has(answer, "\"claims\":[{");
}

bool answered_transfer(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_OFFERED;
    return answer->status == 201 && answer_has(answer, r->claim) &&
           answer_has(answer, "\"encumbrance\":\"offered\"");
}

bool answered_take(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_TRANSFERRED;
    return answer->status == 200 && answer_has(answer, r->claim) && answer_has(answer, "\"hop\":1") &&
           answer_has(answer, "\"encumbrance\":\"free\"");
}

bool answered_request(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_REQUESTED;
    return answer->status == 201 && answer_has(answer, r->claim) &&
           answer_id(answer, "\"offers\":[{\"id\":\"", r->deal);
}

bool answered_accept(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_ACCEPTED;
    return answer->status == 201 && answer_has(answer, r->claim) && answer_has(answer, r->deal) &&
           answer_has(answer, "\"status\":\"instructed\"") &&
           answer_id(answer, "\"financing\":{\"id\":\"", r->deal);
}

bool answered_disburse(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_DISBURSED;
    return answer->status == 200 && answer_has(answer, r->deal) &&
           answer_has(answer, "\"status\":\"disbursed\"");
}

bool answered_pay(const load_answer *answer, world_receivable *r)
{
    r->stage = STAGE_PAID;
    return answer->status == 201 && answer_has(answer, r->claim) &&
           answer_has(answer, "\"status\":\"recorded\"");
}
