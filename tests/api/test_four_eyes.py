"""Two pairs of eyes: what one token said waits until a token of another line says the same; and what a dishonest clerk with
one token tries."""

import json
import sqlite3
from contextlib import closing

import jws
import packed
import pytest
from bearer import Bearer, register
from registry import Participant

ALL = ["read", "submit", "confirm", "finance", "admin"]
DAY = 86400


class Treasury:
    """A core enterprise in custody. Chen and Wu have a token of the operator's each; Chen's boy has one that Chen made."""

    def __init__(self, registry, name="Northgate Treasury", above="100000.00"):
        self.registry = registry
        self.firm = register(registry, name, ["core_enterprise", "supplier"], ALL)
        self.chen, self.chens = self.token("Mr Chen")
        self.wu, self.wus = self.token("Ms Wu")
        self.boy, self.boys = self.issue(self.chen, label="Chen's boy")
        if above:
            self.set(above, self.chen).ok()

    def token(self, label, scopes=ALL, days=3650, **members):
        return self.firm.issue_token(scopes, signer=self.registry.operator, label=label, days=days, **members)

    def issue(self, issuer, scopes=ALL, days=3000, **members):
        """With a token of the firm's own."""
        kept, self.firm.token = self.firm.token, issuer
        try:
            return self.firm.issue_token(scopes, days=days, **members)
        finally:
            self.firm.token = kept

    def set(self, above, token, currency="CNY", bad=False):
        return self.firm.post(f"/v1/participants/{self.firm.id}/four_eyes", {"currency": currency, "above": above}, token=token, bad=bad)

    def setting(self):
        return self.firm.get("/v1/me").ok()["participant"]["four_eyes"]

    def receivable(self, gross="250000.00", **how):
        number = f"FE-{next(self.registry.serial)}"
        return self.registry.registered(buyer=self.firm, gross=gross, number=number, issued=1 + next(self.registry.serial) % 90, **how)

    def confirm(self, receivable, token, payload=None, **how):
        return self.firm.post(f"/v1/receivables/{receivable['id']}/confirm", payload, token=token, **how)

    def withdraw(self, approval, token, **how):
        return self.firm.post(f"/v1/approvals/{approval['id']}/withdraw", token=token, **how)

    def approval(self, identity):
        return self.firm.get(f"/v1/approvals/{identity}").ok()


@pytest.fixture(scope="module")
def t(registry):
    registry.policy(similar_within_days=0)
    return Treasury(registry)


# ---- the two halves ----


def test_the_first_half_waits_and_the_second_makes_the_claim(registry, t):
    receivable = t.receivable()
    answer = t.confirm(receivable, t.chen, {"note": "as agreed"}).ok(202)
    waiting = answer["approval"]
    assert answer["receivable"]["life"] == "registered" and "claim" not in answer
    assert waiting["kind"] == "confirm" and waiting["receivable"] == receivable["id"] and waiting["amount"] == "250000.00"
    assert waiting["first"] == {"token": t.chens["id"], "label": "Mr Chen"} and waiting["second"] is None
    assert waiting["status"] == "waiting" and waiting["note"] == "as agreed" and waiting["closed_at"] is None
    assert waiting in t.firm.read_all("/v1/approvals?status=waiting")
    with registry.grows(2):
        answer = t.confirm(receivable, t.wu).ok()
    assert answer["claim"]["face_amount"] == "250000.00" and answer["receivable"]["life"] == "confirmed"
    given = answer["approval"]
    assert given["id"] == waiting["id"] and given["status"] == "given"
    assert given["second"] == {"token": t.wus["id"], "label": "Ms Wu"} and given["closed_at"]
    assert t.approval(waiting["id"]) == given
    history = t.firm.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in history] == ["receivable.registered", "approval.asked", "claim.accepted", "approval.given"]


def test_the_receipt_of_the_second_half_is_the_claims(registry, t):
    receivable = t.receivable()
    t.confirm(receivable, t.chen).ok(202)
    receipt = t.confirm(receivable, t.wu).ok()["receipt"]
    assert '"type":"claim.accepted"' in receipt["entry"]


def test_up_to_the_amount_one_token_is_enough(registry, t):
    receivable = t.receivable(gross="100000.00")
    with registry.grows(1):
        answer = t.confirm(receivable, t.chen).ok()
    assert "approval" not in answer and answer["claim"]["face_amount"] == "100000.00"
    receivable = t.receivable(gross="100000.01")
    t.confirm(receivable, t.chen).ok(202)


