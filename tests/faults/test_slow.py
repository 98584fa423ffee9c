"""6 MB there and back over 1 Mbit/s."""

import secrets

import pytest
from counting import Scenario

SIZE = 6_000_000
RATE = "rate 1mbit queue 128k"


@pytest.fixture(scope="module")
def developer(surroundings):
    developer = surroundings.developer("slow", timeout=300)
    assert developer.serves()
    return developer


def large_bodies(developer, text: str, name: str):
    developer.link(RATE)
    scenario = Scenario(name, developer)
    invocation = scenario.send(text=text)
    small = scenario.send()
    import time; b=time.time()
    small.join(140); print("small", time.time()-b, small.answered, small.error[:200], developer.link.stats)
    invocation.join(140); print("large", time.time()-b, invocation.answered, invocation.error[:200], developer.link.stats)
    counts = scenario.count()
    assert counts.answered == 2, scenario.errors
    assert text.encode() in invocation.answer, "byte for byte"
    assert small.answered


def test_bodies_that_compress(developer, fair):
    """To a sixth: some ten seconds each way."""
    large_bodies(developer, secrets.token_urlsafe(SIZE * 3 // 4 // 6) * 6, "1 Mbit/s, bodies of 6 MB")


@pytest.mark.full
def test_bodies_that_do_not(developer, fair):
    large_bodies(developer, secrets.token_urlsafe(SIZE * 3 // 4), "1 Mbit/s, random bodies of 6 MB")
