/* One sentence per thing: what a person needs to know next. */
#include "server/client/describe.h"

#include <string.h>

/* What a sentence is written from and into. */
typedef struct summary {
    client *c;
    const json_t *thing;
    lg_buf line;
} summary;

/* Appends a piece of the sentence, in the reader's language. */
static void phrase(summary *s, const char *fmt, ...) LG_PRINTF(2, 3);
static void phrase(summary *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lg_buf_str(&s->line, lg_arena_vprintf(s->c->arena, client_text(s->c, fmt), args));
    va_end(args);
}

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
    const char *kind = client_field(s->c->arena, s->thing, "kind");
    const json_t *recourse = json_object_get(s->thing, "recourse");
    const bool sale = kind && strcmp(kind, "sale") == 0;
    if (json_is_true(recourse))
        return !kind  ? client_word(s->c, "terms", "sale or pledge with recourse")
               : sale ? client_word(s->c, "terms", "sale with recourse")
                      : client_word(s->c, "terms", "pledge with recourse");
    if (json_is_false(recourse))
        return !kind  ? client_word(s->c, "terms", "sale or pledge without recourse")
               : sale ? client_word(s->c, "terms", "sale without recourse")
                      : client_word(s->c, "terms", "pledge without recourse");
    return !kind  ? client_word(s->c, "terms", "sale or pledge")
           : sale ? client_word(s->c, "terms", "sale")
                  : client_word(s->c, "terms", "pledge");
}

/* A state's name. */
static const char *state_at(const summary *s, const char *member)
{
    const char *state = client_field(s->c->arena, s->thing, member);
    return state ? client_word(s->c, "state", state) : "–";
}

static void receivable_tell(summary *s)
{
    phrase(s, "invoice %s, %s, due %s", field(s, "invoice.number"), money(s, "amount"), field(s, "due_date"));
    if (has(s, "reason"))
        phrase(s, ", reason %s", field(s, "reason"));
    if (client_is_being_verified(s->c->arena, s->thing) && has(s, "review.verification.verify_by"))
        phrase(s, ", being verified until %s", field(s, "review.verification.verify_by"));
    if (has(s, "review.verification.answer"))
        phrase(s, ", external verifier: %s", field(s, "review.verification.answer"));
    if (has(s, "review.verification.hindered_by"))
        phrase(s, ", hindered by %s", field(s, "review.verification.hindered_by"));
}

/* Amounts may be hidden from a reader with a grant of other fields. */
static void claim_tell(summary *s)
{
    const char *encumbrance = client_field(s->c->arena, s->thing, "encumbrance");
    const json_t *locks = json_object_get(s->thing, "locks"), *lock;
    size_t i;
    phrase(s, "%s outstanding, due %s", money(s, "outstanding_amount"), field(s, "due_date"));
    if (has(s, "holder"))
        phrase(s, ", held by %s", name_at(s, "holder"));
    if (encumbrance && has(s, "offered_to"))
        phrase(s, ", offered to %s until %s", name_at(s, "offered_to"), field(s, "respond_by"));
    else if (encumbrance && strcmp(encumbrance, "free") != 0 && has(s, "lender"))
        phrase(s, ", %s to %s", state_at(s, "encumbrance"), name_at(s, "lender"));
    else if (encumbrance && strcmp(encumbrance, "free") != 0)
        phrase(s, ", %s", state_at(s, "encumbrance"));
    json_array_foreach(locks, i, lock) if (json_is_string(lock))
        phrase(s, ", %s", client_word(s->c, "state", json_string_value(lock)));
}

static void participant_tell(summary *s)
{
    lg_buf_str(&s->line, field(s, "name"));
    if (has(s, "rating.rating"))
        phrase(s, ", rated %s", field(s, "rating.rating"));
    if (json_is_true(json_object_get(s->thing, "stopped")))
        phrase(s, ", on the stop list");
}

static void policy_tell(summary *s)
{
    phrase(s, "version %s", field(s, "version"));
}

static void token_tell(summary *s)
{
    const char *currency;
    json_t *limit;
    phrase(s, "expires %s", field(s, "expires_at"));
    json_object_foreach(json_object_get(s->thing, "amount_limits"), currency, limit)
    {
        if (json_is_string(limit))
            phrase(s, ", at most %s %s", json_string_value(limit), currency);
    }
    if (has(s, "revoked_at"))
        phrase(s, ", revoked %s", field(s, "revoked_at"));
}

static void grant_tell(summary *s)
{
    const json_t *fields = json_object_get(s->thing, "fields"), *name;
    size_t i;
    lg_buf names = {0};
    json_array_foreach(fields, i, name) if (json_is_string(name))
        lg_buf_printf(&names, "%s%s", i ? ", " : "", json_string_value(name));
    phrase(s, "%s may read %s of claim %s", name_at(s, "participant"), names.len ? names.data : "–",
           field(s, "claim"));
    if (has(s, "valid_until"))
        phrase(s, ", until %s", field(s, "valid_until"));
    lg_buf_clear(&names);
}

static void check_tell(summary *s)
{
    const char *at = field(s, "checked_at");
    if (!json_is_true(json_object_get(s->thing, "registered")))
        phrase(s, "the invoice is not registered and not financed (at %s)", at);
    else if (json_is_true(json_object_get(s->thing, "financed")))
        phrase(s, "the invoice is registered and financed (at %s)", at);
    else
        phrase(s, "the invoice is registered and not financed (at %s)", at);
}

