"""Everything that the WebSocket API carried in the example's run: no credential, environment value or body in it."""

import base64
import json
import re
import secrets
from pathlib import Path

import pytest
import requests

from harness import apps
from harness.local_cloud import LocalCloud
from harness.session import Session


@pytest.fixture(scope="module")
def run(module_path, module_processes) -> tuple[list[dict], dict[str, str]]:
    """What was recorded, and what must not be in it, by name."""
    recording = module_path / "websockets.jsonl"
    cloud = LocalCloud(module_path / "home", "--record-websockets", recording)
    app = apps.example(module_path)
    session = Session(app, cloud, module_path / "home", "secret")
    token = f"the-body-{secrets.token_hex(16)}"
    url = session.outputs["ApiUrl"]
    answers = [requests.post(url, data=token, timeout=60).json(), requests.get(url, timeout=60).json()]
    mark = session.mark()
    apps.edit(app / "api.js", "greeting: process.env.GREETING", "greeting: process.env.GREETING.toUpperCase()")
    session.wait_for("reload", after=mark, status="ok")
    answers.append(requests.get(url, timeout=60).json())
    for answer in answers:
        session.wait_for("invocation", function="Sns", phase="finished")
        session.wait_for("log", function="Sns", line=lambda line, id=answer["messageId"]: id in line)

    worker = Path(f"/proc/{answers[-1]['pid']}/environ").read_bytes().decode().split("\0")
    environment = dict(pair.split("=", 1) for pair in worker if "=" in pair)
    forbidden = {name: environment[name] for name in
                 ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GREETING", "TOPIC_ARN")}
    forbidden["root's secret key"] = cloud.ready["secretAccessKey"]
    forbidden["the request's body"] = token
    forbidden["an answer's body"] = answers[-1]["messageId"]
    forbidden["the edited answer"] = "HELLO FROM THE TEMPLATE"
    forbidden["a path"] = str(app)
    assert session.stop() == 0
    return [json.loads(line) for line in recording.read_text().splitlines()], forbidden


def decoded(text: str) -> list[bytes]:
    """Every run of base64 in it as bytes, at all four alignments, with either alphabet."""
    found = []
    for piece in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        piece = piece.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = piece[start:]
            part = part[:-1] if len(part) % 4 == 1 else part
            found.append(base64.b64decode(part + "=" * (-len(part) % 4)))
    return found


def contains(texts: list[str], secret: str) -> bool:
    wanted = secret.encode()
    return any(wanted in text.encode() or any(wanted in one for one in decoded(text)) for text in texts)


def test_the_recording_is_of_the_run(run):
    recorded, _ = run
    frames = [one for one in recorded if one["direction"] == "post" and not one["data"].startswith("{")]
    # Two announces, six events and their answers.
    assert len(frames) >= 14
    assert all(base64.b64decode(one["data"], validate=True)[0] == 1 for one in frames)
    assert {one["direction"] for one in recorded} == {"in", "out", "post"}


def test_the_search_would_find_a_secret():
    for leak in ("plain the-secret text", base64.b64encode(b"xthe-secret").decode(),
                 base64.urlsafe_b64encode(b"??the-secret>").decode(),
                 "a" + base64.b64encode(b"binary \xff\xfe the-secret").decode()):
        assert contains([leak], "the-secret"), leak


def test_nothing_that_is_secret_was_carried(run):
    recorded, forbidden = run
    texts = [json.dumps(one) for one in recorded] + [one["data"] for one in recorded]
    assert all(len(secret) >= 8 for secret in forbidden.values()), list(forbidden)
    assert [name for name, secret in forbidden.items() if contains(texts, secret)] == []
