"""The ERP connector of examples/: folders in, folders out, whatever happens in between."""

import json
import os
import shutil
import signal
import subprocess

import pytest
from contract import ROOT
from demo import demo_registry, readme_script
from jws import Key, jwk_file
from liar import Liar, bending, change_root

PROGRAM = ROOT / "examples" / "connectors" / "erp-folder" / "erp_folder.py"
UNREACHABLE, UNVERIFIED = 3, 4
PATIENCE_S = 60


class Erp:
    """A supplier's ERP and its connector."""

    def __init__(self, registry, liar, home):
        self.registry, self.liar, self.home = registry, liar, home
        self.folder = home / "erp"
        (self.folder / "in").mkdir(parents=True)
        self.env = {
            "PATH": os.environ["PATH"], "TALLYSTICK_URL": liar.url, "TALLYSTICK_VKEY": registry.vkey,
            "TALLYSTICK_KEY": str(jwk_file(home / "supplier.jwk", registry.supplier.key)), "TALLYSTICK_TOKEN": registry.supplier.token,
        }  # fmt: skip

    def command(self, *words):
        return ["/usr/bin/python3", PROGRAM, self.folder, "--every", "0.05", *words]

    def once(self, code=0, **env):
        """What it logged of one pass, a list of lines."""
        done = subprocess.run(self.command("--once"), capture_output=True, text=True, timeout=120, env={**self.env, **env})
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert not done.stderr, done.stderr
        return done.stdout.splitlines()

    def write(self, name=None, text=None, **members):
        payload = self.registry.invoice(**members)
        name = name or f"{payload['invoice']['number']}.json"
        (self.folder / "in" / name).write_text(text if text is not None else json.dumps(payload))
        return name

    def names(self, folder):
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def result(self, folder, name):
        return json.loads((self.folder / folder / f"{name}.result.json").read_text())

    def out(self):
        """The events, which the ERP takes away."""
        events = []
        for path in sorted((self.folder / "out").iterdir()):
            events.append(json.loads(path.read_text()))
            path.unlink()
        return events


@pytest.fixture(scope="module")
def liar(registry):
    made = Liar(registry.port)
    yield made
    made.close()


@pytest.fixture
def erp(registry, liar, tmp_path):
    liar.honest()
    return Erp(registry, liar, tmp_path)


def test_each_file_goes_where_its_review_sends_it(registry, erp):
    good, bad = erp.write(), erp.write(gross="1.234")
    similar = erp.write()
    erp.once()
    registered = json.loads((erp.folder / "done" / similar).read_text())
    registered["invoice"]["number"] = registered["invoice"]["number"].replace("-", "/")
    erp.write("look-alike.json", json.dumps(registered))
    erp.write("note.txt", "hello")
    erp.write("broken.json", "{")
    erp.write("übung\nzwei.json", "{}")
    log = erp.once()
    assert erp.names("done") == sorted([good, f"{good}.result.json", similar, f"{similar}.result.json"])
    assert erp.names("held") == ["look-alike.json", "look-alike.json.result.json"]
    assert set(erp.names("refused")) >= {bad, "note.txt", "broken.json", "übung\nzwei.json"}
    assert erp.names("in") == erp.names("work") == erp.names("state/commands") == []
    assert erp.result("refused", bad)["problem"]["errors"][0]["pointer"] == "/invoice/gross_amount"
    result = erp.result("done", good)
    assert result["receivable"]["life"] == "registered" and result["proven"][0]["type"] == "receivable.registered"
    checks = erp.result("held", "look-alike.json")["receivable"]["review"]["checks"]
    assert [check["code"] for check in checks if check["outcome"] == "hold"] == ["invoice_similar"]
    assert len([line for line in log if line.startswith(("held ", "refused "))]) == 4, "one line a file, whatever its name"


