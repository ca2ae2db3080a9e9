"""Participants, their keys and standing: onboarding by the operator, rotation, revocation, suspension, stop list, credit."""

import jws
import pytest
from identifiers import gln, lei, uscc, with_wrong_check
from registry import SERIALS

PATH = "/v1/participants"


def application(**changes):
    made = {
        "name": "Lakeside Steel",
        "roles": ["supplier"],
        "identifiers": {"uscc": uscc(next(SERIALS))},
        "country": "CN",
        "public_key": jws.Key().public,
    }
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


# ---- registration ----


def test_the_operator_registers_a_supplier(registry):
    key = jws.Key()
    paper = application(public_key=key.public, identifiers={"uscc": uscc(next(SERIALS)), "lei": lei(77)})
    answer = registry.operator.post(PATH, paper)
    made = answer.ok(201)["participant"]
    assert answer.headers["location"] == f"{PATH}/{made['id']}"
    assert made["name"] == "Lakeside Steel" and made["roles"] == ["supplier"] and made["country"] == "CN"
    assert made["identifiers"] == paper["identifiers"]
    assert made["status"] == "active" and made["stopped"] is False and made["credit_lines"] == []
    assert [k["kid"] for k in made["keys"]] == [key.kid]
    assert made["keys"][0] | {"valid_from": 0} == {
        "kid": key.kid, "public_key": key.public, "valid_from": 0, "valid_until": None, "revoked_at": None, "custody": False,
    }  # fmt: skip
    assert made["seq"] == answer.json["receipt"]["seq"]
    read = registry.operator.get(f"{PATH}/{made['id']}").ok()
    assert read == made


def test_identifiers_are_kept_normalised(registry):
    code = uscc(next(SERIALS))
    written = f" {code[:4].lower()}-{code[4:10]}/{code[10:].lower()}".strip()
    paper = application(identifiers={"uscc": written, "tax_id": "nl8200.98.395.b.01"})
    made = registry.operator.post(PATH, paper).ok(201)["participant"]
    assert made["identifiers"] == {"uscc": code, "tax_id": "NL820098395B01"}


def test_only_the_operator_registers_participants(registry):
    for signer in (registry.supplier, registry.debtor, registry.reviewer, registry.lender):
        with registry.unchanged():
            signer.post(PATH, application()).problem("not-permitted")


@pytest.mark.parametrize(
    "identifiers, fault",
    [
        ({"uscc": with_wrong_check(uscc(55))}, ("wrong_check_digit", "/identifiers/uscc")),
        ({"uscc": uscc(55)[:-1]}, ("malformed_identifier", "/identifiers/uscc")),
        ({"uscc": "I" + uscc(55)[1:]}, ("malformed_identifier", "/identifiers/uscc")),
        ({"lei": with_wrong_check(lei(5))}, ("wrong_check_digit", "/identifiers/lei")),
        ({"lei": lei(5)[:-1]}, ("malformed_identifier", "/identifiers/lei")),
        ({"gln": "12345"}, ("malformed_identifier", "/identifiers/gln")),
        ({"uscc": ""}, ("empty", "/identifiers/uscc")),
        ({"tax_id": 5}, ("not_a_string", "/identifiers/tax_id")),
        ({"duns": "123456789"}, ("unknown_field", "/identifiers/duns")),
    ],
    ids=str,
)
def test_identifiers_that_cannot_be_are_refused(registry, identifiers, fault):
    with registry.unchanged():
        paper = application(identifiers={"registration_no": f"R{next(SERIALS)}", **identifiers})
        registry.operator.post(PATH, paper, bad=True).problem("invalid-fields", fault)


