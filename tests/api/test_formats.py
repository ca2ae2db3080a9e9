"""One invoice in four formats: JSON, UBL, CII and CSV give one fingerprint, and each kind of file says what it cannot be.
The files are those of examples/invoices."""

import calendar
import copy
import hashlib
import json
import time

import pytest
from conftest import close
from contract import ROOT
from registry import Registry
from test_gateway import outcomes

INVOICES = ROOT / "examples" / "invoices"
PATH = "/v1/receivables"
EXAMPLE_DAY = "2026-12-05"
PEOPLE = {
    "huadong": ("East China Heavy Industry", ["core_enterprise", "supplier"], {"uscc": "91310000132207185Y"}),
    "suzhou": ("Suzhou Precision Bearings", ["supplier", "core_enterprise"], {"uscc": "91320594MA1WJ4QX8P"}),
    "ningbo": ("Ningbo Hengtong Casting", ["supplier"], {"uscc": "91330206758862130T"}),
    "nordwind": ("Nordwind Maschinenbau GmbH", ["core_enterprise"], {"lei": "529900NW4MB26HAMB170", "tax_id": "DE814826136"}),
    "rheintal": (
        "Rheintal Pr\u00e4zisionsteile GmbH", ["supplier"],
        {"tax_id": "DE271945084", "gln": "4260123456016", "registration_no": "HRB23117"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """On a day of the examples' own time, whatever day it is."""
    made = Registry(tmp_path_factory.mktemp("formats") / "ledger")
    made.start(offset=calendar.timegm(time.strptime(EXAMPLE_DAY, "%Y-%m-%d")) + 43200 - time.time())
    try:
        made.cast()
        for name, (full, roles, identifiers) in PEOPLE.items():
            setattr(made, name, made.register(full, roles, identifiers))
        yield made
        close(made)
    finally:
        if made.process:
            made.kill()


def load(name):
    data = (INVOICES / name).read_bytes()
    kind = {"json": None, "xml": "application/xml", "csv": "text/csv"}[name.rpartition(".")[2]]
    return (json.loads(data), None) if kind is None else (data, kind)


def send(who, name, **how):
    payload, cty = load(name)
    return who.submit(payload, cty=cty, **how)


COPIES = ["json/suzhou-huadong.json", "ubl/suzhou-huadong.xml", "cii/suzhou-huadong.xml", "csv/suzhou-november.csv"]


@pytest.mark.parametrize("first", COPIES[:3])
def test_the_same_invoice_in_another_format_is_the_same_invoice(registry, first):
    made = send(registry.suzhou, first).ok(201)["receivable"]
    assert made["invoice"]["format"] == first[:4].rstrip("/")
    assert made["creditor"] == registry.suzhou.id and made["debtor"] == registry.huadong.id
    assert made["amount"] == "529518.00" and made["due_date"] == "2027-03-08"
    assert made["order_reference"] == "HD-PO-2026-08817" and made["contract_reference"] == "HD-SZ-2026-015"
    for other in COPIES[:3]:
        problem = send(registry.suzhou, other).problem("gateway-rejected")
        assert outcomes(problem["receivable"])["invoice_unused"] == "reject"
    registry.suzhou.act(made, "withdraw").ok()


def test_a_csv_of_twelve_invoices_gives_twelve_answers_and_knows_the_one_that_is_registered(registry):
    made = send(registry.suzhou, COPIES[0]).ok(201)["receivable"]
    answer = send(registry.suzhou, COPIES[3]).ok(200)
    assert (answer["registered"], answer["held"], answer["refused"]) == (11, 0, 1)
    assert [result["row"] for result in answer["results"]] == list(range(2, 14))
    first = answer["results"][0]
    assert first["status"] == 422 and first["problem"]["type"].endswith(":gateway-rejected")
    assert outcomes(first["receivable"])["invoice_unused"] == "reject"
    assert all(result["status"] == 201 for result in answer["results"][1:])
    assert answer["results"][1]["receivable"]["documents"][0]["kind"] == "delivery_note"
    registry.suzhou.act(made, "withdraw").ok()


def test_a_csv_row_that_is_refused_does_not_touch_the_others(registry):
    answer = send(registry.rheintal, "csv/rheintal-mixed.csv").ok(200)
    assert (answer["registered"], answer["held"], answer["refused"]) == (3, 0, 7)
    seen = {
        result["row"]: (result["problem"]["type"].rpartition(":")[2], result["problem"]["errors"][0]["code"])
        for result in answer["results"]
        if "problem" in result
    }
    assert seen == {
        3: ("invalid-fields", "malformed_date"),
        4: ("invalid-fields", "wrong_scale"),
        6: ("invalid-fields", "malformed_amount"),
        7: ("invalid-fields", "unknown_currency"),
        8: ("invalid-fields", "required"),
        9: ("invalid-fields", "wrong_field_count"),
        10: ("not-a-receivable", "nothing_due"),
    }
    for result in answer["results"]:
        if "problem" in result:
            assert result["problem"]["errors"][0]["pointer"].startswith(f"row {result['row']}")


def test_the_whole_csv_is_one_command(registry):
    """Repeated, it gets the stored answer; its receipts all commit to it."""
    head = "number,issue_date,due_date,currency,gross_amount,buyer_id\n"
    rows = "".join(f"ONE-{i},2026-11-01,2027-01-01,CNY,{700 + i}.00,{registry.huadong.id}\n" for i in range(5))
    body = registry.suzhou.sign(PATH, (head + rows).encode(), cty="text/csv")
    with registry.grows(5):
        first = registry.send(PATH, body)
    with registry.unchanged():
        again = registry.send(PATH, body)
    assert (first.status, first.body) == (again.status, again.body)
    receipts = [result["receipt"] for result in first.json["results"]]
    assert [r["seq"] for r in receipts] == list(range(receipts[0]["seq"], receipts[0]["seq"] + 5))


def test_two_equal_rows_of_one_csv_are_one_invoice(registry):
    head = "number,issue_date,due_date,currency,gross_amount,buyer_id\n"
    row = f"TWICE-1,2026-11-01,2027-01-01,CNY,1717.00,{registry.huadong.id}\n"
    answer = registry.suzhou.submit((head + row + row).encode(), cty="text/csv").ok(200)
    assert [result["status"] for result in answer["results"]] == [201, 422]


def test_a_tier_two_invoice_registers_what_is_still_payable(registry):
    made = send(registry.ningbo, "json/ningbo-suzhou.json").ok(201)["receivable"]
    assert made["amount"] == "223740.00" and made["invoice"]["gross_amount"] == "248600.00"
    assert made["documents"][0]["kind"] == "delivery_note"


def test_a_payable_is_submitted_by_the_buyer(registry):
    made = send(registry.huadong, "json/huadong-payable-to-suzhou.json").ok(201)["receivable"]
    assert made["submitted_by"] == "debtor"
    registry.suzhou.act(made, "accept").ok()


def test_part_of_an_invoice_is_registered(registry):
    paper = load("json/rheintal-nordwind-part.json")[0]
    made = registry.rheintal.submit(paper).ok(201)["receivable"]
    assert made["part"] == "1/2" and made["amount"] == "50000.00"
    second = {**copy.deepcopy(paper), "part": "2/2", "amount": "34490.01"}
    registry.rheintal.submit(second).problem("gateway-rejected")
    registry.rheintal.submit({**second, "amount": "34490.00"}).ok(201)


def test_documents_of_the_example_are_kept(registry):
    made = send(registry.suzhou, "json/suzhou-huadong-with-documents.json").ok(201)["receivable"]
    assert [document["kind"] for document in made["documents"]] == ["contract", "delivery_note", "acceptance"]


def test_an_xml_file_is_itself_the_signed_document(registry):
    data, cty = load("ubl/rheintal-nordwind.xml")
    made = registry.rheintal.submit(data, cty=cty).ok(201)["receivable"]
    assert made["invoice"]["format"] == "ubl" and made["currency"] == "EUR"
    assert made["document_sha256"] == hashlib.sha256(data).hexdigest()
    assert send(registry.rheintal, "cii/rheintal-nordwind.xml").ok(201)["receivable"]["invoice"]["format"] == "cii"


def test_a_credit_note_is_no_receivable(registry):
    with registry.unchanged():
        problem = send(registry.rheintal, "ubl/rheintal-nordwind-credit-note.xml").problem("not-a-receivable")
    assert "credit_note" in [fault["code"] for fault in problem["errors"]]
    assert "credit note" in problem["detail"]


# ---- the header's `submission` member ----


def ubl(number, due="2027-03-08", gross="529518.00"):
    text = (INVOICES / "ubl/suzhou-huadong.xml").read_text(encoding="utf-8")
    text = text.replace("26322000001837465021", number).replace("529518.00", gross)
    due_line = f"<cbc:DueDate>{due}</cbc:DueDate>" if due else ""
    return text.replace("<cbc:DueDate>2027-03-08</cbc:DueDate>", due_line).encode()


def test_the_header_completes_what_a_file_does_not_say(registry):
    with registry.unchanged():
        bare = registry.suzhou.submit(ubl("OV-1", due=None, gross="600001.00"), cty="application/xml")
        bare.problem("not-a-receivable", ("no_due_date", "/Invoice/cbc:DueDate"))
    document = {"kind": "delivery_note", "sha256": "cd" * 32, "name": "lorry 7"}
    more = {"due_date": "2027-02-01", "amount": "1000.00", "part": "first", "documents": [document]}
    made = registry.suzhou.submit(ubl("OV-1", due=None, gross="600001.00"), cty="application/xml", submission=more)
    made = made.ok(201)["receivable"]
    assert made["due_date"] == "2027-02-01" and made["amount"] == "1000.00" and made["part"] == "first"
    assert made["documents"] == [document]


def test_the_header_names_parties_by_participant(registry):
    how = {"seller": registry.suzhou.id, "buyer": registry.huadong.id}
    made = registry.suzhou.submit(ubl("OV-2", gross="600002.00"), cty="application/xml", submission=how).ok(201)
    assert made["receivable"]["debtor"] == registry.huadong.id


@pytest.mark.parametrize(
    "submission, fault",
    [
        ({"colour": "red"}, ("unknown_field", "/submission/colour")),
        ({"due_date": "2027-02-30"}, ("malformed_date", "/submission/due_date")),
        ({"amount": "1.5"}, ("wrong_scale", "/submission/amount")),
        ({"amount": 5}, ("not_a_string", "/submission/amount")),
        ({"buyer": "me"}, ("malformed_id", "/submission/buyer")),
        ({"documents": [{"kind": "contract", "sha256": "x"}]}, ("malformed_sha256", "/submission/documents/0/sha256")),
    ],
    ids=str,
)
def test_a_faulty_header_is_named(registry, submission, fault):
    with registry.unchanged():
        answer = registry.suzhou.submit(ubl("OV-3", gross="600003.00"), cty="application/xml", submission=submission)
        answer.problem("invalid-fields", fault)


def test_a_csv_takes_its_dates_amounts_and_parts_from_its_columns_only(registry):
    data = load("csv/suzhou-november.csv")[0]
    for submission in ({"due_date": "2027-01-01"}, {"amount": "1.00"}, {"part": "x"}):
        with registry.unchanged():
            answer = registry.suzhou.submit(data, cty="text/csv", submission=submission)
            if answer.status == 200:
                codes = {result["problem"]["errors"][0]["code"] for result in answer.json["results"]}
                assert codes == {"not_for_csv"}, codes
            else:
                answer.problem("invalid-fields")


def test_the_header_member_is_for_files_not_for_json(registry):
    paper = load(COPIES[0])[0]
    with registry.unchanged():
        answer = registry.suzhou.submit(paper, submission={"part": "x"})
        assert answer.json["type"].rpartition(":")[2] in ("malformed-jws", "invalid-fields"), answer.body


@pytest.mark.parametrize("cty", ["application/pdf", "text/xml", "xml", "application/json; charset=utf-8"])
def test_a_payload_of_another_type_is_refused(registry, cty):
    with registry.unchanged():
        answer = registry.suzhou.submit(b"%PDF-1.7", cty=cty)
        assert answer.json["type"].rpartition(":")[2] in ("unsupported-media-type", "malformed-jws"), answer.body


def test_only_a_submission_takes_a_file(registry):
    made = registry.registered()
    with registry.unchanged():
        answer = registry.debtor.act(made, "confirm", b"<x/>", cty="application/xml")
        assert answer.json["type"].rpartition(":")[2] in ("unsupported-media-type", "malformed-jws"), answer.body
