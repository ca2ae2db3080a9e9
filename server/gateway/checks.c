#include "server/gateway/checks.h"

#include "ledger/base/text.h"
#include "server/base/metrics.h"

#include <string.h>

/* What one check says; starts as a pass. */
typedef struct verdict {
    lg_review_outcome outcome;
    const char *pointer;
    const char *detail;
    bool unsaid; /* the check was not made */
} verdict;

typedef lg_err (*check_fn)(const lg_review_input *in, lg_arena *arena, verdict *out);

static void say(lg_arena *arena, verdict *out, lg_review_outcome outcome, const char *pointer,
                const char *fmt, ...) LG_PRINTF(5, 6);

static void say(lg_arena *arena, verdict *out, lg_review_outcome outcome, const char *pointer,
                const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    *out = (verdict){.outcome = outcome, .pointer = pointer, .detail = lg_arena_vprintf(arena, fmt, args)};
    va_end(args);
}

static const char *money(lg_arena *arena, int64_t minor, lg_currency currency)
{
    return lg_arena_printf(arena, "%s %s", lg_amount_format(minor, currency).s, currency.code);
}

/* ---- form ---- */

static lg_err number_form(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    if (*lg_text_skeleton(arena, in->submission->number) == '\0')
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/number",
            "The invoice number %s holds no letter and no digit other than zero; it identifies nothing.",
            in->submission->number);
    return LG_OK;
}

static lg_err dates_form(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    /* One day of grace for sellers east of Greenwich. */
    if (s->issue_day > in->today + 1)
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/issue_date", "The issue date %s lies in the future.",
            lg_day_format(s->issue_day).s);
    else if (s->due_day_by_policy)
        say(arena, out, LG_OUTCOME_WARN, "/invoice/due_date",
            "The invoice names no due date; the policy's default of %lld days gives %s.",
            (long long)in->policy->default_tenor_days, lg_day_format(s->due_day).s);
    return LG_OK;
}

static lg_err amount_within_invoice(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    if (s->amount_minor > s->gross_minor)
        say(arena, out, LG_OUTCOME_REJECT, "/amount", "The amount %s exceeds the invoice's gross amount %s.",
            money(arena, s->amount_minor, s->currency), money(arena, s->gross_minor, s->currency));
    else if (s->amount_minor > s->payable_minor)
        say(arena, out, LG_OUTCOME_REJECT, "/amount",
            "The amount %s exceeds what is still payable on the invoice, %s.",
            money(arena, s->amount_minor, s->currency), money(arena, s->payable_minor, s->currency));
    return LG_OK;
}

static lg_err currency_allowed(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    bool allowed = in->policy->currency_count == 0;
    for (size_t i = 0; i < in->policy->currency_count; i++)
        allowed = allowed || lg_currency_equal(in->policy->currencies[i], in->submission->currency);
    if (!allowed)
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/currency", "The policy does not admit %s.",
            in->submission->currency.code);
    return LG_OK;
}

/* Which of the two a sentence is about; each has sentences of its own, so that each can be translated. */
typedef enum { SELLER, BUYER } side;

/* Real GLNs fail their check digit often, so that only warns; USCC and LEI must be right. */
static void judge_identifiers(const lg_party_ref *party, side who, lg_arena *arena, verdict *out)
{
    for (size_t i = 0; i < party->identifier_count; i++) {
        const lg_identifier *identifier = &party->identifiers[i];
        lg_identifier_verdict found = lg_identifier_check(*identifier);
        lg_review_outcome outcome = identifier->scheme == LG_SCHEME_GLN ? LG_OUTCOME_WARN : LG_OUTCOME_REJECT;
        if (found == LG_IDENTIFIER_OK || (out->detail && outcome <= out->outcome))
            continue;
        const char *scheme = lg_scheme_name(identifier->scheme), *value = identifier->value;
        if (found == LG_IDENTIFIER_BAD_CHECK)
            say(arena, out, outcome, party->pointer,
                who == SELLER ? LG_TEXT("The seller's %s %s has a wrong check digit.")
                              : LG_TEXT("The buyer's %s %s has a wrong check digit."),
                scheme, value);
        else
            say(arena, out, outcome, party->pointer,
                who == SELLER ? LG_TEXT("The seller's %s %s has not the form of one.")
                              : LG_TEXT("The buyer's %s %s has not the form of one."),
                scheme, value);
    }
}