def test_a_real_gln_may_fail_its_check_digit(registry):
    number = with_wrong_check(gln(next(SERIALS) % 10**7))
    made = registry.operator.post(PATH, application(identifiers={"gln": number})).ok(201)["participant"]
    assert made["identifiers"] == {"gln": number}


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"name": None}, ("required", "/name")),
        ({"name": ""}, ("empty", "/name")),
        ({"name": "x" * 257}, ("too_long", "/name")),
        ({"name": "a\nb"}, ("bad_character", "/name")),
        ({"name": 5}, ("not_a_string", "/name")),
        ({"roles": None}, ("required", "/roles")),
        ({"roles": ["king"]}, ("unknown_value", "/roles/0")),
        ({"country": "China"}, ("too_long", "/country")),
        ({"country": "cn"}, ("malformed_country", "/country")),
        ({"public_key": "AAAA"}, ("malformed_key", "/public_key")),
        ({"public_key": "A" * 43}, ("weak_key", "/public_key")),
        ({"roles": []}, ("not_a_list", "/roles")),
        ({"roles": ["supplier", "supplier"]}, ("duplicate", "/roles/1")),
        ({"boss": "me"}, ("unknown_field", "/boss")),
        ({"identifiers": {}}, ("required", "/identifiers")),
        ({"public_key": None}, ("required", "/public_key")),
    ],
    ids=str,
)
def test_an_application_with_a_faulty_field_is_refused(registry, changes, fault):
    with registry.unchanged():
        registry.operator.post(PATH, application(**changes), bad=True).problem("invalid-fields", fault)


def test_all_faults_of_an_application_are_named_at_once(registry):
    paper = application(name="", country="x", boss=1)
    registry.operator.post(PATH, paper, bad=True).problem(
        "invalid-fields", ("empty", "/name"), ("malformed_country", "/country"), ("unknown_field", "/boss")
    )


def test_a_company_cannot_be_registered_twice(registry):
    """Neither its identifier nor its key may belong to another participant."""
    code, key = uscc(next(SERIALS)), jws.Key()
    registry.operator.post(PATH, application(identifiers={"uscc": code}, public_key=key.public)).ok(201)
    with registry.unchanged():
        registry.operator.post(PATH, application(identifiers={"uscc": code})).problem(
            "already-exists", ("identifier_taken", "/identifiers/uscc")
        )
        registry.operator.post(PATH, application(identifiers={"tax_id": code})).problem("already-exists")
        registry.operator.post(PATH, application(public_key=key.public)).problem("already-exists")


def test_lenders_and_reviewers_need_no_identifier(registry):
    made = registry.register("Third Eye Reviews", ["reviewer", "auditor"], {})
    assert made.get("/v1/me").ok()["participant"]["roles"] == ["auditor", "reviewer"]


# ---- keys ----


def test_a_participant_rotates_its_key(registry):
    company = registry.register("Rotating Wheels", ["supplier"])
    old, new = company.key, jws.Key()
    answer = company.post(f"{PATH}/{company.id}/keys", {"public_key": new.public}).ok(201)
    assert [k["kid"] for k in answer["participant"]["keys"]] == [old.kid, new.kid]
    paper = registry.invoice(seller=company)
    company.submit(paper, key=new).ok(201)
    answer = company.post(f"{PATH}/{company.id}/keys/{old.kid}/revoke", {"reason": "rotated"}, key=new).ok()
    assert answer["participant"]["keys"][0]["revoked_at"] is not None
    assert answer["participant"]["keys"][1]["revoked_at"] is None
    with registry.unchanged():
        company.submit(registry.invoice(seller=company), key=old).problem("key-revoked")
    company.submit(registry.invoice(seller=company), key=new).ok(201)


def test_the_operator_revokes_a_stolen_key(registry):
    company = registry.register("Stolen Laptops", ["supplier"])
    registry.operator.post(f"{PATH}/{company.id}/keys/{company.key.kid}/revoke", {"reason": "stolen"}).ok()
    with registry.unchanged():
        company.submit(registry.invoice(seller=company)).problem("key-revoked")
        registry.operator.post(f"{PATH}/{company.id}/keys/{company.key.kid}/revoke", {}).problem("wrong-state")


def test_a_retry_with_a_key_revoked_meanwhile_is_refused(registry):
    """The key's state is judged before the stored answer is looked up."""
    company = registry.register("Late Retries", ["supplier"])
    body = company.sign("/v1/receivables", registry.invoice(seller=company))
    registry.send("/v1/receivables", body).ok(201)
    registry.operator.post(f"{PATH}/{company.id}/keys/{company.key.kid}/revoke", {}).ok()
    registry.send("/v1/receivables", body).problem("key-revoked")


def test_a_key_works_only_within_its_validity(registry):
    company = registry.register("Careful Keys", ["supplier"])
    early, late, current = jws.Key(), jws.Key(), jws.Key()
    windows = ((early, 1, 2), (late, -2, -1), (current, -1, 1))
    for key, start, end in windows:
        window = {"valid_from": registry.time_text(start), "valid_until": registry.time_text(end)}
        company.post(f"{PATH}/{company.id}/keys", {"public_key": key.public, **window}).ok(201)
    for key in (early, late):
        with registry.unchanged():
            company.submit(registry.invoice(seller=company), key=key).problem("key-not-valid")
    company.submit(registry.invoice(seller=company), key=current).ok(201)


