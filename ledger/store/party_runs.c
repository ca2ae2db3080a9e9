#include "ledger/store/party_runs.h"

#include "ledger/base/varint.h"
#include "ledger/store/known.h"

#include <string.h>

enum { CONCERN_BITS = 4, CONCERNS = (1 << CONCERN_BITS) - 1 };

/* ---- writing ---- */

typedef struct tail {
    int64_t last; /* its last entry; of an empty one 0 */
    size_t len;
    uint8_t run[LG_RUN_MAX];
} tail;

/* false: it ends in the middle of an entry, or they are in no order. What a run has room for cannot come to
 * more than 63 bits. */
static bool run_step(lg_bytes *rest, int64_t *seq, unsigned *concerns, bool is_first)
{
    uint64_t value;
    if (!lg_varint_take(rest, &value))
        return false;
    *concerns = (unsigned)(value & CONCERNS);
    *seq = (int64_t)((uint64_t)*seq + (value >> CONCERN_BITS));
    return *concerns != 0 && (is_first || value >> CONCERN_BITS > 0);
}

static lg_err tail_of(lg_bytes run, tail *out)
{
    unsigned concerns;
    *out = (tail){.len = run.len};
    if (run.len > LG_RUN_MAX)
        return LG_CORRUPT;
    if (run.len > 0)
        memcpy(out->run, run.data, run.len);
    for (bool is_first = true; run.len > 0; is_first = false)
        if (!run_step(&run, &out->last, &concerns, is_first))
            return LG_CORRUPT;
    return LG_OK;
}

static lg_err find_tail(lg_db *db, lg_participant_no participant, tail *out)
{
    static const lg_sql sql = {"SELECT run FROM party_tails WHERE participant_no = ?1"};
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_err err = tail_of(lg_query_next(&query) ? lg_column_borrow(&query, 0) : (lg_bytes){0}, out);
    lg_err second = lg_query_end(&query);
    return second ? second : err;
}

static lg_err close_run(lg_db *db, lg_participant_no participant, const tail *full)
{
    static const lg_sql sql = {"INSERT INTO party_runs (participant_no, first_seq, run) VALUES (?1, ?2, ?3)"};
    lg_bytes rest = lg_bytes_of(full->run, full->len);
    int64_t first = 0;
    unsigned concerns;
    if (!run_step(&rest, &first, &concerns, true))
        return LG_CORRUPT;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_int(&query, 2, first);
    lg_bind_blob(&query, 3, full->run, full->len);
    return lg_query_run(&query);
}

static size_t entry_put(const tail *behind, int64_t seq, unsigned concerns, uint8_t *out)
{
    return lg_varint_put(out, (uint64_t)(seq - behind->last) << CONCERN_BITS | concerns);
}

lg_err lg_party_run_add(lg_db *db, lg_participant_no participant, int64_t seq, unsigned concerns,
                        lg_arena *arena)
{
    static const lg_sql sql = {"REPLACE INTO party_tails (participant_no, run) VALUES (?1, ?2)"};
    lg_known *known = lg_db_known(db);
    lg_bytes kept;
    tail *now = lg_arena_alloc(arena, sizeof *now);
    lg_err err = LG_OK;
    if (lg_known_tail(known, participant, &kept))
        memcpy(now, kept.data, kept.len);
    else
        err = find_tail(db, participant, now);
    if (!err && now->len > 0 && seq <= now->last)
        err = LG_INTERNAL;
    if (err)
        return err;

    uint8_t entry[LG_VARINT_MAX];
    size_t len = entry_put(now, seq, concerns, entry);
    if (now->len + len > LG_RUN_MAX) {
        err = close_run(db, participant, now);
        now->last = 0;
        now->len = 0;
        len = entry_put(now, seq, concerns, entry);
    }
    memcpy(now->run + now->len, entry, len);
    now->len += len;
    now->last = seq;
    if (err)
        return err;
    lg_query query = lg_query_start(db, &sql);
    lg_bind_int(&query, 1, participant.v);
    lg_bind_blob(&query, 2, now->run, now->len);
    err = lg_query_run(&query);
    if (!err)
        lg_known_keep_tail(known, participant, lg_bytes_of(now, offsetof(tail, run) + now->len));
    return err;
}

/* ---- reading ---- */

