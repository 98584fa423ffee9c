"""Lambda's 6 MB each way, byte for byte, and one byte more."""

import json
import secrets

import botocore.exceptions
import pytest

from harness import apps
from harness.session import Session

REQUEST = 6_291_456  # 6 MiB
LIMIT = 6_291_556  # 100 bytes more, of an answer

HANDLER = """
export async function handler(event) {
  if (event.answer) return "x".repeat(event.answer - 2);
  return event;
}
"""


@pytest.fixture(scope="module")
def live(cloud, module_path, module_processes) -> Session:
    return Session(apps.plain(module_path, timeout=120, Plain=HANDLER), cloud, module_path / "home")


def random_text(size: int) -> bytes:
    """JSON text of exactly this many bytes that does not compress well."""
    return b'"' + secrets.token_urlsafe(size)[:size - 2].encode() + b'"'


def test_six_megabytes_of_random_text_arrive_byte_for_byte_both_ways(cloud, live):
    event = random_text(REQUEST)
    answer = cloud.invoke(live.function("Plain"), event)
    assert answer.error is None, answer
    assert answer.payload == event


def test_text_beyond_ascii_arrives_byte_for_byte(cloud, live):
    event = json.dumps("".join(chr(secrets.randbelow(0x4000) + 0x80) for _ in range(400_000)),
                       ensure_ascii=False).encode()
    answer = cloud.invoke(live.function("Plain"), event)
    assert answer.error is None and answer.payload == event


def test_an_event_one_byte_over_the_limit_gets_lambdas_error(cloud, live):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        cloud.invoke(live.function("Plain"), random_text(REQUEST + 1))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert caught.value.response["Error"]["Code"] in ("RequestTooLargeException", "RequestEntityTooLargeException")


def test_an_answer_of_the_limit_is_an_answer(cloud, live):
    answer = cloud.invoke(live.function("Plain"), {"answer": LIMIT})
    assert answer.error is None and len(answer.payload) == LIMIT


def test_an_answer_one_byte_over_the_limit_gets_lambdas_error(cloud, live):
    answer = cloud.invoke(live.function("Plain"), {"answer": LIMIT + 1})
    assert answer.error == "Unhandled", answer
    assert answer.json["errorType"] == "Function.ResponseSizeTooLarge"
    # The session goes on.
    assert cloud.invoke(live.function("Plain"), {"a": 1}).json == {"a": 1}
