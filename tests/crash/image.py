#!/usr/bin/python3
"""The power goes under a real file system: snapshots of the device below it, taken under load: see README.md.

    tests/crash/image.py [--snapshots 20] [--seed N] [--preload RECORDER --expect-loss]

Needs root, loop devices, and mkfs of ext4 and xfs; without them it says so and passes nothing."""

import argparse
import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import survivor  # noqa: E402
from kill import UNCONFINED, UNLIMITED  # noqa: E402
from lives import Cast, lives  # noqa: E402
from load import Load  # noqa: E402
from promises import Broken  # noqa: E402
from registry import Registry  # noqa: E402

PER_ROUND = 25  # snapshots of one registry
OUTER_BYTES, INNER_BYTES = 8 << 30, 192 << 20  # sparse


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


@contextlib.contextmanager
def mounted(image, place):
    place.mkdir(exist_ok=True)
    run("mount", "-o", "loop", image, place)
    try:
        yield place
    finally:
        run("umount", place)


@contextlib.contextmanager
def file_system(image, size, *mkfs):
    """A new file system in a sparse file, mounted beside it."""
    with open(image, "wb") as file:
        file.truncate(size)
    run(*mkfs, image)
    with mounted(image, image.with_suffix("")) as place:
        yield place


def missing():
    """Why it cannot run here; None if it can."""
    if os.geteuid() != 0:
        return "only root may mount"
    path = os.defpath + ":/usr/sbin:/sbin"
    tools = [tool for tool in ("mkfs.ext4", "mkfs.xfs", "mount", "umount") if not shutil.which(tool, path=path)]
    if tools:
        return f"{' and '.join(tools)} not installed (xfsprogs, e2fsprogs)"
    try:
        with tempfile.TemporaryDirectory() as home, outer(pathlib.Path(home)) as place:
            (place / "a").touch()
            snapshot(place / "a", place / "b")
    except OSError as error:
        return f"no loop mounts here: {error}"
    return None


def outer(home):
    """The file system whose files are devices to the inner one, and that can snapshot them."""
    return file_system(home / "outer.img", OUTER_BYTES, "mkfs.xfs", "-q", "-m", "reflink=1")


def snapshot(image, to):
    """All that was written to the device at one moment; what the file system above still holds in memory is not in it."""
    run("cp", "--reflink=always", image, to)


class Round:
    """One registry on an image of its own, under load while snapshots are taken."""

    def __init__(self, options, place, seed, count):
        self.options, self.place, self.seed, self.count = options, place, seed, count
        self.rng, self.image, self.moments, self.history = random.Random(seed), place / "inner.img", [], []

    def take(self):
        with file_system(self.image, INNER_BYTES, "mkfs.ext4", "-q") as inner:
            self.registry = Registry(inner / "ledger", options=UNLIMITED + (UNCONFINED if self.options.preload else ()))
            try:
                self.registry.start(env=self.env())
                self.snapshots_under_load(Load(lives(Cast(self.registry), self.options.lanes, self.seed)))
            finally:
                if self.registry.process:
                    self.registry.kill()

    def snapshots_under_load(self, load):
        run("sync", "-f", self.place / "inner")  # what was there before the load
        load.start(self.registry.port)
        try:
            for number in range(self.count):
                time.sleep(0.05 + self.rng.random() * 0.15)
                self.moments.append(time.monotonic())
                snapshot(self.image, self.place / f"snapshot-{number}.img")
        finally:
            load.finish()
        for lane in load.lanes:
            self.history += lane.collect()

    def env(self):
        if not self.options.preload:
            return None
        shim = str(pathlib.Path(self.options.preload).resolve())
        where = {"RECORDER_LOG": os.devnull, "RECORDER_DIR": str(self.registry.directory)}
        return {"LD_PRELOAD": shim, "RECORDER_IGNORE": "all", **where}

    def check(self, number):
        """Returns how many acknowledgements were owed."""
        image = self.place / f"snapshot-{number}.img"
        with mounted(image, self.place / "found") as found:
            owed = survivor.check(self.registry, found / "ledger", self.history, self.moments[number], self.rng)
        image.unlink()
        return owed


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snapshots", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None, help="default: another each time")
    parser.add_argument("--lanes", type=int, default=8, help="connections with a load on them")
    parser.add_argument("--directory", help="where images are made")
    parser.add_argument("--preload", help="the recorder, here only to answer syncs without doing them")
    parser.add_argument("--expect-loss", action="store_true", help="succeed when a loss was found, fail when none was")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def run_rounds(options, place):
    """(snapshots that kept every promise, what was broken, promises asked)"""
    passed = owed = 0
    while passed < options.snapshots:
        one = Round(options, place, f"{options.seed}/{passed}", min(PER_ROUND, options.snapshots - passed))
        one.take()
        for number in range(one.count):
            try:
                owed += one.check(number)
            except Broken as error:
                return passed, f"snapshot {passed + 1}: {error}", owed
            passed += 1
    return passed, None, owed


def main():
    options = arguments()
    if reason := missing():
        print(f"image: SKIPPED: {reason}")
        return 0
    print(f"image: {options.snapshots} snapshots, seed {options.seed}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tallystick-image-", dir=options.directory) as home, outer(pathlib.Path(home)) as place:
        passed, broken, owed = run_rounds(options, place)
    print(f"image: {passed} snapshots of an ext4 image under load in {time.monotonic() - begun:.0f} s")
    print(f"image: BROKEN: {broken[:1500]}" if broken else f"image: {owed} acknowledgements asked for, lost: 0")
    if options.expect_loss:
        print("image: the harness noticed" if broken else "image: NOTHING WAS NOTICED, and syncs did nothing")
        passed, failed = (1, 0) if broken else (0, 1)
    else:
        failed = 1 if broken else 0
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