static void program_tell(summary *s)
{
    phrase(s, "%s, %s, advances %s at %s a year, limit %s", field(s, "name"), terms(s),
           rate_at(s, "advance_rate_ppm"), rate_at(s, "annual_rate_ppm"), money(s, "total_limit"));
    if (has(s, "drawn_amount"))
        phrase(s, ", drawn %s", field(s, "drawn_amount"));
    if (has(s, "valid_until"))
        phrase(s, ", until %s", field(s, "valid_until"));
}

static void request_tell(summary *s)
{
    const size_t count = count_at(s, "claims");
    if (count == 1)
        phrase(s, "%s, 1 claim, %s, until %s", terms(s), money(s, "total_amount"), field(s, "valid_until"));
    else
        phrase(s, "%s, %zu claims, %s, until %s", terms(s), count, money(s, "total_amount"),
               field(s, "valid_until"));
}

static void offer_tell(summary *s)
{
    phrase(s, "%s by %s: advance %s, interest %s, fee %s, net %s, to accept until %s", terms(s),
           name_at(s, "lender"), field(s, "advance_amount"), field(s, "interest_amount"),
           field(s, "fee_amount"), money(s, "net_amount"), field(s, "valid_until"));
}

static void financing_tell(summary *s)
{
    const char *status = field(s, "status");
    phrase(s, "%s to %s, net %s", terms(s), name_at(s, "lender"), money(s, "net_amount"));
    if (strcmp(status, "instructed") == 0)
        phrase(s, "; pay %s %s to %s, reference %s, until %s", field(s, "instruction.amount"),
               field(s, "instruction.currency"), field(s, "instruction.pay_to"),
               field(s, "instruction.reference"), field(s, "instruction.disburse_by"));
    if (has(s, "disbursed_at"))
        phrase(s, ", paid at %s", field(s, "disbursed_at"));
    if (has(s, "bank_reference"))
        phrase(s, ", bank reference %s", field(s, "bank_reference"));
    if (has(s, "registration_number"))
        phrase(s, ", registration number %s", field(s, "registration_number"));
}

static void payment_tell(summary *s)
{
    static const char nothing[] = "0.";
    const char *excess = client_field(s->c->arena, s->thing, "excess_amount");
    phrase(s, "%s by %s on %s, bank reference %s", money(s, "amount"), name_at(s, "debtor"),
           field(s, "paid_on"), field(s, "bank_reference"));
    if (excess && strspn(excess, nothing) < strlen(excess))
        phrase(s, ", %s more than was owed", excess);
}

static void proposal_tell(summary *s)
{
    const json_t *signers = json_object_get(s->thing, "signers"), *signer;
    const char *between = " ";
    size_t i;
    if (strcmp(field(s, "kind"), "credit_note") == 0)
        phrase(s, "credit note of %s on claim %s", money(s, "amount"), field(s, "claim"));
    else
        phrase(s, "voiding of claim %s", field(s, "claim"));
    if (strcmp(field(s, "status"), "open") != 0)
        return;
    phrase(s, ", until %s; to be signed by", field(s, "expires_at"));
    json_array_foreach(signers, i, signer)
    {
        if (client_field(s->c->arena, signer, "signed_at"))
            continue;
        lg_buf_str(&s->line, between);
        lg_buf_str(&s->line, client_or_dash(client_participant_name(
                                 s->c, client_field(s->c->arena, signer, "participant"))));
        between = ", ";
    }
}

static void approval_tell(summary *s)
{
    const char *label = client_field(s->c->arena, s->thing, "first.label");
    const char *second = client_field(s->c->arena, s->thing, "second.label");
    if (strcmp(field(s, "kind"), "four_eyes") == 0)
        phrase(s, "four eyes above %s %s", field(s, "amount"), field(s, "currency"));
    else
        phrase(s, "%s %s of receivable %s", field(s, "kind"), money(s, "amount"), field(s, "receivable"));
    phrase(s, ", said by %s", label ? label : field(s, "first.token"));
    if (strcmp(field(s, "status"), "given") == 0)
        phrase(s, " and %s", second ? second : field(s, "second.token"));
    if (strcmp(field(s, "status"), "waiting") == 0)
        phrase(s, ", waits for a second token until %s", field(s, "expires_at"));
}

static void webhook_tell(summary *s)
{
    const json_t *events = json_object_get(s->thing, "events"), *event;
    size_t i;
    lg_buf_printf(&s->line, "%s,", field(s, "url"));
    if (json_array_size(events) == 0)
        phrase(s, " all events");
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
    {"proposal", proposal_tell},     {"webhook", webhook_tell},     {"approval", approval_tell},
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
    printf("%s%s%s", client_style_on(c->colour, STYLE_BOLD), client_word(c, "kind", kind),
           client_style_off(c->colour));
    if (id)
        printf(" %s", client_clean(c->arena, id));
    if (state)
        printf(" %s%s%s", client_style_on(c->colour, style),
               client_clean(c->arena, client_word(c, "state", state)), client_style_off(c->colour));
    if (s.line.len)
        printf("%s%s", client_text(c, ": "), client_clean(c->arena, s.line.data));
    fputc('\n', stdout);
    lg_buf_clear(&s.line);
}
