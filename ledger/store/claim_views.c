/* Who sees what of a claim: grants, the views that follow from them and from financing requests, and the
 * questions lenders ask. */
#include "ledger/store/claim_rows.h"
#include "ledger/store/rows_internal.h"

static const char *const field_names[LG_FIELD_COUNT] = {
    [LG_FIELD_AMOUNTS] = "amounts",   [LG_FIELD_DUE_DATE] = "due_date",   [LG_FIELD_DEBTOR] = "debtor",
    [LG_FIELD_CREDITOR] = "creditor", [LG_FIELD_HOLDER] = "holder",       [LG_FIELD_STATE] = "state",
    [LG_FIELD_INVOICE] = "invoice",   [LG_FIELD_DOCUMENTS] = "documents", [LG_FIELD_LINEAGE] = "lineage",
};

const char *lg_claim_field_name(lg_claim_field field)
{
    return (unsigned)field < LG_FIELD_COUNT ? field_names[field] : "unknown";
}

bool lg_claim_field_parse(const char *text, lg_claim_field *out)
{
    size_t found = lg_name_find(field_names, LG_FIELD_COUNT, text);
    if (found == LG_FIELD_COUNT)
        return false;
    *out = (lg_claim_field)found;
    return true;
}

/* ---- sight ---- */

