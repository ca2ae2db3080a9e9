"""Bearer tokens for reading: made by the client, kept as a hash, scoped, expiring, revocable."""

import hashlib
import secrets

import jws
import pytest


def refused(registry, slug, headers):
    answer = registry.request("GET", "/v1/me", headers=headers)
    answer.problem(slug)
    return answer


def test_a_token_says_whose_it_is(registry):
    text, token = registry.supplier.issue_token(["read", "submit"], label="warehouse job")
    assert token["participant"] == registry.supplier.id and token["scopes"] == ["read", "submit"]
    assert token["label"] == "warehouse job" and token["revoked_at"] is None
    me = registry.supplier.get("/v1/me", token=text).ok()
    assert me["participant"]["id"] == registry.supplier.id
    assert me["token"] == {name: token[name] for name in ("id", "scopes", "expires_at", "amount_limits")}


def test_without_a_token_nothing_private_is_read(registry):
    for path in ("/v1/me", "/v1/receivables", "/v1/claims", "/v1/reviews", "/v1/participants", "/v1/policy", "/v1/tokens", "/v1/entries"):
        registry.get(path).problem("unauthenticated")
    identity = registry.registered()["id"]
    registry.get(f"/v1/receivables/{identity}").problem("unauthenticated")


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "ts_" + "A" * 43, "Bearer ts_" + "A" * 43, "Bearer ts_" + "A" * 42,
     "Bearer ts_" + "A" * 5000],
)  # fmt: skip
def test_a_token_nobody_issued_opens_nothing(registry, value):
    refused(registry, "unauthenticated", {"Authorization": value})


def test_the_bearer_scheme_is_matched_without_regard_to_case(registry):
    registry.request("GET", "/v1/me", headers={"Authorization": f"bearer {registry.supplier.token}"}).ok()


def test_a_revoked_token_opens_nothing_more(registry):
    text, token = registry.supplier.issue_token()
    answer = registry.supplier.post(f"/v1/tokens/{token['id']}/revoke").ok()
    assert answer["token"]["revoked_at"] is not None
    refused(registry, "token-revoked", {"Authorization": f"Bearer {text}"})
    with registry.unchanged():
        registry.supplier.post(f"/v1/tokens/{token['id']}/revoke").problem("wrong-state")


def test_a_token_ends_at_its_time(fresh):
    text, _ = fresh.supplier.issue_token(days=1)
    fresh.supplier.get("/v1/me", token=text).ok()
    fresh.restart(offset=2 * 86400)
    refused(fresh, "token-expired", {"Authorization": f"Bearer {text}"})
    fresh.supplier.get("/v1/me").ok()


def test_a_token_without_read_reads_nothing(registry):
    text, _ = registry.supplier.issue_token(["submit"])
    registry.supplier.get("/v1/receivables", token=text).problem("scope-missing")


def test_only_custody_signs_for_a_bearer(registry):
    """A participant with its own key cannot act by token alone."""
    text, _ = registry.supplier.issue_token(["read", "submit"])
    headers = {"Authorization": f"Bearer {text}"}
    with registry.unchanged():
        body = jws.compact(registry.invoice())
        registry.send("/v1/receivables", body, "application/json", headers).problem("not-permitted")


def test_the_operator_issues_tokens_for_others_and_nobody_else_does(registry):
    text, token = registry.supplier.issue_token(participant=registry.supplier, signer=registry.operator)
    assert registry.supplier.get("/v1/me", token=text).ok()["token"]["id"] == token["id"]
    payload = {
        "participant": registry.supplier.id,
        "token_sha256": hashlib.sha256(b"ts_" + secrets.token_bytes(8)).hexdigest(),
        "scopes": ["read"],
        "expires_at": registry.time_text(1),
    }
    with registry.unchanged():
        registry.debtor.post("/v1/tokens", payload).problem("not-permitted")


def test_one_hash_cannot_be_issued_twice(registry):
    digest = hashlib.sha256(secrets.token_bytes(8)).hexdigest()
    payload = {"participant": registry.supplier.id, "token_sha256": digest, "scopes": ["read"], "expires_at": registry.time_text(1)}
    registry.supplier.post("/v1/tokens", payload).ok(201)
    with registry.unchanged():
        registry.supplier.post("/v1/tokens", payload).problem("already-exists")


def test_another_cannot_revoke_my_token_nor_see_that_it_is_there(registry):
    _, token = registry.supplier.issue_token()
    with registry.unchanged():
        registry.debtor.post(f"/v1/tokens/{token['id']}/revoke").problem("not-found")
    registry.operator.post(f"/v1/tokens/{token['id']}/revoke").ok()


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"token_sha256": "AB" * 32}, ("malformed_hash", "/token_sha256")),
        ({"token_sha256": "ab"}, ("malformed_hash", "/token_sha256")),
        ({"token_sha256": None}, ("required", "/token_sha256")),
        ({"scopes": ["root"]}, ("unknown_value", "/scopes/0")),
        ({"expires_at": "tomorrow"}, ("malformed_time", "/expires_at")),
        ({"expires_at": "2020-01-01T00:00:00Z"}, ("out_of_range", "/expires_at")),
        ({"participant": "me"}, ("malformed_id", "/participant")),
        ({"token": "ts_x"}, ("unknown_field", "/token")),
    ],
    ids=str,
)
def test_a_faulty_token_command_is_refused(registry, change, fault):
    payload = {
        "participant": registry.supplier.id,
        "token_sha256": hashlib.sha256(secrets.token_bytes(8)).hexdigest(),
        "scopes": ["read"],
        "expires_at": registry.time_text(1),
        **change,
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    with registry.unchanged():
        registry.supplier.post("/v1/tokens", payload, bad=True).problem("invalid-fields", fault)


def test_tokens_are_listed_to_their_owner_and_the_operator(registry):
    _, token = registry.other_supplier.issue_token(label="list me")
    mine = registry.other_supplier.get("/v1/tokens").ok()["items"]
    assert token in mine and all(t["participant"] == registry.other_supplier.id for t in mine)
    shown = registry.operator.get(f"/v1/tokens?participant={registry.other_supplier.id}").ok()["items"]
    assert shown == mine
    assert registry.supplier.get(f"/v1/tokens?participant={registry.other_supplier.id}").ok()["items"] == []


def test_no_token_ever_stands_on_the_ledger(registry):
    text, _ = registry.supplier.issue_token()
    digest = hashlib.sha256(text.encode()).hexdigest()
    for entry in registry.verify()[1]:
        assert text not in entry and digest not in entry
    history = registry.operator.get("/v1/entries?limit=1000").text
    assert text not in history and digest not in history


def test_a_suspended_participants_tokens_open_nothing_until_it_is_activated(registry):
    company = registry.register("Suspended Reader", ["supplier"])
    registry.operator.post(f"/v1/participants/{company.id}/suspend", {"reason": "test"}).ok()
    company.get("/v1/me").problem("participant-suspended")
    registry.operator.post(f"/v1/participants/{company.id}/activate", {"reason": "test"}).ok()
    assert company.get("/v1/me").ok()["participant"]["status"] == "active"
