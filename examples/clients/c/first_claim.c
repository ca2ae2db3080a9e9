/* The main job, step by step, on libtallystick: from a key of one's own to a financed claim, each step verified.
 * What a program needs next is printed on standard output, what a person wants to know on standard error.
 *
 * The library signs, keeps and repeats commands, and verifies every receipt before it hands an answer over; so what
 * is left here is what the commands say (JSON, with jansson) and what is done with the facts that come back. */
#include <tallystick.h>

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- the registry ---- */

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value) {
        tell("Please set %s; the README says to what.", name);
        exit(TALLYSTICK_USAGE);
    }
    return value;
}

/* Ends the program if the call failed, with its code and every broken rule: the field, and a sentence. */
static void check(tallystick *t, tallystick_code code)
{
    if (code == TALLYSTICK_OK)
        return;
    tell("%s%s%s%s%s", code == TALLYSTICK_UNVERIFIED ? "VERIFICATION FAILED: " : "", tallystick_message(t),
         *tallystick_problem(t) ? " (" : "", tallystick_problem(t), *tallystick_problem(t) ? ")" : "");
    for (size_t i = 0; i < tallystick_fault_count(t); i++) {
        tallystick_fault fault = tallystick_fault_at(t, i);
        tell("  %s at %s: %s", fault.code, *fault.pointer ? fault.pointer : "the whole", fault.detail);
    }
    tallystick_close(t);
    exit(code);
}

static tallystick *registry(int signs)
{
    tallystick *t;
    const char *state = getenv("TALLYSTICK_STATE"), *attempts = getenv("TALLYSTICK_ATTEMPTS");
    check(t, tallystick_open(setting("TALLYSTICK_URL"), setting("TALLYSTICK_VKEY"), &t));
    if (signs)
        check(t, tallystick_use_key_file(t, setting("TALLYSTICK_KEY")));
    check(t, tallystick_use_token(t, getenv("TALLYSTICK_TOKEN")));
    check(t, tallystick_use_state(t, state ? state : "tallystick-state"));
    if (attempts)
        tallystick_set_attempts(t, (unsigned)strtoul(attempts, NULL, 10));
    return t;
}

