"""Ten thousand connections that say nothing, or nothing any more: what they take, and how others are served meanwhile.

TALLYSTICK_IDLE says how many. It needs twice as many descriptors and a few; fewer are opened where the system gives less."""

import os
import pathlib
import socket
import statistics
import time

import pytest
from here import LoadRegistry, cpu_us, raise_descriptors

IDLE = min(int(os.environ.get("TALLYSTICK_IDLE", "1000")), raise_descriptors() - 2000)
READS = 500
STAY, PATIENCE_S = 512, 60  # connections that stay for as long as the settings say
SAYS_NOTHING, WAS_SERVED = b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def anonymous_kib(process):
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return int(fields["RssAnon"].split()[0])


def served(registry):
    """(CPU of the server per read, median and 99th percentile of the time it took), in microseconds; one client."""
    took, before = [], cpu_us(registry.process)
    for _ in range(READS):
        start = time.perf_counter()
        registry.supplier.get("/v1/me").ok()
        took.append((time.perf_counter() - start) * 1e6)
    used = (cpu_us(registry.process) - before) / READS
    return used, statistics.median(took), sorted(took)[READS * 99 // 100]


def open_idle(port, said):
    sockets = []
    for _ in range(IDLE):
        one = socket.create_connection(("127.0.0.1", port))
        if said:
            one.sendall(said)
        sockets.append(one)
    for one in sockets if said else ():
        one.settimeout(60)
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
    return sockets


@pytest.fixture
def registry(tmp_path):
    made = LoadRegistry(tmp_path / "ledger", options=["--idle-ms", "60000", "--request-deadline-ms", "30000"])
    made.start().cast()
    yield made
    made.stop()


def report(what, idle, before, after, memory):
    print(
        f"\n{idle} connections that {what}: {memory / idle:.2f} KiB each; CPU per read {before[0]:.0f} -> {after[0]:.0f} us, "
        f"median {before[1]:.0f} -> {after[1]:.0f} us, 99 % {before[2]:.0f} -> {after[2]:.0f} us"
    )


@pytest.mark.parametrize("what, said", [("say nothing", SAYS_NOTHING), ("were served", WAS_SERVED)])
def test_others_are_served_while_thousands_are_idle(registry, what, said):
    served(registry)
    before, memory = served(registry), anonymous_kib(registry.process)
    sockets = open_idle(registry.port, said)
    try:
        registry.supplier.get("/v1/me").ok()  # behind them all: they have been accepted
        after = served(registry)
        report(what, IDLE, before, after, anonymous_kib(registry.process) - memory)
        registry.registered()
        if IDLE > 2 * STAY:
            report(f"{what}, but for those that were let go", IDLE, before, shed(registry, before[0]), 0)
    finally:
        for one in sockets:
            one.close()
    registry.supplier.get("/v1/me").ok()


def shed(registry, before_us):
    """Too many are let go long before their time: until a read costs what it did beside no more than STAY of them."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := served(registry))[0] > before_us + STAY and time.monotonic() < deadline:
        pass
    assert time.monotonic() < deadline
    return found
