#include "ledger/store/positions.h"

#include "ledger/base/varint.h"

#include <string.h>

enum {
    LETTERS = 26,
    CURRENCIES = LETTERS * LETTERS * LETTERS,
    POSITION_MAX = 3 + 2 * LG_VARINT_MAX,
    MOVEMENT_MAX = 3 * LG_VARINT_MAX,
};
_Static_assert(LG_ACCOUNT_COUNT <= 8, "the accounts of a group are the bits of one byte");

static const char *const account_names[LG_ACCOUNT_COUNT] = {
    [LG_ACCOUNT_RECEIVABLES_REGISTERED] = "receivables_registered",
    [LG_ACCOUNT_PAYABLES_REGISTERED] = "payables_registered",
    [LG_ACCOUNT_CLAIMS_HELD] = "claims_held",
    [LG_ACCOUNT_CLAIMS_OWED] = "claims_owed",
    [LG_ACCOUNT_CLAIMS_RESERVED] = "claims_reserved",
    [LG_ACCOUNT_CLAIMS_PLEDGED] = "claims_pledged",
    [LG_ACCOUNT_ADVANCES_MADE] = "advances_made",
    [LG_ACCOUNT_ADVANCES_RECEIVED] = "advances_received",
};

const char *lg_account_name(lg_account account)
{
    return (unsigned)account < LG_ACCOUNT_COUNT ? account_names[account] : "unknown";
}

/* `count` if there is none. */
static size_t place_of(const lg_position *rows, size_t count, lg_account account, lg_currency currency)
{
    size_t at = 0;
    while (at < count && (rows[at].account != account || !lg_currency_equal(rows[at].currency, currency)))
        at++;
    return at;
}

lg_position lg_position_in(const lg_position *rows, size_t count, lg_account account, lg_currency currency)
{
    const size_t at = place_of(rows, count, account, currency);
    return at < count ? rows[at] : (lg_position){.account = account, .currency = currency};
}

static size_t place_of_moved(const lg_positions *positions, const lg_movement *movement)
{
    return place_of(positions->rows, positions->count, movement->account, movement->currency);
}

/* ---- unpacking ---- */

static bool take_bytes(lg_bytes *rest, uint8_t *out, size_t len)
{
    if (rest->len < len)
        return false;
    memcpy(out, rest->data, len);
    rest->data += len, rest->len -= len;
    return true;
}

/* A number that is counted, not wrapped around. */
static bool take_count(lg_bytes *rest, int64_t *out)
{
    uint64_t value;
    const bool taken = lg_varint_take(rest, &value) && value <= INT64_MAX;
    *out = taken ? (int64_t)value : 0;
    return taken;
}

static lg_currency currency_of(unsigned code)
{
    return (lg_currency){{(char)('A' + code / (LETTERS * LETTERS)), (char)('A' + code / LETTERS % LETTERS),
                          (char)('A' + code % LETTERS), '\0'}};
}

static unsigned code_of(lg_currency currency)
{
    const char *c = currency.code;
    return (unsigned)((c[0] - 'A') * LETTERS * LETTERS + (c[1] - 'A') * LETTERS + (c[2] - 'A'));
}

/* One group off the front, of a currency behind *last; `rows` NULL only looks. */
static bool take_group(lg_bytes *rest, int64_t *last, lg_position *rows, size_t *count)
{
    uint8_t head[3];
    if (!take_bytes(rest, head, sizeof head))
        return false;
    const unsigned code = (unsigned)head[0] << 8 | head[1];
    if (code >= CURRENCIES || code <= *last || head[2] == 0 || head[2] >> LG_ACCOUNT_COUNT)
        return false;
    *last = code;
    for (unsigned account = 0; account < LG_ACCOUNT_COUNT; account++) {
        lg_balance balance;
        uint64_t amount;
        if (!(head[2] >> account & 1))
            continue;
        if (!take_count(rest, &balance.items) || !lg_varint_take(rest, &amount))
            return false;
        balance.amount_minor = (int64_t)amount;
        if (rows)
            rows[*count] = (lg_position){(lg_account)account, currency_of(code), balance};
        ++*count;
    }
    return true;
}

