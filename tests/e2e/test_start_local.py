"""`start --local`: one local cloud for a folder, which lives as long as its sessions."""

import json
import os
import signal

import boto3
import requests

from harness import apps
from harness.local_cloud import LocalCloud
from harness.processes import is_alive, wait_until
from harness.session import local_clouds_of
from harness.stubs import stub_processes

HANDLER = "export const handler = async () => process.pid;"


def recorded(app) -> dict:
    return json.loads((app / ".livelambda" / "local.json").read_text())


def test_a_second_session_joins_and_the_last_to_end_ends_it(tmp_path, home, start):
    app = apps.plain(tmp_path, Plain=HANDLER)
    first = start(app, None, "one")
    endpoint = recorded(app)["endpoint"]
    second = start(app, None, "two")
    assert recorded(app)["endpoint"] == endpoint
    clouds = local_clouds_of(home)
    assert len(clouds) == 1
    assert first.stop() == 0
    assert local_clouds_of(home) == clouds
    mark = second.mark()
    apps.save(app / "plain.mjs", HANDLER + "\n")
    second.wait_for("reload", after=mark)
    assert second.stop() == 0
    wait_until(lambda: not is_alive(clouds[0]), "the local cloud ends with its last session")


def test_the_record_is_private(tmp_path, start):
    app = apps.plain(tmp_path, Plain=HANDLER)
    start(app, None)
    assert (app / ".livelambda" / "local.json").stat().st_mode & 0o077 == 0
    assert (app / ".livelambda" / ".gitignore").read_text() == "*\n"
    kept = [app / ".livelambda", *(app / ".livelambda").rglob("*")]
    assert {"app", "stage"} <= {path.name for path in kept}
    assert not [path for path in kept if path.lstat().st_mode & 0o077 and not path.is_symlink()]


def test_a_session_that_comes_back_after_kill_finds_the_cloud_and_its_stacks(tmp_path, home, start):
    app = apps.plain(tmp_path, Plain=HANDLER)
    first = start(app, None)
    clouds = local_clouds_of(home)
    name = first.function("Plain")
    first.kill()
    second = start(app, None)
    assert local_clouds_of(home) == clouds
    assert second.function("Plain") == name
    assert second.stop() == 0
    wait_until(lambda: not is_alive(clouds[0]), "the local cloud ends with its last session")


def test_functions_that_stay_find_what_was_fetched_of_lambda_s_packages(tmp_path, home, start):
    package = home / ".cache" / "livelambda" / "nodejs" / "1" / "node_modules" / "brought-along"
    apps.write(package, {"index.js": "module.exports = 'with Lambda';"})
    stays = """  Stays:
    Type: AWS::Serverless::Function
    Properties: {Handler: index.handler, InlineCode: "exports.handler = async () => require('brought-along');"}
"""
    app = apps.plain(tmp_path, resources=stays, Plain=HANDLER)
    (app / "livelambda.yaml").write_text("functions: {Stays: {live: false}}\n")
    start(app, None)
    cloud = recorded(app)
    client = boto3.client("lambda", endpoint_url=cloud["endpoint"], region_name=cloud["region"],
                          aws_access_key_id=cloud["accessKeyId"], aws_secret_access_key=cloud["secretAccessKey"])
    name = next(one["FunctionName"] for one in client.list_functions()["Functions"] if "-Stays-" in one["FunctionName"])
    assert json.load(client.invoke(FunctionName=name)["Payload"]) == "with Lambda"


def test_a_cloud_that_is_gone_is_replaced(tmp_path, home, start):
    app = apps.plain(tmp_path, Plain=HANDLER)
    first = start(app, None)
    first.kill()
    gone = local_clouds_of(home)
    os.kill(gone[0], signal.SIGKILL)
    wait_until(lambda: not is_alive(gone[0]), "the local cloud is gone")
    start(app, None)
    assert len(local_clouds_of(home)) == 1 and local_clouds_of(home) != gone


def test_the_stage_is_remembered(tmp_path, start):
    app = apps.plain(tmp_path, Plain=HANDLER)
    assert start(app, None, "mine").stop() == 0
    assert start(app, None, None).ready["stage"] == "mine"


def test_a_cloud_whose_last_session_died_ends_after_ten_minutes(tmp_path, home, start):
    cloud = LocalCloud(home, "--end-when-unused", "--test-clock")
    app = apps.plain(tmp_path, Plain=HANDLER)
    (app / ".livelambda").mkdir()
    (app / ".livelambda" / "local.json").write_text(json.dumps(cloud.ready))
    session = start(app, None)
    cloud.advance(11 * 60_000)
    assert cloud.invoke(session.function("Plain"), {}).error is None, "it lives as long as a session does"
    session.kill()

    def ended():
        try:
            cloud.advance(60_000)
        except requests.exceptions.ConnectionError:
            pass
        return not cloud.running

    wait_until(ended, "the local cloud ends by itself")
    assert cloud.wait() == 0


def test_a_local_cloud_ends_its_functions_with_itself(tmp_path, home, start):
    cloud = LocalCloud(home)
    session = start(apps.plain(tmp_path, Plain=HANDLER), cloud)
    assert cloud.invoke(session.function("Plain"), {}).error is None
    stubs = stub_processes(cloud)
    assert stubs
    session.stop()
    assert cloud.stop() == 0
    assert not any(is_alive(pid) for pid in stubs)
