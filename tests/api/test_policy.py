"""The policy: versioned, changed only by the operator's signed command, recorded, and named by every review."""

import pytest


def fields(policy):
    return {name: value for name, value in policy.items() if name not in ("version", "set_at", "seq")}


DEFAULTS = {
    "tenor_warn_days": 180, "tenor_max_days": 365, "default_tenor_days": 0, "confirm_within_days": 30,
    "after_deadline": "expire", "past_due": "warn", "confirm_past_due": False, "documents_required": 0,
    "similar_within_days": 7, "payee_redirected": "hold", "currencies": [], "transfer_respond_days": 7, "hop_max": 10,
    "split_parts_max": 100, "split_claims_max": 100, "split_watch_claims": 50, "grace_days": 0, "default_after_days": 90,
    "early_payment": "record", "overpayment": "refuse", "request_valid_days": 7, "proposal_days": 14, "checks_per_day": 1000,
}  # fmt: skip


def current(registry):
    return registry.operator.get("/v1/policy").ok()


def test_a_new_registry_has_policy_version_one(fresh):
    policy = current(fresh)
    assert policy["version"] == 1 and fields(policy) == DEFAULTS


def test_a_change_is_a_new_version_and_an_entry(registry):
    before = current(registry)
    changed = {**fields(before), "tenor_warn_days": 90, "currencies": ["CNY", "EUR"]}
    with registry.grows(1):
        answer = registry.operator.post("/v1/policy", {"base_version": before["version"], "policy": changed})
        made = answer.ok(201)
    assert made["policy"]["version"] == before["version"] + 1 and fields(made["policy"]) == changed
    assert made["policy"]["seq"] == made["receipt"]["seq"]
    assert '"type":"policy.set"' in made["receipt"]["entry"]
    assert answer.headers["location"] == f"/v1/policy/{made['policy']['version']}"
    assert current(registry) == made["policy"]
    assert registry.supplier.get(f"/v1/policy/{before['version']}").ok() == before
    registry.policy(**DEFAULTS)


def test_a_change_based_on_an_old_version_is_refused(registry):
    policy = current(registry)
    registry.policy(tenor_warn_days=100)
    with registry.unchanged():
        payload = {"base_version": policy["version"], "policy": fields(policy)}
        registry.operator.post("/v1/policy", payload).problem("version-conflict")
        payload["base_version"] = policy["version"] + 50
        registry.operator.post("/v1/policy", payload).problem("version-conflict")
    registry.policy(**DEFAULTS)


def test_only_the_operator_sets_the_policy(registry):
    policy = current(registry)
    for who in (registry.supplier, registry.reviewer, registry.debtor):
        with registry.unchanged():
            who.post("/v1/policy", {"base_version": policy["version"], "policy": fields(policy)}).problem("not-permitted")


@pytest.mark.parametrize(
    "change, pointer",
    [
        ({"tenor_max_days": None}, "/policy/tenor_max_days"),
        ({"tenor_max_days": "365"}, "/policy/tenor_max_days"),
        ({"tenor_max_days": -1}, "/policy/tenor_max_days"),
        ({"tenor_max_days": 3.5}, "/policy/tenor_max_days"),
        ({"after_deadline": "forget"}, "/policy/after_deadline"),
        ({"past_due": "ignore"}, "/policy/past_due"),
        ({"payee_redirected": "pass"}, "/policy/payee_redirected"),
        ({"confirm_past_due": "no"}, "/policy/confirm_past_due"),
        ({"currencies": ["EURO"]}, "/policy/currencies/0"),
        ({"currencies": "EUR"}, "/policy/currencies"),
        ({"documents_required": 1000}, "/policy/documents_required"),
        ({"hop_max": None}, "/policy/hop_max"),
        ({"split_claims_max": 101}, "/policy/split_claims_max"),
        ({"split_parts_max": 1}, "/policy/split_parts_max"),
        ({"early_payment": "forbid"}, "/policy/early_payment"),
        ({"overpayment": True}, "/policy/overpayment"),
        ({"proposal_days": 0}, "/policy/proposal_days"),
        ({"generosity": 1}, "/policy/generosity"),
    ],
    ids=str,
)
def test_a_policy_with_a_faulty_field_is_refused(registry, change, pointer):
    policy = current(registry)
    changed = {name: value for name, value in {**fields(policy), **change}.items() if value is not None}
    with registry.unchanged():
        payload = {"base_version": policy["version"], "policy": changed}
        answer = registry.operator.post("/v1/policy", payload, bad=True).problem("invalid-fields")
        assert [fault["pointer"] for fault in answer["errors"]] == [pointer]


def test_a_version_that_never_was_is_not_found(registry):
    for version in ("0", "99999", "x", "-1", "1.0"):
        registry.operator.get(f"/v1/policy/{version}", bad=True).problem("not-found")


def test_a_review_keeps_the_version_it_was_made_under(registry):
    redirect = {"name": "Elsewhere", "identifiers": {"tax_id": "E1"}}
    receivable = registry.supplier.submit(registry.invoice(invoice_payee=redirect)).ok(202)["receivable"]
    version = receivable["review"]["policy_version"]
    assert version == current(registry)["version"]
    registry.policy(payee_redirected="warn")
    assert registry.supplier.receivable(receivable["id"])["review"]["policy_version"] == version
    approved = registry.reviewer.post(f"/v1/reviews/{receivable['id']}/approve", {"note": "ok"}).ok()["receivable"]
    assert approved["review"]["policy_version"] == version
    other = registry.supplier.submit(registry.invoice(invoice_payee=redirect)).ok(201)["receivable"]
    assert other["review"]["policy_version"] == version + 1 and other["review"]["outcome"] == "warn"
    registry.policy(**DEFAULTS)


def test_a_default_tenor_supplies_a_missing_due_date(fresh):
    paper = fresh.invoice(invoice_due_date=None)
    with fresh.unchanged():
        fresh.supplier.submit(paper).problem("not-a-receivable", ("no_due_date", "/invoice/due_date"))
    fresh.policy(default_tenor_days=45)
    receivable = fresh.supplier.submit(paper).ok(201)["receivable"]
    assert receivable["due_date"] == fresh.day(44)


def test_the_deadline_follows_the_policy(fresh):
    fresh.policy(confirm_within_days=3)
    receivable = fresh.registered()
    assert fresh.day(3) <= receivable["confirm_by"][:10] <= fresh.day(4)