/* `stands` off the front. */
static bool take_stands(lg_bytes *rest, lg_position *rows, size_t *count)
{
    uint64_t groups;
    int64_t last = -1;
    *count = 0;
    if (!lg_varint_take(rest, &groups) || groups == 0)
        return false;
    while (groups > 0 && take_group(rest, &last, rows, count))
        groups--;
    return groups == 0;
}

lg_err lg_positions_stand_len(lg_bytes blob, size_t *len)
{
    lg_bytes rest = blob;
    size_t count;
    const bool is_whole = blob.len == 0 || take_stands(&rest, NULL, &count);
    *len = is_whole ? blob.len - rest.len : 0;
    return is_whole ? LG_OK : LG_CORRUPT;
}

/* In the order of account and currency: as movements are kept. */
static int compare_keys(lg_account a, lg_currency a_in, lg_account b, lg_currency b_in)
{
    return a != b ? (a < b ? -1 : 1) : strcmp(a_in.code, b_in.code);
}

static bool take_movement(lg_bytes *rest, int64_t last_no, const lg_positions *of, lg_movement *out)
{
    uint64_t head, amount;
    int64_t below;
    if (!lg_varint_take(rest, &head) || !lg_varint_take(rest, &amount) || !take_count(rest, &below) ||
        head / 3 >= of->count || below > last_no)
        return false;
    const lg_position *position = &of->rows[head / 3];
    *out = (lg_movement){
        .account = position->account,
        .currency = position->currency,
        .subject_no = last_no - below,
        .items = (int64_t)(head % 3) - 1,
        .amount_minor = lg_unzigzag(amount),
    };
    return true;
}

