#include "server/client/post.h"

#include "server/client/act.h"
#include "server/client/commands.h"
#include "server/client/http.h"

#include <string.h>

const client_post *client_post_find(const char *command)
{
    static const client_post *const tables[] = {
        client_posts_participant, client_posts_receivable, client_posts_claim,   client_posts_payment,
        client_posts_grant,       client_posts_finance,    client_posts_webhook, client_posts_approval,
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const client_post *post = tables[i]; post->command; post++)
            if (strcmp(post->command, command) == 0)
                return post;
    return NULL;
}

bool client_post_option_needed(const char *command, const char *option)
{
    const client_post *post = client_post_find(command);
    for (const post_member *member = post ? post->members : NULL; member && member->member; member++)
        if (member->needed && member->option && strcmp(member->option, option) == 0)
            return true;
    return false;
}

client_exit client_post_needs(client *c)
{
    const client_post *post = client_post_find(c->command->name);
    lg_buf names = {0};
    for (const post_member *member = post ? post->members : NULL; member && member->member; member++)
        if (member->needed && member->option && !client_option_given(c, member->option))
            lg_buf_printf(&names, "%s--%s", names.len ? ", " : "", member->option);
    client_exit code =
        names.len ? client_fail(c, CLIENT_USAGE, "%s needs %s.", c->command->name, names.data) : CLIENT_OK;
    lg_buf_clear(&names);
    return code;
}

/* Digits, without a zero in front, and a fraction or none. How many digits the currency has is not known
 * here. */
static bool is_amount(const char *text)
{
    enum { AMOUNT_LEN_MAX = 24 };
    static const char digits[] = "0123456789";
    size_t whole = strspn(text, digits), len = strlen(text);
    if (whole == 0 || len > AMOUNT_LEN_MAX || (text[0] == '0' && whole > 1))
        return false;
    if (!text[whole])
        return true;
    size_t fraction = strspn(text + whole + 1, digits);
    return text[whole] == '.' && fraction > 0 && whole + 1 + fraction == len;
}

/* "4.35%" is 43500 parts per million; finer than a part is refused, not rounded. */
static bool rate_parse(lg_arena *arena, const char *text, int64_t *ppm)
{
    enum { PPM_MAX = 100000000, PERCENT_MAX = 10000, PPM_PER_PERCENT = 10000, FRACTION_MAX = 4 };
    size_t len = strlen(text);
    if (len > 3 && strcmp(text + len - 3, "ppm") == 0)
        return client_number_parse(lg_arena_strndup(arena, text, len - 3), 0, PPM_MAX, ppm);
    if (len < 2 || text[len - 1] != '%' || !is_amount(lg_arena_strndup(arena, text, len - 1)))
        return false;
    size_t whole_len = strcspn(text, ".%");
    const char *fraction = text[whole_len] == '.' ? text + whole_len + 1 : text + whole_len;
    size_t fraction_len = strcspn(fraction, "%");
    int64_t whole, part;
    if (fraction_len > FRACTION_MAX ||
        !client_number_parse(lg_arena_strndup(arena, text, whole_len), 0, PERCENT_MAX, &whole))
        return false;
    const char *padded = lg_arena_printf(arena, "%.*s%.*s", (int)fraction_len, fraction,
                                         (int)(FRACTION_MAX - fraction_len), "0000");
    if (!client_number_parse(padded, 0, PPM_PER_PERCENT - 1, &part))
        return false;
    *ppm = whole * PPM_PER_PERCENT + part;
    return true;
}

void client_words_add(json_t *list, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, ", ");
        if (len)
            json_array_append_new(list, json_stringn(text, len));
        text += len;
        text += strspn(text, ", ");
    }
}

static json_t *usage(client *c, const char *what, const char *wanted, const char *text)
{
    client_fail(c, CLIENT_USAGE, "%s must be %s, not \"%s\".", client_text(c, what), client_text(c, wanted),
                text);
    return NULL;
}

