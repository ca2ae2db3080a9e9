"""An external verifier, such as a tax office's invoice check, is asked about what the policy wants verified; only its own word
passes, and people can always decide instead of it."""

import json
import stat

import pytest
from receiver import Receiver, until
from registry import Registry
from verifier_service import ANSWERED_AT, VerifierService, sign
from verifier_world import ADVISORY, HOUR, SECRET, asking, decide, held, settled, verification, verify

SERVE_OPTIONS = ("--webhooks-private",)


@pytest.fixture(scope="module")
def service():
    with VerifierService(SECRET) as made:
        yield made


@pytest.fixture(scope="module")
def world(service, tmp_path_factory):
    """One registry of the module's, its policy reset before each story."""
    with asking(tmp_path_factory.mktemp("verified") / "ledger", service, "--webhooks-private") as registry:
        yield registry


@pytest.fixture
def own(world, service):
    service.reply = lambda question, n: {"answer": "genuine"}
    world.policy(external_verifier=HOUR)
    return world


def answers(service, answer, **members):
    service.reply = lambda question, n: {"answer": answer, **members}


# ---- what an answer comes to ----


def test_a_genuine_invoice_is_registered_without_anyone_waiting(own, service):
    answers(service, "genuine", reference="TAX-1", answered_at=ANSWERED_AT)
    receivable = held(own, gross="4200.00")
    check = receivable["review"]["checks"][-1]
    assert check["code"] == "external_verifier" and check["outcome"] == "hold"
    after = settled(own, receivable)
    assert after["life"] == "registered" and after["review"]["decision"] is None
    assert verification(after) == {
        "state": "answered", "verify_by": verification(receivable)["verify_by"], "answer": "genuine", "outcome": "pass",
        "reference": "TAX-1", "note": None, "answered_at": ANSWERED_AT, "hindered_by": None, "recorded_at": after["updated_at"],
    }  # fmt: skip
    claim = own.debtor.act(receivable, "confirm").ok()["claim"]
    assert claim["face_amount"] == "4200.00"
    history = own.debtor.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in history] == ["receivable.held", "review.verified", "claim.accepted"]
    assert history[1]["facts"]["answer"] == "genuine" and history[1]["facts"]["by"] == own.operator.id


def test_until_it_is_verified_only_its_submitter_and_reviewers_see_it(own, service):
    service.gate.clear()
    receivable = held(own)
    own.debtor.get(f"/v1/receivables/{receivable['id']}").problem("not-found")
    queue = own.reviewer.get("/v1/reviews?open=true&limit=1000").ok()["items"]
    waiting = next(item for item in queue if item["id"] == receivable["id"])
    assert verification(waiting)["state"] == "pending" and "external service" in waiting["review"]["checks"][-1]["detail"]
    service.gate.set()
    settled(own, receivable)
    mine = [item["id"] for item in own.debtor.read_all("/v1/receivables?limit=1000")]
    assert receivable["id"] in mine


def queue(registry, query):
    return {item["id"] for item in registry.reviewer.read_all(f"/v1/reviews?limit=1000&{query}")}


