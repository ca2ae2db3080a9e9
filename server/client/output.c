#include "server/client/output.h"

#include "ledger/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uniwidth.h>

enum { PROGRESS_EVERY_MS = 100 };

static bool colour_wanted(int fd)
{
    const char *off = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(fd) && !(off && *off) && !(terminal && strcmp(terminal, "dumb") == 0);
}

void client_output_init(client *c)
{
    c->colour = colour_wanted(STDOUT_FILENO);
    c->colour_err = colour_wanted(STDERR_FILENO);
}

const char *client_style_on(bool colour, client_style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "",        [STYLE_BOLD] = "\033[1m",   [STYLE_DIM] = "\033[2m",
        [STYLE_RED] = "\033[31m",  [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m",
        [STYLE_CYAN] = "\033[36m",
    };
    return colour ? codes[style] : "";
}

const char *client_style_off(bool colour)
{
    return colour ? "\033[0m" : "";
}

/* Words of state, wherever they stand: the same word has the same colour. */
static const struct {
    const char *state;
    client_style style;
} state_styles[] = {
    {"confirmed", STYLE_GREEN},
    {"free", STYLE_PLAIN},
    {"disputed", STYLE_RED},
    {"frozen", STYLE_RED},
    {"debtor_stopped", STYLE_RED},
    {"registered", STYLE_CYAN},
    {"held", STYLE_YELLOW},
    {"held: being verified", STYLE_YELLOW},
    {"rejected", STYLE_RED},
    {"refused", STYLE_RED},
    {"expired", STYLE_DIM},
    {"withdrawn", STYLE_DIM},
    {"pass", STYLE_GREEN},
    {"warn", STYLE_YELLOW},
    {"hold", STYLE_YELLOW},
    {"reject", STYLE_RED},
    {"active", STYLE_GREEN},
    {"suspended", STYLE_RED},
    {"failed", STYLE_RED},
    {"stopped", STYLE_RED},
    /* claims */
    {"due", STYLE_YELLOW},
    {"part_paid", STYLE_CYAN},
    {"overdue", STYLE_RED},
    {"defaulted", STYLE_RED},
    {"settled", STYLE_GREEN},
    {"split", STYLE_DIM},
    {"void", STYLE_DIM},
    {"written_off", STYLE_DIM},
    {"offered", STYLE_CYAN},
    {"reserved", STYLE_YELLOW},
    {"pledged", STYLE_YELLOW},
    {"sold", STYLE_YELLOW},
    {"pooled", STYLE_YELLOW},
    /* programs, requests, offers, financings, payments, proposals, grants */
    {"open", STYLE_CYAN},
    {"closed", STYLE_DIM},
    {"lapsed", STYLE_DIM},
    {"accepted", STYLE_GREEN},
    {"instructed", STYLE_CYAN},
    {"disbursed", STYLE_GREEN},
    {"cancelled", STYLE_DIM},
    {"released", STYLE_DIM},
    {"repaid", STYLE_GREEN},
    {"recourse", STYLE_RED},
    {"repurchased", STYLE_DIM},
    {"recorded", STYLE_GREEN},
    {"reversed", STYLE_DIM},
    {"declined", STYLE_RED},
    {"effective", STYLE_GREEN},
    {"removed", STYLE_DIM},
    {"revoked", STYLE_DIM},
    {"ended", STYLE_DIM},
    /* deliveries */
    {"pending", STYLE_CYAN},
    {"delivered", STYLE_GREEN},
    {"dead", STYLE_RED},
    {"skipped", STYLE_DIM},
};

client_style client_style_of(const char *state)
{
    for (size_t i = 0; i < sizeof state_styles / sizeof *state_styles; i++)
        if (strcmp(state_styles[i].state, state) == 0)
            return state_styles[i].style;
    return STYLE_PLAIN;
}

/* U+2028 to U+202E, U+2066 to U+2069: line separators, bidirectional overrides and isolates. Text is
 * NUL-terminated. */
static bool steers(const char *text)
{
    const unsigned char *b = (const unsigned char *)text;
    return b[0] == 0xe2 &&
           ((b[1] == 0x80 && b[2] >= 0xa8 && b[2] <= 0xae) || (b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9));
}

char *client_clean(lg_arena *arena, const char *text)
{
    char *out = lg_arena_strdup(arena, text);
    size_t len = strlen(out);
    if (!lg_text_is_utf8(lg_bytes_of(out, len))) {
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)out[i] >= 0x7f)
                out[i] = '?';
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char b = (unsigned char)out[i];
        if (b < 0x20 || b == 0x7f)
            out[i] = ' ';
        else if (b == 0xc2 && (unsigned char)out[i + 1] < 0xa0) /* C1 controls */
            out[i] = out[i + 1] = '?';
        else if (steers(out + i))
            out[i] = out[i + 1] = out[i + 2] = '?';
    }
    return out;
}

size_t client_width(const char *text)
{
    size_t len = strlen(text);
    if (!lg_text_is_utf8(lg_bytes_of(text, len)))
        return len;
    int columns = u8_width((const uint8_t *)text, len, "UTF-8"); /* no locale need be installed for it */
    return columns > 0 ? (size_t)columns : 0;
}

void client_print_warning(client *c, const char *text)
{
    if (c->json)
        return;
    fprintf(stderr, "%stallystick: %s%s\n", client_style_on(c->colour_err, STYLE_YELLOW),
            client_clean(c->arena, text), client_style_off(c->colour_err));
}

