"""schema/openapi.json is true: served as it is, complete, and every operation of it answers."""

import json
from html.parser import HTMLParser

import jsonschema
import jws
import pytest
from contract import OPENAPI, PROBLEM, STATUS

OPERATIONS = """
GET /checkpoint | GET /tile/{level}/{n} | GET /healthz | GET /readyz | GET /metrics | GET /openapi.json | GET /docs | GET /v1/entries
GET /v1/entries/{seq} | GET /v1/entries/{seq}/proof | GET /v1/consistency | GET /v1/participants | POST /v1/participants
GET /v1/participants/{id} | POST /v1/participants/{id}/keys | POST /v1/participants/{id}/keys/{kid}/revoke
POST /v1/participants/{id}/suspend | POST /v1/participants/{id}/activate | POST /v1/participants/{id}/stop
POST /v1/participants/{id}/clear | POST /v1/participants/{id}/credit_line | POST /v1/participants/{id}/rating | GET /v1/tokens
POST /v1/participants/{id}/four_eyes | GET /v1/approvals | GET /v1/approvals/{id} | POST /v1/approvals/{id}/withdraw
POST /v1/tokens | POST /v1/tokens/{id}/revoke | GET /v1/me | GET /v1/policy | POST /v1/policy | GET /v1/policy/{version}
GET /v1/receivables | POST /v1/receivables | GET /v1/receivables/{id} | GET /v1/receivables/{id}/history
POST /v1/receivables/{id}/confirm | POST /v1/receivables/{id}/accept | POST /v1/receivables/{id}/reject
POST /v1/receivables/{id}/withdraw | POST /v1/receivables/{id}/lapse | POST /v1/sweeps | POST /v1/batches | POST /v1/uploads
GET /v1/uploads/{key} | GET /v1/uploads/{key}/results | GET /v1/uploads/{key}/results.ndjson | GET /v1/uploads/{key}/results.csv
GET /v1/claims | GET /v1/claims/{id}
GET /v1/claims/{id}/history | POST /v1/claims/{id}/split | POST /v1/claims/{id}/transfer | POST /v1/claims/{id}/accept_transfer
POST /v1/claims/{id}/decline_transfer | POST /v1/claims/{id}/cancel_transfer | POST /v1/claims/{id}/lapse_transfer
POST /v1/claims/{id}/acknowledge | POST /v1/claims/{id}/dispute | POST /v1/claims/{id}/resolve | POST /v1/claims/{id}/freeze
POST /v1/claims/{id}/unfreeze | POST /v1/claims/{id}/age | POST /v1/claims/{id}/write_off | GET /v1/claims/totals
GET /v1/claims.csv | GET /v1/claims/{id}/lineage | GET /v1/claims/{id}/certificate | GET /v1/grants | POST /v1/grants
GET /v1/grants/{id} | POST /v1/grants/{id}/revoke | POST /v1/checks | GET /v1/programs | POST /v1/programs
GET /v1/programs/{id} | POST /v1/programs/{id}/close | GET /v1/financing_requests | POST /v1/financing_requests
GET /v1/financing_requests/{id} | POST /v1/financing_requests/{id}/withdraw | POST /v1/financing_requests/{id}/lapse
GET /v1/offers | POST /v1/offers | GET /v1/offers/{id} | POST /v1/offers/{id}/withdraw | POST /v1/offers/{id}/accept
GET /v1/financings | GET /v1/financings/{id} | POST /v1/financings/{id}/disburse | POST /v1/financings/{id}/cancel
POST /v1/financings/{id}/lapse | POST /v1/financings/{id}/register | POST /v1/financings/{id}/release
POST /v1/financings/{id}/recourse | POST /v1/financings/{id}/repurchase | GET /v1/payments | POST /v1/payments
GET /v1/payments/{id} | POST /v1/payments/{id}/reverse | GET /v1/proposals | POST /v1/proposals | GET /v1/proposals/{id}
POST /v1/proposals/{id}/accept | POST /v1/proposals/{id}/decline | GET /v1/webhooks | POST /v1/webhooks | GET /v1/webhooks/{id}
POST /v1/webhooks/{id}/rotate | POST /v1/webhooks/{id}/remove | GET /v1/webhooks/{id}/secret | GET /v1/webhooks/{id}/deliveries
POST /v1/webhooks/{id}/replay | GET /v1/statements/{date} | GET /v1/statements/{date}/entries
GET /v1/statements/{date}/statement.csv | GET /v1/reviews | GET /v1/reviews/{id} | POST /v1/reviews/{id}/approve
POST /v1/reviews/{id}/reject | POST /v1/reviews/{id}/verify
"""
EXPECTED = sorted(tuple(line.split()) for line in OPERATIONS.replace("|", "\n").splitlines() if line.strip())
NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


def described():
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    return sorted((method.upper(), path) for path, operations in document["paths"].items() for method in operations)


def test_every_operation_of_the_interface_is_described_and_no_other():
    assert described() == EXPECTED


def test_the_description_is_served_as_it_is(registry):
    answer = registry.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == OPENAPI.read_bytes()


