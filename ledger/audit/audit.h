/* The audit from inside: everything the ledger's formats promise is recomputed, values included, and every
 * projection is rebuilt from the entries in a private database and compared row by row. It trusts nothing
 * that is stored but the entries' bytes, the disclosures, the commands, and the keys it is given. */
#ifndef LG_AUDIT_AUDIT_H
#define LG_AUDIT_AUDIT_H

#include "ledger/registry/registry.h"

typedef void (*lg_audit_finding)(void *ctx, const char *table, const char *key, const char *detail);
typedef void (*lg_audit_progress)(void *ctx, int64_t done, int64_t total);

/* One entry with the command that caused it, for a further opinion on whether the event says what the command
 * asked. `db` is the rebuilt state before this entry. `row` counts the command's entries from 0. Returns a
 * sentence (in the arena) when it does not. */
typedef const char *(*lg_audit_opinion)(void *ctx, lg_db *db, lg_arena *arena, const lg_command *command,
                                        const lg_jws *jws, const lg_event *event, int64_t row);

/* A whole command, after its last entry was projected into `db`: is `stored` what it must have been answered?
 * results are those of its entries. Returns a sentence when it is not. */
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

enum { LG_AUDIT_TABLES_MAX = 24 };

typedef struct lg_audit_summary {
    int64_t entries, commands, signatures, facts, findings;
    lg_audit_table tables[LG_AUDIT_TABLES_MAX];
    size_t table_count;
} lg_audit_summary;

/* LG_OK: nothing is wrong. LG_CORRUPT: there are findings, each reported through config->finding. Other
 * errors: the audit could not be made. The database is read in one snapshot, so a server may go on writing
 * meanwhile. */
lg_err lg_audit_run(const lg_audit_config *config, lg_audit_summary *summary,
                    lg_report *report) LG_MUST_CHECK;

#endif
