"""What a registry owes to those it has answered, asked of it after a crash.

- The ledger it serves now continues the one that was seen before: a consistency proof, every new entry chained, every root
  recomputed, so that each checkpoint ever signed is a prefix.
- Each acknowledged command stands there under its seq, with the bytes of its receipt; the same bytes get the same answer.
- A command that had no answer is there whole or not at all, and sending it again has one outcome: as if it had been sent once.
"""

import base64
import collections
import os
import time

import ledger
from load import repeat


STALE, IAT_WINDOW_S = "urn:tallystick:problem:stale-command", 300


class Broken(AssertionError):
    """A promise that was not kept."""


def promise(held, *words):
    if not held:
        raise Broken(" ".join(map(str, words)))


class Follower:
    """The public ledger as read so far: entries by seq, how often each command is named, the root at every size."""

    def __init__(self, vkey):
        self.vkey, self.entries, self.leaf, self.at = vkey, [], ledger.ZERO_HASH, ""
        self.stack, self.roots, self.seqs_by_req = [], [ledger.sha256(b"")], collections.defaultdict(list)

    def catch_up(self, registry):
        """Reads on to the checkpoint served now, and proves that it continues what was read before."""
        old = len(self.entries)
        checkpoint = ledger.open_checkpoint(registry.get("/checkpoint").ok_text(), self.vkey)
        promise(checkpoint.size >= old, f"the ledger has {checkpoint.size} entries, and had {old}")
        if 0 < old < checkpoint.size:
            proof = registry.get(f"/v1/consistency?from={old}&to={checkpoint.size}").ok()["hashes"]
            path = [base64.b64decode(node) for node in proof]
            ledger.check_consistency(old, self.roots[old], checkpoint.size, checkpoint.root, path)
        for n, width in ledger.tiles_of(checkpoint.size, 0)[old // ledger.TILE_WIDTH :]:
            answer = registry.get(ledger.tile_path("entries", n, width))
            promise(answer.status == 200, f"bundle {n} of width {width} answers {answer.status}")
            for i, entry in enumerate(ledger.split_bundle(answer.body), n * ledger.TILE_WIDTH):
                self.take(i, entry)
        promise(self.roots[checkpoint.size] == checkpoint.root, "the checkpoint's root is not that of the entries")
        return checkpoint

    def take(self, seq, text):
        if seq < len(self.entries):
            promise(self.entries[seq] == text, f"entry {seq} is no longer what it was")
            return
        entry = ledger.parse_entry(text.decode())
        promise(entry["seq"] == seq and entry["prev"] == self.leaf, f"entry {seq} does not follow the one before")
        promise(entry["at"] >= self.at, f"entry {seq} is older than the one before")
        leaf = ledger.leaf_hash(text)
        self.leaf, self.at = leaf.hex(), entry["at"]
        self.entries.append(text)
        self.seqs_by_req[entry["req"]].append(seq)
        self.grow(leaf)

    def grow(self, node):
        """The tree's right edge with one leaf more, and its root."""
        height = 0
        while self.stack and self.stack[-1][0] == height:
            node, height = ledger.node_hash(self.stack.pop()[1], node), height + 1
        self.stack.append((height, node))
        root = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            root = ledger.node_hash(left, root)
        self.roots.append(root)

    def check_receipt(self, receipt, command):
        """The receipt verifies, and its entry and its checkpoint are those of this very ledger."""
        entry, _, checkpoint = ledger.check_receipt(receipt, None, self.vkey)
        seq = entry["seq"]
        promise(seq < len(self.entries), f"entry {seq} was acknowledged and is gone: {command}")
        promise(self.entries[seq] == receipt["entry"].encode(), f"entry {seq} is not what its receipt says: {command}")
        promise(checkpoint.size < len(self.roots), f"a checkpoint of {checkpoint.size} entries was signed: {command}")
        promise(self.roots[checkpoint.size] == checkpoint.root, f"size {checkpoint.size} had another root: {command}")
        promise(not command.reqs or entry["req"] in command.reqs, f"entry {seq} is another command's: {command}")

    def counts(self, command):
        return [len(self.seqs_by_req[req]) for req in command.reqs]


def check_acknowledged(follower, registry, commands):
    """Receipts against the ledger as it is now, and the stored answers byte for byte."""
    for command in commands:
        for receipt in command.receipts:
            follower.check_receipt(receipt, command)
        promise(all(follower.counts(command)), f"a command was acknowledged and is not in the ledger: {command}")
    for command, (status, body) in zip(commands, repeat(registry.port, commands)):
        if command.path == "/v1/uploads":
            check_upload(command, status, body)
        else:
            check_again(command, status, body)


def check_again(command, status, body):
    """The same bytes get the very answer, but that a batch says of each act that it was done before."""
    first = command.answer
    if command.path == "/v1/batches":
        first = first.replace(b'"replayed":false', b'"replayed":true')
    at = len(os.path.commonprefix([first, body]))
    told = f"{first[max(0, at - 100) : at + 200]} was answered, now {status} {body[max(0, at - 100) : at + 200]}"
    promise((status, body) == (command.status, first), f"another answer, from byte {at} on: {told}: {command}")


def check_upload(command, status, body):
    """An upload's answer tells when it was sent last; its results do not change."""
    told = ledger.json.loads(body)
    same = [name for name in ("rows", "accepted", "held", "refused", "state") if told.get(name) != command.json[name]]
    promise(status == command.status and not same, f"another answer: {status} {body[:600]} to {command}")
    promise(told["accepted"] == len(command.reqs), f"every row was accepted: {body} to {command}")


def too_late(command):
    """Signed so long ago that the registry no longer takes it for new; a slow machine looks at many states of one recording."""
    return command.json.get("type") == STALE and time.monotonic() - command.sent > IAT_WINDOW_S - 1


def check_open(follower, registry, commands):
    """Sent again, what had no answer is done once; whether it had been done before shows in the ledger."""
    before = [follower.counts(command) for command in commands]
    for command, counts in zip(commands, before):
        if command.atomic:
            promise(all(counts) or not any(counts), f"half a batch: {counts} entries of {command}")
    found = sum(any(counts) for counts in before)
    for command, counts, (status, body) in zip(commands, before, repeat(registry.port, commands)):
        promise(command.take(status, body), f"no answer: {command}")
        promise(command.done or (too_late(command) and not any(counts)), f"what nothing hinders was refused: {command}")
    follower.catch_up(registry)
    for command, counts in zip(commands, before):
        after = follower.counts(command)
        promise(all(after) if command.done else not any(after), f"not as it was answered in the ledger: {command}")
        promise(all(a == b for a, b in zip(after, counts) if b), f"entries were added to a command done before: {command}")
    for command in commands:
        for receipt in command.receipts:
            follower.check_receipt(receipt, command)
    return found
