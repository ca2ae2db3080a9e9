#include "ledger/registry/movement.h"

#include "ledger/store/movement_rows.h"

enum { STAKES_MAX = 3 };

/* What a thing adds to whose position, in its currency. */
typedef struct stake {
    lg_participant_no participant;
    lg_account account;
    int64_t amount_minor;
} stake;

typedef struct stakes {
    stake rows[STAKES_MAX];
    size_t count;
} stakes;

static void stakes_add(stakes *all, lg_participant_no participant, lg_account account, int64_t amount_minor)
{
    if (participant.v)
        all->rows[all->count++] = (stake){participant, account, amount_minor};
}

static stakes of_receivable(const lg_receivable *row)
{
    stakes all = {.count = 0};
    if (!row || row->life != LG_LIFE_REGISTERED)
        return all;
    stakes_add(&all, row->creditor, LG_ACCOUNT_RECEIVABLES_REGISTERED, row->amount_minor);
    stakes_add(&all, row->debtor, LG_ACCOUNT_PAYABLES_REGISTERED, row->amount_minor);
    return all;
}

static stakes of_claim(const lg_claim *row)
{
    stakes all = {.count = 0};
    if (!row || !lg_claim_is_live(row))
        return all;
    stakes_add(&all, row->holder, LG_ACCOUNT_CLAIMS_HELD, row->outstanding_minor);
    stakes_add(&all, row->debtor, LG_ACCOUNT_CLAIMS_OWED, row->outstanding_minor);
    stakes_add(&all, row->lender,
               row->encumbrance == LG_RESERVED ? LG_ACCOUNT_CLAIMS_RESERVED : LG_ACCOUNT_CLAIMS_PLEDGED,
               row->outstanding_minor);
    return all;
}

static stakes of_financing(const lg_financing *row)
{
    stakes all = {.count = 0};
    if (!row || (row->status != LG_FINANCING_DISBURSED && row->status != LG_FINANCING_RECOURSE))
        return all;
    stakes_add(&all, row->lender, LG_ACCOUNT_ADVANCES_MADE, row->advance_minor);
    stakes_add(&all, row->seller, LG_ACCOUNT_ADVANCES_RECEIVED, row->advance_minor);
    return all;
}

static const stake *find(const stakes *all, const stake *like)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].account == like->account && all->rows[i].participant.v == like->participant.v)
            return &all->rows[i];
    return NULL;
}

static void move(const lg_apply *apply, const stake *of, lg_currency currency, int64_t subject_no,
                 int64_t items, int64_t amount_minor)
{
    if (items == 0 && amount_minor == 0)
        return;
    lg_move *row = lg_arena_alloc(apply->arena, sizeof *row);
    *row = (lg_move){
        .participant = of->participant,
        .movement = {.account = of->account,
                     .currency = currency,
                     .subject_no = subject_no,
                     .items = items,
                     .amount_minor = amount_minor},
    };
    *apply->moves->end = row;
    apply->moves->end = &row->next;
    apply->moves->count++;
}

static void moved(const lg_apply *apply, stakes before, stakes after, lg_currency currency,
                  int64_t subject_no)
{
    for (size_t i = 0; i < before.count; i++) {
        const stake *was = &before.rows[i], *is = find(&after, was);
        move(apply, was, currency, subject_no, is ? 0 : -1, (is ? is->amount_minor : 0) - was->amount_minor);
    }
    for (size_t i = 0; i < after.count; i++)
        if (!find(&before, &after.rows[i]))
            move(apply, &after.rows[i], currency, subject_no, 1, after.rows[i].amount_minor);
}

static void list(lg_moves *moves, lg_participant_no participant, unsigned concern)
{
    size_t at = 0;
    if (participant.v == 0)
        return; /* not known here */
    while (at < moves->listed_count && moves->listed[at].participant.v != participant.v)
        at++;
    moves->listed[at].participant = participant;
    moves->listed[at].concerns |= concern;
    moves->listed_count += at == moves->listed_count;
}

static void list_new(lg_moves *moves, const lg_receivable *row)
{
    list(moves, row->creditor, LG_AS_CREDITOR);
    list(moves, row->debtor, LG_AS_DEBTOR);
    if (row->submitter.v != row->creditor.v && row->submitter.v != row->debtor.v)
        list(moves, row->submitter, LG_AS_SUBMITTER);
}

void lg_apply_receivable_moved(const lg_apply *apply, const lg_receivable *before, const lg_receivable *after)
{
    if (!before)
        list_new(apply->moves, after);
    moved(apply, of_receivable(before), of_receivable(after), after->currency, after->no.v);
}

void lg_apply_claim_moved(const lg_apply *apply, const lg_claim *before, const lg_claim *after)
{
    moved(apply, of_claim(before), of_claim(after), after->currency, after->no.v);
}

void lg_apply_financing_moved(const lg_apply *apply, const lg_financing *before, const lg_financing *after)
{
    moved(apply, of_financing(before), of_financing(after), after->currency, after->no.v);
}

void lg_moves_of(const lg_moves *moves, lg_participant_no participant, lg_arena *arena, lg_party_entry *row)
{
    row->movements = lg_arena_array(arena, moves->count + 1, sizeof *row->movements);
    row->movement_count = 0;
    row->concerns = 0;
    for (size_t i = 0; i < moves->listed_count; i++)
        if (moves->listed[i].participant.v == participant.v)
            row->concerns |= moves->listed[i].concerns;
    for (const lg_move *move = moves->first; move; move = move->next)
        if (move->participant.v == participant.v)
            row->movements[row->movement_count++] = move->movement;
}
