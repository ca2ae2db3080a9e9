/* GET /v1/statements/…: the caller's day, as an accountant adds it up: opening, what moved, closing. */
#include "server/api/statement.h"

#include "ledger/crypto/encoding.h"
#include "ledger/log/note.h"
#include "ledger/store/log_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1000 }; /* entries read at a time */

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

/* ---- what the day added up to ---- */

/* What one type of entry did to a position. */
typedef struct kind_sum {
    lg_event_type type;
    int64_t movements;
    lg_balance in, out; /* both counted up */
} kind_sum;

typedef struct position_sums {
    kind_sum kinds[LG_EV_COUNT];
    size_t count;
} position_sums;

typedef struct day_sums {
    int64_t entries, first, last; /* the caller's: how many, and which */
    lg_position *opening, *closing;
    size_t opening_count, closing_count;
    position_sums *positions; /* as those at closing */
} day_sums;

static kind_sum *kind_of(position_sums *sums, int type)
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

static lg_err add(position_sums *sums, int type, const lg_movement *row)
{
    kind_sum *kind = kind_of(sums, type);
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

static lg_err add_entry(day_sums *sums, const lg_party_entry *row)
{
    size_t place = 0; /* both are in the same order */
    lg_err err = LG_OK;
    sums->first = sums->entries++ == 0 ? row->seq : sums->first;
    sums->last = row->seq;
    for (size_t i = 0; i < row->movement_count && err == LG_OK; i++) {
        const lg_movement *movement = &row->movements[i];
        while (place < sums->closing_count &&
               (sums->closing[place].account != movement->account ||
                !lg_currency_equal(sums->closing[place].currency, movement->currency)))
            place++;
        err = place < sums->closing_count ? add(&sums->positions[place], row->type, movement) : LG_CORRUPT;
    }
    return err;
}

/* In one pass over the caller's entries of the day. */
static lg_err sum_up(const api_view *view, const api_day *day, day_sums *sums)
{
    lg_arena *arena = lg_arena_open();
    int64_t from = day->first;
    size_t count;
    lg_err err;
    do {
        lg_party_entry *rows;
        lg_arena_reset(arena);
        err = lg_party_entries(view->read.db, view->read.caller.no, from, day->end, CHUNK, arena, &rows,
                               &count);
        for (size_t i = 0; i < count && err == LG_OK; i++)
            err = add_entry(sums, &rows[i]);
        from = sums->last + 1;
    } while (err == LG_OK && count == CHUNK);
    lg_arena_close(arena);
    return err;
}

static lg_err find_sums(api_view *view, const api_day *day, day_sums *sums)
{
    lg_db *db = view->read.db;
    lg_arena *arena = view->read.arena;
    const lg_participant_no caller = view->read.caller.no;
    *sums = (day_sums){.first = -1, .last = -1};
    lg_err err = lg_positions_before(db, caller, day->first, arena, &sums->opening, &sums->opening_count);
    if (err == LG_OK)
        err = lg_positions_before(db, caller, day->end, arena, &sums->closing, &sums->closing_count);
    if (err == LG_OK) {
        sums->positions = lg_arena_array(arena, sums->closing_count + 1, sizeof *sums->positions);
        err = sum_up(view, day, sums);
    }
    return err == LG_AMOUNT_OUT_OF_RANGE
               ? lg_fail(view->report, err, "A sum of the day is beyond what can be counted.")
               : err;
}

/* ---- telling it ---- */

/* How many entries the day has in the whole ledger; and the caller's own: how many, first and last. */
static lg_err put_entries(api_view *view, const api_day *day, const day_sums *sums)
{
    lg_json_key(&view->body, "ledger");
    lg_json_open(&view->body);
    lg_json_put_int(&view->body, "entries", day->end - day->first);
    lg_json_put_int(&view->body, "size", day->end);
    lg_json_close(&view->body);
    lg_json_key(&view->body, "entries");
    lg_json_open(&view->body);
    lg_json_put_int(&view->body, "count", sums->entries);
    lg_err err = put_entry(view, "first", sums->first);
    if (err == LG_OK)
        err = put_entry(view, "last", sums->last);
    lg_json_close(&view->body);
    return err;
}

static int compare_kinds(const void *a, const void *b)
{
    return strcmp(lg_event_name(((const kind_sum *)a)->type), lg_event_name(((const kind_sum *)b)->type));
}

static void put_movements(lg_buf *buf, position_sums *sums, lg_currency currency)
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

static void put_position(lg_buf *buf, const day_sums *sums, size_t place)
{
    const lg_position *closing = &sums->closing[place];
    const lg_position opening =
        lg_position_in(sums->opening, sums->opening_count, closing->account, closing->currency);
    lg_json_open(buf);
    lg_json_put_str(buf, "account", lg_account_name(closing->account));
    lg_json_put_str(buf, "currency", closing->currency.code);
    json_put_balance(buf, "opening", opening.balance, closing->currency);
    put_movements(buf, &sums->positions[place], closing->currency);
    json_put_balance(buf, "closing", closing->balance, closing->currency);
    lg_json_close(buf);
}

static lg_err build_statement(api_view *view)
{
    api_day day;
    day_sums sums;
    lg_err err = api_day_find(view, &day);
    if (err == LG_OK)
        err = find_sums(view, &day, &sums);
    if (err != LG_OK)
        return err;
    lg_json_open(&view->body);
    json_put_day(&view->body, &day);
    json_put_id(&view->body, "participant", view->read.caller.id.uuid);
    err = put_checkpoint(view, &day);
    if (err == LG_OK)
        err = put_entries(view, &day, &sums);
    lg_json_key(&view->body, "positions");
    lg_json_list(&view->body);
    for (size_t i = 0; i < sums.closing_count && err == LG_OK; i++)
        put_position(&view->body, &sums, i);
    lg_json_end(&view->body);
    lg_json_close(&view->body);
    return err;
}

http_result read_statement(http_request *request)
{
    return api_serve(request, build_statement);
}
