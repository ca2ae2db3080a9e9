"""Well-formed identifiers of companies that do not exist."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(serial):
    """Unified social credit code: organisation code with its own check digit (GB 11714), then GB 32100-2015."""
    body = f"{serial:08d}"
    rest = 11 - sum(int(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2))) % 11
    text = "91440300" + body + {10: "X", 11: "0"}.get(rest, str(rest))
    total = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(text))
    return text + USCC_ALPHABET[(31 - total % 31) % 31]


def lei(serial):
    """ISO 17442: check digits by ISO 7064 mod 97-10."""
    body = f"5493{serial:014d}"
    number = int("".join(str(int(c, 36)) for c in body + "00"))
    return f"{body}{98 - number % 97:02d}"


def gln(serial):
    """GS1: mod 10 with weights 1 and 3."""
    body = f"57900{serial:07d}"
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body))
    return f"{body}{-total % 10}"


def with_wrong_check(identifier):
    """The same identifier with a last character that does not belong."""
    return identifier[:-1] + ("1" if identifier[-1] == "0" else "0")
