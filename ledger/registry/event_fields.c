#include "ledger/registry/event_fields.h"

#define MUST(kind, member, name)                                                                             \
    {                                                                                                        \
        name, kind, false, offsetof(lg_event, member)                                                        \
    }
#define MAY(kind, member, name)                                                                              \
    {                                                                                                        \
        name, kind, true, offsetof(lg_event, member)                                                         \
    }
#define SIGNERS                                                                                              \
    MUST(UUID, by, "by"), MAY(UUID, countersigned_by, "countersigned_by"), MAY(BOOLEAN, custody, "custody")

static const field genesis[] = {{0}};

static const field participant_registered[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(TEXT, name, "name"),
    MAY(TEXT, country, "country"),
    MAY(TEXT, group, "group"),
    MUST(JSON, roles, "roles"),
    MUST(JSON, identifiers, "identifiers"),
    MUST(PUBLIC_KEY, public_key, "public_key"),
    MAY(BOOLEAN, key_in_custody, "key_in_custody"),
    MUST(TIME, valid_from, "valid_from"),
    {0},
};

static const field status_changed[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(BOOLEAN, suspended, "suspended"),
    MAY(TEXT, reason, "reason"),
    {0},
};

static const field stop_changed[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(BOOLEAN, stopped, "stopped"),
    MAY(TEXT, reason, "reason"),
    {0},
};

static const field credit_line_set[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(CURRENCY, currency, "currency"),
    MAY(INTEGER, limit_minor, "limit_minor"),
    {0},
};

static const field key_added[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(PUBLIC_KEY, public_key, "public_key"),
    MAY(BOOLEAN, key_in_custody, "key_in_custody"),
    MUST(TIME, valid_from, "valid_from"),
    MAY(TIME, valid_until, "valid_until"),
    {0},
};

static const field key_revoked[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(TEXT, kid, "kid"),
    MAY(TEXT, reason, "reason"),
    {0},
};

static const field token_issued[] = {
    SIGNERS,
    MUST(UUID, token_id, "token_id"),
    MUST(UUID, participant_id, "participant_id"),
    MUST(JSON, scopes, "scopes"),
    MAY(TEXT, label, "label"),
    MUST(TIME, expires_at, "expires_at"),
    MAY(JSON, amount_limits, "amount_limits_minor"),
    MAY(UUID, issued_with, "issued_with"),
    {0},
};

static const field token_revoked[] = {
    SIGNERS,
    MUST(UUID, token_id, "token_id"),
    MUST(UUID, participant_id, "participant_id"),
    {0},
};

static const field policy_set[] = {
    SIGNERS,
    MUST(INTEGER, policy_version, "policy_version"),
    MUST(JSON, policy, "policy"),
    {0},
};

#define RECEIVABLE_FIELDS                                                                                    \
    MUST(UUID, receivable_id, "receivable_id"), MUST(TEXT, submitted_by, "submitted_by"),                    \
        MUST(UUID, submitter_id, "submitter_id"), MAY(UUID, creditor_id, "creditor_id"),                     \
        MAY(UUID, debtor_id, "debtor_id"), MUST(TEXT, format, "format"),                                     \
        MUST(TEXT, invoice_number, "invoice_number"), MUST(DAY, issue_day, "issue_date"),                    \
        MUST(DAY, due_day, "due_date"), MUST(CURRENCY, currency, "currency"),                                \
        MUST(INTEGER, gross_minor, "gross_minor"), MUST(INTEGER, amount_minor, "amount_minor"),              \
        MAY(TEXT, part, "part"), MAY(TEXT, order_reference, "order_reference"),                              \
        MAY(TEXT, contract_reference, "contract_reference"), MAY(TEXT, payee, "payee"),                      \
        MUST(HASH, document_sha256, "document_sha256"), MAY(JSON, documents, "documents"),                   \
        MUST(TIME, confirm_by, "confirm_by"), MUST(INTEGER, policy_version, "policy_version"),               \
        MUST(TEXT, review_outcome, "review_outcome"), MUST(JSON, checks, "checks")

