#include "ledger/log/tree.h"

#include <string.h>

enum {
    LEVEL_MAX = 63, /* C2SP tlog-tiles */
    GROUPS_MAX = 5, /* of three digits: more than any ledger has, and 256 times it fits an int64_t */
    PATH_LEN_MAX = 64,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number without leading zeroes, at most `max`. */
static bool read_number(const char **p, unsigned max, unsigned *out)
{
    unsigned value = 0;
    const char *start = *p;
    for (; is_digit(**p); (*p)++) {
        value = value * 10 + (unsigned)(**p - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return *p > start && !(*start == '0' && *p - start > 1);
}

/* x001/x234/067; a first group of zeroes is only right when it is the only one. */
static bool read_tile_number(const char **p, int64_t *out)
{
    int64_t value = 0;
    for (int group = 0; group < GROUPS_MAX; group++) {
        bool more = **p == 'x';
        if (more)
            (*p)++;
        for (int i = 0; i < 3; i++, (*p)++) {
            if (!is_digit(**p))
                return false;
            value = value * 10 + (**p - '0');
        }
        if (!more) {
            *out = value;
            return true;
        }
        if (*(*p)++ != '/' || (group == 0 && value == 0))
            return false;
    }
    return false;
}

bool lg_tile_path_parse(const char *path, int *level, int64_t *n, unsigned *width)
{
    static const char entries[] = "entries/";
    const char *p = path;
    unsigned number;
    int64_t tile;
    int which = -1;
    if (strncmp(p, entries, sizeof entries - 1) == 0) {
        p += sizeof entries - 1;
    } else {
        if (!read_number(&p, LEVEL_MAX, &number) || *p++ != '/')
            return false;
        which = (int)number;
    }
    if (!read_tile_number(&p, &tile))
        return false;
    number = LG_TILE_WIDTH;
    if (strncmp(p, ".p/", 3) == 0) {
        p += 3;
        if (!read_number(&p, LG_TILE_WIDTH - 1, &number) || number == 0)
            return false;
    }
    if (*p != '\0')
        return false;
    *level = which;
    *n = tile;
    *width = number;
    return true;
}

char *lg_tile_path_format(lg_arena *arena, int level, int64_t n, unsigned width)
{
    char groups[PATH_LEN_MAX], *p = groups + sizeof groups;
    *--p = '\0';
    for (bool last = true; last || n > 0; last = false) {
        if (!last)
            *--p = '/';
        for (int i = 0; i < 3; i++, n /= 10)
            *--p = (char)('0' + n % 10);
        if (!last)
            *--p = 'x';
    }
    const char *prefix = level < 0 ? "entries" : lg_arena_printf(arena, "%d", level);
    if (width == LG_TILE_WIDTH)
        return lg_arena_printf(arena, "%s/%s", prefix, p);
    return lg_arena_printf(arena, "%s/%s.p/%u", prefix, p, width);
}
