#include "ledger/store/known.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 2048, /* power of two */
    KEPT_MAX = SLOTS / 2,
    IDS = 4096, /* power of two */
    LATEST = 4096,
    CLAIMS = 128, /* more than nearly every command is about */
    PARTIES_MAX = 16,
    LATEST_LEN_MAX = 236, /* so that one takes four lines of the processor's cache */
};

/* Open addressing; a slot without a row is free. */
typedef struct table {
    struct {
        uint64_t key;
        const void *row; /* in the arena */
    } slots[SLOTS];
    size_t count;
} table;

/* What the writer last wrote of a participant. */
typedef struct latest {
    int64_t no;
    uint64_t era; /* of lg_known; another: forgotten */
    uint8_t len, bytes[LATEST_LEN_MAX];
} latest;

typedef struct remembered_claim {
    uint64_t era; /* of lg_known; another: forgotten */
    lg_claim row;
} remembered_claim;

struct lg_known {
    const lg_known_changes *changes;
    uint64_t as_of; /* changes->count before the oldest of the snapshots that all this was read from */
    lg_arena *arena;
    table participants, tokens, keys, owners, identifiers;
    int64_t policy_version; /* 0: not known */
    struct numbered {
        int64_t no;
        lg_participant_id id;
    } ids[IDS], nos[IDS];          /* at no's own place, and at id's; number 0 is nobody's */
    latest *stands, *tails;        /* LATEST, each at one of its participant's two places; NULL for readers */
    remembered_claim *claims;      /* CLAIMS, each at its number's place; NULL for readers */
    lg_claim_no claim_nos[CLAIMS]; /* at its id's place */
    uint64_t era;
    struct {
        int64_t seq;
        size_t count;
        lg_entry_party rows[PARTIES_MAX]; /* in the order of their numbers */
    } told;                               /* of the entry at hand; -1: of none */
};

lg_known *lg_known_open(const lg_known_changes *changes)
{
    lg_known *known = calloc(1, sizeof *known);
    if (!known)
        lg_die("out of memory");
    known->changes = changes;
    known->era = 1;
    known->told.seq = -1;
    if (!changes) {
        known->stands = calloc(LATEST, sizeof *known->stands);
        known->tails = calloc(LATEST, sizeof *known->tails);
        known->claims = calloc(CLAIMS, sizeof *known->claims);
        if (!known->stands || !known->tails || !known->claims)
            lg_die("out of memory");
    }
    known->arena = lg_arena_open();
    return known;
}

void lg_known_close(lg_known *known)
{
    if (!known)
        return;
    lg_arena_close(known->arena);
    free(known->stands);
    free(known->tails);
    free(known->claims);
    free(known);
}

static void empty(table *t)
{
    if (t->count > 0)
        *t = (table){0};
}

void lg_known_forget(lg_known *known)
{
    if (!known)
        return;
    empty(&known->participants);
    empty(&known->tokens);
    empty(&known->keys);
    empty(&known->owners);
    empty(&known->identifiers);
    known->policy_version = 0;
    lg_arena_reset(known->arena);
}

void lg_known_forget_numbers(lg_known *known)
{
    if (!known)
        return;
    memset(known->ids, 0, sizeof known->ids);
    memset(known->nos, 0, sizeof known->nos);
}

void lg_known_begin(lg_known *known)
{
    const uint64_t now =
        known->changes ? atomic_load_explicit(&known->changes->count, memory_order_acquire) : 0;
    const bool full = known->participants.count == KEPT_MAX || known->tokens.count == KEPT_MAX ||
                      known->keys.count == KEPT_MAX || known->owners.count == KEPT_MAX ||
                      known->identifiers.count == KEPT_MAX;
    if (now != known->as_of || full)
        lg_known_forget(known);
    known->as_of = now;
}

/* Where in a row, and how long, the name is by which it is found. */
#define NAME_OF(type, member) offsetof(type, member), sizeof((type *)0)->member

static size_t spread(uint64_t key, size_t places)
{
    return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) % places;
}

/* Where a row of this name is, or would be. */
static size_t place_of(const table *t, uint64_t key, const void *name, size_t name_at, size_t name_len)
{
    size_t at = spread(key, SLOTS);
    while (t->slots[at].row &&
           (t->slots[at].key != key || memcmp((const char *)t->slots[at].row + name_at, name, name_len) != 0))
        at = (at + 1) % SLOTS;
    return at;
}

