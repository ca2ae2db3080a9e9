/* One registry's life in which every kind of command happens, told once and written down: each command's
 * bytes, what it is answered, the tables behind it, and the folder as it was before it. */
#include "tests/fault/fault.h"

#include "ledger/crypto/encoding.h"
#include "ledger/crypto/secret.h"
#include "ledger/registry/claim.h"
#include "ledger/registry/financing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct actor {
    lg_signing_key *key;
    lg_participant_id id;
    const char *text; /* the id */
} actor;

static struct teller {
    story *out;
    lg_arena *arena;
    house h;
    const char *dir; /* the registry that is told of */
    lg_time now;
    int serial;
    const char *last_claim;
    bool seen[LG_CMD_COUNT];
    actor operator, supplier, tier2, buyer, late, reviewer, lender, factor, authority, kept;
} t;

enum { STEPS_MAX = 240 };

static const char *print(const char *fmt, ...) LG_PRINTF(1, 2);
static const char *print(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = lg_arena_vprintf(t.arena, fmt, args);
    va_end(args);
    return text;
}

static const char *id_of(lg_uuid id)
{
    return lg_arena_strdup(t.arena, lg_uuid_format(id).s);
}

static const char *day(int from_today)
{
    return lg_arena_strdup(t.arena, lg_day_format(lg_day_of(t.now) + from_today).s);
}

static const char *public_of(const lg_signing_key *key)
{
    lg_public_key public_key = lg_signing_key_public(key);
    return lg_base64url_encode(t.arena, lg_bytes_of(public_key.b, sizeof public_key.b));
}

static lg_signing_key *next_key(void)
{
    uint8_t seed[LG_SEED_LEN] = {(uint8_t)++t.serial, (uint8_t)(t.serial >> 8), 77};
    return lg_signing_key_from_seed(seed);
}

static void let_pass(int days)
{
    t.now += days * LG_TIME_PER_DAY;
}

/* ---- one command ---- */

const char *story_snapshot(const story *s, size_t n)
{
    return lg_arena_printf(s->arena, "%s/%zu", s->dir, n);
}

static void open_house(void)
{
    if (house_open(&t.h, t.dir) != LG_OK) {
        fprintf(stderr, "fault: the story's registry: %s\n", t.h.report.detail);
        exit(70);
    }
}

/* Every other snapshot is of a registry that is open, with all that lies in its WAL. */
static void take_snapshot(step *s, size_t n)
{
    s->live = n % 2;
    if (!s->live)
        house_close(&t.h);
    folder_copy(t.dir, story_snapshot(t.out, n));
    state_read(t.dir, &s->before);
    if (!s->live)
        open_house();
}

static const lg_result *tell(const step *told)
{
    answer got;
    const lg_result *result;
    size_t n = t.out->count++;
    step *s = &t.out->steps[n];
    *s = *told;
    s->now = t.now;
    s->seed = 1000 + n;
    if (n + 1 >= STEPS_MAX)
        exit(70);
    fault_set_time(s->now);
    take_snapshot(s, n);
    fault_restart_random(s->seed);
    house_do(&t.h, s, &got, &result);
    if (got.err) {
        fprintf(stderr, "fault: the story's %s (%s): %s %s\n", s->name, s->url, lg_err_slug(got.err),
                got.detail);
        exit(70);
    }
    s->status = got.status;
    s->answer = got.digest;
    state_read(t.dir, &s->after);
    t.seen[s->type] = true;
    t.now += LG_TIME_PER_SECOND;
    return result;
}

static const char *type_name(lg_command_type type)
{
    static const char *const names[] = {
#define NAME(enumerator, aggregate, scope) [enumerator] = #enumerator,
        LG_COMMANDS(NAME)
#undef NAME
    };
    return names[type] + strlen("LG_CMD_");
}

