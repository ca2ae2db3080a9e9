/* What the entries make, against what is stored: every table of the database under audit beside the rebuilt
 * one; of the rebuilt ones, the rules that hold between tables; and of the database, its integrity. Each is a
 * task for one of the audit's threads; what they find is told in the order of the list. */
#include "ledger/audit/internal.h"

#include "ledger/store/invariants.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct finding {
    const char *table, *key, *detail;
    struct finding *next;
} finding;

typedef enum kind { INTEGRITY, JTIS, COUNTS, COMPARISON, INVARIANT } kind;

typedef struct task {
    kind what;
    size_t number; /* of the projection, or the invariant */
    int64_t rows;
    lg_arena *arena; /* of its findings */
    finding *first, **last;
    lg_err err;
} task;

typedef struct crew {
    lg_audit *audit;
    task *tasks;
    size_t count;
    atomic_size_t begun;
} crew;

typedef struct hand {
    crew *crew;
    size_t number;
    pthread_t thread;
} hand;

const lg_audit_projection lg_audit_projections[] = {
    {"nodes", "place", LG_AUDIT_NO_OTHERS},
    {"participants", "participant_no", LG_AUDIT_ALL_ROWS},
    {"identifiers", "scheme, value", LG_AUDIT_ALL_ROWS},
    {"keys", "kid", LG_AUDIT_ALL_ROWS},
    {"tokens", "token_no", LG_AUDIT_ALL_ROWS},
    {"token_limits", "token_no, currency", LG_AUDIT_ALL_ROWS},
    {"four_eyes", "participant_no, currency", LG_AUDIT_ALL_ROWS},
    {"approvals", "approval_no", LG_AUDIT_NEW_NOS},
    {"credit_lines", "participant_no, currency", LG_AUDIT_ALL_ROWS},
    {"exposures", "participant_no, currency", LG_AUDIT_ALL_ROWS},
    {"policies", "version", LG_AUDIT_ALL_ROWS},
    {"receivables", "receivable_no", LG_AUDIT_NEW_NOS},
    {"verifications", "receivable_no", LG_AUDIT_NEW_NOS},
    {"claims", "claim_no", LG_AUDIT_NEW_NOS},
    {"claim_versions", "claim_no, until_seq", LG_AUDIT_NEW_NOS},
    {"claim_views", "participant_no, claim_no, source_no", LG_AUDIT_NO_OTHERS},
    {"grants", "grant_no", LG_AUDIT_NEW_NOS},
    {"check_counts", "participant_no, day", LG_AUDIT_NO_OTHERS},
    {"programs", "program_no", LG_AUDIT_ALL_ROWS},
    {"program_debtors", "debtor_no, program_no", LG_AUDIT_ALL_ROWS},
    {"program_draws", "program_no, debtor_no", LG_AUDIT_ALL_ROWS},
    {"requests", "request_no", LG_AUDIT_NEW_NOS},
    {"request_claims", "request_no, place", LG_AUDIT_NEW_NOS},
    {"request_lenders", "lender_no, request_no", LG_AUDIT_NO_OTHERS},
    {"offers", "offer_no", LG_AUDIT_NEW_NOS},
    {"financings", "financing_no", LG_AUDIT_NEW_NOS},
    {"financing_claims", "financing_no, place", LG_AUDIT_NEW_NOS},
    {"payments", "payment_no", LG_AUDIT_NEW_NOS},
    {"payment_shares", "payment_no, claim_no", LG_AUDIT_NEW_NOS},
    {"proposals", "proposal_no", LG_AUDIT_NEW_NOS},
    {"proposal_signers", "proposal_no, place", LG_AUDIT_NEW_NOS},
    {"webhooks", "webhook_no", LG_AUDIT_ALL_ROWS},
    {"history", "subject_no, seq", LG_AUDIT_NEW_NOS},
    {"parties", "seq, participant_no, share", LG_AUDIT_NEW_SEQS},
    {"party_entries", "seq, participant_no", LG_AUDIT_NEW_SEQS},
    {"party_runs", "participant_no, first_seq", LG_AUDIT_NO_OTHERS},
    {"party_tails", "participant_no", LG_AUDIT_ALL_ROWS},
};
const size_t lg_audit_projection_count = sizeof lg_audit_projections / sizeof *lg_audit_projections;

static void keep(void *ctx, const char *table, const char *key, const char *detail)
{
    task *t = ctx;
    finding *found = lg_arena_alloc(t->arena, sizeof *found);
    *found = (finding){table, lg_arena_strdup(t->arena, key), lg_arena_strdup(t->arena, detail), NULL};
    *t->last = found;
    t->last = &found->next;
}

