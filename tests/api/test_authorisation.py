"""The matrix of rights: every operation of the interface, everyone in every role, on an object that is theirs, granted to them, or foreign;
and every way a token or a signature can be wrong. What is expected stands in authority_table.py; the operations come from openapi.json,
which tests/unit/test_api_json.c holds against the route table: one without a line fails here.

A cell is one request that was sent and judged."""

import collections
import copy
import json
import secrets

import jws
import pytest
from authority_table import CARRIERS, COMMANDS, READS, lines
from authority_world import EVERYONE, SCOPES, AuthorityWorld
from bearer import Bearer
from bulk_world import plain, post, signed
from contract import OPENAPI, PROBLEM

TABLE = lines(COMMANDS, EVERYONE) + lines(READS, EVERYONE)
CELLS = collections.Counter()
NOTHING = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"


def operations():
    """{operationId: (method, path template, scope; None: public, "": any)}"""
    found = {}
    for path, methods in json.loads(OPENAPI.read_text(encoding="utf-8"))["paths"].items():
        for method, operation in methods.items():
            bearers = [way["bearer"] for way in operation["security"] if "bearer" in way]
            scope = (bearers[0][0] if bearers[0] else "") if bearers else None
            found[operation["operationId"]] = (method.upper(), path, scope, operation)
    return found


OPERATIONS = operations()


@pytest.fixture(scope="module")
def world(registry):
    yield AuthorityWorld(registry)
    print(f"\n{sum(CELLS.values())} cells of the matrix: {dict(CELLS)}")


def slug(answer):
    return answer.json["type"][len(PROBLEM) :] if answer.status >= 400 else None


def path_of(template, ids):
    path = template
    for name, value in ids.items():
        path = path.replace("{%s}" % name, value)
    return path


def query_of(operation):
    return {"getConsistency": "?from=1&to=2", "listEntries": "?from=0&limit=1000"}.get(operation, "")


def target_of(world, operation, thing):
    fixed = {"seq": "0", "version": "1", "level": "0", "n": "000.p/1", "date": world.registry.day(), "kid": "A" * 43, "key": "A" * 43}
    path = path_of(path_of(OPERATIONS[operation][1], thing.ids), fixed)
    return path + query_of(operation)


def absent(thing):
    """The same thing under ids that nothing has."""
    fresh = {"id": NOTHING, "kid": jws.b64url(secrets.token_bytes(32)), "key": jws.new_jti(), "seq": "999999"}
    copied = type(thing)({name: fresh[name] for name in thing.ids}, (), **thing.facts)
    return copied


def send(world, operation, thing, who, payload=None):
    path = target_of(world, operation, thing)
    payload = world.payload(operation, thing, who) if payload is None else payload
    return who.post(path, payload)


def same_words(answer, other):
    """Whether two refusals cannot be told apart, but for the request's own number."""
    told = [{k: v for k, v in one.json.items() if k != "instance"} for one in (answer, other)]
    hidden = {"x-request-id", "date", "ratelimit", "content-length"}
    heads = [{k: v for k, v in one.headers.items() if k not in hidden} for one in (answer, other)]
    return told[0] == told[1] and heads[0] == heads[1]


# ---- the table itself ----


def test_every_operation_has_its_line_and_no_line_is_idle():
    named = [line.operation for line in TABLE]
    assert len(named) == len(set(named))
    assert set(named) | CARRIERS == set(OPERATIONS), set(OPERATIONS) ^ (set(named) | CARRIERS)
    for line in TABLE:
        assert line.world == (OPERATIONS[line.operation][2] is None and OPERATIONS[line.operation][0] == "GET"), line.operation


# ---- commands ----

WRITES = [line for line in TABLE if OPERATIONS[line.operation][0] == "POST"]
LOOKS = [line for line in TABLE if OPERATIONS[line.operation][0] == "GET"]


