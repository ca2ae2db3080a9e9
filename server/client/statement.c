#include "server/client/statement.h"

#include "ledger/crypto/encoding.h"
#include "server/client/http.h"
#include "server/client/output.h"
#include "server/client/pages.h"
#include "server/client/tiles.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static const char *statement_path(lg_arena *arena, const char *date, const char *offset, const char *rest)
{
    const char *path = lg_arena_printf(arena, "/v1/statements/%s%s", client_url_escape(arena, date), rest);
    return offset ? client_path_with(arena, path, "utc_offset", offset) : path;
}

client_exit client_statement_get(client *c, const char *date, const char *offset, json_t **out)
{
    return client_get_json(c, c->arena, statement_path(c->arena, date, offset, ""), out);
}

client_exit client_statement_verifier(client *c, lg_verifier *out, bool *has)
{
    *has = c->config.vkey != NULL;
    if (!*has) {
        client_warn(c,
                    "without --vkey the statement is added up, but its entries are not checked against the "
                    "signed ledger.");
        return CLIENT_OK;
    }
    if (lg_vkey_parse(c->arena, c->config.vkey, out, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_USAGE, "--vkey");
    return CLIENT_OK;
}

bool client_minor_parse(const char *text, lg_currency currency, int64_t *minor)
{
    char digits[24];
    size_t len = 0;
    const char *point = strchr(text, '.');
    const size_t decimals = point ? strlen(point + 1) : 0;
    if (decimals != (size_t)lg_currency_scale(currency) || (point && decimals == 0))
        return false;
    for (const char *p = text; *p; p++) {
        if (p == point)
            continue;
        if ((*p < '0' || *p > '9') && !(p == text && *p == '-'))
            return false;
        if (len + 1 == sizeof digits)
            return false;
        digits[len++] = *p;
    }
    digits[len] = '\0';
    char *end;
    const long long value = strtoll(digits, &end, 10);
    *minor = value;
    return len > 0 && *end == '\0' && end[-1] != '-' && value > INT64_MIN && value < INT64_MAX;
}

/* ---- sums ---- */

typedef struct sum {
    const char *account, *currency, *type;
    int64_t count, items_in, items_out, in_minor, out_minor;
} sum;

typedef struct walk {
    client *c;
    const json_t *statement;
    lg_arena *arena; /* of the walk */
    sum *sums;
    size_t sum_count, sum_cap;
    int64_t count, last_seq;
    const lg_verifier *verifier; /* NULL: nothing is signed for */
    lg_checkpoint checkpoint;
    tiles tiles;
    facts_count *facts; /* NULL: not asked for */
    statement_take take;
    void *ctx;
} walk;

static sum *sum_of(walk *w, const char *account, const char *currency, const char *type)
{
    for (size_t i = 0; i < w->sum_count; i++)
        if (strcmp(w->sums[i].type, type) == 0 && strcmp(w->sums[i].account, account) == 0 &&
            strcmp(w->sums[i].currency, currency) == 0)
            return &w->sums[i];
    if (w->sum_count == w->sum_cap) {
        size_t cap = w->sum_cap ? 2 * w->sum_cap : 16;
        sum *more = lg_arena_array(w->arena, cap, sizeof *more);
        if (w->sum_count)
            memcpy(more, w->sums, w->sum_count * sizeof *more);
        w->sums = more;
        w->sum_cap = cap;
    }
    sum *made = &w->sums[w->sum_count++];
    *made = (sum){.account = lg_arena_strdup(w->arena, account),
                  .currency = lg_arena_strdup(w->arena, currency),
                  .type = lg_arena_strdup(w->arena, type)};
    return made;
}

static client_exit movement_add(walk *w, int64_t seq, const char *type, const json_t *movement)
{
    lg_currency currency;
    int64_t minor;
    const int64_t items = number_of(movement, "items");
    const char *code = text_of(movement, "currency"), *amount = text_of(movement, "amount");
    if (!lg_currency_parse(code, &currency) || !client_minor_parse(amount, currency, &minor))
        return client_fail(w->c, CLIENT_UNVERIFIED, "Entry %" PRId64 " moves \"%s %s\", which is no amount.",
                           seq, client_clean(w->c->arena, amount), client_clean(w->c->arena, code));
    sum *to = sum_of(w, text_of(movement, "account"), code, type);
    const bool out = minor < 0 || items < 0;
    int64_t *side = out ? &to->out_minor : &to->in_minor;
    *(out ? &to->items_out : &to->items_in) += out ? -items : items;
    to->count++;
    if (__builtin_add_overflow(*side, out ? -minor : minor, side))
        return client_fail(w->c, CLIENT_UNVERIFIED, "A sum of the day is beyond what can be counted.");
    return CLIENT_OK;
}

/* ---- one entry ---- */

/* Its text has the hash, number, type and time it is shown with, and comes behind the one before. */
static client_exit entry_read(walk *w, lg_arena *arena, const json_t *item, lg_hash *leaf)
{
    lg_entry entry;
    lg_report report;
    const int64_t seq = number_of(item, "seq");
    const lg_bytes text = lg_bytes_str(text_of(item, "entry"));
    lg_report_init(&report, arena);
    *leaf = lg_leaf_hash(text);
    if (lg_entry_parse(arena, text, &entry, &report) != LG_OK || entry.seq != seq ||
        strcmp(entry.type, text_of(item, "type")) != 0 ||
        strcmp(lg_time_format(entry.at).s, text_of(item, "at")) != 0 ||
        strcmp(lg_hex_encode(arena, lg_bytes_of(leaf->b, LG_HASH_LEN)), text_of(item, "leaf")) != 0)
        return client_fail(w->c, CLIENT_UNVERIFIED, "Entry %" PRId64 " is not what the statement says of it.",
                           seq);
    lg_time from, until;
    if (!lg_time_parse(text_of(w->statement, "from"), &from) ||
        !lg_time_parse(text_of(w->statement, "until"), &until) || entry.at < from || entry.at >= until)
        return client_fail(w->c, CLIENT_UNVERIFIED, "Entry %" PRId64 " is not of the day.", seq);
    if (seq <= w->last_seq)
        return client_fail(w->c, CLIENT_UNVERIFIED, "Entry %" PRId64 " is shown out of its order.", seq);
    w->last_seq = seq;
    return CLIENT_OK;
}

/* The tree that the checkpoint signs holds it at its place. */
static client_exit entry_prove(walk *w, int64_t seq, const lg_hash *leaf)
{
    lg_proof proof;
    const lg_checkpoint *signed_ = &w->checkpoint;
    if (seq >= signed_->size)
        return client_fail(w->c, CLIENT_UNVERIFIED,
                           "Entry %" PRId64 " is beyond the %" PRId64 " entries that the checkpoint signs.",
                           seq, signed_->size);
    if (lg_tree_prove_inclusion(tiles_read_nodes, &w->tiles, seq, signed_->size, &proof) != LG_OK)
        return w->tiles.failure != CLIENT_OK
                   ? w->tiles.failure
                   : client_fail(w->c, CLIENT_UNVERIFIED, "The served tiles do not prove entry %" PRId64 ".",
                                 seq);
    if (lg_verify_inclusion(leaf, seq, signed_->size, &signed_->root, proof.hashes, proof.count) != LG_OK)
        return client_fail(w->c, CLIENT_UNVERIFIED,
                           "Entry %" PRId64 " is not in the ledger that the checkpoint signs.", seq);
    return CLIENT_OK;
}

static client_exit entry_take(walk *w, lg_arena *arena, const json_t *item)
{
    size_t i;
    json_t *movement;
    lg_hash leaf;
    const int64_t seq = number_of(item, "seq");
    client_exit code = entry_read(w, arena, item, &leaf);
    if (code == CLIENT_OK && w->verifier)
        code = entry_prove(w, seq, &leaf);
    if (code == CLIENT_OK && w->facts)
        code = client_facts_hold(w->c, arena, item, w->facts);
    w->count++;
    json_array_foreach(json_object_get(item, "movements"), i, movement)
    {
        if (code == CLIENT_OK)
            code = movement_add(w, seq, text_of(item, "type"), movement);
    }
    return code == CLIENT_OK && w->take ? w->take(w->ctx, arena, item) : code;
}

static client_exit pages_walk(walk *w)
{
    client_exit code = CLIENT_OK;
    size_t i;
    json_t *item;
    lg_arena *arena = lg_arena_open();
    client_progress line = client_progress_start(w->c);
    const int64_t total = number_of(json_object_get(w->statement, "entries"), "count");
    const char *path = statement_path(w->c->arena, text_of(w->statement, "date"),
                                      text_of(w->statement, "utc_offset"), "/entries");
    while (path && code == CLIENT_OK) {
        json_t *page = NULL;
        code = client_get_json(w->c, arena, path, &page);
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            if (code == CLIENT_OK)
                code = entry_take(w, arena, item);
        }
        const char *cursor = json_string_value(json_object_get(page, "next_cursor"));
        path = cursor && i > 0 ? client_path_with(w->arena, path, "cursor", cursor) : NULL;
        json_decref(page);
        lg_arena_reset(arena);
        client_progress_show(&line, "entries:", w->count, total);
    }
    client_progress_end(&line);
    lg_arena_close(arena);
    return code;
}

