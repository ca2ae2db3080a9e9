/* What the audit's own database goes without. It is read by the acts alone, so indexes that lists, deadlines,
 * statements and reviews of what is submitted are read by would only be written: by half of what the replay
 * writes. */
#include "ledger/store/db.h"

#include <stdio.h>

/* Whoever makes an act read by one of these takes it off the list: tests/unit/test_audit.c fails when a
 * statement of the replay scans a table. None of them is unique: what may be there once is found out. */
static const char *const for_others_alone[] = {
    "commands_by_jti",
    "receivables_held",
    "receivables_judged",
    "receivables_waiting",
    "receivables_by_similarity",
    "claims_by_holder",
    "claims_kept",
    "claims_parted",
    "claims_by_debtor",
    "claims_by_lender",
    "claims_by_recipient",
    "claims_by_authority",
    "claims_responding",
    "claims_ageing",
    "grants_by_grantor",
    "grants_by_grantee",
    "requests_by_holder",
    "requests_open_to_any",
    "requests_waiting",
    "offers_by_lender",
    "financings_by_lender",
    "financings_by_seller",
    "financings_waiting",
    "payments_by_root",
    "payments_by_debtor",
    "payments_by_recorder",
    "payment_shares_by_payee",
    "payment_shares_by_holder",
};

lg_err lg_db_lighten(lg_db *db)
{
    lg_err err = LG_OK;
    for (size_t i = 0; i < sizeof for_others_alone / sizeof *for_others_alone && !err; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "DROP INDEX %s", for_others_alone[i]);
        err = lg_db_define(db, sql);
    }
    return err;
}

typedef struct caller {
    lg_table_differ differ;
    void *ctx;
} caller;

static void name_database(void *ctx, const char *table, const char *key, const char *detail)
{
    const caller *c = ctx;
    (void)table;
    c->differ(c->ctx, "database", key, detail);
}

lg_err lg_db_check_schema(lg_db *db, lg_table_differ differ, void *ctx)
{
    static const char definitions[] =
        "(SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'table' OR type = 'index')";
    caller c = {differ, ctx};
    lg_db *ours = NULL;
    int64_t rows;
    lg_err err = lg_db_open(NULL, LG_DB_SCRATCH, &ours, NULL);
    if (!err)
        err = lg_db_compare(db, ours, definitions, "name", INT64_MIN, name_database, &c, &rows);
    lg_db_close(ours);
    return err;
}
