/* The commands behind the entries: exact bytes, signatures by keys that were valid then, jti used once, and
 * an event that says what the command asked. */
#include "ledger/audit/internal.h"

#include "ledger/crypto/encoding.h"

#include <string.h>

static const char *key_of(const lg_audit *audit)
{
    return lg_arena_printf(audit->arena, "%lld", (long long)audit->command_row.first_seq);
}

/* The key as the rebuilt state has it: added by an earlier entry, not revoked by one. Its validity is judged
 * at the entry's time. */
static bool find_key(lg_audit *audit, const lg_entry *entry, const lg_jws_signature *signature, lg_key *key)
{
    if (entry->seq <=
        1) { /* genesis and the operator's own registration are signed by the key the latter brings */
        *key = (lg_key){.kid = lg_kid_of(&audit->operator_key), .public_key = audit->operator_key};
        return strcmp(key->kid.s, signature->kid) == 0;
    }
    return lg_key_get(audit->rebuilt, signature->kid, key) == LG_OK;
}

static void check_signature(lg_audit *audit, const lg_entry *entry, size_t index, lg_signer *signer)
{
    const lg_jws_signature *signature = &audit->jws.signatures[index];
    lg_key key;
    audit->summary->signatures++;
    if (!find_key(audit, entry, signature, &key)) {
        lg_audit_find(audit, "commands", key_of(audit), "the signing key %s was not registered then",
                      signature->kid);
        return;
    }
    if (!lg_verify(&key.public_key, signature->signing_input, &signature->signature))
        lg_audit_find(audit, "commands", key_of(audit), "the signature of key %s does not verify",
                      signature->kid);
    if (key.revoked_at || key.valid_from > entry->at || (key.valid_until && key.valid_until <= entry->at))
        lg_audit_find(audit, "commands", key_of(audit), "the key %s was not valid at %s", signature->kid,
                      lg_time_format(entry->at).s);
    if (key.custody == lg_uuid_is_nil(signature->token))
        lg_audit_find(audit, "commands", key_of(audit),
                      key.custody ? "custody signed it for no token"
                                  : "it names a token, but custody did not sign it");
    signer->no = key.participant;
    signer->kid = key.kid;
    signer->custody = key.custody;
    lg_participant owner;
    if (!signer->no.v)
        return; /* the first entries: nobody was registered yet */
    if (lg_participant_get(audit->rebuilt, signer->no, audit->arena, &owner) != LG_OK) {
        lg_audit_find(audit, "keys", key.kid.s, "the key's owner does not exist");
        return;
    }
    signer->id = owner.id;
    signer->roles = owner.roles;
    if (owner.suspended)
        lg_audit_find(audit, "commands", key_of(audit), "the signer %s was suspended then", owner.name);
}

/* Operators' facts must name the one whose signature is on the command. */
static void check_signers(lg_audit *audit, const lg_entry *entry, const lg_event *event)
{
    const lg_command *c = &audit->command;
    const char *key = lg_arena_printf(audit->arena, "%lld", (long long)entry->seq);
    if (entry->seq <= 1)
        return; /* nobody was registered yet */
    if (!lg_uuid_equal(event->by, c->signers[0].id.uuid))
        lg_audit_find(audit, "entries", key, "`by` is not who signed the command");
    lg_uuid second = c->signer_count > 1 ? c->signers[1].id.uuid : (lg_uuid){{0}};
    if (!lg_uuid_equal(event->countersigned_by, second))
        lg_audit_find(audit, "entries", key, "`countersigned_by` is not who signed second");
    if (event->custody != c->signers[0].custody)
        lg_audit_find(audit, "entries", key, "`custody` does not match the key that signed");
}

static lg_err check_once(lg_audit *audit)
{
    lg_command_row earlier;
    lg_err err = lg_command_by_jti(audit->rebuilt, audit->command_row.signer, audit->command_row.jti,
                                   audit->command_arena, &earlier);
    if (err == LG_OK)
        lg_audit_find(audit, "commands", key_of(audit), "its jti was used by the command of entry %lld",
                      (long long)earlier.first_seq);
    else if (err != LG_NOT_FOUND)
        return err;
    /* The index by which a repeated command is known must lead to this row. */
    lg_command_row indexed;
    lg_err index_err = lg_command_by_jti(audit->actual, audit->command_row.signer, audit->command_row.jti,
                                         audit->command_arena, &indexed);
    if (index_err == LG_NOT_FOUND || (!index_err && indexed.first_seq != audit->command_row.first_seq))
        lg_audit_find(audit, "commands", key_of(audit), "jti_key does not belong to its jti");
    else if (index_err)
        return index_err;
    /* Remembered without its bytes, which may be megabytes. */
    lg_command_row row = audit->command_row;
    row.jws = lg_bytes_str("{}");
    row.answer = "";
    return err == LG_OK ? LG_OK : lg_command_insert(audit->rebuilt, &row);
}

