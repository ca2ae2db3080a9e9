"""Claims brought by real commands into every state they can be in.

A World has somebody in every role and the moves of a claim's life. A Specimen is one claim on its way into a State; it remembers
who holds it and what request, offer, financing and payment belong to it. What only time does is done by Gallery.age_all:
everything is built on one day, then the registry is restarted forty days later."""

import collections
import datetime
import itertools
import time

import jws

DAY = 86400
# Days from the building to the looking, and due dates for each age there: grace 3 days, default 20 days after that.
LATER, GRACE, DEFAULT = 40, 3, 20
DUE = {"confirmed": 100, "due": LATER, "overdue": 25, "defaulted": 5}
LIVE = ("confirmed", "due", "part_paid", "overdue", "defaulted")
ENCUMBRANCES = ("free", "offered(transfer)", "offered(request)", "reserved", "pledged", "sold")
LOCKS = ("none", "disputed", "frozen", "debtor_stopped")

State = collections.namedtuple("State", "life encumbrance lock")
State.__str__ = lambda self: "/".join(self)


def reachable():
    """Every state there is. An unpaid overdue claim keeps its debtor on the stop list; what is divided or void was free."""
    for life in LIVE + ("settled",):
        for encumbrance in ENCUMBRANCES:
            for lock in LOCKS:
                if lock != "none" or life not in ("overdue", "defaulted"):
                    yield State(life, encumbrance, lock)
    for lock in ("none", "debtor_stopped"):
        yield State("split", "free", lock)
    for lock in ("none", "disputed", "debtor_stopped"):
        yield State("void", "free", lock)
    for encumbrance in ("free", "sold"):
        for lock in ("disputed", "debtor_stopped"):
            yield State("written_off", encumbrance, lock)


def state_of(claim):
    """The State of a claim as its debtor reads it."""
    encumbrance = claim["encumbrance"]
    if encumbrance == "offered":
        encumbrance = "offered(transfer)" if claim["offered_to"] else "offered(request)"
    for lock in ("frozen", "disputed", "debtor_stopped"):
        if lock in claim["locks"]:
            return State(claim["life"], encumbrance, lock)
    return State(claim["life"], encumbrance, "none")


def minor(text):
    return int(text.replace(".", ""))


def text(amount):
    return f"{amount // 100}.{amount % 100:02d}"


