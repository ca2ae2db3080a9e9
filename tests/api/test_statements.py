"""Daily statements: what an accountant adds up, the same whenever it is asked for."""

import csv
import datetime
import io
import urllib.parse
from collections import Counter
from decimal import Decimal

import ledger
import pytest
from financing_world import World as FinancingWorld
from registry import tallystick
from statement_world import Books


def statement(who, day, zone=None):
    return who.get(f"/v1/statements/{day}" + (f"?utc_offset={urllib.parse.quote(zone, safe='')}" if zone else "")).ok()


def positions(shown):
    """{(account, currency): (opening, closing)}, each (items, amount), once it has been added up."""
    found = {}
    for position in shown["positions"]:
        opening, closing = position["opening"], position["closing"]
        items = opening["items"] + sum(m["in"]["items"] - m["out"]["items"] for m in position["movements"])
        amount = Decimal(opening["amount"]) + sum(
            Decimal(m["in"]["amount"]) - Decimal(m["out"]["amount"]) for m in position["movements"]
        )
        assert (items, amount) == (closing["items"], Decimal(closing["amount"])), position
        found[position["account"], position["currency"]] = (
            (opening["items"], opening["amount"]),
            (closing["items"], closing["amount"]),
        )
    return found


def test_a_suppliers_first_claim_is_in_its_statement(fresh):
    registry = fresh.cast()
    receivable = registry.registered(gross="5100.00")
    registry.debtor.act(receivable, "confirm", {"amount": "4200.50"}).ok()
    shown = statement(registry.supplier, registry.day())
    assert shown["final"] is False
    assert positions(shown) == {
        ("receivables_registered", "CNY"): ((0, "0.00"), (0, "0.00")),
        ("claims_held", "CNY"): ((0, "0.00"), (1, "4200.50")),
    }
    assert [p["movements"] for p in shown["positions"]] == [
        [
            {"type": "claim.accepted", "count": 1, "in": {"items": 0, "amount": "0.00"}, "out": {"items": 1, "amount": "5100.00"}},
            {"type": "receivable.registered", "count": 1, "in": {"items": 1, "amount": "5100.00"}, "out": {"items": 0, "amount": "0.00"}},
        ],
        [{"type": "claim.accepted", "count": 1, "in": {"items": 1, "amount": "4200.50"}, "out": {"items": 0, "amount": "0.00"}}],
    ]  # fmt: skip
    assert positions(statement(registry.debtor, registry.day())) == {
        ("payables_registered", "CNY"): ((0, "0.00"), (0, "0.00")),
        ("claims_owed", "CNY"): ((0, "0.00"), (1, "4200.50")),
    }


# ---- a day with everything in it ----

PARTS = {"holder": ["claims_held"], "debtor": ["claims_owed"], "lender": ["claims_reserved", "claims_pledged"]}


@pytest.fixture(scope="module")
def books(registry):
    return Books.kept(registry)


def owed(positions_of, account, currency="CNY", side=1):
    return Decimal(positions_of.get((account, currency), ((0, "0"), (0, "0")))[side][1])


def test_everyones_days_add_up_and_close_where_the_next_one_opens(books):
    for who in books.people.values():
        first, second = (positions(statement(who, day)) for day in books.days)
        for key, (opening, _) in second.items():
            assert opening == first.get(key, ((0, ""), (0, opening[1])))[1]


def test_what_debtors_owe_is_what_holders_hold(books):
    for day in books.days:
        seen = {name: positions(statement(who, day)) for name, who in books.people.items()}
        for currency in ("CNY", "JPY"):
            held = sum(owed(found, "claims_held", currency) for found in seen.values())
            assert held == owed(seen["debtor"], "claims_owed", currency) > 0


def test_each_sees_its_own_side_of_the_days(books):
    first, second = (
        {name: {k: v[1] for k, v in positions(statement(who, day)).items()} for name, who in books.people.items()}
        for day in books.days
    )
    assert first["supplier"] == {
        ("receivables_registered", "CNY"): (1, "77.00"),
        ("receivables_registered", "JPY"): (0, "0"),
        ("claims_held", "CNY"): (3, "4600.00"),  # 1000 kept, 600 of the divided one, 3000 pledged
        ("claims_held", "JPY"): (1, "50000"),
        ("advances_received", "CNY"): (2, "4000.00"),
    }
    assert first["partner"] == {("claims_held", "CNY"): (1, "300.00")}
    assert first["factor"] == {
        ("claims_held", "CNY"): (1, "2000.00"),
        ("claims_reserved", "CNY"): (0, "0.00"),
        ("claims_pledged", "CNY"): (1, "3000.00"),
        ("advances_made", "CNY"): (2, "4000.00"),
    }
    assert first["debtor"][("claims_owed", "CNY")] == (5, "6900.00")
    assert first["stranger"] == first["bank"] == second["stranger"] == {}
    assert second["supplier"][("claims_held", "CNY")] == (2, "3850.00")  # 850 after the credit note, 3000 pledged
    assert second["supplier"][("receivables_registered", "CNY")] == (0, "0.00")
    assert second["partner"] == {("claims_held", "CNY"): (0, "0.00")}
    assert second["debtor"][("payables_registered", "CNY")] == (0, "0.00")