json_t *client_post_value(client *c, post_form form, const char *what, const char *text)
{
    int64_t number;
    json_t *list;
    switch (form) {
    case POST_TEXT:
        return json_string(text);
    case POST_OR_NONE:
        return strcmp(text, "none") == 0 ? json_null() : json_string(text);
    case POST_AMOUNT:
        return is_amount(text) ? json_string(text) : usage(c, what, LG_TEXT("an amount like 1200.00"), text);
    case POST_RATE:
        return rate_parse(c->arena, text, &number)
                   ? json_integer(number)
                   : usage(c, what, LG_TEXT("a rate like 4.35% or 43500ppm"), text);
    case POST_COUNT:
        return client_number_parse(text, 0, INT32_MAX, &number)
                   ? json_integer(number)
                   : usage(c, what, LG_TEXT("a whole number"), text);
    case POST_YES_NO:
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
            return usage(c, what, LG_TEXT("yes or no"), text);
        return json_boolean(strcmp(text, "yes") == 0);
    case POST_OWN:
        break;
    case POST_WORDS_ALL:
    case POST_WORDS:
        list = json_array();
        if (form == POST_WORDS || strcmp(text, "all") != 0)
            client_words_add(list, text);
        return list;
    }
    lg_die("a member of no form");
}

/* Every one that was given of an option that may be repeated. */
static json_t *words_of_option(client *c, const post_member *member)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->args.option_count; i++) {
        if (strcmp(c->args.options[i].name, member->option) != 0)
            continue;
        json_t *words = client_post_value(c, member->form, member->option, c->args.options[i].value);
        json_array_extend(list, words);
        json_decref(words);
    }
    return list;
}

static client_exit member_add(client *c, const post_member *member, const char *operand, json_t *payload)
{
    const char *text = member->option ? client_option_value(c, member->option) : operand;
    if (!text || member->form == POST_OWN)
        return CLIENT_OK;
    const char *what = member->option ? lg_arena_printf(c->arena, "--%s", member->option)
                                      : lg_arena_printf(c->arena, client_text(c, "The %s"), member->member);
    bool words = member->form == POST_WORDS || member->form == POST_WORDS_ALL;
    json_t *value =
        words && member->option ? words_of_option(c, member) : client_post_value(c, member->form, what, text);
    if (!value) /* jansson refuses what is not UTF-8 */
        return client_fail(c, CLIENT_USAGE, "%s is not UTF-8 text.", what);
    json_object_set_new(payload, member->member, value);
    return CLIENT_OK;
}

static const char *path_of(client *c, const char *pattern, int *operand)
{
    lg_buf path = {0};
    for (; *pattern; pattern++) {
        if (*pattern == '%')
            lg_buf_str(&path, client_url_escape(c->arena, c->args.operands[(*operand)++]));
        else
            lg_buf_char(&path, *pattern);
    }
    const char *copy = lg_arena_strndup(c->arena, path.data, path.len);
    lg_buf_clear(&path);
    return copy;
}

client_exit client_post_compose(client *c, const char **path, json_t **payload)
{
    const client_post *post = client_post_find(c->command->name);
    client_exit code = CLIENT_OK;
    int operand = 0;
    if (!post)
        lg_die("%s posts nothing", c->command->name);
    *path = path_of(c, post->path, &operand);
    *payload = json_object();
    for (const post_member *member = post->members; member->member && code == CLIENT_OK; member++) {
        bool has_operand = !member->option && operand < c->args.operand_count;
        code = member_add(c, member, has_operand ? c->args.operands[operand++] : NULL, *payload);
    }
    if (code != CLIENT_OK) {
        json_decref(*payload);
        *payload = NULL;
    }
    return code;
}

client_exit command_post(client *c)
{
    const char *path;
    json_t *payload;
    client_exit code = client_post_compose(c, &path, &payload);
    return code == CLIENT_OK ? client_act_run(c, path, payload, NULL) : code;
}