@pytest.mark.parametrize("line", WRITES, ids=lambda line: line.operation)
def test_a_command_is_taken_from_those_alone_who_may(world, line):
    refused = [name for name in EVERYONE if line.expected(name)]
    taken = [name for name in EVERYONE if not line.expected(name)]
    thing, wrong = world.make(line.object), []
    # What the gateway rejects is recorded.
    rejected = [name for name in refused if line.expected(name) == "gateway-rejected"]
    with world.registry.unchanged():
        for name in refused:
            wrong += [] if name in rejected else refusal(world, line, thing, name)
    for name in rejected:
        wrong += refusal(world, line, thing, name)
    for name in taken:
        answer = send(world, line.operation, thing, world[name])
        CELLS["taken"] += 1
        if answer.status not in (200, 201, 202):
            wrong.append(f"{name}: {answer.status} {slug(answer)}, expected success: {answer.json.get('detail')}")
        thing = world.make(line.object)
    assert not wrong, f"{line.operation} on {line.object}: " + "; ".join(wrong)


def refusal(world, line, thing, name):
    """One who may not: alone, in a batch, and, a stranger, on what does not exist. What was wrong."""
    who, expected, operation = world[name], line.expected(name), line.operation
    if operation == "sweep" and isinstance(who, Bearer):
        return []  # only signed: test_tokens
    wrong = []
    answer = send(world, operation, thing, who)
    CELLS["refused"] += 1
    if slug(answer) != expected:
        wrong.append(f"{name}: {answer.status} {slug(answer)}, expected {expected}: {answer.json.get('detail')}")
    if operation not in ("sweep", "replayWebhook"):
        CELLS["refused in a batch"] += 1
        wrong += in_a_batch(world, operation, thing, who, name, slug(answer))
    if thing.marks and name not in line.special:
        CELLS["compared with what does not exist"] += 1
        nothing = send(world, operation, absent(thing), who)
        if not same_words(answer, nothing):
            wrong.append(f"{name}: can tell it from what does not exist: {answer.json} {nothing.json}")
    return wrong


def in_a_batch(world, operation, thing, who, name, alone):
    path, payload = target_of(world, operation, thing), world.payload(operation, thing, who)
    kept = isinstance(who, Bearer)
    item = plain(path, payload) if kept else signed(who, path, payload)
    result = post(world.registry, "independent", [item], token=who.token if kept else None).ok()["results"][0]
    found = result["problem"]["type"][len(PROBLEM) :] if "problem" in result else None
    return [] if found == alone else [f"{name}, in a batch: {found}, alone {alone}"]


# ---- reads ----

# Answers about an object that do not name it.
NAMELESS = {"getWebhookSecret", "listDeliveries", "listUploadResults", "exportUploadResults", "exportUploadResultsCsv"}


def read_all(who, operation, target):
    """(the first answer, the text of all): of a list all its pages, in every part it has."""
    parameters = [one for one in OPERATIONS[operation][3].get("parameters", []) if one.get("name") == "part"]
    parts = parameters[0]["schema"]["enum"] if parameters else [None]
    first, texts = None, []
    for part in parts:
        base = target + (f"{'&' if '?' in target else '?'}part={part}" if part else "")
        answer = who.get(base)
        while True:
            first = first or answer
            texts.append(answer.body.decode(errors="replace"))
            cursor = answer.json.get("next_cursor") if answer.headers["content-type"] == "application/json" else None
            if answer.status != 200 or not cursor:
                break
            answer = who.get(f"{base}{'&' if '?' in base else '?'}cursor={cursor}")
    return first, "".join(texts)


