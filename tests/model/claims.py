"""A naive model of claims: who holds what, split, passed on, locked, aged, shown to others.

Plain dictionaries and the rules of the domain, nothing of the C code. Money is an integer of minor units, a day counts from 1970,
a time is microseconds since then, a party is its id. A tree of claims is one list under its root, so that a rule that speaks of
"the live claims of the root" is a scan of that list.

Each command is a method named like it. It raises Refused, or returns what is to be done: a function of the accepted Answer that
changes the model and returns what that answer must show."""

from answers import ANY, DAY, day_text, time_text
from model import Refused, money

TRADERS = {"supplier", "core_enterprise", "lender", "bank", "issuer"}  # who may be handed a claim
GRANTS = {
    "amounts": ("currency", "face_amount", "outstanding_amount", "paid_amount", "diluted_amount"),
    "due_date": ("due_date",),
    "debtor": ("debtor",),
    "creditor": ("creditor",),
    "holder": ("holder",),
    "state": ("life", "encumbrance", "locks"),
    "invoice": ("invoice",),
    "documents": ("documents",),
    "lineage": ("receivable", "root", "parent", "hop", "origin"),
}
AGES = ["confirmed", "due", "overdue", "defaulted"]
HIDDEN_FROM_CREDITOR = ("holder", "lender", "financing", "request", "offered_to", "notice")


def life_of(c):
    if c["final"]:
        return c["final"]
    if c["outstanding"] == 0:
        return "settled"
    if c["age"] in ("overdue", "defaulted"):
        return c["age"]
    return "part_paid" if c["paid"] else c["age"]


def is_live(c):
    return not c["final"] and c["outstanding"] > 0


