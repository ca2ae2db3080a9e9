"""The public ledger over HTTP: checkpoint, tiles, entries, proofs; no token needed, nothing private in it."""

import base64
import json

import ledger
import pytest


@pytest.fixture(scope="module")
def grown(registry):
    """A ledger wider than one tile: 300 entries and more."""
    serial = 0
    while registry.size() < 300:
        rows = [f"PT-{serial + i},{registry.day(-1)},{registry.day(60)},CNY,{5000 + serial + i}.00" for i in range(50)]
        serial += 50
        head = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id"
        rows = [f"{row},{registry.supplier.id},{registry.debtor.id}" for row in rows]
        registry.supplier.submit("\n".join([head, *rows, ""]).encode(), cty="text/csv").ok(200)
    return registry.size()


def test_the_checkpoint_is_a_signed_note_in_plain_text(registry):
    answer = registry.get("/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = ledger.open_checkpoint(answer.ok_text(), registry.vkey)
    assert checkpoint.origin == registry.origin and checkpoint.size >= 1


def test_a_checkpoint_stays_the_same_while_nothing_happens(registry):
    assert registry.get("/checkpoint").body == registry.get("/checkpoint").body


def test_every_tile_of_the_ledger_is_served(registry, grown):
    checkpoint, entries = registry.verify()
    assert len(entries) == checkpoint.size == grown


def test_a_tile_of_any_width_ever_published_is_served(registry, grown):
    full = registry.get("/tile/0/000").body
    assert len(full) == 256 * 32
    for width in (1, 2, 17, 255):
        assert registry.get(f"/tile/0/000.p/{width}").body == full[: width * 32]
        assert len(ledger.split_bundle(registry.get(f"/tile/entries/000.p/{width}").body)) == width
    assert registry.get("/tile/1/000.p/1").body == ledger.tree_root([full[i : i + 32] for i in range(0, 8192, 32)])


def test_full_tiles_are_immutable(registry, grown):
    assert "immutable" in registry.get("/tile/0/000").headers["cache-control"]
    assert "immutable" in registry.get("/tile/entries/000").headers["cache-control"]
    assert "immutable" not in registry.get("/checkpoint").headers.get("cache-control", "")
    assert "immutable" not in registry.get("/tile/0/000.p/7").headers.get("cache-control", "")


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/001", "/tile/0/002.p/1", "/tile/0/001.p/255", "/tile/0/000.p/0", "/tile/0/000.p/256", "/tile/0/000.p/",
        "/tile/0/000.p/01", "/tile/0/0", "/tile/0/00", "/tile/0/0000", "/tile/0/x000/000", "/tile/0/-01", "/tile/00/000",
        "/tile/7/000", "/tile/-1/000", "/tile/x/000", "/tile/1/000", "/tile/2/000.p/1", "/tile/0", "/tile/0/", "/tile/",
        "/tile/0/000/000", "/tile/0/000.p/1/", "/tile/entries/001", "/tile/entries/x000/000", "/tile/Entries/000",
        "/tile/0/x999/x999/x999/x999/x999/999",
    ],
)  # fmt: skip
def test_tiles_that_do_not_exist_are_not_found(registry, grown, path):
    answer = registry.http.request("GET", path)
    answer.problem("not-found")


def test_an_entry_is_public_and_its_facts_are_not(registry):
    receipt = registry.supplier.submit(registry.invoice()).ok(201)["receipt"]
    path = f"/v1/entries/{receipt['seq']}"
    shown = registry.get(path).ok()
    assert shown["entry"] == receipt["entry"] and shown["leaf"] == receipt["leaf"] and shown["seq"] == receipt["seq"]
    assert shown["type"] == "receivable.registered" and "facts" not in shown and "disclosures" not in shown
    assert "facts" not in registry.lender.get(path).ok()
    for party in (registry.supplier, registry.debtor):
        seen = party.get(path).ok()
        assert seen["disclosures"] == receipt["disclosures"]
        facts = ledger.open_disclosures(json.loads(seen["entry"]), seen["disclosures"])
        assert facts == seen["facts"] and facts["creditor_id"] == registry.supplier.id


