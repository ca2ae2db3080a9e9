"""The table "A claim's life" in ledger/README.md, held against the server: every act in every state a claim can be in.

Where the table allows the act, it is sent by the right party and must lead where the table says; everywhere else it must be
refused with the problem that the rule above the table names, and change nothing."""

import datetime
import functools
import re

import pytest
from claim_world import ENCUMBRANCES, LATER, LIVE, LOCKS, Gallery, State, minor, reachable, state_of, text
from contract import PROBLEM, ROOT

STATES = list(reachable())
TOLERATED = {
    "none": ("none",), "unfrozen": ("none", "disputed", "debtor_stopped"), "any": LOCKS,
}  # fmt: skip
# What lapses or ages does so by the sweep in the last stories here; before, it is not yet due.
BY_TIME = ("lapse_transfer", "lapse request", "lapse financing", "age")


# ---- the table ----


class Row:
    def __init__(self, cells):
        self.act, by, self.life, self.locks, self.encumbrance, self.life_then, self.encumbrance_then, event = cells
        self.by, _, self.condition = by.partition("; ")
        self.lives_then, self.events = self.life_then.split(", "), event.split(", ")
        every = {state.life for state in STATES}
        self.lives = {"live": set(LIVE), "any": every}.get(self.life, set(self.life.split(", ")))
        self.encumbrances = set(ENCUMBRANCES if self.encumbrance == "any" else self.encumbrance.split(", "))
        assert self.lives <= every and self.encumbrances <= set(ENCUMBRANCES) and self.locks in TOLERATED, cells
        # Such an act answers something that is open, and asks for that first.
        self.answers = "free" not in self.encumbrances

    def refusal(self, state, condition):
        """The problem that the rule above the table names; None: allowed. `condition` is the problem with what the second column
        says after the party; None: nothing is."""
        encumbered = state.encumbrance not in self.encumbrances
        if state.life not in self.lives or (self.answers and encumbered) or condition == "wrong-state":
            return "wrong-state"
        if state.lock not in TOLERATED[self.locks]:
            return "claim-locked"
        return "claim-encumbered" if encumbered else condition


@functools.lru_cache(maxsize=None)
def table():
    readme = (ROOT / "ledger" / "README.md").read_text(encoding="utf-8")
    drawn = readme.partition("<!-- state machine -->")[2].partition("<!-- /state machine -->")[0]
    lines = [line.strip("| ") for line in drawn.splitlines() if line.startswith("|")][2:]
    return {row.act: row for row in (Row(re.split(r" *\| *", line)) for line in lines)}


def wrong(broken):
    return "wrong-state" if broken else None


# What the second column says after the party: its problem in this state for this specimen (None before there is one).
CONDITIONS = {
    "": lambda state, one: None,
    "past the deadline": lambda state, one: "not-yet-due",
    "past its end": lambda state, one: "not-yet-due",
    "by date": lambda state, one: "not-yet-due",
    "in time": lambda state, one: None,
    "not past due": lambda state, one: None,  # whatever is past due here is locked: its debtor is on the stop list
    "once after each notice": lambda state, one: wrong(one and not waits_for_acknowledgement(one)),
    "not disputed yet": lambda state, one: wrong(state.lock == "disputed"),
    "while disputed": lambda state, one: wrong(state.lock != "disputed"),
    "not frozen yet": lambda state, one: wrong(state.lock == "frozen"),
    "while frozen": lambda state, one: wrong(state.lock != "frozen"),
    "after its recourse": lambda state, one: wrong(one and not one.in_recourse),
    "nothing else since": lambda state, one: wrong(not one.reversible if one else state.life in ("confirmed", "due")),
    "while the creditor holds it": lambda state, one: wrong(state.encumbrance == "sold"),
}


def waits_for_acknowledgement(one):
    notice = one.shown()["notice"]
    return notice is not None and notice["acknowledged_at"] is None


def condition(row, state, one=None):
    return CONDITIONS[row.condition](state, one)