void client_say(client *c, client_style style, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = client_clean(c->arena, lg_arena_vprintf(c->arena, client_text(c, fmt), args));
    va_end(args);
    printf("%s%s%s\n", client_style_on(c->colour, style), text, client_style_off(c->colour));
}

/* A registry that has not our language answers in English. */
static const char *spoken(client *c, const char *sentence)
{
    return language_sentence(c->language, c->arena, sentence);
}

void client_print_problem(client *c, FILE *stream, const json_t *problem, const char *indent)
{
    bool colour = stream == stderr ? c->colour_err : c->colour;
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    fprintf(stream, "%s%s%s%s", indent, client_style_on(colour, STYLE_RED),
            client_clean(c->arena, title ? spoken(c, title) : client_text(c, "Refused")),
            client_style_off(colour));
    if (type)
        fprintf(stream, " %s(%s)%s", client_style_on(colour, STYLE_DIM), client_clean(c->arena, type),
                client_style_off(colour));
    fputc('\n', stream);
    const json_t *errors = json_object_get(problem, "errors");
    const char *only = json_array_size(errors) == 1
                           ? json_string_value(json_object_get(json_array_get(errors, 0), "detail"))
                           : NULL;
    if (detail && !(only && strcmp(only, detail) == 0))
        fprintf(stream, "%s%s\n", indent, client_clean(c->arena, spoken(c, detail)));
    size_t i;
    json_t *error;
    json_array_foreach(errors, i, error)
    {
        const char *pointer = json_string_value(json_object_get(error, "pointer"));
        const char *code = json_string_value(json_object_get(error, "code"));
        const char *text = json_string_value(json_object_get(error, "detail"));
        fprintf(stream, "%s  %s%s%s%s%s: %s\n", indent, client_style_on(colour, STYLE_BOLD),
                client_clean(c->arena, code ? code : "?"), client_style_off(colour),
                pointer && *pointer ? client_text(c, " at ") : "",
                client_clean(c->arena, pointer ? pointer : ""),
                client_clean(c->arena, text ? spoken(c, text) : ""));
    }
}

static void failure_as_json(client *c, client_exit code)
{
    if (c->problem) {
        client_print_json(c->problem);
        return;
    }
    json_t *value = json_pack("{s:s,s:i}", "error", c->message ? c->message : client_text(c, "failed"),
                              "exit", (int)code);
    client_print_json(value);
    json_decref(value);
}

/* What a person can do about the refusals that beginners meet; types are "urn:tallystick:problem:NAME". */
static void hint_note(client *c, const json_t *problem)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *last = type ? strrchr(type, ':') : NULL;
    const char *name = last ? last + 1 : "";
    if (strcmp(name, "unauthenticated") == 0)
        c->hint =
            client_text(c, "Reading needs a token: --token or TALLYSTICK_TOKEN; `tallystick token create "
                           "--participant ID --key FILE` makes one.");
    else if (strcmp(name, "scope-missing") == 0)
        c->hint = client_text(c, "(`token create --scope … --key FILE` makes one that may)");
    else if (strcmp(name, "wrong-audience") == 0 && c->config.origin)
        c->hint = lg_arena_printf(
            c->arena,
            client_text(c,
                        "This command was signed for %s, which --origin, --vkey or the environment named."),
            client_clean(c->arena, c->config.origin));
}

void client_print_failure(client *c, client_exit code)
{
    bool loud = code == CLIENT_UNVERIFIED;
    fflush(stdout);
    if (c->quiet)
        return;
    if (c->problem)
        hint_note(c, c->problem);
    if (c->json) {
        failure_as_json(c, code);
        return;
    }
    if (c->problem) {
        client_print_problem(c, stderr, c->problem, "");
    } else {
        fprintf(
            stderr, "%s%s%s%s %s\n", client_style_on(c->colour_err, STYLE_BOLD),
            client_style_on(c->colour_err, STYLE_RED),
            loud ? client_text(c, "VERIFICATION FAILED:") : "tallystick:", client_style_off(c->colour_err),
            client_clean(c->arena, c->message ? c->message : client_text(c, "failed")));
    }
    if (c->hint)
        fprintf(stderr, "%s\n", c->hint);
    if (code == CLIENT_USAGE && c->command)
        fprintf(stderr, "%s\n",
                lg_arena_printf(c->arena, client_text(c, "See `tallystick help %s`."), c->command->name));
}

void client_print_json(const json_t *value)
{
    if (json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) == 0)
        fputc('\n', stdout);
}

client_progress client_progress_start(const client *c)
{
    return (client_progress){.c = c, .on = isatty(STDERR_FILENO) && !c->json};
}

void client_progress_show(client_progress *p, const char *what, int64_t done, int64_t total)
{
    struct timespec now;
    if (!p->on)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t elapsed_ms =
        (now.tv_sec - p->last.tv_sec) * INT64_C(1000) + (now.tv_nsec - p->last.tv_nsec) / 1000000;
    if (p->shown && elapsed_ms < PROGRESS_EVERY_MS)
        return;
    p->last = now;
    p->shown = true;
    fputs("\r\033[K", stderr);
    fprintf(stderr, client_text(p->c, "%s %lld of %lld (%d %%)"), client_text(p->c, what), (long long)done,
            (long long)total, total > 0 ? (int)((__int128)done * 100 / total) : 100);
}

void client_progress_end(client_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
