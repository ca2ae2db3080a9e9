"""A naive model of the registry: plain dictionaries, whole scans, no cleverness. It says what each command must answer.

It knows the rules from the domain's description, not from the C code, and stands for a reader's understanding of them. Money is an
integer of minor units, a day is an ordinal, a party is a name."""

import re

SCALE = {"CNY": 2, "JPY": 0, "KWD": 3}
SUBMITTERS = ("supplier", "core_enterprise")
LIVE = ("held", "registered", "confirmed")
CHECKS = [
    "number_form", "dates_form", "amount_within_invoice", "currency_allowed", "seller_identifiers", "buyer_identifiers",
    "seller_registered", "buyer_registered", "parties_distinct", "signer_is_party", "invoice_unused", "invoice_similar",
    "due_after_issue", "tenor_within_limit", "not_past_due", "debtor_not_stopped", "credit_line", "documents_attached",
    "payee_is_seller",
]  # fmt: skip
WORST = {"pass": 0, "warn": 1, "hold": 2, "reject": 3}


def money(minor, currency):
    scale = SCALE[currency]
    if scale == 0:
        return str(minor)
    return f"{minor // 10**scale}.{minor % 10**scale:0{scale}d}"


def alike_numbers(one, other):
    """Only typing differences: separators, case, leading zeros, read with the separators or without them."""

    def joined(number):
        return re.sub(r"(?<!\d)0+", "", re.sub(r"[^0-9A-Za-z]", "", number).upper())

    def split(number):
        return re.sub(r"[^0-9A-Z]", "", re.sub(r"(?<!\d)0+", "", number.upper()))

    return joined(one) == joined(other) or split(one) == split(other)


class Refused(Exception):
    """The problem a command must meet."""

    def __init__(self, slug):
        super().__init__(slug)
        self.slug = slug


