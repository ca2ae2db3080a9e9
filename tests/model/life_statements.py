"""After the walk: everyone's statement of every day adds up, opens where the day before closed, and closes with what the model has."""

import datetime
from collections import Counter

from claims import is_live
from life_reads import read_all
from model import SCALE, money


def minor(text, currency):
    value = int(text.replace(".", ""))
    assert money(value, currency) == text or value < 0
    return value


def balance(shown, currency):
    return shown["items"], minor(shown["amount"], currency)


def held_now(walk, who):
    """(account, currency) -> (items, minor units), as the model and the lists of receivables have it; what is zero is left out."""
    model, items, amounts = walk.model, Counter(), Counter()

    def add(account, currency, amount):
        items[account, currency] += 1
        amounts[account, currency] += amount

    for c in model.claims.values():
        if not is_live(c):
            continue
        lender_has = "claims_reserved" if c["encumbrance"] == "reserved" else "claims_pledged"
        for part, account in (("holder", "claims_held"), ("debtor", "claims_owed"), ("lender", lender_has)):
            if c[part] == who.id:
                add(account, c["currency"], c["outstanding"])
    for f in model.financings.values():
        if f["status"] in ("disbursed", "recourse"):
            for part, account in (("lender", "advances_made"), ("seller", "advances_received")):
                if f[part] == who.id:
                    add(account, f["offer"]["currency"], f["offer"]["advance"])
    for part, account in (("creditor", "receivables_registered"), ("debtor", "payables_registered")):
        for row in read_all(walk, who, f"/v1/receivables?life=registered&part={part}"):
            add(account, row["invoice"]["currency"], minor(row["amount"], row["invoice"]["currency"]))
    return {key: (items[key], amounts[key]) for key in items}


def add_up(shown, before):
    """The day's closing positions, once each was added up from where the day before left it."""
    closing = {}
    for position in shown["positions"]:
        key, currency = (position["account"], position["currency"]), position["currency"]
        items, amount = balance(position["opening"], currency)
        assert (items, amount) == before.get(key, (0, 0)), (shown["date"], key)
        for kind in position["movements"]:
            come, gone = balance(kind["in"], currency), balance(kind["out"], currency)
            items, amount = items + come[0] - gone[0], amount + come[1] - gone[1]
        assert (items, amount) == balance(position["closing"], currency), (shown["date"], key)
        assert items >= 0 and amount >= 0 and (items > 0) == (amount > 0), (shown["date"], key)
        closing[key] = (items, amount)
    assert before.keys() <= closing.keys()
    return closing


def days_of(walk, first_day):
    first = datetime.date.fromisoformat(first_day)
    last = datetime.date.fromisoformat(walk.registry.day())
    return [(first + datetime.timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def compare_statements(walk, first_day):
    days = days_of(walk, first_day)
    owed, held = Counter(), Counter()
    for who in walk.people.values():
        closing = {}
        for day in days:
            reply = walk.wire.get(who, f"/v1/statements/{day}")
            assert reply.status == 200, (day, reply.body[:300])
            walk.wire.check("GET", f"/v1/statements/{day}", None, None, reply)
            closing = add_up(reply.json, closing)
        assert {key: value for key, value in closing.items() if value[0]} == held_now(walk, who), who.name
        for (account, currency), (_, amount) in closing.items():
            owed[currency] += amount if account == "claims_owed" else 0
            held[currency] += amount if account == "claims_held" else 0
    assert set(SCALE) >= set(owed) and owed == held