def test_a_key_whose_validity_ends_before_it_starts_is_refused(registry):
    payload = {
        "public_key": jws.Key().public,
        "valid_from": registry.time_text(2),
        "valid_until": registry.time_text(1),
    }
    with registry.unchanged():
        path = f"{PATH}/{registry.supplier.id}/keys"
        registry.supplier.post(path, payload).problem("invalid-fields", ("out_of_range", "/valid_until"))


def test_nobody_adds_or_revokes_keys_of_another(registry):
    other = registry.other_supplier
    with registry.unchanged():
        registry.supplier.post(f"{PATH}/{other.id}/keys", {"public_key": jws.Key().public}).problem("not-permitted")
        registry.supplier.post(f"{PATH}/{other.id}/keys/{other.key.kid}/revoke", {}).problem("not-permitted")


def test_a_key_that_is_registered_cannot_be_added_again(registry):
    with registry.unchanged():
        path = f"{PATH}/{registry.supplier.id}/keys"
        registry.supplier.post(path, {"public_key": registry.supplier.key.public}).problem("already-exists")
        registry.supplier.post(path, {"public_key": registry.debtor.key.public}).problem("already-exists")


def test_revoking_a_key_that_is_not_the_participants_is_not_found(registry):
    with registry.unchanged():
        path = f"{PATH}/{registry.supplier.id}/keys/{registry.debtor.key.kid}/revoke"
        registry.operator.post(path, {}).problem("not-found")


def test_the_operators_last_key_cannot_be_revoked_but_can_be_rotated(fresh):
    operator, old, new = fresh.operator, fresh.operator.key, jws.Key()
    path = f"{PATH}/{operator.id}/keys"
    with fresh.unchanged():
        operator.post(f"{path}/{old.kid}/revoke", {}).problem("wrong-state")
    operator.post(path, {"public_key": new.public}).ok(201)
    operator.post(f"{path}/{old.kid}/revoke", {}, key=new).ok()
    operator.key = new
    with fresh.unchanged():
        operator.post(f"{path}/{new.kid}/revoke", {}).problem("wrong-state")


# ---- suspension ----


def test_a_suspended_participants_commands_are_refused_until_it_is_activated(registry):
    company = registry.register("Shaky Ground", ["supplier"])
    answer = registry.operator.post(f"{PATH}/{company.id}/suspend", {"reason": "licence withdrawn"}).ok()
    assert answer["participant"]["status"] == "suspended"
    with registry.unchanged():
        company.submit(registry.invoice(seller=company)).problem("participant-suspended")
        registry.operator.post(f"{PATH}/{company.id}/suspend", {"reason": "again"}).problem("wrong-state")
    answer = registry.operator.post(f"{PATH}/{company.id}/activate", {"reason": "licence back"}).ok()
    assert answer["participant"]["status"] == "active"
    company.submit(registry.invoice(seller=company)).ok(201)
    with registry.unchanged():
        registry.operator.post(f"{PATH}/{company.id}/activate", {"reason": "again"}).problem("wrong-state")


def test_an_act_on_a_participant_needs_a_reason(registry):
    for act in ("suspend", "activate", "stop", "clear"):
        with registry.unchanged():
            path = f"{PATH}/{registry.other_debtor.id}/{act}"
            registry.operator.post(path, {}, bad=True).problem("invalid-fields", ("required", "/reason"))


@pytest.mark.parametrize("act", ["suspend", "activate", "stop", "clear"])
def test_only_the_operator_judges_a_participants_standing(registry, act):
    with registry.unchanged():
        path = f"{PATH}/{registry.debtor.id}/{act}"
        registry.supplier.post(path, {"reason": "because"}).problem("not-permitted")
        registry.debtor.post(path, {"reason": "because"}).problem("not-permitted")