@pytest.mark.parametrize("method, template", EXPECTED, ids=" ".join)
def test_every_operation_is_served(registry, method, template):
    """Reachable under its method; the other method is refused or is an operation itself."""
    operation = registry.contract.document["paths"][template][method.lower()]
    path = template.replace("{id}", NOTHING).replace("{kid}", "A" * 43).replace("{key}", NOTHING).replace("{seq}", "0").replace("{version}", "1").replace("{date}", registry.day())
    path = path.replace("{level}/{n}", "0/000.p/1")
    if method == "GET":
        target = path + ("?from=1&to=2" if path.endswith("consistency") else "")
        answer = registry.operator.get(target)
        if NOTHING in path:
            answer.problem("scope-missing" if path.endswith("/secret") else "not-found")  # its token reads only
        else:
            assert answer.status == 200, answer.body
    else:
        content = operation["requestBody"]["content"]
        signed = jws.JOSE in content
        registry.send(path, b"{}").problem("malformed-jws" if signed else "unsupported-media-type")
        if "application/json" not in content:
            registry.send(path, b"{}", "application/json").problem("unsupported-media-type")
        else:
            registry.send(path, b"{}", "application/json").problem("unauthenticated" if signed else "invalid-fields")
    other = "POST" if method == "GET" else "GET"
    if (other, template) not in EXPECTED:
        registry.http.request(other, path).problem("method-not-allowed")


def walk(value, path=""):
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from walk(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, f"{path}/{i}")


def test_the_description_is_well_formed():
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    resolver = jsonschema.RefResolver.from_schema(document)
    ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(ids) == len(set(ids))
    for path, value in walk(document):
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            resolver.resolve(value["$ref"])
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for path, part in walk(schema, name):
            if isinstance(part, dict) and "properties" in part and isinstance(part["properties"], dict):
                assert part.get("additionalProperties") is False, f"{path} lets undescribed members pass"
                for required in part.get("required", []):
                    assert required in part["properties"], f"{path} requires {required}, which it does not describe"


def test_the_examples_fit_their_schemas():
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    resolver = jsonschema.RefResolver.from_schema(document)
    count = 0
    for path, part in walk(document["components"]["schemas"]):
        if isinstance(part, dict) and isinstance(part.get("examples"), list) and "type" in part:
            for example in part["examples"]:
                jsonschema.Draft202012Validator(part, resolver=resolver).validate(example)
                count += 1
    assert count > 30


def members(document):
    """(place, name, schema) of every member of every object that is described."""
    for path, part in walk(document):
        if isinstance(part, dict) and isinstance(part.get("properties"), dict) and part.get("type", "object") == "object":
            for name, schema in part["properties"].items():
                yield path, name, schema


def shows_a_value(schema):
    """Has an example, or names its values, or is of a kind whose parts do."""
    kinds = schema.get("type", [])
    plain = {"string", "integer", "number"} & set([kinds] if isinstance(kinds, str) else kinds)
    return not plain or any(word in schema for word in ("examples", "enum", "const"))


def test_every_operation_and_member_is_explained_and_every_value_has_an_example():
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    silent = [op["operationId"] for path in document["paths"].values() for op in path.values() if not op.get("description")]
    silent += [f"{place}: {name}" for place, name, schema in members(document) if not schema.get("description")]
    silent += [f"{place}: {name} has no example" for place, name, schema in members(document) if not shows_a_value(schema)]
    assert silent == []


def test_every_command_has_a_whole_example():
    schemas = json.loads(OPENAPI.read_text(encoding="utf-8"))["components"]["schemas"]
    assert [name for name in schemas if name.startswith("Command") and not schemas[name].get("examples")] == []


def test_every_problem_is_described_with_its_status():
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    schema = document["components"]["schemas"]["ProblemType"]
    assert sorted(schema["enum"]) == sorted(PROBLEM + slug for slug in STATUS)
    for slug, status in STATUS.items():
        assert f"{slug} {status}" in schema["description"]
    for path in document["paths"].values():
        for operation in path.values():
            assert set(operation["x-problems"]) <= set(STATUS)


class Anchors(HTMLParser):
    """What a page lets one jump to, and whereto its links lead; refuses what would run or be fetched."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.words = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "link", "img", "iframe", "object", "form"), tag
        assert not [name for name, _ in attributes if name.startswith("on")]
        attributes = dict(attributes)
        if "id" in attributes:
            assert attributes["id"] not in self.ids
            self.ids.add(attributes["id"])
        if "href" in attributes:
            self.links.append(attributes["href"])

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_tells_every_operation_and_schema_and_needs_nothing_else(registry):
    document = registry.contract.document
    answer = registry.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")
    page = Anchors(answer.body.decode())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert {operation["operationId"] for operation in operations} <= page.ids
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= page.ids
    assert [link for link in page.links if link != "openapi.json" and link[1:] not in page.ids] == []
    text = "".join(page.words)
    told = [operation["description"] for operation in operations]
    told += [schema["description"] for _, _, schema in members({"paths": document["paths"], "schemas": document["components"]["schemas"]})]
    assert [words for words in told if words not in text] == []
