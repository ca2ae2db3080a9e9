/* Faults on purpose: a registry that lives in this process, a story of every kind of command, and a Nth call
 * that fails. README.md says what is promised and how it is checked. */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include "server/api/command.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- inject.c: which call fails, and how ---- */

typedef enum {
    CALL_WRITE,
    CALL_READ,
    CALL_SYNC,
    CALL_OPEN,
    CALL_OTHER,
    CALL_SQLITE_MEMORY,
    CALL_MEMORY,
    CALL_OWN,
    CALL_STATEMENT,
    CALL_ROW,
    CALLS
} fault_call;

/* X(enumerator, the calls that are counted, name, what happens at the Nth) */
#define FAULTS(X)                                                                                            \
    X(FAULT_FULL, CALL_WRITE, "full", "no room for one write (ENOSPC)")                                      \
    X(FAULT_FULL_STAYS, CALL_WRITE, "full-stays", "no room from this write on")                              \
    X(FAULT_SHORT_WRITE, CALL_WRITE, "short-write", "half is written, then there is no room")                \
    X(FAULT_WRITE_EIO, CALL_WRITE, "write-eio", "a write fails (EIO), nothing is written")                   \
    X(FAULT_TORN_WRITE, CALL_WRITE, "torn-write", "half is written, then EIO")                               \
    X(FAULT_LATE_EIO, CALL_WRITE, "late-eio", "all is written, and EIO said nevertheless")                   \
    X(FAULT_WRITE_KILLED, CALL_WRITE, "write-killed", "half is written, then the process ends")              \
    X(FAULT_WRITE_POWER, CALL_WRITE, "write-power", "half is written, then all that was not synced is lost") \
    X(FAULT_SYNC_EIO, CALL_SYNC, "sync-eio", "a sync fails (EIO) and what it should have kept is lost")      \
    X(FAULT_SYNC_FULL, CALL_SYNC, "sync-full", "a sync fails for want of room, yet its data get there")      \
    X(FAULT_SYNC_POWER, CALL_SYNC, "sync-power",                                                             \
      "the power goes before a sync; nothing since the last one is left")                                    \
    X(FAULT_SYNC_MIXED, CALL_SYNC, "sync-mixed",                                                             \
      "the power goes before a sync; some of what is not synced is left")                                    \
    X(FAULT_READ_EIO, CALL_READ, "read-eio", "a read fails (EIO)")                                           \
    X(FAULT_SHORT_READ, CALL_READ, "short-read", "a read gets half, the rest is missing")                    \
    X(FAULT_FLIP, CALL_READ, "flip", "a bit is read otherwise than it was written")                          \
    X(FAULT_OPEN, CALL_OPEN, "open-emfile", "no descriptor is left for one file")                            \
    X(FAULT_OTHER, CALL_OTHER, "other-eio", "a truncate, delete, lock, size or shared memory fails")         \
    X(FAULT_SQLITE_MEMORY, CALL_SQLITE_MEMORY, "sqlite-memory", "one allocation of SQLite's fails")          \
    X(FAULT_SQLITE_MEMORY_STAYS, CALL_SQLITE_MEMORY, "sqlite-memory-stays",                                  \
      "all of SQLite's fail from here on")                                                                   \
    X(FAULT_MEMORY, CALL_MEMORY, "memory", "one allocation of our own or of jansson fails")                  \
    X(FAULT_INTERRUPTED, CALL_OWN, "interrupted", "a signal interrupts a read or write of our own (EINTR)")  \
    X(FAULT_STATEMENT, CALL_STATEMENT, "statement", "one step of a statement fails")                         \
    X(FAULT_NO_ROW, CALL_ROW, "no-row", "a row that is asked for is not there")                              \
    X(FAULT_SYNC_IGNORED, CALL_SYNC, "sync-ignored", "for the self-test: as sync-eio, but nobody is told")

#define FAULT_ENUM_(enumerator, call, name, text) enumerator,
typedef enum { FAULTS(FAULT_ENUM_) FAULT_COUNT } fault_kind;
#undef FAULT_ENUM_

fault_call fault_call_of(fault_kind kind);
const char *fault_name(fault_kind kind);
const char *fault_text(fault_kind kind);
/* The process is meant to end at once when it strikes. */
bool fault_ends(fault_kind kind);

/* In memory that a forked child shares, so that its parent knows how far it came. */
typedef struct fault_plan {
    fault_kind kind;
    long nth;
    atomic_bool armed, struck;
    atomic_long seen[CALLS];
} fault_plan;
extern fault_plan *plan; /* of this process's trial */