static lg_err seller_identifiers(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    judge_identifiers(&in->submission->seller, SELLER, arena, out);
    return LG_OK;
}

static lg_err buyer_identifiers(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    judge_identifiers(&in->submission->buyer, BUYER, arena, out);
    return LG_OK;
}

/* ---- parties ---- */

static void say_unknown(const lg_party_ref *ref, side who, lg_arena *arena, verdict *out)
{
    if (ref->name)
        say(arena, out, LG_OUTCOME_REJECT, ref->pointer,
            who == SELLER
                ? LG_TEXT("The seller %s is not a registered participant by any of its identifiers; "
                          "register it, or name its participant id.")
                : LG_TEXT("The buyer %s is not a registered participant by any of its identifiers; "
                          "register it, or name its participant id."),
            ref->name);
    else
        say(arena, out, LG_OUTCOME_REJECT, ref->pointer,
            who == SELLER ? LG_TEXT("The seller is not a registered participant by any of its identifiers; "
                                    "register it, or name its participant id.")
                          : LG_TEXT("The buyer is not a registered participant by any of its identifiers; "
                                    "register it, or name its participant id."));
}

static void judge_party(const lg_party *party, const lg_party_ref *ref, lg_role role, side who,
                        lg_arena *arena, verdict *out)
{
    if (party->ambiguous)
        say(arena, out, LG_OUTCOME_REJECT, ref->pointer,
            who == SELLER ? LG_TEXT("The seller's identifiers belong to several participants.")
                          : LG_TEXT("The buyer's identifiers belong to several participants."));
    else if (!party->found)
        say_unknown(ref, who, arena, out);
    else if (party->row.suspended)
        say(arena, out, LG_OUTCOME_REJECT, ref->pointer,
            who == SELLER ? LG_TEXT("The seller %s is suspended.") : LG_TEXT("The buyer %s is suspended."),
            party->row.name);
    else if (!lg_has_role(party->row.roles, role))
        say(arena, out, LG_OUTCOME_REJECT, ref->pointer,
            who == SELLER ? LG_TEXT("The seller %s has not the role %s.")
                          : LG_TEXT("The buyer %s has not the role %s."),
            party->row.name, lg_role_name(role));
}

static lg_err seller_registered(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    judge_party(in->seller, &in->submission->seller, LG_ROLE_SUPPLIER, SELLER, arena, out);
    return LG_OK;
}

static lg_err buyer_registered(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    judge_party(in->buyer, &in->submission->buyer, LG_ROLE_CORE_ENTERPRISE, BUYER, arena, out);
    return LG_OK;
}

static lg_err parties_distinct(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    if (in->seller->found && in->buyer->found && in->seller->row.no.v == in->buyer->row.no.v)
        say(arena, out, LG_OUTCOME_REJECT, in->submission->buyer.pointer,
            "Seller and buyer are one participant.");
    return LG_OK;
}

static lg_err signer_is_party(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    if (!in->signer_is_seller && !in->signer_is_buyer)
        say(arena, out, LG_OUTCOME_REJECT, "", "The signer is neither the invoice's seller nor its buyer.");
    return LG_OK;
}

/* ---- uniqueness ---- */

