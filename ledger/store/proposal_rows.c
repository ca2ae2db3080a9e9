#include "ledger/store/proposal_rows.h"

#include "ledger/store/rows_internal.h"

static const char *const kind_names[LG_PROPOSAL_KIND_COUNT] = {
    [LG_PROPOSAL_CREDIT_NOTE] = "credit_note",
    [LG_PROPOSAL_VOID] = "void",
};
static const char *const status_names[LG_PROPOSAL_STATUS_COUNT] = {
    [LG_PROPOSAL_OPEN] = "open",
    [LG_PROPOSAL_EFFECTIVE] = "effective",
    [LG_PROPOSAL_DECLINED] = "declined",
    [LG_PROPOSAL_EXPIRED] = "expired",
};

const char *lg_proposal_kind_name(lg_proposal_kind kind)
{
    return (unsigned)kind < LG_PROPOSAL_KIND_COUNT ? kind_names[kind] : "unknown";
}

bool lg_proposal_kind_parse(const char *text, lg_proposal_kind *out)
{
    size_t found = lg_name_find(kind_names, LG_PROPOSAL_KIND_COUNT, text);
    if (found == LG_PROPOSAL_KIND_COUNT)
        return false;
    *out = (lg_proposal_kind)found;
    return true;
}

const char *lg_proposal_status_name(lg_proposal_status status)
{
    return (unsigned)status < LG_PROPOSAL_STATUS_COUNT ? status_names[status] : "unknown";
}

#define COLUMNS                                                                                              \
    "p.proposal_no, p.id, p.kind, p.claim_no, p.amount_minor, p.reference, p.note, p.proposed_by_no, "       \
    "p.status, "                                                                                             \
    "p.expires_at, p.proposed_at, p.last_seq"

static void proposal_read(lg_query *query, lg_arena *arena, lg_proposal *out)
{
    *out = (lg_proposal){
        .no = {lg_column_int(query, 0)},
        .kind = (lg_proposal_kind)lg_column_name(query, 2, arena, kind_names, LG_PROPOSAL_KIND_COUNT),
        .claim = {lg_column_int(query, 3)},
        .amount_minor = lg_column_int(query, 4),
        .reference = lg_column_text(query, 5, arena),
        .note = lg_column_text(query, 6, arena),
        .proposed_by = {lg_column_int(query, 7)},
        .status = (lg_proposal_status)lg_column_name(query, 8, arena, status_names, LG_PROPOSAL_EXPIRED),
        .expires_at = lg_column_int(query, 9),
        .proposed_at = lg_column_int(query, 10),
        .last_seq = lg_column_int(query, 11),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

lg_err lg_proposal_by_id(lg_db *db, lg_proposal_id id, lg_arena *arena, lg_proposal *out)
{
    static const lg_sql sql = {"SELECT " COLUMNS " FROM proposals AS p WHERE p.id = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    bool found = lg_query_next(&query);
    if (found)
        proposal_read(&query, arena, out);
    return lg_query_end_found(&query, found);
}

lg_err lg_proposal_insert(lg_db *db, const lg_proposal *row)
{
    static const lg_sql sql = {
        "INSERT INTO proposals (proposal_no, id, kind, claim_no, amount_minor, reference, note, "
        "proposed_by_no, status,"
        " expires_at, proposed_at, last_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_text(&query, 3, lg_proposal_kind_name(row->kind));
    lg_bind_int(&query, 4, row->claim.v);
    lg_bind_int_or_null(&query, 5, row->amount_minor);
    lg_bind_text(&query, 6, row->reference);
    lg_bind_text(&query, 7, row->note);
    lg_bind_int(&query, 8, row->proposed_by.v);
    lg_bind_text(&query, 9, lg_proposal_status_name(row->status));
    lg_bind_int(&query, 10, row->expires_at);
    lg_bind_int(&query, 11, row->proposed_at);
    lg_bind_int(&query, 12, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_proposal_update(lg_db *db, const lg_proposal *row)
{
    static const lg_sql sql = {"UPDATE proposals SET status = ?2, last_seq = ?3 WHERE proposal_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_text(&query, 2, lg_proposal_status_name(row->status));
    lg_bind_int(&query, 3, row->last_seq);
    return lg_query_run_found(&query);
}

/* ---- signers ---- */

lg_err lg_proposal_signers_insert(lg_db *db, lg_proposal_no proposal, const lg_proposal_signers *signers)
{
    static const lg_sql sql = {"INSERT INTO proposal_signers (proposal_no, place, participant_no, signed_at) "
                               "VALUES (?1, ?2, ?3, ?4)"};
    lg_err err = LG_OK;
    for (size_t i = 0; i < signers->count && !err; i++) {
        lg_query query = lg_query_start(db, &sql);
        lg_bind_int(&query, 1, proposal.v);
        lg_bind_int(&query, 2, (int64_t)i);
        lg_bind_int(&query, 3, signers->rows[i].participant.v);
        lg_bind_int_or_null(&query, 4, signers->rows[i].signed_at);
        err = lg_query_run(&query);
    }
    return err;
}

lg_err lg_proposal_signers_get(lg_db *db, lg_proposal_no proposal, lg_proposal_signers *out)
{
    static const lg_sql sql = {
        "SELECT participant_no, signed_at FROM proposal_signers WHERE proposal_no = ?1 ORDER BY place"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, proposal.v);
    *out = (lg_proposal_signers){0};
    while (lg_query_next(&query)) {
        if (out->count == LG_PROPOSAL_SIGNERS_MAX) {
            lg_query_spoil(&query);
            break;
        }
        out->rows[out->count++] = (lg_proposal_signer){.participant = {lg_column_int(&query, 0)},
                                                       .signed_at = lg_column_int(&query, 1)};
    }
    return lg_query_end(&query);
}

lg_err lg_proposal_sign(lg_db *db, lg_proposal_no proposal, lg_participant_no participant, lg_time at)
{
    static const lg_sql sql = {
        "UPDATE proposal_signers SET signed_at = ?3 WHERE proposal_no = ?1 AND participant_no = ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, proposal.v);
    lg_bind_int(&query, 2, participant.v);
    lg_bind_int(&query, 3, at);
    return lg_query_run_found(&query);
}

const lg_proposal_signer *lg_proposal_signer_find(const lg_proposal_signers *signers,
                                                  lg_participant_no participant)
{
    for (size_t i = 0; i < signers->count; i++)
        if (signers->rows[i].participant.v == participant.v)
            return &signers->rows[i];
    return NULL;
}

/* ---- lists ---- */

lg_err lg_proposal_list(lg_db *db, const lg_proposal_filter *filter, lg_arena *arena, lg_proposal **rows,
                        size_t *count)
{
    static const lg_sql sql = {
        "SELECT " COLUMNS
        " FROM proposal_signers AS s CROSS JOIN proposals AS p ON p.proposal_no = s.proposal_no"
        " WHERE s.participant_no = ?1 AND s.proposal_no < ?2 AND (?4 IS NULL OR"
        " CASE WHEN p.status = 'open' AND p.expires_at < ?5 THEN 'expired' ELSE p.status END = ?4)"
        " ORDER BY s.proposal_no DESC LIMIT ?3"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, filter->signer.v);
    lg_bind_int(&query, 2, filter->before_no ? filter->before_no : INT64_MAX);
    lg_bind_int(&query, 3, (int64_t)filter->limit);
    lg_bind_text(&query, 4,
                 filter->status < 0 ? NULL : lg_proposal_status_name((lg_proposal_status)filter->status));
    lg_bind_int(&query, 5, filter->now);
    while (lg_query_next(&query))
        proposal_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}
