/* What the library's files share. A handle is a client (server/client) without a terminal. */
#ifndef LIBRARY_INTERNAL_H
#define LIBRARY_INTERNAL_H

#include "server/client/act.h"
#include "server/client/verify.h"
#include "server/library/tallystick.h"

struct tallystick {
    client c;          /* c.arena is that of the call under way, emptied when the next begins */
    lg_arena *keeping; /* lives as long as the handle: settings, the connection */
    lg_verifier verifier;
    const char *state;  /* a folder, or NULL */
    int lock_fd;        /* of the state folder; -1: none */
    lg_buf remembered;  /* the last checkpoint seen, where there is no folder */
    char *problem_text; /* of jansson, or NULL */
    bool usable;        /* was opened well */
};

struct tallystick_receipt {
    checked_receipt checked;
    const char *text, *at;
};

struct tallystick_answer {
    lg_arena *arena;
    client_answer answer;
    tallystick_receipt *receipts;
    size_t receipt_count;
};

/* Every call with a handle starts here: what the one before said is forgotten. CLIENT_USAGE if the handle was
 * not opened well. */
client_exit handle_begin(tallystick *t) CLIENT_MUST_CHECK;
/* root/folder/name of the state, in the arena. */
const char *handle_path(lg_arena *arena, const tallystick *t, const char *folder, const char *name);

tallystick_answer *answer_new(void);
/* Takes a receipt's facts and text over. json: as it was received. */
void answer_add_receipt(tallystick_answer *answer, const checked_receipt *checked, const json_t *json);
/* *out is the answer if code is CLIENT_OK; else the answer is closed. */
client_exit answer_give(tallystick_answer *answer, client_exit code, tallystick_answer **out);
/* Writes each receipt of the answer into the state folder, if there is one. */
client_exit answer_keep_receipts(tallystick *t, const tallystick_answer *answer) CLIENT_MUST_CHECK;

#endif
