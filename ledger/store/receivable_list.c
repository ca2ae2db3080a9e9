/* Lists of receivables, and who may see one.
 *
 * A party's list walks its runs (party_runs.h), every other one an index, in the order of registration from
 * the cursor on, and stops at its limit; the other filters only sift the rows it passes. So the statements
 * are fixed. */
#include "ledger/store/party_runs.h"
#include "ledger/store/receivable_internal.h"
#include "ledger/store/rows_internal.h"

/* An invoice that passed the gateway, at once, by a reviewer's approval or by a verifier's answer. */
static bool was_registered(const lg_receivable *row)
{
    switch (row->review_outcome) {
    case LG_OUTCOME_PASS:
    case LG_OUTCOME_WARN:
        return row->life != LG_LIFE_HELD;
    case LG_OUTCOME_HOLD:
        return row->life != LG_LIFE_HELD &&
               (row->verified || (row->decision && strcmp(row->decision, "approved") == 0));
    case LG_OUTCOME_REJECT:
    case LG_OUTCOME_COUNT:
        break;
    }
    return false;
}

bool lg_receivable_visible(const lg_receivable *row, lg_participant_no party)
{
    if (party.v == 0)
        return false;
    if (row->submitter.v == party.v)
        return true;
    /* A payable held for review claims the seller's invoice: the seller must be able to see and refuse it. */
    if (row->by_debtor && row->review_outcome == LG_OUTCOME_HOLD && row->creditor.v == party.v)
        return true;
    return (row->creditor.v == party.v || row->debtor.v == party.v) && was_registered(row);
}

/* Parameters: 1 party, 2 cursor (of_party: the row itself), 3 limit (of the review queue), 4 to 13 the
 * filters. */
#define ROWS "SELECT " LG_RECEIVABLE_COLUMNS " FROM receivables"
#define FILTERS                                                                                              \
    " AND (?4 IS NULL OR life = ?4) AND (?5 IS NULL OR review_outcome = ?5)"                                 \
    " AND (?6 = 0 OR creditor_no = ?6) AND (?7 = 0 OR debtor_no = ?7)"                                       \
    " AND (?8 IS NULL OR currency = ?8) AND (?9 IS NULL OR invoice_number = ?9)"                             \
    " AND due_day BETWEEN ?10 AND ?11 AND amount_minor BETWEEN ?12 AND ?13"
/* lg_receivable_visible, for the rows of a party. */
#define VISIBLE                                                                                              \
    " AND (submitter_no = ?1 OR (life <> 'held' AND (review_outcome IN ('pass', 'warn')"                     \
    " OR (review_outcome = 'hold' AND (decision = 'approved' OR verified = 1))))"                            \
    " OR (creditor_no = ?1 AND submitted_by = 'debtor' AND review_outcome = 'hold'))"
#define BEFORE       " AND receivable_no < ?2"
#define AFTER        " AND receivable_no > ?2"
#define NEWEST_FIRST " ORDER BY receivable_no DESC LIMIT ?3"
#define OLDEST_FIRST " ORDER BY receivable_no LIMIT ?3"

/* One of a party's. */
static const lg_sql of_party = {ROWS " WHERE receivable_no = ?2" VISIBLE FILTERS};

/* The review queue: what waits, what had another outcome than pass, everything. 14 is of what waits the
 * lg_waits_for; of the others, 0 leaves out what waits. */
#define WAITING                                                                                              \
    ROWS " INDEXED BY receivables_held WHERE life = 'held'"                                                  \
         " AND (?14 = 0 OR (?14 = 2) = EXISTS (SELECT 1 FROM verifications v"                                \
         " WHERE v.receivable_no = receivables.receivable_no AND v.state = 'pending'))" FILTERS
#define JUDGED                                                                                               \
    ROWS " INDEXED BY receivables_judged WHERE review_outcome = ?5 AND review_outcome <> 'pass'"             \
         " AND (?14 <> 0 OR life <> 'held')" FILTERS
#define EVERY ROWS " WHERE (?14 <> 0 OR life <> 'held')" FILTERS

static const lg_sql waiting_lists[] = {{WAITING BEFORE NEWEST_FIRST}, {WAITING AFTER OLDEST_FIRST}};
static const lg_sql judged_lists[] = {{JUDGED BEFORE NEWEST_FIRST}, {JUDGED AFTER OLDEST_FIRST}};
static const lg_sql every_lists[] = {{EVERY BEFORE NEWEST_FIRST}, {EVERY AFTER OLDEST_FIRST}};

