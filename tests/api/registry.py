"""The real binary on a free port, and the participants who talk to it.

A Registry starts `tallystick serve`, a Participant signs commands and reads with its token. Every request and answer is held
against openapi.json, every receipt is verified with ledger.py, and every checkpoint met is remembered, so that
verify() can show that the ledger only ever grew.
"""

import contextlib
import datetime
import hashlib
import itertools
import json
import os
import pathlib
import re
import secrets
import select
import shutil
import signal
import subprocess
import time

import jws
import ledger
from contract import ROOT, the_contract
from http_client import HttpClient
from identifiers import uscc

BINARY = os.environ.get("TALLYSTICK") or str(ROOT / "build" / "release" / "tallystick")
ORIGIN = "registry.test/ledger"
SANITIZER_MARKS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "stack smashing", "Assertion")
START_S, STOP_S, LOG_S = 60, 60, 20
LOG_OPTIONS = ("--log-format", "json", "--log-level", "debug")
# Stories ask again and again until something has happened, faster than any program should; those of limits set their own.
PATIENCE = ("--rate-reads-burst", "10000000")
SECRET_MIN = 5  # characters; what is shorter may stand in a log by chance
SERIALS = itertools.count(10_000_001)


def tallystick(*args, env=None, **kwargs):
    """Runs the program to its end, in English unless `env` says otherwise; the caller looks at the exit code."""
    env = {**os.environ, "LC_ALL": "C", **(env or {})}
    return subprocess.run([BINARY, *map(str, args)], capture_output=True, encoding="utf-8", timeout=300, env=env, **kwargs)


class Participant:
    def __init__(self, registry, key, answer=None):
        self.registry, self.key, self.token = registry, key, None
        if key:
            registry.secrets.add(key.secret)
        self.id = answer["id"] if answer else None
        self.name = answer["name"] if answer else None
        self.identifiers = answer["identifiers"] if answer else None

    def sign(self, path, payload, key=None, cty=None, submission=None, **header):
        """The bytes of a command; header members may be replaced, or left out with None."""
        signer = key or self.key
        head = jws.header(signer, self.registry.origin, path, self.registry.now(), cty=cty, submission=submission)
        head.update(header)
        head = {name: value for name, value in head.items() if value is not None}
        return jws.flattened(signer, head, payload)

    def post(self, path, payload=None, bad=False, **how):
        """Signs and posts. `bad`: the payload is meant to break openapi.json."""
        payload = {} if payload is None else payload
        if not bad:
            self.registry.contract.check_request("POST", path, jws.JOSE, payload)
        return self.registry.send(path, self.sign(path, payload, **how))

    def get(self, target, bad=False, token=None, headers=None):
        if not bad:
            self.registry.contract.check_request("GET", target, None, None)
        head = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        return self.registry.request("GET", target, headers=head)

    def read_all(self, target):
        """The items of a list, through all its pages."""
        items, cursor = [], None
        while True:
            page = self.get(target + (f"{'&' if '?' in target else '?'}cursor={cursor}" if cursor else "")).ok()
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items
            assert page["items"], "a page that is not the last one is not empty"

    def issue_token(self, scopes=("read",), days=3650.0, participant=None, signer=None, **members):
        """A new bearer token's text; by default signed by the participant itself."""
        text = "ts_" + jws.b64url(secrets.token_bytes(32))
        self.registry.secrets.add(text)
        payload = {
            "participant": (participant or self).id,
            "token_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "scopes": list(scopes),
            "expires_at": self.registry.time_text(days=days),
            **members,
        }
        answer = (signer or self).post("/v1/tokens", payload).ok(201)
        return text, answer["token"]

    def submit(self, payload, **how):
        return self.post("/v1/receivables", payload, **how)

    def act(self, receivable, verb, payload=None, **how):
        identity = receivable if isinstance(receivable, str) else receivable["id"]
        return self.post(f"/v1/receivables/{identity}/{verb}", payload, **how)

    def receivable(self, identity):
        return self.get(f"/v1/receivables/{identity}").ok()


