#include "ledger/registry/event.h"

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/crypto/encoding.h"

#include <string.h>

typedef enum { UUID, TEXT, INTEGER, BOOLEAN, DAY, TIME, CURRENCY, HASH, PUBLIC_KEY, JSON } field_kind;

typedef struct field {
    const char *name; /* NULL ends a table */
    field_kind kind;
    bool optional; /* left out when nil, NULL, false, zero (times) or LG_ABSENT (integers) */
    size_t offset;
} field;

#define MUST(kind, member, name)                                                                             \
    {                                                                                                        \
        name, kind, false, offsetof(lg_event, member)                                                        \
    }
#define MAY(kind, member, name)                                                                              \
    {                                                                                                        \
        name, kind, true, offsetof(lg_event, member)                                                         \
    }
#define SIGNERS                                                                                              \
    MUST(UUID, by, "by"), MAY(UUID, countersigned_by, "countersigned_by"), MAY(BOOLEAN, custody, "custody")

static const field genesis[] = {{0}};

static const field participant_registered[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(TEXT, name, "name"),
    MAY(TEXT, country, "country"),
    MAY(TEXT, group, "group"),
    MUST(JSON, roles, "roles"),
    MUST(JSON, identifiers, "identifiers"),
    MUST(PUBLIC_KEY, public_key, "public_key"),
    MAY(BOOLEAN, key_in_custody, "key_in_custody"),
    MUST(TIME, valid_from, "valid_from"),
    {0},
};

static const field status_changed[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(BOOLEAN, suspended, "suspended"),
    MAY(TEXT, reason, "reason"),
    {0},
};

static const field stop_changed[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(BOOLEAN, stopped, "stopped"),
    MAY(TEXT, reason, "reason"),
    {0},
};

static const field credit_line_set[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(CURRENCY, currency, "currency"),
    MAY(INTEGER, limit_minor, "limit_minor"),
    {0},
};

static const field key_added[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(PUBLIC_KEY, public_key, "public_key"),
    MAY(BOOLEAN, key_in_custody, "key_in_custody"),
    MUST(TIME, valid_from, "valid_from"),
    MAY(TIME, valid_until, "valid_until"),
    {0},
};

static const field key_revoked[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(TEXT, kid, "kid"),
    MAY(TEXT, reason, "reason"),
    {0},
};

static const field token_issued[] = {
    SIGNERS,
    MUST(UUID, token_id, "token_id"),
    MUST(UUID, participant_id, "participant_id"),
    MUST(JSON, scopes, "scopes"),
    MAY(TEXT, label, "label"),
    MUST(TIME, expires_at, "expires_at"),
    {0},
};

static const field token_revoked[] = {
    SIGNERS,
    MUST(UUID, token_id, "token_id"),
    MUST(UUID, participant_id, "participant_id"),
    {0},
};

static const field policy_set[] = {
    SIGNERS,
    MUST(INTEGER, policy_version, "policy_version"),
    MUST(JSON, policy, "policy"),
    {0},
};

#define RECEIVABLE_FIELDS                                                                                    \
    MUST(UUID, receivable_id, "receivable_id"), MUST(TEXT, submitted_by, "submitted_by"),                    \
        MUST(UUID, submitter_id, "submitter_id"), MAY(UUID, creditor_id, "creditor_id"),                     \
        MAY(UUID, debtor_id, "debtor_id"), MUST(TEXT, format, "format"),                                     \
        MUST(TEXT, invoice_number, "invoice_number"), MUST(DAY, issue_day, "issue_date"),                    \
        MUST(DAY, due_day, "due_date"), MUST(CURRENCY, currency, "currency"),                                \
        MUST(INTEGER, gross_minor, "gross_minor"), MUST(INTEGER, amount_minor, "amount_minor"),              \
        MAY(TEXT, part, "part"), MAY(TEXT, order_reference, "order_reference"),                              \
        MAY(TEXT, contract_reference, "contract_reference"), MAY(TEXT, payee, "payee"),                      \
        MUST(HASH, document_sha256, "document_sha256"), MAY(JSON, documents, "documents"),                   \
        MUST(TIME, confirm_by, "confirm_by"), MUST(INTEGER, policy_version, "policy_version"),               \
        MUST(TEXT, review_outcome, "review_outcome"), MUST(JSON, checks, "checks")

static const field receivable_submitted[] = {SIGNERS, RECEIVABLE_FIELDS, MAY(TEXT, note, "note"), {0}};