@pytest.mark.parametrize("line", LOOKS, ids=lambda line: line.operation)
def test_a_read_shows_what_is_yours_and_nothing_else(world, line):
    thing, wrong = world.make(line.object), []
    target = target_of(world, line.operation, thing)
    for name in EVERYONE:
        expected, answer, text = line.expected(name), *read_all(world[name], line.operation, target)
        CELLS["read"] += 1
        betrayed = [mark for mark in thing.marks if mark in text]
        named = betrayed or not thing.marks or line.operation in NAMELESS
        if expected is None and not (answer.status == 200 and named):
            wrong.append(f"{name}: {answer.status} without {thing.marks}, expected to see it")
        elif expected == "nothing" and (answer.status != 200 or betrayed):
            wrong.append(f"{name}: {answer.status} tells of {betrayed}")
        elif expected not in (None, "nothing") and (slug(answer) != expected or betrayed):
            wrong.append(f"{name}: {answer.status} {slug(answer)}, expected {expected}")
        if expected == "not-found" and not same_words(answer, world[name].get(target_of(world, line.operation, absent(thing)))):
            wrong.append(f"{name}: can tell it from what does not exist")
    if line.world and world.registry.get(target).status != 200:
        wrong.append("it needs a token")
    assert not wrong, f"{line.operation} on {line.object}: " + "; ".join(wrong)


# ---- the same in other wrappings ----


def test_commands_in_an_upload_are_judged_as_alone(world):
    """One a line, each by somebody who may not; sent by a stranger, who sees what became of them and nothing more."""
    rows, alone = [], []
    for line in WRITES:
        refused = [one for one in EVERYONE if line.expected(one) not in (None, "gateway-rejected") and one != "kept"]
        name = refused[0] if refused else None
        if name is None or line.operation in ("sweep", "replayWebhook"):
            continue
        thing = world.make(line.object)
        path = target_of(world, line.operation, thing)
        rows.append(world[name].sign(path, world.payload(line.operation, thing, world[name])))
        alone.append(slug(send(world, line.operation, thing, world[name])))
    key, kept = jws.new_jti(), world["kept"]
    head = {"Authorization": f"Bearer {kept.token}", "Content-Type": "application/x-ndjson", "Idempotency-Key": key}
    with world.registry.unchanged():
        world.registry.request("POST", "/v1/uploads", b"\n".join(rows) + b"\n", head).ok()
    found = [row["problem"]["type"][len(PROBLEM) :] for row in kept.read_all(f"/v1/uploads/{key}/results?limit=100")]
    CELLS["refused in an upload"] += len(rows)
    assert found == alone and len(rows) > 40


# ---- that the matrix can fail ----


@pytest.mark.parametrize(
    "operation, name, told",
    [
        ("getClaim", "debtor", "not-found"), ("getClaim", "lender", None), ("listClaims", "grantee", "nothing"), ("listClaims", "bank", None),
        ("splitClaim", "debtor", "not-found"), ("splitClaim", "rival_supplier", "not-permitted"), ("freezeClaim", "operator", None),
        ("acceptOffer", "creditor", "not-permitted"), ("getMetrics", "reviewer", None),
    ],
)  # fmt: skip
def test_a_turned_expectation_is_noticed(world, operation, name, told):
    turned = copy.deepcopy(next(line for line in TABLE if line.operation == operation))
    assert turned.expected(name) != told
    turned.special[name] = told
    reads = OPERATIONS[operation][0] == "GET"
    judge = test_a_read_shows_what_is_yours_and_nothing_else if reads else test_a_command_is_taken_from_those_alone_who_may
    with pytest.raises(AssertionError, match=f"{name}: |nothing was recorded"):
        judge(world, turned)


# ---- tokens and signatures that are not good ----


