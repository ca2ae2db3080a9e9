"""The service's figures at /metrics: well formed, for the operator alone, and each moves when its thing happens."""

import re
import shutil
import subprocess
import time
from collections import Counter

import pytest
from contract import ROOT
from http_client import HttpClient, exchange
from receiver import Receiver

SERVE_OPTIONS = ("--webhooks-private", "--metrics-listen", "127.0.0.1:0")
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)*)\})? ([0-9.e+-]+|\+Inf)')
LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
WAIT_S = 20


class Metrics(dict):
    """Samples by name and sorted labels; also keeps families' types."""

    def __init__(self, text):
        super().__init__()
        self.text, self.types = text, {}
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"{name} is one family"
                self.types[name] = kind
            elif not line.startswith("# HELP "):
                name, labels, value = SAMPLE.fullmatch(line).groups()
                key = (name, tuple(sorted(LABEL.findall(labels or ""))))
                assert key not in self, f"{line} is told once"
                self[key] = float(value)

    def of(self, name, **labels):
        return self.get((name, tuple(sorted(labels.items()))), 0.0)


def watch_port(registry):
    """Where this start of the server answers machines that watch: told behind the line that says where it listens."""
    if getattr(registry, "watched", None) != registry.process.pid:
        line = registry.process.stdout.readline()
        registry.watched, registry.watch_port = registry.process.pid, int(line.rpartition(":")[2])
    return registry.watch_port


def scrape(registry):
    """From the listener for machines that watch, which asks for no token."""
    answer = HttpClient(watch_port(registry)).request("GET", "/metrics")
    assert answer.status == 200 and answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(answer.text)


def grown(registry, before, name, by=1, **labels):
    """Until the figure has grown by so much, and no more: it is counted a moment after its thing was answered, and a state is left again."""
    deadline = time.monotonic() + WAIT_S
    while (now := scrape(registry).of(name, **labels) - before.of(name, **labels)) != by and time.monotonic() < deadline:
        time.sleep(0.01)
    assert now == by, f"{name}{labels} grew by {now}"


def test_the_format_is_what_prometheus_reads(registry):
    registry.confirmed()
    text = scrape(registry).text
    parser = pytest.importorskip("prometheus_client.parser")
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert families["tallystick_http_requests"].type == "counter"
    for family in families.values():
        assert family.documentation.endswith("."), family.name
        if family.type == "histogram":
            buckets = [s for s in family.samples if s.name.endswith("_bucket")]
            series = Counter(tuple(sorted((k, v) for k, v in s.labels.items() if k != "le")) for s in buckets)
            for labels in series:
                values = [s.value for s in buckets if set(labels) <= set(s.labels.items())]
                total = next(s.value for s in family.samples if s.name.endswith("_count") and s.labels == dict(labels))
                assert values == sorted(values) and values[-1] == total


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_to_say(registry):
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape(registry).text, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_on_the_public_address_the_figures_are_the_operators(registry):
    registry.get("/metrics").problem("unauthenticated")
    registry.supplier.get("/metrics").problem("not-permitted")
    answer = registry.operator.get("/metrics")
    assert answer.ok_text() and Metrics(answer.text).types.keys() == scrape(registry).types.keys()


