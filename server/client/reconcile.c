#include "server/client/reconcile.h"

#include "ledger/base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[DIFFERENCE_COUNT] = {
    [DIFFERENCE_MISSING_IN_BOOKS] = "missing_in_books",
    [DIFFERENCE_MISSING_IN_REGISTRY] = "missing_in_registry",
    [DIFFERENCE_DUPLICATE] = "duplicate",
    [DIFFERENCE_AMOUNT] = "amount",
    [DIFFERENCE_CURRENCY] = "currency",
    [DIFFERENCE_DUE] = "due_date",
    [DIFFERENCE_DEBTOR] = "debtor",
    [DIFFERENCE_CREDITOR] = "creditor",
    [DIFFERENCE_STATUS] = "status",
    [DIFFERENCE_SUM] = "sum",
};

const char *difference_name(difference_kind kind)
{
    return (unsigned)kind < DIFFERENCE_COUNT ? names[kind] : "unknown";
}

void reconcile_clear(reconcile_result *result)
{
    if (result->arena)
        lg_arena_close(result->arena);
    *result = (reconcile_result){.arena = NULL};
}

/* ---- open items ---- */

static int compare_claims(const void *a, const void *b)
{
    const books_row *x = a, *y = b;
    int order = strcmp(x->claim, y->claim);
    if (order == 0)
        order = strcmp(x->currency.code, y->currency.code);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

bool reconcile_net(books *registry)
{
    size_t kept = 0;
    if (registry->count > 1)
        qsort(registry->rows, registry->count, sizeof *registry->rows, compare_claims);
    for (size_t i = 0; i < registry->count;) {
        books_row sum = registry->rows[i];
        for (i++; i < registry->count && strcmp(registry->rows[i].claim, sum.claim) == 0 &&
                  lg_currency_equal(registry->rows[i].currency, sum.currency);
             i++) {
            const int64_t before = sum.amount_minor;
            sum = registry->rows[i];
            if (__builtin_add_overflow(before, sum.amount_minor, &sum.amount_minor))
                return false;
        }
        if (sum.amount_minor != 0)
            registry->rows[kept++] = sum;
    }
    registry->count = kept;
    return true;
}

/* ---- names ---- */

/* A registry row under one of the names by which books may know it. */
typedef struct name_of_row {
    const char *name; /* "c" and the id, "i" and the number's skeleton, "r" and the reference's */
    size_t row;
} name_of_row;

typedef struct run {
    const reconcile_terms *terms;
    reconcile_result *out;
    lg_arena *arena; /* of the run */
    name_of_row *names;
    size_t name_count;
    const char **mine; /* of each row of the books: its name, as it would be among `names` */
    size_t *partner;   /* of each row of the books: the registry's row + 1; 0: none yet */
    bool *taken;       /* the registry's rows that have a partner */
} run;

static int compare_names(const void *a, const void *b)
{
    const name_of_row *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static void add_name(run *r, char kind, const char *text, size_t row)
{
    if (*text)
        r->names[r->name_count++] = (name_of_row){lg_arena_printf(r->arena, "%c%s", kind, text), row};
}

static void index_registry(run *r)
{
    const books *registry = r->terms->registry;
    r->names = lg_arena_array(r->arena, 3 * registry->count + 1, sizeof *r->names);
    for (size_t i = 0; i < registry->count; i++) {
        const books_row *row = &registry->rows[i];
        add_name(r, 'c', row->claim, i);
        add_name(r, 'i', lg_text_skeleton(r->arena, row->invoice), i);
        add_name(r, 'r', lg_text_skeleton(r->arena, row->reference), i);
    }
    if (r->name_count > 1)
        qsort(r->names, r->name_count, sizeof *r->names, compare_names);
}

/* The first place of the name; r->name_count if it is not there. */
static size_t find_name(const run *r, const char *name)
{
    size_t low = 0, high = r->name_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(r->names[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A number's skeleton finds candidates; whether they are one number is asked of the whole. */
static bool is_same_thing(run *r, const books_row *mine, const books_row *theirs)
{
    if (*mine->claim)
        return true; /* its id is the whole name */
    const char *a = *mine->invoice ? mine->invoice : mine->reference;
    const char *b = *mine->invoice ? theirs->invoice : theirs->reference;
    return strcmp(a, b) == 0 || lg_text_alike(r->arena, a, b);
}

static const char *name_in_books(run *r, const books_row *row)
{
    if (*row->claim) {
        char *name = lg_arena_printf(r->arena, "c%s", row->claim);
        for (char *p = name; *p; p++)
            if (*p >= 'A' && *p <= 'F')
                *p = (char)(*p - 'A' + 'a');
        return name;
    }
    return *row->invoice ? lg_arena_printf(r->arena, "i%s", lg_text_skeleton(r->arena, row->invoice))
                         : lg_arena_printf(r->arena, "r%s", lg_text_skeleton(r->arena, row->reference));
}

/* ---- pairs ---- */

static bool same_amount(const run *r, const books_row *mine, const books_row *theirs)
{
    return mine->amount_minor == theirs->amount_minor ||
           (r->terms->unsigned_amounts && mine->amount_minor == -theirs->amount_minor);
}

typedef enum { EXACT, SAME_CURRENCY, SAME_AMOUNT, ANY, CLOSENESS_COUNT } closeness;

static bool is_close(const run *r, const books_row *mine, const books_row *theirs, closeness how)
{
    const bool currency = lg_currency_equal(mine->currency, theirs->currency);
    const bool amount = same_amount(r, mine, theirs);
    switch (how) {
    case EXACT:
        return currency && amount;
    case SAME_CURRENCY:
        return currency;
    case SAME_AMOUNT:
        return amount;
    case ANY:
    case CLOSENESS_COUNT:
        break;
    }
    return true;
}

static void pair_rows(run *r, closeness how)
{
    const books *mine = r->terms->books, *theirs = r->terms->registry;
    for (size_t i = 0; i < mine->count; i++) {
        if (r->partner[i])
            continue;
        const char *name = r->mine[i];
        for (size_t at = find_name(r, name); at < r->name_count && strcmp(r->names[at].name, name) == 0;
             at++) {
            const size_t row = r->names[at].row;
            if (r->taken[row] || !is_close(r, &mine->rows[i], &theirs->rows[row], how) ||
                !is_same_thing(r, &mine->rows[i], &theirs->rows[row]))
                continue;
            r->partner[i] = row + 1;
            r->taken[row] = true;
            break;
        }
    }
}

/* ---- differences ---- */

static difference *tell(run *r, difference_kind kind, const books_row *registry, const books_row *mine)
{
    reconcile_result *out = r->out;
    if (out->count == out->cap) {
        const size_t cap = out->cap ? 2 * out->cap : 64;
        difference *more = lg_arena_array(out->arena, cap, sizeof *more);
        if (out->count)
            memcpy(more, out->differences, out->count * sizeof *more);
        out->differences = more;
        out->cap = cap;
    }
    difference *made = &out->differences[out->count++];
    *made = (difference){.kind = kind, .registry = registry, .books = mine};
    return made;
}

static void compare_pair(run *r, const books_row *registry, const books_row *mine)
{
    const reconcile_terms *t = r->terms;
    const size_t before = r->out->count;
    if (!lg_currency_equal(registry->currency, mine->currency))
        tell(r, DIFFERENCE_CURRENCY, registry, mine);
    if (!same_amount(r, mine, registry))
        tell(r, DIFFERENCE_AMOUNT, registry, mine);
    if (mine->has_due && (!registry->has_due || registry->due != mine->due))
        tell(r, DIFFERENCE_DUE, registry, mine);
    if (*mine->debtor && !t->same_party(t->ctx, mine->debtor, registry->debtor))
        tell(r, DIFFERENCE_DEBTOR, registry, mine);
    if (*mine->creditor && !t->same_party(t->ctx, mine->creditor, registry->creditor))
        tell(r, DIFFERENCE_CREDITOR, registry, mine);
    if (*mine->status && !t->same_status(t->ctx, mine->status, registry->status))
        tell(r, DIFFERENCE_STATUS, registry, mine);
    r->out->matched += r->out->count == before;
}

/* A row alone: is it said a second time what a paired row of the books said already? */
static bool is_duplicate(run *r, const books_row *row, const char *name)
{
    const books *theirs = r->terms->registry;
    for (size_t at = find_name(r, name); at < r->name_count && strcmp(r->names[at].name, name) == 0; at++) {
        const books_row *other = &theirs->rows[r->names[at].row];
        if (is_close(r, row, other, EXACT) && is_same_thing(r, row, other))
            return true;
    }
    return false;
}

static void tell_rows(run *r)
{
    const books *mine = r->terms->books, *theirs = r->terms->registry;
    for (size_t i = 0; i < mine->count; i++) {
        const books_row *row = &mine->rows[i];
        if (r->partner[i])
            compare_pair(r, &theirs->rows[r->partner[i] - 1], row);
        else
            tell(r, is_duplicate(r, row, r->mine[i]) ? DIFFERENCE_DUPLICATE : DIFFERENCE_MISSING_IN_REGISTRY,
                 NULL, row);
    }
    for (size_t i = 0; i < theirs->count; i++)
        if (!r->taken[i])
            tell(r, DIFFERENCE_MISSING_IN_BOOKS, &theirs->rows[i], NULL);
}

/* ---- sums ---- */

typedef struct currency_sum {
    lg_currency currency;
    int64_t registry_minor, books_minor;
} currency_sum;

enum { CURRENCIES_MAX = 256 }; /* more than there are */

static currency_sum *sum_of(currency_sum *sums, size_t *count, lg_currency currency)
{
    size_t at = 0;
    while (at < *count && !lg_currency_equal(sums[at].currency, currency))
        at++;
    if (at == *count && *count < CURRENCIES_MAX)
        sums[(*count)++] = (currency_sum){.currency = currency};
    return &sums[at];
}

static int compare_sums(const void *a, const void *b)
{
    return strcmp(((const currency_sum *)a)->currency.code, ((const currency_sum *)b)->currency.code);
}

static bool tell_sums(run *r)
{
    const reconcile_terms *t = r->terms;
    currency_sum sums[CURRENCIES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < t->registry->count; i++) {
        const int64_t minor = t->registry->rows[i].amount_minor;
        currency_sum *sum = sum_of(sums, &count, t->registry->rows[i].currency);
        if (__builtin_add_overflow(sum->registry_minor, t->unsigned_amounts && minor < 0 ? -minor : minor,
                                   &sum->registry_minor))
            return false;
    }
    for (size_t i = 0; i < t->books->count; i++) {
        const int64_t minor = t->books->rows[i].amount_minor;
        currency_sum *sum = sum_of(sums, &count, t->books->rows[i].currency);
        if (__builtin_add_overflow(sum->books_minor, t->unsigned_amounts && minor < 0 ? -minor : minor,
                                   &sum->books_minor))
            return false;
    }
    qsort(sums, count, sizeof *sums, compare_sums);
    for (size_t i = 0; i < count; i++) {
        if (sums[i].registry_minor == sums[i].books_minor)
            continue;
        difference *one = tell(r, DIFFERENCE_SUM, NULL, NULL);
        one->currency = sums[i].currency;
        one->registry_minor = sums[i].registry_minor;
        one->books_minor = sums[i].books_minor;
    }
    return true;
}

bool reconcile_run(const reconcile_terms *terms, reconcile_result *out)
{
    run r = {.terms = terms, .out = out, .arena = lg_arena_open()};
    *out = (reconcile_result){.arena = lg_arena_open()};
    r.partner = lg_arena_array(r.arena, terms->books->count + 1, sizeof *r.partner);
    r.taken = lg_arena_array(r.arena, terms->registry->count + 1, sizeof *r.taken);
    index_registry(&r);
    r.mine = lg_arena_array(r.arena, terms->books->count + 1, sizeof *r.mine);
    for (size_t i = 0; i < terms->books->count; i++)
        r.mine[i] = name_in_books(&r, &terms->books->rows[i]);
    for (closeness how = EXACT; how < CLOSENESS_COUNT; how++)
        pair_rows(&r, how);
    tell_rows(&r);
    const bool ok = tell_sums(&r);
    lg_arena_close(r.arena);
    return ok;
}
