"""Signed commands: what a JWS must look like, each fault its own problem, and that nothing is recorded for any of them."""

import json
import threading

import jws
import pytest

PATH = "/v1/receivables"


def command(registry, **header):
    return registry.supplier.sign(PATH, registry.invoice(), **header)


def refused(registry, body, slug, path=PATH):
    with registry.unchanged():
        answer = registry.send(path, body)
        answer.problem(slug)
    return answer


# ---- each header member ----


def test_a_command_may_name_its_algorithm_ed25519(registry):
    registry.send(PATH, command(registry, alg="Ed25519")).ok(201)


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES256", "eddsa", "ED25519", "EdDSA "])
def test_a_command_with_another_algorithm_is_refused(registry, alg):
    refused(registry, command(registry, alg=alg), "wrong-alg")


def test_an_unsigned_command_with_alg_none_is_refused(registry):
    made = json.loads(command(registry, alg="none"))
    refused(registry, jws.compact({**made, "signature": ""}), "wrong-alg")


def test_a_signature_of_another_length_is_bad(registry):
    made = json.loads(command(registry))
    signature = jws.b64url_decode(made["signature"])
    for signature in map(jws.b64url, (b"", signature[:-1], signature + b"\0")):
        refused(registry, jws.compact({**made, "signature": signature}), "bad-signature")


def test_a_command_for_another_registry_is_refused(registry):
    refused(registry, command(registry, aud="other.test/ledger"), "wrong-audience")
    refused(registry, command(registry, aud=registry.origin.upper()), "wrong-audience")


@pytest.mark.parametrize("url", ["/v1/participants", "/v1/receivables/", "/v1/receivables?x=1", "http://127.0.0.1/v1/receivables"])
def test_a_command_for_another_path_is_refused(registry, url):
    refused(registry, command(registry, url=url), "wrong-url")


def test_a_confirmation_cannot_be_turned_onto_another_receivable(registry):
    first, second = registry.registered(), registry.registered()
    body = registry.debtor.sign(f"/v1/receivables/{first['id']}/confirm", {})
    refused(registry, body, "wrong-url", f"/v1/receivables/{second['id']}/confirm")
    registry.send(f"/v1/receivables/{first['id']}/confirm", body).ok()


@pytest.mark.parametrize("seconds", [-400, 400, -86400, 10**9])
def test_a_command_signed_too_long_ago_or_ahead_is_refused(registry, seconds):
    refused(registry, command(registry, iat=int(registry.now()) + seconds), "stale-command")


@pytest.mark.parametrize("seconds", [-250, 250])
def test_clocks_may_differ_by_some_minutes(registry, seconds):
    registry.send(PATH, command(registry, iat=int(registry.now()) + seconds)).ok(201)


def test_a_key_nobody_registered_is_unknown(registry):
    refused(registry, command(registry, key=jws.Key()), "unknown-key")


def test_a_signature_by_another_key_than_kid_says_is_bad(registry):
    refused(registry, command(registry, key=jws.Key(), kid=registry.supplier.key.kid), "bad-signature")


def flip(text):
    return text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]


def test_a_changed_payload_protected_header_or_signature_does_not_verify(registry):
    made = json.loads(command(registry))
    other = jws.b64url(jws.compact(registry.invoice()))
    refused(registry, jws.compact({**made, "payload": other}), "bad-signature")
    refused(registry, jws.compact({**made, "signature": "A" + flip(made["signature"][1:])}), "bad-signature")
    another = json.loads(command(registry))
    refused(registry, jws.compact({**made, "protected": another["protected"]}), "bad-signature")


# ---- shape ----