class World:
    """A registry with somebody in every role. Money is CNY."""

    def __init__(self, registry, **policy):
        self.registry, self.operator, self.papers = registry, registry.operator, itertools.count(1)
        self.supplier, self.debtor, self.lender = registry.supplier, registry.debtor, registry.lender
        self.second = registry.register("Second Tier Castings", ["supplier"])
        self.third = registry.register("Third Tier Foundry", ["supplier"])
        self.stranger = registry.register("Passing Stranger", ["supplier"])
        self.factor = registry.register("Pier Factoring", ["lender"], {})
        self.bank = registry.register("Clearing Bank", ["bank"], {})
        self.court = registry.register("Maritime Court", ["authority"], {})
        self.tax_office = registry.register("Tax Office", ["authority"], {})
        changes = {
            "tenor_warn_days": 3650, "tenor_max_days": 3650, "past_due": "warn", "confirm_past_due": True,
            "similar_within_days": 0, "grace_days": GRACE, "default_after_days": DEFAULT,
        }  # fmt: skip
        registry.policy(**{**changes, **policy})

    # ---- claims ----

    def claim(self, debtor=None, days=60, due=None, seller=None, **how):
        """A claim at once, by both signatures on one command; `due` is a date, else in so many days."""
        seller, debtor = seller or self.supplier, debtor or self.debtor
        due = due or self.registry.day(days)
        how.setdefault("issued", 100 + next(self.papers))  # a day of its own, so that equal amounts do not look alike
        payload = self.registry.invoice(seller=seller, buyer=debtor, invoice_due_date=due, **how)
        path, jti = "/v1/receivables", jws.new_jti()
        heads = [(who.key, jws.header(who.key, self.registry.origin, path, self.registry.now(), jti)) for who in (seller, debtor)]
        self.registry.contract.check_request("POST", path, jws.JOSE, payload)
        return self.registry.send(path, jws.general(heads, payload)).ok(201)["claim"]

    @staticmethod
    def act(claim, verb, who, payload=None, **how):
        identity = claim if isinstance(claim, str) else claim["id"]
        return who.post(f"/v1/claims/{identity}/{verb}", payload, **how)

    @staticmethod
    def see(claim, who):
        identity = claim if isinstance(claim, str) else claim["id"]
        return who.get(f"/v1/claims/{identity}")

    def shown(self, claim, who=None):
        return self.see(claim, who or self.debtor).ok()

    def split(self, claim, *amounts, who=None, bad=False, **members):
        payload = {"parts": [{"amount": amount} for amount in amounts], **members}
        return self.act(claim, "split", who or self.supplier, payload, bad=bad)

    def transfer(self, claim, *recipients, who=None, bad=False, **members):
        """recipients: participants for the whole, (participant, amount) for parts."""
        pairs = [one if isinstance(one, tuple) else (one, None) for one in recipients]
        listed = [{"participant": to.id, **({"amount": amount} if amount else {})} for to, amount in pairs]
        return self.act(claim, "transfer", who or self.supplier, {"recipients": listed, **members}, bad=bad)

    def passed(self, claim, to, who=None):
        """Transferred whole and accepted."""
        self.transfer(claim, to, who=who).ok(201)
        return self.act(claim, "accept_transfer", to).ok()["claim"]

    def dispute(self, claim, who=None):
        return self.act(claim, "dispute", who or self.debtor, {"reason": "value_differs", "note": "short delivery"})

    def resolve(self, claim, who=None):
        return self.act(claim, "resolve", who or self.debtor, {"note": "settled between us"})

    def freeze(self, claim, who=None):
        return self.act(claim, "freeze", who or self.court, {"order_reference": "2026-17"})

    def unfreeze(self, claim, who=None):
        return self.act(claim, "unfreeze", who or self.court, {"order_reference": "2026-18"})

    def pay(self, claim, amount, who=None, **members):
        identity = claim if isinstance(claim, str) else claim["id"]
        payload = {"claim": identity, "amount": amount, "bank_reference": f"FT-{next(self.registry.serial)}", **members}
        return (who or self.debtor).post("/v1/payments", payload)

    def stop(self, debtor):
        self.operator.post(f"/v1/participants/{debtor.id}/stop", {"reason": "asked to"}).ok()

    # ---- grants ----

    def grant(self, claim, to, who=None, **members):
        identity = claim if isinstance(claim, str) else claim["id"]
        return (who or self.supplier).post("/v1/grants", {"claim": identity, "participant": to.id, **members})

    # ---- financing ----

    def ask(self, *claims, who=None, lenders=None, **members):
        payload = {"claims": list(claims), "pay_to": "6222-0000-1111-2222", **members}
        payload["lenders"] = [lender.id for lender in lenders or [self.lender]]
        return (who or self.supplier).post("/v1/financing_requests", payload)

    def offer(self, request, kind="sale", **members):
        payload = {
            "request": request, "kind": kind, "recourse": True, "advance_rate_ppm": 800_000, "annual_rate_ppm": 40_000,
            "day_count": 360, "valid_until": self.registry.time_text(days=150), "disburse_within_minutes": 150 * 1440, **members,
        }  # fmt: skip
        return self.lender.post("/v1/offers", payload)

    # ---- time ----

    def at(self, day, hour=1):
        """Restarts so that the server's clock shows that hour of that day (UTC)."""
        moment = datetime.datetime.combine(day, datetime.time(hour), datetime.timezone.utc)
        self.registry.restart(offset=moment.timestamp() - time.time())
        return self.operator.post("/v1/sweeps").ok()

    def age(self, claim):
        """As far as the operator can move it; the sweep may have taken a step."""
        while (answer := self.act(claim, "age", self.operator)).status == 200:
            pass
        return answer

    def history(self, claim, who=None):
        identity = claim if isinstance(claim, str) else claim["id"]
        return (who or self.debtor).read_all(f"/v1/claims/{identity}/history?limit=200")