static const field receivable_submitted[] = {SIGNERS, RECEIVABLE_FIELDS, MAY(TEXT, note, "note"), {0}};
static const field receivable_held[] = {
    SIGNERS, RECEIVABLE_FIELDS, MAY(TIME, verify_by, "verify_by"), MAY(TEXT, note, "note"), {0}};

/* A claim on a receivable that is on the ledger already ... */
static const field claim_accepted[] = {
    SIGNERS,
    MUST(UUID, receivable_id, "receivable_id"),
    MUST(UUID, claim_id, "claim_id"),
    MUST(TEXT, origin, "origin"),
    MUST(INTEGER, face_minor, "face_minor"),
    MAY(TEXT, note, "note"),
    {0},
};

/* ... and one whose receivable comes with it, because both sides signed the submission. */
static const field claim_accepted_at_once[] = {
    SIGNERS,
    RECEIVABLE_FIELDS,
    MUST(UUID, claim_id, "claim_id"),
    MUST(TEXT, origin, "origin"),
    MUST(INTEGER, face_minor, "face_minor"),
    MAY(TEXT, note, "note"),
    {0},
};

static const field review_approved[] = {
    SIGNERS,
    MUST(UUID, receivable_id, "receivable_id"),
    MUST(TIME, confirm_by, "confirm_by"),
    MUST(INTEGER, policy_version, "policy_version"),
    MAY(TEXT, note, "note"),
    {0},
};

/* It is registered if there is a deadline to confirm it, and rejected if that is the outcome. */
static const field review_verified[] = {
    SIGNERS,
    MUST(UUID, receivable_id, "receivable_id"),
    MUST(TEXT, answer, "answer"),
    MUST(TEXT, review_outcome, "outcome"),
    MAY(TEXT, reference, "reference"),
    MAY(TIME, answered_at, "answered_at"),
    MAY(TEXT, note, "note"),
    MAY(TEXT, hindered_by, "hindered_by"),
    MUST(INTEGER, policy_version, "policy_version"),
    MAY(TIME, confirm_by, "confirm_by"),
    {0},
};

static const field receivable_ended[] = {
    SIGNERS, MUST(UUID, receivable_id, "receivable_id"), MAY(TEXT, reason, "reason"), MAY(TEXT, note, "note"),
    {0},
};

/* ---- a claim's life ---- */

#define CLAIM     MUST(UUID, claim_id, "claim_id")
#define MAY_NOTE  MAY(TEXT, note, "note")
#define ALL_PARTS MAY(PARTS, parts, "part_")

static const field claim_split[] = {SIGNERS, CLAIM, ALL_PARTS, MAY_NOTE, {0}};

/* Whole: the recipient; otherwise the parts, each with its recipient. */
static const field claim_transfer_offered[] = {
    SIGNERS,  CLAIM, MAY(UUID, recipient_id, "recipient_id"), MUST(TIME, respond_by, "respond_by"), ALL_PARTS,
    MAY_NOTE, {0},
};

static const field claim_alone[] = {SIGNERS, CLAIM, MAY_NOTE, {0}};

static const field claim_disputed[] = {SIGNERS, CLAIM, MUST(TEXT, reason, "reason"), MAY_NOTE, {0}};

static const field claim_frozen[] = {
    SIGNERS, CLAIM, MUST(TEXT, order_reference, "order_reference"), MAY_NOTE, {0}};

static const field claim_aged[] = {SIGNERS, CLAIM, MAY(DAY, next_day, "next_date"), {0}};

static const field watch_raised[] = {SIGNERS, CLAIM, MUST(INTEGER, count, "live_claims"), {0}};

