"""Many hands at one registry, each over its own connection, doing and looking at random; all that is said is recorded.

What a command says it did becomes an Act at its seq; what a refusal or a read says becomes a Look (history.py)."""

import hashlib
import itertools
import random
import threading
import time

import jws
from bearer import register as register_bearer
from contract import PROBLEM
from history import Act, History, Look

RECEIVABLES = "/v1/receivables"
PROGRAM_TOTAL, DEBTOR_LIMIT, PART = 150_000, 90_000, 10_000  # fen; every claim that is financed is of PART
CREDIT_LIMITS = (0, 300_000, 900_000, 2_500_000)
TOKEN_LIMIT = 200_000
OFFERS = 24


def fen(text):
    return int(text.replace(".", ""))


def text(amount):
    return f"{amount // 100}.{amount % 100:02d}"


def drawn(amount):
    """What is drawn of a quota; nothing, if nobody has drawn yet."""
    return {fen(amount)} if fen(amount) else {0, None}


class World:
    """Who takes part, and what they have in common: lists of ids, from which any hand may take any at any time."""

    def __init__(self, registry):
        self.registry = registry
        self.suppliers, self.debtors = [registry.supplier, registry.other_supplier], [registry.debtor, registry.other_debtor]
        self.limited = registry.register("Tight Credit", ["core_enterprise"])  # with a credit line
        self.stranger = registry.register("Passing Stranger", ["supplier"])
        self.clerk = register_bearer(registry, "Clerk Works", ["supplier"], ["read", "submit"])
        registry.policy(similar_within_days=0)
        self.history = History({("limit", "credit"): CREDIT_LIMITS[2]})
        self.set_credit(CREDIT_LIMITS[2])
        self.receivables, self.tokens, self.grants, self.seqs = [], [], [], []
        self.owners = {}  # receivable: who submitted it
        self.financings, self.claims = [], []
        self.offers = self.offers_of_programs()

    def set_credit(self, limit):
        payload = {"currency": "CNY", "limit": text(limit)}
        return self.registry.operator.post(f"/v1/participants/{self.limited.id}/credit_line", payload).ok()

    def offers_of_programs(self):
        """Offers of one program, with limits in all and for each debtor, on claims of two debtors."""
        registry, lender = self.registry, self.registry.lender
        self.program = lender.post("/v1/programs", {
            "name": "Narrow", "kind": "sale", "recourse": False, "currency": "CNY", "debtors": [one.id for one in self.debtors],
            "tenor_min_days": 0, "tenor_max_days": 300, "amount_min": "0.01", "amount_max": "100000.00",
            "advance_rate_ppm": 1_000_000, "annual_rate_ppm": 0, "day_count": 360, "total_limit": text(PROGRAM_TOTAL), "debtor_limit": text(DEBTOR_LIMIT),
            "valid_until": registry.time_text(days=30),
        }).ok(201)["program"]["id"]  # fmt: skip
        quotas = ["program", *(f"program on {debtor.id}" for debtor in self.debtors)]
        limits = [PROGRAM_TOTAL, DEBTOR_LIMIT, DEBTOR_LIMIT]
        self.history.before |= {("limit", quota): limit for quota, limit in zip(quotas, limits)}
        offers = []
        for debtor, _ in zip(itertools.cycle(self.debtors), range(OFFERS)):
            receivable = registry.registered(buyer=debtor)
            claim = debtor.act(receivable, "confirm", {"amount": text(PART)}).ok()["claim"]["id"]
            asked = {"claims": [claim], "pay_to": "CN1", "lenders": [lender.id]}
            found = registry.supplier.post("/v1/financing_requests", asked).ok(201)["offers"]
            offers.append((found[0]["id"], claim, {"program": PART, f"program on {debtor.id}": PART}))
            self.history.before["offer", found[0]["id"]] = "open"
            self.claims.append(claim)
        return offers


