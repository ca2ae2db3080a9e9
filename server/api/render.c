/* Answers to commands. What is stored with a command names each receipt only by {"seq":n}; entry and proof
 * are filled in when it is sent, the first time and any time after, from the tree as it was when the command
 * was committed: the same bytes. */
#include "server/api/command.h"

#include <stdlib.h>
#include <string.h>

/* Inside a JSON string its quotation marks would be escaped, so this occurs only where render_receipt wrote
 * it. */
static const char RECEIPT[] = "\"receipt\":{\"seq\":";

static void render_receipt(lg_buf *buf, const lg_result *result)
{
    lg_json_key(buf, "receipt");
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", result->entry.seq);
    lg_json_close(buf);
}

/* What the command was about, as members of the open object. */
static lg_err render_things(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_result *result)
{
    lg_err err = LG_OK;
    if (result->has_token) {
        lg_json_key(buf, "token");
        return json_token(buf, db, &result->token);
    }
    if (result->has_participant) {
        lg_json_key(buf, "participant");
        return json_participant(buf, db, arena, &result->participant, true);
    }
    if (result->has_policy) {
        lg_json_key(buf, "policy");
        json_policy(buf, &result->policy);
    }
    if (result->has_receivable) {
        lg_json_key(buf, "receivable");
        err = json_receivable(buf, db, arena, &result->receivable);
    }
    if (!err && result->has_claim) {
        lg_json_key(buf, "claim");
        err = json_claim(buf, db, arena, &result->claim);
    }
    return err;
}

static int status_of(const lg_command *command, const lg_result *result)
{
    if (result->err)
        return http_status_of(result->err);
    switch (command->type) {
    case LG_CMD_SUBMIT:
        return result->receivable.life == LG_LIFE_HELD ? 202 : 201;
    case LG_CMD_PARTICIPANT_REGISTER:
    case LG_CMD_KEY_ADD:
    case LG_CMD_TOKEN_ISSUE:
    case LG_CMD_POLICY_SET:
        return 201;
    case LG_CMD_GENESIS:
    case LG_CMD_PARTICIPANT_SUSPEND:
    case LG_CMD_PARTICIPANT_ACTIVATE:
    case LG_CMD_DEBTOR_STOP:
    case LG_CMD_DEBTOR_CLEAR:
    case LG_CMD_CREDIT_LINE_SET:
    case LG_CMD_KEY_REVOKE:
    case LG_CMD_TOKEN_REVOKE:
    case LG_CMD_CONFIRM:
    case LG_CMD_ACCEPT:
    case LG_CMD_DECLINE:
    case LG_CMD_WITHDRAW:
    case LG_CMD_LAPSE:
    case LG_CMD_REVIEW_APPROVE:
    case LG_CMD_REVIEW_REJECT:
    case LG_CMD_COUNT:
        break;
    }
    return 200;
}

/* The gateway's rejection is a problem that also shows what is on record: the receivable with its review, and
 * the receipt. */
static lg_err render_rejection(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_result *result)
{
    lg_buf members = {0};
    lg_err err = render_things(&members, db, arena, result);
    render_receipt(&members, result);
    http_problem_json(buf, result->err, &result->report, lg_arena_printf(arena, ",%s", members.data));
    lg_buf_clear(&members);
    return err;
}

static lg_err render_row(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                         const lg_result *result)
{
    lg_err err = LG_OK;
    lg_json_open(buf);
    lg_json_put_int(buf, "row", result->row);
    lg_json_put_int(buf, "status", status_of(command, result));
    if (result->err) {
        lg_json_key(buf, "problem");
        http_problem_json(buf, result->err, &result->report, NULL);
    }
    if (result->has_entry) {
        err = render_things(buf, db, arena, result);
        render_receipt(buf, result);
    }
    lg_json_close(buf);
    return err;
}

static lg_err render_rows(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                          const lg_outcome *outcome)
{
    int64_t registered = 0, held = 0, refused = 0;
    lg_err err = LG_OK;
    lg_json_open(buf);
    lg_json_key(buf, "results");
    lg_json_list(buf);
    for (size_t i = 0; i < outcome->count && !err; i++) {
        const lg_result *result = &outcome->results[i];
        refused += result->err != LG_OK;
        held += !result->err && result->receivable.life == LG_LIFE_HELD;
        registered += !result->err && result->receivable.life != LG_LIFE_HELD;
        err = render_row(buf, db, arena, command, result);
    }
    lg_json_end(buf);
    lg_json_put_int(buf, "registered", registered);
    lg_json_put_int(buf, "held", held);
    lg_json_put_int(buf, "refused", refused);
    lg_json_close(buf);
    return err;
}

lg_err api_render(lg_db *db, lg_arena *arena, const lg_command *command, const lg_outcome *outcome,
                  int *status, lg_buf *answer)
{
    if (command->rows) {
        *status = 200;
        return render_rows(answer, db, arena, command, outcome);
    }
    const lg_result *result = &outcome->results[0];
    *status = status_of(command, result);
    if (result->err)
        return render_rejection(answer, db, arena, result);
    lg_json_open(answer);
    lg_err err = render_things(answer, db, arena, result);
    render_receipt(answer, result);
    lg_json_close(answer);
    return err;
}

lg_err api_expand(lg_buf *out, lg_arena *arena, const char *answer, const api_receipts *receipts)
{
    const char *from = answer, *found;
    while ((found = strstr(from, RECEIPT))) {
        char *end;
        int64_t seq = strtoll(found + sizeof RECEIPT - 1, &end, 10), at = seq - receipts->first_seq;
        if (*end != '}' || at < 0 || at >= (int64_t)receipts->count)
            return LG_CORRUPT;
        lg_buf_add(out, from, (size_t)(found - from) + sizeof "\"receipt\":" - 1);
        lg_err err = json_receipt(out, arena, &receipts->entries[at], &receipts->proofs[at], receipts->note);
        if (err)
            return err;
        from = end + 1;
    }
    lg_buf_str(out, from);
    return LG_OK;
}