static const field grant_made[] = {
    SIGNERS,
    MUST(UUID, grant_id, "grant_id"),
    CLAIM,
    MUST(UUID, recipient_id, "recipient_id"),
    MUST(JSON, fields, "fields"),
    MAY(TIME, valid_until_or_open, "valid_until"),
    MAY_NOTE,
    {0},
};

static const field grant_revoked[] = {SIGNERS, MUST(UUID, grant_id, "grant_id"), {0}};

static const field invoice_checked[] = {
    SIGNERS,
    MAY(UUID, creditor_id, "creditor_id"),
    MAY(UUID, debtor_id, "debtor_id"),
    MUST(TEXT, invoice_number, "invoice_number"),
    MUST(DAY, issue_day, "issue_date"),
    MUST(CURRENCY, currency, "currency"),
    MUST(INTEGER, gross_minor, "gross_minor"),
    MUST(BOOLEAN, registered, "registered"),
    MUST(BOOLEAN, financed, "financed"),
    {0},
};

static const field participant_rated[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MAY(TEXT, rating, "rating"),
    MAY(TEXT, agency, "agency"),
    {0},
};

/* ---- financing ---- */

static const field program_opened[] = {
    SIGNERS,
    MUST(UUID, program_id, "program_id"),
    MUST(TEXT, name, "name"),
    MUST(TEXT, kind, "kind"),
    MUST(BOOLEAN, recourse, "recourse"),
    MUST(CURRENCY, currency, "currency"),
    MUST(JSON, debtors, "debtors"),
    MUST(INTEGER, tenor_min_days, "tenor_min_days"),
    MUST(INTEGER, tenor_max_days, "tenor_max_days"),
    MUST(INTEGER, amount_min_minor, "amount_min_minor"),
    MUST(INTEGER, amount_max_minor, "amount_max_minor"),
    MUST(INTEGER, advance_rate_ppm, "advance_rate_ppm"),
    MUST(INTEGER, annual_rate_ppm, "annual_rate_ppm"),
    MUST(INTEGER, day_count, "day_count"),
    MUST(INTEGER, fee_minor, "fee_minor"),
    MUST(INTEGER, fee_rate_ppm, "fee_rate_ppm"),
    MUST(INTEGER, total_limit_minor, "total_limit_minor"),
    MAY(INTEGER, debtor_limit_minor, "debtor_limit_minor"),
    MUST(TIME, valid_until, "valid_until"),
    MUST(INTEGER, offer_valid_minutes, "offer_valid_minutes"),
    MUST(INTEGER, disburse_within_minutes, "disburse_within_minutes"),
    {0},
};

static const field program_closed[] = {SIGNERS, MUST(UUID, program_id, "program_id"), {0}};

static const field financing_requested[] = {
    SIGNERS,
    MUST(UUID, request_id, "request_id"),
    MUST(CURRENCY, currency, "currency"),
    MUST(INTEGER, amount_minor, "total_minor"),
    ALL_PARTS,
    MAY(JSON, lenders, "lenders"),
    MAY(TEXT, kind, "kind"),
    MAY(JSON, recourse_wanted, "recourse"),
    MUST(TEXT, pay_to, "pay_to"),
    MUST(JSON, fields, "fields"),
    MUST(TIME, valid_until, "valid_until"),
    MAY_NOTE,
    {0},
};

static const field request_ended[] = {SIGNERS, MUST(UUID, request_id, "request_id"), {0}};

static const field offer_made[] = {
    SIGNERS,
    MUST(UUID, offer_id, "offer_id"),
    MUST(UUID, request_id, "request_id"),
    MUST(UUID, lender_id, "lender_id"),
    MAY(UUID, program_id, "program_id"),
    MUST(TEXT, kind, "kind"),
    MUST(BOOLEAN, recourse, "recourse"),
    MUST(CURRENCY, currency, "currency"),
    MUST(INTEGER, advance_rate_ppm, "advance_rate_ppm"),
    MUST(INTEGER, annual_rate_ppm, "annual_rate_ppm"),
    MUST(INTEGER, day_count, "day_count"),
    MUST(INTEGER, advance_minor, "advance_minor"),
    MUST(INTEGER, interest_minor, "interest_minor"),
    MUST(INTEGER, fee_minor, "fee_minor"),
    MUST(TIME, valid_until, "valid_until"),
    MUST(INTEGER, disburse_within_minutes, "disburse_within_minutes"),
    {0},
};

