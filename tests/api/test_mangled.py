"""Commands with random damage: bytes flipped in what is sent, and payloads with random values in random places, properly signed.
Whatever comes, the answer is a documented one and never the registry's own fault; damaged bytes are never recorded."""

import copy
import json
import random

import jws
import pytest
from contract import ROOT

PATH = "/v1/receivables"
ROUNDS = 400
ODD = [
    None, True, False, 0, -1, 1, 2**53, 2**63, 1.5, 1e300, "", " ", "0", "-1", "1e5", "1.00", "x" * 5000, "\u0000", "\ud7ff", "\u202e",
    "../..", "%00", "{}", [], {}, [[]], [{}], {"": ""}, "2026-02-30", "9999-12-31", "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17", "CNY",
    ["CNY"], "\U0001f600" * 100, "NaN", "null", "\\u0000", "'", '"', "<", "&", "~", "\n",
]  # fmt: skip


def places(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in children:
        yield from places(inner, (*path, name))


def damage(value, chance):
    """A copy with one to three places replaced, removed, doubled or joined by an odd value."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(list(places(value)))
        if not path:
            continue
        at = value
        for name in path[:-1]:
            at = at[name]
        what = chance.random()
        if what < 0.7:
            at[path[-1]] = copy.deepcopy(chance.choice(ODD))
        elif what < 0.85:
            del at[path[-1]]
        elif isinstance(at, dict):
            at[chance.choice(["extra", "id", "amount", "__proto__", "x" * 300])] = copy.deepcopy(chance.choice(ODD))
        else:
            at.append(copy.deepcopy(at[path[-1]]))
    return value


def not_our_fault(answer):
    assert answer.status < 500, (answer.status, answer.body[:500])


@pytest.mark.parametrize("seed", range(3))
def test_damaged_bytes_are_never_recorded(registry, seed):
    chance, size = random.Random(seed), registry.size()
    for _ in range(ROUNDS):
        body = bytearray(registry.supplier.sign(PATH, registry.invoice()))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            what = chance.random()
            if what < 0.6:
                body[at] ^= 1 << chance.randrange(8)
            elif what < 0.8:
                del body[at : at + chance.randint(1, 40)]
            else:
                body[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        answer = registry.send(PATH, bytes(body))
        not_our_fault(answer)
        if answer.status < 300:
            # Damage that JSON does not see, such as a blank between members.
            assert json.loads(body)["payload"], answer.body
            size += 1
    assert registry.size() == size


@pytest.mark.parametrize("seed", range(3))
def test_odd_payloads_properly_signed_are_answered_as_documented(registry, seed):
    chance = random.Random(1000 + seed)
    receivable, held = registry.registered(), registry.registered()
    policy = {k: v for k, v in registry.operator.get("/v1/policy").ok().items() if k not in ("version", "set_at", "seq")}
    document = {"kind": "contract", "sha256": "ab" * 32, "name": "paper"}
    person = {"name": "Odd", "roles": ["lender"], "identifiers": {"tax_id": "T"}, "public_key": jws.Key().public, "country": "CN"}
    token = {"participant": registry.supplier.id, "token_sha256": "cd" * 32, "scopes": ["read"], "expires_at": registry.time_text(1)}
    line = f"/v1/participants/{registry.other_debtor.id}/credit_line"
    cases = [
        (registry.supplier, PATH, lambda: registry.invoice(documents=[document], part="a", amount="1.00")),
        (registry.debtor, PATH, lambda: registry.invoice(invoice_payee={"name": "x", "identifiers": {"gln": "1"}}, invoice_note="n")),
        (registry.debtor, f"{PATH}/{receivable['id']}/confirm", lambda: {"amount": "1.00", "note": "n"}),
        (registry.debtor, f"{PATH}/{held['id']}/reject", lambda: {"reason": "none", "note": "n"}),
        (registry.operator, "/v1/participants", lambda: person),
        (registry.supplier, "/v1/tokens", lambda: token),
        (registry.operator, "/v1/policy", lambda: {"base_version": 10**6, "policy": policy}),
        (registry.operator, line, lambda: {"currency": "CNY", "limit": "1000000.00"}),
    ]
    for _ in range(ROUNDS):
        who, path, payload = chance.choice(cases)
        not_our_fault(who.post(path, jws.compact(damage(payload(), chance)), bad=True))
    registry.operator.post(line, {"currency": "CNY", "limit": None}).ok()


@pytest.mark.parametrize("name", ["ubl/suzhou-huadong.xml", "cii/rheintal-nordwind.xml", "csv/suzhou-november.csv", "csv/rheintal-mixed.csv"])
def test_damaged_files_properly_signed_are_answered_as_documented(registry, name):
    chance = random.Random(name)
    whole = (ROOT / "examples" / "invoices" / name).read_bytes()
    cty = "text/csv" if name.endswith("csv") else "application/xml"
    for _ in range(ROUNDS // 2):
        file = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(file))
            if chance.random() < 0.5:
                file[at] = chance.randrange(256)
            else:
                file[at : at + chance.randint(0, 60)] = chance.choice([b"", b"<", b"&", b'"', b"]]>", b"<!--", b",", b";", b"\n", b"\r", b"\0"])
        submission = chance.choice([None, {"buyer": registry.debtor.id, "seller": registry.supplier.id}])
        not_our_fault(registry.supplier.submit(bytes(file), cty=cty, submission=submission))
