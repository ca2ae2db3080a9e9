"""An external verifier, such as a tax office's invoice check, is asked about what the policy wants verified; only its own word passes."""

import pytest
from receiver import until
from registry import Registry
from verifier_service import ANSWERED_AT, Reply, VerifierService, sign

SECRET = bytes(range(32))
REQUIRED = {"mode": "required", "within_seconds": 3600}
ADVISORY = {"mode": "advisory", "within_seconds": 3600}


@pytest.fixture
def service():
    with VerifierService(SECRET) as made:
        yield made


@pytest.fixture
def own(tmp_path, service):
    """A registry of one story's own that asks `service`, and whose policy requires it."""
    registry = Registry(tmp_path / "registry", options=["--verifier-url", service.url, "--verifier-timeout-ms", "5000"])
    (registry.directory / "keys" / "verifier.key").write_text(SECRET.hex() + "\n")
    (registry.directory / "keys" / "verifier.key").chmod(0o600)
    registry.start().cast()
    registry.policy(external_verifier=REQUIRED)
    yield registry
    registry.stop()
    code, report = registry.audit()
    assert code == 0, report["findings"]


def held(registry, **how):
    """A submission that waits for the verifier."""
    receivable = registry.supplier.submit(registry.invoice(**how)).ok(202)["receivable"]
    assert receivable["life"] == "held" and receivable["review"]["verification"]["state"] == "pending"
    return receivable


def settled(registry, receivable, who=None):
    """The receivable once its verification is no longer pending."""
    def look():
        now = (who or registry.supplier).receivable(receivable["id"])
        return now if now["review"]["verification"]["state"] != "pending" else None

    return until(look, "the verifier's answer on the ledger")


def verification(receivable):
    return receivable["review"]["verification"]


def test_a_genuine_invoice_is_registered_without_anyone_waiting(own, service):
    service.reply = lambda question, n: {"answer": "genuine", "reference": "TAX-1", "answered_at": ANSWERED_AT}
    receivable = held(own, gross="4200.00")
    check = receivable["review"]["checks"][-1]
    assert check["code"] == "external_verifier" and check["outcome"] == "hold"
    after = settled(own, receivable)
    assert after["life"] == "registered" and after["review"]["decision"] is None
    assert verification(after) == {
        "state": "answered", "verify_by": verification(receivable)["verify_by"], "answer": "genuine", "outcome": "pass",
        "reference": "TAX-1", "note": None, "answered_at": ANSWERED_AT, "hindered_by": None, "recorded_at": after["updated_at"],
    }  # fmt: skip
    claim = own.debtor.act(receivable, "confirm").ok()["claim"]
    assert claim["face_amount"] == "4200.00"
    history = own.debtor.get(f"/v1/receivables/{receivable['id']}/history").ok()["items"]
    assert [item["type"] for item in history] == ["receivable.held", "review.verified", "claim.accepted"]
    assert history[1]["facts"]["answer"] == "genuine" and history[1]["facts"]["by"] == own.operator.id
