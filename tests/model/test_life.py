"""A claim's whole life, walked at random: every command foretold by a naive model, many of them at once; then every read compared.

TALLYSTICK_MODEL_COMMANDS (3000) says how many, TALLYSTICK_MODEL_SEED which; TALLYSTICK_MODEL_DIR where the ledger lies meanwhile (a
folder in memory makes it several times faster). A failure prints the seed and the command's number."""

import json
import math
import os
import pathlib
import shutil
import tempfile
import time

import pytest
from life_reads import compare_entries, compare_everything, live_claims
from life_statements import compare_statements
from life_walk import LifeWalk
from registry import Registry, tallystick

COMMANDS = int(os.environ.get("TALLYSTICK_MODEL_COMMANDS", "3000"))
SEED = os.environ.get("TALLYSTICK_MODEL_SEED", "tallystick")
DAY = 86400
PHASE = 2500  # commands between two jumps of the clock, at most


@pytest.fixture
def folder(tmp_path):
    where = os.environ.get("TALLYSTICK_MODEL_DIR")
    if not where:
        yield tmp_path
        return
    made = pathlib.Path(tempfile.mkdtemp(dir=where))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def walk_through(walk):
    """Phases of commands with days between them; at the end of each the model's invariants hold."""
    phase, checked = min(PHASE, COMMANDS // 4), 0
    while walk.done < COMMANDS:
        end, start = walk.done + phase, time.monotonic()
        while walk.done < min(end, COMMANDS):
            walk.step()
        walk.catch_up(walk.registry.size())
        if walk.done >= checked:
            walk.model.check_everything()
            checked = walk.done + 20 * PHASE
        if walk.done < COMMANDS:
            walk.pass_time(walk.random.choice([1, 1, 1, 2, 3, 7]) * DAY - math.ceil(time.monotonic() - start))
    walk.pass_time(DAY // 2)  # to the middle of a day, where no deadline passes while everything is read


def audit_later(registry):
    """The audit, made a year after: what was answered then must not depend on when it is looked at."""
    later = {"TALLYSTICK_CLOCK_OFFSET": str(registry.offset + 366 * DAY)}
    done = tallystick("audit", registry.directory, "--json", env=later)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def report(walk, seconds):
    outcomes = {}
    for (kind, outcome), count in sorted(walk.counts.items()):
        outcomes.setdefault(kind, []).append(f"{outcome} {count}")
    lines = [f"{kind}: {', '.join(counts)}" for kind, counts in outcomes.items()]
    accepted = sum(count for (_, outcome), count in walk.counts.items() if outcome == "accepted")
    lines.append(
        f"{walk.done} commands, {walk.raced} of them racing, {accepted} accepted, {walk.time_did} entries by time, "
        f"{len(walk.model.claims)} claims ({live_claims(walk)} live), {walk.done / seconds:.0f} commands/s"
    )
    return "\n".join(lines)


def test_a_claims_whole_life_goes_as_the_model_says(folder):
    registry = Registry(folder / "ledger")
    registry.start()
    try:
        registry.operator.token, _ = registry.operator.issue_token()
        first_day = registry.day()
        walk, start = LifeWalk(registry, SEED), time.monotonic()
        try:
            walk_through(walk)
            seconds = time.monotonic() - start
            walk.model.check_everything()
            compare_everything(walk)
            compare_statements(walk, first_day)
        except AssertionError as failure:
            pytest.fail(f"TALLYSTICK_MODEL_SEED={SEED} TALLYSTICK_MODEL_COMMANDS={COMMANDS}: {failure}")
        print(report(walk, seconds))
        walk.wire.close()
        _, entries = registry.verify()
        compare_entries(walk, entries)
        registry.stop()
        found = audit_later(registry)
        assert found["findings"][:5] == [] and found["ok"] and found["entries"] == walk.model.entries
    finally:
        if registry.process:
            registry.kill()
