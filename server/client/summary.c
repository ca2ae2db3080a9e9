/* One sentence per thing: what a person needs to know next. */
#include "server/client/describe.h"

#include <string.h>

/* What a sentence is written from and into. */
typedef struct summary {
    client *c;
    const json_t *thing;
    lg_buf line;
} summary;

static const char *field(const summary *s, const char *name)
{
    return client_or_dash(client_field(s->c->arena, s->thing, name));
}

static bool has(const summary *s, const char *name)
{
    return client_field(s->c->arena, s->thing, name) != NULL;
}

static const char *name_at(const summary *s, const char *member)
{
    return client_or_dash(client_participant_name(s->c, client_field(s->c->arena, s->thing, member)));
}

static const char *rate_at(const summary *s, const char *member)
{
    const json_t *value = json_object_get(s->thing, member);
    return json_is_integer(value) ? client_percent(s->c->arena, json_integer_value(value)) : "–";
}

static size_t count_at(const summary *s, const char *member)
{
    return json_array_size(json_object_get(s->thing, member));
}

/* "1200.00 CNY" */
static const char *money(const summary *s, const char *member)
{
    return lg_arena_printf(s->c->arena, "%s %s", field(s, member), field(s, "currency"));
}

/* "sale without recourse" */
static const char *terms(const summary *s)
{
    const json_t *recourse = json_object_get(s->thing, "recourse");
    return lg_arena_printf(s->c->arena, "%s%s", has(s, "kind") ? field(s, "kind") : "sale or pledge",
                           json_is_true(recourse)    ? " with recourse"
                           : json_is_false(recourse) ? " without recourse"
                                                     : "");
}

/* ", prefix value" if the member is set. */
static void also(summary *s, const char *prefix, const char *member)
{
    if (has(s, member))
        lg_buf_printf(&s->line, ", %s %s", prefix, field(s, member));
}

static void receivable_tell(summary *s)
{
    lg_buf_printf(&s->line, "invoice %s, %s, due %s", field(s, "invoice.number"), money(s, "amount"),
                  field(s, "due_date"));
    also(s, "reason", "reason");
    if (client_is_being_verified(s->c->arena, s->thing))
        also(s, "being verified until", "review.verification.verify_by");
    also(s, "external verifier:", "review.verification.answer");
    also(s, "hindered by", "review.verification.hindered_by");
}

/* Amounts may be hidden from a reader with a grant of other fields. */
static void claim_tell(summary *s)
{
    const char *encumbrance = client_field(s->c->arena, s->thing, "encumbrance");
    const json_t *locks = json_object_get(s->thing, "locks"), *lock;
    size_t i;
    lg_buf_printf(&s->line, "%s outstanding, due %s", money(s, "outstanding_amount"), field(s, "due_date"));
    if (has(s, "holder"))
        lg_buf_printf(&s->line, ", held by %s", name_at(s, "holder"));
    if (encumbrance && has(s, "offered_to"))
        lg_buf_printf(&s->line, ", offered to %s until %s", name_at(s, "offered_to"), field(s, "respond_by"));
    else if (encumbrance && strcmp(encumbrance, "free") != 0)
        lg_buf_printf(&s->line, ", %s%s%s", encumbrance, has(s, "lender") ? " to " : "",
                      has(s, "lender") ? name_at(s, "lender") : "");
    json_array_foreach(locks, i, lock) if (json_is_string(lock))
        lg_buf_printf(&s->line, ", %s", json_string_value(lock));
}

static void participant_tell(summary *s)
{
    lg_buf_str(&s->line, field(s, "name"));
    if (has(s, "rating.rating"))
        lg_buf_printf(&s->line, ", rated %s", field(s, "rating.rating"));
    if (json_is_true(json_object_get(s->thing, "stopped")))
        lg_buf_str(&s->line, ", on the stop list");
}

static void policy_tell(summary *s)
{
    lg_buf_printf(&s->line, "version %s", field(s, "version"));
}

static void token_tell(summary *s)
{
    lg_buf_printf(&s->line, "expires %s", field(s, "expires_at"));
    also(s, "revoked", "revoked_at");
}

static void grant_tell(summary *s)
{
    const json_t *fields = json_object_get(s->thing, "fields"), *name;
    size_t i;
    lg_buf_printf(&s->line, "%s may read", name_at(s, "participant"));
    json_array_foreach(fields, i, name) if (json_is_string(name))
        lg_buf_printf(&s->line, "%s %s", i ? "," : "", json_string_value(name));
    lg_buf_printf(&s->line, " of claim %s", field(s, "claim"));
    if (has(s, "valid_until"))
        lg_buf_printf(&s->line, " until %s", field(s, "valid_until"));
}

static void check_tell(summary *s)
{
    lg_buf_printf(&s->line, "the invoice is %s and %s (at %s)",
                  json_is_true(json_object_get(s->thing, "registered")) ? "registered" : "not registered",
                  json_is_true(json_object_get(s->thing, "financed")) ? "financed" : "not financed",
                  field(s, "checked_at"));
}

