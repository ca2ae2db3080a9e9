"""Two whole days with everything in them, for the stories of statements and of reconciliation."""

import urllib.parse

from payment_world import World


class Books:
    """A supplier, a debtor, a partner and a factor with two days behind them, in two currencies."""

    def __init__(self, registry):
        self.registry, self.world = registry, World(registry)
        self.people = {
            "supplier": registry.supplier, "debtor": registry.debtor, "partner": self.world.partner,
            "factor": self.world.factor, "bank": self.world.bank, "stranger": self.world.stranger,
        }  # fmt: skip

    @classmethod
    def kept(cls, registry):
        """Two days, and the day after; away from midnight, whenever the stories are told."""
        registry.restart(offset=(12 * 3600 - int(registry.now()) % 86400) + 86400 * 2)
        made = cls(registry)
        made.days = [made.first_day()]
        registry.restart(offset=registry.offset + 86400)
        made.days.append(made.second_day())
        registry.restart(offset=registry.offset + 86400)
        return made

    def first_day(self):
        world, registry = self.world, self.registry
        kept = world.claim("1000.00")
        divided = world.claim("900.00")
        parts = world.split(divided, "300.00", "600.00")
        world.transfer(parts[0], world.partner)
        world.claim("50000", currency="JPY")
        waiting = registry.registered(gross="77.00", issued=40)
        sold = world.claim("2000.00")
        world.finance(sold, "sale")
        pledged = world.claim("3000.00")
        world.finance(pledged, "pledge")
        self.whole, self.parts, self.waiting, self.pledged = kept, parts, waiting, pledged
        return registry.day()

    def second_day(self):
        world, registry = self.world, self.registry
        paid = registry.debtor.post("/v1/payments", self.payment(self.whole, "400.00")).ok(201)["payment"]
        registry.debtor.post(f"/v1/payments/{paid['id']}/reverse", {"reason": "returned by the bank"}).ok()
        registry.debtor.post("/v1/payments", self.payment(self.parts[0], "900.00")).ok(201)
        credit = {"kind": "credit_note", "claim": self.whole["id"], "amount": "150.00", "reference": "CN-1"}
        proposal = registry.supplier.post("/v1/proposals", credit).ok(201)["proposal"]
        registry.debtor.post(f"/v1/proposals/{proposal['id']}/accept").ok()
        registry.debtor.post(f"/v1/claims/{self.whole['id']}/dispute", {"reason": "value_differs"}).ok()
        registry.debtor.act(self.waiting, "reject", {"reason": "no_relation"}).ok()
        return registry.day()

    def payment(self, claim, amount):
        return {"claim": claim["id"], "amount": amount, "bank_reference": self.world.reference()}

    def shown(self, day, zone=None):
        """All that anyone is shown of the day, as bytes."""
        tail = f"?utc_offset={urllib.parse.quote(zone, safe='')}" if zone else ""
        found = {}
        for name, who in self.people.items():
            for rest in ("", "/entries", "/statement.csv"):
                found[name, rest] = who.get(f"/v1/statements/{day}{rest}{tail}").body
        return found
