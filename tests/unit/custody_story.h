/* Acting in custody without HTTP: a company whose key the registry keeps, its tokens, and what they have
 * signed. */
#ifndef CUSTODY_STORY_H
#define CUSTODY_STORY_H

#include "tests/unit/registry_rig.h"

/* Registers a company in custody. Here the story itself holds the key, in the registry's place. */
static inline void enroll_in_custody(rig *r, actor *who, const char *name, const char *role)
{
    lg_command *command = lg_arena_alloc(r->arena, sizeof *command);
    const lg_jws_header header = rig_header("/v1/participants", NULL);
    const char *payload = lg_arena_printf(r->arena,
                                          "{\"name\":\"%s\",\"roles\":[\"%s\"],\"identifiers\":{"
                                          "\"registration_no\":\"HRB %d\"},\"custody\":true}",
                                          name, role, 1000 + ++r->serial);
    who->key = lg_signing_key_new();
    command->type = LG_CMD_PARTICIPANT_REGISTER;
    lg_report_init(&r->report, r->arena);
    OK(rig_prepare(r, command, lg_jws_compose(r->arena, r->operator.key, &header, lg_bytes_str(payload)),
                   header.url));
    command->public_key = lg_signing_key_public(who->key);
    OK(rig_apply(r, command));
    who->id = r->outcome.results[0].participant.id;
    who->id_text = lg_arena_strdup(r->arena, lg_uuid_format(who->id.uuid).s);
}

static inline const char *with_token_jws(rig *r, const actor *who, lg_uuid token, const char *url,
                                         const char *payload)
{
    lg_jws_header header = rig_header(url, NULL);
    header.token = token;
    return lg_jws_compose(r->arena, who->key, &header, lg_bytes_str(payload));
}

/* Custody signs for who has this token; nil: a key signs. */
static inline lg_err act_with(rig *r, const actor *who, lg_uuid token, lg_command_type type, const char *url,
                              const char *payload)
{
    return rig_send(r, type, url, with_token_jws(r, who, token, url, payload));
}

static inline const char *token_payload(rig *r, const actor *owner, const char *scopes, const char *limits)
{
    return lg_arena_printf(r->arena,
                           "{\"participant\":\"%s\",\"token_sha256\":\"%064d\",\"scopes\":[%s],"
                           "\"expires_at\":\"2999-01-01T00:00:00Z\"%s%s}",
                           owner->id_text, ++r->serial, scopes, limits ? ",\"amount_limits\":" : "",
                           limits ? limits : "");
}

/* A token for everything, which `signer` asks for, with another token if it is in custody. */
static inline lg_uuid issue_token(rig *r, const actor *signer, lg_uuid with, const actor *owner,
                                  const char *limits)
{
    OK(act_with(r, signer, with, LG_CMD_TOKEN_ISSUE, "/v1/tokens",
                token_payload(r, owner, "\"read\",\"submit\",\"confirm\",\"finance\",\"admin\"", limits)));
    return r->outcome.results[0].token.id.uuid;
}

static inline const char *four_eyes_url(rig *r, const actor *who)
{
    return lg_arena_printf(r->arena, "/v1/participants/%s/four_eyes", who->id_text);
}

#endif
