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


def check_disk_full(registry, take, give, slugs):
    receivable = registry.registered()
    before = registry.checkpoint()
    take()
    failed = []
    for _ in range(400):
        body = registry.supplier.sign("/v1/receivables", registry.invoice())
        answer = registry.send("/v1/receivables", body)
        if answer.status != 201:
            refused_for_want_of_room(answer, slugs)
            failed.append(body)
            if len(failed) == 3:
                break
        else:
            before = registry.checkpoint()
    assert failed, "the disk never filled"
    assert registry.checkpoint().size == before.size, "nothing refused was recorded"
    assert registry.supplier.receivable(receivable["id"])["life"] == "registered", "reads go on"
    give()
    if registry.request("GET", "/readyz").status != 200:
        registry.restart()
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
            check_disk_full(registry, lambda: ballast.append(fill(disk)), lambda: ballast[0].unlink(), {"disk-full"})
        finally:
            if registry.process:
                registry.kill()


def test_a_file_that_may_not_grow_is_like_a_full_disk(tmp_path):
    """A limit on file sizes, where no disk can be mounted. To the store this is a failed write, not a full disk."""
    if not shutil.which("prlimit"):
        pytest.skip("prlimit is not installed")
    registry = Registry(tmp_path / "ledger")
    registry.start()
    try:
        registry.cast()

        def limit(size):
            subprocess.run(["prlimit", "--pid", str(registry.process.pid), f"--fsize={size}:"], check=True)

        largest = max(file.stat().st_size for file in registry.directory.glob("ledger.db*"))
        check_disk_full(registry, lambda: limit(largest + 65536), lambda: limit("unlimited"), {"disk-full", "io-error"})
    finally:
        if registry.process:
            registry.kill()
