"""Rate limits: by token, by signer and by address; what is told of them, and that nobody is limited for what others do.

How a bucket fills again is the unit tests' to tell, whose clock is their own. Here buckets fill so slowly that they do not."""

import contextlib
import http.client
import json
import re
import signal

import jws
import pytest
from bulk_world import BATCHES, RECEIVABLES, plain, post, register, signed, slugs
from registry import Participant, Registry, tallystick
from service_manager import ServiceManager
from test_metrics import scrape
from test_uploads import HEAD, csv_rows, key_of, upload

SLOW = {"per-minute": 1, "burst": 3}
STRANGER = "198.51.100.7"
PROXIED = ("--trusted-proxies", "127.0.0.1", "--metrics-listen", "127.0.0.1:0")


def limits(**budgets):
    return [text for name, limit in budgets.items() for key, n in limit.items() for text in (f"--rate-{name}-{key}", str(n))]


@contextlib.contextmanager
def serving(tmp_path, *options, **budgets):
    """With the usual people, who are cast before there are limits."""
    made = Registry(tmp_path / "ledger", options=PROXIED)
    made.patience = ()
    made.start().cast()
    made.options += [*options, *limits(**budgets)]
    made.restart()
    try:
        yield made
        made.stop()
    finally:
        if made.process:
            made.kill()


def limited(answer, budget, burst, left=0):
    answer.problem("rate-limited")
    assert 0 < int(answer.headers["retry-after"]) <= 60 * burst
    assert re.fullmatch(rf'"{budget}";q={burst};w={burst * 60}', answer.headers["ratelimit-policy"])
    assert re.fullmatch(rf'"{budget}";r={left};t=\d+', answer.headers["ratelimit"])
    return answer.json["detail"]


def come_from(registry, address, method, target, body=None, **headers):
    """A request through the trusted proxy."""
    return registry.request(method, target, body, {"X-Forwarded-For": address, **headers})


def test_reads_are_counted_by_token(tmp_path):
    with serving(tmp_path, reads=SLOW) as registry:
        other, _ = registry.supplier.issue_token()
        for left in (2, 1, 0):
            answer = registry.supplier.get("/v1/me")
            assert answer.status == 200
            assert answer.headers["ratelimit-policy"] == '"reads";q=3;w=180'
            assert answer.headers["ratelimit"].startswith(f'"reads";r={left};t=')
        assert "This token" in limited(registry.supplier.get("/v1/claims"), "reads", 3)
        registry.supplier.get("/v1/me", token=other).ok()
        registry.debtor.get("/v1/me").ok()
        registry.registered()  # commands have a budget of their own
        assert registry.get("/checkpoint").status == 200
        assert scrape(registry).of("tallystick_rate_limited_total", budget="reads") == 1


def test_commands_are_counted_by_signer_and_a_refused_one_records_nothing(tmp_path):
    with serving(tmp_path, commands=SLOW) as registry:
        first = registry.supplier.sign("/v1/receivables", registry.invoice())
        answer = registry.send("/v1/receivables", first)
        assert answer.status == 201 and answer.headers["ratelimit"].startswith('"commands";r=2;')
        registry.send("/v1/receivables", first).ok(201)  # a repeated one counts as well
        registry.supplier.submit(registry.invoice(currency="ZZZ"), bad=True).problem("invalid-fields")
        with registry.unchanged():
            late = registry.supplier.sign("/v1/receivables", registry.invoice())
            limited(registry.send("/v1/receivables", late), "commands", 3)
        registry.other_supplier.submit(registry.invoice(seller=registry.other_supplier)).ok(201)
        registry.supplier.get("/v1/me").ok()
        registry.restart()  # buckets are full again, and what was refused may be sent as it was
        registry.send("/v1/receivables", late).ok(201)


