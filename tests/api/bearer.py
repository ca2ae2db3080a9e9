"""Participants that act by token alone: the registry keeps their key and signs for them."""

import jws
from identifiers import uscc
from registry import SERIALS, Participant


class Bearer(Participant):
    """Bare payloads, no signature of its own."""

    def post(self, path, payload=None, bad=False, kind="application/json", token=None, **headers):
        payload = {} if payload is None else payload
        body = payload if isinstance(payload, bytes) else jws.compact(payload)
        if not bad:
            self.registry.contract.check_request("POST", path, kind, payload)
        head = {"Authorization": f"Bearer {token or self.token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.registry.send(path, body, kind, head)


def register(registry, name, roles, scopes):
    """One whose first token the operator issues."""
    payload = {"name": name, "roles": roles, "identifiers": {"uscc": uscc(next(SERIALS))}, "custody": True}
    made = Bearer(registry, None, registry.operator.post("/v1/participants", payload).ok(201)["participant"])
    made.token, _ = made.issue_token(scopes, signer=registry.operator)
    return made
