"""What is around a session changes: its address, its names, its clock; the laptop sleeps."""

import signal

from counting import Scenario
from harness.processes import ROOT, is_alive, wait_until
from surroundings import LOCALHOST, signal_all

TEN_MINUTES = 600  # seconds
AN_HOUR = 3600
WRONG_CLOCK = ROOT / "build" / "dev" / "libwrong_clock.so"


def clock_of(surroundings, name: str, seconds: int):
    """A developer's clock, which is wrong by so much: a file to write other seconds to, and what the session is started with."""
    file = surroundings.folder / f"{name}-clock"
    file.write_text(str(seconds))
    return file, {"LD_PRELOAD": str(WRONG_CLOCK), "WRONG_CLOCK": str(file)}


def test_another_network(surroundings):
    developer = surroundings.developer("moves")

    def move(ended: int):
        if ended == 15:
            developer.link(f"address a {developer.network}.9")

    scenario = Scenario("network changed", developer)
    scenario.send_many(50, at_once=4, ms=200, then=move)
    counts = scenario.count()
    assert counts.answered >= 15, scenario.errors
    assert developer.serves()


def test_no_names(surroundings):
    developer = surroundings.developer("nameless")
    assert developer.serves()
    developer.names.write_text(LOCALHOST)
    surroundings.cloud.cut_websockets()
    scenario = Scenario("DNS gone", developer)
    scenario.send_many(50, at_once=10)
    counts = scenario.count()
    assert counts.failed > 0, "without names there is no new connection"
    developer.names.write_text(developer.names_text)
    assert developer.serves()


def test_a_clock_that_is_wrong_by_ten_minutes(surroundings):
    file, env = clock_of(surroundings, "late", -TEN_MINUTES)
    developer = surroundings.developer("late", env=env)
    scenario = Scenario("clock 10 minutes late", developer)
    scenario.send_many(50, at_once=5)
    counts = scenario.count()
    assert counts.answered == counts.sent, scenario.errors
    # It is set right, and too far, while the session runs.
    file.write_text(str(TEN_MINUTES))
    scenario = Scenario("clock set 20 minutes ahead", developer)
    scenario.send_many(50, at_once=5)
    scenario.count()
    assert developer.serves()


def test_a_laptop_asleep_for_an_hour(surroundings):
    file, env = clock_of(surroundings, "asleep", 0)
    developer = surroundings.developer("asleep", env=env)
    scenario = Scenario("laptop asleep for an hour", developer)

    def sleep(ended: int):
        if ended == 10:
            developer.link("cut")
            scenario.sleeping = [developer.session.pid, *developer.session.workers()]
            signal_all(scenario.sleeping, signal.SIGSTOP)

    scenario.send_many(30, at_once=4, ms=200, then=sleep)
    surroundings.cloud.advance(AN_HOUR * 1000)
    file.write_text(str(AN_HOUR))
    for _ in range(20):  # they meet the one that wakes up
        scenario.send()
    developer.link("uncut")
    signal_all(scenario.sleeping, signal.SIGCONT)
    counts = scenario.count()
    assert counts.answered >= 10, scenario.errors
    assert developer.serves()
    wait_until(lambda: is_alive(developer.session.pid), "the session is awake")