def test_invoices_come_as_ubl_and_csv_as_well(registry, erp):
    number = f"XML-{next(registry.serial)}"
    text = (ROOT / "examples/invoices/ubl/suzhou-huadong.xml").read_text().replace("26322000001837465021", number)
    for known, actual in (("91310000132207185Y", registry.debtor), ("91320594MA1WJ4QX8P", registry.supplier)):
        text = text.replace(known, actual.identifiers["uscc"])
    erp.write("invoice.xml", text)
    rows = ["number,issue_date,due_date,currency,gross_amount,seller_uscc,buyer_uscc"]
    for amount in ("711.00", "712.00"):
        rows.append(f"CSV-{next(registry.serial)},{registry.day(-1)},{registry.day(60)},CNY,{amount},"
                    f"{registry.supplier.identifiers['uscc']},{registry.debtor.identifiers['uscc']}")  # fmt: skip
    erp.write("november.csv", "\n".join(rows) + "\n")
    rows[2] = rows[2].replace("712.00", "7.123")
    erp.write("october.csv", "\n".join([rows[0], rows[2]]) + "\n")
    erp.once()
    assert erp.result("done", "invoice.xml")["receivable"]["invoice"]["format"] == "ubl"
    assert [row["status"] for row in erp.result("done", "november.csv")["results"]] == [201, 201]
    assert len(erp.result("done", "november.csv")["proven"]) == 2
    assert erp.result("refused", "october.csv")["results"][0]["status"] == 422


def test_outcomes_come_back_until_the_claim_is_paid(registry, erp):
    confirmed, rejected = erp.write(), erp.write()
    erp.once()
    ids = {name: erp.result("done", name)["receivable"]["id"] for name in (confirmed, rejected)}
    assert erp.out() == []
    claim = registry.debtor.act(ids[confirmed], "confirm").ok()["claim"]
    registry.debtor.act(ids[rejected], "reject", {"reason": "no_relation", "note": "We never ordered that."}).ok()
    erp.once()
    events = erp.out()
    assert [(event["file"], event["type"]) for event in events] == [(confirmed, "claim.accepted"), (rejected, "receivable.declined")]
    assert events[0]["claim"] == claim["id"] and events[0]["invoice_number"] + ".json" == confirmed
    assert erp.once() == ["watching " + str(erp.folder), "stopped"] and erp.out() == [], "each is told once"
    payment = {"claim": claim["id"], "amount": claim["outstanding_amount"], "bank_reference": f"P-{next(registry.serial)}"}
    registry.debtor.post("/v1/payments", payment).ok(201)
    erp.once()
    [event] = erp.out()
    assert event["type"] == "payment.recorded" and event["file"] == confirmed
    erp.once()
    assert erp.names("state/followed") == [], "what has come to its end is asked after no more"


def test_while_the_registry_is_away_files_wait(registry, erp, liar):
    liar.meet = lambda method, path, n: (503, {"Retry-After": "1"})
    name = erp.write()
    with registry.unchanged():
        log = erp.once(code=UNREACHABLE)
    assert any(line.startswith("waiting ") for line in log) and erp.names("work") == [name]
    liar.honest()
    with registry.grows(1):
        erp.once()
    assert name in erp.names("done")


def test_an_answer_lost_before_a_crash_is_found_again(registry, erp, liar):
    liar.meet = lambda method, path, n: "swallow" if method == "POST" else None
    name = erp.write()
    with registry.grows(1):
        erp.once(code=UNREACHABLE)
        liar.honest()
        erp.once()
    assert erp.result("done", name)["receivable"]["life"] == "registered"


@pytest.mark.parametrize("moment", ["after the result", "after the move"])
def test_a_crash_between_answer_and_end_submits_nothing_twice(registry, erp, moment):
    """The files as they lie if the power fails there: the command is still kept."""
    liar, name = erp.liar, erp.write()
    liar.meet = lambda method, path, n: "swallow" if method == "POST" else None
    erp.once(code=UNREACHABLE)
    kept = erp.folder / "state" / "commands" / name
    command = kept.read_bytes()
    liar.honest()
    erp.once()
    kept.write_bytes(command)
    if moment == "after the result":
        (erp.folder / "done" / name).rename(erp.folder / "work" / name)
    with registry.unchanged():
        erp.once()
    assert name in erp.names("done") and erp.names("refused") == [] and erp.names("work") == []
    with registry.grows(1):  # another invoice under the name of the first is another command
        erp.write(name)
        erp.once()
    assert len([path for path in erp.names("done") if path.endswith(".result.json")]) == 2


