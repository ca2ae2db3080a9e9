/* Rows that somebody changed past every guard: whoever reads one hears that it is corrupt, and gets nothing
 * made of it. */
#include "tests/unit/audit_story.h"

#include "ledger/store/proposal_rows.h"
#include "ledger/store/verification_rows.h"

static lg_db *db;

/* The number of the first row of a table. */
static int64_t first_of(const char *column, const char *table)
{
    lg_query query = lg_query_start_once(
        db, lg_arena_printf(r->arena, "SELECT %s FROM %s ORDER BY %s", column, table, column));
    assert_true(lg_query_next(&query));
    const int64_t no = lg_column_int(&query, 0);
    OK(lg_query_end(&query));
    return no;
}

static lg_err entry(void)
{
    lg_entry_row row;
    return lg_entry_get(db, 6, r->arena, &row);
}

static lg_err bodies(void)
{
    lg_bytes *rows;
    size_t count;
    return lg_entry_bodies(db, 4, 10, r->arena, &rows, &count);
}

static lg_err command(void)
{
    lg_command_row row;
    return lg_command_by_seq(db, 6, r->arena, &row);
}

static lg_err keys(void)
{
    lg_key *rows;
    size_t count;
    return lg_key_list(db, (lg_participant_no){first_of("participant_no", "keys")}, r->arena, &rows, &count);
}

static lg_err signers(void)
{
    lg_proposal_signers out;
    return lg_proposal_signers_get(db, (lg_proposal_no){first_of("proposal_no", "proposal_signers")}, &out);
}

static lg_err verification(void)
{
    lg_verification out;
    return lg_verification_get(db, (lg_receivable_no){first_of("receivable_no", "verifications")}, r->arena,
                               &out);
}

static lg_err participant(void)
{
    lg_participant out;
    return lg_participant_get(db, (lg_participant_no){first_of("participant_no", "participants")}, r->arena,
                              &out);
}

static lg_err receivable(void)
{
    lg_receivable out;
    return lg_receivable_get(db, (lg_receivable_no){first_of("receivable_no", "receivables")}, r->arena,
                             &out);
}

static lg_err claim(void)
{
    lg_claim out;
    return lg_claim_get(db, (lg_claim_no){first_of("claim_no", "claims")}, r->arena, &out);
}

static lg_err program(void)
{
    lg_program out;
    return lg_program_get(db, (lg_program_no){first_of("program_no", "programs")}, r->arena, &out);
}

static lg_err financing(void)
{
    lg_financing out;
    return lg_financing_get(db, (lg_financing_no){first_of("financing_no", "financings")}, r->arena, &out);
}

static const struct {
    const char *sql;
    lg_err (*read)(void);
} damages[] = {
    {"UPDATE disclosures SET body = x'ff' WHERE seq = 6", entry},
    {"UPDATE entries SET body = x'ff' WHERE seq = 6", entry},
    {"UPDATE entries SET body = x'ff' WHERE seq = 6", bodies},
    {"DELETE FROM entries WHERE seq = 6", bodies},
    {"UPDATE commands SET texts = x'ff' WHERE first_seq = 6", command},
    {"UPDATE commands SET jws_len = -1 WHERE first_seq = 6", command},
    {"UPDATE commands SET jws_len = 1000000 WHERE first_seq = 6", command},
    {"UPDATE keys SET kid = substr(kid, 1, 42)", keys},
    {"UPDATE keys SET public_key = zeroblob(31)", keys},
    {"INSERT INTO proposal_signers SELECT proposal_no, place + 10 * value, participant_no + 100 * value, 1"
     " FROM (SELECT min(proposal_no) AS proposal_no, min(place) AS place, min(participant_no) AS"
     " participant_no FROM proposal_signers), (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT"
     " 4 UNION SELECT 5)",
     signers},
    {"UPDATE verifications SET outcome = 'none'", verification},
    {"UPDATE verifications SET answer = 'perhaps'", verification},
    {"UPDATE verifications SET state = 'waiting'", verification},
    {"UPDATE participants SET roles = -1", participant},
    {"UPDATE participants SET roles = 65536", participant},
    {"UPDATE participants SET id = substr(id, 1, 15)", participant},
    {"UPDATE receivables SET currency = 'cny'", receivable},
    {"UPDATE receivables SET currency = 'CNYX'", receivable},
    {"UPDATE receivables SET due_day = 1099511627776", receivable},
    {"UPDATE receivables SET due_day = -1099511627776", receivable},
    {"UPDATE receivables SET life = 'dead'", receivable},
    {"UPDATE receivables SET review_outcome = 'fine'", receivable},
    {"UPDATE claims SET life = 'dead'", claim},
    {"UPDATE claims SET encumbrance = 'lost'", claim},
    {"UPDATE claims SET id = CAST(id || x'00' AS BLOB)", claim},
    {"UPDATE programs SET kind = 'gift'", program},
    {"UPDATE financings SET status = 'gone'", financing},
};

static void what_was_changed_is_corrupt_to_whoever_reads_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
        for (int damaged = 0; damaged < 2; damaged++) {
            tamper(damaged ? damages[i].sql : "SELECT 1");
            OK(lg_db_open(database, LG_DB_EXAMINER, &db, &r->report));
            lg_err err = damages[i].read();
            if (err != (damaged ? LG_CORRUPT : LG_OK))
                fail_msg("%s: %s", damaged ? damages[i].sql : "as it was", lg_err_slug(err));
            lg_db_close(db);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_changed_is_corrupt_to_whoever_reads_it),
    };
    return cmocka_run_group_tests(tests, make_registry, drop_registry);
}
