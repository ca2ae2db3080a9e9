/* GET /v1/statements/…: the caller's day, as an accountant adds it up: opening, what moved, closing. */
#include "server/api/statement.h"

#include "ledger/crypto/encoding.h"
#include "ledger/log/note.h"
#include "ledger/store/log_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1000 }; /* movements read at a time */

/* ---- the day's place in the ledger ---- */

/* The first signed checkpoint that holds the whole day: always the same one. While the day lasts, the newest.
 */
static lg_err put_checkpoint(api_view *view, const api_day *day)
{
    int64_t size;
    lg_hash root;
    lg_err err = json_related(lg_checkpoint_including(
        view->read.db, day->final ? day->end - 1 : view->published->size - 1, &size, &root));
    if (err != LG_OK)
        return err;
    lg_json_key(&view->body, "checkpoint");
    lg_json_open(&view->body);
    lg_json_put_int(&view->body, "size", size);
    lg_json_put_str(&view->body, "root", lg_hex_encode(view->read.arena, lg_bytes_of(root.b, LG_HASH_LEN)));
    lg_json_put_str(&view->body, "note",
                    lg_ledger_note(view->read.api->ledger, view->read.arena, size, &root));
    lg_json_close(&view->body);
    return LG_OK;
}

/* Member `key`: an entry in brief; null if there is none. */
static lg_err put_entry(api_view *view, const char *key, int64_t seq)
{
    lg_entry_row row;
    lg_entry entry;
    lg_json_key(&view->body, key);
    if (seq < 0) {
        lg_json_null(&view->body);
        return LG_OK;
    }
    lg_err err = json_related(lg_entry_get(view->read.db, seq, view->read.arena, &row));
    if (err == LG_OK)
        err = lg_entry_parse(view->read.arena, row.body, &entry, NULL);
    if (err != LG_OK)
        return err;
    const lg_hash leaf = lg_leaf_hash(row.body);
    lg_json_open(&view->body);
    lg_json_put_int(&view->body, "seq", seq);
    lg_json_put_str(&view->body, "type", entry.type);
    json_put_time(&view->body, "at", entry.at);
    lg_json_put_str(&view->body, "leaf", lg_hex_encode(view->read.arena, lg_bytes_of(leaf.b, LG_HASH_LEN)));
    lg_json_close(&view->body);
    return LG_OK;
}

/* How many entries the day has in the whole ledger; and the caller's own: how many, first and last. */
static lg_err put_entries(api_view *view, const api_day *day)
{
    int64_t count, first = -1, last = -1;
    lg_err err = lg_party_entries_span(view->read.db, view->read.caller.no, day->first, day->end, &count,
                                       &first, &last);
    if (err != LG_OK)
        return err;
    lg_json_key(&view->body, "ledger");
    lg_json_open(&view->body);
    lg_json_put_int(&view->body, "entries", day->end - day->first);
    lg_json_put_int(&view->body, "size", day->end);
    lg_json_close(&view->body);
    lg_json_key(&view->body, "entries");
    lg_json_open(&view->body);
    lg_json_put_int(&view->body, "count", count);
    err = put_entry(view, "first", first);
    if (err == LG_OK)
        err = put_entry(view, "last", last);
    lg_json_close(&view->body);
    return err;
}

/* ---- positions ---- */

/* What one type of entry did to a position. */
typedef struct kind_sum {
    lg_event_type type;
    int64_t movements;
    lg_balance in, out; /* both counted up */
} kind_sum;

typedef struct day_sums {
    kind_sum kinds[LG_EV_COUNT];
    size_t count;
} day_sums;

static kind_sum *kind_of(day_sums *sums, int type)
{
    size_t at = 0;
    if (type < 0 || type >= LG_EV_COUNT)
        return NULL;
    while (at < sums->count && sums->kinds[at].type != (lg_event_type)type)
        at++;
    if (at == sums->count)
        sums->kinds[sums->count++] = (kind_sum){.type = (lg_event_type)type};
    return &sums->kinds[at];
}