class Registry:
    def __init__(self, directory, origin=ORIGIN, options=(), tls=None):
        """options: further ones of `serve`; tls: the context of a client, if they make it https."""
        self.directory, self.options, self.tls = pathlib.Path(directory), list(options), tls
        self.patience = PATIENCE
        self.origin, self.offset, self.process, self.http = origin, 0, None, None
        self.contract = the_contract()
        self.seen, self.entries = [], {}  # checkpoints met; entries by seq, from receipts
        self.log = self.directory.parent / (self.directory.name + ".stderr")
        self.serial = itertools.count(1)
        self.secrets = set()  # what no line of the log may hold: tokens, keys, names, numbers and amounts of invoices
        done = tallystick("init", self.directory, "--origin", origin, "--json")
        assert done.returncode == 0, done.stderr
        self.made = json.loads(done.stdout)
        self.vkey = self.made["vkey"]
        self.operator = Participant(self, jws.Key.from_jwk(self.directory / "keys" / "operator.jwk"))
        self.operator.id = self.made["operator"]

    # ---- the process ----

    def command_line(self):
        return [BINARY, "serve", str(self.directory), "--listen", "127.0.0.1:0", *LOG_OPTIONS, *self.patience, *self.options]

    def start(self, offset=0, wrap=(), env=None, **how):
        """Serves with the clock shifted by `offset` seconds; `wrap` is a command put in front (prlimit …)."""
        assert self.process is None
        self.offset = int(offset)
        env = {**os.environ, "TALLYSTICK_CLOCK_OFFSET": str(self.offset), **(env or {})}
        with open(self.log, "ab") as errors:
            self.process = subprocess.Popen(
                [*wrap, *self.command_line()], stdout=subprocess.PIPE, stderr=errors, env=env, text=True, **how
            )
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if ready else ""
        prefix = f"listening on {'https' if self.tls else 'http'}://127.0.0.1:"
        if not line.startswith(prefix):
            self.process.kill()
            self.process.wait()
            self.process = None
            raise AssertionError(f"serve said {line!r}; {self.stderr()[-2000:]}")
        self.port = int(line[len(prefix) :])
        self.http = HttpClient(self.port, self.tls)
        return self

    def stop(self):
        """SIGTERM; the server must drain, exit 0, and have said nothing a sanitizer would say."""
        if self.process is None:
            return
        process, self.process = self.process, None
        self.http.close()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("serve did not end after SIGTERM") from None
        finally:
            process.stdout.close()
        errors = self.stderr()
        assert not any(mark in errors for mark in SANITIZER_MARKS), errors[-8000:]
        assert code == 0, f"serve ended with {code}: {errors[-2000:]}"
        self.check_log()

    def ended_by_itself(self, within_s=STOP_S):
        """Whether the server stops of its own accord; then it must have exited with a failure."""
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        self.process.stdout.close()
        self.process = None
        self.http.close()
        assert code > 0, f"a server that stops by itself exits with a failure, not {code}"
        return True

    def kill(self):
        """As a power cut would end it."""
        process, self.process = self.process, None
        self.http.close()
        process.kill()
        process.wait()
        process.stdout.close()

    def restart(self, offset=None, **how):
        self.stop()
        return self.start(self.offset if offset is None else offset, **how)

    def stderr(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_lines(self, event=None, **fields):
        """The lines of the log, or those of one event that have these fields."""
        lines = [json.loads(line) for line in self.stderr().splitlines() if line.startswith("{")]
        return [
            line
            for line in lines
            if (event is None or line["event"] == event) and all(line.get(name) == value for name, value in fields.items())
        ]

    def await_log(self, event, **fields):
        """The first such line; the log is written a moment after what it tells of."""
        deadline = time.monotonic() + LOG_S
        while not (found := self.log_lines(event, **fields)):
            assert time.monotonic() < deadline, f"{event} {fields} was not logged: {self.stderr()[-2000:]}"
            time.sleep(0.01)
        return found[0]

    def check_log(self):
        """Of a stopped server: every line is an event in printable ASCII, and none holds a secret or what people said."""
        text = self.stderr()
        for line in text.splitlines():
            assert line.isascii() and line.isprintable(), line
            event = json.loads(line)
            assert {"time", "level", "event"} <= set(event), line
        for secret in self.secrets:
            # Not as a part of a longer number: 10.00 is no secret within a duration of 110.003 ms.
            held = len(secret) >= SECRET_MIN and secret in text and re.search(rf"(?<![0-9.]){re.escape(secret)}(?![0-9])", text)
            assert not held, f"the log holds {secret!r}"
        for file in (self.directory / "keys").rglob("*"):
            if file.is_file():
                for word in file.read_text(errors="replace").replace('"', " ").split():
                    assert len(word) < 40 or word in self.made.values() or word not in text, f"the log holds what is in {file.name}"

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- its clock ----

    def now(self):
        return time.time() + self.offset

    def moment(self, days=0.0):
        return datetime.datetime.fromtimestamp(self.now(), datetime.timezone.utc) + datetime.timedelta(days=days)

    def day(self, days=0):
        return self.moment(days).date().isoformat()

    def time_text(self, days=0.0):
        return self.moment(days).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    # ---- requests ----

    def request(self, method, target, body=None, headers=None):
        answer = self.http.request(method, target, body, headers)
        self.contract.check_answer(method, target, answer)
        return answer

    def get(self, target, **headers):
        """A public read."""
        return self.request("GET", target, headers=headers)

    def send(self, path, body, content_type=jws.JOSE, headers=None):
        """Posts bytes as they are; receipts in the answer are verified."""
        answer = self.request("POST", path, body, {"Content-Type": content_type, **(headers or {})})
        if answer.body.startswith(b"{"):
            self.check_receipts(answer.json, body if content_type == jws.JOSE else None)
        return answer

    def check_receipts(self, answer, command):
        results = answer.get("results", [])
        for holder in [answer, *results]:
            if "receipt" in holder:
                entry, _, checkpoint = ledger.check_receipt(holder["receipt"], command, self.vkey)
                self.seen.append(checkpoint)
                known = self.entries.setdefault(entry["seq"], holder["receipt"]["entry"])
                assert known == holder["receipt"]["entry"], f"entry {entry['seq']} has one text only"

    def checkpoint(self):
        checkpoint = ledger.open_checkpoint(self.get("/checkpoint").ok_text(), self.vkey)
        self.seen.append(checkpoint)
        return checkpoint

    def size(self):
        return self.checkpoint().size

    @contextlib.contextmanager
    def unchanged(self):
        """Nothing inside may add an entry."""
        before = self.checkpoint()
        yield
        after = self.checkpoint()
        assert (after.size, after.root) == (before.size, before.root), "nothing was recorded"

    @contextlib.contextmanager
    def grows(self, entries):
        before = self.size()
        yield
        assert self.size() == before + entries

    # ---- the whole ledger ----

    def verify(self):
        """Recomputes the public ledger from its tiles and compares all that was met before."""

        def fetch(path):
            answer = self.get(path)
            assert answer.status == 200, f"{path}: {answer.status}"
            return answer.body

        checkpoint, entries = ledger.verify_ledger(fetch, self.vkey, self.seen)
        for seq, text in self.entries.items():
            assert entries[seq] == text, f"entry {seq} is what its receipt said"
        return checkpoint, entries

    def audit(self):
        """The program's own audit from inside, of a stopped registry: (exit code, report)."""
        done = tallystick("audit", self.directory, "--json")
        assert not any(mark in done.stderr for mark in SANITIZER_MARKS), done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {"stderr": done.stderr}

    # ---- people and papers ----

    def register(self, name, roles, identifiers=None, key=None, token=True, **members):
        key = key or jws.Key()
        if identifiers is None:
            identifiers = {"uscc": uscc(next(SERIALS))}
        self.secrets.update([name, *identifiers.values()])
        payload = {"name": name, "roles": roles, "identifiers": identifiers, "public_key": key.public, **members}
        answer = self.operator.post("/v1/participants", payload).ok(201)
        made = Participant(self, key, answer["participant"])
        if token:
            made.token, _ = made.issue_token()
        return made

    def cast(self):
        """The usual people of the stories."""
        self.operator.token, _ = self.operator.issue_token()
        self.supplier = self.register("Bluewater Machinery", ["supplier"])
        self.debtor = self.register("Northgate Motors", ["core_enterprise"])
        self.other_supplier = self.register("Redhill Castings", ["supplier"])
        self.other_debtor = self.register("Southport Rail", ["core_enterprise"])
        self.reviewer = self.register("Quay Review Services", ["reviewer"], {})
        self.lender = self.register("Harbour Bank", ["lender"], {})
        return self

    def invoice(self, seller=None, buyer=None, days=60, issued=1, number=None, gross=None, currency="CNY", **members):
        """A fresh invoice, unlike any other: payload of POST /v1/receivables. Members of "invoice" go by invoice_…"""
        serial = next(self.serial)
        invoice = {
            "number": number or f"INV-{self.offset // 86400}-{serial:05d}",
            "issue_date": self.day(-issued),
            "due_date": self.day(days),
            "currency": currency,
            "gross_amount": gross or f"{10000 + serial}.00",
            "seller": {"participant": (seller or self.supplier).id},
            "buyer": {"participant": (buyer or self.debtor).id},
        }
        self.secrets.update([invoice["number"], invoice["gross_amount"]])
        for name in [name for name in members if name.startswith("invoice_")]:
            invoice[name[8:]] = members.pop(name)
        return {"invoice": {k: v for k, v in invoice.items() if v is not None}, **members}

    def registered(self, seller=None, buyer=None, **how):
        """A receivable submitted by its seller and registered."""
        seller = seller or self.supplier
        answer = seller.submit(self.invoice(seller=seller, buyer=buyer, **how)).ok(201)
        assert answer["receivable"]["life"] == "registered"
        return answer["receivable"]

    def confirmed(self, seller=None, buyer=None, **how):
        """(receivable, claim) after the debtor's confirmation."""
        receivable = self.registered(seller, buyer, **how)
        answer = (buyer or self.debtor).act(receivable, "confirm").ok()
        return answer["receivable"], answer["claim"]

    def policy(self, **changes):
        """Sets the policy with these changes; returns the new one."""
        current = self.operator.get("/v1/policy").ok()
        fields = {k: v for k, v in current.items() if k not in ("version", "set_at", "seq")}
        payload = {"base_version": current["version"], "policy": {**fields, **changes}}
        return self.operator.post("/v1/policy", payload).ok(201)["policy"]
