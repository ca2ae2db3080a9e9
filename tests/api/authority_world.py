"""People in every role and relation, and an object of each kind for the table in authority_table.py.

creditor, debtor, lender, recipient, grantee: the parties of the objects; grantee is an auditor who was granted claims.
bank, authority, court, reviewer, operator: who acts by office (court: another authority).
rival_*, issuer, witness: the same roles, and others, without any relation. kept: a stranger of every trade, whose key the registry keeps."""

import jws
from bearer import Bearer, register
from claim_world import World
from identifiers import uscc
from registry import SERIALS
from test_four_eyes import Treasury

EVERYONE = (
    "creditor debtor recipient lender grantee bank authority court reviewer operator issuer witness rival_supplier rival_debtor "
    "rival_lender kept"
).split()
SCOPES = ["read", "submit", "confirm", "finance", "admin"]


class Thing:
    """Ids for the path, what the payload needs, and texts by which any answer would betray it."""

    def __init__(self, ids=None, marks=(), **facts):
        self.ids, self.marks, self.facts = ids or {}, list(marks), facts


class AuthorityWorld(World):
    def __init__(self, registry):
        super().__init__(registry, checks_per_day=1000)
        self.treasury = Treasury(registry, "Kept Conglomerate", above=None)
        kept = self.treasury.firm = register(registry, "Kept Stranger", ["supplier", "core_enterprise", "lender", "bank"], SCOPES)
        self.treasury.chen, _ = self.treasury.token("first clerk")
        self.treasury.set("100000.00", self.treasury.chen).ok()
        self.people = {
            "creditor": self.supplier, "debtor": self.debtor, "recipient": self.second, "lender": self.lender,
            "grantee": registry.register("Auditing House", ["auditor"], {}), "bank": self.bank, "authority": self.court,
            "court": self.tax_office, "reviewer": registry.reviewer, "operator": registry.operator,
            "issuer": registry.register("Special Vehicle", ["issuer"], {}), "witness": registry.register("Notary", ["witness"], {}),
            "rival_supplier": self.stranger, "rival_debtor": registry.other_debtor, "rival_lender": self.factor, "kept": kept,
        }  # fmt: skip
        for name, person in self.people.items():
            if not isinstance(person, Bearer):
                person.token, _ = person.issue_token(SCOPES)

    def __getitem__(self, name):
        return self.people[name]

    def paper(self, **how):
        invoice = self.registry.invoice(seller=self.supplier, buyer=self.debtor, issued=100 + next(self.papers), **how)
        return invoice, [invoice["invoice"]["number"]]

    def submitted(self, who, status=201, **how):
        invoice, marks = self.paper(**how)
        made = who.submit(invoice).ok(status)
        return Thing({"id": made["receivable"]["id"]}, [made["receivable"]["id"], *marks])

    # ---- objects, by the table's names ----

    def a_nothing(self):
        return Thing()

    def a_participant(self):
        return Thing({"id": self.supplier.id}, [])

    def a_second_key(self):
        key = jws.Key()
        self.supplier.post(f"/v1/participants/{self.supplier.id}/keys", {"public_key": key.public}).ok(201)
        return Thing({"id": self.supplier.id, "kid": key.kid})

    def a_bystander(self):
        return Thing({"id": self.registry.register("Standing By", ["core_enterprise"], token=False).id})

    def a_suspended(self):
        made = self.a_bystander()
        self.operator.post(f"/v1/participants/{made.ids['id']}/suspend", {"reason": "for a while"}).ok()
        return made

    def a_stopped(self):
        made = self.a_bystander()
        self.operator.post(f"/v1/participants/{made.ids['id']}/stop", {"reason": "for a while"}).ok()
        return made

    def a_token(self):
        _, made = self.supplier.issue_token(["read"])
        return Thing({"id": made["id"]}, [made["id"]])

    def a_approval(self):
        receivable = self.registry.registered(seller=self.supplier, buyer=self["kept"], gross="250000.00", issued=100 + next(self.papers))
        made = self["kept"].post(f"/v1/receivables/{receivable['id']}/confirm", {}, token=self.treasury.chen).ok(202)["approval"]
        return Thing({"id": made["id"]}, [made["id"]])

    def a_policy(self):
        current = self.operator.get("/v1/policy").ok()
        return Thing(policy={k: v for k, v in current.items() if k not in ("version", "set_at", "seq")}, version=current["version"])

    def a_invoice(self):
        return Thing(payload=self.paper()[0])

    def a_registered(self):
        return self.submitted(self.supplier)

    def a_payable(self):
        return self.submitted(self.debtor)

    def a_held(self):
        return self.submitted(self.supplier, 202, invoice_payee={"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}})

    def a_bare_claim(self):
        made = self.claim()
        return Thing({"id": made["id"]}, [made["id"], made["receivable"]], face=made["face_amount"])

    def a_claim(self):
        """Granted to the grantee."""
        made = self.a_bare_claim()
        self.grant(made.ids["id"], self["grantee"]).ok(201)
        return made

    def a_entry(self):
        made = self.a_registered()
        history = self.supplier.get(f"/v1/receivables/{made.ids['id']}/history").ok()["items"]
        return Thing({"seq": str(history[0]["seq"])}, made.marks)

    def a_offered(self):
        made = self.a_claim()
        self.transfer(made.ids["id"], self.second).ok(201)
        return made

    def a_passed(self):
        made = self.a_bare_claim()
        self.passed(made.ids["id"], self.second)
        return made

    def a_disputed(self):
        made = self.a_claim()
        self.dispute(made.ids["id"]).ok()
        return made

    def a_frozen(self):
        made = self.a_claim()
        self.freeze(made.ids["id"]).ok()
        return made

    def a_grant(self):
        made = self.a_bare_claim()
        answer = self.grant(made.ids["id"], self["grantee"]).ok(201)["grant"]
        return Thing({"id": answer["id"]}, [answer["id"], *made.marks])

    def a_proposal(self):
        made = self.a_bare_claim()
        payload = {"claim": made.ids["id"], "kind": "credit_note", "amount": "1.00"}
        answer = self.supplier.post("/v1/proposals", payload).ok(201)["proposal"]
        return Thing({"id": answer["id"]}, [answer["id"], *made.marks])

    def a_payment(self):
        made = self.a_bare_claim()
        answer = self.pay(made.ids["id"], "5.00").ok(201)["payment"]
        return Thing({"id": answer["id"]}, [answer["id"], *made.marks])

    def a_check(self):
        return Thing(seller=self.supplier.id, buyer=self.debtor.id)

    def a_program(self):
        return Thing()

    def a_open_program(self):
        made = self.lender.post("/v1/programs", self.terms()).ok(201)["program"]
        return Thing({"id": made["id"]}, [made["id"]])

    def a_request(self):
        made = self.a_bare_claim()
        answer = self.ask(made.ids["id"]).ok(201)["request"]
        return Thing({"id": answer["id"]}, [answer["id"], *made.marks])

    def a_offer(self, kind="sale"):
        made = self.a_request()
        answer = self.offer(made.ids["id"], kind).ok(201)["offer"]
        return Thing({"id": answer["id"]}, [answer["id"], *made.marks])

    def a_reserved(self, kind="sale"):
        made = self.a_offer(kind)
        answer = self.supplier.post(f"/v1/offers/{made.ids['id']}/accept").ok(201)["financing"]
        return Thing({"id": answer["id"]}, [answer["id"], *made.marks])

    def a_sold(self, kind="sale"):
        made = self.a_reserved(kind)
        self.lender.post(f"/v1/financings/{made.ids['id']}/disburse", {"bank_reference": self.reference()}).ok()
        return made

    def a_pledged(self):
        return self.a_sold("pledge")

    def a_endpoint(self):
        return Thing()

    def a_webhook(self):
        made = self.supplier.post("/v1/webhooks", self.address()).ok(201)["webhook"]
        return Thing({"id": made["id"]}, [made["id"], made["url"]])

    def a_upload(self):
        key, kept = jws.new_jti(), self["kept"]
        head = {"Authorization": f"Bearer {kept.token}", "Content-Type": "text/csv", "Idempotency-Key": key}
        rows = b"number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n" + b"x,x,x,x,x,x,x\n"
        self.registry.request("POST", "/v1/uploads", rows, head).ok()
        return Thing({"key": key}, [key])

    def make(self, kind):
        return getattr(self, f"a_{kind}")()

    # ---- payloads ----

    def reference(self):
        return f"FT-{next(self.registry.serial)}"

    def address(self):
        return {"url": f"https://example.com/hook-{next(self.registry.serial)}", "events": ["payment."]}

    def terms(self):
        return {
            "name": "Standing offer", "kind": "sale", "recourse": False, "currency": "EUR", "debtors": [], "tenor_max_days": 365,
            "amount_min": "1.00", "amount_max": "10.00", "advance_rate_ppm": 800_000, "annual_rate_ppm": 43_500, "day_count": 360,
            "total_limit": "10.00", "valid_until": self.registry.time_text(days=30),
        }  # fmt: skip

    def payload(self, operation, thing, who):
        """A well-formed payload of the operation on the thing, fresh for each sending."""
        claim = thing.ids.get("id")
        bank = {"bank_reference": self.reference()}
        table = {
            "registerParticipant": lambda: {
                "name": "New Company", "roles": ["supplier"], "identifiers": {"uscc": uscc(next(SERIALS))}, "public_key": jws.Key().public,
            },
            "addKey": lambda: {"public_key": jws.Key().public},
            "setCreditLine": lambda: {"currency": "CNY", "limit": "1000.00"},
            "setRating": lambda: {"rating": "AA", "agency": "Quay Ratings"},
            "setFourEyes": lambda: {"currency": "CNY", "above": f"{next(self.registry.serial)}000.00"},
            "issueToken": lambda: {
                "participant": claim, "token_sha256": jws.Key().secret.encode().hex()[:64], "scopes": ["read"],
                "expires_at": self.registry.time_text(days=1),
            },
            "setPolicy": lambda: {"base_version": thing.facts["version"], "policy": thing.facts["policy"]},
            "submitReceivable": lambda: thing.facts["payload"],
            "rejectReceivable": lambda: {"reason": "other"},
            "splitClaim": lambda: {"parts": [{"amount": "1.00"}, {"amount": less_one(thing.facts["face"])}]},
            "transferClaim": lambda: {"recipients": [{"participant": self.third.id}]},
            "disputeClaim": lambda: {"reason": "other", "note": "short delivery"},
            "resolveDispute": lambda: {"note": "settled"},
            "writeOffClaim": lambda: {"note": "hopeless"},
            "freezeClaim": lambda: {"order_reference": "2026-17"},
            "unfreezeClaim": lambda: {"order_reference": "2026-18"},
            "makeGrant": lambda: {"claim": claim, "participant": self.tax_office.id},
            "makeProposal": lambda: {"claim": claim, "kind": "credit_note", "amount": "1.00"},
            "checkInvoice": lambda: {
                "seller": {"participant": self.supplier.id}, "buyer": {"participant": self.debtor.id}, "number": "N-1",
                "issue_date": self.registry.day(-1), "currency": "CNY", "gross_amount": "10.00",
            },
            "openProgram": self.terms,
            "requestFinancing": lambda: {"claims": [claim], "pay_to": "6222-0000", "lenders": [self.lender.id]},
            "makeOffer": lambda: {
                "request": claim, "kind": "sale", "recourse": True, "advance_rate_ppm": 800_000, "annual_rate_ppm": 40_000,
                "day_count": 360, "valid_until": self.registry.time_text(days=1), "disburse_within_minutes": 60,
            },
            "disburseFinancing": lambda: bank,
            "repurchaseFinancing": lambda: bank,
            "registerFinancing": lambda: {"registration_number": f"ZD-{next(self.registry.serial)}"},
            "recordPayment": lambda: {"claim": claim, "amount": "1.00", **bank},
            "reversePayment": lambda: {"reason": "bounced"},
            "registerWebhook": self.address,
            "replayWebhook": lambda: {"from_seq": 0},
            "approveReview": lambda: {"note": "seen"},
            "rejectReview": lambda: {"note": "seen"},
            "recordVerification": lambda: {"answer": "genuine", "reference": "V-1"},
            **{f"{verb}Participant": lambda: {"reason": "asked to"} for verb in ("suspend", "activate", "stop", "clear")},
        }  # fmt: skip
        return table.get(operation, dict)()


def less_one(amount):
    units = int(amount.replace(".", "")) - 100
    return f"{units // 100}.{units % 100:02d}"
