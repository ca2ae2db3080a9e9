"""Webhooks: entries told to participants' own endpoints. Order, retries, dead letters, replays, restarts, who may see what,
and signatures that other people's libraries verify."""

import base64
import datetime
import ipaddress
import json
import os
import shutil
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from receiver import Receiver, check_v1a, is_recent, is_signed_v1, until
from registry import Registry, tallystick

from conftest import close

ABSENT = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
JITTER = 1.25
SERVE_OPTIONS = ["--webhooks-private"]


class Hook:
    """One endpoint of a participant, told of receivables unless a story wants more. (None: all, also tokens and webhooks.)"""

    def __init__(self, owner, receiver, path, events=("receivable.",), **members):
        payload = {"url": receiver.url(path), **({} if events is None else {"events": list(events)}), **members}
        self.owner, self.receiver, self.path = owner, receiver, path
        self.admin, _ = owner.issue_token(["admin", "read"])
        answer = owner.post("/v1/webhooks", payload).ok(201)
        self.webhook, self.seq = answer["webhook"], answer["receipt"]["seq"]
        self.target = f"/v1/webhooks/{self.webhook['id']}"

    def get(self, rest=""):
        return self.owner.get(self.target + rest, token=self.admin)

    def secret(self):
        return self.get("/secret").ok()

    def deliveries(self, query=""):
        return self.get("/deliveries" + query).ok()["items"]

    def delivery(self, seq):
        found = [item for item in self.deliveries("?limit=1000") if item["seq"] == seq]
        return found[0] if found else None

    def state(self, seq, state, attempts=0):
        def reached():
            item = self.delivery(seq)
            return item if item and item["state"] == state and item["attempts"] >= attempts else None

        return until(reached, f"entry {seq} {state} after {attempts} attempts: {self.delivery(seq)}")

    def replay(self, **payload):
        return self.owner.post(self.target + "/replay", payload)

    def end(self):
        """So that later stories of the module do not call here."""
        self.owner.post(self.target + "/remove").ok()

    def message_id(self, seq):
        return f"msg_{self.webhook['id'].replace('-', '')}_{seq}"

    def at(self, count):
        return self.receiver.at(self.path, count)


def submit(registry):
    """An entry that supplier and debtor are party to; its seq."""
    return registry.supplier.submit(registry.invoice()).ok(201)["receipt"]["seq"]


# ---- what comes ----


def test_an_entry_comes_with_its_proof_and_is_signed_both_ways(registry):
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/erp", description="treasury")
        answer = registry.supplier.submit(registry.invoice()).ok(201)
        receipt, receivable = answer["receipt"], answer["receivable"]
        [hit] = hook.at(1)
        assert hit.id == hook.message_id(receipt["seq"]) and is_recent(hit, registry.now())
        entry = json.loads(receipt["entry"])
        data = hit.message["data"]
        assert hit.message == {"type": "receivable.registered", "timestamp": entry["at"], "data": data}
        assert data["seq"] == receipt["seq"] and data["participant"] == registry.debtor.id
        assert data["entry"] == receipt["entry"], "the very bytes of the leaf"
        assert sorted(data["disclosures"]) == sorted(receipt["disclosures"])
        assert data["facts"]["receivable_id"] == receivable["id"]
        secrets = hook.secret()
        assert is_signed_v1(hit, secrets["secret"]) and secrets["previous_secret"] is None
        check_v1a(hit, secrets["public_key"])
        item = hook.state(receipt["seq"], "delivered")
        assert item == {
            "message_id": hit.id, "seq": receipt["seq"], "type": "receivable.registered", "state": "delivered", "attempts": 1,
            "next_attempt_at": None, "last_attempt_at": item["last_attempt_at"], "last_status": 200, "last_error": None,
            "delivered_at": item["delivered_at"], "duration_ms": item["duration_ms"],
        }  # fmt: skip
        hook.end()


