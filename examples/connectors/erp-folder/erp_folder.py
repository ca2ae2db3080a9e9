#!/usr/bin/python3
"""Connects an ERP system to a Tallystick registry by folders, as ERP systems like it.

    FOLDER/in       the ERP writes invoices here: .json, .xml (UBL or CII), .csv
    FOLDER/done     registered; FOLDER/held: a reviewer decides; FOLDER/refused: and why. Beside each file its FILE.result.json
    FOLDER/out      what became of them since, one file an event: confirmed, rejected, financed, paid …; the ERP takes them away
    FOLDER/work     what is under way
    FOLDER/state    what is followed, receipts, the last checkpoint seen

Safe at every moment: a file is moved and never copied, a command is on the disk before it is sent, a result before the command
is forgotten. Killed wherever it may be, the connector goes on when it is started again: nothing is submitted twice, nothing lost.
"""

import argparse
import fcntl
import json
import os
import pathlib
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE if (HERE / "tallystick.py").exists() else HERE.parents[1] / "clients" / "python"))  # beside, or in the examples' tree

from tallystick import Key, Refused, Registry, Unreachable, Unverified, write_durably  # noqa: E402

INVOICE_MAX = 16 << 20  # bytes
PATH = "/v1/receivables"
CONTENT_TYPES = {".json": None, ".xml": "application/xml", ".csv": "text/csv"}
TARGETS = {"receivable.registered": "done", "receivable.held": "held"}
# Refusals that speak of us and not of the file: it stays until a person has seen to them.
OURS = {"bad-signature", "key-not-valid", "key-revoked", "participant-suspended", "stale-command", "unknown-key", "wrong-alg",
        "wrong-audience", "wrong-url"}  # fmt: skip
# After these nothing happens any more that the ERP would wait for.
FINAL = {"rejected", "withdrawn", "expired", "settled", "written_off", "split", "void"}
UNREACHABLE, UNVERIFIED, LOCAL = 3, 4, 5  # exit codes, those of the program `tallystick`
STUCK_S = 60


def log(what, *words):
    """One line a file or event. Names come from outside, so nothing in them may break the line."""
    print(what, *(str(word).encode("unicode_escape").decode() if not str(word).isprintable() else word for word in words), flush=True)


