"""What the stories of payments need: confirmed claims, divided and passed on, paid, credited and financed."""

from decimal import Decimal


def shares_of(amount, owed):
    """Pro rata, in minor units: whole parts, then the units left over by largest fraction, of equal ones the older claim first."""
    total = sum(owed)
    shares = [amount * one // total for one in owed]
    order = sorted(range(len(owed)), key=lambda i: (-(amount * owed[i] % total), i))
    for i in order[: amount - sum(shares)]:
        shares[i] += 1
    return shares


def minor(text):
    """Minor units of an amount with two decimals."""
    return int(Decimal(text) * 100)


def text_of(units):
    return f"{units // 100}.{units % 100:02d}"


class World:
    """A registry with a bank and several who may hold claims; `claim()` makes a fresh one of the supplier on the debtor."""

    def __init__(self, registry):
        self.registry = registry
        self.supplier, self.debtor = registry.supplier, registry.debtor
        self.bank = registry.register("Settlement Bank", ["bank"], {})
        self.factor = registry.register("Factoring House", ["lender"], {})
        self.partner = registry.register("Downstream Castings", ["supplier"])
        self.stranger = registry.register("Passing Stranger", ["supplier"])
        self.references = self.papers = 0
        registry.policy(similar_within_days=0)

    def claim(self, gross, **how):
        self.papers += 1  # an issue day of its own, so that equal amounts do not look alike
        _, claim = self.registry.confirmed(gross=gross, **{"issued": self.papers, **how})
        return claim

    def seen(self, claim, who=None):
        identity = claim if isinstance(claim, str) else claim["id"]
        return (who or self.debtor).get(f"/v1/claims/{identity}").ok()

    def reference(self):
        self.references += 1
        return f"FT-{self.registry.offset}-{self.references:05d}"

    # ---- claims ----

    def split(self, claim, *amounts, who=None):
        payload = {"parts": [{"amount": amount} for amount in amounts]}
        return (who or self.supplier).post(f"/v1/claims/{claim['id']}/split", payload).ok(201)["claims"]

    def offer(self, claim, to, who=None):
        payload = {"recipients": [{"participant": to.id}]}
        return (who or self.supplier).post(f"/v1/claims/{claim['id']}/transfer", payload).ok(201)["claim"]

    def transfer(self, claim, to, who=None):
        self.offer(claim, to, who)
        return to.post(f"/v1/claims/{claim['id']}/accept_transfer").ok()["claim"]

    def freeze(self, claim):
        court = self.registry.register("Maritime Court", ["authority"], {})
        court.post(f"/v1/claims/{claim['id']}/freeze", {"order_reference": "2026-17"}).ok()
        return court

    def finance(self, claim, kind, who=None, disburse=True):
        """Offered and accepted, and disbursed by the factor."""
        asked = {"claims": [claim["id"]], "lenders": [self.factor.id], "pay_to": "6222-0000-1111-2222"}
        request = (who or self.supplier).post("/v1/financing_requests", asked).ok(201)["request"]
        terms = {
            "request": request["id"], "kind": kind, "recourse": False, "advance_rate_ppm": 800000, "annual_rate_ppm": 60000,
            "day_count": 360, "valid_until": self.registry.time_text(days=1), "disburse_within_minutes": 60,
        }  # fmt: skip
        offer = self.factor.post("/v1/offers", terms).ok(201)["offer"]
        financing = (who or self.supplier).post(f"/v1/offers/{offer['id']}/accept").ok(201)["financing"]
        if not disburse:
            return financing
        done = self.factor.post(f"/v1/financings/{financing['id']}/disburse", {"bank_reference": self.reference()})
        return done.ok()["financing"]

    # ---- payments ----

    def pay(self, claim, amount, who=None, reference=None, bad=False, **members):
        identity = claim if isinstance(claim, str) else claim["id"]
        payload = {"claim": identity, "amount": amount, "bank_reference": reference or self.reference(), **members}
        return (who or self.debtor).post("/v1/payments", payload, bad=bad)

    def reverse(self, payment, who=None):
        return (who or self.debtor).post(f"/v1/payments/{payment['id']}/reverse", {"reason": "bounced"})

    @staticmethod
    def shares(payment):
        return {share["claim"]: share["amount"] for share in payment["shares"]}

    def used(self, currency="CNY", debtor=None):
        """What the debtor owes in all."""
        who = debtor or self.debtor
        lines = who.get(f"/v1/participants/{who.id}").ok()["credit_lines"]
        return next((line["used"] for line in lines if line["currency"] == currency), "0.00")

    # ---- proposals ----

    def propose(self, claim, kind, amount=None, who=None, bad=False, **members):
        payload = {"claim": claim["id"], "kind": kind, **members}
        if amount is not None:
            payload["amount"] = amount
        return (who or self.supplier).post("/v1/proposals", payload, bad=bad)

    def credit(self, claim, amount, who=None, **members):
        return self.propose(claim, "credit_note", amount, who, **members).ok(201)["proposal"]

    def void(self, claim, who=None):
        return self.propose(claim, "void", who=who).ok(201)["proposal"]

    @staticmethod
    def accept(proposal, who):
        return who.post(f"/v1/proposals/{proposal['id']}/accept")

    @staticmethod
    def decline(proposal, who):
        return who.post(f"/v1/proposals/{proposal['id']}/decline")

    @staticmethod
    def signed(proposal):
        """Who must sign, and whether each has."""
        return {signer["participant"]: signer["signed_at"] is not None for signer in proposal["signers"]}
