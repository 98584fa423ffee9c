"""No space, no descriptors, no memory: what cannot be done fails loudly, the session goes on, and does its work when it can again."""

import resource
import secrets
import signal
from pathlib import Path

import pytest
from counting import HANDLER, Scenario
from harness import apps
from harness.processes import ROOT, process_status
from surroundings import signal_all

FEW = 2  # descriptors
LITTLE = 16 << 20  # bytes of address space left
LARGE = secrets.token_urlsafe(5 << 20)[: 5 << 20]  # bytes that hardly compress


def unlimited(kind: int) -> tuple[int, int]:
    return resource.getrlimit(kind)


def limit_descriptors(pid: int, limit: int):
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, unlimited(resource.RLIMIT_NOFILE)[1]))


def leave_little_memory(pid: int, little: int = LITTLE):
    size = int(process_status(pid)["VmSize"].split()[0]) * 1024
    resource.prlimit(pid, resource.RLIMIT_AS, (size + little, unlimited(resource.RLIMIT_AS)[1]))


def give_back(pid: int):
    for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS):
        resource.prlimit(pid, kind, unlimited(kind))


@pytest.fixture(scope="module")
def developer(surroundings):
    return surroundings.developer("exhausted")


def test_a_full_disk(surroundings):
    folders = []

    def small_disks(developer):
        developer.host.mount("--rbind", ROOT, "/mnt")  # what is tested, if it lies in /tmp
        for folder in (developer.app / ".livelambda", Path("/tmp")):
            folder.mkdir(exist_ok=True)
            developer.host.mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)
            folders.append(folder)
        developer.host.run("mkdir", "-p", ROOT)
        developer.host.mount("--rbind", "/mnt", ROOT)

    developer = surroundings.developer("full-disk", before=small_disks)
    assert developer.serves()
    for folder in folders:
        developer.host.run("sh", "-c", f"cat /dev/zero >{folder}/filler 2>/dev/null || true")

    def save_in_the_middle(ended: int):
        if ended == 20:
            apps.save(developer.app / "plain.mjs", HANDLER + "// saved on a full disk\n")

    scenario = Scenario("disk full", developer)
    scenario.send_many(50, at_once=5, then=save_in_the_middle)
    scenario.count()
    assert developer.session.running, developer.session.describe()
    for folder in folders:
        developer.host.run("rm", folder / "filler")
    apps.save(developer.app / "plain.mjs", HANDLER + "// saved when there is space again\n")
    assert developer.serves()


def test_no_descriptors_left_for_the_session(developer):
    assert developer.serves()
    limit_descriptors(developer.session.pid, len(list(Path(f"/proc/{developer.session.pid}/fd").iterdir())) + FEW)
    scenario = Scenario("no descriptors, session", developer)
    scenario.send_many(50, at_once=10)
    counts = scenario.count()
    assert counts.failed > 0, "ten at once need more"
    assert developer.session.running, developer.session.describe()
    give_back(developer.session.pid)
    assert developer.serves()


def test_no_descriptors_left_for_the_stub(surroundings, developer):
    assert developer.serves()
    for pid in surroundings.stubs():
        limit_descriptors(pid, 3)  # whatever it opens, from now on
    surroundings.cloud.cut_websockets()
    scenario = Scenario("no descriptors, stub", developer)
    scenario.send_many(20, at_once=5)
    counts = scenario.count()
    assert counts.failed > 0, "they lost their connections"
    for pid in surroundings.stubs():
        give_back(pid)
    assert developer.serves()


def test_no_memory_left_for_the_workers(developer):
    """They inherit a limit that their language cannot start with; the session itself has what it needs for small bodies."""
    assert developer.serves()
    pid = developer.session.pid
    signal_all(developer.session.workers(), signal.SIGKILL)
    leave_little_memory(pid)
    scenario = Scenario("no memory, workers", developer)
    scenario.send_many(50, at_once=5)
    counts = scenario.count()
    assert counts.failed > 0, "no worker can start"
    assert developer.session.running, developer.session.describe()
    give_back(pid)
    assert developer.serves()


def test_no_memory_left_for_the_session(surroundings):
    """Twelve events and answers of 5 MB at once need more than it may have. Its workers run before, free of the limit."""
    developer = surroundings.developer("no-memory", arguments=("--idle-workers", "64", "--idle-memory", "16384"))
    workers = Scenario("no memory, before", developer)
    workers.send_many(14, at_once=14, ms=1500)
    assert workers.count().failed == 0
    pid = developer.session.pid
    leave_little_memory(pid, 4 << 20)
    scenario = Scenario("no memory, session", developer)
    scenario.send_many(50, at_once=12, text=LARGE)
    scenario.count()
    assert developer.session.running, developer.session.describe()
    give_back(pid)
    assert developer.serves()


@pytest.mark.full
def test_no_memory_left_for_the_stub(surroundings, developer):
    assert developer.serves()
    for pid in surroundings.stubs():
        leave_little_memory(pid)
    scenario = Scenario("no memory, stub", developer)
    scenario.send_many(50, at_once=5, size=4_000_000)
    scenario.count()
    for pid in surroundings.stubs():
        give_back(pid)
    assert developer.serves()
