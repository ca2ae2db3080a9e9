#!/usr/bin/env python3
"""Makes a folder of invoice files, each unlike any other, for measurements and for trying out bulk submission.

    tests/bench/invoice_folder.py FOLDER --seller ID --buyer ID [--count 10000] [--bad 0.01]

JSON, UBL and one CSV row in turn are named with blanks and Chinese characters; --bad is the share that the registry must
refuse (a date that cannot be)."""

import argparse
import datetime
import json
import pathlib
import random

UBL = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>{issue_date}</cbc:IssueDate><cbc:DueDate>{due_date}</cbc:DueDate>
<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>
<cac:LegalMonetaryTotal><cbc:TaxInclusiveAmount currencyID="{currency}">{gross_amount}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="{currency}">{gross_amount}</cbc:PayableAmount></cac:LegalMonetaryTotal></Invoice>
"""
COLUMNS = ["number", "issue_date", "due_date", "currency", "gross_amount", "seller_id", "buyer_id"]


def invoices(count, seller, buyer, bad=0.0, seed=1, offset_days=0):
    """The members of `count` invoices; every amount and number is used once."""
    chosen = random.Random(seed)
    today = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset_days)
    for i in range(count):
        issued = today - datetime.timedelta(days=chosen.randint(1, 20))
        yield {
            "number": f"{seed}-{chosen.randrange(10**12):012d}-{i:06d}",
            "issue_date": "2026-13-01" if chosen.random() < bad else issued.isoformat(),
            "due_date": (today + datetime.timedelta(days=chosen.randint(30, 120))).isoformat(),
            "currency": "CNY",
            "gross_amount": f"{10_000 + i}.{chosen.randrange(100):02d}",
            "seller_id": seller,
            "buyer_id": buyer,
        }


def as_json(invoice):
    body = {name: invoice[name] for name in COLUMNS[:5]}
    body["seller"], body["buyer"] = {"participant": invoice["seller_id"]}, {"participant": invoice["buyer_id"]}
    return json.dumps({"invoice": body}, ensure_ascii=False)


def as_csv(rows):
    return "\n".join([",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in rows)]) + "\n"


def write(folder, count, seller, buyer, bad=0.0, seed=1, kinds=("json", "csv")):
    """kinds in turn; "xml" needs --seller and --debtor on the command line, since UBL cannot name a participant's id."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for i, invoice in enumerate(invoices(count, seller, buyer, bad, seed)):
        kind = kinds[i % len(kinds)]
        text = {"json": as_json, "csv": lambda row: as_csv([row]), "xml": lambda row: UBL.format(**row)}[kind](invoice)
        (folder / f"发票 {i:06d}.{kind}").write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--seller", required=True, help="participant id")
    parser.add_argument("--buyer", required=True, help="participant id")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--bad", type=float, default=0.0, help="share of files that must be refused")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    write(args.folder, args.count, args.seller, args.buyer, args.bad, args.seed)


if __name__ == "__main__":
    main()