class Hand:
    """One connection and its own chances."""

    def __init__(self, world, seed):
        self.world, self.registry, self.rng = world, world.registry, random.Random(seed)
        self.acts, self.looks, self.lists = [], [], []

    def run(self, until):
        choices = [self.submit] * 4 + [self.decide] * 5 + [self.look_up] * 3 + [self.look_at_list, self.look_at_line, self.set_line]
        choices += [self.look_at_size, self.prove, self.issue, self.revoke, self.knock, self.knock, self.clerk_submits]
        choices += [self.grant, self.end_grant, self.peek, self.peek, self.accept, self.accept, self.cancel, self.look_at_program]
        try:
            while time.monotonic() < until:
                self.rng.choice(choices)()
        finally:
            self.registry.http.close()

    # ---- what is asked ----

    def ask(self, method, path, body=None, **headers):
        sent = time.monotonic()
        answer = self.registry.http.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answered = time.monotonic()
        said = answer.json if answer.body[:1] == b"{" else {}
        return sent, answered, answer, said

    def post(self, who, path, payload):
        return self.ask("POST", path, who.sign(path, payload), Content_Type=jws.JOSE)

    def get(self, token, path):
        return self.ask("GET", path, Authorization=f"Bearer {token}")

    def act(self, label, sent, answered, said, **what):
        self.acts.append(Act(label, sent, answered, [said["receipt"]["seq"]], **what))
        self.world.seqs.append(said["receipt"]["seq"])

    def look(self, label, sent, answered, **what):
        self.looks.append(Look(label, sent, answered, **what))

    def pick(self, things, last=12):
        """Mostly something recent, which others are at as well."""
        return self.rng.choice(things[-last:]) if things else None

    # ---- receivables and a credit line ----

    def submit(self):
        world, seller = self.world, self.rng.choice(self.world.suppliers)
        buyer = self.rng.choice([world.limited, world.limited, world.debtors[0]])
        paper = self.registry.invoice(seller=seller, buyer=buyer, gross=text(self.rng.randint(50_000, 400_000)))
        sent, answered, answer, said = self.post(seller, RECEIVABLES, paper)
        self.submitted(seller, buyer, paper, sent, answered, answer, said)

    def submitted(self, seller, buyer, paper, sent, answered, answer, said, needs=None):
        assert answer.status in (201, 422), answer.body
        made, gross = said["receivable"]["id"], fen(paper["invoice"]["gross_amount"])
        limited = buyer is self.world.limited
        if answer.status == 422:
            assert limited, answer.body
            told = {"effects": {("receivable", made): "rejected"}, "over": {"credit": gross}, "needs": needs}
        else:
            told = {"effects": {("receivable", made): "registered"}, "draws": {"credit": gross} if limited else {}, "needs": needs}
            self.world.receivables.append((made, seller, buyer, gross))
        self.world.owners[made] = seller
        self.act("submit", sent, answered, said, **told)

    def decide(self):
        if not (found := self.pick(self.world.receivables)):
            return
        made, seller, buyer, gross = found
        verb = self.rng.choice(["confirm", "confirm", "reject", "withdraw"])
        left = self.rng.randint(1, gross // 100) * 100 if verb == "confirm" else 0
        payload = {"confirm": {"amount": text(left)}, "reject": {"reason": "other"}, "withdraw": {}}[verb]
        who = seller if verb == "withdraw" else buyer
        if who is self.world.clerk:
            return  # it signs nothing itself
        sent, answered, answer, said = self.post(who, f"{RECEIVABLES}/{made}/{verb}", payload)
        life = {"confirm": "confirmed", "reject": "rejected", "withdraw": "withdrawn"}[verb]
        subject = ("receivable", made)
        if answer.status == 409:
            self.look(f"{verb} too late", sent, answered, seen={subject: {"confirmed", "rejected", "withdrawn"}})
            return
        draws = {"credit": left - gross} if buyer is self.world.limited else {}
        assert answer.status == 200, answer.body
        self.act(verb, sent, answered, said, effects={subject: life}, needs={subject: {"registered"}}, draws=draws)

    def look_up(self):
        if found := self.pick(self.world.receivables):
            sent, answered, answer, said = self.get(found[1].token, f"{RECEIVABLES}/{found[0]}")
            assert answer.status == 200, answer.body
            self.look("look at a receivable", sent, answered, seen={("receivable", found[0]): {said["life"]}})

    def look_at_list(self):
        """All of a supplier's receivables; that what is missing was not there yet is added in whole_lists."""
        seller = self.rng.choice(self.world.suppliers)
        sent, answered, answer, said = self.get(seller.token, f"{RECEIVABLES}?part=creditor&limit=1000")
        assert answer.status == 200 and said["next_cursor"] is None, answer.body[:500]
        self.lists.append((seller, sent, answered, {item["id"]: item["life"] for item in said["items"]}))

    def whole_lists(self):
        """Each list as a look at every receivable of its owner there ever was: those not in it were not there."""
        for seller, sent, answered, lives in self.lists:
            seen = {("receivable", made): {lives.get(made)} for made, owner in self.world.owners.items() if owner is seller}
            self.look("list of receivables", sent, answered, seen=seen)

    def look_at_line(self):
        sent, answered, answer, said = self.get(self.world.limited.token, f"/v1/participants/{self.world.limited.id}")
        (line,) = said["credit_lines"]
        seen = {("limit", "credit"): {fen(line["limit"])}, ("drawn", "credit"): drawn(line["used"])}
        self.look("look at the credit line", sent, answered, seen=seen)

    def set_line(self):
        limit = self.rng.choice(CREDIT_LIMITS)
        path = f"/v1/participants/{self.world.limited.id}/credit_line"
        sent, answered, answer, said = self.post(self.registry.operator, path, {"currency": "CNY", "limit": text(limit)})
        assert answer.status == 200, answer.body
        self.act("set the credit line", sent, answered, said, sets={"credit": limit})

    # ---- the ledger ----

    def look_at_size(self):
        sent, answered, answer, _ = self.ask("GET", "/checkpoint")
        self.look("checkpoint", sent, answered, size=int(answer.body.split(b"\n")[1]))

    def prove(self):
        if (seq := self.pick(self.world.seqs, last=4)) is not None:
            sent, answered, answer, said = self.ask("GET", f"/v1/entries/{seq}/proof")
            assert answer.status == 200, f"entry {seq} was acknowledged: {answer.body}"
            self.look("proof", sent, answered, size=int(answer.body.split(b"\n\n", 1)[1].split(b"\n")[1]))

    # ---- tokens of a clerk ----

    def issue(self):
        """Others may try the token before it is there."""
        token = "ts_" + jws.b64url(self.rng.randbytes(32))
        payload = {
            "participant": self.world.clerk.id, "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
            "scopes": ["read", "submit"],
            "amount_limits": {"CNY": text(TOKEN_LIMIT)}, "expires_at": self.registry.time_text(days=30),
        }  # fmt: skip
        known = [token, None]
        self.world.tokens.append(known)
        sent, answered, answer, said = self.post(self.registry.operator, "/v1/tokens", payload)
        assert answer.status == 201, answer.body
        known[1] = said["token"]["id"]
        self.act("issue a token", sent, answered, said, effects={("token", token): "good"})

    def revoke(self):
        token, identity = self.pick(self.world.tokens) or (None, None)
        if not identity or self.rng.random() < 0.5:
            return
        sent, answered, answer, said = self.post(self.registry.operator, f"/v1/tokens/{identity}/revoke", {})
        if answer.status == 409:
            self.look("revoke a token again", sent, answered, seen={("token", token): {"revoked"}})
            return
        assert answer.status == 200, answer.body
        self.act("revoke a token", sent, answered, said, effects={("token", token): "revoked"}, needs={("token", token): {"good"}})

    def knock(self):
        if found := self.pick(self.world.tokens):
            sent, answered, answer, said = self.get(found[0], "/v1/me")
            found_it = "good" if answer.status == 200 else self.unwelcome(said)
            self.look("knock", sent, answered, seen={("token", found[0]): {found_it}})

    @staticmethod
    def unwelcome(said):
        """What a refused token is, by the problem."""
        return {"token-revoked": "revoked", "unauthenticated": None}[said["type"][len(PROBLEM) :]]

    def clerk_submits(self):
        """By custody, with a token that may be revoked in this moment, up to its limit."""
        if not (found := self.pick(self.world.tokens)):
            return
        buyer = self.rng.choice([self.world.limited, self.world.debtors[0]])
        gross = TOKEN_LIMIT + self.rng.randint(-50_000, 50_000)
        paper = self.registry.invoice(seller=self.world.clerk, buyer=buyer, gross=text(gross))
        head = {"Content_Type": "application/json", "Authorization": f"Bearer {found[0]}"}
        sent, answered, answer, said = self.ask("POST", RECEIVABLES, jws.compact(paper), **head)
        token = ("token", found[0])
        if "receipt" in said:
            assert answer.status == 422 or gross <= TOKEN_LIMIT, f"{gross} was let through a limit of {TOKEN_LIMIT}"
            self.submitted(self.world.clerk, buyer, paper, sent, answered, answer, said, needs={token: {"good"}})
        elif answer.status == 401:
            self.look("clerk", sent, answered, seen={token: {self.unwelcome(said)}})
        else:
            assert said["type"] == PROBLEM + "token-limit" and gross > TOKEN_LIMIT, answer.body
            self.look("clerk", sent, answered, seen={token: {"good"}})

    # ---- grants to a stranger ----

    def grant(self):
        claim = self.rng.choice(self.world.claims)
        payload = {"claim": claim, "participant": self.world.stranger.id}
        sent, answered, answer, said = self.post(self.registry.supplier, "/v1/grants", payload)
        assert answer.status == 201, answer.body
        made = said["grant"]["id"]
        self.world.grants.append((made, claim))
        self.act("grant", sent, answered, said, effects={("grant", made): "active"}, draws={f"shown {claim}": 1})

    def end_grant(self):
        if not (found := self.pick(self.world.grants)):
            return
        made, claim = found
        sent, answered, answer, said = self.post(self.registry.supplier, f"/v1/grants/{made}/revoke", {})
        subject = ("grant", made)
        if answer.status == 409:
            self.look("revoke a grant again", sent, answered, seen={subject: {"revoked"}})
            return
        assert answer.status == 200, answer.body
        ends = {"effects": {subject: "revoked"}, "needs": {subject: {"active"}}, "draws": {f"shown {claim}": -1}}
        self.act("revoke a grant", sent, answered, said, **ends)

    def peek(self):
        claim = self.world.grants[-1][1] if self.world.grants and self.rng.random() < 0.7 else self.rng.choice(self.world.claims)
        sent, answered, answer, _ = self.get(self.world.stranger.token, f"/v1/claims/{claim}")
        assert answer.status in (200, 404), answer.body
        grants = set(range(1, len(self.world.grants) + 100)) if answer.status == 200 else {0, None}
        self.look(f"peek: {answer.status}", sent, answered, seen={("drawn", f"shown {claim}"): grants})

    # ---- a program's limits ----

    def accept(self):
        """Several hands accept one offer, and all draw on the same program."""
        offer, claim, amounts = self.pick(self.world.offers, last=OFFERS)
        sent, answered, answer, said = self.post(self.registry.supplier, f"/v1/offers/{offer}/accept", {})
        subject = ("offer", offer)
        if answer.status == 201:
            made = said["financing"]["id"]
            effects = {subject: "accepted", ("financing", made): "accepted"}
            self.act("accept", sent, answered, said, effects=effects, needs={subject: {"open"}}, draws=amounts)
            self.world.financings.append((made, claim, amounts))
        elif said["type"] == PROBLEM + "limit-exceeded":
            self.look("accept beyond a limit", sent, answered, over=amounts)
        else:
            assert said["type"] == PROBLEM + "wrong-state", answer.body
            self.look("accept again", sent, answered, seen={subject: {"accepted"}})

    def cancel(self):
        """The lender gives up a financing, and the claim is offered anew."""
        if not (found := self.pick(self.world.financings)):
            return
        made, claim, amounts = found
        sent, answered, answer, said = self.post(self.registry.lender, f"/v1/financings/{made}/cancel", {})
        subject = ("financing", made)
        if answer.status == 409:
            self.look("cancel again", sent, answered, seen={subject: {"cancelled"}})
            return
        back = {quota: -amount for quota, amount in amounts.items()}
        self.act("cancel", sent, answered, said, effects={subject: "cancelled"}, needs={subject: {"accepted"}}, draws=back)
        self.offer_again(claim, amounts)

    def offer_again(self, claim, amounts):
        asked = {"claims": [claim], "pay_to": "CN1", "lenders": [self.registry.lender.id]}
        sent, answered, answer, said = self.post(self.registry.supplier, "/v1/financing_requests", asked)
        offers = [offer["id"] for offer in said.get("offers", [])]
        assert answer.status == 201, answer.body
        self.act("request", sent, answered, said, effects={("offer", offer): "open" for offer in offers})
        self.world.offers += [(offer, claim, amounts) for offer in offers]

    def look_at_program(self):
        sent, answered, answer, said = self.get(self.registry.lender.token, f"/v1/programs/{self.world.program}")
        self.look("look at the program", sent, answered, seen={("drawn", "program"): drawn(said["drawn_amount"])})


def record(world, hands, seconds, seed):
    """The history of so many hands for so long."""
    everyone = [Hand(world, f"{seed}/{number}") for number in range(hands)]
    failures, until = [], time.monotonic() + seconds

    def run(hand):
        try:
            hand.run(until)
        except BaseException as error:  # noqa: BLE001 (raised below, where somebody sees it)
            failures.append(error)

    threads = [threading.Thread(target=run, args=(hand,)) for hand in everyone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    for hand in everyone:
        hand.whole_lists()
        world.history.acts += hand.acts
        world.history.looks += hand.looks
    return world.history
