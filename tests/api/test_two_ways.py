"""Both ways to a claim, and every way a receivable ends before it becomes one."""

import jws
import pytest

PATH = "/v1/receivables"


def two_signatures(registry, payload, *people, path=PATH, **header):
    jti = jws.new_jti()
    heads = [(p.key, jws.header(p.key, registry.origin, path, registry.now(), jti, **header)) for p in people]
    return registry.send(path, jws.general(heads, payload))


def payable(registry, **how):
    """A receivable that the debtor itself submitted."""
    paper = registry.invoice(**how)
    return registry.debtor.submit(paper).ok(201)["receivable"]


# ---- way 1: supplier submits, debtor confirms ----


def test_a_supplier_submits_and_the_debtor_confirms(registry):
    supplier, debtor = registry.supplier, registry.debtor
    paper = registry.invoice(gross="20500.00", invoice_order_reference="PO-7", invoice_contract_reference="FRAME-1")
    answer = supplier.submit(paper)
    receivable = answer.ok(201)["receivable"]
    assert answer.headers["location"] == f"{PATH}/{receivable['id']}"
    assert receivable["life"] == "registered" and receivable["submitted_by"] == "creditor"
    assert receivable["creditor"] == supplier.id and receivable["debtor"] == debtor.id
    assert receivable["amount"] == "20500.00" and receivable["currency"] == "CNY"
    assert receivable["confirmed_amount"] is None and receivable["claim"] is None and receivable["reason"] is None
    assert receivable["order_reference"] == "PO-7" and receivable["contract_reference"] == "FRAME-1"
    assert receivable["invoice"] == {
        "number": paper["invoice"]["number"], "issue_date": registry.day(-1), "due_date": registry.day(60), "currency": "CNY",
        "gross_amount": "20500.00", "format": "json",
    }  # fmt: skip
    assert receivable["review"]["outcome"] == "pass"
    assert registry.day(30) <= receivable["confirm_by"][:10] <= registry.day(31)

    answer = debtor.act(receivable, "confirm", {"note": "as delivered"}).ok()
    claim, after = answer["claim"], answer["receivable"]
    assert after["life"] == "confirmed" and after["claim"] == claim["id"] and after["confirmed_amount"] == "20500.00"
    assert claim == {
        "id": claim["id"], "receivable": receivable["id"], "root": claim["id"], "parent": None, "hop": 0, "origin": "confirmed",
        "holder": supplier.id, "creditor": supplier.id, "debtor": debtor.id, "currency": "CNY", "face_amount": "20500.00",
        "outstanding_amount": "20500.00", "due_date": registry.day(60), "life": "confirmed", "encumbrance": "free", "locks": [],
        "accepted_at": claim["accepted_at"], "updated_at": claim["accepted_at"], "seq": answer["receipt"]["seq"],
        "paid_amount": "0.00", "diluted_amount": "0.00", "lender": None, "financing": None, "request": None, "offered_to": None,
        "respond_by": None, "dispute": None, "order_reference": None, "notice": None, "access": "full", "documents": [],
        "invoice": {name: receivable["invoice"][name] for name in ("number", "issue_date", "gross_amount")},
    }  # fmt: skip
    assert supplier.get(f"/v1/claims/{claim['id']}").ok() == claim
    assert debtor.receivable(receivable["id"]) == after


def test_a_supplier_submits_and_the_debtor_confirms_a_lower_amount(registry):
    receivable = registry.registered(gross="5100.00")
    answer = registry.debtor.act(receivable, "confirm", {"amount": "4200.50"}).ok()
    assert answer["receivable"]["amount"] == "5100.00" and answer["receivable"]["confirmed_amount"] == "4200.50"
    assert answer["claim"]["face_amount"] == answer["claim"]["outstanding_amount"] == "4200.50"


@pytest.mark.parametrize("amount", ["5000.01", "9999999.00", "90071992547409.92", "0.00"])
def test_the_debtor_cannot_confirm_more_than_was_submitted_nor_nothing(registry, amount):
    receivable = registry.registered(gross="5000.00")
    with registry.unchanged():
        registry.debtor.act(receivable, "confirm", {"amount": amount}).problem("amount-out-of-range")
    registry.debtor.act(receivable, "reject", {"reason": "other"}).ok()


