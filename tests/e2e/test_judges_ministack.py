"""MiniStack against the local cloud: the same calls and templates to both, their answers and delivered events compared.
Where they differ, AWS's documentation says who is right: ACCEPTED lists what stays different, with the reason."""

import re

import pytest

from harness.ministack import MiniStack, comparable, differences
from ministack_accepted import ACCEPTED
from ministack_scenarios import SCENARIOS


@pytest.fixture(scope="module")
def ministack(module_path):
    return MiniStack(module_path)


def answers(cloud, name: str, folder) -> dict:
    result = SCENARIOS[name](cloud, folder)
    return comparable(result, result.pop("names", {}))


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_answer_the_same(cloud, ministack, module_path, name):
    ours, theirs = answers(cloud, name, module_path), answers(ministack, name, module_path)
    found = differences(ours, theirs)
    accepted = ACCEPTED.get(name, {})
    unexplained = {path: text for path, text in found.items() if not any(re.fullmatch(one, path) for one in accepted)}
    assert not unexplained, "\n".join(f"{path}: {text}" for path, text in unexplained.items())
    stale = [one for one in accepted if not any(re.fullmatch(one, path) for path in found)]
    assert not stale, f"these no longer differ: {stale}"
