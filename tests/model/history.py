"""A checker of recorded histories: what many connections sent, when, and what came back.

The ledger gives every act its place, so there is no order to be searched for; it must only be one that those who watched the clock
can believe. Each event is given the earliest size of the ledger at which it can have happened, in the order in which the events
were sent: not before anything that had been answered by then. An act happens at its seq, a look at a size at which the ledger said
what was seen. Where no size is left, somebody saw the past, or the future, or was put before what came before. One sort, one
heap: O(n log n) for all pairs.

Subjects are whatever has a value that acts change: a receivable's life, a token, what is drawn of a limit. None is a subject
that is not there yet."""

import bisect
import collections
import heapq
import math

FOREVER = math.inf


class Violation(AssertionError):
    """A history that no ledger which keeps its word can have made."""


class Act:
    """Something that made entries `first` to `last`. `effects`: values of subjects from now on; `needs`: values one of which they
    had; `draws`: what it adds to quotas; `sets`: new limits of quotas; `over`: amounts that quotas had no room for."""

    def __init__(self, label, sent, answered, seqs, effects=None, needs=None, draws=None, sets=None, over=None):
        self.label, self.sent, self.answered, self.first, self.last = label, sent, answered, min(seqs), max(seqs)
        self.effects, self.needs = effects or {}, needs or {}
        self.draws, self.sets, self.over = draws or {}, sets or {}, over or {}

    def __str__(self):
        return f"{self.label} (entry {self.first}, {self.sent:.6f} to {self.answered:.6f})"

    def place(self, floor):
        if self.first < floor:
            raise Violation(f"{self} stands before what was answered before it was sent, up to entry {floor - 1}")
        return self.last + 1


class Look:
    """Something that changed nothing: `seen`, values of subjects, each a set of those it may have been, all at one moment; or the
    `size` of a checkpoint; or a refusal, because one of the quotas `over` had no room for that much."""

    def __init__(self, label, sent, answered, seen=None, size=None, over=None):
        self.label, self.sent, self.answered = label, sent, answered
        self.seen, self.size, self.over, self.windows = seen or {}, size, over or {}, None

    def __str__(self):
        return f"{self.label} ({self.sent:.6f} to {self.answered:.6f})"

    def place(self, floor):
        for low, high in self.windows:
            if high >= floor:
                return max(low, floor)
        raise Violation(f"{self} saw what was so at sizes {self.windows[-3:]} only, and had to see size {floor}")


class Timeline:
    """The values of one subject, each from the entry that made it."""

    def __init__(self, changes):
        self.seqs, self.values = [seq for seq, _ in changes], [value for _, value in changes]

    def at(self, size):
        """What a ledger of this size says."""
        place = bisect.bisect_left(self.seqs, size) - 1
        return self.values[place] if place >= 0 else None

    def windows(self, holds):
        """The sizes at which the value is as wanted: [(lowest, highest)]."""
        starts = [0] + [seq + 1 for seq in self.seqs]
        ends = self.seqs + [FOREVER]
        return [(low, high) for low, high, value in zip(starts, ends, [None, *self.values]) if low <= high and holds(value)]


def both(a, b):
    """What two lists of windows have in common."""
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            found.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return found


class History:
    def __init__(self, before=None):
        """`before`: subjects, and ("limit", quota), that had values before anything was recorded."""
        self.before, self.acts, self.looks = dict(before or {}), [], []

    def check(self):
        """Raises Violation."""
        self.acts.sort(key=lambda act: act.first)
        for act, after in zip(self.acts, self.acts[1:]):
            if after.first <= act.last:
                raise Violation(f"{act} and {after} have an entry in common")
        self.make_timelines()
        self.check_acts()
        states = [look for look in self.looks if look.size is None]
        sizes = [look for look in self.looks if look.size is not None]
        for look in states:
            look.windows = self.windows_of(look)
        for look in sizes:
            look.windows = [(look.size, look.size)]
        # What is committed may be read a moment before the checkpoint that has it is published, so each has an order of its own.
        check_order(self.acts + states)
        check_order(self.acts + sizes)

    def make_timelines(self):
        changes, drawn = collections.defaultdict(list), collections.Counter()
        for subject, value in self.before.items():
            changes[subject].append((-1, value))
        for act in self.acts:
            for subject, value in act.effects.items():
                changes[subject].append((act.last, value))
            for quota, amount in act.draws.items():
                drawn[quota] += amount
                changes["drawn", quota].append((act.last, drawn[quota]))
            for quota, limit in act.sets.items():
                changes["limit", quota].append((act.last, limit))
        self.timelines = collections.defaultdict(lambda: Timeline([]), {s: Timeline(list(c)) for s, c in changes.items()})

    def room(self, quota, size):
        """What may still be drawn when the ledger has this size."""
        limit = self.timelines["limit", quota].at(size)
        return FOREVER if limit is None else limit - (self.timelines["drawn", quota].at(size) or 0)

    def check_acts(self):
        for act in self.acts:
            for subject, values in act.needs.items():
                value = self.timelines[subject].at(act.first)
                if value not in values:
                    raise Violation(f"{act} was done while {subject} was {value}")
            for quota, amount in act.draws.items():
                if amount > 0 and self.room(quota, act.first) < amount:
                    raise Violation(f"{act} overdraws {quota}: {amount} of {self.room(quota, act.first)}")
            for quota, amount in act.over.items():
                if self.room(quota, act.first) >= amount:
                    raise Violation(f"{act} was refused, and {quota} had room: {amount} of {self.room(quota, act.first)}")

    def windows_of(self, look):
        windows = [(0, FOREVER)]
        for subject, values in look.seen.items():
            windows = both(windows, self.timelines[subject].windows(lambda value, values=values: value in values))
        if look.over:
            windows = both(windows, self.windows_without_room(look.over))
        if not windows:
            raise Violation(f"{look} saw at once what was never so at once")
        return windows

    def windows_without_room(self, over):
        """Sizes at which one of these quotas had less left than was asked."""
        seqs = {seq for quota in over for kind in ("drawn", "limit") for seq in self.timelines[kind, quota].seqs}
        ends = sorted(seqs - {-1}) + [FOREVER]
        starts = [0] + [seq + 1 for seq in ends[:-1]]
        return [(low, high) for low, high in zip(starts, ends) if any(self.room(q, low) < amount for q, amount in over.items())]


def check_order(events):
    floor, answered = 0, []
    for number, event in enumerate(sorted(events, key=lambda event: event.sent)):
        while answered and answered[0][0] < event.sent:
            floor = max(floor, heapq.heappop(answered)[2])
        heapq.heappush(answered, (event.answered, number, event.place(floor)))


def check_rate(label, accepted, burst, per_second):
    """accepted: (sent, answered) of what a rate let through. However they are cut, no span holds more than its tokens."""
    for start, _ in accepted:
        spans = sorted(end for begun, end in accepted if begun >= start)
        for count, end in enumerate(spans, 1):
            if count > burst + per_second * (end - start) + 1e-9:
                raise Violation(f"{label}: {count} in {end - start:.3f} s")
