"""Batches: up to 1,000 commands in one request, all or none, or each for itself."""

import threading

import jws
import pytest
from bulk_world import BATCHES, RECEIVABLES, plain, post, register, signed, slugs


@pytest.fixture(scope="module")
def small(registry):
    """A supplier whose key the registry keeps."""
    return register(registry, "Batch Workshop", ["supplier"], ["read", "submit", "confirm"])


def papers(registry, seller, count, **how):
    return [registry.invoice(seller=seller, **how) for _ in range(count)]


def test_an_independent_batch_answers_each_command_as_its_own_address_would(registry):
    items = [signed(registry.supplier, RECEIVABLES, paper) for paper in papers(registry, registry.supplier, 5)]
    with registry.grows(5):
        answer = post(registry, "independent", items).ok()
    assert (answer["done"], answer["refused"]) == (5, 0)
    assert [r["index"] for r in answer["results"]] == [0, 1, 2, 3, 4]
    seqs = [r["answer"]["receipt"]["seq"] for r in answer["results"]]
    assert seqs == sorted(seqs), "done in their order"
    alone = registry.send(RECEIVABLES, items[2]["jws"].encode())
    assert alone.headers["idempotent-replayed"] == "true"
    assert alone.ok(201) == answer["results"][2]["answer"], "the same answer, alone or among others"


def test_commands_of_several_signers_go_in_one_batch(registry):
    first, second = registry.registered(), registry.registered(seller=registry.other_supplier)
    items = [
        signed(registry.debtor, f"{RECEIVABLES}/{first['id']}/confirm", {}),
        signed(registry.supplier, RECEIVABLES, registry.invoice()),
        signed(registry.other_supplier, f"{RECEIVABLES}/{second['id']}/withdraw", {}),
    ]
    assert slugs(post(registry, "independent", items).ok()) == [200, 201, 200]


def test_what_is_refused_stops_no_other_command_of_an_independent_batch(registry):
    paper = registry.invoice()
    receivable = registry.registered()
    items = [
        signed(registry.supplier, RECEIVABLES, paper),
        signed(registry.supplier, RECEIVABLES, paper),  # the same invoice under another jti
        signed(registry.supplier, f"{RECEIVABLES}/{receivable['id']}/confirm", {}),  # the wrong party
        signed(registry.supplier, "/v1/nowhere", {}),
        signed(registry.supplier, RECEIVABLES, registry.invoice(), aud="another.test"),
        {"jws": "no signature"},
        signed(registry.supplier, RECEIVABLES, {"invoice": {"number": "X"}}),
        signed(registry.supplier, RECEIVABLES, registry.invoice()),
    ]
    with registry.grows(3):
        answer = post(registry, "independent", items).ok()
    assert slugs(answer) == [
        201, "gateway-rejected", "not-permitted", "not-found", "wrong-audience", "malformed-json", "invalid-fields", 201,
    ]  # fmt: skip
    assert (answer["done"], answer["refused"]) == (2, 6)
    assert answer["results"][1]["problem"]["receivable"]["life"] == "rejected", "the rejection is on the ledger"
    pointers = [fault["pointer"] for fault in answer["results"][6]["problem"]["errors"]]
    assert "/invoice/issue_date" in pointers, "as its own address would name it"


def test_acts_on_one_thing_are_done_in_the_order_of_the_batch(registry):
    receivable = registry.registered()
    path = f"{RECEIVABLES}/{receivable['id']}"
    items = [signed(registry.debtor, f"{path}/confirm", {}), signed(registry.supplier, f"{path}/withdraw", {})]
    assert slugs(post(registry, "independent", items).ok()) == [200, "wrong-state"]


def test_a_batch_sent_again_is_answered_as_before(registry):
    items = [signed(registry.supplier, RECEIVABLES, paper) for paper in papers(registry, registry.supplier, 3)]
    before = post(registry, "independent", items).ok()
    for mode in ("independent", "atomic"):
        with registry.unchanged():
            again = post(registry, mode, items).ok()
        assert all(r["replayed"] for r in again["results"])
        assert [r["answer"] for r in again["results"]] == [r["answer"] for r in before["results"]]


def test_a_long_answer_is_the_same_to_the_byte_but_for_what_it_says_of_being_repeated(registry):
    """However long it gets, and wherever the server cut it into pieces: one result on each line."""
    items = [signed(registry.supplier, RECEIVABLES, paper) for paper in papers(registry, registry.supplier, 120)]
    before = post(registry, "independent", items)
    again = post(registry, "independent", items)
    assert before.status == again.status == 200 and len(before.body) > 3 * 128 * 1024
    assert again.body == before.body.replace(b'"replayed":false', b'"replayed":true')
    assert before.body.count(b"\n,{") == 119