/* ---- what they come to ---- */

static bool balance_is(const json_t *balance, int64_t items, int64_t minor, lg_currency currency)
{
    int64_t shown;
    return number_of(balance, "items") == items &&
           client_minor_parse(text_of(balance, "amount"), currency, &shown) && shown == minor;
}

static client_exit position_compare(walk *w, const json_t *position)
{
    size_t i;
    json_t *kind;
    lg_currency currency;
    int64_t minor = 0;
    const char *account = text_of(position, "account"), *code = text_of(position, "currency");
    const json_t *opening = json_object_get(position, "opening");
    int64_t items = number_of(opening, "items");
    bool ok = lg_currency_parse(code, &currency) &&
              client_minor_parse(text_of(opening, "amount"), currency, &minor);
    json_array_foreach(json_object_get(position, "movements"), i, kind)
    {
        sum *s = sum_of(w, account, code, text_of(kind, "type"));
        ok = ok && number_of(kind, "count") == s->count &&
             balance_is(json_object_get(kind, "in"), s->items_in, s->in_minor, currency) &&
             balance_is(json_object_get(kind, "out"), s->items_out, s->out_minor, currency) &&
             !__builtin_add_overflow(minor, s->in_minor, &minor) &&
             !__builtin_sub_overflow(minor, s->out_minor, &minor);
        items += s->items_in - s->items_out;
        s->count = -1; /* it is told of */
    }
    if (!ok || !balance_is(json_object_get(position, "closing"), items, minor, currency))
        return client_fail(w->c, CLIENT_UNVERIFIED,
                           "The position %s in %s does not add up from the day's entries.",
                           client_clean(w->c->arena, account), client_clean(w->c->arena, code));
    return CLIENT_OK;
}

