"""Fixtures of the end-to-end tests. They run the real binaries: build/livelambda, with both stubs inside."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import schemas  # noqa: E402
from harness import apps  # noqa: E402
from harness.local_cloud import LocalCloud  # noqa: E402
from harness.processes import PROGRAM, Process  # noqa: E402
from harness.session import Session  # noqa: E402


# A function of the local cloud has a /tmp of its own; the files by which it and a test talk are elsewhere.
os.environ["PYTEST_DEBUG_TEMPROOT"] = "/var/tmp"


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the long tests too")


def pytest_configure(config):
    if not PROGRAM.exists():
        pytest.exit(f"{PROGRAM} is missing; build it with: make build", returncode=2)


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="session")
def nothing_of_the_developer(tmp_path_factory):
    """boto3 and requests read the environment; none of it may reach a test."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LIVELAMBDA_")) or name.lower().endswith("_proxy") or name == "NO_COLOR":
            del os.environ[name]
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in Process.started[-12:]:
            report.sections.append(("process", process.describe()))


def _dispose_since(count: int):
    ended = Process.started[count:]
    for process in reversed(ended):
        process.dispose()
    del Process.started[count:]
    for session in ended:
        if isinstance(session, Session):
            for event in session.whole_events:
                schemas.check(event)


@pytest.fixture(autouse=True)
def no_process_left():
    """What a test started ends with it; what a module's fixture started stays."""
    count = len(Process.started)
    yield
    _dispose_since(count)


@pytest.fixture(scope="module")
def module_processes():
    """For fixtures of a whole module: what is started after this one ends with the module."""
    count = len(Process.started)
    yield
    _dispose_since(count)


@pytest.fixture(scope="module")
def module_path(tmp_path_factory, request) -> Path:
    folder = tmp_path_factory.mktemp(request.module.__name__)
    (folder / "home").mkdir()
    return folder


@pytest.fixture
def home(tmp_path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def cloud(module_path, module_processes) -> LocalCloud:
    """A local cloud that the tests of a file share, with a clock that can be turned."""
    home = module_path / "cloud-home"
    home.mkdir()
    return LocalCloud(home, "--test-clock")


@pytest.fixture
def start(home):
    """start(app, cloud, stage=…, …): a session, ready."""

    def start(app: Path, cloud: LocalCloud | None, stage: str | None = "test", *arguments: str, **more) -> Session:
        return Session(app, cloud, home, stage, *arguments, **more)

    return start


@pytest.fixture
def app(tmp_path) -> Path:
    """A copy of the example with its packages."""
    return apps.example(tmp_path)


def pytest_make_parametrize_id(val):
    return json.dumps(val) if isinstance(val, (list, dict)) else None
