#include "ledger/store/approval_rows.h"

#include "ledger/store/rows_internal.h"

static const char *const kind_names[LG_APPROVAL_KIND_COUNT] = {
    [LG_APPROVAL_CONFIRM] = "confirm",
    [LG_APPROVAL_ACCEPT] = "accept",
    [LG_APPROVAL_FOUR_EYES] = "four_eyes",
};
static const char *const status_names[LG_APPROVAL_STATUS_COUNT] = {
    [LG_APPROVAL_WAITING] = "waiting",     [LG_APPROVAL_GIVEN] = "given",
    [LG_APPROVAL_WITHDRAWN] = "withdrawn", [LG_APPROVAL_OVERTAKEN] = "overtaken",
    [LG_APPROVAL_EXPIRED] = "expired",
};

const char *lg_approval_kind_name(lg_approval_kind kind)
{
    return (unsigned)kind < LG_APPROVAL_KIND_COUNT ? kind_names[kind] : "unknown";
}

bool lg_approval_kind_parse(const char *text, lg_approval_kind *out)
{
    size_t found = lg_name_find(kind_names, LG_APPROVAL_KIND_COUNT, text);
    if (found == LG_APPROVAL_KIND_COUNT)
        return false;
    *out = (lg_approval_kind)found;
    return true;
}

const char *lg_approval_status_name(lg_approval_status status)
{
    return (unsigned)status < LG_APPROVAL_STATUS_COUNT ? status_names[status] : "unknown";
}

/* ---- the setting ---- */

