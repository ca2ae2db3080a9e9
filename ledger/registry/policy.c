#include "ledger/registry/policy.h"

#include "ledger/base/buf.h"
#include "ledger/registry/event.h"
#include "ledger/store/participant_rows.h"

#include <string.h>

lg_policy lg_policy_default(void)
{
    return (lg_policy){
        .tenor_warn_days = 180,
        .tenor_max_days = 365,
        .default_tenor_days = 0,
        .confirm_within_days = 30,
        .after_deadline = LG_AFTER_DEADLINE_EXPIRE,
        .past_due = LG_OUTCOME_WARN,
        .confirm_past_due = false,
        .documents_required = 0,
        .similar_within_days = 7,
        .payee_redirected = LG_OUTCOME_HOLD,
        .transfer_respond_days = 7,
        .hop_max = 10,
        .split_parts_max = LG_PARTS_MAX,
        .split_claims_max = LG_PARTS_MAX,
        .split_watch_claims = 50,
        .grace_days = 0,
        .default_after_days = 90,
        .early_payment = LG_PAYMENT_RECORD,
        .overpayment = LG_PAYMENT_REFUSE,
        .request_valid_days = 7,
        .proposal_days = 14,
        .checks_per_day = 1000,
    };
}

static const char *payment_rule_name(lg_payment_rule rule)
{
    return rule == LG_PAYMENT_RECORD ? "record" : "refuse";
}

char *lg_policy_format(lg_arena *arena, const lg_policy *policy)
{
    lg_buf buf = {0};
    lg_json_open(&buf);
    lg_json_put_str(&buf, "after_deadline",
                    policy->after_deadline == LG_AFTER_DEADLINE_ACCEPT ? "accept" : "expire");
    lg_json_put_int(&buf, "checks_per_day", policy->checks_per_day);
    lg_json_put_bool(&buf, "confirm_past_due", policy->confirm_past_due);
    lg_json_put_int(&buf, "confirm_within_days", policy->confirm_within_days);
    lg_json_key(&buf, "currencies");
    lg_json_list(&buf);
    for (size_t i = 0; i < policy->currency_count; i++)
        lg_json_str(&buf, policy->currencies[i].code);
    lg_json_end(&buf);
    lg_json_put_int(&buf, "default_after_days", policy->default_after_days);
    lg_json_put_int(&buf, "default_tenor_days", policy->default_tenor_days);
    lg_json_put_int(&buf, "documents_required", policy->documents_required);
    lg_json_put_str(&buf, "early_payment", payment_rule_name(policy->early_payment));
    lg_verifier_policy_put(&buf, &policy->verifier);
    lg_json_put_int(&buf, "grace_days", policy->grace_days);
    lg_json_put_int(&buf, "hop_max", policy->hop_max);
    lg_json_put_str(&buf, "overpayment", payment_rule_name(policy->overpayment));
    lg_json_put_str(&buf, "past_due", lg_review_outcome_name(policy->past_due));
    lg_json_put_str(&buf, "payee_redirected", lg_review_outcome_name(policy->payee_redirected));
    lg_json_put_int(&buf, "proposal_days", policy->proposal_days);
    lg_json_put_int(&buf, "request_valid_days", policy->request_valid_days);
    lg_json_put_int(&buf, "similar_within_days", policy->similar_within_days);
    lg_json_put_int(&buf, "split_claims_max", policy->split_claims_max);
    lg_json_put_int(&buf, "split_parts_max", policy->split_parts_max);
    lg_json_put_int(&buf, "split_watch_claims", policy->split_watch_claims);
    lg_json_put_int(&buf, "tenor_max_days", policy->tenor_max_days);
    lg_json_put_int(&buf, "tenor_warn_days", policy->tenor_warn_days);
    lg_json_put_int(&buf, "transfer_respond_days", policy->transfer_respond_days);
    lg_json_close(&buf);
    char *text = lg_arena_strndup(arena, buf.data, buf.len);
    lg_buf_clear(&buf);
    return text;
}

static void decode_outcome(lg_decoder *decoder, const char *name, lg_review_outcome *out)
{
    const char *text = lg_decode_str(decoder, name, true, 16);
    if (text && (!lg_review_outcome_parse(text, out) || *out == LG_OUTCOME_PASS))
        lg_fault_add(decoder->report, "unknown_value", lg_decode_pointer(decoder, name),
                     "%s must be warn, hold or reject.", name);
}

static void decode_after_deadline(lg_decoder *decoder, lg_after_deadline *out)
{
    const char *text = lg_decode_str(decoder, "after_deadline", true, 16);
    if (!text)
        return;
    if (strcmp(text, "expire") == 0)
        *out = LG_AFTER_DEADLINE_EXPIRE;
    else if (strcmp(text, "accept") == 0)
        *out = LG_AFTER_DEADLINE_ACCEPT;
    else
        lg_fault_add(decoder->report, "unknown_value", lg_decode_pointer(decoder, "after_deadline"),
                     "after_deadline must be expire or accept.");
}