void fault_arm(fault_kind kind, long nth);
void fault_disarm(void);
/* Before a process ends without ending as programs do: what it ran counts in `make coverage`. */
static inline void fault_keep_coverage(void)
{
#ifdef TALLYSTICK_COVERAGE
    extern void __gcov_dump(void);
    __gcov_dump();
#endif
}
/* Counts the call; true: it is the one that fails. */
bool fault_strikes(fault_call call);
/* What was written since the last sync, so that a loss of power can take it back. */
void fault_note_write(const char *path, int64_t offset, size_t len);
void fault_note_sync(const char *path, bool failed);
/* Ends the process as the fault says, if it says so. */
void fault_maybe_end(void);
/* What a failed sync lost is lost on the disk as well. */
void fault_lose_doomed(void);
/* Nothing is wrong: nobody may notice. */
bool fault_is_none(fault_kind kind);
/* A bit of `len` bytes, another one for each N. */
void fault_flip(void *data, size_t len);

/* The time, random bytes and ids of the story, the same in every run. */
void fault_set_time(lg_time now);
void fault_restart_random(uint64_t seed);

/* ---- vfs.c ---- */
void fault_vfs_install(void); /* before any database is opened */

/* ---- state.c ---- */
enum { STATE_TABLES_MAX = 80 };
typedef struct state {
    size_t count;
    struct {
        char name[40];
        uint64_t digest;
        long rows;
    } tables[STATE_TABLES_MAX];
} state;
/* Every row of every table; of the writer's right only what is of the ledger. */
void state_read(const char *dir, state *out);
/* NULL: equal; else the first table that differs. */
const char *state_difference(const state *a, const state *b);
uint64_t state_digest(uint64_t digest, const void *data, size_t len);
enum { STATE_DIGEST_START = 1 };
/* Copies the registry's folder without anything that is not its own to keep (shared memory). */
void folder_copy(const char *from, const char *to);
void folder_remove(const char *dir);

/* ---- house.c: a registry as the server opens it, without HTTP ---- */
typedef struct house {
    api_context api;
    lg_arena *arena;
    lg_report report;
} house;

typedef struct step {
    const char *name; /* of the kind of command */
    lg_command_type type;
    const char *url, *jws; /* jws NULL: custody signs */
    const char *payload;
    lg_participant_no custody; /* whose key, */
    lg_uuid token;             /* asked with this */
    const char *jti;
    lg_time now;
    uint64_t seed;
    bool live;      /* its snapshot was taken from a registry that was open: with a WAL */
    bool makes_key; /* a key file of its own, which nothing undoes: without its entry it is nobody's */
    int status;
    uint64_t answer; /* digest of what it must be answered */
    state before, after;
} step;

typedef struct answer {
    lg_err err;
    int status;
    uint64_t digest;
    char detail[160];
} answer;

extern const char HOUSE_ORIGIN[];
lg_err house_open(house *h, const char *dir);
void house_close(house *h);
/* From the bytes of the command to the bytes of the answer, through the writer's thread. *result, unless
 * NULL, lives until the next call. */
void house_do(house *h, const step *s, answer *out, const lg_result **result);

/* ---- story.c ---- */
typedef struct story {
    lg_arena *arena;
    const char *dir; /* snapshots are dir/<n> */
    step *steps;
    size_t count;
} story;
void story_record(story *out, const char *dir);
const char *story_snapshot(const story *s, size_t n);

/* ---- trial.c ---- */
typedef enum { END_ABSORBED, END_REFUSED, END_FAILED, END_IN_DOUBT, END_DIED, END_WRONG, ENDS } trial_end;
typedef struct trial_place {
    const story *story;
    const char *work; /* a folder of this worker's own */
} trial_place;
/* One command, one fault. *struck false: the run finished untouched. Says what is wrong on standard output.
 */
trial_end trial_run(const trial_place *place, size_t at, fault_kind kind, long nth, bool *struck);
void trial_prepare(void);

/* ---- tasks.c ---- */
/* What is no command: a registry is made, opened, audited. */
void tasks_run(const story *told, const char *work, bool (*is_chosen)(fault_kind kind),
               void (*note)(fault_kind kind, trial_end end));

/* ---- statements.c ---- */
/* FAULT_STATEMENT or FAULT_NO_ROW at every step of the command's statements. */
void statements_only_first(bool only);
void statements_run(const trial_place *place, size_t at, fault_kind kind,
                    void (*note)(fault_kind kind, trial_end end));

#endif
