/* The frame around every read: snapshot, caller, answer; and the parts that lists and histories share. */
#include "server/api/serve.h"

#include "ledger/crypto/encoding.h"

enum {
    TAG_LEN = 16, /* bytes of a SHA-256 kept in an ETag */
};

static http_result answer(api_view *view, lg_err err)
{
    http_result result;
    if (err != LG_OK)
        result = http_answer_problem(view->request, err, NULL);
    else if (view->not_modified)
        result = http_answer_not_modified(view->request);
    else
        result = http_answer_json(view->request, 200, &view->body);
    lg_buf_clear(&view->body);
    return result;
}

/* The checkpoint comes first: a snapshot opened after it was published holds all its entries. */
static void start(http_request *request, api_view *view)
{
    api_context *api = http_context(request);
    *view = (api_view){
        .request = request,
        .report = http_report(request),
        .published = lg_ledger_published(api->ledger),
    };
}

/* The snapshot ends before the answer is sent, and what was read goes with it: a slow client must hold
 * neither a reader nor more memory than its answer takes. */
static http_result finish(api_view *view, lg_err err, api_build build)
{
    if (err == LG_OK) {
        view->read.arena = lg_arena_open();
        err = build(view);
        lg_arena_close(view->read.arena);
        api_read_close(&view->read);
    }
    lg_published_drop(view->published);
    return answer(view, err);
}

http_result api_serve_scope(http_request *request, lg_scope scope, api_build build)
{
    api_view view;
    start(request, &view);
    lg_err err = api_read_open(request, scope, &view.read);
    return finish(&view, err, build);
}

http_result api_serve(http_request *request, api_build build)
{
    return api_serve_scope(request, LG_SCOPE_READ, build);
}

http_result api_serve_public(http_request *request, api_build build)
{
    api_view view;
    start(request, &view);
    lg_err err = api_read_open_public(request, &view.read);
    return finish(&view, err, build);
}

bool api_view_is_known(api_view *view, const char *etag)
{
    view->not_modified = http_etag_matches(view->request, etag);
    return view->not_modified;
}

void api_view_tag_body(api_view *view)
{
    lg_hash hash = lg_sha256(lg_buf_bytes(&view->body));
    view->not_modified =
        http_etag_matches(view->request, lg_hex_encode(view->read.arena, lg_bytes_of(hash.b, TAG_LEN)));
}

bool api_param_uuid(const http_request *request, const char *name, lg_uuid *out)
{
    return lg_uuid_parse(http_param(request, name), out);
}

static bool parse_number(const char *text, int64_t max, int64_t *out)
{
    int64_t value = 0;
    if (!*text || (text[0] == '0' && text[1]))
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        const int64_t digit = *text - '0';
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool api_number_parse(const char *text, int64_t *out)
{
    return parse_number(text, LG_SEQ_MAX, out);
}

bool api_row_no_parse(const char *text, int64_t *out)
{
    return parse_number(text, lg_row_no(LG_SEQ_MAX, LG_ROW_INDEX_MAX), out);
}

lg_err api_entry_time(const api_read *read, int64_t seq, lg_time *out)
{
    lg_entry_row row;
    lg_entry entry;
    lg_err err = json_related(lg_entry_get(read->db, seq, read->arena, &row));
    if (err == LG_OK)
        err = lg_entry_parse(read->arena, row.body, &entry, NULL);
    if (err == LG_OK)
        *out = entry.at;
    return err;
}

lg_err api_entries_before(const api_read *read, int64_t size, lg_time time, int64_t *count)
{
    int64_t low = 0, high = size; /* entries below `low` are before, from `high` on they are not */
    lg_err err = LG_OK;
    while (err == LG_OK && low < high) {
        int64_t middle = low + (high - low) / 2;
        lg_time at = 0;
        err = api_entry_time(read, middle, &at);
        if (at < time)
            low = middle + 1;
        else
            high = middle;
    }
    *count = low;
    return err;
}

void api_list_open(api_view *view)
{
    lg_json_open(&view->body);
    lg_json_key(&view->body, "items");
    lg_json_list(&view->body);
}

void api_list_close_at(api_view *view, const char *cursor)
{
    lg_json_end(&view->body);
    lg_json_put_str(&view->body, "next_cursor", cursor);
    lg_json_close(&view->body);
}

void api_list_close(api_view *view, int64_t last_no)
{
    api_list_close_at(view, last_no ? api_cursor(view->read.arena, last_no) : NULL);
}

lg_err api_list_receivables(api_view *view, const lg_receivable_filter *filter)
{
    lg_receivable *rows;
    size_t count;
    lg_err err = lg_receivable_list(view->read.db, filter, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    size_t shown = 0;
    api_list_open(view);
    for (; err == LG_OK && api_list_takes(view, shown, count, filter->limit); shown++)
        err = json_receivable(&view->body, view->read.db, view->read.arena, &rows[shown]);
    api_list_close(view, shown < count ? rows[shown - 1].no.v : 0);
    return err;
}

lg_err api_history(api_view *view, const int64_t *subjects, size_t subject_count)
{
    lg_db *db = view->read.db;
    lg_history_page page;
    lg_history_row *rows;
    size_t count = 0, shown = 0;
    lg_err err = api_query_history(view, &page);
    if (err == LG_OK)
        err = lg_entry_history(db, subjects, subject_count, &page, view->read.arena, &rows, &count);
    if (err != LG_OK)
        return err;
    api_list_open(view);
    for (; err == LG_OK && api_list_takes(view, shown, count, page.limit); shown++) {
        lg_entry_row entry;
        err = json_related(lg_entry_get(db, rows[shown].seq, view->read.arena, &entry));
        if (err == LG_OK)
            err = json_entry(&view->body, view->read.arena, &entry, &rows[shown].shares);
    }
    api_list_close(view, shown < count ? rows[shown - 1].seq : 0);
    return err;
}
