"""Uploads: many invoices in one request, each row a command of its own; cut off, sent again, hostile."""

import gzip
import http.client
import io
import json
import socket
import struct
import tarfile
import time
import zipfile

import jws
import pytest
from bulk_world import RECEIVABLES, register
from contract import PROBLEM
from registry import BINARY

UPLOADS = "/v1/uploads"
HEAD = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id\n"


@pytest.fixture(scope="module")
def small(registry):
    return custody_supplier(registry)


def custody_supplier(registry):
    return register(registry, "Upload Workshop", ["supplier"], ["read", "submit"])


def key_of(name):
    return f"upload-{name}-{'0' * 22}"[:64]


def csv_rows(registry, seller, count):
    """Rows unlike any other."""
    papers = [registry.invoice(seller=seller)["invoice"] for _ in range(count)]
    return [
        f"{p['number']},{p['issue_date']},{p['due_date']},{p['currency']},{p['gross_amount']},{seller.id},{registry.debtor.id}\n"
        for p in papers
    ]


def upload(registry, owner, key, body, kind="text/csv", query="", token=None):
    head = {"Authorization": f"Bearer {token or owner.token}", "Content-Type": kind, "Idempotency-Key": key}
    if isinstance(body, str):
        body = body.encode()
    return registry.request("POST", UPLOADS + query, body, head)


def results(owner, key):
    return owner.read_all(f"{UPLOADS}/{key}/results?limit=100")


def statuses(owner, key):
    return [row["problem"]["type"][len(PROBLEM) :] if "problem" in row else row["status"] for row in results(owner, key)]


def archive(files, mode="w", **attributes):
    """files: (name, bytes)"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def papers(registry, seller, count):
    return [jws.compact(registry.invoice(seller=seller)) for _ in range(count)]


# ---- CSV ----


def test_a_csv_of_more_rows_than_a_command_may_hold_is_uploaded(registry, small):
    key = key_of("long")
    with registry.grows(1500):
        status = upload(registry, small, key, HEAD + "".join(csv_rows(registry, small, 1500))).ok()
    assert (status["state"], status["rows"], status["accepted"] + status["held"], status["refused"]) == ("complete", 1500, 1500, 0)
    rows = results(small, key)
    assert [row["row"] for row in rows] == list(range(1, 1501)) and rows[41]["line"] == 43
    receipt = registry.get(f"/v1/entries/{rows[7]['seq']}/proof")
    assert receipt.status == 200
    assert small.receivable(rows[7]["receivable"])["creditor"] == small.id


def test_a_bad_row_stops_no_other_and_its_place_in_the_file_is_named(registry, small):
    rows = csv_rows(registry, small, 3)
    body = HEAD + rows[0] + "X,2026-13-01,,CNY,1.00,,\n" + rows[1] + "\n" + rows[0] + rows[2] + "too,few\n"
    key = key_of("badrow")
    status = upload(registry, small, key, body).ok()
    assert (status["rows"], status["refused"]) == (6, 3)
    assert statuses(small, key) == [201, "invalid-fields", 201, "gateway-rejected", 201, "invalid-fields"]
    told = results(small, key)
    assert ("malformed_date", "row 3, column issue_date") in [(f["code"], f["pointer"]) for f in told[1]["problem"]["errors"]]
    assert told[3]["line"] == 6 and told[3]["life"] == "rejected" and "seq" in told[3]


def test_quoted_line_ends_belong_to_their_row(registry, small):
    rows = csv_rows(registry, small, 2)
    body = HEAD.replace("\n", ",note\r\n") + rows[0].replace("\n", ',"two\r\nlines, ""quoted"""\r\n') + rows[1].replace("\n", ",\r\n")
    key = key_of("quoted")
    assert upload(registry, small, key, body).ok()["accepted"] == 2
    assert [row["line"] for row in results(small, key)] == [2, 4]


