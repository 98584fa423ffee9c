"""A second `start` on a stage takes over; different stages run side by side; nobody connected."""

import requests

from harness import apps
from harness.bridge import registration
from harness.calls import COUNTED, Call, runs
from harness.processes import PROGRAM, Process, clean_environment, wait_until
from harness.session import Session

def test_a_session_is_displaced_while_an_invocation_runs(cloud, tmp_path, start):
    app = apps.plain(tmp_path, timeout=60, Plain=COUNTED)
    first = start(app, cloud, "taken")
    function = first.function("Plain")
    call = Call(cloud, function, {"folder": str(tmp_path), "token": "a"})
    wait_until(lambda: runs(tmp_path) == ["a"], "the handler runs")
    running = first.wait_for("invocation", phase="started")

    second = start(app, cloud, "taken")
    displaced = first.wait_for("displaced")
    (tmp_path / "go-a").touch()
    answer = call.result()
    assert answer.error is None, answer
    assert answer.json == {"token": "a", "pid": running["pid"]}, "what ran may end"
    assert runs(tmp_path) == ["a"], "one execution in total"

    assert first.wait() == 6
    error = first.select("error")[0]
    assert error["message"] == f"another client has connected: {displaced['by']}"
    assert "@" in displaced["by"]
    assert not first.workers()

    (tmp_path / "go-b").touch()
    answer = cloud.invoke(function, {"folder": str(tmp_path), "token": "b"})
    assert answer.error is None and answer.json["pid"] in second.workers(), answer
    assert runs(tmp_path) == ["a", "b"]


def test_what_runs_too_long_after_a_displacement_fails_and_runs_nowhere_else(cloud, tmp_path, start):
    app = apps.plain(tmp_path, timeout=60, Plain=COUNTED)
    first = start(app, cloud, "too-long")
    call = Call(cloud, first.function("Plain"), {"folder": str(tmp_path), "token": "a"})
    wait_until(lambda: runs(tmp_path) == ["a"], "the handler runs")
    second = start(app, cloud, "too-long")
    assert first.wait() == 6
    answer = call.result()
    assert answer.error == "Unhandled", answer
    assert runs(tmp_path) == ["a"]
    assert not second.select("invocation")


def test_a_person_reads_who_has_connected(cloud, tmp_path, home, start):
    app = apps.plain(tmp_path, Plain=COUNTED)
    first = Process([PROGRAM, "start", "--stage", "read", "--app-dir", app], clean_environment(home, **cloud.env))
    first.wait_for_line(lambda line: line.startswith("Save a file"), "the session is ready")
    second = start(app, cloud, "read")
    assert first.wait() == 6
    owner = registration(cloud, "read-plain-debug-stack")["owner"]
    assert f"another client has connected: {owner}" in first.stdout + first.stderr
    assert second.running


def test_two_stages_of_two_working_copies_run_side_by_side(cloud, tmp_path, home):
    copies = {}
    for stage in ("dev-tom", "dev-ann"):
        folder = tmp_path / stage
        folder.mkdir()
        app = apps.example(folder)
        apps.edit(app / "template.yaml", "GREETING: Hello from the template", f"GREETING: Hello from {stage}")
        copies[stage] = Session(app, cloud, home, stage, wait=False)
    for session in copies.values():
        session.wait_ready()
    for _ in range(2):
        for stage, session in copies.items():
            answer = requests.get(session.outputs["ApiUrl"], timeout=60).json()
            assert answer["greeting"] == f"Hello from {stage}"
            assert answer["pid"] in session.workers()
            session.wait_for("log", function="Sns", line=lambda line, id=answer["messageId"]: id in line)
    for session in copies.values():
        assert len([one for one in session.select("invocation", phase="finished") if one["function"] == "Api"]) == 2
        assert session.stop() == 0


def test_nobody_connected(cloud, app, start):
    """HTTP is answered 503; a message waits in Lambda, which tries again, and reaches the session that comes back."""
    session = start(app, cloud, "away")
    url, topic, sns = session.outputs["ApiUrl"], session.outputs["TopicArn"], session.function("Sns")
    assert session.stop() == 0

    answer = requests.get(url, timeout=60)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert "no session is connected for stage away of api-sns" in answer.text
    assert "livelambda start --stage away" in answer.text

    group = f"/aws/lambda/{sns}"
    logs = cloud.client("logs")

    def reports():
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events if event["message"].startswith("REPORT ")]

    cloud.client("sns").publish(TopicArn=topic, Message="while nobody was there")
    first_try = wait_until(reports, "Lambda's first try")[0]
    request_id = first_try.split()[2]

    back = start(app, cloud, "away")
    assert not back.select("invocation")

    def arrived():
        cloud.advance(20_000)
        return back.select("invocation", function="Sns", phase="finished")

    finished = wait_until(arrived, "Lambda's retry reaches the session")[0]
    assert finished["requestId"] == request_id and finished["status"] == "ok"
    assert any("while nobody was there" in one["line"] for one in back.select("log", function="Sns"))
