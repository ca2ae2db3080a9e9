"""What many connections saw, against the clock: whoever was answered first stands first, whoever looks afterwards sees it, and no
limit is ever overdrawn. And that the checker of histories (history.py) refuses what it must.

TALLYSTICK_HISTORY_SECONDS (4), TALLYSTICK_HISTORY_HANDS (12) and TALLYSTICK_MODEL_SEED say how long, how many and which."""

import copy
import os
import random
import threading
import time

import jws
import pytest
from hands import World, record
from history import Act, History, Look, Violation, check_rate
from registry import Registry

SECONDS = float(os.environ.get("TALLYSTICK_HISTORY_SECONDS", "4"))
HANDS = int(os.environ.get("TALLYSTICK_HISTORY_HANDS", "12"))
SEED = os.environ.get("TALLYSTICK_MODEL_SEED") or str(random.SystemRandom().randrange(1 << 32))
OPEN = ("--rate-failures-per-minute", "0", "--rate-requests-per-minute", "0", "--rate-commands-per-minute", "0")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A real history; afterwards the ledger verifies and the audit finds nothing."""
    registry = Registry(tmp_path_factory.mktemp("history") / "ledger", options=OPEN)
    registry.start()
    try:
        print(f"seed {SEED}")
        yield record(World(registry.cast()), HANDS, SECONDS, SEED)
        registry.verify()
        registry.secrets.clear()  # too many to look for in so long a log; other stories do
        registry.stop()
        code, report = registry.audit()
        assert code == 0 and report["findings"] == [], report
    finally:
        if registry.process:
            registry.kill()


def test_everyone_saw_what_had_been_answered_and_no_limit_was_overdrawn(recorded):
    recorded.check()
    labels = {event.label for event in recorded.acts + recorded.looks}
    assert {"submit", "confirm", "accept", "cancel", "revoke a token", "revoke a grant", "list of receivables", "knock"} <= labels
    print(f"{len(recorded.acts)} acts, {len(recorded.looks)} looks")


def test_a_rate_is_never_exceeded_by_many_connections(tmp_path):
    """Sixteen commands a burst, four a second, by twelve hands for a moment."""
    burst, per_minute = 16, 240
    registry = Registry(tmp_path / "ledger")
    registry.start()
    try:
        registry.cast()
        registry.options += ["--rate-commands-burst", str(burst), "--rate-commands-per-minute", str(per_minute)]
        registry.restart()
        accepted = submitted_by_many(registry, each=12)
        assert burst <= len(accepted) < HANDS * 12, "some were let through, and some were not"
        check_rate("commands of one signer", accepted, burst, per_minute / 60)
        registry.stop()
    finally:
        if registry.process:
            registry.kill()


def submitted_by_many(registry, each):
    """(sent, answered) of what was let through."""
    accepted = []

    def run():
        for _ in range(each):
            body, sent = registry.supplier.sign("/v1/receivables", registry.invoice()), time.monotonic()
            answer = registry.http.request("POST", "/v1/receivables", body, {"Content-Type": jws.JOSE})
            if answer.status == 201:
                accepted.append((sent, time.monotonic()))
            else:
                answer.problem("rate-limited")
        registry.http.close()

    threads = [threading.Thread(target=run) for _ in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return accepted


# ---- the checker ----


def history(*events, before=None):
    made = History(before)
    for event in events:
        (made.acts if isinstance(event, Act) else made.looks).append(event)
    return made


BORN = Act("a is born", 1, 2, [5], effects={"a": "young"})
AGED = Act("a ages", 3, 4, [6], effects={"a": "old"}, needs={"a": {"young"}})
TWINS = Act("twins are born", 1, 2, [5, 6], effects={"x": "here", "y": "here"})
LIMIT = {("limit", "purse"): 100}

GOOD = {
    "in turn": [BORN, AGED],
    "at once, either first": [Act("a", 1, 9, [8]), Act("b", 2, 8, [7])],
    "while it happens, before": [BORN, Look("early", 1.5, 1.6, seen={"a": {None}})],
    "while it happens, after": [BORN, Look("early", 1.5, 1.6, seen={"a": {"young"}})],
    "afterwards": [BORN, AGED, Look("late", 5, 6, seen={"a": {"old"}}), Look("size", 5, 6, size=7)],
    "all of the purse": [Act("draw", 1, 2, [1], draws={"purse": 60}), Act("draw", 1, 2, [2], draws={"purse": 40}),
                         Look("refused", 3, 4, over={"purse": 1})],
    "back into the purse": [Act("draw", 1, 2, [1], draws={"purse": 100}), Act("back", 3, 4, [2], draws={"purse": -50}),
                            Act("draw", 5, 6, [3], draws={"purse": 50})],
}  # fmt: skip

BAD = {
    "answered first, stands second": [Act("a", 1, 2, [8]), Act("b", 3, 4, [7])],
    "answered first, stands second, with many between": [
        Act("a", 1, 2, [90]), *(Act("between", 1, 9, [seq]) for seq in range(10, 20)), Act("b", 3, 4, [7])],
    "one entry for two": [Act("a", 1, 2, [7]), Act("b", 1, 2, [7])],
    "a batch among others' entries": [Act("batch", 1, 2, [5, 7]), Act("b", 1, 2, [6])],
    "not there after it was answered": [BORN, Look("late", 3, 4, seen={"a": {None}})],
    "young after it was old": [BORN, AGED, Look("late", 5, 6, seen={"a": {"young"}})],
    "there before it was sent": [BORN, Look("early", 0.1, 0.2, seen={"a": {"young"}})],
    "what never was": [BORN, Look("late", 3, 4, seen={"a": {"green"}})],
    "one looks into the future of another": [
        BORN, Act("slow", 3, 9, [6], effects={"a": "old"}), Look("first", 4, 5, seen={"a": {"old"}}),
        Look("second", 6, 7, seen={"a": {"young"}})],
    "half of a batch": [TWINS, Look("half", 1.2, 1.9, seen={"x": {"here"}, "y": {None}})],
    "two values that were never so at once": [
        BORN, Act("b", 3, 9, [6], effects={"b": "here"}), Act("a", 3, 9, [7], effects={"a": "old"}),
        Look("list", 4, 5, seen={"a": {"old"}, "b": {None}})],
    "a checkpoint without what was answered": [BORN, Look("size", 3, 4, size=5)],
    "a checkpoint of what was not sent": [BORN, AGED, Look("size", 2.5, 2.6, size=7)],
    "checkpoints that shrink": [Act("slow", 1, 9, [5]), Look("size", 2, 3, size=6), Look("size", 4, 5, size=5)],
    "done in another state": [BORN, AGED, Act("again", 5, 6, [7], needs={"a": {"young"}})],
    "one more than the purse": [Act("draw", 1, 2, [1], draws={"purse": 60}), Act("draw", 1, 2, [2], draws={"purse": 41})],
    "the purse is made smaller first": [Act("set", 1, 2, [1], sets={"purse": 10}), Act("draw", 1, 2, [2], draws={"purse": 11})],
    "refused with room": [Act("draw", 1, 2, [1], draws={"purse": 60}), Look("refused", 3, 4, over={"purse": 40})],
    "recorded as refused with room": [Act("refused", 1, 2, [1], over={"purse": 100})],
    "drawn otherwise than told": [Act("draw", 1, 2, [1], draws={"purse": 60}), Look("told", 3, 4, seen={("drawn", "purse"): {50}})],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_may_have_happened_is_believed(name):
    history(*GOOD[name], before=LIMIT).check()


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_have_happened_is_not_believed(name):
    with pytest.raises(Violation):
        history(*BAD[name], before=LIMIT).check()


def test_a_rate_that_let_too_much_through_is_found():
    steady = [(number / 10, number / 10 + 0.01) for number in range(100)]
    check_rate("ten a second", steady, 1, 10)
    with pytest.raises(Violation):
        check_rate("ten a second", sorted([*steady, (5.02, 5.03), (5.04, 5.05)]), 1, 10)


# ---- a real history, falsified in one place ----


def falsified(recorded, *changes):
    """The history with some events changed: (event, members)."""
    new = {}
    for event, members in changes:
        new[id(event)] = copy.copy(event)
        vars(new[id(event)]).update(members)
    made = History(recorded.before)
    made.acts = [new.get(id(act), act) for act in recorded.acts]
    made.looks = [new.get(id(look), look) for look in recorded.looks]
    return made


def swap_places(recorded, rng):
    """One of two acts, the other of which had been answered before it was sent, gets the other's place."""
    first = rng.choice([act for act in recorded.acts if act.answered < max(other.sent for other in recorded.acts)])
    second = rng.choice([act for act in recorded.acts if act.sent > first.answered])
    first_then = {"first": first.first, "last": first.last}
    return falsified(recorded, (first, {"first": second.first, "last": second.last}), (second, first_then))


