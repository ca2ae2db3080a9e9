"""Many at once: whatever arrives together is decided one after the other, and exactly one wins where only one may."""

import threading

import jws
from bulk_world import BATCHES, signed, slugs
from identifiers import uscc
from registry import SERIALS
from test_gateway import outcomes

PATH = "/v1/receivables"


def post_at_once(registry, commands):
    """commands: (path, body). All are sent by threads that start together; answers come in the commands' order."""
    answers, start = [None] * len(commands), threading.Barrier(len(commands))

    def send(i, path, body):
        start.wait()
        answers[i] = registry.http.request("POST", path, body, {"Content-Type": jws.JOSE})
        registry.http.close()

    threads = [threading.Thread(target=send, args=(i, *command)) for i, command in enumerate(commands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (path, body), answer in zip(commands, answers):
        registry.contract.check_answer("POST", path, answer)
        registry.check_receipts(answer.json, body)
    return answers


def statuses(answers):
    return sorted(answer.status for answer in answers)


def test_of_thirty_two_threads_submitting_one_invoice_exactly_one_registers_it(registry):
    paper = registry.invoice()
    commands = [(PATH, registry.supplier.sign(PATH, paper)) for _ in range(32)]
    with registry.grows(32):
        answers = post_at_once(registry, commands)
    assert statuses(answers) == [201] + [422] * 31
    for answer in answers:
        if answer.status == 422:
            problem = answer.problem("gateway-rejected")
            assert outcomes(problem["receivable"])["invoice_unused"] == "reject"


def test_parts_submitted_at_once_never_exceed_the_invoice(registry):
    paper = registry.invoice(gross="1000.00")
    parts = [{**paper, "part": f"p{i}", "amount": "150.00"} for i in range(16)]
    answers = post_at_once(registry, [(PATH, registry.supplier.sign(PATH, part)) for part in parts])
    assert statuses(answers) == [201] * 6 + [422] * 10


def test_a_credit_line_is_never_overdrawn_by_submissions_at_once(registry):
    debtor = registry.register("Crowded Credit", ["core_enterprise"])
    path = f"/v1/participants/{debtor.id}/credit_line"
    registry.operator.post(path, {"currency": "CNY", "limit": "1000.00"}).ok()
    papers = [registry.invoice(buyer=debtor, gross=f"{300 + i}.00") for i in range(12)]
    answers = post_at_once(registry, [(PATH, registry.supplier.sign(PATH, paper)) for paper in papers])
    assert statuses(answers) == [201] * 3 + [422] * 9
    line = registry.operator.get(f"/v1/participants/{debtor.id}").ok()["credit_lines"][0]
    assert float(line["used"]) <= 1000


def test_sixteen_confirmations_at_once_make_one_claim(registry):
    receivable = registry.registered()
    path = f"{PATH}/{receivable['id']}/confirm"
    with registry.grows(1):
        answers = post_at_once(registry, [(path, registry.debtor.sign(path, {})) for _ in range(16)])
    assert statuses(answers) == [200] + [409] * 15
    for answer in answers:
        if answer.status == 409:
            answer.problem("wrong-state")


def test_confirmation_rejection_and_withdrawal_at_once_one_wins(registry):
    for _ in range(10):
        receivable = registry.registered()
        path = f"{PATH}/{receivable['id']}"
        commands = [
            (f"{path}/confirm", registry.debtor.sign(f"{path}/confirm", {})),
            (f"{path}/reject", registry.debtor.sign(f"{path}/reject", {"reason": "other"})),
            (f"{path}/withdraw", registry.supplier.sign(f"{path}/withdraw", {})),
        ]
        with registry.grows(1):
            answers = post_at_once(registry, commands)
        assert statuses(answers) == [200, 409, 409]
        won = next(i for i, answer in enumerate(answers) if answer.status == 200)
        after = registry.supplier.receivable(receivable["id"])
        assert after["life"] == ("confirmed", "rejected", "withdrawn")[won]
        assert (after["claim"] is not None) == (won == 0)


def test_of_many_policies_based_on_one_version_one_is_set(registry):
    current = registry.operator.get("/v1/policy").ok()
    fields = {name: value for name, value in current.items() if name not in ("version", "set_at", "seq")}
    payload = {"base_version": current["version"], "policy": fields}
    answers = post_at_once(registry, [("/v1/policy", registry.operator.sign("/v1/policy", payload)) for _ in range(8)])
    assert statuses(answers) == [201] + [409] * 7
    assert registry.operator.get("/v1/policy").ok()["version"] == current["version"] + 1


def test_one_company_is_registered_once_by_eight_commands_at_once(registry):
    path, code = "/v1/participants", uscc(next(SERIALS))
    papers = [
        {"name": f"Eightfold {i}", "roles": ["supplier"], "identifiers": {"uscc": code}, "public_key": jws.Key().public}
        for i in range(8)
    ]
    answers = post_at_once(registry, [(path, registry.operator.sign(path, paper)) for paper in papers])
    assert statuses(answers) == [201] + [409] * 7


def test_two_reviewers_decide_at_once_and_one_decision_stands(registry):
    second = registry.register("Second Pair of Eyes", ["reviewer"], {})
    payee = {"name": "Elsewhere", "identifiers": {"tax_id": "E1"}}
    receivable = registry.supplier.submit(registry.invoice(invoice_payee=payee)).ok(202)["receivable"]
    path = f"/v1/reviews/{receivable['id']}"
    commands = [
        (f"{path}/approve", registry.reviewer.sign(f"{path}/approve", {"note": "fine"})),
        (f"{path}/reject", second.sign(f"{path}/reject", {"note": "not fine"})),
    ]
    answers = post_at_once(registry, commands)
    assert statuses(answers) == [200, 409]
    decision = registry.reviewer.get(path).ok()["review"]["decision"]["outcome"]
    assert decision == ("approved" if answers[0].status == 200 else "rejected")


def test_commands_racing_with_the_revocation_of_their_key_are_before_it_or_refused(registry):
    company = registry.register("Racing Keys", ["supplier"])
    revoke = f"/v1/participants/{company.id}/keys/{company.key.kid}/revoke"
    commands = [(PATH, company.sign(PATH, registry.invoice(seller=company))) for _ in range(15)]
    commands.insert(7, (revoke, registry.operator.sign(revoke, {})))
    answers = post_at_once(registry, commands)
    revoked_at = answers[7].ok()["receipt"]["seq"]
    for i, answer in enumerate(answers):
        if i == 7:
            continue
        if answer.status == 201:
            assert answer.json["receipt"]["seq"] < revoked_at, "nothing of a revoked key comes after its revocation"
        else:
            answer.problem("key-revoked")


def test_reads_at_once_with_writes_see_whole_states(registry):
    """While receivables are confirmed, a reader never sees a confirmed one without its claim."""
    made = [registry.registered() for _ in range(40)]
    paths = [f"{PATH}/{receivable['id']}/confirm" for receivable in made]
    bodies = [registry.debtor.sign(path, {}) for path in paths]
    done = threading.Event()
    wrong = []

    def read():
        while not done.is_set():
            for item in registry.supplier.get(f"{PATH}?limit=100").ok()["items"]:
                if (item["life"] == "confirmed") != (item["claim"] is not None):
                    wrong.append(item)
        registry.http.close()

    reader = threading.Thread(target=read)
    reader.start()
    for path, body in zip(paths, bodies):
        registry.send(path, body).ok()
    done.set()
    reader.join()
    assert not wrong


def test_a_suspension_that_is_undone_hinders_nobody_beside_it(registry):
    """Atomic batches suspend the supplier and are refused at their end, while the supplier submits."""
    path, reason = f"/v1/participants/{registry.supplier.id}/suspend", {"reason": "for a moment"}
    undone, done, start = [], [], threading.Barrier(4)

    def suspend():
        items = [signed(registry.operator, path, reason) for _ in range(2)]  # the second looks at what the first did
        body = jws.compact({"mode": "atomic", "commands": items})
        undone.append(registry.http.request("POST", BATCHES, body, {"Content-Type": "application/json"}))

    def submit():
        body = registry.supplier.sign(PATH, registry.invoice())
        done.append((body, registry.http.request("POST", PATH, body, {"Content-Type": jws.JOSE})))

    def repeat(act):
        start.wait()
        for _ in range(20):
            act()
        registry.http.close()

    threads = [threading.Thread(target=repeat, args=(act,)) for act in (suspend, suspend, submit, submit)]
    with registry.grows(40):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for answer in undone:
        assert slugs(answer.json) == ["batch-undone", "wrong-state"]
    for body, answer in done:
        answer.ok(201)
        registry.check_receipts(answer.json, body)