# ---- who does it ----


def turns(*people):
    """One of them, another in the next state."""
    return lambda world, one, turn: people[turn % len(people)](world, one)


PARTIES = {
    "holder": lambda world, one, turn: one.holder,
    "recipient": lambda world, one, turn: one.offered_to or one.holder,
    "debtor": lambda world, one, turn: one.debtor,
    "debtor or holder": turns(
        lambda world, one: one.debtor, lambda world, one: one.debtor if one.shown()["encumbrance"] == "reserved" else one.holder
    ),
    "debtor or bank": turns(lambda world, one: one.debtor, lambda world, one: world.bank),
    "lender": lambda world, one, turn: world.lender,
    "lender or bank": turns(lambda world, one: world.lender, lambda world, one: world.bank),
    "operator": lambda world, one, turn: world.operator,
    "authority": turns(lambda world, one: world.court, lambda world, one: world.tax_office),
    "the authority that froze it": lambda world, one, turn: world.court,
    "who disputed": lambda world, one, turn: one.debtor,
    "who asked": lambda world, one, turn: one.asker,
    "who recorded it": lambda world, one, turn: one.debtor,
    "creditor and debtor together": turns(lambda world, one: one.creditor, lambda world, one: one.debtor),
    "creditor, debtor, holder and lender together": turns(lambda world, one: one.debtor, lambda world, one: one.holder),
}


# ---- how each is done: generators of (who, path, payload), sent each answer; a refusal meets the first ----


def posts(path, **payload):
    """One command on what the specimen has under the name in the path."""

    def does(world, one, who):
        yield who, path.format(one=one), payload

    return does


def transfers(**amount):
    def does(world, one, who):
        recipients = [{"participant": world.third.id, **amount}]
        yield who, f"/v1/claims/{one.id}/transfer", {"recipients": recipients}

    return does