static const lg_sql *queue_lists(const lg_receivable_filter *filter)
{
    if (filter->open == 1)
        return waiting_lists;
    return filter->review_outcome > LG_OUTCOME_PASS ? judged_lists : every_lists;
}

static unsigned concerns_of(lg_party_part part)
{
    switch (part) {
    case LG_PART_CREDITOR:
        return LG_AS_CREDITOR;
    case LG_PART_DEBTOR:
        return LG_AS_DEBTOR;
    case LG_PART_ANY:
        break;
    }
    return LG_AS_CREDITOR | LG_AS_DEBTOR | LG_AS_SUBMITTER;
}

/* Where the walk begins: a receivable is its entry's thing of index 0. */
static int64_t first_seq(const lg_receivable_filter *filter)
{
    if (filter->ascending)
        return lg_row_seq(filter->after_no) + 1;
    return filter->after_no == 0 ? INT64_MAX : lg_row_seq(filter->after_no - 1) + 1;
}

static void filter_bind(lg_query *query, const lg_receivable_filter *filter)
{
    int64_t from = filter->after_no == 0 && !filter->ascending ? INT64_MAX : filter->after_no;
    lg_bind_int(query, 1, filter->party.v);
    lg_bind_int(query, 2, from);
    lg_bind_text(query, 4,
                 filter->life < 0 ? NULL : lg_receivable_life_name((lg_receivable_life)filter->life));
    lg_bind_text(query, 5,
                 filter->review_outcome < 0
                     ? NULL
                     : lg_review_outcome_name((lg_review_outcome)filter->review_outcome));
    lg_bind_int(query, 6, filter->creditor.v);
    lg_bind_int(query, 7, filter->debtor.v);
    lg_bind_text(query, 8, filter->currency);
    lg_bind_text(query, 9, filter->number);
    lg_bind_int(query, 10, filter->due_from);
    lg_bind_int(query, 11, filter->due_to);
    lg_bind_int(query, 12, filter->amount_min);
    lg_bind_int(query, 13, filter->amount_max);
}

static lg_err list_of_party(lg_db *db, const lg_receivable_filter *filter, lg_arena *arena, lg_row_list *list)
{
    lg_party_walk *walk = lg_arena_alloc(arena, sizeof *walk);
    lg_query query = lg_query_start(db, &of_party);
    int64_t seq;
    filter_bind(&query, filter);
    lg_party_walk_start(walk, db, filter->party, concerns_of(filter->part), first_seq(filter),
                        filter->ascending);
    while (list->count < filter->limit && !query.err && lg_party_walk_next(walk, &seq)) {
        lg_query_again(&query);
        lg_bind_int(&query, 2, lg_row_no(seq, 0));
        if (lg_query_next(&query))
            lg_receivable_read(&query, arena, lg_row_add(list, arena, sizeof(lg_receivable)));
    }
    lg_err err = lg_query_end(&query);
    return err ? err : walk->err;
}

static lg_err list_for_review(lg_db *db, const lg_receivable_filter *filter, lg_arena *arena,
                              lg_row_list *list)
{
    const lg_sql *lists = queue_lists(filter);
    lg_query query = lg_query_start(db, &lists[filter->ascending]);
    filter_bind(&query, filter);
    lg_bind_int(&query, 3, (int64_t)filter->limit);
    lg_bind_int(&query, 14, lists == waiting_lists ? (int64_t)filter->waits_for : filter->open);
    while (lg_query_next(&query))
        lg_receivable_read(&query, arena, lg_row_add(list, arena, sizeof(lg_receivable)));
    return lg_query_end(&query);
}

lg_err lg_receivable_list(lg_db *db, const lg_receivable_filter *filter, lg_arena *arena,
                          lg_receivable **rows, size_t *count)
{
    lg_row_list list = {0};
    lg_err err = LG_OK;
    if (filter->review_queue)
        err = list_for_review(db, filter, arena, &list);
    else if (filter->party.v != 0)
        err = list_of_party(db, filter, arena, &list);
    *rows = list.rows;
    *count = list.count;
    return err;
}
