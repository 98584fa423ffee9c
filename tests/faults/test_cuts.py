"""Cables pulled in the middle of 50 invocations."""

import threading
from concurrent.futures import ThreadPoolExecutor

from counting import Scenario

SECONDS = (3, 20, 30)


def cut_in_the_middle(developer, link, seconds: int, name: str):
    def then(ended: int):
        if ended == 15:
            link("cut")
            threading.Timer(seconds, link, ["uncut"]).start()

    scenario = Scenario(name, developer)
    # Each goes on for a while, so that all four are under way when the cut comes.
    scenario.send_many(50, at_once=4, ms=200, then=then)
    counts = scenario.count()
    assert counts.answered >= 15, scenario.errors
    assert link.stats["up"]["cut"] + link.stats["down"]["cut"] > 0, "something was on its way"
    assert developer.serves()


def test_between_session_and_bridge(surroundings):
    developers = [surroundings.developer(f"cut-{seconds}") for seconds in SECONDS]
    with ThreadPoolExecutor(len(SECONDS)) as pool:
        list(pool.map(lambda developer, seconds: cut_in_the_middle(developer, developer.link, seconds, f"a cut of {seconds} s"),
                      developers, SECONDS))


def test_between_stub_and_bridge(surroundings):
    cut_in_the_middle(surroundings.developer("behind-stub"), surroundings.stub_link, 3, "a cut of 3 s, at the stub")
