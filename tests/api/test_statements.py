"""Daily statements: what an accountant adds up, the same whenever it is asked for."""

import csv
import io
import urllib.parse
from collections import Counter
from decimal import Decimal

import pytest


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
