/* What must be true after every entry, asked of the tables as a whole. For the audit only: each question
 * reads everything. */
#include "ledger/store/invariants_internal.h"

#define HELD_FOR_A_LENDER "(status = 'instructed' OR status = 'disbursed' OR status = 'recourse')"

/* Each statement gives the key of every row that breaks the rule, its columns joined by '/'. None asks a
 * whole table once per row of another: sums are made once, in subqueries of their own. */
static const struct invariant {
    const char *table, *rule;
    lg_sql sql;
} invariants[] = {
    {"claims",
     "what is owed on a root's descendants (and what was written off) is not its face less what was paid and "
     "credited",
     {"SELECT root.claim_no FROM claims root JOIN claims c ON c.root_no = root.claim_no"
      " WHERE root.root_no = root.claim_no AND root.life <> 'void' GROUP BY root.claim_no, root.face_minor"
      " HAVING SUM(c.outstanding_minor) <> root.face_minor - SUM(c.paid_minor) - SUM(c.diluted_minor)"}},
    {"claims",
     "a claim that is not divided does not add up: face is not outstanding, paid and credited together",
     {"SELECT claim_no FROM claims WHERE (life <> 'split' AND life <> 'void'"
      " AND face_minor <> outstanding_minor + paid_minor + diluted_minor)"
      " OR (life = 'void' AND outstanding_minor <> 0)"}},
    {"claims",
     "the children of a divided claim are not what was outstanding on it",
     {"SELECT p.claim_no FROM claims p LEFT JOIN (SELECT parent_no, SUM(face_minor) AS face_minor FROM claims"
      " WHERE parent_no IS NOT NULL GROUP BY parent_no) AS children ON children.parent_no = p.claim_no"
      " WHERE p.life = 'split' AND (p.outstanding_minor <> 0"
      " OR coalesce(children.face_minor, 0) <> p.face_minor - p.paid_minor - p.diluted_minor)"}},
    {"claims",
     "a claim has children, but was not divided",
     {"SELECT DISTINCT p.claim_no FROM claims c JOIN claims p ON p.claim_no = c.parent_no"
      " WHERE p.life <> 'split' ORDER BY p.claim_no"}},
    {"claims",
     "the holder is no participant",
     {"SELECT claim_no FROM claims WHERE holder_no NOT IN (SELECT participant_no FROM participants)"}},
    {"claims",
     "a free claim names a lender, a financing, a request or a recipient",
     {"SELECT claim_no FROM claims WHERE encumbrance = 'free' AND (lender_no IS NOT NULL OR financing_no IS "
      "NOT NULL"
      " OR request_no IS NOT NULL OR offered_to_no IS NOT NULL)"}},
    {"claims",
     "an offered claim is not in exactly one open request or open transfer, or one in a request is not "
     "offered",
     {"SELECT c.claim_no FROM claims c LEFT JOIN (SELECT rc.claim_no, count(*) AS requests,"
      " max(rc.request_no) AS request_no FROM requests r JOIN request_claims rc ON rc.request_no = "
      "r.request_no"
      " WHERE r.status = 'open' GROUP BY rc.claim_no) AS open ON open.claim_no = c.claim_no"
      " WHERE (c.encumbrance = 'offered' AND (c.request_no IS DISTINCT FROM open.request_no"
      " OR coalesce(open.requests, 0) + (c.offered_to_no IS NOT NULL) <> 1))"
      " OR (c.encumbrance <> 'offered' AND open.requests IS NOT NULL)"}},
    {"claims",
     "a reserved, pledged or sold claim is not in a financing that says so",
     {"SELECT c.claim_no FROM claims c WHERE (c.encumbrance = 'reserved' OR c.encumbrance = 'pledged'"
      " OR c.encumbrance = 'sold') AND NOT EXISTS (SELECT 1 FROM financings f JOIN financing_claims fc"
      " ON fc.financing_no = f.financing_no WHERE fc.claim_no = c.claim_no AND f.financing_no = "
      "c.financing_no AND"
      " ((c.encumbrance = 'reserved' AND f.status = 'instructed' AND c.lender_no = f.lender_no)"
      " OR (c.encumbrance = 'pledged' AND f.kind = 'pledge' AND c.lender_no = f.lender_no AND"
      " (f.status = 'disbursed' OR f.status = 'recourse' OR f.status = 'repaid'))"
      " OR (c.encumbrance = 'sold' AND f.kind = 'sale' AND c.holder_no = f.lender_no AND"
      " (f.status = 'disbursed' OR f.status = 'recourse' OR f.status = 'repaid'))))"}},
    {"financing_claims",
     "the financing is open, but the claim is not held for it: it is free, or in another one",
     {"SELECT fc.financing_no || '/' || fc.place FROM financings f JOIN financing_claims fc"
      " ON fc.financing_no = f.financing_no JOIN claims c ON c.claim_no = fc.claim_no"
      " WHERE " HELD_FOR_A_LENDER " AND " LIVE_C " AND (c.financing_no IS DISTINCT FROM f.financing_no"
      " OR c.encumbrance = 'free' OR c.encumbrance = 'offered')"}},
    {"claim_versions",
     "a lender lost its right by an entry it did not sign",
     {"SELECT v.claim_no || '/' || v.until_seq FROM (SELECT claim_no, until_seq, encumbrance,"
      " CASE encumbrance WHEN 'pledged' THEN lender_no ELSE holder_no END AS lender_no,"
      " lead(encumbrance) OVER later AS then_encumbrance, lead(holder_no) OVER later AS then_holder_no,"
      " lead(lender_no) OVER later AS then_lender_no FROM"
      " (SELECT claim_no, until_seq, encumbrance, holder_no, lender_no FROM claim_versions"
      " UNION ALL SELECT claim_no, 9007199254740993, encumbrance, holder_no, lender_no FROM claims) AS states"
      " WINDOW later AS (PARTITION BY claim_no ORDER BY until_seq)) AS v"
      " WHERE v.then_encumbrance IS NOT NULL AND ((v.encumbrance = 'pledged' AND (v.then_encumbrance <> "
      "'pledged'"
      " OR v.then_lender_no IS DISTINCT FROM v.lender_no))"
      " OR (v.encumbrance = 'sold' AND (v.then_encumbrance <> 'sold' OR v.then_holder_no <> v.lender_no)))"
      " AND (SELECT d.signer_no FROM commands d WHERE d.first_seq <= v.until_seq ORDER BY d.first_seq DESC "
      "LIMIT 1)"
      " IS DISTINCT FROM v.lender_no"}},
    {"proposals",
     "it took effect without a signature that it needs",
     {"SELECT p.proposal_no FROM proposals p JOIN proposal_signers s ON s.proposal_no = p.proposal_no"
      " WHERE p.status = 'effective' AND s.signed_at IS NULL"}},
    {"approvals",
     "it was given by no second token, or by one of the first one's line",
     {"SELECT a.approval_no FROM approvals a JOIN tokens f ON f.token_no = a.token_no"
      " LEFT JOIN tokens s ON s.token_no = a.second_no WHERE a.status = 'given'"
      " AND (s.token_no IS NULL OR s.participant_no <> f.participant_no"
      " OR coalesce(s.line_no, s.token_no) = coalesce(f.line_no, f.token_no))"}},
    {"tokens",
     "it gives more than the token it was issued with",
     {"SELECT t.token_no FROM tokens t JOIN tokens i ON i.token_no = t.issued_with_no"
      " WHERE t.scopes & ~i.scopes <> 0 OR t.expires_at > i.expires_at OR t.limited < i.limited"
      " OR coalesce(t.line_no, t.token_no) <> coalesce(i.line_no, i.token_no)"
      " OR (i.limited = 1 AND EXISTS (SELECT 1 FROM token_limits tl LEFT JOIN token_limits il"
      " ON il.token_no = i.token_no AND il.currency = tl.currency"
      " WHERE tl.token_no = t.token_no AND tl.limit_minor > coalesce(il.limit_minor, 0)))"}},
    {"programs",
     "what is drawn is not the advances of its open financings",
     {"SELECT p.program_no FROM programs p LEFT JOIN (SELECT program_no, SUM(advance_minor) AS drawn_minor"
      " FROM financings WHERE " HELD_FOR_A_LENDER
      " GROUP BY program_no) AS open ON open.program_no = p.program_no"
      " WHERE p.drawn_minor <> coalesce(open.drawn_minor, 0)"}},
    {"program_draws",
     "what is drawn on a debtor is not its part of the program's open financings",
     {"SELECT program_no || '/' || debtor_no FROM (SELECT program_no, debtor_no, drawn_minor FROM "
      "program_draws"
      " UNION ALL SELECT f.program_no, c.debtor_no, -fc.advance_minor FROM financings f"
      " JOIN financing_claims fc ON fc.financing_no = f.financing_no"
      " JOIN claims c ON c.claim_no = fc.claim_no WHERE f.program_no IS NOT NULL AND " HELD_FOR_A_LENDER
      ") AS drawn_and_advanced GROUP BY program_no, debtor_no HAVING SUM(drawn_minor) <> 0"}},
    {"financings",
     "the claims' advances are not the financing's",
     {"SELECT f.financing_no FROM financings f WHERE f.advance_minor <>"
      " (SELECT coalesce(SUM(fc.advance_minor), 0) FROM financing_claims fc WHERE fc.financing_no = "
      "f.financing_no)"}},
    {"payments",
     "the shares and the excess are not the amount",
     {"SELECT p.payment_no FROM payments p WHERE p.amount_minor - p.excess_minor <>"
      " (SELECT coalesce(SUM(s.amount_minor), 0) FROM payment_shares s WHERE s.payment_no = p.payment_no)"}},
    {"claims",
     "what was paid is not the shares of the payments that stand",
     {"SELECT c.claim_no FROM claims c LEFT JOIN (SELECT s.claim_no, SUM(s.amount_minor) AS paid_minor"
      " FROM payment_shares s JOIN payments p ON p.payment_no = s.payment_no WHERE p.reversed_at IS NULL"
      " GROUP BY s.claim_no) AS standing ON standing.claim_no = c.claim_no"
      " WHERE c.paid_minor <> coalesce(standing.paid_minor, 0)"}},
    {"exposures",
     "it is not what the debtor owes and may come to owe",
     {"SELECT participant_no || '/' || currency FROM"
      " (SELECT participant_no, currency, used_minor FROM exposures UNION ALL"
      " SELECT debtor_no, currency, -amount_minor FROM receivables WHERE life = 'registered' UNION ALL"
      " SELECT c.debtor_no, c.currency, -c.outstanding_minor FROM claims c WHERE " LIVE_C
      ") AS used_and_owed GROUP BY participant_no, currency HAVING SUM(used_minor) <> 0"}},
};