class Specimen:
    def __init__(self, world, debtor, due):
        made = world.claim(debtor, due=due)
        self.world, self.debtor, self.due = world, debtor, due
        self.id, self.face = made["id"], minor(made["face_amount"])
        self.creditor = self.holder = self.asker = world.supplier
        self.offered_to = self.disputer = None
        self.request = self.offer = self.financing = self.payment = None
        self.reversible = self.in_recourse = False

    def shown(self):
        return self.world.shown(self.id, self.debtor)

    def give_past(self):
        """A financing that was cancelled and a payment that was taken back: nothing is left of them but their ids."""
        self.encumber("reserved", "sale")
        self.world.lender.post(f"/v1/financings/{self.financing}/cancel").ok()
        self.pay("1.00")
        self.debtor.post(f"/v1/payments/{self.payment}/reverse", {"reason": "bounced"}).ok()
        self.reversible = False

    def pass_on(self, to):
        self.world.passed(self.id, to, who=self.holder)
        self.holder = self.asker = to

    def pay(self, amount):
        self.payment = self.world.pay(self.id, amount, self.debtor).ok(201)["payment"]["id"]
        self.reversible = True

    def encumber(self, encumbrance, kind, beside=()):
        """`beside`: other claims financed together with this one."""
        world = self.world
        if encumbrance == "free":
            return
        if encumbrance == "offered(transfer)":
            self.offered_to = world.third
            world.transfer(self.id, world.third, who=self.holder, respond_within_days=90).ok(201)
            return
        kind = {"pledged": "pledge", "sold": "sale"}.get(encumbrance, kind)
        asked = world.ask(self.id, *beside, who=self.holder, valid_until=world.registry.time_text(days=150)).ok(201)["request"]
        self.request, self.asker = asked["id"], self.holder
        self.offer = world.offer(self.request, kind).ok(201)["offer"]["id"]
        if encumbrance == "offered(request)":
            return
        accepted = self.holder.post(f"/v1/offers/{self.offer}/accept").ok(201)
        self.financing, self.reversible = accepted["financing"]["id"], False
        if encumbrance == "reserved":
            return
        self.disburse().ok()
        self.holder = world.lender if encumbrance == "sold" else self.holder

    def disburse(self):
        reference = {"bank_reference": f"FT-{self.financing[-12:]}"}
        return self.world.lender.post(f"/v1/financings/{self.financing}/disburse", reference)

    def take_recourse(self):
        self.world.lender.post(f"/v1/financings/{self.financing}/recourse", {"note": "unpaid"}).ok()
        self.in_recourse = True

    def lock(self, lock):
        if lock == "disputed":
            self.disputer = self.debtor
            self.world.dispute(self.id, self.debtor).ok()
        elif lock == "frozen":
            self.world.freeze(self.id).ok()

    def void(self):
        proposal = self.creditor.post("/v1/proposals", {"claim": self.id, "kind": "void"}).ok(201)["proposal"]
        self.debtor.post(f"/v1/proposals/{proposal['id']}/accept").ok()


class Gallery:
    """Specimens in every state, each wanted one time for each purpose. Debtors are kept apart by what befalls them."""

    def __init__(self, registry):
        self.world = World(registry, hop_max=1000)
        self.sound, self.stopped, self.late = registry.debtor, registry.other_debtor, None
        self.late = registry.register("Overdue Works", ["core_enterprise"])
        self.built_on = registry.moment().date()
        self.afterwards = []

    def day(self, offset):
        return (self.built_on + datetime.timedelta(days=offset)).isoformat()

    def debtor_of(self, state):
        if state.life in ("overdue", "defaulted", "written_off"):
            return self.late
        return self.stopped if state.lock == "debtor_stopped" else self.sound

    def make(self, state, kind="sale", past=False, passed=False, paid_last=False, beside=False):
        """A claim on its way into the state; time, write-off and the stop list come with age_all. `past`: with ended dealings;
        `passed`: not with its creditor any more; `paid_last`: its payment comes after all else; `beside`: financed with an
        overdue claim, on which its lender takes recourse."""
        age = "defaulted" if state.life == "written_off" else state.life if state.life in DUE else "confirmed"
        made = Specimen(self.world, self.debtor_of(state), self.day(DUE[age]))
        if past:
            made.give_past()
        if passed:
            made.pass_on(self.world.second)
        if passed and state.life == "void":
            made.pass_on(made.creditor)
        if state.life == "part_paid" and not paid_last:
            made.pay("5.00")
        others = [self.world.claim(self.late, due=self.day(DUE["overdue"]))["id"]] if beside else []
        made.encumber(state.encumbrance, kind, others)
        made.lock(state.lock)
        if beside:
            self.afterwards.append(made.take_recourse)
        if paid_last and state.life != "settled":
            made.pay("5.00")
        if state.life == "settled":
            made.pay(text(made.face))
        elif state.life == "split":
            self.world.split(made.id, "1.00", text(made.face - 100), who=made.holder).ok(201)
        elif state.life == "void":
            made.void()
        elif state.life == "written_off":
            self.afterwards.append(lambda: self.world.act(made.id, "write_off", made.holder, {"note": "hopeless"}).ok())
        return made

    def age_all(self):
        self.world.at(self.built_on + datetime.timedelta(days=LATER))
        for finish in self.afterwards:
            finish()
        self.world.stop(self.stopped)