static uint64_t first_bytes(const void *name, size_t len)
{
    uint64_t key = 0;
    memcpy(&key, name, len < sizeof key ? len : sizeof key);
    return key;
}

static const void *find(const table *t, const void *name, size_t name_at, size_t name_len)
{
    return t->slots[place_of(t, first_bytes(name, name_len), name, name_at, name_len)].row;
}

/* A copy of the row, for its strings to be copied too; NULL if there is one or no room. */
static void *add(lg_known *known, table *t, const void *row, size_t row_len, size_t name_at, size_t name_len)
{
    const void *name = (const char *)row + name_at;
    const uint64_t key = first_bytes(name, name_len);
    const size_t at = place_of(t, key, name, name_at, name_len);
    if (t->slots[at].row || t->count == KEPT_MAX)
        return NULL;
    void *copy = lg_arena_alloc(known->arena, row_len);
    memcpy(copy, row, row_len);
    t->slots[at].key = key;
    t->slots[at].row = copy;
    t->count++;
    return copy;
}

static const char *copy_text(lg_arena *arena, const char *text)
{
    return text ? lg_arena_strdup(arena, text) : NULL;
}

/* ---- participants ---- */

static void copy_participant_texts(lg_participant *row, lg_arena *arena)
{
    row->name = copy_text(arena, row->name);
    row->country = copy_text(arena, row->country);
    row->group = copy_text(arena, row->group);
    row->rating = copy_text(arena, row->rating);
    row->rating_agency = copy_text(arena, row->rating_agency);
}

bool lg_known_participant(const lg_known *known, lg_participant_no no, lg_arena *arena, lg_participant *out)
{
    const lg_participant *row = known ? find(&known->participants, &no, NAME_OF(lg_participant, no)) : NULL;
    if (!row)
        return false;
    *out = *row;
    copy_participant_texts(out, arena);
    return true;
}

void lg_known_keep_participant(lg_known *known, const lg_participant *row)
{
    lg_participant *copy =
        known ? add(known, &known->participants, row, sizeof *row, NAME_OF(lg_participant, no)) : NULL;
    if (copy)
        copy_participant_texts(copy, known->arena);
}

bool lg_known_id(const lg_known *known, lg_participant_no no, lg_participant_id *out)
{
    const size_t at = spread((uint64_t)no.v, IDS);
    if (!known || known->ids[at].no != no.v)
        return false;
    *out = known->ids[at].id;
    return true;
}

/* The end of an id is random, its beginning a time. */
static size_t place_of_id(const lg_uuid *id, size_t places)
{
    uint64_t end;
    memcpy(&end, id->b + sizeof id->b - sizeof end, sizeof end);
    return spread(end, places);
}

bool lg_known_no(const lg_known *known, lg_participant_id id, lg_participant_no *out)
{
    const struct numbered *at = known ? &known->nos[place_of_id(&id.uuid, IDS)] : NULL;
    if (!at || at->no == 0 || memcmp(&at->id, &id, sizeof id) != 0)
        return false;
    *out = (lg_participant_no){at->no};
    return true;
}

void lg_known_keep_id(lg_known *known, lg_participant_no no, lg_participant_id id)
{
    if (!known)
        return;
    const struct numbered row = {no.v, id};
    known->ids[spread((uint64_t)no.v, IDS)] = row;
    known->nos[place_of_id(&id.uuid, IDS)] = row;
}

/* ---- identifiers ---- */

typedef struct owner {
    /* As it is compared: without gaps, and zero behind the end of the value. */
    struct {
        uint64_t digest;
        uint64_t scheme;
        char value[LG_IDENTIFIER_MAX + 8];
    } name;
    lg_participant_no no;
} owner;

/* false: it is longer than any that is kept. */
static bool name_owner(owner *row, lg_identifier identifier)
{
    const size_t len = strlen(identifier.value);
    *row = (owner){.name.scheme = identifier.scheme, .name.digest = identifier.scheme};
    if (len > LG_IDENTIFIER_MAX)
        return false;
    memcpy(row->name.value, identifier.value, len);
    for (size_t i = 0; i < len; i++) /* those of one place begin alike */
        row->name.digest = row->name.digest * 31 + (uint8_t)identifier.value[i];
    return true;
}

