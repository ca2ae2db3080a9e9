#!/usr/bin/python3
"""The power goes: states that a disk may be left in by a recorded run, each served, asked and audited: see README.md.

    tests/crash/power.py --recorder SHIM [--states 40] [--seed N] [--ignore SUFFIX --expect-loss]
"""

import argparse
import bisect
import collections
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import survivor  # noqa: E402
from disk import START, Disk, read_log  # noqa: E402
from kill import UNCONFINED, UNLIMITED  # noqa: E402
from lives import Cast, lives  # noqa: E402
from load import Load  # noqa: E402
from promises import Broken  # noqa: E402
from registry import Registry  # noqa: E402

SYNC_US = 1500  # how long a sync takes: what is answered without waiting for it is answered before its end
LEDGER = "ledger"  # the registry's folder
CUT_AGAIN = 0.25  # of the states lose the power once more, while they are started
BURSTS, BURST_S, PAUSE_S = 4, 0.7, 0.3  # load, and leisure in which the write-ahead log is moved
STATES_EACH = 20  # of one recording: its commands are sent again, and one signed more than five minutes ago is refused


def recorded(options, log, folder):
    """The environment in which a program is recorded."""
    return {
        "LD_PRELOAD": str(pathlib.Path(options.recorder).resolve()), "RECORDER_LOG": str(log), "RECORDER_DIR": str(folder),
        "RECORDER_SYNC_US": str(SYNC_US), **({"RECORDER_IGNORE": options.ignore} if options.ignore else {}),
    }  # fmt: skip


class Recording:
    """A registry made, put under load in bursts, stopped and started once in between, with every write of it recorded."""

    def __init__(self, options, home, seed):
        self.home, self.log, folder = home, home / "record", home / "disk"
        folder.mkdir(parents=True)
        self.options, self.disk, self.env = options, Disk(folder), recorded(options, self.log, folder)
        durable = {name: value for name, value in self.env.items() if name != "RECORDER_IGNORE"}
        with mock.patch.dict(os.environ, durable):  # for init
            self.registry = Registry(folder / LEDGER, options=UNLIMITED + UNCONFINED)
        self.registry.start(env=self.env)
        self.load = Load(lives(Cast(self.registry), options.lanes, seed))
        self.history = []

    def run(self):
        for burst in range(BURSTS):
            self.load.start(self.registry.port)
            time.sleep(BURST_S)
            self.load.finish()
            for lane in self.load.lanes:
                self.history += lane.collect()
            time.sleep(PAUSE_S)
            if burst == BURSTS // 2 - 1:
                self.registry.secrets.clear()
                self.registry.restart(env=self.env)
        self.registry.secrets.clear()
        self.registry.stop()
        self.history.sort(key=lambda command: command.answered)
        self.records = read_log(self.log)
        self.starts = [place for place, record in enumerate(self.records) if record.type == START]
        assert len(self.starts) == 3, "init and both servers were recorded"

    def moments(self, rng, count):
        """Numbers of records after which the power goes, at any time after init said that all was made."""
        first = self.starts[1]
        times = [record.time_ns for record in self.records]
        answers = [bisect.bisect_left(times, command.answered * 1e9) - 1 for command in self.history]
        chosen = [rng.choice(answers) if rng.random() < 0.4 else rng.randrange(first, len(self.records)) for _ in range(count)]
        return sorted(max(first, min(moment, len(self.records) - 2)) for moment in chosen)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recorder", required=True, help="the library that records")
    parser.add_argument("--states", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None, help="default: another each time")
    parser.add_argument("--lanes", type=int, default=8, help="connections with a load on them")
    parser.add_argument("--directory", help="where registries are made")
    parser.add_argument("--ignore", help="syncs that do nothing: of files whose names end so, or all")
    parser.add_argument("--expect-loss", action="store_true", help="succeed when a loss was found, fail when none was")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def cut_again(recording, state, rng):
    """The server starts on this disk, and the power goes while it does, or as soon as it listens."""
    log, disk = state.with_suffix(".record"), Disk(state)
    registry = survivor.Restored(recording.registry, state / LEDGER, UNLIMITED + UNCONFINED)
    registry.begin(env=recorded(recording.options, log, state))
    registry.stop()
    registry.log.unlink()
    records = read_log(log)
    for record in records[: rng.randrange(len(records))]:
        disk.take(record)
    shutil.rmtree(state)
    disk.power_cut(rng, state)
    log.unlink()


class Outcome:
    """States that kept every promise, and of what kind they were; promises asked; what was broken."""

    def __init__(self):
        self.passed, self.owed, self.kinds, self.broken = 0, 0, collections.Counter(), None


def run_states(recording, home, seed, count, outcome):
    rng = random.Random(seed)
    at = 0
    for moment in recording.moments(rng, count):
        while at <= moment:
            recording.disk.take(recording.records[at])
            at += 1
        state = home / f"state-{outcome.passed}"
        outcome.kinds[recording.disk.power_cut(rng, state)] += 1
        cut_s = recording.records[at].time_ns / 1e9
        try:
            if rng.random() < CUT_AGAIN:
                cut_again(recording, state, rng)
                outcome.kinds["cut again while starting"] += 1
            outcome.owed += survivor.check(recording.registry, state / LEDGER, recording.history, cut_s, rng)
        except Broken as error:
            outcome.broken = f"state {outcome.passed + 1}, after record {moment}: {error}"
            return
        shutil.rmtree(state)
        outcome.passed += 1


def record(options, home, seed):
    recording = Recording(options, home, seed)
    try:
        recording.run()
    finally:
        if recording.registry.process:
            recording.registry.kill()
    print(f"power: recorded {len(recording.records)} writes, syncs and names, {os.path.getsize(recording.log) >> 20} MiB; "
          f"{len(recording.history)} requests acknowledged", flush=True)  # fmt: skip
    return recording


def main():
    options = arguments()
    print(f"power: {options.states} states, seed {options.seed}", flush=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="tallystick-power-", dir=options.directory))
    begun = time.monotonic()
    outcome = Outcome()
    while outcome.passed < options.states and not outcome.broken:
        seed = options.seed + outcome.passed
        recording = record(options, home / f"from-{outcome.passed}", seed)
        run_states(recording, home, seed, min(STATES_EACH, options.states - outcome.passed), outcome)
        if not outcome.broken:
            shutil.rmtree(recording.home)
    broken, passed = outcome.broken, outcome.passed
    print(f"power: {passed} states in {time.monotonic() - begun:.0f} s; of what was not synced: "
          + ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.kinds.items())))  # fmt: skip
    print(f"power: BROKEN: {broken[:1500]}" if broken else f"power: {outcome.owed} acknowledgements asked for, lost: 0")
    if options.expect_loss:
        print("power: the harness noticed" if broken else "power: NOTHING WAS NOTICED, and syncs did nothing")
        passed, failed = (1, 0) if broken else (0, 1)
    else:
        failed = 1 if broken else 0
    if failed:
        print(f"power: the recording and the state are kept in {home}")
    else:
        shutil.rmtree(home)
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