@pytest.mark.parametrize("member", ["alg", "kid", "aud", "url", "iat", "jti"])
def test_a_protected_header_without_a_required_member_is_malformed(registry, member):
    refused(registry, command(registry, **{member: None}), "malformed-jws")


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]}, {"b64": False}, {"jwk": {}}, {"nonce": "x"}, {"alg": 1}, {"kid": "A" * 44}, {"kid": 7}, {"aud": ["x"]},
        {"url": 1}, {"iat": "1795309323"}, {"iat": 1795309323.5}, {"jti": "A" * 21}, {"jti": "A" * 65}, {"jti": "A" * 21 + "!"},
        {"jti": 12345678901234567890123}, {"cty": 1}, {"submission": "x"}, {"submission": []}, {"typ": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_protected_header_with_foreign_or_misshapen_members_is_malformed(registry, header):
    refused(registry, command(registry, **header), "malformed-jws")


def test_typ_is_ignored(registry):
    registry.send(PATH, command(registry, typ="JOSE")).ok(201)


def test_a_protected_header_stating_a_member_twice_is_malformed(registry):
    head = jws.header(registry.supplier.key, registry.origin, PATH, registry.now())
    raw = jws.compact(head)[:-1] + b',"aud":"other.test/ledger"}'
    body = jws.flattened(registry.supplier.key, raw, registry.invoice())
    answer = registry.send(PATH, body)
    assert answer.json["type"].rpartition(":")[2] in ("malformed-jws", "malformed-json")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("payload"),
        lambda m: m.pop("signature"),
        lambda m: m.pop("protected"),
        lambda m: m.update(header={"kid": "x"}),
        lambda m: m.update(extra=1),
        lambda m: m.update(signature=m["signature"] + "="),
        lambda m: m.update(signature=1),
        lambda m: m.update(payload=m["payload"] + "=="),
        lambda m: m.update(payload=m["payload"] + " "),
        lambda m: m.update(payload={}),
        lambda m: m.update(protected="!!!"),
        lambda m: m.update(protected=jws.b64url(b"[]")),
        lambda m: m.update(protected=jws.b64url(b"{")),
        lambda m: m.update(protected=""),
        lambda m: m.update(signatures=[{"protected": m["protected"], "signature": m["signature"]}]),
    ],
    ids=[
        "no payload", "no signature", "no protected", "unprotected header", "foreign member", "padded signature",
        "signature a number", "padded payload", "blank in payload",
        "payload an object", "protected not base64url", "protected an array", "protected not JSON", "protected empty",
        "flattened and general at once",
    ],
)  # fmt: skip
def test_a_jws_of_another_shape_is_malformed(registry, change):
    made = json.loads(command(registry))
    change(made)
    refused(registry, jws.compact(made), "malformed-jws")


def test_a_compact_jws_is_not_taken(registry):
    made = json.loads(command(registry))
    text = ".".join((made["protected"], made["payload"], made["signature"]))
    answer = registry.send(PATH, text.encode())
    assert answer.json["type"].rpartition(":")[2] in ("malformed-jws", "malformed-json")


@pytest.mark.parametrize("count", [0, 3])
def test_a_general_jws_has_one_or_two_signatures(registry, count):
    jti = jws.new_jti()
    people = [registry.supplier, registry.debtor, registry.lender][:count]
    signers = [(p.key, jws.header(p.key, registry.origin, PATH, registry.now(), jti)) for p in people]
    refused(registry, jws.general(signers, registry.invoice()), "malformed-jws")


def test_a_general_jws_with_one_signature_is_as_good_as_a_flattened_one(registry):
    head = jws.header(registry.supplier.key, registry.origin, PATH, registry.now())
    registry.send(PATH, jws.general([(registry.supplier.key, head)], registry.invoice())).ok(201)


def test_two_signers_of_one_act_state_one_jti(registry):
    signers = [
        (p.key, jws.header(p.key, registry.origin, PATH, registry.now())) for p in (registry.supplier, registry.debtor)
    ]
    refused(registry, jws.general(signers, registry.invoice()), "malformed-jws")


def test_a_second_signature_that_does_not_verify_spoils_the_act(registry):
    jti = jws.new_jti()
    heads = [jws.header(p.key, registry.origin, PATH, registry.now(), jti) for p in (registry.supplier, registry.debtor)]
    signers = [(registry.supplier.key, heads[0]), (jws.Key(), heads[1])]
    refused(registry, jws.general(signers, registry.invoice()), "bad-signature")


def test_one_key_cannot_stand_for_both_signers(registry):
    jti = jws.new_jti()
    head = jws.header(registry.supplier.key, registry.origin, PATH, registry.now(), jti)
    signers = [(registry.supplier.key, head), (registry.supplier.key, head)]
    refused(registry, jws.general(signers, registry.invoice()), "malformed-jws")


