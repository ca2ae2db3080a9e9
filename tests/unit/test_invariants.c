/* The rules between the tables: silent on a ledger on which nearly everything happened that may happen to a
 * claim; and whichever is broken speaks, alone and of the right row. */
#include "tests/unit/life_story.h"

#include "ledger/store/invariants.h"
#include "ledger/store/positions.h"

#include <fcntl.h>
#include <sqlite3.h>

static char copy[96];
static char *whole;
static size_t whole_len;

/* ---- tampering ---- */

static void save(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static int make_ledger(void **state)
{
    char path[96];
    (void)state;
    r = rig_open();
    act_out_a_story();
    rig_detach(r);
    snprintf(path, sizeof path, "%s/ledger.db", r->dir);
    snprintf(copy, sizeof copy, "%s/copy.db", r->dir);
    int fd = open(path, O_RDONLY);
    whole_len = (size_t)lseek(fd, 0, SEEK_END);
    whole = malloc(whole_len);
    assert_int_equal(pread(fd, whole, whole_len, 0), (ssize_t)whole_len);
    close(fd);
    return 0;
}

static int drop_ledger(void **state)
{
    (void)state;
    lg_signing_key_close(lender.key);
    lg_signing_key_close(factor.key);
    lg_signing_key_close(tier2.key);
    lg_signing_key_close(late.key);
    free(whole);
    rig_close(r);
    return 0;
}

/* no('pledged'): the row number of what the story named so. */
static void look_up(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *wanted = (const char *)sqlite3_value_text(values[0]);
    (void)count;
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i].name, wanted) == 0) {
            sqlite3_result_int64(context, names[i].no);
            return;
        }
    }
    sqlite3_result_error(context, wanted, -1);
}

/* owing(positions, seq, items, amount_minor): packed positions, owing so much more in CNY. */
static void owe_more(sqlite3_context *context, int count, sqlite3_value **values)
{
    const int64_t seq = sqlite3_value_int64(values[1]);
    const lg_bytes blob = lg_bytes_of(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]));
    lg_positions positions;
    (void)count;
    OK(lg_positions_unpack(blob, seq, r->arena, &positions));
    for (size_t i = 0; i < positions.count; i++) {
        lg_position *row = &positions.rows[i];
        if (row->account != LG_ACCOUNT_CLAIMS_OWED || strcmp(row->currency.code, "CNY") != 0)
            continue;
        row->balance.items += sqlite3_value_int64(values[2]);
        row->balance.amount_minor += sqlite3_value_int64(values[3]);
    }
    const lg_bytes changed = lg_positions_pack(&positions, seq, r->arena);
    sqlite3_result_blob(context, changed.data, (int)changed.len, SQLITE_TRANSIENT);
}

