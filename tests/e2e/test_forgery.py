"""Frames that a session or a stub must not accept, posted by one who may post but does not know the key — and, to prove
that it is the key that counts, by one who does."""

import base64
import secrets

import pytest

import schemas
from harness import apps
from harness.bridge import Eavesdropper, open_frame, seal, with_header
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


@pytest.fixture
def dropped(live, attacker):
    """dropped(reason, frame): posts the frame to the session, which must drop and count it for this reason."""
    def dropped(reason: str, frame: str, times: int = 2):
        before = max((one["count"] for one in live.select("dropped", reason=reason)), default=0)
        invocations = len(live.select("invocation"))
        for _ in range(times):
            attacker.post(attacker.registration()["connectionId"], frame)
        live.wait_for("dropped", reason=reason, count=lambda count: count >= before + times)
        assert live.select("dropped", reason=reason)[-1]["count"] == before + times
        assert len(live.select("invocation")) == invocations

    return dropped


@pytest.fixture(autouse=True)
def the_session_goes_on(cloud, live, module_path):
    yield
    token = secrets.token_hex(4)
    (module_path / f"go-{token}").touch()
    answer = cloud.invoke(live.function("Plain"), {"folder": str(module_path), "token": token})
    assert answer.error is None and answer.json["token"] == token, answer
    assert runs(module_path).count(token) == 1


def of_stub(attacker) -> str:
    """A frame that a stub has sent to the session: the last."""
    return attacker.frames_to(attacker.registration()["connectionId"])[-1]


def test_a_replayed_frame_is_dropped(attacker, dropped):
    dropped("replayed", of_stub(attacker))


def test_every_frame_replayed_runs_nothing(attacker, live):
    invocations = len(live.select("invocation"))
    own = attacker.registration()["connectionId"]
    frames = attacker.frames_to(own)
    before = max((one["count"] for one in live.select("dropped", reason="replayed")), default=0)
    for frame in frames:
        attacker.post(own, frame)
    live.wait_for("dropped", reason="replayed", count=before + len(frames))
    assert len(live.select("invocation")) == invocations


def test_a_truncated_frame_is_dropped(attacker, dropped):
    frame = base64.b64decode(of_stub(attacker))
    dropped("truncated", base64.b64encode(frame[:28]).decode())


def test_a_frame_that_lost_its_end_is_dropped(attacker, dropped):
    frame = base64.b64decode(of_stub(attacker))
    dropped("wrong_key", base64.b64encode(frame[:-9]).decode())


def test_a_frame_with_one_bit_changed_is_dropped(attacker, dropped):
    frame = bytearray(base64.b64decode(of_stub(attacker)))
    frame[len(frame) // 2] ^= 1
    dropped("wrong_key", base64.b64encode(frame).decode())


def test_a_frame_of_the_sessions_own_turned_round_is_dropped(attacker, dropped):
    frames = attacker.frames_elsewhere(attacker.registration()["connectionId"])
    assert frames, "the session has posted nothing"
    dropped("turned_round", frames[-1])


def test_what_is_no_frame_is_dropped(dropped):
    dropped("not_base64", "this is no frame!")


def announce(registration) -> bytes:
    return with_header({"t": "announce", "n": 0, "m": 1, "c": 0, "of": 1, "at": 0, "from": "x=", "l": 1,
                        "size": 2, "f": 2}, b"{}")


def test_a_frame_sealed_with_another_key_is_dropped(attacker, dropped):
    registration = attacker.registration()
    frame = seal(secrets.token_bytes(32), registration["session"], secrets.token_bytes(16), 1, announce(registration))
    dropped("wrong_key", frame)


def test_a_frame_for_another_session_is_dropped(attacker, dropped):
    registration = attacker.registration()
    key = base64.b64decode(registration["key"])
    dropped("wrong_key", seal(key, secrets.token_hex(16), secrets.token_bytes(16), 1, announce(registration)))


def test_with_the_key_the_same_frame_would_have_been_opened(attacker, dropped):
    """So that the tests above do not pass because the frames are built wrongly."""
    registration = attacker.registration()
    key = base64.b64decode(registration["key"])
    environment = secrets.token_bytes(16)
    dropped("bad_header", seal(key, registration["session"], environment, 1, with_header({"t": "nonsense"})), times=1)
    opened = open_frame(key, of_stub(attacker), "stub")
    assert opened.header["t"] in ("invoke", "announce", "ask", "cancel")


class Waiting:
    """An invocation under way, and what an answer to it would look like."""

    def __init__(self, cloud, live, attacker, folder, token):
        self.registration = attacker.registration()
        self.key = base64.b64decode(self.registration["key"])
        self.old = [frame for frame in attacker.frames_elsewhere(self.registration["connectionId"])
                    if open_frame(self.key, frame, "session").header["t"] == "result"]
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


def test_every_line_told_meanwhile_is_as_its_schema_says(live):
    assert live.select("dropped")
    for event in live.events:
        schemas.check(event)