def move(path, target):
    os.replace(path, target)
    for folder in (path.parent, target.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def write_json(path, value):
    write_durably(path, (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())


class Connector:
    def __init__(self, folder, registry):
        self.folder, self.registry = folder, registry
        self.seen = {}  # what is in `in`, as it was a moment ago
        self.asked = ""  # which receivable was asked after last
        for name in ("in", "work", "done", "held", "refused", "out", "state", "state/commands", "state/followed"):
            (folder / name).mkdir(mode=0o770, parents=True, exist_ok=True)

    # ---- invoices in ----

    def take(self):
        """Moves what lies still in `in` to `work`. A file that is still being written is not taken: an ERP that cannot rename a
        file into the folder when it is whole just writes it, and then it must be the same in two looks."""
        now = {}
        for path in sorted((self.folder / "in").iterdir()):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            if path.name.startswith(".") or path.name.endswith((".tmp", ".part", ".result.json")) or not path.is_file() or path.is_symlink():
                continue
            now[path.name] = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self.seen.get(path.name) == now[path.name] and not (self.folder / "work" / path.name).exists():
                move(path, self.folder / "work" / path.name)
        self.seen = now

    def submit_all(self):
        for path in sorted((self.folder / "work").iterdir()):
            self.submit(path)

    def submit(self, path):
        kept = self.folder / "state" / "commands" / path.name
        if path.suffix.lower() not in CONTENT_TYPES or path.stat().st_size > INVOICE_MAX:
            self.finish(path, kept, "refused", {"problem": {"title": "This is no invoice file: .json, .xml or .csv of 16 MiB at most."}})
            return
        payload = path.read_bytes()
        # A command is of these very bytes: one that was left behind by an earlier file of that name is not this one's.
        fresh = not kept.exists() or self.registry.payload_of(kept.read_bytes()) != payload
        if fresh:
            write_durably(kept, self.registry.sign(PATH, payload, CONTENT_TYPES[path.suffix.lower()]))
        try:
            answer, proven = self.registry.deliver(PATH, kept.read_bytes())
        except Refused as refusal:
            if refusal.slug == "stale-command" and not fresh:  # never taken: what was taken before is answered from memory
                kept.unlink()
                self.submit(path)
            elif refusal.slug in OURS:
                kept.unlink()
                raise
            else:
                self.finish(path, kept, "refused", {"problem": refusal.problem})
            return
        for entry in proven:
            self.follow(path.name, entry)
        if "results" in answer:
            refused = any("problem" in row for row in answer["results"])
            held = any(entry.type == "receivable.held" for entry in proven)
            self.finish(path, kept, "refused" if refused else "held" if held else "done", answer, proven)
        else:
            self.finish(path, kept, TARGETS.get(proven[0].type, "done"), answer, proven)

    def finish(self, path, kept, target, result, proven=()):
        """The result, then the file beside it, then the command is forgotten."""
        result = {key: value for key, value in result.items() if key != "receipt"}
        result.get("problem", {}).pop("receipt", None)  # kept in state/receipts
        result["proven"] = [{"seq": entry.entry["seq"], "type": entry.type, "facts": entry.facts} for entry in proven]
        place = self.folder / target / path.name
        if place.exists():  # an earlier file of that name
            place = place.with_name(f"{path.stem}.{time.time_ns()}{path.suffix}")
        write_json(place.with_name(place.name + ".result.json"), result)
        move(path, place)
        kept.unlink(missing_ok=True)
        problem = result.get("problem", {})
        faults = "; ".join(str(fault.get("detail")) for fault in problem.get("errors", []))
        entries = ",".join(str(entry.entry["seq"]) for entry in proven)
        log(target, path.name, f"entries={entries}" if entries else faults or problem.get("detail") or problem.get("title", ""))

    # ---- outcomes out ----

    def follow(self, name, proven):
        """From now on the receivable is asked after, until its claim is at its end."""
        if proven.type in TARGETS:
            identity = proven.facts["receivable_id"]
            path = self.folder / "state" / "followed" / f"{identity}.json"
            if not path.exists():
                number = proven.facts.get("invoice_number")
                write_json(path, {"file": name, "invoice_number": number, "receivable": identity, "claim": None, "seq": proven.entry["seq"]})

    def outcomes(self):
        """Asks after each receivable that is followed, beginning behind the one that was asked after last."""
        paths = sorted((self.folder / "state" / "followed").glob("*.json")) if self.registry.token else []
        for path in [path for path in paths if path.name > self.asked] + [path for path in paths if path.name <= self.asked]:
            try:
                self.ask_after(path)
            except Refused as refusal:
                log("unreadable", path.stem, refusal)
            except (KeyError, TypeError, AttributeError) as error:
                raise Unverified(f"What is said of {path.stem} cannot be read: {error!r}") from None
            self.asked = path.name

    def ask_after(self, path):
        item = json.loads(path.read_text(encoding="utf-8"))
        place = f"/v1/claims/{item['claim']}" if item["claim"] else f"{PATH}/{item['receivable']}"
        now = self.registry.get(place)
        if now["seq"] > item["seq"]:
            for entry in self.history(place):
                if entry["seq"] > item["seq"]:
                    self.tell(path, item, self.registry.prove(entry))
        if now["life"] in FINAL and now["seq"] <= item["seq"]:
            path.unlink()

    def history(self, path):
        cursor = ""
        while cursor is not None:
            page = self.registry.get(f"{path}/history?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            yield from page["items"]
            cursor = page["next_cursor"]

    def tell(self, path, item, proven):
        """An event for the ERP. Its name says which, so that told again after a crash it is the same file."""
        if proven.type == "claim.accepted" and proven.facts.get("receivable_id") == item["receivable"]:
            item["claim"] = proven.facts["claim_id"]
        item["seq"] = proven.entry["seq"]
        event = {**item, "type": proven.type, "at": proven.entry["at"], "facts": proven.facts}
        write_json(self.folder / "out" / f"{item['seq']:012d}-{item['receivable']}.json", event)
        write_json(path, item)
        log("out", item["file"], proven.type, f"entry={item['seq']}")

    # ---- round and round ----

    def round(self, with_outcomes):
        """Seconds that the registry asks to be left alone for."""
        try:
            self.take()
            self.submit_all()
            if with_outcomes:
                self.outcomes()
        except Unreachable as error:
            log("waiting", error)
            return error.wait_s
        except Refused as error:
            log("stuck", error)  # and so is every file until a person has seen to it
            return STUCK_S
        return 0


def settings():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--every", type=float, default=5, metavar="S", help="seconds between two looks into the folder (5)")
    parser.add_argument("--outcomes-every", type=float, default=60, metavar="S", help="seconds between two questions for outcomes (60)")
    parser.add_argument("--once", action="store_true", help="take what lies there, submit, ask for outcomes, and end")
    given = parser.parse_args()
    for name in ("TALLYSTICK_URL", "TALLYSTICK_VKEY", "TALLYSTICK_KEY"):
        if not os.environ.get(name):
            parser.error(f"please set {name}")
    return given


def watch(connector, given):
    asked_s = -given.outcomes_every
    while True:
        due = time.monotonic() - asked_s >= given.outcomes_every
        wait_s = connector.round(due)
        if due and not wait_s:
            asked_s = time.monotonic()
        time.sleep(max(given.every, wait_s))


def main():
    given = settings()
    (given.folder / "state").mkdir(mode=0o770, parents=True, exist_ok=True)
    lock = open(given.folder / "state" / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another connector has this folder")
    registry = Registry(
        os.environ["TALLYSTICK_URL"], os.environ["TALLYSTICK_VKEY"], key=Key.read(os.environ["TALLYSTICK_KEY"]),
        token=os.environ.get("TALLYSTICK_TOKEN"), state=given.folder / "state", attempts=1,
    )  # fmt: skip
    connector = Connector(given.folder, registry)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # wherever it is, that is safe
    log("watching", given.folder)
    try:
        if given.once:
            connector.take()
            time.sleep(given.every)
            connector.round(True)
            sys.exit(UNREACHABLE if any((given.folder / "work").iterdir()) else 0)
        watch(connector, given)
    except Unverified as error:
        log("VERIFICATION FAILED:", error)  # do not go on: a person must look
        sys.exit(UNVERIFIED)
    except OSError as error:  # a full disk, a folder that is gone
        log("failed", error)
        sys.exit(LOCAL)
    except KeyboardInterrupt:
        pass
    finally:
        log("stopped")


if __name__ == "__main__":
    main()
