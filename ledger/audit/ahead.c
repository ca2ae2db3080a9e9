#include "ledger/audit/ahead.h"

#include "ledger/audit/internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* So few, and few chunks ahead, that what a chunk holds is still in a cache of the processor when it is
     * taken up, and so is its memory when it is used again; and so many, since the page where two chunks meet
     * is read twice, and whoever waits for one is woken as often. */
    CHUNK_ENTRIES = 64,
    CHUNKS_AHEAD_EACH = 4, /* for each connection, of the one that was taken last */
    CHUNKS_AHEAD_MAX = CHUNKS_AHEAD_EACH * LG_AUDIT_THREADS_MAX,
    CHUNK_MEMORY = 1536 * 1024,   /* bytes, enough for nearly every one */
    CHUNK_TEXT_MAX = 1024 * 1024, /* bytes of commands and answers, read ahead; what is longer comes late */
    KEYS_AT_HAND = 2048,          /* of each thread */
    CACHE_KIB = 512,              /* of a connection that reads a page once: warm when the next goes there */
};

typedef struct key_at_hand {
    char kid[sizeof((lg_kid *)0)->s];
    lg_public_key key;
} key_at_hand;

typedef struct worker {
    lg_ahead *ahead;
    lg_db *db;
    pthread_t thread;
    key_at_hand keys[KEYS_AT_HAND]; /* by a hash of the kid */
} worker;

struct lg_ahead {
    const lg_audit_config *config;
    int64_t from, until;
    int64_t ahead_max;                 /* chunks begun and not taken: bounds the memory */
    int64_t chunk_count, begun, taken; /* all but the first under the lock, like `ready` and `stopping` */
    bool stopping;
    lg_ahead_chunk *ready[CHUNKS_AHEAD_MAX]; /* by number, modulo */
    lg_ahead_chunk *spare;                   /* given back: their memory is used again, while it is warm */
    pthread_mutex_t lock;
    pthread_cond_t is_ready, is_room;
    worker *workers; /* the first is whoever takes, and has no thread */
    size_t thread_count;
};

/* ---- entries ---- */

static void fault(lg_ahead_fault ***last, lg_arena *arena, const char *detail)
{
    lg_ahead_fault *added = lg_arena_alloc(arena, sizeof *added);
    added->detail = detail;
    **last = added;
    *last = &added->next;
}

/* Splits the stored disclosures, holds each against the entry's digests, and reads the facts. */
static void read_facts(lg_arena *arena, const lg_entry_row *row, lg_ahead_entry *out, lg_fact *facts)
{
    const lg_entry *entry = &out->entry;
    lg_ahead_fault **last = &out->faults;
    if (row->disclosures_are_damaged)
        fault(&last, arena, "what is stored cannot be unpacked");
    size_t seen = 0;
    for (const char *at = row->disclosures; *at;) {
        if (seen++ == LG_ENTRY_FACTS_MAX) {
            fault(&last, arena, "there are more disclosures than an entry may have");
            break;
        }
        size_t len = strcspn(at, "~");
        lg_bytes disclosure = lg_bytes_of(at, len);
        const lg_hash digest = lg_disclosure_digest(disclosure);
        if (!lg_entry_has_digest(entry, &digest))
            fault(&last, arena,
                  lg_arena_printf(arena, "disclosure %zu does not belong to the entry's digests",
                                  out->fact_count + 1));
        else if (lg_disclosure_parse(arena, disclosure, &facts[out->fact_count], NULL) != LG_OK)
            fault(&last, arena, lg_arena_printf(arena, "disclosure %zu is malformed", out->fact_count + 1));
        else
            out->fact_count++;
        at += len + (at[len] == '~');
    }
    if (out->fact_count != entry->digest_count)
        fault(&last, arena,
              lg_arena_printf(arena, "%zu of the entry's %zu facts are there", out->fact_count,
                              entry->digest_count));
}

