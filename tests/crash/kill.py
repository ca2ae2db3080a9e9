#!/usr/bin/python3
"""kill -9 of the real server at moments of every kind under load, and what it owes afterwards: see README.md.

    tests/crash/kill.py --cycles 30 [--seed N] [--directory DIR] [--preload SHIM --expect-loss]
"""

import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import moments  # noqa: E402
from lives import Cast, lives  # noqa: E402
from load import Load  # noqa: E402
from promises import Broken, Follower, check_acknowledged, check_open  # noqa: E402
from registry import Registry  # noqa: E402

UNLIMITED = ("--rate-requests-per-minute", "0", "--rate-commands-per-minute", "0", "--rate-ledger-per-minute", "0",
             "--rate-reads-per-minute", "0", "--log-level", "info")  # fmt: skip
PROGRESS_EVERY = 100
PHASES = {*moments.UNDER_LOAD, "shutdown", "start-up"}
UNCONFINED = ("--sandbox", "off")  # for libraries that do what the server itself may not
STARTS_MAX = 3  # kills in a row during one start-up


class Run:
    """One registry, killed again and again."""

    def __init__(self, options, number, counts):
        """counts: of kills and commands, which it goes on with."""
        self.counts = counts
        self.rng = random.Random(f"{options.seed}/{number}")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tallystick-crash-", dir=options.directory))
        self.registry = Registry(self.directory / "ledger", options=UNLIMITED + (UNCONFINED if options.preload else ()))
        self.env = {"LD_PRELOAD": str(pathlib.Path(options.preload).resolve())} if options.preload else None
        self.start()
        self.load = Load(lives(Cast(self.registry), options.lanes, f"{options.seed}/{number}"))
        self.follower = Follower(self.registry.vkey)
        self.follower.catch_up(self.registry)
        self.kept = []  # a sample of all acknowledged commands, asked for again in later cycles

    def start(self):
        begun = time.monotonic()
        try:
            self.registry.start(env=self.env)
        except AssertionError:
            raise Broken(f"it does not start again: {self.registry.stderr().splitlines()[-1:]}") from None
        self.start_s = time.monotonic() - begun

    def kill(self, phase):
        self.counts[phase] += 1
        self.registry.kill()

    # ---- one cycle ----

    def cycle(self):
        self.load.start(self.registry.port)
        if self.rng.random() < 0.2:
            self.stop_and_perhaps_kill()
        else:
            phase = self.rng.choice(list(moments.UNDER_LOAD))
            moments.UNDER_LOAD[phase](self.registry, self.rng)
            self.kill(phase)
        self.load.finish()
        for _ in range(self.rng.choice((0, 0, self.rng.randint(1, STARTS_MAX)))):
            self.kill_starting()
        self.start()
        self.check()

    def stop_and_perhaps_kill(self):
        """SIGTERM under load; then killed while it drains, or when it has ended by itself."""
        time.sleep(self.rng.random() * 0.3)
        self.registry.process.send_signal(signal.SIGTERM)
        time.sleep(self.rng.random() * 0.08)
        self.kill("shutdown")

    def kill_starting(self):
        """Killed before, while or just after it opens, recovers and reconciles."""
        with open(self.registry.log, "ab") as log:
            process = subprocess.Popen(
                self.registry.command_line(), stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **(self.env or {})}
            )
        time.sleep(self.rng.random() * self.start_s * 1.2)
        process.kill()
        process.wait()
        self.counts["start-up"] += 1

    def check(self):
        self.follower.catch_up(self.registry)
        fresh = [command for lane in self.load.lanes for command in lane.collect()]
        check_acknowledged(self.follower, self.registry, fresh + self.rng.sample(self.kept, min(20, len(self.kept))))
        unanswered = [command for lane in self.load.lanes for command in lane.open]
        self.counts["done all the same"] += check_open(self.follower, self.registry, unanswered)
        self.counts["acknowledged"] += sum(max(len(command.answers), len(command.reqs)) for command in fresh)
        self.counts["without answer"] += len(unanswered)
        self.kept += self.rng.sample(fresh, min(10, len(fresh)))

    def audit(self):
        """The ledger from outside, all of it, and everything from inside."""
        self.registry.verify()
        self.registry.secrets.clear()  # other stories ask what the log holds; here there are too many
        self.registry.stop()
        code, report = self.registry.audit()
        if code != 0 or report["findings"]:
            raise Broken(f"the audit found {report}")

    def close(self):
        if self.registry.process:
            self.registry.kill()
        self.registry.remove()
        self.registry.log.unlink(missing_ok=True)
        self.directory.rmdir()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None, help="default: another each time")
    parser.add_argument("--lanes", type=int, default=8, help="connections with a load on them")
    parser.add_argument("--per-registry", type=int, default=40, help="cycles before a new registry is made")
    parser.add_argument("--audit-every", type=int, default=10, help="cycles")
    parser.add_argument("--directory", help="where registries are made")
    parser.add_argument("--preload", help="a library that takes durability away")
    parser.add_argument("--expect-loss", action="store_true", help="succeed when a loss was found, fail when none was")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def main():
    options = arguments()
    print(f"crash: {options.cycles} cycles, seed {options.seed}", flush=True)
    begun, run, failure, passed, counts = time.monotonic(), None, None, 0, collections.Counter()
    try:
        for number in range(options.cycles):
            if number % options.per_registry == 0:
                if run:
                    run.audit()
                    run.close()
                run = Run(options, number, counts)
            run.cycle()
            if (number + 1) % options.audit_every == 0:
                run.audit()
                run.start()
            passed += 1
            if passed % PROGRESS_EVERY == 0:
                print(f"crash: {passed} cycles, {counts['acknowledged']} commands acknowledged", flush=True)
        run.audit()
    except Broken as error:
        failure = error
    return report(options, run, failure, passed, counts, time.monotonic() - begun)


def report(options, run, failure, passed, counts, seconds):
    kills = {phase: count for phase, count in sorted(counts.items()) if phase in PHASES}
    print(f"crash: {passed} cycles in {seconds:.0f} s; {sum(kills.values())} kills: "
          + ", ".join(f"{count} {phase}" for phase, count in kills.items()))  # fmt: skip
    print(f"crash: {counts['acknowledged']} commands acknowledged; "
          f"{counts['without answer']} requests without answer, {counts['done all the same']} of them done")  # fmt: skip
    print(f"crash: BROKEN in cycle {passed + 1}: {str(failure)[:3000]}" if failure else "crash: lost: 0")
    if options.expect_loss:
        print("crash: the harness noticed" if failure else "crash: NOTHING WAS NOTICED, and durability was switched off")
        passed, failed = (1, 0) if failure else (0, 1)
    else:
        failed = 1 if failure else 0
    if failed:
        print(f"crash: the registry is kept in {run.directory}")
    else:
        run.close()
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
