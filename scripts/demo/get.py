"""Answers questions about a JSON document for as long as somebody asks.

    get.py FILE

A question is a line with a path: "receivable.id", "review.checks[code=credit_line].outcome", "items[0].id", or "items#": how many.
FILE is read anew for each. The answer ends with a NUL byte: "=" and the value, nothing for null or for what is not there, or "!" and
what is wrong with the question.
"""
import json
import re
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the story's to answer


def find(value, path):
    for step in re.findall(r"[^.\[\]#]+=[^\]]+|[^.\[\]#]+|#", path):
        if step == "#":
            value = len(value)
        elif "=" in step:
            name, wanted = step.split("=", 1)
            value = next((v for v in value if v.get(name) == wanted), {})
        elif isinstance(value, list):
            value = value[int(step)]
        else:
            value = (value or {}).get(step)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


for line in sys.stdin:
    try:
        with open(sys.argv[1], encoding="utf-8") as document:
            answer = "=" + find(json.load(document), line.rstrip("\n"))
    except (AttributeError, IndexError, OSError, TypeError, ValueError) as error:
        answer = f"!{type(error).__name__}: {error}"
    sys.stdout.write(answer + "\0")
    sys.stdout.flush()
