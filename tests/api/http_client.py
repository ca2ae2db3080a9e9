"""Plain HTTP for the tests: kept connections for ordinary requests, raw sockets for what http.client would never send."""

import contextlib
import http.client
import json
import socket
import threading

TIMEOUT_S = 60


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()

    def ok_text(self):
        assert self.status == 200, f"{self.status}: {self.body[:500].decode(errors='replace')}"
        return self.body.decode()

    def ok(self, status=200):
        assert self.status == status, f"{self.status}: {self.body[:2000].decode(errors='replace')}"
        return self.json

    def problem(self, slug, *faults):
        """Asserts the problem type and, when given, exactly these (code, pointer) in errors[]."""
        assert self.status >= 400, f"{self.status}, expected {slug}: {self.body[:2000].decode(errors='replace')}"
        found = self.json["type"].rpartition(":")[2]
        assert found == slug, f"expected {slug}: {self.body[:2000].decode(errors='replace')}"
        if faults:
            got = [(fault["code"], fault["pointer"]) for fault in self.json.get("errors", [])]
            assert sorted(got) == sorted(faults), self.json.get("errors")
            assert all(fault["detail"] for fault in self.json["errors"])
        return self.json


class HttpClient:
    """One kept connection per thread; with `tls`, a context, over https to "localhost"."""

    def __init__(self, port, tls=None):
        self.port, self.tls = port, tls
        self.local = threading.local()

    def request(self, method, target, body=None, headers=None):
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            fresh = connection is None
            if fresh:
                connection = self.connect()
                self.local.connection = connection
            try:
                connection.request(method, target, body=body, headers=headers or {})
                response = connection.getresponse()
                answer = Answer(response.status, response.getheaders(), response.read())
                if response.will_close:
                    self.close()
                return answer
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A kept connection may have been closed while idle; a fresh one may not.
                self.close()
                if fresh or attempt == 2:
                    raise
            except BaseException:
                self.close()
                raise
        raise AssertionError("unreachable")

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, timeout=TIMEOUT_S, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)

    def close(self):
        connection = getattr(self.local, "connection", None)
        if connection:
            connection.close()
            self.local.connection = None


def exchange(port, data, shut=False):
    """Sends raw bytes and reads until the server closes. b"" if it closed without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as sock:
        # The server may refuse and close before all was sent.
        with contextlib.suppress(OSError):
            sock.sendall(data)
            if shut:
                sock.shutdown(socket.SHUT_WR)
        received = b""
        while True:
            try:
                chunk = sock.recv(65536)
            except ConnectionResetError:
                return received
            if not chunk:
                return received
            received += chunk


def parse_answers(data):
    """The answers in a stream of bytes, by their Content-Length."""
    answers = []
    while data:
        head, blank, data = data.partition(b"\r\n\r\n")
        assert blank, head
        lines = head.decode().split("\r\n")
        headers = [line.split(": ", 1) for line in lines[1:]]
        length = int(next((v for k, v in headers if k.lower() == "content-length"), "0"))
        answers.append(Answer(int(lines[0].split(" ")[1]), headers, data[:length]))
        data = data[length:]
    return answers
