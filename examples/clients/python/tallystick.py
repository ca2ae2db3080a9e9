"""A Tallystick client in one file, to be copied: the standard library, and jwcrypto for JOSE (Debian: python3-jwcrypto).

    registry = Registry(url, vkey, key=Key.read("supplier.jwk"))
    proven = registry.act("/v1/receivables", invoice_bytes)      # signed, sent until answered, its receipt verified
    proven.facts["receivable_id"]

Three rules of the protocol shape it:

1. A command is signed once. Its bytes are kept in a file until the registry has answered, and whatever happens (a lost
   answer, a crash, a power cut) those same bytes are sent again: the registry knows them by their `jti` and gives the answer
   that it gave before. Signed anew, the same act could happen twice.
2. An answer is believed for its receipt, never for its words. The receipt holds the ledger's entry, which names the very
   bytes that were signed, and the proof that the entry is in the tree whose root the registry signed; all of it is computed
   here from the registry's public key alone, the vkey, which you got from someone you trust and not from the server.
3. Sums are strings or integers of minor units. They never become floating point.
"""

import base64
import email.utils
import hashlib
import http.client
import json
import os
import pathlib
import re
import secrets
import time
import urllib.error
import urllib.request

from cryptography.exceptions import InvalidSignature
from jwcrypto import jwk, jws

ANSWER_MAX = 16 << 20  # bytes
WAIT_MOST_S = 60  # a server that asks for longer is not waited for


class Refused(Exception):
    """The registry refused, and nothing changed. `problem` is its answer (RFC 9457)."""

    def __init__(self, status, problem):
        self.status, self.problem = status, problem
        self.slug = str(problem.get("type", "")).rpartition(":")[2]
        lines = [f"{problem.get('title', 'refused')} ({self.slug or status})"]
        if problem.get("detail"):
            lines.append(str(problem["detail"]))
        for fault in problem.get("errors", []):  # every broken rule: its name, the field, a sentence
            lines.append(f"  {fault.get('code')} at {fault.get('pointer') or 'the whole'}: {fault.get('detail')}")
        super().__init__("\n".join(lines))


class Unreachable(Exception):
    """No answer, or "try again later". The command, if it was one, is kept: the same call sends the same bytes."""

    def __init__(self, reason, wait_s=0):
        super().__init__(reason)
        self.wait_s = wait_s  # not before so many seconds


class Unverified(Exception):
    """Something was shown that the registry's key, or mathematics, does not bear out. Do not go on: tell a person."""


# ---- encodings ----


def sha256(data):
    return hashlib.sha256(data).digest()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fresh_jti():
    """128 random bits behind the time, as a UUID of version 7 has it: such keys are the quickest for the registry to find."""
    begin = time.time_ns() // 1_000_000 << 16 | 0x7000 | secrets.randbits(12)
    return b64url(begin.to_bytes(8, "big") + secrets.token_bytes(16))


def b64_decode(text):
    return base64.b64decode(text, validate=True)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# ---- keys ----


class Key:
    """An Ed25519 key pair in a JWK file, as `tallystick keygen` writes it: the programs' keys are interchangeable."""

    def __init__(self, pair):
        self.jwk = pair
        self.public = json.loads(pair.export_public())["x"]  # what the operator registers
        self.kid = pair.thumbprint()  # RFC 7638

    @classmethod
    def read(cls, path):
        pair = jwk.JWK.from_json(pathlib.Path(path).read_text(encoding="ascii"))
        if pair.get("crv") != "Ed25519" or not pair.has_private:
            raise ValueError(f"{path} holds no private Ed25519 key")
        return cls(pair)

    @classmethod
    def create(cls, path):
        """A new key, for its owner's eyes only, never over another."""
        pair = jwk.JWK.generate(kty="OKP", crv="Ed25519")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(pair.export_private() + "\n")
        return cls(pair)

    def sign(self, protected, payload):
        """The command: a JWS in flattened JSON serialization (RFC 7515 section 7.2.2)."""
        token = jws.JWS(payload)
        token.add_signature(self.jwk, protected=compact(protected).decode())
        return token.serialize(compact=False).encode()


# ---- proofs: nothing below this line asks anyone anything ----