static void read_entry(lg_arena *arena, const lg_entry_row *row, lg_ahead_entry *out)
{
    lg_report report;
    lg_fact facts[LG_ENTRY_FACTS_MAX];
    lg_report_init(&report, arena);
    *out = (lg_ahead_entry){.seq = row->seq, .leaf = lg_leaf_hash(row->body)};
    if (row->body_is_damaged) {
        out->malformed = "what is stored cannot be unpacked";
        return;
    }
    if (row->members) {
        out->entry = *row->members;
    } else if (lg_entry_parse(arena, row->body, &out->entry, &report) != LG_OK) {
        out->malformed = report.detail ? report.detail : "";
        return;
    }
    read_facts(arena, row, out, facts);
    lg_event *event = lg_arena_alloc(arena, sizeof *event);
    if (lg_event_decode(arena, out->entry.type, facts, out->fact_count, event, &report) == LG_OK)
        out->event = event;
    else
        out->undecoded = report.detail;
}

/* ---- commands ---- */

/* The public key that hashes to the kid: wherever it is found, it can be no other. */
static bool find_key(worker *w, const char *kid, lg_public_key *out)
{
    lg_key row;
    size_t at = 0;
    if (strlen(kid) + 1 != sizeof w->keys->kid)
        return false;
    for (const char *c = kid; *c; c++)
        at = at * 31 + (unsigned char)*c;
    key_at_hand *held = &w->keys[at % KEYS_AT_HAND];
    if (strcmp(held->kid, kid) != 0) {
        if (lg_key_get(w->db, kid, &row) != LG_OK || strcmp(lg_kid_of(&row.public_key).s, kid) != 0)
            return false;
        memcpy(held->kid, kid, sizeof held->kid);
        held->key = row.public_key;
    }
    *out = held->key;
    return true;
}

/* An audit of everything looks at the index as a whole (tables.c), which SQLite holds against the rows; what
 * it has of this one is in the row. */
static lg_err find_by_jti(worker *w, const lg_command_row *row, int64_t *first_seq)
{
    *first_seq = row->key_fits ? row->first_seq : -1;
    if (w->ahead->from == 0)
        return LG_OK;
    *first_seq = -1;
    lg_err err = lg_command_seq_by_jti(w->db, row->signer, row->jti, first_seq);
    return err == LG_NOT_FOUND ? LG_OK : err;
}

static lg_err read_command(worker *w, lg_arena *arena, const lg_command_row *row, lg_ahead_command *out)
{
    lg_report report;
    lg_report_init(&report, arena);
    *out = (lg_ahead_command){.row = *row, .req = lg_sha256(row->jws)};
    lg_err err = find_by_jti(w, row, &out->indexed);
    if (err)
        return err;
    if (row->is_damaged) {
        out->malformed = "what is stored cannot be unpacked";
        return LG_OK;
    }
    if (lg_jws_parse(arena, row->jws, &out->jws, &report) != LG_OK) {
        out->malformed = report.detail;
        return LG_OK;
    }
    if (lg_jws_check(&out->jws, w->ahead->config->origin, row->url, &report) != LG_OK)
        out->unfit = report.detail;
    for (size_t i = 0; i < out->jws.signature_count; i++) {
        const lg_jws_signature *signature = &out->jws.signatures[i];
        out->signatures[i].tried = find_key(w, signature->kid, &out->signatures[i].key);
        if (out->signatures[i].tried)
            out->signatures[i].good =
                lg_verify(&out->signatures[i].key, signature->signing_input, &signature->signature);
    }
    return LG_OK;
}

static void prepare(worker *w, lg_arena *arena, lg_ahead_entry *entry)
{
    const lg_audit_config *config = w->ahead->config;
    lg_ahead_command *command = entry->command;
    if (config->prepare && command && !command->malformed && entry->event)
        command->prepared = config->prepare(config->ctx, w->db, arena, &command->jws, entry->event);
}

