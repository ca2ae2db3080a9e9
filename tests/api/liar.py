"""A server between a client and the registry, which passes everything on and bends what it is told to bend."""

import http.client
import http.server
import threading


class Liar(http.server.ThreadingHTTPServer):
    """`bend(path, body)` makes the body that is answered. `meet(method, path, n)` may act before request number n (from 1)
    to that path is passed on: None lets it be; "drop" closes the connection unanswered, before the registry hears of it;
    "swallow" does so after; (status, headers) is answered instead. `asked` remembers (method, path, body).
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
            self.respond(how[0], {"Content-Type": "application/problem+json", **how[1]}, b'{"title": "as told"}')

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
