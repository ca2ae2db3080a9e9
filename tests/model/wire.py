"""Commands over real HTTP, one at a time or many at once, at a fraction of what a general client costs.

A salvo writes one signed command to each of several kept connections before it reads the first answer, so the server judges them in
an order of its own choosing."""

import copy
import json
import socket

import http_client
import jws
from contract import PROBLEM

LINES = 16
TIMEOUT_S = 120
FULL_CHECK_EVERY = 50  # answers held against openapi.json, receipts verified
BLANK = b"\r\n\r\n"
LENGTH = b"content-length: "


class Reply:
    __slots__ = ("status", "head", "body", "json")

    def __init__(self, status, head, body):
        self.status, self.head, self.body = status, head, body
        self.json = json.loads(body) if body[:1] == b"{" else None


class Command:
    __slots__ = ("kind", "who", "signers", "path", "payload", "args", "body", "reply")

    def __init__(self, kind, signers, path, payload, **args):
        self.kind, self.signers, self.path, self.payload, self.args = kind, signers, path, payload, args
        self.who = signers[0].id
        self.body = self.reply = None

    def twin(self, reply):
        """The same command, sent once more."""
        made = copy.copy(self)
        made.reply = reply
        return made

    def __str__(self):
        said = self.reply and (self.reply.status, self.reply.body[:1200])
        return f"{self.kind} {self.path} by {self.signers[0].name} {self.payload}: {said}"

    @property
    def accepted(self):
        return self.reply.status < 300 or "receipt" in self.reply.json

    @property
    def outcome(self):
        return f"entry {self.reply.json['receipt']['seq']}" if self.accepted else self.slug

    @property
    def slug(self):
        return self.reply.json["type"][len(PROBLEM) :]


class Wire:
    def __init__(self, registry):
        self.registry, self.lines, self.count = registry, [], 0

    def close(self):
        for line in self.lines:
            line.close()
        self.lines = []

    def line(self, place):
        while len(self.lines) <= place:
            line = socket.create_connection(("127.0.0.1", self.registry.port), timeout=TIMEOUT_S)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.lines.append(line)
        return self.lines[place]

    def signed(self, signers, path, payload):
        """The HTTP request of a command signed by one participant, or by two."""
        jti, now = jws.new_jti(), self.registry.now()
        heads = [(who.key, jws.header(who.key, self.registry.origin, path, now, jti)) for who in signers]
        body = jws.flattened(*heads[0], payload) if len(heads) == 1 else jws.general(heads, payload)
        return self.request("POST", path, body, b"Content-Type: application/jose+json\r\n"), body

    def request(self, method, path, body=b"", more=b""):
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n".encode()
        return head + more + b"\r\n" + body

    def get(self, who, path):
        token = f"Authorization: Bearer {who.token}\r\n".encode()
        return self.salvo([self.request("GET", path, more=token)])[0]

    def salvo(self, requests):
        """The answers, in the order of the requests; at most LINES of them."""
        for place, request in enumerate(requests):
            self.line(place).sendall(request)
        return [self.read(self.lines[place]) for place in range(len(requests))]

    def read(self, line):
        data = bytearray(line.recv(65536))
        while (end := data.find(BLANK)) < 0:
            data += self.more(line)
        head = bytes(data[:end])
        low = head.lower()
        at = low.index(LENGTH) + len(LENGTH)
        whole = end + 4 + int(low[at : at + 12].split(b"\r\n")[0])
        while len(data) < whole:
            data += self.more(line)
        assert len(data) == whole, "one answer to one request"
        return Reply(int(head[9:12]), head, bytes(data[end + 4 :]))

    def more(self, line):
        chunk = line.recv(1 << 20)
        assert chunk, "the server closed a connection in the middle of an answer"
        return chunk

    def check(self, method, path, payload, body, reply):
        """Every FULL_CHECK_EVERYth answer in full: openapi.json, receipt, checkpoint."""
        self.count += 1
        if self.count % FULL_CHECK_EVERY:
            return
        lines = reply.head.decode().split("\r\n")[1:]
        answer = http_client.Answer(reply.status, [line.split(": ", 1) for line in lines], reply.body)
        if payload is not None:
            self.registry.contract.check_request(method, path, jws.JOSE, payload)
        self.registry.contract.check_answer(method, path, answer)
        self.registry.check_receipts(reply.json, body)
