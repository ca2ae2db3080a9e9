"""A registry whose policy wants invoices verified, the service it asks, and what the stories of both look at."""

import contextlib

from conftest import close
from receiver import until
from registry import Registry

SECRET = bytes(range(32))
HOUR = {"mode": "required", "within_seconds": 3600}
SECOND = {"mode": "required", "within_seconds": 1}
ADVISORY = {"mode": "advisory", "within_seconds": 3600}


@contextlib.contextmanager
def asking(directory, service, *options, policy=HOUR, url=None):
    """A registry that asks `service`; at the end it must verify and audit like any other."""
    registry = Registry(directory, options=["--verifier-url", url or service.url, *options])
    share_secret(registry)
    registry.start()
    try:
        registry.cast()
        registry.policy(external_verifier=policy)
        yield registry
        if service:
            service.over.set()
            service.gate.set()
        close(registry)
    finally:
        if registry.process:
            registry.kill()


def share_secret(registry):
    path = registry.directory / "keys" / "verifier.key"
    path.write_text(SECRET.hex() + "\n")
    path.chmod(0o600)


def verification(receivable):
    """None if no verifier was asked."""
    return receivable["review"].get("verification")


def held(registry, who=None, paper=None, **how):
    """A submission that waits for the verifier."""
    receivable = (who or registry.supplier).submit(paper or registry.invoice(**how)).ok(202)["receivable"]
    assert receivable["life"] == "held" and verification(receivable)["state"] == "pending"
    return receivable


def settled(registry, receivable):
    """The receivable once its verification is no longer pending, as the reviewer sees it."""

    def look():
        now = registry.reviewer.get(f"/v1/reviews/{receivable['id']}").ok()
        return now if verification(now)["state"] != "pending" else None

    return until(look, "the verifier's answer on the ledger")


def decide(registry, receivable, verb, note="seen and judged"):
    return registry.reviewer.post(f"/v1/reviews/{receivable['id']}/{verb}", {"note": note}).ok()["receivable"]


def verify(registry, receivable, payload, who=None, **how):
    """The command that the registry itself signs, by hand."""
    return (who or registry.operator).post(f"/v1/reviews/{receivable['id']}/verify", payload, **how)
