"""Calls to an external verifier that go wrong, and what must never come of it: a pass that the service did not speak."""

import ssl

import pytest
from receiver import until
from test_webhooks import certificate
from verifier_service import Reply, VerifierService, sign
from verifier_world import ADVISORY, HOUR, SECOND, SECRET, asking, decide, held, settled, verification


@pytest.fixture
def service():
    with VerifierService(SECRET) as made:
        yield made


@pytest.fixture(scope="module")
def liar():
    with VerifierService(SECRET) as made:
        yield made


@pytest.fixture(scope="module")
def doubter(liar, tmp_path_factory):
    """A registry whose verifier has a second to answer."""
    with asking(tmp_path_factory.mktemp("doubting") / "ledger", liar, policy=SECOND) as registry:
        yield registry


def note(reason):
    return f"The verifier gave no answer that counts: {reason}."


# ---- answers that do not count ----


def proper(question, **how):
    return Reply.proper(SECRET, question, {"answer": "genuine"}, **how)


def body_of(text, question, signed=True, **headers):
    """These bytes, signed or not, with the headers of a proper answer."""
    reply = proper(question, **headers)
    reply.body = text
    if signed:
        reply.headers["webhook-signature"] = sign(SECRET, question.id, question.timestamp, text)
    return reply


OTHER = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
FAULTS = {
    "a redirect": (lambda q: Reply(307, headers={"Location": "/elsewhere"}), "HTTP status 307"),
    "a server error": (lambda q: Reply(500), "HTTP status 500"),
    "a proper answer with another status": (lambda q: proper(q, status=201), "HTTP status 201"),
    "no content": (lambda q: Reply(204), "HTTP status 204"),
    "a page": (lambda q: proper(q, Content_Type="text/html"), "the answer's Content-Type is not application/json"),
    "no type": (lambda q: proper(q, Content_Type=None), "the answer's Content-Type is not application/json"),
    "a type that begins alike": (lambda q: proper(q, Content_Type="application/jsonp"), "the answer's Content-Type is not application/json"),
    "unsigned": (lambda q: proper(q, webhook_signature=None), "the answer is not signed"),
    "signed with another secret": (
        lambda q: proper(q, webhook_signature=sign(bytes(32), q.id, q.timestamp, b"")), "the answer's signature does not verify"),
    "signed and then changed": (
        lambda q: body_of(b'{"id":"%s","answer":"genuine" }' % q.id.encode(), q, signed=False), "the answer's signature does not verify"),
    "an empty signature": (lambda q: proper(q, webhook_signature="v1,"), "the answer's signature does not verify"),
    "the question itself": (lambda q: body_of(q.body, q), "the answer breaks a rule: answer is required"),
    "to another question": (lambda q: proper(q, webhook_id=OTHER), "the answer is to another question"),
    "to another question inside": (
        lambda q: body_of(b'{"id":"%s","answer":"genuine"}' % OTHER.encode(), q), "the answer breaks a rule: id is that of another question"),
    "of another time": (
        lambda q: proper(q, webhook_timestamp="1", webhook_signature=sign(SECRET, q.id, "1", b"")), "the answer is to another question"),
    "truncated": (lambda q: body_of(b'{"id":"%s","answer":"gen' % q.id.encode(), q), "the answer is not JSON"),
    "empty": (lambda q: body_of(b"", q), "the answer is not JSON"),
    "a list": (lambda q: body_of(b'["genuine"]', q), "the answer breaks a rule:"),
    "with a name twice": (
        lambda q: body_of(b'{"id":"%s","answer":"not_genuine","answer":"genuine"}' % q.id.encode(), q), "the answer is not JSON"),
    "maybe": (lambda q: body_of(b'{"id":"%s","answer":"maybe"}' % q.id.encode(), q), "the answer breaks a rule: answer must be"),
    "none": (lambda q: body_of(b'{"id":"%s","answer":"none"}' % q.id.encode(), q), "the answer breaks a rule: answer must be"),
    "in capitals": (lambda q: body_of(b'{"id":"%s","answer":"GENUINE"}' % q.id.encode(), q), "the answer breaks a rule: answer must be"),
    "with more": (
        lambda q: body_of(b'{"id":"%s","answer":"genuine","life":"registered"}' % q.id.encode(), q), "the answer breaks a rule:"),
    "with control characters": (
        lambda q: body_of(b'{"id":"%s","answer":"genuine","note":"a\\u001b[31mb"}' % q.id.encode(), q), "the answer breaks a rule: note"),
    "huge": (lambda q: body_of(b'{"id":"%s","note":"' % q.id.encode() + b"x" * (1 << 20) + b'"}', q), "the answer is too long"),
    "cut off": (lambda q: cut_off(q), "transferred a partial file"),
}  # fmt: skip


