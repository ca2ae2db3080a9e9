"""The operator's log: a line for each request, what is in it and what is not, and clients that try to write their own."""

import json
import os
import re
import sqlite3
import subprocess
import time

import pytest
from http_client import HttpClient, exchange
from registry import Registry

UUID = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
SERVE_OPTIONS = ("--trusted-proxies", "127.0.0.1")


def line_of(registry, answer):
    return registry.await_log("request", request_id=answer.headers["x-request-id"])


def test_a_read_is_one_line(registry):
    receivable = registry.registered()
    answer = registry.supplier.get(f"/v1/receivables/{receivable['id']}")
    line = line_of(registry, answer)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["time"])
    assert line["total_us"] >= line["duration_us"] > 0
    for gone in ("time", "total_us", "duration_us", "request_id"):
        line.pop(gone)
    assert line == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "/v1/receivables/{id}",
        "id": receivable["id"],
        "status": 200,
        "body_bytes": 0,
        "answer_bytes": len(answer.body),
        "participant": registry.supplier.id,
    }


def test_a_command_tells_how_long_it_waited_and_its_commit_took(registry):
    body = registry.supplier.sign("/v1/receivables", registry.invoice())
    line = line_of(registry, registry.send("/v1/receivables", body))
    assert line["status"] == 201 and line["body_bytes"] == len(body) and line["participant"] == registry.supplier.id
    assert line["queue_us"] >= 0 and 0 < line["commit_us"] <= line["duration_us"]


def test_a_problem_is_named(registry):
    line = line_of(registry, registry.get("/v1/me"))
    assert (line["status"], line["problem"]) == (401, "unauthenticated") and "participant" not in line
    line = line_of(registry, registry.supplier.get(f"/v1/claims/{UUID}"))
    assert (line["status"], line["problem"], line["id"]) == (404, "not-found", UUID)


def test_health_is_asked_too_often_to_be_told(registry):
    assert line_of(registry, registry.get("/healthz"))["level"] == "debug"


