"""What the load does: endless stories of commands, each step of which rests on answers to the one before.

A life is a generator: it yields commands, which are sent together on one connection, and is given them back answered. It goes on
over any number of crashes, because whatever was not answered is sent again until it is."""

import random

from bearer import register as register_bearer
from command import batch, plain, signed, upload

RECEIVABLES = "/v1/receivables"


class Cast:
    """A registry's people, a program that finances everything, and a policy that takes payments at any time."""

    def __init__(self, registry):
        self.registry = registry
        registry.cast()
        self.suppliers = [registry.supplier, registry.other_supplier]
        self.debtor, self.lender = registry.debtor, registry.lender
        self.teller = register_bearer(registry, "Teller Works", ["supplier"], ["read", "submit"])
        self.buyer = register_bearer(registry, "Counter Works", ["core_enterprise"], ["read", "confirm"])
        registry.policy(early_payment="record")
        self.lender.post("/v1/programs", {
            "name": "Everything", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": [self.debtor.id],
            "tenor_min_days": 0, "tenor_max_days": 300, "amount_min": "0.01", "amount_max": "100000000.00",
            "advance_rate_ppm": 900_000, "annual_rate_ppm": 30_000, "day_count": 360, "total_limit": "90000000000.00",
            "valid_until": registry.time_text(days=30),
        }).ok(201)  # fmt: skip

    def paper(self, seller, buyer=None, **how):
        return self.registry.invoice(seller=seller, buyer=buyer or self.debtor, **how)

    def submission(self, seller):
        return signed(seller, RECEIVABLES, self.paper(seller))


def confirmation(debtor, registered):
    return signed(debtor, f"{RECEIVABLES}/{registered['receivable']['id']}/confirm", {"amount": "1000.00"})


def claim_life(cast, rng):
    """A claim from its invoice to its settlement: divided, passed on, financed, paid."""
    while True:
        seller, other = rng.sample(cast.suppliers, 2)
        (made,) = yield [cast.submission(seller)]
        (made,) = yield [confirmation(cast.debtor, made.json)]
        whole = made.json["claim"]["id"]
        (made,) = yield [signed(seller, f"/v1/claims/{whole}/split", {"parts": [{"amount": "400.00"}, {"amount": "600.00"}]})]
        kept, given = (claim["id"] for claim in made.json["claims"])
        passing = f"/v1/claims/{given}"
        yield [signed(seller, f"{passing}/transfer", {"recipients": [{"participant": other.id}]})]
        yield [signed(other, f"{passing}/accept_transfer", {})]
        asked = {"claims": [kept], "pay_to": "6222 0000", "lenders": [cast.lender.id]}
        (made,) = yield [signed(seller, "/v1/financing_requests", asked)]
        (made,) = yield [signed(seller, f"/v1/offers/{made.json['offers'][0]['id']}/accept", {})]
        financing = made.json["financing"]["id"]
        yield [signed(cast.lender, f"/v1/financings/{financing}/disburse", {"bank_reference": f"D-{financing}"})]
        yield [signed(cast.debtor, "/v1/payments", {"claim": whole, "amount": "1000.00", "bank_reference": f"P-{whole}"})]


def pipelined_life(cast, rng):
    """Several requests on their way at once on one connection."""
    while True:
        seller = rng.choice(cast.suppliers)
        made = yield [cast.submission(seller) for _ in range(rng.randint(2, 12))]
        yield [confirmation(cast.debtor, one.json) for one in made]


def batch_life(cast, rng):
    """Many commands in one request: all or none, then each for itself."""
    while True:
        seller = rng.choice(cast.suppliers)
        (made,) = yield [batch("atomic", [cast.submission(seller) for _ in range(rng.randint(2, 40))])]
        yield [batch("independent", [confirmation(cast.debtor, answer) for answer in made.answers])]


def custody_life(cast, rng):
    """Plain requests under an Idempotency-Key, which the registry signs."""
    while True:
        (made,) = yield [plain(cast.teller, RECEIVABLES, cast.paper(cast.teller, cast.buyer))]
        yield [plain(cast.buyer, f"{RECEIVABLES}/{made.json['receivable']['id']}/confirm", {})]


def upload_life(cast, rng):
    """One request of many signed commands, each with a result of its own."""
    while True:
        seller = rng.choice(cast.suppliers)
        yield [upload(seller, [cast.submission(seller) for _ in range(rng.randint(5, 40))])]


def token_life(cast, rng):
    """Tokens issued and revoked: what opens doors must be as lasting as what is written."""
    while True:
        owner = rng.choice(cast.suppliers)
        payload = {
            "participant": owner.id, "token_sha256": rng.randbytes(32).hex(), "scopes": ["read"],
            "expires_at": cast.registry.time_text(days=30),
        }  # fmt: skip
        (made,) = yield [signed(owner, "/v1/tokens", payload)]
        yield [signed(owner, f"/v1/tokens/{made.json['token']['id']}/revoke", {})]


KINDS = (claim_life, claim_life, pipelined_life, claim_life, batch_life, custody_life, upload_life, token_life)


def lives(cast, count, seed):
    return [KINDS[i % len(KINDS)](cast, random.Random(f"{seed}/{i}")) for i in range(count)]
