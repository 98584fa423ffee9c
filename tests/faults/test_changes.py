"""What is around a session changes: its names, its clock; the laptop sleeps. (Another network: test_cuts.py.)"""

import signal

from counting import Scenario
from surroundings import LOCALHOST, signal_all

TEN_MINUTES = 600_000  # ms
AN_HOUR = 3_600_000


def test_no_names(surroundings):
    developer = surroundings.developer("nameless")
    assert developer.serves()
    developer.names.write_text(LOCALHOST)
    surroundings.cloud.cut_websockets()
    scenario = Scenario("DNS gone", developer)
    scenario.send_many(50, at_once=25)
    counts = scenario.count()
    assert counts.failed > 0, "without names there is no new connection"
    developer.names.write_text(developer.names_text)
    assert developer.serves()


def test_a_clock_that_is_wrong_by_ten_minutes(surroundings):
    """The cloud's clock goes on, those of session and stubs stay behind: signatures are refused until they go by the cloud's."""
    surroundings.cloud.advance(TEN_MINUTES)
    developer = surroundings.developer("late")
    scenario = Scenario("clock 10 minutes late", developer)
    scenario.send_many(50, at_once=5)
    counts = scenario.count()
    assert counts.answered == counts.sent, scenario.errors
    surroundings.cloud.advance(TEN_MINUTES)
    scenario = Scenario("clock set wrong by 10 minutes more", developer)
    scenario.send_many(50, at_once=5)
    scenario.count()
    assert developer.serves()


def test_a_laptop_asleep_for_an_hour(surroundings):
    developer = surroundings.developer("asleep")
    scenario = Scenario("laptop asleep for an hour", developer)
    sleeping = []

    def sleep(ended: int):
        if ended == 10:
            developer.link("cut")
            sleeping.extend([developer.session.pid, *developer.session.workers()])
            signal_all(sleeping, signal.SIGSTOP)

    scenario.send_many(30, at_once=4, ms=200, then=sleep)
    surroundings.cloud.advance(AN_HOUR)
    for _ in range(20):  # they meet the one that wakes up
        scenario.send()
    developer.link("uncut")
    signal_all(sleeping, signal.SIGCONT)
    counts = scenario.count()
    assert counts.answered >= 10, scenario.errors
    assert developer.serves()
