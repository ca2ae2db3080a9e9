/* The payloads of commands, from JSON into lg_command. jansson's objects stop here. (Submissions are the
 * gateway's to read.) */
#include "ledger/registry/internal.h"

#include "ledger/base/buf.h"
#include "ledger/crypto/encoding.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LG_URL_MAX = 2000, LG_EVENT_NAMES_MAX = 100, RATING_MAX = 16 };

static const char *member(const lg_decoder *d, const char *name)
{
    return lg_decode_pointer(d, name);
}

static void decode_bits(lg_decoder *d, const char *name, bool (*parse)(const char *, unsigned *),
                        unsigned *out)
{
    const json_t *list = lg_decode_value(d, name, true), *item;
    size_t i;
    if (!list)
        return;
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > 32) {
        lg_fault_add(d->report, "not_a_list", member(d, name), "%s must be a list of at least one name.",
                     name);
        return;
    }
    json_array_foreach(list, i, item)
    {
        unsigned bit;
        const char *pointer = lg_arena_printf(d->report->arena, "%s/%zu", member(d, name), i);
        if (!json_is_string(item) || !parse(json_string_value(item), &bit))
            lg_fault_add(d->report, "unknown_value", pointer, "%s[%zu] is not a name known here.", name, i);
        else if (*out >> bit & 1u)
            lg_fault_add(d->report, "duplicate", pointer, "%s[%zu] is in the list already.", name, i);
        else
            *out |= 1u << bit;
    }
}

static bool role_bit(const char *text, unsigned *bit)
{
    lg_role role = LG_ROLE_COUNT;
    bool ok = lg_role_parse(text, &role);
    *bit = (unsigned)role;
    return ok;
}

static bool scope_bit(const char *text, unsigned *bit)
{
    lg_scope scope = LG_SCOPE_COUNT;
    bool ok = lg_scope_parse(text, &scope);
    *bit = (unsigned)scope;
    return ok;
}

static void decode_public_key(lg_decoder *d, bool required, lg_public_key *out)
{
    lg_bytes raw;
    const char *text = lg_decode_str(d, "public_key", required, 64);
    if (!text)
        return;
    if (!lg_base64url_decode(d->report->arena, lg_bytes_str(text), &raw) || raw.len != LG_PUBLIC_KEY_LEN) {
        lg_fault_add(d->report, "malformed_key", member(d, "public_key"),
                     "public_key must be 32 bytes in base64url without padding.");
        return;
    }
    memcpy(out->b, raw.data, raw.len);
    if (!lg_public_key_is_valid(out))
        lg_fault_add(d->report, "weak_key", member(d, "public_key"),
                     "public_key is not a usable Ed25519 public key.");
}

/* A participant brings its key, or asks the registry to keep one for it. */
static void decode_key_or_custody(lg_decoder *d, lg_command *c)
{
    lg_decode_bool(d, "custody", false, &c->custody);
    if (c->custody && d->object && json_object_get(d->object, "public_key"))
        lg_fault_add(d->report, "contradiction", member(d, "public_key"),
                     "Give public_key, or custody, not both.");
    decode_public_key(d, !c->custody, &c->public_key);
}

void lg_decode_time(lg_decoder *d, const char *name, bool required, lg_time *out)
{
    const char *text = lg_decode_str(d, name, required, 40);
    if (text && !lg_time_parse(text, out))
        lg_fault_add(d->report, "malformed_time", member(d, name),
                     "%s must be an RFC 3339 time in UTC such as 2026-11-22T01:02:03Z.", name);
    else if (text && *out <= 0) /* 0 means "not given" from here on */
        lg_fault_add(d->report, "out_of_range", member(d, name), "%s must be after 1970-01-01.", name);
}

bool lg_decode_uuid(lg_decoder *d, const char *name, bool required, lg_uuid *out)
{
    const char *text = lg_decode_str(d, name, required, 64);
    bool ok = text && lg_uuid_parse(text, out);
    if (text && !ok)
        lg_fault_add(d->report, "malformed_id", member(d, name), "%s must be a UUID.", name);
    return ok;
}

bool lg_decode_currency(lg_decoder *d, const char *name, bool required, lg_currency *out)
{
    const char *text = lg_decode_str(d, name, required, 8);
    bool ok = text && lg_currency_parse(text, out);
    if (text && !ok)
        lg_fault_add(d->report, "unknown_currency", member(d, name), "%s must be an ISO 4217 code.", name);
    return ok;
}

static void decode_country(lg_decoder *d, const char **out)
{
    *out = lg_decode_str(d, "country", false, 2);
    if (*out &&
        !(strlen(*out) == 2 && isupper((unsigned char)(*out)[0]) && isupper((unsigned char)(*out)[1])))
        lg_fault_add(d->report, "malformed_country", member(d, "country"),
                     "country must be two capital letters (ISO 3166-1).");
}