def test_a_signature_that_is_not_the_signers_costs_the_signer_nothing(tmp_path):
    with serving(tmp_path, commands=SLOW) as registry:
        forger = jws.Key()
        forger.kid = registry.supplier.key.kid
        for _ in range(5):
            registry.supplier.submit(registry.invoice(), key=forger).problem("bad-signature")
        registry.registered()


def test_plain_commands_are_counted_by_token(tmp_path):
    with serving(tmp_path) as registry:
        payload = {"name": "Kept Mill", "roles": ["supplier"], "identifiers": {"lei": "529900T8BM49AURSDO55"}, "custody": True}
        mill = Participant(registry, None, registry.operator.post("/v1/participants", payload).ok(201)["participant"])
        first, second = (registry.operator.issue_token(["submit"], participant=mill)[0] for _ in range(2))
        registry.options += limits(commands=SLOW)
        registry.restart()

        def send(token):
            body = jws.compact(registry.invoice(seller=mill))
            return registry.send("/v1/receivables", body, "application/json", {"Authorization": f"Bearer {token}"})

        for left in (2, 1, 0):
            assert send(first).headers["ratelimit"].startswith(f'"commands";r={left};')
        limited(send(first), "commands", 3)
        send(second).ok(201)


def test_addresses_are_counted_before_anything_is_looked_up(tmp_path):
    with serving(tmp_path, requests=SLOW) as registry:
        token = {"Authorization": f"Bearer {registry.supplier.token}"}
        for target in ("/v1/me", "/nothing", "/v1/me"):
            come_from(registry, STRANGER, "GET", target, **token)
        assert "address" in limited(come_from(registry, STRANGER, "GET", "/v1/me", **token), "requests", 3)
        with registry.unchanged():
            body = registry.supplier.sign("/v1/receivables", registry.invoice())
            limited(come_from(registry, STRANGER, "POST", "/v1/receivables", body, **{"Content-Type": jws.JOSE}), "requests", 3)
        come_from(registry, "198.51.100.8", "GET", "/v1/me", **token).ok()
        come_from(registry, STRANGER, "GET", "/checkpoint").ok_text()  # the public ledger has a budget of its own
        for path in ("/healthz", "/readyz"):
            come_from(registry, STRANGER, "GET", path).ok()
        registry.supplier.get("/v1/me").ok()  # loopback is exempt by default
        assert scrape(registry).of("tallystick_rate_limited_total", budget="requests") == 2


def test_one_subscriber_of_ipv6_is_one_address(tmp_path):
    with serving(tmp_path, ledger=SLOW) as registry:
        for last in range(3):
            come_from(registry, f"2001:db8:1:2::{last}", "GET", "/checkpoint").ok_text()
        limited(come_from(registry, "2001:db8:1:2:3:4:5:6", "GET", "/checkpoint"), "ledger", 3)
        come_from(registry, "2001:db8:1:3::1", "GET", "/checkpoint").ok_text()
        registry.verify()


def test_who_brings_bad_tokens_and_signatures_is_not_heard_for_a_while(tmp_path):
    with serving(tmp_path, failures=SLOW) as registry:
        jose = {"Content-Type": jws.JOSE}
        forged = registry.supplier.sign("/v1/receivables", registry.invoice(), key=jws.Key())
        good = registry.supplier.sign("/v1/receivables", registry.invoice())
        for _ in range(5):
            come_from(registry, STRANGER, "GET", "/v1/me").problem("unauthenticated")  # no token at all: costs nothing
        come_from(registry, STRANGER, "GET", "/v1/me", Authorization="Bearer ts_none").problem("unauthenticated")
        come_from(registry, STRANGER, "POST", "/v1/receivables", forged, **jose).problem("unknown-key")
        come_from(registry, STRANGER, "POST", "/v1/receivables", forged, **jose).problem("unknown-key")
        with registry.unchanged():
            for body in (forged, good):
                detail = limited(come_from(registry, STRANGER, "POST", "/v1/receivables", body, **jose), "failures", 3)
                assert "tokens or signatures" in detail
            limited(come_from(registry, STRANGER, "GET", "/v1/me", Authorization="Bearer ts_none"), "failures", 3)
        come_from(registry, STRANGER, "GET", "/checkpoint").ok_text()
        come_from(registry, STRANGER, "GET", "/v1/me").problem("unauthenticated")
        come_from(registry, "198.51.100.8", "POST", "/v1/receivables", good, **jose).ok(201)