static const field offer_ended[] = {SIGNERS, MUST(UUID, offer_id, "offer_id"), {0}};

/* The disbursement instruction: whom to pay what, by when. A part is a claim and its share of the advance. */
static const field financing_accepted[] = {
    SIGNERS,
    MUST(UUID, financing_id, "financing_id"),
    MUST(UUID, offer_id, "offer_id"),
    MUST(UUID, request_id, "request_id"),
    MUST(UUID, lender_id, "lender_id"),
    MAY(UUID, program_id, "program_id"),
    MUST(TEXT, kind, "kind"),
    MUST(BOOLEAN, recourse, "recourse"),
    MUST(CURRENCY, currency, "currency"),
    MUST(INTEGER, advance_minor, "advance_minor"),
    MUST(INTEGER, interest_minor, "interest_minor"),
    MUST(INTEGER, fee_minor, "fee_minor"),
    MUST(INTEGER, net_minor, "net_minor"),
    MUST(TEXT, pay_to, "pay_to"),
    MUST(TIME, disburse_by, "disburse_by"),
    ALL_PARTS,
    {0},
};

/* Here and where claims go back, a part is a claim, whom its debtor is to pay from now on, and what is
 * outstanding. */
static const field financing_disbursed[] = {
    SIGNERS,
    MUST(UUID, financing_id, "financing_id"),
    MUST(TEXT, bank_reference, "bank_reference"),
    MAY(TEXT, registration_number, "registration_number"),
    ALL_PARTS,
    {0},
};

static const field financing_registered[] = {
    SIGNERS,
    MUST(UUID, financing_id, "financing_id"),
    MUST(TEXT, registration_number, "registration_number"),
    {0},
};

static const field financing_alone[] = {SIGNERS, MUST(UUID, financing_id, "financing_id"), MAY_NOTE, {0}};

static const field financing_released[] = {
    SIGNERS, MUST(UUID, financing_id, "financing_id"), MAY_NOTE, ALL_PARTS, {0},
};

static const field financing_repurchased[] = {
    SIGNERS,
    MUST(UUID, financing_id, "financing_id"),
    MUST(TEXT, bank_reference, "bank_reference"),
    ALL_PARTS,
    {0},
};

/* ---- payments, and what several sign ---- */

/* claim_id is the root; a part is a claim, who is paid for it, and how much. */
static const field payment_recorded[] = {
    SIGNERS,
    MUST(UUID, payment_id, "payment_id"),
    CLAIM,
    MUST(CURRENCY, currency, "currency"),
    MUST(INTEGER, amount_minor, "amount_minor"),
    MUST(INTEGER, excess_minor, "excess_minor"),
    MUST(TEXT, bank_reference, "bank_reference"),
    MUST(DAY, paid_day, "paid_on"),
    ALL_PARTS,
    {0},
};

static const field payment_reversed[] = {
    SIGNERS,
    MUST(UUID, payment_id, "payment_id"),
    MUST(TEXT, reason, "reason"),
    {0},
};

static const field proposal_made[] = {
    SIGNERS,
    MUST(UUID, proposal_id, "proposal_id"),
    CLAIM,
    MUST(TEXT, kind, "kind"),
    MUST(INTEGER, amount_minor, "amount_minor"), /* 0 for a void */
    MAY(TEXT, reference, "reference"),
    MUST(TIME, expires_at, "expires_at"),
    MAY_NOTE,
    {0},
};

static const field proposal_answered[] = {SIGNERS, MUST(UUID, proposal_id, "proposal_id"), {0}};