static void judge_identifier(lg_decoder *d, const char *scheme, const char *value, lg_identifier *identifier)
{
    switch (lg_identifier_check(*identifier)) {
    case LG_IDENTIFIER_OK:
        break;
    case LG_IDENTIFIER_BAD_FORM:
        lg_fault_add(d->report, "malformed_identifier", member(d, scheme), "%s %s has not the form of one.",
                     scheme, value);
        break;
    case LG_IDENTIFIER_BAD_CHECK:
        /* Real GLNs fail their check digit often; everything else must be right. */
        if (identifier->scheme != LG_SCHEME_GLN)
            lg_fault_add(d->report, "wrong_check_digit", member(d, scheme), "%s %s has a wrong check digit.",
                         scheme, value);
        break;
    }
}

static void decode_identifiers(lg_decoder *parent, lg_command *command)
{
    const json_t *object = lg_decode_value(parent, "identifiers", false);
    if (!object)
        return;
    lg_decoder d = lg_decode_object(object, member(parent, "identifiers"), parent->report);
    for (int scheme = 0; scheme < LG_SCHEME_COUNT; scheme++) {
        const char *name = lg_scheme_name((lg_scheme)scheme);
        const char *value = lg_decode_str(&d, name, false, LG_IDENTIFIER_MAX);
        if (!value)
            continue;
        lg_identifier identifier = lg_identifier_normalise(d.report->arena, (lg_scheme)scheme, value);
        judge_identifier(&d, name, value, &identifier);
        bool again = false;
        for (size_t i = 0; i < command->identifier_count; i++)
            again = again || (command->identifiers[i].scheme == identifier.scheme &&
                              strcmp(command->identifiers[i].value, identifier.value) == 0);
        if (!again)
            command->identifiers[command->identifier_count++] = identifier;
    }
    lg_decode_finish(&d);
}

static void decode_register(lg_decoder *d, lg_command *c)
{
    c->name = lg_decode_str(d, "name", true, LG_NAME_MAX);
    decode_country(d, &c->country);
    c->group = lg_decode_str(d, "group", false, LG_NAME_MAX);
    decode_bits(d, "roles", role_bit, &c->roles);
    decode_identifiers(d, c);
    decode_key_or_custody(d, c);
    bool trades = lg_has_role(c->roles, LG_ROLE_SUPPLIER) || lg_has_role(c->roles, LG_ROLE_CORE_ENTERPRISE);
    if (trades && c->identifier_count == 0)
        lg_fault_add(d->report, "required", member(d, "identifiers"),
                     "A supplier or core_enterprise needs at least one identifier.");
}

static void decode_key(lg_decoder *d, lg_command *c)
{
    decode_key_or_custody(d, c);
    lg_decode_time(d, "valid_from", false, &c->valid_from);
    lg_decode_time(d, "valid_until", false, &c->valid_until);
}

static int by_code(const void *a, const void *b)
{
    const lg_token_limit *x = a, *y = b;
    return strcmp(x->currency.code, y->currency.code);
}

/* In the order of the currencies, however they came. */
static void decode_limits(lg_decoder *d, lg_command *c)
{
    const json_t *object = lg_decode_value(d, "amount_limits", false), *item;
    const char *code;
    if (!object)
        return;
    lg_decoder limits = lg_decode_object(object, member(d, "amount_limits"), d->report);
    c->limited = true;
    if (json_object_size(object) > LG_TOKEN_LIMITS_MAX)
        lg_fault_add(d->report, "too_many", member(d, "amount_limits"),
                     "amount_limits must have at most %d currencies.", LG_TOKEN_LIMITS_MAX);
    if (!limits.object || json_object_size(object) > LG_TOKEN_LIMITS_MAX)
        return;
    json_object_foreach((json_t *)(uintptr_t)object, code, item)
    {
        lg_token_limit *limit = &c->limits[c->limit_count];
        const char *text = lg_decode_str(&limits, code, true, 32);
        if (!lg_currency_parse(code, &limit->currency))
            lg_fault_add(d->report, "unknown_currency", lg_decode_pointer(&limits, code),
                         "amount_limits has a name that is no ISO 4217 code.");
        else if (text && lg_amount_parse(text, limit->currency, &limit->limit_minor) != LG_AMOUNT_OK)
            lg_fault_add(d->report, "malformed_amount", lg_decode_pointer(&limits, code),
                         "amount_limits/%s must be a decimal string with exactly %d decimals.", code,
                         lg_currency_scale(limit->currency));
        else if (text)
            c->limit_count++;
    }
    qsort(c->limits, c->limit_count, sizeof *c->limits, by_code);
}

