"""The audit from inside finds what an attacker with the database in hand changes: a flipped byte in an entry, a disclosure, a
command, a value, an index, a checkpoint. Each story bends one thing in a copy of a sound registry and names where it must be
found."""

import hashlib
import json
import shutil
import sqlite3

import packed
import pytest
from registry import Registry, tallystick


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A stopped registry with a bit of everything in it."""
    registry = Registry(tmp_path_factory.mktemp("audit") / "sound")
    registry.start()
    try:
        registry.cast()
        redirect = {"name": "Elsewhere", "identifiers": {"tax_id": "E1"}}
        registry.confirmed()
        registry.registered(documents=[{"kind": "contract", "sha256": "ab" * 32}])
        held = registry.supplier.submit(registry.invoice(invoice_payee=redirect)).ok(202)["receivable"]
        registry.reviewer.post(f"/v1/reviews/{held['id']}/approve", {"note": "ok"}).ok()
        registry.supplier.submit(registry.invoice(days=999)).problem("gateway-rejected")
        registry.debtor.act(registry.registered(), "reject", {"reason": "other"}).ok()
        path = f"/v1/participants/{registry.debtor.id}/credit_line"
        registry.operator.post(path, {"currency": "CNY", "limit": "900000.00"}).ok()
        registry.policy(tenor_warn_days=170)
        _, token = registry.supplier.issue_token()
        registry.supplier.post(f"/v1/tokens/{token['id']}/revoke").ok()
        registry.verify()
        registry.stop()
    finally:
        if registry.process:
            registry.kill()
    return registry


@pytest.fixture
def copy(sound, tmp_path):
    folder = tmp_path / "bent"
    shutil.copytree(sound.directory, folder)
    return folder


def bend(folder, *statements):
    """Changes the database as no connection of the program could: triggers dropped, checks off, then put back."""
    database = sqlite3.connect(folder / "ledger.db")
    packed.add_functions(database)
    triggers = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        database.execute(f"DROP TRIGGER {name}")
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute("PRAGMA ignore_check_constraints = ON")
    changed = 0
    for statement in statements:
        changed += database.execute(statement).rowcount
    for _, sql in triggers:
        database.execute(sql)
    database.commit()
    database.close()
    assert changed >= 1, "the story's statement changed nothing"


def audit(folder):
    done = tallystick("audit", folder, "--json")
    report = json.loads(done.stdout) if done.stdout.strip() else {}
    return done.returncode, report, done.stderr


def test_a_sound_registry_passes(copy):
    code, report, errors = audit(copy)
    assert code == 0, errors
    assert report["ok"] is True and report["findings"] == []
    assert report["entries"] > 20 and report["commands"] > 15


def test_what_is_stored_of_an_entry_gives_its_exact_bytes(copy):
    with sqlite3.connect(copy / "ledger.db") as database:
        rows = database.execute("SELECT body FROM entries ORDER BY seq").fetchall()
    prev = bytes(32)
    for seq, (body,) in enumerate(rows):
        text = packed.entry_text(body)
        entry = json.loads(text)
        assert entry["seq"] == seq and entry["prev"] == prev.hex()
        assert seq == 0 or len(body) < 0.7 * len(text)
        prev = hashlib.sha256(b"\0" + text).digest()


SOME = "(SELECT seq FROM entries ORDER BY seq DESC LIMIT 1 OFFSET 4)"
FLIP = "substr({0}, 1, {1}) || (CASE substr({0}, {1} + 1, 1) WHEN '7' THEN '8' ELSE '7' END) || substr({0}, {1} + 2)"


def update(table, change):
    return table, f"UPDATE {table} SET {change}"


def delete(table, where):
    return table, f"DELETE FROM {table} WHERE {where}"


def flip_text(table, column, where, at=20):
    return update(table, f"{column} = {FLIP.format(column, at)} WHERE {where}")


def flip_entry(where, at):
    """Flips one byte of an entry, and packs it as it is then."""
    return update("entries", f"body = packed({FLIP.format('entry_text(body)', at)}) WHERE {where}")


def flip_packed(table, column, where, at):
    """Flips one byte of a packed text, and packs it again."""
    return update(table, f"{column} = packed({FLIP.format(f'unpacked({column})', at)}) WHERE {where}")


LAST_COMMAND = "first_seq = (SELECT max(first_seq) FROM commands)"
RECEIVABLE = "receivable_no = (SELECT min(receivable_no) FROM receivables)"
BENT = {
    "a byte of an entry": flip_entry(f"seq = {SOME}", 80),
    "a byte of a packed entry": update("entries", f"body = CAST(substr(body, 1, 80) || x'2a2b' || substr(body, 83) AS BLOB) WHERE seq = {SOME}"),
    "a packed entry cut off": update("entries", f"body = substr(body, 1, 60) WHERE seq = {SOME}"),
    "the time of an entry": update("entries", f"body = packed(replace(entry_text(body), 'at\":\"20', 'at\":\"21')) WHERE seq = {SOME}"),
    "a byte of the genesis": flip_entry("seq = 0", 40),
    "a byte of a disclosure": flip_packed("disclosures", "body", f"seq = {SOME}", 40),
    "a disclosure left out": update("disclosures", f"body = packed(substr(unpacked(body), instr(unpacked(body), '~') + 1)) WHERE seq = {SOME}"),
    "packed disclosures cut off": update("disclosures", f"body = substr(body, 1, length(body) - 9) WHERE seq = {SOME}"),
    "a byte of a command": flip_packed("commands", "texts", LAST_COMMAND, 300),
    "a packed command cut off": update("commands", f"texts = substr(texts, 1, length(texts) - 9) WHERE {LAST_COMMAND}"),
    "a command without its text": update("commands", f"texts = x'' WHERE {LAST_COMMAND}"),
    "where a command's answer begins": update("commands", f"jws_len = jws_len + 1 WHERE {LAST_COMMAND}"),
    "a stored answer": update("commands", "texts = packed(replace(unpacked(texts), '\"registered\"', '\"confirmed\"')) WHERE status = 201"),
    "the status of a stored answer": update("commands", "status = 200 WHERE status = 422"),
    "the jti of a command": flip_text("commands", "jti", LAST_COMMAND, 5),
    "a command that is gone": delete("commands", LAST_COMMAND),
    "a row of the tree": update("nodes", "hashes = zeroblob(512) WHERE place = 0"),
    "the end of the tree": update("writer", "tail = zeroblob(length(tail))"),
    "a checkpoint": update("checkpoints", "root = zeroblob(32) WHERE size = (SELECT min(size) FROM checkpoints WHERE size > 3)"),
    "an amount": update("receivables", f"amount_minor = amount_minor + 1 WHERE {RECEIVABLE}"),
    "a life": update("receivables", f"life = 'withdrawn' WHERE {RECEIVABLE}"),
    "a due date": update("receivables", f"due_day = due_day + 30 WHERE {RECEIVABLE}"),
    "the results of a review": update("receivables", "checks = replace(checks, 'reject', 'pass') WHERE life = 'rejected' AND review_outcome = 'reject'"),
    "a fingerprint": update("receivables", f"fingerprint = zeroblob(16) WHERE {RECEIVABLE}"),
    "a fingerprint taken away": update("receivables", f"fingerprint = NULL WHERE {RECEIVABLE}"),
    "a key of look-alikes": update("receivables", f"number_key = number_key + 1 WHERE {RECEIVABLE}"),
    "a receivable that is gone": delete("receivables", "life = 'rejected'"),
    "the holder of a claim": update("claims", "holder_no = debtor_no"),
    "what a claim is worth": update("claims", "outstanding_minor = outstanding_minor - 1"),
    "a name": update("participants", "name = 'Bluewater Mach1nery' WHERE name = 'Bluewater Machinery'"),
    "a role": update("participants", "roles = roles | 256 WHERE name = 'Bluewater Machinery'"),
    "the stop list": update("participants", "stopped = 1 WHERE name = 'Northgate Motors'"),
    "an identifier": update("identifiers", "value = '91440300708461136T' WHERE value = (SELECT min(value) FROM identifiers)"),
    "a key": update("keys", "public_key = zeroblob(32) WHERE key_no = (SELECT max(key_no) FROM keys)"),
    "a revocation undone": update("tokens", "revoked_at = NULL WHERE revoked_at IS NOT NULL"),
    "the hash of a token": update("tokens", "token_sha256 = zeroblob(32) WHERE token_no = (SELECT min(token_no) FROM tokens)"),
    "a credit line": update("credit_lines", "limit_minor = limit_minor * 10"),
    "what is drawn of a credit line": update("exposures", "used_minor = used_minor + 1"),
    "a policy": update("policies", "body = replace(body, '170', '171') WHERE version = 2"),
    "a line of a history": delete("history", "seq = (SELECT max(seq) FROM history)"),
    "who reads an entry": update("parties", "participant_no = participant_no + 1 WHERE seq = (SELECT max(seq) FROM parties)"),
    "a party left out": delete("parties", "seq = (SELECT max(seq) FROM parties)"),
    "how much a party reads": update("parties", "share = -1 WHERE seq = (SELECT max(seq) FROM parties)"),
}  # fmt: skip


@pytest.mark.parametrize("what", BENT)
def test_the_audit_finds(copy, what):
    table, statement = BENT[what]
    bend(copy, statement)
    code, report, errors = audit(copy)
    assert code != 0, f"{what}: nothing found"
    tables = {finding["table"] for finding in report.get("findings", [])}
    assert table in tables, (what, report, errors)
    assert report["ok"] is False
    assert all(finding["detail"] for finding in report["findings"])


def test_the_audit_finds_entries_cut_off_at_the_end(copy):
    last = "(SELECT max(seq) FROM entries)"
    bend(copy, *(f"DELETE FROM {table} WHERE seq = {last}" for table in ("parties", "history", "disclosures", "entries")))
    code, report, errors = audit(copy)
    assert code != 0 and (report.get("findings") or errors)


def test_the_audit_finds_a_bent_head_file(copy):
    head = copy / "head"
    data = bytearray(head.read_bytes())
    for slot in range(0, len(data), 512):
        data[slot + 40] ^= 1
    head.write_bytes(bytes(data))
    code, report, errors = audit(copy)
    assert code != 0 and (report.get("findings") or errors)


def test_the_audit_of_nothing_says_so(tmp_path):
    code, report, _ = audit(tmp_path / "absent")
    assert code != 0 and "not a registry" in report["error"]


def test_an_audit_goes_on_from_the_last_one(tmp_path):
    """With a folder of its own for what it saw, the next audit replays only what is new, and says what it did not look at again;
    what it leaves out, a full audit finds."""
    registry, state = Registry(tmp_path / "registry"), tmp_path / "state"

    def since(*options):
        done = tallystick("audit", registry.directory, "--state", state, "--json", *options)
        return done.returncode, json.loads(done.stdout)

    registry.start()
    try:
        registry.cast()
        registry.confirmed()
        code, first = since()  # while it is being served
        assert code == 0 and "audited_before" not in first
        registry.confirmed()
    finally:
        registry.stop()
    code, next_one = since()
    assert code == 0 and next_one["audited_before"] == first["entries"] and next_one["entries"] == 2
    assert next_one["tables"]["receivables"] == 1 and next_one["not_looked_at_again"]
    told = tallystick("audit", registry.directory, "--state", state)
    assert told.returncode == 0 and "not looked at again" in told.stdout
    bend(registry.directory, f"UPDATE receivables SET due_day = due_day + 30 WHERE {RECEIVABLE}")
    assert since()[0] == 0
    code, anew = since("--anew")
    assert code == 4 and anew["findings"][0]["table"] == "receivables"
    code, kept = since()
    assert code == 0 and kept["audited_before"] == first["entries"] + 2, "what failed left another state"
    assert "--state" in tallystick("audit", registry.directory, "--anew").stderr