/* Makes the run the one at hand. */
static lg_err take_run(lg_party_walk *walk, lg_bytes run)
{
    int64_t seq = 0;
    walk->count = 0;
    if (run.len > LG_RUN_MAX)
        return LG_CORRUPT;
    for (unsigned concerns; run.len > 0; walk->count++) {
        if (!run_step(&run, &seq, &concerns, walk->count == 0))
            return LG_CORRUPT;
        walk->seqs[walk->count] = seq;
        walk->as[walk->count] = (uint8_t)concerns;
    }
    return LG_OK;
}

/* A full run, if there is one there. */
static bool find_run(lg_party_walk *walk, const lg_sql *sql, int64_t seq)
{
    lg_query query = lg_query_start(walk->db, sql);
    lg_bind_int(&query, 1, walk->participant.v);
    lg_bind_int(&query, 2, seq);
    const bool found = lg_query_next(&query);
    lg_err err = LG_OK;
    if (found) {
        err = take_run(walk, lg_column_borrow(&query, 1));
        if (!err && (walk->count == 0 || walk->seqs[0] != lg_column_int(&query, 0)))
            err = LG_CORRUPT;
    }
    walk->err = lg_query_end(&query);
    if (!walk->err)
        walk->err = err;
    return found && !walk->err;
}

static bool find_newest(lg_party_walk *walk)
{
    static const lg_sql sql = {"SELECT run FROM party_tails WHERE participant_no = ?1"};
    walk->tail_is_done = true;
    lg_query query = lg_query_start(walk->db, &sql);
    lg_bind_int(&query, 1, walk->participant.v);
    const bool found = lg_query_next(&query);
    lg_err err = found ? take_run(walk, lg_column_borrow(&query, 0)) : LG_OK;
    walk->err = lg_query_end(&query);
    if (!walk->err)
        walk->err = err;
    return found && !walk->err && walk->count > 0;
}

/* The newest run that begins before this entry. */
static bool find_before(lg_party_walk *walk, int64_t seq)
{
    static const lg_sql sql = {"SELECT first_seq, run FROM party_runs WHERE participant_no = ?1"
                               " AND first_seq < ?2 ORDER BY first_seq DESC LIMIT 1"};
    if (!walk->tail_is_done && find_newest(walk) && walk->seqs[0] < seq)
        return true;
    return !walk->err && find_run(walk, &sql, seq);
}

/* The oldest run that begins behind this entry. */
static bool find_behind(lg_party_walk *walk, int64_t seq)
{
    static const lg_sql sql = {"SELECT first_seq, run FROM party_runs WHERE participant_no = ?1"
                               " AND first_seq > ?2 ORDER BY first_seq LIMIT 1"};
    return find_run(walk, &sql, seq) || (!walk->err && !walk->tail_is_done && find_newest(walk));
}

/* The run that has the first entry of an ascending walk, or begins behind it. */
static bool find_oldest(lg_party_walk *walk)
{
    static const lg_sql sql = {"SELECT first_seq, run FROM party_runs WHERE participant_no = ?1"
                               " AND first_seq <= ?2 ORDER BY first_seq DESC LIMIT 1"};
    return find_run(walk, &sql, walk->from) || (!walk->err && find_behind(walk, walk->from));
}

static bool concerns(const lg_party_walk *walk, size_t at)
{
    const bool inside = walk->ascending ? walk->seqs[at] >= walk->from : walk->seqs[at] < walk->from;
    return inside && walk->as[at] & walk->concerns;
}

void lg_party_walk_start(lg_party_walk *walk, lg_db *db, lg_participant_no participant, unsigned concerns,
                         int64_t from, bool ascending)
{
    walk->db = db;
    walk->participant = participant;
    walk->concerns = concerns;
    walk->from = from;
    walk->ascending = ascending;
    walk->tail_is_done = false;
    walk->err = LG_OK;
    const bool found = ascending ? find_oldest(walk) : find_before(walk, from);
    if (!found)
        walk->count = 0;
    walk->at = ascending ? 0 : walk->count;
}

bool lg_party_walk_next(lg_party_walk *walk, int64_t *seq)
{
    while (walk->count > 0 && !walk->err) {
        if (walk->ascending) {
            while (walk->at < walk->count)
                if (concerns(walk, walk->at++)) {
                    *seq = walk->seqs[walk->at - 1];
                    return true;
                }
        } else {
            while (walk->at > 0)
                if (concerns(walk, --walk->at)) {
                    *seq = walk->seqs[walk->at];
                    return true;
                }
        }
        const int64_t first = walk->seqs[0];
        if (!(walk->ascending ? find_behind(walk, first) : find_before(walk, first)))
            walk->count = 0;
        walk->at = walk->ascending ? 0 : walk->count;
    }
    return false;
}
