"""Keys of participants and their signed commands (RFC 7515, RFC 8037, RFC 7638), written apart from the C code."""

import base64
import hashlib
import json
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

JOSE = "application/jose+json"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Key:
    """An Ed25519 key pair; kid is the JWK thumbprint."""

    def __init__(self, private=None):
        self.private = private or Ed25519PrivateKey.generate()
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = b64url(raw)
        self.secret = b64url(self.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
        jwk = {"crv": "Ed25519", "kty": "OKP", "x": self.public}
        self.kid = b64url(hashlib.sha256(compact(jwk)).digest())

    @classmethod
    def from_jwk(cls, path):
        with open(path, encoding="ascii") as file:
            jwk = json.load(file)
        assert jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519"
        seed = base64.urlsafe_b64decode(jwk["d"] + "=")
        key = cls(Ed25519PrivateKey.from_private_bytes(seed))
        assert key.public == jwk["x"]
        return key

    def sign(self, data):
        return self.private.sign(data)


def jwk_file(path, key):
    """A key of the stories as a file that programs read."""
    seed = key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    path.write_bytes(compact({"crv": "Ed25519", "d": b64url(seed), "kty": "OKP", "x": key.public}))
    path.chmod(0o600)
    return path


def new_jti():
    """As clients make them: what a UUID of version 7 begins with, and 128 random bits."""
    begin = time.time_ns() // 1_000_000 << 16 | 0x7000 | secrets.randbits(12)
    return b64url(begin.to_bytes(8, "big") + secrets.token_bytes(16))


def header(key, origin, url, now, jti=None, **members):
    """A protected header; a member given as None is left out."""
    made = {"alg": "EdDSA", "kid": key.kid, "aud": origin, "url": url, "iat": int(now), "jti": jti or new_jti()}
    made.update(members)
    return {name: value for name, value in made.items() if value is not None}


def payload_bytes(payload):
    return payload if isinstance(payload, bytes) else compact(payload)


def part(key, protected, payload_text):
    """One signature over protected header and payload; `protected` as an object or as raw bytes."""
    raw = protected if isinstance(protected, bytes) else compact(protected)
    protected_text = b64url(raw)
    signature = key.sign(f"{protected_text}.{payload_text}".encode())
    return {"protected": protected_text, "signature": b64url(signature)}


def flattened(key, protected, payload):
    payload_text = b64url(payload_bytes(payload))
    made = part(key, protected, payload_text)
    return compact({"protected": made["protected"], "payload": payload_text, "signature": made["signature"]})


def general(signers, payload):
    """signers: (key, protected header) of each."""
    payload_text = b64url(payload_bytes(payload))
    return compact({"payload": payload_text, "signatures": [part(key, head, payload_text) for key, head in signers]})