class Claims:
    def __init__(self, policy):
        self.policy = dict(policy)
        self.policy_version = None
        self.parties = {}  # id -> {"roles", "stopped", "suspended", "rating"}
        self.claims, self.trees = {}, {}  # id -> claim; root -> its claims, oldest first
        self.owed = {}  # debtor -> claims it owes
        self.grants, self.grants_of = {}, {}
        self.requests = {}
        self.types = {}  # seq -> type of the entry there
        self.entries = 0
        self.now = 0

    # ---- bookkeeping ----

    def foretell(self, command, at):
        """What the command must do if it is judged at this time; raises Refused."""
        self.now = at
        return getattr(self, command.kind)(command.who, **command.args)

    def record(self, a, *types):
        """One entry of each type, the first where the receipt says."""
        for place, name in enumerate(types):
            self.types[a.seq + place] = name
        self.entries = max(self.entries, a.seq + len(types))

    @property
    def today(self):
        return self.now // DAY

    def add_party(self, who, roles):
        self.parties[who] = {"roles": set(roles), "stopped": False, "suspended": False, "rating": None}

    def need(self, who, *roles):
        if not self.parties[who]["roles"] & set(roles):
            raise Refused("not-permitted")

    def touch(self, a, c):
        c["seq"], c["updated_at"] = a.seq, a.at

    # ---- who sees a claim ----

    def fields_granted(self, c, who):
        """Fields shown by grants and by requests addressed to `who`; None: nothing."""
        fields = None
        for grant in self.grants_of.get(c["id"], ()):
            if grant["participant"] == who and self.grant_status(grant) == "active":
                fields = (fields or set()) | set(grant["fields"])
        if c["encumbrance"] == "offered" and c["request"]:
            request = self.requests[c["request"]]
            if self.is_addressed(request, who):
                fields = (fields or set()) | set(request["fields"])
        return fields

    def access(self, c, who):
        if who in (c["holder"], c["debtor"], c["offered_to"], c["lender"]) or (c["frozen"] and c["frozen"]["by"] == who):
            return "full"
        if who == c["creditor"] and c["parent"] is None:  # what became of it afterwards is others' business
            return "creditor"
        return "granted" if self.fields_granted(c, who) is not None else None

    def show_claim(self, c, who, access=None):
        access = access or self.access(c, who)
        # Nobody grants what it does not see itself.
        shown = self.whole_view(c, c["holder"] if access == "granted" else who)
        shown["access"] = access
        if access == "creditor":
            shown.update(dict.fromkeys(HIDDEN_FROM_CREDITOR))
            if c["disputed"] and c["disputed"]["by"] != c["debtor"]:
                shown["dispute"]["by"] = None  # that would name the holder
        if access == "granted":
            names = {"id", "seq", "access"}
            fields = self.fields_granted(c, who)
            for field in fields:
                names.update(GRANTS[field])
            shown = {name: value for name, value in shown.items() if name in names}
        return shown

    def sees_paper(self, c, who):
        if who in (c["creditor"], c["debtor"]):
            return True
        return who in (c["holder"], c["lender"]) and c["parent"] is None and c["final"] != "split"

    def whole_view(self, c, who):
        text = lambda minor: money(minor, c["currency"])  # noqa: E731
        dispute, frozen = c["disputed"], c["frozen"]
        sees_paper = self.sees_paper(c, who)
        return {
            "id": c["id"], "receivable": c["receivable"], "root": c["root"], "parent": c["parent"], "hop": c["hop"],
            "origin": c["origin"], "holder": c["holder"], "creditor": c["creditor"], "debtor": c["debtor"],
            "currency": c["currency"], "face_amount": text(c["face"]), "outstanding_amount": text(c["outstanding"]),
            "paid_amount": text(c["paid"]), "diluted_amount": text(c["diluted"]), "due_date": day_text(c["due"]),
            "life": life_of(c), "encumbrance": c["encumbrance"], "locks": self.locks(c), "lender": c["lender"],
            "financing": c["financing"], "request": c["request"], "offered_to": c["offered_to"],
            "respond_by": time_text(c["respond_by"]),
            "dispute": dispute and {**dispute, "at": time_text(dispute["at"])},
            "order_reference": frozen and frozen["order_reference"],
            "notice": None if c["notified_at"] is None else {
                "notified_at": time_text(c["notified_at"]), "acknowledged_at": time_text(c["acknowledged_at"])},
            "invoice": c["invoice"] if sees_paper else None, "documents": c["documents"] if sees_paper else None,
            "accepted_at": time_text(c["accepted_at"]), "updated_at": time_text(c["updated_at"]), "seq": c["seq"],
        }  # fmt: skip

    def show_acted(self, c, who, in_office=False):
        """For who acted on it: as it sees the claim then. Those who act by office, or give up what was offered to them, are shown
        once what they did; a signer that does not see the claim, as much as its first creditor."""
        if in_office:
            return self.show_claim(c, who, "full")
        now, self.now = self.now, c["updated_at"]  # a view that has ended since the claim last changed still counts
        shown = self.show_claim(c, who, self.access(c, who) or "creditor")
        self.now = now
        return shown

    # ---- checks that acts share, in the order they are made ----

    def seen(self, who, claim):
        c = self.claims.get(claim)
        if c is None or not self.access(c, who):
            raise Refused("not-found")
        return c

    def held(self, who, claim):
        c = self.seen(who, claim)
        if c["holder"] != who:
            raise Refused("not-permitted")
        return c

    def existing(self, claim):
        if claim not in self.claims:
            raise Refused("not-found")
        return self.claims[claim]

    def require_live(self, c):
        if not is_live(c):
            raise Refused("wrong-state")

    def locks(self, c):
        locks = [name for name in ("disputed", "frozen") if c[name]]
        return locks + ["debtor_stopped"] if self.parties[c["debtor"]]["stopped"] else locks

    def require_unlocked(self, c):
        if self.locks(c):
            raise Refused("claim-locked")

    def require_thawed(self, c):
        if c["frozen"]:
            raise Refused("claim-locked")

    def require_free(self, c):
        if c["encumbrance"] != "free":
            raise Refused("claim-encumbered")

    # ---- how a claim comes to be ----

    def accepted(self, a, shown, receivable):
        """A root: its id from the answer, all else from the paper that both sides signed."""
        c = {
            "id": shown["id"], "receivable": receivable["id"], "root": shown["id"], "parent": None, "hop": 0,
            "origin": "both_signed", "holder": receivable["creditor"], "creditor": receivable["creditor"],
            "debtor": receivable["debtor"], "currency": receivable["currency"], "face": receivable["minor"],
            "outstanding": receivable["minor"], "paid": 0, "diluted": 0, "due": receivable["due"], "age": "confirmed",
            "next_day": receivable["due"], "final": None, "encumbrance": "free",
            "disputed": None, "frozen": None, "lender": None, "financing": None, "request": None, "offered_to": None,
            "respond_by": None, "notified_at": None, "acknowledged_at": None, "invoice": receivable["invoice"], "documents": [],
            "accepted_at": a.at, "updated_at": a.at, "seq": a.seq, "held_seq": a.seq, "lent_seq": 0,
        }  # fmt: skip
        self.claims[c["id"]] = c
        self.trees[c["id"]] = [c]
        self.owed.setdefault(c["debtor"], []).append(c)
        return c

    def submit(self, who, paper):
        """Both sides sign one invoice: a claim at once, unless its debtor is on the stop list."""
        stopped = self.parties[paper["debtor"]]["stopped"]

        def done(a):
            if stopped:
                self.record(a, "receivable.rejected")
                return {"receivable": ANY}
            self.record(a, "claim.accepted")
            c = self.accepted(a, a.json["claim"], {**paper, "id": a.json["receivable"]["id"]})
            return {"receivable": ANY, "claim": self.show_claim(c, who)}

        done.gateway = stopped
        return done

    def live_claims(self, root):
        return [c for c in self.trees[root] if is_live(c)]

    def divide(self, a, c, amounts, shown):
        """Closes `c` into children of these amounts; returns them. Their ids come from the answer, in order."""
        children = []
        for amount, child in zip(amounts, shown):
            made = {
                **c, "id": child["id"], "parent": c["id"], "face": amount, "outstanding": amount, "paid": 0, "diluted": 0,
            }  # fmt: skip
            self.touch(a, made)
            self.claims[made["id"]] = made
            self.trees[c["root"]].append(made)
            self.owed[c["debtor"]].append(made)
            children.append(made)
        assert len(shown) == len(amounts), "a child for each part"
        c["final"], c["outstanding"] = "split", 0
        self.touch(a, c)
        return children

    def split_caps(self, c, parts):
        """Raises when the policy does not allow so many; tells whether the watch is raised."""
        if parts > self.policy["split_parts_max"]:
            raise Refused("split-limit")
        before = len(self.live_claims(c["root"]))
        after = before - 1 + parts
        if after > self.policy["split_claims_max"]:
            raise Refused("split-limit")
        return after > self.policy["split_watch_claims"]

    def split(self, who, claim, parts):
        c = self.held(who, claim)
        self.require_live(c)
        self.require_unlocked(c)
        self.require_free(c)
        if sum(parts) != c["outstanding"]:
            raise Refused("amount-out-of-range")
        watch = self.split_caps(c, len(parts))

        def done(a):
            children = self.divide(a, c, parts, a.json["claims"])
            self.record(a, "claim.split", *(["watch.raised"] if watch else []))
            return {"claim": self.show_claim(c, who), "claims": [self.show_claim(child, who) for child in children]}

        return done

    # ---- passing on ----

    def transfer(self, who, claim, recipients, days):
        """recipients: (participant, amount or None)."""
        c = self.held(who, claim)
        self.require_live(c)
        self.require_unlocked(c)
        self.require_free(c)
        for recipient, _ in recipients:
            if not self.parties[recipient]["roles"] & TRADERS or recipient in (who, c["debtor"]):
                raise Refused("not-permitted")
        amounts = [c["outstanding"] if amount is None else amount for _, amount in recipients]
        rest = c["outstanding"] - sum(amounts)
        if rest < 0 or min(amounts) < 1:
            raise Refused("amount-out-of-range")
        whole = len(recipients) == 1 and rest == 0
        watch = not whole and self.split_caps(c, len(amounts) + (rest > 0))
        if c["hop"] + 1 > self.policy["hop_max"]:
            raise Refused("hop-limit")
        days = days or self.policy["transfer_respond_days"]

        def offer(a, piece, recipient):
            piece.update(encumbrance="offered", offered_to=recipient, respond_by=a.at + days * DAY)
            self.touch(a, piece)

        def done(a):
            children = []
            if whole:
                offer(a, c, recipients[0][0])
            else:
                children = self.divide(a, c, amounts + ([rest] if rest else []), a.json["claims"])
                for child, (recipient, _) in zip(children, recipients):
                    offer(a, child, recipient)
            self.record(a, "claim.transfer_offered", *(["watch.raised"] if watch else []))
            return {"claim": self.show_claim(c, who), "claims": [self.show_claim(child, who) for child in children]}

        return done

    def pending(self, c):
        if c["encumbrance"] != "offered" or c["offered_to"] is None:
            raise Refused("wrong-state")

    def to_recipient(self, who, claim):
        c = self.seen(who, claim)
        if self.access(c, who) == "granted":
            raise Refused("not-permitted")
        self.pending(c)
        if c["offered_to"] != who:
            raise Refused("not-permitted")
        return c

    def in_time(self, c):
        if self.now > c["respond_by"]:
            raise Refused("past-deadline")

    def no_longer_offered(self, a, c):
        c.update(encumbrance="free", offered_to=None, respond_by=None)
        self.touch(a, c)

    def pass_to(self, a, c, who):
        """The debtor is told with the entry that gives the claim another holder."""
        c.update(holder=who, held_seq=a.seq, notified_at=a.at, acknowledged_at=None)

    def accept_transfer(self, who, claim):
        c = self.to_recipient(who, claim)
        self.require_live(c)
        self.require_unlocked(c)
        self.in_time(c)

        def done(a):
            self.no_longer_offered(a, c)
            self.pass_to(a, c, who)
            c["hop"] += 1
            self.record(a, "claim.transferred")
            return {"claim": self.show_claim(c, who)}

        return done

    def decline_transfer(self, who, claim):
        c = self.to_recipient(who, claim)
        self.in_time(c)
        return self.back_to_holder(who, c, "claim.transfer_declined", True)

    def cancel_transfer(self, who, claim):
        c = self.held(who, claim)
        self.pending(c)
        return self.back_to_holder(who, c, "claim.transfer_cancelled")

    def lapse_transfer(self, who, claim):
        self.need(who, "operator")
        c = self.existing(claim)
        self.pending(c)
        if self.now <= c["respond_by"]:
            raise Refused("not-yet-due")
        return self.back_to_holder(who, c, "claim.transfer_lapsed", True)

    def back_to_holder(self, who, c, name, in_office=False):
        def done(a):
            self.no_longer_offered(a, c)
            self.record(a, name)
            return {"claim": self.show_acted(c, who, in_office)}

        return done

    def acknowledge(self, who, claim):
        c = self.seen(who, claim)
        if c["debtor"] != who:
            raise Refused("not-permitted")
        if c["notified_at"] is None or c["acknowledged_at"] is not None:
            raise Refused("wrong-state")
        return self.change(who, c, "claim.acknowledged", lambda a: {"acknowledged_at": a.at})

    def change(self, who, c, name, members, in_office=False):
        def done(a):
            c.update(members(a))
            self.touch(a, c)
            self.record(a, name)
            return {"claim": self.show_acted(c, who, in_office)}

        return done

    # ---- locks ----

    def dispute(self, who, claim, reason):
        c = self.seen(who, claim)
        if who not in (c["debtor"], c["holder"]):
            raise Refused("not-permitted")
        self.require_live(c)
        if c["disputed"]:
            raise Refused("wrong-state")
        self.require_thawed(c)
        if c["encumbrance"] == "reserved" and who == c["holder"] != c["debtor"]:
            raise Refused("claim-encumbered")  # who has just sold it
        members = lambda a: {"disputed": {"by": who, "reason": reason, "note": None, "at": a.at}}  # noqa: E731
        return self.change(who, c, "claim.disputed", members)

    def resolve(self, who, claim):
        c = self.seen(who, claim)
        if who not in (c["debtor"], c["holder"]):
            raise Refused("not-permitted")
        if not c["disputed"]:
            raise Refused("wrong-state")
        if who != c["disputed"]["by"]:
            raise Refused("not-permitted")
        self.require_thawed(c)
        return self.change(who, c, "claim.dispute_resolved", lambda a: {"disputed": None})

    def freeze(self, who, claim, order):
        self.need(who, "authority")
        c = self.existing(claim)
        self.require_live(c)
        if c["frozen"]:
            raise Refused("wrong-state")
        return self.change(who, c, "claim.frozen", lambda a: {"frozen": {"by": who, "order_reference": order}}, True)

    def unfreeze(self, who, claim):
        self.need(who, "authority")
        c = self.existing(claim)
        if not c["frozen"]:
            raise Refused("wrong-state")
        if c["frozen"]["by"] != who:
            raise Refused("not-permitted")
        return self.change(who, c, "claim.unfrozen", lambda a: {"frozen": None}, True)

    # ---- time, and what it does to a debtor ----

    def next_day(self, c, age):
        """The day time moves the claim on once it has this age, by the policy of the day it came to it."""
        if age == "due":
            return c["due"] + self.policy["grace_days"] + 1
        return c["next_day"] + self.policy["default_after_days"] if age == "overdue" else None

    def age(self, who, claim):
        self.need(who, "operator")
        c = self.existing(claim)
        self.require_live(c)
        if c["age"] == "defaulted":
            raise Refused("wrong-state")
        if self.today < c["next_day"]:
            raise Refused("not-yet-due")
        older = AGES[AGES.index(c["age"]) + 1]

        def members(_):
            if older == "overdue":
                self.parties[c["debtor"]]["stopped"] = True
            return {"age": older, "next_day": self.next_day(c, older)}

        return self.change(who, c, f"claim.{older}", members, True)

    def unpaid_overdue(self, debtor):
        return [c for c in self.owed.get(debtor, ()) if is_live(c) and c["age"] in ("overdue", "defaulted")]

    def stop(self, who, party):
        return self.standing(who, party, True)

    def clear(self, who, party):
        return self.standing(who, party, False)

    def standing(self, who, party, wanted):
        self.need(who, "operator")
        if "core_enterprise" not in self.parties[party]["roles"] or self.parties[party]["stopped"] == wanted:
            raise Refused("wrong-state")
        if not wanted and self.unpaid_overdue(party):
            raise Refused("wrong-state")

        def done(a):
            self.parties[party]["stopped"] = wanted
            self.record(a, "participant.stop_changed")
            return {"participant": ANY}

        return done

    def rating(self, who, party, rating):
        self.need(who, "operator")
        if rating is None and self.parties[party]["rating"] is None:
            raise Refused("wrong-state")

        def done(a):
            self.parties[party]["rating"] = rating
            self.record(a, "participant.rated")
            assert a.json["participant"]["rating"] == (rating and {"rating": rating, "agency": None}), a.json
            return {"participant": ANY}

        return done

    def write_off(self, who, claim):
        c = self.held(who, claim)
        if not is_live(c) or c["age"] != "defaulted":
            raise Refused("wrong-state")
        self.require_thawed(c)
        if c["encumbrance"] not in ("free", "sold"):
            raise Refused("claim-encumbered")
        return self.change(who, c, "claim.written_off", lambda a: {"final": "written_off"})

    def set_policy(self, who, base, fields):
        self.need(who, "operator")
        if base != self.policy_version:
            raise Refused("version-conflict")

        def done(a):
            self.policy, self.policy_version = dict(fields), self.policy_version + 1
            self.record(a, "policy.set")
            return {"policy": ANY}

        return done

    # ---- showing a claim to others ----

    def grant_status(self, grant):
        if grant["revoked_at"] is not None:
            return "revoked"
        claim = self.claims[grant["claim"]]
        if claim["holder"] != grant["grantor"] or claim["held_seq"] > grant["granted_seq"]:
            return "ended"
        if grant["valid_until"] is not None and self.now > grant["valid_until"]:
            return "expired"
        return "active"

    def show_grant(self, g):
        return {
            **{name: g[name] for name in ("id", "claim", "grantor", "participant", "fields", "note", "seq")},
            "valid_until": time_text(g["valid_until"]), "revoked_at": time_text(g["revoked_at"]),
            "status": self.grant_status(g), "granted_at": time_text(g["granted_at"]),
        }  # fmt: skip

    def grant(self, who, claim, participant, fields, valid_until):
        self.require_live(self.held(who, claim))
        if participant == who:
            raise Refused("not-permitted")

        def done(a):
            made = {
                "id": a.json["grant"]["id"], "claim": claim, "grantor": who, "participant": participant,
                "fields": fields or list(GRANTS), "valid_until": valid_until, "revoked_at": None, "note": None,
                "granted_at": a.at, "seq": a.seq, "granted_seq": a.seq,
            }  # fmt: skip
            self.grants[made["id"]] = made
            self.grants_of.setdefault(claim, []).append(made)
            self.record(a, "grant.made")
            return {"grant": self.show_grant(made)}

        return done

    def revoke_grant(self, who, grant):
        g = self.grants.get(grant)
        if g is None or who not in (g["grantor"], g["participant"]):
            raise Refused("not-found")
        if g["grantor"] != who:
            raise Refused("not-permitted")
        if g["revoked_at"] is not None:
            raise Refused("wrong-state")

        def done(a):
            g["revoked_at"] = a.at
            self.record(a, "grant.revoked")
            return {"grant": self.show_grant(g)}

        return done