def cut_off(question):
    reply = proper(question)
    reply.missing = 10
    return reply


@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_that_does_not_count_never_passes(doubter, liar, name):
    fault, reason = FAULTS[name]
    liar.reply = lambda question, n: fault(question)
    receivable = held(doubter)
    try:
        now = settled(doubter, receivable)
        assert (now["life"], verification(now)["answer"], verification(now)["outcome"]) == ("held", "none", "hold")
        assert reason.lower() in verification(now)["note"].lower(), verification(now)["note"]
        assert receivable["id"] in [question.id for question in liar.questions]
    finally:
        liar.reply = lambda question, n: {"answer": "genuine"}
    doubter.policy(external_verifier=HOUR)
    assert settled(doubter, held(doubter))["life"] == "registered"
    doubter.policy(external_verifier=SECOND)


def test_a_person_takes_over_what_has_no_answer(doubter, liar):
    liar.reply = lambda question, n: Reply(503)
    now = settled(doubter, held(doubter))
    liar.reply = lambda question, n: {"answer": "genuine"}
    assert decide(doubter, now, "approve", "seen at the tax office")["life"] == "registered"


# ---- no answer ----


def test_a_service_that_is_not_there_holds(tmp_path):
    with VerifierService(SECRET) as gone:
        url = gone.url
    with asking(tmp_path / "ledger", None, policy=SECOND, url=url) as registry:
        now = settled(registry, held(registry))
        assert now["life"] == "held" and verification(now)["note"] == note("no connection")


def test_a_slow_service_costs_nobody_a_wait_and_time_runs_out(tmp_path, service):
    service.gate.clear()
    with asking(tmp_path / "ledger", service) as registry:
        required = held(registry)
        registry.policy(external_verifier=ADVISORY)
        advised = held(registry)
        service.asked(2)
        registry.restart(offset=7200)
        now = settled(registry, required)
        assert (now["life"], verification(now)["answer"], verification(now)["outcome"]) == ("held", "none", "hold")
        now = settled(registry, advised)
        assert (now["life"], verification(now)["answer"], verification(now)["outcome"]) == ("registered", "none", "warn")
        assert registry.debtor.act(advised, "confirm").ok()["claim"]["life"] == "confirmed"


def test_one_call_is_given_up_in_time_and_made_again(tmp_path, service):
    service.reply = lambda question, n: None if n == 0 else {"answer": "genuine"}
    with asking(tmp_path / "ledger", service, "--verifier-timeout-ms", "300") as registry:
        assert settled(registry, held(registry))["life"] == "registered"
        first, second = service.asked(2)
        assert first.id == second.id and first.body == second.body


def test_after_errors_the_same_question_is_asked_again_under_its_id(tmp_path, service):
    service.reply = lambda question, n: Reply(500) if n < 2 else {"answer": "genuine"}
    with asking(tmp_path / "ledger", service) as registry:
        receivable = held(registry)
        assert settled(registry, receivable)["life"] == "registered"
        assert [question.id for question in service.asked(3)] == [receivable["id"]] * 3


# ---- TLS ----


def test_a_certificate_nobody_vouches_for_is_refused_and_one_of_its_own_is_taken(tmp_path):
    with VerifierService(SECRET, tls=certificate(tmp_path)) as service:
        with asking(tmp_path / "ledger", service, policy=SECOND) as registry:
            now = settled(registry, held(registry))
            assert now["life"] == "held" and verification(now)["note"] == note("the certificate does not verify")
            assert service.questions == [], "nothing was said to it"
            pem = tmp_path / "ca.pem"
            pem.write_text(ssl.get_server_certificate(("127.0.0.1", service.port)))
            registry.options += ["--verifier-ca", str(pem)]
            registry.policy(external_verifier=HOUR)
            registry.restart()
            assert settled(registry, held(registry))["life"] == "registered"


# ---- restarts ----


def test_a_kill_while_questions_are_open_loses_none(tmp_path, service):
    service.gate.clear()
    with asking(tmp_path / "ledger", service) as registry:
        receivables = [held(registry) for _ in range(5)]
        service.asked(5)
        registry.kill()
        service.gate.set()
        registry.start()
        for receivable in receivables:
            assert settled(registry, receivable)["life"] == "registered"
        assert {question.id for question in service.questions} == {receivable["id"] for receivable in receivables}
        types = [item["type"] for item in registry.supplier.get(f"/v1/receivables/{receivables[0]['id']}/history").ok()["items"]]
        assert types == ["receivable.held", "review.verified"], "recorded once"


