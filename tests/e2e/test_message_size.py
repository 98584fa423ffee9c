"""Messages of more than 32 KB on the bridge: what a session finds out at its start, and that all arrives in each reading of AWS's rule; a
link that AWS closes; a session whose own credentials expire."""

import secrets

import pytest

from harness import apps
from harness.bridge import Eavesdropper
from harness.functions import role
from harness.local_cloud import LocalCloud
from harness.processes import command_line, wait_until
from harness.session import Session
from harness.stacks import deploy, template

SMALL, LARGE = 32_000, 131_072
MINUTES = 60_000
DEBUG_STACK = "test-plain-debug-stack"
# How the local cloud carries what is larger than 32 KB, and what the session makes of it.
READINGS = {"whole": LARGE, "continued": LARGE, "refused": SMALL}
DEVELOPER = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class AssumedRole:
    """The account as a developer with keys for a quarter of an hour sees it."""

    def __init__(self, cloud: LocalCloud):
        outputs = deploy(cloud, "developers", template(
            {"Tom": role(DEVELOPER, managed=(), trust={"AWS": "arn:aws:iam::123456789012:root"})},
            {"Tom": {"Fn::GetAtt": ["Tom", "Arn"]}}))
        keys = cloud.client("sts").assume_role(RoleArn=outputs["Tom"], RoleSessionName="tom", DurationSeconds=900)["Credentials"]
        self.secrets = {"AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"], "AWS_SESSION_TOKEN": keys["SessionToken"]}
        self.env = {**cloud.env, "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], **self.secrets}


def live_on(cloud: LocalCloud, folder, developer=None, *arguments: str) -> Session:
    app = apps.plain(folder, Plain="export const handler = async (event) => event;")
    return Session(app, developer or cloud, folder / "home", "test", *arguments)


@pytest.mark.parametrize("reading", READINGS)
def test_large_events_and_answers_arrive_in_each_reading_of_the_frame_rule(reading, tmp_path, module_processes):
    recording = tmp_path / "websockets.jsonl"
    cloud = LocalCloud(tmp_path / "home", "--large-messages", reading, "--record-websockets", recording)
    session = live_on(cloud, tmp_path)
    spy = Eavesdropper(cloud, DEBUG_STACK, recording)
    registration = spy.registration()
    assert int(registration["maxMessage"]) == READINGS[reading]
    event = secrets.token_urlsafe(300_000)
    answer = cloud.invoke(session.function("Plain"), event)
    assert answer.error is None and answer.json == event
    longest = [max(map(len, frames)) for frames in
               (spy.frames_to(registration["connectionId"]), spy.frames_elsewhere(registration["connectionId"]))]
    assert all(size <= READINGS[reading] and (size > SMALL) == (READINGS[reading] == LARGE) for size in longest), longest
    assert session.stop() == 0


def test_a_link_that_idled_or_grew_old_is_replaced(tmp_path, module_processes):
    cloud = LocalCloud(tmp_path / "home", "--test-clock")
    session = live_on(cloud, tmp_path)
    spy = Eavesdropper(cloud, DEBUG_STACK, tmp_path)
    for minutes in (11, 121):
        before = spy.registration()
        cloud.advance(minutes * MINUTES)
        wait_until(lambda: int(spy.registration()["link"]) > int(before["link"]), "another link is registered")
        assert spy.registration()["session"] == before["session"]
        answer = cloud.invoke(session.function("Plain"), minutes)
        assert answer.error is None and answer.json == minutes
    assert session.stop() == 0


def test_answers_leave_when_the_sessions_own_credentials_have_expired(tmp_path, module_processes):
    cloud = LocalCloud(tmp_path / "home", "--test-clock")
    developer = AssumedRole(cloud)
    session = live_on(cloud, tmp_path, developer, "--verbose")
    function = session.function("Plain")
    for round in range(2):
        assert cloud.invoke(function, round).json == round
        cloud.advance(8 * MINUTES)  # less than a link may idle, and twice more than the keys are good for
    answer = cloud.invoke(function, "late")
    assert answer.error is None and answer.json == "late", answer
    wait_until(lambda: "own credentials are refused" in session.stderr, "the session says so")
    assert session.stderr.count("own credentials are refused") == 1
    # What a session says, also with --verbose, and what `ps` shows of it and of its workers has no key in it.
    said = session.stdout + session.stderr + "".join(" ".join(command_line(pid)) for pid in (session.pid, *session.workers()))
    assert [name for name, secret in developer.secrets.items() if secret in said] == []
    kept = [path for path in (session.app / ".livelambda").rglob("*") if path.is_file()]
    assert kept and [path for path in kept if any(secret.encode() in path.read_bytes() for secret in developer.secrets.values())] == []