/* A claim on a receivable that is on the ledger already ... */
static const field claim_accepted[] = {
    SIGNERS,
    MUST(UUID, receivable_id, "receivable_id"),
    MUST(UUID, claim_id, "claim_id"),
    MUST(TEXT, origin, "origin"),
    MUST(INTEGER, face_minor, "face_minor"),
    MAY(TEXT, note, "note"),
    {0},
};

/* ... and one whose receivable comes with it, because both sides signed the submission. */
static const field claim_accepted_at_once[] = {
    SIGNERS,
    RECEIVABLE_FIELDS,
    MUST(UUID, claim_id, "claim_id"),
    MUST(TEXT, origin, "origin"),
    MUST(INTEGER, face_minor, "face_minor"),
    MAY(TEXT, note, "note"),
    {0},
};

static const field review_approved[] = {
    SIGNERS,
    MUST(UUID, receivable_id, "receivable_id"),
    MUST(TIME, confirm_by, "confirm_by"),
    MUST(INTEGER, policy_version, "policy_version"),
    MAY(TEXT, note, "note"),
    {0},
};

static const field receivable_ended[] = {
    SIGNERS, MUST(UUID, receivable_id, "receivable_id"), MAY(TEXT, reason, "reason"), MAY(TEXT, note, "note"),
    {0},
};

/* `at_once` matters to claim.accepted only. */
static const field *fields_of(lg_event_type type, bool at_once)
{
    switch (type) {
    case LG_EV_GENESIS:
        return genesis;
    case LG_EV_PARTICIPANT_REGISTERED:
        return participant_registered;
    case LG_EV_PARTICIPANT_STATUS_CHANGED:
        return status_changed;
    case LG_EV_PARTICIPANT_STOP_CHANGED:
        return stop_changed;
    case LG_EV_CREDIT_LINE_SET:
        return credit_line_set;
    case LG_EV_KEY_ADDED:
        return key_added;
    case LG_EV_KEY_REVOKED:
        return key_revoked;
    case LG_EV_TOKEN_ISSUED:
        return token_issued;
    case LG_EV_TOKEN_REVOKED:
        return token_revoked;
    case LG_EV_POLICY_SET:
        return policy_set;
    case LG_EV_RECEIVABLE_REGISTERED:
    case LG_EV_RECEIVABLE_HELD:
    case LG_EV_RECEIVABLE_REJECTED:
        return receivable_submitted;
    case LG_EV_REVIEW_APPROVED:
        return review_approved;
    case LG_EV_CLAIM_ACCEPTED:
        return at_once ? claim_accepted_at_once : claim_accepted;
    case LG_EV_REVIEW_REJECTED:
    case LG_EV_RECEIVABLE_DECLINED:
    case LG_EV_RECEIVABLE_WITHDRAWN:
    case LG_EV_RECEIVABLE_EXPIRED:
        return receivable_ended;
    case LG_EV_COUNT:
        break;
    }
    lg_die("event type %d", (int)type);
}

const char *lg_event_name(lg_event_type type)
{
    static const char *const names[] = {
#define NAME(enumerator, name) [enumerator] = name,
        LG_EVENTS(NAME)
#undef NAME
    };
    return names[type];
}

static bool is_absent(const field *f, const void *at)
{
    switch (f->kind) {
    case UUID:
        return lg_uuid_is_nil(*(const lg_uuid *)at);
    case TEXT:
    case JSON:
        return *(const char *const *)at == NULL;
    case INTEGER:
        return *(const int64_t *)at == LG_ABSENT;
    case BOOLEAN:
        return !*(const bool *)at;
    case TIME:
        return *(const lg_time *)at == 0;
    case DAY:
    case CURRENCY:
    case HASH:
    case PUBLIC_KEY:
        break;
    }
    return false;
}

static char *quoted(lg_arena *arena, const char *text)
{
    return lg_arena_printf(arena, "\"%s\"", text); /* for texts that need no escaping */
}

static char *json_text(lg_arena *arena, const char *text)
{
    lg_buf buf = {0};
    lg_json_str(&buf, text);
    char *copy = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return copy;
}