class VerifierKey:
    """A vkey, NAME+HEX+BASE64: the log's name, an id made of name and key, and the key (C2SP signed-note)."""

    def __init__(self, vkey):
        self.name, key_id, key = vkey.split("+", 2)
        typed = b64_decode(key)
        self.key_id = bytes.fromhex(key_id)
        if len(typed) != 33 or typed[0] != 1 or self.key_id != sha256(self.name.encode() + b"\n" + typed)[:4]:
            raise ValueError("this is no vkey of an Ed25519 key")
        self.key = jwk.JWK(kty="OKP", crv="Ed25519", x=b64url(typed[1:])).get_op_key("verify")


class Checkpoint:
    """The signed head of the log: so many entries, and the root over all of them (C2SP tlog-checkpoint)."""

    def __init__(self, note, verifier):
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        if not any(self.is_signed(text, line, verifier) for line in signatures.splitlines()):
            raise Unverified("The checkpoint is not signed by the registry's key.")
        origin, size, root = text.split("\n")[:3]
        if origin != verifier.name:
            raise Unverified(f"The checkpoint is of the log {origin!r}, not of {verifier.name!r}.")
        self.note, self.size, self.root = note, int(size), b64_decode(root)

    @staticmethod
    def is_signed(text, line, verifier):
        dash, _, rest = line.partition(" ")
        name, _, blob = rest.partition(" ")
        if dash != "\u2014" or name != verifier.name:
            return False  # a witness's signature, or another key's
        raw = b64_decode(blob)
        if raw[:4] != verifier.key_id:
            return False
        try:
            verifier.key.verify(raw[4:], text.encode())
        except InvalidSignature:
            raise Unverified("The checkpoint's signature does not verify.") from None
        return True


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def check_inclusion(leaf, index, size, root, path):
    """RFC 9162 section 2.1.3.2: from the leaf up to the root."""
    at, last, node = index, size - 1, leaf
    if not 0 <= index < size:
        raise Unverified("The proof is of an entry outside the tree.")
    for sibling in path:
        if last == 0:
            raise Unverified("The proof is too long.")
        if at % 2 == 1 or at == last:
            node = node_hash(sibling, node)
            while at % 2 == 0 and at != 0:
                at, last = at // 2, last // 2
        else:
            node = node_hash(node, sibling)
        at, last = at // 2, last // 2
    if last != 0 or node != root:
        raise Unverified("The proof does not lead from the entry to the signed root: one of them was changed.")


def check_consistency(old_size, old_root, size, root, path):
    """RFC 9162 section 2.1.4.2: the tree of `size` begins with the one of `old_size`."""
    changed = Unverified(f"The ledger of {size} entries does not continue the one of {old_size}: its history was changed.")
    if not 0 < old_size <= size or (old_size == size) != (not path):
        raise changed
    if old_size == size:
        if old_root != root:
            raise changed
        return
    path = list(path) if old_size & (old_size - 1) else [old_root, *path]
    at, last = old_size - 1, size - 1
    while at % 2 == 1:
        at, last = at // 2, last // 2
    old, new = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            raise changed
        if at % 2 == 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while at % 2 == 0 and at != 0:
                at, last = at // 2, last // 2
        else:
            new = node_hash(new, sibling)
        at, last = at // 2, last // 2
    if last != 0 or old != old_root or new != root:
        raise changed


class Proven:
    """A receipt that holds: the entry, and the facts of it that were disclosed to us."""

    def __init__(self, receipt, verifier, command=None):
        """command: the exact bytes that were sent, if the entry is to be of them."""
        try:
            self.read(receipt, verifier)
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # whatever a liar may have made of it
            raise Unverified(f"The receipt cannot be read: {error!r}") from None
        if command is not None and self.entry["req"] != hashlib.sha256(command).hexdigest():
            raise Unverified("The entry is of another command than the one that was sent.")

    def read(self, receipt, verifier):
        self.receipt, text = receipt, receipt["entry"].encode()
        self.entry, leaf = json.loads(text), sha256(b"\x00" + text)
        head, _, note = receipt["proof"].partition("\n\n")  # C2SP tlog-proof
        kind, index, *path = head.split("\n")
        if kind != "c2sp.org/tlog-proof@v1" or index != f"index {self.entry['seq']}":
            raise Unverified("The proof is not of this entry.")
        if receipt["seq"] != self.entry["seq"] or receipt["leaf"] != leaf.hex():
            raise Unverified("The receipt's seq or leaf is not that of its entry.")
        self.checkpoint = Checkpoint(note, verifier)
        check_inclusion(leaf, self.entry["seq"], self.checkpoint.size, self.checkpoint.root, [b64_decode(line) for line in path])
        self.facts = {}
        for disclosure in receipt["disclosures"]:  # RFC 9901: [salt, name, value], of which the entry holds the digest
            if b64url(sha256(disclosure.encode("ascii"))) not in self.entry["_sd"]:
                raise Unverified("A disclosure does not belong to the entry.")
            _, name, value = json.loads(b64url_decode(disclosure))
            self.facts[name] = value

    @property
    def type(self):
        return self.entry["type"]


