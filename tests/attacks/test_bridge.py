"""The bridge against strangers: who may connect and post, and what a session or a stub must not accept from one who may
post but does not know the key — and, to prove that it is the key that counts, from one who does."""

import base64
import json
import secrets
from collections import Counter
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests
import websockets.exceptions
import websockets.sync.client

import schemas
from harness import apps
from harness.bridge import CLEAR, Eavesdropper, open_frame, seal, with_header
from harness.errors import aws_error
from harness.calls import COUNTED, Call, runs
from harness.local_cloud import LocalCloud
from harness.processes import wait_until
from harness.session import Session


@pytest.fixture(scope="module")
def recording(module_path):
    return module_path / "websockets.jsonl"


@pytest.fixture(scope="module")
def cloud(module_path, module_processes, recording) -> LocalCloud:
    return LocalCloud(module_path / "home", "--record-websockets", recording)


@pytest.fixture(scope="module")
def live(cloud, module_path, module_processes) -> Session:
    session = Session(apps.plain(module_path, timeout=60, Plain=COUNTED), cloud, module_path / "home")
    (module_path / "go-first").touch()
    answer = cloud.invoke(session.function("Plain"), {"folder": str(module_path), "token": "first"})
    assert answer.error is None, answer
    return session


@pytest.fixture(scope="module")
def attacker(cloud, live, recording) -> Eavesdropper:
    return Eavesdropper(cloud, "test-plain-debug-stack", recording)


@pytest.fixture(scope="module")
def other(cloud, module_path, live) -> Session:
    """The same app on a stage of its own, its function once invoked."""
    session = Session(live.app, cloud, module_path / "home", "other")
    (module_path / "go-other").touch()
    answer = cloud.invoke(session.function("Plain"), {"folder": str(module_path), "token": "other"})
    assert answer.error is None, answer
    return session


@pytest.fixture(autouse=True)
def the_session_goes_on(cloud, live, module_path):
    yield
    if not live.running:
        return  # another has taken its place
    token = secrets.token_hex(4)
    (module_path / f"go-{token}").touch()
    answer = cloud.invoke(live.function("Plain"), {"folder": str(module_path), "token": token})
    assert answer.error is None and answer.json["token"] == token, answer
    assert runs(module_path).count(token) == 1


def of_stub(attacker) -> str:
    """A frame that a stub has sent to the session: the last."""
    return attacker.frames_to(attacker.registration()["connectionId"])[-1]


def of_session(attacker) -> list[str]:
    """What the session has sent to its stubs."""
    registration = attacker.registration()
    return [frame for frame in attacker.frames_elsewhere(registration["connectionId"])
            if base64.b64decode(frame)[1:5] == bytes.fromhex(registration["session"])[:4]]


def announce(registration) -> bytes:
    return with_header({"t": "announce", "n": 0, "m": 1, "c": 0, "of": 1, "at": 0, "from": "x=", "l": 1,
                        "size": 2, "f": 2}, b"{}")