def test_exempt_addresses(tmp_path):
    with serving(tmp_path, "--rate-exempt", "198.51.100.0/24", requests=SLOW) as registry:
        for _ in range(10):
            come_from(registry, STRANGER, "GET", "/nothing").problem("not-found")
        for _ in range(3):
            registry.request("GET", "/nothing")
        limited(registry.request("GET", "/nothing"), "requests", 3)  # loopback, which is not named now


def test_no_limit(tmp_path):
    off = {"per-minute": 0}
    with serving(tmp_path, "--rate-exempt", "192.0.2.1", requests=off, reads=off, commands=off, ledger=off, failures=off) as registry:
        for _ in range(30):
            answer = registry.supplier.get("/v1/me")
            assert answer.status == 200 and "ratelimit" not in answer.headers
        registry.registered()


def test_an_ordinary_integration_never_meets_the_defaults(registry):
    for _ in range(60):
        receivable = registry.registered()
        assert registry.supplier.receivable(receivable["id"])["life"] == "registered"
    left = int(re.search(r";r=(\d+);", registry.supplier.get("/v1/me").headers["ratelimit"]).group(1))
    assert left > 5000


@pytest.mark.parametrize("flags", [["--rate-reads-burst", "0"], ["--rate-reads-per-minute", "-1"], ["--rate-exempt", "10.0.0.0/33"]], ids=" ".join)
def test_limits_that_cannot_be(tmp_path, flags):
    folder = Registry(tmp_path / "ledger").directory
    done = tallystick("serve", folder, "--check-config", *flags)
    assert done.returncode == 2 and flags[0] in done.stderr


def test_what_follows_a_refused_body_is_read(tmp_path):
    """The refused request's body is thrown away; the connection goes on."""
    with serving(tmp_path, "--rate-exempt", "192.0.2.1", requests={"per-minute": 1, "burst": 1}) as registry:
        connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=60)
        statuses = []
        for _ in range(3):
            connection.request("POST", "/v1/receivables", b"x" * 100_000, {"Content-Type": jws.JOSE})
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        connection.close()
        assert statuses == [400, 429, 429]


def test_a_batch_costs_what_is_in_it(tmp_path):
    with serving(tmp_path, commands={"per-minute": 1, "burst": 10}) as registry:
        papers = [signed(registry.supplier, RECEIVABLES, registry.invoice()) for _ in range(12)]
        with registry.grows(10):
            assert slugs(post(registry, "independent", papers).ok()) == [201] * 10 + ["rate-limited"] * 2
        with registry.unchanged():
            assert post(registry, "atomic", papers[10:]).problem("batch-undone")


def test_a_plain_batch_costs_its_token_what_is_in_it(tmp_path):
    with serving(tmp_path) as registry:
        mill = register(registry, "Batch Mill", ["supplier"], ["submit"])
        registry.options += limits(commands={"per-minute": 1, "burst": 10})
        registry.restart()
        papers = [plain(RECEIVABLES, registry.invoice(seller=mill)) for _ in range(7)]
        assert slugs(post(registry, "independent", papers, token=mill.token).ok()) == [201] * 7
        with registry.unchanged():
            limited(post(registry, "independent", papers, token=mill.token), "commands", 10, left=2)


