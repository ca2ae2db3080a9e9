"""The clock, the disk or the descriptors fail under a running server: what it says, what goes on, and what is left to do by hand."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess

import ledger
import pytest
from registry import Registry
from test_disk_full import fill, small_disk
from test_restart import refuses

HOUR_S = 3600
REFUSED_IN_A_ROW = 40
SHIM = pathlib.Path(__file__).with_name("failed_sync.c")


def command(registry):
    """The bytes of a submission unlike any other."""
    return registry.supplier.sign("/v1/receivables", registry.invoice())


def submit(registry, body):
    return registry.send("/v1/receivables", body)


def is_sound(registry):
    """What the fixture asks of its own registries at the end, of one made by hand."""
    registry.verify()
    registry.stop()
    code, report = registry.audit()
    assert code == 0 and report["ok"] and report["findings"] == [], report


def ends_for_its_storage(registry):
    """It has said why, and ended by itself with a failure."""
    assert registry.ended_by_itself(), "storage is not trusted any further"
    assert registry.log_lines("storage.failed", level="error")
    assert "storage failed" in registry.stderr().splitlines()[-1].lower()
    registry.log.write_text("")  # its last line is for whoever started it, not an event


def done_exactly_once(registry, body, before):
    """The command whose outcome was unknown, sent again: one entry more than was acknowledged, however often it is sent."""
    answer = submit(registry, body)
    answer.ok(201)
    assert submit(registry, body).body == answer.body
    assert registry.size() == before + 1


def bytes_of(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# ---- the clock goes back ----


def test_a_clock_that_goes_back_takes_no_time_back(fresh):
    """Time on the ledger stands still until the clock has caught up; iat is judged by the machine's clock, as clients have it."""
    fresh.restart(offset=2 * HOUR_S)
    old = command(fresh)
    answer = submit(fresh, old)
    receivable = answer.json["receivable"]
    newest = max(ledger.parse_entry(text)["at"] for text in fresh.entries.values())
    known = set(fresh.entries)
    ahead = int(fresh.now())
    fresh.restart(offset=HOUR_S)
    assert submit(fresh, old).body == answer.body, "a replay has the stored answer, however far its iat is from the clock"
    fresh.debtor.act(receivable, "confirm").ok()
    fresh.registered()
    behind = [ledger.parse_entry(text)["at"] for seq, text in fresh.entries.items() if seq not in known]
    assert len(behind) >= 2 and all(at == newest for at in behind), "the time of the newest entry, not the clock's"
    with fresh.unchanged():
        fresh.supplier.post("/v1/receivables", fresh.invoice(), iat=ahead).problem("stale-command")
        # Half an hour ahead of the clock, and half an hour behind the ledger's time.
        soon = fresh.time_text(days=0.5 / 24)
        token = {"participant": fresh.supplier.id, "token_sha256": "0" * 64, "scopes": ["read"], "expires_at": soon}
        assert fresh.supplier.post("/v1/tokens", token).status == 422, "commands are judged by the ledger's time"
    fresh.restart(offset=2 * HOUR_S + 60)
    caught_up = fresh.supplier.submit(fresh.invoice()).ok(201)["receipt"]["entry"]
    assert ledger.parse_entry(caught_up)["at"] > newest


def test_a_key_of_the_time_that_is_to_come_again_waits_for_it(fresh):
    """Keys and tokens are valid by the machine's clock: one that was registered ahead of it is not valid yet."""
    body = command(fresh)
    answer = submit(fresh, body)
    fresh.restart(offset=-HOUR_S)
    with fresh.unchanged():
        fresh.supplier.submit(fresh.invoice()).problem("key-not-valid")
        submit(fresh, body).problem("key-not-valid")
    fresh.restart(offset=0)
    assert submit(fresh, body).body == answer.body
    fresh.registered()


# ---- no room for a while ----