def test_a_clock_that_was_set_back_delays_nothing(tmp_path, service):
    with asking(tmp_path / "ledger", service) as registry:
        registry.restart(offset=200_000)
        service.gate.clear()
        before = held(registry)
        service.asked(1)
        registry.restart(offset=100_000)
        service.gate.set()
        assert settled(registry, before)["life"] == "registered"
        assert settled(registry, held(registry))["life"] == "registered"


def figures(registry):
    """Those of the verifier, without their common beginning."""
    text = registry.request("GET", "/metrics", headers={"Authorization": f"Bearer {registry.operator.token}"}).text
    lines = [line.removeprefix("tallystick_verifier_") for line in text.splitlines() if line.startswith("tallystick_verifier_")]
    return {name: int(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


# ---- the cache ----


def test_the_same_invoice_is_asked_about_once(tmp_path, service):
    with asking(tmp_path / "ledger", service) as registry:
        service.reply = lambda question, n: {"answer": "genuine", "reference": f"TAX-{n}"}
        paper = registry.invoice(gross="900.00")
        first = settled(registry, held(registry, paper={**paper, "amount": "300.00", "part": "a"}))
        second = settled(registry, held(registry, paper={**paper, "amount": "300.00", "part": "b"}))
        assert verification(first)["reference"] == verification(second)["reference"] == "TAX-0" and len(service.questions) == 1
        assert second["life"] == "registered"
        other = {**paper["invoice"], "gross_amount": "900.01"}
        third = settled(registry, held(registry, paper={"invoice": other, "amount": "300.00", "part": "c"}))
        assert verification(third)["reference"] == "TAX-1" and len(service.questions) == 2, "another amount is another question"
        until(lambda: figures(registry)["questions_waiting"] == 0, "the figures follow")
        assert figures(registry) == {
            'calls_total{result="answered"}': 2, 'calls_total{result="failed"}': 0, "cache_hits_total": 1,
            "questions_waiting": 0, "paused": 0,
        }  # fmt: skip
        registry.restart()
        settled(registry, held(registry, paper={**paper, "amount": "300.00", "part": "d"}))
        assert len(service.questions) == 3, "what was known is asked again after a restart"


def test_the_cache_can_be_turned_off(tmp_path, service):
    with asking(tmp_path / "ledger", service, "--verifier-cache-s", "0") as registry:
        paper = registry.invoice(gross="900.00")
        for part in ("a", "b"):
            settled(registry, held(registry, paper={**paper, "amount": "300.00", "part": part}))
        assert len(service.questions) == 2


# ---- many ----

HEAD = "number,issue_date,due_date,currency,gross_amount,buyer_id"


def thousand(registry):
    rows = [f"K-{i:04d}-{chr(65 + i % 26)},{registry.day(-1)},{registry.day(60)},CNY,{40000 + i}.00,{registry.debtor.id}" for i in range(1000)]
    answer = registry.supplier.submit("\n".join([HEAD, *rows]).encode(), cty="text/csv").ok(200)
    assert answer["held"] == 1000
    return [result["receivable"] for result in answer["results"]]


def waiting(registry):
    return len(registry.reviewer.get("/v1/reviews?open=true&limit=1").ok()["items"])


def test_a_thousand_wait_and_only_some_are_asked_at_once(tmp_path, service):
    with asking(tmp_path / "ledger", service, "--verifier-at-once", "7") as registry:
        service.gate.clear()
        thousand(registry)
        service.asked(7)
        service.gate.set()
        until(lambda: waiting(registry) == 0, "all thousand answered")
        assert len(service.questions) == 1000 and service.busiest == 7


def test_a_service_that_is_down_is_left_alone(tmp_path, service):
    service.reply = lambda question, n: Reply(500)
    with asking(tmp_path / "ledger", service, "--verifier-at-once", "8") as registry:
        receivables = thousand(registry)
        until(lambda: registry.stderr().count("verifier.down") >= 2, "the pause is announced, and a longer one")
        # Five failures begin a pause, calls under way then fail too, and each pause ends with one question.
        assert len(service.questions) <= 5 + 8 + registry.stderr().count("verifier.down")
        assert figures(registry)["paused"] == 1 and figures(registry)["questions_waiting"] == 1000
        decide(registry, receivables[0], "approve")
        service.reply = lambda question, n: {"answer": "genuine"}
        until(lambda: waiting(registry) == 0, "all others answered once it is back")
        assert "verifier.up" in registry.stderr()


def test_time_runs_out_for_a_thousand_while_it_is_down(tmp_path, service):
    service.reply = lambda question, n: Reply(500)
    with asking(tmp_path / "ledger", service) as registry:
        receivables = thousand(registry)
        registry.restart(offset=7200)
        settled(registry, receivables[-1])
        for receivable in receivables[::37]:
            assert verification(settled(registry, receivable))["answer"] == "none"