static void decode_token(lg_decoder *d, lg_command *c)
{
    lg_decode_uuid(d, "participant", true, &c->participant.uuid);
    decode_bits(d, "scopes", scope_bit, &c->scopes);
    lg_decode_time(d, "expires_at", true, &c->expires_at);
    c->label = lg_decode_str(d, "label", false, LG_NAME_MAX);
    decode_limits(d, c);
    const char *hex = lg_decode_str(d, "token_sha256", true, 64);
    if (hex && !lg_hex_decode(lg_bytes_str(hex), c->token_sha256.b, LG_HASH_LEN))
        lg_fault_add(d->report, "malformed_hash", member(d, "token_sha256"),
                     "token_sha256 must be 64 lower-case hexadecimal digits.");
}

static void decode_four_eyes(lg_decoder *d, lg_command *c)
{
    bool currency = lg_decode_currency(d, "currency", true, &c->currency);
    c->limit_minor = LG_ABSENT;
    const char *above = lg_decode_str(d, "above", false, 32);
    if (!d->object || !json_object_get(d->object, "above"))
        lg_fault_add(d->report, "required", member(d, "above"),
                     "above is required: an amount, or null to let one token be enough.");
    if (above && currency && lg_amount_parse(above, c->currency, &c->limit_minor) != LG_AMOUNT_OK)
        lg_fault_add(d->report, "malformed_amount", member(d, "above"),
                     "above must be a decimal string with exactly %d decimals.",
                     lg_currency_scale(c->currency));
}

static void decode_credit_line(lg_decoder *d, lg_command *c)
{
    bool currency = lg_decode_currency(d, "currency", true, &c->currency);
    c->limit_minor = LG_ABSENT;
    const char *limit = lg_decode_str(d, "limit", false, 32);
    if (!d->object || (!json_object_get(d->object, "limit")))
        lg_fault_add(d->report, "required", member(d, "limit"),
                     "limit is required: an amount, or null to remove the credit line.");
    if (limit && currency && lg_amount_parse(limit, c->currency, &c->limit_minor) != LG_AMOUNT_OK)
        lg_fault_add(d->report, "malformed_amount", member(d, "limit"),
                     "limit must be a decimal string with exactly %d decimals.",
                     lg_currency_scale(c->currency));
}

static void decode_policy(lg_decoder *d, lg_command *c)
{
    lg_decode_int(d, "base_version", true, 0, INT32_MAX, &c->base_version);
    const json_t *policy = lg_decode_value(d, "policy", true);
    /* Its faults join the others in the report, and lg_command_decode makes the error of them all. */
    if (policy)
        (void)!lg_policy_decode(policy, member(d, "policy"), &c->policy, d->report);
}

const char *lg_decode_reason(lg_decoder *d)
{
    static const char *const reasons[] = {"unrecognised", "duplicate",     "differs_from_contract",
                                          "no_relation",  "value_differs", "other"};
    bool known = false;
    const char *reason = lg_decode_str(d, "reason", true, 64);
    for (size_t i = 0; reason && i < sizeof reasons / sizeof *reasons; i++)
        known = known || strcmp(reasons[i], reason) == 0;
    if (reason && !known)
        lg_fault_add(d->report, "unknown_value", member(d, "reason"),
                     "reason must be unrecognised, duplicate, differs_from_contract, no_relation, "
                     "value_differs or other.");
    return reason;
}

static void decode_rating(lg_decoder *d, lg_command *c)
{
    c->rating = lg_decode_str(d, "rating", false, RATING_MAX);
    c->agency = lg_decode_str(d, "agency", false, LG_NAME_MAX);
    if (!d->object || !json_object_get(d->object, "rating"))
        lg_fault_add(d->report, "required", member(d, "rating"),
                     "rating is required: the rating, or null to remove it.");
    if (c->rating && strpbrk(c->rating, " ,"))
        lg_fault_add(d->report, "bad_character", member(d, "rating"), "rating has no blanks or commas.");
    if (c->agency && !c->rating)
        lg_fault_add(d->report, "contradiction", member(d, "agency"), "agency goes with a rating.");
}