lg_err lg_four_eyes_get(lg_db *db, lg_participant_no no, lg_currency currency, int64_t *above_minor)
{
    static const lg_sql sql = {
        "SELECT above_minor FROM four_eyes WHERE participant_no = ?1 AND currency = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    bool found = lg_query_next(&query);
    if (found)
        *above_minor = lg_column_int(&query, 0);
    return lg_query_end_found(&query, found);
}

static lg_err four_eyes_remove(lg_db *db, lg_participant_no no, lg_currency currency)
{
    static const lg_sql sql = {"DELETE FROM four_eyes WHERE participant_no = ?1 AND currency = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    return lg_query_run(&query);
}

lg_err lg_four_eyes_set(lg_db *db, lg_participant_no no, lg_currency currency, int64_t above_minor)
{
    static const lg_sql sql = {
        "INSERT INTO four_eyes (participant_no, currency, above_minor) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (participant_no, currency) DO UPDATE SET above_minor = excluded.above_minor"};
    if (above_minor < 0)
        return four_eyes_remove(db, no, currency);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_text(&query, 2, currency.code);
    lg_bind_int(&query, 3, above_minor);
    return lg_query_run(&query);
}

lg_err lg_four_eyes_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_four_eyes **rows, size_t *count)
{
    static const lg_sql sql = {
        "SELECT currency, above_minor FROM four_eyes WHERE participant_no = ?1 ORDER BY currency"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_four_eyes *row = lg_row_add(&list, arena, sizeof *row);
        row->currency = lg_column_currency(&query, 0, arena);
        row->above_minor = lg_column_int(&query, 1);
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

/* ---- approvals ---- */

#define COLUMNS                                                                                              \
    "a.approval_no, a.id, a.participant_no, a.kind, a.receivable_no, a.currency, coalesce(a.amount_minor, "  \
    "-1), a.note, a.token_no, a.second_no, a.status, a.asked_at, a.expires_at, a.closed_at, a.last_seq"

static void approval_read(lg_query *query, lg_arena *arena, lg_approval *out)
{
    *out = (lg_approval){
        .no = {lg_column_int(query, 0)},
        .participant = {lg_column_int(query, 2)},
        .kind = (lg_approval_kind)lg_column_name(query, 3, arena, kind_names, LG_APPROVAL_KIND_COUNT),
        .receivable = {lg_column_int(query, 4)},
        .currency = lg_column_currency(query, 5, arena),
        .amount_minor = lg_column_int(query, 6),
        .note = lg_column_text(query, 7, arena),
        .token_no = lg_column_int(query, 8),
        .second_no = lg_column_int(query, 9),
        .status = (lg_approval_status)lg_column_name(query, 10, arena, status_names, LG_APPROVAL_EXPIRED),
        .asked_at = lg_column_int(query, 11),
        .expires_at = lg_column_int(query, 12),
        .closed_at = lg_column_int(query, 13),
        .last_seq = lg_column_int(query, 14),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err approval_one(lg_query *query, lg_arena *arena, lg_approval *out)
{
    bool found = lg_query_next(query);
    if (found)
        approval_read(query, arena, out);
    return lg_query_end_found(query, found);
}

lg_err lg_approval_by_id(lg_db *db, lg_approval_id id, lg_arena *arena, lg_approval *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM approvals AS a WHERE a.id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return approval_one(&query, arena, out);
}

lg_err lg_approval_waiting(lg_db *db, lg_participant_no no, lg_receivable_no receivable, lg_currency currency,
                           lg_arena *arena, lg_approval *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM approvals AS a WHERE a.participant_no = ?1"
                               " AND a.receivable_no = ?2 AND a.currency = ?3 AND a.status = 'waiting'"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, receivable.v);
    lg_bind_text(&query, 3, currency.code);
    return approval_one(&query, arena, out);
}

lg_err lg_approval_insert(lg_db *db, const lg_approval *row)
{
    static const lg_sql sql = {
        "INSERT INTO approvals (approval_no, id, participant_no, kind, receivable_no, currency, amount_minor,"
        " note, token_no, second_no, status, asked_at, expires_at, closed_at, last_seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, -1), ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->participant.v);
    lg_bind_text(&query, 4, lg_approval_kind_name(row->kind));
    lg_bind_int(&query, 5, row->receivable.v);
    lg_bind_text(&query, 6, row->currency.code);
    lg_bind_int(&query, 7, row->amount_minor);
    lg_bind_text(&query, 8, row->note);
    lg_bind_int(&query, 9, row->token_no);
    lg_bind_int_or_null(&query, 10, row->second_no);
    lg_bind_text(&query, 11, lg_approval_status_name(row->status));
    lg_bind_int(&query, 12, row->asked_at);
    lg_bind_int(&query, 13, row->expires_at);
    lg_bind_int_or_null(&query, 14, row->closed_at);
    lg_bind_int(&query, 15, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_approval_update(lg_db *db, const lg_approval *row)
{
    static const lg_sql sql = {
        "UPDATE approvals SET status = ?2, second_no = ?3, closed_at = ?4, last_seq = ?5"
        " WHERE approval_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_text(&query, 2, lg_approval_status_name(row->status));
    lg_bind_int_or_null(&query, 3, row->second_no);
    lg_bind_int_or_null(&query, 4, row->closed_at);
    lg_bind_int(&query, 5, row->last_seq);
    return lg_query_run_found(&query);
}

/* Nothing is written when a receivable's life goes on by another way, or a token is revoked: that is how
 * those who sign themselves pay nothing for it. */
#define STATUS_AT                                                                                            \
    "CASE WHEN a.status <> 'waiting' THEN a.status"                                                          \
    " WHEN EXISTS (SELECT 1 FROM tokens AS t WHERE t.token_no = a.token_no AND t.revoked_at IS NOT NULL)"    \
    " OR EXISTS (SELECT 1 FROM receivables AS r WHERE r.receivable_no = a.receivable_no"                     \
    " AND r.life <> 'registered') THEN 'overtaken'"                                                          \
    " WHEN a.expires_at < ?1 THEN 'expired' ELSE 'waiting' END"

lg_err lg_approval_status_at(lg_db *db, lg_arena *arena, const lg_approval *row, lg_time now,
                             lg_approval_status *out)
{
    static const lg_sql sql = {"SELECT " STATUS_AT " FROM approvals AS a WHERE a.approval_no = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, now);
    lg_bind_int(&query, 2, row->no.v);
    bool found = lg_query_next(&query);
    if (found)
        *out = (lg_approval_status)lg_column_name(&query, 0, arena, status_names, LG_APPROVAL_STATUS_COUNT);
    return lg_query_end_found(&query, found);
}

lg_err lg_approval_list(lg_db *db, const lg_approval_filter *filter, lg_arena *arena, lg_approval **rows,
                        size_t *count)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM approvals AS a WHERE a.participant_no = ?2"
                               " AND a.approval_no < ?3 AND (?4 IS NULL OR ?4 = " STATUS_AT ")"
                               " ORDER BY a.approval_no DESC LIMIT ?5"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, filter->now);
    lg_bind_int(&query, 2, filter->participant.v);
    lg_bind_int(&query, 3, filter->before_no ? filter->before_no : INT64_MAX);
    lg_bind_text(&query, 4,
                 filter->status < 0 ? NULL : lg_approval_status_name((lg_approval_status)filter->status));
    lg_bind_int(&query, 5, (int64_t)filter->limit);
    while (lg_query_next(&query))
        approval_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