def test_a_payment_taken_back_and_a_credit_note_are_movements_of_their_own(books):
    shown = statement(books.registry.supplier, books.days[1])
    held = next(p for p in shown["positions"] if (p["account"], p["currency"]) == ("claims_held", "CNY"))
    moved = {m["type"]: (m["in"]["amount"], m["out"]["amount"]) for m in held["movements"]}
    assert moved == {
        "payment.recorded": ("0.00", "1000.00"),  # 400 that came back, and the 600 of the divided claim
        "payment.reversed": ("400.00", "0.00"),
        "claim.diluted": ("0.00", "150.00"),
    }


def test_the_closing_position_is_what_the_totals_say(books):
    last = books.days[1]
    for who in books.people.values():
        found = positions(statement(who, last))
        for part, accounts in PARTS.items():
            totals = {}
            for life in ("confirmed", "due", "part_paid", "overdue", "defaulted"):
                for item in who.get(f"/v1/claims/totals?part={part}&life={life}").ok()["items"]:
                    count, amount = totals.get(item["currency"], (0, Decimal(0)))
                    totals[item["currency"]] = (count + item["count"], amount + Decimal(item["outstanding_amount"]))
            closing = {}
            for (account, currency), (_, (items, amount)) in found.items():
                if account in accounts and items:
                    count, before = closing.get(currency, (0, Decimal(0)))
                    closing[currency] = (count + items, before + Decimal(amount))
            assert closing == totals, part


def test_the_entries_carry_the_statements_sums(books):
    for name, who in books.people.items():
        for day in books.days:
            shown = statement(who, day)
            items = who.read_all(f"/v1/statements/{day}/entries?limit=3")
            assert len(items) == shown["entries"]["count"]
            if items:
                for end, item in (("first", items[0]), ("last", items[-1])):
                    assert shown["entries"][end] == {key: item[key] for key in ("seq", "type", "at", "leaf")}
            sums = Counter()
            for item in items:
                assert ledger.leaf_hash(item["entry"].encode()).hex() == item["leaf"]
                for moved in item["movements"]:
                    sums[moved["account"], moved["currency"], item["type"]] += Decimal(moved["amount"])
            told = {
                (p["account"], p["currency"], m["type"]): Decimal(m["in"]["amount"]) - Decimal(m["out"]["amount"])
                for p in shown["positions"]
                for m in p["movements"]
            }
            assert {k: v for k, v in sums.items()} == told, name


def test_the_csv_is_the_same_account(books):
    for who in books.people.values():
        for day in books.days:
            shown = statement(who, day)
            rows = list(csv.DictReader(io.StringIO(who.get(f"/v1/statements/{day}/statement.csv").body.decode(), newline="")))
            assert rows[0]["record"] == "checkpoint" and rows[0]["leaf"] == shown["checkpoint"]["root"]
            assert [r["seq"] for r in rows if r["record"] == "entry"] == [
                str(item["seq"]) for item in who.read_all(f"/v1/statements/{day}/entries")
            ]
            at = None
            for row in rows[1:]:
                assert None not in row and None not in row.values()
                if row["record"] == "opening":
                    at = Decimal(row["amount_after"])
                elif row["record"] == "movement":
                    at += Decimal(row["amount"])
                    assert at == Decimal(row["amount_after"])
                elif row["record"] == "closing":
                    position = next(p for p in shown["positions"] if (p["account"], p["currency"]) == (row["account"], row["currency"]))
                    assert at == Decimal(row["amount_after"]) == Decimal(position["closing"]["amount"])


