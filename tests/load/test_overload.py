"""More than can be done: what is refused says when to come back, what was taken is done, and soon after all is as before."""

import collections
import os
import selectors
import socket
import time

import jws
import pytest
from here import ROOT, LoadRegistry, cpu_us, raise_descriptors
from http_client import parse_answers

raise_descriptors()
SHIM = os.environ.get("TALLYSTICK_SLOW_DISK") or str(ROOT / "build" / "release" / "slow_disk.so")
QUEUE = 4096  # commands that may wait for the writer
RECOVERED_S = 10  # on a machine that does other things too; what it took is printed
PATIENCE_S = 60
HEAD = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n"


def wire(path, kind, body, more=""):
    return HEAD.format(path, kind, len(body), more).encode() + body


class Crowd:
    """Requests over a connection each, and what comes back: `answers`, by their numbers."""

    def __init__(self, port, requests):
        self.selector, self.heard, self.answers = selectors.DefaultSelector(), collections.defaultdict(bytes), {}
        for number, data in enumerate(requests):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.sendall(data)
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, number)

    def listen(self, until):
        """Takes answers until the condition holds of how many there are."""
        deadline = time.monotonic() + PATIENCE_S
        while not until(len(self.answers)) and time.monotonic() < deadline:
            for key, _ in self.selector.select(0.02):
                self.heard[key.data] += key.fileobj.recv(65536)
                if b"\r\n\r\n" in self.heard[key.data] and self.heard[key.data].endswith(b"}"):
                    [self.answers[key.data]] = parse_answers(self.heard[key.data])
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def settled(crowd):
    """Until no more answers come while the disk stands still."""
    last = [-1, time.monotonic()]

    def quiet(count):
        if count != last[0]:
            last[:] = [count, time.monotonic()]
        return time.monotonic() - last[1] > 1.5

    crowd.listen(quiet)
    return dict(crowd.answers)


@pytest.fixture
def held(tmp_path):
    """(registry, the file that holds its disk)"""
    made = LoadRegistry(tmp_path / "ledger")
    hold = made.directory / "hold"
    made.start(env={"LD_PRELOAD": SHIM, "SLOW_DISK": str(hold)}).cast()
    made.policy(similar_within_days=0)
    try:
        yield made, hold
        made.stop()
        code, report = made.audit()
        assert code == 0 and report["findings"] == []
    finally:
        hold.unlink(missing_ok=True)
        if made.process:
            made.kill()


def recovers(registry):
    """How long it takes until a new command is done that was tried again and again."""
    start, body = time.monotonic(), registry.supplier.sign("/v1/receivables", registry.invoice())
    while (answer := registry.send("/v1/receivables", body)).status == 503:
        pass
    answer.ok(201)
    return time.monotonic() - start


def refused_well(answer, slug):
    answer.problem(slug)
    assert answer.status in (429, 503) and int(answer.headers["retry-after"]) >= 1


def test_a_queue_that_is_full_refuses_and_loses_nothing(held):
    registry, hold = held
    bodies = [registry.supplier.sign("/v1/receivables", registry.invoice()) for _ in range(QUEUE + 1500)]
    before = registry.supplier.sign("/v1/receivables", registry.invoice())
    answered = registry.send("/v1/receivables", before)
    answered.ok(201)
    size = registry.size()
    hold.touch()
    crowd = Crowd(registry.port, [wire("/v1/receivables", jws.JOSE, body) for body in bodies])
    refused = settled(crowd)
    for answer in refused.values():
        refused_well(answer, "overloaded")
    assert 0 < len(refused) <= 1500 and registry.supplier.get("/v1/me").status == 200, "reads go on"
    again = registry.send("/v1/receivables", before)
    assert (again.status, again.body) == (201, answered.body), "and what was done before is answered as it was"
    used = cpu_us(registry.process)
    hold.unlink()
    took = recovers(registry)
    used = cpu_us(registry.process) - used
    crowd.listen(lambda count: count == len(bodies))
    answers = crowd.answers
    taken = [n for n, answer in answers.items() if n not in refused and answer.status == 201]
    crowd.close()
    print(
        f"\n{len(bodies)} commands at a disk that stands still: {len(refused)} refused with 503, {len(taken)} done; "
        f"recovered in {took * 1000:.0f} ms, {used / 1000:.0f} ms of them the server's own"
    )
    assert len(taken) + len(refused) == len(bodies) and took < RECOVERED_S
    assert registry.size() == size + len(taken) + 1
    for n in list(refused)[:20]:  # what was refused was not used up
        registry.send("/v1/receivables", bodies[n]).ok(201)


