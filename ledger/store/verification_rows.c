#include "ledger/store/verification_rows.h"

#include "ledger/store/rows_internal.h"

static const char *const state_names[LG_VERIFICATION_STATE_COUNT] = {
    [LG_VERIFICATION_PENDING] = "pending",
    [LG_VERIFICATION_ANSWERED] = "answered",
    [LG_VERIFICATION_OVERTAKEN] = "overtaken",
};
static const char *const answer_names[LG_ANSWER_COUNT] = {
    [LG_ANSWER_GENUINE] = "genuine", [LG_ANSWER_NOT_GENUINE] = "not_genuine",
    [LG_ANSWER_DIFFERS] = "differs", [LG_ANSWER_UNKNOWN] = "unknown",
    [LG_ANSWER_NONE] = "none",
};

const char *lg_verification_state_name(lg_verification_state state)
{
    return (unsigned)state < LG_VERIFICATION_STATE_COUNT ? state_names[state] : "unknown";
}

const char *lg_verifier_answer_name(lg_verifier_answer answer)
{
    return (unsigned)answer < LG_ANSWER_COUNT ? answer_names[answer] : "unknown";
}

bool lg_verifier_answer_parse(const char *text, lg_verifier_answer *out)
{
    size_t found = lg_name_find(answer_names, LG_ANSWER_COUNT, text);
    if (found == LG_ANSWER_COUNT)
        return false;
    *out = (lg_verifier_answer)found;
    return true;
}

static void answer_read(lg_query *query, lg_arena *arena, lg_verification *out)
{
    lg_review_outcome outcome;
    out->answer = (lg_verifier_answer)lg_column_name(query, 3, arena, answer_names, LG_ANSWER_COUNT);
    if (lg_review_outcome_parse(lg_column_text(query, 4, arena), &outcome))
        out->outcome = outcome;
    else
        lg_query_spoil(query);
}

lg_err lg_verification_get(lg_db *db, lg_receivable_no no, lg_arena *arena, lg_verification *out)
{
    static const lg_sql sql = {
        "SELECT receivable_no, state, verify_by, answer, outcome, reference, note, answered_at, hindered_by,"
        " recorded_at FROM verifications WHERE receivable_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    bool found = lg_query_next(&query);
    if (found) {
        *out = (lg_verification){
            .receivable = {lg_column_int(&query, 0)},
            .state = (lg_verification_state)lg_column_name(&query, 1, arena, state_names,
                                                           LG_VERIFICATION_STATE_COUNT),
            .verify_by = lg_column_int(&query, 2),
            .reference = lg_column_text(&query, 5, arena),
            .note = lg_column_text(&query, 6, arena),
            .answered_at = lg_column_int(&query, 7),
            .hindered_by = lg_column_text(&query, 8, arena),
            .recorded_at = lg_column_int(&query, 9),
        };
        if (out->state == LG_VERIFICATION_ANSWERED)
            answer_read(&query, arena, out);
    }
    return lg_query_end_found(&query, found);
}

lg_err lg_verification_insert(lg_db *db, lg_receivable_no no, lg_time verify_by)
{
    static const lg_sql sql = {
        "INSERT INTO verifications (receivable_no, state, verify_by) VALUES (?1, 'pending', ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, verify_by);
    return lg_query_run(&query);
}

lg_err lg_verification_update(lg_db *db, const lg_verification *row)
{
    static const lg_sql sql = {
        "UPDATE verifications SET state = 'answered', answer = ?2, outcome = ?3, reference = ?4, note = ?5,"
        " answered_at = ?6, hindered_by = ?7, recorded_at = ?8 WHERE receivable_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->receivable.v);
    lg_bind_text(&query, 2, lg_verifier_answer_name(row->answer));
    lg_bind_text(&query, 3, lg_review_outcome_name(row->outcome));
    lg_bind_text(&query, 4, row->reference);
    lg_bind_text(&query, 5, row->note);
    lg_bind_int_or_null(&query, 6, row->answered_at);
    lg_bind_text(&query, 7, row->hindered_by);
    lg_bind_int(&query, 8, row->recorded_at);
    return lg_query_run_found(&query);
}

lg_err lg_verification_overtake(lg_db *db, lg_receivable_no no)
{
    static const lg_sql sql = {
        "UPDATE verifications SET state = 'overtaken' WHERE receivable_no = ?1 AND state = 'pending'"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return lg_query_run(&query);
}

static lg_err pending_list(lg_db *db, const lg_sql *sql, int64_t from, size_t limit, lg_arena *arena,
                           lg_pending_verification **rows, size_t *count)
{
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, sql);
    lg_bind_int(&query, 1, from);
    lg_bind_int(&query, 2, (int64_t)limit);
    while (lg_query_next(&query)) {
        lg_pending_verification *row = lg_row_add(&list, arena, sizeof *row);
        row->receivable = (lg_receivable_no){lg_column_int(&query, 0)};
        lg_column_fixed(&query, 1, row->id.uuid.b, sizeof row->id.uuid.b);
        row->verify_by = lg_column_int(&query, 2);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_verification_list_pending(lg_db *db, lg_receivable_no after, size_t limit, lg_arena *arena,
                                    lg_pending_verification **rows, size_t *count)
{
    static const lg_sql sql = {
        "SELECT v.receivable_no, r.id, v.verify_by FROM verifications v INDEXED BY verifications_pending"
        " JOIN receivables r ON r.receivable_no = v.receivable_no"
        " WHERE v.state = 'pending' AND v.receivable_no > ?1 ORDER BY v.receivable_no LIMIT ?2"};
    return pending_list(db, &sql, after.v, limit, arena, rows, count);
}

lg_err lg_verification_list_due(lg_db *db, lg_time now, size_t limit, lg_arena *arena,
                                lg_pending_verification **rows, size_t *count)
{
    static const lg_sql sql = {
        "SELECT v.receivable_no, r.id, v.verify_by FROM verifications v INDEXED BY verifications_due"
        " JOIN receivables r ON r.receivable_no = v.receivable_no"
        " WHERE v.state = 'pending' AND v.verify_by < ?1 ORDER BY v.verify_by, v.receivable_no LIMIT ?2"};
    return pending_list(db, &sql, now, limit, arena, rows, count);
}
