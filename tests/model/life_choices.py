"""What the walk does next: each kind of command with mostly sensible subjects, and now and then the wrong ones."""

import itertools

from answers import DAY, day_text, time_text
from claims import GRANTS, is_live
from life_money import MoneyChoices
from model import money
from wire import Command

REASONS = ["unrecognised", "duplicate", "differs_from_contract", "no_relation", "value_differs", "other"]
POLICIES = [
    {"early_payment": "refuse"}, {"overpayment": "refuse"}, {"hop_max": 1}, {"split_parts_max": 3}, {"split_claims_max": 5},
    {"split_watch_claims": 2}, {"grace_days": 0}, {"grace_days": 9, "default_after_days": 1}, {"transfer_respond_days": 1},
    {"request_valid_days": 2, "proposal_days": 2}, {"hop_max": 0},
]  # fmt: skip
CARELESS = ("debtor-5", "debtor-6", "middle-2")  # who often pay late
HOT = 0.7  # how often a heated salvo takes its subject from the hot ones
STRANGER = 0.05
WEIGHTS = {
    "submit": 11, "split": 8, "transfer": 12, "accept_transfer": 8, "decline_transfer": 2, "cancel_transfer": 2,
    "lapse_transfer": 1, "acknowledge": 4, "dispute": 2, "resolve": 3, "freeze": 1, "unfreeze": 2, "age": 3, "write_off": 1,
    "grant": 4, "revoke_grant": 2, "rating": 0.5, "stop": 0.2, "clear": 1.5, "set_policy": 0.3, "open_program": 0.4,
    "close_program": 0.15, "request": 11, "withdraw_request": 2, "lapse_request": 0.5, "offer": 6, "withdraw_offer": 1,
    "accept_offer": 11, "disburse": 9, "cancel": 1, "lapse_financing": 0.5, "register": 2, "release": 3, "recourse": 1.5,
    "repurchase": 1.5, "pay": 13, "reverse": 3, "propose": 4, "accept_proposal": 7, "decline_proposal": 1, "check": 3,
}  # fmt: skip
# Salvos in which everyone wants the same: several kinds of command that exclude one another.
THEMES = [
    ["accept_offer", "accept_offer", "withdraw_request", "withdraw_offer", "pay"], ["pay", "pay", "reverse"],
    ["split", "transfer", "request", "freeze", "dispute"], ["accept_transfer", "decline_transfer", "cancel_transfer", "pay"],
    ["disburse", "disburse", "cancel", "pay", "freeze"],
    ["accept_proposal", "accept_proposal", "decline_proposal", "pay", "transfer"],
    ["release", "pay", "recourse", "repurchase", "accept_proposal"], ["freeze", "unfreeze", "dispute", "resolve"],
]  # fmt: skip
MADE = ("request", "offer", "financing", "payment", "proposal", "grant", "program")  # pools; and claim


