"""`kill -9` of the session in the middle of an invocation."""

from harness import apps
from harness.bridge import registration
from harness.calls import COUNTED, Call, runs
from harness.processes import is_alive, wait_until


def test_the_caller_gets_an_error_no_worker_survives_and_the_next_start_works(cloud, tmp_path, start):
    app = apps.plain(tmp_path, timeout=90, Plain=COUNTED)
    session = start(app, cloud)
    function = session.function("Plain")
    call = Call(cloud, function, {"folder": str(tmp_path), "token": "a"})
    wait_until(lambda: runs(tmp_path) == ["a"], "the handler runs")
    workers = session.workers()
    assert workers
    session.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in workers), "no worker survives its session")

    following = start(app, cloud)
    (tmp_path / "go-b").touch()
    answer = cloud.invoke(function, {"folder": str(tmp_path), "token": "b"})
    assert answer.error is None and answer.json["pid"] in following.workers(), answer

    answer = call.result()
    assert answer.error == "Unhandled", answer
    assert answer.json["errorType"] == "Function.LiveDisconnected"
    assert runs(tmp_path) == ["a", "b"], "what was begun is not run again"


def test_a_session_that_ends_in_the_middle_of_an_invocation_waits_for_it(cloud, tmp_path, start):
    session = start(apps.plain(tmp_path, timeout=60, Plain=COUNTED), cloud, "ends")
    call = Call(cloud, session.function("Plain"), {"folder": str(tmp_path), "token": "a"})
    wait_until(lambda: runs(tmp_path) == ["a"], "the handler runs")
    workers = session.workers()
    session.interrupt()
    (tmp_path / "go-a").touch()
    assert call.result().json["token"] == "a"
    assert session.wait() == 0
    assert not any(is_alive(pid) for pid in workers)


def test_a_second_ctrl_c_does_not_wait(cloud, tmp_path, start):
    session = start(apps.plain(tmp_path, timeout=20, Plain=COUNTED), cloud, "at-once")
    call = Call(cloud, session.function("Plain"), {"folder": str(tmp_path), "token": "a"})
    wait_until(lambda: runs(tmp_path) == ["a"], "the handler runs")
    workers = session.workers()
    session.interrupt()
    wait_until(lambda: _is_released(cloud), "the session has given its place back")
    session.interrupt()
    assert session.wait() == 0
    assert not any(is_alive(pid) for pid in workers)
    assert call.result().error == "Unhandled"


def _is_released(cloud):
    return "connectionId" not in registration(cloud, "at-once-plain-debug-stack")
