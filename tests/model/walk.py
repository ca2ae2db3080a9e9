"""Random commands: each is chosen, foretold by the model, posted to the real server, and the answer compared."""

import datetime
import itertools
import json
import random

import jws
from contract import PROBLEM, STATUS
from model import Model, Refused, money

PATH = "/v1/receivables"
CAST = {
    "supplier-1": ["supplier"], "supplier-2": ["supplier"], "supplier-3": ["supplier"], "debtor-1": ["core_enterprise"],
    "debtor-2": ["core_enterprise"], "debtor-3": ["core_enterprise"], "middle": ["supplier", "core_enterprise"],
    "reviewer": ["reviewer"], "lender": ["lender"],
}  # fmt: skip
TRADERS = [name for name, roles in CAST.items() if "reviewer" not in roles and "lender" not in roles]
REASONS = ["unrecognised", "duplicate", "differs_from_contract", "no_relation", "value_differs", "other"]
POLICIES = [
    {}, {"payee_redirected": "warn"}, {"payee_redirected": "reject"}, {"similar_within_days": 0}, {"documents_required": 1},
    {"past_due": "hold"}, {"past_due": "reject"}, {"confirm_past_due": True}, {"currencies": ["CNY", "JPY"]},
    {"tenor_max_days": 90, "tenor_warn_days": 60},
]  # fmt: skip