/* And what is asked of packed rows. */
static const struct {
    const char *table, *rule;
    lg_invariant_check check;
} checks[] = {
    {"party_entries", "the positions behind it are not those before with what moved",
     lg_check_position_steps},
    {"party_entries",
     "the positions are not what its participant's claims, receivables and financings come to",
     lg_check_positions},
};

enum { STATEMENTS = sizeof invariants / sizeof *invariants, CHECKS = sizeof checks / sizeof *checks };

size_t lg_invariant_count(void)
{
    return STATEMENTS + CHECKS;
}

lg_err lg_db_check_invariant(lg_db *db, size_t number, lg_table_differ differ, void *ctx)
{
    if (number >= STATEMENTS) {
        const size_t at = number - STATEMENTS;
        const lg_invariant_breach breach = {checks[at].table, checks[at].rule, differ, ctx};
        return checks[at].check(db, &breach);
    }
    const struct invariant *one = &invariants[number];
    lg_arena *arena = lg_arena_open();
    lg_query query = lg_query_start(db, &one->sql);
    while (lg_query_next(&query))
        differ(ctx, one->table, lg_column_text(&query, 0, arena), one->rule);
    lg_arena_close(arena);
    return lg_query_end(&query);
}

lg_err lg_db_check_invariants(lg_db *db, lg_table_differ differ, void *ctx, int64_t *checked)
{
    lg_err err = LG_OK;
    *checked = 0;
    for (size_t i = 0; i < lg_invariant_count() && !err; i++, ++*checked)
        err = lg_db_check_invariant(db, i, differ, ctx);
    return err;
}
