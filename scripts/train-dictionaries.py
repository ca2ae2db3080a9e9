#!/usr/bin/python3
"""Trains the dictionaries with which ledger/store/pack.c packs texts, from what registries hold.

  scripts/train-dictionaries.py FOLDER REGISTRY…

Writes FOLDER/1.dict (commands with their answers) and FOLDER/2.dict (disclosures), and prints how far each gets on samples that
it was not trained on. A dictionary in use is never changed: a better one goes into ledger/store/ under a number of its own, with
a kind of its own in pack.h. What belongs to one registry alone (ids, digests, dates, amounts, names) is made unrecognisable
first, so that only the forms are learnt. Needs libzstd.so.1 and the dictionaries that the registries were written with."""

import ctypes
import pathlib
import random
import re
import sqlite3
import sys

STORE = pathlib.Path(__file__).parent.parent / "ledger/store"
TABLES = {1: "SELECT texts FROM commands ORDER BY first_seq", 2: "SELECT body FROM disclosures ORDER BY seq"}
SAMPLES = 6000  # of each registry, spread evenly
SIZE = {1: 16 * 1024, 2: 8 * 1024}  # more gained nothing
LEVEL = 1

zstd = ctypes.CDLL("libzstd.so.1")
for name in ("ZDICT_trainFromBuffer", "ZSTD_decompress_usingDict", "ZSTD_compress_usingDict"):
    getattr(zstd, name).restype = ctypes.c_size_t
zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
zstd.ZSTD_createDCtx.restype = zstd.ZSTD_createCCtx.restype = ctypes.c_void_p
decompressor, compressor = ctypes.c_void_p(zstd.ZSTD_createDCtx()), ctypes.c_void_p(zstd.ZSTD_createCCtx())
size = ctypes.c_size_t


def checked(count):
    if zstd.ZSTD_isError(size(count)):
        sys.exit(f"train-dictionaries: zstd error {count - 2**64}")
    return count


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def frame_text(packed, old):
    """What the frame of a packed text holds; None for one that is kept as it is."""
    if packed[0] == 0:
        return None
    _, at = varint(packed, 1)
    raw, at = varint(packed, at)
    frame = packed[at + raw :]
    out = ctypes.create_string_buffer(zstd.ZSTD_getFrameContentSize(frame, size(len(frame))))
    dictionary = old[packed[0]]
    count = zstd.ZSTD_decompress_usingDict(decompressor, out, size(len(out)), frame, size(len(frame)), dictionary, size(len(dictionary)))
    return out.raw[: checked(count)]


LOWER = b"abcdefghijklmnopqrstuvwxyz"
OWN = [
    (re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}"), b"0123456789abcdef", b"-"),  # ids, digests
    (re.compile(rb"\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?"), b"0123456789", b"-:.TZ"),
    (re.compile(rb'(?<=")[A-Z0-9]{2,}(?:-[A-Z0-9]+)*\d{3,}(?=")'), b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"-"),  # invoices, LEI
    (re.compile(rb"(?<![A-Za-z0-9])\d{3,}"), b"0123456789", b""),
    (re.compile(rb'(?<="aud":")[^"]*'), LOWER, b"./"),
    (re.compile(rb'(?<="name":")[^"]*|(?<="name",")[^"]*'), LOWER, b" "),
]


def neutral(text, chance):
    """The text with other letters wherever they say something of one registry; the same thing gets the same letters each time."""
    known = {}
    for pattern, letters, kept in OWN:

        def other(match, letters=letters, kept=kept):
            word = match[0]
            if word not in known:
                known[word] = bytes(c if c in kept else chance.choice(letters) for c in word)
            return known[word]

        text = pattern.sub(other, text)
    return text


def samples(registry, kind, old, chance):
    with sqlite3.connect(f"file:{registry}/ledger.db?mode=ro", uri=True) as database:
        texts = [frame_text(bytes(row[0]), old) for row in database.execute(TABLES[kind])]
    texts = [text for text in texts if text]
    return [neutral(text, chance) for text in texts[:: len(texts) // SAMPLES + 1]]


def train(texts, most):
    out, all_of_them = ctypes.create_string_buffer(most), b"".join(texts)
    lengths = (size * len(texts))(*map(len, texts))
    count = zstd.ZDICT_trainFromBuffer(out, size(most), all_of_them, lengths, ctypes.c_uint(len(texts)))
    if zstd.ZDICT_isError(size(count)):
        sys.exit("train-dictionaries: too few samples")
    return out.raw[:count]


def packed_len(text, dictionary):
    out = ctypes.create_string_buffer(len(text) + 1024)
    return checked(
        zstd.ZSTD_compress_usingDict(compressor, out, size(len(out)), text, size(len(text)), dictionary, size(len(dictionary)), LEVEL)
    )


def main(folder, *registries):
    chance = random.Random(1)
    old = {kind: (STORE / f"pack_{kind}.dict").read_bytes() for kind in TABLES}
    for kind in TABLES:
        texts = [text for registry in registries for text in samples(registry, kind, old, chance)]
        chance.shuffle(texts)
        half = len(texts) // 2
        dictionary = train(texts[:half], SIZE[kind])
        plain, packed = sum(map(len, texts[half:])), sum(packed_len(text, dictionary) for text in texts[half:])
        (pathlib.Path(folder) / f"{kind}.dict").write_bytes(dictionary)
        print(f"{kind}: {len(texts)} texts of {plain // half} bytes in {packed // half}, dictionary of {len(dictionary)} bytes")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
