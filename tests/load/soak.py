"""A long mixed load at a modest rate on one server, and whether its memory, descriptors, threads and WAL stay flat.

    soak.py MINUTES [--rate PER_SECOND] [--dir DIR]        make soak MINUTES=30

Every answer is checked by the act that asked. Shorter than JUDGED_MINUTES it only shows that it works."""

import argparse
import collections
import json
import pathlib
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

from here import LoadRegistry, raise_descriptors, tallystick

import jws
from bearer import register
from bulk_world import plain, signed
from financing_world import World, minor, text
from http_client import HttpClient
from receiver import Receiver

THREADS, EVERY_S, JUDGED_MINUTES = 4, 5, 5
KEPT = 400  # things of each kind that later acts choose from
# What may be added in an hour before it counts as growth. (The WAL's file is as long as it ever had to be.)
ALLOWED = {"anonymous_kib": 8 * 1024, "rss_kib": 16 * 1024, "descriptors": 4, "threads": 0.5}
WAL_MAX_KIB = 128 * 1024


class Endpoint(Receiver):
    """Counts messages instead of keeping them; one in fifty fails at first."""

    def take(self, path, headers, body):
        with self.changed:
            self.counts[path] += 1
            return 503 if self.counts[path] % 50 == 0 else 200


class Crowd:
    """The people, what they have made so far, and what they do."""

    def __init__(self, registry, endpoint):
        self.registry, self.lock = registry, threading.Lock()
        self.world = World(registry)
        registry.policy(similar_within_days=0)
        self.mill = register(registry, "Kept Mill", ["supplier"], ["read", "submit", "confirm"])
        for program in range(3):
            self.world.program(total_limit="900000000000.00", amount_max="900000000.00", tenor_max_days=300 + program)
        for owner in (registry.supplier, registry.lender):
            owner.post("/v1/webhooks", {"url": endpoint.url("/" + owner.id), "events": ["receivable.", "claim.", "financing."]}).ok(201)
        self.made = collections.defaultdict(lambda: collections.deque(maxlen=KEPT))
        self.counts, self.faults = collections.Counter(), []
        self.acts = [
            (self.register, 22), (self.confirm, 14), (self.read_one, 18), (self.read_lists, 6), (self.read_ledger, 12),
            (self.refused, 8), (self.custody, 6), (self.repeated, 3), (self.split, 2), (self.transfer, 2), (self.finance, 2),
            (self.reconnect, 5), (self.give_up, 2), (self.batch, 0.7), (self.upload, 0.3), (self.statement, 0.5),
        ]  # fmt: skip

    def pick(self, kind, take=False):
        with self.lock:
            kept = self.made[kind]
            return None if not kept else kept.popleft() if take else random.choice(kept)

    def keep(self, kind, thing):
        with self.lock:
            self.made[kind].append(thing)

    def one(self):
        act = random.choices([act for act, _ in self.acts], [weight for _, weight in self.acts])[0]
        act()
        with self.lock:
            self.counts[act.__name__] += 1

    # ---- acts; each asserts its answer ----

    def register(self):
        body = self.registry.supplier.sign("/v1/receivables", self.registry.invoice())
        answer = self.registry.send("/v1/receivables", body).ok(201)
        self.keep("receivable", answer["receivable"]["id"])
        self.keep("unconfirmed", answer["receivable"]["id"])
        self.keep("sent", (body, answer["receivable"]["id"]))

    def confirm(self):
        receivable = self.pick("unconfirmed", take=True)
        if receivable is None:
            return self.register()
        claim = self.registry.debtor.act(receivable, "confirm").ok()["claim"]["id"]
        self.keep("claim", claim)
        self.keep("free", claim)

    def read_one(self):
        for kind, path in (("receivable", "/v1/receivables/"), ("claim", "/v1/claims/")):
            if thing := self.pick(kind):
                assert self.registry.supplier.get(path + thing).ok()["id"] == thing
                self.registry.other_debtor.get(path + thing).problem("not-found")

    def read_lists(self):
        supplier = self.registry.supplier
        for target in ("/v1/receivables?limit=50", "/v1/claims?limit=50&sort=due_date", "/v1/claims/totals", "/v1/webhooks", "/v1/tokens"):
            supplier.get(target).ok()

    def read_ledger(self):
        size = int(self.registry.get("/checkpoint").ok_text().split("\n")[1])
        seq = random.randrange(size)
        assert self.registry.get(f"/v1/entries/{seq}").ok()["seq"] == seq
        self.registry.get(f"/v1/entries/{seq}/proof").ok_text()
        if size > 256:
            assert len(self.registry.get("/tile/0/000").body) == 8192

    def refused(self):
        registry, invoice = self.registry, self.registry.invoice()
        registry.supplier.submit(invoice, key=jws.Key()).problem("unknown-key")
        registry.supplier.submit({**invoice, "x": 1}).problem("invalid-fields")
        registry.send("/v1/receivables", b"{" * 500).problem("malformed-json")
        registry.request("GET", "/v1/me", headers={"Authorization": "Bearer ts_none"}).problem("unauthenticated")
        if claim := self.pick("claim"):
            registry.other_debtor.post(f"/v1/claims/{claim}/dispute", {"reason": "other", "note": "x"}).problem("not-found")

    def custody(self):
        paper = self.registry.invoice(seller=self.mill)
        made = self.mill.post("/v1/receivables", paper).ok(201)["receivable"]
        assert self.mill.get(f"/v1/receivables/{made['id']}").ok()["life"] == "registered"

    def repeated(self):
        if kept := self.pick("sent"):
            body, receivable = kept
            assert self.registry.send("/v1/receivables", body).ok(201)["receivable"]["id"] == receivable

    def split(self):
        if claim := self.pick("free", take=True):
            owner = self.registry.supplier
            amount = minor(owner.get(f"/v1/claims/{claim}").ok()["outstanding_amount"])
            parts = [{"amount": "1.00"}, {"amount": text(amount - 100)}]
            self.keep("claim", owner.post(f"/v1/claims/{claim}/split", {"parts": parts}).ok(201)["claims"][0]["id"])

    def transfer(self):
        if claim := self.pick("free", take=True):
            to = self.registry.other_supplier
            self.registry.supplier.post(f"/v1/claims/{claim}/transfer", {"recipients": [{"participant": to.id}]}).ok(201)
            to.post(f"/v1/claims/{claim}/accept_transfer").ok()

    def finance(self):
        if claim := self.pick("free", take=True):
            offers = self.world.ask([claim]).ok(201)["offers"]
            financing = self.world.accept(offers[0]).ok(201)["financing"]
            self.world.disburse(financing).ok()
            self.world.pay(claim, self.registry.debtor.get(f"/v1/claims/{claim}").ok()["outstanding_amount"]).ok(201)

    def reconnect(self):
        self.registry.http.close()
        self.registry.supplier.get("/v1/me").ok()

    def give_up(self):
        """Half a request, and gone."""
        with socket.create_connection(("127.0.0.1", self.registry.port)) as sock:
            sock.sendall(b"POST /v1/receivables HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose+json\r\nContent-Length: 900\r\n\r\n{")

    def batch(self):
        mode = random.choice(("independent", "atomic"))
        items = [signed(self.registry.supplier, "/v1/receivables", self.registry.invoice()) for _ in range(20)]
        answer = self.registry.send("/v1/batches", jws.compact({"mode": mode, "commands": items}), "application/json").ok()
        assert [result["status"] for result in answer["results"]] == [201] * 20
        head = {"Authorization": f"Bearer {self.mill.token}"}
        items = [plain("/v1/receivables", self.registry.invoice(seller=self.mill)) for _ in range(20)]
        body = jws.compact({"mode": mode, "commands": items})
        answer = self.registry.send("/v1/batches", body, "application/json", head).ok()
        assert [result["status"] for result in answer["results"]] == [201] * 20

    def upload(self):
        papers = [self.registry.invoice(seller=self.mill)["invoice"] for _ in range(50)]
        rows = [
            f"{p['number']},{p['issue_date']},{p['due_date']},{p['currency']},{p['gross_amount']},{self.mill.id},{self.registry.debtor.id}\n"
            for p in papers
        ]
        body = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n" + "".join(rows)
        key = jws.new_jti()
        head = {"Authorization": f"Bearer {self.mill.token}", "Content-Type": "text/csv", "Idempotency-Key": key}
        assert self.registry.request("POST", "/v1/uploads", body.encode(), head).ok()["accepted"] == 50
        assert len(self.mill.get(f"/v1/uploads/{key}/results?limit=100").ok()["items"]) == 50

    def statement(self):
        self.registry.supplier.get(f"/v1/statements/{self.registry.day()}").ok()

    # ---- the rate ----

    def work(self, stop_at, interval_s):
        due = time.monotonic() + random.random() * interval_s
        while (now := time.monotonic()) < stop_at:
            if due > now:
                time.sleep(due - now)
            else:
                due = max(due, now - 5)  # what fell far behind is not made up for
            due += interval_s
            try:
                self.one()
            except Exception as fault:  # one that is not as it should be must not end the half hour
                with self.lock:
                    self.faults.append(f"{type(fault).__name__}: {fault}"[:600])
        self.registry.http.close()