def test_batches_that_are_too_many_are_refused(held):
    registry, hold = held

    def batch():
        items = [{"jws": registry.supplier.sign("/v1/receivables", registry.invoice()).decode()} for _ in range(10)]
        return jws.compact({"mode": "independent", "commands": items})

    bodies, size = [batch() for _ in range(12)], registry.size()
    hold.touch()
    crowd = Crowd(registry.port, [wire("/v1/batches", "application/json", body) for body in bodies])
    refused = settled(crowd)
    for answer in refused.values():
        refused_well(answer, "overloaded")
    assert refused
    hold.unlink()
    took = recovers(registry)
    crowd.listen(lambda count: count == len(bodies))
    done = [answer for n, answer in crowd.answers.items() if n not in refused]
    crowd.close()
    print(f"\n{len(bodies)} batches: {len(refused)} refused with 503, {len(done)} done; recovered in {took * 1000:.0f} ms")
    assert all([result["status"] for result in answer.json["results"]] == [201] * 10 for answer in done) and took < RECOVERED_S
    assert registry.size() == size + 10 * len(done) + 1


def test_connections_beyond_the_limit_wait_and_are_served_when_there_is_room(tmp_path):
    registry = LoadRegistry(tmp_path / "ledger")
    registry.options[registry.options.index("--connections-max") + 1] = "50"
    registry.start().cast()
    try:
        registry.http.close()
        idle = [socket.create_connection(("127.0.0.1", registry.port)) for _ in range(50)]
        late = Crowd(registry.port, [b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"] * 20)
        assert not settled(late), "there is no room"
        start = time.monotonic()
        for sock in idle:
            sock.close()
        late.listen(lambda count: count == 20)
        took = time.monotonic() - start
        print(f"\n20 connections beyond the limit were served {took * 1000:.0f} ms after there was room")
        assert [answer.status for answer in late.answers.values()] == [200] * 20 and took < RECOVERED_S
        late.close()
        registry.stop()
    finally:
        if registry.process:
            registry.kill()


def test_a_rate_that_is_used_up_comes_back_as_told(tmp_path):
    registry = LoadRegistry(tmp_path / "ledger")
    registry.start().cast()
    registry.options[registry.options.index("--rate-commands-per-minute") + 1] = "600"
    registry.options += ["--rate-commands-burst", "20"]
    registry.restart()
    try:
        bodies = [registry.supplier.sign("/v1/receivables", registry.invoice()) for _ in range(200)]
        crowd = Crowd(registry.port, [wire("/v1/receivables", jws.JOSE, body) for body in bodies])
        crowd.listen(lambda count: count == len(bodies))
        answers = crowd.answers
        statuses = collections.Counter(answer.status for answer in answers.values())
        refused = [n for n, answer in answers.items() if answer.status == 429]
        for n in refused:
            refused_well(answers[n], "rate-limited")
        start, told = time.monotonic(), max(int(answers[n].headers["retry-after"]) for n in refused)
        while registry.send("/v1/receivables", bodies[refused[0]]).status == 429:
            pass
        took = time.monotonic() - start
        crowd.close()
        print(f"\n200 commands at once: {dict(statuses)}; taken again after {took * 1000:.0f} ms, told {told} s")
        assert statuses[201] >= 20 and set(statuses) == {201, 429} and took < told + RECOVERED_S
        registry.stop()
    finally:
        if registry.process:
            registry.kill()