/* The address of its route, with the ids put in. */
static const char *url_of(lg_command_type type, const char *id, const char *kid)
{
    for (size_t i = 0; i < api_route_count; i++) {
        const http_route *route = &api_routes[i];
        if (route->handler != post_command || *(const lg_command_type *)route->arg != type)
            continue;
        const char *at = strstr(route->path, "{id}"), *key = strstr(route->path, "{kid}");
        if (!at)
            return route->path;
        if (!key)
            return print("%.*s%s%s", (int)(at - route->path), route->path, id, at + 4);
        return print("%.*s%s%.*s%s%s", (int)(at - route->path), route->path, id, (int)(key - at - 4), at + 4,
                     kid, key + 5);
    }
    fprintf(stderr, "fault: no route of %s\n", type_name(type));
    exit(70);
}

static const char *next_jti(void)
{
    return print("%024d", ++t.serial);
}

static lg_jws_header header_for(const char *url, const char *cty)
{
    return (lg_jws_header){
        .aud = HOUSE_ORIGIN, .url = url, .jti = next_jti(), .iat = t.now / LG_TIME_PER_SECOND, .cty = cty};
}

static const lg_result *act_at(const actor *who, lg_command_type type, const char *url, const char *cty,
                               const char *payload)
{
    const lg_jws_header header = header_for(url, cty);
    const step s = {.name = type_name(type),
                    .type = type,
                    .url = url,
                    .makes_key = strstr(payload, "\"custody\":true") != NULL,
                    .jws = lg_jws_compose(t.arena, who->key, &header, lg_bytes_str(payload))};
    return tell(&s);
}

static const lg_result *act(const actor *who, lg_command_type type, const char *id, const char *payload)
{
    return act_at(who, type, url_of(type, id, NULL), NULL, payload);
}

static const lg_result *act_in_custody(const actor *who, lg_participant_no no, lg_uuid token,
                                       lg_command_type type, const char *id, const char *payload)
{
    (void)who;
    const step s = {.name = print("%s in custody", type_name(type)),
                    .type = type,
                    .url = url_of(type, id, NULL),
                    .payload = payload,
                    .custody = no,
                    .token = token,
                    .jti = next_jti()};
    return tell(&s);
}

/* ---- the acts of the story ---- */

static void enroll(actor *who, const char *name, const char *role)
{
    who->key = next_key();
    who->id =
        act(&t.operator, LG_CMD_PARTICIPANT_REGISTER, NULL,
            print("{\"name\":\"%s\",\"roles\":[\"%s\"],\"identifiers\":{\"registration_no\":\"HRB %d\"},"
                  "\"public_key\":\"%s\"}",
                  name, role, 1000 + ++t.serial, public_of(who->key)))
            ->participant.id;
    who->text = id_of(who->id.uuid);
}

static const char *invoice(const char *extra)
{
    int n = ++t.serial;
    return print(
        "{\"invoice\":{\"number\":\"RE-%d\",\"issue_date\":\"%s\",\"due_date\":\"%s\",\"currency\":\"CNY\","
        "\"gross_amount\":\"%d.25\",\"seller\":{\"participant\":\"%s\"},\"buyer\":{\"participant\":\"%s\"}%s}"
        "}",
        n, day(-5), day(60), 1000 + n, t.supplier.text, t.buyer.text, extra);
}

static const char *submit(void)
{
    return id_of(act(&t.supplier, LG_CMD_SUBMIT, NULL, invoice(""))->receivable.id.uuid);
}

static const char *claim(const char *amount)
{
    t.last_claim =
        id_of(act(&t.buyer, LG_CMD_CONFIRM, submit(), print("{\"amount\":\"%s\"}", amount))->claim.id.uuid);
    return t.last_claim;
}

static const char *token_of(const actor *signer, const char *owner)
{
    return id_of(act(signer, LG_CMD_TOKEN_ISSUE, NULL,
                     print("{\"participant\":\"%s\",\"token_sha256\":\"%064d\",\"scopes\":[\"read\","
                           "\"submit\",\"confirm\","
                           "\"admin\"],\"expires_at\":\"2999-01-01T00:00:00Z\"}",
                           owner, ++t.serial))
                     ->token.id.uuid);
}