def test_the_npm_package_verifies_v1_unmodified(registry, tmp_path):
    node = shutil.which("node")
    if not node:
        pytest.skip("nodejs is not installed")
    modules = os.environ.get("TALLYSTICK_NODE_MODULES")
    if not modules:
        if not shutil.which("npm"):
            pytest.skip("npm is not installed")
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", tmp_path, "standardwebhooks@1"],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if done.returncode != 0:
            pytest.skip("the npm package standardwebhooks cannot be fetched here")
        modules = tmp_path / "node_modules"
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/npm")
        submit(registry)
        [hit] = hook.at(1)
        script = """
            const { Webhook } = require("standardwebhooks");
            const [secret, body, headers] = JSON.parse(require("fs").readFileSync(0, "utf8"));
            const verify = (text) => new Webhook(secret).verify(text, headers);
            if (JSON.stringify(verify(body)) !== JSON.stringify(JSON.parse(body))) process.exit(1);
            try { verify(body.replace('"seq"', '"sEq"')); process.exit(2); } catch (error) { console.log(error.message); }
        """
        headers = {"webhook-id": hit.id, "webhook-timestamp": hit.timestamp, "webhook-signature": hit.signature}
        stdin = json.dumps([hook.secret()["secret"], hit.body.decode(), headers])
        done = subprocess.run(
            [node, "-e", script], input=stdin, capture_output=True, text=True, timeout=60, env={**os.environ, "NODE_PATH": str(modules)}
        )
        assert done.returncode == 0, done.stderr
        assert "signature" in done.stdout
        hook.end()


def test_entries_come_in_the_order_of_the_ledger_over_one_connection(registry):
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/order")
        seqs = [submit(registry) for _ in range(60)]
        hits = hook.at(60)
        assert [hit.message["data"]["seq"] for hit in hits] == seqs
        assert len({hit.id for hit in hits}) == 60
        hook.state(seqs[-1], "delivered")
        assert receiver.connections == 1
        hook.end()


def test_everyone_gets_only_what_is_theirs_and_asked_for(registry):
    with Receiver() as receiver:
        mine = Hook(registry.debtor, receiver, "/claims", ["claim."])
        exact = Hook(registry.supplier, receiver, "/registered", ["receivable.registered"])
        stranger = Hook(registry.other_debtor, receiver, "/stranger", None)
        answer = registry.supplier.submit(registry.invoice()).ok(201)
        accepted = registry.debtor.act(answer["receivable"], "confirm").ok()
        [hit] = mine.at(1)
        assert hit.message["type"] == "claim.accepted" and hit.message["data"]["seq"] == accepted["receipt"]["seq"]
        [hit] = exact.at(1)
        assert hit.message["data"]["seq"] == answer["receipt"]["seq"]
        mine.state(accepted["receipt"]["seq"], "delivered")
        assert stranger.deliveries() == [] and receiver.counts == {"/claims": 1, "/registered": 1}
        for hook in (mine, exact, stranger):
            hook.end()


# ---- what goes wrong ----


def test_without_a_choice_all_entries_of_ones_own_come(registry):
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/all", None)
        registry.debtor.issue_token()
        submit(registry)
        registry.debtor.post(hook.target + "/rotate").ok()
        assert [hit.message["type"] for hit in hook.at(3)] == ["token.issued", "receivable.registered", "webhook.rotated"]
        hook.end()


def test_a_failure_is_tried_again_under_the_same_id_before_what_follows(registry):
    with Receiver(lambda path, n: 500 if n == 0 else 200) as receiver:
        hook = Hook(registry.debtor, receiver, "/flaky")
        first, second = submit(registry), submit(registry)
        hits = hook.at(3)
        assert [hit.id for hit in hits] == [hook.message_id(first), hook.message_id(first), hook.message_id(second)]
        assert hits[0].body == hits[1].body
        assert hook.state(first, "delivered", 2)["attempts"] == 2
        hook.state(second, "delivered")
        hook.end()


