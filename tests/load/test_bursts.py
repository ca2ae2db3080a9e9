"""Bursts of 2,000 requests at 256 connections, reads and commands mixed, kept and fresh connections: each is answered, with its own answer.

TALLYSTICK_BURSTS says how many."""

import collections
import json
import os
import pathlib
import subprocess

import jws
import pytest
from here import ROOT, LoadRegistry

BURSTS = int(os.environ.get("TALLYSTICK_BURSTS", "5"))
SIZE, CONNECTIONS, COMMANDS = 2000, 256, 200  # requests of a burst; commands among them
SIGNED = 25  # bursts whose commands are signed in one go
CROWD = os.environ.get("TALLYSTICK_CROWD") or str(ROOT / "build" / "release" / "crowd")


def wire(kind, status, needle, method, path, head, body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *head]
    lines += [f"Content-Length: {len(body)}"] if method == "POST" else []
    data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return f"{kind} {len(data)} {status} {needle}\n".encode() + data


def reads(registry, receivables):
    """Each knows its answer by what no other has in it."""
    token = [f"Authorization: Bearer {registry.supplier.token}"]
    for one in receivables:
        yield wire("R", 200, one, "GET", f"/v1/receivables/{one}", token)
    for seq in range(10, 60):
        yield wire("R", 200, f'"seq":{seq},', "GET", f"/v1/entries/{seq}", [])
        yield wire("R", 200, f"index {seq}", "GET", f"/v1/entries/{seq}/proof", [])
    yield wire("R", 200, receivables[0], "GET", "/v1/receivables?limit=20&order=asc", token)
    yield wire("R", 200, registry.supplier.id, "GET", "/v1/me", token)
    yield wire("R", 401, "unauthenticated", "GET", "/v1/me", [])
    yield wire("R", 404, "not-found", "GET", "/v1/nothing", [])
    yield wire("R", 200, registry.origin, "GET", "/checkpoint", [])


def commands(registry, count):
    """Registrations, and in between what is refused."""
    head = [f"Content-Type: {jws.JOSE}"]
    for i in range(count):
        invoice = registry.invoice()
        if i % 10 == 9:
            invoice["invoice"]["currency"] = "ZZZ"
            yield wire("C", 422, "invalid-fields", "POST", "/v1/receivables", head, registry.supplier.sign("/v1/receivables", invoice))
        else:
            needle = f'"{invoice["invoice"]["number"]}"'
            yield wire("C", 201, needle, "POST", "/v1/receivables", head, registry.supplier.sign("/v1/receivables", invoice))


@pytest.fixture
def registry(tmp_path):
    made = LoadRegistry(tmp_path / "ledger")
    made.start().cast()
    made.policy(similar_within_days=0)
    try:
        yield made
        made.stop()
        code, report = made.audit()
        assert code == 0 and report["findings"] == []
    finally:
        if made.process:
            made.kill()


def crowd(registry, bursts, path):
    done = subprocess.run([CROWD, str(registry.port), str(CONNECTIONS), str(bursts), str(SIZE), path], capture_output=True, check=False)
    (path.parent / "complaints").write_bytes(done.stderr)  # of which pytest keeps the last few
    return done.returncode, json.loads(done.stdout)


def test_no_request_of_a_burst_is_lost(registry, tmp_path):
    receivables, size, total = [registry.registered()["id"] for _ in range(100)], registry.size(), collections.Counter()
    for start in range(0, BURSTS, SIGNED):  # a signature is good for some minutes only
        bursts, path = min(SIGNED, BURSTS - start), tmp_path / "requests"
        with open(path, "wb") as file:
            file.writelines(reads(registry, receivables))
            file.writelines(commands(registry, bursts * COMMANDS))
        code, result = crowd(registry, bursts, path)
        assert (code, result["answered"], result["wrong"], result["lost"], result["hung"]) == (0, bursts * SIZE, 0, 0, 0), (result, (tmp_path / "complaints").read_text()[:2000])
        slowest = max(total["slowest_ms"], result["slowest_ms"])
        total.update(result)
        total["slowest_ms"] = slowest
    print(f"\n{dict(total)}")
    assert registry.size() == size + BURSTS * COMMANDS * 9 // 10, "as many entries as were acknowledged"
    assert registry.get("/healthz").status == 200


def test_the_crowd_notices_a_wrong_answer_and_a_lost_request(registry, tmp_path):
    path = pathlib.Path(tmp_path / "requests")
    path.write_bytes(wire("R", 200, "no-such-word", "GET", "/healthz", []))
    code, result = crowd(registry, 1, path)
    assert code == 1 and result["wrong"] == SIZE
    path.write_bytes(wire("R", 200, "status", "GET", "/healthz", []) + wire("R", 400, "bad", "POST", "/v1/policy", ["Content-Length: 0"]))
    process, registry.process = registry.process, registry.process
    process.kill()
    process.wait()
    code, result = crowd(registry, 1, path)
    assert code == 1 and result["lost"] + result["hung"] > 0
    registry.process.stdout.close()
    registry.process = None
    registry.start()