static void change_policy(const char *field, const char *value)
{
    lg_policy_row row;
    lg_db *db = lg_readers_take(t.h.api.readers);
    if (lg_policy_get(db, 0, t.arena, &row) != LG_OK)
        exit(70);
    lg_readers_give(t.h.api.readers, db);
    json_t *policy = json_loads(row.body, 0, NULL);
    json_object_set_new(policy, field, json_loads(value, JSON_DECODE_ANY, NULL));
    char *text = json_dumps(policy, JSON_COMPACT);
    act(&t.operator, LG_CMD_POLICY_SET, NULL,
        print("{\"base_version\":%d,\"policy\":%s}", (int)row.version, text));
    free(text);
    json_decref(policy);
}

static void participants(void)
{
    enroll(&t.supplier, "Supplier Ltd", "supplier");
    enroll(&t.tier2, "Tier 2", "supplier");
    enroll(&t.buyer, "Core AG", "core_enterprise");
    enroll(&t.late, "Late AG", "core_enterprise");
    enroll(&t.reviewer, "Reviewer", "reviewer");
    enroll(&t.lender, "Bank", "lender");
    enroll(&t.factor, "Factor", "lender");
    enroll(&t.authority, "Court", "authority");
    act(&t.operator, LG_CMD_CREDIT_LINE_SET, t.buyer.text, "{\"currency\":\"CNY\",\"limit\":\"500000.00\"}");
    act(&t.operator, LG_CMD_PARTICIPANT_RATE, t.buyer.text,
        "{\"rating\":\"AA\",\"agency\":\"Rating House\"}");
    lg_signing_key *spare = next_key();
    lg_public_key spare_public = lg_signing_key_public(spare);
    act(&t.buyer, LG_CMD_KEY_ADD, t.buyer.text, print("{\"public_key\":\"%s\"}", public_of(spare)));
    act_at(&t.buyer, LG_CMD_KEY_REVOKE, url_of(LG_CMD_KEY_REVOKE, t.buyer.text, lg_kid_of(&spare_public).s),
           NULL, "{\"reason\":\"lost\"}");
    lg_signing_key_close(spare);
    act(&t.supplier, LG_CMD_TOKEN_REVOKE, token_of(&t.supplier, t.supplier.text), "{}");
    act(&t.operator, LG_CMD_PARTICIPANT_SUSPEND, t.late.text, "{\"reason\":\"late\"}");
    act(&t.operator, LG_CMD_PARTICIPANT_ACTIVATE, t.late.text, "{\"reason\":\"paid\"}");
    act(&t.operator, LG_CMD_DEBTOR_STOP, t.late.text, "{\"reason\":\"late\"}");
    act(&t.operator, LG_CMD_DEBTOR_CLEAR, t.late.text, "{\"reason\":\"paid\"}");
}

static void submissions(void)
{
    act(&t.buyer, LG_CMD_DECLINE, submit(), "{\"reason\":\"duplicate\"}");
    act(&t.supplier, LG_CMD_WITHDRAW, submit(), "{}");
    const char *payable = id_of(act(&t.buyer, LG_CMD_SUBMIT, NULL, invoice(""))->receivable.id.uuid);
    act(&t.supplier, LG_CMD_ACCEPT, payable, "{}");
    const char *payee = ",\"payee\":{\"name\":\"Elsewhere\",\"identifiers\":{\"tax_id\":\"EF1\"}}";
    for (int i = 0; i < 2; i++) {
        const char *held = id_of(act(&t.supplier, LG_CMD_SUBMIT, NULL, invoice(payee))->receivable.id.uuid);
        act(&t.reviewer, i ? LG_CMD_REVIEW_REJECT : LG_CMD_REVIEW_APPROVE, held, "{\"note\":\"seen\"}");
    }
    act_at(&t.supplier, LG_CMD_SUBMIT, "/v1/receivables", "text/csv",
           print("number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n"
                 "CSV-1,%s,%s,CNY,10.01,%s,%s\nCSV-2,never,%s,CNY,10.02,%s,%s\nCSV-3,%s,%s,CNY,10.03,%s,%s\n",
                 day(-3), day(30), t.supplier.text, t.buyer.text, day(30), t.supplier.text, t.buyer.text,
                 day(-3), day(31), t.supplier.text, t.buyer.text));
    change_policy("external_verifier", "{\"mode\":\"required\",\"within_seconds\":86400}");
    act(&t.operator, LG_CMD_VERIFY, submit(), "{\"answer\":\"genuine\",\"reference\":\"T-1\"}");
    change_policy("external_verifier", "{\"mode\":\"off\",\"within_seconds\":1}");
}