def test_it_is_the_confirmed_amount_that_counts(registry, t):
    receivable = t.receivable()
    t.confirm(receivable, t.chen, {"amount": "99999.99"}).ok()


def test_each_currency_has_its_own(registry, t):
    receivable = t.receivable(currency="EUR")
    t.confirm(receivable, t.chen).ok()


def test_the_same_token_is_not_a_second_pair_of_eyes(registry, t):
    receivable = t.receivable()
    t.confirm(receivable, t.chen).ok(202)
    with registry.unchanged():
        answer = t.confirm(receivable, t.chen)
        answer.problem("same-token")
        assert "another line" in answer.json["detail"]


def test_nor_is_one_that_it_made_itself(registry, t):
    assert t.boys["line"] == t.chens["line"] != t.wus["line"]
    grandchild, made = t.issue(t.boy, days=2000, label="the boy's boy")
    assert made["line"] == t.chens["id"] and made["issued_with"] == t.boys["id"]
    receivable = t.receivable()
    t.confirm(receivable, t.boy).ok(202)
    with registry.unchanged():
        for token in (t.chen, t.boy, grandchild):
            t.confirm(receivable, token).problem("same-token")
    t.confirm(receivable, t.wu).ok()


def test_another_amount_is_not_the_same_word(registry, t):
    receivable = t.receivable()
    t.confirm(receivable, t.chen, {"amount": "200000.00"}).ok(202)
    with registry.unchanged():
        for payload, said in (({}, "250000.00"), ({"amount": "200000.01"}, "200000.01"), ({"amount": "5.00"}, "5.00")):
            answer = t.confirm(receivable, t.wu, payload)
            answer.problem("terms-differ", ("differs", "/amount"))
            assert "200000.00 CNY" in answer.json["detail"] and f"{said} CNY" in answer.json["detail"]
    assert t.confirm(receivable, t.wu, {"amount": "200000.00"}).ok()["claim"]["face_amount"] == "200000.00"


def test_either_withdraws_and_then_it_starts_again(registry, t):
    for who in (t.chen, t.wu):
        receivable = t.receivable()
        waiting = t.confirm(receivable, t.chen).ok(202)["approval"]
        withdrawn = t.withdraw(waiting, who).ok()["approval"]
        assert withdrawn["status"] == "withdrawn" and withdrawn["second"]["token"] in (t.chens["id"], t.wus["id"])
        with registry.unchanged():
            t.confirm(receivable, t.wu, {"approval": waiting["id"]}).problem("wrong-state")
            t.withdraw(waiting, t.wu).problem("wrong-state")
        assert t.confirm(receivable, t.wu).ok(202)["approval"]["first"]["label"] == "Ms Wu"
        t.confirm(receivable, t.chen).ok()


def test_a_second_half_may_name_its_first(registry, t):
    receivable, other = t.receivable(), t.receivable()
    waiting = t.confirm(receivable, t.chen).ok(202)["approval"]
    with registry.unchanged():
        t.confirm(other, t.wu, {"approval": waiting["id"]}).problem("not-found")
        t.confirm(receivable, t.wu, {"approval": other["id"]}).problem("not-found")
        t.confirm(receivable, t.wu, {"approval": "1"}, bad=True).problem("invalid-fields", ("malformed_id", "/approval"))
    t.confirm(receivable, t.wu, {"approval": waiting["id"]}).ok()
    with registry.unchanged():
        t.confirm(receivable, t.wu, {"approval": waiting["id"]}).problem("wrong-state")


def test_the_word_of_a_revoked_token_counts_no_more(registry, t):
    text, token = t.token("Mr Li")
    receivable = t.receivable()
    waiting = t.confirm(receivable, text).ok(202)["approval"]
    registry.operator.post(f"/v1/tokens/{token['id']}/revoke").ok()
    assert t.approval(waiting["id"])["status"] == "overtaken"
    with registry.unchanged():
        answer = t.confirm(receivable, t.wu, {"approval": waiting["id"]})
        answer.problem("wrong-state")
        assert "revoked" in answer.json["detail"]
        t.confirm(receivable, text).problem("token-revoked")
    assert t.confirm(receivable, t.wu).ok(202)["approval"]["id"] != waiting["id"]


