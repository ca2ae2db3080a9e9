/* What the files of audit/ share. */
#ifndef LG_AUDIT_INTERNAL_H
#define LG_AUDIT_INTERNAL_H

#include "ledger/audit/audit.h"

typedef struct lg_audit {
    const lg_audit_config *config;
    lg_audit_summary *summary;
    lg_db *actual;  /* the database under audit, read-only */
    lg_db *rebuilt; /* the projections as the entries make them */
    lg_edge *edge;  /* the tree as the entries make it; its nodes go into rebuilt */
    lg_arena *arena;       /* of one entry */
    lg_arena *command_arena; /* of the current command */
    lg_command_row command_row;
    lg_command command;
    lg_jws jws;
    bool has_command;
    uint8_t hash_key[LG_HASH_KEY_LEN];
    int64_t size; /* entries in the snapshot */
    lg_hash last_leaf;
    lg_time last_at;
    lg_public_key operator_key; /* of the first entries, which make the operator known */
} lg_audit;

void lg_audit_find(lg_audit *audit, const char *table, const char *key, const char *fmt, ...) LG_PRINTF(4, 5);

/* commands.c: loads the command that caused entry `seq` when another one begins, and checks it: bytes, signatures, jti, order. */
lg_err lg_audit_command(lg_audit *audit, const lg_entry *entry, const lg_event *event) LG_MUST_CHECK;

#endif
