#!/usr/bin/python3
"""The main job, step by step: from a key of one's own to a financed claim, each step verified.

What a program needs next is printed on standard output, what a person wants to know on standard error.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import secrets
import sys

from tallystick import Key, Refused, Registry, Unreachable, Unverified

# Exit codes, the same as those of the program `tallystick`.
REFUSED, USAGE, UNREACHABLE, UNVERIFIED, LOCAL = 1, 2, 3, 4, 5


def tell(*words):
    print(*words, file=sys.stderr)


def setting(name):
    value = os.environ.get(name)
    if not value:
        tell(f"Please set {name}; the README says to what.")
        sys.exit(USAGE)
    return value


def registry(signs=False):
    return Registry(
        setting("TALLYSTICK_URL"),
        setting("TALLYSTICK_VKEY"),
        key=Key.read(setting("TALLYSTICK_KEY")) if signs else None,
        token=os.environ.get("TALLYSTICK_TOKEN"),
        state=os.environ.get("TALLYSTICK_STATE", "tallystick-state"),
        attempts=int(os.environ.get("TALLYSTICK_ATTEMPTS", 5)),
    )


def keygen(path):
    print(Key.create(path).public)
    tell(f"The private key is in {path}; give the operator the public one.")


def register(name, role, identifier, public_key):
    """For the operator: a new participant, who signs with that key."""
    kind, _, value = identifier.partition("=")
    command = {"name": name, "roles": [role], "identifiers": {kind: value}, "public_key": public_key}
    proven = registry(signs=True).act("/v1/participants", command)
    print(proven.facts["participant_id"])
    tell(f"{name} is registered: entry {proven.entry['seq']}, verified")


def token(participant):
    """A bearer token for reading, for 30 days. The registry is told its hash, never the token."""
    text = "ts_" + secrets.token_urlsafe(32)
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    command = {
        "participant": participant,
        "token_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "scopes": ["read"],
        "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    registry(signs=True).act("/v1/tokens", command)
    print(text)


def explain_review(facts):
    """What the gateway found: the checks are facts of the entry, so nobody can say later that it found something else."""
    passed = [check for check in facts["checks"] if isinstance(check, str)]
    tell(f"review: {facts['review_outcome']}; {len(passed)} of {len(facts['checks'])} checks passed")
    for check in facts["checks"]:
        if not isinstance(check, str):
            tell(f"  {check['outcome']}: {check['code']} at {check['pointer'] or 'the whole'}: {check['detail']}")


def submit(invoice):
    path = pathlib.Path(invoice)
    payload = path.read_bytes()
    proven = registry(signs=True).act("/v1/receivables", payload, "application/xml" if path.suffix == ".xml" else None)
    if proven.facts["document_sha256"] != hashlib.sha256(payload).hexdigest():
        raise Unverified("The ledger speaks of another document than the one submitted.")
    print(proven.facts["receivable_id"])
    tell(f"{proven.type}: entry {proven.entry['seq']}, verified")
    explain_review(proven.facts)
    if proven.type == "receivable.held":
        tell("A reviewer of the registry decides; until then the debtor cannot confirm.")


def confirm(receivable):
    proven = registry(signs=True).act(f"/v1/receivables/{receivable}/confirm", {})
    print(proven.facts["claim_id"])
    tell(f"{proven.type}: entry {proven.entry['seq']}, verified; {proven.facts['face_minor']} minor units are owed")


def ask(claim, pay_to):
    """Asks all lenders for money on a claim. Programs of theirs that match offer at once, the cheapest first."""
    setting("TALLYSTICK_TOKEN")
    holder = registry(signs=True)
    answer, asked = holder.act_whole("/v1/financing_requests", {"claims": [claim], "pay_to": pay_to})
    tell(f"{asked.type}: entry {asked.entry['seq']}, verified; {len(answer['offers'])} offers at once")
    if not answer["offers"]:
        tell(f"Lenders may still offer: see /v1/financing_requests/{asked.facts['request_id']}")
        return
    # The answer's offers are the registry's word. What the lender is bound by is the offer's own entry.
    offer = holder.entry(answer["offers"][0]["seq"])
    facts = offer.facts
    if offer.type != "offer.made" or facts["request_id"] != asked.facts["request_id"]:
        raise Unverified("The offer is not one on this request.")
    net = facts["advance_minor"] - facts["interest_minor"] - facts["fee_minor"]
    print(facts["offer_id"])
    tell(f"{offer.type}: entry {offer.entry['seq']}, verified; advance {facts['advance_minor']} - interest "
         f"{facts['interest_minor']} - fee {facts['fee_minor']} = {net} minor units of {facts['currency']}")  # fmt: skip


def accept(offer):
    proven = registry(signs=True).act(f"/v1/offers/{offer}/accept", {})
    print(proven.facts["financing_id"])
    tell(f"{proven.type}: entry {proven.entry['seq']}, verified; {proven.facts['net_minor']} minor units of "
         f"{proven.facts['currency']} go to {proven.facts['pay_to']} by {proven.facts['disburse_by']}")  # fmt: skip


def claim(identity):
    setting("TALLYSTICK_TOKEN")
    shown, entries = registry().claim(identity)
    print(json.dumps(shown, ensure_ascii=False, indent=2))
    for proven in entries:
        tell(f"entry {proven.entry['seq']} of {proven.entry['at']}, verified: {proven.type}")


def verify():
    checkpoint = registry().verify()
    print(checkpoint.size)
    tell(f"verified: {checkpoint.size} entries, root {checkpoint.root.hex()}; it continues all that was seen before")


COMMANDS = {
    "keygen": (keygen, "FILE", "makes a key; prints its public half"),
    "register": (register, "NAME ROLE KIND=IDENTIFIER PUBLIC-KEY", "for the operator: adds a participant; prints its id"),
    "token": (token, "PARTICIPANT", "makes a token for reading; prints it"),
    "submit": (submit, "INVOICE", "submits an invoice (.json, or UBL or CII as .xml); prints the receivable's id"),
    "confirm": (confirm, "RECEIVABLE", "for the debtor: confirms it; prints the claim's id"),
    "ask": (ask, "CLAIM PAY-TO", "asks lenders for money on a claim; prints the cheapest offer's id"),
    "accept": (accept, "OFFER", "accepts an offer: the lender is told to pay; prints the financing's id"),
    "claim": (claim, "CLAIM", "reads a claim and verifies its history; prints it"),
    "verify": (verify, "", "verifies the ledger's head against all that was seen before; prints its size"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, operands, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        for operand in operands.split():
            command.add_argument(operand)
    words = sys.argv[1:]
    if len(words) > 1 and words[0] in COMMANDS and not {"-h", "--help"} & set(words):
        words.insert(1, "--")  # what follows are operands: one public key in 64 begins with '-'
    given = parser.parse_args(words)
    function, operands, _ = COMMANDS[given.command]
    try:
        function(*(getattr(given, operand) for operand in operands.split()))
    except Refused as error:
        tell(error)
        sys.exit(REFUSED)
    except Unreachable as error:
        tell(error)
        sys.exit(UNREACHABLE)
    except Unverified as error:
        tell("VERIFICATION FAILED:", error)
        sys.exit(UNVERIFIED)
    except (KeyError, TypeError, IndexError) as error:
        tell("VERIFICATION FAILED: the answer or its entry lacks what it must say:", repr(error))
        sys.exit(UNVERIFIED)
    except (OSError, ValueError) as error:
        tell(error)
        sys.exit(LOCAL)


if __name__ == "__main__":
    main()
