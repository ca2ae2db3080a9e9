/* Entries, their disclosures, and the commands that caused them. */
#include "ledger/store/log_rows.h"

#include "ledger/base/buf.h"
#include "ledger/crypto/encoding.h"
#include "ledger/store/entry_pack.h"
#include "ledger/store/pack.h"
#include "ledger/store/rows_internal.h"

#include <string.h>

static lg_err disclosures_insert(lg_db *db, int64_t seq, lg_bytes packed)
{
    static const lg_sql sql = {"INSERT INTO disclosures (seq, body) VALUES (?1, ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    lg_bind_blob(&query, 2, packed.data, packed.len);
    return lg_query_run(&query);
}

static lg_err entry_insert(lg_db *db, int64_t seq, lg_bytes packed)
{
    static const lg_sql sql = {"INSERT INTO entries (seq, body) VALUES (?1, ?2)"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    lg_bind_blob(&query, 2, packed.data, packed.len);
    return lg_query_run(&query);
}

static lg_err entry_insert_as_it_is(lg_db *db, int64_t seq, lg_bytes body)
{
    lg_buf packed = {0};
    lg_entry_keep(&packed, body);
    lg_err err = entry_insert(db, seq, lg_buf_bytes(&packed));
    lg_buf_clear(&packed);
    return err;
}

lg_err lg_entry_insert(lg_db *db, int64_t seq, lg_bytes body, const char *disclosures)
{
    const lg_bytes text = lg_bytes_str(disclosures);
    lg_err err = entry_insert_as_it_is(db, seq, body);
    if (err || text.len == 0)
        return err;
    return disclosures_insert(db, seq, lg_pack(lg_db_packer(db), LG_PACK_DISCLOSURES, text));
}

lg_err lg_entry_insert_disclosing(lg_db *db, const lg_entry *entry, lg_bytes body,
                                  const lg_disclosures *disclosures)
{
    uint8_t packed[LG_ENTRY_PACKED_MAX];
    const size_t len = lg_entry_pack(entry, packed);
    lg_err err = len ? entry_insert(db, entry->seq, lg_bytes_of(packed, len))
                     : entry_insert_as_it_is(db, entry->seq, body);
    if (err || disclosures->count == 0)
        return err;
    return disclosures_insert(db, entry->seq, lg_pack_disclosures(lg_db_packer(db), disclosures));
}

/* A packed column, borrowed until the query moves on. */
static bool column_unpack(lg_query *query, int at, lg_arena *arena, lg_bytes *out)
{
    return lg_unpack(lg_db_packer(query->db), lg_column_borrow(query, at), arena, out) == LG_OK;
}

static void entry_read(lg_query *query, lg_arena *arena, lg_entry_row *out)
{
    lg_bytes body = lg_bytes_str(""), disclosures = body;
    const lg_entry *members;
    *out = (lg_entry_row){
        .seq = lg_column_int(query, 0),
        .body_is_damaged =
            lg_entry_unpack_members(arena, lg_column_borrow(query, 1), &body, &members) != LG_OK,
        .disclosures_are_damaged =
            !lg_column_is_null(query, 2) && !column_unpack(query, 2, arena, &disclosures),
    };
    out->body = body;
    out->members = members;
    out->disclosures = (const char *)disclosures.data;
}

lg_err lg_entry_get(lg_db *db, int64_t seq, lg_arena *arena, lg_entry_row *out)
{
    static const lg_sql sql = {"SELECT e.seq, e.body, d.body FROM entries AS e"
                               " LEFT JOIN disclosures AS d ON d.seq = e.seq WHERE e.seq = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    bool found = lg_query_next(&query);
    if (found)
        entry_read(&query, arena, out);
    if (found && (out->body_is_damaged || out->disclosures_are_damaged))
        lg_query_spoil(&query);
    return lg_query_end_found(&query, found);
}

lg_err lg_entry_range(lg_db *db, int64_t from, size_t limit, lg_arena *arena, lg_entry_row **rows,
                      size_t *count)
{
    static const lg_sql sql = {"SELECT e.seq, e.body, d.body FROM entries AS e"
                               " LEFT JOIN disclosures AS d ON d.seq = e.seq"
                               " WHERE e.seq >= ?1 ORDER BY e.seq LIMIT ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, from);
    lg_bind_int(&query, 2, (int64_t)limit);
    lg_row_list list = {0};
    while (lg_query_next(&query))
        entry_read(&query, arena, lg_row_add(&list, arena, sizeof **rows));
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_entry_end(lg_db *db, int64_t size, int64_t *end, int64_t *stray)
{
    static const lg_sql last = {"SELECT coalesce(max(seq), -1) FROM entries WHERE seq < ?1"},
                        beyond = {"SELECT seq FROM entries WHERE seq >= ?1 ORDER BY seq"};
    lg_query query = lg_query_start(db, &beyond);
    lg_bind_int(&query, 1, size);
    *end = size;
    *stray = -1;
    while (*stray < 0 && lg_query_next(&query)) {
        if (lg_column_int(&query, 0) == *end)
            ++*end;
        else
            *stray = lg_column_int(&query, 0);
    }
    lg_err err = lg_query_end(&query);
    if (err || *end > size || *stray >= 0)
        return err;
    query = lg_query_start(db, &last);
    lg_bind_int(&query, 1, size);
    if (lg_query_next(&query))
        *end = lg_column_int(&query, 0) + 1;
    return lg_query_end(&query);
}

lg_err lg_entry_bodies(lg_db *db, int64_t from, size_t limit, lg_arena *arena, lg_bytes **bodies,
                       size_t *count)
{
    static const lg_sql sql = {"SELECT seq, body FROM entries WHERE seq >= ?1 ORDER BY seq LIMIT ?2"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, from);
    lg_bind_int(&query, 2, (int64_t)limit);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_bytes body;
        if (lg_column_int(&query, 0) != from + (int64_t)list.count ||
            lg_entry_unpack(arena, lg_column_borrow(&query, 1), &body) != LG_OK)
            lg_query_spoil(&query);
        else
            *(lg_bytes *)lg_row_add(&list, arena, sizeof **bodies) = body;
    }
    *bodies = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

#define COMMAND_COLUMNS "first_seq, entry_count, signer_no, jti, url, status, jws_len, texts"

/* The index keeps 12 bytes instead of up to 64 of text; the text itself decides. First the time, if the jti
 * begins with one as a UUID of version 7 does (RFC 9562 section 5.7), in the UUID's own form or in base64url:
 * so what is signed about the same time lies side by side, however many there are. Then a hash, so that
 * nobody makes many of one key. */
enum { JTI_KEY_LEN = 12, JTI_TIME_LEN = 6, JTI_TIME_LETTERS = 12 };
typedef struct jti_key {
    uint8_t b[JTI_KEY_LEN];
} jti_key;

static bool begins_with_time(const char *jti, uint8_t *time)
{
    uint8_t begin[JTI_TIME_LETTERS];
    lg_uuid id;
    size_t len = 0;
    if (lg_uuid_parse(jti, &id)) {
        memcpy(begin, id.b, sizeof begin);
        len = sizeof begin;
    } else if (strlen(jti) >= JTI_TIME_LETTERS) {
        lg_base64url_decode_run(lg_bytes_of(jti, JTI_TIME_LETTERS), begin, &len);
    }
    memcpy(time, begin, len > JTI_TIME_LEN ? JTI_TIME_LEN : 0);
    return len > JTI_TIME_LEN && begin[JTI_TIME_LEN] >> 4 == 7;
}

static jti_key key_of(const char *jti)
{
    jti_key key;
    const lg_hash hash = lg_sha256(lg_bytes_str(jti));
    const size_t time_len = begins_with_time(jti, key.b) ? JTI_TIME_LEN : 0;
    memcpy(key.b + time_len, hash.b, sizeof key.b - time_len);
    return key;
}

lg_err lg_command_insert(lg_db *db, const lg_command_row *row)
{
    static const lg_sql sql = {"INSERT INTO commands (" COMMAND_COLUMNS
                               ", jti_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"};
    /* As one text: an answer repeats much of what its command said. */
    lg_bytes packed = lg_pack_command(lg_db_packer(db), row->jws, lg_bytes_str(row->answer));
    const jti_key key = key_of(row->jti);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, row->first_seq);
    lg_bind_int(&query, 2, row->entry_count);
    lg_bind_int(&query, 3, row->signer.v);
    lg_bind_text(&query, 4, row->jti);
    lg_bind_text(&query, 5, row->url);
    lg_bind_int(&query, 6, row->status);
    lg_bind_int(&query, 7, (int64_t)row->jws.len);
    lg_bind_blob(&query, 8, packed.data, packed.len);
    lg_bind_blob(&query, 9, key.b, sizeof key.b);
    return lg_query_run(&query);
}

lg_err lg_command_note(lg_db *db, int64_t first_seq, int64_t entry_count, lg_participant_no signer)
{
    static const lg_sql sql = {"INSERT INTO commands (" COMMAND_COLUMNS ", jti_key)"
                               " VALUES (?1, ?2, ?3, '', '', 0, 0, x'00', zeroblob(12))"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, first_seq);
    lg_bind_int(&query, 2, entry_count);
    lg_bind_int(&query, 3, signer.v);
    return lg_query_run(&query);
}

/* NULL, which the schema forbids to whoever keeps it, is no text. */
static const char *column_text_always(lg_query *query, int at, lg_arena *arena)
{
    const char *text = lg_column_text(query, at, arena);
    return text ? text : "";
}

/* The texts are left if they are longer than what is still in *text_max, which they are taken from. */
static void command_read_within(lg_query *query, size_t *text_max, lg_arena *arena, lg_command_row *out)
{
    const int64_t jws_len = lg_column_int(query, 6);
    const size_t len = lg_unpacked_len(lg_column_borrow(query, 7));
    const bool is_left = len > *text_max;
    lg_bytes texts = {0};
    const bool is_whole =
        !is_left && column_unpack(query, 7, arena, &texts) && jws_len >= 0 && (size_t)jws_len <= texts.len;
    *text_max -= is_left ? 0 : len;
    if (!is_whole)
        texts = lg_bytes_str("");
    const size_t answer_at = is_whole ? (size_t)jws_len : 0;
    *out = (lg_command_row){
        .first_seq = lg_column_int(query, 0),
        .entry_count = lg_column_int(query, 1),
        .signer = {lg_column_int(query, 2)},
        .jti = column_text_always(query, 3, arena),
        .url = column_text_always(query, 4, arena),
        .status = (int)lg_column_int(query, 5),
        .jws = lg_bytes_of(texts.data, answer_at),
        .answer = (const char *)texts.data + answer_at,
        .is_damaged = !is_left && !is_whole,
        .is_left = is_left,
    };
}

static void command_read(lg_query *query, lg_arena *arena, lg_command_row *out)
{
    size_t text_max = SIZE_MAX;
    command_read_within(query, &text_max, arena, out);
}

/* One row, which must be whole. */
static void command_read_whole(lg_query *query, lg_arena *arena, lg_command_row *out)
{
    command_read(query, arena, out);
    if (out->is_damaged)
        lg_query_spoil(query);
}

lg_err lg_command_by_jti(lg_db *db, lg_participant_no signer, const char *jti, lg_arena *arena,
                         lg_command_row *out)
{
    static const lg_sql sql = {"SELECT " COMMAND_COLUMNS
                               " FROM commands WHERE jti_key = ?1 AND jti = ?2 AND signer_no = ?3"};
    const jti_key key = key_of(jti);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_blob(&query, 1, key.b, sizeof key.b);
    lg_bind_text(&query, 2, jti);
    lg_bind_int(&query, 3, signer.v);
    bool found = lg_query_next(&query);
    if (found)
        command_read_whole(&query, arena, out);
    return lg_query_end_found(&query, found);
}

lg_err lg_command_seq_by_jti(lg_db *db, lg_participant_no signer, const char *jti, int64_t *first_seq)
{
    static const lg_sql sql = {
        "SELECT first_seq FROM commands WHERE jti_key = ?1 AND jti = ?2 AND signer_no = ?3"};
    const jti_key key = key_of(jti);
    lg_query query = lg_query_start(db, &sql);
    lg_bind_blob(&query, 1, key.b, sizeof key.b);
    lg_bind_text(&query, 2, jti);
    lg_bind_int(&query, 3, signer.v);
    bool found = lg_query_next(&query);
    if (found)
        *first_seq = lg_column_int(&query, 0);
    return lg_query_end_found(&query, found);
}

lg_err lg_command_by_seq(lg_db *db, int64_t seq, lg_arena *arena, lg_command_row *out)
{
    static const lg_sql sql = {"SELECT " COMMAND_COLUMNS
                               " FROM commands WHERE first_seq <= ?1 ORDER BY first_seq DESC LIMIT 1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, seq);
    bool found = lg_query_next(&query);
    if (found) {
        command_read_whole(&query, arena, out);
        /* An entry of the registry's own (the genesis) has no command, so the one before may end earlier. */
        found = seq - out->first_seq < out->entry_count;
    }
    return lg_query_end_found(&query, found);
}

lg_err lg_command_range(lg_db *db, int64_t from, int64_t until, size_t text_max, lg_arena *arena,
                        lg_command_row **rows, size_t *count)
{
    static const lg_sql sql = {"SELECT " COMMAND_COLUMNS ", jti_key"
                               " FROM commands WHERE first_seq >= ?1 AND first_seq < ?2 ORDER BY first_seq"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, from);
    lg_bind_int(&query, 2, until);
    lg_row_list list = {0};
    while (lg_query_next(&query)) {
        lg_command_row *row = lg_row_add(&list, arena, sizeof *row);
        command_read_within(&query, &text_max, arena, row);
        const jti_key key = key_of(row->jti);
        const lg_bytes stored = lg_column_borrow(&query, 8);
        row->key_fits = stored.len == sizeof key.b && memcmp(stored.data, key.b, sizeof key.b) == 0;
    }
    *rows = list.rows;
    *count = list.count;
    return lg_query_end(&query);
}

lg_err lg_command_check_jtis(lg_db *db, lg_table_differ differ, void *ctx)
{
    static const lg_sql sql = {
        "SELECT later.first_seq, 'its jti was used by the command of entry ' || min(earlier.first_seq)"
        " FROM (SELECT jti_key FROM commands GROUP BY jti_key HAVING count(*) > 1) AS shared"
        " CROSS JOIN commands AS earlier ON earlier.jti_key = shared.jti_key"
        " CROSS JOIN commands AS later ON later.jti_key = shared.jti_key AND later.jti = earlier.jti"
        " AND later.signer_no = earlier.signer_no AND later.first_seq > earlier.first_seq"
        " GROUP BY later.first_seq"};
    lg_arena *arena = lg_arena_open();
    lg_query query = lg_query_start(db, &sql);
    while (lg_query_next(&query))
        differ(ctx, "commands", lg_column_text(&query, 0, arena), lg_column_text(&query, 1, arena));
    lg_arena_close(arena);
    return lg_query_end(&query);
}
