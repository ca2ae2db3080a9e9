"""A server between a client and the registry, which passes everything on and bends what it is told to bend."""

import base64
import http.client
import http.server
import json
import threading


class Liar(http.server.ThreadingHTTPServer):
    """`bend(path, body)` makes the body that is answered. `meet(method, path, n)` may act before request number n (from 1)
    to that path is passed on: None lets it be; "drop" closes the connection unanswered, before the registry hears of it;
    "swallow" does so after; (status, headers) or (status, headers, body) is answered instead. `asked` remembers (method, path, body).
    """

    daemon_threads = True

    def __init__(self, port):
        self.port = port
        self.honest()
        super().__init__(("127.0.0.1", 0), Relay)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def honest(self):
        self.asked = []
        self.bend = lambda path, body: body
        self.meet = lambda method, path, n: None

    def handle_error(self, *_):
        pass  # a client that went away

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, body))
        n = sum(path == self.path for _, path, _ in self.server.asked)
        how = self.server.meet(self.command, self.path, n)
        if how == "drop":
            self.close_connection = True
        elif how is None or how == "swallow":
            self.pass_on(body, swallow=how == "swallow")
        else:
            status, headers, *body = how
            self.respond(status, {"Content-Type": "application/problem+json", **headers}, *(body or [b'{"title": "as told"}']))

    def pass_on(self, body, swallow):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        headers = {name: self.headers[name] for name in ("content-type", "authorization", "idempotency-key") if name in self.headers}
        connection.request(self.command, self.path, body or None, headers)
        answer = connection.getresponse()
        got = answer.read()
        connection.close()
        if swallow:
            self.close_connection = True
            return
        kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After", "Location") if name in answer.headers}
        self.respond(answer.status, kept, self.server.bend(self.path, got))

    def respond(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = relay

    def log_message(self, *_):
        pass


# ---- what may be changed of a receipt ----


def flip(text, at=0.5):
    """One character of it another one of the same kind."""
    place = int(at * (len(text) - 1))
    while not text[place].isalnum():
        place += 1
    other = {"0": "1", "a": "b", "A": "B"}.get(text[place], "0" if text[place].isdigit() else "a" if text[place].islower() else "A")
    return text[:place] + other + text[place + 1 :]


def change_entry(receipt):
    receipt["entry"] = receipt["entry"].replace('"seq"', '"seQ"', 1)


def change_type(receipt):
    receipt["entry"] = receipt["entry"].replace(".registered", ".confirmed", 1)


def change_leaf(receipt):
    receipt["leaf"] = flip(receipt["leaf"])


def change_seq(receipt):
    receipt["seq"] += 1


def change_hash(receipt):
    head, blank, note = receipt["proof"].partition("\n\n")
    kind, index, first, *rest = head.split("\n")
    receipt["proof"] = "\n".join([kind, index, flip(first), *rest]) + blank + note


def drop_hash(receipt):
    head, blank, note = receipt["proof"].partition("\n\n")
    receipt["proof"] = head.rpartition("\n")[0] + blank + note


def change_index(receipt):
    receipt["proof"] = receipt["proof"].replace(f"index {receipt['seq']}", f"index {receipt['seq'] - 1}")


def change_size(receipt):
    head, blank, note = receipt["proof"].partition("\n\n")
    lines = note.split("\n")
    receipt["proof"] = head + blank + "\n".join([lines[0], str(int(lines[1]) + 1), *lines[2:]])


def change_root(receipt):
    head, blank, note = receipt["proof"].partition("\n\n")
    lines = note.split("\n")
    receipt["proof"] = head + blank + "\n".join([*lines[:2], flip(lines[2]), *lines[3:]])


def change_signature(receipt):
    head, dash, rest = receipt["proof"].rpartition("\u2014 ")
    receipt["proof"] = head + dash + flip(rest, 0.9)


def drop_signature(receipt):
    receipt["proof"] = receipt["proof"].partition("\n\u2014")[0] + "\n"


def change_disclosure(receipt):
    salt, name, value = json.loads(base64.urlsafe_b64decode(receipt["disclosures"][-1] + "=="))
    made = base64.urlsafe_b64encode(json.dumps([salt, name, "forged"]).encode()).rstrip(b"=").decode()
    receipt["disclosures"][-1] = made


def empty(receipt):
    receipt.clear()


def no_strings(receipt):
    receipt["entry"] = {"seq": receipt["seq"]}


BENT = [change_entry, change_type, change_leaf, change_seq, change_hash, drop_hash, change_index, change_size, change_root,
        change_signature, drop_signature, change_disclosure, empty, no_strings]  # fmt: skip


def bending(change, where=lambda path: path == "/v1/receivables"):
    """The receipt in the answers to those paths, changed."""

    def bend(path, body):
        if not where(path):
            return body
        answer = json.loads(body)
        change(answer["receipt"])
        return json.dumps(answer).encode()

    return bend
