"""What a running server has left of its rights: no other user's, no other folder's, no program to start."""

import contextlib
import itertools
import os
import pathlib
import pwd
import re
import socket
import subprocess

import pytest
from http_client import HttpClient
from registry import BINARY, Registry

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
PROGRAM = pathlib.Path(BINARY).read_bytes()
needs_sandbox = pytest.mark.skipif(
    re.search(rb"__[at]san_init|__gcov_init", PROGRAM) is not None, reason="sanitizers and coverage make calls of their own"
)
needs_no_counters = pytest.mark.skipif(b"__gcov_init" in PROGRAM, reason="the files of coverage's counters are root's")


def low_port():
    """One below 1024 that nobody has now."""
    for port in range(1023, 600, -1):
        with contextlib.suppress(OSError), socket.socket() as attempt:
            attempt.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port below 1024 is free")


def status(registry):
    """/proc/PID/status of every thread."""
    tasks = pathlib.Path(f"/proc/{registry.process.pid}/task")
    return [dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.M)) for task in tasks.iterdir()]


@needs_sandbox
def test_every_thread_is_confined(registry):
    registry.confirmed()
    threads = status(registry)
    assert len(threads) >= 5
    assert {(thread["Seccomp"], thread["NoNewPrivs"]) for thread in threads} == {("2", "1")}
    assert registry.log_lines("service.sandbox")[0]["seccomp"] == 1


@needs_sandbox
def test_an_operator_may_switch_it_off(fresh):
    fresh.options += ["--sandbox", "off"]
    fresh.restart()
    fresh.confirmed()
    assert {thread["Seccomp"] for thread in status(fresh)} == {"0"}


@needs_root
@needs_no_counters
def test_started_as_root_it_listens_below_1024_and_serves_as_somebody_else(tmp_path):
    os.chmod(tmp_path, 0o755)
    for above in itertools.takewhile(lambda path: not os.stat(path).st_mode & 0o001, tmp_path.parents):
        os.chmod(above, os.stat(above).st_mode | 0o055)
    nobody = pwd.getpwnam("nobody")
    low = low_port()
    registry = Registry(tmp_path / "ledger", options=["--user", "nobody", "--listen", f"127.0.0.1:{low}"])
    for path in [registry.directory, *registry.directory.rglob("*")]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    registry.start()
    assert HttpClient(low).request("GET", "/healthz").status == 200
    registry.cast()
    registry.confirmed()
    for thread in status(registry):
        assert thread["Uid"].split() == [str(nobody.pw_uid)] * 4
        assert thread["Gid"].split() == [str(nobody.pw_gid)] * 4
        assert int(thread["CapEff"], 16) == int(thread["CapPrm"], 16) == 0
    registry.verify()
    registry.stop()


def refused(registry, *flags, **wanted):
    done = subprocess.run([BINARY, "serve", str(registry.directory), "--listen", "127.0.0.1:0", *flags], capture_output=True, text=True, timeout=60, **wanted)
    assert done.returncode != 0
    return done.stderr


@needs_root
def test_a_user_that_cannot_be_is_refused(fresh):
    fresh.stop()
    assert 'There is no user "nobody-of-that-name" to serve as.' in refused(fresh, "--user", "nobody-of-that-name")
    fresh.start()