def splits(world, one, who):
    owed = max(minor(one.shown()["outstanding_amount"]), 2)
    parts = [text(owed // 2), text(owed - owed // 2)]
    yield who, f"/v1/claims/{one.id}/split", {"parts": [{"amount": part} for part in parts]}


def grants(world, one, who):
    yield who, "/v1/grants", {"claim": one.id, "participant": world.stranger.id, "fields": ["amounts"]}


def asks(world, one, who):
    yield who, "/v1/financing_requests", {"claims": [one.id], "lenders": [world.factor.id], "pay_to": "6222-0000-1111-2222"}


def pays(world, one, who):
    """A part, then the rest."""
    life, amount = one.shown()["life"], "1.00"
    for _ in range(2):
        serial = next(world.registry.serial)
        yield who, "/v1/payments", {"claim": one.id, "amount": amount, "bank_reference": f"FT-{serial}"}
        after = one.shown()
        amount = after["outstanding_amount"]
        assert after["life"] in ("settled", life if life in ("overdue", "defaulted", "split") else "part_paid")
        if life == "split":
            return


def agrees(world, one, who, **payload):
    people = {person.id: person for person in (one.creditor, one.debtor, one.holder, world.lender)}
    made = yield who, "/v1/proposals", {"claim": one.id, **payload}
    for signer in made["proposal"]["signers"]:
        if signer["participant"] != who.id:
            yield people[signer["participant"]], f"/v1/proposals/{made['proposal']['id']}/accept", {}


def credits(world, one, who):
    life = one.shown()["life"]
    yield from agrees(world, one, who, kind="credit_note", amount="1.00")
    after = one.shown()
    assert after["life"] == life
    yield from agrees(world, one, who, kind="credit_note", amount=after["outstanding_amount"])


ACTS = {
    "split": splits,
    "transfer (whole)": transfers(),
    "transfer (part)": transfers(amount="1.00"),
    "accept_transfer": posts("/v1/claims/{one.id}/accept_transfer"),
    "decline_transfer": posts("/v1/claims/{one.id}/decline_transfer"),
    "cancel_transfer": posts("/v1/claims/{one.id}/cancel_transfer"),
    "lapse_transfer": posts("/v1/claims/{one.id}/lapse_transfer"),
    "acknowledge": posts("/v1/claims/{one.id}/acknowledge"),
    "dispute": posts("/v1/claims/{one.id}/dispute", reason="duplicate"),
    "resolve": posts("/v1/claims/{one.id}/resolve", note="settled between us"),
    "freeze": posts("/v1/claims/{one.id}/freeze", order_reference="2026-21"),
    "unfreeze": posts("/v1/claims/{one.id}/unfreeze", order_reference="2026-22"),
    "age": posts("/v1/claims/{one.id}/age"),
    "write_off": posts("/v1/claims/{one.id}/write_off", note="hopeless"),
    "grant": grants,
    "request financing": asks,
    "withdraw request": posts("/v1/financing_requests/{one.request}/withdraw"),
    "lapse request": posts("/v1/financing_requests/{one.request}/lapse"),
    "accept offer": posts("/v1/offers/{one.offer}/accept"),
    "disburse (sale)": posts("/v1/financings/{one.financing}/disburse", bank_reference="FT-1"),
    "disburse (pledge)": posts("/v1/financings/{one.financing}/disburse", bank_reference="FT-2"),
    "cancel financing": posts("/v1/financings/{one.financing}/cancel"),
    "lapse financing": posts("/v1/financings/{one.financing}/lapse"),
    "release": posts("/v1/financings/{one.financing}/release"),
    "repurchase": posts("/v1/financings/{one.financing}/repurchase", bank_reference="FT-3"),
    "pay": pays,
    "reverse payment": posts("/v1/payments/{one.payment}/reverse", reason="bounced"),
    "credit note": credits,
    "void": functools.partial(agrees, kind="void"),
}
LOCK_THEN = {
    "dispute": ("disputed", True), "resolve": ("disputed", False), "freeze": ("frozen", True), "unfreeze": ("frozen", False),
}  # fmt: skip


# ---- specimens ----


def make(gallery, act, state):
    return gallery.make(
        state, kind="pledge" if act == "disburse (pledge)" else "sale", passed=act == "acknowledge",
        paid_last=act == "reverse payment", beside=act == "repurchase",
    )  # fmt: skip


@pytest.fixture(scope="module")
def gallery(registry):
    """`standing`: a claim in every state, with ended dealings, that nothing here changes; `wanted`: one for each act in each
    state that allows it."""
    made = Gallery(registry)
    made.standing = {state: made.make(state, past=True) for state in STATES}
    made.wanted = {}
    for act, row in table().items():
        for state in STATES:
            if act not in BY_TIME and row.refusal(state, condition(row, state)) is None:
                made.wanted[act, state] = make(made, act, state)
    made.age_all()
    return made


def test_the_table_tells_of_every_act_there_is():
    assert set(table()) == set(ACTS)
    for row in table().values():
        assert row.by in PARTIES and row.condition in CONDITIONS, row.by


def test_specimens_are_in_the_states_they_stand_for(gallery):
    everyone = [*gallery.standing.items(), *((state, one) for (_, state), one in gallery.wanted.items())]
    for state, one in everyone:
        assert state_of(one.shown()) == state
    assert len(gallery.standing) == len(STATES)


def names_the_state(row, state, problem):
    """A refusal says what the claim is that it should not be; one of a payment or a financing may speak of that instead."""
    wanted = {
        "claim-encumbered": state.encumbrance.partition("(")[0], "claim-locked": state.lock.replace("debtor_stopped", "stop list"),
    }  # fmt: skip
    by_life = state.life not in row.lives and not (row.answers and state.encumbrance not in row.encumbrances)
    if by_life and row.act not in ("reverse payment", "release", "repurchase"):
        wanted["wrong-state"] = state.life
    return wanted.get(problem["type"][len(PROBLEM) :], "") in problem["detail"]


@pytest.mark.parametrize("act", ACTS)
def test_where_the_table_does_not_allow_it_it_is_refused_and_changes_nothing(gallery, act):
    row, found = table()[act], []
    before = {state: one.shown() for state, one in gallery.standing.items()}
    with gallery.world.registry.unchanged():
        for turn, (state, one) in enumerate(gallery.standing.items()):
            expected = row.refusal(state, condition(row, state, one))
            if expected is None:
                continue
            who, path, payload = next(ACTS[act](gallery.world, one, PARTIES[row.by](gallery.world, one, turn)))
            answer = who.post(path, payload)
            got = answer.json["type"][len(PROBLEM) :] if answer.status >= 400 else answer.status
            if got != expected or not names_the_state(row, state, answer.json):
                found.append(f"{act} on {state} by {who.name}: {got}, the table says {expected}: {answer.json.get('detail')}")
        assert not found, "\n".join(found)
    assert {state: one.shown() for state, one in gallery.standing.items()} == before


@pytest.mark.parametrize("act", [act for act in ACTS if act not in BY_TIME])
def test_where_the_table_allows_it_it_leads_where_the_table_says(gallery, act):
    row, found, count = table()[act], [], 0
    for turn, state in enumerate(STATES):
        if (act, state) in gallery.wanted:
            count += 1
            found += tried(gallery.world, row, state, gallery.wanted[act, state], turn)
    assert count and not found, "\n".join(found)


def tried(world, row, state, one, turn):
    """What differs from the table, as sentences."""
    size, said = world.registry.size(), f"{row.act} on {state}"
    before = one.shown()
    steps = ACTS[row.act](world, one, PARTIES[row.by](world, one, turn))
    step = next(steps)
    while step:
        answer = step[0].post(*step[1:])
        if answer.status >= 300:
            return [f"{said} by {step[0].name}: {answer.status} {answer.json.get('detail')}"]
        try:
            step = steps.send(answer.json)
        except StopIteration:
            step = None
    entries = world.operator.get(f"/v1/entries?from={size}").ok()["items"]
    after = one.shown()
    life, encumbrance = expected_after(row, state)
    checks = [
        (after["life"], life), (state_of(after).encumbrance, encumbrance),
        (list(dict.fromkeys(entry["type"] for entry in entries)), row.events), (after["locks"], locks_after(row, before)),
    ]  # fmt: skip
    return [f"{said}: {got}, the table says {expected}" for got, expected in checks if got != expected]


def expected_after(row, state):
    life = {"same": state.life, "as before": {"part_paid": "confirmed", "settled": "confirmed"}.get(state.life, state.life)}
    encumbrance = state.encumbrance if row.encumbrance_then == "same" else row.encumbrance_then
    then = "same" if state.life not in LIVE and "same" in row.lives_then else row.lives_then[-1]
    return life.get(then, then), encumbrance


def locks_after(row, before):
    lock, on = LOCK_THEN.get(row.act, (None, False))
    kept = [one for one in LOCKS if one in before["locks"] and one != lock]
    return [one for one in LOCKS if one in kept or (on and one == lock)]


# ---- who may not ----

# One who sees the claim, or what was done with it, but is not the party to this act; None: nobody always does.
INSIDERS = {
    **dict.fromkeys(["split", "transfer (whole)", "transfer (part)", "cancel_transfer", "write_off", "grant"], PARTIES["debtor"]),
    **dict.fromkeys(["accept_transfer", "decline_transfer", "request financing"], PARTIES["debtor"]),
    **dict.fromkeys(["acknowledge", "pay"], PARTIES["holder"]),
    **dict.fromkeys(["lapse_transfer", "age", "lapse request", "lapse financing", "freeze", "unfreeze"], PARTIES["holder"]),
    **dict.fromkeys(["withdraw request", "accept offer"], PARTIES["lender"]),
    **dict.fromkeys(["disburse (sale)", "disburse (pledge)", "cancel financing", "release", "repurchase"], PARTIES["who asked"]),
}
BY_OFFICE = ("lapse_transfer", "age", "lapse request", "lapse financing", "freeze", "unfreeze")


@pytest.mark.parametrize("act", ACTS)
def test_strangers_find_nothing_and_the_wrong_party_is_told_so_whatever_the_state(gallery, act):
    world, found = gallery.world, []

    def expect(who, one, state, expected):
        got = who.post(*next(ACTS[act](world, one, who))[1:])
        if got.status < 400 or got.json["type"] != PROBLEM + expected:
            found.append(f"{act} on {state} by {who.name}: {got.body[:300]}, expected {expected}")

    with world.registry.unchanged():
        for turn, (state, one) in enumerate(gallery.standing.items()):
            expect(world.stranger, one, state, "not-permitted" if act in BY_OFFICE else "not-found")
            insider = INSIDERS.get(act, lambda *_: None)(world, one, turn)
            unanswered = act in ("accept_transfer", "decline_transfer") and state.encumbrance != "offered(transfer)"
            if insider:
                expect(insider, one, state, "wrong-state" if unanswered else "not-permitted")
        assert not found, "\n".join(found)


# ---- what time does ----


@pytest.mark.parametrize("lock", ["none", "disputed", "frozen"])
@pytest.mark.parametrize("encumbrance", ["free", "offered(transfer)"])
def test_the_operator_moves_a_claim_on_step_by_step(gallery, encumbrance, lock):
    """Made when its day is long over, so that every step is due at once. Should the sweep come in between, it is tried again."""
    row, world = table()["age"], gallery.world
    assert State("confirmed", encumbrance, lock).life in row.lives
    for attempt in range(5):
        debtor = world.registry.register(f"Late Payer {encumbrance} {lock} {attempt}", ["core_enterprise"])
        one = world.claim(debtor, days=-60)
        if encumbrance == "offered(transfer)":
            world.transfer(one, world.third).ok(201)
        if lock == "disputed":
            world.dispute(one, debtor).ok()
        if lock == "frozen":
            world.freeze(one).ok()
        answers = [world.act(one, "age", world.operator) for _ in range(4)]
        if [answer.status for answer in answers] == [200, 200, 200, 409]:
            break
    steps = [(answer.json["claim"]["life"], world.operator.get(f"/v1/entries/{answer.json['receipt']['seq']}").ok()["type"])
             for answer in answers[:3]]  # fmt: skip
    assert steps == list(zip(row.lives_then, row.events))
    answers[3].problem("wrong-state")
    after = state_of(world.shown(one, debtor))
    assert (after.life, after.encumbrance) == ("defaulted", encumbrance)
    assert "debtor_stopped" in answers[1].json["claim"]["locks"] and "debtor_stopped" not in answers[0].json["claim"]["locks"]


def test_a_year_later_everything_open_has_lapsed_and_everything_owed_is_in_default(gallery):
    """The sweep sends the same commands: what it does to each standing claim is what the table says."""
    world, rows = gallery.world, table()
    lapses = {"offered(transfer)": "lapse_transfer", "offered(request)": "lapse request", "reserved": "lapse financing"}
    world.at(gallery.built_on + datetime.timedelta(days=LATER + 365))
    for state, one in gallery.standing.items():
        after = state_of(one.shown())
        lapse = rows.get(lapses.get(state.encumbrance))
        encumbrance = lapse.encumbrance_then if lapse else state.encumbrance
        life = "defaulted" if state.life in LIVE else state.life
        assert (after.life, after.encumbrance) == (life, encumbrance), state
        told = {item["type"] for item in world.history(one.id, one.holder)}
        if lapse:
            assert state.life in lapse.lives and state.lock in TOLERATED[lapse.locks] and set(lapse.events) <= told, state
        if state.life in LIVE:
            assert set(rows["age"].events) <= told, state
