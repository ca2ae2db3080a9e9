/* `reconcile`: the registry's movements of a day or of several against one's own books. */
#include "ledger/base/text.h"
#include "server/client/commands.h"
#include "server/client/http.h"
#include "server/client/output.h"
#include "server/client/reconcile.h"
#include "server/client/statement.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { DAYS_MAX = 3660 };

typedef struct job {
    client *c;
    const char *account, *only; /* only: ",claim.accepted,"; NULL: every type */
    lg_day from, to;
    books registry, books;
    json_t *names;        /* participant's id → name, as the statement has it */
    json_t *participants; /* id → what the registry tells of it, as far as asked */
    json_t *states;       /* word of the books → life */
    bool verified, final;
    facts_count facts; /* with --facts */
} job;

/* ---- what is asked for ---- */

static client_exit days_parse(client *c, const char *text, lg_day *from, lg_day *to)
{
    const char *dots = strstr(text, "..");
    const char *first = dots ? lg_arena_strndup(c->arena, text, (size_t)(dots - text)) : text;
    if (!lg_day_parse(first, from) || !lg_day_parse(dots ? dots + 2 : text, to))
        return client_fail(c, CLIENT_USAGE,
                           "\"%s\" is neither a day as 2026-11-22 nor two as 2026-11-01..2026-11-30.",
                           client_clean(c->arena, text));
    if (*from > *to || *to - *from >= DAYS_MAX)
        return client_fail(c, CLIENT_USAGE,
                           "The days must go from the earlier to the later, and be at most %d.", DAYS_MAX);
    return CLIENT_OK;
}

static client_exit format_read(client *c, books_format *format)
{
    const char *delimiter = client_option_value(c, "delimiter"), *decimal = client_option_value(c, "decimal");
    const char *dates = client_option_value(c, "dates");
    *format = (books_format){.currency = client_option_value(c, "all-in")};
    for (int field = 0; field < BOOKS_FIELD_COUNT; field++)
        format->headers[field] = client_option_value(c, books_field_name((books_field)field));
    if (delimiter && strcmp(delimiter, "tab") == 0)
        delimiter = "\t";
    if (delimiter && (strlen(delimiter) != 1 || strchr("\"\r\n", delimiter[0])))
        return client_fail(c, CLIENT_USAGE, "--delimiter must be one character, or the word tab.");
    if (decimal && strcmp(decimal, "point") != 0 && strcmp(decimal, "comma") != 0)
        return client_fail(c, CLIENT_USAGE, "--decimal must be point or comma.");
    if (dates && strcmp(dates, "ymd") != 0 && strcmp(dates, "dmy") != 0 && strcmp(dates, "mdy") != 0)
        return client_fail(c, CLIENT_USAGE, "--dates must be ymd, dmy or mdy.");
    format->delimiter = delimiter ? delimiter[0] : '\0';
    format->decimal_comma = decimal && strcmp(decimal, "comma") == 0;
    format->dates = !dates || dates[0] == 'y' ? BOOKS_YMD : dates[0] == 'd' ? BOOKS_DMY : BOOKS_MDY;
    return CLIENT_OK;
}

/* "open=confirmed,paid=settled" */
static client_exit states_read(job *j)
{
    client *c = j->c;
    const char *text = client_option_value(c, "states");
    for (const char *at = text; at && *at;) {
        const size_t len = strcspn(at, ",");
        const char *pair = lg_arena_strndup(c->arena, at, len), *equals = strchr(pair, '=');
        if (!equals || equals == pair || !equals[1])
            return client_fail(c, CLIENT_USAGE, "--states must be pairs as open=confirmed,paid=settled.");
        json_object_set_new(j->states, lg_arena_strndup(c->arena, pair, (size_t)(equals - pair)),
                            json_string(equals + 1));
        at += len + (at[len] == ',');
    }
    return CLIENT_OK;
}

