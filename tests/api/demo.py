"""The registry of `make run`, and the commands of a README run against it as they stand there."""

import contextlib
import os
import subprocess

from contract import ROOT
from registry import BINARY


@contextlib.contextmanager
def demo_registry(folder):
    """What `make run` prints, name to value, while it serves."""
    env = {**os.environ, "PORT": "0", "TALLYSTICK": BINARY, "TMPDIR": str(folder)}
    process = subprocess.Popen([ROOT / "scripts" / "demo.sh", "--serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True)
    printed = {}
    for line in process.stdout:
        name, _, value = line.rstrip("\n").partition(": ")
        printed[name] = value
        if name == "registry":
            break
    try:
        assert "registry" in printed, printed
        yield printed
    finally:
        process.terminate()
        process.stdout.close()
        code = process.wait(60)
    assert code == 0


def readme_script(path, filled, fences=None):
    """The commands between the fences, with what the README leaves to be filled in."""
    fenced = path.read_text().split("```")[1::2][:fences]
    script = "\n".join(["set -euo pipefail", *fenced])
    for known, value in filled:
        assert known in script, f"{path} says {known}"
        script = script.replace(known, value)
    assert "\u2026" not in script, "everything that is left out has been filled in"
    return script
