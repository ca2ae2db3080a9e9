/* Tree nodes, checkpoints, and the right to append. */
#include "ledger/store/log_rows.h"
#include "ledger/store/rows_internal.h"

lg_err lg_node_insert(lg_db *db, const lg_new_node *node)
{
    static const lg_sql sql = {"INSERT INTO nodes (level, n, hash) VALUES (?1, ?2, ?3)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, node->level);
    lg_bind_int(&query, 2, node->n);
    lg_bind_blob(&query, 3, node->hash.b, sizeof node->hash.b);
    return lg_query_run(&query);
}

lg_err lg_node_read(void *db, unsigned level, int64_t first, unsigned count, lg_hash *out)
{
    /* Numbers are unique: as many rows as there are numbers are all of them, in order. */
    static const lg_sql sql = {"SELECT hash FROM nodes WHERE level = ?1 AND n BETWEEN ?2 AND ?3 ORDER BY n"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, level);
    lg_bind_int(&query, 2, first);
    lg_bind_int(&query, 3, first + count - 1);
    unsigned got = 0;
    for (; got < count && lg_query_next(&query); got++)
        lg_column_fixed(&query, 0, out[got].b, sizeof out[got].b);
    lg_err err = lg_query_end(&query);
    return err == LG_OK && got < count ? LG_CORRUPT : err;
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

lg_err lg_writer_swap(lg_db *db, const lg_writer_row *expected, const lg_writer_row *next, const char *holder)
{
    static const lg_sql sql = {"UPDATE writer SET epoch = ?1, beat = ?2, seq = ?3, hash = ?4, holder = ?5"
                               " WHERE id = 1 AND epoch = ?6 AND beat = ?7 AND seq = ?8 AND hash = ?9"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, next->epoch);
    lg_bind_int(&query, 2, next->beat);
    lg_bind_int(&query, 3, next->seq);
    lg_bind_blob(&query, 4, next->hash.b, sizeof next->hash.b);
    lg_bind_text(&query, 5, holder);
    lg_bind_int(&query, 6, expected->epoch);
    lg_bind_int(&query, 7, expected->beat);
    lg_bind_int(&query, 8, expected->seq);
    lg_bind_blob(&query, 9, expected->hash.b, sizeof expected->hash.b);
    lg_err err = lg_query_run(&query);
    return err == LG_OK && lg_db_changes(db) != 1 ? LG_WRITER_DISPLACED : err;
}