LIVES = {"registered": None, "confirmed": "registered", "withdrawn": "registered", "good": None, "revoked": "good"}


def looks_at_changes(recorded, rng, when):
    """(act, subject, look) at random, of acts that changed a subject and looks that saw it."""
    changes = {s: (act, value) for act in recorded.acts for s, value in act.effects.items() if value in LIVES and s[0] != "grant"}
    found = [(*changes[s], s, look) for look in recorded.looks for s in look.seen if s in changes and when(changes[s][0], look)]
    return rng.choice(found)


def see_the_past(recorded, rng):
    _, value, subject, look = looks_at_changes(recorded, rng, lambda act, look: act.answered < look.sent)
    return falsified(recorded, (look, {"seen": {**look.seen, subject: {LIVES[value]}}}))


def see_the_future(recorded, rng):
    _, value, subject, look = looks_at_changes(recorded, rng, lambda act, look: look.answered < act.sent)
    return falsified(recorded, (look, {"seen": {**look.seen, subject: {value}}}))


def shorten_a_checkpoint(recorded, rng):
    first = min(act.answered for act in recorded.acts)
    look = rng.choice([look for look in recorded.looks if look.size is not None and look.sent > first])
    known = max(act.last for act in recorded.acts if act.answered < look.sent)
    return falsified(recorded, (look, {"size": known}))


def draw_too_much(recorded, rng):
    limited = [act for act in recorded.acts if any(n > 0 and not quota.startswith("shown") for quota, n in act.draws.items())]
    act = rng.choice(limited)
    return falsified(recorded, (act, {"draws": {quota: 10**9 for quota in act.draws}}))


def use_a_revoked_token(recorded, rng):
    revoked = [act for act in recorded.acts if act.label == "revoke a token"]
    act = rng.choice([act for act in recorded.acts if act.first > min(one.first for one in revoked)])
    token = rng.choice([subject for one in revoked if one.first < act.first for subject in one.effects])
    return falsified(recorded, (act, {"needs": {token: {"good"}}}))


FALSIFICATIONS = (swap_places, see_the_past, see_the_future, shorten_a_checkpoint, draw_too_much, use_a_revoked_token)


@pytest.mark.parametrize("falsify", FALSIFICATIONS)
def test_a_real_history_falsified_in_one_place_is_not_believed(recorded, falsify):
    rng = random.Random(SEED)
    for _ in range(5):
        with pytest.raises(Violation):
            falsify(recorded, rng).check()