def test_an_upload_costs_its_token_what_is_in_it_and_waits_when_that_is_spent(tmp_path):
    with serving(tmp_path, "--drain-deadline-ms", "100") as registry:
        mill, other = (register(registry, name, ["supplier"], ["read", "submit"]) for name in ("Upload Mill", "Other Mill"))
        registry.options += limits(commands={"per-minute": 1, "burst": 10})
        registry.restart()
        assert upload(registry, mill, key_of("spends"), HEAD + "".join(csv_rows(registry, mill, 9))).ok()["accepted"] == 9
        limited(mill.post(RECEIVABLES, registry.invoice(seller=mill)), "commands", 10)
        assert upload(registry, other, key_of("before"), HEAD + "".join(csv_rows(registry, other, 7))).ok()["accepted"] == 7
        with registry.unchanged():
            waiting = upload_unanswered(registry, other, key_of("waits"), HEAD + "".join(csv_rows(registry, other, 5)))
            while (found := other.get(f"/v1/uploads/{key_of('waits')}", bad=True)).status == 404:
                pass
            assert (found.json["state"], found.json["rows"]) == ("running", 0)
        with waiting:
            registry.restart()  # a stop does not wait for its turn to come
        assert other.get(f"/v1/uploads/{key_of('waits')}").ok()["state"] == "interrupted"


def upload_unanswered(registry, owner, key, body):
    """A connection over which an upload was sent whole and not answered yet."""
    head = {"Authorization": f"Bearer {owner.token}", "Content-Type": "text/csv", "Idempotency-Key": key}
    connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=60)
    connection.request("POST", "/v1/uploads", body.encode(), head)
    return contextlib.closing(connection)


def test_a_batch_costs_its_address_what_is_in_it(tmp_path):
    with serving(tmp_path, requests={"per-minute": 1, "burst": 10}, failures=SLOW) as registry:
        forged = [signed(registry.supplier, RECEIVABLES, registry.invoice(), key=jws.Key()) for _ in range(5)]
        body, kind = jws.compact({"mode": "independent", "commands": forged}), {"Content-Type": "application/json"}
        found = slugs(come_from(registry, STRANGER, "POST", BATCHES, body, **kind).ok())
        assert found == ["unknown-key"] * 3 + ["rate-limited"] * 2, "no more signatures of this address are looked at"
        limited(come_from(registry, STRANGER, "POST", BATCHES, body, **kind), "failures", 3)
        stranger = "198.51.100.9"
        come_from(registry, stranger, "POST", BATCHES, body, **kind).ok()
        for _ in range(5):
            come_from(registry, stranger, "GET", "/nothing").problem("not-found")
        limited(come_from(registry, stranger, "GET", "/nothing"), "requests", 10)


def test_a_reload_changes_rates_and_the_log_at_once(tmp_path):
    manager = ServiceManager(tmp_path)
    registry = Registry(tmp_path / "ledger", options=["--metrics-listen", "127.0.0.1:0"])
    registry.patience = ()
    registry.start().cast()
    registry.stop()

    def settings(**members):
        (registry.directory / "server.json").write_text(json.dumps(members))

    def reload():
        registry.process.send_signal(signal.SIGHUP)
        assert "refused" not in manager.await_message("READY")["STATUS"]

    try:
        settings(rate_reads_per_minute=1, rate_reads_burst=1)
        manager.start(registry)
        registry.supplier.get("/v1/me").ok()
        limited(registry.supplier.get("/v1/me"), "reads", 1)
        reload()  # nothing has changed
        limited(registry.supplier.get("/v1/me"), "reads", 1)
        settings(rate_reads_per_minute=1, rate_reads_burst=2, rate_requests_per_minute=1, rate_requests_burst=1, rate_exempt=[])
        reload()
        registry.http.close()  # who is connected keeps to whom was exempt then
        assert registry.supplier.get("/v1/me").headers["ratelimit-policy"] == '"reads";q=2;w=120'
        limited(registry.supplier.get("/v1/me"), "requests", 1)
        registry.stop()
    finally:
        if registry.process:
            registry.kill()
        manager.close()
