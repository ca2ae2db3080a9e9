"""The units of examples/systemd: valid, hardened, and not so hardened that the server cannot work."""

import pathlib
import re
import shutil
import subprocess

import pytest
from contract import ROOT
from registry import BINARY, Registry

UNITS = ROOT / "examples" / "systemd"
EXPOSURE_MAX = 1.5

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


def analyze(*args):
    return subprocess.run(["systemd-analyze", *map(str, args)], capture_output=True, text=True, timeout=60)


@needs_systemd
def test_the_units_are_valid(tmp_path):
    for name in ("tallystick.service", "tallystick.socket"):
        text = (UNITS / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/bin/tallystick", BINARY))
    done = analyze("verify", "--man=no", tmp_path / "tallystick.service", tmp_path / "tallystick.socket")
    said = [line for line in done.stderr.splitlines() if "tallystick" in line]
    assert said == [], done.stderr


@needs_systemd
def test_the_service_is_little_exposed():
    done = analyze("security", "--offline=true", UNITS / "tallystick.service")
    found = re.search(r"Overall exposure level for tallystick.service: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_MAX, done.stdout


def test_the_service_waits_longer_than_the_drain_may_take():
    unit = (UNITS / "tallystick.service").read_text()
    stop_s = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M)[1])
    settings = (ROOT / "examples" / "config" / "server.json").read_text()
    drain_ms = sum(int(re.search(rf'"{name}": (\d+)', settings)[1]) for name in ("drain_delay_ms", "drain_deadline_ms"))
    assert stop_s * 1000 > drain_ms + 5000


def members(group):
    """The system calls of a group, with those of the groups in it."""
    lines = [line.strip() for line in analyze("syscall-filter", group).stdout.splitlines()]
    names = [line for line in lines[1:] if line and not line.startswith("#")]
    found = set()
    for name in names:
        found |= members(name) if name.startswith("@") else {name}
    return found


@needs_systemd
@needs_strace
def test_the_filter_lets_the_server_do_its_work(tmp_path):
    """Every system call of a day's work is one that the unit allows."""
    if re.search(rb"__[at]san_init", pathlib.Path(BINARY).read_bytes()):
        pytest.skip("a sanitizer makes system calls of its own, and cannot be traced")
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", (UNITS / "tallystick.service").read_text(), re.M):
        for group in line.lstrip("~").split():
            calls = members(group) if group.startswith("@") else {group}
            allowed = allowed - calls if line.startswith("~") else allowed | calls
    assert "read" in allowed and "mount" not in allowed
    trace = tmp_path / "trace"
    registry = Registry(tmp_path / "ledger")
    registry.start(wrap=["strace", "-D", "-f", "-qq", "-c", "-S", "name", "-U", "name", "-o", str(trace)])
    registry.cast()
    registry.confirmed()
    registry.verify()
    registry.stop()
    used = set(trace.read_text().split()) - {"syscall", "total"}
    used = {name for name in used if re.fullmatch(r"[a-z_0-9]+", name)}
    assert {"execve", "accept4", "fdatasync"} & used, used
    used -= {"fchown"}  # SQLite's, and only as root, as tests may run
    assert used <= allowed, used - allowed
