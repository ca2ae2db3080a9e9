"""Bad payloads: JSON that is none, fields that break their rules, amounts and dates that cannot be. Each gets its own clear
problem, the fields are all named, and nothing is recorded."""

from urllib.parse import quote

import jws
import pytest
from http_client import exchange, parse_answers

PATH = "/v1/receivables"
NOT_UTF8 = b'{"invoice":{"number":"\xff\xfe"}}'


def post_payload(registry, payload, **how):
    """Signs the payload as it is and posts it; nothing may be recorded."""
    with registry.unchanged():
        return registry.supplier.post(PATH, payload, bad=True, **how)


# ---- JSON ----


@pytest.mark.parametrize(
    "payload",
    [
        b"", b" ", b"{", b"}", b"nonsense", b'{"invoice":}', b'{"invoice":{},}', b"{'invoice':{}}", b'{"invoice":{}} x',
        b'{"invoice":{}}{"invoice":{}}', b'{"a":1,"a":2}', b'{"invoice":{"number":"1","number":"2"}}', NOT_UTF8,
        b'{"invoice":{"number":"\xed\xa0\x80"}}', b'{"invoice":{"number":"\xc0\xaf"}}', b'{"invoice":{"number":"a\\u0000b"}}',
        b'{"invoice":{"number":"\\ud800"}}', b'{"invoice":{"number":"a\nb"}}', b'{"invoice":NaN}', b'{"invoice":+1}',
        b'{"invoice":01}', b'{"invoice":1e99999}', b"\xef\xbb\xbf{}", b'{"invoice":' + b"9" * 400 + b"}", b"null", b'"text"',
        b"12",
        b"{" * 40, b'{"a":' * 40 + b"1" + b"}" * 40, b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", b"[" * 100_000,
        b'{"a":1}\x00',
    ],
    ids=lambda p: repr(p[:40]),
)  # fmt: skip
def test_json_that_is_none_is_refused(registry, payload):
    post_payload(registry, payload).problem("malformed-json")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"nonsense", b'{"payload":"a","payload":"b"}', b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_json_object_is_refused(registry, body):
    with registry.unchanged():
        answer = registry.send(PATH, body)
        assert answer.json["type"].rpartition(":")[2] in ("malformed-json", "malformed-jws"), answer.body


@pytest.mark.parametrize(
    "payload",
    [b'{"a":"sGv\\\xc6\xa1"}', b'{"a":\xe5\x8f"}', ('{"' + "发" * 100 + '" 1}').encode(), ('{"a' + "发" * 100 + '\n"}').encode()],
)
def test_a_problem_that_quotes_the_fault_is_itself_well_formed(registry, payload):
    """What a parser quotes may be cut off inside a character."""
    answer = post_payload(registry, payload)
    assert answer.body.decode("utf-8")
    answer.problem("malformed-json")


def test_an_array_is_not_a_submission(registry):
    answer = post_payload(registry, b"[]")
    assert answer.json["type"].rpartition(":")[2] in ("malformed-json", "invalid-fields")


def test_the_place_of_a_json_fault_is_told(registry):
    detail = post_payload(registry, b'{"invoice":\n  {"number" "x"}}').problem("malformed-json")["detail"]
    assert "line 2" in detail.lower()


# ---- fields ----


def changed(registry, changes):
    """An invoice with members replaced by pointer-like path; None removes one."""
    paper = registry.invoice(number="BAD-1", gross="100.00")
    for path, value in changes.items():
        at, (*parents, last) = paper, path.split("/")[1:]
        for name in parents:
            at = at.setdefault(name, {})
        if value is None:
            del at[last]
        else:
            at[last] = value
    return paper


@pytest.mark.parametrize(
    "pointer, value, code",
    [
        ("/invoice", None, "required"), ("/invoice", "INV-1", "not_an_object"), ("/invoice/number", None, "required"),
        ("/invoice/number", "", "empty"), ("/invoice/number", "x" * 129, "too_long"), ("/invoice/number", 12, "not_a_string"),
        ("/invoice/number", "a\tb", "bad_character"), ("/invoice/issue_date", None, "required"),
        ("/invoice/currency", None, "required"), ("/invoice/gross_amount", None, "required"), ("/invoice/colour", "red", "unknown_field"),
        ("/invoice/seller/vat", "x", "unknown_field"), ("/invoice/seller/participant", "me", "malformed_id"),
        ("/invoice/seller/identifiers", {"duns": "1"}, "unknown_field"), ("/invoice/seller/identifiers", "x", "not_an_object"),
        ("/invoice/payee", {"participant": "x"}, "unknown_field"), ("/invoice/note", "x" * 1001, "too_long"),
        ("/invoice/order_reference", "x" * 129, "too_long"), ("/part", "x" * 33, "too_long"), ("/part", 1, "not_a_string"),
        ("/documents", "x", "not_an_array"), ("/documents", [{}] * 17, "too_many"), ("/amout", "1.00", "unknown_field"),
    ],
)  # fmt: skip
def test_a_field_that_breaks_a_rule_is_named(registry, pointer, value, code):
    problem = post_payload(registry, changed(registry, {pointer: value})).problem("invalid-fields")
    found = [(fault["code"], fault["pointer"]) for fault in problem["errors"]]
    first = next(iter(value)) if isinstance(value, dict) else ""
    at = pointer + {"duns": "/duns", "participant": "/participant"}.get(first, "")
    assert (code, at) in found, found


def test_every_broken_field_is_named_at_once(registry):
    faults = {"/invoice/number": None, "/invoice/issue_date": "2026-02-30", "/invoice/currency": "XXX", "/colour": 1}
    paper = changed(registry, faults)
    post_payload(registry, paper).problem(
        "invalid-fields", ("required", "/invoice/number"), ("malformed_date", "/invoice/issue_date"),
        ("unknown_currency", "/invoice/currency"), ("unknown_field", "/colour"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "document, fault",
    [
        ({"sha256": "ab" * 32}, ("required", "/documents/0/kind")),
        ({"kind": "contract"}, ("required", "/documents/0/sha256")),
        ({"kind": "love_letter", "sha256": "ab" * 32}, ("unknown_document_kind", "/documents/0/kind")),
        ({"kind": "contract", "sha256": "AB" * 32}, ("malformed_sha256", "/documents/0/sha256")),
        ({"kind": "contract", "sha256": "ab" * 31}, ("malformed_sha256", "/documents/0/sha256")),
        ({"kind": "contract", "sha256": "ab" * 32, "pages": 2}, ("unknown_field", "/documents/0/pages")),
    ],
    ids=str,
)
def test_a_faulty_document_is_named(registry, document, fault):
    post_payload(registry, changed(registry, {"/documents": [document]})).problem("invalid-fields", fault)


# ---- money ----


@pytest.mark.parametrize("name", ["gross_amount", "payable_amount"])
@pytest.mark.parametrize(
    "value, slug, code",
    [
        ("100.001", "invalid-fields", "wrong_scale"), ("100.0", "invalid-fields", "wrong_scale"), ("100", "invalid-fields", "wrong_scale"),
        ("1e2", "invalid-fields", "malformed_amount"), ("1E2", "invalid-fields", "malformed_amount"),
        ("+100.00", "invalid-fields", "malformed_amount"), ("0100.00", "invalid-fields", "malformed_amount"),
        ("1,000.00", "invalid-fields", "malformed_amount"), ("1 000.00", "invalid-fields", "malformed_amount"),
        (".50", "invalid-fields", "malformed_amount"), ("100.", "invalid-fields", "malformed_amount"),
        ("0x10", "invalid-fields", "malformed_amount"), ("NaN", "invalid-fields", "malformed_amount"),
        ("\u0661\u0660.00", "invalid-fields", "malformed_amount"), ("100.00\u00a0", "invalid-fields", "bad_character"),
        ("99999999999999999.99", "invalid-fields", "amount_too_large"), ("90071992547409.92", "invalid-fields", "amount_too_large"),
        ("9" * 30 + ".00", "invalid-fields", "amount_too_large"), (100, "invalid-fields", "not_a_string"),
        (100.5, "invalid-fields", "not_a_string"), (-1, "invalid-fields", "not_a_string"), (True, "invalid-fields", "not_a_string"),
        ("", "invalid-fields", "empty"), ("-100.00", "not-a-receivable", "negative_amount"), ("0.00", "not-a-receivable", "nothing_due"),
    ],
)  # fmt: skip
def test_an_amount_of_the_invoice_that_cannot_be(registry, name, value, slug, code):
    pointer = f"/invoice/{name}"
    post_payload(registry, changed(registry, {pointer: value})).problem(slug, (code, pointer))


@pytest.mark.parametrize(
    "value, code",
    [("-1.00", "negative_amount"), ("0.00", "amount_zero"), ("1.5", "wrong_scale"), (5, "not_a_string"), ("1e1", "malformed_amount")],
)
def test_an_amount_asked_for_that_cannot_be(registry, value, code):
    post_payload(registry, changed(registry, {"/amount": value})).problem("invalid-fields", (code, "/amount"))


def test_the_largest_amount_is_registered_and_one_more_is_not(registry):
    most = registry.registered(gross="90071992547409.91")
    assert most["amount"] == "90071992547409.91"
    claim = registry.debtor.act(most, "confirm").ok()["claim"]
    assert claim["outstanding_amount"] == "90071992547409.91"
    post_payload(registry, changed(registry, {"/invoice/gross_amount": "90071992547409.92"})).problem("invalid-fields")


def test_sums_beyond_the_largest_amount_do_not_wrap(registry):
    """A credit line near the limit meets amounts near the limit: rejected, not wrapped around."""
    debtor = registry.register("Astronomical", ["core_enterprise"])
    path = f"/v1/participants/{debtor.id}/credit_line"
    registry.operator.post(path, {"currency": "CNY", "limit": "90071992547409.91"}).ok()
    registry.registered(buyer=debtor, gross="90071992547409.91")
    registry.supplier.submit(registry.invoice(buyer=debtor, gross="90071992547409.90")).problem("gateway-rejected")


@pytest.mark.parametrize(
    "currency, value", [("JPY", "100.00"), ("JPY", "100.0"), ("KWD", "100.00"), ("CNY", "100.000")]
)
def test_decimals_are_those_of_the_currency(registry, currency, value):
    paper = changed(registry, {"/invoice/currency": currency, "/invoice/gross_amount": value})
    post_payload(registry, paper).problem("invalid-fields", ("wrong_scale", "/invoice/gross_amount"))


@pytest.mark.parametrize("currency", ["XXX", "XTS", "XAU", "cny", "CN", "CNYY", "ZZZ", "DEM", "CLF", "\u00a5", "RMB"])
def test_a_currency_that_is_none(registry, currency):
    paper = changed(registry, {"/invoice/currency": currency})
    post_payload(registry, paper).problem("invalid-fields", ("unknown_currency", "/invoice/currency"))


# ---- dates ----


@pytest.mark.parametrize("name", ["issue_date", "due_date"])
@pytest.mark.parametrize(
    "value",
    ["2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-1", "20261122", "22.11.2026", "2026-11-22T00:00:00Z",
     "1899-12-31", "3000-01-01", "0000-00-00", "-2026-01-01", "tomorrow", "2026-11-2\u0662"],
)  # fmt: skip
def test_a_date_that_is_none(registry, name, value):
    pointer = f"/invoice/{name}"
    post_payload(registry, changed(registry, {pointer: value})).problem("invalid-fields", ("malformed_date", pointer))


def test_the_29th_of_february_of_a_leap_year_is_a_date(registry):
    paper = changed(registry, {"/invoice/issue_date": "2028-02-29", "/invoice/due_date": "2028-03-01"})
    answer = registry.supplier.submit(paper)
    assert answer.status in (201, 202, 422)
    if answer.status == 422:
        answer.problem("gateway-rejected")


def test_an_invoice_without_a_due_date_is_no_receivable_unless_the_policy_helps(registry):
    paper = changed(registry, {"/invoice/due_date": None})
    post_payload(registry, paper).problem("not-a-receivable", ("no_due_date", "/invoice/due_date"))


# ---- text ----


@pytest.mark.parametrize(
    "number",
    ["发票-2026-001", "Ünïcødé №7", "😀-1", "a" * 128, "'; DROP TABLE entries; --", '"quoted"', "a\\b", "<b>&amp;"],
)
def test_any_printable_text_is_kept_as_it_is(registry, number):
    receivable = registry.registered(number=number)
    assert receivable["invoice"]["number"] == number
    assert registry.supplier.receivable(receivable["id"])["invoice"]["number"] == number
    quoted = quote(number, safe="")
    found = registry.supplier.get(f"/v1/receivables?number={quoted}").ok()["items"]
    assert [item["id"] for item in found] == [receivable["id"]]


# ---- size ----


def test_a_body_larger_than_the_resource_takes_is_refused(registry):
    with registry.unchanged():
        head = b"POST /v1/receivables HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose+json\r\n"
        head += b"Content-Length: 4000000000\r\n\r\n"
        (answer,) = parse_answers(exchange(registry.port, head + b"x" * 1000))
        answer.problem("body-too-large")


def test_an_act_takes_only_a_small_body(registry):
    receivable = registry.registered()
    body = jws.compact({"protected": "A" * (3 << 20), "payload": "", "signature": ""})
    with registry.unchanged():
        registry.send(f"{PATH}/{receivable['id']}/confirm", body).problem("body-too-large")