static client_exit sums_compare(walk *w)
{
    size_t i;
    json_t *position;
    client_exit code = CLIENT_OK;
    const int64_t count = number_of(json_object_get(w->statement, "entries"), "count");
    if (w->count != count)
        return client_fail(w->c, CLIENT_UNVERIFIED,
                           "The statement counts %" PRId64 " entries, and %" PRId64 " are shown.", count,
                           w->count);
    json_array_foreach(json_object_get(w->statement, "positions"), i, position)
    {
        if (code == CLIENT_OK)
            code = position_compare(w, position);
    }
    for (size_t k = 0; k < w->sum_count && code == CLIENT_OK; k++)
        if (w->sums[k].count >= 0)
            code = client_fail(w->c, CLIENT_UNVERIFIED, "Movements of %s in %s are missing in the statement.",
                               client_clean(w->c->arena, w->sums[k].account),
                               client_clean(w->c->arena, w->sums[k].currency));
    return code;
}

static client_exit checkpoint_open(walk *w)
{
    lg_note note;
    client *c = w->c;
    const json_t *shown = json_object_get(w->statement, "checkpoint");
    if (lg_note_open(c->arena, lg_bytes_str(text_of(shown, "note")), w->verifier, 1, &note, &c->report) !=
            LG_OK ||
        lg_checkpoint_parse(c->arena, note.text, &w->checkpoint, &c->report) != LG_OK)
        return client_fail_report(c, CLIENT_UNVERIFIED, "The statement's checkpoint");
    const char *root = lg_hex_encode(c->arena, lg_bytes_of(w->checkpoint.root.b, LG_HASH_LEN));
    if (strcmp(w->checkpoint.origin, w->verifier->name) != 0 ||
        w->checkpoint.size != number_of(shown, "size") || strcmp(root, text_of(shown, "root")) != 0)
        return client_fail(c, CLIENT_UNVERIFIED,
                           "The statement's checkpoint is not what its signed note says.");
    return CLIENT_OK;
}

client_exit client_statement_walk(client *c, const json_t *statement, const lg_verifier *verifier,
                                  facts_count *facts, statement_take take, void *ctx)
{
    walk w = {.c = c,
              .statement = statement,
              .verifier = verifier,
              .last_seq = -1,
              .facts = facts,
              .take = take,
              .ctx = ctx};
    client_exit code = verifier ? checkpoint_open(&w) : CLIENT_OK;
    if (code != CLIENT_OK)
        return code;
    w.arena = lg_arena_open();
    tiles_open(&w.tiles, c, tiles_fetch_http, c, w.checkpoint.size);
    code = pages_walk(&w);
    if (code == CLIENT_OK)
        code = sums_compare(&w);
    tiles_close(&w.tiles);
    lg_arena_close(w.arena);
    return code;
}
