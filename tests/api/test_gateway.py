"""The asset gateway: each check told once as it passes and once as it does not. A rejection is an entry too."""

import pytest
from identifiers import gln, lei, uscc, with_wrong_check
from registry import SERIALS

CHECKS = [
    "number_form", "dates_form", "amount_within_invoice", "currency_allowed", "seller_identifiers", "buyer_identifiers",
    "seller_registered", "buyer_registered", "parties_distinct", "signer_is_party", "invoice_unused", "invoice_similar",
    "due_after_issue", "tenor_within_limit", "not_past_due", "debtor_not_stopped", "credit_line", "documents_attached",
    "payee_is_seller",
]  # fmt: skip


def outcomes(receivable):
    return {check["code"]: check["outcome"] for check in receivable["review"]["checks"]}


def rejected(registry, code, paper, who=None, pointer=None):
    """Submits what the gateway must reject by that check; the rejection is one entry and changes nothing else."""
    with registry.grows(1):
        answer = (who or registry.supplier).submit(paper)
        problem = answer.problem("gateway-rejected")
    receivable = problem["receivable"]
    assert receivable["life"] == "rejected" and receivable["review"]["outcome"] == "reject"
    assert outcomes(receivable)[code] == "reject", receivable["review"]
    assert code in [fault["code"] for fault in problem["errors"]], problem["errors"]
    assert '"type":"receivable.rejected"' in problem["receipt"]["entry"]
    check = next(check for check in receivable["review"]["checks"] if check["code"] == code)
    assert check["detail"].endswith(".") and len(check["detail"]) > 15
    if pointer is not None:
        assert check["pointer"] == pointer
    return receivable


def held(registry, code, paper, who=None):
    with registry.grows(1):
        receivable = (who or registry.supplier).submit(paper).ok(202)["receivable"]
    assert receivable["life"] == "held" and receivable["review"]["outcome"] == "hold"
    assert outcomes(receivable)[code] == "hold", receivable["review"]
    return receivable


def warned(registry, code, paper, who=None):
    receivable = (who or registry.supplier).submit(paper).ok(201)["receivable"]
    assert receivable["life"] == "registered" and receivable["review"]["outcome"] == "warn"
    assert outcomes(receivable)[code] == "warn", receivable["review"]
    return receivable


def test_a_clean_invoice_passes_every_check_in_order(registry):
    review = registry.registered()["review"]
    assert [check["code"] for check in review["checks"]] == CHECKS
    assert {check["outcome"] for check in review["checks"]} == {"pass"}
    assert review["policy_version"] == registry.operator.get("/v1/policy").ok()["version"] and review["decision"] is None


def test_all_results_are_kept_and_returned_not_only_the_first_failure(registry):
    paper = registry.invoice(buyer=registry.debtor, days=500, invoice_payee={"name": "X", "identifiers": {"tax_id": "Z9"}})
    paper["invoice"]["seller"]["identifiers"] = {"uscc": with_wrong_check(uscc(5))}
    receivable = rejected(registry, "tenor_within_limit", paper)
    seen = outcomes(receivable)
    assert list(seen) == CHECKS
    assert seen["seller_identifiers"] == "reject" and seen["tenor_within_limit"] == "reject"
    assert seen["payee_is_seller"] == "hold" and seen["number_form"] == "pass"
    read = registry.supplier.receivable(receivable["id"])
    assert read == receivable


# ---- form ----


def test_an_amount_above_the_payable_or_gross_amount_is_rejected(registry):
    rejected(registry, "amount_within_invoice", registry.invoice(gross="100.00", amount="100.01"))
    rejected(registry, "amount_within_invoice", registry.invoice(gross="100.00", invoice_payable_amount="90.00", amount="95.00"))
    rejected(registry, "amount_within_invoice", registry.invoice(gross="100.00", invoice_payable_amount="100.01"))