static lg_err add(day_sums *sums, const lg_movement *row)
{
    kind_sum *kind = kind_of(sums, row->type);
    if (!kind)
        return LG_CORRUPT;
    lg_balance *side = row->amount_minor < 0 || row->items < 0 ? &kind->out : &kind->in;
    const int64_t sign = side == &kind->out ? -1 : 1;
    kind->movements++;
    side->items += sign * row->items;
    return __builtin_add_overflow(side->amount_minor, sign * row->amount_minor, &side->amount_minor)
               ? LG_AMOUNT_OUT_OF_RANGE
               : LG_OK;
}

static lg_err sum_up(lg_db *db, const lg_position_key *key, const api_day *day, day_sums *sums)
{
    lg_arena *arena = lg_arena_open();
    int64_t seq = day->first - 1, line = INT64_MAX;
    size_t count;
    lg_err err;
    do {
        lg_movement *rows;
        lg_arena_reset(arena);
        err = lg_movements(db, key, seq, line, day->end, CHUNK, arena, &rows, &count);
        for (size_t i = 0; i < count && err == LG_OK; i++)
            err = add(sums, &rows[i]);
        if (count > 0) {
            seq = rows[count - 1].seq;
            line = rows[count - 1].line;
        }
    } while (err == LG_OK && count == CHUNK);
    lg_arena_close(arena);
    return err;
}

static int compare_kinds(const void *a, const void *b)
{
    return strcmp(lg_event_name(((const kind_sum *)a)->type), lg_event_name(((const kind_sum *)b)->type));
}

static void put_movements(lg_buf *buf, day_sums *sums, lg_currency currency)
{
    qsort(sums->kinds, sums->count, sizeof *sums->kinds, compare_kinds);
    lg_json_key(buf, "movements");
    lg_json_list(buf);
    for (size_t i = 0; i < sums->count; i++) {
        const kind_sum *kind = &sums->kinds[i];
        lg_json_open(buf);
        lg_json_put_str(buf, "type", lg_event_name(kind->type));
        lg_json_put_int(buf, "count", kind->movements);
        json_put_balance(buf, "in", kind->in, currency);
        json_put_balance(buf, "out", kind->out, currency);
        lg_json_close(buf);
    }
    lg_json_end(buf);
}

static lg_err put_position(api_view *view, const lg_position_key *key, const api_day *day)
{
    lg_buf *buf = &view->body;
    lg_balance opening, closing;
    day_sums *sums = lg_arena_alloc(view->read.arena, sizeof *sums);
    lg_err err = lg_position_before(view->read.db, key, day->first, &opening);
    if (err == LG_OK)
        err = lg_position_before(view->read.db, key, day->end, &closing);
    if (err == LG_OK)
        err = sum_up(view->read.db, key, day, sums);
    if (err == LG_AMOUNT_OUT_OF_RANGE)
        return lg_fail(view->report, err, "A sum of the day is beyond what can be counted.");
    if (err != LG_OK)
        return err;
    lg_json_open(buf);
    lg_json_put_str(buf, "account", lg_account_name(key->account));
    lg_json_put_str(buf, "currency", key->currency.code);
    json_put_balance(buf, "opening", opening, key->currency);
    put_movements(buf, sums, key->currency);
    json_put_balance(buf, "closing", closing, key->currency);
    lg_json_close(buf);
    return LG_OK;
}

static lg_err build_statement(api_view *view)
{
    api_day day;
    lg_position_key *keys;
    size_t count = 0;
    lg_err err = api_day_find(view, &day);
    if (err == LG_OK)
        err = lg_positions(view->read.db, view->read.caller.no, day.end, view->read.arena, &keys, &count);
    if (err != LG_OK)
        return err;
    lg_json_open(&view->body);
    json_put_day(&view->body, &day);
    json_put_id(&view->body, "participant", view->read.caller.id.uuid);
    err = put_checkpoint(view, &day);
    if (err == LG_OK)
        err = put_entries(view, &day);
    lg_json_key(&view->body, "positions");
    lg_json_list(&view->body);
    for (size_t i = 0; i < count && err == LG_OK; i++)
        err = put_position(view, &keys[i], &day);
    lg_json_end(&view->body);
    lg_json_close(&view->body);
    return err;
}

http_result read_statement(http_request *request)
{
    return api_serve(request, build_statement);
}