def test_who_does_not_answer_delays_nobody(registry):
    with Receiver(lambda path, n: None if path == "/dead" else 200) as receiver:
        dead = [Hook(registry.debtor, receiver, "/dead") for _ in range(5)]
        live = Hook(registry.debtor, receiver, "/live")
        seqs = [submit(registry) for _ in range(40)]
        assert [hit.message["data"]["seq"] for hit in live.at(40)] == seqs
        live.state(seqs[-1], "delivered")
        assert receiver.counts["/dead"] == 5, "one message under way to each"
        assert dead[0].delivery(seqs[-1])["state"] == "pending"
        assert dead[0].get().ok()["pending"] == 40
        for hook in (*dead, live):
            hook.end()


def test_what_is_gone_is_a_dead_letter_and_can_be_replayed(registry):
    with Receiver(lambda path, n: 410 if n == 0 else 200) as receiver:
        hook = Hook(registry.debtor, receiver, "/gone")
        first = submit(registry)
        item = hook.state(first, "dead")
        assert (item["last_status"], item["attempts"], item["next_attempt_at"]) == (410, 1, None)
        assert [item["seq"] for item in hook.deliveries("?state=dead")] == [first]
        registry.await_log("webhook.dead", endpoint=hook.webhook["id"], seq=first)
        second = submit(registry)  # the queue goes on
        assert hook.at(2)[1].id == hook.message_id(second)
        with registry.unchanged():
            assert hook.replay(seq=first).ok(202) == {"queued": 1}
            again = hook.at(3)[2]
        assert again.id == hook.message_id(first) and again.body == hook.at(1)[0].body
        hook.state(first, "delivered")
        assert hook.replay(from_seq=0).ok(202) == {"queued": 2}
        assert [hit.id for hit in hook.at(5)[3:]] == [hook.message_id(first), hook.message_id(second)]
        hook.end()


def test_a_message_is_given_up_after_eleven_attempts(fresh):
    """45 hours, by moving the clock."""
    with Receiver(lambda path, n: 503) as receiver:
        hook = Hook(fresh.debtor, receiver, "/down")
        seq = submit(fresh)
        passed = 0
        for attempt, delay_s in enumerate([1, 5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400], 1):
            item = hook.state(seq, "pending", attempt)
            assert item["last_status"] == 503
            due, last = (datetime.datetime.fromisoformat(item[name].replace("Z", "+00:00")) for name in ("next_attempt_at", "last_attempt_at"))
            assert delay_s <= (due - last).total_seconds() <= delay_s * JITTER + 20
            if delay_s > 5:
                passed += int(delay_s * JITTER) + 20
                fresh.restart(offset=passed)
        item = hook.state(seq, "dead", 11)
        assert item["attempts"] == 11 and receiver.counts["/down"] == 11
        fresh.await_log("webhook.dead", endpoint=hook.webhook["id"], seq=seq)
        assert fresh.stderr().count("is dead") == 1


def test_redirects_are_not_followed(registry):
    with Receiver(lambda path, n: 307) as receiver:
        hook = Hook(registry.debtor, receiver, "/moved")
        seq = submit(registry)
        assert hook.state(seq, "pending", 1)["last_status"] == 307
        assert set(receiver.counts) == {"/moved"}
        hook.end()