def test_a_disk_that_is_full_for_a_while(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        registry = Registry(disk / "ledger")
        registry.log = tmp_path / "stderr"
        registry.start()
        try:
            receivable = registry.cast().registered()
            server = registry.process.pid
            ballast = fill(disk)
            refused = []
            while len(refused) < REFUSED_IN_A_ROW:  # what room its own files still had is used up first
                body = command(registry)
                answer = submit(registry, body)
                if answer.status == 201:
                    refused = []
                    continue
                answer.problem("disk-full")
                assert answer.status == 507
                refused.append(body)
                if len(refused) == 1:
                    full = registry.checkpoint()
                assert registry.supplier.receivable(receivable["id"]) == receivable, "reads go on"
                assert registry.supplier.get("/v1/receivables?limit=5").ok()["items"]
            assert registry.checkpoint().size == full.size and registry.checkpoint().root == full.root
            ballast.unlink()
            submit(registry, command(registry)).ok(201)
            for body in refused:
                submit(registry, body).ok(201)
            assert registry.size() == full.size + 1 + len(refused)
            assert registry.process.pid == server and registry.process.poll() is None, "nobody had to start it again"
            is_sound(registry)
        finally:
            if registry.process:
                registry.kill()


# ---- the head file ----


def delete(head):
    head.unlink()


def replace(head):
    """By an older copy, as a tool that restores files does."""
    copy = head.with_name("copy")
    shutil.copy2(head, copy)
    copy.rename(head)


def empty(head):
    os.truncate(head, 0)


def cut(head):
    os.truncate(head, 512)


SLOTS = (0, 4096)


def generation(data, at):
    return int(data[at : at + 512].split(b"\n")[1].split()[1])


def flip(head, slots):
    """One bit in each slot."""
    data = bytearray(head.read_bytes())
    for at in slots:
        data[at + 100] ^= 1
    with open(head, "r+b") as file:  # in place
        file.write(data)


def flip_newest(head):
    data = head.read_bytes()
    flip(head, [max(SLOTS, key=lambda at: generation(data, at))])


def flip_both(head):
    flip(head, SLOTS)


def test_a_start_without_a_whole_head_file_is_refused(fresh, tmp_path):
    fresh.registered()
    fresh.stop()
    head = fresh.directory / "head"
    kept = shutil.copy2(head, tmp_path / "kept")
    for harm in (delete, empty, cut, flip_both):
        harm(head)
        before = bytes_of(fresh.directory)
        refuses(fresh, str(head).lower(), "bring", "back")
        assert bytes_of(fresh.directory) == before, f"{harm.__name__}: nothing was changed"
        shutil.copy2(kept, head)
    fresh.start()
    fresh.registered()


def test_a_start_with_one_bit_wrong_in_the_newest_slot_goes_by_the_slot_before(fresh):
    """As after a torn write: the database is ahead of that slot and holds its history, so the head is completed."""
    before = fresh.registered()
    fresh.stop()
    head = fresh.directory / "head"
    flip_newest(head)
    fresh.start()
    assert fresh.supplier.receivable(before["id"]) == before
    data = head.read_bytes()
    sizes = [int(data[at : at + 512].split(b"\nsize ")[1].split(b"\n")[0]) for at in SLOTS]
    assert max(sizes) == fresh.size(), "mended at the start"


def test_a_head_file_harmed_under_the_server_ends_it_before_it_acknowledges(fresh, tmp_path):
    head = fresh.directory / "head"
    for harm in (delete, replace, empty, cut, flip_newest, flip_both):
        kept = shutil.copy2(head, tmp_path / "kept")  # an older one
        acknowledged = fresh.registered()
        before = fresh.size()
        harm(head)
        assert fresh.supplier.receivable(acknowledged["id"]) == acknowledged, "reads do not ask it"
        body = command(fresh)
        answer = submit(fresh, body)
        assert answer.status == 503, f"{harm.__name__}: {answer.body}"
        answer.problem("outcome-unknown")
        ends_for_its_storage(fresh)
        if harm in (delete, empty, cut, flip_both):
            refuses(fresh, str(head).lower(), "bring", "back")
            shutil.copy2(kept, head)
        fresh.start()
        assert fresh.supplier.receivable(acknowledged["id"]) == acknowledged
        done_exactly_once(fresh, body, before)


# ---- a file system that cannot be written ----


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


@contextlib.contextmanager
def disk_image(folder):
    """An ext4 of its own, in a file, that goes read-only when it meets an error; skips where that cannot be mounted."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("mount", "mkfs.ext4"))):
        pytest.skip("needs root, mount and mkfs.ext4 to make a disk that becomes read-only")
    folder.mkdir()
    image = folder.with_name("image")
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    run("mkfs.ext4", "-q", "-F", image)
    run("mount", "-o", "loop,errors=remount-ro", image, folder)
    try:
        yield image, folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)


def test_a_file_system_that_is_read_only(tmp_path):
    with disk_image(tmp_path / "disk") as (image, disk):
        registry = Registry(disk / "ledger")
        registry.log = tmp_path / "stderr"
        registry.start()
        try:
            receivable = registry.cast().registered()
            before = registry.size()
            # Under the server: what ext4 does when the device fails it.
            run("mount", "-o", "remount,abort", disk)
            assert registry.supplier.receivable(receivable["id"]) == receivable, "reads go on"
            body = command(registry)
            answer = submit(registry, body)
            answer.problem("outcome-unknown")
            assert answer.status == 503
            ends_for_its_storage(registry)
            # At the start.
            run("umount", disk)
            run("mount", "-o", "loop", image, disk)
            run("mount", "-o", "remount,ro", disk)
            before_start = bytes_of(registry.directory)
            refuses(registry, "head", "read-only file system")
            assert bytes_of(registry.directory) == before_start
            run("mount", "-o", "remount,rw", disk)
            registry.start()
            assert registry.supplier.receivable(receivable["id"]) == receivable
            done_exactly_once(registry, body, before)
            is_sound(registry)
        finally:
            if registry.process:
                registry.kill()


# ---- no descriptors left ----


def lowest_free_descriptor(pid):
    taken = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    return next(number for number in range(len(taken) + 1) if number not in taken)


def shortages(registry):
    line = 'tallystick_http_connections_refused_total{reason="shortage"}'
    return next(float(text.split()[-1]) for text in registry.operator.get("/metrics").text.splitlines() if text.startswith(line))


def test_without_descriptors_those_who_are_connected_are_served_and_others_wait(fresh):
    if not shutil.which("prlimit"):
        pytest.skip("prlimit is not installed")
    receivable = fresh.registered()  # over the connection that stays
    pid = fresh.process.pid
    none_left = lowest_free_descriptor(pid)
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={none_left}:"], check=True)
    with socket.create_connection(("127.0.0.1", fresh.port), timeout=60) as waiting:
        waiting.sendall(b"GET /checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while not shortages(fresh):
            pass
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.recv(1)
        waiting.settimeout(60)
        assert fresh.supplier.receivable(receivable["id"]) == receivable
        fresh.debtor.act(receivable, "confirm").ok()
        submit(fresh, command(fresh)).ok(201)
        subprocess.run(["prlimit", "--pid", str(pid), "--nofile=1024:"], check=True)
        assert waiting.recv(100).startswith(b"HTTP/1.1 200"), "served as soon as there is one"
    submit(fresh, command(fresh)).ok(201)


# ---- a sync that fails ----


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc to make a disk whose syncs fail")
    made = tmp_path_factory.mktemp("shim") / "failed_sync.so"
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", made, SHIM, "-ldl"], check=True)
    return made


@pytest.mark.parametrize("file", ["ledger.db-wal", "head"])
def test_after_a_failed_sync_it_ends_and_the_next_start_finds_out(fresh, shim, file):
    fresh.stop()
    failing = fresh.directory / "failing"
    asan = f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"
    fresh.start(
        env={
            "LD_PRELOAD": str(shim),
            "FAILED_SYNC_WHEN": str(failing),
            "FAILED_SYNC_OF": str(fresh.directory / file),
            "ASAN_OPTIONS": asan,
        }
    )
    acknowledged = fresh.registered()
    before = fresh.size()
    body = command(fresh)
    failing.touch()
    answer = submit(fresh, body)
    answer.problem("outcome-unknown")
    assert answer.status == 503
    ends_for_its_storage(fresh)
    failing.unlink()
    fresh.start()
    assert fresh.supplier.receivable(acknowledged["id"]) == acknowledged
    done_exactly_once(fresh, body, before)