# ---- the registry ----


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None  # a token or a command goes where it was meant for, and nowhere else


class Registry:
    """`state` is a folder of this client's own: commands not answered yet, receipts, the last checkpoint seen."""

    def __init__(self, url, vkey, key=None, token=None, state="tallystick-state", timeout_s=30, attempts=5):
        self.url, self.vkey, self.key, self.token = url.rstrip("/"), VerifierKey(vkey), key, token
        self.timeout_s, self.attempts = timeout_s, attempts
        self.state = pathlib.Path(state)
        for folder in ("outbox", "receipts"):
            (self.state / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        self.opener = urllib.request.build_opener(NoRedirect)
        self.clock_offset = int(os.environ.get("TALLYSTICK_CLOCK_OFFSET", 0))  # of a registry that plays another time

    # -- signed commands --

    def act(self, path, payload, content_type=None):
        """Signs the payload (bytes, or what becomes JSON), sends it until it is answered, returns what was proven.

        content_type: of an invoice file that is signed as it is: application/xml.
        """
        return self.act_whole(path, payload, content_type)[1]

    def act_whole(self, path, payload, content_type=None):
        """The same; (the whole answer, what its receipt proves)."""
        payload = payload if isinstance(payload, bytes) else compact(payload)
        kept = self.state / "outbox" / hashlib.sha256(f"{self.key.kid} {path} ".encode() + payload).hexdigest()
        while True:
            fresh = not kept.exists()
            if fresh:
                write_durably(kept, self.sign(path, payload, content_type))
            try:
                answer, proven = self.deliver(path, kept.read_bytes())
                if not proven:
                    raise Unverified("The answer proves nothing.")
                kept.unlink()
                return answer, proven[0]
            except Refused as refusal:
                kept.unlink()
                # A command must be used within 300 s of its iat. One that was taken before is answered from memory
                # first, so this one never was: signing it anew is safe.
                if refusal.slug != "stale-command" or fresh:
                    raise

    # For programs that keep commands in a place of their own, act() in two steps. Deliver the same bytes until this returns, or
    # raises Refused.

    def sign(self, path, payload, content_type=None):
        """The command's bytes."""
        protected = {
            "alg": "EdDSA",
            "kid": self.key.kid,
            "aud": self.vkey.name,  # for this registry
            "url": path,  # for this act
            "iat": int(time.time()) + self.clock_offset,
            "jti": fresh_jti(),  # the idempotency key
        }
        if content_type:
            protected["cty"] = content_type
        return self.key.sign(protected, payload)

    @staticmethod
    def payload_of(command):
        return b64url_decode(json.loads(command)["payload"])

    def deliver(self, path, command):
        """Sends a signed command: (the answer, what its receipts prove; a CSV file's rows have one each)."""
        try:
            answer = self.send(path, command, "application/jose+json")
        except Refused as refusal:
            if "receipt" in refusal.problem:  # a rejected invoice: that it was rejected is on the ledger as well
                self.keep(Proven(refusal.problem["receipt"], self.vkey, command))
            raise
        try:
            rows = answer["results"] if answer.get("results") else [answer]
            receipts = [row.get("receipt") for row in rows if "receipt" in row or "problem" not in row]
        except (TypeError, AttributeError) as error:
            raise Unverified(f"The answer cannot be read: {error!r}") from None
        return answer, [self.keep(Proven(receipt, self.vkey, command)) for receipt in receipts]

    def keep(self, proven):
        write_durably(self.state / "receipts" / f"{proven.entry['seq']}.json", compact(proven.receipt))
        return proven

    # -- reads --

    def get(self, path):
        """What the registry says. Only what comes with a proof is more than its word."""
        return self.send(path)

    def entry(self, seq):
        """An entry that somebody else's act made, with what we may read of it."""
        return self.prove(self.get(f"/v1/entries/{seq}"))

    def prove(self, entry):
        """An entry as a list or history shows it, proven."""
        try:
            seq = int(entry["seq"])
        except (KeyError, TypeError, ValueError):
            raise Unverified("The entry cannot be read.") from None
        proof = self.send(f"/v1/entries/{seq}/proof", parse=False)
        return Proven({"disclosures": [], **entry, "proof": proof}, self.vkey)

    def claim(self, identity):
        """A claim, after every entry of its certificate was verified: (claim, the entries)."""
        certificate = self.get(f"/v1/claims/{identity}/certificate")
        entries = [Proven(receipt, self.vkey) for receipt in certificate["entries"]]
        return certificate["claim"], entries

    # -- the ledger as a whole --

    def verify(self):
        """The present checkpoint: signed, a continuation of the one seen last time, and of that in every receipt kept."""
        now = Checkpoint(self.send("/checkpoint", parse=False), self.vkey)
        remembered = self.state / "checkpoint"
        if remembered.exists():
            seen = Checkpoint(remembered.read_text(), self.vkey)
            if now.size < seen.size:
                raise Unverified(f"The ledger shrank: it had {seen.size} entries when last seen and shows {now.size} now.")
            self.check_continues(seen, now)
        for path in sorted((self.state / "receipts").glob("*.json")):
            self.check_continues(Proven(json.loads(path.read_text()), self.vkey).checkpoint, now)
        write_durably(remembered, now.note.encode())
        return now

    def check_continues(self, old, now):
        path = []
        if old.size < now.size:
            try:
                path = [b64_decode(text) for text in self.get(f"/v1/consistency?from={old.size}&to={now.size}")["hashes"]]
            except (KeyError, TypeError, ValueError) as error:
                raise Unverified(f"The proof of consistency cannot be read: {error!r}") from None
        check_consistency(old.size, old.root, now.size, now.root, path)

    # -- HTTP --

    def send(self, path, body=None, content_type=None, parse=True):
        """One request, repeated while the registry is away or asks for patience. Reads and signed commands may be."""
        for attempt in range(1, self.attempts + 1):
            wait_s = min(2 ** (attempt - 2), 8)
            try:
                return self.send_once(path, body, content_type, parse)
            except urllib.error.HTTPError as error:
                if error.code not in (429, 503):
                    raise self.refusal(error) from None
                reason = f"The registry answers {error.code}"
                wait_s = max(wait_s, retry_after_s(error.headers.get("Retry-After")))
            except (OSError, EOFError, http.client.HTTPException) as error:  # refused, reset, timed out, ended within the answer
                reason = f"{self.url} does not answer: {getattr(error, 'reason', error)}"
            if attempt < self.attempts and wait_s <= WAIT_MOST_S:
                # A little more than asked, by chance, so that clients refused together do not come back together.
                time.sleep(wait_s * (1 + secrets.randbelow(250) / 1000))
            else:
                break
        raise Unreachable(reason, wait_s)

    def send_once(self, path, body, content_type, parse):
        headers = {"User-Agent": "tallystick-example/1"}
        if content_type:
            headers["Content-Type"] = content_type
        elif self.token and path.startswith("/v1/"):
            headers["Authorization"] = f"Bearer {self.token}"  # for reads; a signed command needs none
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        with self.opener.open(request, timeout=self.timeout_s) as answer:
            data = answer.read(ANSWER_MAX + 1)
            if len(data) > ANSWER_MAX:
                raise Unverified(f"The answer to {path} is larger than any of a registry.")
            if answer.length:  # http.client's count of what is missing
                raise EOFError("the answer ended early")
        try:
            return json.loads(data) if parse else data.decode()
        except ValueError:
            raise Unverified(f"The answer to {path} is not what a registry answers.") from None

    @staticmethod
    def refusal(error):
        try:
            problem = json.loads(error.read(ANSWER_MAX))
        except (ValueError, OSError):
            problem = None
        if error.code // 100 != 4 or not isinstance(problem, dict):  # a redirect, a broken server, a proxy's page
            return Unreachable(f"The registry answers {error.code}.")
        return Refused(error.code, problem)


def retry_after_s(text):
    """RFC 9110 section 10.2.3: seconds, or a date."""
    if text and re.fullmatch(r"\d{1,9}", text):
        return int(text)
    try:
        return max(0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):  # none, or none that can be read
        return 0


def write_durably(path, data):
    """The file has its name only once all of it is on the disk."""
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
