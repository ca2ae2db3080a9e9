#!/usr/bin/env python3
"""A small external verifier: answers a registry's questions about invoices from a table of known ones.

    verifier.py --secret DIR/keys/verifier.key --invoices invoices.csv [--listen 127.0.0.1:8090]

It stands for a tax office's invoice check, or for the adapter that asks one: replace `look_up`. Python's standard library
is all it needs. The protocol is in README.md beside this file.
"""

import argparse
import base64
import csv
import datetime
import hashlib
import hmac
import http.server
import json
import sys
import time

QUESTION_MAX = 64 * 1024  # bytes
CLOCKS_MAY_DIFFER = 300  # seconds


def sign(secret, identity, timestamp, body):
    """What both sides send as webhook-signature."""
    mac = hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def load(path):
    """Known invoices by seller and number."""
    known = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known.setdefault(row["seller"], {})[row["number"]] = row
    return known


def look_up(known, question):
    """The members of the answer that this question deserves."""
    sellers = [identifier["value"] for identifier in question["seller"] if identifier["value"] in known]
    if not sellers:
        return {"answer": "unknown", "note": "no seller of these numbers is registered here"}
    invoice = known[sellers[0]].get(question["number"])
    if invoice is None:
        return {"answer": "not_genuine", "note": "the seller has issued no invoice of this number"}
    if invoice["status"] == "cancelled":
        return {"answer": "not_genuine", "note": "cancelled", "reference": invoice["reference"]}
    if any(invoice[name] != question[name] for name in ("issue_date", "currency", "gross_amount")):
        return {"answer": "differs", "note": "date, currency or amount is another", "reference": invoice["reference"]}
    return {"answer": "genuine", "reference": invoice["reference"]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    secret, known = b"", {}

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= QUESTION_MAX:
            self.close_connection = True
            return self.refuse(413 if length else 411)
        body = self.rfile.read(length)
        identity, timestamp = self.headers.get("webhook-id") or "", self.headers.get("webhook-timestamp") or ""
        signature = self.headers.get("webhook-signature") or ""
        if not hmac.compare_digest(signature.encode(), sign(self.secret, identity, timestamp, body).encode()):
            return self.refuse(401)
        if abs(int(timestamp) - time.time()) > CLOCKS_MAY_DIFFER:
            return self.refuse(401)  # an old question, sent again by somebody else
        now = datetime.datetime.now(datetime.timezone.utc)
        answer = {"id": identity, "answered_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"), **look_up(self.known, json.loads(body))}
        self.answer(json.dumps(answer).encode(), identity, timestamp)

    def answer(self, body, identity, timestamp):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("webhook-id", identity)
        self.send_header("webhook-timestamp", timestamp)
        self.send_header("webhook-signature", sign(self.secret, identity, timestamp, body))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, form, *args):
        print(form % args, file=sys.stderr)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--secret", required=True, help="the registry's DIR/keys/verifier.key: 64 hexadecimal digits")
    options.add_argument("--invoices", required=True, help="CSV of known invoices")
    options.add_argument("--listen", default="127.0.0.1:8090", help="address and port; port 0 chooses a free one")
    given = options.parse_args()
    with open(given.secret, encoding="ascii") as file:
        Handler.secret = bytes.fromhex(file.read().strip())
    Handler.known = load(given.invoices)
    host, _, port = given.listen.rpartition(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    print(f"listening on http://{host}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