static void decode_webhook(lg_decoder *d, lg_command *c)
{
    const json_t *list = lg_decode_value(d, "events", false), *item;
    size_t i;
    lg_buf names = {0};
    c->url_to_call = lg_decode_str(d, "url", true, LG_URL_MAX);
    c->description = lg_decode_str(d, "description", false, LG_NAME_MAX);
    lg_json_list(&names);
    if (list && (!json_is_array(list) || json_array_size(list) > LG_EVENT_NAMES_MAX))
        lg_fault_add(d->report, "not_a_list", member(d, "events"),
                     "events must be a list of at most %d names.", LG_EVENT_NAMES_MAX);
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        if (i < LG_EVENT_NAMES_MAX && name && lg_event_name_is_known(name))
            lg_json_str(&names, name);
        else
            lg_fault_add(
                d->report, "unknown_value",
                lg_arena_printf(d->report->arena, "%s/%zu", member(d, "events"), i),
                "events[%zu] must be an entry type, or the first part of one with its dot, such as claim.",
                i);
    }
    lg_json_end(&names);
    c->events = lg_arena_strdup(d->report->arena, names.data);
    lg_buf_clear(&names);
}

/* That there is no answer needs its reason; what the verifier says may come with its reference, time and
 * remark. */
static void decode_verification(lg_decoder *d, lg_command *c)
{
    const char *answer = lg_decode_str(d, "answer", true, 16);
    bool known = answer && lg_verifier_answer_parse(answer, &c->answer);
    if (answer && !known)
        lg_fault_add(d->report, "unknown_value", member(d, "answer"),
                     "answer must be genuine, not_genuine, differs, unknown or none.");
    c->note = lg_decode_str(d, "note", known && c->answer == LG_ANSWER_NONE, LG_NOTE_TEXT_MAX);
    c->reference = lg_decode_str(d, "reference", false, LG_REFERENCE_MAX);
    lg_decode_time(d, "answered_at", false, &c->answered_at);
    if (known && c->answer == LG_ANSWER_NONE && (c->reference || c->answered_at))
        lg_fault_add(d->report, "contradiction", member(d, "answer"),
                     "Where there is no answer, there is no reference or time of one.");
}

static void decode_members(lg_decoder *d, lg_command *c)
{
    switch ((int)c->type) {
    case LG_CMD_PARTICIPANT_REGISTER:
        decode_register(d, c);
        break;
    case LG_CMD_PARTICIPANT_SUSPEND:
    case LG_CMD_PARTICIPANT_ACTIVATE:
    case LG_CMD_DEBTOR_STOP:
    case LG_CMD_DEBTOR_CLEAR:
        c->reason = lg_decode_str(d, "reason", true, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_KEY_REVOKE:
        c->reason = lg_decode_str(d, "reason", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_CREDIT_LINE_SET:
        decode_credit_line(d, c);
        break;
    case LG_CMD_KEY_ADD:
        decode_key(d, c);
        break;
    case LG_CMD_TOKEN_ISSUE:
        decode_token(d, c);
        break;
    case LG_CMD_POLICY_SET:
        decode_policy(d, c);
        break;
    case LG_CMD_CONFIRM:
        c->amount_text = lg_decode_str(d, "amount", false, 32);
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        lg_decode_uuid(d, "approval", false, &c->approval.uuid);
        break;
    case LG_CMD_DECLINE:
        c->reason = lg_decode_reason(d);
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_WITHDRAW:
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_REVIEW_APPROVE:
    case LG_CMD_REVIEW_REJECT:
        c->note = lg_decode_str(d, "note", true, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_VERIFY:
        decode_verification(d, c);
        break;
    case LG_CMD_ACCEPT:
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        lg_decode_uuid(d, "approval", false, &c->approval.uuid);
        break;
    case LG_CMD_FOUR_EYES_SET:
        decode_four_eyes(d, c);
        break;
    case LG_CMD_APPROVAL_WITHDRAW:
        c->note = lg_decode_str(d, "note", false, LG_NOTE_TEXT_MAX);
        break;
    case LG_CMD_PARTICIPANT_RATE:
        decode_rating(d, c);
        break;
    case LG_CMD_WEBHOOK_REGISTER:
        decode_webhook(d, c);
        break;
    }
}

lg_err lg_command_decode(const json_t *object, lg_command *command, lg_report *report)
{
    lg_decoder d = lg_decode_object(object, "", report);
    switch (lg_command_aggregate(command->type)) {
    case LG_OF_CLAIM:
    case LG_OF_DISCLOSURE:
        lg_decode_claim_command(&d, command);
        break;
    case LG_OF_FINANCING:
        lg_decode_financing_command(&d, command);
        break;
    case LG_OF_PAYMENT:
        lg_decode_payment_command(&d, command);
        break;
    case LG_OF_PARTICIPANT:
    case LG_OF_RECEIVABLE:
    case LG_OF_WEBHOOK:
    case LG_OF_CUSTODY:
        decode_members(&d, command);
        break;
    }
    lg_decode_finish(&d);
    if (report->fault_count == 0)
        return LG_OK;
    return lg_fail(report, LG_INVALID_FIELDS, "%s", report->first->detail);
}