def test_killed_at_any_moment_it_submits_every_file_once(registry, erp):
    names = [erp.write() for _ in range(12)]
    before = registry.size()
    process = None
    for kills in range(4):
        process = subprocess.Popen(erp.command(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=erp.env)
        for line in process.stdout:  # killed right after the first file's line, while the next is under way
            if line.startswith("done ") or line.startswith("waiting "):
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    erp.once()
    assert sorted(name for name in erp.names("done") if not name.endswith(".result.json")) == sorted(names)
    assert erp.names("refused") == erp.names("work") == [] and registry.size() == before + len(names)


def test_a_file_that_is_still_being_written_is_left_alone(registry, erp):
    erp.write("half.json.part", "{")
    erp.write(".hidden.json", "{")
    with registry.unchanged():
        erp.once()
    assert erp.names("in") == [".hidden.json", "half.json.part"]


def test_a_lie_stops_it_and_nothing_is_lost(registry, erp, liar):
    liar.bend = bending(change_root)
    name = erp.write()
    log = erp.once(code=UNVERIFIED)
    assert any("VERIFICATION FAILED" in line for line in log) and erp.names("work") == [name] and erp.names("done") == []
    liar.honest()
    with registry.unchanged():
        erp.once()
    assert name in erp.names("done")


def test_an_outcome_that_is_not_proven_is_not_told(registry, erp, liar):
    name = erp.write()
    erp.once()
    registry.debtor.act(erp.result("done", name)["receivable"]["id"], "confirm").ok()

    def bend(path, body):
        if "/history" not in path:
            return body
        page = json.loads(body)
        page["items"][-1]["entry"] = page["items"][-1]["entry"].replace("claim.accepted", "claim.acceptee")
        return json.dumps(page).encode()

    liar.bend = bend
    erp.once(code=UNVERIFIED)
    assert erp.out() == []
    liar.honest()
    erp.once()
    assert [event["type"] for event in erp.out()] == ["claim.accepted"]


def test_a_refusal_of_its_own_key_leaves_the_files_alone(registry, erp):
    erp.env["TALLYSTICK_KEY"] = str(jwk_file(erp.home / "unknown.jwk", Key()))
    name = erp.write()
    log = erp.once(code=UNREACHABLE)
    assert any(line.startswith("stuck ") and "unknown-key" in line for line in log) and erp.names("work") == [name]


def test_it_stops_when_told_and_only_one_has_the_folder(erp):
    process = subprocess.Popen(erp.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=erp.env)
    assert process.stdout.readline().startswith("watching ")
    second = subprocess.run(erp.command("--once"), capture_output=True, text=True, timeout=60, env=erp.env)
    assert second.returncode == 1 and "another connector" in second.stderr
    process.send_signal(signal.SIGTERM)
    rest, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and rest.splitlines()[-1] == "stopped" and not errors


def test_it_runs_as_installed_beside_its_module(registry, erp, tmp_path):
    for path in (PROGRAM, ROOT / "examples" / "clients" / "python" / "tallystick.py"):
        shutil.copy(path, tmp_path)
    name = erp.write()
    done = subprocess.run(
        ["/usr/bin/python3", tmp_path / "erp_folder.py", erp.folder, "--every", "0.05", "--once"], capture_output=True, text=True, env=erp.env
    )
    assert done.returncode == 0 and name in erp.names("done"), done.stderr


def test_its_readme_is_true(tmp_path):
    with demo_registry(tmp_path) as demo:
        filled = [
            ("http://127.0.0.1:8080", demo["url"]), ("VKEY='\u2026'", f"VKEY='{demo['vkey']}'"), ("KEY=\u2026", f"KEY='{demo['key rheintal']}'"),
            ("token \u2026", f"token {demo['id rheintal']}"), ("CLIENT=examples", f"CLIENT={ROOT}/examples"),
            ("\nexamples/connectors", f"\n{ROOT}/examples/connectors"),
        ]  # fmt: skip
        script = readme_script(PROGRAM.parent / "README.md", filled, fences=1)
        env = {**os.environ, "TALLYSTICK_CLOCK_OFFSET": demo.get("clock offset", "0")}
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, env=env, cwd=tmp_path)
        assert done.returncode == 0 and "RE-26-0901.json.result.json" in done.stdout, (done.stdout, done.stderr)


def test_its_unit_is_one_that_systemd_accepts(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    unit = tmp_path / "tallystick-erp-folder.service"
    unit.write_text((PROGRAM.parent / "tallystick-erp-folder.service").read_text())
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
