"""Cables pulled, and a laptop carried into another network, in the middle of 50 invocations."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from counting import Scenario

SECONDS = (3, 20, 30)


def in_the_middle(developer, name: str, happens: Callable[[], None]):
    def then(ended: int):
        if ended == 15:
            happens()

    scenario = Scenario(name, developer)
    # Each goes on for a while, so that all four are under way when the cut comes.
    scenario.send_many(50, at_once=4, ms=200, then=then)
    counts = scenario.count()
    assert counts.answered >= 15, scenario.errors
    assert developer.serves()


def cut_in_the_middle(developer, link, seconds: int, name: str):
    def cut():
        link("cut")
        threading.Timer(seconds, link, ["uncut"]).start()

    in_the_middle(developer, name, cut)
    assert link.stats["up"]["cut"] + link.stats["down"]["cut"] > 0, "something was on its way"


def test_between_session_and_bridge(surroundings):
    developers = {seconds: surroundings.developer(f"cut-{seconds}") for seconds in SECONDS}
    mover = surroundings.developer("moves")
    with ThreadPoolExecutor(len(SECONDS) + 1) as pool:
        ends = [pool.submit(cut_in_the_middle, developer, developer.link, seconds, f"a cut of {seconds} s")
                for seconds, developer in developers.items()]
        ends.append(pool.submit(in_the_middle, mover, "network changed",
                                lambda: mover.link(f"address a {mover.network}.9")))
    for end in ends:
        end.result()


def test_between_stub_and_bridge(surroundings):
    cut_in_the_middle(surroundings.developer("behind-stub"), surroundings.stub_link, 3, "a cut of 3 s, at the stub")