def test_what_waits_for_people_is_told_from_what_waits_for_the_verifier(own, service):
    service.gate.clear()
    asked = held(own)
    own.policy(external_verifier={**HOUR, "mode": "off"})
    redirected = own.invoice(invoice_payee={"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}})
    people = own.supplier.submit(redirected).ok(202)["receivable"]
    for whose, mine, other in (("verifier", asked, people), ("reviewer", people, asked)):
        waiting = queue(own, f"open=true&waits_for={whose}")
        assert mine["id"] in waiting and other["id"] not in waiting
    assert queue(own, "open=true") == queue(own, "open=true&waits_for=verifier") | queue(own, "open=true&waits_for=reviewer")
    for query in ("waits_for=reviewer", "open=false&waits_for=verifier", "open=true&waits_for=me"):
        answer = own.reviewer.get(f"/v1/reviews?{query}", bad=True).problem("bad-query")
        assert "waits_for" in answer["detail"]
    answers(service, "differs")
    service.gate.set()
    settled(own, asked)
    assert asked["id"] in queue(own, "open=true&waits_for=reviewer")


def test_what_is_not_genuine_is_rejected_and_can_be_mended(own, service):
    answers(service, "not_genuine", note="cancelled by its issuer", reference="TAX-2")
    paper = own.invoice()
    after = settled(own, held(own, paper=paper))
    assert (after["life"], after["reason"]) == ("rejected", "not_genuine")
    assert verification(after)["outcome"] == "reject" and verification(after)["note"] == "cancelled by its issuer"
    own.debtor.get(f"/v1/receivables/{after['id']}").problem("not-found")
    answers(service, "genuine")
    asked = len(service.questions)
    assert settled(own, held(own, paper=paper))["life"] == "registered"
    assert len(service.questions) == asked + 1, "a refusal is not remembered"


@pytest.mark.parametrize("mode, answer, outcome, life", [
    ("required", "differs", "hold", "held"), ("required", "unknown", "hold", "held"),
    ("advisory", "genuine", "pass", "registered"), ("advisory", "not_genuine", "reject", "rejected"),
    ("advisory", "differs", "hold", "held"), ("advisory", "unknown", "warn", "registered"),
])  # fmt: skip
def test_what_each_answer_comes_to(own, service, mode, answer, outcome, life):
    answers(service, answer)
    own.policy(external_verifier={**HOUR, "mode": mode})
    after = settled(own, held(own))
    assert (verification(after)["answer"], verification(after)["outcome"], after["life"]) == (answer, outcome, life)
    if life == "held":
        assert decide(own, after, "approve")["life"] == "registered"
        assert own.debtor.act(after, "confirm").ok()["claim"]["life"] == "confirmed"


def test_the_policy_it_was_submitted_under_says_what_an_answer_means(own, service):
    answers(service, "unknown")
    service.gate.clear()
    receivable = held(own)
    own.policy(external_verifier=ADVISORY)
    service.gate.set()
    assert settled(own, receivable)["life"] == "held"


# ---- who is asked about ----


def at_once(registry, **how):
    receivable = registry.registered(**how)
    assert verification(receivable) is None
    assert "external_verifier" not in [check["code"] for check in receivable["review"]["checks"]]


def test_the_policy_says_of_which_invoices_it_is_asked(own):
    own.policy(external_verifier={**HOUR, "currencies": [{"currency": "CNY", "from": "5000.00"}, {"currency": "JPY", "from": "0"}]})
    at_once(own, gross="4999.99")
    at_once(own, gross="9000.00", currency="EUR")
    settled(own, held(own, gross="5000.00"))
    settled(own, held(own, gross="7", currency="JPY"))
    settled(own, held(own, gross="5001.00", amount="501.00", part="a"))  # a part of an invoice that large


def test_or_of_whose_sellers(own):
    own.policy(external_verifier={**HOUR, "countries": ["CN"]})
    local = own.register("Local Seller", ["supplier"], country="CN")
    foreign = own.register("Foreign Seller", ["supplier"], country="DE")
    at_once(own, seller=foreign)
    settled(own, held(own, who=local, seller=local))
    settled(own, held(own))  # a seller without a country may be of any


def test_off_and_nothing_said_ask_nobody(own):
    own.policy(external_verifier={**HOUR, "mode": "off"})
    at_once(own)
    policy = {k: v for k, v in own.operator.get("/v1/policy").ok().items() if k not in ("version", "set_at", "seq")}
    assert policy.pop("external_verifier")["mode"] == "off"
    base = own.operator.get("/v1/policy").ok()["version"]
    assert "external_verifier" not in own.operator.post("/v1/policy", {"base_version": base, "policy": policy}).ok(201)["policy"]
    at_once(own)


def test_what_another_check_rejects_is_not_asked_about(own, service):
    paper = own.invoice()
    settled(own, held(own, paper=paper))
    asked = len(service.questions)
    answer = own.supplier.submit(paper).problem("gateway-rejected")
    assert verification(answer["receivable"]) is None and len(service.questions) == asked


@pytest.mark.parametrize("members, code, pointer", [
    ({"mode": "always"}, "unknown_value", "/mode"), ({"mode": None}, "required", "/mode"),
    ({"within_seconds": 0}, "out_of_range", "/within_seconds"), ({"within_seconds": 2592001}, "out_of_range", "/within_seconds"),
    ({"within_seconds": "60"}, "not_an_integer", "/within_seconds"), ({"currencies": "CNY"}, "not_a_list", "/currencies"),
    ({"currencies": [{"currency": "XXQ", "from": "1"}]}, "unknown_currency", "/currencies/0/currency"),
    ({"currencies": [{"currency": "CNY", "from": "1"}]}, "malformed_amount", "/currencies/0/from"),
    ({"currencies": [{"currency": "CNY", "from": "-1.00"}]}, "malformed_amount", "/currencies/0/from"),
    ({"currencies": [{"currency": "CNY"}]}, "required", "/currencies/0/from"),
    ({"currencies": [{"currency": "CNY", "from": "1.00"}] * 2}, "duplicate", "/currencies/1"),
    ({"countries": ["cn"]}, "malformed_country", "/countries/0"), ({"countries": [1]}, "malformed_country", "/countries/0"),
    ({"countries": ["CN"] * 33}, "not_a_list", "/countries"), ({"url": "https://x"}, "unknown_field", "/url"),
])  # fmt: skip
def test_a_policy_that_cannot_be_is_refused(own, members, code, pointer):
    current = own.operator.get("/v1/policy").ok()
    fields = {k: v for k, v in current.items() if k not in ("version", "set_at", "seq")}
    broken = {k: v for k, v in {**HOUR, **members}.items() if v is not None}
    payload = {"base_version": current["version"], "policy": {**fields, "external_verifier": broken}}
    with own.unchanged():
        own.operator.post("/v1/policy", payload, bad=True).problem("invalid-fields", (code, "/policy/external_verifier" + pointer))


# ---- what it is told ----


def test_it_is_told_what_it_needs_and_no_more(own, service):
    number = len(service.questions)
    receivable = held(own, gross="4931.50", amount="1911.50", part="1", invoice_note="strictly between us")
    question = service.asked(number + 1)[number]
    assert question.id == receivable["id"]
    assert question.asked == {
        "id": receivable["id"],
        "seller": [{"scheme": "uscc", "value": own.supplier.identifiers["uscc"]}],
        "buyer": [{"scheme": "uscc", "value": own.debtor.identifiers["uscc"]}],
        "number": receivable["invoice"]["number"], "issue_date": receivable["invoice"]["issue_date"], "currency": "CNY",
        "gross_amount": "4931.50", "document_sha256": receivable["document_sha256"],
    }  # fmt: skip
    assert question.signature == sign(SECRET, question.id, question.timestamp, question.body)
    assert abs(int(question.timestamp) - own.now()) < 60
    settled(own, receivable)


# ---- what happens meanwhile ----


def test_a_reviewers_decision_meanwhile_wins(own, service):
    service.gate.clear()
    approved, rejected = held(own), held(own)
    decide(own, approved, "approve")
    decide(own, rejected, "reject")
    answers(service, "not_genuine")
    service.gate.set()
    later = held(own)
    assert settled(own, later)["life"] == "rejected"  # by now the answers to the others have come
    for receivable, life in ((approved, "registered"), (rejected, "rejected")):
        now = own.supplier.receivable(receivable["id"])
        assert now["life"] == life and verification(now)["state"] == "overtaken" and verification(now)["answer"] is None


def test_withdrawing_meanwhile_works(own, service):
    service.gate.clear()
    paper = own.invoice()
    receivable = held(own, paper=paper)
    now = own.supplier.act(receivable, "withdraw", {"note": "never mind"}).ok()["receivable"]
    assert now["life"] == "withdrawn" and verification(now)["state"] == "overtaken"
    service.gate.set()
    again = held(own, paper=paper)
    assert settled(own, again)["life"] == "registered"
    assert own.supplier.receivable(receivable["id"])["life"] == "withdrawn"


def hindered(own, service, receivable, code, outcome="pass"):
    service.gate.set()
    now = settled(own, receivable)
    assert now["life"] == "held" and verification(now)["outcome"] == outcome and verification(now)["hindered_by"] == code
    return now


def test_a_suspended_seller_is_not_let_in_by_the_answer(own, service):
    service.gate.clear()
    seller = own.register("Suspended Meanwhile", ["supplier"])
    receivable = held(own, who=seller, seller=seller)
    own.operator.post(f"/v1/participants/{seller.id}/suspend", {"reason": "inquiry"}).ok()
    hindered(own, service, receivable, "seller_registered")
    own.operator.post(f"/v1/participants/{seller.id}/activate", {"reason": "cleared"}).ok()
    assert decide(own, receivable, "approve")["life"] == "registered"


def test_the_stop_list_and_the_credit_line_are_asked_again(own, service):
    service.gate.clear()
    debtor = own.register("Stopped Meanwhile", ["core_enterprise"])
    receivable, other = held(own, buyer=debtor, gross="600.00"), held(own, gross="601.00")
    own.operator.post(f"/v1/participants/{debtor.id}/stop", {"reason": "missed maturity"}).ok()
    hindered(own, service, receivable, "debtor_not_stopped")
    assert settled(own, other)["life"] == "registered"
    service.gate.clear()
    debtor = own.register("Drawn Meanwhile", ["core_enterprise"])
    receivable = held(own, buyer=debtor, gross="600.00")
    own.operator.post(f"/v1/participants/{debtor.id}/credit_line", {"currency": "CNY", "limit": "599.99"}).ok()
    hindered(own, service, receivable, "credit_line")


def test_what_another_check_holds_waits_for_a_reviewer_all_the_same(own, service):
    receivable = held(own, invoice_payee={"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}})
    now = hindered(own, service, receivable, "payee_is_seller")
    assert decide(own, now, "approve")["life"] == "registered"


def test_a_payable_and_one_that_both_signed(own, service):
    paper = own.invoice()
    payable = held(own, who=own.debtor, paper=paper)
    assert settled(own, payable)["life"] == "registered"
    assert own.supplier.act(payable, "accept").ok()["claim"]["origin"] == "accepted"
    service.gate.clear()
    refused = held(own, who=own.debtor, paper=own.invoice())
    own.supplier.act(refused, "reject", {"reason": "unrecognised"}).ok()
    assert verification(own.supplier.receivable(refused["id"]))["state"] == "overtaken"
    service.gate.set()


def test_everyone_entitled_is_told_by_webhook(own, service):
    with Receiver() as receiver:
        for who in (own.supplier, own.debtor):
            who.post("/v1/webhooks", {"url": receiver.url(f"/{who.id}"), "events": ["review."]}).ok(201)
        after = settled(own, held(own))
        for who in (own.supplier, own.debtor):
            [hit] = receiver.at(f"/{who.id}")
            assert hit.message["type"] == "review.verified" and hit.message["data"]["facts"]["receivable_id"] == after["id"]
        answers(service, "not_genuine")
        refused = settled(own, held(own))
        assert receiver.at(f"/{own.supplier.id}", 2)[1].message["data"]["facts"]["receivable_id"] == refused["id"]
        assert len(receiver.at(f"/{own.debtor.id}")) == 1, "the buyer never hears of it"


# ---- the command itself ----


def test_only_the_operator_records_an_answer_and_only_once(own, service):
    service.gate.clear()
    receivable = held(own)
    with own.unchanged():
        for who in (own.supplier, own.debtor, own.reviewer, own.lender):
            verify(own, receivable, {"answer": "genuine"}, who=who).problem("not-permitted")
        verify(own, receivable, {"answer": "none", "note": "silence"}).problem("not-yet-due")
        verify(own, {"id": "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"}, {"answer": "genuine"}).problem("not-found")
    answer = verify(own, receivable, {"answer": "genuine", "reference": "by telephone"}).ok()
    assert answer["receivable"]["life"] == "registered" and '"type":"review.verified"' in answer["receipt"]["entry"]
    with own.unchanged():
        verify(own, receivable, {"answer": "genuine"}).problem("wrong-state")
    service.gate.set()


def test_what_was_never_asked_about_cannot_be_answered(own):
    own.policy(external_verifier={**HOUR, "mode": "off"})
    receivable = own.registered()
    redirected = own.invoice(invoice_payee={"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}})
    waiting = own.supplier.submit(redirected).ok(202)["receivable"]
    with own.unchanged():
        verify(own, receivable, {"answer": "genuine"}).problem("wrong-state")
        verify(own, waiting, {"answer": "genuine"}).problem("wrong-state")


@pytest.mark.parametrize("payload, code, pointer", [
    ({}, "required", "/answer"), ({"answer": "yes"}, "unknown_value", "/answer"), ({"answer": 1}, "not_a_string", "/answer"),
    ({"answer": "none"}, "required", "/note"), ({"answer": "none", "note": "x", "reference": "R"}, "contradiction", "/answer"),
    ({"answer": "genuine", "answered_at": "yesterday"}, "malformed_time", "/answered_at"),
    ({"answer": "genuine", "reference": "x" * 129}, "too_long", "/reference"),
    ({"answer": "genuine", "life": "registered"}, "unknown_field", "/life"),
])  # fmt: skip
def test_an_answer_that_cannot_be_is_refused(own, service, payload, code, pointer):
    service.gate.clear()
    receivable = held(own)
    with own.unchanged():
        verify(own, receivable, payload, bad=True).problem("invalid-fields", (code, pointer))
    service.gate.set()
    settled(own, receivable)


# ---- the server's settings ----


def test_the_secret_is_made_once_for_the_operator_alone(tmp_path):
    with VerifierService() as service, asking(tmp_path / "ledger", service) as registry:
        path = registry.directory / "keys" / "verifier.key"
        before = path.read_bytes()
        path.unlink()
        registry.restart()
        made = path.read_bytes()
        assert made != before and len(bytes.fromhex(made.decode())) == 32 and stat.S_IMODE(path.stat().st_mode) == 0o600
        registry.restart()
        assert path.read_bytes() == made and made.decode().strip() not in registry.stderr()


@pytest.mark.parametrize("url", ["http://tax.example.com/verify", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://user:secret@tax.example.com/", "nonsense"])
def test_a_url_that_cannot_be_is_refused_at_the_start(tmp_path, url):
    registry = Registry(tmp_path / "ledger", options=["--verifier-url", url])
    with pytest.raises(AssertionError, match="verifier_url"):
        registry.start()


def test_without_a_service_what_is_to_be_verified_waits_for_people(fresh):
    fresh.policy(external_verifier=HOUR)
    late, early = held(fresh), held(fresh)
    assert decide(fresh, early, "approve")["life"] == "registered"
    until(lambda: "verifier_url is not set" in fresh.stderr(), "the operator is told")
    fresh.restart(offset=7200)
    now = settled(fresh, late)
    assert now["life"] == "held" and verification(now)["answer"] == "none"
    assert verification(now)["note"] == "The verifier gave no answer that counts: no external verifier is configured at this server."
    assert decide(fresh, now, "approve")["life"] == "registered"
    assert json.loads(fresh.operator.get("/v1/policy").body)["external_verifier"] == {**HOUR, "currencies": [], "countries": []}