def test_a_past_day_is_the_same_bytes_whatever_happens_after(books):
    registry, world = books.registry, books.world
    before = [books.shown(day) for day in books.days] + [books.shown(books.days[0], "+08:00")]
    assert all(statement(registry.supplier, day)["final"] for day in books.days)
    world.transfer(world.claim("5.00"), world.partner)
    held = registry.supplier.get("/v1/claims?part=holder&life=confirmed").ok()["items"]
    free = next(c for c in held if c["encumbrance"] == "free" and c["currency"] == "JPY")
    world.transfer(free, world.stranger)  # who now sees the earlier entries of its title
    registry.restart()
    after = [books.shown(day) for day in books.days] + [books.shown(books.days[0], "+08:00")]
    assert after == before
    assert statement(world.stranger, books.days[0])["entries"]["count"] == 2  # its registration and its token


# ---- which day ----


def test_a_day_without_movement_shows_what_there_is(books):
    registry = books.registry
    registry.restart(offset=registry.offset + 3 * 86400)
    quiet, before = registry.day(-1), registry.day(-3)
    shown = statement(registry.debtor, quiet)
    assert shown["final"] and shown["ledger"]["entries"] == shown["entries"]["count"] == 0
    assert shown["entries"]["first"] is None and shown["entries"]["last"] is None
    assert all(p["movements"] == [] and p["opening"] == p["closing"] for p in shown["positions"])
    assert [p["opening"] for p in shown["positions"]] == [p["closing"] for p in statement(registry.debtor, before)["positions"]]
    checkpoint = ledger.open_checkpoint(shown["checkpoint"]["note"], registry.vkey)
    assert (checkpoint.size, checkpoint.root.hex()) == (shown["checkpoint"]["size"], shown["checkpoint"]["root"])


def test_the_business_day_of_another_zone_begins_and_ends_there(books):
    registry, day = books.registry, books.days[0]
    shown = statement(registry.supplier, day, "+08:00")
    until = f"{day}T16:00:00.000000Z"
    assert shown["until"] == until and shown["from"].endswith("T16:00:00.000000Z") and shown["utc_offset"] == "+08:00"
    assert positions(shown) == positions(statement(registry.supplier, day))  # all of it was about noon
    assert positions(statement(registry.supplier, day, "-12:00"))  # which begins at noon in UTC
    assert statement(registry.supplier, day, "+14:00")["until"] < until
    plain = registry.supplier.get(f"/v1/statements/{day}?utc_offset=+08:00", bad=True)  # as typed into curl
    assert plain.ok() == shown


def test_an_entry_of_the_next_day_makes_a_day_final(fresh):
    registry = fresh.cast()
    registry.confirmed(gross="1100.00")
    registry.restart(offset=registry.offset + 86400 - int(registry.now()) % 86400 + 5)
    registry.confirmed(gross="2200.00")
    before, after = statement(registry.supplier, registry.day(-1)), statement(registry.supplier, registry.day())
    assert before["final"] and not after["final"]  # an entry of the next day has come: nothing more can come to it
    assert positions(before)["claims_held", "CNY"] == ((0, "0.00"), (1, "1100.00"))
    assert positions(after)["claims_held", "CNY"] == ((1, "1100.00"), (2, "3300.00"))


def test_a_day_is_preliminary_until_nothing_can_come_to_it(fresh):
    registry = fresh.cast()
    registry.confirmed(gross="1100.00")
    registry.restart(offset=registry.offset + 86400 - int(registry.now()) % 86400 + 60)
    assert statement(registry.supplier, registry.day(-1))["final"] is False  # a commit might still be under way
    registry.restart(offset=registry.offset + 660)
    assert statement(registry.supplier, registry.day(-1))["final"] is True


def test_a_leap_day_is_a_day(fresh):
    registry = fresh.cast()
    seconds = (datetime.datetime(2028, 2, 29, 12, tzinfo=datetime.timezone.utc).timestamp()) - registry.now()
    registry.restart(offset=int(seconds))
    registry.confirmed(gross="2900.00")
    shown = statement(registry.supplier, "2028-02-29")
    assert (shown["from"], shown["until"]) == ("2028-02-29T00:00:00.000000Z", "2028-03-01T00:00:00.000000Z")
    assert positions(shown)["claims_held", "CNY"] == ((0, "0.00"), (1, "2900.00"))


@pytest.mark.parametrize("rest", ("", "/entries", "/statement.csv"))
def test_days_that_cannot_be_are_refused(registry, rest):
    who = registry.supplier
    for text in ("2027-02-29", "2026-13-01", "2026-1-1", "today", "20261122", "2026-11-22T00:00:00Z"):
        who.get(f"/v1/statements/{text}{rest}", bad=True).problem("bad-query", ("not_a_date", "date"))
    who.get(f"/v1/statements/{registry.day(2)}{rest}").problem("bad-query", ("in_the_future", "date"))
    who.get(f"/v1/statements/1999-12-31{rest}").problem("not-found")
    for zone in ("8", "+8:00", "+0800", "+14:01", "-12:01", "+08:60", "CET", "%2B08:000"):
        who.get(f"/v1/statements/{registry.day()}{rest}?utc_offset={zone}", bad=True).problem("bad-query", ("not_an_offset", "utc_offset"))
    registry.get(f"/v1/statements/{registry.day()}{rest}").problem("unauthenticated")


