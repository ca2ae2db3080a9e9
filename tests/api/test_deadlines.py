"""What time does: deadlines lapse by the policy, swept with the operator's own key. The clock is moved by restarting."""

import jws
import pytest

DAY = 86400


def lapse(registry, receivable, who=None):
    return (who or registry.operator).act(receivable, "lapse")


def after_the_deadline(registry, days=31):
    """Restarts past the deadline; the sweep at start may already have done the lapses."""
    registry.restart(offset=days * DAY)
    return registry.operator.post("/v1/sweeps").ok()


def test_before_its_deadline_a_receivable_does_not_lapse(fresh):
    receivable = fresh.registered()
    with fresh.unchanged():
        lapse(fresh, receivable).problem("not-yet-due")
        assert fresh.operator.post("/v1/sweeps").ok() == {"lapsed": 0, "aged": 0, "failed": 0}
        lapse(fresh, receivable, fresh.supplier).problem("not-permitted")
        fresh.supplier.post("/v1/sweeps").problem("not-permitted")


def test_after_its_deadline_a_receivable_expires(fresh):
    paper = fresh.invoice()
    receivable = fresh.supplier.submit(paper).ok(201)["receivable"]
    confirmed, _ = fresh.confirmed()
    after_the_deadline(fresh)
    after = fresh.supplier.receivable(receivable["id"])
    assert after["life"] == "expired" and after["claim"] is None
    assert fresh.supplier.receivable(confirmed["id"])["life"] == "confirmed"
    history = fresh.supplier.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in history] == ["receivable.registered", "receivable.expired"]
    assert history[1]["facts"]["by"] == fresh.operator.id
    with fresh.unchanged():
        fresh.debtor.act(receivable, "confirm").problem("wrong-state")
        lapse(fresh, receivable).problem("wrong-state")
        assert fresh.operator.post("/v1/sweeps").ok() == {"lapsed": 0, "aged": 0, "failed": 0}
    fresh.supplier.submit(paper).ok(201)


def test_where_the_policy_says_so_silence_is_acceptance(fresh):
    fresh.policy(after_deadline="accept")
    receivable = fresh.registered()
    payable = fresh.debtor.submit(fresh.invoice()).ok(201)["receivable"]
    after_the_deadline(fresh)
    for identity in (receivable["id"], payable["id"]):
        after = fresh.supplier.receivable(identity)
        assert after["life"] == "confirmed", after
        claim = fresh.supplier.get(f"/v1/claims/{after['claim']}").ok()
        assert claim["origin"] == "tacit" and claim["face_amount"] == after["amount"]
        history = fresh.supplier.get(f"/v1/claims/{claim['id']}/history").ok()["items"]
        assert history[-1]["type"] == "claim.accepted" and history[-1]["facts"]["origin"] == "tacit"


def test_what_is_held_does_not_lapse_into_a_claim(fresh):
    fresh.policy(after_deadline="accept")
    paper = fresh.invoice(invoice_payee={"name": "Elsewhere", "identifiers": {"tax_id": "E1"}})
    receivable = fresh.supplier.submit(paper).ok(202)["receivable"]
    after_the_deadline(fresh)
    assert fresh.supplier.receivable(receivable["id"])["life"] == "held"
    with fresh.unchanged():
        lapse(fresh, receivable).problem("wrong-state")


def test_a_confirmation_after_the_deadline_comes_too_late(fresh):
    """Whether or not the sweep has been: the debtor's word no longer counts."""
    receivable = fresh.registered()
    fresh.restart(offset=31 * DAY)
    answer = fresh.debtor.act(receivable, "confirm")
    assert answer.json["type"].rpartition(":")[2] in ("past-deadline", "wrong-state"), answer.body
    assert fresh.supplier.receivable(receivable["id"])["claim"] is None


@pytest.mark.parametrize("allowed", [False, True])
def test_confirmation_past_maturity_is_the_policys_to_allow(fresh, allowed):
    fresh.policy(confirm_past_due=allowed)
    receivable = fresh.registered(days=5)
    fresh.restart(offset=10 * DAY)
    if allowed:
        assert fresh.debtor.act(receivable, "confirm").ok()["claim"]["origin"] == "confirmed"
    else:
        with fresh.unchanged():
            fresh.debtor.act(receivable, "confirm").problem("past-maturity")


