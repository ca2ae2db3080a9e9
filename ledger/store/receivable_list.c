/* Lists of receivables, and who may see one.
 *
 * Every list walks one index (or merges a few) in the order of registration from the cursor on, and stops at
 * its limit; the other filters only sift the rows it passes. So the statements are fixed, one per index and
 * direction. */
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

/* Parameters: 1 party, 2 cursor, 3 limit, 4 to 13 the filters. */
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

#define AS_CREDITOR ROWS " WHERE creditor_no = ?1" VISIBLE FILTERS
#define AS_DEBTOR   ROWS " WHERE debtor_no = ?1" VISIBLE FILTERS
/* The arms of "any part" exclude each other. The last: refused, because its submitter is no party to it. */
#define AS_DEBTOR_ONLY ROWS " WHERE debtor_no = ?1 AND creditor_no <> ?1" VISIBLE FILTERS
#define AS_OUTSIDER                                                                                          \
    ROWS " WHERE submitter_no = ?1 AND submitter_no <> creditor_no AND submitter_no <> debtor_no" FILTERS

static const lg_sql creditor_lists[] = {{AS_CREDITOR BEFORE NEWEST_FIRST}, {AS_CREDITOR AFTER OLDEST_FIRST}};
static const lg_sql debtor_lists[] = {{AS_DEBTOR BEFORE NEWEST_FIRST}, {AS_DEBTOR AFTER OLDEST_FIRST}};
static const lg_sql any_lists[] = {
    {AS_CREDITOR BEFORE " UNION ALL " AS_DEBTOR_ONLY BEFORE " UNION ALL " AS_OUTSIDER BEFORE NEWEST_FIRST},
    {AS_CREDITOR AFTER " UNION ALL " AS_DEBTOR_ONLY AFTER " UNION ALL " AS_OUTSIDER AFTER OLDEST_FIRST},
};

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

static const lg_sql *party_lists(lg_party_part part)
{
    switch (part) {
    case LG_PART_CREDITOR:
        return creditor_lists;
    case LG_PART_DEBTOR:
        return debtor_lists;
    case LG_PART_ANY:
        break;
    }
    return any_lists;
}

static void filter_bind(lg_query *query, const lg_receivable_filter *filter)
{
    int64_t from = filter->after_no == 0 && !filter->ascending ? INT64_MAX : filter->after_no;
    lg_bind_int(query, 1, filter->party.v);
    lg_bind_int(query, 2, from);
    lg_bind_int(query, 3, (int64_t)filter->limit);
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

lg_err lg_receivable_list(lg_db *db, const lg_receivable_filter *filter, lg_arena *arena,
                          lg_receivable **rows, size_t *count)
{
    *rows = NULL;
    *count = 0;
    const lg_sql *lists = filter->review_queue ? queue_lists(filter) : party_lists(filter->part);
    if (!filter->review_queue && filter->party.v == 0)
        return LG_OK;
    lg_query query = lg_query_start(db, &lists[filter->ascending]);
    filter_bind(&query, filter);
    if (filter->review_queue)
        lg_bind_int(&query, 14, lists == waiting_lists ? (int64_t)filter->waits_for : filter->open);
    lg_row_list list = {0};
    while (lg_query_next(&query))
        lg_receivable_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