@pytest.mark.parametrize(
    "amount, code",
    [("-1.00", "malformed_amount"), ("1.5", "wrong_scale"), ("1e3", "malformed_amount"), ("", "empty"), (5, "not_a_string")],
)
def test_a_confirmation_of_no_proper_amount_is_refused(registry, amount, code):
    receivable = registry.registered()
    with registry.unchanged():
        answer = registry.debtor.act(receivable, "confirm", {"amount": amount}, bad=True)
        answer.problem("invalid-fields", (code, "/amount"))


def test_only_the_debtor_confirms(registry):
    receivable = registry.registered()
    with registry.unchanged():
        registry.supplier.act(receivable, "confirm").problem("not-permitted")
        registry.operator.act(receivable, "confirm").problem("not-permitted")
        registry.other_debtor.act(receivable, "confirm").problem("not-found")
        registry.lender.act(receivable, "confirm").problem("not-found")


def test_a_receivable_is_confirmed_once(registry):
    receivable, _ = registry.confirmed()
    with registry.unchanged():
        for verb, payload in (("confirm", {}), ("reject", {"reason": "other"})):
            registry.debtor.act(receivable, verb, payload).problem("wrong-state")
        registry.supplier.act(receivable, "withdraw").problem("wrong-state")


def test_accept_is_not_the_debtors_word_for_a_suppliers_submission(registry):
    """A submission by the creditor is confirmed; accept is for payables."""
    receivable = registry.registered()
    with registry.unchanged():
        registry.supplier.act(receivable, "accept").problem("not-permitted")
        registry.debtor.act(receivable, "accept").problem("wrong-state")


# ---- way 2: core enterprise submits a payable, supplier accepts ----


def test_a_core_enterprise_submits_a_payable_and_the_supplier_accepts(registry):
    receivable = payable(registry)
    assert receivable["submitted_by"] == "debtor" and receivable["life"] == "registered"
    answer = registry.supplier.act(receivable, "accept").ok()
    assert answer["claim"]["origin"] == "accepted" and answer["claim"]["holder"] == registry.supplier.id
    assert answer["receivable"]["life"] == "confirmed"
    assert answer["receivable"]["confirmed_amount"] == receivable["amount"]


def test_only_the_supplier_accepts_a_payable(registry):
    receivable = payable(registry)
    with registry.unchanged():
        registry.debtor.act(receivable, "accept").problem("not-permitted")
        registry.other_supplier.act(receivable, "accept").problem("not-found")


def test_a_payable_is_accepted_whole(registry):
    receivable = payable(registry)
    with registry.unchanged():
        answer = registry.supplier.act(receivable, "accept", {"amount": "1.00"}, bad=True)
        answer.problem("invalid-fields", ("unknown_field", "/amount"))


def test_a_supplier_refuses_a_payable(registry):
    receivable = payable(registry)
    answer = registry.supplier.act(receivable, "reject", {"reason": "value_differs", "note": "too little"}).ok()
    assert answer["receivable"]["life"] == "rejected" and answer["receivable"]["reason"] == "value_differs"


def test_a_core_enterprise_withdraws_its_payable(registry):
    receivable = payable(registry)
    with registry.unchanged():
        registry.supplier.act(receivable, "withdraw").problem("not-permitted")
    assert registry.debtor.act(receivable, "withdraw").ok()["receivable"]["life"] == "withdrawn"


# ---- one command with both signatures ----


def test_one_command_with_both_signatures_makes_a_claim_at_once(registry):
    with registry.grows(1):
        answer = two_signatures(registry, registry.invoice(), registry.supplier, registry.debtor).ok(201)
    assert answer["receivable"]["life"] == "confirmed" and answer["claim"]["origin"] == "both_signed"
    assert answer["receivable"]["claim"] == answer["claim"]["id"]
    assert answer["claim"]["holder"] == registry.supplier.id


def test_the_order_of_two_signatures_does_not_matter(registry):
    answer = two_signatures(registry, registry.invoice(), registry.debtor, registry.supplier).ok(201)
    assert answer["claim"]["creditor"] == registry.supplier.id and answer["claim"]["debtor"] == registry.debtor.id


