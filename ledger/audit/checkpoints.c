#include "ledger/audit/internal.h"

enum { CHECKPOINTS_AT_ONCE = 500 };

static int64_t last_judged(const lg_audit *audit)
{
    return audit->checkpoints.last ? audit->checkpoints.last : audit->before.seq;
}

/* The size of the next one to judge; -1: there is none. */
static lg_err find_next(lg_audit *audit, int64_t *size)
{
    lg_err err = LG_OK;
    if (audit->checkpoints.judged == audit->checkpoints.count && !audit->checkpoints.ended) {
        lg_arena_reset(audit->checkpoints.arena);
        audit->checkpoints.judged = audit->checkpoints.count = 0;
        err = lg_checkpoint_range(audit->actual, last_judged(audit), CHECKPOINTS_AT_ONCE,
                                  audit->checkpoints.arena, &audit->checkpoints.sizes,
                                  &audit->checkpoints.roots, &audit->checkpoints.count);
        audit->checkpoints.ended = audit->checkpoints.count == 0;
    }
    *size = err || audit->checkpoints.ended ? -1 : audit->checkpoints.sizes[audit->checkpoints.judged];
    return err;
}

static const lg_hash *judge(lg_audit *audit, int64_t size)
{
    audit->checkpoints.last = size;
    return &audit->checkpoints.roots[audit->checkpoints.judged++];
}

lg_err lg_audit_checkpoints_now(lg_audit *audit)
{
    lg_hash root;
    int64_t size;
    lg_err err = find_next(audit, &size);
    if (err || size != lg_edge_size(audit->edge))
        return err;
    err = lg_edge_root(audit->edge, &root);
    if (!err && !lg_hash_equal(&root, judge(audit, size)))
        lg_audit_find(audit, "checkpoints", lg_audit_seq_key(audit, size),
                      "the root is not that of the entries");
    return err;
}

lg_err lg_audit_checkpoints_end(lg_audit *audit)
{
    int64_t size;
    lg_err err;
    while (!(err = find_next(audit, &size)) && size >= 0) {
        lg_audit_find(audit, "checkpoints", lg_audit_seq_key(audit, size),
                      "a tree of this size was signed, the entries are fewer");
        judge(audit, size);
    }
    if (!err && last_judged(audit) != lg_edge_size(audit->edge))
        lg_audit_find(audit, "checkpoints", lg_audit_seq_key(audit, last_judged(audit)),
                      "the newest checkpoint does not cover all entries");
    return err;
}
