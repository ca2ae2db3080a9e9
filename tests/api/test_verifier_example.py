"""examples/verifier/: the service that its README describes, run as it is, asked by a real registry about the example invoices."""

import json
import re
import select
import subprocess
import sys

import pytest
from contract import ROOT
from registry import Registry
from test_client import Shell
from verifier_service import VerifierService
from verifier_world import HOUR, SECRET, asking, settled, share_secret, verification

EXAMPLES = ROOT / "examples"
PROGRAM = EXAMPLES / "verifier" / "verifier.py"


def table(registry, path):
    """The example's table of known invoices, as of these days."""
    rows = [line.split(",") for line in PROGRAM.with_name("invoices.csv").read_text().splitlines()]
    for row in rows[1:]:
        row[2] = registry.day(-5)
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A registry with the examples' companies, and the example service that it asks."""
    registry = Registry(tmp_path_factory.mktemp("example") / "ledger")
    share_secret(registry)
    service = subprocess.Popen(
        [sys.executable, PROGRAM, "--secret", registry.directory / "keys" / "verifier.key", "--listen", "127.0.0.1:0",
         "--invoices", table(registry, registry.directory.parent / "invoices.csv")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert select.select([service.stdout], [], [], 60)[0]
        registry.options += ["--verifier-url", service.stdout.readline().strip().removeprefix("listening on ")]
        registry.start().cast()
        registry.suzhou = registry.register("Suzhou Precision Bearings", ["supplier"], {"uscc": "91320594MA1WJ4QX8P"})
        registry.ningbo = registry.register("Ningbo Hengtong Casting", ["supplier"], {"uscc": "91330206758862130T"})
        registry.huadong = registry.register("East China Heavy Industry", ["core_enterprise"], {"uscc": "91310000132207185Y"})
        registry.suzhou_buys = registry.register("Nordwind", ["core_enterprise"], {"lei": "529900NW4MB26HAMB170"})
        registry.policy(external_verifier=HOUR)
        yield registry
        registry.verify()
        registry.stop()
        code, report = registry.audit()
        assert code == 0, report["findings"]
    finally:
        service.terminate()
        service.wait()
        service.stdout.close()
        if registry.process:
            registry.kill()


def ask(registry, who, name, **changes):
    payload = json.loads((EXAMPLES / "invoices" / "json" / name).read_text(encoding="utf-8"))
    payload["invoice"].update(issue_date=registry.day(-5), due_date=registry.day(60))
    payload["invoice"].update(changes)
    return settled(registry, who.submit(payload).ok(202)["receivable"])


def test_its_table_says_what_is_genuine(example):
    now = ask(example, example.suzhou, "suzhou-huadong.json")
    assert now["life"] == "registered" and verification(now)["reference"] == "TAX-000001" and verification(now)["answered_at"]


def test_its_table_says_what_was_cancelled(example):
    now = ask(example, example.suzhou, "suzhou-huadong-with-documents.json")
    assert now["life"] == "rejected" and verification(now)["note"] == "cancelled"


def test_its_table_says_what_differs(example):
    now = ask(example, example.huadong, "huadong-payable-to-suzhou.json")
    assert now["life"] == "held" and verification(now)["answer"] == "differs"


def test_whose_seller_it_does_not_know_it_cannot_tell(example):
    buyer = {"participant": example.huadong.id}
    now = ask(example, example.ningbo, "ningbo-suzhou.json", buyer=buyer)
    assert now["life"] == "held" and verification(now)["answer"] == "unknown"


def test_what_was_never_issued_is_not_genuine(example):
    now = ask(example, example.suzhou, "suzhou-huadong.json", number="26322000001837469999", gross_amount="7077.00")
    assert now["life"] == "rejected" and verification(now)["reference"] is None


def test_the_client_shows_what_is_being_verified_and_what_came_of_it(example, tmp_path):
    shell = Shell(example, tmp_path)
    reader = {"TALLYSTICK_TOKEN": example.reviewer.token}
    done = shell.run("list", "reviews", "--open", "true", **reader)
    assert done.returncode == 0 and "ANSWER" in done.stdout and "differs" in done.stdout and "unknown" in done.stdout, done.stdout
    held = next(item for item in example.reviewer.get("/v1/reviews?open=true").ok()["items"] if verification(item)["answer"] == "differs")
    done = shell.run("show", "review", held["id"], **reader)
    assert re.search(r"answer +differs", done.stdout) and "date, currency or amount is another" in done.stdout, done.stdout


def test_the_client_says_that_what_it_submitted_is_being_verified(tmp_path):
    with VerifierService(SECRET) as silent, asking(tmp_path / "ledger", silent) as registry:
        silent.gate.clear()
        shell = Shell(registry, tmp_path)
        key = tmp_path / "supplier.jwk"
        public = shell.json("keygen", key)["public_key"]
        registry.supplier.post(f"/v1/participants/{registry.supplier.id}/keys", {"public_key": public}).ok(201)
        paper = tmp_path / "invoice.json"
        paper.write_text(json.dumps(registry.invoice()))
        done = shell.run("submit", paper, TALLYSTICK_KEY=str(key))
        assert done.returncode == 0 and "held: being verified" in done.stdout, done.stdout + done.stderr


def test_wrong_secrets_get_nothing(example):
    url = example.options[-1]
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "{}", url], capture_output=True, text=True, timeout=60)
    assert done.stdout == "401"
