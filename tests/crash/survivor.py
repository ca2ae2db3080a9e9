"""A registry as it was found after the power went: served, asked for all that was acknowledged before, audited."""

import copy
import hashlib
import re

from kill import UNLIMITED
from load import repeat
from promises import Broken, Follower, check_again, check_open, promise
from registry import Registry

REPEATS = 12  # acknowledged commands sent again: the last ones before the cut, and as many of all


class Restored(Registry):
    """The registry of `original` in another folder, with the same keys and people."""

    def __init__(self, original, directory, options=UNLIMITED):  # without init
        vars(self).update(vars(original))
        self.options = list(options)
        self.directory, self.log = directory, directory.parent / (directory.name + ".stderr")
        self.log.unlink(missing_ok=True)  # what the cut left of the server's words is nobody's promise
        self.process = self.http = None
        self.seen, self.entries, self.secrets = [], {}, set()

    def begin(self, **how):
        try:
            self.start(**how)
        except AssertionError:
            raise Broken(f"it does not start again: {self.stderr().splitlines()[-1:]}") from None


def head_size(directory):
    """What the newest whole slot of the head file says; the format is in ledger/log/head.c."""
    promise((directory / "head").exists(), "nothing is left of the head file")
    whole = rb"(tallystick head v1\ngeneration \d+\norigin [^\n]+\nsize (\d+)\nroot [0-9a-f]{64}\n)sha256 ([0-9a-f]{64})\n"
    slots = re.findall(whole, (directory / "head").read_bytes())
    return max(int(size) for text, size, digest in slots if hashlib.sha256(text).hexdigest() == digest.decode())


def unanswered(command):
    made = copy.copy(command)
    made.answered = made.status = made.answer = made.json = None
    return made


def check(original, directory, history, cut_s, rng):
    """`history`: every command, all answered in the end; `cut_s`: when the power went. Raises Broken; returns how many
    acknowledgements were owed."""
    registry = Restored(original, directory)
    owed = [command for command in history if command.answered < cut_s]
    open_then = [command for command in history if command.sent < cut_s <= command.answered]
    last = max((receipt["seq"] for command in owed for receipt in command.receipts), default=0)
    promise(head_size(directory) > last, f"entry {last} was acknowledged, the head file says {head_size(directory)}")
    try:
        registry.begin()
        follower = Follower(registry.vkey)
        follower.catch_up(registry)
        check_owed(follower, registry, owed, rng)
        check_open(follower, registry, [unanswered(command) for command in open_then])
        registry.stop()
        code, report = registry.audit()
        promise(code == 0 and not report["findings"], f"the audit found {report}")
    finally:
        if registry.process:
            registry.kill()
        registry.log.unlink(missing_ok=True)
    return sum(max(len(command.answers), len(command.reqs)) for command in owed)


def check_owed(follower, registry, owed, rng):
    """Every receipt's entry is there; its signature and proof were verified when it came."""
    for command in owed:
        for receipt in command.receipts:
            seq = receipt["seq"]
            there = seq < len(follower.entries) and follower.entries[seq] == receipt["entry"].encode()
            promise(there, f"entry {seq} was acknowledged and is gone: {command}")
        promise(all(follower.counts(command)), f"a command was acknowledged and is not in the ledger: {command}")
    uploads = [command for command in owed if command.path == "/v1/uploads"]
    for command in uploads[-REPEATS:]:
        answer = registry.request("GET", f"/v1/uploads/{command.key}", headers={"Authorization": command.bearer})
        promise(answer.status == 200 and answer.json == command.json, f"of an upload is left: {answer.body} of {command}")
    others = [command for command in owed if command.path != "/v1/uploads"]
    some = others[-REPEATS:] + rng.sample(others, min(REPEATS, len(others)))
    for command, (status, body) in zip(some, repeat(registry.port, some)):
        check_again(command, status, body)
