/* Commands that say to the registry what was typed and nothing else: a table tells, per subcommand, where the
 * command goes and which member each option or operand becomes. The menu (menu_*.c) tells people the same. */
#ifndef CLIENT_POST_H
#define CLIENT_POST_H

#include "server/client/client.h"

/* How the text that was typed becomes a JSON value. */
typedef enum {
    POST_TEXT,
    POST_AMOUNT,    /* a decimal string; its scale is the registry's to judge */
    POST_OR_NONE,   /* text; "none" is null */
    POST_RATE,      /* "4.35%" or "43500ppm", to parts per million */
    POST_COUNT,     /* a whole number */
    POST_YES_NO,    /* "yes" or "no", to a boolean */
    POST_WORDS,     /* "a,b", and the option may be repeated, to a list */
    POST_WORDS_ALL, /* the same; "all" is the empty list */
    POST_OWN,       /* the subcommand's own function adds it; the row only tells that it is needed */
} post_form;

enum { POST_MAY = false, POST_MUST = true };

typedef struct post_member {
    const char *member;
    const char *option; /* NULL: the next operand that the path has not taken */
    post_form form;
    bool needed;
} post_member;

enum { POST_MEMBERS_MAX = 20 };

typedef struct client_post {
    const char *command; /* its name in the menu */
    const char *path;    /* each '%' stands for one operand: an id */
    post_member members[POST_MEMBERS_MAX];
} client_post;

/* The tables, by subject; a NULL command at the end. */
extern const client_post client_posts_participant[], client_posts_receivable[], client_posts_claim[],
    client_posts_payment[], client_posts_grant[], client_posts_finance[], client_posts_webhook[],
    client_posts_approval[];

/* The row of a subcommand; NULL if it has none. */
const client_post *client_post_find(const char *command);
/* Whether the subcommand cannot do without the option: what help and client_post_needs tell. */
bool client_post_option_needed(const char *command, const char *option);
/* CLIENT_USAGE, naming all of them, if options that c->command needs were not given. */
client_exit client_post_needs(client *c) CLIENT_MUST_CHECK;
/* Path and payload of c->command's row, of what was given (client_act_run asks client_post_needs). *payload
 * is the caller's, also to add members to. */
client_exit client_post_compose(client *c, const char **path, json_t **payload) CLIENT_MUST_CHECK;
/* The text as the form's JSON value; NULL after CLIENT_USAGE was noted, naming `what`. */
json_t *client_post_value(client *c, post_form form, const char *what, const char *text);

#endif
