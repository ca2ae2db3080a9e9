"""An independent verifier of the ledger, from the published formats alone.

Nothing here is shared with the C code: signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), the tree and its
proofs (RFC 9162 section 2.1), tiles (C2SP tlog-tiles), entries as JCS objects (RFC 8785) and disclosures (RFC 9901 section
4.2.4). Every function raises AssertionError with a sentence when something does not hold.
"""

import base64
import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ZERO_HASH = "0" * 64
TILE_WIDTH = 256
ENTRY_MEMBERS = {"_sd", "_sd_alg", "at", "prev", "req", "seq", "type", "v"}
GENESIS_MEMBERS = {"origin", "vkey"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf_hash(entry):
    return sha256(b"\x00" + entry)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def b64url_decode(text):
    assert "=" not in text, "base64url here is unpadded"
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# ---- signed notes ----


class VerifierKey:
    """A vkey: name+hex(keyID)+base64(type, public key)."""

    def __init__(self, vkey):
        self.name, key_id, rest = vkey.split("+", 2)
        raw = base64.b64decode(rest, validate=True)
        self.type, public = raw[0], raw[1:]
        assert self.type == 0x01 and len(public) == 32, "the log's key is an Ed25519 key"
        self.key_id = bytes.fromhex(key_id)
        assert self.key_id == sha256(self.name.encode() + b"\n" + raw)[:4], "the key id belongs to name and key"
        self.public = Ed25519PublicKey.from_public_bytes(public)


class Checkpoint:
    def __init__(self, origin, size, root, note):
        self.origin, self.size, self.root, self.note = origin, size, root, note


def open_checkpoint(note, vkey):
    """Verifies the log's signature on a checkpoint and takes it apart."""
    key = VerifierKey(vkey)
    text, blank, signatures = note.partition("\n\n")
    assert blank, "a blank line parts text and signatures"
    text += "\n"
    assert signatures.endswith("\n")
    verified = 0
    for line in signatures[:-1].split("\n"):
        dash, name, blob = line.split(" ")
        assert dash == "\u2014"
        raw = base64.b64decode(blob, validate=True)
        if name == key.name and raw[:4] == key.key_id:
            try:
                key.public.verify(raw[4:], text.encode())
            except InvalidSignature:
                raise AssertionError("the checkpoint's signature does not verify") from None
            verified += 1
    assert verified == 1, "the log signed the checkpoint exactly once"
    lines = text.split("\n")
    assert len(lines) == 4 and lines[3] == "", "a checkpoint of ours has exactly three lines"
    origin, size, root = lines[:3]
    assert origin == key.name, "the log's key is named like its origin"
    assert re.fullmatch(r"0|[1-9]\d*", size)
    root = base64.b64decode(root, validate=True)
    assert len(root) == 32
    return Checkpoint(origin, int(size), root, note)


# ---- tree and proofs (RFC 9162 section 2.1) ----


def tree_root(leaves):
    """The root of a list of leaf hashes, by the recursive definition."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def roots_at(leaves, sizes):
    """Roots of the trees of the given sizes in one pass over the leaves."""
    wanted, roots, stack = set(sizes), {}, []
    if 0 in wanted:
        roots[0] = sha256(b"")
    for count, leaf in enumerate(leaves, 1):
        height, node = 0, leaf
        while stack and stack[-1][0] == height:
            node = node_hash(stack.pop()[1], node)
            height += 1
        stack.append((height, node))
        if count in wanted:
            root = stack[-1][1]
            for _, left in reversed(stack[:-1]):
                root = node_hash(left, root)
            roots[count] = root
    return roots


def check_inclusion(leaf, index, size, root, path):
    """RFC 9162 section 2.1.3.2."""
    assert 0 <= index < size, "the index lies in the tree"
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn != 0, "the inclusion proof is too long"
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    assert sn == 0 and r == root, "the inclusion proof leads to the root"


def check_consistency(old_size, old_root, size, root, path):
    """RFC 9162 section 2.1.4.2."""
    assert 0 < old_size <= size
    if old_size == size:
        assert not path and old_root == root, "equal trees have equal roots and an empty proof"
        return
    assert path, "a consistency proof between different trees is not empty"
    path = list(path)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = path[0]
    for c in path[1:]:
        assert sn != 0, "the consistency proof is too long"
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            sr = node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    assert sn == 0 and fr == old_root and sr == root, "the consistency proof leads to both roots"


def parse_tlog_proof(text):
    """A tlog-proof: (index, path, checkpoint note)."""
    head, blank, note = text.partition("\n\n")
    assert blank
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1", lines[0]
    assert re.fullmatch(r"index (0|[1-9]\d*)", lines[1]), lines[1]
    path = [base64.b64decode(line, validate=True) for line in lines[2:]]
    assert all(len(h) == 32 for h in path)
    return int(lines[1][6:]), path, note


# ---- entries and disclosures ----


def parse_entry(text):
    """Reads an entry; its bytes must be exactly the JCS form of what it says."""
    entry = json.loads(text)
    jcs = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert jcs == text, "an entry is a JCS object, byte for byte"
    assert len(text.encode()) <= 65535
    expected = ENTRY_MEMBERS | (GENESIS_MEMBERS if entry["seq"] == 0 else set())
    assert set(entry) == expected, f"members of an entry: {sorted(entry)}"
    assert entry["_sd_alg"] == "sha-256" and entry["v"] == 1
    assert TIME.match(entry["at"]), entry["at"]
    assert re.fullmatch(r"[0-9a-f]{64}", entry["prev"]) and re.fullmatch(r"[0-9a-f]{64}", entry["req"])
    assert entry["_sd"] == sorted(set(entry["_sd"])), "digests are sorted and unique"
    return entry


def disclosure_digest(disclosure):
    return b64url(sha256(disclosure.encode("ascii")))


def open_disclosures(entry, disclosures):
    """The facts behind an entry's digests; every disclosure must have its digest in the entry."""
    facts, salts = {}, set()
    for disclosure in disclosures:
        assert disclosure_digest(disclosure) in entry["_sd"], "a disclosure's digest stands in the entry"
        salt, name, value = json.loads(b64url_decode(disclosure))
        assert len(b64url_decode(salt)) >= 16, "a salt has at least 128 bits"
        assert salt not in salts, "a salt is used once"
        assert name not in facts, f"fact {name} stated twice"
        salts.add(salt)
        facts[name] = value
    return facts


def check_receipt(receipt, command, vkey):
    """Everything a receipt claims about the exact bytes that were posted. Returns (entry, facts, checkpoint)."""
    text = receipt["entry"]
    entry = parse_entry(text)
    assert entry["seq"] == receipt["seq"]
    leaf = leaf_hash(text.encode())
    assert leaf.hex() == receipt["leaf"], "the leaf is the entry's hash"
    if command is not None:
        assert entry["req"] == hashlib.sha256(command).hexdigest(), "the entry commits to the exact command"
    facts = open_disclosures(entry, receipt["disclosures"])
    assert len(facts) == len(entry["_sd"]), "the signer gets every fact of its own act"
    index, path, note = parse_tlog_proof(receipt["proof"])
    checkpoint = open_checkpoint(note, vkey)
    assert index == entry["seq"]
    check_inclusion(leaf, index, checkpoint.size, checkpoint.root, path)
    return entry, facts, checkpoint


# ---- the whole ledger, through its public tiles ----


def tile_path(level, n, width=TILE_WIDTH):
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03d}")
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"/tile/{level}/{'/'.join(groups)}{partial}"