def test_a_file_signed_by_both_sides_makes_a_claim_of_each_invoice_in_it(registry):
    head = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n"
    tail = f"{registry.day(-1)},{registry.day(60)},CNY,{{}}.00,{registry.supplier.id},{registry.debtor.id}\n"
    rows = "".join(f"BOTH-{i}," + tail.format(4100 + i) for i in range(3))
    answer = two_signatures(registry, (head + rows).encode(), registry.supplier, registry.debtor, cty="text/csv").ok()
    assert [result["claim"]["origin"] for result in answer["results"]] == ["both_signed"] * 3
    assert [result["claim"]["face_amount"] for result in answer["results"]] == ["4100.00", "4101.00", "4102.00"]


def test_a_file_whose_signers_may_not_submit_all_of_it_is_refused_whole(registry):
    """What a signer may not do is no fault of one row."""
    head = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n"
    rows = "".join(
        f"MIX-{i},{registry.day(-1)},{registry.day(60)},CNY,{4200 + i}.00,{registry.supplier.id},{buyer.id}\n"
        for i, buyer in enumerate((registry.debtor, registry.other_debtor))
    )
    file = (head + rows).encode()
    with registry.unchanged():
        two_signatures(registry, file, registry.supplier, registry.debtor, cty="text/csv").problem("not-permitted")
        registry.lender.submit(file, cty="text/csv").problem("not-permitted")
    assert registry.supplier.submit(file, cty="text/csv").ok()["registered"] == 2


def test_two_signers_of_a_file_agree_on_all_that_its_header_says(registry):
    jti, people = jws.new_jti(), (registry.supplier, registry.debtor)
    heads = [
        jws.header(p.key, registry.origin, PATH, registry.now(), jti, cty="application/xml", submission={"part": part})
        for p, part in zip(people, "ab")
    ]
    with registry.unchanged():
        body = jws.general([(p.key, head) for p, head in zip(people, heads)], b"<a/>")
        registry.send(PATH, body).problem("malformed-jws")


def test_two_signatures_of_which_one_is_not_a_partys_do_not_do(registry):
    for people in ((registry.supplier, registry.lender), (registry.other_supplier, registry.debtor)):
        with registry.unchanged():
            two_signatures(registry, registry.invoice(), *people).problem("not-permitted")


def test_two_signatures_on_an_act_of_one_party_are_refused(registry):
    receivable = registry.registered()
    path = f"{PATH}/{receivable['id']}/confirm"
    with registry.unchanged():
        two_signatures(registry, {}, registry.debtor, registry.supplier, path=path).problem("malformed-jws")


def test_a_held_submission_with_both_signatures_still_needs_the_debtors_word_after_approval(registry):
    """The signatures were given before anyone saw what the gateway found."""
    paper = registry.invoice(invoice_payee={"name": "Other Ltd", "identifiers": {"tax_id": "QQ1"}})
    answer = two_signatures(registry, paper, registry.supplier, registry.debtor).ok(202)
    assert answer["receivable"]["life"] == "held"
    path = f"/v1/reviews/{answer['receivable']['id']}/approve"
    approved = registry.reviewer.post(path, {"note": "known redirect"}).ok()["receivable"]
    assert approved["life"] == "registered" and approved["claim"] is None
    assert registry.debtor.act(approved, "confirm").ok()["claim"]["origin"] == "confirmed"


# ---- refusal and withdrawal ----


@pytest.mark.parametrize(
    "reason", ["unrecognised", "duplicate", "differs_from_contract", "no_relation", "value_differs", "other"]
)
def test_a_debtor_rejects_with_a_reason(registry, reason):
    receivable = registry.registered()
    answer = registry.debtor.act(receivable, "reject", {"reason": reason}).ok()
    assert answer["receivable"]["life"] == "rejected" and answer["receivable"]["reason"] == reason
    assert '"type":"receivable.declined"' in answer["receipt"]["entry"]
    with registry.unchanged():
        registry.debtor.act(receivable, "confirm").problem("wrong-state")


def test_a_rejection_without_a_known_reason_is_refused(registry):
    receivable = registry.registered()
    with registry.unchanged():
        registry.debtor.act(receivable, "reject", {}, bad=True).problem("invalid-fields", ("required", "/reason"))
        answer = registry.debtor.act(receivable, "reject", {"reason": "mood"}, bad=True).problem("invalid-fields")
        assert [fault["pointer"] for fault in answer["errors"]] == ["/reason"]