static void program_tell(summary *s)
{
    lg_buf_printf(&s->line, "%s, %s, advances %s at %s a year, limit %s", field(s, "name"), terms(s),
                  rate_at(s, "advance_rate_ppm"), rate_at(s, "annual_rate_ppm"), money(s, "total_limit"));
    also(s, "drawn", "drawn_amount");
    also(s, "until", "valid_until");
}

static void request_tell(summary *s)
{
    lg_buf_printf(&s->line, "%s, %zu claim%s, %s, until %s", terms(s), count_at(s, "claims"),
                  count_at(s, "claims") == 1 ? "" : "s", money(s, "total_amount"), field(s, "valid_until"));
}

static void offer_tell(summary *s)
{
    lg_buf_printf(&s->line, "%s by %s: advance %s, interest %s, fee %s, net %s, to accept until %s", terms(s),
                  name_at(s, "lender"), field(s, "advance_amount"), field(s, "interest_amount"),
                  field(s, "fee_amount"), money(s, "net_amount"), field(s, "valid_until"));
}

static void financing_tell(summary *s)
{
    const char *status = field(s, "status");
    lg_buf_printf(&s->line, "%s to %s, net %s", terms(s), name_at(s, "lender"), money(s, "net_amount"));
    if (strcmp(status, "instructed") == 0)
        lg_buf_printf(&s->line, "; pay %s %s to %s, reference %s, until %s", field(s, "instruction.amount"),
                      field(s, "instruction.currency"), field(s, "instruction.pay_to"),
                      field(s, "instruction.reference"), field(s, "instruction.disburse_by"));
    also(s, "paid at", "disbursed_at");
    also(s, "bank reference", "bank_reference");
    also(s, "registration number", "registration_number");
}

static void payment_tell(summary *s)
{
    static const char nothing[] = "0.";
    const char *excess = client_field(s->c->arena, s->thing, "excess_amount");
    lg_buf_printf(&s->line, "%s by %s on %s, bank reference %s", money(s, "amount"), name_at(s, "debtor"),
                  field(s, "paid_on"), field(s, "bank_reference"));
    if (excess && strspn(excess, nothing) < strlen(excess))
        lg_buf_printf(&s->line, ", %s more than was owed", excess);
}

static void proposal_tell(summary *s)
{
    const json_t *signers = json_object_get(s->thing, "signers"), *signer;
    const char *between = " ";
    size_t i;
    if (strcmp(field(s, "kind"), "credit_note") == 0)
        lg_buf_printf(&s->line, "credit note of %s on claim %s", money(s, "amount"), field(s, "claim"));
    else
        lg_buf_printf(&s->line, "%s claim %s", field(s, "kind"), field(s, "claim"));
    if (strcmp(field(s, "status"), "open") != 0)
        return;
    lg_buf_printf(&s->line, ", until %s; to be signed by", field(s, "expires_at"));
    json_array_foreach(signers, i, signer)
    {
        if (client_field(s->c->arena, signer, "signed_at"))
            continue;
        lg_buf_printf(
            &s->line, "%s%s", between,
            client_or_dash(client_participant_name(s->c, client_field(s->c->arena, signer, "participant"))));
        between = ", ";
    }
}

static void webhook_tell(summary *s)
{
    const json_t *events = json_object_get(s->thing, "events"), *event;
    size_t i;
    lg_buf_printf(&s->line, "%s,", field(s, "url"));
    if (json_array_size(events) == 0)
        lg_buf_str(&s->line, " all events");
    json_array_foreach(events, i, event) if (json_is_string(event))
        lg_buf_printf(&s->line, " %s", json_string_value(event));
}

static const struct {
    const char *kind;
    void (*tell)(summary *s);
} sentences[] = {
    {"receivable", receivable_tell}, {"claim", claim_tell},         {"participant", participant_tell},
    {"policy", policy_tell},         {"token", token_tell},         {"grant", grant_tell},
    {"check", check_tell},           {"program", program_tell},     {"request", request_tell},
    {"offer", offer_tell},           {"financing", financing_tell}, {"payment", payment_tell},
    {"proposal", proposal_tell},     {"webhook", webhook_tell},
};

bool client_summary_known(const char *kind)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (strcmp(sentences[i].kind, kind) == 0)
            return true;
    return false;
}

void client_print_summary(client *c, const char *kind, const json_t *thing)
{
    summary s = {.c = c, .thing = thing};
    const char *id = client_field(c->arena, thing, "id");
    const char *state = client_field(c->arena, thing, "life");
    if (!state)
        state = client_field(c->arena, thing, "status");
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (strcmp(sentences[i].kind, kind) == 0)
            sentences[i].tell(&s);
    client_style style = state ? client_style_of(state) : STYLE_PLAIN;
    printf("%s%s%s", client_style_on(c->colour, STYLE_BOLD), kind, client_style_off(c->colour));
    if (id)
        printf(" %s", client_clean(c->arena, id));
    if (state)
        printf(" %s%s%s", client_style_on(c->colour, style), client_clean(c->arena, state),
               client_style_off(c->colour));
    printf("%s%s\n", s.line.len ? ": " : "", s.line.len ? client_clean(c->arena, s.line.data) : "");
    lg_buf_clear(&s.line);
}