static lg_err invoice_unused(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    lg_registered_parts parts;
    int64_t sum;
    if (!in->fingerprint)
        return LG_OK;
    lg_err err = lg_receivable_parts(in->db, in->fingerprint, s->part, in->except, &parts);
    if (err)
        return err;
    if (parts.same_part && s->part)
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/number",
            "Invoice %s of %s over %s is registered already, part %s.", s->number,
            lg_day_format(s->issue_day).s, money(arena, s->gross_minor, s->currency), s->part);
    else if (parts.whole || parts.same_part)
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/number",
            "Invoice %s of %s over %s is registered already.", s->number, lg_day_format(s->issue_day).s,
            money(arena, s->gross_minor, s->currency));
    else if (parts.amount_minor > 0 && !s->part)
        say(arena, out, LG_OUTCOME_REJECT, "/part",
            "Parts of invoice %s are registered already; a further part needs a label in part.", s->number);
    else if (!lg_amount_add(parts.amount_minor, s->amount_minor, &sum) || sum > s->gross_minor)
        say(arena, out, LG_OUTCOME_REJECT, "/amount",
            "With the %s registered already, %s more would exceed the invoice's gross amount %s.",
            money(arena, parts.amount_minor, s->currency), money(arena, s->amount_minor, s->currency),
            money(arena, s->gross_minor, s->currency));
    return LG_OK;
}

static lg_err invoice_similar(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    bool found = false;
    if (!in->fingerprint || in->on_approval) /* the reviewer has just judged that */
        return LG_OK;
    lg_err err = lg_receivable_similar_number(in->db, in->fingerprint, s->number, in->except, arena, &found);
    if (!err && found)
        say(arena, out, LG_OUTCOME_HOLD, "/invoice/number",
            "Another registered invoice of this seller differs from number %s only in separators, case, "
            "leading zeros, date or amount.",
            s->number);
    if (err || found)
        return err;
    err = lg_receivable_similar_sale(in->db, in->fingerprint, s->issue_day,
                                     (int)in->policy->similar_within_days, in->except, &found);
    if (!err && found)
        say(arena, out, LG_OUTCOME_HOLD, "/invoice/gross_amount",
            "Another invoice of the same seller, buyer and gross amount %s was issued within %lld days of "
            "%s.",
            money(arena, s->gross_minor, s->currency), (long long)in->policy->similar_within_days,
            lg_day_format(s->issue_day).s);
    return err;
}

/* ---- tenor ---- */

static lg_err due_after_issue(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    if (s->due_day <= s->issue_day)
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/due_date",
            "The due date %s is not after the issue date %s: it was payable at once and is no receivable to "
            "wait for.",
            lg_day_format(s->due_day).s, lg_day_format(s->issue_day).s);
    return LG_OK;
}

static lg_err tenor_within_limit(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    int64_t tenor = (int64_t)in->submission->due_day - in->submission->issue_day;
    if (tenor > in->policy->tenor_max_days)
        say(arena, out, LG_OUTCOME_REJECT, "/invoice/due_date",
            "The tenor of %lld days exceeds the policy's limit of %lld.", (long long)tenor,
            (long long)in->policy->tenor_max_days);
    else if (tenor > in->policy->tenor_warn_days)
        say(arena, out, LG_OUTCOME_WARN, "/invoice/due_date", "The tenor of %lld days is longer than %lld.",
            (long long)tenor, (long long)in->policy->tenor_warn_days);
    return LG_OK;
}

static lg_err not_past_due(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    if (in->submission->due_day < in->today && !in->on_approval)
        say(arena, out, in->policy->past_due, "/invoice/due_date", "It fell due on %s.",
            lg_day_format(in->submission->due_day).s);
    return LG_OK;
}

/* ---- the debtor's standing ---- */

static lg_err debtor_not_stopped(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    if (in->buyer->found && in->buyer->row.stopped)
        say(arena, out, LG_OUTCOME_REJECT, in->submission->buyer.pointer,
            "%s is on the debtors' stop list; nothing new on it is registered until it is taken off.",
            in->buyer->row.name);
    return LG_OK;
}

