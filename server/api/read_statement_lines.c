/* The lines of a statement: the caller's entries of the day with what each moved, in pages; and the whole as
 * CSV, streamed. */
#include "server/api/csv.h"
#include "server/api/statement.h"

#include "ledger/crypto/encoding.h"
#include "ledger/log/note.h"
#include "ledger/store/log_rows.h"

#include <stdlib.h>

enum { PAGE_MAX = 200, PIECE = 500 };

/* ---- pages of entries ---- */

static lg_err put_movement(api_view *view, const lg_movement *row, int64_t seq)
{
    const lg_currency currency = row->currency;
    api_moved thing;
    lg_err err = api_moved_find(view->read.db, view->read.arena, view->read.caller.no, row->account,
                                row->subject_no, seq, &thing);
    if (err != LG_OK)
        return err;
    lg_json_open(&view->body);
    lg_json_put_str(&view->body, "account", lg_account_name(row->account));
    lg_json_put_str(&view->body, "currency", currency.code);
    lg_json_put_int(&view->body, "items", row->items);
    json_put_amount(&view->body, "amount", row->amount_minor, currency);
    json_put_balance(&view->body, "after", row->after, currency);
    json_put_moved(&view->body, &thing, currency);
    lg_json_close(&view->body);
    return LG_OK;
}

static lg_err put_line(api_view *view, const lg_party_entry *row)
{
    lg_buf *buf = &view->body;
    lg_entry_row stored;
    lg_entry entry;
    lg_err err = json_related(lg_entry_get(view->read.db, row->seq, view->read.arena, &stored));
    if (err == LG_OK)
        err = lg_entry_parse(view->read.arena, stored.body, &entry, NULL);
    if (err != LG_OK)
        return err;
    const lg_hash leaf = lg_leaf_hash(stored.body);
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", row->seq);
    lg_json_put_str(buf, "type", entry.type);
    json_put_time(buf, "at", entry.at);
    json_put_id(buf, "subject", row->subject);
    lg_json_key(buf, "entry");
    lg_json_strn(buf, (const char *)stored.body.data, stored.body.len);
    lg_json_put_str(buf, "leaf", lg_hex_encode(view->read.arena, lg_bytes_of(leaf.b, LG_HASH_LEN)));
    lg_json_key(buf, "movements");
    lg_json_list(buf);
    for (size_t i = 0; err == LG_OK && i < row->movement_count; i++)
        err = put_movement(view, &row->movements[i], row->seq);
    lg_json_end(buf);
    lg_json_close(buf);
    return err;
}

static void query_entries(api_view *view, size_t *limit, int64_t *after)
{
    int64_t value = PAGE_MAX;
    api_query_number(view->request, "limit", 1, PAGE_MAX, &value);
    *limit = (size_t)value + 1;
    (void)!api_query_cursor(view->request, after); /* api_query_end finds what is wrong */
}

static lg_err build_entries(api_view *view)
{
    api_day day;
    size_t limit, count = 0, shown = 0;
    int64_t after;
    lg_party_entry *rows = NULL;
    query_entries(view, &limit, &after);
    lg_err err = api_day_find(view, &day);
    if (err == LG_OK)
        err =
            lg_party_entries(view->read.db, view->read.caller.no, after >= day.first ? after + 1 : day.first,
                             day.end, limit, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    api_list_open(view);
    for (; err == LG_OK && api_list_takes(view, shown, count, limit); shown++)
        err = put_line(view, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].seq : 0);
    return err;
}

http_result read_statement_entries(http_request *request)
{
    return api_serve(request, build_entries);
}

/* ---- the whole as CSV: piece by piece, each in a snapshot of its own, so that a slow reader holds none.
 * What is read does not change, so the pieces fit. ---- */

static const char NAMES[] =
    "record,account,currency,seq,at,type,leaf,subject,invoice_number,order_reference,"
    "due_date,creditor,creditor_name,debtor,debtor_name,life,face_amount,items,amount,"
    "items_after,amount_after\r\n";

typedef struct csv_download {
    api_context *api;
    lg_token_id token;
    lg_participant_no participant;
    api_day day;
    int64_t size; /* of the ledger when it began: what a day that is not over is read up to */
    lg_arena *kept, *piece;
    lg_position *closing;            /* the positions at the day's end, */
    size_t position_count, position; /* and which of them is being written */
    int64_t next; /* the entry to go on from; the day's first: nothing of the position, or of the entries, is
                     written */
    enum { HEAD, POSITIONS, ENTRIES, ENDED } part;
} csv_download;

