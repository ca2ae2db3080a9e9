/* printf's formats as texts with holes: a format read from a literal, and a sentence read as a format. */
#include "server/language/internal.h"

#include <string.h>

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* A decimal number at the start of the text, small. */
static unsigned number_of(const char *text, size_t len)
{
    unsigned number = 0;
    for (size_t i = 0; i < len && i < 3; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    return number;
}

/* The conversion behind a '%'; returns what follows it, or NULL. `next` counts the arguments of those without
 * a position. */
static const char *conversion(const char *at, unsigned *next, format_piece *out)
{
    size_t len = digits(at);
    bool placed = len && at[len] == '$';
    unsigned place = placed ? number_of(at, len) : 0;
    if (placed)
        at += len + 1;
    at += strspn(at, "-+ #0'");
    at += digits(at);
    if (*at == '.') {
        at++;
        if (*at == '*') { /* its width is an argument of its own: "%.*s", "%2$.*1$s" */
            at++;
            size_t width = digits(at);
            at += width && at[width] == '$' ? width + 1 : 0;
            *next += 1;
        } else {
            at += digits(at);
        }
    }
    at += strspn(at, "hljzt");
    if (!*at || !strchr("sdiu", *at))
        return NULL;
    out->number = *at != 's';
    out->argument = placed ? place - 1 : (*next)++;
    return out->argument < FORMAT_ARGUMENTS_MAX ? at + 1 : NULL;
}

bool format_parse(lg_arena *arena, const char *text, format *out)
{
    lg_buf literal = {0};
    unsigned next = 0;
    bool fits = true, runs_together = false;
    *out = (format){0};
    while (fits && *text) {
        size_t len = strcspn(text, "%");
        lg_buf_add(&literal, text, len);
        text += len;
        if (text[0] == '%' && text[1] == '%') {
            lg_buf_char(&literal, '%');
            text += 2;
        } else if (text[0] == '%') {
            fits = out->count < FORMAT_ARGUMENTS_MAX;
            format_piece *piece = &out->pieces[fits ? out->count++ : 0];
            text = fits ? conversion(text + 1, &next, piece) : text;
            fits = fits && text;
            piece->text = lg_arena_copy(arena, lg_buf_bytes(&literal));
            runs_together = runs_together || (out->count > 1 && literal.len == 0);
            lg_buf_reset(&literal);
            out->literal_len += piece->text.len;
        }
    }
    out->tail = lg_arena_copy(arena, lg_buf_bytes(&literal));
    out->literal_len += out->tail.len;
    out->tells = !runs_together && (out->count == 0 || out->literal_len >= TELLING_MIN);
    lg_buf_clear(&literal);
    return fits;
}

static bool stands_at(lg_bytes text, size_t at, lg_bytes literal)
{
    return literal.len <= text.len - at && memcmp(text.data + at, literal.data, literal.len) == 0;
}

static lg_bytes text_behind(const format *in, size_t conversion_no)
{
    return conversion_no + 1 < in->count ? in->pieces[conversion_no + 1].text : in->tail;
}

/* ways[p]: how often what follows conversion i can be read if that conversion ends at p. Only counted to 2.
 */
static void count_ends(const format *in, size_t i, lg_bytes sentence, const uint8_t *after, uint8_t *ends)
{
    lg_bytes behind = text_behind(in, i);
    bool last = i + 1 == in->count;
    for (size_t p = 0; p <= sentence.len; p++) {
        bool stands = stands_at(sentence, p, behind);
        if (last)
            ends[p] = stands && p + behind.len == sentence.len;
        else
            ends[p] = stands ? after[p + behind.len] : 0;
    }
}

static size_t number_len(lg_bytes sentence, size_t at)
{
    size_t len = at < sentence.len && sentence.data[at] == '-';
    size_t sign = len;
    while (at + len < sentence.len && sentence.data[at + len] >= '0' && sentence.data[at + len] <= '9')
        len++;
    return len > sign ? len : 0;
}

/* starts[p]: how often conversion i and what follows can be read from p. A number is read whole. */
static void count_starts(const format *in, size_t i, lg_bytes sentence, const uint8_t *ends, uint8_t *starts)
{
    unsigned from_here = 0;
    for (size_t p = sentence.len + 1; p-- > 0;) {
        if (in->pieces[i].number) {
            size_t len = number_len(sentence, p);
            starts[p] = len ? ends[p + len] : 0;
        } else {
            from_here += ends[p];
            from_here = from_here > 2 ? 2 : from_here;
            starts[p] = (uint8_t)from_here;
        }
    }
}

/* Counted from the last conversion to the first, so that the time is their number times the length, whatever
 * the sentence holds. */
static int read_conversions(const format *in, lg_bytes sentence, format_match *out)
{
    uint8_t starts[FORMAT_ARGUMENTS_MAX][SENTENCE_MAX + 1] = {{0}};
    uint8_t ends[FORMAT_ARGUMENTS_MAX][SENTENCE_MAX + 1] = {{0}};
    for (size_t i = in->count; i-- > 0;) {
        count_ends(in, i, sentence, i + 1 < in->count ? starts[i + 1] : NULL, ends[i]);
        count_starts(in, i, sentence, ends[i], starts[i]);
    }
    size_t at = in->pieces[0].text.len;
    const int ways = starts[0][at];
    for (size_t i = 0; i < in->count && ways == 1; i++) {
        size_t end = in->pieces[i].number ? at + number_len(sentence, at) : at;
        while (!ends[i][end])
            end++;
        out->arguments[in->pieces[i].argument] = lg_bytes_of(sentence.data + at, end - at);
        at = end + text_behind(in, i).len;
    }
    return ways;
}

int format_read(const format *in, lg_bytes sentence, format_match *out)
{
    lg_bytes head = in->count ? in->pieces[0].text : in->tail;
    if (sentence.len > SENTENCE_MAX || sentence.len < in->literal_len || !stands_at(sentence, 0, head) ||
        !stands_at(sentence, sentence.len - in->tail.len, in->tail))
        return 0;
    return in->count ? read_conversions(in, sentence, out) : sentence.len == head.len;
}
