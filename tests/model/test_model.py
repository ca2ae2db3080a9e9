"""Thousands of random commands against the real server, each foretold by a naive model; then every read is compared with it.

TALLYSTICK_MODEL_COMMANDS (3000) says how many, TALLYSTICK_MODEL_SEED which; a failure prints the seed and the command's number."""

import os

import pytest
from model import money
from registry import Registry, tallystick
from walk import Walk

COMMANDS = int(os.environ.get("TALLYSTICK_MODEL_COMMANDS", "3000"))
SEED = os.environ.get("TALLYSTICK_MODEL_SEED", "tallystick")


def read_all(who, path):
    items, cursor = [], None
    while True:
        page = who.get(f"{path}&limit=1000" + (f"&cursor={cursor}" if cursor else "")).ok()
        items += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return items


def shown(walk, place):
    """A receivable as the model would show it."""
    r, party = walk.model.receivables[place], walk.people
    amount = lambda minor: None if minor is None else money(minor, r["currency"])  # noqa: E731
    return {
        "id": walk.ids[place], "life": r["life"], "submitted_by": "debtor" if r["by_debtor"] else "creditor",
        "creditor": party[r["creditor"]].id, "debtor": party[r["debtor"]].id, "amount": amount(r["amount"]),
        "confirmed_amount": amount(r["confirmed"]), "currency": r["currency"], "part": r["part"], "reason": r["reason"],
        "claim": walk.claims.get(place), "policy_version": r["policy"], "outcome": r["outcome"], "checks": r["checks"],
        "decision": r["decision"], "documents": r["documents"],
    }  # fmt: skip


def seen(receivable):
    review = receivable["review"]
    return {
        **{name: receivable[name] for name in ("id", "life", "submitted_by", "creditor", "debtor", "amount", "confirmed_amount")},
        **{name: receivable[name] for name in ("currency", "part", "reason", "claim")},
        "policy_version": review["policy_version"],
        "outcome": review["outcome"],
        "checks": {check["code"]: check["outcome"] for check in review["checks"]},
        "decision": review["decision"] and review["decision"]["outcome"],
        "documents": len(receivable["documents"]),
    }


def compare_reads(walk):
    model, people = walk.model, walk.people
    for name in people:
        if model.parties[name]["suspended"]:
            walk.registry.operator.post(f"/v1/participants/{people[name].id}/activate", {"reason": "to read"}).ok()
            model.parties[name]["suspended"] = False
            model.entries += 1
        mine = [shown(walk, i) for i, r in enumerate(model.receivables) if model.visible(r, name)]
        assert [seen(item) for item in read_all(people[name], "/v1/receivables?order=asc")] == mine, name
        compare_claims(walk, name)
        line = {c: l for c, l in model.parties[name]["lines"].items()}
        standing = people[name].get("/v1/me").ok()["participant"]
        assert standing["stopped"] == model.parties[name]["stopped"]
        for shown_line in standing["credit_lines"]:
            currency = shown_line["currency"]
            assert shown_line["used"] == money(model.used(name, currency), currency), (name, shown_line)
            assert shown_line["limit"] == (money(line[currency], currency) if currency in line else None)
        assert set(line) <= {shown_line["currency"] for shown_line in standing["credit_lines"]}
    held = [walk.ids[i] for i, r in enumerate(model.receivables) if r["life"] == "held"]
    assert sorted(item["id"] for item in read_all(people["reviewer"], "/v1/reviews?open=true")) == sorted(held)


def compare_claims(walk, name):
    expected = {}
    for i, r in enumerate(walk.model.receivables):
        if r["life"] == "confirmed" and name in (r["creditor"], r["debtor"]):
            face = money(r["confirmed"], r["currency"])
            expected[walk.claims[i]] = (walk.ids[i], r["origin"], walk.people[r["creditor"]].id, face, face, "confirmed", "free")
    members = ("receivable", "origin", "holder", "face_amount", "outstanding_amount", "life", "encumbrance")
    found = {claim["id"]: tuple(claim[m] for m in members) for claim in read_all(walk.people[name], "/v1/claims?order=asc")}
    assert found == expected, name


def compare_histories(walk):
    for place, r in list(enumerate(walk.model.receivables))[:: max(1, len(walk.ids) // 100)]:
        who = walk.people[r["submitter"]]
        items = who.get(f"/v1/receivables/{walk.ids[place]}/history").ok()["items"]
        assert len(items) == r["entries"], (place, r)


def test_random_commands_do_what_the_model_says(tmp_path):
    registry = Registry(tmp_path / "ledger")
    registry.start()
    try:
        registry.operator.token, _ = registry.operator.issue_token()
        walk = Walk(registry, SEED)
        try:
            for _ in range(COMMANDS):
                walk.step()
                if walk.done % 500 == 0:
                    assert registry.size() == walk.model.entries
            compare_reads(walk)
            compare_histories(walk)
            assert registry.size() == walk.model.entries
        except AssertionError as failure:
            pytest.fail(f"TALLYSTICK_MODEL_SEED={SEED} TALLYSTICK_MODEL_COMMANDS={COMMANDS}: {failure}")
        print("\n".join(f"{kind}: {slug} {count}" for (kind, slug), count in sorted(walk.counts.items())))
        registry.verify()
        home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        done = tallystick("verify", f"http://127.0.0.1:{registry.port}", "--vkey", registry.vkey, env=home)
        assert done.returncode == 0, done.stdout + done.stderr
        registry.stop()
        code, report = registry.audit()
        assert code == 0 and report["ok"] and report["entries"] == walk.model.entries, report
    finally:
        if registry.process:
            registry.kill()
