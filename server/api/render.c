/* Answers to commands. What is stored with a command names each receipt only by {"seq":n}; entry and proof
 * are filled in when it is sent, the first time and any time after, from the tree as it was when the command
 * was committed: the same bytes. */
#include "ledger/store/approval_rows.h"
#include "server/api/command.h"

#include <stdlib.h>
#include <string.h>

/* Inside a JSON string its quotation marks would be escaped, so this occurs only where render_receipt wrote
 * it. */
static const char RECEIPT[] = "\"receipt\":{\"seq\":";

enum { ANSWER_LEN = 4000 /* bytes: of most answers; larger ones grow */ };

static void render_receipt(lg_buf *buf, const lg_result *result)
{
    lg_json_key(buf, "receipt");
    lg_json_open(buf);
    lg_json_put_int(buf, "seq", result->entry.seq);
    lg_json_close(buf);
}

/* The claims a split or a transfer opened; none if the claim was offered whole. */
static lg_err render_children(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                              const lg_result *result)
{
    lg_err err = LG_OK;
    lg_json_key(buf, "claims");
    lg_json_list(buf);
    for (size_t i = 0; i < result->claim_count && !err; i++)
        err = json_claim_answer(buf, db, arena, &result->claims[i], NULL, command);
    lg_json_end(buf);
    return err;
}

/* A request comes with the offers that programs made on it at once; an offer stands alone. */
static lg_err render_offers(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                            const lg_result *result)
{
    lg_err err = LG_OK;
    if (command->type != LG_CMD_FINANCING_REQUEST) {
        lg_json_key(buf, "offer");
        return json_offer(buf, db, arena, &result->offers[0]);
    }
    lg_json_key(buf, "offers");
    lg_json_list(buf);
    for (size_t i = 0; i < result->offer_count && !err; i++)
        err = json_offer(buf, db, arena, &result->offers[i]);
    lg_json_end(buf);
    return err;
}

static lg_err render_financing(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                               const lg_result *result)
{
    const lg_participant_no signer = command->signers[0].no;
    lg_err err = LG_OK;
    if (result->program) { /* just acted on: not expired */
        lg_json_key(buf, "program");
        err = json_program(buf, db, arena, result->program, signer, 0);
    }
    if (!err && result->request) {
        lg_json_key(buf, "request");
        err = json_request(buf, db, arena, result->request, signer);
    }
    if (!err && result->offers)
        err = render_offers(buf, db, arena, command, result);
    if (!err && result->financing) {
        lg_json_key(buf, "financing");
        err = json_financing(buf, db, arena, result->financing);
    }
    return err;
}

/* What the command was about, as members of the open object. */
static lg_err render_things(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                            const lg_result *result)
{
    if (result->has_token) {
        lg_json_key(buf, "token");
        return json_token(buf, db, arena, &result->token);
    }
    lg_err err = LG_OK;
    if (result->has_participant) {
        lg_json_key(buf, "participant");
        err = json_participant(buf, db, arena, &result->participant, true);
    }
    if (!err && result->approval) {
        lg_json_key(buf, "approval");
        err = json_approval(buf, db, arena, result->approval, 0);
    }
    if (result->has_policy) {
        lg_json_key(buf, "policy");
        json_policy(buf, &result->policy);
    }
    if (!err && result->has_receivable) {
        lg_json_key(buf, "receivable");
        err = json_receivable_answer(buf, db, arena, &result->receivable,
                                     result->has_claim ? &result->claim : NULL);
    }
    if (!err)
        err = render_financing(buf, db, arena, command, result);
    if (!err && result->payment) {
        lg_json_key(buf, "payment");
        err = json_payment(buf, db, arena, result->payment, command->signers[0].no);
    }
    if (!err && result->proposal) {
        lg_json_key(buf, "proposal");
        err = json_proposal(buf, db, arena, result->proposal, 0); /* just acted on: not expired */
    }
    if (!err && result->has_claim) {
        lg_json_key(buf, "claim");
        err = json_claim_answer(buf, db, arena, &result->claim,
                                result->has_receivable ? &result->receivable : NULL, command);
    }
    if (!err && result->has_children)
        err = render_children(buf, db, arena, command, result);
    if (!err && result->has_grant) {
        lg_json_key(buf, "grant");
        err = json_grant(buf, db, arena, &result->grant, result->grant.granted_at);
    }
    if (!err && result->has_check) {
        lg_json_key(buf, "check");
        json_check(buf, result->check_registered, result->check_financed, result->checked_at);
    }
    if (!err && result->has_webhook) {
        lg_json_key(buf, "webhook");
        err = json_webhook(buf, db, &result->webhook, -1);
    }
    return err;
}

static int status_of(const lg_command *command, const lg_result *result)
{
    if (result->err)
        return http_status_of(result->err);
    if (result->approval && result->approval->status == LG_APPROVAL_WAITING)
        return 202;
    switch ((int)command->type) {
    case LG_CMD_SUBMIT:
        return result->receivable.life == LG_LIFE_HELD ? 202 : 201;
    case LG_CMD_PARTICIPANT_REGISTER:
    case LG_CMD_KEY_ADD:
    case LG_CMD_TOKEN_ISSUE:
    case LG_CMD_POLICY_SET:
    case LG_CMD_CLAIM_SPLIT:
    case LG_CMD_CLAIM_TRANSFER:
    case LG_CMD_GRANT_MAKE:
    case LG_CMD_PROGRAM_OPEN:
    case LG_CMD_FINANCING_REQUEST:
    case LG_CMD_OFFER_MAKE:
    case LG_CMD_OFFER_ACCEPT:
    case LG_CMD_PAYMENT_RECORD:
    case LG_CMD_PROPOSAL_MAKE:
    case LG_CMD_WEBHOOK_REGISTER:
        return 201;
    }
    return 200;
}

/* The gateway's rejection is a problem that also shows what is on record: the receivable with its review, and
 * the receipt. */
static lg_err render_rejection(lg_buf *buf, lg_db *db, lg_arena *arena, const lg_command *command,
                               const lg_result *result)
{
    lg_buf members = {0};
    lg_err err = render_things(&members, db, arena, command, result);
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
        err = render_things(buf, db, arena, command, result);
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
    lg_buf_reserve(answer, ANSWER_LEN);
    if (command->rows) {
        *status = 200;
        return render_rows(answer, db, arena, command, outcome);
    }
    const lg_result *result = &outcome->results[0];
    *status = status_of(command, result);
    if (result->err)
        return render_rejection(answer, db, arena, command, result);
    lg_json_open(answer);
    lg_err err = render_things(answer, db, arena, command, result);
    render_receipt(answer, result);
    lg_json_close(answer);
    return err;
}

/* About what the answer will have. */
static size_t expanded_len(const char *answer, const api_receipts *receipts)
{
    enum { PROOF = 2048 };
    size_t len = strlen(answer);
    for (size_t i = 0; i < receipts->count; i++) {
        const lg_entry_row *entry = &receipts->entries[i];
        len += entry->body.len + entry->body.len / 4 + strlen(entry->disclosures) + PROOF;
    }
    return len;
}

lg_err api_expand(lg_buf *out, lg_arena *arena, const char *answer, const api_receipts *receipts)
{
    const char *from = answer, *found;
    lg_buf_reserve(out, expanded_len(answer, receipts));
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
