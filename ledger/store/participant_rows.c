#include "ledger/store/participant_rows.h"

#include "ledger/store/known.h"
#include "ledger/store/rows_internal.h"

static const char *const role_names[LG_ROLE_COUNT] = {
    [LG_ROLE_SUPPLIER] = "supplier", [LG_ROLE_CORE_ENTERPRISE] = "core_enterprise",
    [LG_ROLE_LENDER] = "lender",     [LG_ROLE_BANK] = "bank",
    [LG_ROLE_ISSUER] = "issuer",     [LG_ROLE_AUTHORITY] = "authority",
    [LG_ROLE_AUDITOR] = "auditor",   [LG_ROLE_WITNESS] = "witness",
    [LG_ROLE_OPERATOR] = "operator", [LG_ROLE_REVIEWER] = "reviewer",
};

const char *lg_role_name(lg_role role)
{
    return (unsigned)role < LG_ROLE_COUNT ? role_names[role] : "unknown";
}

bool lg_role_parse(const char *text, lg_role *out)
{
    size_t found = lg_name_find(role_names, LG_ROLE_COUNT, text);
    if (found == LG_ROLE_COUNT)
        return false;
    *out = (lg_role)found;
    return true;
}

#define PARTICIPANT_COLUMNS                                                                                  \
    "SELECT participant_no, id, name, country, group_name, roles, suspended, stopped, rating, "              \
    "rating_agency, registered_at, last_seq"                                                                 \
    " FROM participants"

static void participant_read(lg_query *query, lg_arena *arena, lg_participant *out)
{
    *out = (lg_participant){
        .no = {lg_column_int(query, 0)},
        .name = lg_column_text(query, 2, arena),
        .country = lg_column_text(query, 3, arena),
        .group = lg_column_text(query, 4, arena),
        .roles = lg_column_bits(query, 5, LG_ROLE_COUNT),
        .suspended = lg_column_int(query, 6) != 0,
        .stopped = lg_column_int(query, 7) != 0,
        .rating = lg_column_text(query, 8, arena),
        .rating_agency = lg_column_text(query, 9, arena),
        .registered_at = lg_column_int(query, 10),
        .last_seq = lg_column_int(query, 11),
    };
    lg_column_fixed(query, 1, out->id.uuid.b, sizeof out->id.uuid.b);
}

static lg_err participant_one(lg_query *query, lg_arena *arena, lg_participant *out)
{
    bool found = lg_query_next(query);
    if (found)
        participant_read(query, arena, out);
    return lg_query_end_found(query, found);
}

/* Remembered from now on, if there is such a one. */
static lg_err participant_found(lg_query *query, lg_arena *arena, lg_participant *out)
{
    lg_known *known = lg_db_known(query->db);
    lg_err err = participant_one(query, arena, out);
    if (err)
        return err;
    lg_known_keep_participant(known, out);
    lg_known_keep_id(known, out->no, out->id);
    return LG_OK;
}

