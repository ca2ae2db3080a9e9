"""Held submissions wait for a reviewer's signed decision."""

import jws
import pytest
from test_gateway import outcomes


def redirected(registry, **how):
    return registry.invoice(invoice_payee={"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}}, **how)


def held(registry, who=None, **how):
    return (who or registry.supplier).submit(redirected(registry, **how)).ok(202)["receivable"]


def decide(registry, receivable, verb, note="seen and judged", who=None, **how):
    return (who or registry.reviewer).post(f"/v1/reviews/{receivable['id']}/{verb}", {"note": note}, **how)


def test_a_reviewer_approves_what_was_held_and_the_debtor_confirms_it(registry):
    receivable = held(registry)
    answer = decide(registry, receivable, "approve", "the payee is a group company").ok()
    after = answer["receivable"]
    assert after["life"] == "registered" and after["confirm_by"] is not None
    decision = after["review"]["decision"]
    assert decision == {"outcome": "approved", "by": registry.reviewer.id, "at": decision["at"], "note": "the payee is a group company"}
    assert after["review"]["checks"] == receivable["review"]["checks"] and after["review"]["outcome"] == "hold"
    assert '"type":"review.approved"' in answer["receipt"]["entry"]
    claim = registry.debtor.act(receivable, "confirm").ok()["claim"]
    assert claim["origin"] == "confirmed"


def test_a_reviewer_rejects_what_was_held(registry):
    paper = redirected(registry)
    receivable = registry.supplier.submit(paper).ok(202)["receivable"]
    answer = decide(registry, receivable, "reject", "factored elsewhere").ok()
    assert answer["receivable"]["life"] == "rejected"
    decision = answer["receivable"]["review"]["decision"]
    assert decision["outcome"] == "rejected" and decision["note"] == "factored elsewhere"
    with registry.unchanged():
        registry.debtor.act(receivable, "confirm").problem("not-found")
        decide(registry, receivable, "approve").problem("wrong-state")


def test_a_decision_is_made_once(registry):
    receivable = held(registry)
    decide(registry, receivable, "approve").ok()
    with registry.unchanged():
        decide(registry, receivable, "approve").problem("wrong-state")
        decide(registry, receivable, "reject").problem("wrong-state")


def test_only_what_is_held_is_decided(registry):
    receivable = registry.registered()
    with registry.unchanged():
        decide(registry, receivable, "approve").problem("wrong-state")
        decide(registry, receivable, "reject").problem("wrong-state")


def test_a_decision_needs_a_note(registry):
    receivable = held(registry)
    with registry.unchanged():
        path = f"/v1/reviews/{receivable['id']}/approve"
        registry.reviewer.post(path, {}, bad=True).problem("invalid-fields", ("required", "/note"))


def test_only_reviewers_and_the_operator_decide(registry):
    receivable = held(registry)
    with registry.unchanged():
        for who in (registry.supplier, registry.debtor, registry.other_supplier, registry.lender):
            decide(registry, receivable, "approve", who=who).problem("not-permitted")
            decide(registry, receivable, "reject", who=who).problem("not-permitted")
    decide(registry, receivable, "approve", who=registry.operator).ok()


def test_decisions_on_nothing_are_not_found(registry):
    with registry.unchanged():
        for nothing in ("0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17", "nonsense"):
            decide(registry, {"id": nothing}, "approve").problem("not-found")


def test_a_held_invoice_is_not_free_for_another_registration(registry):
    """The same invoice again, while the first waits: either way it is not registered past the reviewer."""
    paper = redirected(registry)
    registry.supplier.submit(paper).ok(202)
    again = {**paper, "invoice": {k: v for k, v in paper["invoice"].items() if k != "payee"}}
    answer = registry.supplier.submit(again)
    assert answer.status in (202, 422), answer.body


def test_approval_checks_again_what_may_have_changed_the_stop_list(registry):
    debtor = registry.register("Stopped Meanwhile", ["core_enterprise"])
    receivable = held(registry, buyer=debtor)
    registry.operator.post(f"/v1/participants/{debtor.id}/stop", {"reason": "missed maturity"}).ok()
    answer = decide(registry, receivable, "approve")
    answer.problem("gateway-rejected")
    assert "debtor_not_stopped" in [fault["code"] for fault in answer.json["errors"]]
    assert registry.supplier.receivable(receivable["id"])["life"] == "held"
    registry.operator.post(f"/v1/participants/{debtor.id}/clear", {"reason": "paid"}).ok()
    decide(registry, receivable, "approve").ok()


def test_approval_checks_again_what_may_have_changed_the_credit_line(registry):
    debtor = registry.register("Drawn Meanwhile", ["core_enterprise"])
    path = f"/v1/participants/{debtor.id}/credit_line"
    registry.operator.post(path, {"currency": "CNY", "limit": "1000.00"}).ok()
    receivable = held(registry, buyer=debtor, gross="600.00")
    other = registry.registered(buyer=debtor, gross="500.00")
    answer = decide(registry, receivable, "approve")
    answer.problem("gateway-rejected")
    assert "credit_line" in [fault["code"] for fault in answer.json["errors"]]
    assert registry.supplier.receivable(receivable["id"])["life"] == "held"
    registry.supplier.act(other, "withdraw").ok()
    decide(registry, receivable, "approve").ok()


def test_a_look_alike_is_approved_after_a_look(registry):
    seller = registry.register("Regular Orders", ["supplier"])
    registry.registered(seller=seller, number="RO-1/A", gross="321.00")
    answer = seller.submit(registry.invoice(seller=seller, number="RO-1/B", gross="321.00")).ok(202)
    receivable = answer["receivable"]
    assert outcomes(receivable)["invoice_similar"] == "hold"
    assert decide(registry, receivable, "approve", "two lorries, two invoices").ok()["receivable"]["life"] == "registered"


# ---- the queue ----


def queue(registry, query, who=None):
    return [item["id"] for item in (who or registry.reviewer).get(f"/v1/reviews?{query}").ok()["items"]]


def test_the_queue_shows_what_waits_and_what_was_decided(registry):
    first, second = held(registry), held(registry)
    clean = registry.registered()
    decide(registry, second, "reject").ok()
    waiting, decided = queue(registry, "open=true&limit=1000"), queue(registry, "open=false&limit=1000")
    assert first["id"] in waiting and second["id"] not in waiting and clean["id"] not in waiting
    assert second["id"] in decided and first["id"] not in decided
    assert first["id"] in queue(registry, "outcome=hold&limit=1000")
    assert clean["id"] in queue(registry, "outcome=pass&limit=1000")
    assert first["id"] not in queue(registry, "outcome=pass&limit=1000")
    assert queue(registry, "open=true&limit=1000", registry.operator) == waiting


def test_the_queue_is_read_in_pages(registry):
    for _ in range(3):
        held(registry)
    whole = queue(registry, "open=true&limit=1000")
    seen, cursor = [], ""
    while cursor is not None:
        page = registry.reviewer.get("/v1/reviews?open=true&limit=2" + (f"&cursor={cursor}" if cursor else "")).ok()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == whole


def test_a_reviewer_reads_one_review_and_so_does_its_submitter(registry):
    receivable = held(registry)
    path = f"/v1/reviews/{receivable['id']}"
    assert registry.reviewer.get(path).ok() == registry.operator.get(path).ok() == registry.supplier.get(path).ok() == receivable
    registry.other_supplier.get(path).problem("not-found")
    registry.debtor.get(path).problem("not-found")
    registry.reviewer.get("/v1/reviews/0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17").problem("not-found")


def test_the_queue_is_not_for_everyone(registry):
    for who in (registry.supplier, registry.debtor, registry.lender):
        who.get("/v1/reviews").problem("not-permitted")


@pytest.mark.parametrize("query", ["outcome=maybe", "open=yes", "limit=0", "limit=1001", "limit=x", "cursor=!", "sort=x"])
def test_faulty_queries_of_the_queue_are_named(registry, query):
    answer = registry.reviewer.get(f"/v1/reviews?{query}", bad=True).problem("bad-query")
    assert query.split("=")[0] in answer["detail"]


def test_a_decision_is_signed_by_the_reviewer_and_stands_on_the_ledger(registry):
    receivable = held(registry)
    path = f"/v1/reviews/{receivable['id']}/approve"
    stranger = jws.Key()
    with registry.unchanged():
        registry.reviewer.post(path, {"note": "x"}, key=stranger).problem("unknown-key")
    receipt = decide(registry, receivable, "approve").ok()["receipt"]
    history = registry.supplier.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in history] == ["receivable.held", "review.approved"]
    assert history[1]["seq"] == receipt["seq"] and history[1]["entry"] == receipt["entry"]
    assert history[1]["facts"]["by"] == registry.reviewer.id


def facts_of(who, seq):
    return who.get(f"/v1/entries/{seq}").ok().get("facts")


def test_an_approval_opens_what_went_before_to_the_other_side(registry):
    receivable = held(registry)
    held_seq = receivable["seq"]
    assert facts_of(registry.supplier, held_seq)["receivable_id"] == receivable["id"]
    assert facts_of(registry.debtor, held_seq) is None
    approved_seq = decide(registry, receivable, "approve").ok()["receipt"]["seq"]
    for seq in (held_seq, approved_seq):
        assert facts_of(registry.debtor, seq)["receivable_id"] == receivable["id"]
        assert facts_of(registry.debtor, seq) == facts_of(registry.supplier, seq)
        for stranger in (registry.lender, registry.other_supplier, registry.reviewer, registry.operator):
            assert facts_of(stranger, seq) is None


def test_a_refused_one_stays_between_submitter_and_reviewer(registry):
    receivable = held(registry)
    rejected_seq = decide(registry, receivable, "reject").ok()["receipt"]["seq"]
    for seq in (receivable["seq"], rejected_seq):
        assert facts_of(registry.supplier, seq)["receivable_id"] == receivable["id"]
        assert facts_of(registry.debtor, seq) is None