class Walk:
    def __init__(self, registry, seed):
        self.registry, self.random = registry, random.Random(seed)
        self.people = {"operator": registry.operator}
        self.base = registry.operator.get("/v1/policy").ok()
        self.base = {k: v for k, v in self.base.items() if k not in ("version", "set_at", "seq")}
        self.today = datetime.date.fromisoformat(registry.day()).toordinal()
        self.model = Model(self.base, self.today)
        self.model.add_party("operator", ["operator"], registry.operator.key.kid)
        self.keys = {"operator": [registry.operator.key]}
        for name, roles in CAST.items():
            self.people[name] = registry.register(name, roles)
            self.model.add_party(name, roles, self.people[name].key.kid)
            self.keys[name] = [self.people[name].key]
        self.model.entries = registry.size()
        self.ids, self.claims = [], {}  # receivable ids in the model's order; claim id by receivable's place
        self.numbers = itertools.count(1)
        self.answered = []  # (kid(s), path, body, status, bytes) of accepted commands
        self.done, self.counts = 0, {}

    # ---- choosing ----

    def name_of_someone(self, likely):
        return likely if self.random.random() < 0.92 else self.random.choice(list(self.people))

    def key_of(self, name):
        """Mostly the newest key; now and then an old one, perhaps revoked, or one nobody knows."""
        roll = self.random.random()
        if roll < 0.01:
            return jws.Key()
        return self.random.choice(self.keys[name]) if roll < 0.08 else self.keys[name][-1]

    def some_receivable(self, *lives):
        places = [i for i, r in enumerate(self.model.receivables) if not lives or r["life"] in lives]
        if not places:
            places = range(len(self.model.receivables))
        return self.random.choice(places[-40:]) if places else None

    # ---- posting ----

    def post(self, kind, names, path, payload, foretell, jti=None):
        """foretell(owners) changes the model or raises; returns (expected, answer)."""
        keys = [self.key_of(name) for name in names]
        jti = jti or jws.new_jti()
        heads = [jws.header(key, self.registry.origin, path, self.registry.now(), jti) for key in keys]
        if len(keys) == 1:
            body = jws.flattened(keys[0], heads[0], payload)
        else:
            body = jws.general(list(zip(keys, heads)), payload)
        return self.send(kind, [key.kid for key in keys], path, body, foretell)

    def send(self, kind, kids, path, body, foretell):
        entries = self.model.entries
        try:
            expected = foretell(self.model.authenticate(kids))
            slug = None
        except Refused as refused:
            expected, slug = None, refused.slug
        answer = self.registry.send(path, body)
        place = f"command {self.done} {kind} {path} by {kids}: {answer.status} {answer.body[:1500]!r}"
        if slug is None and answer.status == 422:
            slug = "gateway-rejected" if isinstance(expected, dict) and expected["life"] == "rejected" else "accepted"
        if slug:
            assert answer.status >= 400 and answer.json["type"] == PROBLEM + slug, f"expected {slug}; {place}"
            assert answer.status == STATUS[slug]
        else:
            assert answer.status < 300, f"expected acceptance; {place}"
        if slug in (None, "gateway-rejected") and "receipt" in answer.json:
            assert answer.json["receipt"]["seq"] == self.model.entries - 1, f"one entry for one command; {place}"
            self.answered.append((kids, path, body, answer.status, answer.body))
        else:
            assert self.model.entries == entries
        self.counts[(kind, slug or "accepted")] = self.counts.get((kind, slug or "accepted"), 0) + 1
        return expected, answer

    # ---- one kind of command each ----

    def paper(self, creditor, debtor):
        choose = self.random.choice
        currency = self.random.choices(["CNY", "JPY", "KWD"], [8, 1, 1])[0]
        gross = self.random.randrange(1, 40) * 1000 * 10 ** {"CNY": 2, "JPY": 0, "KWD": 3}[currency] + self.random.randrange(1000)
        payable = gross if self.random.random() < 0.9 else gross - self.random.randrange(1, 500)
        due = self.today + choose([3, 20, 60, 90, 150] if self.random.random() < 0.9 else [-20, -1, 0, 170, 190, 400])
        return {
            "creditor": creditor, "debtor": debtor, "number": f"{choose(['INV-', 'R', '2026/'])}{next(self.numbers) + 1:05d}",
            "issued": self.today - choose([0, 1, 2, 10, 30]), "due": due, "currency": currency, "gross": gross, "payable": max(payable, 1),
            "amount": max(payable, 1), "part": None, "documents": choose([0, 0, 1, 2]), "redirected": self.random.random() < 0.06,
        }  # fmt: skip

    def vary(self):
        """An invoice like one that was submitted before: a duplicate, a part, or a look-alike."""
        old = self.model.receivables[self.some_receivable()]
        s = {name: old[name] for name in self.paper("supplier-1", "debtor-1")}
        roll = self.random.random()
        if roll < 0.35:
            s["part"] = self.random.choice([None, "a", "b", "c", "d"])
            s["amount"] = self.random.randrange(1, s["payable"] + 1)
        elif roll < 0.5:
            number = s["number"]
            s["number"] = self.random.choice([number.lower(), number.replace("-", "/"), f"00{number}", number])
        elif roll < 0.65:
            s["number"] = f"N{next(self.numbers)}"
            s["issued"] -= self.random.choice([0, 5, 7, 8, 20])
        elif roll < 0.75:
            s["debtor"] = self.random.choice(TRADERS)
        elif roll < 0.8:
            s["amount"] = s["payable"] + self.random.randrange(1, 100)
        return s

    def submit(self):
        creditor = self.random.choice(["supplier-1", "supplier-2", "supplier-3", "middle"])
        debtor = self.random.choice(["debtor-1", "debtor-2", "debtor-3", "middle"])
        if self.model.receivables and self.random.random() < 0.25:
            s = self.vary()
        else:
            s = self.paper(creditor, debtor)
            if self.random.random() < 0.15:
                s["part"], s["amount"] = "a", max(1, s["payable"] // 2)
        s["invoice"] = (s["creditor"], s["number"], s["issued"], s["currency"], s["gross"])
        roll = self.random.random()
        names = [self.name_of_someone(s["creditor"] if roll < 0.6 else s["debtor"])]
        if roll > 0.88:
            names = [s["creditor"], self.name_of_someone(s["debtor"])]
            if names[0] == names[1]:
                return
        expected, answer = self.post("submit", names, PATH, self.payload(s), lambda owners: self.model.submit(owners, s))
        if expected:
            self.compare_submission(expected, answer)

    def payload(self, s):
        day = lambda ordinal: datetime.date.fromordinal(ordinal).isoformat()  # noqa: E731
        invoice = {
            "number": s["number"], "issue_date": day(s["issued"]), "due_date": day(s["due"]), "currency": s["currency"],
            "gross_amount": money(s["gross"], s["currency"]), "payable_amount": money(s["payable"], s["currency"]),
            "seller": {"participant": self.people[s["creditor"]].id}, "buyer": {"participant": self.people[s["debtor"]].id},
        }  # fmt: skip
        if s["redirected"]:
            invoice["payee"] = {"name": "Elsewhere Factors", "identifiers": {"tax_id": "EF1"}}
        made = {"invoice": invoice, "amount": money(s["amount"], s["currency"])}
        if s["part"]:
            made["part"] = s["part"]
        if s["documents"]:
            made["documents"] = [{"kind": "contract", "sha256": f"{i:064x}"} for i in range(s["documents"])]
        return made

    def compare_submission(self, expected, answer):
        receivable = answer.json["receivable"]
        self.ids.append(receivable["id"])
        checks = {check["code"]: check["outcome"] for check in receivable["review"]["checks"]}
        assert list(checks.items()) == list(expected["checks"].items()), f"command {self.done}: {answer.body[:3000]!r}"
        status = {"held": 202, "rejected": 422}.get(expected["life"], 201)
        assert answer.status == status and receivable["life"] == expected["life"]
        if "claim" in answer.json:
            self.claims[len(self.ids) - 1] = answer.json["claim"]["id"]
        assert ("claim" in answer.json) == (expected["life"] == "confirmed")

    def on_receivable(self):
        verb = self.random.choice(["confirm"] * 6 + ["accept"] * 4 + ["reject"] * 3 + ["withdraw"] * 3 + ["lapse"])
        place = self.some_receivable(*(["registered"] if self.random.random() < 0.85 else []))
        if place is None:
            return
        r, payload, amount = self.model.receivables[place], {}, None
        other, own = (r["creditor"], r["debtor"]) if r["by_debtor"] else (r["debtor"], r["creditor"])
        name = self.name_of_someone({"withdraw": own, "lapse": "operator"}.get(verb, other))
        if verb in ("confirm", "accept") and self.random.random() < 0.8:
            verb = "accept" if r["by_debtor"] else "confirm"
        if verb == "confirm" and self.random.random() < 0.3:
            whole = r["amount"]
            amount = self.random.choice([1, whole, whole - 1 or 1, whole + 1, self.random.randrange(1, whole + 1)])
            payload["amount"] = money(amount, r["currency"])
        if verb == "reject":
            payload["reason"] = self.random.choice(REASONS)
        foretell = {
            "confirm": lambda owners: self.model.confirm(owners[0], r, "confirm", amount),
            "accept": lambda owners: self.model.confirm(owners[0], r, "accept"),
            "reject": lambda owners: self.model.reject(owners[0], r, payload["reason"]),
            "withdraw": lambda owners: self.model.withdraw(owners[0], r),
            "lapse": lambda owners: self.model.lapse(owners[0], r),
        }[verb]
        expected, answer = self.post(verb, [name], f"{PATH}/{self.ids[place]}/{verb}", payload, foretell)
        if expected:
            assert answer.json["receivable"]["life"] == expected["life"]
            if expected["life"] == "confirmed":
                self.claims[place] = answer.json["claim"]["id"]

    def decide(self):
        place = self.some_receivable(*(["held"] if self.random.random() < 0.9 else []))
        if place is None:
            return
        verb, name = self.random.choice(["approve", "approve", "reject"]), self.name_of_someone("reviewer")
        r = self.model.receivables[place]
        path = f"/v1/reviews/{self.ids[place]}/{verb}"
        foretell = lambda owners: self.model.decide(owners[0], r, verb)  # noqa: E731
        expected, answer = self.post(f"review {verb}", [name], path, {"note": "seen"}, foretell)
        if expected:
            assert answer.json["receivable"]["life"] == expected["life"]

    def standing(self):
        if self.random.random() < 0.5:
            verb = self.random.choice(["stop", "clear", "clear", "clear"])
            subject = self.random.choice(["debtor-2", "debtor-3", "middle", "supplier-1"])
        else:
            verb = self.random.choice(["suspend", "activate", "activate", "activate"])
            subject = self.random.choice(["supplier-3", "debtor-3", "lender"])
        path = f"/v1/participants/{self.people[subject].id}/{verb}"
        who = self.name_of_someone("operator")
        self.post(verb, [who], path, {"reason": "walk"}, lambda owners: self.model.standing_of(owners[0], subject, verb))

    def credit(self):
        subject = self.random.choice(["debtor-1", "debtor-2", "middle", "supplier-1"])
        currency = self.random.choice(["CNY", "CNY", "JPY"])
        limit = self.random.choices([None, 0, self.model.used(subject, currency), 10_000_000, 1_000_000_000], [6, 1, 2, 2, 4])[0]
        payload = {"currency": currency, "limit": None if limit is None else money(limit, currency)}
        path = f"/v1/participants/{self.people[subject].id}/credit_line"
        who = self.name_of_someone("operator")
        self.post("credit", [who], path, payload, lambda owners: self.model.credit_line(owners[0], subject, currency, limit))

    def rotate(self):
        subject = self.random.choice(list(self.people))
        path = f"/v1/participants/{self.people[subject].id}/keys"
        if self.random.random() < 0.6:
            key, who = jws.Key(), self.name_of_someone(subject)
            foretell = lambda owners: self.model.add_key(owners[0], subject, key.kid)  # noqa: E731
            _, answer = self.post("key", [who], path, {"public_key": key.public}, foretell)
            if answer.status == 201:
                self.keys[subject].append(key)
                self.people[subject].key = key
        else:
            # Not the newest: the walk goes on with that one.
            key = self.random.choice(self.keys[subject][:-1] or self.keys["operator"])
            who = self.name_of_someone(subject)
            if key is self.keys[subject][-1]:
                return
            self.post("revoke", [who], f"{path}/{key.kid}/revoke", {}, lambda o: self.model.revoke_key(o[0], subject, key.kid))

    def set_policy(self):
        fields = {**self.base, **(self.random.choice(POLICIES) if self.random.random() < 0.4 else {})}
        base = self.model.version if self.random.random() < 0.8 else self.model.version - 1
        who = self.name_of_someone("operator")
        payload = {"base_version": max(base, 1), "policy": fields}
        foretell = lambda owners: self.model.set_policy(owners[0], payload["base_version"], fields)  # noqa: E731
        self.post("policy", [who], "/v1/policy", payload, foretell)

    def replay(self):
        """An accepted command again: the stored answer. Another one with its jti: refused."""
        if not self.answered:
            return
        kids, path, body, status, stored = self.random.choice(self.answered[-300:])
        try:
            self.model.authenticate(kids)
            slug = None
        except Refused as refused:
            slug = refused.slug
        answer = self.registry.send(path, body)
        if slug:
            answer.problem(slug)
        else:
            assert (answer.status, answer.body) == (status, stored), f"command {self.done}: a replay of {path}"
            self.steal(body)
        self.counts[("replay", slug or "stored")] = self.counts.get(("replay", slug or "stored"), 0) + 1

    def steal(self, body):
        """Another command with the jti of an accepted one: refused to its signer, nothing to anyone else, whose jtis are his own."""
        made = json.loads(body)
        head = json.loads(jws.b64url_decode(made.get("protected") or made["signatures"][0]["protected"]))
        other = {"base_version": 10**6, "policy": self.base}  # no command of the walk is this one
        answer = self.registry.operator.post("/v1/policy", other, jti=head["jti"])
        answer.problem("jti-reused" if self.model.keys[head["kid"]]["owner"] == "operator" else "version-conflict")

    def step(self):
        kinds = [self.submit, self.on_receivable, self.decide, self.standing, self.credit, self.rotate, self.set_policy, self.replay]
        self.random.choices(kinds, [45, 28, 5, 5, 3, 4, 3, 6])[0]()
        self.done += 1