static const char *pass_on(const char *whole)
{
    act(&t.supplier, LG_CMD_CLAIM_TRANSFER, whole,
        print("{\"recipients\":[{\"participant\":\"%s\"}]}", t.tier2.text));
    return whole;
}

static void claims(void)
{
    const lg_claim *parts = act(&t.supplier, LG_CMD_CLAIM_SPLIT, claim("1000.00"),
                                "{\"parts\":[{\"amount\":\"400.00\"},{\"amount\":\"600.00\"}]}")
                                ->claims;
    const char *first = id_of(parts[0].id.uuid), *second = id_of(parts[1].id.uuid);
    act(&t.tier2, LG_CMD_TRANSFER_ACCEPT, pass_on(first), "{}");
    act(&t.buyer, LG_CMD_CLAIM_ACKNOWLEDGE, first, "{}");
    act(&t.tier2, LG_CMD_TRANSFER_DECLINE, pass_on(second), "{}");
    act(&t.supplier, LG_CMD_TRANSFER_CANCEL, pass_on(second), "{}");
    act(&t.buyer, LG_CMD_CLAIM_DISPUTE, second, "{\"reason\":\"value_differs\"}");
    act(&t.buyer, LG_CMD_CLAIM_RESOLVE, second, "{\"note\":\"repaired\"}");
    act(&t.authority, LG_CMD_CLAIM_FREEZE, second, "{\"order_reference\":\"7 O 12/26\"}");
    act(&t.authority, LG_CMD_CLAIM_UNFREEZE, second, "{\"order_reference\":\"7 O 13/26\"}");
    const lg_result *granted = act(
        &t.supplier, LG_CMD_GRANT_MAKE, NULL,
        print("{\"claim\":\"%s\",\"participant\":\"%s\",\"fields\":[\"amounts\"]}", second, t.lender.text));
    act(&t.supplier, LG_CMD_GRANT_REVOKE, id_of(granted->grant.id.uuid), "{}");
    act(&t.lender, LG_CMD_INVOICE_CHECK, NULL,
        print("{\"seller\":{\"participant\":\"%s\"},\"buyer\":{\"participant\":\"%s\"},\"number\":\"CSV-1\","
              "\"issue_date\":\"%s\","
              "\"currency\":\"CNY\",\"gross_amount\":\"10.01\"}",
              t.supplier.text, t.buyer.text, day(-3)));
}

static const lg_result *ask(const char *claim_id, const actor *whom, const char *kind)
{
    return act(&t.supplier, LG_CMD_FINANCING_REQUEST, NULL,
               print("{\"claims\":[\"%s\"],\"lenders\":[\"%s\"],\"kind\":\"%s\",\"pay_to\":\"DE02 1203\"}",
                     claim_id, whom->text, kind));
}

static const char *offer(const char *request, const char *kind)
{
    return id_of(
        act(&t.factor, LG_CMD_OFFER_MAKE, NULL,
            print("{\"request\":\"%s\",\"kind\":\"%s\",\"recourse\":true,\"advance_rate_ppm\":900000,"
                  "\"annual_rate_ppm\":36500,\"day_count\":365,\"valid_until\":\"2999-01-01T00:00:00Z\","
                  "\"disburse_within_minutes\":60}",
                  request, kind))
            ->offers[0]
            .id.uuid);
}

