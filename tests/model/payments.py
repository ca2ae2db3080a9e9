"""The model of money that came in, and of what creditor and debtor agree to strike off."""

from answers import DAY, Answer, day_text, time_text
from claims import Claims
from model import Refused, money


def shares_of(amount, claims):
    """Pro rata to outstanding; the units that are left go to the largest fractions, then to the older claim."""
    total = sum(c["outstanding"] for c in claims)
    parts = [divmod(amount * c["outstanding"], total) for c in claims]
    left = amount - sum(whole for whole, _ in parts)
    by_fraction = sorted(range(len(claims)), key=lambda place: (-parts[place][1], place))
    more = set(by_fraction[:left])
    return [whole + (place in more) for place, (whole, _) in enumerate(parts)]


class Payments(Claims):
    def __init__(self, policy):
        super().__init__(policy)
        self.payments, self.payments_of = {}, {}  # id -> payment; root -> its payments
        self.references = set()  # (recorder, bank reference)
        self.proposals = {}

    # ---- payments ----

    def payee(self, c):
        return c["lender"] if c["encumbrance"] == "pledged" else c["holder"]

    def pay(self, who, claim, amount, reference):
        if "bank" in self.parties[who]["roles"]:
            c = self.existing(claim)
        else:
            c = self.seen(who, claim)
            if c["debtor"] != who:
                raise Refused("not-permitted")
        live = self.live_claims(c["root"])
        if not live:
            raise Refused("wrong-state")
        total = sum(one["outstanding"] for one in live)
        if self.today < c["due"] and self.policy["early_payment"] == "refuse":
            raise Refused("payment-refused")
        if amount > total and self.policy["overpayment"] == "refuse":
            raise Refused("payment-refused")
        if (who, reference) in self.references:
            raise Refused("already-exists")

        def done(a):
            p = {
                "id": a.json["payment"]["id"], "root": c["root"], "debtor": c["debtor"], "recorded_by": who, "amount": amount,
                "excess": max(0, amount - total), "currency": c["currency"], "reference": reference, "paid_on": a.at // DAY,
                "recorded_at": a.at, "status": "recorded", "seq": a.seq, "shares": [], "rights": [],
            }  # fmt: skip
            for one, share in zip(live, shares_of(min(amount, total), live)):
                if share:
                    p["shares"].append((one, one["holder"], self.payee(one), share))
                    p["rights"].append(self.rights(one))
                    one["outstanding"] -= share
                    one["paid"] += share
                    self.touch(a, one)
            self.references.add((who, reference))
            self.payments[p["id"]] = p
            self.payments_of.setdefault(c["root"], []).append(p)
            self.after_payment(a, [one for one, _, _, _ in p["shares"]])
            self.record(a, "payment.recorded")
            return {"payment": self.show_payment(p, who)}

        return done

    def show_payment(self, p, who):
        all_of_it = who in (p["debtor"], p["recorded_by"])
        text = lambda minor: money(minor, p["currency"])  # noqa: E731
        return {
            **{name: p[name] for name in ("id", "root", "debtor", "recorded_by", "currency", "status", "seq")},
            "amount": text(p["amount"]), "excess_amount": text(p["excess"]), "bank_reference": p["reference"],
            "paid_on": day_text(p["paid_on"]), "recorded_at": time_text(p["recorded_at"]),
            "shares": [{"claim": c["id"], "holder": holder, "payee": payee, "amount": text(share)}
                       for c, holder, payee, share in p["shares"] if all_of_it or who in (holder, payee)],
        }  # fmt: skip

    def sees_payment(self, p, who):
        return who in (p["debtor"], p["recorded_by"]) or any(who in (holder, payee) for _, holder, payee, _ in p["shares"])

    def rights(self, c):
        """Who has which right in a claim, and since when: what must not have changed if a payment is to be taken back."""
        return (c["holder"], c["held_seq"], c["financing"], c["lent_seq"], self.payee(c))

    def reverse(self, who, payment):
        p = self.payments.get(payment)
        if p is None or not self.sees_payment(p, who):
            raise Refused("not-found")
        contested = p["recorded_by"] == p["debtor"] and any(payee == who for _, _, payee, _ in p["shares"])
        if p["recorded_by"] != who and not contested:  # whom a debtor says it paid may say otherwise
            raise Refused("not-permitted")
        claims = [c for c, _, _, _ in p["shares"]]
        changed = any(c["final"] or self.rights(c) != rights for c, rights in zip(claims, p["rights"]))
        if p["status"] != "recorded" or changed:
            raise Refused("wrong-state")
        reopened = self.repaid(claims)

        def done(a):
            self.reopen(a, reopened)
            for c, _, _, share in p["shares"]:
                c["outstanding"] += share
                c["paid"] -= share
                if c["age"] in ("overdue", "defaulted"):
                    self.parties[c["debtor"]]["stopped"] = True  # it may have been cleared since
                self.touch(a, c)
            p["status"], p["seq"] = "reversed", a.seq
            self.references.discard((who, p["reference"]))
            self.record(a, "payment.reversed")
            return {"payment": self.show_payment(p, who)}

        return done

    # ---- proposals ----

    def show_proposal(self, p):
        return {
            **{name: p[name] for name in ("id", "kind", "claim", "currency", "reference", "note", "proposed_by", "seq")},
            "status": "expired" if p["status"] == "open" and self.now > p["expires_at"] else p["status"],
            "amount": None if p["amount"] is None else money(p["amount"], p["currency"]),
            "signers": [{"participant": who, "signed_at": time_text(p["signed"].get(who))} for who in p["signers"]],
            "expires_at": time_text(p["expires_at"]),
        }  # fmt: skip

    def must_sign(self, c):
        return list(dict.fromkeys(who for who in (c["creditor"], c["debtor"], c["holder"], c["lender"]) if who))

    def can_take_effect(self, c, kind, amount):
        self.require_live(c)
        if kind == "void" and (c["parent"] or c["paid"] or c["diluted"] or c["holder"] != c["creditor"]):
            raise Refused("wrong-state")
        self.require_thawed(c)
        if kind == "void" or c["encumbrance"] == "offered":
            self.require_free(c)
        if kind != "void" and amount > c["outstanding"]:
            raise Refused("amount-out-of-range")

    def propose(self, who, claim, what, amount):
        c = self.existing(claim)
        if who not in self.must_sign(c):  # the first creditor signs for a part of its invoice that it does not see
            self.seen(who, claim)
            raise Refused("not-permitted")
        self.can_take_effect(c, what, amount)

        def done(a):
            p = {
                "id": a.json["proposal"]["id"], "kind": what, "claim": claim, "amount": amount, "currency": c["currency"],
                "reference": None, "note": None, "proposed_by": who, "signers": self.must_sign(c), "signed": {who: a.at},
                "status": "open", "expires_at": a.at + self.policy["proposal_days"] * DAY, "seq": a.seq,
                "made": a.seq,
            }  # fmt: skip
            self.proposals[p["id"]] = p
            self.record(a, "proposal.made")
            return {"proposal": self.show_proposal(p)}

        return done

    def open_proposal(self, who, proposal):
        p = self.proposals.get(proposal)
        if p is None or who not in p["signers"]:
            raise Refused("not-found")
        if p["status"] != "open":
            raise Refused("wrong-state")
        return p

    def in_force(self, p):
        if self.now > p["expires_at"]:
            raise Refused("past-deadline")

    def accept_proposal(self, who, proposal):
        """Who must sign is fixed when it is proposed; whoever has come by the claim since did not sign."""
        p = self.open_proposal(who, proposal)
        c = self.claims[p["claim"]]
        if who in p["signed"]:
            raise Refused("wrong-state")
        self.in_force(p)
        last = all(one == who or one in p["signed"] for one in p["signers"])
        if last:
            if not set(self.must_sign(c)) <= set(p["signers"]) or max(c["held_seq"], c["lent_seq"]) > p["made"]:
                raise Refused("wrong-state")
            self.can_take_effect(c, p["kind"], p["amount"])

        def done(a):
            p["signed"][who], p["seq"] = a.at, a.seq
            if not last:
                self.record(a, "proposal.accepted")
                return {"proposal": self.show_proposal(p), "claim": self.show_acted(c, who)}
            effect = Answer(a.json, a.at, a.seq + 1)
            p["status"], p["seq"] = "effective", effect.seq
            if p["kind"] == "void":
                c["final"], c["outstanding"] = "void", 0
            else:
                c["outstanding"] -= p["amount"]
                c["diluted"] += p["amount"]
            self.touch(effect, c)
            self.after_payment(effect, [c])
            self.record(a, "proposal.accepted", "claim.voided" if p["kind"] == "void" else "claim.diluted")
            return {"proposal": self.show_proposal(p), "claim": self.show_acted(c, who)}

        return done

    def decline_proposal(self, who, proposal):
        p = self.open_proposal(who, proposal)
        self.in_force(p)

        def done(a):
            p["status"], p["seq"] = "declined", a.seq
            self.record(a, "proposal.declined")
            return {"proposal": self.show_proposal(p)}

        return done

    # ---- the tree adds up ----

    def check_tree(self, root):
        """The invariants of one tree; every claim's own sums first."""
        for c in self.trees[root]:
            assert c["final"] in ("split", "void") or c["outstanding"] == c["face"] - c["paid"] - c["diluted"], c
            assert c["outstanding"] >= 0 and c["paid"] >= 0 and c["diluted"] >= 0, c
            if c["final"] == "split":
                parts = [child["face"] for child in self.trees[root] if child["parent"] == c["id"]]
                assert sum(parts) == c["face"] - c["paid"] - c["diluted"], c
            assert (c["encumbrance"] == "offered") >= (c["offered_to"] is not None), c
            assert (c["financing"] is not None) == (c["encumbrance"] in ("reserved", "pledged", "sold")), c
        standing = sum(c["outstanding"] for c in self.trees[root] if c["final"] != "void")
        gone = sum(c["paid"] + c["diluted"] for c in self.trees[root])
        top = self.claims[root]
        assert top["final"] == "void" or standing == top["face"] - gone, root
        paid = sum(share for p in self.payments_of.get(root, ()) if p["status"] == "recorded" for _, _, _, share in p["shares"])
        assert paid == sum(c["paid"] for c in self.trees[root]), root
