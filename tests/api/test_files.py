"""Invoice files that are hostile or broken: XML bombs, entities, depth, encodings; CSV that is none."""

import pytest
from contract import ROOT

UBL = (ROOT / "examples/invoices/ubl/suzhou-huadong.xml").read_text(encoding="utf-8")
NS = 'xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"'


def send(registry, data, cty="application/xml"):
    with registry.unchanged():
        return registry.supplier.submit(data.encode() if isinstance(data, str) else data, cty=cty)


def doctype(declarations, body="&a;"):
    return f'<?xml version="1.0"?><!DOCTYPE Invoice [{declarations}]><Invoice {NS}>{body}</Invoice>'


LAUGHS = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {c} "{("&" + p + ";") * 10}">' for p, c in zip("abcdefghi", "bcdefghij"))


@pytest.mark.parametrize(
    "document",
    [
        doctype(LAUGHS, "&j;"),
        doctype('<!ENTITY a "' + "x" * 100_000 + '">', "&a;" * 1000),
        doctype('<!ENTITY a SYSTEM "file:///etc/passwd">'),
        doctype('<!ENTITY a SYSTEM "http://127.0.0.1:1/x">'),
        doctype('<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;', ""),
        f'<?xml version="1.0"?><!DOCTYPE Invoice SYSTEM "http://127.0.0.1:1/x.dtd"><Invoice {NS}/>',
        f"<!DOCTYPE Invoice><Invoice {NS}/>",
        f"<Invoice {NS}>" + "<a>" * 5000 + "</a>" * 5000 + "</Invoice>",
        f"<Invoice {NS}>" + "<a/>" * 400_000 + "</Invoice>",
        f"<Invoice {NS} " + " ".join(f'a{i}="1"' for i in range(20_000)) + "/>",
        f"<Invoice {NS}>" + "".join(f'<a xmlns:n{i}="urn:{i}">' for i in range(90)) * 2,
    ],
    ids=[
        "billion laughs", "quadratic blow-up", "external file", "external address", "parameter entity", "external subset",
        "any doctype", "deep", "many elements", "many attributes", "many namespaces",
    ],
)  # fmt: skip
def test_an_xml_bomb_is_refused_without_going_off(registry, document):
    send(registry, document).problem("malformed-xml")


