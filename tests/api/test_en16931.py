"""The 34 invoices that accompany the European standard EN 16931, submitted over HTTP by their sellers. Each is registered, held
for review, or refused with a sentence that says why it cannot be a receivable.

All go into one registry, UBL files first and CII files second, each by name: several are one invoice in two syntaxes, and the
second of such a pair is refused as a duplicate or held as a look-alike. Parties are registered from the files' own
identifiers, the first file that names an identifier deciding whose it is; a party without any gets a made-up register number
and is named in the signed header. The outcomes are printed (pytest -s) and written to build/outcomes.md.
"""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from contract import ROOT
from en16931_outcomes import EXPECTED

FILES = ROOT.parent / "shared" / "data" / "en16931"
pytestmark = pytest.mark.skipif(not FILES.exists(), reason="the files are not beside this checkout")

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
ISO6523 = {"0088": "gln", "0199": "lei"}
NUMBERS = itertools.count(1)


def normal(text):
    return re.sub(r"[\s./-]", "", text).upper()


def text_of(node, path):
    found = node.find(path) if node is not None else None
    return (found.text or "").strip() if found is not None and found.text else ""


def add(identifiers, scheme, text):
    if text and normal(text):
        identifiers.setdefault(scheme, normal(text))


def ubl_party(root, role):
    party = root.find(f"{CAC}{role}/{CAC}Party")
    identifiers = {}
    for tax in party.findall(f"{CAC}PartyTaxScheme"):
        if text_of(tax, f"{CAC}TaxScheme/{CBC}ID") == "VAT":
            add(identifiers, "tax_id", text_of(tax, f"{CBC}CompanyID"))
    for node in [
        *party.findall(f"{CAC}PartyLegalEntity/{CBC}CompanyID"),
        *party.findall(f"{CAC}PartyIdentification/{CBC}ID"),
        *party.findall(f"{CBC}EndpointID"),
    ]:
        scheme = ISO6523.get(node.get("schemeID"))
        if scheme or node.tag == f"{CBC}CompanyID":
            add(identifiers, scheme or "registration_no", node.text or "")
    name = text_of(party, f"{CAC}PartyLegalEntity/{CBC}RegistrationName") or text_of(party, f"{CAC}PartyName/{CBC}Name")
    return name, identifiers


def cii_party(root, role):
    party = next(root.iter(f"{RAM}{role}"))
    identifiers = {}
    for tax in party.findall(f"{RAM}SpecifiedTaxRegistration/{RAM}ID"):
        if tax.get("schemeID") == "VA":
            add(identifiers, "tax_id", tax.text or "")
    for tax in party.findall(f"{RAM}SpecifiedTaxRegistration/{RAM}ID"):
        add(identifiers, "tax_id", tax.text or "")
    for node in party.findall(f"{RAM}SpecifiedLegalOrganization/{RAM}ID"):
        add(identifiers, ISO6523.get(node.get("schemeID"), "registration_no"), node.text or "")
    for node in party.findall(f"{RAM}GlobalID"):
        if node.get("schemeID") in ISO6523:
            add(identifiers, ISO6523[node.get("schemeID")], node.text or "")
    return text_of(party, f"{RAM}Name"), identifiers


def parties(path):
    """((seller's name, identifiers), (buyer's name, identifiers)) as the file names them."""
    root = ET.parse(path).getroot()
    if root.tag.endswith("CrossIndustryInvoice"):
        return cii_party(root, "SellerTradeParty"), cii_party(root, "BuyerTradeParty")
    return ubl_party(root, "AccountingSupplierParty"), ubl_party(root, "AccountingCustomerParty")


class Directory:
    """Participants by identifier; who is met first owns it."""

    def __init__(self, registry):
        self.registry, self.owners = registry, {}

    def participant(self, name, identifiers):
        """(participant, whether the file's own identifiers lead to it)"""
        for item in identifiers.items():
            if item in self.owners:
                return self.owners[item], True
        # The registry takes no GLN that is not 13 digits; the file may still say one.
        identifiers = {k: v for k, v in identifiers.items() if k != "gln" or re.fullmatch(r"\d{13}", v)}
        named = bool(identifiers)
        identifiers = identifiers or {"registration_no": f"MADEUP{next(NUMBERS):03d}"}
        made = self.registry.register((name or "Unnamed")[:80], ["supplier", "core_enterprise"], identifiers)
        self.owners.update({item: made for item in identifiers.items()})
        return made, named


def describe(answer):
    """What became of a file: (outcome, codes, sentence)."""
    body = answer.json
    if answer.status < 300:
        receivable = body["receivable"]
        codes = [c["code"] for c in receivable["review"]["checks"] if c["outcome"] != "pass"]
        details = [c["detail"] for c in receivable["review"]["checks"] if c["outcome"] != "pass"]
        return receivable["life"], codes, " ".join(details) or f"{receivable['amount']} {receivable['currency']}"
    slug = body["type"].rpartition(":")[2]
    faults = body.get("errors", [])
    return slug, [fault["code"] for fault in faults], " ".join(fault["detail"] for fault in faults) or body["detail"]


def all_files():
    return [f"{folder}/{path.name}" for folder in ("ubl", "cii") for path in sorted((FILES / folder).iterdir())]


@pytest.fixture(scope="module")
def outcomes(registry):
    directory, rows = Directory(registry), {}
    for name in all_files():
        path = FILES / name
        (seller, seller_named), (buyer, buyer_named) = (directory.participant(*party) for party in parties(path))
        how = {}
        if not seller_named:
            how["seller"] = seller.id
        if not buyer_named:
            how["buyer"] = buyer.id
        size = registry.size()
        answer = seller.submit(path.read_bytes(), cty="application/xml", submission=how or None)
        outcome, codes, sentence = describe(answer)
        recorded = registry.size() - size
        assert recorded == (0 if outcome in ("not-a-receivable", "invalid-fields") else 1), (name, outcome, recorded)
        rows[name] = (outcome, codes, sentence)
    report(rows)
    return rows


def report(rows):
    lines = ["| file | outcome | codes | why |", "|---|---|---|---|"]
    lines += [f"| {name} | {outcome} | {', '.join(codes)} | {why} |" for name, (outcome, codes, why) in rows.items()]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    (folder / "outcomes.md").write_text(text, encoding="utf-8")


def test_there_are_thirty_four_files():
    assert len(all_files()) == 34


@pytest.mark.parametrize("name", all_files() if FILES.exists() else [])
def test_a_real_invoice_is_registered_or_refused_with_a_reason(outcomes, name):
    outcome, codes, sentence = outcomes[name]
    assert (outcome, codes) == EXPECTED[name], sentence
    assert len(sentence) > 8


def test_what_was_registered_and_held_is_on_record_with_its_review(registry, outcomes):
    waiting = [r for r in registry.operator.get("/v1/reviews?limit=1000").ok()["items"] if r["life"] in ("registered", "held")]
    expected = [outcome for outcome, _, _ in outcomes.values() if outcome in ("registered", "held")]
    assert sorted(r["life"] for r in waiting) == sorted(expected)
    registry.verify()