static const field claim_diluted[] = {
    SIGNERS, MUST(UUID, proposal_id, "proposal_id"), CLAIM, MUST(INTEGER, amount_minor, "amount_minor"), {0},
};

static const field claim_voided[] = {SIGNERS, MUST(UUID, proposal_id, "proposal_id"), CLAIM, {0}};

/* ---- webhooks; their secrets are derived and never recorded ---- */

static const field webhook_registered[] = {
    SIGNERS,
    MUST(UUID, webhook_id, "webhook_id"),
    MUST(TEXT, url, "url"),
    MUST(JSON, events, "events"),
    MAY(TEXT, description, "description"),
    {0},
};

static const field webhook_rotated[] = {
    SIGNERS,
    MUST(UUID, webhook_id, "webhook_id"),
    MUST(INTEGER, generation, "generation"),
    {0},
};

static const field webhook_removed[] = {SIGNERS, MUST(UUID, webhook_id, "webhook_id"), {0}};

/* ---- four eyes ---- */

static const field four_eyes_set[] = {
    SIGNERS,
    MUST(UUID, participant_id, "participant_id"),
    MUST(CURRENCY, currency, "currency"),
    MAY(INTEGER, limit_minor, "above_minor"),
    {0},
};

/* receivable_id: that is confirmed or accepted. Without one it is the setting that is to change, to
 * amount_minor, or to nothing. */
static const field approval_asked[] = {
    SIGNERS,
    MUST(UUID, approval_id, "approval_id"),
    MUST(UUID, participant_id, "participant_id"),
    MUST(UUID, token_id, "token_id"),
    MUST(TEXT, kind, "kind"),
    MAY(UUID, receivable_id, "receivable_id"),
    MUST(CURRENCY, currency, "currency"),
    MAY(INTEGER, limit_minor, "amount_minor"),
    MUST(TIME, expires_at, "expires_at"),
    MAY_NOTE,
    {0},
};

/* Withdrawn with a key of one's own: without a token. */
static const field approval_closed[] = {
    SIGNERS, MUST(UUID, approval_id, "approval_id"), MAY(UUID, token_id, "token_id"), MAY_NOTE, {0},
};