def test_who_goes_away_is_a_line_too(registry):
    before = len(registry.log_lines("request", status=0))
    exchange(registry.port, b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", shut=True)
    deadline = time.monotonic() + 20
    while len(registry.log_lines("request", status=0)) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(registry.log_lines("request", status=0)) == before + 1


def test_what_clients_write_does_not_come_into_the_log(registry):
    """Paths, queries, headers, methods and bodies; the check at the registry's end looks for the words."""
    words = [f"smuggled-{i}-word" for i in range(9)]
    registry.secrets.update(words)
    token = {"Authorization": f"Bearer ts_{words[0]}"}
    for target in (f"/{words[1]}", f"/v1/claims/{words[2]}", f"/v1/claims?cursor={words[3]}", f"/v1/policy/{words[4]}"):
        registry.request("GET", target, headers=token)
    registry.request("GET", "/v1/me", headers={**token, "X-Request-Id": f"bad {words[5]}", "User-Agent": words[6]})
    registry.http.request(words[7].upper().replace("-", ""), "/v1/me")
    registry.secrets.add(words[7].upper().replace("-", ""))
    registry.send("/v1/receivables", json.dumps({"payload": words[8]}).encode())


@pytest.mark.parametrize(
    "target",
    [
        "/v1/claims/%0a2026-11-28T00:00:00.000000Z%20error%20storage.failed",
        "/%22%2c%22level%22%3a%22error",
        "/v1/claims/%e2%80%ae%c2%85%f0%9f%98%80",
        "/v1/receivables/%ff%fe",
        "/v1/policy/1%00",
    ],
)
def test_no_request_forges_a_line(registry, target):
    answer = HttpClient(registry.port).request("GET", target)
    assert answer.status in (400, 401, 404)
    line = line_of(registry, answer)
    assert "id" not in line and not registry.log_lines("storage.failed")
    assert len(registry.log_lines(request_id=line["request_id"])) == 1


def test_raw_bytes_that_are_no_request_forge_no_line(registry):
    for raw in (b"\x00\x01\xff\n\n\r\n\r\n", b"GET /a\nb HTTP/1.1\r\nHost: x\r\n\r\n", b"{\"event\":\"x\"}\n" * 3 + b"\r\n\r\n"):
        exchange(registry.port, raw, shut=True)
    registry.get("/healthz").ok()
    for line in registry.stderr().splitlines():
        assert line.isascii() and {"time", "level", "event"} <= set(json.loads(line))


def test_the_request_id_of_a_trusted_proxy_is_kept_and_told(registry):
    answer = registry.get("/v1/me", **{"X-Request-Id": "proxy-0123456789"})
    assert answer.headers["x-request-id"] == "proxy-0123456789"
    assert answer.json["instance"] == "urn:tallystick:request:proxy-0123456789"
    assert line_of(registry, answer)["route"] == "/v1/me"
    odd = registry.get("/v1/me", **{"X-Request-Id": 'x" status="200'})
    assert re.fullmatch("[0-9a-f]{16}", odd.headers["x-request-id"])


def test_a_problem_says_which_request_it_was(registry):
    answer = registry.get("/v1/me")
    assert answer.json["instance"] == "urn:tallystick:request:" + answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("mode", "sent", "told"),
    [
        ("off", "198.51.100.77", None),
        ("truncated", "198.51.100.77", "198.51.100.0"),
        ("truncated", "2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("full", "198.51.100.77", "198.51.100.77"),
        ("full", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_addresses_are_told_as_the_operator_wants(tmp_path, mode, sent, told):
    registry = Registry(tmp_path / "ledger", options=[*SERVE_OPTIONS, "--log-addresses", mode])
    registry.start()
    line = line_of(registry, registry.get("/checkpoint", **{"X-Forwarded-For": sent}))
    registry.stop()
    assert line.get("address") == told
    assert told == sent or sent not in registry.stderr()


def test_addresses_are_not_told_by_default(registry):
    assert "address" not in line_of(registry, registry.get("/checkpoint"))


def test_the_text_form_has_the_same_events(tmp_path):
    registry = Registry(tmp_path / "ledger", options=["--log-format", "text", "--log-level", "info"])
    registry.start()
    registry.get("/healthz").ok()
    assert registry.get("/v1/me").status == 401
    process, registry.process = registry.process, None
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()
    text = registry.stderr()
    assert re.search(r"^\S+Z info request request_id=[0-9a-f]{16} method=GET route=/v1/me status=401 problem=unauthenticated ", text, re.M)
    assert " http.listening url=http://" in text and ' service.stopping "' in text and "healthz" not in text


def test_a_log_that_nobody_reads_delays_nobody(tmp_path):
    """Standard error is a pipe that is full: requests are answered, lines dropped and counted, and the server stops in time."""
    registry = Registry(tmp_path / "ledger")
    read_end, write_end = os.pipe()
    command = [*registry.command_line(), "--metrics-listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=write_end, text=True)
    os.close(write_end)
    try:
        port, watch = (int(process.stdout.readline().rpartition(":")[2]) for _ in range(2))
        client, dropped = HttpClient(port), 0
        for _ in range(100):
            for _ in range(200):
                assert client.request("GET", "/v1/me").status == 401
            text = HttpClient(watch).request("GET", "/metrics").text
            dropped = int(re.search(r"^tallystick_log_dropped_lines_total (\d+)$", text, re.M).group(1))
            if dropped:
                break
        assert dropped > 0
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(read_end)


def test_a_fault_of_ours_is_an_error_with_its_request(tmp_path):
    """A table that is damaged under the running server."""
    registry = Registry(tmp_path / "ledger")
    registry.start().cast()
    receivable = registry.registered()
    registry.stop()
    with sqlite3.connect(registry.directory / "ledger.db") as db:
        db.execute("UPDATE receivables SET creditor_no = 9999")
    registry.start()
    answer = registry.debtor.get(f"/v1/receivables/{receivable['id']}")
    assert answer.status == 500
    line = registry.await_log("request.fault", request_id=answer.headers["x-request-id"])
    assert (line["level"], line["route"], line["id"], line["problem"]) == ("error", "/v1/receivables/{id}", receivable["id"], "corrupt")
    registry.stop()