def certificate(tmp_path):
    """Of 127.0.0.1, signed by nobody that anyone trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.utcnow()
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_nobody_vouches_for_is_refused(registry, tmp_path):
    with Receiver(tls=certificate(tmp_path)) as receiver:
        hook = Hook(registry.debtor, receiver, "/tls")
        seq = submit(registry)
        item = hook.state(seq, "pending", 1)
        assert item["last_error"] == "the certificate does not verify" and item["last_status"] is None
        assert receiver.hits == []
        hook.end()


# ---- stops and starts ----


def test_a_restart_goes_on_where_it_was(fresh):
    with Receiver(lambda path, n: None if n == 0 else 200) as receiver:
        hook = Hook(fresh.debtor, receiver, "/restart")
        seqs = [submit(fresh) for _ in range(50)]
        hook.at(1)
        fresh.restart()  # with one under way
        hits = hook.at(51)
        assert [hit.message["data"]["seq"] for hit in hits[1:]] == seqs
        hook.state(seqs[-1], "delivered")
        fresh.restart()
        more = submit(fresh)
        hook.state(more, "delivered")
        assert receiver.counts["/restart"] == 52, "nothing twice but what was cut off"


def test_a_suspended_participant_is_told_nothing_until_it_acts_again(fresh):
    def status(verb):
        return fresh.operator.post(f"/v1/participants/{fresh.debtor.id}/{verb}", {"reason": "examined"}).ok()["receipt"]["seq"]

    with Receiver() as receiver:
        hook = Hook(fresh.debtor, receiver, "/held", ("participant.", "receivable."))
        other = Hook(fresh.supplier, receiver, "/free", ("receivable.",))
        entries = [submit(fresh)]
        assert [hit.message["data"]["seq"] for hit in hook.at(1)] == entries
        withdrawn = fresh.supplier.submit(fresh.invoice()).ok(201)["receivable"]["id"]
        entries.append(int(hook.at(2)[1].message["data"]["seq"]))
        entries.append(status("suspend"))
        entries.append(fresh.supplier.post(f"/v1/receivables/{withdrawn}/withdraw").ok()["receipt"]["seq"])
        # What comes later in the outbox is there, and nothing came before it.
        assert other.at(3)[2].message["data"]["seq"] == entries[-1]
        fresh.restart()
        submit_else = fresh.supplier.submit(fresh.invoice(buyer=fresh.other_debtor)).ok(201)["receipt"]["seq"]
        assert other.at(4)[3].message["data"]["seq"] == submit_else
        assert [hit.message["data"]["seq"] for hit in hook.at(2)] == entries[:2]
        entries.append(status("activate"))
        assert [hit.message["data"]["seq"] for hit in hook.at(5)] == entries
        assert hook.state(entries[-1], "delivered")
        assert {hook.delivery(seq)["attempts"] for seq in entries} == {1}


def test_a_crash_loses_nothing(fresh):
    with Receiver() as receiver:
        hook = Hook(fresh.debtor, receiver, "/crash")
        seqs = [submit(fresh) for _ in range(30)]
        fresh.kill()
        fresh.start()
        last = submit(fresh)
        hook.state(last, "delivered")
        seen = list(dict.fromkeys(hit.message["data"]["seq"] for hit in receiver.hits))
        assert seen == [*seqs, last], "each at least once, and in order"


def test_a_lost_delivery_database_means_everything_again(fresh):
    with Receiver() as receiver:
        before = submit(fresh)
        hook = Hook(fresh.debtor, receiver, "/lost")
        seqs = [submit(fresh) for _ in range(10)]
        hook.state(seqs[-1], "delivered")
        fresh.stop()
        for path in fresh.directory.glob("webhooks.db*"):
            path.unlink()
        fresh.start()
        again = [hit.message["data"]["seq"] for hit in hook.at(20)[10:]]
        assert again == seqs and before not in again


def test_a_registry_from_before_webhooks_gets_its_keys(fresh):
    fresh.stop()
    for name in ("webhook.key", "webhook.jwk"):
        (fresh.directory / "keys" / name).unlink()
    fresh.start()
    for name in ("webhook.key", "webhook.jwk"):
        assert (fresh.directory / "keys" / name).stat().st_mode & 0o777 == 0o600


# ---- secrets ----


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(fresh):
    with Receiver() as receiver:
        hook = Hook(fresh.debtor, receiver, "/rotate")
        old = hook.secret()
        answer = fresh.debtor.post(hook.target + "/rotate").ok()
        assert answer["webhook"]["generation"] == 2
        new = hook.secret()
        assert new["secret"] != old["secret"] and new["previous_secret"] == old["secret"] and new["public_key"] == old["public_key"]
        submit(fresh)
        hit = hook.at(1)[0]
        assert is_signed_v1(hit, new["secret"]) and is_signed_v1(hit, old["secret"])
        check_v1a(hit, new["public_key"])
        fresh.restart(offset=86401)
        assert hook.secret()["previous_secret"] is None
        submit(fresh)
        hit = hook.at(2)[1]
        assert is_signed_v1(hit, new["secret"]) and not is_signed_v1(hit, old["secret"])
        for text in (old["secret"], new["secret"]):
            raw = base64.b64decode(text[6:])
            for path in fresh.directory.rglob("*"):
                if path.is_file():
                    assert text.encode() not in path.read_bytes() and raw not in path.read_bytes(), "a secret is kept nowhere"
            assert text not in fresh.stderr()


def test_secrets_are_read_with_scope_admin_only(registry):
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/scope")
        registry.debtor.get(hook.target + "/secret").problem("scope-missing")
        answer = hook.get("/secret")
        assert answer.headers["cache-control"] == "no-store" and answer.status == 200
        foreign, _ = registry.supplier.issue_token(["admin", "read"])
        registry.supplier.get(hook.target + "/secret", token=foreign).problem("not-found")
        hook.end()


# ---- reading and asking ----


def test_endpoints_are_ones_own(registry):
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/own", ["claim.", "receivable.registered"], description="ledger desk")
        shown = hook.get().ok()
        assert shown == {**hook.webhook, "pending": 0}
        assert shown["url"] == receiver.url("/own") and shown["status"] == "active" and shown["description"] == "ledger desk"
        assert shown["events"] == ["claim.", "receivable.registered"] and shown["participant"] == registry.debtor.id
        listed = registry.debtor.get("/v1/webhooks?limit=1000").ok()["items"]
        assert shown in listed and shown["id"] not in [item["id"] for item in registry.supplier.get("/v1/webhooks").ok()["items"]]
        for rest in ("", "/deliveries"):
            registry.supplier.get(hook.target + rest).problem("not-found")
            registry.operator.get(hook.target + rest).problem("not-found")
            registry.debtor.get(f"/v1/webhooks/{ABSENT}{rest}").problem("not-found")
        registry.supplier.post(hook.target + "/replay", {"from_seq": 0}).problem("not-found")
        registry.supplier.post(hook.target + "/remove").problem("not-found")
        hook.end()


def test_pages_of_endpoints_and_deliveries_join(registry):
    with Receiver() as receiver:
        hooks = [Hook(registry.other_supplier, receiver, f"/page{i}") for i in range(5)]
        found, cursor = [], ""
        while cursor is not None:
            page = registry.other_supplier.get(f"/v1/webhooks?limit=2{cursor}").ok()
            found += [item["id"] for item in page["items"]]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        assert found == [hook.webhook["id"] for hook in hooks]
        hook = hooks[0]
        seqs = [registry.other_supplier.submit(registry.invoice(seller=registry.other_supplier)).ok(201)["receipt"]["seq"] for _ in range(7)]
        hook.state(seqs[-1], "delivered")
        for order in ("asc", "desc"):
            found, cursor = [], ""
            while cursor is not None:
                page = hook.get(f"/deliveries?limit=3&order={order}{cursor}").ok()
                found += [item["seq"] for item in page["items"]]
                cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
            told = [seq for seq in found if seq in seqs]
            assert told == (seqs if order == "asc" else seqs[::-1])
        hook.owner.get(hook.target + "/deliveries?state=lost", bad=True).problem("bad-query", ("unknown_value", "state"))
        for hook in hooks:
            hook.end()


def test_a_removed_endpoint_gets_nothing_more(registry):
    with Receiver(lambda path, n: None if path == "/leaving" else 200) as receiver:
        hook, other = Hook(registry.debtor, receiver, "/leaving"), Hook(registry.debtor, receiver, "/staying")
        first, second = submit(registry), submit(registry)
        hook.state(second, "pending")
        hook.end()
        last = submit(registry)
        other.state(last, "delivered")
        hook.state(first, "skipped"), hook.state(second, "skipped")
        assert hook.delivery(last) is None and hook.get().ok()["status"] == "removed"
        hook.replay(from_seq=0).problem("wrong-state")
        other.end()


def test_a_replay_must_be_understood(registry):
    with Receiver() as receiver:
        hook = Hook(registry.debtor, receiver, "/ask")
        seq = submit(registry)
        hook.state(seq, "delivered")
        path, post = hook.target + "/replay", registry.debtor.post
        with registry.unchanged():
            post(path, {}, bad=True).problem("invalid-fields", ("required", ""))
            post(path, {"seq": 1, "from_seq": 1}, bad=True).problem("invalid-fields", ("required", ""))
            post(path, {"seq": "1"}, bad=True).problem("invalid-fields", ("not_an_integer", "/seq"))
            post(path, {"seq": -1}, bad=True).problem("invalid-fields", ("out_of_range", "/seq"))
            post(path, {"seq": seq, "now": True}, bad=True).problem("invalid-fields", ("unknown_field", "/now"))
            hook.replay(seq=seq + 1000).problem("not-found")
            hook.replay(seq=hook.seq - 1).problem("not-found")
            assert hook.replay(from_seq=seq + 1000).ok(202) == {"queued": 0}
            plain = {"Authorization": f"Bearer {hook.admin}"}
            answer = registry.send(path, json.dumps({"seq": seq}).encode(), "application/json", plain)
            assert answer.ok(202) == {"queued": 1}
            weak = {"Authorization": f"Bearer {registry.debtor.token}"}
            registry.send(path, json.dumps({"seq": seq}).encode(), "application/json", weak).problem("scope-missing")
            registry.send(path, registry.debtor.sign(path, {"seq": seq}, iat=int(registry.now()) - 3600)).problem("stale-command")
        hook.at(2)
        hook.end()


# ---- where it may go ----


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A registry as in earnest: only https to public addresses."""
    made = Registry(tmp_path_factory.mktemp("strict") / "ledger")
    made.start()
    try:
        yield made.cast()
        close(made)
    finally:
        if made.process:
            made.kill()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/latest/",
        "https://2130706433/", "https://0x7f.1/", "https://localhost/", "https://user:pw@example.com/", "https://example.com/#a",
        "https://example.com:25/", "ftp://example.com/", "https://[::ffff:10.0.0.1]/", "https://intranet/", "example.com",
        "https://example.com/" + "a" * 2000,
    ],
)  # fmt: skip
def test_an_endpoint_must_be_public_and_https(strict, url):
    with strict.unchanged():
        answer = strict.debtor.post("/v1/webhooks", {"url": url}, bad=True).problem("invalid-fields")
        assert [fault["pointer"] for fault in answer["errors"]] == ["/url"]