static lg_err credit_line(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    lg_credit_line line;
    if (!in->buyer->found)
        return LG_OK;
    lg_err err = lg_credit_line_get(in->db, in->buyer->row.no, s->currency, &line);
    if (!err && line.limit_minor < 0 && line.used_minor > LG_EXPOSURE_MAX - s->amount_minor)
        say(arena, out, LG_OUTCOME_REJECT, "/amount",
            "With %s more, what the debtor owes in %s would exceed any sum this registry can hold.",
            money(arena, s->amount_minor, s->currency), s->currency.code);
    if (!err && line.limit_minor >= 0 && line.used_minor > line.limit_minor - s->amount_minor)
        say(arena, out, LG_OUTCOME_REJECT, "/amount", "%s would exceed the debtor's credit line in %s.",
            money(arena, s->amount_minor, s->currency), s->currency.code);
    return err;
}

/* ---- trade background and payee ---- */

static lg_err documents_attached(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    int64_t proofs = 0;
    for (size_t i = 0; i < in->submission->document_count; i++)
        proofs +=
            in->submission->documents[i].kind != LG_DOC_INVOICE; /* the invoice itself proves no delivery */
    if (proofs < in->policy->documents_required && !in->on_approval)
        say(arena, out, LG_OUTCOME_REJECT, "/documents",
            in->policy->documents_required == 1
                ? LG_TEXT("The policy asks for %lld document of the trade (contract, order, delivery note, "
                          "warehouse or logistics record); %lld given.")
                : LG_TEXT("The policy asks for %lld documents of the trade (contract, order, delivery note, "
                          "warehouse or logistics record); %lld given."),
            (long long)in->policy->documents_required, (long long)proofs);
    return LG_OK;
}

/* A payee who is the seller under another of its identifiers, or by the same name, redirects nothing. */
static lg_err payee_is_seller_itself(const lg_review_input *in, bool *out)
{
    const lg_party_ref *payee = &in->submission->payee;
    *out = payee->identifier_count == 0 && payee->name &&
           (lg_text_equal(payee->name, in->submission->seller.name) ||
            (in->seller->found && lg_text_equal(payee->name, in->seller->row.name)));
    for (size_t i = 0; i < payee->identifier_count && in->seller->found && !*out; i++) {
        lg_participant_no owner;
        lg_err err = lg_identifier_owner(in->db, payee->identifiers[i], &owner);
        if (err && err != LG_NOT_FOUND)
            return err;
        *out = !err && owner.v == in->seller->row.no.v;
    }
    return LG_OK;
}

static lg_err payee_is_seller(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    bool itself = false;
    lg_err err = s->has_payee && !in->on_approval ? payee_is_seller_itself(in, &itself) : LG_OK;
    if (!err && s->has_payee && !in->on_approval && !itself)
        say(arena, out, in->policy->payee_redirected, s->payee.pointer ? s->payee.pointer : "/invoice/payee",
            s->payee.name
                ? LG_TEXT("The invoice is payable to %s and not to the seller: it may have been assigned "
                          "already.")
                : LG_TEXT(
                      "The invoice is payable to another party than the seller: it may have been assigned "
                      "already."),
            s->payee.name);
    return err;
}

/* ---- the external verifier ---- */

/* It is asked after this answer went out; until then there is nothing to pass. On approval the reviewer has
 * judged in its stead. Where the policy does not ask it, the check says nothing: it was not made. */
static lg_err external_verifier(const lg_review_input *in, lg_arena *arena, verdict *out)
{
    const lg_submission *s = in->submission;
    if (in->on_approval || !lg_verifier_is_asked(&in->policy->verifier, s->currency, s->gross_minor,
                                                 in->seller->found ? in->seller->row.country : NULL))
        out->unsaid = true;
    else
        say(arena, out, LG_OUTCOME_HOLD, "",
            "The invoice is being verified by an external service, which has %lld seconds to answer; this "
            "waits "
            "for it, or for a reviewer.",
            (long long)in->policy->verifier.within_seconds);
    return LG_OK;
}

/* ---- the table ---- */