@pytest.fixture(scope="module")
def bad_tokens(world):
    """{what is wrong: (header, problem)} of the stranger in custody, who has every trade."""
    kept, operator = world["kept"], world.operator
    expired, _ = kept.issue_token(SCOPES, days=0.5 / 86400, signer=operator)
    revoked, made = kept.issue_token(SCOPES, signer=operator)
    operator.post(f"/v1/tokens/{made['id']}/revoke").ok()
    while slug(kept.get("/v1/me", token=expired)) != "token-expired":
        pass
    return {
        "no token": (None, "unauthenticated"), "an unknown token": ("ts_" + "A" * 43, "unauthenticated"), "no token at all": ("", "unauthenticated"),
        "an expired one": (expired, "token-expired"), "a revoked one": (revoked, "token-revoked"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def by_scope(world):
    return {scope: world["kept"].issue_token([scope], signer=world.operator)[0] for scope in SCOPES}


BEARERS = sorted(name for name, (_, _, scope, _) in OPERATIONS.items() if scope is not None)


@pytest.mark.parametrize("operation", BEARERS)
def test_a_token_must_be_good_and_of_the_scope(world, bad_tokens, by_scope, operation):
    method, template, scope, description = OPERATIONS[operation]
    line = next((line for line in TABLE if line.operation == operation), None)
    path, wrong = target_of(world, operation, absent(world.a_participant())), []
    cases = dict(bad_tokens)
    if {} in description["security"] and method == "GET":
        del cases["no token"]
    for name, token in by_scope.items():
        if scope and name != scope and line:
            cases[f"one of scope {name}"] = (token, "scope-missing")
    if operation == "postBatch":  # its commands are judged one by one; test_batches tells of tokens there
        cases = {}
    for name, (token, expected) in cases.items():
        head = {} if token is None else {"Authorization": f"Bearer {token}"}
        if method == "GET":
            answer = world.registry.request("GET", path, headers=head)
        else:
            kind = "text/csv" if operation == "postUpload" else "application/json"
            answer = world.registry.send(path, b"{}", kind, {"Idempotency-Key": jws.new_jti(), **head})
        CELLS["bad token"] += 1
        if slug(answer) != expected:
            wrong.append(f"{name}: {answer.status} {slug(answer)}, expected {expected}")
    assert not wrong, f"{operation}: " + "; ".join(wrong)


@pytest.fixture(scope="module")
def bad_signers(world):
    """{what is wrong: (key, header members, problem)}, beside a participant of every trade whose own signature is good."""
    registry = world.registry
    everyman = registry.register("Everyman", ["supplier", "core_enterprise", "lender", "bank", "auditor"], token=False)
    revoked, forged = jws.Key(), jws.Key()
    everyman.post(f"/v1/participants/{everyman.id}/keys", {"public_key": revoked.public}).ok(201)
    everyman.post(f"/v1/participants/{everyman.id}/keys/{revoked.kid}/revoke").ok()
    forged.kid = everyman.key.kid
    locked = registry.register("Locked Out", ["supplier", "core_enterprise", "lender", "bank"], token=False)
    registry.operator.post(f"/v1/participants/{locked.id}/suspend", {"reason": "for good"}).ok()
    return everyman, {
        "a key nobody has": (jws.Key(), {}, "unknown-key"), "a revoked key": (revoked, {}, "key-revoked"),
        "another's kid": (forged, {}, "bad-signature"), "for another registry": (everyman.key, {"aud": "elsewhere"}, "wrong-audience"),
        "for another act": (everyman.key, {"url": "/v1/participants"}, "wrong-url"), "an old command": (everyman.key, {"iat": 1}, "stale-command"),
        "one who is suspended": (locked.key, {}, "participant-suspended"),
    }  # fmt: skip


@pytest.mark.parametrize("line", WRITES, ids=lambda line: line.operation)
def test_a_signature_must_be_good_and_for_this_very_act(world, bad_signers, line):
    everyman, cases = bad_signers
    thing, wrong = world.make(line.object), []
    path, payload = target_of(world, line.operation, thing), world.payload(line.operation, thing, everyman)
    with world.registry.unchanged():
        for name, (key, header, expected) in cases.items():
            if header.get("url") == path:
                header = {"url": "/v1/policy"}
            answer = everyman.post(path, payload, key=key, **header)
            CELLS["bad signature"] += 1
            if slug(answer) != expected:
                wrong.append(f"{name}: {answer.status} {slug(answer)}, expected {expected}")
    assert not wrong, f"{line.operation}: " + "; ".join(wrong)