def test_what_is_registered_is_by_default_what_is_still_payable(registry):
    receivable = registry.registered(gross="100.00", invoice_payable_amount="90.00")
    assert receivable["amount"] == "90.00" and receivable["invoice"]["gross_amount"] == "100.00"
    receivable = registry.registered(gross="100.10", amount="40.00", part="first")
    assert receivable["amount"] == "40.00" and receivable["part"] == "first"


def test_a_currency_the_policy_does_not_list_is_rejected(fresh):
    fresh.policy(currencies=["CNY", "EUR"])
    fresh.supplier.submit(fresh.invoice(currency="EUR")).ok(201)
    rejected(fresh, "currency_allowed", fresh.invoice(currency="USD"), pointer="/invoice/currency")
    fresh.policy(currencies=[])
    fresh.supplier.submit(fresh.invoice(currency="USD")).ok(201)


@pytest.mark.parametrize("currency, gross", [("JPY", "120001"), ("KWD", "120.001"), ("EUR", "1200.01")])
def test_each_currency_has_its_own_scale(registry, currency, gross):
    receivable = registry.registered(currency=currency, gross=gross)
    assert receivable["amount"] == gross and receivable["currency"] == currency


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_wrong_check_digits_of_uscc_and_lei_are_rejected(registry, side):
    for scheme, value in (("uscc", uscc(5)), ("lei", lei(5))):
        paper = registry.invoice()
        paper["invoice"][side]["identifiers"] = {scheme: with_wrong_check(value)}
        rejected(registry, f"{side}_identifiers", paper)


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_a_wrong_check_digit_of_a_gln_only_warns(registry, side):
    number = with_wrong_check(gln(next(SERIALS) % 10**7))
    company = registry.register("Odd Location Number", ["supplier", "core_enterprise"], {"gln": number})
    paper = registry.invoice(seller=company) if side == "seller" else registry.invoice(buyer=company)
    paper["invoice"][side] = {"identifiers": {"gln": number}}
    who = company if side == "seller" else registry.supplier
    warned(registry, f"{side}_identifiers", paper, who)


# ---- parties ----


def test_parties_are_found_by_their_identifiers(registry):
    seller = registry.register("Findable Seller", ["supplier"], {"tax_id": "DE 123.456-789", "registration_no": "HRB 77"})
    paper = registry.invoice(seller=seller)
    paper["invoice"]["seller"] = {"name": "Findable", "identifiers": {"tax_id": "de123456789"}}
    paper["invoice"]["buyer"] = {"identifiers": registry.debtor.identifiers}
    receivable = seller.submit(paper).ok(201)["receivable"]
    assert receivable["creditor"] == seller.id and receivable["debtor"] == registry.debtor.id


def test_an_unregistered_buyer_is_rejected(registry):
    paper = registry.invoice()
    paper["invoice"]["buyer"] = {"name": "Nobody We Know", "identifiers": {"uscc": uscc(99_999_999)}}
    receivable = rejected(registry, "buyer_registered", paper)
    assert receivable["debtor"] is None and receivable["creditor"] == registry.supplier.id


def test_an_unregistered_seller_is_rejected(registry):
    paper = registry.invoice()
    paper["invoice"]["seller"] = {"name": "Nobody We Know", "identifiers": {"uscc": uscc(99_999_998)}}
    receivable = rejected(registry, "seller_registered", paper, registry.debtor)
    assert receivable["creditor"] is None and receivable["debtor"] == registry.debtor.id


def test_a_participant_id_that_nobody_has_is_rejected(registry):
    paper = registry.invoice()
    paper["invoice"]["buyer"] = {"participant": "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"}
    rejected(registry, "buyer_registered", paper)


def test_a_party_in_another_role_is_rejected(registry):
    rejected(registry, "buyer_registered", registry.invoice(buyer=registry.lender))
    rejected(registry, "buyer_registered", registry.invoice(buyer=registry.other_supplier))
    rejected(registry, "seller_registered", registry.invoice(seller=registry.other_debtor), registry.debtor)