static char *value_of(lg_arena *arena, const field *f, const void *at)
{
    switch (f->kind) {
    case UUID:
        return quoted(arena, lg_uuid_format(*(const lg_uuid *)at).s);
    case TEXT:
        return json_text(arena, *(const char *const *)at);
    case JSON:
        return lg_arena_strdup(arena, *(const char *const *)at);
    case INTEGER:
        return lg_arena_printf(arena, "%lld", (long long)*(const int64_t *)at);
    case BOOLEAN:
        return lg_arena_strdup(arena, *(const bool *)at ? "true" : "false");
    case DAY:
        return quoted(arena, lg_day_format(*(const lg_day *)at).s);
    case TIME:
        return quoted(arena, lg_time_format(*(const lg_time *)at).s);
    case CURRENCY:
        return quoted(arena, ((const lg_currency *)at)->code);
    case HASH:
        return quoted(arena, lg_hex_encode(arena, lg_bytes_of(at, LG_HASH_LEN)));
    case PUBLIC_KEY:
        return quoted(arena, lg_base64url_encode(arena, lg_bytes_of(at, LG_PUBLIC_KEY_LEN)));
    }
    lg_die("field kind %d", (int)f->kind);
}

void lg_event_encode(lg_arena *arena, const lg_event *event, lg_fact *facts, size_t *fact_count)
{
    size_t count = 0;
    for (const field *f = fields_of(event->type, event->invoice_number != NULL); f->name; f++) {
        const void *at = (const char *)event + f->offset;
        if (f->optional && is_absent(f, at))
            continue;
        facts[count++] = (lg_fact){.name = f->name, .value = value_of(arena, f, at)};
    }
    *fact_count = count;
}

/* ---- reading back ---- */

static bool read_text_value(lg_arena *arena, const field *f, const json_t *value, void *at)
{
    if (!json_is_string(value))
        return false;
    const char *text = json_string_value(value);
    lg_bytes raw;
    switch (f->kind) {
    case UUID:
        return lg_uuid_parse(text, at);
    case TEXT:
        *(const char **)at = lg_arena_strdup(arena, text);
        return true;
    case DAY:
        return lg_day_parse(text, at);
    case TIME:
        return lg_time_parse(text, at);
    case CURRENCY:
        return lg_currency_parse(text, at);
    case HASH:
        return lg_hex_decode(lg_bytes_str(text), at, LG_HASH_LEN);
    case PUBLIC_KEY:
        if (!lg_base64url_decode(arena, lg_bytes_str(text), &raw) || raw.len != LG_PUBLIC_KEY_LEN)
            return false;
        memcpy(at, raw.data, raw.len);
        return true;
    case INTEGER:
    case BOOLEAN:
    case JSON:
        break;
    }
    return false;
}

static bool read_value(lg_arena *arena, const field *f, const char *text, void *at)
{
    bool ok = false;
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (f->kind == JSON) {
        ok = value != NULL;
        *(const char **)at = text;
    } else if (f->kind == INTEGER) {
        ok = json_is_integer(value);
        *(int64_t *)at = json_integer_value(value);
    } else if (f->kind == BOOLEAN) {
        ok = json_is_boolean(value);
        *(bool *)at = json_is_true(value);
    } else {
        ok = read_text_value(arena, f, value, at);
    }
    json_decref(value);
    return ok;
}

static const lg_fact *find_fact(const lg_fact *facts, size_t fact_count, const char *name)
{
    for (size_t i = 0; i < fact_count; i++)
        if (strcmp(facts[i].name, name) == 0)
            return &facts[i];
    return NULL;
}

static bool find_type(const char *name, lg_event_type *out)
{
    for (int i = 0; i < LG_EV_COUNT; i++) {
        if (strcmp(lg_event_name((lg_event_type)i), name) == 0) {
            *out = (lg_event_type)i;
            return true;
        }
    }
    return false;
}

lg_err lg_event_decode(lg_arena *arena, const char *type_name, const lg_fact *facts, size_t fact_count,
                       lg_event *out, lg_report *report)
{
    size_t used = 0;
    *out = (lg_event){.limit_minor = LG_ABSENT};
    if (!find_type(type_name, &out->type))
        return lg_fail(report, LG_CORRUPT, "The entry's type %s is unknown.", type_name);
    bool at_once = find_fact(facts, fact_count, "invoice_number") != NULL;
    for (const field *f = fields_of(out->type, at_once); f->name; f++) {
        const lg_fact *fact = find_fact(facts, fact_count, f->name);
        if (!fact && f->optional)
            continue;
        if (!fact)
            return lg_fail(report, LG_CORRUPT, "The fact %s is missing (erased, or never there).", f->name);
        if (!read_value(arena, f, fact->value, (char *)out + f->offset))
            return lg_fail(report, LG_CORRUPT, "The fact %s cannot be read.", f->name);
        used++;
    }
    return used == fact_count ? LG_OK
                              : lg_fail(report, LG_CORRUPT, "The entry has facts its type does not know.");
}
