"""The model of financing: programs, requests, offers, and what follows an acceptance."""

from answers import DAY, MINUTE, time_text
from claims import is_live
from model import Refused, money
from payments import Payments

DRAWN = ("instructed", "disbursed", "recourse")
OFFERS_MAX = 16
TERMS = ("kind", "recourse", "advance_rate_ppm", "annual_rate_ppm", "day_count", "disburse_within_minutes")


def half_even(numerator, denominator):
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2))


def price(claims, terms, today):
    """(advance of each claim, advance, interest, fee, net)."""
    advances, interest = [], 0
    for c in claims:
        advance = c["outstanding"] * terms["advance_rate_ppm"] // 1_000_000
        days = max(0, c["due"] - today)
        interest += half_even(advance * terms["annual_rate_ppm"] * days, 1_000_000 * terms["day_count"])
        advances.append(advance)
    advance = sum(advances)
    fee = terms["fee"] + half_even(advance * terms["fee_rate_ppm"], 1_000_000)
    return advances, advance, interest, fee, advance - interest - fee


class Life(Payments):
    def __init__(self, policy):
        super().__init__(policy)
        self.programs, self.offers, self.financings = {}, {}, {}
        self.checks = {}  # (lender, day) -> how many
        self.papers = {}  # invoice -> root

    # ---- programs ----

    def program_status(self, p):
        return "closed" if p["closed"] else "expired" if self.now > p["valid_until"] else "open"

    def show_program(self, p, who):
        text = lambda minor: None if minor is None else money(minor, p["currency"])  # noqa: E731
        shown = {
            **{name: p[name] for name in TERMS + ("id", "lender", "name", "currency", "debtors", "tenor_min_days", "tenor_max_days",
                                                 "fee_rate_ppm", "offer_valid_minutes", "seq")},
            "amount_min": text(p["amount_min"]), "amount_max": text(p["amount_max"]), "fee_amount": text(p["fee"]),
            "total_limit": text(p["total_limit"]), "debtor_limit": text(p["debtor_limit"]),
            "valid_until": time_text(p["valid_until"]), "opened_at": time_text(p["opened_at"]),
            "status": self.program_status(p), "drawn_amount": text(p["drawn"]),
        }  # fmt: skip
        for name in () if who == p["lender"] else ("drawn_amount", "debtors"):
            del shown[name]
        return shown

    def open_program(self, who, program):
        self.need(who, "lender")

        def done(a):
            p = {**program, "id": a.json["program"]["id"], "lender": who, "closed": False, "drawn": 0, "by_debtor": {},
                 "opened_at": a.at, "seq": a.seq}  # fmt: skip
            self.programs[p["id"]] = p
            self.record(a, "program.opened")
            return {"program": self.show_program(p, who)}

        return done

    def close_program(self, who, program):
        self.need(who, "lender")
        p = self.programs.get(program)
        if p is None:
            raise Refused("not-found")
        if p["lender"] != who:
            raise Refused("not-permitted")
        if p["closed"]:
            raise Refused("wrong-state")

        def done(a):
            p["closed"], p["seq"] = True, a.seq
            self.record(a, "program.closed")
            return {"program": self.show_program(p, who)}

        return done

    def by_debtor(self, claims, advances):
        sums = {}
        for c, advance in zip(claims, advances):
            sums[c["debtor"]] = sums.get(c["debtor"], 0) + advance
        return sums

    def has_room(self, p, claims, advances):
        if p["drawn"] + sum(advances) > p["total_limit"]:
            return False
        limit = p["debtor_limit"]
        sums = self.by_debtor(claims, advances)
        return limit is None or all(p["by_debtor"].get(debtor, 0) + more <= limit for debtor, more in sums.items())

    def draw(self, p, claims, advances, sign):
        p["drawn"] += sign * sum(advances)
        for debtor, amount in self.by_debtor(claims, advances).items():
            p["by_debtor"][debtor] = p["by_debtor"].get(debtor, 0) + sign * amount
        assert p["drawn"] >= 0

    def matching(self, request, claims, today):
        """Offers of programs, cheapest first."""
        found, total = [], sum(c["outstanding"] for c in claims)
        for place, p in enumerate(self.programs.values()):
            if self.program_status(p) != "open" or p["currency"] != request["currency"] or p["lender"] == request["holder"]:
                continue
            if request["kind"] not in (None, p["kind"]) or request["recourse"] not in (None, p["recourse"]):
                continue
            if request["lenders"] is not None and p["lender"] not in request["lenders"]:
                continue
            if not p["amount_min"] <= total <= p["amount_max"]:
                continue
            if p["debtors"] and any(c["debtor"] not in p["debtors"] for c in claims):
                continue
            if any(not p["tenor_min_days"] <= c["due"] - today <= p["tenor_max_days"] for c in claims):
                continue
            advances, advance, interest, fee, net = price(claims, p, today)
            if net > 0 and self.has_room(p, claims, advances):
                found.append((interest + fee, place, p))
        kept = {}  # of each lender the cheapest of a kind
        for _, _, p in sorted(found, key=lambda one: one[:2]):
            kept.setdefault((p["lender"], p["kind"], p["recourse"]), p)
        return list(kept.values())[:OFFERS_MAX]

    # ---- requests ----

    def is_addressed(self, r, who):
        if r["status"] != "open" or "lender" not in self.parties[who]["roles"]:
            return False
        return self.now <= r["valid_until"] and (r["lenders"] is None or who in r["lenders"])

    def sees_request(self, r, who):
        if who == r["holder"]:
            return True
        return "lender" in self.parties[who]["roles"] and (r["lenders"] is None or who in r["lenders"])

    def show_request(self, r, who):
        offers = [o for o in r["offers"] if who in (r["holder"], o["lender"])]
        named = [who] if who in (r["lenders"] or ()) else []
        accepted = any(o["status"] == "accepted" and o["lender"] == who for o in r["offers"])
        return {
            **{name: r[name] for name in ("id", "holder", "claims", "currency", "kind", "recourse", "fields", "note",
                                          "status", "seq")},
            "lenders": r["lenders"] if who == r["holder"] or r["lenders"] is None else named,  # nobody learns who else is asked
            "total_amount": money(r["total"], r["currency"]), "pay_to": r["pay_to"] if who == r["holder"] or accepted else None,
            "valid_until": time_text(r["valid_until"]), "requested_at": time_text(r["requested_at"]),
            "offers": [self.show_offer(o) for o in offers],
        }  # fmt: skip

    def fit_for_financing(self, c):
        self.require_live(c)
        self.require_unlocked(c)

    def request(self, who, claims, lenders, kind, recourse, pay_to, fields, valid_until):
        rows = []
        for claim in claims:
            c = self.held(who, claim)
            self.fit_for_financing(c)
            self.require_free(c)
            if self.today > c["due"]:
                raise Refused("past-maturity")
            rows.append(c)
        if len({c["currency"] for c in rows}) > 1 or (lenders and who in lenders):
            raise Refused("invalid-fields")

        def done(a):
            r = {
                "id": a.json["request"]["id"], "holder": who, "claims": claims, "currency": rows[0]["currency"],
                "total": sum(c["outstanding"] for c in rows), "lenders": lenders, "kind": kind, "recourse": recourse,
                "pay_to": pay_to, "fields": fields, "note": None, "status": "open", "requested_at": a.at, "seq": a.seq,
                "valid_until": valid_until or a.at + self.policy["request_valid_days"] * DAY, "offers": [],
            }  # fmt: skip
            self.requests[r["id"]] = r
            for c in rows:
                c.update(encumbrance="offered", request=r["id"])
                self.touch(a, c)
            programs = self.matching(r, rows, a.at // DAY)
            assert len(programs) == len(a.json["offers"]), f"{len(programs)} programs match, not {len(a.json['offers'])}"
            for place, (p, shown) in enumerate(zip(programs, a.json["offers"]), 1):
                valid = min(a.at + p["offer_valid_minutes"] * MINUTE, r["valid_until"], p["valid_until"])
                self.make_offer(a, a.seq + place, shown["id"], r, p["lender"], p, valid, p["id"])
            # Each automatic offer is an entry of its own, after the request's.
            self.record(a, "financing.requested", *["offer.made"] * len(r["offers"]))
            shown = self.show_request(r, who)
            return {"request": shown, "offers": shown["offers"]}

        return done

    def end_request(self, a, r, status):
        r["status"], r["seq"] = status, a.seq
        for o in r["offers"]:
            if o["status"] == "open":
                o["status"], o["seq"] = "lapsed", a.seq
        for claim in r["claims"]:
            c = self.claims[claim]
            c["request"] = None
            if c["encumbrance"] == "offered":
                c["encumbrance"] = "free"
            self.touch(a, c)

    def withdraw_request(self, who, request):
        r = self.requests.get(request)
        if r is None or not self.sees_request(r, who):
            raise Refused("not-found")
        if r["holder"] != who:
            raise Refused("not-permitted")
        if r["status"] != "open":
            raise Refused("wrong-state")
        return self.request_ends(who, r, "withdrawn")

    def lapse_request(self, who, request):
        self.need(who, "operator")
        r = self.requests.get(request)
        if r is None:
            raise Refused("not-found")
        if r["status"] != "open":
            raise Refused("wrong-state")
        if self.now <= r["valid_until"]:
            raise Refused("not-yet-due")
        return self.request_ends(who, r, "lapsed")

    def request_ends(self, who, r, status):
        def done(a):
            self.end_request(a, r, status)
            self.record(a, f"request.{status}")
            return {"request": self.show_request(r, r["holder"] if who == r["holder"] else who)}

        return done

    # ---- offers ----

    def make_offer(self, a, seq, identity, r, lender, terms, valid_until, program):
        rows = [self.claims[claim] for claim in r["claims"]]
        advances, advance, interest, fee, net = price(rows, terms, a.at // DAY)
        o = {
            **{name: terms[name] for name in TERMS}, "id": identity, "request": r["id"], "lender": lender, "program": program,
            "currency": r["currency"], "advances": advances, "amounts": [c["outstanding"] for c in rows], "advance": advance,
            "interest": interest, "fee": fee, "net": net, "valid_until": valid_until, "status": "open", "offered_at": a.at,
            "seq": seq,
        }  # fmt: skip
        self.offers[identity] = o
        r["offers"].append(o)
        return o

    def show_offer(self, o):
        text = lambda minor: money(minor, o["currency"])  # noqa: E731
        return {
            **{name: o[name] for name in TERMS + ("id", "request", "lender", "program", "currency", "status", "seq")},
            "advance_amount": text(o["advance"]), "interest_amount": text(o["interest"]), "fee_amount": text(o["fee"]),
            "net_amount": text(o["net"]), "valid_until": time_text(o["valid_until"]), "offered_at": time_text(o["offered_at"]),
        }  # fmt: skip

    def offer(self, who, request, terms, valid_until):
        self.need(who, "lender")
        r = self.requests.get(request)
        if r is None or not self.sees_request(r, who):
            raise Refused("not-found")
        if r["holder"] == who:
            raise Refused("not-permitted")
        if r["status"] != "open":
            raise Refused("wrong-state")
        rows = [self.claims[claim] for claim in r["claims"]]
        for c in rows:
            self.fit_for_financing(c)
        if self.now > r["valid_until"]:
            raise Refused("past-deadline")
        if price(rows, terms, self.today)[4] < 1:
            raise Refused("amount-out-of-range")

        def done(a):
            o = self.make_offer(a, a.seq, a.json["offer"]["id"], r, who, terms, valid_until, None)
            self.record(a, "offer.made")
            return {"offer": self.show_offer(o)}

        return done

    def seen_offer(self, who, offer):
        o = self.offers.get(offer)
        if o is None or who not in (o["lender"], self.requests[o["request"]]["holder"]):
            raise Refused("not-found")
        return o

    def withdraw_offer(self, who, offer):
        self.need(who, "lender")
        o = self.seen_offer(who, offer)
        if o["lender"] != who:
            raise Refused("not-permitted")
        if o["program"] is not None or o["status"] != "open":
            raise Refused("wrong-state")

        def done(a):
            o["status"], o["seq"] = "withdrawn", a.seq
            self.record(a, "offer.withdrawn")
            return {"offer": self.show_offer(o)}

        return done

    def accept_offer(self, who, offer):
        o = self.seen_offer(who, offer)
        r = self.requests[o["request"]]
        if r["holder"] != who:
            raise Refused("not-permitted")
        if o["status"] != "open" or r["status"] != "open":
            raise Refused("wrong-state")
        rows = [self.claims[claim] for claim in r["claims"]]
        for c in rows:
            self.fit_for_financing(c)
        if self.now > min(o["valid_until"], r["valid_until"]):
            raise Refused("past-deadline")
        if any(self.today > c["due"] for c in rows):
            raise Refused("past-maturity")
        if [c["outstanding"] for c in rows] != o["amounts"]:
            raise Refused("wrong-state")
        p = self.programs.get(o["program"])
        if p and not self.has_room(p, rows, o["advances"]):
            raise Refused("limit-exceeded")

        def done(a):
            f = {
                "id": a.json["financing"]["id"], "offer": o, "request": r, "lender": o["lender"], "seller": who, "program": p,
                "rows": rows, "status": "instructed", "disburse_by": a.at + o["disburse_within_minutes"] * MINUTE,
                "bank_reference": None, "registration_number": None, "accepted_at": a.at, "disbursed_at": None,
            }  # fmt: skip
            self.financings[f["id"]] = f
            o["status"] = "accepted"
            self.end_request(a, r, "accepted")
            o["seq"] = a.seq
            for c in rows:
                c.update(encumbrance="reserved", lender=o["lender"], financing=f["id"], lent_seq=a.seq)
            if p:
                self.draw(p, rows, o["advances"], 1)
            return self.moved_on(a, f, who, "financing.accepted")

        return done

    # ---- financings ----

    def show_financing(self, f):
        o = f["offer"]
        text = lambda minor: money(minor, o["currency"])  # noqa: E731
        return {
            **{name: f[name] for name in ("id", "lender", "seller", "status", "bank_reference", "registration_number", "seq")},
            **{name: o[name] for name in ("kind", "recourse", "currency", "program")},
            "offer": o["id"], "request": f["request"]["id"], "advance_amount": text(o["advance"]),
            "interest_amount": text(o["interest"]), "fee_amount": text(o["fee"]), "net_amount": text(o["net"]),
            "claims": [{"claim": c["id"], "amount": text(amount), "advance_amount": text(advance)}
                       for c, amount, advance in zip(f["rows"], o["amounts"], o["advances"])],
            "instruction": {"pay_to": f["request"]["pay_to"], "amount": text(o["net"]), "currency": o["currency"],
                            "reference": f["id"], "disburse_by": time_text(f["disburse_by"])},
            "accepted_at": time_text(f["accepted_at"]), "disbursed_at": time_text(f["disbursed_at"]),
            "updated_at": time_text(f["updated_at"]),
        }  # fmt: skip

    def moved_on(self, a, f, who, name):
        f["seq"], f["updated_at"] = a.seq, a.at
        self.record(a, name)
        return {"financing": self.show_financing(f)}

    def seen_financing(self, who, financing, *roles):
        f = self.financings.get(financing)
        if f is None or (who not in (f["lender"], f["seller"]) and not self.parties[who]["roles"] & set(roles)):
            raise Refused("not-found")
        return f

    def lenders(self, who, financing, *statuses):
        f = self.seen_financing(who, financing)
        if f["lender"] != who:
            raise Refused("not-permitted")
        if f["status"] not in statuses:
            raise Refused("wrong-state")
        return f

    def release_limits(self, f):
        if f["program"]:
            self.draw(f["program"], f["rows"], f["offer"]["advances"], -1)

    def set_free(self, a, f, claims):
        for c in claims:
            if c["financing"] != f["id"]:
                continue  # it was freed already
            c.update(encumbrance="free", lender=None, financing=None, lent_seq=0)
            self.touch(a, c)

    def none_frozen(self, f):
        """A right does not pass while a court has frozen the claim."""
        if any(is_live(c) and c["frozen"] for c in f["rows"]):
            raise Refused("claim-locked")

    def disburse(self, who, financing, reference):
        f = self.seen_financing(who, financing, "bank")
        if who != f["lender"] and "bank" not in self.parties[who]["roles"]:
            raise Refused("not-permitted")
        if f["status"] != "instructed":
            raise Refused("wrong-state")
        if not any(is_live(c) for c in f["rows"]):
            raise Refused("wrong-state")  # paid out or not, there is nothing to take
        self.none_frozen(f)
        if self.now > f["disburse_by"]:
            raise Refused("past-deadline")

        def done(a):
            f.update(status="disbursed", bank_reference=reference, disbursed_at=a.at)
            self.set_free(a, f, [c for c in f["rows"] if not is_live(c)])
            for c in filter(is_live, f["rows"]):
                if f["offer"]["kind"] == "sale":
                    self.pass_to(a, c, f["lender"])
                    c.update(encumbrance="sold", lender=None, lent_seq=0)
                else:
                    c.update(encumbrance="pledged", lent_seq=a.seq, notified_at=a.at, acknowledged_at=None)
                self.touch(a, c)
            return self.moved_on(a, f, who, "financing.disbursed")

        return done

    def cancel(self, who, financing):
        f = self.lenders(who, financing, "instructed")
        return self.falls_through(who, f, "cancelled")

    def lapse_financing(self, who, financing):
        self.need(who, "operator")
        f = self.seen_financing(who, financing, "operator")
        if f["status"] != "instructed":
            raise Refused("wrong-state")
        if self.now <= f["disburse_by"]:
            raise Refused("not-yet-due")
        return self.falls_through(who, f, "lapsed")

    def falls_through(self, who, f, status):
        def done(a):
            self.release_limits(f)
            f["status"] = status
            self.set_free(a, f, f["rows"])
            return self.moved_on(a, f, who, f"financing.{status}")

        return done

    def register(self, who, financing, number):
        f = self.lenders(who, financing, "instructed", "disbursed", "recourse", "released", "repaid", "repurchased")

        def done(a):
            f["registration_number"] = number
            return self.moved_on(a, f, who, "financing.registered")

        return done

    def release(self, who, financing):
        f = self.lenders(who, financing, "disbursed")
        if f["offer"]["kind"] != "pledge":
            raise Refused("wrong-state")
        self.none_frozen(f)

        def done(a):
            self.release_limits(f)
            f["status"] = "released"
            self.set_free(a, f, f["rows"])
            return self.moved_on(a, f, who, "financing.released")

        return done

    def recourse(self, who, financing):
        f = self.lenders(who, financing, "disbursed")
        if not f["offer"]["recourse"]:
            raise Refused("wrong-state")
        if not any(is_live(c) and c["age"] in ("overdue", "defaulted") for c in f["rows"]):
            raise Refused("not-yet-due")

        def done(a):
            f["status"] = "recourse"
            return self.moved_on(a, f, who, "financing.recourse")

        return done

    def repurchase(self, who, financing, reference):
        f = self.lenders(who, financing, "recourse")
        self.none_frozen(f)

        def done(a):
            self.release_limits(f)
            f["status"] = "repurchased"
            unpaid = [c for c in f["rows"] if is_live(c)]
            for c in unpaid:
                if c["holder"] != f["seller"]:
                    self.pass_to(a, c, f["seller"])
                if c["disputed"] and c["disputed"]["by"] == f["lender"]:
                    c["disputed"] = None
            self.set_free(a, f, f["rows"])
            return self.moved_on(a, f, who, "financing.repurchased")

        return done

    # ---- what payments do to financings ----

    def concerned(self, claims):
        return {c["financing"]: self.financings[c["financing"]] for c in claims if c["financing"]}.values()

    def after_payment(self, a, claims):
        """A financing whose claims are all settled is repaid."""
        for f in self.concerned(claims):
            if f["status"] in ("disbursed", "recourse") and all(c["outstanding"] == 0 for c in f["rows"]):
                f["status"] = "repaid"
                f["seq"], f["updated_at"] = a.seq, a.at
                self.release_limits(f)

    def repaid(self, claims):
        """Financings that the payments had repaid and that are open again without them, be their programs' limits full meanwhile."""
        return [f for f in self.concerned(claims) if f["status"] == "repaid"]

    def reopen(self, a, financings):
        for f in financings:
            f["status"], f["seq"], f["updated_at"] = "disbursed", a.seq, a.at
            if f["program"]:
                self.draw(f["program"], f["rows"], f["offer"]["advances"], 1)

    # ---- asking without seeing ----

    def submit(self, who, paper):
        done = super().submit(who, paper)

        def noted(a):
            expected = done(a)
            if "claim" in expected:
                self.papers[self.paper_of(paper)] = a.json["claim"]["id"]
            return expected

        noted.gateway = done.gateway
        return noted

    def paper_of(self, paper):
        return (paper["creditor"], paper["invoice"]["number"], paper["issued"], paper["currency"], paper["gross"])

    def check(self, who, paper):
        self.need(who, "lender")
        if self.checks.get((who, self.today), 0) >= self.policy["checks_per_day"]:
            raise Refused("rate-limited")

        def done(a):
            root = self.papers.get(self.paper_of(paper))
            root = None if root and self.claims[root]["final"] == "void" else root  # a void frees the invoice
            lent = root and any(c["encumbrance"] in ("reserved", "pledged", "sold") for c in self.live_claims(root))
            day = a.at // DAY
            self.checks[(who, day)] = self.checks.get((who, day), 0) + 1
            self.record(a, "invoice.checked")
            return {"check": {"registered": root is not None, "financed": bool(lent), "checked_at": time_text(a.at)}}

        return done

    # ---- everything adds up ----

    def check_everything(self):
        for root in self.trees:
            self.check_tree(root)
        for p in self.programs.values():
            drawn = [f for f in self.financings.values() if f["program"] is p and f["status"] in DRAWN]
            assert p["drawn"] == sum(f["offer"]["advance"] for f in drawn), p
            for debtor, amount in p["by_debtor"].items():
                of_debtor = sum(
                    advance for f in drawn for c, advance in zip(f["rows"], f["offer"]["advances"]) if c["debtor"] == debtor
                )
                assert amount == of_debtor, p
        for debtor in self.owed:
            assert self.parties[debtor]["stopped"] or not self.unpaid_overdue(debtor), "who is overdue is on the stop list"
        for f in self.financings.values():
            bound = f["status"] in ("instructed", "disbursed", "recourse", "repaid")
            assert all((c["financing"] == f["id"]) == bound for c in f["rows"] if is_live(c) or not bound), f
            if f["status"] == "disbursed":
                holder = f["lender"] if f["offer"]["kind"] == "sale" else f["seller"]
                assert all(c["holder"] == holder for c in f["rows"] if c["financing"] == f["id"]), "a lender does not lose a right"
