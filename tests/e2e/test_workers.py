"""A worker that cannot tell that it is not in Lambda: its memory, its end, its initialisation, its credentials, and how many
of them a machine has to bear."""

import os
import re
import subprocess

import pytest

from harness import apps
from harness.calls import Call
from harness.processes import ROOT, is_alive, wait_until
from harness.session import Session

# Keeps what it is told to in memory, and ends as it is told to.
API = """
import fs from "node:fs";
let kept;
let served = 0;
export async function handler(event, context) {
  if (event.note) fs.writeFileSync("/tmp/" + event.note, "noted");
  if (event.mb) kept = Buffer.alloc(event.mb << 20, 1);
  if (event.line) console.log("x".repeat(event.line));
  if ("exit" in event) process.exit(event.exit);
  if (event.signal) { process.kill(process.pid, event.signal); await new Promise(() => {}); }
  const left = context.getRemainingTimeInMillis();
  while (event.until && !fs.existsSync(event.until)) await new Promise((go) => setTimeout(go, 20));
  return { served: ++served, tmp: fs.readdirSync("/tmp"), pid: process.pid, key: process.env.AWS_ACCESS_KEY_ID,
           wentDown: context.getRemainingTimeInMillis() <= left };
}
"""

# Counts how often it loads; fails as long as a file is there.
FRAGILE = """
import fs from "node:fs";
const folder = process.env.FOLDER;
fs.appendFileSync(folder + "/loads", "x");
if (fs.existsSync(folder + "/broken")) throw new TypeError("not today");
export const handler = async () => "loaded";
"""

# Loads for longer than the function's timeout.
HEAVY = """
await new Promise((go) => setTimeout(go, 2500));
export const handler = async () => "loaded";
"""

MORE = """
  Heavy:
    Type: AWS::Serverless::Function
    Properties:
      Handler: heavy.handler
      Timeout: 1
"""

PROPERTIES = """      MemorySize: 256
      Environment:
        Variables:
          FOLDER: {folder}
"""


@pytest.fixture(scope="module")
def folder(module_path):
    (module_path / "files").mkdir()
    return module_path / "files"


@pytest.fixture(scope="module")
def app(module_path, folder):
    app = apps.plain(module_path, more=PROPERTIES.format(folder=folder), resources=MORE, Api=API, Fragile=FRAGILE)
    (app / "heavy.mjs").write_text(HEAVY)
    return app


@pytest.fixture(scope="module")
def session(module_path, app, cloud):
    return Session(app, cloud, module_path / "home", "workers")


def finished(session: Session, after: int, function: str = "Api") -> dict:
    """How the first invocation ended that began then; those before may be told later."""
    began = session.wait_for("invocation", phase="started", after=after, function=function)
    return session.wait_for("invocation", phase="finished", after=after, requestId=began["requestId"])


def test_memory_and_initialisation_are_reported_as_lambda_does(session, cloud):
    function = session.function("Api")
    mark = session.mark()
    first = cloud.invoke(function, {}).json
    report = finished(session, mark)
    assert report["memorySizeMb"] == 256 and 10 < report["maxMemoryUsedMb"] < 200, report
    assert report["initMs"] > 0 and report["pid"] == first["pid"]
    mark = session.mark()
    second = cloud.invoke(function, {"mb": 100}).json
    assert second["pid"] == first["pid"] and second["served"] == 2 and second["wentDown"]
    grown = finished(session, mark)
    assert "initMs" not in grown and grown["maxMemoryUsedMb"] > report["maxMemoryUsedMb"] + 90


def test_more_memory_than_the_function_has_ends_the_worker(session, cloud):
    function = session.function("Api")
    before = cloud.invoke(function, {}).json
    mark = session.mark()
    answer = cloud.invoke(function, {"mb": 600})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Runtime.ExitError", answer
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed",
                        answer.json["errorMessage"])
    assert finished(session, mark)["maxMemoryUsedMb"] == 256
    mark = session.mark()
    after = cloud.invoke(function, {}).json
    assert after["pid"] != before["pid"] and after["served"] == 1
    assert finished(session, mark)["initMs"] > 0


@pytest.mark.parametrize("event, words", [
    ({"exit": 3}, "Runtime exited with error: exit status 3"),
    ({"exit": 0}, "Runtime exited without providing a reason"),
    ({"signal": "SIGSEGV"}, "Runtime exited with error: signal: segmentation fault"),
])
def test_a_worker_that_ends_is_answered_in_lambdas_words(session, cloud, event, words):
    answer = cloud.invoke(session.function("Api"), event)
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Runtime.ExitError", answer
    assert answer.json["errorMessage"].endswith(f" Error: {words}"), answer
    assert cloud.invoke(session.function("Api"), {}).json["served"] == 1


