"""`make install`, and how programs are built against what it installs."""

import os
import pathlib
import subprocess

from contract import ROOT
from registry import BINARY

MODE = pathlib.Path(BINARY).resolve().parent.name
INSTRUMENTS = {"asan": "-fsanitize=address,undefined", "tsan": "-fsanitize=thread", "coverage": "--coverage"}
FLAGS = INSTRUMENTS.get(MODE, "")  # a library with sanitizers or counters needs a program with them


class Installed:
    def __init__(self, prefix):
        self.prefix, self.libdir = pathlib.Path(prefix), pathlib.Path(prefix) / "lib"
        self.build_env = {
            **os.environ, "PKG_CONFIG_PATH": str(self.libdir / "pkgconfig"),
            "CFLAGS": f"-O1 -g -Wall -Wextra -Werror {FLAGS}", "LDFLAGS": FLAGS,
        }  # fmt: skip

    def pkg_config(self, *words):
        done = subprocess.run(["pkg-config", *words, "tallystick"], capture_output=True, text=True, env=self.build_env)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()


def install(**variables):
    """The build that is tested, as `make install NAME=VALUE…`."""
    words = [f"{name}={value}" for name, value in variables.items()]
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(["make", "-C", ROOT, f"MODE={MODE}", "install", *words], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-3000:]
    return Installed(variables["PREFIX"])