bool lg_known_owner(const lg_known *known, lg_identifier identifier, lg_participant_no *out)
{
    owner asked;
    const owner *row = known && name_owner(&asked, identifier)
                           ? find(&known->owners, &asked.name, NAME_OF(owner, name))
                           : NULL;
    if (row)
        *out = row->no;
    return row != NULL;
}

void lg_known_keep_owner(lg_known *known, lg_identifier identifier, lg_participant_no no)
{
    owner row;
    if (!known || !name_owner(&row, identifier))
        return;
    row.no = no;
    (void)add(known, &known->owners, &row, sizeof row, NAME_OF(owner, name));
}

typedef struct identified {
    lg_participant_no no;
    size_t count;
    lg_identifier *rows;
} identified;

static lg_identifier *copy_identifiers(lg_arena *arena, const lg_identifier *rows, size_t count)
{
    lg_identifier *copies = lg_arena_array(arena, count, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = (lg_identifier){rows[i].scheme, lg_arena_strdup(arena, rows[i].value)};
    return copies;
}

bool lg_known_identifiers(const lg_known *known, lg_participant_no no, lg_arena *arena, lg_identifier **rows,
                          size_t *count)
{
    const identified *row = known ? find(&known->identifiers, &no, NAME_OF(identified, no)) : NULL;
    if (!row)
        return false;
    *rows = copy_identifiers(arena, row->rows, row->count);
    *count = row->count;
    return true;
}

void lg_known_keep_identifiers(lg_known *known, lg_participant_no no, const lg_identifier *rows, size_t count)
{
    const identified row = {.no = no, .count = count};
    identified *copy =
        known ? add(known, &known->identifiers, &row, sizeof row, NAME_OF(identified, no)) : NULL;
    if (copy)
        copy->rows = copy_identifiers(known->arena, rows, count);
}

/* ---- the policy ---- */

bool lg_known_policy(const lg_known *known, int64_t *version)
{
    if (!known || !known->policy_version)
        return false;
    *version = known->policy_version;
    return true;
}

void lg_known_keep_policy(lg_known *known, int64_t version)
{
    if (known)
        known->policy_version = version;
}

/* ---- tokens ---- */

bool lg_known_token(const lg_known *known, const lg_hash *token_sha256, lg_arena *arena, lg_token *out)
{
    const lg_token *row = known ? find(&known->tokens, token_sha256, NAME_OF(lg_token, token_sha256)) : NULL;
    if (!row)
        return false;
    *out = *row;
    out->label = copy_text(arena, row->label);
    return true;
}

void lg_known_keep_token(lg_known *known, const lg_token *row)
{
    lg_token *copy =
        known ? add(known, &known->tokens, row, sizeof *row, NAME_OF(lg_token, token_sha256)) : NULL;
    if (copy)
        copy->label = copy_text(known->arena, row->label);
}

/* ---- keys ---- */

bool lg_known_key(const lg_known *known, const lg_kid *kid, lg_key *out)
{
    const lg_key *row = known ? find(&known->keys, kid, NAME_OF(lg_key, kid)) : NULL;
    if (row)
        *out = *row;
    return row != NULL;
}

void lg_known_keep_key(lg_known *known, const lg_key *row)
{
    if (known)
        (void)add(known, &known->keys, row, sizeof *row, NAME_OF(lg_key, kid));
}

/* ---- claims ---- */

static remembered_claim *claim_place(const lg_known *known, lg_claim_no no)
{
    return &known->claims[spread((uint64_t)no.v, CLAIMS)];
}

bool lg_known_claim(const lg_known *known, lg_claim_no no, lg_claim *out)
{
    if (!known || !known->claims)
        return false;
    const remembered_claim *at = claim_place(known, no);
    if (at->era != known->era || at->row.no.v != no.v)
        return false;
    *out = at->row;
    return true;
}

bool lg_known_claim_by_id(const lg_known *known, lg_claim_id id, lg_claim *out)
{
    return known && lg_known_claim(known, known->claim_nos[place_of_id(&id.uuid, CLAIMS)], out) &&
           lg_uuid_equal(out->id.uuid, id.uuid);
}

void lg_known_forget_claim(lg_known *known, lg_claim_no no)
{
    if (known && known->claims)
        claim_place(known, no)->era = 0;
}

void lg_known_keep_claim(lg_known *known, const lg_claim *row)
{
    if (!known || !known->claims)
        return;
    const bool has_text = row->dispute_reason || row->dispute_note || row->order_reference;
    *claim_place(known, row->no) = (remembered_claim){.era = has_text ? 0 : known->era, .row = *row};
    known->claim_nos[place_of_id(&row->id.uuid, CLAIMS)] = row->no;
}

/* ---- what was last written of a participant ---- */

static bool is_of(const lg_known *known, const latest *at, lg_participant_no no)
{
    return at->no == no.v && at->era == known->era;
}

/* Where it is; else where it would go, which is the one of its two places that is free, or the first. */
static latest *latest_of(const lg_known *known, latest *rows, lg_participant_no no)
{
    const size_t first = spread((uint64_t)no.v, LATEST);
    latest *one = &rows[first], *other = &rows[first ^ 1];
    if (is_of(known, one, no))
        return one;
    return is_of(known, other, no) || (one->era == known->era && other->era != known->era) ? other : one;
}

static bool find_latest(const lg_known *known, latest *rows, lg_participant_no no, lg_bytes *out)
{
    if (!rows)
        return false;
    const latest *at = latest_of(known, rows, no);
    *out = lg_bytes_of(at->bytes, at->len);
    return is_of(known, at, no);
}

static void keep_latest(const lg_known *known, latest *rows, lg_participant_no no, lg_bytes bytes)
{
    if (!rows)
        return;
    latest *at = latest_of(known, rows, no);
    if (bytes.len > LATEST_LEN_MAX) {
        at->era = 0; /* what it was before is no longer so */
        return;
    }
    at->no = no.v;
    at->era = known->era;
    at->len = (uint8_t)bytes.len;
    if (bytes.len > 0)
        memmove(at->bytes, bytes.data, bytes.len); /* it may be what is there */
}

bool lg_known_stands(const lg_known *known, lg_participant_no no, lg_bytes *out)
{
    return known && find_latest(known, known->stands, no, out);
}

void lg_known_keep_stands(lg_known *known, lg_participant_no no, lg_bytes packed)
{
    if (known)
        keep_latest(known, known->stands, no, packed);
}

bool lg_known_tail(const lg_known *known, lg_participant_no no, lg_bytes *out)
{
    return known && find_latest(known, known->tails, no, out);
}

void lg_known_keep_tail(lg_known *known, lg_participant_no no, lg_bytes tail)
{
    if (known)
        keep_latest(known, known->tails, no, tail);
}

/* ---- the parties of the entry at hand ---- */

void lg_known_begin_parties(lg_known *known, int64_t seq)
{
    if (!known)
        return;
    known->told.seq = seq;
    known->told.count = 0;
}

/* Where the participant is among them, or would be. */
static size_t place_of_party(const lg_known *known, lg_participant_no no)
{
    size_t at = 0;
    while (at < known->told.count && known->told.rows[at].participant.v < no.v)
        at++;
    return at;
}

static bool is_party_at(const lg_known *known, size_t at, lg_participant_no no)
{
    return at < known->told.count && known->told.rows[at].participant.v == no.v;
}

void lg_known_keep_party(lg_known *known, int64_t seq, const lg_entry_party *party)
{
    if (!known || known->told.seq != seq)
        return;
    lg_entry_party *rows = known->told.rows;
    const size_t at = place_of_party(known, party->participant);
    if (is_party_at(known, at, party->participant)) {
        rows[at] = *party;
    } else if (known->told.count == PARTIES_MAX) {
        known->told.seq = -1;
    } else {
        memmove(&rows[at + 1], &rows[at], (known->told.count++ - at) * sizeof *rows);
        rows[at] = *party;
    }
}

bool lg_known_party(const lg_known *known, int64_t seq, lg_participant_no no, lg_shares *shares)
{
    if (!known || known->told.seq != seq)
        return false;
    const size_t at = place_of_party(known, no);
    *shares = is_party_at(known, at, no) ? known->told.rows[at].shares : (lg_shares){0};
    return true;
}

bool lg_known_parties(const lg_known *known, int64_t seq, lg_arena *arena, lg_entry_party **rows,
                      size_t *count)
{
    if (!known || known->told.seq != seq)
        return false;
    *count = known->told.count;
    *rows = lg_arena_array(arena, *count, sizeof **rows);
    memcpy(*rows, known->told.rows, *count * sizeof **rows);
    return true;
}

void lg_known_forget_entries(lg_known *known)
{
    if (!known)
        return;
    known->era++;
    known->told.seq = -1;
}