def sample(process, directory):
    """What the kernel says of the process."""
    proc = pathlib.Path(f"/proc/{process.pid}")
    fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    wal = sum(path.stat().st_size for path in pathlib.Path(directory).glob("*.db-wal"))
    return {
        "anonymous_kib": int(fields["RssAnon"].split()[0]),
        "rss_kib": int(fields["VmRSS"].split()[0]),
        "descriptors": len(list((proc / "fd").iterdir())),
        "threads": int(fields["Threads"]),
        "wal_kib": wal // 1024,
    }


def cpu_s(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def judge(samples, minutes):
    """Prints the table; the names of what grew."""
    from flatness import growth

    grown = []
    print(f"{'':16}{'at first':>12}{'median':>12}{'most':>12}{'at last':>12}{'per hour':>14}{'at least':>12}{'allowed':>10}")
    for name, allowed in ALLOWED.items():
        series = [(moment, values[name]) for moment, values in samples]
        values = [value for _, value in series]
        line = f"{name:16}{values[0]:12}{sorted(values)[len(values) // 2]:12}{max(values):12}{values[-1]:12}"
        if minutes >= JUDGED_MINUTES:
            per_hour, least = growth(series)
            line += f"{per_hour:14.1f}{least:12.1f}{allowed:10}"
            grown += [name] if least > allowed else []
        print(line)
    wal = [values["wal_kib"] for _, values in samples]
    print(f"{'wal_kib':16}{wal[0]:12}{sorted(wal)[len(wal) // 2]:12}{max(wal):12}{wal[-1]:12}{'':26}{WAL_MAX_KIB:10}")
    return grown + (["wal_kib"] if max(wal) > WAL_MAX_KIB else [])


def run(registry, minutes, rate):
    with Endpoint() as endpoint:
        crowd = Crowd(registry, endpoint)
        started, samples = time.monotonic(), []
        stop_at = started + 60 * minutes
        threads = [threading.Thread(target=crowd.work, args=(stop_at, THREADS / rate), daemon=True) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        while (now := time.monotonic()) < stop_at:
            samples.append((now - started, sample(registry.process, registry.directory)))
            if len(samples) % (60 // EVERY_S) == 0:
                done = sum(crowd.counts.values())
                print(f"{(now - started) / 60:5.1f} min {done:8} acts {len(crowd.faults):4} faults", samples[-1][1], flush=True)
            time.sleep(min(EVERY_S if minutes >= JUDGED_MINUTES else 0.5, max(0, stop_at - now)))
        for thread in threads:
            thread.join()
        print(f"acts: {dict(crowd.counts)}; webhooks delivered: {sum(endpoint.counts.values())}; server CPU {cpu_s(registry.process):.0f} s")
        return crowd, samples


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("minutes", type=float)
    parser.add_argument("--rate", type=float, default=100, help="acts a second; most are one request, some are fifty")
    parser.add_argument("--dir", help="where the registry is made")
    parser.add_argument("--samples", help="a file for the samples, as JSON")
    args = parser.parse_args()
    raise_descriptors()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="soak-", dir=args.dir))
    registry = LoadRegistry(folder / "ledger")
    registry.start().cast()
    try:
        crowd, samples = run(registry, args.minutes, args.rate)
        size = registry.size()
        registry.stop()
        if args.samples:
            pathlib.Path(args.samples).write_text(json.dumps(samples))
        grown = judge(samples, args.minutes)
        audit = tallystick("audit", registry.directory, "--json")
        print(f"{size} entries; audit: {'whole' if audit.returncode == 0 else audit.stdout[-2000:] + audit.stderr[-2000:]}")
        for fault, times in collections.Counter(crowd.faults).most_common(10):
            print(f"{times} x {fault}")
        if grown or crowd.faults or audit.returncode != 0 or not crowd.counts:
            sys.exit(f"not flat: {', '.join(grown)}" if grown else "the soak met faults")
        print("flat" if args.minutes >= JUDGED_MINUTES else "too short to be judged for flatness")
    finally:
        if registry.process:
            registry.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
