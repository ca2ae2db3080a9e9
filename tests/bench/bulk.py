#!/usr/bin/env python3
"""Measures how 10,000 invoices get in: a folder submitted by the client, one upload, and one request for each.

    TALLYSTICK=build/release/tallystick python3 tests/bench/bulk.py [COUNT]

Prints wall time, the server's and the sender's CPU for each invoice, and the highest memory of both."""

import http.client
import os
import pathlib
import resource
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "api")]
import invoice_folder  # noqa: E402
import jws  # noqa: E402
from bearer import register  # noqa: E402
from registry import BINARY, Registry  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")


def server_cpu_s(registry):
    fields = pathlib.Path(f"/proc/{registry.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def server_peak_mib(registry):
    for line in pathlib.Path(f"/proc/{registry.process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


class Measure:
    def __init__(self, what, count):
        self.what, self.count = what, count
        self.registry = Registry(pathlib.Path(tempfile.mkdtemp()) / "ledger").start().cast()
        self.small = register(self.registry, "Measured Works", ["supplier"], ["read", "submit"])
        self.peak = server_peak_mib(self.registry)

    def run(self, send):
        wall, server, children = time.monotonic(), server_cpu_s(self.registry), resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        memory = send() or 0.0
        wall = time.monotonic() - wall
        server = server_cpu_s(self.registry) - server
        after, own_after = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
        used = sum(getattr(after, m) - getattr(children, m) for m in ("ru_utime", "ru_stime"))
        used = used or sum(getattr(own_after, m) - getattr(own, m) for m in ("ru_utime", "ru_stime"))
        grew = self.registry.size()
        print(
            f"{self.what:34} {wall:7.2f} s {self.count / wall:8.0f}/s  server {server * 1e6 / self.count:6.0f} us, "
            f"{server_peak_mib(self.registry):5.0f} MiB (before {self.peak:3.0f})  sender {used * 1e6 / self.count:6.0f} us"
            + (f", {memory:4.0f} MiB" if memory else "") + f"  [{grew} entries]",
            flush=True,
        )
        self.registry.stop()
        shutil.rmtree(self.registry.directory.parent, ignore_errors=True)


def client(registry, arguments, env):
    folder = registry.directory.parent
    log = folder / "client.log"
    pid = os.fork()
    if pid == 0:
        out = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.execvpe(BINARY, [BINARY, *arguments], {**os.environ, "TALLYSTICK_URL": f"http://127.0.0.1:{registry.port}",
                   "TALLYSTICK_VKEY": registry.vkey, "XDG_STATE_HOME": str(folder), **env})  # fmt: skip
    _, status, usage = os.wait4(pid, 0)
    assert status == 0, log.read_text(encoding="utf-8")
    return usage.ru_maxrss / 1024


def folder_signed(count):
    m = Measure("client, folder, signed", count)
    folder = m.registry.directory.parent / "in"
    invoice_folder.write(folder, count, m.registry.supplier.id, m.registry.debtor.id, kinds=("json",))
    key = m.registry.directory.parent / "key.jwk"
    jws.jwk_file(key, m.registry.supplier.key)
    m.run(lambda: client(m.registry, ["submit", str(folder), "--key", str(key)], {}))


def folder_custody(count):
    m = Measure("client, folder, custody", count)
    folder = m.registry.directory.parent / "in"
    invoice_folder.write(folder, count, m.small.id, m.registry.debtor.id, kinds=("json",))
    m.run(lambda: client(m.registry, ["submit", str(folder)], {"TALLYSTICK_TOKEN": m.small.token}))


def post(registry, path, body, headers, connection=None):
    connection = connection or http.client.HTTPConnection("127.0.0.1", registry.port)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status in (200, 201, 202), text[:500]


def upload(what, count, kind, make, owner_of):
    m = Measure(what, count)
    owner = owner_of(m)
    body = make(m, list(invoice_folder.invoices(count, owner.id, m.registry.debtor.id)))
    head = {"Authorization": f"Bearer {owner.token}", "Content-Type": kind, "Idempotency-Key": "measured-upload-000000001"}
    m.run(lambda: post(m.registry, "/v1/uploads", body, head))
    return m


def tar_of(_, rows):
    import io
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for i, row in enumerate(rows):
            data = invoice_folder.as_json(row).encode()
            info = tarfile.TarInfo(f"发票 {i:06d}.json")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def lines_of(m, rows):
    return b"\n".join(m.registry.supplier.sign("/v1/receivables", invoice_folder.as_json(row).encode()) for row in rows)


def single(what, count, signed):
    m = Measure(what, count)
    owner = m.registry.supplier if signed else m.small
    rows = invoice_folder.invoices(count, owner.id, m.registry.debtor.id)
    bodies = [invoice_folder.as_json(row).encode() for row in rows]
    if signed:
        bodies = [owner.sign("/v1/receivables", body) for body in bodies]
    head = {"Content-Type": jws.JOSE} if signed else {"Content-Type": "application/json", "Authorization": f"Bearer {owner.token}"}

    def send():
        connection = http.client.HTTPConnection("127.0.0.1", m.registry.port)
        for body in bodies:
            post(m.registry, "/v1/receivables", body, head, connection)

    m.run(send)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    folder_signed(count)
    folder_custody(count)
    upload("one upload, CSV, custody", count, "text/csv", lambda _, rows: invoice_folder.as_csv(rows).encode(), lambda m: m.small)
    upload("one upload, tar of JSON, custody", count, "application/x-tar", tar_of, lambda m: m.small)
    upload("one upload, signed lines", count, "application/x-ndjson", lines_of, lambda m: m.registry.supplier)
    single("a request each, signed", count, True)
    single("a request each, custody", count, False)


if __name__ == "__main__":
    main()