/* Each command is put to the entry at which it says it begins. */
static lg_err read_commands(worker *w, lg_ahead_chunk *chunk)
{
    lg_command_row *rows;
    size_t count, at = 0;
    lg_err err =
        lg_command_range(w->db, chunk->from, chunk->until, CHUNK_TEXT_MAX, chunk->arena, &rows, &count);
    for (size_t i = 0; i < count && !err; i++) {
        while (at < chunk->count && chunk->entries[at].seq < rows[i].first_seq)
            at++;
        if (at == chunk->count || chunk->entries[at].seq != rows[i].first_seq)
            continue;
        lg_ahead_entry *entry = &chunk->entries[at];
        entry->command = lg_arena_alloc(chunk->arena, sizeof *entry->command);
        entry->command->row = rows[i];
        if (!rows[i].is_left)
            err = read_command(w, chunk->arena, &rows[i], entry->command);
        if (!err && !rows[i].is_left)
            prepare(w, chunk->arena, entry);
    }
    return err;
}

/* It may be megabytes, and so may all others of the chunk: they are read one at a time. */
lg_err lg_ahead_read_late(lg_ahead_chunk *chunk, lg_db *db, lg_arena *arena, lg_ahead_entry *entry)
{
    lg_command_row *rows;
    size_t count;
    if (!entry->command || !entry->command->row.is_left)
        return LG_OK;
    lg_err err = lg_command_range(db, entry->seq, entry->seq + 1, SIZE_MAX, arena, &rows, &count);
    entry->command = NULL;
    if (err || count == 0)
        return err;
    worker *w = lg_arena_alloc(arena, sizeof *w);
    w->ahead = chunk->home;
    w->db = db;
    entry->command = lg_arena_alloc(arena, sizeof *entry->command);
    err = read_command(w, arena, &rows[0], entry->command);
    if (!err)
        prepare(w, arena, entry);
    return err;
}

static lg_ahead_chunk *empty_chunk(lg_ahead *ahead)
{
    pthread_mutex_lock(&ahead->lock);
    lg_ahead_chunk *chunk = ahead->spare;
    if (chunk)
        ahead->spare = chunk->next;
    pthread_mutex_unlock(&ahead->lock);
    lg_arena *arena = chunk ? chunk->arena : lg_arena_open_wide(CHUNK_MEMORY);
    if (!chunk && !(chunk = malloc(sizeof *chunk)))
        lg_die("out of memory");
    *chunk = (lg_ahead_chunk){.home = ahead, .arena = arena};
    return chunk;
}

static lg_ahead_chunk *read_chunk(worker *w, int64_t number)
{
    lg_ahead_chunk *chunk = empty_chunk(w->ahead);
    lg_entry_row *rows;
    size_t count = 0;
    chunk->from = w->ahead->from + number * CHUNK_ENTRIES;
    chunk->until = chunk->from + CHUNK_ENTRIES;
    if (chunk->until > w->ahead->until)
        chunk->until = w->ahead->until;
    chunk->err =
        lg_entry_range(w->db, chunk->from, (size_t)(chunk->until - chunk->from), chunk->arena, &rows, &count);
    chunk->entries = lg_arena_array(chunk->arena, count + 1, sizeof *chunk->entries);
    for (size_t i = 0; i < count && !chunk->err && rows[i].seq < chunk->until; i++)
        read_entry(chunk->arena, &rows[i], &chunk->entries[chunk->count++]);
    if (!chunk->err)
        chunk->err = read_commands(w, chunk);
    return chunk;
}

/* ---- the threads ---- */

/* The number of a chunk that nobody has begun yet; -1: none may be begun now. Under the lock. */
static int64_t begin_next(lg_ahead *ahead)
{
    const bool may = !ahead->stopping && ahead->begun < ahead->chunk_count &&
                     ahead->begun - ahead->taken < ahead->ahead_max;
    return may ? ahead->begun++ : -1;
}

/* Lets go of the lock meanwhile. */
static void read_and_put(worker *w, int64_t number)
{
    lg_ahead *ahead = w->ahead;
    pthread_mutex_unlock(&ahead->lock);
    lg_ahead_chunk *chunk = read_chunk(w, number);
    pthread_mutex_lock(&ahead->lock);
    ahead->ready[number % CHUNKS_AHEAD_MAX] = chunk;
    pthread_cond_signal(&ahead->is_ready);
}