const field *event_fields_of(lg_event_type type, bool at_once)
{
    static const field *const tables[LG_EV_COUNT] = {
        [LG_EV_GENESIS] = genesis,
        [LG_EV_PARTICIPANT_REGISTERED] = participant_registered,
        [LG_EV_PARTICIPANT_STATUS_CHANGED] = status_changed,
        [LG_EV_PARTICIPANT_STOP_CHANGED] = stop_changed,
        [LG_EV_CREDIT_LINE_SET] = credit_line_set,
        [LG_EV_KEY_ADDED] = key_added,
        [LG_EV_KEY_REVOKED] = key_revoked,
        [LG_EV_TOKEN_ISSUED] = token_issued,
        [LG_EV_TOKEN_REVOKED] = token_revoked,
        [LG_EV_POLICY_SET] = policy_set,
        [LG_EV_RECEIVABLE_REGISTERED] = receivable_submitted,
        [LG_EV_RECEIVABLE_HELD] = receivable_held,
        [LG_EV_RECEIVABLE_REJECTED] = receivable_submitted,
        [LG_EV_REVIEW_APPROVED] = review_approved,
        [LG_EV_REVIEW_REJECTED] = receivable_ended,
        [LG_EV_REVIEW_VERIFIED] = review_verified,
        [LG_EV_CLAIM_ACCEPTED] = claim_accepted,
        [LG_EV_RECEIVABLE_DECLINED] = receivable_ended,
        [LG_EV_RECEIVABLE_WITHDRAWN] = receivable_ended,
        [LG_EV_RECEIVABLE_EXPIRED] = receivable_ended,
        [LG_EV_CLAIM_SPLIT] = claim_split,
        [LG_EV_CLAIM_TRANSFER_OFFERED] = claim_transfer_offered,
        [LG_EV_CLAIM_TRANSFERRED] = claim_alone,
        [LG_EV_CLAIM_TRANSFER_DECLINED] = claim_alone,
        [LG_EV_CLAIM_TRANSFER_CANCELLED] = claim_alone,
        [LG_EV_CLAIM_TRANSFER_LAPSED] = claim_alone,
        [LG_EV_CLAIM_ACKNOWLEDGED] = claim_alone,
        [LG_EV_CLAIM_DISPUTED] = claim_disputed,
        [LG_EV_CLAIM_DISPUTE_RESOLVED] = claim_alone,
        [LG_EV_CLAIM_FROZEN] = claim_frozen,
        [LG_EV_CLAIM_UNFROZEN] = claim_frozen,
        [LG_EV_CLAIM_DUE] = claim_aged,
        [LG_EV_CLAIM_OVERDUE] = claim_aged,
        [LG_EV_CLAIM_DEFAULTED] = claim_aged,
        [LG_EV_CLAIM_WRITTEN_OFF] = claim_alone,
        [LG_EV_WATCH_RAISED] = watch_raised,
        [LG_EV_GRANT_MADE] = grant_made,
        [LG_EV_GRANT_REVOKED] = grant_revoked,
        [LG_EV_INVOICE_CHECKED] = invoice_checked,
        [LG_EV_PARTICIPANT_RATED] = participant_rated,
        [LG_EV_PROGRAM_OPENED] = program_opened,
        [LG_EV_PROGRAM_CLOSED] = program_closed,
        [LG_EV_FINANCING_REQUESTED] = financing_requested,
        [LG_EV_REQUEST_WITHDRAWN] = request_ended,
        [LG_EV_REQUEST_LAPSED] = request_ended,
        [LG_EV_OFFER_MADE] = offer_made,
        [LG_EV_OFFER_WITHDRAWN] = offer_ended,
        [LG_EV_FINANCING_ACCEPTED] = financing_accepted,
        [LG_EV_FINANCING_DISBURSED] = financing_disbursed,
        [LG_EV_FINANCING_CANCELLED] = financing_alone,
        [LG_EV_FINANCING_LAPSED] = financing_alone,
        [LG_EV_FINANCING_REGISTERED] = financing_registered,
        [LG_EV_FINANCING_RELEASED] = financing_released,
        [LG_EV_FINANCING_RECOURSE] = financing_alone,
        [LG_EV_FINANCING_REPURCHASED] = financing_repurchased,
        [LG_EV_PAYMENT_RECORDED] = payment_recorded,
        [LG_EV_PAYMENT_REVERSED] = payment_reversed,
        [LG_EV_PROPOSAL_MADE] = proposal_made,
        [LG_EV_PROPOSAL_ACCEPTED] = proposal_answered,
        [LG_EV_PROPOSAL_DECLINED] = proposal_answered,
        [LG_EV_CLAIM_DILUTED] = claim_diluted,
        [LG_EV_CLAIM_VOIDED] = claim_voided,
        [LG_EV_WEBHOOK_REGISTERED] = webhook_registered,
        [LG_EV_WEBHOOK_ROTATED] = webhook_rotated,
        [LG_EV_WEBHOOK_REMOVED] = webhook_removed,
        [LG_EV_FOUR_EYES_SET] = four_eyes_set,
        [LG_EV_APPROVAL_ASKED] = approval_asked,
        [LG_EV_APPROVAL_GIVEN] = approval_closed,
        [LG_EV_APPROVAL_WITHDRAWN] = approval_closed,
    };
    if (type == LG_EV_CLAIM_ACCEPTED && at_once)
        return claim_accepted_at_once;
    if ((unsigned)type >= LG_EV_COUNT || !tables[type])
        lg_die("event type %d", (int)type);
    return tables[type];
}