def test_a_first_half_waits_seven_days(fresh):
    fresh.policy(similar_within_days=0, confirm_within_days=30)
    t = Treasury(fresh)
    receivable = t.receivable()
    waiting = t.confirm(receivable, t.chen).ok(202)["approval"]
    fresh.restart(offset=7 * DAY + 60)
    assert t.approval(waiting["id"])["status"] == "expired"
    assert waiting["id"] in [a["id"] for a in t.firm.read_all("/v1/approvals?status=expired")]
    assert t.firm.read_all("/v1/approvals?status=waiting") == []
    with fresh.unchanged():
        t.confirm(receivable, t.wu, {"approval": waiting["id"]}).problem("past-deadline")
        t.withdraw(waiting, t.wu).problem("past-deadline")
    again = t.confirm(receivable, t.wu).ok(202)["approval"]
    assert t.approval(waiting["id"])["status"] == "overtaken" and again["status"] == "waiting"
    t.confirm(receivable, t.chen).ok()


def test_it_waits_no_longer_than_its_token_lives(registry, t):
    text, token = t.token("a temp", days=2)
    waiting = t.confirm(t.receivable(), text).ok(202)["approval"]
    assert waiting["expires_at"] == token["expires_at"]


def test_what_happens_meanwhile_overtakes_it(registry, t):
    receivable = t.receivable()
    waiting = t.confirm(receivable, t.chen).ok(202)["approval"]
    registry.supplier.act(receivable, "withdraw").ok()
    assert t.approval(waiting["id"])["status"] == "overtaken"
    with registry.unchanged():
        t.confirm(receivable, t.wu).problem("wrong-state")


def test_an_acceptance_above_the_amount_takes_two_as_well(registry, t):
    payable = registry.debtor.submit(registry.invoice(seller=t.firm, gross="180000.00")).ok(201)["receivable"]
    path = f"/v1/receivables/{payable['id']}/accept"
    assert t.firm.post(path, token=t.chen).ok(202)["approval"]["kind"] == "accept"
    assert t.firm.post(path, token=t.wu).ok()["claim"]["origin"] == "accepted"


def test_a_repeated_first_half_gets_its_answer_and_the_second_needs_a_key_of_its_own(registry, t):
    receivable, key = t.receivable(), jws.new_jti()
    first = t.confirm(receivable, t.chen, Idempotency_Key=key)
    first.ok(202)
    with registry.unchanged():
        assert t.confirm(receivable, t.chen, Idempotency_Key=key).body == first.body
        t.confirm(receivable, t.wu, Idempotency_Key=key).problem("jti-reused")


def test_both_halves_are_held_to_the_tokens_own_limits(registry, t):
    small, _ = t.token("small", amount_limits={"CNY": "150000.00"})
    receivable = t.receivable()
    with registry.unchanged():
        t.confirm(receivable, small).problem("token-limit", ("above_token_limit", ""))
    t.confirm(receivable, t.chen).ok(202)
    with registry.unchanged():
        t.confirm(receivable, small).problem("token-limit", ("above_token_limit", ""))


# ---- who sees it ----


def test_nobody_else_hears_of_a_first_half(registry, t):
    receivable = t.receivable()
    waiting = t.confirm(receivable, t.chen).ok(202)["approval"]
    for stranger in (registry.supplier, registry.operator, registry.other_debtor):
        stranger.get(f"/v1/approvals/{waiting['id']}").problem("not-found")
        assert waiting["id"] not in [a["id"] for a in stranger.read_all("/v1/approvals")]
        stranger.post(f"/v1/approvals/{waiting['id']}/withdraw").problem("not-found")
    history = registry.supplier.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in history] == ["receivable.registered"]
    assert registry.supplier.receivable(receivable["id"])["life"] == "registered"


def test_the_list_is_paged_and_filtered(registry, t):
    everything = t.firm.read_all("/v1/approvals?limit=3")
    assert len(everything) > 6 and len({a["id"] for a in everything}) == len(everything)
    for status in ("waiting", "given", "withdrawn", "overtaken", "expired"):
        shown = t.firm.read_all(f"/v1/approvals?status={status}")
        assert shown == [a for a in everything if a["status"] == status]
    t.firm.get("/v1/approvals?status=lost", bad=True).problem("bad-query", ("unknown_value", "status"))


# ---- a key of one's own ----


