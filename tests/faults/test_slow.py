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
    scenario.send()  # which may have to wait for it too long
    scenario.count()
    assert invocation.answered and text.encode() in invocation.answer, scenario.errors
    developer.link("clear")
    assert developer.serves()


def test_bodies_that_compress(developer, fair):
    """To an eighth: some ten seconds each way."""
    large_bodies(developer, f"{secrets.randbits(SIZE):0{SIZE}b}", "1 Mbit/s, bodies of 6 MB")


@pytest.mark.full
def test_bodies_that_do_not(developer, fair):
    large_bodies(developer, secrets.token_urlsafe(SIZE * 3 // 4), "1 Mbit/s, random bodies of 6 MB")