class Choices(MoneyChoices):
    def prepare(self):
        self.pools = {name: [] for name in ("claim", "pending", "paper", *MADE)}
        self.known = set()
        self.hot, self.theme = {}, None
        self.serial = itertools.count(1)
        self.traders = [self.people[n].id for n in self.people if n.startswith(("supplier", "middle"))]
        self.debtors = [self.people[n].id for n in self.people if n.startswith(("debtor", "middle"))]
        self.lenders = [self.people[n].id for n in self.people if n.startswith("lender")]
        self.kinds, self.weights = list(WEIGHTS), list(itertools.accumulate(WEIGHTS.values()))
        for _ in range(4):
            self.send([self.open_program()])

    def choose(self):
        if self.theme:
            kind = self.random.choice(self.theme)
        else:
            kind = self.random.choices(self.kinds, cum_weights=self.weights)[0]
        return getattr(self, kind)()

    # ---- subjects ----

    def one_in(self, count):
        return self.random.random() * count < 1

    def command(self, kind, who, path, payload, **args):
        """`who` is the one it belongs to; now and then somebody else tries."""
        if self.random.random() < STRANGER:
            who = self.random.choice(list(self.by_id))
        return Command(kind, [self.by_id[who]], path, payload, **args)

    def some(self, pool, wanted, dead=lambda item: False):
        """Mostly an item of which `wanted` holds; one in twelve may be anything."""
        items = self.hot.get(pool)
        if not items or self.random.random() > HOT:
            items = self.pools[pool]
        if not items:
            return None
        if self.one_in(12):
            return self.random.choice(items)
        item = None
        for _ in range(12):
            place = self.random.randrange(len(items))
            item = items[place]
            if wanted(item):
                return item
            if items is self.pools[pool] and len(items) > 30 and dead(item) and not self.one_in(10):
                items[place] = items[-1]
                items.pop()
        return item

    def some_claim(self, wanted):
        claims = self.model.claims
        found = self.some("claim", lambda i: wanted(claims[i]), lambda i: not is_live(claims[i]))
        return found and claims[found]

    def some_of(self, name, wanted, dead):
        rows = getattr(self.model, name + "s")
        found = self.some(name, lambda i: wanted(rows[i]), lambda i: dead(rows[i]))
        return found and rows[found]

    def heat(self):
        """A few subjects that a whole salvo is about: a claim and its relatives, what is offered for it, a program's offers."""
        claims = [c for c in (self.some_claim(is_live) for _ in range(self.random.choice([1, 1, 2, 4]))) if c]
        ids = [c["id"] for c in claims]
        for c in claims:
            if self.one_in(2):
                ids += [one["id"] for one in self.model.live_claims(c["root"])[:4]]
        self.hot = {"claim": ids, "pending": [i for i in ids if self.model.claims[i]["offered_to"]]}
        requests = [self.model.requests[c["request"]] for c in claims if c["request"]]
        if self.one_in(2) and self.pools["request"]:
            more = [self.some_of("request", lambda r: r["status"] == "open" and r["offers"], lambda r: r["status"] != "open")]
            requests += more * 2
        self.hot["request"] = [r["id"] for r in requests]
        self.hot["offer"] = [o["id"] for r in requests for o in r["offers"]]
        near = self.pools["proposal"][-60:]
        self.hot["proposal"] = [p for p in near if self.model.proposals[p]["claim"] in ids]
        if self.one_in(6):
            self.theme = self.random.choice(THEMES)
        self.hot["financing"] = [c["financing"] for c in claims if c["financing"]]
        roots = {c["root"] for c in claims}
        self.hot["payment"] = [p["id"] for root in roots for p in self.model.payments_of.get(root, ())][-4:]

    def learn(self, command, said):
        """New things become subjects."""
        if command.kind == "submit":
            self.pools["paper"].append(command.args["paper"])
            if "claim" in said:
                self.pools["claim"].append(said["claim"]["id"])
        for child in said.get("claims", ()):
            self.pools["claim"].append(child["id"])
            if child["offered_to"]:
                self.pools["pending"].append(child["id"])
        if command.kind == "transfer" and not said["claims"]:
            self.pools["pending"].append(said["claim"]["id"])
        for name in MADE:
            if name in said and said[name]["id"] not in self.known:
                self.known.add(said[name]["id"])
                self.pools[name].append(said[name]["id"])
        if command.kind == "request":
            self.pools["offer"] += [offer["id"] for offer in said["offers"]]

    def later(self, low, high):
        """A time some days from now, in whole days: far from any that a command could meet."""
        return int(self.registry.now()) * 1_000_000 + self.random.randrange(low, high + 1) * DAY

    # ---- claims ----

    def submit(self):
        choose = self.random.choice
        debtor = choose(self.debtors)
        if self.model.parties[debtor]["stopped"] and not self.one_in(4):
            return None
        creditor = choose([trader for trader in self.traders if trader != debtor])
        currency = self.random.choices(["CNY", "JPY", "KWD"], [8, 1, 1])[0]
        today = int(self.registry.now()) // 86400
        careless = self.by_id[debtor].name in CARELESS
        if self.one_in(2 if careless else 4):
            due = today + self.random.randrange(-2 if careless else 0, 15)
        else:
            due = today + self.random.randrange(60, 2500)
        issued = min(today, due) - self.random.randrange(1, 30)
        serial = next(self.serial)
        gross = self.random.choice([10**6, 10**7, 10**8, 3 * 10**4, 700]) * 1_000_000 // 10**6
        gross = gross * self.random.randrange(1, 9) + serial * 13  # unlike any other invoice's
        text, number = money(gross, currency), f"L{serial:07d}"
        invoice = {"number": number, "issue_date": day_text(issued), "gross_amount": text}
        paper = {
            "creditor": creditor, "debtor": debtor, "currency": currency, "minor": gross, "gross": gross, "due": due,
            "issued": issued, "invoice": invoice,
        }  # fmt: skip
        payload = {"invoice": {**invoice, "due_date": day_text(due), "currency": currency, "seller": {"participant": creditor},
                               "buyer": {"participant": debtor}}}  # fmt: skip
        signers = [self.by_id[creditor], self.by_id[debtor]]
        return Command("submit", signers, "/v1/receivables", payload, paper=paper)

    def on_claim(self, kind, c, who, payload=None, **args):
        return c and self.command(kind, who, f"/v1/claims/{c['id']}/{kind}", payload or {}, claim=c["id"], **args)

    def idle(self, c):
        return is_live(c) and c["encumbrance"] == "free" and not self.model.locks(c)

    def pieces(self, total, count):
        """`total` cut into up to `count` pieces of at least one unit."""
        count = min(count, total)
        cuts = sorted(self.random.sample(range(1, total), count - 1)) if total < 10**6 else self.rough_cuts(total, count)
        return [high - low for low, high in zip([0, *cuts], [*cuts, total])]

    def rough_cuts(self, total, count):
        cuts = set()
        while len(cuts) < count - 1:
            cuts.add(self.random.randrange(1, total))
        return sorted(cuts)

    def split(self):
        c = self.some_claim(lambda c: self.idle(c) and c["outstanding"] > 1)
        if not c or c["outstanding"] < 2:
            return None
        parts = self.pieces(c["outstanding"], self.random.choice([2, 2, 2, 3, 3, 4, 7, 21 if self.one_in(5) else 5]))
        if self.one_in(15):
            parts[0] += self.random.choice([1, 1000])
        if len(parts) < 2:
            return None
        payload = {"parts": [{"amount": money(part, c["currency"])} for part in parts]}
        return self.on_claim("split", c, c["holder"], payload, parts=parts)

    def recipient(self, c):
        roll = self.random.random()
        if roll < 0.8:
            return self.random.choice(self.traders)
        if roll < 0.87:
            return self.people["issuer"].id
        if roll < 0.95:
            return self.random.choice([*self.lenders, self.people["bank"].id])
        return self.random.choice([c["holder"], c["debtor"], self.people["court"].id, self.people["reviewer"].id])

    def transfer(self):
        c = self.some_claim(self.idle)
        if not c or not c["outstanding"]:
            return None
        total, roll = c["outstanding"], self.random.random()
        if roll < 0.45:
            recipients = [(self.recipient(c), None if self.one_in(2) else total)]
        elif roll < 0.75:
            recipients = [(self.recipient(c), self.random.randrange(1, total + 1))]
        else:
            pieces = self.pieces(total, self.random.choice([2, 3, 4]))
            pieces = pieces[: self.random.choice([2, len(pieces)])]
            takers = self.random.sample([one for one in self.traders if one not in (c["holder"], c["debtor"])], 4)
            recipients = list(zip(takers, pieces))
            if self.one_in(4):
                recipients[0] = (self.random.choice([c["holder"], c["debtor"], self.people["court"].id]), pieces[0])
        if self.one_in(20):
            recipients[0] = (recipients[0][0], total + self.random.choice([1, total]))
        days = self.random.choice([None, 1, 1, 1, 3, 30])
        shown = [{"participant": who, "amount": amount and money(amount, c["currency"])} for who, amount in recipients]
        payload = {"recipients": [{name: value for name, value in one.items() if value} for one in shown]}
        if days:
            payload["respond_within_days"] = days
        return self.on_claim("transfer", c, c["holder"], payload, recipients=recipients, days=days)

    def some_pending(self):
        """An offered claim whose recipient answers; the issuer lets every deadline pass."""
        claims, sleeper = self.model.claims, self.people["issuer"].id
        found = self.some("pending", lambda i: claims[i]["offered_to"] not in (None, sleeper), lambda i: not claims[i]["offered_to"])
        return found and claims[found]

    def accept_transfer(self):
        c = self.some_pending()
        return c and self.on_claim("accept_transfer", c, c["offered_to"] or c["holder"])

    def decline_transfer(self):
        c = self.some_pending()
        return c and self.on_claim("decline_transfer", c, c["offered_to"] or c["creditor"])

    def cancel_transfer(self):
        c = self.some_pending()
        return c and self.on_claim("cancel_transfer", c, c["holder"])

    def lapse_transfer(self):
        return self.on_claim("lapse_transfer", self.some_pending(), self.people["operator"].id)

    def acknowledge(self):
        c = self.some_claim(lambda c: c["notified_at"] is not None and c["acknowledged_at"] is None)
        return c and self.on_claim("acknowledge", c, c["debtor"])

    def dispute(self):
        c = self.some_claim(is_live)
        if not c:
            return None
        reason, who = self.random.choice(REASONS), self.random.choice([c["debtor"], c["holder"]])
        return self.on_claim("dispute", c, who, {"reason": reason}, reason=reason)

    def resolve(self):
        c = self.some_claim(lambda c: c["disputed"])
        return c and self.on_claim("resolve", c, (c["disputed"] or {}).get("by", c["debtor"]), {"note": "settled by letter"})

    def freeze(self):
        c = self.some_claim(lambda c: is_live(c) and not c["frozen"])
        order = f"(2026) Hu 01 Min Chu {self.random.randrange(1, 10000)}"
        who = self.people[self.random.choice(["court", "regulator"])].id
        return self.on_claim("freeze", c, who, {"order_reference": order}, order=order)

    def unfreeze(self):
        c = self.some_claim(lambda c: c["frozen"])
        who = c and (c["frozen"] or {}).get("by", self.people["court"].id)
        return self.on_claim("unfreeze", c, who, {"order_reference": "lifted"})

    def age(self):
        today = int(self.registry.now()) // 86400
        c = self.some_claim(lambda c: is_live(c) and c["next_day"] is not None and c["next_day"] <= today)
        return self.on_claim("age", c, self.people["operator"].id)

    def write_off(self):
        c = self.some_claim(lambda c: is_live(c) and c["age"] == "defaulted")
        return c and self.on_claim("write_off", c, c["holder"], {"note": "insolvent"})

    # ---- parties, policy ----

    def on_party(self, kind, who, party, payload=None, **args):
        path = f"/v1/participants/{party}/{kind}"
        return self.command(kind, self.people[who].id, path, payload or {"reason": "walk"}, party=party, **args)

    def stop(self):
        return self.on_party("stop", "operator", self.random.choice(self.debtors))

    def clear(self):
        parties = self.model.parties
        stopped = [who for who in self.debtors if parties[who]["stopped"]]
        return self.on_party("clear", "operator", self.random.choice(stopped or self.debtors))

    def rating(self):
        rating = self.random.choice(["AAA", "AA+", "BB", None])
        return self.on_party("rating", "operator", self.random.choice(self.debtors), {"rating": rating}, rating=rating)

    def set_policy(self):
        fields = {**self.base, **(self.random.choice(POLICIES) if self.one_in(2) else {})}
        base = self.model.policy_version - self.one_in(8)
        payload = {"base_version": base, "policy": fields}
        return self.command("set_policy", self.people["operator"].id, "/v1/policy", payload, base=base, fields=fields)

    # ---- grants, checks ----

    def grant(self):
        c = self.some_claim(is_live)
        if not c:
            return None
        fields = self.random.sample(list(GRANTS), self.random.randrange(1, 6)) if self.one_in(2) else None
        fields = fields and [name for name in GRANTS if name in fields]
        until = self.later(1, 30) if self.one_in(2) else None
        who = self.random.choice(list(self.by_id))
        payload = {"claim": c["id"], "participant": who, **({"fields": fields} if fields else {}),
                   **({"valid_until": time_text(until)} if until else {})}  # fmt: skip
        args = {"claim": c["id"], "participant": who, "fields": fields, "valid_until": until}
        return self.command("grant", c["holder"], "/v1/grants", payload, **args)

    def revoke_grant(self):
        status = self.model.grant_status
        g = self.some_of("grant", lambda g: status(g) == "active", lambda g: g["revoked_at"])
        return g and self.command("revoke_grant", g["grantor"], f"/v1/grants/{g['id']}/revoke", {}, grant=g["id"])

    def check(self):
        if not self.pools["paper"]:
            return None
        paper = self.random.choice(self.pools["paper"][-2000:])
        if self.one_in(4):
            paper = {**paper, "gross": paper["gross"] + 1}
        payload = {
            "seller": {"participant": paper["creditor"]}, "buyer": {"participant": paper["debtor"]},
            "number": paper["invoice"]["number"], "issue_date": paper["invoice"]["issue_date"], "currency": paper["currency"],
            "gross_amount": money(paper["gross"], paper["currency"]),
        }  # fmt: skip
        return self.command("check", self.random.choice(self.lenders), "/v1/checks", payload, paper=paper)
