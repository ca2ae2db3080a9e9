"""Clients that go while the server works on their request: what they asked for is done, and nothing of it stays open."""

import os
import socket
import struct

import jws
from bulk_world import BATCHES, RECEIVABLES, register, signed
from test_uploads import HEAD, UPLOADS, csv_rows, key_of, state_of, wait_until

TIMES = 3


def open_files(registry, mark):
    """Files of the registry's folder that the server holds; one without a name is marked (deleted)."""
    folder = f"/proc/{registry.process.pid}/fd"
    found = []
    for fd in os.listdir(folder):
        try:
            found.append(os.readlink(f"{folder}/{fd}"))
        except FileNotFoundError:  # closed meanwhile
            continue
    return [path for path in found if path.startswith(str(registry.directory)) and mark in path]


def go_in_the_middle(registry, path, body, under_way, headers):
    """Posts, and resets the connection once the work has begun."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "x", "Content-Length": len(body), **headers}.items())
    with socket.create_connection(("127.0.0.1", registry.port)) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        wait_until(under_way)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_batch_whose_client_has_gone_leaves_no_answer_open(registry):
    for _ in range(TIMES):
        size = registry.size()
        items = [signed(registry.supplier, RECEIVABLES, registry.invoice()) for _ in range(200)]
        body = jws.compact({"mode": "independent", "commands": items})
        go_in_the_middle(registry, BATCHES, body, lambda size=size: registry.size() > size, {"Content-Type": "application/json"})
        wait_until(lambda size=size: registry.size() >= size + 200)
    wait_until(lambda: not open_files(registry, "(deleted)"))


def test_an_upload_whose_client_has_gone_leaves_no_journal_open(registry):
    small = register(registry, "Gone Workshop", ["supplier"], ["read", "submit"])
    for i in range(TIMES):
        size, key = registry.size(), key_of(f"gone{i}")
        body = (HEAD + "".join(csv_rows(registry, small, 300))).encode()
        head = {"Content-Type": "text/csv", "Authorization": f"Bearer {small.token}", "Idempotency-Key": key}
        go_in_the_middle(registry, UPLOADS, body, lambda size=size: registry.size() > size, head)
        wait_until(lambda key=key: state_of(small, key) == "complete")
    wait_until(lambda: not open_files(registry, ".ndjson"))