static const char *reserve(const char *kind)
{
    const char *request = id_of(ask(claim("700.00"), &t.factor, kind)->request->id.uuid);
    return id_of(act(&t.supplier, LG_CMD_OFFER_ACCEPT, offer(request, kind), "{}")->financing->id.uuid);
}

static const char *finance(const char *kind)
{
    const char *financing = reserve(kind);
    act(&t.factor, LG_CMD_FINANCING_DISBURSE, financing, print("{\"bank_reference\":\"B-%d\"}", ++t.serial));
    return financing;
}

static void financings(void)
{
    const char *program =
        id_of(act(&t.lender, LG_CMD_PROGRAM_OPEN, NULL,
                  "{\"name\":\"sales\",\"kind\":\"sale\",\"recourse\":true,\"currency\":\"CNY\",\"debtors\":["
                  "],\"tenor_max_days\":180,"
                  "\"amount_min\":\"1.00\",\"amount_max\":\"9000.00\",\"advance_rate_ppm\":800000,\"annual_"
                  "rate_ppm\":45000,"
                  "\"day_count\":360,\"total_limit\":\"9000.00\",\"valid_until\":\"2999-01-01T00:00:00Z\"}")
                  ->program->id.uuid);
    const char *claim_id = claim("710.00");
    const char *request =
        id_of(ask(claim_id, &t.lender, "sale")->request->id.uuid); /* the program offers at once */
    act(&t.supplier, LG_CMD_REQUEST_WITHDRAW, request, "{}");
    act(&t.lender, LG_CMD_PROGRAM_CLOSE, program, "{}");
    request = id_of(ask(claim_id, &t.factor, "sale")->request->id.uuid);
    act(&t.factor, LG_CMD_OFFER_WITHDRAW, offer(request, "sale"), "{}");
    act(&t.factor, LG_CMD_FINANCING_CANCEL, reserve("sale"), "{}");
    const char *registered = finance("pledge");
    act(&t.factor, LG_CMD_FINANCING_REGISTER, registered, "{\"registration_number\":\"ZD-1\"}");
    act(&t.factor, LG_CMD_FINANCING_RELEASE, registered, "{}");
}

static void payments(void)
{
    const char *claim_id = claim("720.00");
    const char *payment =
        id_of(act(&t.buyer, LG_CMD_PAYMENT_RECORD, NULL,
                  print("{\"claim\":\"%s\",\"amount\":\"100.01\",\"bank_reference\":\"P-1\"}", claim_id))
                  ->payment->id.uuid);
    act(&t.buyer, LG_CMD_PAYMENT_REVERSE, payment, "{\"reason\":\"bounced\"}");
    for (int i = 0; i < 2; i++) {
        const char *proposal =
            id_of(act(&t.supplier, LG_CMD_PROPOSAL_MAKE, NULL,
                      print("{\"claim\":\"%s\",\"kind\":\"credit_note\",\"amount\":\"10.00\"}", claim_id))
                      ->proposal->id.uuid);
        act(&t.buyer, i ? LG_CMD_PROPOSAL_ACCEPT : LG_CMD_PROPOSAL_DECLINE, proposal, "{}");
    }
}

static void hooks(void)
{
    const char *hook = id_of(act(&t.lender, LG_CMD_WEBHOOK_REGISTER, NULL,
                                 "{\"url\":\"https://lender.example.com/hook\",\"events\":[\"financing.\"]}")
                                 ->webhook.id.uuid);
    act(&t.lender, LG_CMD_WEBHOOK_ROTATE, hook, "{}");
    act(&t.lender, LG_CMD_WEBHOOK_REMOVE, hook, "{}");
}

