"""One request that changes the ledger, as its sender knows it: the bytes, when they were sent, and what came back."""

import hashlib
import itertools
import json
import re
import time

import jws

PLAIN = "application/json"
AGAIN = (429, 503)  # "not now": such a command was neither done nor refused
BLANK, LENGTH = b"\r\n\r\n", re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
KEYS = itertools.count(1)


class Command:
    """`reqs` are the hashes by which the ledger's entries name their command; custody's are unknown until answered."""

    __slots__ = ("path", "body", "request", "reqs", "atomic", "sent", "answered", "status", "answer", "json", "key", "bearer")

    def __init__(self, path, body, kind=jws.JOSE, headers=(), reqs=(), atomic=False):
        self.path, self.body, self.reqs, self.atomic = path, body, list(reqs), atomic
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
        self.request = "\r\n".join(lines).encode() + BLANK + body
        self.sent = self.answered = self.status = self.answer = self.json = None

    def __str__(self):
        return f"{self.path} {self.body[:300]!r}: {self.status} {(self.answer or b'')[:600]!r}"

    @property
    def acknowledged(self):
        return self.answered is not None

    def take(self, status, answer):
        """False for an answer that says nothing about the command."""
        if status in AGAIN:
            return False
        self.status, self.answer, self.json = status, answer, json.loads(answer)
        self.answered = time.monotonic()
        return True

    @property
    def answers(self):
        """The answers of the single acts: one, or those of a batch."""
        if "results" in self.json:
            return [result.get("answer") or result["problem"] for result in self.json["results"]]
        return [self.json]

    @property
    def receipts(self):
        return [answer["receipt"] for answer in self.answers if "receipt" in answer]

    @property
    def done(self):
        return self.status in (200, 201) and all("type" not in answer for answer in self.answers)


def req_of(body):
    return hashlib.sha256(body).hexdigest()


def signed(who, path, payload):
    body = who.sign(path, payload)
    return Command(path, body, reqs=[req_of(body)])


def new_key():
    return f"crash-{next(KEYS):024d}"


def plain(who, path, payload):
    """For custody, under an Idempotency-Key."""
    headers = [f"Authorization: Bearer {who.token}", f"Idempotency-Key: {new_key()}"]
    return Command(path, jws.compact(payload), PLAIN, headers)


def batch(mode, commands):
    items = [{"jws": command.body.decode()} for command in commands]
    reqs = [req for command in commands for req in command.reqs]
    return Command("/v1/batches", jws.compact({"mode": mode, "commands": items}), PLAIN, reqs=reqs, atomic=mode == "atomic")


def upload(who, lines):
    """Signed commands, one a line."""
    key, bearer = new_key(), f"Bearer {who.token}"
    headers = [f"Authorization: {bearer}", f"Idempotency-Key: {key}"]
    reqs = [req for command in lines for req in command.reqs]
    made = Command("/v1/uploads", b"".join(line.body + b"\n" for line in lines), "application/x-ndjson", headers, reqs)
    made.key, made.bearer = key, bearer
    return made


class Line:
    """One kept connection; requests may be written before the answers to earlier ones are read."""

    def __init__(self, connection):
        self.connection, self.data = connection, bytearray()

    def send(self, commands):
        now = time.monotonic()
        for command in commands:
            command.sent = now
        self.connection.sendall(b"".join(command.request for command in commands))

    def receive(self):
        """(status, body) of the next answer; ConnectionError if there is none."""
        while (end := self.data.find(BLANK)) < 0:
            self.more()
        head = bytes(self.data[:end])
        whole = end + 4 + int(LENGTH.search(head).group(1))
        while len(self.data) < whole:
            self.more()
        body = bytes(self.data[end + 4 : whole])
        del self.data[:whole]
        return int(head[9:12]), body

    def more(self):
        chunk = self.connection.recv(1 << 18)
        if not chunk:
            raise ConnectionResetError("the connection ended")
        self.data += chunk

    def close(self):
        self.connection.close()