def test_a_suspended_party_is_rejected(registry):
    buyer = registry.register("Suspended Buyer", ["core_enterprise"])
    registry.operator.post(f"/v1/participants/{buyer.id}/suspend", {"reason": "x"}).ok()
    rejected(registry, "buyer_registered", registry.invoice(buyer=buyer))


def test_identifiers_that_point_to_two_companies_are_rejected(registry):
    paper = registry.invoice()
    both = {**registry.debtor.identifiers}
    other = registry.register("Second Half", ["core_enterprise"], {"lei": lei(next(SERIALS))})
    paper["invoice"]["buyer"] = {"identifiers": {**both, **other.identifiers}}
    rejected(registry, "buyer_registered", paper)


def test_a_company_cannot_owe_itself(registry):
    both = registry.register("Own Customer", ["supplier", "core_enterprise"])
    rejected(registry, "parties_distinct", registry.invoice(seller=both, buyer=both), both)


def test_a_stranger_to_the_invoice_cannot_submit_it(registry):
    """The attempt is on record; the parties named in it do not see it."""
    receivable = rejected(registry, "signer_is_party", registry.invoice(), registry.other_supplier)
    for party in (registry.supplier, registry.debtor):
        party.get(f"/v1/receivables/{receivable['id']}").problem("not-found")


# ---- tenor ----


def test_an_invoice_due_on_or_before_its_issue(registry):
    rejected(registry, "due_after_issue", registry.invoice(issued=1, days=-2), pointer="/invoice/due_date")


def test_a_long_tenor_warns_and_a_too_long_one_is_rejected(registry):
    assert outcomes(registry.registered(issued=1, days=179))["tenor_within_limit"] == "pass"
    warned(registry, "tenor_within_limit", registry.invoice(issued=1, days=180))
    warned(registry, "tenor_within_limit", registry.invoice(issued=1, days=364))
    rejected(registry, "tenor_within_limit", registry.invoice(issued=1, days=365), pointer="/invoice/due_date")


@pytest.mark.parametrize("outcome", ["warn", "hold", "reject"])
def test_registration_after_the_due_date_follows_the_policy(fresh, outcome):
    fresh.policy(past_due=outcome)
    paper = fresh.invoice(issued=90, days=-1)
    {"warn": warned, "hold": held, "reject": rejected}[outcome](fresh, "not_past_due", paper)
    assert outcomes(fresh.registered(issued=90, days=1))["not_past_due"] == "pass"


# ---- debtor's standing ----


def test_a_debtor_on_the_stop_list_gets_nothing_new_until_cleared(registry):
    debtor = registry.register("Missed Maturity", ["core_enterprise"])
    before = registry.registered(buyer=debtor)
    answer = registry.operator.post(f"/v1/participants/{debtor.id}/stop", {"reason": "missed maturity"}).ok()
    assert answer["participant"]["stopped"] is True
    rejected(registry, "debtor_not_stopped", registry.invoice(buyer=debtor))
    rejected(registry, "debtor_not_stopped", registry.invoice(buyer=debtor), debtor)
    debtor.act(before, "confirm").ok()
    with registry.unchanged():
        registry.operator.post(f"/v1/participants/{debtor.id}/stop", {"reason": "again"}).problem("wrong-state")
    registry.operator.post(f"/v1/participants/{debtor.id}/clear", {"reason": "paid"}).ok()
    registry.registered(buyer=debtor)


def credit(registry, debtor, limit, currency="CNY"):
    path = f"/v1/participants/{debtor.id}/credit_line"
    return registry.operator.post(path, {"currency": currency, "limit": limit}).ok()


def used(registry, debtor):
    return registry.operator.get(f"/v1/participants/{debtor.id}").ok()["credit_lines"][0]["used"]


