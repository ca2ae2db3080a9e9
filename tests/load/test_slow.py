"""Slow clients by the hundred, a byte at a time: each is cut when its request's time is over, however regularly its bytes come, and
honest clients are served meanwhile.

TALLYSTICK_SLOW says how many there are of each kind."""

import os
import selectors
import socket
import statistics
import time

import pytest
from here import LoadRegistry, raise_descriptors

import jws
from certificates import Authority

raise_descriptors()
SLOW = int(os.environ.get("TALLYSTICK_SLOW", "100"))
DEADLINE_S, EVERY_S, PATIENCE_S = 2, 0.5, 60
LINGERED = 30  # seconds: what no client may be kept; a byte each EVERY_S would keep it for minutes
READ = "GET {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n"
POST = f"POST /v1/receivables HTTP/1.1\r\nHost: x\r\nContent-Type: {jws.JOSE}\r\n"


class Drip:
    """A connection that sends `said` at once, then `rest` byte by byte; or reads byte by byte what it asked for."""

    def __init__(self, port, said, rest=b"", reads=False):
        self.sock = socket.socket()
        if reads:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sock.connect(("127.0.0.1", port))
        self.sock.sendall(said)
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.rest, self.at, self.reads, self.began, self.ended = rest, 0, reads, time.monotonic(), None
        self.heard = b""

    def step(self):
        """One byte more; notes when the server has ended it."""
        try:
            if self.reads:
                ended = self.sock.recv(1) == b""
            else:
                self.sock.send(self.rest[self.at : self.at + 1])
                self.at += 1
                ended = False
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if ended:
            self.end()

    def hear(self):
        """What the server says to one that sends."""
        try:
            data = self.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.heard += data
        if not data:
            self.end()

    def end(self):
        self.ended = self.ended or time.monotonic()


def let_go(port):
    """The clients whose connection the server at `port` has closed: their end hears of it only behind all that it has not read.
    (An answer that the kernel has taken whole is sent; then the connection is idle.)"""
    closed = set()
    for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]:
        fields = line.split()
        local, remote = (int(fields[i].rpartition(":")[2], 16) for i in (1, 2))
        if local == port and fields[9] == "0":  # no process has it open
            closed.add(remote)
    return closed


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    chain, key, _ = Authority(folder).issue()
    tls = ["--listen", "https://127.0.0.1:0", "--tls-certificate", str(chain), "--tls-key", str(key)]
    made = LoadRegistry(folder / "ledger")
    made.start().cast()
    made.policy(similar_within_days=0)
    for _ in range(15):
        items = [{"jws": made.supplier.sign("/v1/receivables", made.invoice()).decode()} for _ in range(60)]
        made.send("/v1/batches", jws.compact({"mode": "independent", "commands": items}), "application/json").ok()
    for page in range(2):
        for item in made.supplier.get("/v1/receivables?limit=400").ok()["items"][400 * page :]:
            made.debtor.act(item["id"], "confirm").ok()
    made.options += ["--request-deadline-ms", str(1000 * DEADLINE_S), "--idle-ms", "2000", *tls]
    made.restart()
    made.tls_port = int(made.process.stdout.readline().rpartition(":")[2])
    yield made
    made.stop()


def kinds(registry):
    """{what drips: a maker}"""
    token, many = registry.supplier.token, b"a" * 10_000
    page, csv = READ.format("/v1/receivables?limit=100", token).encode(), READ.format("/v1/claims.csv", token).encode()
    return {
        "nothing at all": lambda: Drip(registry.port, b""),
        "the request line": lambda: Drip(registry.port, b"GET /", many),
        "headers": lambda: Drip(registry.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", many),
        "a body": lambda: Drip(registry.port, f"{POST}Content-Length: 9000\r\n\r\n".encode(), many),
        "a chunked body": lambda: Drip(registry.port, f"{POST}Transfer-Encoding: chunked\r\n\r\n".encode(), b"1\r\na\r\n" * 2000),
        "an upload": lambda: Drip(
            registry.port, f"POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\n"
            f"Idempotency-Key: {jws.new_jti()}\r\nContent-Length: 9000\r\n\r\n".encode(), many),
        "a TLS handshake": lambda: Drip(registry.tls_port, b"\x16\x03\x01", b"\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(9000)),
        "the reading of a page": lambda: Drip(registry.port, page, reads=True),
        "the reading of a download": lambda: Drip(registry.port, csv, reads=True),
    }  # fmt: skip


def test_slow_clients_are_cut_and_honest_ones_are_served(registry):
    drips = {name: [make() for _ in range(max(1, SLOW // 10) if "reading" in name else SLOW)] for name, make in kinds(registry).items()}
    everyone = [drip for some in drips.values() for drip in some]
    selector, waits, began = selectors.DefaultSelector(), [], time.monotonic()
    for drip in everyone:
        if not drip.reads:
            selector.register(drip.sock, selectors.EVENT_READ, drip)
    next_step = began
    while any(not drip.ended for drip in everyone) and time.monotonic() < began + PATIENCE_S:
        for key, _ in selector.select(0):
            key.data.hear()
            if key.data.ended:
                selector.unregister(key.fileobj)
        start = time.monotonic()
        registry.supplier.get("/v1/me").ok()
        waits.append(time.monotonic() - start)
        if start >= next_step:
            next_step = start + EVERY_S
            closed = let_go(registry.port)
            for drip in everyone:
                if not drip.ended:
                    drip.step()
                    if drip.reads and drip.port in closed:
                        drip.end()
    registry.registered()
    print(f"\n{len(everyone)} slow clients, {len(waits)} honest reads meanwhile, median {statistics.median(waits) * 1000:.1f} ms")
    for name, some in drips.items():
        lasted = [(drip.ended or float("inf")) - drip.began for drip in some]
        print(f"{len(some):5} x {name}: {min(lasted):.1f} to {max(lasted):.1f} s")
        assert max(lasted) < LINGERED, name
    told = [drip.heard for name in ("headers", "a body", "a chunked body", "an upload") for drip in drips[name]]
    assert all(heard.startswith(b"HTTP/1.1 408 ") and b"request-timeout" in heard for heard in told)
    for drip in everyone:
        drip.sock.close()