lg_err lg_participant_get(lg_db *db, lg_participant_no no, lg_arena *arena, lg_participant *out)
{
    static const lg_sql sql = {PARTICIPANT_COLUMNS " WHERE participant_no = ?1"};
    if (lg_known_participant(lg_db_known(db), no, arena, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    return participant_found(&query, arena, out);
}

lg_err lg_participant_by_id(lg_db *db, lg_participant_id id, lg_arena *arena, lg_participant *out)
{
    static const lg_sql sql = {PARTICIPANT_COLUMNS " WHERE id = ?1"};
    lg_participant_no no;
    if (lg_known_no(lg_db_known(db), id, &no))
        return lg_participant_get(db, no, arena, out);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    return participant_found(&query, arena, out);
}

lg_err lg_participant_no_of(lg_db *db, lg_participant_id id, lg_participant_no *out)
{
    static const lg_sql sql = {"SELECT participant_no FROM participants WHERE id = ?1"};
    if (lg_known_no(lg_db_known(db), id, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_uuid(&query, 1, &id.uuid);
    bool found = lg_query_next(&query);
    *out = (lg_participant_no){found ? lg_column_int(&query, 0) : 0};
    lg_err err = lg_query_end_found(&query, found);
    if (!err)
        lg_known_keep_id(lg_db_known(db), *out, id);
    return err;
}

lg_err lg_participant_id_of(lg_db *db, lg_participant_no no, lg_participant_id *out)
{
    static const lg_sql sql = {"SELECT id FROM participants WHERE participant_no = ?1"};
    *out = (lg_participant_id){0};
    if (no.v == 0 || lg_known_id(lg_db_known(db), no, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    bool found = lg_query_next(&query);
    if (found)
        lg_column_fixed(&query, 0, out->uuid.b, sizeof out->uuid.b);
    lg_err err = lg_query_end_found(&query, found);
    if (!err)
        lg_known_keep_id(lg_db_known(db), no, *out);
    return err;
}

lg_err lg_participant_is_suspended(lg_db *db, lg_participant_no no, bool *out)
{
    static const lg_sql sql = {"SELECT suspended FROM participants WHERE participant_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    bool found = lg_query_next(&query);
    *out = found && lg_column_int(&query, 0) != 0;
    return lg_query_end_found(&query, found);
}

lg_err lg_participant_insert(lg_db *db, const lg_participant *row)
{
    static const lg_sql sql = {
        "INSERT INTO participants (participant_no, id, name, country, group_name, roles, suspended, stopped,"
        " rating, rating_agency, registered_at, last_seq)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_uuid(&query, 2, &row->id.uuid);
    lg_bind_text(&query, 3, row->name);
    lg_bind_text(&query, 4, row->country);
    lg_bind_text(&query, 5, row->group);
    lg_bind_int(&query, 6, row->roles);
    lg_bind_int(&query, 7, row->suspended);
    lg_bind_int(&query, 8, row->stopped);
    lg_bind_text(&query, 9, row->rating);
    lg_bind_text(&query, 10, row->rating_agency);
    lg_bind_int(&query, 11, row->registered_at);
    lg_bind_int(&query, 12, row->last_seq);
    return lg_query_run(&query);
}

lg_err lg_participant_update(lg_db *db, const lg_participant *row)
{
    static const lg_sql sql = {
        "UPDATE participants SET suspended = ?2, stopped = ?3, last_seq = ?4, rating = ?5, rating_agency = ?6"
        " WHERE participant_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_int(&query, 2, row->suspended);
    lg_bind_int(&query, 3, row->stopped);
    lg_bind_int(&query, 4, row->last_seq);
    lg_bind_text(&query, 5, row->rating);
    lg_bind_text(&query, 6, row->rating_agency);
    return lg_query_run_found(&query);
}

/* Names are matched without regard to case, in ASCII only (SQLite's lower). */
lg_err lg_participant_list(lg_db *db, const lg_participant_filter *filter, lg_arena *arena,
                           lg_participant **rows, size_t *count)
{
    static const lg_sql sql = {PARTICIPANT_COLUMNS
                               " WHERE participant_no > ?1 AND (?2 = 0 OR roles & ?2 <> 0)"
                               " AND (?3 < 0 OR suspended = ?3)"
                               " AND (?4 IS NULL OR instr(lower(name), lower(?4)) > 0)"
                               " ORDER BY participant_no LIMIT ?5"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, filter->after_no);
    lg_bind_int(&query, 2, filter->role < 0 ? 0 : INT64_C(1) << filter->role);
    lg_bind_int(&query, 3, filter->suspended);
    lg_bind_text(&query, 4, filter->name);
    lg_bind_int(&query, 5, (int64_t)filter->limit);
    lg_row_list list = {0};
    while (lg_query_next(&query))
        participant_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_identifier_insert(lg_db *db, lg_identifier identifier, lg_participant_no no)
{
    static const lg_sql sql = {"INSERT INTO identifiers (scheme, value, participant_no) VALUES (?1, ?2, ?3)"};
    lg_query query = lg_query_start(db, &sql);
    lg_db_unsettle(db);
    lg_bind_text(&query, 1, lg_scheme_name(identifier.scheme));
    lg_bind_text(&query, 2, identifier.value);
    lg_bind_int(&query, 3, no.v);
    return lg_query_run(&query);
}

lg_err lg_identifier_owner(lg_db *db, lg_identifier identifier, lg_participant_no *out)
{
    static const lg_sql sql = {"SELECT participant_no FROM identifiers WHERE scheme = ?1 AND value = ?2"};
    if (lg_known_owner(lg_db_known(db), identifier, out))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_text(&query, 1, lg_scheme_name(identifier.scheme));
    lg_bind_text(&query, 2, identifier.value);
    bool found = lg_query_next(&query);
    *out = (lg_participant_no){found ? lg_column_int(&query, 0) : 0};
    lg_err err = lg_query_end_found(&query, found);
    if (!err)
        lg_known_keep_owner(lg_db_known(db), identifier, *out);
    return err;
}

lg_err lg_identifier_list(lg_db *db, lg_participant_no no, lg_arena *arena, lg_identifier **rows,
                          size_t *count)
{
    static const lg_sql sql = {
        "SELECT scheme, value FROM identifiers WHERE participant_no = ?1 ORDER BY scheme, value"};
    if (lg_known_identifiers(lg_db_known(db), no, arena, rows, count))
        return LG_OK;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_identifier *row = lg_row_add(&list, arena, sizeof *row);
        if (!lg_scheme_parse(lg_column_text(&query, 0, arena), &row->scheme))
            lg_query_spoil(&query);
        row->value = lg_column_text(&query, 1, arena);
    }
    *rows = list.rows;
    *count = list.count;
    lg_err err = lg_query_end(&query);
    if (!err)
        lg_known_keep_identifiers(lg_db_known(db), no, *rows, *count);
    return err;
}