def test_a_submitter_cannot_reject_its_own_submission(registry):
    receivable = registry.registered()
    with registry.unchanged():
        registry.supplier.act(receivable, "reject", {"reason": "other"}).problem("not-permitted")
        registry.lender.act(receivable, "reject", {"reason": "other"}).problem("not-found")


def test_a_supplier_withdraws_and_submits_the_same_invoice_again(registry):
    """A receivable that ended before it became a claim gives its invoice free."""
    paper = registry.invoice()
    receivable = registry.supplier.submit(paper).ok(201)["receivable"]
    answer = registry.supplier.act(receivable, "withdraw", {"note": "wrong amount"}).ok()
    assert answer["receivable"]["life"] == "withdrawn"
    with registry.unchanged():
        registry.debtor.act(receivable, "confirm").problem("wrong-state")
        registry.supplier.act(receivable, "withdraw").problem("wrong-state")
    registry.supplier.submit(paper).ok(201)


def test_a_rejected_invoice_can_be_submitted_again(registry):
    paper = registry.invoice()
    receivable = registry.supplier.submit(paper).ok(201)["receivable"]
    registry.debtor.act(receivable, "reject", {"reason": "differs_from_contract"}).ok()
    registry.supplier.submit(paper).ok(201)


def test_a_held_submission_can_be_withdrawn(registry):
    paper = registry.invoice(invoice_payee={"name": "Other Ltd", "identifiers": {"tax_id": "QQ2"}})
    receivable = registry.supplier.submit(paper).ok(202)["receivable"]
    assert receivable["life"] == "held"
    with registry.unchanged():
        registry.debtor.act(receivable, "confirm").problem("not-found")
    assert registry.supplier.act(receivable, "withdraw").ok()["receivable"]["life"] == "withdrawn"
    with registry.unchanged():
        registry.reviewer.post(f"/v1/reviews/{receivable['id']}/approve", {"note": "late"}).problem("wrong-state")


def test_unknown_fields_of_acts_are_refused(registry):
    receivable = registry.registered()
    with registry.unchanged():
        for who, verb, payload in (
            (registry.debtor, "confirm", {"ammount": "1.00"}),
            (registry.debtor, "reject", {"reason": "other", "because": "x"}),
            (registry.supplier, "withdraw", {"reason": "x"}),
        ):
            answer = who.act(receivable, verb, payload, bad=True)
            field = [name for name in payload if name != "reason" or verb == "withdraw"][-1]
            answer.problem("invalid-fields", ("unknown_field", f"/{field}"))


def test_acts_on_nothing_are_not_found(registry):
    nothing = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
    with registry.unchanged():
        for verb, payload in (("confirm", {}), ("accept", {}), ("reject", {"reason": "other"}), ("withdraw", {}), ("lapse", {})):
            who = registry.operator if verb == "lapse" else registry.supplier
            who.act(nothing, verb, payload).problem("not-found")
            who.act("not-an-id", verb, payload).problem("not-found")


# ---- who may submit ----


def test_a_seller_or_buyer_may_leave_itself_out(registry):
    paper = registry.invoice()
    del paper["invoice"]["seller"]
    assert registry.supplier.submit(paper).ok(201)["receivable"]["creditor"] == registry.supplier.id
    paper = registry.invoice()
    del paper["invoice"]["buyer"]
    assert registry.debtor.submit(paper).ok(201)["receivable"]["debtor"] == registry.debtor.id


def test_one_company_is_debtor_here_and_creditor_there(registry):
    both = registry.register("Middle Tier", ["supplier", "core_enterprise"])
    _, owed = registry.confirmed(seller=both)
    _, owes = registry.confirmed(seller=registry.supplier, buyer=both)
    assert owed["creditor"] == owes["debtor"] == both.id
    assert {c["id"] for c in both.get("/v1/claims?part=any").ok()["items"]} == {owed["id"], owes["id"]}
    assert [c["id"] for c in both.get("/v1/claims?part=debtor").ok()["items"]] == [owes["id"]]
    assert [c["id"] for c in both.get("/v1/claims?part=creditor").ok()["items"]] == [owed["id"]]


def test_a_participant_without_the_role_cannot_submit(registry):
    for who in (registry.lender, registry.reviewer, registry.operator):
        with registry.unchanged():
            who.submit(registry.invoice()).problem("not-permitted")