class Model:
    def __init__(self, policy, today):
        self.policy, self.version, self.today = dict(policy), 1, today
        self.parties = {}  # name -> {"roles", "suspended", "stopped", "lines": {currency: limit}}
        self.keys = {}  # kid -> {"owner", "revoked"}
        self.receivables = []  # dictionaries, in order of submission
        self.entries = 0

    # ---- who ----

    def add_party(self, name, roles, kid):
        self.parties[name] = {"roles": set(roles), "suspended": False, "stopped": False, "lines": {}}
        self.keys[kid] = {"owner": name, "revoked": False}

    def authenticate(self, kids):
        """The signers. Every key is judged before any of their owners."""
        for kid in kids:
            if kid not in self.keys:
                raise Refused("unknown-key")
            if self.keys[kid]["revoked"]:
                raise Refused("key-revoked")
        owners = [self.keys[kid]["owner"] for kid in kids]
        if any(self.parties[owner]["suspended"] for owner in owners):
            raise Refused("participant-suspended")
        if len(set(owners)) < len(owners):
            raise Refused("malformed-jws")
        return owners

    def need(self, who, *roles):
        if not self.parties[who]["roles"] & set(roles):
            raise Refused("not-permitted")

    # ---- the gateway ----

    def live(self):
        return [r for r in self.receivables if r["life"] in LIVE]

    def used(self, debtor, currency):
        """What counts against a credit line: registered in full, confirmed as confirmed."""
        total = 0
        for r in self.receivables:
            if r["debtor"] == debtor and r["currency"] == currency:
                total += {"registered": r["amount"], "confirmed": r["confirmed"]}.get(r["life"], 0)
        return total

    def unused(self, s, apart_from=None):
        same = [r for r in self.live() if r["invoice"] == s["invoice"] and r is not apart_from]
        if any(r["part"] is None or r["part"] == s["part"] for r in same) or (same and s["part"] is None):
            return "reject"
        return "reject" if sum(r["amount"] for r in same) + s["amount"] > s["gross"] else "pass"

    def similar(self, s):
        for r in self.live():
            if r["creditor"] != s["creditor"] or r["invoice"] == s["invoice"]:
                continue
            if alike_numbers(r["number"], s["number"]):
                return "hold"
            alike = all(r[name] == s[name] for name in ("debtor", "currency", "gross"))
            if alike and abs(r["issued"] - s["issued"]) <= self.policy["similar_within_days"]:
                return "hold"
        return "pass"

    def standing(self, s):
        """The checks on the debtor, which an approval asks again."""
        debtor = self.parties[s["debtor"]]
        limit = debtor["lines"].get(s["currency"])
        over = limit is not None and self.used(s["debtor"], s["currency"]) + s["amount"] > limit
        return {"debtor_not_stopped": "reject" if debtor["stopped"] else "pass", "credit_line": "reject" if over else "pass"}

    def review(self, s, signers):
        seller, buyer, policy = self.parties[s["creditor"]], self.parties[s["debtor"]], self.policy
        found = dict.fromkeys(CHECKS, "pass")
        if s["amount"] > s["payable"]:
            found["amount_within_invoice"] = "reject"
        if policy["currencies"] and s["currency"] not in policy["currencies"]:
            found["currency_allowed"] = "reject"
        if seller["suspended"] or "supplier" not in seller["roles"]:
            found["seller_registered"] = "reject"
        if buyer["suspended"] or "core_enterprise" not in buyer["roles"]:
            found["buyer_registered"] = "reject"
        if s["creditor"] == s["debtor"]:
            found["parties_distinct"] = "reject"
        if signers[0] not in (s["creditor"], s["debtor"]):
            found["signer_is_party"] = "reject"
        found["invoice_unused"], found["invoice_similar"] = self.unused(s), self.similar(s)
        if s["due"] <= s["issued"]:
            found["due_after_issue"] = "reject"
        tenor = s["due"] - s["issued"]
        if tenor > policy["tenor_max_days"]:
            found["tenor_within_limit"] = "reject"
        elif tenor > policy["tenor_warn_days"]:
            found["tenor_within_limit"] = "warn"
        if s["due"] < self.today:
            found["not_past_due"] = policy["past_due"]
        found.update(self.standing(s))
        if s["documents"] < policy["documents_required"]:
            found["documents_attached"] = "reject"
        if s["redirected"]:
            found["payee_is_seller"] = policy["payee_redirected"]
        if found["signer_is_party"] == "reject":  # a stranger hears nothing of the two parties' other business
            for code in ("invoice_unused", "invoice_similar", "debtor_not_stopped", "credit_line", "payee_is_seller"):
                del found[code]
        return found

    # ---- commands: each returns what the answer must show, or raises Refused ----

    def submit(self, signers, s):
        self.need(signers[0], *SUBMITTERS)
        if len(signers) == 2 and set(signers) != {s["creditor"], s["debtor"]}:
            raise Refused("not-permitted")
        found = self.review(s, signers)
        outcome = max(found.values(), key=WORST.get)
        life = {"hold": "held", "reject": "rejected"}.get(outcome, "registered")
        if life == "registered" and len(signers) == 2:
            life = "confirmed"
        receivable = {
            **s,
            "life": life,
            "by_debtor": signers[0] == s["debtor"] and signers[0] != s["creditor"],
            "submitter": signers[0],
            "checks": found,
            "outcome": outcome,
            "policy": self.version,
            "confirmed": s["amount"] if life == "confirmed" else None,
            "origin": "both_signed" if life == "confirmed" else None,
            "decision": None,
            "reason": None,
            "entries": 1,
        }
        self.receivables.append(receivable)
        self.entries += 1
        return receivable

    def visible(self, r, who):
        if r["submitter"] == who or (r["by_debtor"] and r["outcome"] == "hold" and r["creditor"] == who):
            return True
        registered = r["life"] != "held" and (r["outcome"] in ("pass", "warn") or r["decision"] == "approved")
        return registered and who in (r["creditor"], r["debtor"])

    def subject(self, r, who):
        if not self.visible(r, who) and not self.parties[who]["roles"] & {"operator", "reviewer"}:
            raise Refused("not-found")

    def other_side(self, r, who):
        if who != (r["creditor"] if r["by_debtor"] else r["debtor"]):
            raise Refused("not-permitted")

    def change(self, r, **members):
        r.update(members)
        r["entries"] += 1
        self.entries += 1
        return r

    def confirm(self, who, r, verb, amount=None):
        self.subject(r, who)
        self.other_side(r, who)
        if r["life"] != "registered" or (verb == "accept") != r["by_debtor"]:
            raise Refused("wrong-state")
        if r["due"] < self.today and not self.policy["confirm_past_due"]:
            raise Refused("past-maturity")
        if amount is not None and not 0 < amount <= r["amount"]:
            raise Refused("amount-out-of-range")
        origin = "accepted" if verb == "accept" else "confirmed"
        return self.change(r, life="confirmed", confirmed=amount or r["amount"], origin=origin)

    def reject(self, who, r, reason):
        self.subject(r, who)
        self.other_side(r, who)
        if r["life"] != "registered" and not (r["life"] == "held" and r["by_debtor"]):
            raise Refused("wrong-state")
        return self.change(r, life="rejected", reason=reason)

    def withdraw(self, who, r):
        self.subject(r, who)
        if r["submitter"] != who:
            raise Refused("not-permitted")
        if r["life"] not in ("held", "registered"):
            raise Refused("wrong-state")
        return self.change(r, life="withdrawn")

    def lapse(self, who, r):
        self.need(who, "operator")
        if r["life"] != "registered":
            raise Refused("wrong-state")
        raise Refused("not-yet-due")

    def decide(self, who, r, verb):
        self.need(who, "reviewer", "operator")
        if who in (r["creditor"], r["debtor"]):
            raise Refused("not-permitted")
        if r["life"] != "held":
            raise Refused("wrong-state")
        if verb == "reject":
            return self.change(r, life="rejected", decision="rejected")
        again = {**self.review(r, [r["submitter"]]), "invoice_unused": self.unused(r, apart_from=r)}
        for code in ("invoice_similar", "not_past_due", "documents_attached", "payee_is_seller", "amount_within_invoice"):
            again[code] = "pass"
        if "reject" in again.values():
            raise Refused("gateway-rejected")
        return self.change(r, life="registered", decision="approved")

    def standing_of(self, who, subject, verb):
        self.need(who, "operator")
        party = self.parties[subject]
        member = "suspended" if verb in ("suspend", "activate") else "stopped"
        if member == "stopped" and "core_enterprise" not in party["roles"]:
            raise Refused("wrong-state")
        wanted = verb in ("suspend", "stop")
        if party[member] == wanted or (verb == "suspend" and who == subject):
            raise Refused("wrong-state")
        party[member] = wanted
        self.entries += 1

    def credit_line(self, who, subject, currency, limit):
        self.need(who, "operator")
        if "core_enterprise" not in self.parties[subject]["roles"]:
            raise Refused("wrong-state")
        if limit is None:
            self.parties[subject]["lines"].pop(currency, None)
        else:
            self.parties[subject]["lines"][currency] = limit
        self.entries += 1

    def add_key(self, who, subject, kid):
        if who != subject:
            self.need(who, "operator")
        self.keys[kid] = {"owner": subject, "revoked": False}
        self.entries += 1

    def revoke_key(self, who, subject, kid):
        if who != subject:
            self.need(who, "operator")
        if kid not in self.keys or self.keys[kid]["owner"] != subject:
            raise Refused("not-found")
        if self.keys[kid]["revoked"]:
            raise Refused("wrong-state")
        others = [k for k, key in self.keys.items() if key["owner"] == subject and not key["revoked"] and k != kid]
        if "operator" in self.parties[subject]["roles"] and not others:
            raise Refused("wrong-state")
        self.keys[kid]["revoked"] = True
        self.entries += 1

    def set_policy(self, who, base, fields):
        self.need(who, "operator")
        if base != self.version:
            raise Refused("version-conflict")
        self.policy, self.version = dict(fields), self.version + 1
        self.entries += 1
