"""Random commands of a claim's whole life: chosen here, sent alone or many at once, held against the model.

The ledger says in which order accepted commands were judged. So after a salvo the accepted ones are applied to the model in the
order of their receipts, where each must be legal and its answer exactly what the model says; and each refused one must be refused by
the model, with that very problem, in one of the states that it could have met."""

import itertools
import random

from answers import ANY, Answer, time_of
from contract import STATUS
from financing import Life
from life_choices import CARELESS, Choices
from model import Refused
from wire import LINES, Command, Wire

CAST = {
    **{f"supplier-{n}": ["supplier"] for n in range(1, 7)},
    "middle-1": ["supplier", "core_enterprise"], "middle-2": ["supplier", "core_enterprise"],
    **{f"debtor-{n}": ["core_enterprise"] for n in range(1, 7)},
    "lender-1": ["lender"], "lender-2": ["lender"], "lender-3": ["lender"], "bank": ["bank"], "issuer": ["issuer"],
    "court": ["authority"], "regulator": ["authority"], "reviewer": ["reviewer"],
}  # fmt: skip
BASE = {
    "tenor_warn_days": 3650, "tenor_max_days": 3650, "past_due": "warn", "confirm_past_due": True, "grace_days": 2,
    "default_after_days": 6, "hop_max": 6, "split_parts_max": 20, "split_claims_max": 30, "split_watch_claims": 12,
    "overpayment": "record",
}  # fmt: skip
# What time does by itself: type of the entry, the command it stands for, the fact that names its subject.
BY_TIME = {
    "claim.due": ("age", "claim_id", "claim"), "claim.overdue": ("age", "claim_id", "claim"),
    "claim.defaulted": ("age", "claim_id", "claim"), "claim.transfer_lapsed": ("lapse_transfer", "claim_id", "claim"),
    "request.lapsed": ("lapse_request", "request_id", "request"),
    "financing.lapsed": ("lapse_financing", "financing_id", "financing"),
}  # fmt: skip


