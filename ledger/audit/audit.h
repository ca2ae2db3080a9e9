/* The audit from inside: everything the ledger's formats promise is recomputed, values included, and every
 * projection is rebuilt from the entries in a private database and compared row by row. It trusts nothing
 * that is stored but the entries' bytes, the disclosures, the commands, and the keys it is given. */
#ifndef LG_AUDIT_AUDIT_H
#define LG_AUDIT_AUDIT_H

#include "ledger/registry/registry.h"

typedef void (*lg_audit_finding)(void *ctx, const char *table, const char *key, const char *detail);
typedef void (*lg_audit_progress)(void *ctx, int64_t done, int64_t total);

/* Where an entry stands: its number and time, and which of how many entries of its command it is, from 0. */
typedef struct lg_audit_place {
    int64_t seq;
    lg_time at;
    int64_t row, row_count;
} lg_audit_place;

/* One entry with the command that caused it, for a further opinion on whether the event is what the command
 * had to cause. `db` is the rebuilt state before this entry. Returns a sentence (in the arena) when it is
 * not.
 */
typedef const char *(*lg_audit_opinion)(void *ctx, lg_db *db, lg_arena *arena, const lg_command *command,
                                        const lg_jws *jws, const lg_event *event,
                                        const lg_audit_place *place);

/* A whole command, after its last entry was projected into `db`: is `stored` what it must have been answered?
 * results are those of its acts: one for each entry of a CSV's, one for all entries of any other command.
 * Returns a sentence when it is not. */
typedef const char *(*lg_audit_answer)(lg_db *db, lg_arena *arena, const lg_command *command,
                                       const lg_jws *jws, const lg_command_row *stored, lg_result *results,
                                       size_t count);

typedef struct lg_audit_config {
    const char *dir;
    const char *origin, *vkey;
    lg_audit_opinion opinion; /* may be NULL */
    lg_audit_answer answer;   /* may be NULL */
    lg_audit_finding finding;
    lg_audit_progress progress; /* may be NULL */
    void *ctx;
} lg_audit_config;

typedef struct lg_audit_table {
    const char *name;
    int64_t rows;
} lg_audit_table;

enum { LG_AUDIT_TABLES_MAX = 48 };

typedef struct lg_audit_summary {
    int64_t entries, commands, signatures, facts, findings;
    int64_t invariants; /* rules between the tables that were asked (store/invariants.h) */
    lg_audit_table tables[LG_AUDIT_TABLES_MAX];
    size_t table_count;
} lg_audit_summary;

/* LG_OK: nothing is wrong. LG_CORRUPT: there are findings, each reported through config->finding. Other
 * errors: the audit could not be made. The database is read in one snapshot, so a server may go on writing
 * meanwhile. */
lg_err lg_audit_run(const lg_audit_config *config, lg_audit_summary *summary,
                    lg_report *report) LG_MUST_CHECK;

#endif