def test_a_key_of_ones_own_is_not_concerned(registry, t):
    firm = registry.register("Southport Rail Holding", ["core_enterprise"])
    firm.post(f"/v1/participants/{firm.id}/four_eyes", {"currency": "CNY", "above": "0.00"}).ok()
    receivable = registry.registered(buyer=firm)
    assert firm.act(receivable, "confirm").ok()["claim"]
    firm.post(f"/v1/participants/{firm.id}/four_eyes", {"currency": "CNY", "above": None}).ok()


def test_a_key_of_ones_own_may_withdraw_and_may_overtake(registry, t):
    firm = Treasury(registry, "Two Ways Ltd")
    own = jws.Key()
    registry.operator.post(f"/v1/participants/{firm.firm.id}/keys", {"public_key": own.public}).ok(201)
    signer = Participant(registry, own, {"id": firm.firm.id, "name": "", "identifiers": {}})
    receivable = firm.receivable()
    waiting = firm.confirm(receivable, firm.chen).ok(202)["approval"]
    assert signer.post(f"/v1/approvals/{waiting['id']}/withdraw").ok()["approval"]["second"] is None
    waiting = firm.confirm(receivable, firm.chen).ok(202)["approval"]
    assert "approval" not in signer.act(receivable, "confirm").ok()
    assert firm.approval(waiting["id"])["status"] == "overtaken"


def test_what_the_registry_signed_is_no_second_signature(registry, t):
    """Of a payable that was rejected, so that no amount was held to one token: its signature under another command."""
    payload = registry.invoice(buyer=t.firm, gross="900000.00", number="FE-TWICE")
    first = registry.supplier.submit(payload).ok(201)["receivable"]
    t.firm.post("/v1/receivables", payload, token=t.chen).problem("gateway-rejected")
    registry.supplier.act(first, "withdraw").ok()
    with closing(sqlite3.connect(f"file:{registry.directory}/ledger.db?mode=ro", uri=True)) as db:
        texts = [packed.unpacked(row[0])[: row[1]] for row in db.execute("SELECT texts, jws_len FROM commands")]
    commands = [json.loads(text) for text in texts]
    signed = [c for c in commands if jws.b64url_decode(c.get("payload", "")) == jws.compact(payload)]
    custody = next(c for c in signed if "protected" in c and b'"token"' in jws.b64url_decode(c["protected"]))
    head = json.loads(jws.b64url_decode(custody["protected"]))
    own = jws.header(registry.supplier.key, registry.origin, "/v1/receivables", registry.now(), jti=head["jti"])
    for order in (1, -1):
        parts = [jws.part(registry.supplier.key, own, custody["payload"]), {name: custody[name] for name in ("protected", "signature")}]
        with registry.unchanged():
            registry.send("/v1/receivables", jws.compact({"payload": custody["payload"], "signatures": parts[::order]})).problem("malformed-jws")


# ---- the setting ----


def test_the_setting_is_shown_to_its_owner_and_the_operator(registry, t):
    assert t.setting() == [{"currency": "CNY", "above": "100000.00"}]
    assert registry.operator.get(f"/v1/participants/{t.firm.id}").ok()["four_eyes"] == t.setting()
    assert "four_eyes" not in registry.supplier.get(f"/v1/participants/{t.firm.id}").ok()


def test_setting_and_lowering_takes_one_token_raising_and_lifting_two(registry):
    t = Treasury(registry, "Careful Motors", above=None)
    assert t.setting() == []
    t.set("500.00", t.chen).ok()
    t.set("400.00", t.chen).ok()
    t.set("400.00", t.chen).ok()
    for above in ("400.01", None):
        with registry.grows(1):
            waiting = t.set(above, t.chen).ok(202)["approval"]
        assert waiting["kind"] == "four_eyes" and waiting["receivable"] is None and waiting["amount"] == above
        with registry.unchanged():
            t.set(above, t.chen).problem("same-token")
            t.set(above, t.boy).problem("same-token")
            t.set("999.00", t.wu).problem("terms-differ", ("differs", "/above"))
        assert t.setting() == [{"currency": "CNY", "above": "400.00"}]
        answer = t.set(above, t.wu).ok()
        assert answer["approval"]["status"] == "given"
        if above:
            assert t.setting() == [{"currency": "CNY", "above": above}]
            t.set("400.00", t.wu).ok()
    assert t.setting() == []
    with registry.unchanged():
        t.set(None, t.chen).problem("wrong-state")


