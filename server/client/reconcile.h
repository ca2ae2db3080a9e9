/* Two lists of movements set against each other: the registry's and one's own books. */
#ifndef CLIENT_RECONCILE_H
#define CLIENT_RECONCILE_H

#include "server/client/books.h"

typedef enum {
    DIFFERENCE_MISSING_IN_BOOKS,
    DIFFERENCE_MISSING_IN_REGISTRY,
    DIFFERENCE_DUPLICATE, /* a row of the books that says again what another said */
    DIFFERENCE_AMOUNT,
    DIFFERENCE_CURRENCY,
    DIFFERENCE_DUE,
    DIFFERENCE_DEBTOR,
    DIFFERENCE_CREDITOR,
    DIFFERENCE_STATUS,
    DIFFERENCE_SUM, /* of a currency: what the others come to */
    DIFFERENCE_COUNT,
} difference_kind;
const char *difference_name(difference_kind kind);

/* The registry's rows have the claim's id (or the receivable's) in `claim`; debtor and creditor are ids, and
 * their names go by `names`. */
typedef struct difference {
    difference_kind kind;
    const books_row *registry, *books; /* NULL: there is none; of DIFFERENCE_SUM both NULL */
    lg_currency currency;              /* of DIFFERENCE_SUM, with both sums */
    int64_t registry_minor, books_minor;
} difference;

typedef struct reconcile_terms {
    const books *registry, *books;
    bool unsigned_amounts; /* the books write all amounts without a sign */
    /* Are they one company: a name or an id in the books, an id of the registry's? */
    bool (*same_party)(void *ctx, const char *in_books, const char *id);
    /* Are they one state: a word of the books, the registry's life? */
    bool (*same_status)(void *ctx, const char *in_books, const char *life);
    void *ctx;
} reconcile_terms;

typedef struct reconcile_result {
    lg_arena *arena;
    difference *differences;
    size_t count, cap;
    size_t matched; /* pairs that agree in everything */
} reconcile_result;
void reconcile_clear(reconcile_result *result);

/* Puts the rows of one claim and currency together: what they come to, as the last of them has it. What comes
 * to nothing is left out. False if a sum is beyond 64 bits. */
bool reconcile_net(books *registry) LG_MUST_CHECK;

/* Pairs rows that name the same thing: first those with the same amount and currency, then what is left over
 * in order. What stays alone is missing on the other side. Time is n log n but for rows that name one thing
 * very often; memory is in proportion to the rows. False if a sum is beyond 64 bits. */
bool reconcile_run(const reconcile_terms *terms, reconcile_result *out) LG_MUST_CHECK;

#endif