static void download_release(void *context)
{
    csv_download *d = context;
    lg_arena_close(d->kept);
    lg_arena_close(d->piece);
    free(d);
}

static void csv_skip(lg_buf *buf, int cells)
{
    while (cells-- > 0)
        lg_buf_char(buf, ',');
}

static lg_err csv_entry(const api_read *read, int64_t seq, lg_uuid subject, lg_buf *out)
{
    lg_entry_row row;
    lg_entry entry;
    lg_err err = json_related(lg_entry_get(read->db, seq, read->arena, &row));
    if (err == LG_OK)
        err = lg_entry_parse(read->arena, row.body, &entry, NULL);
    if (err != LG_OK)
        return err;
    const lg_hash leaf = lg_leaf_hash(row.body);
    csv_put_int(out, seq);
    csv_put_plain(out, lg_time_format(entry.at).s);
    csv_put_plain(out, entry.type);
    csv_put_plain(out, lg_hex_encode(read->arena, lg_bytes_of(leaf.b, LG_HASH_LEN)));
    csv_put_id(out, subject);
    return LG_OK;
}

static void csv_thing(const api_moved *thing, lg_currency currency, lg_buf *out)
{
    csv_put_text(out, thing->invoice_number);
    csv_put_text(out, thing->order_reference);
    csv_put_plain(out, thing->has_due ? lg_day_format(thing->due_day).s : "");
    csv_put_id(out, thing->creditor);
    csv_put_text(out, thing->creditor_name);
    csv_put_id(out, thing->debtor);
    csv_put_text(out, thing->debtor_name);
    csv_put_plain(out, thing->life ? thing->life : "");
    csv_put_plain(out, lg_amount_format(thing->face_minor, currency).s);
}

static void csv_head(const char *record, lg_account account, lg_currency currency, lg_buf *out)
{
    lg_buf_str(out, record);
    csv_put_plain(out, lg_account_name(account));
    csv_put_plain(out, currency.code);
}

static lg_err csv_movement(const csv_download *d, const api_read *read, const lg_moved *moved, lg_buf *out)
{
    const lg_movement *row = &moved->movement;
    const lg_currency currency = row->currency;
    api_moved thing;
    lg_err err = api_moved_find(read->db, read->arena, d->participant, row->account, row->subject_no,
                                moved->seq, &thing);
    if (err != LG_OK)
        return err;
    const lg_uuid subject = !lg_uuid_is_nil(thing.claim)       ? thing.claim
                            : !lg_uuid_is_nil(thing.financing) ? thing.financing
                                                               : thing.receivable;
    csv_head("movement", row->account, currency, out);
    err = csv_entry(read, moved->seq, subject, out);
    csv_thing(&thing, currency, out);
    csv_put_int(out, row->items);
    csv_put_plain(out, lg_amount_format(row->amount_minor, currency).s);
    csv_put_int(out, row->after.items);
    csv_put_plain(out, lg_amount_format(row->after.amount_minor, currency).s);
    lg_buf_str(out, "\r\n");
    return err;
}

static void csv_balance(const char *record, const lg_position *position, lg_buf *out)
{
    csv_head(record, position->account, position->currency, out);
    csv_skip(out, 16); /* from seq to amount */
    csv_put_int(out, position->balance.items);
    csv_put_plain(out, lg_amount_format(position->balance.amount_minor, position->currency).s);
    lg_buf_str(out, "\r\n");
}

/* The first signed checkpoint that holds the day: its size as seq, its root as leaf. */
static lg_err csv_checkpoint(const csv_download *d, const api_read *read, lg_buf *out)
{
    int64_t size;
    lg_hash root;
    lg_err err = json_related(
        lg_checkpoint_including(read->db, d->day.final ? d->day.end - 1 : d->size - 1, &size, &root));
    if (err != LG_OK)
        return err;
    lg_buf_str(out, "checkpoint,,");
    csv_put_int(out, size);
    csv_skip(out, 2);
    csv_put_plain(out, lg_hex_encode(read->arena, lg_bytes_of(root.b, LG_HASH_LEN)));
    csv_skip(out, 14);
    lg_buf_str(out, "\r\n");
    return LG_OK;
}