def test_a_debtors_credit_line_is_drawn_and_given_back(registry):
    debtor = registry.register("Limited Credit", ["core_enterprise"])
    credit(registry, debtor, "1000.00")
    first = registry.registered(buyer=debtor, gross="600.00")
    assert used(registry, debtor) == "600.00"
    rejected(registry, "credit_line", registry.invoice(buyer=debtor, gross="400.01"))
    second = registry.registered(buyer=debtor, gross="400.00")
    assert used(registry, debtor) == "1000.00"
    registry.supplier.act(second, "withdraw").ok()
    assert used(registry, debtor) == "600.00"
    debtor.act(first, "confirm", {"amount": "500.00"}).ok()
    assert used(registry, debtor) == "500.00"
    third = registry.registered(buyer=debtor, gross="500.00")
    debtor.act(third, "reject", {"reason": "duplicate"}).ok()
    assert used(registry, debtor) == "500.00"


def test_a_credit_line_counts_what_was_registered_before_it_was_set(registry):
    debtor = registry.register("Late Limit", ["core_enterprise"])
    registry.registered(buyer=debtor, gross="700.00")
    credit(registry, debtor, "1000.00")
    assert used(registry, debtor) == "700.00"
    rejected(registry, "credit_line", registry.invoice(buyer=debtor, gross="300.01"))
    registry.registered(buyer=debtor, gross="300.00")


def test_a_credit_line_of_zero_lets_nothing_in_and_one_of_another_currency_does_not_count(registry):
    debtor = registry.register("No Credit", ["core_enterprise"])
    credit(registry, debtor, "0.00")
    rejected(registry, "credit_line", registry.invoice(buyer=debtor))
    registry.registered(buyer=debtor, currency="EUR")
    credit(registry, debtor, None)
    registry.registered(buyer=debtor)


# ---- background, payee ----


def documents(*kinds):
    return [{"kind": kind, "sha256": f"{i:064x}", "name": f"paper {i}"} for i, kind in enumerate(kinds, 1)]


def test_documents_are_asked_for_by_policy(fresh):
    fresh.policy(documents_required=2)
    rejected(fresh, "documents_attached", fresh.invoice(), pointer="/documents")
    rejected(fresh, "documents_attached", fresh.invoice(documents=documents("contract")))
    papers = documents("contract", "delivery_note")
    assert fresh.registered(documents=papers)["documents"] == papers


def test_payment_redirected_to_another_than_the_seller_holds(registry):
    held(registry, "payee_is_seller", registry.invoice(invoice_payee={"name": "Factor Ltd", "identifiers": {"tax_id": "F1"}}))
    own = {"name": "Bluewater Machinery", "identifiers": registry.supplier.identifiers}
    seller = {"identifiers": registry.supplier.identifiers}
    assert outcomes(registry.registered(invoice_payee=own, invoice_seller=seller))["payee_is_seller"] == "pass"


@pytest.mark.parametrize("outcome", ["warn", "hold", "reject"])
def test_what_a_redirected_payment_means_is_the_policys(fresh, outcome):
    fresh.policy(payee_redirected=outcome)
    paper = fresh.invoice(invoice_payee={"name": "Factor Ltd", "identifiers": {"tax_id": "F1"}})
    {"warn": warned, "hold": held, "reject": rejected}[outcome](fresh, "payee_is_seller", paper)


def test_a_rejected_submission_is_read_by_its_submitter_only(registry):
    receivable = rejected(registry, "tenor_within_limit", registry.invoice(days=900))
    assert registry.supplier.receivable(receivable["id"])["life"] == "rejected"
    registry.other_supplier.get(f"/v1/receivables/{receivable['id']}").problem("not-found")
    registry.debtor.get(f"/v1/receivables/{receivable['id']}").problem("not-found")
    with registry.unchanged():
        registry.debtor.act(receivable, "confirm").problem("not-found")
