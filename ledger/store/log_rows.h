/* Rows of the ledger's own tables: entries, disclosures, commands, nodes, checkpoints, writer. */
#ifndef LG_STORE_LOG_ROWS_H
#define LG_STORE_LOG_ROWS_H

#include "ledger/log/entry.h"
#include "ledger/log/tree.h"
#include "ledger/store/db.h"

/* Whatever its body is; that is kept as it is. */
lg_err lg_entry_insert(lg_db *db, int64_t seq, lg_bytes body, const char *disclosures) LG_MUST_CHECK;
/* `body` is what the entry encodes to; from the second entry on its members are kept in its place. */
lg_err lg_entry_insert_disclosing(lg_db *db, const lg_entry *entry, lg_bytes body,
                                  const lg_disclosures *disclosures) LG_MUST_CHECK;

typedef struct lg_entry_row {
    int64_t seq;
    lg_bytes body;
    const lg_entry *members; /* what body says, of what is read; NULL: it must be parsed for it */
    const char *disclosures; /* joined by '~'; "" if there are none or they were erased */
    /* What is stored cannot be unpacked; it then reads "". */
    bool body_is_damaged, disclosures_are_damaged;
    const lg_hash *leaf; /* the body's leaf hash, of an entry just appended; of what is read NULL */
} lg_entry_row;
/* LG_NOT_FOUND if absent; LG_CORRUPT if it is damaged. */
lg_err lg_entry_get(lg_db *db, int64_t seq, lg_arena *arena, lg_entry_row *out) LG_MUST_CHECK;
/* Up to `limit` entries from seq on, damaged ones among them; *rows in the arena. */
lg_err lg_entry_range(lg_db *db, int64_t from, size_t limit, lg_arena *arena, lg_entry_row **rows,
                      size_t *count) LG_MUST_CHECK;
/* The bytes alone of up to `limit` entries from `from` on; LG_CORRUPT if one is damaged, or missing between
 * two. */
lg_err lg_entry_bodies(lg_db *db, int64_t from, size_t limit, lg_arena *arena, lg_bytes **bodies,
                       size_t *count) LG_MUST_CHECK;

/* Up to which number the entries reach without a gap that lies behind `size`, and the first entry beyond, -1
 * if there is none. Reads no bodies; walks what lies behind `size`. */
lg_err lg_entry_end(lg_db *db, int64_t size, int64_t *end, int64_t *stray) LG_MUST_CHECK;

typedef struct lg_command_row {
    int64_t first_seq, entry_count;
    lg_participant_no signer;
    const char *jti, *url;
    int status;
    const char *answer;
    lg_bytes jws;
    bool is_damaged; /* what is stored of jws and answer cannot be unpacked; both are then empty */
    /* lg_command_range alone says these: */
    bool key_fits; /* what the index has of the jti is of this one */
    bool is_left;  /* jws and answer were not read, there was no room for them; both are empty */
} lg_command_row;
lg_err lg_command_insert(lg_db *db, const lg_command_row *row) LG_MUST_CHECK;
/* What the rules between tables ask of a command, and nothing that was signed or answered: for the audit's
 * own database. */
lg_err lg_command_note(lg_db *db, int64_t first_seq, int64_t entry_count,
                       lg_participant_no signer) LG_MUST_CHECK;
/* By idempotency key, which is each (first) signer's own; LG_NOT_FOUND if none of its commands has it,
 * LG_CORRUPT if it is damaged. */
lg_err lg_command_by_jti(lg_db *db, lg_participant_no signer, const char *jti, lg_arena *arena,
                         lg_command_row *out) LG_MUST_CHECK;
/* The entry at which the command of that idempotency key begins, by the index alone and the row it leads to;
 * LG_NOT_FOUND. */
lg_err lg_command_seq_by_jti(lg_db *db, lg_participant_no signer, const char *jti,
                             int64_t *first_seq) LG_MUST_CHECK;
/* The command that caused an entry; likewise. */
lg_err lg_command_by_seq(lg_db *db, int64_t seq, lg_arena *arena, lg_command_row *out) LG_MUST_CHECK;
/* Those that begin at entries from..until-1, in order. Their texts together take no more than `text_max`
 * bytes: from some, they are left. */
lg_err lg_command_range(lg_db *db, int64_t from, int64_t until, size_t text_max, lg_arena *arena,
                        lg_command_row **rows, size_t *count) LG_MUST_CHECK;
/* Calls differ for each command whose idempotency key an earlier one of its signer had. Walks the index: for
 * the audit only. */
lg_err lg_command_check_jtis(lg_db *db, lg_table_differ differ, void *ctx) LG_MUST_CHECK;

lg_err lg_tree_row_insert(lg_db *db, const lg_tree_row *row) LG_MUST_CHECK;
lg_err lg_tree_tail_get(lg_db *db, lg_tree_tail *out) LG_MUST_CHECK; /* as the writer's row has it */
/* An lg_node_reader; ctx is an lg_db, in one snapshot. LG_CORRUPT if one is missing. */
lg_err lg_node_read(void *db, unsigned level, int64_t first, unsigned count, lg_hash *out);

lg_err lg_checkpoint_insert(lg_db *db, int64_t size, const lg_hash *root) LG_MUST_CHECK;
/* The newest checkpoint; size 0 and the empty root if there is none. */
lg_err lg_checkpoint_latest(lg_db *db, int64_t *size, lg_hash *root) LG_MUST_CHECK;
/* The first checkpoint that includes entry `seq`. */
lg_err lg_checkpoint_including(lg_db *db, int64_t seq, int64_t *size, lg_hash *root) LG_MUST_CHECK;
/* Checkpoints with size > after, in order. */
lg_err lg_checkpoint_range(lg_db *db, int64_t after, size_t limit, lg_arena *arena, int64_t **sizes,
                           lg_hash **roots, size_t *count) LG_MUST_CHECK;

/* Walks the tables, as far as they are about entries from `from` on: for the audit only. */
typedef struct lg_log_counts {
    int64_t commands, checkpoints, stray_disclosures; /* the last: of entries that are not there */
} lg_log_counts;
lg_err lg_log_count(lg_db *db, int64_t from, lg_log_counts *out) LG_MUST_CHECK;

typedef struct lg_writer_row {
    int64_t epoch, beat, seq;
    lg_hash hash;
} lg_writer_row;
lg_err lg_writer_get(lg_db *db, lg_writer_row *out) LG_MUST_CHECK;
/* Compare-and-set of the single row; LG_WRITER_DISPLACED if it does not hold `expected`. `tail` is that of
 * the tree of next->seq entries. */
lg_err lg_writer_swap(lg_db *db, const lg_writer_row *expected, const lg_writer_row *next,
                      const lg_tree_tail *tail, const char *holder) LG_MUST_CHECK;

#endif
