/* Of everybody's positions: each entry's follow from those before, and the last are what is there. */
#include "ledger/store/invariants_internal.h"
#include "ledger/store/movement_rows.h"
#include "ledger/store/rows_internal.h"

#include <stdio.h>

static lg_balance minus(lg_balance a, const lg_movement *b)
{
    return (lg_balance){a.items - b->items, (int64_t)((uint64_t)a.amount_minor - (uint64_t)b->amount_minor)};
}

static bool same(lg_balance a, lg_balance b)
{
    return a.items == b.items && a.amount_minor == b.amount_minor;
}

/* ---- each entry's ---- */

/* Those before the entry are the ones given; what is new began with nothing. */
static bool follows(const lg_positions *entry, const lg_positions *before)
{
    size_t old = 0;
    for (size_t i = 0; i < entry->count; i++) {
        const lg_position *row = &entry->rows[i];
        const lg_position was = lg_position_in(before->rows, before->count, row->account, row->currency);
        lg_balance balance = row->balance;
        for (size_t k = 0; k < entry->movement_count; k++)
            if (entry->movements[k].account == row->account &&
                lg_currency_equal(entry->movements[k].currency, row->currency))
                balance = minus(balance, &entry->movements[k]);
        if (!same(balance, was.balance))
            return false;
        old += old < before->count && before->rows[old].account == row->account &&
               lg_currency_equal(before->rows[old].currency, row->currency);
    }
    return old == before->count; /* both are in the same order */
}

/* Those of one participant, in order; how many they are is added to *count. */
static lg_err check_steps(lg_db *db, lg_participant_no participant, lg_arena *arenas[2], lg_party_walk *walk,
                          int64_t *count, const lg_invariant_breach *breach)
{
    lg_positions before = {0}, entry;
    size_t at = 0;
    int64_t seq;
    lg_party_walk_start(walk, db, participant, LG_AS_PARTY, 0, true);
    for (; lg_party_walk_next(walk, &seq); ++*count) {
        lg_arena_reset(arenas[at]);
        lg_err err = lg_positions_at(db, participant, seq, arenas[at], &entry);
        if (err && err != LG_CORRUPT)
            return err;
        if (err || !follows(&entry, &before)) {
            char key[64];
            snprintf(key, sizeof key, "%lld/%lld", (long long)seq, (long long)participant.v);
            breach->differ(breach->ctx, breach->table, key, breach->rule);
        }
        if (err)
            entry = (lg_positions){0};
        before = entry;
        at ^= 1; /* what is before stays */
    }
    return walk->err;
}