def test_a_batch_cut_off_in_the_middle_goes_on_when_it_is_sent_again(registry):
    items = [signed(registry.supplier, RECEIVABLES, paper) for paper in papers(registry, registry.supplier, 4)]
    post(registry, "independent", items[:2]).ok()
    with registry.grows(2):
        answer = post(registry, "independent", items).ok()
    assert [r["replayed"] for r in answer["results"]] == [True, True, False, False]


def test_the_same_command_twice_in_a_batch_is_done_once(registry):
    item = signed(registry.supplier, RECEIVABLES, registry.invoice())
    with registry.grows(1):
        answer = post(registry, "independent", [item, item]).ok()
    assert [r["replayed"] for r in answer["results"]] == [False, True]
    assert answer["results"][0]["answer"] == answer["results"][1]["answer"]


def test_an_atomic_batch_is_done_whole(registry):
    items = [signed(registry.supplier, RECEIVABLES, paper) for paper in papers(registry, registry.supplier, 3)]
    with registry.grows(3):
        answer = post(registry, "atomic", items).ok()
    assert (answer["mode"], answer["done"], answer["refused"]) == ("atomic", 3, 0)


@pytest.mark.parametrize("fault", ["state", "form", "signature", "duplicate", "not a command"])
def test_an_atomic_batch_with_one_refusal_does_nothing(registry, fault):
    """Found before the writer or by it: the ledger does not grow, and no jti is used up."""
    receivable = registry.registered()
    bad = {
        "state": lambda: signed(registry.supplier, f"{RECEIVABLES}/{receivable['id']}/confirm", {}),
        "form": lambda: signed(registry.supplier, RECEIVABLES, {"invoice": {}}),
        "signature": lambda: signed(registry.supplier, RECEIVABLES, registry.invoice(), key=jws.Key()),
        "duplicate": lambda: signed(registry.supplier, RECEIVABLES, {"invoice": {**paper["invoice"]}}),
        "not a command": lambda: 7,
    }[fault]
    paper = registry.invoice()
    good = [signed(registry.supplier, RECEIVABLES, paper), signed(registry.supplier, RECEIVABLES, registry.invoice())]
    items = [good[0], bad(), good[1]]
    with registry.unchanged():
        problem = post(registry, "atomic", items, bad=True).problem("batch-undone")
    assert "Command 1 was refused" in problem["detail"]
    expected = {"state": "not-permitted", "form": "invalid-fields", "signature": "unknown-key",
                "duplicate": "gateway-rejected", "not a command": "invalid-fields"}[fault]  # fmt: skip
    assert slugs(problem) == ["batch-undone", expected, "batch-undone"]
    assert (problem["done"], problem["refused"]) == (0, 3)
    with registry.grows(2):
        assert slugs(post(registry, "atomic", good).ok()) == [201, 201]


def test_a_duplicate_inside_an_atomic_batch_is_not_called_done(registry):
    """What was found answered before inside the transaction is gone with it."""
    item = signed(registry.supplier, RECEIVABLES, registry.invoice())
    wrong = signed(registry.supplier, RECEIVABLES, registry.invoice(seller=registry.other_supplier))
    with registry.unchanged():
        problem = post(registry, "atomic", [item, item, wrong]).problem("batch-undone")
    assert slugs(problem)[:2] == ["batch-undone", "batch-undone"]
    assert post(registry, "atomic", [item]).ok()["results"][0]["replayed"] is False


def test_plain_commands_are_signed_by_custody_with_the_tokens_scopes(registry, small):
    reader, _ = small.issue_token(["read", "submit"], signer=registry.operator)
    owed = registry.registered(seller=registry.supplier)
    items = [
        plain(RECEIVABLES, registry.invoice(seller=small), "batch-plain-0000000000000001"),
        plain(f"{RECEIVABLES}/{owed['id']}/confirm", {}),
    ]
    answer = post(registry, "independent", items, token=reader).ok()
    assert slugs(answer) == [201, "scope-missing"]
    again = post(registry, "independent", items[:1], token=reader).ok()
    assert again["results"][0]["replayed"] and again["results"][0]["answer"] == answer["results"][0]["answer"]
    changed = plain(RECEIVABLES, registry.invoice(seller=small), "batch-plain-0000000000000001")
    assert slugs(post(registry, "independent", [changed], token=reader).ok()) == ["jti-reused"]