static lg_err head_piece(csv_download *d, const api_read *read, lg_buf *out)
{
    lg_buf_str(out, NAMES);
    d->part = POSITIONS;
    lg_err err = csv_checkpoint(d, read, out);
    return err ? err
               : lg_positions_before(read->db, d->participant, d->day.end, d->kept, &d->closing,
                                     &d->position_count);
}

static lg_err csv_opening(const csv_download *d, const api_read *read, lg_buf *out)
{
    const lg_position *closing = &d->closing[d->position];
    lg_position opening, *rows;
    size_t count;
    lg_err err = lg_positions_before(read->db, d->participant, d->day.first, read->arena, &rows, &count);
    if (err == LG_OK) {
        opening = lg_position_in(rows, count, closing->account, closing->currency);
        csv_balance("opening", &opening, out);
    }
    return err;
}

static lg_err positions_piece(csv_download *d, const api_read *read, lg_buf *out)
{
    const lg_position *closing = &d->closing[d->position];
    lg_moved *rows;
    size_t count = 0;
    lg_err err = LG_OK;
    if (d->position == d->position_count) {
        d->part = ENTRIES;
        return LG_OK;
    }
    if (d->next == d->day.first)
        err = csv_opening(d, read, out);
    if (err == LG_OK)
        err = lg_movements(read->db, d->participant, closing, d->next, d->day.end, PIECE, d->piece, &rows,
                           &count, &d->next);
    for (size_t i = 0; err == LG_OK && i < count; i++)
        err = csv_movement(d, read, &rows[i], out);
    if (err == LG_OK && d->next == d->day.end) {
        csv_balance("closing", closing, out);
        d->position++;
        d->next = d->day.first;
    }
    return err;
}

static lg_err entries_piece(csv_download *d, const api_read *read, lg_buf *out)
{
    lg_party_entry *rows;
    size_t count;
    lg_err err =
        lg_party_entries(read->db, d->participant, d->next, d->day.end, PIECE, d->piece, &rows, &count);
    for (size_t i = 0; err == LG_OK && i < count; i++) {
        lg_buf_str(out, "entry,,");
        err = csv_entry(read, rows[i].seq, rows[i].subject, out);
        csv_skip(out, 13);
        lg_buf_str(out, "\r\n");
        d->next = rows[i].seq + 1;
    }
    if (count < PIECE)
        d->part = ENDED;
    return err;
}

/* An empty piece would be the end: a part that has nothing to say gives way to the next. */
static lg_err download_piece(void *context, lg_buf *out)
{
    csv_download *d = context;
    api_read read;
    if (d->part == ENDED)
        return LG_OK;
    lg_arena_reset(d->piece);
    lg_err err = api_read_again(d->api, d->token, d->piece, &read);
    while (err == LG_OK && d->part != ENDED && (!out->data || out->len == 0)) {
        switch (d->part) {
        case HEAD:
            err = head_piece(d, &read, out);
            break;
        case POSITIONS:
            err = positions_piece(d, &read, out);
            break;
        case ENTRIES:
            err = entries_piece(d, &read, out);
            break;
        case ENDED:
            break;
        }
    }
    api_read_close(&read);
    return err;
}

http_result read_statement_csv(http_request *request)
{
    api_view view = {.request = request,
                     .report = http_report(request),
                     .published = lg_ledger_published(((api_context *)http_context(request))->ledger)};
    const int64_t size = view.published->size;
    api_day day;
    lg_err err = api_read_open(request, LG_SCOPE_READ, &view.read);
    if (err == LG_OK) {
        err = api_day_find(&view, &day);
        api_read_close(&view.read);
    }
    lg_published_drop(view.published);
    if (err != LG_OK)
        return http_answer_problem(request, err, NULL);
    csv_download *d = calloc(1, sizeof *d);
    if (!d)
        lg_die("out of memory for a statement");
    *d = (csv_download){
        .api = view.read.api,
        .token = view.read.token.id,
        .participant = view.read.caller.no,
        .day = day,
        .size = size,
        .next = day.first,
        .kept = lg_arena_open(),
        .piece = lg_arena_open(),
    };
    http_set_header(request, "Content-Disposition",
                    lg_arena_printf(http_arena(request), "attachment; filename=\"statement-%s.csv\"",
                                    lg_day_format(day.date).s));
    return http_answer_stream(request, 200, "text/csv; charset=utf-8", download_piece, download_release, d);
}
