/* The ledger as a whole, held against what was seen of it before. */
#include "server/library/internal.h"

#include "ledger/crypto/encoding.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECEIPT_MAX = 1 << 20 };

static client_exit remembered_read(tallystick *t, lg_bytes *out)
{
    *out = lg_buf_bytes(&t->remembered);
    if (!t->state)
        return CLIENT_OK;
    const char *path = handle_path(t->c.arena, t, "checkpoint", "");
    *out = (lg_bytes){0};
    return access(path, F_OK) == 0 ? client_file_read(&t->c, t->c.arena, path, LG_NOTE_MAX, out) : CLIENT_OK;
}

static client_exit remember(tallystick *t, lg_bytes note)
{
    if (t->state)
        return client_file_write(&t->c, handle_path(t->c.arena, t, "checkpoint", ""), 0600, note);
    lg_buf_reset(&t->remembered);
    lg_buf_add(&t->remembered, note.data, note.len);
    return CLIENT_OK;
}

/* The receipt must hold, and the ledger of now must continue the one that it is of. */
static client_exit receipt_continues(tallystick *t, lg_arena *arena, tiles *tree, const char *path,
                                     const lg_checkpoint *now)
{
    const receipt_terms terms = {.verifier = &t->verifier};
    checked_receipt checked;
    lg_bytes text;
    json_t *json = NULL;
    client_exit code = client_file_read(&t->c, arena, path, RECEIPT_MAX, &text);
    if (code == CLIENT_OK && lg_json_load(text, &json, NULL) != LG_OK)
        code = client_fail(&t->c, CLIENT_UNVERIFIED, "%s is no receipt.", path);
    if (code == CLIENT_OK)
        code = client_receipt_check(&t->c, arena, json, &terms, &checked);
    if (code == CLIENT_OK)
        code = client_verify_continues(&t->c, tree, &checked.checkpoint, now);
    json_decref(json);
    return code;
}

static client_exit receipts_continue(tallystick *t, tiles *tree, const lg_checkpoint *now)
{
    client_exit code = CLIENT_OK;
    if (!t->state)
        return code;
    const char *folder = handle_path(t->c.arena, t, "receipts", "");
    DIR *list = opendir(folder);
    if (!list)
        return client_fail(&t->c, CLIENT_LOCAL, "Cannot read %s: %s.", folder, strerror(errno));
    lg_arena *arena = lg_arena_open();
    for (const struct dirent *item; code == CLIENT_OK && (item = readdir(list));) {
        const char *end = strrchr(item->d_name, '.');
        if (!end || strcmp(end, ".json") != 0)
            continue;
        lg_arena_reset(arena);
        code = receipt_continues(t, arena, tree, lg_arena_printf(arena, "%s/%s", folder, item->d_name), now);
    }
    lg_arena_close(arena);
    closedir(list);
    return code;
}

/* Two checkpoints signed by one key that contradict each other prove what the log did. */
static client_exit contradiction_keep(tallystick *t, lg_bytes note)
{
    return t->state ? client_file_write(&t->c, handle_path(t->c.arena, t, "checkpoint.contradicting", ""),
                                        0600, note)
                    : CLIENT_OK;
}

static tallystick_code verify(tallystick *t, tallystick_checkpoint *out, bool entries)
{
    verify_terms terms = {.verifier = &t->verifier};
    verify_report report = {0};
    lg_checkpoint old;
    tiles tree;
    *out = (tallystick_checkpoint){.seen_size = -1};
    client_exit code = handle_begin(t);
    if (code == CLIENT_OK)
        code = remembered_read(t, &terms.remembered);
    if (code != CLIENT_OK)
        return (tallystick_code)code;
    const char *token = t->c.config.token;
    t->c.config.token = NULL; /* what is checked is public: nothing of ours is shown */
    code = client_verify_head(&t->c, tiles_fetch_http, &t->c, &terms, &tree, &old, &report);
    if (code == CLIENT_OK) {
        code = receipts_continue(t, &tree, &report.checkpoint);
        report.contradicts = code == CLIENT_UNVERIFIED;
    }
    if (code == CLIENT_OK && entries)
        code = client_verify_tree(&t->c, &tree, &terms, report.previous_size >= 0 ? &old : NULL, &report);
    tiles_close(&tree);
    if (report.contradicts && contradiction_keep(t, report.note) != CLIENT_OK)
        code = CLIENT_UNVERIFIED; /* that it cannot be kept changes nothing */
    t->c.config.token = token;
    if (code == CLIENT_OK)
        code = remember(t, report.note);
    if (code != CLIENT_OK)
        return (tallystick_code)code;
    out->size = report.checkpoint.size;
    out->seen_size = report.previous_size;
    lg_hex_write(out->root, report.checkpoint.root.b, LG_HASH_LEN);
    return TALLYSTICK_OK;
}

tallystick_code tallystick_verify(tallystick *t, tallystick_checkpoint *out)
{
    return verify(t, out, false);
}

tallystick_code tallystick_verify_entries(tallystick *t, tallystick_checkpoint *out)
{
    return verify(t, out, true);
}
