"""That growth is told from noise."""

import random

import pytest
from flatness import growth

MINUTE_S, ALLOWED = 60, 8 * 1024


def samples(value, minutes=30, every_s=5):
    chance = random.Random(7)
    return [(t, value(t, chance)) for t in range(0, minutes * MINUTE_S, every_s)]


FLAT = {
    "a line": lambda t, chance: 30_000,
    "noise": lambda t, chance: 30_000 + chance.gauss(0, 2_000),
    "saw-teeth": lambda t, chance: 30_000 + t % 300 * 30,
    "a cache that fills": lambda t, chance: 30_000 + min(t, 500) * 100 + chance.gauss(0, 500),
}
GROWING = {
    "a steady leak": lambda t, chance: 30_000 + t * 24 * 1024 / 3600,
    "a leak under noise": lambda t, chance: 30_000 + t * 24 * 1024 / 3600 + chance.gauss(0, 1_000),
    "a leak under saw-teeth": lambda t, chance: 30_000 + t * 24 * 1024 / 3600 + t % 60 * 30,
}


@pytest.mark.parametrize("name", FLAT)
def test_what_stays(name):
    assert growth(samples(FLAT[name]))[1] <= ALLOWED


@pytest.mark.parametrize("name", GROWING)
def test_what_grows(name):
    per_hour, least = growth(samples(GROWING[name]))
    assert least > ALLOWED and per_hour == pytest.approx(24 * 1024, rel=0.2)
