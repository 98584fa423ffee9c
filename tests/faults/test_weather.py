"""Links that lose, delay and reorder packets: TCP carries on, and so does every invocation."""

import pytest
from counting import Scenario

WEATHER = {
    "1 % loss": "loss 1%",
    "10 % loss": "loss 10%",
    "200 ms delay with jitter": "delay 200 jitter 100",
    "reordering": "delay 10 reorder 20% held 30",
    "loss, delay and reordering": "delay 40 jitter 20 loss 2% reorder 5%",
}


@pytest.fixture(scope="module")
def developer(surroundings):
    return surroundings.developer()


def in_weather(weather: str, developer, link, name: str):
    before = link.stats["down"]["packets"]
    link(WEATHER[weather])
    scenario = Scenario(name, developer)
    scenario.send_many(50, at_once=10)
    counts = scenario.count()
    assert counts.answered == counts.sent, scenario.errors
    assert link.stats["down"]["packets"] >= before + 50, "they went over this link"


@pytest.mark.parametrize("weather", WEATHER)
def test_between_session_and_bridge_every_invocation_is_answered(weather, developer, fair):
    in_weather(weather, developer, developer.link, weather)


def test_also_between_stub_and_bridge(surroundings, developer, fair, request):
    for weather in WEATHER if request.config.getoption("--full") else ["loss, delay and reordering"]:
        surroundings.stub_link("clear")
        in_weather(weather, developer, surroundings.stub_link, f"{weather}, at the stub")