static client_exit account_check(client *c, const char *account)
{
    static const char *const accounts[] = {
        "receivables_registered", "payables_registered", "claims_held",   "claims_owed",
        "claims_reserved",        "claims_pledged",      "advances_made", "advances_received"};
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++)
        if (strcmp(accounts[i], account) == 0)
            return CLIENT_OK;
    c->hint =
        client_text(c, "Accounts are receivables_registered, payables_registered, claims_held, claims_owed, "
                       "claims_reserved, "
                       "claims_pledged, advances_made and advances_received.");
    return client_fail(c, CLIENT_USAGE, "There is no account \"%s\".", client_clean(c->arena, account));
}

/* "claim.accepted,payment.recorded": what is no type at all would let nothing through, and all would seem to
 * lack. */
static client_exit only_check(client *c, const char *only)
{
    for (const char *at = only; at && *at;) {
        const size_t kind = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        const size_t rest = at[kind] == '.' ? strspn(at + kind + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        at += kind + 1 + rest;
        if (kind == 0 || rest == 0 || (*at && *at != ','))
            return client_fail(c, CLIENT_USAGE,
                               "--only must be types of entries as claim.accepted,payment.recorded.");
        at += *at == ',';
    }
    return CLIENT_OK;
}

/* ---- the registry's side ---- */

static const char *kept(job *j, const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? lg_arena_strdup(j->registry.arena, text) : "";
}

static void name_keep(job *j, const json_t *movement, const char *id, const char *name)
{
    const char *key = json_string_value(json_object_get(movement, id));
    json_t *value = json_object_get(movement, name);
    if (key && value)
        json_object_set(j->names, key, value);
}

static client_exit movement_take(job *j, int64_t seq, const json_t *movement)
{
    books_row *row = books_add(&j->registry);
    const char *due = json_string_value(json_object_get(movement, "due_date"));
    row->number = seq;
    row->has_due = due && lg_day_parse(due, &row->due);
    row->invoice = kept(j, movement, "invoice_number");
    row->reference = kept(j, movement, "order_reference");
    row->debtor = kept(j, movement, "debtor");
    row->creditor = kept(j, movement, "creditor");
    row->status = kept(j, movement, "life");
    row->claim = kept(j, movement, "claim");
    if (!*row->claim)
        row->claim = kept(j, movement, "financing");
    if (!*row->claim)
        row->claim = kept(j, movement, "receivable");
    name_keep(j, movement, "debtor", "debtor_name");
    name_keep(j, movement, "creditor", "creditor_name");
    /* The walk has read both before. */
    if (!lg_currency_parse(json_string_value(json_object_get(movement, "currency")), &row->currency) ||
        !client_minor_parse(json_string_value(json_object_get(movement, "amount")), row->currency,
                            &row->amount_minor))
        return client_fail(j->c, CLIENT_UNVERIFIED, "Entry %" PRId64 " moves what is no amount.", seq);
    return CLIENT_OK;
}

static client_exit entry_take(void *ctx, lg_arena *arena, const json_t *entry)
{
    job *j = ctx;
    size_t i;
    json_t *movement;
    client_exit code = CLIENT_OK;
    const int64_t seq = json_integer_value(json_object_get(entry, "seq"));
    const char *type = json_string_value(json_object_get(entry, "type"));
    if (j->only && !strstr(j->only, lg_arena_printf(arena, ",%s,", type)))
        return CLIENT_OK;
    json_array_foreach(json_object_get(entry, "movements"), i, movement)
    {
        const char *account = json_string_value(json_object_get(movement, "account"));
        if (code == CLIENT_OK && account && strcmp(account, j->account) == 0)
            code = movement_take(j, seq, movement);
    }
    return code;
}

static client_exit registry_read(job *j)
{
    client *c = j->c;
    lg_verifier verifier;
    client_exit code = client_statement_verifier(c, &verifier, &j->verified);
    j->final = true;
    j->registry.arena = lg_arena_open();
    for (lg_day day = j->from; day <= j->to && code == CLIENT_OK; day++) {
        json_t *statement = NULL;
        code =
            client_statement_get(c, lg_day_format(day).s, client_option_value(c, "utc-offset"), &statement);
        if (code == CLIENT_OK)
            code = client_statement_walk(c, statement, j->verified ? &verifier : NULL,
                                         client_option_given(c, "facts") ? &j->facts : NULL, entry_take, j);
        j->final = j->final && json_is_true(json_object_get(statement, "final"));
        json_decref(statement);
    }
    return code;
}

/* ---- what is the same under other words ---- */

/* The registry's word for who it is: a name, or one of its identifiers. */
static bool is_known_as(job *j, const char *in_books, const char *id)
{
    json_t *participant = json_object_get(j->participants, id), *value;
    const char *scheme;
    if (!participant) {
        const char *path =
            lg_arena_printf(j->c->arena, "/v1/participants/%s", client_url_escape(j->c->arena, id));
        if (client_get_json(j->c, j->c->arena, path, &participant) != CLIENT_OK)
            participant = json_object();
        json_object_set_new(j->participants, id, participant);
    }
    json_object_foreach(json_object_get(participant, "identifiers"), scheme, value)
    {
        if (json_is_string(value) && strcasecmp(json_string_value(value), in_books) == 0)
            return true;
    }
    return false;
}

static bool same_party(void *ctx, const char *in_books, const char *id)
{
    job *j = ctx;
    const char *name = json_string_value(json_object_get(j->names, id));
    lg_arena *arena = lg_arena_open();
    const bool same =
        strcasecmp(in_books, id) == 0 || (name && strcmp(lg_text_letters_and_digits(arena, in_books),
                                                         lg_text_letters_and_digits(arena, name)) == 0);
    lg_arena_close(arena);
    return same || (*id && is_known_as(j, in_books, id));
}

static bool same_status(void *ctx, const char *in_books, const char *life)
{
    const job *j = ctx;
    const char *meant = json_string_value(json_object_get(j->states, in_books));
    return strcasecmp(meant ? meant : in_books, life) == 0;
}

/* ---- what is told ---- */

static const char *amount_of(const books_row *row, lg_arena *arena)
{
    return lg_arena_printf(arena, "%s %s", lg_amount_format(row->amount_minor, row->currency).s,
                           row->currency.code);
}

static const char *label(const job *j, const books_row *row, lg_arena *arena)
{
    if (*row->invoice)
        return lg_arena_printf(arena, client_text(j->c, "invoice %s"), client_clean(arena, row->invoice));
    return *row->claim
               ? lg_arena_printf(arena, client_text(j->c, "claim %s"), client_clean(arena, row->claim))
               : lg_arena_printf(arena, client_text(j->c, "reference %s"),
                                 client_clean(arena, row->reference));
}

static const char *party_name(const job *j, const char *id)
{
    const char *name = json_string_value(json_object_get(j->names, id));
    return name ? name : *id ? id : client_text(j->c, "nobody");
}

/* One difference in a sentence for a clerk. */
static const char *sentence(const job *j, const difference *d, lg_arena *arena)
{
    const books_row *theirs = d->registry, *mine = d->books;
    const char *what = mine ? label(j, mine, arena) : theirs ? label(j, theirs, arena) : "";
    const long long line = mine ? (long long)mine->number : 0, entry = theirs ? (long long)theirs->number : 0;
    switch (d->kind) {
    case DIFFERENCE_MISSING_IN_BOOKS:
        return lg_arena_printf(arena,
                               client_text(j->c, "Your books lack %s: the registry has %s by entry %lld."),
                               what, amount_of(theirs, arena), entry);
    case DIFFERENCE_MISSING_IN_REGISTRY:
        return lg_arena_printf(arena,
                               client_text(j->c, "The registry lacks %s: your books have %s in line %lld."),
                               what, amount_of(mine, arena), line);
    case DIFFERENCE_DUPLICATE:
        return lg_arena_printf(
            arena, client_text(j->c, "Line %lld repeats %s over %s, which your books have already."), line,
            what, amount_of(mine, arena));
    case DIFFERENCE_AMOUNT:
        return lg_arena_printf(
            arena,
            client_text(j->c, "The amounts of %s differ: %s in line %lld of your books, %s by entry %lld."),
            what, amount_of(mine, arena), line, amount_of(theirs, arena), entry);
    case DIFFERENCE_CURRENCY:
        return lg_arena_printf(
            arena,
            client_text(j->c,
                        "The currencies of %s differ: %s in line %lld of your books, %s by entry %lld."),
            what, mine->currency.code, line, theirs->currency.code, entry);
    case DIFFERENCE_DUE:
        return lg_arena_printf(
            arena,
            client_text(j->c,
                        "The due dates of %s differ: %s in line %lld of your books, %s in the registry."),
            what, lg_day_format(mine->due).s, line,
            theirs->has_due ? lg_day_format(theirs->due).s : client_text(j->c, "none"));
    case DIFFERENCE_DEBTOR:
        return lg_arena_printf(
            arena,
            client_text(j->c, "The debtors of %s differ: %s in line %lld of your books, %s in the registry."),
            what, client_clean(arena, mine->debtor), line,
            client_clean(arena, party_name(j, theirs->debtor)));
    case DIFFERENCE_CREDITOR:
        return lg_arena_printf(
            arena,
            client_text(j->c,
                        "The creditors of %s differ: %s in line %lld of your books, %s in the registry."),
            what, client_clean(arena, mine->creditor), line,
            client_clean(arena, party_name(j, theirs->creditor)));
    case DIFFERENCE_STATUS:
        return lg_arena_printf(
            arena,
            client_text(j->c, "The states of %s differ: %s in line %lld of your books, %s in the registry."),
            what, client_clean(arena, mine->status), line,
            *theirs->status ? client_word(j->c, "state", theirs->status) : client_text(j->c, "none"));
    case DIFFERENCE_SUM:
        return lg_arena_printf(
            arena, client_text(j->c, "The sums in %s differ: %s in your books, %s in the registry."),
            d->currency.code, lg_amount_format(d->books_minor, d->currency).s,
            lg_amount_format(d->registry_minor, d->currency).s);
    case DIFFERENCE_COUNT:
        break;
    }
    return "";
}

static json_t *side_json(const books_row *row, const char *number)
{
    return row ? json_pack("{s:I,s:s,s:s,s:s,s:s,s:s}", number, (json_int_t)row->number, "invoice",
                           row->invoice, "claim", row->claim, "reference", row->reference, "currency",
                           row->currency.code, "amount", lg_amount_format(row->amount_minor, row->currency).s)
               : json_null();
}

static void difference_json(const job *j, const difference *d, lg_arena *arena, json_t *list)
{
    json_t *one = json_object();
    json_object_set_new(one, "kind", json_string(difference_name(d->kind)));
    json_object_set_new(one, "detail", json_string(sentence(j, d, arena)));
    if (d->kind == DIFFERENCE_SUM) {
        json_object_set_new(one, "currency", json_string(d->currency.code));
        json_object_set_new(one, "registry", json_string(lg_amount_format(d->registry_minor, d->currency).s));
        json_object_set_new(one, "books", json_string(lg_amount_format(d->books_minor, d->currency).s));
    } else {
        json_object_set_new(one, "registry", side_json(d->registry, "seq"));
        json_object_set_new(one, "books", side_json(d->books, "line"));
    }
    json_array_append_new(list, one);
}

static void report_json(const job *j, const reconcile_result *result)
{
    lg_arena *arena = lg_arena_open();
    json_t *report = json_object(), *list = json_array();
    json_object_set_new(report, "agree", json_boolean(result->count == 0));
    json_object_set_new(report, "from", json_string(lg_day_format(j->from).s));
    json_object_set_new(report, "to", json_string(lg_day_format(j->to).s));
    json_object_set_new(report, "account", json_string(j->account));
    json_object_set_new(report, "verified", json_boolean(j->verified));
    json_object_set_new(report, "final", json_boolean(j->final));
    json_object_set_new(report, "registry_rows", json_integer((json_int_t)j->registry.count));
    json_object_set_new(report, "books_rows", json_integer((json_int_t)j->books.count));
    json_object_set_new(report, "matched", json_integer((json_int_t)result->matched));
    for (size_t i = 0; i < result->count; i++)
        difference_json(j, &result->differences[i], arena, list);
    json_object_set_new(report, "differences", list);
    client_print_json(report);
    json_decref(report);
    lg_arena_close(arena);
}

static void report_print(const job *j, const reconcile_result *result)
{
    client *c = j->c;
    lg_arena *arena = lg_arena_open();
    for (size_t i = 0; i < result->count; i++)
        client_say(c, STYLE_YELLOW, "%s", sentence(j, &result->differences[i], arena));
    const char *span = j->from == j->to ? lg_day_format(j->from).s
                                        : lg_arena_printf(arena, client_text(j->c, "%s to %s"),
                                                          lg_day_format(j->from).s, lg_day_format(j->to).s);
    if (result->count == 0)
        client_say(c, STYLE_GREEN, "agree: %zu movements of %s on %s are in your books, and nothing else",
                   result->matched, j->account, span);
    else
        client_say(c, STYLE_RED,
                   "%zu differences on %s: %s has %zu movements, your books %zu rows; %zu agree",
                   result->count, span, j->account, j->registry.count, j->books.count, result->matched);
    if (!j->final)
        client_say(c, STYLE_DIM, "the last day is not over yet: more may come");
    client_say(c, STYLE_DIM, "%s",
               j->verified ? client_text(c, "the registry's entries are in the ledger that its key signed")
                           : client_text(c, "the registry's entries were not verified: no --vkey"));
    lg_arena_close(arena);
}

static client_exit compare(job *j)
{
    reconcile_result result;
    const reconcile_terms terms = {
        .registry = &j->registry,
        .books = &j->books,
        .unsigned_amounts = client_option_given(j->c, "unsigned"),
        .same_party = same_party,
        .same_status = same_status,
        .ctx = j,
    };
    client_exit code = reconcile_run(&terms, &result)
                           ? CLIENT_OK
                           : client_fail(j->c, CLIENT_LOCAL, "A sum is beyond what can be counted.");
    if (code == CLIENT_OK && j->c->json)
        report_json(j, &result);
    else if (code == CLIENT_OK)
        report_print(j, &result);
    if (code == CLIENT_OK && result.count > 0) {
        j->c->quiet = true;
        code = CLIENT_DIFFERS;
    }
    reconcile_clear(&result);
    return code;
}

client_exit command_reconcile(client *c)
{
    books_format format;
    const char *account = client_option_value(c, "account"), *only = client_option_value(c, "only");
    job j = {.c = c, .account = account ? account : "claims_held"};
    j.only = only ? lg_arena_printf(c->arena, ",%s,", only) : NULL;
    j.names = json_object();
    j.participants = json_object();
    j.states = json_object();
    client_exit code = days_parse(c, c->args.operands[0], &j.from, &j.to);
    if (code == CLIENT_OK)
        code = account_check(c, j.account);
    if (code == CLIENT_OK)
        code = only_check(c, only);
    if (code == CLIENT_OK)
        code = format_read(c, &format);
    if (code == CLIENT_OK)
        code = states_read(&j);
    if (code == CLIENT_OK)
        code = books_read(c, c->args.operands[1], &format, &j.books);
    if (code == CLIENT_OK)
        code = registry_read(&j);
    if (code == CLIENT_OK && client_option_given(c, "net") && !reconcile_net(&j.registry))
        code = client_fail(c, CLIENT_LOCAL, "A sum is beyond what can be counted.");
    if (code == CLIENT_OK)
        code = compare(&j);
    books_clear(&j.registry);
    books_clear(&j.books);
    json_decref(j.names);
    json_decref(j.participants);
    json_decref(j.states);
    return code;
}