def test_an_entry_reveals_neither_parties_nor_amounts(registry):
    paper = registry.invoice(gross="123456.78")
    entry = registry.supplier.submit(paper).ok(201)["receipt"]["entry"]
    for secret in (registry.supplier.id, registry.debtor.id, "123456", paper["invoice"]["number"], "CNY", "Bluewater"):
        assert secret not in entry


def test_equal_facts_have_different_digests_in_every_entry(registry):
    first, second = (
        json.loads(registry.supplier.submit(registry.invoice()).ok(201)["receipt"]["entry"]) for _ in range(2)
    )
    assert not set(first["_sd"]) & set(second["_sd"])


def test_entries_that_are_not_there(registry):
    size = registry.size()
    for seq in (size, size + 1, 2**53, 2**63, "x", "-1", "01", "1.0"):
        registry.http.request("GET", f"/v1/entries/{seq}").problem("not-found")
        registry.http.request("GET", f"/v1/entries/{seq}/proof").problem("not-found")


def test_entries_are_listed_in_order(registry, grown):
    first = registry.supplier.get("/v1/entries?limit=3").ok()
    assert [item["seq"] for item in first["items"]] == [0, 1, 2] and first["size"] == registry.size()
    later = registry.supplier.get("/v1/entries?from=250&limit=10").ok()["items"]
    assert [item["seq"] for item in later] == list(range(250, 260))
    for item in later:
        assert ledger.leaf_hash(item["entry"].encode()).hex() == item["leaf"]
        assert json.loads(item["entry"])["type"] == item["type"]
    assert registry.supplier.get(f"/v1/entries?from={registry.size()}").ok()["items"] == []
    registry.supplier.get("/v1/entries?from=-1", bad=True).problem("bad-query")
    registry.supplier.get("/v1/entries?limit=1001", bad=True).problem("bad-query")


def test_every_entry_is_proven_in_the_current_checkpoint(registry, grown):
    _, entries = registry.verify()
    for seq in [0, 1, 2, 127, 128, 254, 255, 256, 257, grown - 1]:
        index, path, note = ledger.parse_tlog_proof(registry.get(f"/v1/entries/{seq}/proof").ok_text())
        checkpoint = ledger.open_checkpoint(note, registry.vkey)
        assert index == seq
        ledger.check_inclusion(ledger.leaf_hash(entries[seq].encode()), seq, checkpoint.size, checkpoint.root, path)


def test_any_two_sizes_are_proven_consistent(registry, grown):
    _, entries = registry.verify()
    leaves = [ledger.leaf_hash(entry.encode()) for entry in entries]
    sizes = [1, 2, 3, 7, 8, 100, 255, 256, 257, grown]
    roots = ledger.roots_at(leaves, sizes)
    for old in sizes:
        for new in (size for size in sizes if size >= old):
            answer = registry.get(f"/v1/consistency?from={old}&to={new}").ok()
            assert (answer["from"], answer["to"]) == (old, new)
            path = [base64.b64decode(text, validate=True) for text in answer["hashes"]]
            ledger.check_consistency(old, roots[old], new, roots[new], path)


@pytest.mark.parametrize(
    "query",
    ["", "from=1", "to=1", "from=0&to=1", "from=2&to=1", "from=1&to=99999999", "from=a&to=1", "from=1&to=2&x=3"],
)
def test_faulty_sizes_have_no_consistency(registry, query):
    registry.http.request("GET", f"/v1/consistency?{query}").problem("bad-query")


def test_the_first_entry_is_the_genesis(registry):
    entry = json.loads(registry.get("/v1/entries/0").ok()["entry"])
    assert entry["type"] == "genesis" and entry["prev"] == "0" * 64
    assert entry["origin"] == registry.origin and entry["vkey"] == registry.vkey


def test_public_reads_take_a_token_but_do_not_need_one(registry):
    for path in ("/checkpoint", "/tile/entries/000.p/1", "/healthz", "/readyz", "/v1/entries/0", "/v1/entries/0/proof"):
        assert registry.get(path).status == registry.supplier.get(path).status == 200


def test_health_and_readiness(registry):
    assert registry.get("/healthz").ok() == {"status": "ok"}
    assert registry.get("/readyz").ok() == {"status": "ready", "size": registry.size()}
