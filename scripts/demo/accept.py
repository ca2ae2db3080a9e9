"""A holder accepts offers, one after the other, and the time until the instruction to pay is at the lender's endpoint is measured.

    accept.py TALLYSTICK MESSAGES OFFER…

The clock starts before the holder's client does: it has yet to start, read its key, sign and send. It stops when the last byte of
the instruction has arrived at the receiver, which notes it in the folder MESSAGES. Both read CLOCK_MONOTONIC of this machine. Prints
{"answers": […], "messages": […], "ms": {"all": […], "p50", "max"}}; whatever is missing or contradicts ends it with exit code 1.
"""
import json
import pathlib
import subprocess
import sys
import time

WAIT_S = 10
program, messages, offers = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]


def instruction(financing):
    """What the receiver kept of that financing's acceptance."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        for file in sorted(messages.glob("*.json"), reverse=True):
            kept = json.loads(file.read_text("utf-8"))
            message = kept["message"]
            if message["type"] == "financing.accepted" and message["data"]["facts"].get("financing_id") == financing:
                return kept
        time.sleep(0.001)
    sys.exit(f"no instruction for financing {financing} after {WAIT_S} s")


def accept(offer):
    begin = time.monotonic_ns()
    done = subprocess.run([program, "finance", "accept", offer, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"finance accept {offer}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    answer = json.loads(done.stdout)
    order = answer["financing"]["instruction"]
    kept = instruction(answer["financing"]["id"])
    facts = kept["message"]["data"]["facts"]
    if facts["pay_to"] != order["pay_to"] or f"{facts['net_minor'] // 100}.{facts['net_minor'] % 100:02}" != order["amount"]:
        sys.exit(f"the instruction says {facts}, the answer {order}")
    return answer, kept["message"], (kept["arrived_ns"] - begin) / 1e6


results = [accept(offer) for offer in offers]
times = sorted(ms for _, _, ms in results)
json.dump({"answers": [a for a, _, _ in results], "messages": [m for _, m, _ in results],
           "ms": {"all": [round(ms, 1) for _, _, ms in results], "p50": round(times[(len(times) - 1) // 2], 1),
                  "max": round(times[-1], 1)}}, sys.stdout)
