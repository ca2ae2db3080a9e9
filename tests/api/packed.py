"""Packed texts and entries of the database, as ledger/store/pack.h and entry_pack.h describe them, read without the program."""

import base64
import ctypes
import datetime
import json
import pathlib

STORE = pathlib.Path(__file__).parents[2] / "ledger/store"
zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_createDCtx.restype = ctypes.c_void_p
zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
zstd.ZSTD_decompress_usingDict.restype = ctypes.c_size_t
context = ctypes.c_void_p(zstd.ZSTD_createDCtx())
size = ctypes.c_size_t


def varint(data):
    value = 0
    for at, byte in enumerate(data):
        value |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            return value, data[at + 1 :]


def frame_text(kind, frame):
    dictionary = (STORE / f"pack_{kind}.dict").read_bytes()
    out = ctypes.create_string_buffer(zstd.ZSTD_getFrameContentSize(frame, size(len(frame))))
    count = zstd.ZSTD_decompress_usingDict(context, out, size(len(out)), frame, size(len(frame)), dictionary, size(len(dictionary)))
    assert count == len(out), "not a frame of this dictionary"
    return out.raw


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def unpacked(packed):
    """The text's exact bytes."""
    kind, rest = packed[0], packed[1:]
    if kind == 0:
        return rest
    length, rest = varint(rest)
    raw_len, rest = varint(rest)
    raw, outer, inner = rest[:raw_len], b"", None
    for byte in frame_text(kind, rest[raw_len:]):
        piece = bytes([byte])
        if byte == 1:
            inner = b""
            continue
        if byte == 2:
            piece, inner = base64url(inner), None
        elif byte in (3, 4, 5):
            raw_piece, raw = raw[: 8 << byte - 2], raw[8 << byte - 2 :]
            piece = base64url(raw_piece)
        if inner is None:
            outer += piece
        else:
            inner += piece
    assert len(outer) == length and not raw
    return outer


def entry_text(packed):
    """The exact bytes of an entry."""
    kind, count, rest = packed[0], packed[1], packed[2:]
    if kind == 0:
        return packed[1:]
    assert kind == 1
    digests, rest = [rest[32 * i : 32 * i + 32] for i in range(count)], rest[32 * count :]
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=int.from_bytes(rest[:8], "big", signed=True))
    seq, kind_of_event = varint(rest[72:])
    entry = {
        "_sd": [base64url(digest).decode() for digest in digests],
        "_sd_alg": "sha-256",
        "at": at.isoformat(timespec="microseconds") + "Z",
        "prev": rest[8:40].hex(),
        "req": rest[40:72].hex(),
        "seq": seq,
        "type": kind_of_event.decode(),
        "v": 1,
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def packed(text):
    """As it is, which is a way of packing too."""
    return b"\0" + (text.encode() if isinstance(text, str) else text)


def add_functions(database):
    """Lets SQL say unpacked(column) and entry_text(body), as text, and packed(text), of an entry as well."""
    database.create_function("unpacked", 1, lambda data: unpacked(data).decode())
    database.create_function("entry_text", 1, lambda data: entry_text(data).decode())
    database.create_function("packed", 1, packed)
