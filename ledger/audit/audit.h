/* The audit from inside: everything the ledger's formats promise is recomputed, values included, and every
 * projection is rebuilt from the entries in a private database and compared row by row. It trusts nothing
 * that is stored but the entries' bytes, the disclosures, the commands, and the keys it is given. */
#ifndef LG_AUDIT_AUDIT_H
#define LG_AUDIT_AUDIT_H

#include "ledger/registry/registry.h"

typedef void (*lg_audit_finding)(void *ctx, const char *table, const char *key, const char *detail);
typedef void (*lg_audit_progress)(void *ctx, int64_t done, int64_t total);

/* On threads of the audit's own, ahead of the rest: what can be made of a command without any state, in the
 * arena. `first` is the event of its first entry; `db` the database under audit, whose tables are not checked
 * yet. */
typedef void *(*lg_audit_prepare)(void *ctx, lg_db *db, lg_arena *arena, const lg_jws *jws,
                                  const lg_event *first);

/* A command with what became of it. */
typedef struct lg_audit_case {
    lg_db *db;       /* the rebuilt state before the entry at hand */
    lg_arena *arena; /* lives as long as the case */
    const lg_command *command;
    const lg_jws *jws;
    void *prepared; /* by lg_audit_prepare; NULL: it was not asked, because the first entry cannot be read */
    int64_t seq;    /* of its first entry */
    lg_time at;     /* of all its entries */
    int64_t row_count;
    const lg_event **events; /* of its entries from the first, as far as they can be read ahead */
    size_t event_count;
    lg_result *result; /* of its act; an opinion that projects the events itself, puts what they left there */
    /* How many of the first entries the opinion has projected into `db` itself, and what ended that, if
     * anything. */
    size_t projected;
    lg_err failed;
} lg_audit_case;

/* A further opinion on whether an entry, number `row` of its command (from 0), is what that had to cause.
 * Returns a sentence (in the arena) when it is not. */
typedef const char *(*lg_audit_opinion)(void *ctx, lg_audit_case *audited, const lg_event *event,
                                        int64_t row);

/* A whole command, after its last entry was projected into `db`: is `stored` what it must have been answered?
 * results are those of its acts: one for each entry of a CSV's, one for all entries of any other command.
 * Returns a sentence when it is not. */
typedef const char *(*lg_audit_answer)(void *ctx, const lg_audit_case *audited, const lg_command_row *stored,
                                       lg_result *results, size_t count);

typedef struct lg_audit_config {
    const char *dir;
    const char *origin, *vkey;
    const char *state;        /* folder of what earlier audits left, for this one to go on from; NULL: none */
    bool anew;                /* do not go on from it, but leave another one there */
    unsigned threads;         /* 0: as many as there are cores */
    lg_audit_prepare prepare; /* may be NULL, like the next two */
    lg_audit_opinion opinion;
    lg_audit_answer answer;
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
    int64_t before;     /* entries that an earlier audit has seen, and this one has not looked at again */
    int64_t invariants; /* rules between the tables that were asked (store/invariants.h) */
    lg_audit_table tables[LG_AUDIT_TABLES_MAX];
    size_t table_count;
} lg_audit_summary;

/* LG_OK: nothing is wrong. LG_CORRUPT: there are findings, each reported through config->finding. Other
 * errors: the audit could not be made. The database is read in one snapshot, so a server may go on writing
 * meanwhile. With a state of before, only the entries since are replayed, and of the tables only this is
 * compared: what those wrote or should have, and whatever says who may do what. */
lg_err lg_audit_run(const lg_audit_config *config, lg_audit_summary *summary,
                    lg_report *report) LG_MUST_CHECK;

#endif