@pytest.mark.parametrize(
    "body, slug",
    [(b"", "malformed-csv"), (b"number,colour\nX,red\n", "malformed-csv"), (HEAD.encode() + b'"' + b"x" * 70000 + b"\n", "malformed-csv")],
)
def test_what_is_no_csv_ends_the_upload(registry, small, body, slug):
    key = key_of("nocsv" + str(len(body)))
    with registry.unchanged():
        upload(registry, small, key, body).problem(slug)
    status = small.get(f"{UPLOADS}/{key}").ok()
    assert status["state"] == "stopped" and status["problem"]["type"] == PROBLEM + slug


def test_the_results_come_as_lines_and_as_csv(registry, small):
    key = key_of("formats")
    upload(registry, small, key, HEAD + "".join(csv_rows(registry, small, 3)) + "=1+1,,,,,,\n").ok()
    lines = small.get(f"{UPLOADS}/{key}/results.ndjson")
    assert lines.status == 200 and [json.loads(line) for line in lines.text.splitlines()] == results(small, key)
    table = small.get(f"{UPLOADS}/{key}/results.csv").ok_text().splitlines()
    assert table[0] == "row,file,line,status,receivable,life,seq,problem,detail" and len(table) == 5
    assert table[4].startswith('4,,5,422,,,,"invalid-fields"')


# ---- sent again ----


def test_an_upload_sent_again_does_nothing_twice(registry, small):
    key = key_of("again")
    body = HEAD + "".join(csv_rows(registry, small, 200)) + "bad\n"
    upload(registry, small, key, body).ok()
    before = results(small, key)
    with registry.unchanged():
        status = upload(registry, small, key, body).ok()
    assert (status["rows"], status["state"]) == (201, "complete") and results(small, key) == before


def test_a_changed_row_under_the_same_key_is_refused(registry, small):
    key = key_of("changed")
    rows = csv_rows(registry, small, 3)
    upload(registry, small, key, HEAD + "".join(rows)).ok()
    with registry.unchanged():
        problem = upload(registry, small, key, HEAD + rows[0] + rows[1].replace("CNY", "USD") + rows[2]).problem("jti-reused")
    assert "Row 2" in problem["detail"]


def test_an_upload_goes_on_from_the_row_that_the_status_names(registry, small):
    key = key_of("goon")
    rows = csv_rows(registry, small, 6)
    status = upload(registry, small, key, HEAD + "".join(rows[:3])).ok()
    with registry.grows(3):
        status = upload(registry, small, key, HEAD + "".join(rows[3:]), query=f"?first_row={status['next_row']}").ok()
    assert status["rows"] == 6 and [row["row"] for row in results(small, key)] == [1, 2, 3, 4, 5, 6]
    upload(registry, small, key, HEAD + rows[0], query="?first_row=9").problem("wrong-state")
    assert small.get(f"{UPLOADS}/{key}").ok()["state"] == "complete"


def send_part(registry, owner, key, body, length, kind="text/csv"):
    """An upload whose connection goes away in the middle of the body."""
    connection = socket.create_connection(("127.0.0.1", registry.port))
    head = f"POST {UPLOADS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {owner.token}\r\nContent-Type: {kind}\r\n"
    connection.sendall(f"{head}Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n".encode() + body)
    return connection


def wait_until(check, within_s=60):
    end = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < end, "this should have come to pass"
        time.sleep(0.02)


def state_of(owner, key):
    answer = owner.get(f"{UPLOADS}/{key}")
    return answer.json["state"] if answer.status == 200 else None