/* What a check looks at. AMONG_PARTIES tells of other business of the two parties, so a stranger's
 * submission, rejected anyway, is not put to it: its answer must be the same whatever the registry holds.
 * LAST is only of interest if nothing before it rejects. */
typedef enum { ALONE, IN_TRANSACTION, AMONG_PARTIES, LAST } check_stage;

static const struct check {
    const char *code;
    check_stage stage;
    check_fn run;
} checks[] = {
    {"number_form", ALONE, number_form},
    {"dates_form", ALONE, dates_form},
    {"amount_within_invoice", ALONE, amount_within_invoice},
    {"currency_allowed", ALONE, currency_allowed},
    {"seller_identifiers", ALONE, seller_identifiers},
    {"buyer_identifiers", ALONE, buyer_identifiers},
    {"seller_registered", IN_TRANSACTION, seller_registered},
    {"buyer_registered", IN_TRANSACTION, buyer_registered},
    {"parties_distinct", IN_TRANSACTION, parties_distinct},
    {"signer_is_party", IN_TRANSACTION, signer_is_party},
    {"invoice_unused", AMONG_PARTIES, invoice_unused},
    {"invoice_similar", AMONG_PARTIES, invoice_similar},
    {"due_after_issue", ALONE, due_after_issue},
    {"tenor_within_limit", ALONE, tenor_within_limit},
    {"not_past_due", ALONE, not_past_due},
    {"debtor_not_stopped", AMONG_PARTIES, debtor_not_stopped},
    {"credit_line", AMONG_PARTIES, credit_line},
    {"documents_attached", ALONE, documents_attached},
    {"payee_is_seller", AMONG_PARTIES, payee_is_seller},
    {LG_CHECK_VERIFIER, LAST, external_verifier},
};
enum { CHECK_COUNT = sizeof checks / sizeof *checks };
_Static_assert((int)CHECK_COUNT <= (int)LG_CHECKS_MAX, "a review must hold every check");

const char *gateway_check_code(size_t index)
{
    return index < CHECK_COUNT ? checks[index].code : NULL;
}

/* The process's own: a review knows of nothing that it could count in. */
static metrics_counter counts[CHECK_COUNT][LG_OUTCOME_REJECT + 1];

int64_t gateway_check_count(size_t index, lg_review_outcome outcome)
{
    return metrics_get(&counts[index][outcome]);
}

static const lg_check_result *find_result(const lg_review *review, const char *code)
{
    for (size_t i = 0; i < review->count; i++)
        if (review->results[i].code == code)
            return &review->results[i];
    return NULL;
}

static lg_review_outcome worst_of(const lg_review *review)
{
    lg_review_outcome worst = LG_OUTCOME_PASS;
    for (size_t i = 0; i < review->count; i++)
        if (review->results[i].outcome > worst)
            worst = review->results[i].outcome;
    return worst;
}

lg_err gateway_review(const lg_review_input *input, lg_arena *arena, lg_review *review)
{
    lg_review done = {.policy_version = input->policy->version};
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        const lg_check_result *before = find_result(review, checks[i].code);
        verdict v = {.outcome = LG_OUTCOME_PASS, .pointer = ""};
        if (before) {
            done.results[done.count++] = *before;
            continue;
        }
        if (checks[i].stage != ALONE && !input->db)
            continue;
        if (checks[i].stage == AMONG_PARTIES && !input->signer_is_seller && !input->signer_is_buyer)
            continue;
        if (checks[i].stage == LAST && worst_of(&done) == LG_OUTCOME_REJECT)
            continue;
        lg_err err = checks[i].run(input, arena, &v);
        if (err)
            return err;
        if (v.unsaid)
            continue;
        metrics_add(&counts[i][v.outcome], 1);
        done.results[done.count++] = (lg_check_result){
            .code = checks[i].code, .outcome = v.outcome, .pointer = v.pointer, .detail = v.detail};
    }
    done.outcome = worst_of(&done);
    *review = done;
    return LG_OK;
}