def test_a_log_line_of_any_length_is_one_record(session, cloud):
    mark = session.mark()
    assert cloud.invoke(session.function("Api"), {"line": 1_500_000}).error is None
    line = session.wait_for("log", after=mark, line=lambda line: "xxx" in line)["line"]
    assert line.count("x") == 1_500_000


def test_code_that_does_not_load_is_loaded_again_by_the_next_invocation(session, cloud, folder):
    function = session.function("Fragile")
    loads = folder / "loads"
    (folder / "broken").touch()
    seen = 0
    for _ in range(2):
        answer = cloud.invoke(function, {})
        assert answer.error == "Unhandled", answer
        assert answer.json["errorType"] == "TypeError" and answer.json["errorMessage"] == "not today"
        assert len(loads.read_text()) > seen
        seen = len(loads.read_text())
    (folder / "broken").unlink()
    assert cloud.invoke(function, {}).json == "loaded"


def test_code_that_loads_for_longer_than_the_timeout_is_loaded_for_the_next_invocation(session, cloud):
    """In Lambda, too, loading has 10 s before the timeout counts; here the first invocation is lost to it."""
    function = session.function("Heavy")
    mark = session.mark()
    answers = []
    for _ in range(6):
        answers.append(cloud.invoke(function, {}))
        if answers[-1].error is None:
            break
        assert "Task timed out after 1.00 seconds" in answers[-1].json["errorMessage"], answers[-1]
    assert answers[-1].json == "loaded"
    assert len(answers) > 1 and finished(session, mark, "Heavy")["status"] == "timeout"
    pids = {one["pid"] for one in session.select("invocation", function="Heavy", phase="started")}
    assert len(pids) == 1, "each invocation waited for the same worker"


def test_each_execution_environment_has_a_tmp_of_its_own(session, cloud, folder):
    if subprocess.run(["unshare", "--user", "--map-current-user", "--mount", "true"]).returncode != 0:
        pytest.skip("SKIPPED JUDGE: this kernel gives nobody a mount namespace")

    def notes(answer) -> list[str]:
        return [name for name in answer.json["tmp"] if name != ROOT.parts[2]]  # a checkout in /tmp may be on PATH
    function = session.function("Api")
    go = folder / "go-tmp"
    mark = session.mark()
    waiting = Call(cloud, function, {"until": str(go), "note": "first"})
    session.wait_for("invocation", after=mark, phase="started", function="Api")
    assert notes(cloud.invoke(function, {"note": "second"})) == ["second"]
    go.touch()
    assert notes(waiting.result()) == ["first"] and not os.path.exists("/tmp/first")
    assert cloud.invoke(function, {"exit": 1}).error
    assert notes(cloud.invoke(function, {})) in (["first"], ["second"]), "it outlives the worker"


def test_another_execution_environment_has_another_worker_with_credentials_of_its_own(session, cloud):
    function = session.function("Api")
    before = cloud.invoke(function, {}).json
    cloud.advance(13 * 3600 * 1000)  # longer than a role's credentials last
    mark = session.mark()
    # Connections last two hours: an invocation may come before the session is there again, and is told so.
    answers = []
    wait_until(lambda: answers.append(cloud.invoke(function, {})) or answers[-1].error is None, "the session is there again")
    after = answers[-1].json
    assert after["key"] != before["key"] and after["pid"] != before["pid"]
    assert finished(session, mark)["initMs"] > 0


def test_idle_workers_are_bounded_and_memory_is_not_if_so_told(app, cloud, folder, start):
    session = start(app, cloud, "bounds", "--idle-workers", "1", "--no-memory-limit")
    function = session.function("Api")
    go = folder / "go"
    calls = [Call(cloud, function, {"until": str(go)}) for _ in range(3)]
    wait_until(lambda: len(session.select("invocation", phase="started", function="Api")) == 3, "three run at once")
    go.touch()
    pids = [call.result().json["pid"] for call in calls]
    assert len(set(pids)) == 3
    wait_until(lambda: sum(map(is_alive, pids)) == 1, "all but one of the idle workers have ended")

    mark = session.mark()
    assert cloud.invoke(function, {"mb": 400}).error is None
    assert finished(session, mark)["maxMemoryUsedMb"] > 400
