"""Faults with the real binaries: a cloud and developers on hosts of their own, joined by tests/link_shaper."""

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e"),
                str(Path(__file__).parents[1] / "link_shaper")]

import hosts as link_shaper  # noqa: E402
from counting import TABLE, table  # noqa: E402
from harness.processes import Process  # noqa: E402
from surroundings import Surroundings  # noqa: E402

os.environ["PYTEST_DEBUG_TEMPROOT"] = "/var/tmp"  # a function of the local cloud has a /tmp of its own


def pytest_addoption(parser):
    try:
        parser.addoption("--full", action="store_true", help="run the long tests too")
    except ValueError:
        pass  # together with tests/e2e, which has it too


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        TABLE.unlink(missing_ok=True)


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter):
    if TABLE.exists():
        terminalreporter.section("faults")
        terminalreporter.write_line(table())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in Process.started[-4:]:
            report.sections.append(("process", process.describe(last=40)))


@pytest.fixture(scope="session")
def namespaces():
    """Skips by name where this machine gives no hosts, which scripts/test-report does not take from CI."""
    if why := link_shaper.why_not():
        pytest.skip(f"SKIPPED JUDGE: network namespaces ({why})")


@pytest.fixture(scope="module")
def surroundings(namespaces, tmp_path_factory, request):
    """A cloud on its host, which the test's own sockets are on too, and developers as they are asked for."""
    with Surroundings(tmp_path_factory.mktemp(request.module.__name__)) as opened:
        yield opened


@pytest.fixture
def fair(surroundings):
    """The links carry everything again after a test."""
    yield
    surroundings.clear()
