#include "ledger/store/receivable_rows.h"

#include "ledger/base/text.h"
#include "ledger/store/receivable_internal.h"
#include "ledger/store/rows_internal.h"

static const char *const life_names[LG_LIFE_COUNT] = {
    [LG_LIFE_HELD] = "held",         [LG_LIFE_REGISTERED] = "registered", [LG_LIFE_CONFIRMED] = "confirmed",
    [LG_LIFE_REJECTED] = "rejected", [LG_LIFE_WITHDRAWN] = "withdrawn",   [LG_LIFE_EXPIRED] = "expired",
};
static const char *const outcome_names[LG_OUTCOME_COUNT] = {
    [LG_OUTCOME_PASS] = "pass",
    [LG_OUTCOME_WARN] = "warn",
    [LG_OUTCOME_HOLD] = "hold",
    [LG_OUTCOME_REJECT] = "reject",
};
static const char *const side_names[] = {"creditor", "debtor"};
static const char *const decision_names[] = {"approved", "rejected"};

const char *lg_receivable_life_name(lg_receivable_life life)
{
    return (unsigned)life < LG_LIFE_COUNT ? life_names[life] : "unknown";
}

bool lg_receivable_life_parse(const char *text, lg_receivable_life *out)
{
    size_t found = lg_name_find(life_names, LG_LIFE_COUNT, text);
    if (found == LG_LIFE_COUNT)
        return false;
    *out = (lg_receivable_life)found;
    return true;
}

const char *lg_review_outcome_name(lg_review_outcome outcome)
{
    return (unsigned)outcome < LG_OUTCOME_COUNT ? outcome_names[outcome] : "unknown";
}

bool lg_review_outcome_parse(const char *text, lg_review_outcome *out)
{
    size_t found = lg_name_find(outcome_names, LG_OUTCOME_COUNT, text);
    if (found == LG_OUTCOME_COUNT)
        return false;
    *out = (lg_review_outcome)found;
    return true;
}

static lg_invoice_format format_read(lg_query *query, int at, lg_arena *arena)
{
    const char *text = lg_column_text(query, at, arena);
    for (lg_invoice_format format = LG_FORMAT_JSON; format < LG_FORMAT_COUNT; format++)
        if (lg_text_equal(text, lg_invoice_format_name(format)))
            return format;
    lg_query_spoil(query);
    return LG_FORMAT_JSON;
}

/* A freed fingerprint is NULL in all three columns. */
static void fingerprint_read(lg_query *query, int at, lg_receivable *out)
{
    out->has_fingerprint = !lg_column_is_null(query, at);
    if (!out->has_fingerprint)
        return;
    lg_column_fixed(query, at, out->fingerprint.exact, sizeof out->fingerprint.exact);
    out->fingerprint.number_key = lg_column_int(query, at + 1);
    out->fingerprint.similar_key = lg_column_int(query, at + 2);
}

static const char *decision_read(lg_query *query, int at, lg_arena *arena)
{
    return lg_column_is_null(query, at) ? NULL
                                        : decision_names[lg_column_name(query, at, arena, decision_names, 2)];
}