def test_the_watching_address_serves_nothing_else(registry):
    port = watch_port(registry)
    client = HttpClient(port)
    assert client.request("GET", "/healthz").json == {"status": "ok"}
    assert client.request("GET", "/readyz").json["status"] == "ready"
    for path in ("/v1/me", "/checkpoint", "/openapi.json"):
        client.request("GET", path).problem("not-found")
    assert b" 405 " in exchange(port, b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def test_requests_problems_and_what_clients_send(registry):
    before = scrape(registry)
    registry.supplier.get("/v1/claims").ok()
    registry.supplier.get("/v1/claims?limit=0", bad=True).problem("bad-query")
    for odd in ("/nothing", "/%22%7D%0a", "/v1/claims/none/nothing"):
        registry.request("GET", odd)
    grown(registry, before, "tallystick_http_requests_total", method="GET", route="/v1/claims", status="2xx")
    grown(registry, before, "tallystick_http_requests_total", method="GET", route="/v1/claims", status="4xx")
    grown(registry, before, "tallystick_http_requests_total", by=3, method="any", route="none", status="4xx")
    grown(registry, before, "tallystick_http_problems_total", problem="bad-query")
    grown(registry, before, "tallystick_http_request_duration_seconds_count", by=2, method="GET", group="claims")
    after = scrape(registry)
    assert after.of("tallystick_http_answer_body_bytes_total") > before.of("tallystick_http_answer_body_bytes_total")
    assert after.of("tallystick_http_requests_in_flight") == 0
    routes = {dict(labels)["route"] for name, labels in after if name == "tallystick_http_requests_total"}
    assert routes <= {"none", *registry.contract.document["paths"], "/tile/{rest*}"}


def test_a_client_that_goes_away_is_counted(registry):
    before = scrape(registry)
    exchange(registry.port, b"POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", shut=True)
    grown(registry, before, "tallystick_http_unanswered_total")


def test_commands_by_type_and_result(registry):
    before = scrape(registry)
    invoice = registry.invoice()
    body = registry.supplier.sign("/v1/receivables", invoice)
    registry.send("/v1/receivables", body).ok(201)
    registry.send("/v1/receivables", body).ok(201)
    registry.supplier.submit(registry.invoice(currency="ZZZ"), bad=True).problem("invalid-fields")
    registry.supplier.submit(invoice).problem("gateway-rejected")
    for result in ("accepted", "replayed", "refused", "rejected"):
        grown(registry, before, "tallystick_commands_total", type="submit", result=result)
    grown(registry, before, "tallystick_ledger_entries_total", by=2)
    grown(registry, before, "tallystick_ledger_tree_size", by=2)
    grown(registry, before, "tallystick_checks_total", check="invoice_unused", outcome="reject")
    grown(registry, before, "tallystick_checks_total", check="invoice_unused", outcome="pass")
    assert scrape(registry).of("tallystick_ledger_tree_size") == registry.size()


def test_the_writer(registry):
    before = scrape(registry)
    registry.registered()
    for name in ("batch_jobs", "queue_wait_seconds", "apply_seconds", "commit_seconds", "sync_seconds"):
        grown(registry, before, f"tallystick_writer_{name}_count")
    after = scrape(registry)
    spent = {name: after.of(f"tallystick_writer_{name}_seconds_sum") for name in ("commit", "sync")}
    assert 0 < spent["sync"] <= spent["commit"]
    assert after.of("tallystick_writer_queue_jobs") == 0 and after.of("tallystick_ledger_writable") == 1
    assert after.of("tallystick_writer_wal_bytes") > 0
    assert after.of("tallystick_file_bytes", file="ledger.db-wal") > 0
    assert after.of("tallystick_disk_free_bytes") > 0


def test_the_write_ahead_log_is_moved_into_the_database(registry):
    before = scrape(registry)
    for _ in range(400):
        registry.registered()
        if scrape(registry).of("tallystick_writer_checkpoints_total", result="done") > before.of(
            "tallystick_writer_checkpoints_total", result="done"
        ):
            break
    grown(registry, before, "tallystick_writer_checkpoints_total", result="done")


def test_webhooks_by_outcome_and_how_far_behind(fresh):
    with Receiver(lambda path, n: 410 if path == "/gone" else 200 if path == "/good" else 503) as receiver:
        before = scrape(fresh)
        paths = {"/good": "delivered", "/gone": "dead", "/down": "failed"}
        for path in paths:
            fresh.debtor.post("/v1/webhooks", {"url": receiver.url(path), "events": ["receivable."]}).ok(201)
        fresh.registered()
        for outcome in paths.values():
            deadline = time.monotonic() + WAIT_S
            while not scrape(fresh).of("tallystick_webhook_attempts_total", outcome=outcome) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert scrape(fresh).of("tallystick_webhook_attempts_total", outcome=outcome) >= 1
        for state in ("live", "doubtful", "dead"):
            grown(fresh, before, "tallystick_webhook_endpoints", state=state)
        assert before.of("tallystick_webhook_lag_seconds") == 0
        fresh.restart(offset=3600)
        deadline = time.monotonic() + WAIT_S
        while not 3600 <= scrape(fresh).of("tallystick_webhook_lag_seconds") < 3700:
            assert time.monotonic() < deadline, scrape(fresh).of("tallystick_webhook_lag_seconds")
            time.sleep(0.01)


def test_sweeps(fresh):
    fresh.registered()
    fresh.restart(offset=40 * 86400)
    before = scrape(fresh)
    fresh.operator.post("/v1/sweeps").ok()
    grown(fresh, before, "tallystick_sweeps_total", result="done")
    after = scrape(fresh)
    assert after.of("tallystick_sweep_acts_total", result="lapsed") == 1  # by the start or by the one asked for
    assert after.of("tallystick_commands_total", type="lapse", result="accepted") == 1
    assert abs(after.of("tallystick_sweep_last_timestamp_seconds") - fresh.now()) < 3600


def test_the_process_and_its_log(registry):
    before = scrape(registry)
    registry.supplier.get("/v1/me").ok()
    after = scrape(registry)
    with open(f"/proc/{registry.process.pid}/status", encoding="ascii") as file:
        status = dict(line.split(":", 1) for line in file)
    for name, field in (("resident", "VmRSS"), ("virtual", "VmSize")):
        told, known = after.of(f"process_{name}_memory_bytes"), int(status[field].split()[0]) * 1024
        assert abs(told - known) < known / 2, name
    assert after.of("process_cpu_seconds_total") > 0
    assert 5 < after.of("process_open_fds") < after.of("process_max_fds")
    assert 0 <= time.time() - after.of("process_start_time_seconds") < 900
    grown(registry, before, "tallystick_log_lines_total", level="info")
    assert after.of("tallystick_log_dropped_lines_total") == 0
    assert [value for (name, _), value in after.items() if name == "tallystick_build_info"] == [1.0]


def test_the_example_for_prometheus(registry):
    """Every metric that the rules of examples/prometheus ask for is told, and promtool, where it is, takes the files."""
    folder = ROOT / "examples" / "prometheus"
    told = scrape(registry).types
    asked = re.findall(r"\b(?:tallystick|process)_[a-z_]+", (folder / "alerts.yml").read_text(encoding="utf-8"))
    for name in set(asked):
        assert name in told or re.sub("_(bucket|sum|count)$", "", name) in told, name
    assert len(set(asked)) > 10
    if promtool := shutil.which("promtool"):
        for kind, file in (("config", "prometheus.yml"), ("rules", "alerts.yml")):
            done = subprocess.run([promtool, "check", kind, folder / file], capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
