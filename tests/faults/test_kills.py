"""`kill -9` at every step of the protocol. A step is a TCP segment with data: after n of them, in either direction, the link carries nothing
more, the victim is killed, and the link is whole again. n rises until an invocation needs no more than n."""

import itertools
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from counting import Scenario
from harness.processes import is_alive, wait_until
from surroundings import signal_all

MOST_STEPS = 60  # more than a small invocation has, on the first of a stub too
LARGE = 200_000  # bytes that do not compress: many frames each way


def at_every_step(scenario: Scenario, link, kill, mend, steps=None, **event) -> int:
    """The number of steps; `steps`: only these, if there are so many."""
    for step in steps or itertools.count():
        assert step < MOST_STEPS or steps, f"{scenario.name}: it has no end"
        link(f"cut-after {step}")
        invocation = scenario.send(**event)
        wait_until(lambda: link.has_cut or not invocation.is_alive(), f"{scenario.name}: step {step}", 60)
        cut = invocation.is_alive()
        kill()
        link("clear")
        invocation.join(140)
        mend()
        if not cut:
            return step
    return 0


# An invocation of a session that has served others, of one that has not, and one that is `accepted` before its answer.
OF_SESSIONS = {"warm": {}, "cold": {}, "accepted": {"ms": 900}}


def test_of_the_session(surroundings):
    """What is begun on one session is not run again on the next."""
    developers = {name: surroundings.developer(name, timeout=5) for name in OF_SESSIONS}

    def kill_sessions(name: str):
        developer = developers[name]

        def kill():
            workers = developer.session.workers()
            developer.session.kill()
            wait_until(lambda: not any(is_alive(pid) for pid in workers), "no worker survives its session")

        def mend():
            developer.start()
            assert name == "cold" or developer.serves()

        scenario = Scenario(f"session killed, {name}", developer)
        assert name == "cold" or developer.serves()
        steps = at_every_step(scenario, developer.link, kill, mend, **OF_SESSIONS[name])
        assert steps >= 2, "a frame there and one back"
        assert developer.serves()
        scenario.count()

    with ThreadPoolExecutor(len(OF_SESSIONS)) as pool:
        list(pool.map(kill_sessions, OF_SESSIONS))


@pytest.fixture(scope="module")
def developer(surroundings):
    return surroundings.developer("kills", timeout=10)


def test_of_the_worker(developer):
    assert developer.serves()
    scenario = Scenario("worker killed", developer)
    steps = at_every_step(scenario, developer.link, lambda: signal_all(developer.session.workers(), signal.SIGKILL),
                          lambda: None)
    assert steps >= 2, "a frame there and one back"
    # And in the middle of the handler, with a link that stays, of a worker that the last kill did not meet.
    assert developer.serves()
    invocation = scenario.send(ms=20_000)
    wait_until(lambda: invocation.id in developer.runs, "the handler runs")
    signal_all(developer.session.workers(), signal.SIGKILL)
    counts = scenario.count()
    assert invocation.error and counts.failed >= 1, scenario.errors
    assert developer.serves()


def test_of_the_stub(surroundings, developer):
    """Each next one is a new execution environment, so that this is every step of a cold start, too."""
    scenario = Scenario("stub killed", developer)

    def kill():
        signal_all(surroundings.stubs(), signal.SIGKILL)

    def none_is_left():
        killed = surroundings.stubs()  # the one that has taken its place in the meantime, too
        signal_all(killed, signal.SIGKILL)
        # The cloud has noticed it, too: what it sent to a dead one would fail without a step.
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in killed), "the cloud has buried each stub")
        assert not surroundings.stubs()

    none_is_left()
    steps = at_every_step(scenario, surroundings.stub_link, kill, none_is_left)
    assert steps >= 8, "a connection, hello, the registration, the event and the answer"
    scenario.count()
    assert developer.serves()


@pytest.mark.full
def test_of_all_with_many_frames(surroundings, developer):
    scenario = Scenario("stub killed, many frames", developer)
    steps = range(0, 400, 20)
    at_every_step(scenario, surroundings.stub_link, lambda: signal_all(surroundings.stubs(), signal.SIGKILL), lambda: None,
                  steps=steps, size=LARGE)
    scenario.count()
    assert developer.serves()