class LifeWalk(Choices):
    def __init__(self, registry, seed):
        self.registry, self.random, self.wire = registry, random.Random(seed), Wire(registry)
        self.people = {"operator": registry.operator}
        registry.operator.name = "operator"
        for name, roles in CAST.items():
            self.people[name] = registry.register(name, roles)
        self.told = list(self.people.values())  # whoever was told of the last entry that time made comes first
        self.by_id = {person.id: person for person in self.people.values()}
        policy = registry.policy(**BASE)
        self.base = {k: v for k, v in policy.items() if k not in ("version", "set_at", "seq")}
        self.model = Life(self.base)
        self.model.policy_version = policy["version"]
        self.model.add_party(registry.operator.id, ["operator"])
        for name, roles in CAST.items():
            self.model.add_party(self.people[name].id, roles)
        self.model.entries = registry.size()
        self.done, self.counts, self.raced, self.time_did = 0, {}, 0, 0
        self.last_at, self.snapshots = 0, []  # (claim, time, size of the ledger, the claim as its debtor saw it then, its lender)
        self.between = (0, 0)  # when the last salvo was sent, when answered
        self.prepare()

    def now(self):
        return int(self.registry.now() * 1_000_000)

    # ---- sending and judging ----

    def send(self, commands, copies=()):
        """Sends them at once; `copies` names those that are sent twice, byte for byte."""
        requests = []
        for command in commands:
            request, command.body = self.wire.signed(command.signers, command.path, command.payload)
            requests.append(request)
        requests += [requests[place] for place in copies]
        sent = self.now()
        replies = self.wire.salvo(requests)
        self.between = (sent, self.now())
        twins = []
        for command, reply in zip(commands, replies):
            command.reply = reply
        for place, reply in zip(copies, replies[len(commands) :]):
            command, twin = commands[place], commands[place].twin(reply)
            if command.accepted and twin.accepted:
                assert command.reply.body == twin.reply.body, f"one command, one answer: {command}, and {twin}"
            else:
                twins.append(twin)
        self.judge([*commands, *twins])
        self.done += len(requests)

    def judge(self, commands):
        accepted = sorted((c for c in commands if c.accepted), key=lambda c: c.reply.json["receipt"]["seq"])
        refused = [c for c in commands if not c.accepted]
        for command in refused:
            self.note(command, command.slug)
            assert command.reply.status == STATUS[command.slug], str(command)
        refused = self.still_unexplained(refused)
        for command in accepted:
            refused = self.catch_up(command.reply.json["receipt"]["seq"], refused)
            self.apply(command)
            refused = self.still_unexplained(refused)
        if refused:
            refused = self.catch_up(self.registry.size(), refused)
        for command in refused:
            others = "\n".join(f"{c.kind} {c.path} {c.reply.status} {c.outcome}" for c in accepted)
            raise AssertionError(f"command {self.done}: {command} but the model says {self.foretold(command)}, after\n{others}")

    def foretold(self, command):
        """What the model says to it as things stand: when the salvo was sent, and when it was answered."""
        said = []
        for at in self.between:
            try:
                self.model.foretell(command, at)
                said.append("accepted")
            except Refused as refused:
                said.append(refused.slug)
        return said

    def still_unexplained(self, refused):
        return [command for command in refused if command.slug not in self.foretold(command)]

    def apply(self, command):
        self.wire.check("POST", command.path, command.payload, command.body, command.reply)
        said = command.reply.json
        receipt = said["receipt"]
        at = receipt["entry"].index('"at":"') + 6
        answer = Answer(said, time_of(receipt["entry"][at : at + 27]), receipt["seq"])
        assert receipt["seq"] == self.model.entries, f"command {self.done}: {command}: the model is at {self.model.entries}"
        try:
            does = self.model.foretell(command, answer.at)
        except Refused as refused:
            raise AssertionError(f"command {self.done}: {command} but the model says {refused.slug}") from None
        gateway = getattr(does, "gateway", False)
        self.note(command, "gateway-rejected" if gateway else "accepted")
        assert gateway == (command.reply.status == 422), str(command)
        shown = does(answer)
        self.last_at = answer.at
        for name, expected in shown.items():
            if said.get(name) != expected:
                raise AssertionError(f"command {self.done}: {command}\n{differences(name, expected, said.get(name))}")
        self.learn(command, said)

    def note(self, command, outcome):
        self.counts[(command.kind, outcome)] = self.counts.get((command.kind, outcome), 0) + 1

    def catch_up(self, size, refused=()):
        """What time did by itself up to there: the server sweeps at start and every minute."""
        while self.model.entries < size:
            entry, command = self.read_entry(self.model.entries)
            self.last_at = time_of(entry["at"])
            self.model.foretell(command, self.last_at)(Answer(ANY, self.last_at, entry["seq"]))
            assert self.model.types[entry["seq"]] == entry["type"]
            self.time_did += 1
            refused = self.still_unexplained(refused)
        return refused

    def read_entry(self, seq):
        """An entry made by time, and the command it stands for; one of those it concerns must be asked what it says."""
        entry = self.wire.get(self.people["operator"], f"/v1/entries/{seq}").json
        assert entry["type"] in BY_TIME, f"command {self.done}: nobody asked for {entry}"
        kind, fact, name = BY_TIME[entry["type"]]
        for who in self.told:
            told = self.wire.get(who, f"/v1/entries/{seq}").json
            if "facts" in told:
                self.told.remove(who)
                self.told.insert(0, who)
                return entry, Command(kind, [self.people["operator"]], "", {}, **{name: told["facts"][fact]})
        raise AssertionError(f"command {self.done}: nobody was told of {entry}")

    # ---- walking ----

    def step(self):
        """One command, or a salvo of them around a few hot subjects."""
        self.hot, self.theme = {}, None
        if self.random.random() < 0.5:
            command = self.choose()
            if command:
                self.send([command])
            if self.random.random() < 0.1:
                self.look()
            if self.random.random() < 0.02:
                self.remember()
            return
        if self.random.random() < 0.8:
            self.heat()
        size = self.random.choice([2, 3, 4, 8, 12, LINES])
        if self.random.random() < 0.04:
            self.theme = ["request"]
            self.send([command for command in (self.choose() for _ in range(LINES)) if command])
            commands = self.draw_on_one_program()
        else:
            commands = [command for command in (self.choose() for _ in range(size)) if command]
        if commands:
            copies = [0] if len(commands) < LINES and self.random.random() < 0.15 else []
            self.send(commands, copies)
            self.raced += len(commands)

    def pass_time(self, seconds):
        """The server is stopped and started with a later clock. If it is later by days, but for the seconds that the last commands
        took, then the deadlines of whole days pass one after the other among the next commands. The first ones meet the server's
        own sweep."""
        self.be_late()
        self.wire.close()
        self.registry.restart(offset=self.registry.offset + seconds)
        self.be_late()
        self.registry.operator.post("/v1/sweeps").ok()
        self.catch_up(self.registry.size())
        self.be_late()
        self.set_right()

    def be_late(self):
        self.hot, self.theme = {}, None
        for commands in (self.late_comers(), self.late_debts()):
            late = [command for command in itertools.islice(commands, 200) if command]
            self.random.shuffle(late)
            for start in range(0, len(late), LINES):
                self.send(late[start : start + LINES])

    def set_right(self):
        """Most debtors pay what is overdue and come off the stop list, so that the walk goes on."""
        for name in [name for name, roles in CAST.items() if "core_enterprise" in roles]:
            debtor = self.people[name].id
            if self.random.random() < (0.7 if name in CARELESS else 0.1) or not self.model.parties[debtor]["stopped"]:
                continue
            roots = dict.fromkeys(c["root"] for c in self.model.unpaid_overdue(debtor))
            for root in roots:
                self.send([self.paying_all(root)])
            self.send([self.on_party("clear", "operator", debtor)])

    def remember(self):
        """A claim as it stands now, for a certificate that will be asked for much later."""
        claim = self.some("claim", lambda claim: True)
        if claim and self.last_at:
            c = self.model.claims[claim]
            self.snapshots.append((claim, self.last_at, self.model.entries, self.model.whole_view(c, c["debtor"]), c["lender"]))

    def look(self):
        """A claim as somebody sees it, or as nobody may."""
        claim = self.some("claim", lambda c: True)
        if claim is None:
            return
        c, name = self.model.claims[claim], self.random.choice(list(self.people))
        who = self.people[name]
        for again in (True, False):
            reply = self.wire.get(who, f"/v1/claims/{claim}")
            self.model.now = self.now()
            access = self.model.access(c, who.id)
            expected = self.model.show_claim(c, who.id) if access else None
            got = reply.json if reply.status == 200 else None
            if got == expected:
                return
            if again:
                self.catch_up(self.registry.size())
        raise AssertionError(f"{name} reads {claim} ({access}): {differences('claim', expected, got)}")


def differences(name, expected, got):
    """Where two answers differ, member by member."""
    if isinstance(expected, dict) and isinstance(got, dict):
        found = []
        for member in sorted(expected.keys() | got.keys()):
            if member not in got or member not in expected:
                found.append(f"{name}/{member}: {'missing' if member not in got else f'unforetold {got[member]!r}'}")
            elif expected[member] != got[member]:
                found.append(differences(f"{name}/{member}", expected[member], got[member]))
        return "\n".join(found)
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return "\n".join(differences(f"{name}/{i}", e, g) for i, (e, g) in enumerate(zip(expected, got)) if e != g)
    return f"{name}: the model says {expected!r}, the server {got!r}"

