/* Which language someone reads: Accept-Language of a request, the locale of a terminal. Chinese of every kind
 * is answered in the one there is. */
#include "server/language/language.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *language_tag(language of)
{
    return of == LANGUAGE_CHINESE ? "zh" : "en";
}

/* The first subtag decides (RFC 4647 section 3.4, where ranges are shortened from their end); locale names
 * have
 * '_', '.' and '@' behind it. */
static bool primary_is(const char *name, size_t len, const char *language_code)
{
    return len >= 2 && strncasecmp(name, language_code, 2) == 0 &&
           (len == 2 || strchr("-_.@", name[2]) != NULL);
}

static bool named(const char *name, size_t len, language *out)
{
    if (primary_is(name, len, "zh"))
        *out = LANGUAGE_CHINESE;
    else if (primary_is(name, len, "en"))
        *out = LANGUAGE_ENGLISH;
    else
        return false;
    return true;
}

bool language_named(const char *name, language *out)
{
    return named(name, strlen(name), out);
}

/* ---- Accept-Language ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* A weight in thousandths (RFC 9110 section 12.4.2), 1000 without one; -1 if what stands there is none. */
static int weight_at(const char *at, const char **end)
{
    int weight = 1000, unit = 100;
    *end = skip_blanks(at);
    if (**end != ';')
        return weight;
    at = skip_blanks(*end + 1);
    if ((*at != 'q' && *at != 'Q') || at[1] != '=' || (at[2] != '0' && at[2] != '1'))
        return -1;
    weight = at[2] == '1' ? 1000 : 0;
    at += 3;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9' && unit; at++, unit /= 10)
            weight += (*at - '0') * unit;
    *end = skip_blanks(at);
    return weight <= 1000 ? weight : -1;
}

language language_accepted(const char *accept_language)
{
    enum { UNSAID = -1 };
    int weights[] = {[LANGUAGE_ENGLISH] = UNSAID, [LANGUAGE_CHINESE] = UNSAID}, any = UNSAID;
    bool chinese_first = false;
    const char *at = accept_language ? accept_language : "";
    while (*at) {
        at += strspn(at, " \t,");
        const char *range = at, *end;
        size_t len = strcspn(at, " \t,;");
        int weight = weight_at(at + len, &end);
        language which;
        if (weight >= 0 && *end && *end != ',')
            weight = -1; /* something follows that does not belong there: the range is passed over */
        if (weight >= 0 && len == 1 && *range == '*') {
            any = weight;
        } else if (weight >= 0 && named(range, len, &which) && weight > weights[which]) {
            if (which == LANGUAGE_CHINESE)
                chinese_first = weights[LANGUAGE_ENGLISH] == UNSAID;
            weights[which] = weight;
        }
        at = range + strcspn(range, ",");
    }
    const int english = weights[LANGUAGE_ENGLISH] == UNSAID ? any : weights[LANGUAGE_ENGLISH];
    const int chinese = weights[LANGUAGE_CHINESE] == UNSAID ? any : weights[LANGUAGE_CHINESE];
    bool wanted = chinese > 0 && (chinese > english || (chinese == english && chinese_first));
    return wanted ? LANGUAGE_CHINESE : LANGUAGE_ENGLISH;
}

/* ---- the environment ---- */

/* The first of the variables that is set and not empty (POSIX, Environment Variables, 8.2). */
static const char *first_set(const char *const *variables)
{
    for (; *variables; variables++) {
        const char *value = getenv(*variables);
        if (value && *value)
            return value;
    }
    return "C";
}

static bool is_utf8(const char *locale)
{
    const char *dot = strchr(locale, '.');
    size_t len = dot ? strcspn(dot + 1, "@") : 0;
    return (len == 5 && strncasecmp(dot + 1, "UTF-8", len) == 0) ||
           (len == 4 && strncasecmp(dot + 1, "utf8", len) == 0);
}

static bool is_portable(const char *locale)
{
    return strcmp(locale, "POSIX") == 0 || strcmp(locale, "C") == 0 || strncmp(locale, "C.", 2) == 0;
}

language language_of_environment(void)
{
    static const char *const messages[] = {"LC_ALL", "LC_MESSAGES", "LANG", NULL}, *const characters[] = {
                                                                                       "LC_ALL", "LC_CTYPE",
                                                                                       "LANG", NULL};
    const char *locale = first_set(messages), *list = getenv("LANGUAGE");
    language out = LANGUAGE_ENGLISH;
    if (is_portable(locale) || !is_utf8(first_set(characters)))
        return LANGUAGE_ENGLISH;
    while (list && *list) { /* names with colons between them, the preferred one first */
        size_t len = strcspn(list, ":");
        if (named(list, len, &out))
            return out;
        list += len + (list[len] == ':');
    }
    return language_named(locale, &out) ? out : LANGUAGE_ENGLISH;
}