/* The next participant behind *no that any entry concerns; false: there is none. */
static bool next_participant(lg_db *db, lg_participant_no *no, lg_err *err)
{
    static const lg_sql sql = {"SELECT participant_no FROM party_tails WHERE participant_no > ?1"
                               " ORDER BY participant_no LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no->v);
    const bool found = lg_query_next(&query);
    if (found)
        no->v = lg_column_int(&query, 0);
    *err = lg_query_end(&query);
    return found && *err == LG_OK;
}

/* A run leads to every row: there are no more than were walked. */
static lg_err check_none_is_apart(lg_db *db, int64_t walked, const lg_invariant_breach *breach)
{
    static const lg_sql sql = {"SELECT count(*) FROM party_entries"};
    lg_query query = lg_query_start(db, &sql);
    const int64_t rows = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    if (rows > walked)
        breach->differ(breach->ctx, breach->table, "what no run leads to", breach->rule);
    return lg_query_end(&query);
}

lg_err lg_check_position_steps(lg_db *db, const lg_invariant_breach *breach)
{
    lg_arena *arenas[2] = {lg_arena_open(), lg_arena_open()}, *whole = lg_arena_open();
    lg_party_walk *walk = lg_arena_alloc(whole, sizeof *walk);
    lg_participant_no no = {INT64_MIN};
    int64_t walked = 0;
    lg_err err = LG_OK;
    while (!err && next_participant(db, &no, &err))
        err = check_steps(db, no, arenas, walk, &walked, breach);
    if (!err)
        err = check_none_is_apart(db, walked, breach);
    lg_arena_close(arenas[0]);
    lg_arena_close(arenas[1]);
    lg_arena_close(whole);
    return err;
}

/* ---- the last ---- */

/* What everybody's claims, receivables and financings come to, in the order of participant, currency and
 * account. The numbers are lg_account's. Added up in two parts, because all that somebody holds may pass 64
 * bits. */
static const lg_sql owned = {
    "SELECT participant_no, account, currency, count(*), SUM(amount_minor / 1000000), SUM(amount_minor % "
    "1000000) FROM"
    " (SELECT creditor_no AS participant_no, 0 AS account, currency, amount_minor FROM receivables"
    " WHERE life = 'registered'"
    " UNION ALL SELECT debtor_no, 1, currency, amount_minor FROM receivables WHERE life = 'registered'"
    " UNION ALL SELECT c.holder_no, 2, c.currency, c.outstanding_minor FROM claims c WHERE " LIVE_C
    " UNION ALL SELECT c.debtor_no, 3, c.currency, c.outstanding_minor FROM claims c WHERE " LIVE_C
    " UNION ALL SELECT c.lender_no, CASE c.encumbrance WHEN 'reserved' THEN 4 ELSE 5 END, c.currency,"
    " c.outstanding_minor FROM claims c WHERE c.lender_no IS NOT NULL AND " LIVE_C
    " UNION ALL SELECT lender_no, 6, currency, advance_minor FROM financings"
    " WHERE status = 'disbursed' OR status = 'recourse'"
    " UNION ALL SELECT seller_no, 7, currency, advance_minor FROM financings"
    " WHERE status = 'disbursed' OR status = 'recourse') AS there"
    " GROUP BY participant_no, currency, account ORDER BY participant_no, currency, account"};

typedef struct walk {
    const lg_invariant_breach *breach;
    lg_query query; /* of `owned` */
    lg_arena *arena;
    bool more;
    lg_participant_no participant;
    lg_position position;
} walk;

static void step(walk *w)
{
    lg_arena_reset(w->arena);
    w->more = lg_query_next(&w->query);
    if (!w->more)
        return;
    w->participant.v = lg_column_int(&w->query, 0);
    w->position = (lg_position){
        .account = (lg_account)lg_column_int(&w->query, 1),
        .currency = lg_column_currency(&w->query, 2, w->arena),
        .balance = {lg_column_int(&w->query, 3), (int64_t)((uint64_t)lg_column_int(&w->query, 4) * 1000000 +
                                                           (uint64_t)lg_column_int(&w->query, 5))},
    };
}

static void tell(const walk *w, int64_t participant_no, const lg_position *position)
{
    char key[64];
    snprintf(key, sizeof key, "%lld/%d/%s", (long long)participant_no, (int)position->account,
             position->currency.code);
    w->breach->differ(w->breach->ctx, w->breach->table, key, w->breach->rule);
}

/* What is owned before this position, and stands nowhere. */
static void skip_to(walk *w, int64_t participant_no, const lg_position *position)
{
    while (w->more) {
        int order = (w->participant.v > participant_no) - (w->participant.v < participant_no);
        if (order == 0 && position)
            order = strcmp(w->position.currency.code, position->currency.code);
        if (order == 0 && position)
            order = (int)w->position.account - (int)position->account;
        if (order > 0 || (order == 0 && position))
            return;
        tell(w, w->participant.v, &w->position);
        step(w);
    }
}

static void check_participant(walk *w, int64_t participant_no, const lg_positions *stands)
{
    for (size_t i = 0; i < stands->count; i++) {
        const lg_position *row = &stands->rows[i];
        lg_balance is = {0};
        skip_to(w, participant_no, row);
        const bool owns = w->more && w->participant.v == participant_no &&
                          w->position.account == row->account &&
                          lg_currency_equal(w->position.currency, row->currency);
        if (owns)
            is = w->position.balance;
        if (!same(row->balance, is))
            tell(w, participant_no, row);
        if (owns)
            step(w);
    }
    skip_to(w, participant_no, NULL);
}

/* Behind the participant's last entry. Nothing, of one that has no entry; and of a row that cannot be read,
 * which the rule above names. */
static lg_err last_stands(lg_db *db, lg_participant_no no, lg_arena *arena, lg_positions *out)
{
    lg_party_walk *entries = lg_arena_alloc(arena, sizeof *entries);
    int64_t seq;
    *out = (lg_positions){0};
    lg_party_walk_start(entries, db, no, LG_AS_PARTY, INT64_MAX, false);
    if (!lg_party_walk_next(entries, &seq))
        return entries->err;
    lg_err err = lg_positions_at(db, no, seq, arena, out);
    if (err == LG_CORRUPT)
        *out = (lg_positions){0};
    return err == LG_CORRUPT ? LG_OK : err;
}

lg_err lg_check_positions(lg_db *db, const lg_invariant_breach *breach)
{
    walk w = {.breach = breach, .query = lg_query_start(db, &owned), .arena = lg_arena_open()};
    lg_arena *arena = lg_arena_open();
    lg_positions stands;
    lg_err err = LG_OK;
    lg_participant_no no = {INT64_MIN};
    step(&w);
    while (!err && next_participant(db, &no, &err)) {
        lg_arena_reset(arena);
        err = last_stands(db, no, arena, &stands);
        if (!err)
            check_participant(&w, no.v, &stands);
    }
    skip_to(&w, INT64_MAX, NULL);
    lg_arena_close(arena);
    lg_arena_close(w.arena);
    const lg_err second = lg_query_end(&w.query);
    return err ? err : second;
}
