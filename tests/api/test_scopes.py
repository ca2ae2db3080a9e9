"""What each scope of a token opens: every operation that the interface describes, with tokens of one scope each. The table is
made from openapi.json, whose scopes tests/unit/test_api_json.c holds against the commands; so none can be forgotten."""

import json

import pytest
from bearer import register
from contract import OPENAPI

SCOPES = ("read", "submit", "confirm", "finance", "admin")
NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


def table():
    """(method, path, scope): what a bearer may do with that scope and no other."""
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for way in operation["security"]:
                if "bearer" in way:
                    yield method.upper(), path, way["bearer"][0] if way["bearer"] else None


TABLE = sorted(row for row in table() if row[2])


@pytest.fixture(scope="module")
def tokens(registry):
    """A participant in custody of every trade, and a token of each scope alone."""
    everyone = register(registry, "Everyman", ["supplier", "core_enterprise", "lender", "bank"], ["read"])
    return everyone, {scope: everyone.issue_token([scope], signer=registry.operator)[0] for scope in SCOPES}


def test_every_operation_for_bearers_names_its_scope():
    """But those that carry commands of any kind, each of which is asked for its own."""
    assert {scope for _, _, scope in TABLE} == set(SCOPES)
    assert {path for _, path, scope in table() if scope is None} == {"/v1/batches", "/v1/uploads"}


@pytest.mark.parametrize("method, template, needed", TABLE, ids=" ".join)
def test_only_the_scope_of_an_operation_opens_it(registry, tokens, method, template, needed):
    everyone, by_scope = tokens
    path = template.replace("{kid}", "A" * 43).replace("{seq}", "0").replace("{version}", "1").replace("{date}", registry.day(-1))
    path = path.replace("{id}", NOTHING).replace("{key}", "A" * 43)
    if path.endswith("consistency"):
        path += "?from=1&to=2"
    for scope, token in by_scope.items():
        head = {"Authorization": f"Bearer {token}"}
        if method == "GET":
            answer = registry.request("GET", path, headers=head)
        else:
            answer = registry.send(path, b"{}", "application/json", head)
        problem = answer.json["type"].rsplit(":", 1)[1] if answer.status >= 400 else None
        assert (problem == "scope-missing") == (scope != needed), f"{method} {path} with {scope}: {answer.status} {problem}"


def test_a_command_outside_the_scope_leaves_nothing(registry, tokens):
    everyone, by_scope = tokens
    paper = registry.invoice(seller=everyone)
    with registry.unchanged():
        for scope in SCOPES:
            if scope != "submit":
                everyone.post("/v1/receivables", paper, token=by_scope[scope]).problem("scope-missing")
