"""Lenders, a bank, and the moves of financing, for the stories that need them."""

MINUTE, DAY = 60, 86400


def half_even(numerator, denominator):
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2))


def minor(text):
    """A CNY amount in fen."""
    return int(text.replace(".", ""))


def text(amount):
    return f"{amount // 100}.{amount % 100:02d}"


class World:
    """A registry's usual people, and those who finance. Money is CNY."""

    def __init__(self, registry):
        self.registry = registry
        self.supplier, self.debtor, self.lender = registry.supplier, registry.debtor, registry.lender
        self.second = registry.register("Pier Factoring", ["lender"], {})
        self.bank = registry.register("Clearing Bank", ["bank"], {})

    # ---- claims ----

    def claim(self, amount="10000.00", days=90, **how):
        """A confirmed claim. The invoice is larger: sales of one amount would look like one sale registered twice."""
        gross = f"{1_000_000 + next(self.registry.serial)}.00"
        return self.registry.confirmed(gross=gross, amount=amount, days=days, **how)[1]["id"]

    def show(self, who, claim):
        return who.get(f"/v1/claims/{claim}").ok()

    def pay(self, claim, amount, who=None, **members):
        payload = {"claim": claim, "amount": amount, "bank_reference": f"PAY-{next(self.registry.serial)}", **members}
        return (who or self.debtor).post("/v1/payments", payload)

    # ---- programs, requests, offers ----

    def program(self, lender=None, **changes):
        """An open program that takes whatever the stories' claims are."""
        payload = {
            "name": "Standing offer", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": [],
            "tenor_max_days": 365, "amount_min": "1.00", "amount_max": "1000000.00", "advance_rate_ppm": 800_000,
            "annual_rate_ppm": 43_500, "day_count": 360, "total_limit": "1000000.00",
            "valid_until": self.registry.time_text(days=30), **changes,
        }  # fmt: skip
        payload = {name: value for name, value in payload.items() if value is not None}
        return (lender or self.lender).post("/v1/programs", payload).ok(201)["program"]

    def close(self, program, lender=None):
        return (lender or self.lender).post(f"/v1/programs/{program['id']}/close")

    def ask(self, claims, who=None, **members):
        payload = {"claims": claims, "pay_to": "ICBC 6222 0000 1111 2222", **members}
        return (who or self.supplier).post("/v1/financing_requests", payload)

    def asked(self, claims=None, **members):
        """(request, offers) of a request that is taken."""
        answer = self.ask(claims or [self.claim()], **members).ok(201)
        return answer["request"], answer["offers"]

    def offer(self, request, lender=None, **changes):
        payload = {
            "request": request["id"] if isinstance(request, dict) else request, "kind": "sale", "recourse": False,
            "advance_rate_ppm": 900_000, "annual_rate_ppm": 36_500, "day_count": 365,
            "valid_until": self.registry.time_text(days=1), "disburse_within_minutes": 60, **changes,
        }  # fmt: skip
        return (lender or self.lender).post("/v1/offers", payload)

    def accept(self, offer, who=None):
        return (who or self.supplier).post(f"/v1/offers/{offer['id']}/accept")

    # ---- financings ----

    def act(self, financing, verb, who=None, **payload):
        identity = financing if isinstance(financing, str) else financing["id"]
        return (who or self.lender).post(f"/v1/financings/{identity}/{verb}", payload)

    def disburse(self, financing, who=None):
        return self.act(financing, "disburse", who, bank_reference=f"FT-{next(self.registry.serial)}")

    def reserved(self, claims=None, lender=None, **terms):
        """(claims, financing) with an accepted offer made by hand."""
        claims = claims or [self.claim()]
        request, _ = self.asked(claims, lenders=[(lender or self.lender).id])
        offer = self.offer(request, lender, **terms).ok(201)["offer"]
        return claims, self.accept(offer).ok(201)["financing"]

    def financed(self, claims=None, lender=None, **terms):
        claims, financing = self.reserved(claims, lender, **terms)
        return claims, self.disburse(financing, lender).ok()["financing"]

    def age(self, claim, times=1):
        for _ in range(times):
            self.registry.operator.post(f"/v1/claims/{claim}/age").ok()

    def show_financing(self, financing, who=None):
        return (who or self.lender).get(f"/v1/financings/{financing['id']}").ok()

    def drawn(self, program, lender=None):
        return (lender or self.lender).get(f"/v1/programs/{program['id']}").ok()["drawn_amount"]
