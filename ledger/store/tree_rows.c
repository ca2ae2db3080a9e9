/* The tree, checkpoints, and the right to append. */
#include "ledger/store/log_rows.h"
#include "ledger/store/rows_internal.h"

/* Where a row stands in the table. A level has room for all rows of the largest tree. */
static int64_t place_of(unsigned level, int64_t n)
{
    return n - level * (INT64_C(1) << 49);
}

lg_err lg_tree_row_insert(lg_db *db, const lg_tree_row *row)
{
    static const lg_sql sql = {"INSERT INTO nodes (place, hashes) VALUES (?1, ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, place_of(row->level, row->n));
    lg_bind_blob(&query, 2, row->hashes, LG_ROW_WIDTH * sizeof *row->hashes);
    return lg_query_run(&query);
}

lg_err lg_tree_tail_get(lg_db *db, lg_tree_tail *out)
{
    static const lg_sql sql = {"SELECT seq, tail FROM writer WHERE id = 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bytes hashes = {0};
    out->size = -1;
    if (lg_query_next(&query)) {
        out->size = lg_column_int(&query, 0);
        hashes = lg_column_borrow(&query, 1);
    }
    if (out->size < 0 || hashes.len != lg_tail_count(out->size) * sizeof *out->hashes)
        lg_query_spoil(&query);
    else if (hashes.len)
        memcpy(out->hashes, hashes.data, hashes.len);
    return lg_query_end(&query);
}

/* Hashes that are in no full row. */
static lg_err read_tail(lg_db *db, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    lg_tree_tail tail;
    lg_err err = lg_tree_tail_get(db, &tail);
    return err ? err : lg_tail_read(&tail, level, first, count, out);
}

lg_err lg_node_read(void *db, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    static const lg_sql sql = {"SELECT hashes FROM nodes WHERE place BETWEEN ?1 AND ?2 ORDER BY place"};
    const unsigned row_level = level == LG_MIDDLE_LEVEL ? 1 : 2 * level;
    unsigned got = 0, skipped = (unsigned)(first % LG_ROW_WIDTH);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, place_of(row_level, first / LG_ROW_WIDTH));
    lg_bind_int(&query, 2, place_of(row_level, (first + count - 1) / LG_ROW_WIDTH));
    /* Places are unique: as many rows as there are places are all of them, in order. When it is one less, the
     * last one is still growing; when even less, the tail does not have what is missing. */
    while (got < count && lg_query_next(&query)) {
        const lg_bytes row = lg_column_borrow(&query, 0);
        const unsigned rest = count - got, width = LG_ROW_WIDTH - skipped,
                       taken = rest < width ? rest : width;
        if (row.len == LG_ROW_WIDTH * sizeof *out)
            memcpy(&out[got], row.data + skipped * sizeof *out, taken * sizeof *out);
        else
            lg_query_spoil(&query);
        got += taken;
        skipped = 0;
    }
    lg_err err = lg_query_end(&query);
    return err || got == count ? err : read_tail(db, row_level, first + got, count - got, &out[got]);
}

lg_err lg_checkpoint_insert(lg_db *db, int64_t size, const lg_hash *root)
{
    static const lg_sql sql = {"INSERT INTO checkpoints (size, root) VALUES (?1, ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, size);
    lg_bind_blob(&query, 2, root->b, sizeof root->b);
    return lg_query_run(&query);
}

lg_err lg_checkpoint_latest(lg_db *db, int64_t *size, lg_hash *root)
{
    static const lg_sql sql = {"SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    *size = 0;
    *root = lg_sha256(lg_bytes_of("", 0)); /* the root of an empty tree, RFC 9162 section 2.1.1 */
    if (lg_query_next(&query)) {
        *size = lg_column_int(&query, 0);
        lg_column_fixed(&query, 1, root->b, sizeof root->b);
    }
    return lg_query_end(&query);
}

lg_err lg_checkpoint_including(lg_db *db, int64_t seq, int64_t *size, lg_hash *root)
{
    static const lg_sql sql = {"SELECT size, root FROM checkpoints WHERE size > ?1 ORDER BY size LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    bool found = lg_query_next(&query);
    if (found) {
        *size = lg_column_int(&query, 0);
        lg_column_fixed(&query, 1, root->b, sizeof root->b);
    }
    return lg_query_end_found(&query, found);
}

lg_err lg_checkpoint_range(lg_db *db, int64_t after, size_t limit, lg_arena *arena, int64_t **sizes,
                           lg_hash **roots, size_t *count)
{
    static const lg_sql sql = {"SELECT size, root FROM checkpoints WHERE size > ?1 ORDER BY size LIMIT ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, after);
    lg_bind_int(&query, 2, (int64_t)limit);
    lg_row_list size_list = {0}, root_list = {0};
    while (lg_query_next(&query)) {
        int64_t *size = lg_row_add(&size_list, arena, sizeof *size);
        lg_hash *root = lg_row_add(&root_list, arena, sizeof *root);
        *size = lg_column_int(&query, 0);
        lg_column_fixed(&query, 1, root->b, sizeof root->b);
    }
    *sizes = size_list.rows;
    *roots = root_list.rows;
    *count = size_list.count;
    return lg_query_end(&query);
}

lg_err lg_log_count(lg_db *db, int64_t from, lg_log_counts *out)
{
    static const lg_sql sql = {"SELECT (SELECT count(*) FROM commands WHERE first_seq >= ?1),"
                               " (SELECT count(*) FROM checkpoints WHERE size > ?1),"
                               " (SELECT count(*) FROM disclosures AS d WHERE d.seq >= ?1"
                               " AND NOT EXISTS (SELECT 1 FROM entries AS e WHERE e.seq = d.seq))"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, from);
    bool found = lg_query_next(&query);
    if (found)
        *out = (lg_log_counts){
            .commands = lg_column_int(&query, 0),
            .checkpoints = lg_column_int(&query, 1),
            .stray_disclosures = lg_column_int(&query, 2),
        };
    return lg_query_end_found(&query, found);
}

lg_err lg_writer_get(lg_db *db, lg_writer_row *out)
{
    static const lg_sql sql = {"SELECT epoch, beat, seq, hash FROM writer WHERE id = 1"};
    lg_query query = lg_query_start(db, &sql);
    bool found = lg_query_next(&query);
    if (found) {
        *out = (lg_writer_row){
            .epoch = lg_column_int(&query, 0),
            .beat = lg_column_int(&query, 1),
            .seq = lg_column_int(&query, 2),
        };
        lg_column_fixed(&query, 3, out->hash.b, sizeof out->hash.b);
    } else {
        lg_query_spoil(&query); /* the migration made it, nothing deletes it */
    }
    return lg_query_end(&query);
}

lg_err lg_writer_swap(lg_db *db, const lg_writer_row *expected, const lg_writer_row *next,
                      const lg_tree_tail *tail, const char *holder)
{
    static const lg_sql sql = {
        "UPDATE writer SET epoch = ?1, beat = ?2, seq = ?3, hash = ?4, holder = ?5, tail = ?6"
        " WHERE id = 1 AND epoch = ?7 AND beat = ?8 AND seq = ?9 AND hash = ?10"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, next->epoch);
    lg_bind_int(&query, 2, next->beat);
    lg_bind_int(&query, 3, next->seq);
    lg_bind_blob(&query, 4, next->hash.b, sizeof next->hash.b);
    lg_bind_text(&query, 5, holder);
    lg_bind_blob(&query, 6, tail->hashes, lg_tail_count(tail->size) * sizeof *tail->hashes);
    lg_bind_int(&query, 7, expected->epoch);
    lg_bind_int(&query, 8, expected->beat);
    lg_bind_int(&query, 9, expected->seq);
    lg_bind_blob(&query, 10, expected->hash.b, sizeof expected->hash.b);
    lg_err err = lg_query_run(&query);
    return err == LG_OK && lg_db_changes(db) != 1 ? LG_WRITER_DISPLACED : err;
}
