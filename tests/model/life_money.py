"""What the walk does next about money: programs, requests, offers, financings, payments, credit notes; and what comes too late."""

from answers import DAY, time_text
from claims import GRANTS, is_live
from financing import OFFERS_MAX
from model import money


class MoneyChoices:
    # ---- financing ----

    def terms(self):
        choose, random = self.random.choice, self.random.randrange
        return {
            "kind": choose(["sale", "pledge"]), "recourse": self.one_in(2),
            "advance_rate_ppm": choose([1_000_000, 800_000, random(1, 10**6)]),
            "annual_rate_ppm": choose([0, 35_000, random(10_000, 150_000)]), "day_count": choose([360, 365]),
            "fee": choose([0, 0, 100, 5000]), "fee_rate_ppm": choose([0, 1000, random(0, 20_000)]),
            "disburse_within_minutes": choose([60, 1440, 10_080]),
        }  # fmt: skip

    def shown_terms(self, terms, currency):
        shown = {name: value for name, value in terms.items() if name != "fee"}
        return {**shown, "fee_amount": money(terms["fee"], currency)} if terms["fee"] else shown

    def open_program(self):
        choose = self.random.choice
        currency = choose(["CNY", "CNY", "CNY", "JPY", "KWD"])
        program = {
            **self.terms(), "name": f"Program {next(self.serial)}", "currency": currency,
            "debtors": [] if self.one_in(2) else self.random.sample(self.debtors, 4), "tenor_min_days": choose([0, 0, 30]),
            "tenor_max_days": choose([400, 3000, 3650]), "amount_min": choose([1, 1000]), "amount_max": choose([10**9, 5 * 10**9]),
            "total_limit": choose([2 * 10**6, 3 * 10**7, 10**9]), "debtor_limit": choose([None, 10**6, 2 * 10**7]),
            "valid_until": self.later(3, 60), "offer_valid_minutes": choose([120, 1440, 20_000]),
        }  # fmt: skip
        text = lambda name: money(program[name], currency)  # noqa: E731
        payload = {
            **self.shown_terms(program, currency), **{name: text(name) for name in ("amount_min", "amount_max", "total_limit")},
            "valid_until": time_text(program["valid_until"]),
        }  # fmt: skip
        del payload["debtor_limit"]
        if program["debtor_limit"]:
            payload["debtor_limit"] = text("debtor_limit")
        return self.command("open_program", choose(self.lenders), "/v1/programs", payload, program=program)

    def close_program(self):
        now = self.now()
        p = self.some_of("program", lambda p: not p["closed"] and p["valid_until"] > now, lambda p: p["closed"])
        return p and self.command("close_program", p["lender"], f"/v1/programs/{p['id']}/close", {}, program=p["id"])

    def request(self):
        today = int(self.registry.now()) // 86400
        first = self.some_claim(lambda c: self.idle(c) and c["due"] > today)
        if not first:
            return None
        rows, holder = [first], first["holder"]
        for _ in range(self.random.choice([0, 0, 0, 1, 2, 4])):
            c = self.some_claim(lambda c: self.idle(c) and c["holder"] == holder and c["currency"] == first["currency"])
            if c and c not in rows and (self.idle(c) or self.one_in(4)):
                rows.append(c)
        if self.one_in(3):  # an ordinary mixture would be refused for whichever fault is found first
            rows = rows[:1]
        lenders = None if self.one_in(2) else self.random.sample(self.lenders, self.random.randrange(1, 4))
        kind, recourse = self.random.choice([None, None, "sale", "pledge"]), self.random.choice([None, None, True, False])
        until = self.later(1, 20) if self.one_in(3) else None
        fields = self.random.sample(list(GRANTS), 4) if self.one_in(4) else list(GRANTS)
        fields = [name for name in GRANTS if name in fields]
        args = {"claims": [c["id"] for c in rows], "lenders": lenders, "kind": kind, "recourse": recourse,
                "pay_to": f"CN{next(self.serial):020d}", "fields": fields, "valid_until": until}  # fmt: skip
        payload = {name: value for name, value in args.items() if value is not None}
        if until:
            payload["valid_until"] = time_text(until)
        made = self.command("request", holder, "/v1/financing_requests", payload)
        made.args = {**args}
        return made

    def some_request(self):
        return self.some_of("request", lambda r: r["status"] == "open", lambda r: r["status"] != "open")

    def on_request(self, kind, verb, r, who):
        return r and self.command(kind, who or r["holder"], f"/v1/financing_requests/{r['id']}/{verb}", {}, request=r["id"])

    def withdraw_request(self):
        return self.on_request("withdraw_request", "withdraw", self.some_request(), None)

    def lapse_request(self):
        return self.on_request("lapse_request", "lapse", self.some_request(), self.people["operator"].id)

    def offer(self):
        r = self.some_request()
        if not r or len(r["offers"]) > OFFERS_MAX:
            return None
        terms, until = self.terms(), self.later(1, 6)
        terms["kind"] = r["kind"] or terms["kind"]
        terms["recourse"] = terms["recourse"] if r["recourse"] is None else r["recourse"]
        payload = {"request": r["id"], **self.shown_terms(terms, r["currency"]), "valid_until": time_text(until)}
        who = self.random.choice(r["lenders"] or self.lenders)
        return self.command("offer", who, "/v1/offers", payload, request=r["id"], terms=terms, valid_until=until)

    def some_offer(self):
        return self.some_of("offer", lambda o: o["status"] == "open", lambda o: o["status"] != "open")

    def withdraw_offer(self):
        o = self.some_offer()
        return o and self.command("withdraw_offer", o["lender"], f"/v1/offers/{o['id']}/withdraw", {}, offer=o["id"])

    def accept_offer(self):
        return self.accepting(self.some_offer())

    def accepting(self, o):
        who = o and self.model.requests[o["request"]]["holder"]
        return o and self.command("accept_offer", who, f"/v1/offers/{o['id']}/accept", {}, offer=o["id"])

    def on_financing(self, kind, *statuses, who=None, verb=None, payload=None, wanted=lambda f: True, **args):
        over = ("cancelled", "lapsed", "released", "repaid", "repurchased")
        f = self.some_of("financing", lambda f: f["status"] in statuses and wanted(f), lambda f: f["status"] in over)
        if not f:
            return None
        path = f"/v1/financings/{f['id']}/{verb or kind}"
        return self.command(kind, who or f["lender"], path, payload or {}, financing=f["id"], **args)

    def reference(self):
        return f"BR{next(self.serial):09d}"

    def disburse(self):
        reference, who = self.reference(), self.people["bank"].id if self.one_in(3) else None
        return self.on_financing("disburse", "instructed", who=who, payload={"bank_reference": reference}, reference=reference)

    def cancel(self):
        return self.on_financing("cancel", "instructed")

    def lapse_financing(self):
        return self.on_financing("lapse_financing", "instructed", who=self.people["operator"].id, verb="lapse")

    def register(self):
        number = f"{next(self.serial):020d}"
        return self.on_financing("register", "instructed", "disbursed", payload={"registration_number": number}, number=number)

    def release(self):
        return self.on_financing("release", "disbursed", wanted=lambda f: f["offer"]["kind"] == "pledge")

    def recourse(self):
        def late(f):
            return f["offer"]["recourse"] and any(is_live(c) and c["age"] in ("overdue", "defaulted") for c in f["rows"])

        return self.on_financing("recourse", "disbursed", wanted=late)

    def repurchase(self):
        reference = self.reference()
        return self.on_financing("repurchase", "recourse", payload={"bank_reference": reference}, reference=reference)

    # ---- payments, proposals ----

    def pay(self):
        c = self.some_claim(lambda c: is_live(c))
        if not c:
            return None
        total = sum(one["outstanding"] for one in self.model.live_claims(c["root"])) or c["face"]
        amount = self.random.choice([total, total, total // 2 or 1, self.random.randrange(1, total + 1), 1, 3, total + 1])
        if self.one_in(3):
            amount = self.random.randrange(1, total + 1)
        reference = self.reference()
        if self.one_in(25) and self.pools["payment"]:
            reference = self.model.payments[self.random.choice(self.pools["payment"][-50:])]["reference"]
        return self.payment(c, amount, reference)

    def payment(self, c, amount, reference):
        who = c["debtor"] if self.one_in(2) else self.people["bank"].id
        payload = {"claim": c["id"], "amount": money(amount, c["currency"]), "bank_reference": reference}
        return self.command("pay", who, "/v1/payments", payload, claim=c["id"], amount=amount, reference=reference)

    def paying_all(self, root):
        total = sum(one["outstanding"] for one in self.model.live_claims(root))
        return self.payment(self.model.claims[root], total, self.reference())

    def reverse(self):
        p = self.some_of("payment", lambda p: p["status"] == "recorded", lambda p: p["status"] != "recorded")
        path = p and f"/v1/payments/{p['id']}/reverse"
        return p and self.command("reverse", p["recorded_by"], path, {"reason": "recalled"}, payment=p["id"])

    def propose(self):
        what = self.random.choice(["credit_note", "credit_note", "void"])
        if what == "void":
            c = self.some_claim(lambda c: self.idle(c) and not c["parent"] and not c["paid"] and c["holder"] == c["creditor"])
        else:
            c = self.some_claim(is_live)
        if not c:
            return None
        amount = None
        payload = {"claim": c["id"], "kind": what}
        if what == "credit_note":
            whole = c["outstanding"] or 1
            part = self.random.randrange(1, whole + 1)
            amount = self.random.choice([whole, whole + 1, part, part])
            payload["amount"] = money(amount, c["currency"])
        who = self.random.choice([c["creditor"], c["debtor"], c["debtor"], c["holder"]])
        return self.command("propose", who, "/v1/proposals", payload, claim=c["id"], what=what, amount=amount)

    def on_proposal(self, kind, verb):
        p = self.some_of("proposal", lambda p: p["status"] == "open", lambda p: p["status"] != "open")
        if not p:
            return None
        left = [who for who in self.model.must_sign(self.model.claims[p["claim"]]) if who not in p["signed"]]
        who = self.random.choice(left or [p["proposed_by"]])
        return self.command(kind, who, f"/v1/proposals/{p['id']}/{verb}", {}, proposal=p["id"])

    def accept_proposal(self):
        return self.on_proposal("accept_proposal", "accept")

    def decline_proposal(self):
        return self.on_proposal("decline_proposal", "decline")

    # ---- many at once, or too late ----

    def draw_on_one_program(self):
        """Everyone accepts what one program offers, as long as its limits last."""
        offers = self.offers_of_one_program()[:16]
        return [self.accepting(self.model.offers[offer]) for offer in offers]

    def offers_of_one_program(self):
        by_program = {}
        for offer in self.pools["offer"][-300:]:
            o = self.model.offers[offer]
            if o["status"] == "open" and o["program"]:
                by_program.setdefault(o["program"], []).append(offer)
        return max(by_program.values(), key=len, default=[])

    def late_comers(self):
        """Commands that come after a deadline: of those who missed it, and of the operator who says so."""
        now, model, operator = self.now(), self.model, self.people["operator"].id
        for claim in self.pools["pending"][-200:]:
            c = model.claims[claim]
            if c["offered_to"] and c["respond_by"] < now:
                kind = self.random.choice(["accept_transfer", "decline_transfer", "lapse_transfer"])
                yield self.on_claim(kind, c, operator if kind == "lapse_transfer" else c["offered_to"])
        for request in self.pools["request"][-200:]:
            r = model.requests[request]
            if r["status"] == "open" and r["valid_until"] < now:
                yield self.on_request("lapse_request", "lapse", r, operator)
                if r["offers"]:
                    offer = self.random.choice(r["offers"])["id"]
                    yield self.command("accept_offer", r["holder"], f"/v1/offers/{offer}/accept", {}, offer=offer)
        for financing in self.pools["financing"][-200:]:
            f = model.financings[financing]
            if f["status"] == "instructed" and f["disburse_by"] < now:
                path, reference = f"/v1/financings/{financing}", self.reference()
                yield self.command("lapse_financing", operator, f"{path}/lapse", {}, financing=financing)
                payload = {"bank_reference": reference}
                yield self.command("disburse", f["lender"], f"{path}/disburse", payload, financing=financing, reference=reference)
        today = now // DAY
        for claim in self.pools["claim"][-400:]:
            c = model.claims[claim]
            if is_live(c) and c["next_day"] is not None and c["next_day"] <= today:
                yield self.on_claim("age", c, operator)

    def late_debts(self):
        """What holders and lenders do about overdue claims: recourse, repurchase, giving up."""
        for debtor in self.debtors:
            for c in self.model.unpaid_overdue(debtor):
                f = c["financing"] and self.model.financings[c["financing"]]
                path = f and f"/v1/financings/{f['id']}"
                if f and f["status"] == "disbursed":
                    yield self.command("recourse", f["lender"], f"{path}/recourse", {}, financing=f["id"])
                elif f and f["status"] == "recourse":
                    reference = self.reference()
                    args = {"financing": f["id"], "reference": reference}
                    yield self.command("repurchase", f["lender"], f"{path}/repurchase", {"bank_reference": reference}, **args)
                if c["age"] == "defaulted":
                    yield self.on_claim("write_off", c, c["holder"], {"note": "insolvent"})