/* A fresh copy of the ledger, without what keeps it append-only, and with foreign keys and CHECKs ignored. */
static sqlite3 *open_copy(void)
{
    sqlite3 *handle;
    unlink(lg_arena_printf(r->arena, "%s-wal", copy));
    unlink(lg_arena_printf(r->arena, "%s-shm", copy));
    save(copy, whole, whole_len);
    assert_int_equal(sqlite3_open(copy, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_create_function(handle, "no", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                             look_up, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_create_function(handle, "owing", 4, SQLITE_UTF8, NULL, owe_more, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle,
                                  "DROP TRIGGER commands_keep; DROP TRIGGER commands_stay;"
                                  "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    return handle;
}

static const char *value_of(sqlite3 *handle, const char *expression)
{
    sqlite3_stmt *statement;
    const char *sql = lg_arena_printf(r->arena, "SELECT %s", expression);
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    const char *text = lg_arena_strdup(r->arena, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
}

/* ---- listening ---- */

enum { HEARD_MAX = 32 };
static struct {
    const char *table, *key, *rule;
} heard[HEARD_MAX];
static size_t heard_count;
static const char *spoken[64]; /* rules that spoke in any test */
static size_t spoken_count;
static int64_t rule_count;

static void hear(void *ctx, const char *table, const char *key, const char *rule)
{
    (void)ctx;
    assert_true(heard_count < HEARD_MAX);
    heard[heard_count].table = table;
    heard[heard_count].key = lg_arena_strdup(r->arena, key);
    heard[heard_count++].rule = rule;
    for (size_t i = 0; i < spoken_count; i++)
        if (spoken[i] == rule)
            return;
    spoken[spoken_count++] = rule;
}

static void ask_all_rules(void)
{
    lg_db *db;
    heard_count = 0;
    lg_report_init(&r->report, r->arena);
    OK(lg_db_open(copy, LG_DB_READER, &db, &r->report));
    OK(lg_db_check_invariants(db, hear, NULL, &rule_count));
    lg_db_close(db);
}

static const char *all_that_was_heard(void)
{
    const char *text = "";
    for (size_t i = 0; i < heard_count; i++)
        text =
            lg_arena_printf(r->arena, "%s\n  %s %s: %s", text, heard[i].table, heard[i].key, heard[i].rule);
    return text;
}

/* The rules, by words of theirs. */
#define ROOT      "claims", "what is owed on a root's descendants"
#define SUM       "claims", "does not add up"
#define CHILDREN  "claims", "the children of a divided claim"
#define UNDIVIDED "claims", "has children, but was not divided"
#define HOLDER    "claims", "the holder is no participant"
#define FREE      "claims", "a free claim names"
#define OFFERED   "claims", "an offered claim is not in exactly one"
#define HELD      "claims", "reserved, pledged or sold claim is not in a financing"
#define OPEN      "financing_claims", "the financing is open, but"
#define RIGHT     "claim_versions", "a lender lost its right"
#define SIGNATURE "proposals", "without a signature"
#define PROGRAM   "programs", "what is drawn is not"
#define DRAW      "program_draws", "what is drawn on a debtor"
#define ADVANCES  "financings", "advances are not the financing's"
#define SHARES    "payments", "the shares and the excess"
#define PAID      "claims", "what was paid is not"
#define EXPOSURE  "exposures", "what the debtor owes"
#define STEP      "party_entries", "the positions behind it"
#define STANDS    "party_entries", "the positions are not what"
#define EYES      "approvals", "given by no second token"
#define WIDER     "tokens", "gives more than"

/* What is changed, and who speaks of which row (an expression). */
typedef struct tampering {
    const char *sql;
    struct {
        const char *table, *words, *key;
    } speaks[3];
} tampering;

/* The positions speak again of whatever else is changed of claims, receivables and financings: they are asked
 * where a tampering is of them. */
static void forget_positions(const tampering *one)
{
    size_t kept = 0;
    if (strstr(one->sql, "party_entries") || strstr(one->sql, "party_tails"))
        return;
    for (size_t i = 0; i < heard_count; i++)
        if (strcmp(heard[i].table, "party_entries") != 0)
            heard[kept++] = heard[i];
    heard_count = kept;
}

static void expect(sqlite3 *handle, const tampering *one)
{
    size_t expected = 0;
    forget_positions(one);
    for (size_t i = 0; i < 3 && one->speaks[i].table; i++, expected++) {
        const char *key = value_of(handle, one->speaks[i].key);
        bool found = false;
        for (size_t k = 0; k < heard_count; k++)
            found = found || (strcmp(heard[k].table, one->speaks[i].table) == 0 &&
                              strcmp(heard[k].key, key) == 0 && strstr(heard[k].rule, one->speaks[i].words));
        if (!found)
            fail_msg("%s\nnot heard: %s %s: %s\nbut:%s", one->sql, one->speaks[i].table, key,
                     one->speaks[i].words, all_that_was_heard());
    }
    if (heard_count != expected)
        fail_msg("%s\nheard too much:%s", one->sql, all_that_was_heard());
}

static void each_speaks(const tampering *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *said = NULL;
        sqlite3 *handle = open_copy();
        int before = sqlite3_total_changes(handle);
        if (sqlite3_exec(handle, all[i].sql, NULL, NULL, &said) != SQLITE_OK)
            fail_msg("%s: %s", all[i].sql, said);
        if (sqlite3_total_changes(handle) == before)
            fail_msg("changed nothing: %s", all[i].sql);
        ask_all_rules();
        expect(handle, &all[i]);
        sqlite3_close(handle);
    }
}
#define EACH_SPEAKS(all) each_speaks(all, sizeof(all) / sizeof *(all))

/* ---- the tests ---- */

static void all_are_silent_on_a_legal_ledger(void **state)
{
    (void)state;
    sqlite3 *handle = open_copy();
    ask_all_rules();
    if (heard_count > 0)
        fail_msg("heard:%s", all_that_was_heard());
    /* Of everything a rule tells apart, there is some. */
    assert_string_equal(value_of(handle, "group_concat(e) FROM (SELECT DISTINCT encumbrance AS e FROM claims "
                                         "ORDER BY e)"),
                        "free,offered,pledged,reserved,sold");
    assert_string_equal(
        value_of(handle, "group_concat(l) FROM (SELECT DISTINCT life AS l FROM claims ORDER BY l)"),
        "confirmed,overdue,part_paid,settled,split,void,written_off");
    assert_string_equal(value_of(handle, "group_concat(s) FROM (SELECT DISTINCT status AS s FROM financings "
                                         "ORDER BY s)"),
                        "disbursed,instructed,recourse,released,repaid,repurchased");
    assert_string_equal(
        value_of(handle, "group_concat(s) FROM (SELECT DISTINCT status AS s FROM proposals ORDER BY s)"),
        "effective,open");
    assert_string_equal(value_of(handle, "(SELECT count(*) FROM payments WHERE reversed_at IS NOT NULL) || "
                                         "(SELECT count(*) FROM receivables WHERE life = 'registered')"),
                        "11");
    sqlite3_close(handle);
}

static void amounts_of_claims(void **state)
{
    (void)state;
    static const tampering all[] = {
        /* one of the parts is gone, and nobody owes it any more */
        {"UPDATE exposures SET used_minor = used_minor - (SELECT outstanding_minor FROM claims WHERE "
         "claim_no "
         "= no('left')) WHERE participant_no = no('buyer');"
         "UPDATE claims SET life = 'void', outstanding_minor = 0 WHERE claim_no = no('left')",
         {{ROOT, "no('divided')"}}},
        {"UPDATE claims SET root_no = claim_no WHERE claim_no = no('left')", {{ROOT, "no('divided')"}}},
        {"UPDATE claims SET outstanding_minor = outstanding_minor + CASE claim_no WHEN no('left') THEN 1 "
         "ELSE -1 END WHERE claim_no IN (no('left'), no('right'))",
         {{SUM, "no('left')"}, {SUM, "no('right')"}}},
        {"UPDATE claims SET outstanding_minor = 1 WHERE claim_no = no('void')", {{SUM, "no('void')"}}},
        {"UPDATE claims SET face_minor = face_minor + 1 WHERE claim_no = no('free')",
         {{ROOT, "no('free')"}, {SUM, "no('free')"}}},
        {"UPDATE claims SET face_minor = face_minor + CASE claim_no WHEN no('left') THEN 1 ELSE -1 END,"
         " outstanding_minor = outstanding_minor + CASE claim_no WHEN no('left') THEN 1 ELSE -1 END"
         " WHERE claim_no IN (no('left'), no('passed'))",
         {{CHILDREN, "no('divided')"}, {CHILDREN, "no('kept')"}}},
        {"UPDATE claims SET outstanding_minor = 1, diluted_minor = diluted_minor - 1 WHERE claim_no = "
         "no('kept')",
         {{CHILDREN, "no('kept')"}}},
        {"UPDATE claims SET outstanding_minor = 1 WHERE claim_no = no('kept')",
         {{CHILDREN, "no('kept')"}, {ROOT, "no('divided')"}}},
        {"UPDATE claims SET parent_no = NULL WHERE parent_no = no('kept')", {{CHILDREN, "no('kept')"}}},
        {"UPDATE claims SET life = 'void' WHERE claim_no = no('kept')", {{UNDIVIDED, "no('kept')"}}},
    };
    EACH_SPEAKS(all);
}

static void payments_and_exposures(void **state)
{
    (void)state;
    static const tampering all[] = {
        {"UPDATE payments SET excess_minor = excess_minor + 1 WHERE payment_no = no('payment in part')",
         {{SHARES, "no('payment in part')"}}},
        {"UPDATE payment_shares SET amount_minor = amount_minor - 1 WHERE payment_no = no('payment "
         "reversed')",
         {{SHARES, "no('payment reversed')"}}},
        {"DELETE FROM payment_shares WHERE payment_no = no('payment reversed')",
         {{SHARES, "no('payment reversed')"}}},
        {"UPDATE payments SET reversed_at = NULL WHERE payment_no = no('payment reversed')",
         {{PAID, "no('sold')"}}},
        {"UPDATE payments SET reversed_at = 1 WHERE payment_no = no('payment on the pledged one')",
         {{PAID, "no('pledged')"}}},
        {"UPDATE claims SET paid_minor = paid_minor - 1, diluted_minor = diluted_minor + 1"
         " WHERE claim_no = no('paid and credited')",
         {{PAID, "no('paid and credited')"}}},
        {"UPDATE proposal_signers SET signed_at = NULL WHERE proposal_no = no('credit note') AND place = 1",
         {{SIGNATURE, "no('credit note')"}}},
        {"UPDATE proposals SET status = 'effective' WHERE proposal_no = no('open proposal')",
         {{SIGNATURE, "no('open proposal')"}}},
        {"UPDATE exposures SET used_minor = used_minor + 1 WHERE participant_no = no('buyer')",
         {{EXPOSURE, "no('buyer') || '/CNY'"}}},
        {"DELETE FROM exposures WHERE participant_no = no('buyer')", {{EXPOSURE, "no('buyer') || '/CNY'"}}},
        {"INSERT INTO exposures VALUES (no('buyer'), 'USD', 5)", {{EXPOSURE, "no('buyer') || '/USD'"}}},
        {"UPDATE receivables SET life = 'withdrawn' WHERE life = 'registered'",
         {{EXPOSURE, "no('buyer') || '/CNY'"}}},
        {"UPDATE claims SET life = 'settled' WHERE claim_no = no('free')",
         {{EXPOSURE, "no('buyer') || '/CNY'"}}},
    };
    EACH_SPEAKS(all);
}

static void who_holds_what(void **state)
{
    (void)state;
    static const tampering all[] = {
        {"UPDATE claims SET holder_no = 1 WHERE claim_no = no('free')", {{HOLDER, "no('free')"}}},
        {"UPDATE claims SET lender_no = no('lender') WHERE claim_no = no('free')", {{FREE, "no('free')"}}},
        {"UPDATE claims SET financing_no = no('pledge repaid') WHERE claim_no = no('free')",
         {{FREE, "no('free')"}}},
        {"UPDATE claims SET request_no = no('request') WHERE claim_no = no('free')", {{FREE, "no('free')"}}},
        {"UPDATE claims SET offered_to_no = no('tier2') WHERE claim_no = no('free')", {{FREE, "no('free')"}}},
        {"UPDATE requests SET status = 'withdrawn' WHERE request_no = no('request')",
         {{OFFERED, "no('offered')"}}},
        {"UPDATE claims SET request_no = NULL WHERE claim_no = no('offered')", {{OFFERED, "no('offered')"}}},
        {"UPDATE claims SET request_no = no('other request') WHERE claim_no = no('offered')",
         {{OFFERED, "no('offered')"}}},
        {"INSERT INTO request_claims VALUES (no('other request'), 9, no('offered'), 1)",
         {{OFFERED, "no('offered')"}}},
        {"INSERT INTO request_claims VALUES (no('other request'), 9, no('passing'), 1)",
         {{OFFERED, "no('passing')"}}},
        {"UPDATE claims SET offered_to_no = no('tier2') WHERE claim_no = no('offered')",
         {{OFFERED, "no('offered')"}}},
        {"UPDATE claims SET offered_to_no = NULL WHERE claim_no = no('passing')",
         {{OFFERED, "no('passing')"}}},
        {"UPDATE claims SET encumbrance = 'free', request_no = NULL WHERE claim_no = no('offered')",
         {{OFFERED, "no('offered')"}}},
        {"INSERT INTO request_claims VALUES (no('request'), 9, no('sold'), 1)", {{OFFERED, "no('sold')"}}},
    };
    EACH_SPEAKS(all);
}

static void claims_say_what_their_financings_say(void **state)
{
    (void)state;
    static const tampering all[] = {
        {"UPDATE financings SET status = 'disbursed' WHERE financing_no = no('instruction')",
         {{HELD, "no('reserved')"}}},
        {"UPDATE claims SET lender_no = no('factor') WHERE claim_no = no('reserved')",
         {{HELD, "no('reserved')"}}},
        {"UPDATE claims SET financing_no = NULL WHERE claim_no = no('reserved')",
         {{HELD, "no('reserved')"}, {OPEN, "no('instruction') || '/0'"}}},
        {"DELETE FROM financing_claims WHERE financing_no = no('pledge repaid');"
         "UPDATE financings SET advance_minor = 0 WHERE financing_no = no('pledge repaid')",
         {{HELD, "no('pledged and paid')"}}},
        {"UPDATE financings SET status = 'released' WHERE financing_no = no('pledge repaid')",
         {{HELD, "no('pledged and paid')"}}},
        {"UPDATE financings SET kind = 'sale' WHERE financing_no = no('pledge')", {{HELD, "no('pledged')"}}},
        {"UPDATE claims SET lender_no = no('factor') WHERE claim_no = no('pledged again')",
         {{HELD, "no('pledged again')"}}},
        {"UPDATE financings SET kind = 'pledge' WHERE financing_no = no('sale')", {{HELD, "no('sold')"}}},
        {"UPDATE financings SET status = 'repurchased' WHERE financing_no = no('sale by hand')",
         {{HELD, "no('sold by hand')"}}},
        {"UPDATE claims SET holder_no = no('factor') WHERE claim_no = no('sold at rest')",
         {{HELD, "no('sold at rest')"}}},
        {"UPDATE claims SET encumbrance = 'free', lender_no = NULL, financing_no = NULL"
         " WHERE claim_no = no('pledged again')",
         {{OPEN, "no('second pledge') || '/0'"}}},
        {"UPDATE claims SET encumbrance = 'offered', offered_to_no = no('tier2')"
         " WHERE claim_no = no('pledged again')",
         {{OPEN, "no('second pledge') || '/0'"}}},
        {"INSERT INTO financing_claims VALUES (no('pledge'), 9, no('pledged again'), 0, 0)",
         {{OPEN, "no('pledge') || '/9'"}}},
    };
    EACH_SPEAKS(all);
}

/* Entry numbers are row numbers without the index: / 128. */
static void no_lender_loses_a_right(void **state)
{
    (void)state;
    static const tampering all[] = {
        {"UPDATE commands SET signer_no = no('supplier') WHERE first_seq = no('entry that released it')",
         {{RIGHT, "no('pledged again') || '/' || no('entry that released it')"}}},
        {"UPDATE commands SET signer_no = no('supplier') WHERE first_seq = no('entry that undid the pledge')",
         {{RIGHT, "no('pledged and given back') || '/' || no('entry that undid the pledge')"}}},
        {"UPDATE commands SET signer_no = no('supplier') WHERE first_seq = no('entry that undid the sale')",
         {{RIGHT, "no('bought back') || '/' || no('entry that undid the sale')"}}},
        /* as if the entry that took the payment had changed more */
        {"UPDATE claim_versions SET lender_no = no('factor') WHERE claim_no = no('pledged')"
         " AND encumbrance = 'pledged'",
         {{RIGHT, "no('pledged') || '/' || (no('payment on the pledged one') / 128)"}}},
        {"UPDATE claim_versions SET encumbrance = 'pledged', lender_no = no('lender')"
         " WHERE claim_no = no('sold by hand') AND encumbrance = 'sold'",
         {{RIGHT, "no('sold by hand') || '/' || (no('payment on the sold one') / 128)"}}},
        {"UPDATE claim_versions SET encumbrance = 'sold', holder_no = no('factor')"
         " WHERE claim_no = no('pledged') AND encumbrance = 'pledged'",
         {{RIGHT, "no('pledged') || '/' || (no('payment on the pledged one') / 128)"}}},
        {"UPDATE claim_versions SET holder_no = no('lender') WHERE claim_no = no('sold by hand')"
         " AND encumbrance = 'sold'",
         {{RIGHT, "no('sold by hand') || '/' || (no('payment on the sold one') / 128)"}}},
        {"UPDATE claims SET lender_no = NULL WHERE claim_no = no('pledged')",
         {{RIGHT, "no('pledged') || '/' || (no('payment on the pledged one') / 128)"},
          {HELD, "no('pledged')"}}},
        {"DELETE FROM commands WHERE first_seq <= no('entry that released it')",
         {{RIGHT, "no('pledged again') || '/' || no('entry that released it')"},
          {RIGHT, "no('bought back') || '/' || no('entry that undid the sale')"}}},
    };
    EACH_SPEAKS(all);
}

static void what_is_drawn(void **state)
{
    (void)state;
    static const tampering all[] = {
        {"UPDATE programs SET drawn_minor = drawn_minor + 1 WHERE program_no = no('sales')",
         {{PROGRAM, "no('sales')"}}},
        {"UPDATE programs SET drawn_minor = 0 WHERE program_no = no('pledges')",
         {{PROGRAM, "no('pledges')"}}},
        {"UPDATE program_draws SET drawn_minor = drawn_minor - 1 WHERE program_no = no('sales')"
         " AND debtor_no = no('buyer')",
         {{DRAW, "no('sales') || '/' || no('buyer')"}}},
        {"DELETE FROM program_draws WHERE program_no = no('sales') AND debtor_no = no('buyer')",
         {{DRAW, "no('sales') || '/' || no('buyer')"}}},
        {"INSERT INTO program_draws VALUES (no('sales'), no('tier2'), 5)",
         {{DRAW, "no('sales') || '/' || no('tier2')"}}},
        {"UPDATE financings SET advance_minor = advance_minor + 1 WHERE financing_no = no('sale')",
         {{PROGRAM, "no('sales')"}, {ADVANCES, "no('sale')"}}},
        {"UPDATE financing_claims SET advance_minor = advance_minor + 1 WHERE financing_no = no('sale')",
         {{DRAW, "no('sales') || '/' || no('buyer')"}, {ADVANCES, "no('sale')"}}},
        {"UPDATE financings SET advance_minor = advance_minor + 1 WHERE financing_no = no('pledge released')",
         {{ADVANCES, "no('pledge released')"}}},
        {"DELETE FROM financing_claims WHERE financing_no = no('pledge released')",
         {{ADVANCES, "no('pledge released')"}}},
    };
    EACH_SPEAKS(all);
}

/* What the buyer owes, before its last entry and then. */
#define OWED                                                                                                 \
    "participant_no = no('buyer') AND seq IN (SELECT seq FROM party_entries WHERE participant_no = "         \
    "no('buyer') ORDER BY seq DESC LIMIT "
#define ENTRY(last)                                                                                          \
    "(SELECT seq || '/' || no('buyer') FROM party_entries WHERE participant_no = no('buyer')"                \
    " ORDER BY seq DESC LIMIT 1 OFFSET " last ")"

#define APART "'what no run leads to'"
#define THE_ONE_BEFORE                                                                                       \
    "(SELECT max(seq) || '/' || no('buyer') FROM parties WHERE participant_no = no('buyer') AND seq <"       \
    " (SELECT max(seq) FROM party_entries WHERE participant_no = no('buyer')))"

static void positions(void **state)
{
    (void)state;
    static const tampering all[] = {
        {"UPDATE party_entries SET positions = owing(positions, seq, 1, 0) WHERE " OWED "1 OFFSET 1)",
         {{STEP, ENTRY("1")}, {STEP, ENTRY("0")}}},
        {"UPDATE party_entries SET positions = owing(positions, seq, 0, -1) WHERE " OWED "1 OFFSET 1)",
         {{STEP, ENTRY("1")}, {STEP, ENTRY("0")}}},
        {"UPDATE party_entries SET positions = owing(positions, seq, 1, 0) WHERE " OWED "1)",
         {{STEP, ENTRY("0")}, {STANDS, "no('buyer') || '/3/CNY'"}}},
        {"UPDATE party_entries SET positions = NULL WHERE " OWED "1 OFFSET 1)",
         {{STEP, ENTRY("1")}, {STEP, ENTRY("0")}}},
        {"UPDATE party_entries SET positions = x'01' WHERE " OWED "1 OFFSET 1)",
         {{STEP, ENTRY("1")}, {STEP, ENTRY("0")}}},
        {"DELETE FROM party_entries WHERE " OWED "1 OFFSET 1)", {{STEP, THE_ONE_BEFORE}, {STEP, ENTRY("0")}}},
        {"DELETE FROM party_tails WHERE participant_no = no('buyer')",
         {{STANDS, "no('buyer') || '/1/CNY'"}, {STANDS, "no('buyer') || '/3/CNY'"}, {STEP, APART}}},
        {"INSERT INTO party_entries (seq, participant_no) VALUES (1, 5)", {{STEP, APART}}},
    };
    EACH_SPEAKS(all);
}

/* Tokens 1, and 2 issued with it; 3 of another line. */
#define TOKENS(scopes_2, ends_2, limited_2)                                                                  \
    "INSERT INTO tokens VALUES (1, randomblob(16), no('buyer'), randomblob(32), 6, NULL, 9, NULL, NULL, "    \
    "NULL, "                                                                                                 \
    "1), (2, randomblob(16), no('buyer'), randomblob(32), " scopes_2 ", NULL, " ends_2                       \
    ", NULL, 1, 1, " limited_2                                                                               \
    "), (3, randomblob(16), no('buyer'), randomblob(32), 6, NULL, 9, NULL, NULL, "                           \
    "NULL, 0);INSERT INTO token_limits VALUES (1, 'CNY', 50);"
#define GIVEN(second)                                                                                        \
    "INSERT INTO approvals VALUES (4, randomblob(16), no('buyer'), 'confirm', 1, 'CNY', 5, NULL, 1, " second \
    ", 'given', 1, 9, 2, 2)"

static void tokens_and_eyes(void **state)
{
    (void)state;
    static const tampering all[] = {
        {TOKENS("6", "9", "1") GIVEN("3"), {{NULL, NULL, NULL}}},
        {TOKENS("6", "9", "1") GIVEN("2"), {{EYES, "4"}}},
        {TOKENS("6", "9", "1") GIVEN("1"), {{EYES, "4"}}},
        {TOKENS("6", "9", "1") GIVEN("NULL"), {{EYES, "4"}}},
        {TOKENS("7", "9", "1"), {{WIDER, "2"}}},
        {TOKENS("6", "10", "1"), {{WIDER, "2"}}},
        {TOKENS("6", "9", "0"), {{WIDER, "2"}}},
        {TOKENS("6", "9", "1") "INSERT INTO token_limits VALUES (2, 'CNY', 50)", {{NULL, NULL, NULL}}},
        {TOKENS("6", "9", "1") "INSERT INTO token_limits VALUES (2, 'CNY', 51)", {{WIDER, "2"}}},
        {TOKENS("6", "9", "1") "INSERT INTO token_limits VALUES (2, 'EUR', 1)", {{WIDER, "2"}}},
        {TOKENS("6", "9", "1") "UPDATE tokens SET line_no = NULL WHERE token_no = 2", {{WIDER, "2"}}},
    };
    EACH_SPEAKS(all);
}

static void none_was_left_out(void **state)
{
    (void)state;
    assert_int_equal(spoken_count, rule_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_silent_on_a_legal_ledger),
        cmocka_unit_test(amounts_of_claims),
        cmocka_unit_test(payments_and_exposures),
        cmocka_unit_test(who_holds_what),
        cmocka_unit_test(claims_say_what_their_financings_say),
        cmocka_unit_test(no_lender_loses_a_right),
        cmocka_unit_test(what_is_drawn),
        cmocka_unit_test(positions),
        cmocka_unit_test(tokens_and_eyes),
        cmocka_unit_test(none_was_left_out),
    };
    return cmocka_run_group_tests(tests, make_ledger, drop_ledger);
}
