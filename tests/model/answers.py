"""What the server answered, as the life model reads it: times, days, and what nobody foretells."""

import datetime
import functools

# Microseconds, as all times here.
DAY = 86_400_000_000
MINUTE = 60_000_000
EPOCH = datetime.datetime(1970, 1, 1)


class Anything:
    """Equal to whatever the answer says: what the model does not foretell."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __repr__(self):
        return "…"


ANY = Anything()


class Answer:
    """An accepted answer: what it says, the time and place of its entry."""

    __slots__ = ("json", "at", "seq")

    def __init__(self, json, at, seq):
        self.json, self.at, self.seq = json, at, seq


def time_of(text):
    gone = datetime.datetime.fromisoformat(text[:26]) - EPOCH
    return (gone.days * 86400 + gone.seconds) * 1_000_000 + gone.microseconds


def time_text(at):
    return None if at is None else (EPOCH + datetime.timedelta(microseconds=at)).isoformat(timespec="microseconds") + "Z"


@functools.lru_cache(maxsize=None)
def day_text(day):
    return (EPOCH.date() + datetime.timedelta(days=day)).isoformat()
