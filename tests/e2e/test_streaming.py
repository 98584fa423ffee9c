"""Streamed answers, live: from the handler on this machine through the bridge to InvokeWithResponseStream and a function URL."""

import hashlib
import json
import os
import signal

import pytest
import requests

from harness import apps
from harness.session import Session
from harness.stubs import stub_processes

HANDLER = """
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { finished } from "node:stream/promises";

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const what = event.requestContext ? JSON.parse(event.body) : event;
  if (what.raise) throw new TypeError(what.raise);
  if (what.status) stream = awslambda.HttpResponseStream.from(stream, { statusCode: what.status, headers: { "x-told": "yes" }, cookies: ["a=b"] });
  else stream.setContentType("text/plain");
  if (what.exit) { stream.write("begun"); await sleep(200); process.exit(3); }
  if (what.size) {
    // As a handler does that minds its reader: it waits where the stream is full.
    const hash = createHash("sha256");
    for (let sent = 0, n = 0; sent < what.size; ++n) {
      const piece = createHash("sha512").update(String(n)).digest("hex").repeat(512);
      hash.update(piece);
      sent += piece.length;
      if (!stream.write(piece)) await new Promise((go) => stream.once("drain", go));
    }
    stream.write(hash.digest("hex"));
  } else {
    stream.write("first");
    while (what.until && !existsSync(what.until)) await sleep(5);
    if (what.broken) throw new RangeError(what.broken);
    stream.write("second");
  }
  stream.end();
  await finished(stream);
});
"""
URL = """      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
      Events:
        Rest: {Type: Api, Properties: {Path: /stream, Method: POST, ResponseTransferMode: RESPONSE_STREAM}}
"""
OUTPUTS = """Outputs:
  Url: {Value: !GetAtt StreamUrl.FunctionUrl}
  Rest: {Value: !Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/stream"}
"""


@pytest.fixture(scope="module")
def session(cloud, module_path) -> Session:
    app = apps.plain(module_path, more=URL, resources=OUTPUTS, Stream=HANDLER)
    return Session(app, cloud, module_path / "home")


@pytest.fixture(scope="module")
def invoke(cloud, session):
    """invoke(payload): the pieces as they come, the last event being how it ended."""
    client = cloud.client("lambda")

    def invoke(payload: dict):
        response = client.invoke_with_response_stream(FunctionName=session.function("Stream"), Payload=json.dumps(payload))
        for event in response["EventStream"]:
            yield event["PayloadChunk"]["Payload"] if "PayloadChunk" in event else event["InvokeComplete"]

    return invoke


def test_the_first_bytes_are_there_while_the_handler_still_runs(invoke, tmp_path):
    events = invoke({"until": str(tmp_path / "go")})
    assert next(events) == b"first"
    (tmp_path / "go").touch()
    assert next(events) == b"second"
    assert list(events) == [{}]


@pytest.mark.parametrize("way", ["Url", "Rest"])
def test_status_headers_and_cookies_are_there_ahead_of_the_body(session, tmp_path, way):
    with requests.post(session.outputs[way], json={"status": 418, "until": str(tmp_path / "go")}, stream=True, timeout=60) as answer:
        assert answer.status_code == 418 and answer.headers["x-told"] == "yes" and answer.cookies.get_dict() == {"a": "b"}
        pieces = answer.iter_content(None)
        assert next(pieces) == b"first"
        (tmp_path / "go").touch()
        assert b"".join(pieces) == b"second"


def test_what_fails_before_the_first_byte_is_an_error_as_of_any_handler(session, invoke):
    events = list(invoke({"raise": "wrong"}))
    assert len(events) == 1 and json.loads(events[0]["ErrorDetails"])["errorType"] == "TypeError"
    assert session.wait_for("invocation", phase="finished", status="error")["error"].startswith("TypeError: wrong")


def test_what_fails_later_breaks_the_stream_off_and_says_why(invoke):
    first, end = invoke({"broken": "midway"})
    assert first == b"first" and "ErrorCode" in end
    details = json.loads(end["ErrorDetails"])
    assert details["errorType"] == "RangeError" and details["errorMessage"] == "midway" and "stream.mjs" in "".join(details["trace"])


def test_a_worker_that_dies_midway_breaks_the_stream_off(invoke):
    *pieces, end = invoke({"exit": True})
    assert pieces == [b"begun"] and end["ErrorCode"] in ("Runtime.ExitError", "Runtime.TruncatedResponse")
    assert list(invoke({}))[-1] == {}


def test_a_stub_that_is_killed_midway_breaks_the_stream_off(cloud, invoke, tmp_path):
    events = invoke({"until": str(tmp_path / "never")})
    assert next(events) == b"first"
    for pid in stub_processes(cloud):
        os.kill(pid, signal.SIGKILL)
    *pieces, end = events
    assert b"second" not in pieces and "ErrorCode" in end
    assert list(invoke({}))[-1] == {}


def test_more_than_a_whole_answer_may_have_arrives_as_it_was_sent(invoke):
    *pieces, end = invoke({"size": 12_000_000})
    assert end == {}
    got = b"".join(pieces)
    assert hashlib.sha256(got[:-64]).hexdigest().encode() == got[-64:]


def test_a_rest_api_hands_on_more_than_a_whole_answer_may_have_and_tells_what_breaks_off(session):
    with requests.post(session.outputs["Rest"], json={"status": 200, "size": 12_000_000}, timeout=60) as answer:
        assert hashlib.sha256(answer.content[:-64]).hexdigest().encode() == answer.content[-64:]
    with requests.post(session.outputs["Rest"], json={"status": 200, "broken": "midway"}, stream=True, timeout=60) as answer:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(answer.iter_content(None))
    assert requests.post(session.outputs["Rest"], json={"raise": "wrong"}, timeout=60).status_code == 502


def test_a_plain_invocation_gets_the_whole(cloud, session):
    answer = cloud.invoke(session.function("Stream"), {})
    assert answer.error is None and answer.payload == b"firstsecond"


@pytest.mark.full  # its stub waits 30 s for a word
def test_a_session_that_is_killed_midway_breaks_the_stream_off(cloud, tmp_path):
    first = Session(apps.plain(tmp_path, more=URL, resources=OUTPUTS, Stream=HANDLER), cloud, tmp_path / "home")
    client = cloud.client("lambda")
    payload = json.dumps({"until": str(tmp_path / "never")})
    answer = client.invoke_with_response_stream(FunctionName=first.function("Stream"), Payload=payload)
    events = iter(answer["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"first"
    first.kill()
    *pieces, end = events
    assert not pieces and "ErrorCode" in end["InvokeComplete"]


def test_without_a_session_the_url_streams_a_503(cloud, session):
    session.interrupt()
    session.wait()
    answer = requests.post(session.outputs["Url"], json={}, timeout=60)
    assert answer.status_code == 503 and "livelambda start" in answer.text and answer.headers["Cache-Control"] == "no-store"