def tiles_of(size, level):
    """(n, width) of every tile of a level in a tree of that size; an empty partial tile does not exist."""
    nodes = size // TILE_WIDTH**level
    full, rest = divmod(nodes, TILE_WIDTH)
    return [(n, TILE_WIDTH) for n in range(full)] + ([(full, rest)] if rest else [])


def split_bundle(bundle):
    entries, at = [], 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        entries.append(bundle[at + 2 : at + 2 + length])
        assert len(entries[-1]) == length, "the bundle ends inside an entry"
        at += 2 + length
    return entries


def verify_ledger(fetch, vkey, seen=()):
    """Downloads checkpoint, tiles and entry bundles through fetch(path) -> bytes and recomputes everything.

    `seen` are checkpoints met earlier: each must be a prefix of this very ledger. Returns (checkpoint, entries as text).
    """
    checkpoint = open_checkpoint(fetch("/checkpoint").decode(), vkey)
    entries = []
    for n, width in tiles_of(checkpoint.size, 0):
        bundle = split_bundle(fetch(tile_path("entries", n, width)))
        assert len(bundle) == width, "a bundle holds as many entries as its path says"
        entries += bundle
    leaves = [leaf_hash(entry) for entry in entries]
    check_chain(entries, leaves, vkey)
    nodes, level = leaves, 0
    while nodes:
        served = b"".join(fetch(tile_path(level, n, width)) for n, width in tiles_of(checkpoint.size, level))
        assert served == b"".join(nodes), f"tiles of level {level} are the hashes of the entries"
        full = len(nodes) // TILE_WIDTH
        nodes = [tree_root(nodes[i * TILE_WIDTH : (i + 1) * TILE_WIDTH]) for i in range(full)]
        level += 1
    roots = roots_at(leaves, {checkpoint.size} | {c.size for c in seen})
    assert roots[checkpoint.size] == checkpoint.root, "the checkpoint's root is the entries' root"
    for old in seen:
        assert old.size <= checkpoint.size, "a ledger does not shrink"
        assert roots[old.size] == old.root, f"the checkpoint of size {old.size} is a prefix of this ledger"
    return checkpoint, [entry.decode() for entry in entries]


def check_chain(entries, leaves, vkey):
    previous, last_at = ZERO_HASH, ""
    for seq, data in enumerate(entries):
        entry = parse_entry(data.decode())
        assert entry["seq"] == seq
        assert entry["prev"] == previous, f"entry {seq} names the leaf before it"
        assert entry["at"] >= last_at, f"entry {seq} is not older than the one before"
        previous, last_at = leaves[seq].hex(), entry["at"]
        if seq == 0:
            assert entry["type"] == "genesis" and entry["vkey"] == vkey
            assert entry["origin"] == VerifierKey(vkey).name