static lg_err carry_out(task *t, lg_db *actual, lg_db *rebuilt, lg_log_counts *counts)
{
    const lg_audit_projection *projection = &lg_audit_projections[t->number];
    switch (t->what) {
    case INTEGRITY:
        return lg_db_integrity(actual, keep, t);
    case JTIS:
        return lg_command_check_jtis(actual, keep, t);
    case COUNTS:
        return lg_log_count(actual, 0, counts);
    case COMPARISON:
        return lg_db_compare(actual, rebuilt, projection->table, projection->key, INT64_MIN, keep, t,
                             &t->rows);
    case INVARIANT:
        return lg_db_check_invariant(rebuilt, t->number, keep, t);
    }
    return LG_INTERNAL;
}

static void *work(void *arg)
{
    hand *h = arg;
    crew *c = h->crew;
    for (size_t i; (i = atomic_fetch_add(&c->begun, 1)) < c->count;) {
        /* The integrity check takes as long as all others together. The rest from the end: there the largest
         * tables are, and a thread that ends early finds small ones left. */
        task *t = &c->tasks[i == 0 ? 0 : c->count - i];
        t->err = carry_out(t, c->audit->actuals[h->number], c->audit->rebuilts[h->number], &c->audit->counts);
    }
    return NULL;
}

/* The first of the crew is the caller's own thread. */
static void work_together(crew *c)
{
    hand hands[LG_AUDIT_THREADS_MAX];
    size_t count = 1;
    hands[0] = (hand){c, 0, 0};
    while (count < c->audit->thread_count) {
        hands[count] = (hand){c, count, 0};
        if (pthread_create(&hands[count].thread, NULL, work, &hands[count]) != 0)
            break;
        count++;
    }
    work(&hands[0]);
    while (count > 1)
        pthread_join(hands[--count].thread, NULL);
}

static lg_err report(lg_audit *audit, task *t)
{
    lg_audit_summary *summary = audit->summary;
    for (const finding *found = t->first; found; found = found->next)
        lg_audit_differ(audit, found->table, found->key, found->detail);
    if (t->what == COMPARISON)
        summary->tables[summary->table_count++] =
            (lg_audit_table){lg_audit_projections[t->number].table, t->rows};
    summary->invariants += t->what == INVARIANT;
    lg_arena_close(t->arena);
    return t->err;
}

static void add(crew *c, kind what, size_t number)
{
    task *t = &c->tasks[c->count++];
    *t = (task){.what = what, .number = number, .arena = lg_arena_open()};
    t->last = &t->first;
}

lg_err lg_audit_tables(lg_audit *audit)
{
    const size_t most = 3 + lg_audit_projection_count + lg_invariant_count();
    crew c = {.audit = audit, .tasks = lg_arena_array(audit->arena, most, sizeof *c.tasks)};
    lg_err err = LG_OK;
    for (size_t i = 0; i < audit->thread_count && !err; i++) {
        err = lg_db_set_cache(audit->actuals[i], 0); /* it was small, for reading ahead */
        /* Nobody writes there any more; but a statement without a transaction locks the file each time. */
        if (!err)
            err = lg_db_begin(audit->rebuilts[i]);
    }
    if (err)
        return err;
    add(&c, INTEGRITY, 0);
    add(&c, JTIS, 0);
    add(&c, COUNTS, 0);
    for (size_t i = 0; i < lg_audit_projection_count; i++)
        add(&c, COMPARISON, i);
    for (size_t i = 0; i < lg_invariant_count(); i++)
        add(&c, INVARIANT, i);
    work_together(&c);
    for (size_t i = 0; i < audit->thread_count; i++)
        lg_db_rollback(audit->rebuilts[i]);
    for (size_t i = 0; i < c.count; i++) {
        lg_err one = report(audit, &c.tasks[i]);
        err = err ? err : one;
    }
    return err;
}

/* ---- since an earlier audit ---- */

static lg_err compare_since(lg_audit *audit, const lg_audit_projection *p, int64_t *rows)
{
    int64_t from = INT64_MAX, others = 0;
    lg_err err = LG_OK;
    *rows = 0;
    switch (p->reach) {
    case LG_AUDIT_ALL_ROWS:
        from = INT64_MIN;
        break;
    case LG_AUDIT_NEW_NOS:
        from = lg_row_no(audit->before.seq, 0);
        break;
    case LG_AUDIT_NEW_SEQS:
        from = audit->before.seq;
        break;
    case LG_AUDIT_NO_OTHERS:
        break;
    }
    if (from != INT64_MAX)
        err = lg_db_compare(audit->actual, audit->rebuilt, p->table, p->key, from, lg_audit_differ, audit,
                            &others);
    if (!err && from != INT64_MIN)
        err = lg_db_compare_watched(audit->actual, audit->rebuilt, p->table, p->key, from, lg_audit_differ,
                                    audit, rows);
    *rows += others;
    return err;
}

lg_err lg_audit_tables_since(lg_audit *audit)
{
    lg_audit_summary *summary = audit->summary;
    lg_err err = LG_OK;
    for (size_t i = 0; i < lg_audit_projection_count && !err; i++) {
        lg_audit_table *table = &summary->tables[summary->table_count++];
        table->name = lg_audit_projections[i].table;
        err = compare_since(audit, &lg_audit_projections[i], &table->rows);
    }
    return err;
}