def test_faults_are_named_in_a_fixed_order(registry):
    """alg before aud before url before kid before signature before iat."""
    stranger = jws.Key()
    faults = [
        ("alg", "none", "wrong-alg"), ("aud", "x", "wrong-audience"), ("url", "/x", "wrong-url"),
        ("kid", stranger.kid, "unknown-key"),
    ]  # fmt: skip
    while faults:
        header = {name: value for name, value, _ in faults}
        body = command(registry, key=None if "kid" in header else stranger, iat=1, **{"kid": registry.supplier.key.kid, **header})
        refused(registry, body, faults[0][2])
        faults.pop(0)
    refused(registry, command(registry, key=stranger, kid=registry.supplier.key.kid, iat=1), "bad-signature")
    refused(registry, command(registry, iat=1), "stale-command")


# ---- replays ----


def test_a_repeated_command_gets_the_stored_answer(registry):
    body = command(registry)
    first = registry.send(PATH, body)
    first.ok(201)
    with registry.unchanged():
        again = registry.send(PATH, body)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotent-replayed"] == "true" and "idempotent-replayed" not in first.headers


def test_every_kind_of_stored_answer_is_repeated_byte_for_byte(registry):
    """201, 200, 202 and a gateway's 422 alike."""
    supplier, debtor = registry.supplier, registry.debtor
    paper = registry.invoice()
    held = registry.invoice(invoice_payee={"name": "Factor of Elsewhere", "identifiers": {"tax_id": "X999"}})
    receivable = registry.registered()
    commands = [
        (PATH, supplier.sign(PATH, paper), 201),
        (PATH, supplier.sign(PATH, paper), 422),
        (PATH, supplier.sign(PATH, held), 202),
        (f"{PATH}/{receivable['id']}/confirm", debtor.sign(f"{PATH}/{receivable['id']}/confirm", {}), 200),
    ]
    for path, body, status in commands:
        first = registry.send(path, body)
        assert first.status == status, first.body
        with registry.unchanged():
            again = registry.send(path, body)
        assert (again.status, again.body) == (first.status, first.body)


def test_another_command_with_a_used_jti_is_refused(registry):
    jti = jws.new_jti()
    registry.send(PATH, command(registry, jti=jti)).ok(201)
    refused(registry, command(registry, jti=jti), "jti-reused")


def test_a_used_jti_is_refused_even_for_the_same_payload_signed_again_later(registry):
    jti, paper = jws.new_jti(), registry.invoice()
    supplier = registry.supplier
    registry.send(PATH, supplier.sign(PATH, paper, jti=jti)).ok(201)
    refused(registry, supplier.sign(PATH, paper, jti=jti, iat=int(registry.now()) - 7), "jti-reused")


def test_the_jti_of_a_refused_command_is_free(registry):
    jti = jws.new_jti()
    refused(registry, command(registry, jti=jti, aud="other.test/ledger"), "wrong-audience")
    paper = registry.invoice()
    del paper["invoice"]["number"]
    registry.send(PATH, registry.supplier.sign(PATH, paper, jti=jti)).problem("invalid-fields")
    registry.send(PATH, command(registry, jti=jti)).ok(201)


def test_one_command_sent_thirty_times_at_once_is_recorded_once(registry):
    body = command(registry)
    answers, lock = [], threading.Lock()

    def send():
        answer = registry.http.request("POST", PATH, body, {"Content-Type": jws.JOSE})
        with lock:
            answers.append(answer)
        registry.http.close()

    with registry.grows(1):
        threads = [threading.Thread(target=send) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {(a.status, a.body) for a in answers} == {(201, answers[0].body)}


def test_a_stored_answer_survives_a_restart_and_its_iat(fresh):
    """A retry days later still finds its answer; a new command as old as that is stale."""
    body, other = command(fresh), command(fresh)
    first = fresh.send(PATH, body)
    first.ok(201)
    fresh.restart(offset=3 * 86400)
    with fresh.unchanged():
        again = fresh.send(PATH, body)
        assert (again.status, again.body) == (first.status, first.body)
        fresh.send(PATH, other).problem("stale-command")
        jti = json.loads(jws.b64url_decode(json.loads(body)["protected"]))["jti"]
        fresh.send(PATH, command(fresh, jti=jti)).problem("jti-reused")
