/* What the entries make, against what is stored: every table of the database under audit beside the rebuilt
 * one; and of the rebuilt ones, the rules that hold between tables. Each is a task for one of the audit's
 * threads; what they find is told in the order of the list. */
#include "ledger/audit/internal.h"

#include "ledger/store/invariants.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct finding {
    const char *table, *key, *detail;
    struct finding *next;
} finding;

typedef struct task {
    const char *table, *order; /* NULL: the invariant of that number */
    size_t invariant;
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

/* In the order in which they are reported. */
static const struct projection {
    const char *table, *order;
} projections[] = {
    {"nodes", "level, n"},
    {"participants", "participant_no"},
    {"identifiers", "scheme, value"},
    {"keys", "kid"},
    {"tokens", "token_no"},
    {"token_limits", "token_no, currency"},
    {"four_eyes", "participant_no, currency"},
    {"approvals", "approval_no"},
    {"credit_lines", "participant_no, currency"},
    {"exposures", "participant_no, currency"},
    {"policies", "version"},
    {"receivables", "receivable_no"},
    {"verifications", "receivable_no"},
    {"claims", "claim_no"},
    {"claim_versions", "claim_no, until_seq"},
    {"claim_views", "participant_no, claim_no, source_no"},
    {"grants", "grant_no"},
    {"check_counts", "participant_no, day"},
    {"programs", "program_no"},
    {"program_debtors", "debtor_no, program_no"},
    {"program_draws", "program_no, debtor_no"},
    {"requests", "request_no"},
    {"request_claims", "request_no, place"},
    {"request_lenders", "lender_no, request_no"},
    {"offers", "offer_no"},
    {"financings", "financing_no"},
    {"financing_claims", "financing_no, place"},
    {"payments", "payment_no"},
    {"payment_shares", "payment_no, claim_no"},
    {"proposals", "proposal_no"},
    {"proposal_signers", "proposal_no, place"},
    {"webhooks", "webhook_no"},
    {"history", "subject_no, seq"},
    {"parties", "seq, participant_no, share"},
    {"party_entries", "participant_no, seq"},
    {"movements", "participant_no, account, currency, seq, line"},
};
enum { PROJECTIONS = sizeof projections / sizeof *projections };

static void keep(void *ctx, const char *table, const char *key, const char *detail)
{
    task *t = ctx;
    finding *found = lg_arena_alloc(t->arena, sizeof *found);
    *found = (finding){table, lg_arena_strdup(t->arena, key), lg_arena_strdup(t->arena, detail), NULL};
    *t->last = found;
    t->last = &found->next;
}

static void *work(void *arg)
{
    hand *h = arg;
    crew *c = h->crew;
    for (size_t i; (i = atomic_fetch_add(&c->begun, 1)) < c->count;) {
        /* From the end: there the largest tables are, and a thread that ends early finds small ones left. */
        task *t = &c->tasks[c->count - 1 - i];
        lg_db *actual = c->audit->actuals[h->number], *rebuilt = c->audit->rebuilts[h->number];
        t->err = t->table ? lg_db_compare(actual, rebuilt, t->table, t->order, keep, t, &t->rows)
                          : lg_db_check_invariant(rebuilt, t->invariant, keep, t);
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
    if (t->table)
        summary->tables[summary->table_count++] = (lg_audit_table){t->table, t->rows};
    else
        summary->invariants++;
    lg_arena_close(t->arena);
    return t->err;
}

lg_err lg_audit_tables(lg_audit *audit)
{
    const size_t count = PROJECTIONS + lg_invariant_count();
    crew c = {.audit = audit, .tasks = lg_arena_array(audit->arena, count, sizeof *c.tasks), .count = count};
    lg_err err = LG_OK;
    for (size_t i = 0; i < count; i++) {
        task *t = &c.tasks[i];
        if (i < PROJECTIONS)
            *t = (task){.table = projections[i].table, .order = projections[i].order};
        else
            *t = (task){.invariant = i - PROJECTIONS};
        t->arena = lg_arena_open();
        t->last = &t->first;
    }
    work_together(&c);
    for (size_t i = 0; i < count; i++) {
        lg_err one = report(audit, &c.tasks[i]);
        err = err ? err : one;
    }
    return err;
}
