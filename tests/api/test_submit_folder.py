"""`tallystick submit` of a folder: in batches, with a state file; interrupted anywhere, it goes on and doubles nothing."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from bearer import register
from contract import ROOT
from jws import jwk_file
from registry import BINARY
from test_client import Shell

sys.path.insert(0, str(ROOT / "tests" / "bench"))
import invoice_folder  # noqa: E402


class Works:
    """A supplier, signing or kept by the registry, with a folder of invoices and a terminal."""

    def __init__(self, registry, home, custody):
        self.registry, self.home, self.folder = registry, home, home / "in voices"
        self.who = register(registry, "Folder Works", ["supplier"], ["read", "submit"]) if custody else registry.supplier
        self.shell = Shell(registry, home)
        key = {} if custody else {"TALLYSTICK_KEY": str(jwk_file(home / "key.jwk", self.who.key))}
        self.env = key or {"TALLYSTICK_TOKEN": self.who.token}
        self.seed = time.time_ns() % 10**9

    def fill(self, count, **how):
        invoice_folder.write(self.folder, count, self.who.id, self.registry.debtor.id, seed=self.seed, **how)

    def rows(self, count):
        self.seed += 1
        return list(invoice_folder.invoices(count, self.who.id, self.registry.debtor.id, seed=self.seed))

    def submit(self, *options, operands=None):
        self.shell.env["TALLYSTICK_URL"] = f"http://127.0.0.1:{self.registry.port}"
        return self.shell.run("submit", *(operands or [self.folder]), *options, **self.env)

    def summary(self, *options, code=0, **how):
        done = self.submit("--json", *options, **how)
        assert done.returncode == code, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout)

    def start(self, *options):
        environment = {**os.environ, **self.shell.env, **self.env}
        return subprocess.Popen([BINARY, "submit", str(self.folder), *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def numbers(self):
        return [item["invoice"]["number"] for item in self.who.read_all("/v1/receivables?limit=500")]


@pytest.fixture(params=[False, True], ids=["signed", "custody"])
def works(request, registry, tmp_path):
    return Works(registry, tmp_path, request.param)


def report(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_goes_in_and_a_second_run_sends_nothing(works):
    works.fill(450)
    with works.registry.grows(450):
        summary = works.summary()
    assert summary["accepted"] + summary["held"] == 450 and summary["refused"] == summary["failed"] == 0
    with works.registry.unchanged():
        again = works.summary("--report", works.home / "report.csv")
    assert {k: again[k] for k in ("files", "accepted", "held", "refused", "failed")} == {
        k: summary[k] for k in ("files", "accepted", "held", "refused", "failed")
    }
    rows = report(works.home / "report.csv")
    assert len(rows) == 450 and all(row["receivable"] and row["seq"] for row in rows)
    assert rows[0]["file"].endswith("发票 000000.json")


def test_files_that_are_no_invoices_are_named_with_their_reason(works):
    works.fill(60)
    folder = works.folder
    (folder / "empty.json").write_bytes(b"")
    (folder / "text.xml").write_text("hello", encoding="utf-8")
    (folder / "broken.json").write_text("{", encoding="utf-8")
    (folder / "bad date.json").write_text(json.dumps({"invoice": {"number": "X"}}), encoding="utf-8")
    (folder / "folder.xml").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "dangling.json").symlink_to(folder / "nowhere.json")
    outside = works.home / "outside.json"
    outside.write_text(invoice_folder.as_json(works.rows(1)[0]), encoding="utf-8")
    (folder / "a link.json").symlink_to(outside)
    (folder / ".hidden.json").write_text("{}", encoding="utf-8")
    os.rename(folder / "发票 000000.json", os.fsencode(folder) + b"/\xff\xfe.json")
    summary = works.summary("--report", works.home / "report.json", code=1)
    assert (summary["accepted"] + summary["held"], summary["refused"], summary["failed"]) == (61, 1, 6)
    told = {row["file"].rpartition("/")[2]: row for row in json.loads((works.home / "report.json").read_text(encoding="utf-8"))}
    assert told["bad date.json"]["problem"] == "invalid-fields"
    assert told["empty.json"]["detail"] == "It is empty." and told["pipe.csv"]["detail"] == told["folder.xml"]["detail"] == "It is not a file."
    assert told["a link.json"]["status"] in (201, 202)
    assert ".hidden.json" not in told and len(told) == 68
    (folder / "bad date.json").write_text(invoice_folder.as_json(works.rows(1)[0]), encoding="utf-8")
    with works.registry.grows(1):
        assert works.summary(code=5)["refused"] == 0, "a file that was mended goes in"


def test_a_csv_of_any_length_goes_in_by_parts(works):
    rows = works.rows(1300)
    rows[700]["issue_date"] = "never"
    works.folder.mkdir()
    (works.folder / "year.csv").write_text(invoice_folder.as_csv(rows), encoding="utf-8")
    with works.registry.grows(1299):
        summary = works.summary("--report", works.home / "report.csv", code=1)
    assert (summary["files"], summary["accepted"] + summary["held"], summary["refused"]) == (1, 1299, 1)
    told = report(works.home / "report.csv")
    assert [int(row["row"]) for row in told] == list(range(2, 1302)) and told[700]["problem"] == "invalid-fields"
    with works.registry.unchanged():
        assert works.summary("--report", works.home / "report.csv", code=1) == summary


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.12, 0.3])
def test_a_killed_run_goes_on(works, after_s):
    works.fill(700, kinds=("json",))
    before = set(works.numbers())
    run = works.start()
    time.sleep(after_s)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    summary = works.summary()
    assert summary["accepted"] + summary["held"] == 700 and summary["refused"] == 0
    numbers = works.numbers()
    assert len(numbers) == len(set(numbers)) and len(set(numbers) - before) == 700


def test_a_run_outlives_the_server(fresh, tmp_path):
    """Killed under it and started anew: what was sent and not answered is found by its jti."""
    for custody in (False, True):
        home = tmp_path / str(custody)
        home.mkdir()
        works = Works(fresh, home, custody)
        works.fill(900, kinds=("json",))
        before = set(works.numbers())
        run = works.start()
        end = time.monotonic() + 60
        while fresh.size() < 100 and time.monotonic() < end and run.poll() is None:
            pass
        fresh.kill()
        run.communicate(timeout=120)
        fresh.start()
        summary = works.summary()
        assert summary["accepted"] + summary["held"] == 900 and summary["refused"] == 0
        numbers = works.numbers()
        assert len(numbers) == len(set(numbers)) and len(set(numbers) - before) == 900


def test_what_was_sent_is_resumed_even_when_its_signature_is_too_old(fresh, tmp_path):
    works = Works(fresh, tmp_path, False)
    works.fill(60, kinds=("json",))
    state = tmp_path / "state.ndjson"
    assert works.summary("--state", state)["accepted"] > 0
    lines = state.read_text(encoding="utf-8").splitlines()
    sending = next(i for i, line in enumerate(lines) if '"sending"' in line)
    state.write_text("\n".join(lines[: sending + 1]) + '\n{"item":"torn', encoding="utf-8")
    fresh.restart(offset=7 * 60)
    works.shell.env["TALLYSTICK_CLOCK_OFFSET"] = str(fresh.offset)
    with fresh.unchanged():
        summary = works.summary("--state", state)
    assert summary["accepted"] + summary["held"] == 60, "the same bytes are answered as before"
    (works.folder / "new.json").write_text(invoice_folder.as_json(works.rows(1)[0]), encoding="utf-8")
    text = state.read_text(encoding="utf-8")
    then = json.dumps({"sending": {"iat": int(fresh.now()) - 3600, "items": [str(works.folder / "new.json")]}})
    state.write_text(text + then + "\n", encoding="utf-8")
    with fresh.grows(1):
        works.summary("--state", state)


def test_a_state_file_is_one_runs_and_one_signers(works):
    works.fill(60)
    state = works.home / "state.ndjson"
    works.summary("--state", state)
    other = Works(works.registry, works.home, True)
    done = other.submit("--state", state)
    assert done.returncode == 2 and "another registry or by another signer" in done.stderr
    state.write_text("not a state\n", encoding="utf-8")
    assert works.submit("--state", state).returncode == 5


def test_a_run_without_a_registry_says_how_to_go_on(works):
    works.fill(60)
    works.shell.env["TALLYSTICK_URL"] = "http://127.0.0.1:9"
    done = works.shell.run("submit", works.folder, "--retries", "0", **works.env)
    assert done.returncode == 3 and "Run the same command again to go on" in done.stderr


def test_rows_added_to_a_file_that_went_in_by_parts_go_in(works):
    """Parts are known by their first line; one with more rows is sent again, and what went in before is found there."""
    works.folder.mkdir()
    rows = works.rows(280)
    (works.folder / "year.csv").write_text(invoice_folder.as_csv(rows[:250]), encoding="utf-8")
    assert works.summary("--report", works.home / "report.csv")["files"] == 1
    (works.folder / "year.csv").write_text(invoice_folder.as_csv(rows), encoding="utf-8")
    with works.registry.grows(30 + 50):
        again = works.summary("--report", works.home / "report.csv", code=1)
    assert (again["accepted"] + again["held"], again["refused"]) == (230, 50)
    refused = [row for row in report(works.home / "report.csv") if row["result"] == "refused"]
    assert [int(row["row"]) for row in refused] == list(range(202, 252))
    assert {row["problem"] for row in refused} == {"gateway-rejected"}
