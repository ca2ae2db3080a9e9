/* The commands behind the entries: exact bytes, signatures by keys that were valid then, jti used once, and
 * an event that says what the command asked. */
#include "ledger/audit/internal.h"

#include "ledger/crypto/encoding.h"

#include <string.h>

/* Far above what any command causes: until it ends, all that was read of its entries is held. */
enum { COMMAND_ENTRIES_MAX = 16384 };

static int64_t seq_of(const lg_audit *audit)
{
    return audit->read->row.first_seq;
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

/* It was verified ahead, as a rule with the very key. */
static bool verifies(const lg_audit *audit, size_t index, const lg_public_key *key)
{
    const lg_jws_signature *signature = &audit->read->jws.signatures[index];
    const lg_public_key *with = &audit->read->signatures[index].key;
    if (audit->read->signatures[index].tried && memcmp(with->b, key->b, sizeof key->b) == 0)
        return audit->read->signatures[index].good;
    return lg_verify(key, signature->signing_input, &signature->signature);
}

static void check_signature(lg_audit *audit, const lg_entry *entry, size_t index, lg_signer *signer)
{
    const lg_jws_signature *signature = &audit->read->jws.signatures[index];
    lg_key key;
    audit->summary->signatures++;
    if (!find_key(audit, entry, signature, &key)) {
        lg_audit_find_at(audit, "commands", seq_of(audit), "the signing key %s was not registered then",
                         signature->kid);
        return;
    }
    if (!verifies(audit, index, &key.public_key))
        lg_audit_find_at(audit, "commands", seq_of(audit), "the signature of key %s does not verify",
                         signature->kid);
    if (key.revoked_at || key.valid_from > entry->at || (key.valid_until && key.valid_until <= entry->at))
        lg_audit_find_at(audit, "commands", seq_of(audit), "the key %s was not valid at %s", signature->kid,
                         lg_time_format(entry->at).s);
    if (key.custody == lg_uuid_is_nil(signature->token))
        lg_audit_find_at(audit, "commands", seq_of(audit),
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
        lg_audit_find_at(audit, "commands", seq_of(audit), "the signer %s was suspended then", owner.name);
}

/* Operators' facts must name the one whose signature is on the command. */
static void check_signers(lg_audit *audit, const lg_entry *entry, const lg_event *event)
{
    const lg_command *c = &audit->command;
    if (entry->seq <= 1)
        return; /* nobody was registered yet */
    if (!lg_uuid_equal(event->by, c->signers[0].id.uuid))
        lg_audit_find_at(audit, "entries", entry->seq, "`by` is not who signed the command");
    lg_uuid second = c->signer_count > 1 ? c->signers[1].id.uuid : (lg_uuid){{0}};
    if (!lg_uuid_equal(event->countersigned_by, second))
        lg_audit_find_at(audit, "entries", entry->seq, "`countersigned_by` is not who signed second");
    if (event->custody != c->signers[0].custody)
        lg_audit_find_at(audit, "entries", entry->seq, "`custody` does not match the key that signed");
}

/* A command's jti leads to it by the index, so that of two commands with one, the later one's does not. */
static lg_err check_once(lg_audit *audit)
{
    const lg_ahead_command *read = audit->read;
    if (read->indexed >= 0 && read->indexed < read->row.first_seq)
        lg_audit_find_at(audit, "commands", seq_of(audit), "its jti was used by the command of entry %lld",
                         (long long)read->indexed);
    /* The index by which a repeated command is known must lead to this row. */
    if (read->indexed != read->row.first_seq)
        lg_audit_find_at(audit, "commands", seq_of(audit), "jti_key does not belong to its jti");
    return lg_command_note(audit->rebuilt, read->row.first_seq, read->row.entry_count, read->row.signer);
}

/* The events of its entries, as far as they follow in the chunk at hand and bear its time. */
static void look_ahead(lg_audit *audit, const lg_ahead_entry *first)
{
    lg_audit_case *audited = &audit->audited;
    const lg_ahead_chunk *chunk = audit->chunk;
    const lg_ahead_entry *end = chunk->entries + chunk->count;
    int64_t count = audited->row_count < end - first ? audited->row_count : end - first;
    audited->events = lg_arena_array(audit->command_arena, (size_t)count + 1, sizeof *audited->events);
    for (const lg_ahead_entry *entry = first; entry < first + count; entry++) {
        if (entry->seq != audited->seq + (int64_t)audited->event_count || !entry->event ||
            entry->entry.at != audited->at)
            break;
        audited->events[audited->event_count++] = entry->event;
    }
}

static void open_case(lg_audit *audit, const lg_ahead_entry *entry)
{
    const lg_ahead_command *read = audit->read;
    const lg_jws_signature *first = &read->jws.signatures[0];
    audit->command = (lg_command){
        .jws = read->row.jws,
        .req = read->req,
        .payload = read->jws.payload,
        .jti = first->jti,
        .url = first->url,
        .signer_count = read->jws.signature_count,
        .token = {first->token},
    };
    audit->by_row = first->cty && strcmp(first->cty, "text/csv") == 0;
    audit->results = lg_arena_array(audit->command_arena, audit->by_row ? (size_t)read->row.entry_count : 1,
                                    sizeof *audit->results);
    audit->result_count = 0;
    audit->projected = 0;
    audit->audited = (lg_audit_case){
        .db = audit->rebuilt,
        .arena = audit->command_arena,
        .command = &audit->command,
        .jws = &read->jws,
        .prepared = read->prepared,
        .seq = entry->seq,
        .at = entry->entry.at,
        .row_count = read->row.entry_count,
        .result = audit->results,
    };
    look_ahead(audit, entry);
}

/* Of the chunks that were held for the command before, nothing is needed any more. */
static void let_go(lg_audit *audit)
{
    audit->read = NULL;
    lg_arena_reset(audit->command_arena);
    lg_ahead_give_back(audit->held);
    audit->held = NULL;
}

/* The command that begins here; audit->read stays NULL if there is none that can be read. */
static void take_command(lg_audit *audit, const lg_ahead_entry *entry)
{
    const lg_ahead_command *read = entry->command;
    audit->command = (lg_command){0};
    if (!read) {
        lg_audit_find_at(audit, "commands", entry->seq,
                         "no command begins at this entry, and none before reaches it");
        return;
    }
    audit->summary->commands++;
    if (read->row.entry_count > audit->size - entry->seq) {
        lg_audit_find_at(audit, "commands", entry->seq, "it claims %lld entries, the ledger ends before",
                         (long long)read->row.entry_count);
        return;
    }
    if (read->row.entry_count < 1 || read->row.entry_count > COMMAND_ENTRIES_MAX) {
        lg_audit_find_at(audit, "commands", entry->seq, "it claims %lld entries, which no command causes",
                         (long long)read->row.entry_count);
        return;
    }
    if (read->malformed) {
        lg_audit_find_at(audit, "commands", entry->seq, "the bytes are not a signed command: %s",
                         read->malformed);
        return;
    }
    audit->read = read;
    open_case(audit, entry);
}

static lg_err begin_command(lg_audit *audit, lg_ahead_entry *entry)
{
    let_go(audit);
    lg_err err = lg_ahead_read_late(audit->chunk, audit->actual, audit->command_arena, entry);
    if (err)
        return err;
    take_command(audit, entry);
    const lg_ahead_command *read = audit->read;
    if (!read)
        return LG_OK;
    if (read->unfit)
        lg_audit_find_at(audit, "commands", seq_of(audit), "%s", read->unfit);
    if (strcmp(audit->command.jti, read->row.jti) != 0)
        lg_audit_find_at(audit, "commands", seq_of(audit),
                         "the jti beside the command is not the one signed");
    for (size_t i = 0; i < read->jws.signature_count; i++)
        check_signature(audit, &entry->entry, i, &audit->command.signers[i]);
    if (entry->seq > 1 && audit->command.signers[0].no.v != read->row.signer.v)
        lg_audit_find_at(audit, "commands", seq_of(audit), "the signer beside the command is not who signed");
    return check_once(audit);
}

/* Genesis is signed by the key that entry 1, the operator's registration, makes known. */
static lg_err load_operator_key(lg_audit *audit)
{
    lg_entry_row *row;
    size_t count;
    lg_err err = lg_entry_range(audit->actual, 1, 1, audit->arena, &row, &count);
    if (err || count == 0 || row->seq != 1)
        return err; /* then no signature will be found good */
    for (const char *at = row->disclosures; *at;) {
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

lg_err lg_audit_command_begin(lg_audit *audit, lg_ahead_entry *entry)
{
    bool goes_on = audit->read && entry->seq < audit->read->row.first_seq + audit->read->row.entry_count;
    lg_err err = entry->seq == 0 ? load_operator_key(audit) : LG_OK;
    return err || goes_on ? err : begin_command(audit, entry);
}

void lg_audit_command_check(lg_audit *audit, const lg_ahead_entry *entry)
{
    lg_audit_case *audited = &audit->audited;
    if (!audit->read)
        return;
    if (!lg_hash_equal(&entry->entry.req, &audit->command.req))
        lg_audit_find_at(audit, "commands", entry->seq, "the command's bytes do not hash to the entry's req");
    if (entry->entry.at != audited->at)
        lg_audit_find_at(audit, "entries", entry->seq, "at is not the time of the command's first entry");
    check_signers(audit, &entry->entry, entry->event);
    if (!audit->config->opinion || entry->seq <= 2)
        return;
    const char *complaint =
        audit->config->opinion(audit->config->ctx, audited, entry->event, entry->seq - audited->seq);
    if (complaint)
        lg_audit_find_at(audit, "entries", entry->seq, "%s", complaint);
}

lg_result *lg_audit_next_result(lg_audit *audit)
{
    if (!audit->read || audit->projected >= audit->audited.row_count)
        return lg_arena_alloc(audit->arena, sizeof(lg_result));
    audit->projected++;
    if (audit->by_row || audit->result_count == 0)
        return &audit->results[audit->result_count++];
    return &audit->results[0];
}

void lg_audit_command_projected(lg_audit *audit, const lg_entry *entry)
{
    const lg_audit_case *audited = &audit->audited;
    if (!audit->read || !audit->config->answer || entry->seq + 1 < audited->seq + audited->row_count ||
        entry->seq <= 2 || audit->projected != audited->row_count)
        return;
    const char *complaint = audit->config->answer(audit->config->ctx, audited, &audit->read->row,
                                                  audit->results, audit->result_count);
    if (complaint)
        lg_audit_find_at(audit, "commands", seq_of(audit), "%s", complaint);
}