def test_an_upload_cut_off_in_the_middle_is_resumed(registry, small):
    key = key_of("cut")
    body = (HEAD + "".join(csv_rows(registry, small, 400))).encode()
    half = body[: len(body) // 2]
    connection = send_part(registry, small, key, half, len(body))
    wait_until(lambda: small.get(f"{UPLOADS}/{key}").json.get("rows", 0) >= 128)
    assert state_of(small, key) == "running"
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    wait_until(lambda: state_of(small, key) == "interrupted")
    done = small.get(f"{UPLOADS}/{key}").ok()["rows"]
    assert 128 <= done < 400
    size = registry.size()
    status = upload(registry, small, key, body).ok()
    assert status["rows"] == 400 and status["accepted"] + status["held"] == 400
    assert registry.size() - size <= 400 - done, "what was done is not done twice"


def test_the_same_upload_over_two_connections_at_once_is_refused(registry, small):
    key = key_of("twice")
    connection = send_part(registry, small, key, HEAD.encode(), 10000)
    wait_until(lambda: state_of(small, key) == "running")
    upload(registry, small, key, HEAD).problem("busy")
    connection.close()
    wait_until(lambda: state_of(small, key) == "interrupted")


@pytest.mark.parametrize("when", [64, 128, 300, 700])
def test_the_server_killed_in_the_middle_loses_nothing_and_does_nothing_twice(fresh, when):
    small = custody_supplier(fresh)
    key = key_of("kill")
    body = (HEAD + "".join(csv_rows(fresh, small, 800))).encode()
    part = body[: len(body) * when // 800]
    connection = send_part(fresh, small, key, part, len(body))
    wait_until(lambda: small.get(f"{UPLOADS}/{key}").status == 200)
    if when > 128:
        wait_until(lambda: small.get(f"{UPLOADS}/{key}").ok()["rows"] >= 128)
    fresh.kill()
    connection.close()
    fresh.start()
    assert state_of(small, key) == "interrupted"
    told = results(small, key)
    status = upload(fresh, small, key, body).ok()
    assert status["state"] == "complete" and status["rows"] == 800
    assert results(small, key)[: len(told)] == told, "what was told stays so"
    numbers = [r["invoice"]["number"] for r in small.read_all(f"{RECEIVABLES}?limit=500")]
    assert len(numbers) == len(set(numbers)) == 800


def test_a_torn_journal_costs_nothing_but_the_telling(fresh):
    small = custody_supplier(fresh)
    key = key_of("torn")
    body = HEAD + "".join(csv_rows(fresh, small, 300))
    upload(fresh, small, key, body).ok()
    before = results(small, key)
    (journal,) = (fresh.directory / "uploads").rglob("*.ndjson")
    text = journal.read_bytes()
    middle = text.index(b"\n", len(text) // 2) + 1
    torn = [text[:cut] for cut in (len(text) - 3, len(text) // 2, 20, 0)]
    # What was written last may be there without what was written before it: as zeros, or as the rows of another time.
    torn += [text[:middle] + bytes(512) + text[middle + 512 :], text[:middle] + text[text.index(b"\n", middle) + 1 :]]
    torn += [text.replace(b'"sha256":"', b'"sha256":"0', 1)]
    for left in torn:
        journal.write_bytes(left)
        with fresh.unchanged():
            assert upload(fresh, small, key, body).ok()["rows"] == 300
        assert results(small, key) == before


# ---- archives ----


@pytest.mark.parametrize("kind", ["application/x-tar", "application/gzip", "application/zip"])
def test_an_archive_of_invoice_files_is_uploaded(registry, small, kind):
    files = [(f"发票/№ {i}.json", data) for i, data in enumerate(papers(registry, small, 4))]
    row = csv_rows(registry, small, 1)
    files += [("list.csv", (HEAD + row[0]).encode()), (".hidden.json", b"{}"), ("empty.json", b""), ("readme.txt", b"hello")]
    files += [("broken.xml", b"<Invoice>"), ("other.xml", b"<html/>"), ("bad.json", b'{"invoice":')]
    if kind == "application/zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, data in files:
                zipped.writestr(name, data)
        body = out.getvalue()
    else:
        body = archive(files, "w:gz" if kind == "application/gzip" else "w")
    key = key_of("archive-" + kind[12:])
    status = upload(registry, small, key, body, kind).ok()
    told = results(small, key)
    assert [r["file"] for r in told[:5]] == [f"发票/№ {i}.json" for i in range(4)] + ["list.csv"]
    assert statuses(small, key)[4:] == [
        told[4]["status"], "not-a-receivable", "unsupported-media-type", "malformed-xml", "not-a-receivable", "malformed-json",
    ]  # fmt: skip
    assert status["accepted"] + status["held"] == 5 and status["refused"] == 5


def test_links_devices_and_paths_of_an_archive_lead_nowhere(registry, small):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for kind, name, target in [
            (tarfile.SYMTYPE, "link.json", "/etc/passwd"),
            (tarfile.LNKTYPE, "hard.json", "../../keys/operator.jwk"),
            (tarfile.CHRTYPE, "device.json", ""),
            (tarfile.FIFOTYPE, "pipe.json", ""),
            (tarfile.DIRTYPE, "folder", ""),
        ]:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
        for name in ("../../../outside.json", "/etc/absolute.json", "a\nb\x1b[31m.json", "x" * 300 + ".json"):
            data = papers(registry, small, 1)[0]
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    key = key_of("paths")
    upload(registry, small, key, out.getvalue(), "application/x-tar").ok()
    told = results(small, key)
    assert statuses(small, key)[:4] == ["not-a-receivable"] * 4
    assert all(row["status"] in (201, 202) for row in told[4:]) and len(told) == 8
    assert told[6]["file"] == "a?b?[31m.json" and len(told[7]["file"]) == 255
    assert not (registry.directory.parent / "outside.json").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(registry, small):
    good = papers(registry, small, 1)
    key = key_of("bomb")
    bomb = archive([("a.json", good[0]), *[(f"{i}.json", b" " * 5_000_000) for i in range(8)]], "w:gz")
    upload(registry, small, key, bomb, "application/gzip").problem("body-too-large")
    assert statuses(small, key)[0] in (201, 202), "what came before it is done"
    key = key_of("large")
    upload(registry, small, key, archive([("large.xml", b"<" + b"x" * 7_000_000), ("b.json", papers(registry, small, 1)[0])]), "application/x-tar").ok()
    assert statuses(small, key)[0] == "body-too-large" and results(small, key)[1]["status"] in (201, 202)
    nested = archive([("inner.tar.gz", archive([("a.json", good[0])], "w:gz"))])
    upload(registry, small, key_of("nested"), nested, "application/x-tar").ok()
    assert statuses(small, key_of("nested")) == ["unsupported-media-type"]


@pytest.mark.parametrize("body", [b"", b"not an archive at all", gzip.compress(b"hello", mtime=0), b"\x1f\x8b\x08\x00" + b"\xff" * 200, b"PK\x03\x04" + b"\xff" * 40])
def test_what_is_no_archive_is_told_so(registry, small, body):
    key = key_of("noarchive" + str(len(body)))
    with registry.unchanged():
        answer = upload(registry, small, key, body, "application/gzip")
    assert answer.status == 200 and answer.json["rows"] == 0 or answer.problem("malformed-archive")


def test_a_truncated_archive_keeps_what_came_whole(registry, small):
    files = [(f"{i}.json", data) for i, data in enumerate(papers(registry, small, 5))]
    body = archive(files)
    key = key_of("truncated")
    upload(registry, small, key, body[: 1024 * 3 + 100], "application/x-tar").problem("malformed-archive")
    done = len(results(small, key))
    assert 1 <= done <= 3
    assert upload(registry, small, key, body, "application/x-tar").ok()["rows"] == 5


# ---- signed commands ----


def test_signed_commands_go_one_a_line(registry):
    owner = registry.supplier
    receivable = registry.registered()
    lines = [owner.sign(RECEIVABLES, registry.invoice()) for _ in range(3)]
    lines += [registry.debtor.sign(f"{RECEIVABLES}/{receivable['id']}/confirm", {}), b"{not json", b'{"a":1}', b""]
    key = key_of("signed")
    with registry.grows(4):
        status = upload(registry, owner, key, b"\n".join(lines), "application/x-ndjson").ok()
    assert (status["rows"], status["refused"]) == (6, 2)
    assert statuses(owner, key) == [201, 201, 201, 200, "malformed-json", "malformed-jws"]
    alone = registry.send(RECEIVABLES, lines[0])
    assert alone.headers["idempotent-replayed"] == "true"
    assert alone.ok(201)["receivable"]["id"] == results(owner, key)[0]["receivable"]


# ---- who, and how much ----


def test_an_upload_is_its_owners_alone(registry, small):
    key = key_of("owner")
    upload(registry, small, key, HEAD + csv_rows(registry, small, 1)[0]).ok()
    for path in ("", "/results", "/results.ndjson", "/results.csv"):
        registry.supplier.get(f"{UPLOADS}/{key}{path}").problem("not-found")
    other = custody_supplier(registry)
    assert upload(registry, other, key, HEAD + csv_rows(registry, other, 2)[0]).ok()["rows"] == 1, "keys are each owner's own"


def test_an_upload_needs_a_token_a_scope_and_a_key(registry, small):
    reader, _ = small.issue_token(["read"], signer=registry.operator)
    of_signer, _ = registry.supplier.issue_token(["read", "submit"])
    with registry.unchanged():
        upload(registry, small, key_of("scope"), HEAD, token=reader).problem("scope-missing")
        upload(registry, small, key_of("scope"), HEAD, token="ts_none").problem("unauthenticated")
        upload(registry, small, "short", HEAD).problem("bad-request")
        row = csv_rows(registry, small, 1)[0]
        upload(registry, registry.supplier, key_of("nokey"), HEAD + row, token=of_signer).ok()
    assert statuses(registry.supplier, key_of("nokey")) == ["not-permitted"], "its key is not kept here"


def test_a_token_revoked_in_the_middle_ends_the_upload(registry, small):
    text, token = small.issue_token(["read", "submit"], signer=registry.operator)
    key = key_of("revoked")
    rows = csv_rows(registry, small, 300)
    body = (HEAD + "".join(rows)).encode()
    part = (HEAD + "".join(rows[:140])).encode()
    connection = http.client.HTTPConnection("127.0.0.1", registry.port)
    connection.putrequest("POST", UPLOADS)
    for name, value in (("Authorization", f"Bearer {text}"), ("Content-Type", "text/csv"), ("Idempotency-Key", key), ("Content-Length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(part)
    wait_until(lambda: small.get(f"{UPLOADS}/{key}").json.get("rows", 0) >= 128)
    registry.operator.post(f"/v1/tokens/{token['id']}/revoke", {}).ok()
    connection.send(body[len(part) :])
    answer = connection.getresponse()
    assert json.loads(answer.read())["type"] == PROBLEM + "token-revoked"
    assert small.get(f"{UPLOADS}/{key}").ok()["state"] == "stopped"
    assert upload(registry, small, key, body).ok()["rows"] == 300, "another token goes on with it"


def test_rows_done_before_a_crash_are_found_under_another_token(registry, small):
    """The ledger has the rows, the journal does not: as when the power fails between the two."""
    key, body = key_of("crash"), HEAD + "".join(csv_rows(registry, small, 3))
    upload(registry, small, key, body).ok()
    found = statuses(small, key)
    (registry.directory / "uploads" / small.id / f"{key}.ndjson").unlink()
    other, _ = small.issue_token(["read", "submit"], signer=registry.operator)
    with registry.unchanged():
        upload(registry, small, key, body, token=other).ok()
    assert statuses(small, key) == found


def test_old_results_make_room_for_new_ones(fresh):
    small = custody_supplier(fresh)
    for i in range(34):
        upload(fresh, small, key_of(f"many{i:02}"), HEAD + "x\n").ok()
    small.get(f"{UPLOADS}/{key_of('many00')}").problem("not-found")
    assert state_of(small, key_of("many33")) == "complete"
    assert len(list((fresh.directory / "uploads").rglob("*.ndjson"))) == 32


def peak_kib(registry):
    with open(f"/proc/{registry.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_memory_does_not_follow_the_length_of_an_upload(fresh):
    """A body of 60 MB, most of it refused rows, must not be held."""
    small = custody_supplier(fresh)
    upload(fresh, small, key_of("warm"), HEAD + "".join(csv_rows(fresh, small, 2000))).ok()
    before = peak_kib(fresh)
    filler = "bad," + "x" * 4000 + "\n"
    status = upload(fresh, small, key_of("heavy"), HEAD + filler * 15000).ok()
    assert status["rows"] == 15000
    if "asan" not in BINARY and "tsan" not in BINARY:  # which keep what is freed for a while
        assert peak_kib(fresh) - before < 40 * 1024
