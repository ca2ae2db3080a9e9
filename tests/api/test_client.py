"""The program as its users type it: client commands against the real server, and verification through a proxy that lies."""

import json
import shutil

import pytest
from contract import ROOT
from jws import jwk_file
from liar import Liar
from registry import tallystick

INVOICES = ROOT / "examples" / "invoices"


class Shell:
    """A user's terminal: a home of its own, settings by environment."""

    def __init__(self, registry, home):
        self.registry, self.home = registry, home
        self.env = {
            "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"),
            "TALLYSTICK_URL": f"http://127.0.0.1:{registry.port}", "TALLYSTICK_VKEY": registry.vkey, "NO_COLOR": "1",
            "TALLYSTICK_CLOCK_OFFSET": str(registry.offset),
        }  # fmt: skip

    def run(self, *args, **env):
        return tallystick(*args, env={**self.env, **env})

    def json(self, *args, code=0, **env):
        done = self.run(*args, "--json", **env)
        assert done.returncode == code, (args, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shell(registry, tmp_path_factory):
    made = Shell(registry, tmp_path_factory.mktemp("home"))
    key = str(registry.directory / "keys" / "operator.jwk")
    made.operator = {"TALLYSTICK_KEY": key, "TALLYSTICK_TOKEN": registry.operator.token}
    people = (("supplier", "supplier", "91320594MA1WJ4QX8P"), ("buyer", "core_enterprise", "91310000132207185Y"))
    for name, role, code in people:
        key = made.home / f"{name}.jwk"
        public = made.json("keygen", key)["public_key"]
        add = ("participant", "add", f"Typed {name}", "--role", role, "--uscc", code, "--public-key", public)
        identity = made.json(*add, **made.operator)["participant"]["id"]
        created = made.json("token", "create", "--participant", identity, TALLYSTICK_KEY=str(key))
        setattr(made, name, {"TALLYSTICK_KEY": str(key), "TALLYSTICK_TOKEN": created["token_text"]})
        setattr(made, f"{name}_id", identity)
    return made


def test_keys_are_written_for_their_owner_only_and_never_over_another(shell):
    key = shell.home / "supplier.jwk"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    assert shell.run("keygen", key).returncode == 5
    assert key.read_bytes() == before


def test_an_invoice_is_submitted_confirmed_shown_and_proven(shell, tmp_path):
    receipt = tmp_path / "receipt.json"
    answer = shell.json("submit", INVOICES / "ubl/suzhou-huadong.xml", "--receipt", receipt, **shell.supplier)
    receivable = answer["receivable"]
    assert receivable["invoice"]["format"] == "ubl" and receivable["creditor"] == shell.supplier_id
    listed = shell.json("list", "receivables", **shell.buyer)
    assert [item["id"] for item in listed["items"]] == [receivable["id"]]
    claim = shell.json("confirm", receivable["id"], **shell.buyer)["claim"]
    shown = shell.json("show", "claim", claim["id"], **shell.supplier)
    assert shown["id"] == claim["id"] and shown["outstanding_amount"] == "529518.00"
    assert shell.run("prove", "--check", receipt).returncode == 0
    proof = tmp_path / "proof.json"
    assert shell.run("prove", str(answer["receipt"]["seq"]), "--out", proof).returncode == 0
    assert shell.run("prove", "--check", proof).returncode == 0
    bent = proof.read_text().replace("receivable.registered", "receivable.registerex")
    proof.write_text(bent)
    assert shell.run("prove", "--check", proof).returncode == 4


def test_a_claim_is_split_financed_and_paid_as_typed(shell, tmp_path):
    key = shell.home / "factor.jwk"
    public = shell.json("keygen", key)["public_key"]
    add = ("participant", "add", "Typed factor", "--role", "lender", "--public-key", public)
    factor = shell.json(*add, **shell.operator)["participant"]["id"]
    token = shell.json("token", "create", "--participant", factor, TALLYSTICK_KEY=str(key))["token_text"]
    lender = {"TALLYSTICK_KEY": str(key), "TALLYSTICK_TOKEN": token}
    receivable = shell.json("submit", INVOICES / "json/suzhou-huadong-with-documents.json", **shell.supplier)["receivable"]
    claim = shell.json("confirm", receivable["id"], **shell.buyer)["claim"]["id"]
    parts = shell.json("split", claim, "356000.00", "1000000.00", **shell.supplier)["claims"]
    assert [part["outstanding_amount"] for part in parts] == ["356000.00", "1000000.00"]
    terms = ["--kind", "sale", "--recourse", "no", "--currency", "CNY", "--debtor", "all", "--tenor-max", "365", "--amount-min", "1.00"]
    terms += ["--amount-max", "9000000.00", "--advance-rate", "80%", "--annual-rate", "4.35%", "--day-count", "360"]
    missing = shell.run("program", "open", "Typed", *terms, **lender)
    assert missing.returncode == 2 and "--total-limit" in missing.stderr and "--valid-until" in missing.stderr
    terms += ["--total-limit", "9000000.00", "--valid-until", shell.registry.time_text(days=90)]
    shell.json("program", "open", "Typed", *terms, **lender)
    offers = shell.json("finance", "request", parts[0]["id"], "--pay-to", "my account", **shell.supplier)["offers"]
    financing = shell.json("finance", "accept", offers[0]["id"], **shell.supplier)["financing"]
    assert financing["instruction"]["pay_to"] == "my account"
    done = shell.json("finance", "disburse", financing["id"], "--reference", "B-1", **lender)["financing"]
    assert done["status"] == "disbursed"
    held = shell.json("list", "claims", "--part", "holder", **lender)["items"]
    assert [item["id"] for item in held] == [parts[0]["id"]] and held[0]["encumbrance"] == "sold"
    certificate = tmp_path / "claim.json"
    assert shell.run("certificate", parts[0]["id"], "--out", certificate, **lender).returncode == 0
    assert shell.run("prove", "--check", certificate).returncode == 0
    bent = certificate.read_text().replace("financing.disbursed", "financing.disbursee")
    certificate.write_text(bent)
    assert shell.run("prove", "--check", certificate).returncode == 4
    certificate.write_text('{"a": 1}')
    assert shell.run("prove", "--check", certificate).returncode == 2
    shares = shell.json("pay", claim, "1356000.00", "--reference", "P-1", **shell.buyer)["payment"]["shares"]
    assert sorted(share["amount"] for share in shares) == ["1000000.00", "356000.00"]
    export = tmp_path / "claims.csv"
    assert shell.run("list", "claims", "--csv", export, **shell.supplier).returncode == 0
    assert sum(line.startswith("0") for line in export.read_text().splitlines()) >= 3  # one line a claim


def test_a_refusal_is_printed_with_its_problem_and_exit_code_one(shell):
    done = shell.run("submit", INVOICES / "ubl/rheintal-nordwind-credit-note.xml", **shell.supplier)
    assert done.returncode == 1 and "credit note" in done.stdout + done.stderr


def test_a_wrong_command_line_is_exit_code_two(shell):
    for args in (("submit",), ("confirm",), ("nonsense",), ("list", "--colour"), ("verify",)):
        assert shell.run(*args, TALLYSTICK_URL="").returncode == 2, args


def test_nobody_answering_is_exit_code_three(shell):
    assert shell.run("list", "claims", "--retries", "0", **{**shell.supplier, "TALLYSTICK_URL": "http://127.0.0.1:1"}).returncode == 3


def test_tables_are_printed_for_people(shell):
    done = shell.run("list", "participants", **shell.operator)
    assert done.returncode == 0 and "Bluewater Machinery" in done.stdout and "\x1b" not in done.stdout


# ---- verify ----


@pytest.fixture
def liar(registry):
    made = Liar(registry.port)
    yield made
    made.close()


def verify(shell, url, state, *args):
    return shell.run("verify", url, "--state", state, *args)


def flipping(kind, at):
    """Flips one bit of the first answer whose path holds `kind`."""

    def bend(path, body):
        if kind not in path or not body:
            return body
        bent = bytearray(body)
        bent[int(at * (len(bent) - 1))] ^= 1
        return bytes(bent)

    return bend


def test_an_honest_ledger_verifies_and_is_remembered(shell, registry, tmp_path):
    url, state = f"http://127.0.0.1:{registry.port}", tmp_path / "state"
    assert verify(shell, url, state).returncode == 0
    assert state.exists()
    registry.registered()
    assert verify(shell, url, state).returncode == 0
    assert verify(shell, url, state, "--full").returncode == 0


@pytest.mark.parametrize("at", [0.0, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("kind", ["/checkpoint", "/tile/0/", "/tile/entries/"])
def test_one_flipped_bit_anywhere_is_found(shell, liar, tmp_path, kind, at):
    liar.bend = flipping(kind, at)
    done = verify(shell, liar.url, tmp_path / "state")
    assert done.returncode == 4, (done.returncode, done.stdout, done.stderr)
    assert done.stderr or done.stdout
    liar.bend = lambda path, body: body
    assert verify(shell, liar.url, tmp_path / "state").returncode == 0


def test_an_answer_without_a_receipt_is_not_believed(shell, registry, liar, tmp_path):
    (tmp_path / "invoice.json").write_text(json.dumps(registry.invoice(seller=registry.supplier)))
    key = jwk_file(tmp_path / "supplier.jwk", registry.supplier.key)
    liar.bend = lambda path, body: json.dumps({"receivable": json.loads(body)["receivable"]}).encode()
    done = shell.run("submit", tmp_path / "invoice.json", TALLYSTICK_KEY=str(key), TALLYSTICK_URL=liar.url)
    assert done.returncode == 4 and "lacks a receipt" in done.stdout + done.stderr


def test_another_key_does_not_verify(shell, registry, tmp_path):
    other = tallystick("init", tmp_path / "other", "--origin", registry.origin, "--json")
    vkey = json.loads(other.stdout)["vkey"]
    done = shell.run("verify", f"http://127.0.0.1:{registry.port}", "--vkey", vkey, "--state", tmp_path / "state")
    assert done.returncode == 4


def test_a_ledger_that_goes_back_in_time_is_found(shell, registry, liar, tmp_path):
    """The old checkpoint is signed, but newer ones were seen."""
    url, state = liar.url, tmp_path / "state"
    old = registry.get("/checkpoint").body
    registry.registered()
    assert verify(shell, url, state).returncode == 0
    liar.bend = lambda path, body: old if path == "/checkpoint" else body
    assert verify(shell, url, state).returncode == 4


def test_two_histories_of_one_log_are_found(shell, fresh, tmp_path):
    """A backup restored together with its head file makes a log sign a second history: whoever saw the first finds out."""
    own = Shell(fresh, tmp_path)
    state = tmp_path / "state"
    fresh.stop()
    shutil.copytree(fresh.directory, tmp_path / "backup")
    fresh.start()
    fresh.registered()
    assert verify(own, f"http://127.0.0.1:{fresh.port}", state).returncode == 0
    fresh.stop()
    shutil.rmtree(fresh.directory)
    shutil.copytree(tmp_path / "backup", fresh.directory)
    fresh.seen.clear()
    fresh.entries.clear()
    fresh.start()
    fresh.registered()
    fresh.registered()
    done = verify(own, f"http://127.0.0.1:{fresh.port}", state)
    assert done.returncode == 4 and done.stderr + done.stdout