static lg_err load_command(lg_audit *audit, const lg_entry *entry, bool *found)
{
    lg_report report;
    lg_command_row *row = &audit->command_row;
    *found = false;
    audit->has_command = false;
    lg_arena_reset(audit->command_arena);
    lg_report_init(&report, audit->command_arena);
    audit->command = (lg_command){0};
    lg_err err = lg_command_by_seq(audit->actual, entry->seq, audit->command_arena, row);
    if (err == LG_NOT_FOUND || (!err && row->first_seq != entry->seq)) {
        lg_audit_find(audit, "commands", lg_arena_printf(audit->arena, "%lld", (long long)entry->seq),
                      "no command begins at this entry, and none before reaches it");
        return LG_OK;
    }
    if (err)
        return err;
    audit->summary->commands++;
    if (row->entry_count > audit->size - entry->seq) {
        lg_audit_find(audit, "commands", key_of(audit), "it claims %lld entries, the ledger ends before",
                      (long long)row->entry_count);
        return LG_OK;
    }
    audit->command.jws = row->jws;
    audit->command.req = lg_sha256(row->jws);
    if (lg_jws_parse(audit->command_arena, row->jws, &audit->jws, &report) != LG_OK) {
        lg_audit_find(audit, "commands", key_of(audit), "the bytes are not a signed command: %s",
                      report.detail);
        return LG_OK;
    }
    audit->command.payload = audit->jws.payload;
    audit->command.jti = audit->jws.signatures[0].jti;
    audit->command.url = audit->jws.signatures[0].url;
    audit->command.signer_count = audit->jws.signature_count;
    audit->command.token = (lg_token_id){audit->jws.signatures[0].token};
    const char *cty = audit->jws.signatures[0].cty;
    audit->by_row = cty && strcmp(cty, "text/csv") == 0;
    audit->results = lg_arena_array(audit->command_arena, audit->by_row ? (size_t)row->entry_count : 1,
                                    sizeof *audit->results);
    audit->result_count = 0;
    audit->projected = 0;
    audit->command_at = entry->at;
    audit->has_command = true;
    *found = true;
    return LG_OK;
}

static lg_err begin_command(lg_audit *audit, const lg_entry *entry)
{
    lg_report report;
    bool found;
    lg_err err = load_command(audit, entry, &found);
    if (err || !found)
        return err;
    lg_report_init(&report, audit->command_arena);
    if (lg_jws_check(&audit->jws, audit->config->origin, audit->command_row.url, &report) != LG_OK)
        lg_audit_find(audit, "commands", key_of(audit), "%s", report.detail);
    if (strcmp(audit->command.jti, audit->command_row.jti) != 0)
        lg_audit_find(audit, "commands", key_of(audit), "the jti beside the command is not the one signed");
    for (size_t i = 0; i < audit->jws.signature_count; i++)
        check_signature(audit, entry, i, &audit->command.signers[i]);
    if (entry->seq > 1 && audit->command.signers[0].no.v != audit->command_row.signer.v)
        lg_audit_find(audit, "commands", key_of(audit), "the signer beside the command is not who signed");
    return check_once(audit);
}

/* Genesis is signed by the key that entry 1, the operator's registration, makes known. */
static lg_err load_operator_key(lg_audit *audit)
{
    lg_entry_row row;
    lg_err err = lg_entry_get(audit->actual, 1, audit->arena, &row);
    if (err)
        return err == LG_NOT_FOUND ? LG_OK : err; /* then no signature will be found good */
    for (const char *at = row.disclosures; *at;) {
        size_t len = strcspn(at, "~");
        lg_fact fact;
        lg_bytes raw;
        if (lg_disclosure_parse(audit->arena, lg_bytes_of(at, len), &fact, NULL) == LG_OK &&
            strcmp(fact.name, "public_key") == 0 && strlen(fact.value) > 2 &&
            lg_base64url_decode(audit->arena, lg_bytes_of(fact.value + 1, strlen(fact.value) - 2), &raw) &&
            raw.len == sizeof audit->operator_key.b)
            memcpy(audit->operator_key.b, raw.data, raw.len);
        at += len + (at[len] == '~');
    }
    return LG_OK;
}

lg_err lg_audit_command_begin(lg_audit *audit, const lg_entry *entry)
{
    bool goes_on =
        audit->has_command && entry->seq < audit->command_row.first_seq + audit->command_row.entry_count;
    lg_err err = entry->seq == 0 ? load_operator_key(audit) : LG_OK;
    return err || goes_on ? err : begin_command(audit, entry);
}

void lg_audit_command_check(lg_audit *audit, const lg_entry *entry, const lg_event *event)
{
    const char *key = lg_arena_printf(audit->arena, "%lld", (long long)entry->seq);
    if (!audit->has_command)
        return;
    if (!lg_hash_equal(&entry->req, &audit->command.req))
        lg_audit_find(audit, "commands", key, "the command's bytes do not hash to the entry's req");
    if (entry->at != audit->command_at)
        lg_audit_find(audit, "entries", key, "at is not the time of the command's first entry");
    check_signers(audit, entry, event);
    if (!audit->config->opinion || entry->seq <= 2)
        return;
    const lg_audit_place place = {
        .seq = entry->seq,
        .at = entry->at,
        .row = entry->seq - audit->command_row.first_seq,
        .row_count = audit->command_row.entry_count,
    };
    const char *complaint = audit->config->opinion(audit->config->ctx, audit->rebuilt, audit->arena,
                                                   &audit->command, &audit->jws, event, &place);
    if (complaint)
        lg_audit_find(audit, "entries", key, "%s", complaint);
}

lg_result *lg_audit_next_result(lg_audit *audit)
{
    if (!audit->has_command || audit->projected >= audit->command_row.entry_count)
        return lg_arena_alloc(audit->arena, sizeof(lg_result));
    audit->projected++;
    if (audit->by_row || audit->result_count == 0)
        return &audit->results[audit->result_count++];
    return &audit->results[0];
}

void lg_audit_command_projected(lg_audit *audit, const lg_entry *entry)
{
    const lg_command_row *row = &audit->command_row;
    if (!audit->has_command || !audit->config->answer || entry->seq + 1 < row->first_seq + row->entry_count ||
        entry->seq <= 2 || audit->projected != row->entry_count)
        return;
    const char *complaint = audit->config->answer(audit->rebuilt, audit->command_arena, &audit->command,
                                                  &audit->jws, row, audit->results, audit->result_count);
    if (complaint)
        lg_audit_find(audit, "commands", key_of(audit), "%s", complaint);
}
