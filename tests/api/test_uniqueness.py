"""One invoice is registered once: exact duplicates, parts, look-alikes. (Many at once: test_at_once.py.)"""

import pytest
from test_gateway import held, outcomes, rejected


def resubmitted(paper, **changes):
    """The same invoice on another piece of paper."""
    copy = {**paper, "invoice": {**paper["invoice"], **changes.pop("invoice", {})}, **changes}
    return copy


def test_an_invoice_cannot_be_registered_twice(registry):
    paper = registry.invoice()
    registry.supplier.submit(paper).ok(201)
    rejected(registry, "invoice_unused", paper)
    rejected(registry, "invoice_unused", resubmitted(paper, invoice={"note": "again"}))


def test_the_debtor_cannot_register_as_payable_what_the_supplier_registered(registry):
    paper = registry.invoice()
    registry.supplier.submit(paper).ok(201)
    rejected(registry, "invoice_unused", paper, registry.debtor)


def test_a_duplicate_is_seen_whatever_the_invoice_says_of_its_buyer(registry):
    """Seller, number, issue date, currency and gross amount make the invoice; the buyer's name cannot hide it."""
    paper = registry.invoice()
    registry.supplier.submit(paper).ok(201)
    other = {"participant": registry.other_debtor.id, "name": "Southport Rail"}
    rejected(registry, "invoice_unused", resubmitted(paper, invoice={"buyer": other}))


def test_a_duplicate_is_seen_whatever_names_the_seller(registry):
    paper = registry.invoice()
    registry.supplier.submit(paper).ok(201)
    by_code = {"name": "blue water mach.", "identifiers": registry.supplier.identifiers}
    rejected(registry, "invoice_unused", resubmitted(paper, invoice={"seller": by_code}))


def test_a_confirmed_invoice_stays_used(registry):
    receivable, _ = registry.confirmed(number="USED-1", gross="313.00")
    assert receivable["life"] == "confirmed"
    rejected(registry, "invoice_unused", registry.invoice(number="USED-1", gross="313.00"))


def test_other_invoices_of_the_same_seller_are_other_invoices(registry):
    registry.registered(number="SER-100", gross="1001.00")
    registry.registered(number="SER-101", gross="1002.00")
    registry.registered(seller=registry.other_supplier, number="SER-100", gross="1001.00")


def test_white_space_and_case_do_not_make_another_invoice(registry):
    registry.registered(number="WS 77/a", gross="1777.00")
    rejected(registry, "invoice_unused", registry.invoice(number="WS  77/a", gross="1777.00"))
    held(registry, "invoice_similar", registry.invoice(number="WS 77/A", gross="1777.00"))


# ---- parts ----


def test_parts_of_an_invoice_may_add_up_to_its_gross_amount(registry):
    paper = registry.invoice(gross="900.00")
    for label, amount in (("1/3", "300.00"), ("2/3", "500.00"), ("3/3", "100.00")):
        made = registry.supplier.submit({**paper, "part": label, "amount": amount}).ok(201)["receivable"]
        assert made["part"] == label and made["amount"] == amount
    rejected(registry, "invoice_unused", {**paper, "part": "4/3", "amount": "0.01"})


def test_parts_may_not_exceed_the_gross_amount(registry):
    paper = registry.invoice(gross="910.00")
    registry.supplier.submit({**paper, "part": "a", "amount": "500.00"}).ok(201)
    rejected(registry, "invoice_unused", {**paper, "part": "b", "amount": "410.01"})
    registry.supplier.submit({**paper, "part": "b", "amount": "410.00"}).ok(201)


def test_a_part_label_is_used_once(registry):
    paper = registry.invoice(gross="920.00")
    registry.supplier.submit({**paper, "part": "a", "amount": "100.00"}).ok(201)
    rejected(registry, "invoice_unused", {**paper, "part": "a", "amount": "100.00"})
    rejected(registry, "invoice_unused", {**paper, "part": "a", "amount": "50.00"})


def test_whole_and_parts_exclude_each_other(registry):
    whole = registry.invoice(gross="930.00")
    registry.supplier.submit(whole).ok(201)
    rejected(registry, "invoice_unused", {**whole, "part": "a", "amount": "1.00"})
    parts = registry.invoice(gross="940.00")
    registry.supplier.submit({**parts, "part": "a", "amount": "1.00"}).ok(201)
    rejected(registry, "invoice_unused", parts)


def test_a_withdrawn_part_gives_its_amount_and_label_free(registry):
    paper = registry.invoice(gross="950.00")
    first = registry.supplier.submit({**paper, "part": "a", "amount": "900.00"}).ok(201)["receivable"]
    rejected(registry, "invoice_unused", {**paper, "part": "b", "amount": "100.00"})
    registry.supplier.act(first, "withdraw").ok()
    registry.supplier.submit({**paper, "part": "b", "amount": "100.00"}).ok(201)
    registry.supplier.submit({**paper, "part": "a", "amount": "850.00"}).ok(201)


def test_an_amount_below_the_whole_without_a_part_label_registers_the_whole_invoice(registry):
    """Without a label there is one registration for the invoice, whatever its amount."""
    paper = registry.invoice(gross="960.00", amount="100.00")
    registry.supplier.submit(paper).ok(201)
    rejected(registry, "invoice_unused", paper)


# ---- look-alikes ----


@pytest.mark.parametrize(
    "number",
    ["LA-2026.001", "la-2026/001", "LA 2026 001", "LA2026001", "LA-02026-001", "00LA2026001", "ＬＡ-2026-001"],
)
def test_the_same_number_written_otherwise_is_held(registry, number):
    """Separators, case, leading zeros: perhaps a typing difference, so a reviewer looks."""
    seller = registry.register("Look Alike", ["supplier"])
    registry.registered(seller=seller, number="LA-2026-001", gross="777.00", issued=200, days=10)
    held(registry, "invoice_similar", registry.invoice(seller=seller, number=number, gross="888.00"), seller)


@pytest.mark.parametrize("issued, similar", [(20, True), (13, True), (27, True), (12, False), (28, False)])
def test_the_same_amount_between_the_same_parties_near_in_time_is_held(registry, issued, similar):
    seller = registry.register("Same Again", ["supplier"])
    registry.registered(seller=seller, number="FIRST-A", gross="1234.00", issued=20)
    paper = registry.invoice(seller=seller, number="OTHER-B", gross="1234.00", issued=issued)
    if similar:
        held(registry, "invoice_similar", paper, seller)
    else:
        made = seller.submit(paper).ok(201)["receivable"]
        assert outcomes(made)["invoice_similar"] == "pass"


def test_the_same_amount_to_another_buyer_is_no_look_alike(registry):
    seller = registry.register("Two Customers", ["supplier"])
    registry.registered(seller=seller, number="TC-A", gross="555.00")
    registry.registered(seller=seller, buyer=registry.other_debtor, number="TC-B", gross="555.00")
    registry.registered(seller=seller, number="TC-C", gross="555.00", currency="EUR")


def test_what_was_withdrawn_or_rejected_is_no_look_alike(registry):
    seller = registry.register("Second Thoughts", ["supplier"])
    first = registry.registered(seller=seller, number="ST-A", gross="666.00")
    seller.act(first, "withdraw").ok()
    registry.registered(seller=seller, number="ST-B", gross="666.00")