def test_an_invoice_file_goes_as_text_with_its_content_type(registry, small):
    number = registry.invoice()["invoice"]["number"]
    head = "number,issue_date,due_date,currency,gross_amount,seller_id,buyer_id"
    rows = [f"{number}-{i},{registry.day(-1)},{registry.day(60)},CNY,{770 + i}.00,{small.id},{registry.debtor.id}" for i in (1, 2)]
    file = plain(RECEIVABLES, "\r\n".join([head, *rows]) + "\r\n", content_type="text/csv")
    answer = post(registry, "independent", [file], token=small.token).ok()
    assert answer["results"][0]["answer"]["registered"] == 2
    problem = post(registry, "atomic", [file], token=small.token).problem("batch-undone")
    assert slugs(problem) == ["unsupported-media-type"]
    wrong = [
        plain(RECEIVABLES, {"invoice": {}}, content_type="application/xml"),
        plain(RECEIVABLES, "<Invoice/>"),
        plain("/v1/grants", "<Invoice/>", content_type="application/xml"),
    ]
    answer = post(registry, "independent", wrong, token=small.token, bad=True).ok()
    assert slugs(answer) == ["invalid-fields", "invalid-fields", "unsupported-media-type"]


@pytest.mark.parametrize("shown", ["é" * 28, "x" + "契" * 18])
def test_a_long_content_type_is_told_in_whole_characters(registry, small, shown):
    wrong = plain("/v1/grants", "<Invoice/>", content_type=shown + "契" * 40)
    answer = post(registry, "independent", [wrong], token=small.token, bad=True).ok()
    assert answer["results"][0]["problem"]["detail"] == f"Only a submission may be a file of the type {shown}…."


def test_plain_commands_need_a_token_and_a_bad_token_is_refused(registry, small):
    item = plain(RECEIVABLES, registry.invoice(seller=small))
    with registry.unchanged():
        post(registry, "independent", [signed(registry.supplier, RECEIVABLES, registry.invoice()), item]).problem("unauthenticated")
        post(registry, "independent", [item], token="ts_unknown").problem("unauthenticated")


@pytest.mark.parametrize(
    "body, slug, fault",
    [
        ({}, "invalid-fields", ("required", "/mode")),
        ({"mode": "atomic", "commands": []}, "invalid-fields", ("out_of_range", "/commands")),
        ({"mode": "atomic", "commands": {}}, "invalid-fields", ("not_an_array", "/commands")),
        ({"mode": "both", "commands": [{}]}, "invalid-fields", ("unknown_value", "/mode")),
        ({"mode": "atomic", "commands": [{}] * 1001}, "invalid-fields", ("out_of_range", "/commands")),
        ({"mode": "atomic", "commands": [{}], "more": 1}, "invalid-fields", ("unknown_field", "/more")),
        ([], "invalid-fields", ("not_an_object", "")),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(registry, body, slug, fault):
    with registry.unchanged():
        problem = registry.send(BATCHES, jws.compact(body), "application/json").problem(slug)
    assert fault in [(f["code"], f["pointer"]) for f in problem["errors"]]


def test_a_batch_has_a_bound(registry):
    registry.send(BATCHES, b"[" * 200 + b"]" * 200, "application/json").problem("malformed-json")
    registry.send(BATCHES, b" " * (8 * 1024 * 1024 + 1), "application/json").problem("body-too-large")
    head = "number,issue_date,due_date,currency,gross_amount\r\n"
    file = head + "A,2026-01-01,2026-03-01,CNY,1.00\r\n" * 600
    items = [signed(registry.supplier, RECEIVABLES, file.encode(), cty="text/csv") for _ in range(2)]
    with registry.unchanged():
        post(registry, "independent", items).problem("body-too-large")


def test_a_thousand_commands_go_in_one_batch_and_others_are_served_meanwhile(registry):
    items = [signed(registry.supplier, RECEIVABLES, paper) for paper in papers(registry, registry.supplier, 1000)]
    served = []
    stop = threading.Event()

    def others():
        while not stop.is_set():
            served.append(registry.other_supplier.submit(registry.invoice(seller=registry.other_supplier)).ok(201))

    thread = threading.Thread(target=others)
    thread.start()
    try:
        answer = post(registry, "independent", items).ok()
    finally:
        stop.set()
        thread.join()
    assert (answer["done"], answer["refused"]) == (1000, 0)
    assert served
    again = post(registry, "atomic", items).ok()
    assert [r["answer"] for r in again["results"]] == [r["answer"] for r in answer["results"]]


def test_batches_survive_a_restart(fresh):
    items = [signed(fresh.supplier, RECEIVABLES, paper) for paper in papers(fresh, fresh.supplier, 3)]
    before = post(fresh, "atomic", items).ok()
    fresh.kill()
    fresh.start()
    with fresh.unchanged():
        again = post(fresh, "independent", items).ok()
    assert [r["answer"] for r in again["results"]] == [r["answer"] for r in before["results"]]
