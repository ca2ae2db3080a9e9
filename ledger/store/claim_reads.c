/* What showing a claim takes beyond its row: the ids behind its numbers, what it comes from, and the
 * entries that made its title. */
#include "ledger/store/claim_rows.h"

#include "ledger/store/participant_rows.h"
#include "ledger/store/rows_internal.h"

#include <stdlib.h>

/* ---- who: readers and the writer remember participants ---- */

static lg_err party_get(lg_db *db, lg_participant_no no, lg_arena *arena, lg_participant *out)
{
    lg_err err = lg_participant_get(db, no, arena, out);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err id_get(lg_db *db, lg_participant_no no, lg_uuid *out)
{
    lg_participant_id id;
    lg_err err = lg_participant_id_of(db, no, &id);
    *out = id.uuid;
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

static lg_err read_parties(lg_db *db, const lg_claim *row, lg_arena *arena, lg_claim_links *out)
{
    lg_participant holder, creditor, debtor;
    lg_err err = party_get(db, row->holder, arena, &holder);
    if (!err)
        err = party_get(db, row->creditor, arena, &creditor);
    if (!err)
        err = party_get(db, row->debtor, arena, &debtor);
    if (!err)
        err = id_get(db, row->lender, &out->lender);
    if (!err)
        err = id_get(db, row->offered_to, &out->offered_to);
    if (!err)
        err = id_get(db, row->disputed_by, &out->disputed_by);
    if (err)
        return err;
    out->holder = holder.id.uuid;
    out->holder_name = holder.name;
    out->creditor = creditor.id.uuid;
    out->creditor_name = creditor.name;
    out->debtor = debtor.id.uuid;
    out->debtor_name = debtor.name;
    out->debtor_rating = debtor.rating;
    out->debtor_stopped = debtor.stopped;
    return LG_OK;
}

/* ---- what ---- */

/* The id in a column; nil where the number it was looked up by is 0. */
static void link_read(lg_query *query, int at, int64_t no, lg_uuid *out)
{
    *out = (lg_uuid){0};
    if (no)
        lg_column_fixed(query, at, out->b, sizeof out->b);
}

static lg_err read_things(lg_db *db, const lg_claim *row, lg_arena *arena, lg_claim_links *out)
{
    static const lg_sql sql = {"SELECT id, invoice_number, issue_day, gross_minor, documents,"
                               " (SELECT id FROM claims WHERE claim_no = ?2),"
                               " (SELECT id FROM claims WHERE claim_no = ?3),"
                               " (SELECT id FROM financings WHERE financing_no = ?4),"
                               " (SELECT id FROM requests WHERE request_no = ?5)"
                               " FROM receivables WHERE receivable_no = ?1"};
    const bool is_root = row->root.v == row->no.v;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->receivable.v);
    lg_bind_int(&query, 2, is_root ? 0 : row->root.v);
    lg_bind_int(&query, 3, row->parent.v);
    lg_bind_int(&query, 4, row->financing.v);
    lg_bind_int(&query, 5, row->request.v);
    if (lg_query_next(&query)) {
        link_read(&query, 0, row->receivable.v, &out->receivable);
        out->invoice_number = lg_column_text(&query, 1, arena);
        out->issue_day = lg_column_day(&query, 2);
        out->gross_minor = lg_column_int(&query, 3);
        out->documents = lg_column_text(&query, 4, arena);
        link_read(&query, 5, is_root ? 0 : row->root.v, &out->root);
        link_read(&query, 6, row->parent.v, &out->parent);
        link_read(&query, 7, row->financing.v, &out->financing);
        link_read(&query, 8, row->request.v, &out->request);
    } else {
        lg_query_spoil(&query);
    }
    if (is_root)
        out->root = row->id.uuid;
    return lg_query_end(&query);
}

lg_err lg_claim_links_get(lg_db *db, const lg_claim *row, lg_arena *arena, lg_claim_links *out)
{
    lg_err err = read_parties(db, row, arena, out);
    return err ? err : read_things(db, row, arena, out);
}

lg_err lg_claim_links_from(lg_db *db, const lg_claim *row, const lg_receivable *receivable, lg_arena *arena,
                           lg_claim_links *out)
{
    const bool is_alone = row->root.v == row->no.v && !row->parent.v && !row->financing.v && !row->request.v;
    if (!is_alone || row->receivable.v != receivable->no.v)
        return lg_claim_links_get(db, row, arena, out);
    *out = (lg_claim_links){
        .receivable = receivable->id.uuid,
        .root = row->id.uuid,
        .invoice_number = receivable->invoice_number,
        .issue_day = receivable->issue_day,
        .gross_minor = receivable->gross_minor,
        .documents = receivable->documents,
    };
    return read_parties(db, row, arena, out);
}

lg_err lg_claim_id_of(lg_db *db, lg_claim_no no, lg_claim_id *out)
{
    static const lg_sql sql = {"SELECT id FROM claims WHERE claim_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, no.v);
    bool found = lg_query_next(&query);
    if (found)
        lg_column_fixed(&query, 0, out->uuid.b, sizeof out->uuid.b);
    return lg_query_end_found(&query, found);
}

/* ---- where it comes from ---- */

static void number_add(lg_row_list *list, lg_arena *arena, int64_t number)
{
    *(int64_t *)lg_row_add(list, arena, sizeof number) = number;
}

lg_err lg_claim_line(lg_db *db, const lg_claim *row, lg_arena *arena, int64_t **subjects, size_t *count)
{
    static const lg_sql sql = {
        "WITH RECURSIVE line (no) AS (VALUES (?1) UNION ALL SELECT c.parent_no FROM line"
        " CROSS JOIN claims AS c ON c.claim_no = line.no WHERE c.parent_no IS NOT NULL) SELECT no FROM line"};
    lg_row_list list = {0};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    while (lg_query_next(&query))
        number_add(&list, arena, lg_column_int(&query, 0));
    number_add(&list, arena, row->receivable.v);
    *subjects = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

/* The entry that opened it, and those that gave it another holder: each but the first ended the version in
 * which the one before held it. */
static lg_err add_holders(lg_db *db, const lg_claim *row, lg_arena *arena, lg_row_list *list)
{
    const int64_t birth = lg_row_seq(row->no.v);
    lg_err err = LG_OK;
    lg_claim then = *row;
    while (!err && then.held_seq > birth) {
        const int64_t held_seq = then.held_seq;
        number_add(list, arena, held_seq);
        err = lg_claim_version(db, row->no, held_seq - 1, arena, &then);
        if (!err && then.held_seq >= held_seq)
            err = LG_CORRUPT;
    }
    number_add(list, arena, birth);
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}

/* The entry that brought the encumbrance it has, if it had another before. */
static lg_err add_encumbrance(lg_db *db, const lg_claim *row, lg_arena *arena, lg_row_list *list)
{
    static const lg_sql sql = {"SELECT until_seq FROM claim_versions WHERE claim_no = ?1 AND until_seq <= ?2"
                               " AND encumbrance <> ?3 ORDER BY until_seq DESC LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->no.v);
    lg_bind_int(&query, 2, row->last_seq);
    lg_bind_text(&query, 3, lg_encumbrance_name(row->encumbrance));
    if (lg_query_next(&query))
        number_add(list, arena, lg_column_int(&query, 0));
    return lg_query_end(&query);
}

static int compare_numbers(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

lg_err lg_claim_title(lg_db *db, const lg_claim *row, lg_arena *arena, int64_t **seqs, size_t *count)
{
    int64_t *line;
    size_t length;
    lg_row_list list = {0};
    lg_err err = lg_claim_line(db, row, arena, &line, &length);
    if (!err)
        err = add_holders(db, row, arena, &list);
    for (size_t i = 1; !err && i + 1 < length; i++) { /* the forebears; the receivable is the last */
        lg_claim forebear;
        err = lg_claim_get(db, (lg_claim_no){line[i]}, arena, &forebear);
        if (!err)
            err = add_holders(db, &forebear, arena, &list);
    }
    if (!err)
        err = add_encumbrance(db, row, arena, &list);
    number_add(&list, arena, lg_row_seq(row->receivable.v));
    number_add(&list, arena, row->last_seq);
    if (row->lender.v)
        number_add(&list, arena, row->lent_seq);
    qsort(list.rows, list.count, sizeof(int64_t), compare_numbers);
    *seqs = list.rows;
    *count = 0;
    for (size_t i = 0; i < list.count; i++)
        if (*count == 0 || (*seqs)[*count - 1] != (*seqs)[i])
            (*seqs)[(*count)++] = (*seqs)[i];
    return err == LG_NOT_FOUND ? LG_CORRUPT : err;
}