def spliced(frame: str, **parts: bytes) -> str:
    raw = bytearray(base64.b64decode(frame))
    places = {"version": 0, "environment": 5, "counter": 21, "middle": len(raw) // 2}
    for part, value in parts.items():
        raw[places[part]:places[part] + len(value)] = value
    return base64.b64encode(raw).decode()


def cut(frame: str, end: int) -> str:
    return base64.b64encode(base64.b64decode(frame)[:end]).decode()


def joined(frame: str, other: str) -> str:
    """The clear part of one, with a counter of its own, before what another has sealed."""
    return base64.b64encode(base64.b64decode(frame)[:21] + (3_001).to_bytes(8, "big") + base64.b64decode(other)[CLEAR:]).decode()


def sealed(registration, plain: bytes, key: bytes | None = None, session: str | None = None) -> str:
    """In an environment that nobody knows; without other words by one who has the key."""
    return seal(key or base64.b64decode(registration["key"]), session or registration["session"], secrets.token_bytes(16), 1, plain)


# zstd that claims a terabyte, in a message that claims to be small.
BOMB = bytes.fromhex("28b52ffdc0") + (1 << 40).to_bytes(8, "little") + bytes.fromhex("0200000378")
BOMBED = with_header({"t": "announce", "n": 0, "m": 1, "c": 0, "of": 1, "at": 0, "from": "x=", "l": 1, "z": True, "size": 6_000_000, "f": 2},
                     BOMB)


def test_forged_frames_are_dropped_and_counted(cloud, live, attacker, other):
    """All at once, since drops are told once in a while. The session drops every one, for its reason, as often as it comes."""
    registration = attacker.registration()
    own = registration["connectionId"]
    theirs = Eavesdropper(cloud, "other-plain-debug-stack", attacker.recording).registration()["connectionId"]
    first, *_, last = attacker.frames_to(own)
    assert of_session(attacker) and attacker.frames_to(theirs)
    forgeries = {
        "as it was": ("replayed", last),
        "another, as it was": ("replayed", first),
        "shorter than a frame": ("truncated", cut(last, 28)),
        "without its end": ("wrong_key", cut(last, -9)),
        "with a byte changed": ("wrong_key", spliced(last, middle=bytes([base64.b64decode(last)[len(base64.b64decode(last)) // 2] ^ 1]))),
        "moved to another environment": ("wrong_key", spliced(last, environment=secrets.token_bytes(16))),
        "with another counter": ("wrong_key", spliced(last, counter=(3_000).to_bytes(8, "big"))),
        "with the clear part of another": ("wrong_key", joined(last, first)),
        "of a version that is not known": ("bad_version", spliced(last, version=b"\x09")),
        "of the session itself, turned round": ("turned_round", of_session(attacker)[-1]),
        "no frame at all": ("not_base64", "this is no frame!"),
        "of another stage": ("wrong_key", attacker.frames_to(theirs)[-1]),
        "sealed with another key": ("wrong_key", sealed(registration, announce(registration), key=secrets.token_bytes(32))),
        "for another session": ("wrong_key", sealed(registration, announce(registration), session=secrets.token_hex(16))),
        # By one who has the key: so those above are not dropped because they are built wrongly.
        "with a header that is none": ("bad_header", sealed(registration, with_header({"t": "nonsense"}))),
        "with a bomb in it": ("bad_header", sealed(registration, BOMBED))}

    def counts() -> Counter:
        told = Counter()
        for one in live.select("dropped"):
            told[one["reason"]] = max(told[one["reason"]], one["count"])
        return told

    invocations, expected = len(live.select("invocation", phase="started")), counts()
    for reason, frame in forgeries.values():
        for _ in range(2 if reason != "bad_header" else 1):
            attacker.post(own, frame)
            expected[reason] += 1
    for reason, count in expected.items():
        live.wait_for("dropped", reason=reason, count=lambda told, wanted=count: told >= wanted)
    assert counts() == expected
    assert len(live.select("invocation", phase="started")) == invocations, "nothing has run"


def test_every_frame_replayed_runs_nothing(attacker, live):
    invocations = len(live.select("invocation", phase="started"))
    own = attacker.registration()["connectionId"]
    frames = attacker.frames_to(own)
    before = max((one["count"] for one in live.select("dropped", reason="replayed")), default=0)
    for frame in frames:
        attacker.post(own, frame)
    live.wait_for("dropped", reason="replayed", count=before + len(frames))
    assert len(live.select("invocation", phase="started")) == invocations


def test_with_the_key_a_frame_can_be_opened(attacker):
    registration = attacker.registration()
    opened = open_frame(base64.b64decode(registration["key"]), of_stub(attacker), "stub")
    assert opened.header["t"] in ("invoke", "announce", "ask", "cancel")


class Waiting:
    """An invocation under way, and what an answer to it would look like."""

    def __init__(self, cloud, live, attacker, folder, token):
        self.registration = attacker.registration()
        self.key = base64.b64decode(self.registration["key"])
        self.old = [frame for frame in of_session(attacker) if open_frame(self.key, frame, "session").header["t"] == "result"]
        assert self.old, "no answer was recorded"
        self.call = Call(cloud, live.function("Plain"), {"folder": str(folder), "token": token})
        wait_until(lambda: token in runs(folder), "the handler runs")
        opened = [open_frame(self.key, frame, "stub") for frame in
                  attacker.frames_to(self.registration["connectionId"])]
        self.invoke = [frame for frame in opened if frame.header["t"] == "invoke"][-1]
        self.stub = self.invoke.header["from"]

    def answer(self, key: bytes, session: str, sender: str) -> str:
        fields, body = b'{"headers":[]}', b'"forged"'
        # Beyond what the session has used, but not so far that its own frames would be too old.
        counter = open_frame(self.key, self.old[-1], "session").counter + 2_000
        header = {"t": "result", "n": self.invoke.header["n"], "m": counter, "c": 0, "of": 1,
                  "at": self.invoke.header["at"], "from": self.registration["connectionId"], "l": 1,
                  "size": len(fields + body), "f": len(fields)}
        return seal(key, session, self.invoke.environment, counter, with_header(header, fields + body), sender)


def test_a_forged_or_replayed_answer_is_not_an_answer(cloud, live, attacker, module_path):
    """To the stub, while it waits."""
    waiting = Waiting(cloud, live, attacker, module_path, "waits")
    session = waiting.registration["session"]
    forged = [*waiting.old, of_stub(attacker),
              waiting.answer(secrets.token_bytes(32), session, "session"),
              waiting.answer(waiting.key, secrets.token_hex(16), "session"),
              waiting.answer(waiting.key, session, "stub")]
    for frame in forged:
        attacker.post(waiting.stub, frame)
    (module_path / "go-waits").touch()
    answer = waiting.call.result()
    assert answer.error is None and answer.json["token"] == "waits", answer


def test_with_the_key_an_answer_can_be_forged(cloud, live, attacker, module_path):
    """So it is the seal that protects above, and not a frame built wrongly. Who may read the table is trusted."""
    waiting = Waiting(cloud, live, attacker, module_path, "forged")
    attacker.post(waiting.stub, waiting.answer(waiting.key, waiting.registration["session"], "session"))
    answer = waiting.call.result()
    (module_path / "go-forged").touch()
    assert answer.error is None and answer.json == "forged", answer


# --- Who may connect, post and read

def signed_headers(cloud, url, access_key=None, secret=None, token=None, region=None, service="execute-api") -> dict[str, str]:
    credentials = botocore.credentials.Credentials(access_key or cloud.ready["accessKeyId"],
                                                   secret or cloud.ready["secretAccessKey"], token)
    request = botocore.awsrequest.AWSRequest("GET", url.replace("ws", "http", 1))
    botocore.auth.SigV4Auth(credentials, service, region or cloud.region).add_auth(request)
    return dict(request.headers.items())


def connect(url, headers):
    return websockets.sync.client.connect(url, additional_headers=headers, open_timeout=30, proxy=None)


def assert_refused(url, headers):
    with pytest.raises(websockets.exceptions.InvalidStatus) as caught:
        connect(url, headers)
    assert caught.value.response.status_code == 403


@pytest.fixture(scope="module")
def url(attacker) -> str:
    return attacker.outputs["Url"]


def test_a_rightly_signed_connection_is_let_in(cloud, url):
    with connect(url, signed_headers(cloud, url)) as socket:
        socket.send(json.dumps({"action": "hello"}))
        answer = json.loads(socket.recv(timeout=30))
        assert answer["connectionId"] and int(answer["requestTimeEpoch"]) > 1_600_000_000_000


def test_an_unsigned_connection_is_refused(url):
    assert_refused(url, {})


@pytest.mark.parametrize("wrong", [{"secret": "a secret of somebody else's"}, {"access_key": "AKIAUNKNOWNUNKNOWN00"},
                                   {"region": "eu-west-1"}, {"service": "lambda"}])
def test_a_wrongly_signed_connection_is_refused(cloud, url, wrong):
    assert_refused(url, signed_headers(cloud, url, **wrong))


def test_a_signature_for_another_path_is_refused(cloud, url):
    assert_refused(url, signed_headers(cloud, url + "/other"))


def test_an_unsigned_post_to_a_connection_is_refused(attacker):
    answer = requests.post(f"{attacker.endpoint}/@connections/abc=", data="text", timeout=30)
    assert answer.status_code == 403


# --- Another stage

@pytest.fixture(scope="module")
def role_of_other(cloud, other) -> dict[str, str]:
    """What a function of the other stage, and so its stub, may use."""
    pid = other.select("invocation", phase="started")[-1]["pid"]
    environment = dict(pair.split("=", 1) for pair in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in pair)
    return {"aws_access_key_id": environment["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
            "aws_session_token": environment["AWS_SESSION_TOKEN"]}


def test_a_stub_of_another_stage_may_not_connect_read_or_post(cloud, attacker, url, role_of_other):
    def client(service, endpoint):
        return boto3.client(service, endpoint_url=endpoint, region_name=cloud.region, **role_of_other)

    own = cloud.outputs("other-plain-debug-stack")
    read = {"Key": {"pk": {"S": "session"}}, "ConsistentRead": True}
    assert client("dynamodb", cloud.endpoint).get_item(TableName=own["Table"], **read)["Item"]
    with aws_error("AccessDeniedException", 400):
        client("dynamodb", cloud.endpoint).get_item(TableName=attacker.outputs["Table"], **read)
    with aws_error("AccessDeniedException", 400):
        client("dynamodb", cloud.endpoint).put_item(TableName=own["Table"], Item={"pk": {"S": "session"}})
    with aws_error(("ForbiddenException", "AccessDeniedException", "403"), 403):
        client("apigatewaymanagementapi", attacker.endpoint).post_to_connection(
            ConnectionId=attacker.registration()["connectionId"], Data=b"text")
    keys = (role_of_other["aws_access_key_id"], role_of_other["aws_secret_access_key"], role_of_other["aws_session_token"])
    assert_refused(url, signed_headers(cloud, url, *keys))
    with connect(own["Url"], signed_headers(cloud, own["Url"], *keys)):
        pass


# --- What is not sealed

def test_a_forged_displaced_displaces_nobody(attacker, live):
    mark = live.mark()
    for _ in range(20):
        attacker.post(attacker.registration()["connectionId"], '{"action":"displaced"}')
    assert attacker.registration()["session"]
    assert not any(line for line in live.lines[mark:] if "another client" in line)


def test_a_forged_answer_of_hello_turns_no_clock(attacker, live):
    """The session would take every attempt for one of long ago."""
    for _ in range(3):
        attacker.post(attacker.registration()["connectionId"],
                      json.dumps({"connectionId": "forged=", "requestTimeEpoch": "4102444800000"}))


# The last, since it takes the session's place.

def test_a_key_ends_with_its_session(cloud, attacker, live, module_path):
    old = attacker.registration()
    key, frame = base64.b64decode(old["key"]), of_stub(attacker)
    successor = Session(live.app, cloud, module_path / "home")
    assert live.wait() == 6
    new = attacker.registration()
    assert new["session"] != old["session"] and new["key"] != old["key"]
    attacker.post(new["connectionId"], frame)
    attacker.post(new["connectionId"], seal(key, new["session"], secrets.token_bytes(16), 1, announce(new)))
    successor.wait_for("dropped", reason="wrong_key")
    (module_path / "go-successor").touch()
    answer = cloud.invoke(successor.function("Plain"), {"folder": str(module_path), "token": "successor"})
    assert answer.error is None and answer.json["token"] == "successor", answer


def test_every_line_told_meanwhile_is_as_its_schema_says(live):
    assert live.select("dropped")
    for event in live.events:
        schemas.check(event)
