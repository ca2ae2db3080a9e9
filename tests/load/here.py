"""The load speaks to the server through the harness of tests/api, without its checks of every answer, which cost more than the answers."""

import pathlib
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

from contract import ROOT  # noqa: E402
from registry import BINARY, LOG_OPTIONS, Registry, tallystick  # noqa: E402

# What a crowd from one machine needs: the limits of rates off, those of connections high, a log that does not fill the disk.
CROWD = [
    "--connections-max", "16384", "--connections-per-address-max", "16384", "--rate-commands-per-minute", "0",
    "--rate-reads-per-minute", "0", "--rate-failures-per-minute", "0", "--webhooks-private",
]  # fmt: skip


class Unchecked:
    """A contract that takes everything."""

    def check_request(self, *_):
        pass

    def check_answer(self, *_):
        pass


class LoadRegistry(Registry):
    """Answers are checked by who asks; the log holds warnings and faults alone."""

    def __init__(self, directory, options=(), **how):
        super().__init__(directory, options=[*CROWD, *options], **how)
        self.patience, self.contract = (), Unchecked()

    def command_line(self):
        log = [*LOG_OPTIONS[:2], "--log-level", "warn"]
        return [BINARY, "serve", str(self.directory), "--listen", "http://127.0.0.1:0", *log, *self.options]

    def check_receipts(self, answer, command):
        pass


def raise_descriptors():
    """As many open files as this process may have; the server, its child, has them too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def cpu_us(process):
    """Run time of all its threads, from the scheduler."""
    tasks = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


__all__ = ["ROOT", "LoadRegistry", "cpu_us", "raise_descriptors", "tallystick"]