def test_saying_that_it_stays_ends_a_change_that_waits(registry, t):
    waiting = t.set("999999.00", t.boy).ok(202)["approval"]
    with registry.unchanged():
        t.withdraw(waiting, t.wu).problem("wrong-state")
    t.set("100000.00", t.wu).ok()
    assert t.approval(waiting["id"])["status"] == "overtaken"
    assert t.set("999999.00", t.wu).ok(202)["approval"]["first"]["label"] == "Ms Wu"
    t.set("100000.00", t.wu).ok()


def test_nobody_sets_it_for_another(registry, t):
    path = f"/v1/participants/{t.firm.id}/four_eyes"
    with registry.unchanged():
        for stranger in (registry.operator, registry.supplier):
            stranger.post(path, {"currency": "CNY", "above": None}).problem("not-permitted")


@pytest.mark.parametrize(
    "payload, fault",
    [
        ({"currency": "CNY"}, ("required", "/above")),
        ({"above": "1.00"}, ("required", "/currency")),
        ({"currency": "CNY", "above": "1"}, ("malformed_amount", "/above")),
        ({"currency": "CNY", "above": 1}, ("not_a_string", "/above")),
        ({"currency": "RMB", "above": "1.00"}, ("unknown_currency", "/currency")),
        ({"currency": "CNY", "above": "1.00", "until": "x"}, ("unknown_field", "/until")),
    ],
    ids=str,
)
def test_a_faulty_setting_is_refused(registry, t, payload, fault):
    with registry.unchanged():
        t.firm.post(f"/v1/participants/{t.firm.id}/four_eyes", payload, token=t.chen, bad=True).problem("invalid-fields", fault)


# ---- the dishonest clerk, who has one token of every scope ----


def test_a_clerk_with_one_token_finds_no_way_around(registry):
    t = Treasury(registry, "Tempted Motors", above="1000.00")
    friend = registry.supplier
    receivable = t.receivable()
    clerk = t.chen
    t.confirm(receivable, clerk).ok(202)
    second, made = t.issue(clerk, label="another me")
    t.confirm(receivable, second).problem("same-token")
    t.set(None, clerk).ok(202)
    t.set(None, second).problem("same-token")
    keys = f"/v1/participants/{t.firm.id}/keys"
    t.firm.post(keys, {"public_key": jws.Key().public}, token=clerk).problem("wider-than-issuer")
    t.firm.post(keys, {"custody": True}, token=clerk).ok(201)
    t.confirm(receivable, clerk).problem("same-token")
    payable = registry.invoice(seller=friend, buyer=t.firm, gross="250001.00")
    with registry.unchanged():
        answer = t.firm.post("/v1/receivables", payable, token=clerk)
        answer.problem("four-eyes")
        assert "250001.00 CNY" in answer.json["detail"]
        head = "number,issue_date,due_date,currency,gross_amount,seller_id\n"
        rows = head + f"TM-1,{registry.day(-1)},{registry.day(30)},CNY,250001.00,{friend.id}\n"
        t.firm.post("/v1/receivables", rows.encode(), kind="text/csv", token=clerk).problem("four-eyes")
    t.firm.post(f"/v1/tokens/{t.wus['id']}/revoke", token=clerk).ok()  # mischief, but no way around
    t.confirm(receivable, clerk).problem("same-token")
    assert registry.supplier.receivable(receivable["id"])["life"] == "registered"


def test_tokens_that_the_operators_own_token_made_are_one_line(registry):
    """Whoever sits at one token of the operator's is one pair of eyes too."""
    t = Treasury(registry, "Distant Motors", above="1000.00")
    registry.operator.post(f"/v1/participants/{registry.operator.id}/keys", {"custody": True}).ok(201)
    text, desk = registry.operator.issue_token(ALL)
    clerk = Bearer(registry, None, {"id": registry.operator.id, "name": "", "identifiers": {}})
    clerk.token = text
    one, _ = t.firm.issue_token(["confirm"], days=3000, signer=clerk)
    other, made = t.firm.issue_token(["confirm"], days=3000, signer=clerk)
    assert made["line"] == desk["id"]
    receivable = t.receivable()
    t.confirm(receivable, one).ok(202)
    t.confirm(receivable, other).problem("same-token")
    t.confirm(receivable, t.wu).ok()