/* What may not be refused any more wraps around, and comes back as it went. */
static int64_t wrapped_sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrapped_difference(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* From the last one back, for movements of one position are beside each other. */
static bool set_after(lg_positions *positions)
{
    lg_balance after = {0};
    for (size_t i = positions->movement_count; i-- > 0;) {
        lg_movement *row = &positions->movements[i], *next = row + 1;
        const int order = i + 1 < positions->movement_count
                              ? compare_keys(row->account, row->currency, next->account, next->currency)
                              : -1;
        if (order > 0)
            return false;
        if (order < 0)
            after = positions->rows[place_of_moved(positions, row)].balance;
        row->after = after;
        after.items -= row->items;
        after.amount_minor = wrapped_difference(after.amount_minor, row->amount_minor);
        if (after.items < 0)
            return false;
    }
    return true;
}

static bool take_moved(lg_bytes *rest, int64_t seq, lg_arena *arena, lg_positions *out)
{
    uint64_t type;
    if (!lg_varint_take(rest, &type) || type == 0 || type > INT32_MAX || rest->len == 0)
        return false;
    out->type = (int)type;
    out->movements = lg_arena_array(arena, rest->len / 3 + 1, sizeof *out->movements);
    while (rest->len > 0)
        if (!take_movement(rest, lg_row_no(seq, LG_ROW_INDEX_MAX), out,
                           &out->movements[out->movement_count++]))
            return false;
    return set_after(out);
}

lg_err lg_positions_unpack(lg_bytes blob, int64_t seq, lg_arena *arena, lg_positions *out)
{
    lg_bytes rest = blob;
    size_t count;
    *out = (lg_positions){0};
    if (blob.len == 0)
        return LG_OK;
    if (!take_stands(&rest, NULL, &count))
        return LG_CORRUPT;
    out->rows = lg_arena_array(arena, count + 1, sizeof *out->rows);
    rest = blob;
    const bool is_whole =
        take_stands(&rest, out->rows, &out->count) && (rest.len == 0 || take_moved(&rest, seq, arena, out));
    return is_whole ? LG_OK : LG_CORRUPT;
}

/* ---- moving ---- */

/* Stable: movements of one position stay in the order in which they were made. */
static void put_in_order(lg_movement *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const lg_movement row = rows[i];
        size_t at = i;
        for (; at > 0 &&
               compare_keys(rows[at - 1].account, rows[at - 1].currency, row.account, row.currency) > 0;
             at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

/* Room for it where it belongs; the rows are the arena's and may move. */
static lg_position *add(lg_positions *positions, const lg_movement *movement, lg_arena *arena)
{
    lg_position *rows = lg_arena_array(arena, positions->count + 1, sizeof *rows);
    size_t at = 0;
    for (; at < positions->count; at++) {
        const int order = strcmp(positions->rows[at].currency.code, movement->currency.code);
        if (order > 0 || (order == 0 && positions->rows[at].account > movement->account))
            break;
        rows[at] = positions->rows[at];
    }
    rows[at] = (lg_position){.account = movement->account, .currency = movement->currency};
    if (at < positions->count)
        memcpy(rows + at + 1, positions->rows + at, (positions->count - at) * sizeof *rows);
    positions->rows = rows;
    positions->count++;
    return &rows[at];
}

lg_err lg_positions_move(lg_positions *positions, lg_arena *arena)
{
    put_in_order(positions->movements, positions->movement_count);
    for (size_t i = 0; i < positions->movement_count; i++) {
        lg_movement *row = &positions->movements[i];
        const size_t place = place_of_moved(positions, row);
        lg_position *position =
            place < positions->count ? &positions->rows[place] : add(positions, row, arena);
        position->balance.items += row->items;
        position->balance.amount_minor = wrapped_sum(position->balance.amount_minor, row->amount_minor);
        if (row->items < -1 || row->items > 1 || position->balance.items < 0)
            return LG_INTERNAL;
        row->after = position->balance;
    }
    return LG_OK;
}

/* ---- packing ---- */

static size_t put_stands(uint8_t *out, const lg_positions *positions)
{
    const lg_position *rows = positions->rows;
    size_t len = 0, groups = 0;
    for (size_t i = 0; i < positions->count; i++)
        groups += i == 0 || !lg_currency_equal(rows[i].currency, rows[i - 1].currency);
    len += lg_varint_put(out, groups);
    uint8_t *accounts = out;
    for (size_t i = 0; i < positions->count; i++) {
        if (i == 0 || !lg_currency_equal(rows[i].currency, rows[i - 1].currency)) {
            const unsigned code = code_of(rows[i].currency);
            out[len++] = (uint8_t)(code >> 8);
            out[len++] = (uint8_t)code;
            accounts = &out[len++];
            *accounts = 0;
        }
        *accounts |= (uint8_t)(1u << rows[i].account);
        len += lg_varint_put(out + len, (uint64_t)rows[i].balance.items);
        len += lg_varint_put(out + len, (uint64_t)rows[i].balance.amount_minor);
    }
    return len;
}

lg_bytes lg_positions_pack(const lg_positions *positions, int64_t seq, lg_arena *arena)
{
    const int64_t last_no = lg_row_no(seq, LG_ROW_INDEX_MAX);
    if (positions->count == 0)
        return lg_bytes_of(NULL, 0);
    uint8_t *out = lg_arena_array(
        arena, 2 * LG_VARINT_MAX + positions->count * POSITION_MAX + positions->movement_count * MOVEMENT_MAX,
        1);
    size_t len = put_stands(out, positions);
    if (positions->movement_count > 0)
        len += lg_varint_put(out + len, (uint64_t)positions->type);
    for (size_t i = 0; i < positions->movement_count; i++) {
        const lg_movement *row = &positions->movements[i];
        len += lg_varint_put(out + len, 3 * place_of_moved(positions, row) + (size_t)(row->items + 1));
        len += lg_varint_put(out + len, lg_zigzag(row->amount_minor));
        len += lg_varint_put(out + len, (uint64_t)(last_no - row->subject_no));
    }
    return lg_bytes_of(out, len);
}
