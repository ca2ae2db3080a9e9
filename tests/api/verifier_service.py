"""An external verifier made of Python's own HTTP server, that answers as a story wants it to: right, wrong, late, or not at all."""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import threading

PATIENCE_S = 60
Question = collections.namedtuple("Question", "id timestamp signature body asked")
ANSWERED_AT = "2026-11-22T01:02:03.000000Z"


class VerifierService:
    """`reply(question, n)` gives the answer to the nth question (from 0): members of a proper answer, a Reply, or None: leave it
    unanswered until the end. While `gate` is closed nothing is answered."""

    def __init__(self, secret=bytes(32), reply=None, port=0, tls=None):
        self.secret, self.reply = secret, reply or (lambda question, n: {"answer": "genuine"})
        self.questions, self.changed, self.over, self.gate = [], threading.Condition(), threading.Event(), threading.Event()
        self.busy, self.busiest = 0, 0
        self.gate.set()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                reply = service.take(self.headers, body)
                if reply is None:
                    service.over.wait(PATIENCE_S)
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) + reply.missing))
                self.end_headers()
                self.wfile.write(reply.body)
                self.close_connection = reply.missing > 0

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
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.over.set()
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}/verify"

    def take(self, headers, body):
        question = Question(
            headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body, json.loads(body)
        )
        assert headers["content-type"] == "application/json"
        with self.changed:
            self.questions.append(question)
            number = len(self.questions) - 1
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
            self.changed.notify_all()
        self.gate.wait(PATIENCE_S)
        reply = self.reply(question, number)
        with self.changed:
            self.busy -= 1
        return Reply.proper(self.secret, question, reply) if isinstance(reply, dict) else reply

    def asked(self, count=1):
        """Waits for so many questions and returns them all."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.questions) >= count, PATIENCE_S), f"{len(self.questions)} of {count} asked"
            return list(self.questions)


class Reply:
    def __init__(self, status=200, body=b"", headers=None, missing=0):
        """missing: so many bytes are promised and never sent."""
        self.status, self.body, self.headers, self.missing = status, body, headers or {}, missing

    @classmethod
    def proper(cls, secret, question, members, status=200, **headers):
        """A signed answer of these members; headers replace its own, or leave them out with None."""
        body = json.dumps({"id": question.asked["id"], **members}).encode()
        own = {
            "Content-Type": "application/json",
            "webhook-id": question.id,
            "webhook-timestamp": question.timestamp,
            "webhook-signature": sign(secret, question.id, question.timestamp, body),
        }
        own.update({name.replace("_", "-"): value for name, value in headers.items()})
        return cls(status, body, {name: value for name, value in own.items() if value is not None})


def sign(secret, identity, timestamp, body):
    mac = hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()
