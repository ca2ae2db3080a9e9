"""The client's commands with nothing but a token: where the registry keeps the key, and two of them make a confirmation."""

import json

import pytest
from bearer import register
from registry import tallystick

ALL = ["read", "submit", "confirm", "finance", "admin"]


class Desk:
    """A person at the command line with one token and no key."""

    def __init__(self, registry, home, token):
        self.registry, self.home, self.token = registry, home, token

    def run(self, *args):
        env = {
            "HOME": str(self.home), "XDG_CONFIG_HOME": "", "TALLYSTICK_URL": f"http://127.0.0.1:{self.registry.port}",
            "TALLYSTICK_TOKEN": self.token, "TALLYSTICK_VKEY": self.registry.vkey, "TALLYSTICK_KEY": "",
            "TALLYSTICK_CLOCK_OFFSET": str(self.registry.offset),
        }  # fmt: skip
        return tallystick(*args, env=env)

    def json(self, *args, code=0):
        done = self.run(*args, "--json")
        assert done.returncode == code, (args, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def firm(registry):
    return register(registry, "Northgate Treasury", ["core_enterprise"], ALL)


@pytest.fixture(scope="module")
def desks(registry, firm, tmp_path_factory):
    def desk(label):
        token, _ = firm.issue_token(ALL, signer=registry.operator, label=label)
        return Desk(registry, tmp_path_factory.mktemp("home"), token)

    return desk("Mr Chen"), desk("Ms Wu")


def test_an_invoice_is_submitted_with_a_token_alone(registry, tmp_path):
    small = register(registry, "Corner Workshop", ["supplier"], ["read", "submit"])
    desk = Desk(registry, tmp_path, small.token)
    paper = registry.invoice(seller=small)
    file = tmp_path / "invoice.json"
    file.write_text(json.dumps(paper))
    made = desk.json("submit", file)
    assert made["receivable"]["creditor"] == small.id and made["receipt"]["seq"] > 0
    rows = tmp_path / "rows.csv"
    head = "number,issue_date,due_date,currency,gross_amount,buyer_id\n"
    rows.write_text(f"{head}CC-1,{registry.day(-1)},{registry.day(30)},CNY,4711.00,{registry.debtor.id}\n")
    assert desk.json("submit", rows)["registered"] == 1


def test_a_token_that_may_not_is_told_so(registry, tmp_path):
    reader = register(registry, "Only Reading", ["core_enterprise"], ["read"])
    receivable = registry.registered(buyer=reader)
    done = Desk(registry, tmp_path, reader.token).run("confirm", receivable["id"])
    assert done.returncode == 1 and "lacks the scope 'confirm'" in done.stdout + done.stderr


def test_two_people_confirm_with_a_token_each(registry, firm, desks):
    chen, wu = desks
    chen.json("participant", "four-eyes", firm.id, "--currency", "CNY", "--above", "5000.00")
    receivable = registry.registered(buyer=firm)
    said = chen.run("confirm", receivable["id"], "--note", "goods are here")
    assert said.returncode == 0 and "said by Mr Chen, waits for a second token until" in said.stdout
    again = chen.run("confirm", receivable["id"])
    assert again.returncode == 1 and "another line" in again.stdout + again.stderr
    waiting = wu.json("approval", "list", "--status", "waiting")["items"]
    assert [a["receivable"] for a in waiting] == [receivable["id"]]
    assert "Mr Chen" in wu.run("approval", "list").stdout
    assert receivable["id"] in wu.run("approval", "show", waiting[0]["id"]).stdout
    answer = wu.json("approval", "give", waiting[0]["id"])
    assert answer["claim"]["face_amount"] == receivable["amount"] and answer["approval"]["second"]["label"] == "Ms Wu"
    assert "said by Mr Chen and Ms Wu" in wu.run("approval", "show", waiting[0]["id"]).stdout


def test_a_first_half_is_withdrawn(registry, firm, desks):
    chen, wu = desks
    waiting = chen.json("confirm", registry.registered(buyer=firm)["id"], "--amount", "6000.00")["approval"]
    assert wu.json("approval", "withdraw", waiting["id"], "--note", "wrong one")["approval"]["status"] == "withdrawn"
    refused = wu.json("approval", "give", waiting["id"], code=1)
    assert refused["type"].endswith(":wrong-state")


def test_the_setting_is_lifted_by_two(registry, firm, desks):
    chen, wu = desks
    lift = ("participant", "four-eyes", firm.id, "--currency", "CNY", "--above", "none")
    waiting = chen.json(*lift)["approval"]
    assert waiting["amount"] is None and waiting["kind"] == "four_eyes"
    assert wu.json("approval", "give", waiting["id"])["participant"]["four_eyes"] == []


def test_a_token_is_made_with_limits_and_shows_them(registry, firm, desks):
    chen, _ = desks
    made = chen.json("token", "create", "--scope", "read,confirm", "--limit", "CNY=500000.00", "--limit", "JPY=100")
    assert made["token"]["amount_limits"] == {"CNY": "500000.00", "JPY": "100"}
    shown = chen.run("token", "create", "--scope", "confirm", "--limit", "EUR=7.00")
    assert shown.returncode == 0 and "at most 7.00 EUR" in shown.stdout
    assert chen.run("token", "create", "--limit", "500000.00").returncode == 2
    refused = Desk(registry, chen.home, made["token_text"]).json("token", "create", code=1)
    assert refused["type"].endswith(":scope-missing")
