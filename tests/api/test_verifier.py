"""The tests' own verifier, tested: known answers, and that it refuses what it should. A verifier that accepts everything would
make every other story worthless."""

import json

import ledger
import pytest
from contract import ROOT

VECTORS = ROOT.parent / "shared" / "vectors" / "tlog-kat.json"
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {1: "6e340b9c", 2: "fac54203", 3: "aeb6bcfe", 8: "5dc9da79"}


def hashes(count):
    return [ledger.leaf_hash(str(i).encode()) for i in range(count)]


def path_to(leaves, index):
    """RFC 9162 section 2.1.3.1, by the recursive definition."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return path_to(leaves[:k], index) + [ledger.tree_root(leaves[k:])]
    return path_to(leaves[k:], index - k) + [ledger.tree_root(leaves[:k])]


def consistency(leaves, old, whole=True):
    """RFC 9162 section 2.1.4.1."""
    if old == len(leaves):
        return [] if whole else [ledger.tree_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return consistency(leaves[:k], old, whole) + [ledger.tree_root(leaves[k:])]
    return consistency(leaves[k:], old - k, False) + [ledger.tree_root(leaves[:k])]


def test_the_roots_of_the_standard_leaves():
    leaves = [ledger.leaf_hash(leaf) for leaf in LEAVES]
    for size, prefix in ROOTS.items():
        assert ledger.tree_root(leaves[:size]).hex().startswith(prefix)
    assert ledger.roots_at(leaves, ROOTS) == {size: ledger.tree_root(leaves[:size]) for size in ROOTS}


def test_true_proofs_hold_and_bent_ones_do_not():
    for size in range(1, 20):
        leaves = hashes(size)
        root = ledger.tree_root(leaves)
        for index in range(size):
            path = path_to(leaves, index)
            ledger.check_inclusion(leaves[index], index, size, root, path)
            for wrong in (path + [root], path[:-1] if path else [root], [root] + path[1:] if path else [root, root]):
                with pytest.raises(AssertionError):
                    ledger.check_inclusion(leaves[index], index, size, root, wrong)
            if size > 1:
                with pytest.raises(AssertionError):
                    ledger.check_inclusion(leaves[index], (index + 1) % size, size, root, path)
        for old in range(1, size + 1):
            old_root, path = ledger.tree_root(leaves[:old]), consistency(leaves, old)
            ledger.check_consistency(old, old_root, size, root, path)
            with pytest.raises(AssertionError):
                ledger.check_consistency(old, old_root, size, root, path + [root])
            if old < size:
                with pytest.raises(AssertionError):
                    ledger.check_consistency(old, root, size, root, path)


def test_known_answers_of_the_formats():
    if not VECTORS.exists():
        pytest.skip("the known answers are not beside this checkout")
    known = json.loads(VECTORS.read_text())
    for checkpoint in known["checkpoints"] if isinstance(known["checkpoints"], list) else known["checkpoints"].values():
        note = checkpoint if isinstance(checkpoint, str) else checkpoint["note"]
        opened = ledger.open_checkpoint(note.split("\n\n")[0] + "\n\n" + own_line(note, known["log_vkey"]), known["log_vkey"])
        assert opened.origin == known["log_vkey"].split("+")[0]
        with pytest.raises(Exception):  # noqa: B017
            ledger.open_checkpoint(note.replace("\n", "\n1", 1), known["log_vkey"])


def own_line(note, vkey):
    name = vkey.split("+")[0]
    return "".join(line + "\n" for line in note.split("\n\n")[1].splitlines() if line.split(" ")[1] == name)


def test_the_disclosure_of_the_standard():
    """RFC 9901's own example."""
    disclosure = "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert ledger.disclosure_digest(disclosure) == "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY"


def test_an_entry_that_is_not_canonical_is_refused():
    good = '{"_sd":[],"_sd_alg":"sha-256","at":"2026-11-22T01:02:03.456789Z","prev":"%s","req":"%s","seq":1,"type":"x","v":1}'
    good %= ("0" * 64, "1" * 64)
    ledger.parse_entry(good)
    changes = ((":1,", ": 1,"), ('"v":1', '"v":2'), ('"seq":1,"type":"x"', '"type":"x","seq":1'), ('"v":1', '"v":1,"x":1'))
    for bad in (good.replace(old, new) for old, new in changes):
        with pytest.raises(AssertionError):
            ledger.parse_entry(bad)


def test_tile_paths():
    assert ledger.tile_path(0, 1234067) == "/tile/0/x001/x234/067"
    assert ledger.tile_path("entries", 0, 7) == "/tile/entries/000.p/7"
    assert ledger.tiles_of(70000, 1) == [(0, 256), (1, 17)] and ledger.tiles_of(512, 0) == [(0, 256), (1, 256)]