def test_pages_of_entries_are_bounded(registry):
    path = f"/v1/statements/{registry.day()}/entries"
    for limit in ("0", "201", "x"):
        registry.supplier.get(f"{path}?limit={limit}", bad=True).problem("bad-query", ("out_of_range", "limit"))
    registry.supplier.get(f"{path}?cursor=nothing", bad=True).problem("bad-query", ("not_a_cursor", "cursor"))


def test_a_later_holder_of_a_part_is_shown_no_invoice(books):
    """As in the claim itself: whoever has a divided claim learns neither the invoice's number nor its order."""
    partner, part = books.world.partner, books.parts[0]
    assert partner.get(f"/v1/claims/{part['id']}").ok()["invoice"] is None
    moved = [m for day in books.days for e in partner.read_all(f"/v1/statements/{day}/entries") for m in e["movements"]]
    assert [m["claim"] for m in moved] == [part["id"]] * 2
    assert all(m["invoice_number"] is None and m["order_reference"] is None and m["due_date"] for m in moved)
    debtors = [m for e in books.registry.debtor.read_all(f"/v1/statements/{books.days[0]}/entries") for m in e["movements"]]
    number = next(m["invoice_number"] for m in debtors if m["claim"] == part["id"])
    for rest in ("/entries", "/statement.csv"):
        for day in books.days:
            assert number.encode() not in partner.get(f"/v1/statements/{day}{rest}").body
    bought = [m for e in books.world.factor.read_all(f"/v1/statements/{books.days[0]}/entries") for m in e["movements"]]
    assert all(m["invoice_number"] for m in bought if m["claim"])  # whole claims


@pytest.mark.parametrize("kind", ["sale", "pledge"])
def test_a_seller_whose_financed_claim_is_paid_learns_that_its_debt_ended_and_no_more(fresh, kind):
    world = FinancingWorld(fresh.cast())
    seller, day = fresh.supplier, fresh.day()
    (claim,), financing = world.financed(kind=kind)
    payment = world.pay(claim, "10000.00").ok(201)
    entries = seller.read_all(f"/v1/statements/{day}/entries")
    last = entries[-1]
    assert (last["seq"], last["type"]) == (payment["receipt"]["seq"], "payment.recorded")
    moved = {(m["account"], m["items"], m["amount"]) for m in last["movements"]}
    assert ("advances_received", -1, f"-{financing['advance_amount']}") in moved
    assert positions(statement(seller, day))["advances_received", "CNY"][1] == (0, "0.00")
    if kind == "sale":
        assert len(moved) == 1
        assert seller.get(f"/v1/entries/{last['seq']}").ok()["facts"] == {"currency": "CNY"}
    world.debtor.post(f"/v1/payments/{payment['payment']['id']}/reverse", {"reason": "bounced"}).ok()
    assert positions(statement(seller, day))["advances_received", "CNY"][1] == (1, financing["advance_amount"])
    later = seller.read_all(f"/v1/statements/{day}/entries?limit=2")
    assert [entry["seq"] for entry in later[: len(entries)]] == [entry["seq"] for entry in entries]
    assert sum(len(entry["movements"]) for entry in later) > sum(len(entry["movements"]) for entry in entries)
    run = tallystick("statement", day, "--facts", env={
        "TALLYSTICK_URL": f"http://127.0.0.1:{fresh.port}", "TALLYSTICK_VKEY": fresh.vkey, "TALLYSTICK_TOKEN": seller.token})  # fmt: skip
    assert run.returncode == 0, run.stderr


def test_a_statement_shows_nothing_of_others(books):
    """No name, id or amount of a claim is shown to one who has no part in it."""
    for name in ("stranger", "bank"):
        for body in (books.people[name].get(f"/v1/statements/{day}{rest}").body for day in books.days for rest in ("", "/entries", "/statement.csv")):
            for hidden in (books.whole["id"], books.pledged["id"], books.registry.debtor.id, "INV-"):
                assert hidden.encode() not in body
    factor = b"".join(books.people["factor"].get(f"/v1/statements/{day}/entries").body for day in books.days)
    assert books.pledged["id"].encode() in factor and books.whole["id"].encode() not in factor