static lg_err granted_fields(lg_db *db, const lg_claim *row, lg_participant_no viewer, bool is_lender,
                             lg_time now, unsigned *fields)
{
    static const lg_sql sql = {"SELECT fields FROM claim_views WHERE (participant_no = ?1 OR (?2 <> 0 AND "
                               "participant_no = 0)) AND claim_no = ?3"
                               " AND (valid_until IS NULL OR valid_until >= ?4)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, viewer.v);
    lg_bind_int(&query, 2, is_lender);
    lg_bind_int(&query, 3, row->no.v);
    lg_bind_int(&query, 4, now);
    *fields = 0;
    while (lg_query_next(&query))
        *fields |= lg_column_bits(&query, 0, LG_FIELD_COUNT);
    return lg_query_end(&query);
}

lg_err lg_claim_see(lg_db *db, const lg_claim *row, lg_participant_no viewer, bool is_lender, lg_time now,
                    lg_claim_sight *out)
{
    *out = (lg_claim_sight){LG_ACCESS_NONE, 0};
    if (viewer.v == 0)
        return LG_OK;
    if (viewer.v == row->holder.v || viewer.v == row->debtor.v || viewer.v == row->lender.v ||
        viewer.v == row->offered_to.v || viewer.v == row->frozen_by.v) {
        *out = (lg_claim_sight){LG_ACCESS_FULL, LG_FIELDS_ALL};
        return LG_OK;
    }
    if (viewer.v == row->creditor.v && row->root.v == row->no.v) {
        *out = (lg_claim_sight){LG_ACCESS_CREDITOR, LG_FIELDS_ALL};
        return LG_OK;
    }
    lg_err err = granted_fields(db, row, viewer, is_lender, now, &out->fields);
    if (out->fields)
        out->access = LG_ACCESS_GRANTED;
    return err;
}

lg_err lg_claim_view_insert(lg_db *db, const lg_claim_view *row)
{
    static const lg_sql sql = {
        "INSERT INTO claim_views (participant_no, claim_no, source_no, fields, valid_until)"
        " VALUES (?1, ?2, ?3, ?4, ?5)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->participant.v);
    lg_bind_int(&query, 2, row->claim.v);
    lg_bind_int(&query, 3, row->source_no);
    lg_bind_int(&query, 4, row->fields);
    lg_bind_int_or_null(&query, 5, row->valid_until);
    return lg_query_run(&query);
}

lg_err lg_claim_view_end(lg_db *db, lg_claim_no claim)
{
    static const lg_sql sql = {"DELETE FROM claim_views WHERE claim_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, claim.v);
    return lg_query_run(&query);
}

lg_err lg_claim_view_delete(lg_db *db, int64_t source_no)
{
    static const lg_sql sql = {"DELETE FROM claim_views WHERE source_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, source_no);
    return lg_query_run(&query);
}

/* ---- grants ---- */

#define GRANT_COLUMNS                                                                                        \
    "grant_no, id, claim_no, grantor_no, grantee_no, fields, valid_until, note, granted_at, revoked_at"

static void grant_read(lg_query *query, lg_arena *arena, lg_grant *out)
{
    *out = (lg_grant){
        .no = {lg_column_int(query, 0)},
        .claim = {lg_column_int(query, 2)},
        .grantor = {lg_column_int(query, 3)},
        .grantee = {lg_column_int(query, 4)},
        .fields = lg_column_bits(query, 5, LG_FIELD_COUNT),
        .valid_until = lg_column_int(query, 6),
        .note = lg_column_text(query, 7, arena),
        .granted_at = lg_column_int(query, 8),
        .revoked_at = lg_column_int(query, 9),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

lg_err lg_grant_insert(lg_db *db, const lg_grant *row)
{
    static const lg_sql sql = {"INSERT INTO grants (" GRANT_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_int(&query, 3, row->claim.v);
    lg_bind_int(&query, 4, row->grantor.v);
    lg_bind_int(&query, 5, row->grantee.v);
    lg_bind_int(&query, 6, row->fields);
    lg_bind_int_or_null(&query, 7, row->valid_until);
    lg_bind_text(&query, 8, row->note);
    lg_bind_int(&query, 9, row->granted_at);
    lg_bind_int_or_null(&query, 10, row->revoked_at);
    return lg_query_run(&query);
}

lg_err lg_grant_by_id(lg_db *db, lg_grant_id id, lg_arena *arena, lg_grant *out)
{
    static const lg_sql sql = {"SELECT " GRANT_COLUMNS " FROM grants WHERE id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    bool found = lg_query_next(&query);
    if (found)
        grant_read(&query, arena, out);
    return lg_query_end_found(&query, found);
}

lg_err lg_grant_revoke(lg_db *db, lg_grant_no no, lg_time at)
{
    static const lg_sql sql = {"UPDATE grants SET revoked_at = ?2 WHERE grant_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_bind_int(&query, 2, at);
    return lg_query_run_found(&query);
}

lg_err lg_grant_list(lg_db *db, lg_participant_no participant, bool received, int64_t before_no, size_t limit,
                     lg_arena *arena, lg_grant **rows, size_t *count)
{
    static const lg_sql given = {"SELECT " GRANT_COLUMNS
                                 " FROM grants WHERE grantor_no = ?1 AND grant_no < ?2"
                                 " ORDER BY grant_no DESC LIMIT ?3"};
    static const lg_sql got = {"SELECT " GRANT_COLUMNS " FROM grants WHERE grantee_no = ?1 AND grant_no < ?2"
                               " ORDER BY grant_no DESC LIMIT ?3"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, received ? &got : &given);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, before_no ? before_no : INT64_MAX);
    lg_bind_int(&query, 3, (int64_t)limit);
    while (lg_query_next(&query))
        grant_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

/* ---- questions asked ---- */

lg_err lg_check_count(lg_db *db, lg_participant_no lender, lg_day day, int64_t *count)
{
    static const lg_sql sql = {"SELECT count FROM check_counts WHERE participant_no = ?1 AND day = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, lender.v);
    lg_bind_int(&query, 2, day);
    *count = lg_query_next(&query) ? lg_column_int(&query, 0) : 0;
    return lg_query_end(&query);
}

lg_err lg_check_count_add(lg_db *db, lg_participant_no lender, lg_day day)
{
    static const lg_sql sql = {
        "INSERT INTO check_counts (participant_no, day, count) VALUES (?1, ?2, 1)"
        " ON CONFLICT (participant_no, day) DO UPDATE SET count = check_counts.count + 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, lender.v);
    lg_bind_int(&query, 2, day);
    return lg_query_run(&query);
}

lg_err lg_claim_invoice_state(lg_db *db, const lg_fingerprint *fingerprint, bool *registered, bool *financed)
{
/* Somebody's money rests on it: what is settled, divided or void keeps its encumbrance, but stands for
 * nothing. */
#define FINANCED                                                                                             \
    "c.life <> 'settled' AND c.life <> 'split' AND c.life <> 'void' AND c.life <> 'written_off'"             \
    " AND (c.encumbrance = 'reserved' OR c.encumbrance = 'pledged' OR c.encumbrance = 'sold'"                \
    " OR c.encumbrance = 'pooled')"
#define INVOICE "number_key = ?1 AND fingerprint = ?2"
    static const lg_sql sql = {"SELECT EXISTS (SELECT 1 FROM receivables WHERE " INVOICE "),"
                               " EXISTS (SELECT 1 FROM receivables AS r JOIN claims AS c"
                               " ON c.claim_no = r.claim_no WHERE " INVOICE " AND " FINANCED ")"
                               " OR EXISTS (SELECT 1 FROM receivables AS r JOIN claims AS c"
                               " ON c.root_no = r.claim_no AND c.parent_no IS NOT NULL"
                               " WHERE " INVOICE " AND " FINANCED ")"};
#undef INVOICE
#undef FINANCED
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, fingerprint->number_key);
    lg_bind_blob(&query, 2, fingerprint->exact, sizeof fingerprint->exact);
    *registered = *financed = false;
    if (lg_query_next(&query)) {
        *registered = lg_column_int(&query, 0) != 0;
        *financed = lg_column_int(&query, 1) != 0;
    }
    return lg_query_end(&query);
}