def test_a_payable_past_maturity_cannot_be_accepted_either(fresh):
    receivable = fresh.debtor.submit(fresh.invoice(days=5)).ok(201)["receivable"]
    fresh.restart(offset=10 * DAY)
    with fresh.unchanged():
        fresh.supplier.act(receivable, "accept").problem("past-maturity")
    fresh.supplier.act(receivable, "reject", {"reason": "other"}).ok()


def test_many_receivables_lapse_in_one_sweep(fresh):
    made = [fresh.registered() for _ in range(40)]
    size = fresh.size()
    after_the_deadline(fresh)
    assert {fresh.supplier.receivable(r["id"])["life"] for r in made} == {"expired"}
    assert fresh.size() == size + 40
    assert fresh.debtor.get("/v1/claims").ok()["items"] == []


def test_a_credit_line_is_given_back_by_expiry(fresh):
    path = f"/v1/participants/{fresh.debtor.id}/credit_line"
    fresh.operator.post(path, {"currency": "CNY", "limit": "100000.00"}).ok()
    fresh.registered(gross="600.00")
    line = fresh.debtor.get("/v1/me").ok()["participant"]["credit_lines"]
    assert line == [{"currency": "CNY", "limit": "100000.00", "used": "600.00"}]
    after_the_deadline(fresh)
    line = fresh.debtor.get("/v1/me").ok()["participant"]["credit_lines"]
    assert line == [{"currency": "CNY", "limit": "100000.00", "used": "0.00"}]


def test_after_its_very_deadline_confirmation_and_acceptance_are_refused_and_the_operator_lets_it_lapse(fresh):
    """A policy of no days at all: the deadline is over as soon as it is set."""
    fresh.policy(confirm_within_days=0)
    receivable = fresh.registered()
    payable = fresh.debtor.submit(fresh.invoice()).ok(201)["receivable"]
    with fresh.unchanged():
        fresh.debtor.act(receivable, "confirm").problem("past-deadline")
        fresh.supplier.act(payable, "accept").problem("past-deadline")
        lapse(fresh, receivable, fresh.debtor).problem("not-permitted")
    answer = lapse(fresh, receivable).ok()
    assert answer["receivable"]["life"] == "expired" and "claim" not in answer
    assert '"type":"receivable.expired"' in answer["receipt"]["entry"]
    assert fresh.operator.post("/v1/sweeps").ok() == {"lapsed": 1, "aged": 0, "failed": 0}
    assert fresh.supplier.receivable(payable["id"])["life"] == "expired"


def test_what_silence_means_is_decided_when_the_receivable_is_registered(fresh):
    """A later policy does not turn silence into consent for what was registered before."""
    before = fresh.registered()
    fresh.policy(after_deadline="accept", confirm_within_days=0)
    after = fresh.registered()
    answer = lapse(fresh, after).ok()
    assert answer["claim"]["origin"] == "tacit" and answer["receivable"]["life"] == "confirmed"
    assert answer["claim"]["face_amount"] == after["amount"]
    after_the_deadline(fresh)
    assert fresh.supplier.receivable(before["id"])["life"] == "expired"


def test_a_clock_set_back_does_not_turn_the_ledgers_time_back(fresh):
    """verify() asserts that no entry is older than the one before."""
    fresh.restart(offset=20 * DAY)
    fresh.registered()
    fresh.restart(offset=0)
    fresh.registered()
    fresh.verify()


def test_a_key_past_its_validity_signs_nothing_not_even_a_retry(fresh):
    key = jws.Key()
    window = {"public_key": key.public, "valid_until": fresh.time_text(5)}
    fresh.supplier.post(f"/v1/participants/{fresh.supplier.id}/keys", window).ok(201)
    body = fresh.supplier.sign("/v1/receivables", fresh.invoice(), key=key)
    fresh.send("/v1/receivables", body).ok(201)
    fresh.restart(offset=6 * DAY)
    with fresh.unchanged():
        fresh.supplier.submit(fresh.invoice(), key=key).problem("key-not-valid")
        fresh.send("/v1/receivables", body).problem("key-not-valid")
    fresh.registered()