/* A company whose key the registry keeps; two halves of a confirmation, one of them taken back. */
static void custody(void)
{
    const lg_participant made =
        act(&t.operator, LG_CMD_PARTICIPANT_REGISTER, NULL,
            "{\"name\":\"Kept AG\",\"roles\":[\"core_enterprise\"],\"identifiers\":{\"registration_no\":"
            "\"HRB 9\"},\"custody\":true}")
            ->participant;
    t.kept = (actor){.id = made.id, .text = id_of(made.id.uuid)};
    const char *token = token_of(&t.operator, t.kept.text);
    lg_uuid with;
    if (!lg_uuid_parse(token, &with))
        exit(70);
    act_in_custody(&t.kept, made.no, with, LG_CMD_FOUR_EYES_SET, t.kept.text,
                   "{\"currency\":\"CNY\",\"above\":\"100.00\"}");
    actor buyer = t.buyer;
    t.buyer = t.kept;
    const char *receivable = submit();
    t.buyer = buyer;
    const lg_result *asked = act_in_custody(&t.kept, made.no, with, LG_CMD_CONFIRM, receivable, "{}");
    act_in_custody(&t.kept, made.no, with, LG_CMD_APPROVAL_WITHDRAW, id_of(asked->approval->id.uuid), "{}");
}

/* What only time does, at the end: from here on debtors are late. */
static void time_passes(void)
{
    const char *silent = submit();
    const char *passing = pass_on(claim("730.00"));
    const char *asked = id_of(ask(claim("740.00"), &t.factor, "sale")->request->id.uuid);
    const char *slow = reserve("sale");
    const char *sold = finance("sale"), *claim_of_sold = t.last_claim;
    const char *old = claim("750.00");
    let_pass(40);
    act(&t.operator, LG_CMD_LAPSE, silent, "{}");
    act(&t.operator, LG_CMD_TRANSFER_LAPSE, passing, "{}");
    act(&t.operator, LG_CMD_REQUEST_LAPSE, asked, "{}");
    act(&t.operator, LG_CMD_FINANCING_LAPSE, slow, "{}");
    let_pass(25);
    act(&t.operator, LG_CMD_CLAIM_AGE, old, "{}"); /* due */
    act(&t.operator, LG_CMD_CLAIM_AGE, claim_of_sold, "{}");
    let_pass(40);
    act(&t.operator, LG_CMD_CLAIM_AGE, claim_of_sold, "{}"); /* overdue */
    act(&t.factor, LG_CMD_FINANCING_RECOURSE, sold, "{}");
    act(&t.factor, LG_CMD_FINANCING_REPURCHASE, sold, "{\"bank_reference\":\"R-1\"}");
    act(&t.operator, LG_CMD_CLAIM_AGE, old, "{}");
    let_pass(200);
    act(&t.operator, LG_CMD_CLAIM_AGE, old, "{}"); /* defaulted */
    act(&t.supplier, LG_CMD_CLAIM_WRITE_OFF, old, "{\"note\":\"nothing to get\"}");
}

void story_record(story *out, const char *dir)
{
    t = (struct teller){
        .out = out, .arena = lg_arena_open(), .now = 1795000000 * (lg_time)LG_TIME_PER_SECOND};
    *out = (story){.arena = t.arena, .dir = dir, .steps = calloc(STEPS_MAX, sizeof *out->steps)};
    t.dir = lg_arena_printf(t.arena, "%s/told", dir);
    fault_set_time(t.now);
    fault_restart_random(1);
    lg_report report;
    lg_report_init(&report, t.arena);
    if (lg_registry_create(t.dir, HOUSE_ORIGIN, t.arena, &t.operator.id, &report) != LG_OK ||
        lg_key_file_read(lg_arena_printf(t.arena, "%s/keys/operator.jwk", t.dir), &t.operator.key, &report) !=
            LG_OK) {
        fprintf(stderr, "fault: %s\n", report.detail);
        exit(70);
    }
    t.operator.text = id_of(t.operator.id.uuid);
    open_house();
    participants();
    submissions();
    claims();
    financings();
    payments();
    hooks();
    custody();
    time_passes();
    house_close(&t.h);
    for (int type = LG_CMD_GENESIS + 1; type < LG_CMD_COUNT; type++) {
        if (!t.seen[type]) {
            fprintf(stderr, "fault: the story has no %s\n", type_name((lg_command_type)type));
            exit(70);
        }
    }
}
