#include "tests/bench/command.h"

#include <string.h>

/* ---- what is sent ---- */

static const world_party *holder_of(const world *w, const world_receivable *r)
{
    return &w->suppliers[r->holder];
}

/* The open object's text to `path`; the buffer is the text's owner and freed. */
static world_act post(lg_arena *arena, const world_party *by, const char *path, lg_buf *payload)
{
    world_act act = {.by = by, .path = path, .payload = lg_arena_copy(arena, lg_buf_bytes(payload))};
    lg_buf_clear(payload);
    return act;
}

static world_act post_empty(lg_arena *arena, const world_party *by, const char *things, const char *id,
                            const char *act)
{
    return (world_act){.by = by,
                       .path = lg_arena_printf(arena, "/v1/%s/%s/%s", things, id, act),
                       .payload = lg_bytes_str("{}")};
}

world_act command_register(world *w, lg_arena *arena, world_receivable *draft)
{
    world_terms terms = world_next_terms(w);
    return command_register_on(w, arena, draft, &w->suppliers[draft->supplier], &terms);
}

world_act command_register_on(world *w, lg_arena *arena, world_receivable *draft, const world_party *supplier,
                              const world_terms *terms)
{
    draft->amount_minor = terms->amount_minor;
    draft->due = terms->due;
    return (world_act){.by = supplier,
                       .path = "/v1/receivables",
                       .payload = world_invoice(w, arena, supplier, &w->cores[draft->core], terms)};
}

world_act command_confirm(world *w, lg_arena *arena, world_receivable *r)
{
    return post_empty(arena, &w->cores[r->core], "receivables", r->id, "confirm");
}

world_act command_decline(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    lg_buf_str(&payload, "{\"reason\":\"unrecognised\"}");
    return post(arena, &w->cores[r->core], lg_arena_printf(arena, "/v1/receivables/%s/reject", r->id),
                &payload);
}

/* In three: two thirds stay together. */
world_act command_split(world *w, lg_arena *arena, world_receivable *r)
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
    return post(arena, holder_of(w, r), lg_arena_printf(arena, "/v1/claims/%s/split", r->claim), &payload);
}

world_act command_transfer(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    lg_buf_printf(&payload, "{\"recipients\":[{\"participant\":\"%s\"}]}", w->suppliers[r->recipient].id);
    return post(arena, holder_of(w, r), lg_arena_printf(arena, "/v1/claims/%s/transfer", r->claim), &payload);
}

world_act command_transfer_part(world *w, lg_arena *arena, world_receivable *r, int64_t minor)
{
    lg_buf payload = {0};
    lg_buf_printf(&payload, "{\"recipients\":[{\"participant\":\"%s\",\"amount\":\"%s\"}]}",
                  w->suppliers[r->recipient].id, world_money(arena, minor));
    return post(arena, holder_of(w, r), lg_arena_printf(arena, "/v1/claims/%s/transfer", r->claim), &payload);
}

world_act command_take(world *w, lg_arena *arena, world_receivable *r)
{
    return post_empty(arena, &w->suppliers[r->recipient], "claims", r->claim, "accept_transfer");
}

world_act command_request(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    r->lender = (uint32_t)(w->requests++ % w->lenders_asked);
    lg_json_open(&payload);
    lg_json_put_raw(&payload, "claims", lg_arena_printf(arena, "[\"%s\"]", r->claim));
    lg_json_put_raw(&payload, "lenders", lg_arena_printf(arena, "[\"%s\"]", w->lenders[r->lender].id));
    lg_json_put_str(&payload, "pay_to", "CN 1020 0043 7700 1234 5678");
    lg_json_close(&payload);
    return post(arena, holder_of(w, r), "/v1/financing_requests", &payload);
}

world_act command_accept(world *w, lg_arena *arena, world_receivable *r)
{
    return post_empty(arena, holder_of(w, r), "offers", r->deal, "accept");
}

world_act command_disburse(world *w, lg_arena *arena, world_receivable *r)
{
    lg_buf payload = {0};
    lg_json_open(&payload);
    lg_json_put_str(&payload, "bank_reference",
                    lg_arena_printf(arena, "OUT-%010llu", (unsigned long long)w->serial++));
    lg_json_close(&payload);
    return post(arena, &w->lenders[r->lender], lg_arena_printf(arena, "/v1/financings/%s/disburse", r->deal),
                &payload);
}

world_act command_pay(world *w, lg_arena *arena, world_receivable *r)
{
    return command_pay_part(w, arena, r, r->amount_minor);
}

world_act command_pay_part(world *w, lg_arena *arena, world_receivable *r, int64_t minor)
{
    lg_buf payload = {0};
    lg_json_open(&payload);
    lg_json_put_str(&payload, "claim", r->claim);
    lg_json_put_str(&payload, "amount", world_money(arena, minor));
    lg_json_put_str(&payload, "bank_reference",
                    lg_arena_printf(arena, "PAY-%010llu", (unsigned long long)w->serial++));
    lg_json_close(&payload);
    return post(arena, &w->cores[r->core], "/v1/payments", &payload);
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
    r->holder = r->recipient;
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