void lg_receivable_read(lg_query *query, lg_arena *arena, lg_receivable *out)
{
    *out = (lg_receivable){
        .no = {lg_column_int(query, 0)},
        .life = (lg_receivable_life)lg_column_name(query, 2, arena, life_names, LG_LIFE_COUNT),
        .by_debtor = lg_column_name(query, 3, arena, side_names, 2) == 1,
        .submitter = {lg_column_int(query, 4)},
        .creditor = {lg_column_int(query, 5)},
        .debtor = {lg_column_int(query, 6)},
        .format = format_read(query, 7, arena),
        .invoice_number = lg_column_text(query, 8, arena),
        .issue_day = lg_column_day(query, 9),
        .due_day = lg_column_day(query, 10),
        .currency = lg_column_currency(query, 11, arena),
        .gross_minor = lg_column_int(query, 12),
        .amount_minor = lg_column_int(query, 13),
        .confirmed_minor = lg_column_int(query, 14),
        .part = lg_column_text(query, 15, arena),
        .order_reference = lg_column_text(query, 16, arena),
        .contract_reference = lg_column_text(query, 17, arena),
        .note = lg_column_text(query, 18, arena),
        .payee = lg_column_text(query, 19, arena),
        .documents = lg_column_text(query, 21, arena),
        .confirm_by = lg_column_int(query, 22),
        .claim = {lg_column_int(query, 26)},
        .reason = lg_column_text(query, 27, arena),
        .reason_note = lg_column_text(query, 28, arena),
        .policy_version = lg_column_int(query, 29),
        .review_outcome =
            (lg_review_outcome)lg_column_name(query, 30, arena, outcome_names, LG_OUTCOME_COUNT),
        .checks = lg_column_text(query, 31, arena),
        .decision = decision_read(query, 32, arena),
        .decided_by = {lg_column_int(query, 33)},
        .decided_at = lg_column_int(query, 34),
        .decision_note = lg_column_text(query, 35, arena),
        .registered_at = lg_column_int(query, 36),
        .updated_at = lg_column_int(query, 37),
        .last_seq = lg_column_int(query, 38),
        .terms_version = lg_column_int(query, 39),
        .verified = lg_column_int(query, 40) != 0,
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
    lg_column_fixed(query, 20, out->document_sha256.b, sizeof out->document_sha256.b);
    fingerprint_read(query, 23, out);
}

static lg_err receivable_one(lg_query *query, lg_arena *arena, lg_receivable *out)
{
    bool found = lg_query_next(query);
    if (found)
        lg_receivable_read(query, arena, out);
    return lg_query_end_found(query, found);
}

lg_err lg_receivable_get(lg_db *db, lg_receivable_no no, lg_arena *arena, lg_receivable *out)
{
    static const lg_sql sql = {"SELECT " LG_RECEIVABLE_COLUMNS " FROM receivables WHERE receivable_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return receivable_one(&query, arena, out);
}

lg_err lg_receivable_by_id(lg_db *db, lg_receivable_id id, lg_arena *arena, lg_receivable *out)
{
    static const lg_sql sql = {"SELECT " LG_RECEIVABLE_COLUMNS " FROM receivables WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return receivable_one(&query, arena, out);
}

/* The three columns of the fingerprint, from `at` on. */
static void fingerprint_bind(lg_query *query, int at, const lg_receivable *row)
{
    bool has = row->has_fingerprint;
    lg_bind_blob(query, at, has ? row->fingerprint.exact : NULL, sizeof row->fingerprint.exact);
    lg_bind_int_or_null(query, at + 1, has ? row->fingerprint.number_key : 0);
    lg_bind_int_or_null(query, at + 2, has ? row->fingerprint.similar_key : 0);
}

lg_err lg_receivable_insert(lg_db *db, const lg_receivable *row)
{
    static const lg_sql sql = {
        "INSERT INTO receivables (" LG_RECEIVABLE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
        " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"
        " ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_text(&query, 3, lg_receivable_life_name(row->life));
    lg_bind_text(&query, 4, side_names[row->by_debtor]);
    lg_bind_int(&query, 5, row->submitter.v);
    lg_bind_int(&query, 6, row->creditor.v);
    lg_bind_int(&query, 7, row->debtor.v);
    lg_bind_text(&query, 8, lg_invoice_format_name(row->format));
    lg_bind_text(&query, 9, row->invoice_number);
    lg_bind_int(&query, 10, row->issue_day);
    lg_bind_int(&query, 11, row->due_day);
    lg_bind_text(&query, 12, row->currency.code);
    lg_bind_int(&query, 13, row->gross_minor);
    lg_bind_int(&query, 14, row->amount_minor);
    lg_bind_int_or_null(&query, 15, row->confirmed_minor);
    lg_bind_text(&query, 16, row->part);
    lg_bind_text(&query, 17, row->order_reference);
    lg_bind_text(&query, 18, row->contract_reference);
    lg_bind_text(&query, 19, row->note);
    lg_bind_text(&query, 20, row->payee);
    lg_bind_blob(&query, 21, row->document_sha256.b, sizeof row->document_sha256.b);
    lg_bind_text(&query, 22, row->documents);
    lg_bind_int(&query, 23, row->confirm_by);
    fingerprint_bind(&query, 24, row);
    lg_bind_int_or_null(&query, 27, row->claim.v);
    lg_bind_text(&query, 28, row->reason);
    lg_bind_text(&query, 29, row->reason_note);
    lg_bind_int(&query, 30, row->policy_version);
    lg_bind_text(&query, 31, lg_review_outcome_name(row->review_outcome));
    lg_bind_text(&query, 32, row->checks);
    lg_bind_text(&query, 33, row->decision);
    lg_bind_int_or_null(&query, 34, row->decided_by.v);
    lg_bind_int_or_null(&query, 35, row->decided_at);
    lg_bind_text(&query, 36, row->decision_note);
    lg_bind_int(&query, 37, row->registered_at);
    lg_bind_int(&query, 38, row->updated_at);
    lg_bind_int(&query, 39, row->last_seq);
    lg_bind_int(&query, 40, row->terms_version);
    lg_bind_int(&query, 41, row->verified);
    return lg_query_run(&query);
}

#define CHANGING                                                                                             \
    "UPDATE receivables SET life = ?2, confirmed_minor = ?3, confirm_by = ?4, claim_no = ?5, reason = ?6,"   \
    " reason_note = ?7, decision = ?8, decided_by_no = ?9, decided_at = ?10, decision_note = ?11,"           \
    " updated_at = ?12, last_seq = ?13, terms_version = ?14, verified = ?15"

/* A column that is named is written to its indexes anew, changed or not; those of the fingerprint lie all
 * over the place. It is given up or stays as it is. */
lg_err lg_receivable_update(lg_db *db, const lg_receivable *row)
{
    static const lg_sql kept = {CHANGING " WHERE receivable_no = ?1"};
    static const lg_sql given_up = {CHANGING ", fingerprint = NULL, number_key = NULL, similar_key = NULL"
                                             " WHERE receivable_no = ?1"};
    lg_query query = lg_query_start(db, row->has_fingerprint ? &kept : &given_up);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_text(&query, 2, lg_receivable_life_name(row->life));
    lg_bind_int_or_null(&query, 3, row->confirmed_minor);
    lg_bind_int(&query, 4, row->confirm_by);
    lg_bind_int_or_null(&query, 5, row->claim.v);
    lg_bind_text(&query, 6, row->reason);
    lg_bind_text(&query, 7, row->reason_note);
    lg_bind_text(&query, 8, row->decision);
    lg_bind_int_or_null(&query, 9, row->decided_by.v);
    lg_bind_int_or_null(&query, 10, row->decided_at);
    lg_bind_text(&query, 11, row->decision_note);
    lg_bind_int(&query, 12, row->updated_at);
    lg_bind_int(&query, 13, row->last_seq);
    lg_bind_int(&query, 14, row->terms_version);
    lg_bind_int(&query, 15, row->verified);
    return lg_query_run_found(&query);
}

lg_err lg_receivable_parts(lg_db *db, const lg_fingerprint *fingerprint, const char *part,
                           lg_receivable_no except, lg_registered_parts *out)
{
    static const lg_sql sql = {"SELECT id, amount_minor, part IS NULL, coalesce(part, '') = coalesce(?3, '')"
                               " FROM receivables WHERE number_key = ?4 AND fingerprint = ?1"
                               " AND receivable_no <> ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_blob(&query, 1, fingerprint->exact, sizeof fingerprint->exact);
    lg_bind_int(&query, 2, except.v);
    lg_bind_text(&query, 3, part);
    lg_bind_int(&query, 4, fingerprint->number_key);
    *out = (lg_registered_parts){0};
    while (lg_query_next(&query)) {
        lg_column_fixed(&query, 0, out->any.uuid.b, sizeof out->any.uuid.b);
        if (!lg_amount_add(out->amount_minor, lg_column_int(&query, 1), &out->amount_minor))
            lg_query_spoil(&query);
        out->whole |= lg_column_int(&query, 2) != 0;
        out->same_part |= lg_column_int(&query, 3) != 0;
    }
    return lg_query_end(&query);
}

lg_err lg_receivable_similar_number(lg_db *db, const lg_fingerprint *fingerprint, const char *number,
                                    lg_receivable_no except, lg_arena *arena, bool *found)
{
    /* The key finds candidates of this seller; whether they are alike is seen from the numbers themselves. */
    static const lg_sql sql = {
        "SELECT invoice_number FROM receivables WHERE number_key = ?1 AND fingerprint <> ?2"
        " AND receivable_no <> ?3"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, fingerprint->number_key);
    lg_bind_blob(&query, 2, fingerprint->exact, sizeof fingerprint->exact);
    lg_bind_int(&query, 3, except.v);
    *found = false;
    while (!*found && lg_query_next(&query))
        *found = lg_text_alike(arena, lg_column_text(&query, 0, arena), number);
    return lg_query_end(&query);
}

lg_err lg_receivable_similar_sale(lg_db *db, const lg_fingerprint *fingerprint, lg_day issue_day, int days,
                                  lg_receivable_no except, bool *found)
{
    static const lg_sql sql = {"SELECT 1 FROM receivables WHERE similar_key = ?1 AND fingerprint <> ?2"
                               " AND receivable_no <> ?3 AND issue_day BETWEEN ?4 AND ?5 LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, fingerprint->similar_key);
    lg_bind_blob(&query, 2, fingerprint->exact, sizeof fingerprint->exact);
    lg_bind_int(&query, 3, except.v);
    lg_bind_int(&query, 4, (int64_t)issue_day - days);
    lg_bind_int(&query, 5, (int64_t)issue_day + days);
    *found = lg_query_next(&query);
    return lg_query_end(&query);
}

lg_err lg_receivable_lapsed(lg_db *db, lg_time now, size_t limit, lg_arena *arena, lg_receivable_id **ids,
                            size_t *count)
{
    static const lg_sql sql = {"SELECT id FROM receivables INDEXED BY receivables_waiting"
                               " WHERE life = 'registered' AND confirm_by <= ?1"
                               " ORDER BY confirm_by, receivable_no LIMIT ?2"};
    lg_row_list list;
    lg_err err = lg_ids_due(db, &sql, now, limit, arena, &list);
    *ids = list.rows;
    *count = list.count;
    return err;
}