/* Posts a command whose payload jansson made (it is taken). */
static tallystick_answer *act(tallystick *t, const char *path, json_t *payload)
{
    tallystick_answer *answer;
    char *text = json_dumps(payload, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(payload);
    if (!text) {
        tell("An argument is not UTF-8 text.");
        exit(TALLYSTICK_USAGE);
    }
    check(t, tallystick_act(t, path, text, strlen(text), NULL, &answer));
    free(text);
    return answer;
}

/* A fact that the entry cannot lack. */
static const char *fact(const tallystick_receipt *receipt, const char *name)
{
    const char *value = tallystick_fact(receipt, name);
    if (!value) {
        tell("VERIFICATION FAILED: the entry says nothing of its %s.", name);
        exit(TALLYSTICK_UNVERIFIED);
    }
    return value;
}

/* The receipt of a command. What proves nothing is no answer to one. */
static const tallystick_receipt *receipt_of(const tallystick_answer *answer)
{
    const tallystick_receipt *receipt = tallystick_answer_receipt(answer, 0);
    if (!receipt) {
        tell("VERIFICATION FAILED: the answer proves nothing.");
        exit(TALLYSTICK_UNVERIFIED);
    }
    return receipt;
}

/* Prints what the next step needs, and tells of the entry that proves it. */
static const tallystick_receipt *report(tallystick_answer *answer, const char *id)
{
    const tallystick_receipt *receipt = receipt_of(answer);
    if (id)
        puts(fact(receipt, id));
    tell("%s: entry %lld, verified", tallystick_receipt_type(receipt), (long long)tallystick_receipt_seq(receipt));
    return receipt;
}

static void done(tallystick *t, tallystick_answer *answer)
{
    tallystick_answer_close(answer);
    tallystick_close(t);
}

/* ---- the steps ---- */

static void keygen(char **argv)
{
    char public[44];
    tallystick *t;
    check(t, tallystick_open(setting("TALLYSTICK_URL"), setting("TALLYSTICK_VKEY"), &t));
    check(t, tallystick_key_create(t, argv[0], public));
    puts(public);
    tell("The private key is in %s; give the operator the public one.", argv[0]);
    tallystick_close(t);
}

static void register_participant(char **argv)
{
    char *value = strchr(argv[2], '=');
    if (!value) {
        tell("An identifier is given as KIND=VALUE.");
        exit(TALLYSTICK_USAGE);
    }
    *value++ = '\0';
    tallystick *t = registry(1);
    tallystick_answer *answer =
        act(t, "/v1/participants",
            json_pack("{s:s,s:[s],s:{s:s},s:s}", "name", argv[0], "roles", argv[1], "identifiers", argv[2], value,
                      "public_key", argv[3]));
    report(answer, "participant_id");
    done(t, answer);
}

/* A bearer token for reading, for 30 days. The registry is told its hash, never the token. */
static void token(char **argv)
{
    char text[47];
    tallystick *t = registry(1);
    check(t, tallystick_token_create(t, argv[0], "read", 30, text));
    puts(text);
    tallystick_close(t);
}

/* The file's bytes; exits if it cannot be read. */
static char *file_read(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t got = 0, room = 0;
    while (file) {
        if (got == room)
            bytes = realloc(bytes, room = room ? 2 * room : 65536);
        size_t more = bytes ? fread(bytes + got, 1, room - got, file) : 0;
        got += more;
        if (!more)
            break;
    }
    if (!file || ferror(file) || !bytes) {
        perror(path);
        exit(TALLYSTICK_LOCAL);
    }
    fclose(file);
    *len = got;
    return bytes;
}

/* What the gateway found: the checks are facts of the entry, so nobody can say later that it found something else. */
static void explain_review(const tallystick_receipt *receipt)
{
    json_t *checks = json_loads(fact(receipt, "checks"), 0, NULL), *item;
    size_t i, passed = 0;
    json_array_foreach(checks, i, item) passed += json_is_string(item);
    tell("review: %s; %zu of %zu checks passed", fact(receipt, "review_outcome"), passed, json_array_size(checks));
    json_array_foreach(checks, i, item)
    {
        const char *outcome = "", *code = "", *pointer = "", *detail = "";
        if (json_unpack(item, "{s:s,s:s,s:s,s:s}", "outcome", &outcome, "code", &code, "pointer", &pointer, "detail",
                        &detail) == 0)
            tell("  %s: %s at %s: %s", outcome, code, *pointer ? pointer : "the whole", detail);
    }
    json_decref(checks);
}

static void submit(char **argv)
{
    const char *end = strrchr(argv[0], '.');
    char hash[65];
    size_t len;
    char *invoice = file_read(argv[0], &len);
    tallystick *t = registry(1);
    tallystick_answer *answer;
    check(t, tallystick_act(t, "/v1/receivables", invoice, len, end && strcmp(end, ".xml") == 0 ? "application/xml" : NULL,
                            &answer));
    tallystick_sha256(invoice, len, hash);
    const tallystick_receipt *receipt = receipt_of(answer);
    if (strcmp(fact(receipt, "document_sha256"), hash) != 0) {
        tell("VERIFICATION FAILED: the ledger speaks of another document than the one submitted.");
        exit(TALLYSTICK_UNVERIFIED);
    }
    report(answer, "receivable_id");
    explain_review(receipt);
    if (strcmp(tallystick_receipt_type(receipt), "receivable.held") == 0)
        tell("A reviewer of the registry decides; until then the debtor cannot confirm.");
    free(invoice);
    done(t, answer);
}

static char *path_of(const char *folder, const char *id, const char *verb)
{
    char *path;
    if (asprintf(&path, "/v1/%s/%s%s", folder, id, verb) < 0)
        abort();
    return path;
}

static void confirm(char **argv)
{
    char *path = path_of("receivables", argv[0], "/confirm");
    tallystick *t = registry(1);
    tallystick_answer *answer = act(t, path, json_object());
    tell("%s minor units are owed", fact(report(answer, "claim_id"), "face_minor"));
    free(path);
    done(t, answer);
}

/* Asks all lenders for money on a claim. Programs of theirs that match offer at once, the cheapest first. */
static void ask(char **argv)
{
    setting("TALLYSTICK_TOKEN");
    tallystick *t = registry(1);
    tallystick_answer *asked = act(t, "/v1/financing_requests",
                                   json_pack("{s:[s],s:s}", "claims", argv[0], "pay_to", argv[1])),
                      *offered;
    const char *request = fact(report(asked, NULL), "request_id"), *seq = tallystick_answer_value(asked, "/offers/0/seq");
    if (!seq) {
        tell("There is no offer yet. Lenders may still offer: see /v1/financing_requests/%s", request);
        done(t, asked);
        return;
    }
    /* The answer's offers are the registry's word. What the lender is bound by is the offer's own entry. */
    check(t, tallystick_entry(t, strtoll(seq, NULL, 10), &offered));
    const tallystick_receipt *offer = tallystick_answer_receipt(offered, 0);
    if (strcmp(tallystick_receipt_type(offer), "offer.made") != 0 || strcmp(fact(offer, "request_id"), request) != 0) {
        tell("VERIFICATION FAILED: the offer is not one on this request.");
        exit(TALLYSTICK_UNVERIFIED);
    }
    long long advance = atoll(fact(offer, "advance_minor")), interest = atoll(fact(offer, "interest_minor")),
              fee = atoll(fact(offer, "fee_minor"));
    report(offered, "offer_id");
    tell("advance %lld - interest %lld - fee %lld = %lld minor units of %s", advance, interest, fee,
         advance - interest - fee, fact(offer, "currency"));
    tallystick_answer_close(offered);
    done(t, asked);
}

static void accept_offer(char **argv)
{
    char *path = path_of("offers", argv[0], "/accept");
    tallystick *t = registry(1);
    tallystick_answer *answer = act(t, path, json_object());
    const tallystick_receipt *receipt = report(answer, "financing_id");
    tell("%s minor units of %s go to %s by %s", fact(receipt, "net_minor"), fact(receipt, "currency"),
         fact(receipt, "pay_to"), fact(receipt, "disburse_by"));
    free(path);
    done(t, answer);
}

static void claim(char **argv)
{
    setting("TALLYSTICK_TOKEN");
    tallystick *t = registry(0);
    tallystick_answer *answer;
    check(t, tallystick_certificate(t, argv[0], &answer));
    for (size_t i = 0; i < tallystick_answer_receipt_count(answer); i++) {
        const tallystick_receipt *receipt = tallystick_answer_receipt(answer, i);
        tell("entry %lld of %s, verified: %s", (long long)tallystick_receipt_seq(receipt), tallystick_receipt_at(receipt),
             tallystick_receipt_type(receipt));
    }
    puts(tallystick_answer_value(answer, "/claim"));
    done(t, answer);
}

static void verify(char **argv)
{
    (void)argv;
    tallystick *t = registry(0);
    tallystick_checkpoint checkpoint;
    check(t, tallystick_verify(t, &checkpoint));
    printf("%lld\n", (long long)checkpoint.size);
    tell("verified: %lld entries, root %s; it continues all that was seen before", (long long)checkpoint.size,
         checkpoint.root);
    tallystick_close(t);
}

static const struct {
    const char *name, *operands, *help;
    int count;
    void (*run)(char **argv);
} commands[] = {
    {"keygen", "FILE", "makes a key; prints its public half", 1, keygen},
    {"register", "NAME ROLE KIND=IDENTIFIER PUBLIC-KEY", "for the operator: adds a participant; prints its id", 4,
     register_participant},
    {"token", "PARTICIPANT", "makes a token for reading; prints it", 1, token},
    {"submit", "INVOICE", "submits an invoice (.json, or UBL or CII as .xml); prints the receivable's id", 1, submit},
    {"confirm", "RECEIVABLE", "for the debtor: confirms it; prints the claim's id", 1, confirm},
    {"ask", "CLAIM PAY-TO", "asks lenders for money on a claim; prints the cheapest offer's id", 2, ask},
    {"accept", "OFFER", "accepts an offer: the lender is told to pay; prints the financing's id", 1, accept_offer},
    {"claim", "CLAIM", "reads a claim and verifies its history; prints it", 1, claim},
    {"verify", "", "verifies the ledger's head against all that was seen before; prints its size", 0, verify},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) != 0 || argc - 2 != commands[i].count)
            continue;
        commands[i].run(argv + 2);
        return fflush(stdout) == 0 ? 0 : TALLYSTICK_LOCAL;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        tell("%s %s %s\n    %s", argv[0], commands[i].name, commands[i].operands, commands[i].help);
    return TALLYSTICK_USAGE;
}
