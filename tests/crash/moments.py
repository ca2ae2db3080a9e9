"""Moments in a server's life at which it is killed. Each waits for its moment; the caller kills."""

import ctypes
import os
import select
import struct
import time

IN_MODIFY = 0x2
WAIT_S = 2.0  # then the awaited did not happen, and this moment is as good as any
LIBC = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Tells when a file is written (inotify)."""

    def __init__(self, path):
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        assert self.fd >= 0
        if LIBC.inotify_add_watch(self.fd, os.fsencode(path), IN_MODIFY) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))

    def wait(self, times):
        """Until the file was written so many times."""
        deadline, seen = time.monotonic() + WAIT_S, 0
        while seen < times and (left := deadline - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                data = os.read(self.fd, 65536)
                seen += len(data) // struct.calcsize("iIII")

    def close(self):
        os.close(self.fd)


def written(registry, name, rng, times, then_s):
    watch = Watch(registry.directory / name)
    try:
        watch.wait(rng.randint(1, times))
    finally:
        watch.close()
    time.sleep(rng.random() * then_s)


def any_time(registry, rng):
    time.sleep(rng.random() * 0.6)


def commit(registry, rng):
    """While a transaction goes into the write-ahead log, and somewhere up to its sync."""
    time.sleep(rng.random() * 0.3)
    written(registry, "ledger.db-wal", rng, 40, 0.003)


def head(registry, rng):
    """Between commit and answer, or while answers go out."""
    time.sleep(rng.random() * 0.3)
    written(registry, "head", rng, 3, 0.0005)


def checkpoint(registry, rng):
    """While the write-ahead log is moved into the database."""
    written(registry, "ledger.db", rng, 60, 0.001)


UNDER_LOAD = {"any time": any_time, "commit": commit, "head": head, "checkpoint": checkpoint}
