"""Holds requests and answers against schema/openapi.json, so that the description stays true."""

import functools
import json
import pathlib
import re
from urllib.parse import parse_qsl

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPENAPI = ROOT / "schema" / "openapi.json"
PROBLEM = "urn:tallystick:problem:"

# HTTP status of each problem a client can meet.
STATUS = {
    "bad-request": 400, "not-found": 404, "method-not-allowed": 405, "unsupported-media-type": 415, "body-too-large": 413,
    "uri-too-long": 414, "headers-too-large": 431, "bad-query": 400, "request-timeout": 408, "unauthenticated": 401, "token-expired": 401,
    "token-revoked": 401, "scope-missing": 403, "token-limit": 403, "wider-than-issuer": 403, "malformed-json": 400, "malformed-xml": 400, "malformed-csv": 400, "malformed-archive": 400,
    "invalid-fields": 422, "not-a-receivable": 422, "malformed-jws": 400, "wrong-alg": 400, "wrong-audience": 400,
    "wrong-url": 400, "stale-command": 401, "unknown-key": 401, "key-revoked": 401, "key-not-valid": 401,
    "bad-signature": 401, "jti-reused": 409, "not-permitted": 403, "participant-suspended": 403, "signature-missing": 403,
    "wrong-state": 409, "four-eyes": 403, "same-token": 409, "terms-differ": 409, "already-exists": 409, "amount-out-of-range": 422, "past-deadline": 409, "past-maturity": 409,
    "not-yet-due": 409, "version-conflict": 409, "claim-locked": 409, "claim-encumbered": 409, "limit-exceeded": 409,
    "hop-limit": 409, "split-limit": 409, "payment-refused": 409, "gateway-rejected": 422, "batch-undone": 424, "overloaded": 503, "stopping": 503, "busy": 503,
    "rate-limited": 429, "disk-full": 507, "outcome-unknown": 503, "no-memory": 503, "io-error": 500, "corrupt": 500, "internal-error": 500,
}  # fmt: skip


# What only a signature stands for: the sweep.
NO_PAYLOAD = {"schema": {"type": "object", "maxProperties": 0}}


class Contract:
    def __init__(self, path=OPENAPI):
        self.document = json.loads(path.read_text(encoding="utf-8"))
        self.resolver = jsonschema.RefResolver.from_schema(self.document)
        self.routes = []
        for template, operations in self.document["paths"].items():
            # A tile's number holds slashes; every other parameter is one segment.
            pattern = re.sub(r"\\{(\w+)\\}", lambda m: "(.+)" if m[1] == "n" else "([^/]+)", re.escape(template))
            names = re.findall(r"{(\w+)}", template)
            self.routes.append((re.compile(pattern + "$"), names, template, operations))
        self.validators = {}

    def operation(self, method, path):
        """(template, operation, path parameters), or None if nothing of the contract answers there."""
        best = None
        for pattern, names, template, operations in self.routes:
            match = pattern.match(path)
            if match and method.lower() in operations:
                found = (template, operations[method.lower()], dict(zip(names, match.groups())))
                if best is None or len(found[2]) < len(best[2]):
                    best = found
        return best

    def validate(self, value, schema, what):
        key = id(schema)
        if key not in self.validators:
            validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
            self.validators[key] = (validator, schema)
        errors = sorted(self.validators[key][0].iter_errors(value), key=lambda e: list(map(str, e.absolute_path)))
        assert not errors, f"{what}: /{'/'.join(map(str, errors[0].absolute_path))}: {errors[0].message[:600]}"

    def check_request(self, method, target, content_type, payload):
        """payload: the decoded command (or None for GET, bytes for XML and CSV)."""
        path, _, query = target.partition("?")
        found = self.operation(method, path)
        assert found, f"{method} {path} is not in openapi.json"
        _, operation, _ = found
        known = {p["name"]: p for p in operation.get("parameters", []) if p.get("in") == "query"}
        for name, text in parse_qsl(query, keep_blank_values=True):
            assert name in known, f"query parameter {name} is not in openapi.json"
            schema = known[name]["schema"]
            self.validate(int(text) if schema.get("type") == "integer" else text, schema, f"query parameter {name}")
        if method == "POST":
            content = operation["requestBody"]["content"]
            assert content_type in content, f"{content_type} is not among the types of {path}"
            if not isinstance(payload, bytes):
                schema = content.get("application/json", NO_PAYLOAD)["schema"]
                self.validate(payload, schema, f"payload of {path}")

    def check_answer(self, method, target, answer):
        """Also answers to bad requests: whatever is sent must be documented."""
        assert answer.headers.get("x-request-id"), "every answer has X-Request-Id"
        self.check_limits(answer)
        found = self.operation("GET" if method == "HEAD" else method, target.partition("?")[0])
        if answer.status >= 400:
            self.check_problem(answer, found[1] if found else None)
            return
        assert found, f"{method} {target} answered {answer.status} and is not in openapi.json"
        responses = found[1]["responses"]
        assert str(answer.status) in responses, f"{answer.status} of {method} {found[0]} is not in openapi.json"
        content = responses[str(answer.status)].get("content")
        if method == "HEAD" or not content:
            assert not answer.body
            return
        kind = answer.headers["content-type"]
        assert kind in content, f"{kind} of {method} {found[0]} is not in openapi.json"
        if kind == "application/json":
            self.validate(answer.json, content[kind]["schema"], f"answer of {method} {found[0]}")

    def check_limits(self, answer):
        """What is told of rates has the described form, both or neither."""
        told = [name for name in ("RateLimitPolicy", "RateLimit") if name.replace("tP", "t-P").lower() in answer.headers]
        assert len(told) in (0, 2)
        for name in told:
            text = answer.headers[name.replace("tP", "t-P").lower()]
            self.validate(text, self.document["components"]["headers"][name]["schema"], name)

    def check_problem(self, answer, operation):
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json
        self.validate(problem, self.document["components"]["schemas"]["Problem"], "problem")
        slug = problem["type"][len(PROBLEM) :]
        assert answer.status == problem["status"] == STATUS[slug], f"{slug} is {STATUS[slug]}"
        if operation:
            documented = operation["x-problems"] + self.document["x-problems"]
            assert slug in documented, f"{slug} is not among the problems of {operation['operationId']}"
        if answer.status in (429, 503):
            assert int(answer.headers["retry-after"]) > 0
        if answer.status == 401 and slug in ("unauthenticated", "token-expired", "token-revoked"):
            assert answer.headers["www-authenticate"].startswith("Bearer")


@functools.lru_cache(maxsize=None)
def the_contract():
    return Contract()
