"""The example as the README tells it: answers from this machine, an edit answers next, nothing is deployed for that."""

import json
import os
import re
import shutil
import signal

import pytest
import requests

from harness import apps
from harness.processes import PROGRAM, ROOT, Process, clean_environment, is_alive, parent_of, run, wait_until
from harness.session import Session, local_clouds_of


@pytest.fixture(scope="module")
def live(cloud, module_path, module_processes) -> Session:
    return Session(apps.example(module_path), cloud, module_path / "home", "dev-tom")


def is_worker_of(session: Session, pid: int) -> bool:
    return is_alive(pid) and pid in session.workers()


def test_the_api_is_answered_by_a_process_of_the_session(live):
    answer = requests.get(live.outputs["ApiUrl"], timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["greeting"] == "Hello from the template"
    assert is_worker_of(live, answer.json()["pid"])
    assert parent_of(answer.json()["pid"]) == live.pid


def test_the_subscriber_runs_after_it_in_a_process_of_the_session(live):
    mark = live.mark()
    answer = requests.post(live.outputs["ApiUrl"], data="tell them", timeout=60).json()
    log = live.wait_for("log", after=mark, function="Sns", line=lambda line: answer["messageId"] in line)
    said = re.search(r'Hello from the template: \S+ says "tell them" to process (\d+)', log["line"])
    assert said, log
    assert is_worker_of(live, int(said[1]))
    finished = live.wait_for("invocation", requestId=log["requestId"], phase="finished")
    assert finished["status"] == "ok" and finished["pid"] == int(said[1]) and finished["trigger"].startswith("sns ")


def test_the_subscriber_answers_with_its_environment_and_process(live, cloud):
    record = {"Sns": {"MessageId": "m-1", "Message": "hello", "TopicArn": live.outputs["TopicArn"]}}
    answer = cloud.invoke(live.function("Sns"), {"Records": [{"EventSource": "aws:sns", **record}]})
    assert answer.error is None, answer
    assert answer.json["greeting"] == "Hello from the template" and answer.json["message"] == "hello"
    assert is_worker_of(live, answer.json["pid"])


def test_an_edit_changes_the_next_answer_and_deploys_nothing(live, cloud):
    def deployed():
        return [len(cloud.stack_events(f"dev-tom-api-sns{suffix}")) for suffix in ("", "-debug-stack")]

    before = deployed()
    mark = live.mark()
    apps.edit(live.app / "api.js", "greeting: process.env.GREETING", 'greeting: process.env.GREETING + ", edited"')
    live.wait_for("reload", after=mark, function="Api", status="ok")
    answer = requests.get(live.outputs["ApiUrl"], timeout=60).json()
    assert answer["greeting"] == "Hello from the template, edited"
    assert deployed() == before
    assert not [event for event in live.events[mark:] if event["event"] == "deploy"]


def test_started_by_hand_from_a_folder_that_holds_only_the_program(tmp_path, home):
    """`livelambda start --local` as a person types it: no AWS_*, output for people, nothing beside the program."""
    folder = tmp_path / "only-the-program"
    folder.mkdir()
    program = folder / "livelambda"
    shutil.copy(PROGRAM, program)
    app = apps.example(tmp_path)
    session = Process([program, "start", "--local", "--stage", "dev-tom"], clean_environment(home), cwd=app)
    try:
        session.wait_for_line(lambda line: line.startswith("Save a file"), "the session is ready", timeout=120)
        url = next(line.split()[1] for line in session.lines if line.split()[:1] == ["ApiUrl"])
        answer = requests.get(url, timeout=60).json()
        assert answer["pid"] in [int(pid) for pid in os.listdir("/proc") if pid.isdigit()]
        session.wait_for_line(lambda line: "says" in line and answer["messageId"] in line, "the subscriber's line")
        assert "\x1b" not in session.stdout, "colours, though it is not a terminal"
        clouds = local_clouds_of(home)
        assert len(clouds) == 1
        session.signal(signal.SIGINT)
        assert session.wait() == 0
        wait_until(lambda: not any(is_alive(pid) for pid in clouds), "the local cloud ends with its last session")
        assert sorted(path.name for path in folder.iterdir()) == ["livelambda"]
    finally:
        for pid in local_clouds_of(home):
            os.kill(pid, signal.SIGKILL)


def test_the_demo_prints_both_answers_and_ends_with_0(home):
    demo = run([ROOT / "scripts" / "demo"], clean_environment(home), cwd=ROOT, timeout=200)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    first, second = (json.loads(re.search(rf"^{name} the edit: +(.*)$", demo.stdout, re.M)[1])
                     for name in ("Before", "After"))
    assert first["greeting"] == "Hello from the template"
    assert second["greeting"] == "HELLO FROM THE TEMPLATE!"
    assert not local_clouds_of(home)
