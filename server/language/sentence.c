/* Finished sentences: which format a sentence was made from, what its arguments were, and the same in
 * Chinese.
 *
 * The formats are filed under the text that stands before their first conversion. A sentence's beginnings are
 * hashed in one pass, and only formats that begin like it are looked at. If several fit, the one with the
 * most text of its own is meant; if that leaves two, or the sentence can be read as it in two ways (a name
 * that holds the very words around it), the sentence stays English rather than become a wrong one. */
#include "server/language/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096, NONE = -1, NESTED_MAX = 2 };

typedef struct filed {
    format english, chinese;
    int next; /* in the same slot */
} filed;

static struct {
    pthread_once_t once;
    lg_arena *arena;
    filed *formats;
    size_t count;
    int slots[SLOTS];
    bool has_len[SENTENCE_MAX + 1]; /* whether a format begins with so many bytes of text */
} file = {.once = PTHREAD_ONCE_INIT};

/* FNV-1a, a byte at a time. */
static uint32_t hash_step(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * UINT32_C(16777619);
}
static const uint32_t hash_start = UINT32_C(2166136261);

static lg_bytes head_of(const format *of)
{
    return of->count ? of->pieces[0].text : of->tail;
}

static bool is_equal(lg_bytes a, lg_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* "%s is longer than %d bytes." and "… %zu bytes.": one sentence for a reader. */
static bool is_same(const format *a, const format *b)
{
    bool same = a->count == b->count && is_equal(a->tail, b->tail);
    for (size_t i = 0; i < a->count && same; i++)
        same = a->pieces[i].number == b->pieces[i].number && is_equal(a->pieces[i].text, b->pieces[i].text);
    return same;
}

/* False if such a format is filed already. */
static bool file_under_head(int no)
{
    lg_bytes head = head_of(&file.formats[no].english);
    uint32_t hash = hash_start;
    for (size_t i = 0; i < head.len; i++)
        hash = hash_step(hash, head.data[i]);
    for (int other = file.slots[hash % SLOTS]; other != NONE; other = file.formats[other].next)
        if (is_same(&file.formats[other].english, &file.formats[no].english))
            return false;
    file.formats[no].next = file.slots[hash % SLOTS];
    file.slots[hash % SLOTS] = no;
    file.has_len[head.len] = true;
    return true;
}

/* Once, when the first reader asks for Chinese; kept for the process's life. Formats that tell nothing and
 * words of a context are no sentences. */
static void file_all(void)
{
    size_t count = catalogue_count(catalogue_messages);
    file.arena = lg_arena_open();
    file.formats = lg_arena_array(file.arena, count, sizeof *file.formats);
    for (size_t i = 0; i < SLOTS; i++)
        file.slots[i] = NONE;
    for (size_t i = 1; i < count; i++) {
        filed *to = &file.formats[file.count];
        const char *english, *chinese;
        catalogue_entry(catalogue_messages, i, &english, &chinese);
        if (strchr(english, '\4') || !format_parse(file.arena, english, &to->english) ||
            !format_parse(file.arena, chinese, &to->chinese) || !to->english.tells ||
            head_of(&to->english).len > SENTENCE_MAX)
            continue;
        file.count += file_under_head((int)file.count);
    }
}

/* The one format that the sentence is of, or NULL. */
static const filed *find(lg_bytes sentence, format_match *match)
{
    const filed *best = NULL;
    int best_ways = 0;
    uint32_t hash = hash_start;
    for (size_t len = 0; len <= sentence.len; len++) {
        for (int no = file.has_len[len] ? file.slots[hash % SLOTS] : NONE; no != NONE;
             no = file.formats[no].next) {
            const filed *candidate = &file.formats[no];
            format_match found;
            if (head_of(&candidate->english).len != len ||
                (best && candidate->english.literal_len < best->english.literal_len))
                continue;
            int ways = format_read(&candidate->english, sentence, &found);
            if (!ways)
                continue;
            bool equal = best && candidate->english.literal_len == best->english.literal_len;
            best_ways = equal ? best_ways + ways : ways;
            best = candidate;
            *match = found;
        }
        if (len < sentence.len)
            hash = hash_step(hash, sentence.data[len]);
    }
    return best_ways == 1 ? best : NULL;
}

static bool translate(lg_bytes sentence, unsigned depth, lg_buf *out);

static bool ends_with(lg_bytes text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.data + text.len - len, end, len) == 0;
}

/* What a sentence ends with, behind a colon or full stop, may be a sentence of its own: "3 rules are broken;
 * the first: …". */
static bool is_nested(const format *of, unsigned argument)
{
    const format_piece *last = &of->pieces[of->count - 1];
    bool closes = of->tail.len == 0 || (of->tail.len == 1 && of->tail.data[0] == '.');
    return closes && last->argument == argument && !last->number &&
           (ends_with(last->text, ": ") || ends_with(last->text, ". "));
}

static void fill(const filed *with, const format_match *match, unsigned depth, lg_buf *out)
{
    const format *chinese = &with->chinese;
    for (size_t i = 0; i < chinese->count; i++) {
        unsigned no = chinese->pieces[i].argument;
        lg_bytes argument = match->arguments[no];
        lg_buf_add(out, chinese->pieces[i].text.data, chinese->pieces[i].text.len);
        if (!is_nested(&with->english, no) || !translate(argument, depth + 1, out))
            lg_buf_add(out, argument.data, argument.len);
    }
    lg_buf_add(out, chinese->tail.data, chinese->tail.len);
}

static bool translate(lg_bytes sentence, unsigned depth, lg_buf *out)
{
    format_match match = {0};
    if (depth > NESTED_MAX || sentence.len > SENTENCE_MAX)
        return false;
    const filed *found = find(sentence, &match);
    if (found)
        fill(found, &match, depth, out);
    return found != NULL;
}

const char *language_sentence(language in, lg_arena *arena, const char *sentence)
{
    lg_buf out = {0};
    if (in == LANGUAGE_ENGLISH || !*sentence)
        return sentence;
    pthread_once(&file.once, file_all);
    const char *translated =
        translate(lg_bytes_str(sentence), 0, &out) ? lg_arena_strndup(arena, out.data, out.len) : sentence;
    lg_buf_clear(&out);
    return translated;
}