static void *work(void *arg)
{
    worker *w = arg;
    lg_ahead *ahead = w->ahead;
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stopping && ahead->begun < ahead->chunk_count) {
        const int64_t number = begin_next(ahead);
        if (number >= 0)
            read_and_put(w, number);
        else
            pthread_cond_wait(&ahead->is_room, &ahead->lock);
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

/* Whoever finds that the next one is not ready yet reads another one, rather than wait. */
lg_ahead_chunk *lg_ahead_take(lg_ahead *ahead)
{
    lg_ahead_chunk *chunk = NULL;
    pthread_mutex_lock(&ahead->lock);
    if (ahead->taken < ahead->chunk_count) {
        lg_ahead_chunk **place = &ahead->ready[ahead->taken % CHUNKS_AHEAD_MAX];
        while (!*place) {
            const int64_t number = begin_next(ahead);
            if (number >= 0)
                read_and_put(&ahead->workers[0], number);
            else
                pthread_cond_wait(&ahead->is_ready, &ahead->lock);
        }
        chunk = *place;
        *place = NULL;
        ahead->taken++;
        pthread_cond_signal(&ahead->is_room);
    }
    pthread_mutex_unlock(&ahead->lock);
    return chunk;
}

void lg_ahead_give_back(lg_ahead_chunk *chunk)
{
    while (chunk) {
        lg_ahead_chunk *next = chunk->next;
        lg_ahead *ahead = chunk->home;
        lg_arena_reset(chunk->arena);
        pthread_mutex_lock(&ahead->lock);
        chunk->next = ahead->spare;
        ahead->spare = chunk;
        pthread_mutex_unlock(&ahead->lock);
        chunk = next;
    }
}

lg_err lg_ahead_open(const lg_audit_config *config, lg_db *const *connections, size_t count, int64_t from,
                     int64_t until, lg_ahead **out)
{
    lg_ahead *ahead = calloc(1, sizeof *ahead);
    if (!ahead)
        lg_die("out of memory");
    *ahead = (lg_ahead){.config = config, .from = from, .until = until > from ? until : from};
    ahead->ahead_max = CHUNKS_AHEAD_EACH * (int64_t)count;
    ahead->chunk_count = (ahead->until - from + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->is_ready, NULL);
    pthread_cond_init(&ahead->is_room, NULL);
    ahead->workers = calloc(count, sizeof *ahead->workers);
    if (!ahead->workers)
        lg_die("out of memory");
    lg_err err = LG_OK;
    for (size_t i = 0; i < count && !err; i++) {
        ahead->workers[i].ahead = ahead;
        ahead->workers[i].db = connections[i];
        err = lg_db_set_cache(connections[i], CACHE_KIB);
    }
    /* Without threads it takes longer. */
    while (!err && ahead->thread_count + 1 < count &&
           pthread_create(&ahead->workers[ahead->thread_count + 1].thread, NULL, work,
                          &ahead->workers[ahead->thread_count + 1]) == 0)
        ahead->thread_count++;
    *out = ahead;
    return err;
}

void lg_ahead_close(lg_ahead *ahead)
{
    if (!ahead)
        return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stopping = true;
    pthread_cond_broadcast(&ahead->is_room);
    pthread_mutex_unlock(&ahead->lock);
    while (ahead->thread_count)
        pthread_join(ahead->workers[ahead->thread_count--].thread, NULL);
    for (size_t i = 0; i < CHUNKS_AHEAD_MAX; i++)
        lg_ahead_give_back(ahead->ready[i]);
    for (lg_ahead_chunk *chunk; (chunk = ahead->spare);) {
        ahead->spare = chunk->next;
        lg_arena_close(chunk->arena);
        free(chunk);
    }
    pthread_mutex_destroy(&ahead->lock);
    pthread_cond_destroy(&ahead->is_ready);
    pthread_cond_destroy(&ahead->is_room);
    free(ahead->workers);
    free(ahead);
}
