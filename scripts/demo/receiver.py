"""The participants' own systems, to which the registry sends its messages: prints its port, then serves.

    receiver.py DIR

A message comes to /WHO. DIR/WHO.secret holds what `webhook secret` printed for that endpoint ("whsec_…"). What verifies as the
Standard Webhooks specification 1.0.0 says (scheme v1, HMAC-SHA-256) is kept in DIR/WHO, a file for each message, together with the
moment at which its last byte had arrived; what does not, or is older than five minutes, gets 401 and is not kept. DIR/clock_offset
(seconds) is the demo's distance from the machine's clock.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import sys
import time

folder = pathlib.Path(sys.argv[1])
TOLERANCE_S = 300


def verifies(secret, headers, body):
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    now = time.time() + int((folder / "clock_offset").read_text() or 0)
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    given = [part[3:] for part in headers.get("webhook-signature", "").split() if part.startswith("v1,")]
    return any(hmac.compare_digest(base64.b64encode(wanted).decode(), one) for one in given)


def keep(box, arrived, message_id, message):
    """A message may come twice: the first arrival counts. Whoever reads the folder finds whole files only."""
    box.mkdir(exist_ok=True)
    kept = box / f"{message['data']['seq']:012}.json"
    if not kept.exists():
        draft = box / f"{message_id}.draft"
        draft.write_text(json.dumps({"arrived_ns": arrived, "id": message_id, "message": message}, ensure_ascii=False), "utf-8")
        os.replace(draft, kept)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        arrived = time.monotonic_ns()
        who = re.fullmatch(r"/([a-z0-9_]+)", self.path)
        secret = folder / f"{who[1]}.secret" if who else None
        good = bool(secret) and secret.exists() and verifies(secret.read_text().strip(), self.headers, body)
        if good:
            keep(folder / who[1], arrived, self.headers["webhook-id"], json.loads(body))
        self.send_response(204 if good else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
