"""A full disk at commit: nothing is acknowledged, nothing is half recorded, and the server goes on once there is room."""

import contextlib
import os
import shutil
import subprocess

import pytest
from registry import Registry



@contextlib.contextmanager
def small_disk(folder, size="24m"):
    """A tmpfs of its own; skips where the environment cannot mount."""
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("needs root to mount a small tmpfs")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=False)


def fill(folder):
    """Takes all the room there is; returns the file to remove again."""
    path = folder / "ballast"
    with open(path, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65536)
        with contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 512)
    return path


def refused_for_want_of_room(answer, slugs):
    slug = answer.json["type"].rpartition(":")[2]
    assert slug in slugs, answer.body


def check_disk_full(registry, take, give):
    first_body = registry.supplier.sign("/v1/receivables", registry.invoice())
    first = registry.send("/v1/receivables", first_body)
    receivable = first.ok(201)["receivable"]
    before = registry.checkpoint()
    take()
    failed = []
    for _ in range(400):
        body = registry.supplier.sign("/v1/receivables", registry.invoice())
        answer = registry.send("/v1/receivables", body)
        if answer.status != 201:
            refused_for_want_of_room(answer, {"disk-full"})
            failed.append(body)
            if len(failed) == 3:
                break
        else:
            before = registry.checkpoint()
    assert failed, "the disk never filled"
    assert registry.checkpoint().size == before.size, "nothing refused was recorded"
    assert registry.supplier.receivable(receivable["id"])["life"] == "registered", "reads go on"
    assert registry.send("/v1/receivables", first_body).body == first.body, "and so do repetitions of what was done"
    give()
    assert registry.get("/readyz").status == 200
    for body in failed:
        registry.send("/v1/receivables", body).ok(201)
    registry.debtor.act(receivable, "confirm").ok()
    registry.verify()
    registry.stop()
    code, report = registry.audit()
    assert code == 0 and report["ok"], report


def test_a_full_disk_refuses_commands_and_the_server_goes_on(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        registry = Registry(disk / "ledger")
        registry.log = tmp_path / "stderr"
        registry.start()
        try:
            registry.cast()
            ballast = []
            check_disk_full(registry, lambda: ballast.append(fill(disk)), lambda: ballast[0].unlink())
        finally:
            if registry.process:
                registry.kill()


def test_a_write_that_fails_ends_the_server_and_loses_nothing_acknowledged(tmp_path):
    """Storage that fails for another reason than room is not trusted further: the server says so and stops, and what it
    acknowledged is there after the next start. (A limit on file sizes makes the write fail.)"""
    if not shutil.which("prlimit"):
        pytest.skip("prlimit is not installed")
    registry = Registry(tmp_path / "ledger")
    registry.start()
    try:
        registry.cast()
        acknowledged = [registry.registered()]
        largest = max(file.stat().st_size for file in registry.directory.glob("ledger.db*"))
        limit = f"--fsize={largest + 65536}:"
        subprocess.run(["prlimit", "--pid", str(registry.process.pid), limit], check=True)
        failed = None
        while failed is None:
            body = registry.supplier.sign("/v1/receivables", registry.invoice())
            answer = registry.send("/v1/receivables", body)
            if answer.status == 201:
                acknowledged.append(answer.json["receivable"])
            else:
                refused_for_want_of_room(answer, {"disk-full", "outcome-unknown", "stopping"})
                failed = body
        if registry.ended_by_itself(10):
            assert "storage failed" in registry.stderr().lower()
            registry.log.write_text("")  # its last line is for whoever started it, not an event
        else:
            registry.stop()
        registry.start()
        for receivable in acknowledged:
            assert registry.supplier.receivable(receivable["id"]) == receivable
        registry.send("/v1/receivables", failed).ok(201)
        registry.verify()
        registry.stop()
        code, report = registry.audit()
        assert code == 0 and report["ok"], report
    finally:
        if registry.process:
            registry.kill()