@pytest.mark.parametrize(
    "data",
    [
        b"", b" ", b"nonsense", b"<", b"<a>", b"<a></b>", b"<a/><b/>", b"\x00", UBL.encode()[:-20],
        UBL.encode()[: len(UBL) // 2], UBL.encode("utf-16"), UBL.replace("<cbc:ID>", "<cbc:ID>\x01", 1).encode(),
        UBL.encode().replace("苏".encode(), b"\xcb\xd5"),
        b"<?xml version='1.0' encoding='GB18030'?>" + b"<a>\xcb\xd5</a>", b"<x:a/>",
    ],
    ids=lambda d: repr(d[:24]),
)  # fmt: skip
def test_xml_that_is_none_is_refused(registry, data):
    send(registry, data).problem("malformed-xml")


@pytest.mark.parametrize("cty, size", [("application/xml", 8 << 20), ("application/xml", 11 << 20), ("text/csv", 11 << 20)])
def test_a_file_that_is_too_large_is_refused(registry, cty, size):
    """As a body too large, or as a file too large inside a body that is taken."""
    send(registry, b"<a>" + b" " * size + b"</a>", cty).problem("body-too-large")


@pytest.mark.parametrize("document", ["<a/>", '<Invoice xmlns="urn:other"/>', "<html><body/></html>", "<Order/>"])
def test_xml_of_another_kind_is_no_receivable(registry, document):
    problem = send(registry, document).problem("not-a-receivable")
    assert [fault["code"] for fault in problem["errors"]] == ["unsupported_document_type"]


def test_an_empty_invoice_names_all_it_lacks(registry):
    answer = send(registry, f"<Invoice {NS}/>")
    codes = {fault["pointer"]: fault["code"] for fault in answer.json["errors"]}
    assert codes["/Invoice/cbc:ID"] == codes["/Invoice/cbc:IssueDate"] == "required"
    assert answer.json["type"].rpartition(":")[2] in ("not-a-receivable", "invalid-fields")


@pytest.mark.parametrize(
    "element, old, new, slug, code",
    [
        ("IssueDate", "2026-11-09", "2026-02-30", "invalid-fields", "malformed_date"),
        ("DocumentCurrencyCode", "CNY", "RMB", "invalid-fields", "unknown_currency"),
        ("InvoiceTypeCode", "380", "381", "not-a-receivable", "credit_note"),
        ("InvoiceTypeCode", "380", "325", "not-a-receivable", "pro_forma"),
        ("InvoiceTypeCode", "380", "386", "not-a-receivable", "prepayment"),
        ("InvoiceTypeCode", "380", "393", "not-a-receivable", "factored_invoice"),
        ("InvoiceTypeCode", "380", "999", "not-a-receivable", "unsupported_document_type"),
    ],
)
def test_a_fault_of_a_file_is_named_by_its_place(registry, element, old, new, slug, code):
    assert f"<cbc:{element}>{old}" in UBL
    problem = send(registry, UBL.replace(f"<cbc:{element}>{old}", f"<cbc:{element}>{new}", 1)).problem(slug)
    assert (code, f"/Invoice/cbc:{element}") in [(fault["code"], fault["pointer"]) for fault in problem["errors"]]


# ---- CSV ----

HEAD = "number,issue_date,due_date,currency,gross_amount,buyer_id"


def row(registry, number="CSV-1", gross="10.00", buyer=None):
    return f"{number},{registry.day(-1)},{registry.day(60)},CNY,{gross},{(buyer or registry.debtor).id}"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"\xef\xbb\xbf", b"number", b"number,number\n1,2\n", b"number,colour\n1,red\n", f"{HEAD}\n".encode(),
        f"{HEAD}\n\xff\xfe\n".encode("latin-1"), f'{HEAD}\n"unclosed,1,2,3,4,5\n'.encode(), b"\x00\x01\x02",
        HEAD.encode() + b"\n\x00",
        (HEAD + "\n" + "x,,,,,\n" * 1001).encode(), b"not a csv at all",
    ],
    ids=lambda d: repr(d[:24]),
)  # fmt: skip
def test_csv_that_is_none_is_refused_as_a_whole(registry, data):
    send(registry, data, "text/csv").problem("malformed-csv")


def test_commas_semicolons_quotes_and_line_ends(registry):
    """RFC 4180 quoting, either separator, CR LF or LF, with or without byte order mark and last line end."""
    head = HEAD + ",note"
    for i, (mark, separator, end, last) in enumerate(
        (("", ",", "\n", "\n"), ("\ufeff", ",", "\r\n", "\r\n"), ("", ";", "\n", ""), ("\ufeff", ";", "\r\n", ""))
    ):
        line = row(registry, f'"Q ""{i}"", x"', f"{3000 + i}.00").replace(f'"Q ""{i}"", x"', "@") + ",@@"
        line = line.replace(",", separator).replace("@@", '"two\nlines; and, more"').replace("@", f'"Q ""{i}"", x"')
        data = mark + head.replace(",", separator) + end + line + last
        answer = registry.supplier.submit(data.encode(), cty="text/csv").ok(200)
        result = answer["results"][0]
        if result["status"] == 201:
            assert result["receivable"]["invoice"]["number"] == f'Q "{i}", x'
        else:
            assert result["problem"]["errors"][0]["code"] == "bad_character"


def test_a_thousand_rows_are_registered_with_one_command(registry):
    rows = [row(registry, f"K-{i:04d}-{chr(65 + i % 26)}", f"{40000 + i}.00") for i in range(1000)]
    with registry.grows(1000):
        answer = registry.supplier.submit("\n".join([HEAD, *rows]).encode(), cty="text/csv").ok(200)
    assert answer["registered"] == 1000 and [r["row"] for r in answer["results"]] == list(range(2, 1002))


def test_a_csv_none_of_whose_rows_is_good_records_nothing(registry):
    with registry.unchanged():
        data = f"{HEAD}\n" + row(registry, gross="x") + "\n" + row(registry, number="") + "\n"
        answer = registry.supplier.submit(data.encode(), cty="text/csv").ok(200)
    assert (answer["registered"], answer["held"], answer["refused"]) == (0, 0, 2)
