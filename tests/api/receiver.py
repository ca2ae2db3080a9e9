"""A receiver of webhooks: an HTTP server of Python's own on the loopback interface that keeps what it gets, and verifies it."""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import threading
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PATIENCE_S = 60
Hit = collections.namedtuple("Hit", "path id timestamp signature body message")


class Receiver:
    """`answer(path, n)` says the status of request n to that path; None leaves it unanswered until the end."""

    def __init__(self, answer=None, port=0, tls=None):
        self.answer = answer or (lambda path, n: 200)
        self.hits, self.counts, self.changed = [], collections.Counter(), threading.Condition()
        self.connections, self.over = 0, threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with receiver.changed:
                    receiver.connections += 1

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.take(self.path, self.headers, body)
                if status is None:
                    receiver.over.wait(PATIENCE_S)
                    self.close_connection = True
                    return
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 256

            def handle_error(self, *_):
                pass  # a client that went away, or does not trust us

        self.server = Server(("127.0.0.1", port), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.scheme, self.port = "https" if tls else "http", self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def url(self, path="/"):
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def take(self, path, headers, body):
        with self.changed:
            status = self.answer(path, self.counts[path])
            self.counts[path] += 1
            hit = Hit(path, headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body, json.loads(body))
            self.hits.append(hit)
            self.changed.notify_all()
        return status

    def at(self, path, count=1):
        """Waits for so many messages to the path, and returns them all."""
        with self.changed:
            found = lambda: [hit for hit in self.hits if hit.path == path]
            assert self.changed.wait_for(lambda: len(found()) >= count, PATIENCE_S), f"{len(found())} of {count} came to {path}"
            return found()


def signatures(hit):
    """[(version, bytes)]"""
    return [(version, base64.b64decode(text)) for version, _, text in (part.partition(",") for part in hit.signature.split(" "))]


def content(hit):
    return f"{hit.id}.{hit.timestamp}.".encode() + hit.body


def is_signed_v1(hit, secret):
    assert secret.startswith("whsec_")
    mac = hmac.new(base64.b64decode(secret[6:]), content(hit), hashlib.sha256).digest()
    return ("v1", mac) in signatures(hit)


def check_v1a(hit, public_key):
    assert public_key.startswith("whpk_")
    [signature] = [value for version, value in signatures(hit) if version == "v1a"]
    Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key[5:])).verify(signature, content(hit))


def is_recent(hit, now):
    return abs(int(hit.timestamp) - now) < PATIENCE_S


def until(condition, what):
    """Asks again until it holds; the answer comes from another thread of the server, so nothing tells when."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain: {what}"
    return found
