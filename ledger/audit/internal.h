/* What the files of audit/ share. */
#ifndef LG_AUDIT_INTERNAL_H
#define LG_AUDIT_INTERNAL_H

#include "ledger/audit/ahead.h"
#include "ledger/log/head.h"

enum { LG_AUDIT_THREADS_MAX = 16, LG_AUDIT_PATH_MAX = 4096 };

/* What an audit that goes on from another one compares of a table, besides the rows that it wrote itself. */
typedef enum {
    LG_AUDIT_ALL_ROWS,  /* every row: it does not grow with the entries, and says who may do what */
    LG_AUDIT_NEW_NOS,   /* rows whose number is of a new entry */
    LG_AUDIT_NEW_SEQS,  /* rows whose entry is new */
    LG_AUDIT_NO_OTHERS, /* its key says nothing of its age */
} lg_audit_reach;

typedef struct lg_audit_projection {
    const char *table, *key; /* key: its columns, as in ORDER BY */
    lg_audit_reach reach;
} lg_audit_projection;
extern const lg_audit_projection lg_audit_projections[]; /* in the order in which they are reported */
extern const size_t lg_audit_projection_count;

typedef struct lg_audit {
    const lg_audit_config *config;
    lg_audit_summary *summary;
    lg_db *actual;                         /* the database under audit, read-only */
    lg_db *rebuilt;                        /* the projections as the entries make them */
    lg_db *actuals[LG_AUDIT_THREADS_MAX];  /* the same, for threads: in one and the same snapshot */
    lg_db *rebuilts[LG_AUDIT_THREADS_MAX]; /* these only read */
    size_t thread_count;
    char state_path[LG_AUDIT_PATH_MAX], new_path[LG_AUDIT_PATH_MAX]; /* state.c; "": none */
    lg_writer_row before; /* the registry's, when it was audited before; seq 0: it was not */
    lg_hash root_before;
    lg_edge *edge;           /* the tree as the entries make it; its nodes go into rebuilt */
    lg_arena *arena;         /* of one entry */
    lg_arena *command_arena; /* of the current command */
    lg_ahead_chunk *chunk;   /* at hand */
    lg_ahead_chunk *held;    /* earlier ones in which the current command or its entries lie, the last first;
                                NULL: all lie in `chunk` */
    const lg_ahead_command *read; /* the current command, as it was read; NULL: none, or unreadable */
    lg_command command;
    lg_audit_case audited;
    bool by_row;        /* a CSV: each of its entries is an act of its own */
    lg_result *results; /* of the command's acts so far, in command_arena */
    size_t result_count;
    int64_t projected; /* entries of the command that were projected */
    uint8_t hash_key[LG_HASH_KEY_LEN];
    lg_checkpoint
        head; /* the head file, read before the snapshot; its origin is gone after the first entry */
    bool has_head;
    int64_t size;         /* entries in the snapshot */
    lg_log_counts counts; /* of it */
    struct {              /* checkpoints.c: some of those stored, in order */
        lg_arena *arena;
        int64_t *sizes;
        lg_hash *roots;
        size_t count, judged; /* of these */
        int64_t last;         /* the size of the last one judged; 0: none was */
        bool ended;           /* there are no more */
    } checkpoints;
    lg_hash last_leaf;
    lg_time last_at;
    lg_public_key operator_key; /* of the first entries, which make the operator known */
} lg_audit;

void lg_audit_find(lg_audit *audit, const char *table, const char *key, const char *fmt, ...) LG_PRINTF(4, 5);
/* Of the row that an entry's number is the key of. */
void lg_audit_find_at(lg_audit *audit, const char *table, int64_t seq, const char *fmt, ...) LG_PRINTF(4, 5);
/* An lg_table_differ; ctx is the lg_audit. */
void lg_audit_differ(void *audit, const char *table, const char *key, const char *detail);
const char *lg_audit_seq_key(const lg_audit *audit, int64_t seq);

/* entries.c: every entry in order, through the commands into the rebuilt projections. */
lg_err lg_audit_entries(lg_audit *audit) LG_MUST_CHECK;

/* checkpoints.c: the tree heads that were signed and answered with. Judged while the tree grows: the root of
 * the tree that the entries so far make is at hand, one of a smaller tree would be hashed anew. */
lg_err lg_audit_checkpoints_now(lg_audit *audit) LG_MUST_CHECK; /* those of the tree as it is */
lg_err lg_audit_checkpoints_end(lg_audit *audit) LG_MUST_CHECK; /* there are no more entries */

/* commands.c: takes up the command that caused this entry, when another one begins, and judges its bytes,
 * signatures and jti. */
lg_err lg_audit_command_begin(lg_audit *audit, lg_ahead_entry *entry) LG_MUST_CHECK;
/* The entry and its event against that command. */
void lg_audit_command_check(lg_audit *audit, const lg_ahead_entry *entry);
/* Where the projection of the current command's next entry puts its result: the act's, as when it was done.
 */
lg_result *lg_audit_next_result(lg_audit *audit);
/* After an entry was projected: if it was its command's last, the stored answer is judged. */
void lg_audit_command_projected(lg_audit *audit, const lg_entry *entry);

/* tables.c: what the entries make against what is stored, and the rules between the tables. */
lg_err lg_audit_tables(lg_audit *audit) LG_MUST_CHECK;
/* The same after going on from an earlier audit: only what the new entries wrote, and what they should have.
 */
lg_err lg_audit_tables_since(lg_audit *audit) LG_MUST_CHECK;

/* state.c: opens `rebuilt`, empty, or as an earlier audit left it: then `before` says how far that came. */
lg_err lg_audit_state_open(lg_audit *audit, lg_report *report) LG_MUST_CHECK;
/* Is the registry the one that was audited before, and the part that was audited still the same, as far as
 * its tree and last entry tell? If not, that is a finding. */
lg_err lg_audit_state_check(lg_audit *audit, bool *same) LG_MUST_CHECK;
/* Does its tree go on from that part? */
lg_err lg_audit_state_check_consistency(lg_audit *audit) LG_MUST_CHECK;
/* Leaves the state for a later audit, if it is to and nothing was found. */
lg_err lg_audit_state_keep(lg_audit *audit, lg_report *report) LG_MUST_CHECK;
void lg_audit_state_close(lg_audit *audit);

#endif