def test_a_public_name_that_resolves_to_this_machine_is_not_called(fresh, tmp_path):
    """The name is fine and only its address is not: told by the guard at the moment of connecting."""
    with Receiver() as receiver:
        plain = Hook(fresh.debtor, receiver, "/inside")
        answer = fresh.debtor.post("/v1/webhooks", {"url": f"https://localhost:{receiver.port}/inside"}).ok(201)
        secure = answer["webhook"]["id"]
        fresh.options = []
        fresh.restart()  # now in earnest, with endpoints from a rehearsal
        seq = submit(fresh)
        item = plain.state(seq, "pending", 1)
        assert item["last_error"] and item["last_status"] is None

        def refused():
            items = fresh.debtor.get(f"/v1/webhooks/{secure}/deliveries").ok()["items"]
            return [item for item in items if item["last_error"] == "the address is not a public one"]

        until(refused, "the guard's word")
        assert receiver.connections == 0


def test_serve_warns_of_private_webhooks(registry, strict):
    assert "--webhooks-private" in registry.stderr() and "--webhooks-private" not in strict.stderr()
    assert "webhooks-private" in tallystick("help", "serve").stdout


# ---- its end ----


def test_stopping_does_not_wait_for_those_who_do_not_answer(fresh):
    with Receiver(lambda path, n: None) as receiver:
        hooks = [Hook(fresh.debtor, receiver, "/silent") for _ in range(8)]
        seq = submit(fresh)
        receiver.at("/silent", 8)
        fresh.stop()  # asserts a clean end
        fresh.start()
        receiver.at("/silent", 16)
        assert {hit.id for hit in receiver.hits} == {hook.message_id(seq) for hook in hooks}