static void decode_payment_rule(lg_decoder *decoder, const char *name, lg_payment_rule *out)
{
    const char *text = lg_decode_str(decoder, name, true, 16);
    if (!text)
        return;
    if (strcmp(text, payment_rule_name(LG_PAYMENT_REFUSE)) == 0)
        *out = LG_PAYMENT_REFUSE;
    else if (strcmp(text, payment_rule_name(LG_PAYMENT_RECORD)) == 0)
        *out = LG_PAYMENT_RECORD;
    else
        lg_fault_add(decoder->report, "unknown_value", lg_decode_pointer(decoder, name),
                     "%s must be refuse or record.", name);
}

static void decode_currencies(lg_decoder *decoder, lg_policy *out)
{
    const json_t *list = lg_decode_value(decoder, "currencies", true), *item;
    const char *pointer = lg_decode_pointer(decoder, "currencies");
    size_t i;
    if (!list)
        return;
    if (!json_is_array(list) || json_array_size(list) > LG_POLICY_CURRENCIES_MAX) {
        lg_fault_add(decoder->report, "not_a_list", pointer,
                     "currencies must be a list of at most %d currency codes.", LG_POLICY_CURRENCIES_MAX);
        return;
    }
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item) ||
            !lg_currency_parse(json_string_value(item), &out->currencies[out->currency_count++]))
            lg_fault_add(decoder->report, "unknown_currency",
                         lg_arena_printf(decoder->report->arena, "%s/%zu", pointer, i),
                         "currencies[%zu] must be an ISO 4217 code.", i);
    }
}

/* What becomes of claims. One entry names every live claim of a root that is paid, hence the bound of
 * LG_PARTS_MAX. */
static void decode_claim_rules(lg_decoder *decoder, lg_policy *out)
{
    lg_decode_int(decoder, "checks_per_day", true, 0, 1000000, &out->checks_per_day);
    lg_decode_int(decoder, "default_after_days", true, 0, 3650, &out->default_after_days);
    decode_payment_rule(decoder, "early_payment", &out->early_payment);
    lg_decode_int(decoder, "grace_days", true, 0, 365, &out->grace_days);
    lg_decode_int(decoder, "hop_max", true, 0, 1000, &out->hop_max);
    decode_payment_rule(decoder, "overpayment", &out->overpayment);
    lg_decode_int(decoder, "proposal_days", true, 1, 365, &out->proposal_days);
    lg_decode_int(decoder, "request_valid_days", true, 1, 90, &out->request_valid_days);
    lg_decode_int(decoder, "split_claims_max", true, 2, LG_PARTS_MAX, &out->split_claims_max);
    lg_decode_int(decoder, "split_parts_max", true, 2, LG_PARTS_MAX, &out->split_parts_max);
    lg_decode_int(decoder, "split_watch_claims", true, 2, LG_PARTS_MAX, &out->split_watch_claims);
    lg_decode_int(decoder, "transfer_respond_days", true, 1, 90, &out->transfer_respond_days);
}

lg_err lg_policy_decode(const json_t *object, const char *pointer, lg_policy *out, lg_report *report)
{
    size_t before = report->fault_count;
    lg_decoder decoder = lg_decode_object(object, pointer, report);
    out->currency_count = 0;
    decode_after_deadline(&decoder, &out->after_deadline);
    lg_decode_bool(&decoder, "confirm_past_due", true, &out->confirm_past_due);
    lg_decode_int(&decoder, "confirm_within_days", true, 0, 365, &out->confirm_within_days);
    decode_currencies(&decoder, out);
    lg_decode_int(&decoder, "default_tenor_days", true, 0, 3650, &out->default_tenor_days);
    lg_decode_int(&decoder, "documents_required", true, 0, LG_DOCUMENTS_MAX, &out->documents_required);
    lg_verifier_policy_decode(&decoder, &out->verifier);
    decode_outcome(&decoder, "past_due", &out->past_due);
    decode_outcome(&decoder, "payee_redirected", &out->payee_redirected);
    lg_decode_int(&decoder, "similar_within_days", true, 0, 365, &out->similar_within_days);
    lg_decode_int(&decoder, "tenor_max_days", true, 1, 3650, &out->tenor_max_days);
    lg_decode_int(&decoder, "tenor_warn_days", true, 1, 3650, &out->tenor_warn_days);
    decode_claim_rules(&decoder, out);
    lg_decode_finish(&decoder);
    if (report->fault_count == before && out->tenor_warn_days > out->tenor_max_days)
        lg_fault_add(report, "out_of_range", lg_decode_pointer(&decoder, "tenor_warn_days"),
                     "tenor_warn_days must not exceed tenor_max_days.");
    return report->fault_count == before ? LG_OK
                                         : lg_fail(report, LG_INVALID_FIELDS, "The policy breaks a rule.");
}

lg_err lg_policy_load(lg_db *db, int64_t version, lg_arena *arena, lg_policy *out)
{
    lg_policy_row row;
    lg_report report;
    json_t *object = NULL;
    lg_report_init(&report, arena);
    lg_err err = lg_policy_get(db, version, arena, &row);
    if (err)
        return err;
    err = lg_json_load(lg_bytes_str(row.body), &object, &report);
    if (!err)
        err = lg_policy_decode(object, "", out, &report);
    json_decref(object);
    out->version = err ? 0 : row.version; /* half a policy is none, and no cache shall take it for one */
    return err ? LG_CORRUPT : LG_OK;
}
