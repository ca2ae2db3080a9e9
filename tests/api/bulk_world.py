"""Many commands at once: batches of signed and plain ones."""

import jws
import ledger
from bearer import Bearer, register

BATCHES = "/v1/batches"
RECEIVABLES = "/v1/receivables"


def signed(participant, path, payload, **how):
    """An item whose bytes are those that would be posted alone."""
    return {"jws": participant.sign(path, payload, **how).decode()}


def plain(path, payload, key=None, **members):
    return {"url": path, "payload": payload, **({"idempotency_key": key} if key else {}), **members}


def post(registry, mode, items, token=None, bad=False):
    payload = {"mode": mode, "commands": items}
    if not bad:
        registry.contract.check_request("POST", BATCHES, "application/json", payload)
    head = {"Authorization": f"Bearer {token}"} if token else None
    answer = registry.send(BATCHES, jws.compact(payload), "application/json", head)
    for item, result in zip(items, answer.json.get("results", [])):
        check_result(registry, item, result)
    return answer


def check_result(registry, item, result):
    """The receipt is for the very bytes of the item."""
    shown = result.get("answer") or result["problem"]
    if "receipt" in shown:
        command = item["jws"].encode() if isinstance(item, dict) and "jws" in item else None
        entry, _, checkpoint = ledger.check_receipt(shown["receipt"], command, registry.vkey)
        registry.seen.append(checkpoint)
        registry.entries.setdefault(entry["seq"], shown["receipt"]["entry"])


def slugs(answer):
    """What became of each: a status, or the problem's name."""
    return [r["problem"]["type"].rpartition(":")[2] if "problem" in r else r["status"] for r in answer["results"]]


__all__ = ["BATCHES", "RECEIVABLES", "Bearer", "check_result", "plain", "post", "register", "signed", "slugs"]