def test_acts_on_nobody_are_not_found(registry):
    nobody = "0192f1c8-6d2e-7b41-9c55-0a4e8f3b2d17"
    with registry.unchanged():
        registry.operator.post(f"{PATH}/{nobody}/suspend", {"reason": "x"}).problem("not-found")
        registry.operator.post(f"{PATH}/{nobody}/keys", {"public_key": jws.Key().public}).problem("not-found")
        registry.operator.post(f"{PATH}/{nobody}/credit_line", {"currency": "CNY", "limit": "1.00"}).problem("not-found")


# ---- stop list and credit line: told from the gateway's side in test_gateway.py ----


def test_standing_is_shown_to_the_operator_and_the_participant_itself_only(registry):
    debtor = registry.register("Discreet Debtors", ["core_enterprise"])
    registry.operator.post(f"{PATH}/{debtor.id}/credit_line", {"currency": "JPY", "limit": "500"}).ok()
    for reader in (registry.operator, debtor):
        seen = reader.get(f"{PATH}/{debtor.id}").ok()
        assert seen["stopped"] is False
        assert seen["credit_lines"] == [{"currency": "JPY", "limit": "500", "used": "0"}]
    seen = registry.supplier.get(f"{PATH}/{debtor.id}").ok()
    assert "stopped" not in seen and "credit_lines" not in seen


def test_a_credit_line_is_set_changed_and_removed(registry):
    debtor = registry.register("Changing Limits", ["core_enterprise"])
    path = f"{PATH}/{debtor.id}/credit_line"
    for limit, lines in (("1000.00", 1), ("0.00", 1), (None, 0)):
        answer = registry.operator.post(path, {"currency": "CNY", "limit": limit}).ok()
        assert len(answer["participant"]["credit_lines"]) == lines
        if lines:
            assert answer["participant"]["credit_lines"] == [{"currency": "CNY", "limit": limit, "used": "0.00"}]
    with registry.unchanged():
        debtor.post(path, {"currency": "CNY", "limit": "9.00"}).problem("not-permitted")


@pytest.mark.parametrize(
    "payload, fault",
    [
        ({"currency": "CNY", "limit": "1.0"}, ("malformed_amount", "/limit")),
        ({"currency": "CNY", "limit": "-1.00"}, ("malformed_amount", "/limit")),
        ({"currency": "CNY", "limit": 100}, ("not_a_string", "/limit")),
        ({"currency": "cny", "limit": "1.00"}, ("unknown_currency", "/currency")),
        ({"limit": "1.00"}, ("required", "/currency")),
        ({"currency": "CNY"}, ("required", "/limit")),
    ],
    ids=str,
)
def test_a_faulty_credit_line_is_refused(registry, payload, fault):
    with registry.unchanged():
        path = f"{PATH}/{registry.debtor.id}/credit_line"
        registry.operator.post(path, payload, bad=True).problem("invalid-fields", fault)


# ---- reading ----


def test_participants_are_listed_by_role_status_and_name(registry):
    quiet = registry.register("Quiet Zephyr Works", ["bank"], {})
    registry.operator.post(f"{PATH}/{quiet.id}/suspend", {"reason": "test"}).ok()
    ids = lambda query: [p["id"] for p in registry.lender.get(f"{PATH}?{query}").ok()["items"]]  # noqa: E731
    assert ids("role=bank") == [quiet.id]
    assert quiet.id in ids("status=suspended&limit=1000") and quiet.id not in ids("status=active&limit=1000")
    assert ids("name=zephyr") == [quiet.id]
    assert ids("role=bank&status=active") == []


def test_every_change_of_a_participant_is_an_entry(registry):
    company = registry.register("Well Recorded", ["core_enterprise"], token=False)
    path, key = f"{PATH}/{company.id}", jws.Key()
    steps = [
        ("keys", {"public_key": key.public}, 201, "key.added"),
        (f"keys/{key.kid}/revoke", {}, 200, "key.revoked"),
        ("suspend", {"reason": "x"}, 200, "participant.status_changed"),
        ("activate", {"reason": "x"}, 200, "participant.status_changed"),
        ("stop", {"reason": "x"}, 200, "participant.stop_changed"),
        ("clear", {"reason": "x"}, 200, "participant.stop_changed"),
        ("credit_line", {"currency": "EUR", "limit": "5.00"}, 200, "credit_line.set"),
    ]
    for verb, payload, status, kind in steps:
        with registry.grows(1):
            receipt = registry.operator.post(f"{path}/{verb}", payload).ok(status)["receipt"]
        assert f'"type":"{kind}"' in receipt["entry"]
