"""runtimes/python beside awslambdaric, case by case: at the recorder, at livelambda's Runtime API and at AWS's emulator, on every Python
of the machine. Where AWS's client is there for one version of Python only, what it said there counts for all."""

import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import pytest

from python.cases import Ends, Raised, Returned
from runtime_api import Event
from servers import ENDED, ROOT, Answer, by_emulator, by_product, by_recorder, each_of, environment, needs_emulator, needs_endpoint

FOLDER = Path(__file__).parent / "python"
PYTHON = ROOT / "build" / "judges-ric" / "bin" / "python"
OURS = ROOT / "runtimes" / "python" / "bootstrap.py"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="SKIPPED JUDGE: awslambdaric (scripts/judges installs it)")

# What stays different, with its reason; docs/runtimes.md lists the same. An entry that no longer differs fails.
DIFFERENCES = {}

# AWS's client sends a cause for X-Ray as long as it is, which no server of HTTP has room for among its headers.
LONG_CAUSE = "raise.recursion"

CONTEXT = {"Lambda-Runtime-Client-Context": json.dumps({"custom": {"a": "b"}, "client": {"app_title": "shop"}}),
           "Lambda-Runtime-Cognito-Identity": json.dumps({"cognitoIdentityId": "eu-west-1:1", "cognitoIdentityPoolId": "pool"}),
           "Lambda-Runtime-Aws-Tenant-Id": "tenant", "Lambda-Runtime-Trace-Id": "Root=1-2;Sampled=1"}


def names_of(group, holder):
    return [f"{group}.{name}" for name in vars(holder) if not name.startswith("_")]


NAMES = ["echo"] + [name for name in names_of("raise", Raised) if name != LONG_CAUSE] + names_of("return", Returned) + ["context", "context."]


def events_of(names):
    return [Event(json.dumps({"case": name}).encode(), CONTEXT if name == "context." else {}) for name in names]


def variables_of(handler="cases.handler", runtime="python3.13", **more):
    return environment(handler, FOLDER, runtime, **more)


@lru_cache
def interpreters():
    """Each Python from 3.10 on, by its version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = {}
    for minor in range(10, 20):
        for path in [shutil.which(f"python3.{minor}", path="/usr/bin:/usr/local/bin"), *sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python3"))]:
            if path:
                found.setdefault(f"3.{minor}", str(path))
    own = subprocess.run([PYTHON, "-c", "import sys; print('3.%d' % sys.version_info[1])"], capture_output=True, text=True).stdout.strip()
    return {**found, own: str(PYTHON)}


@lru_cache
def theirs():
    command = [PYTHON, "-m", "awslambdaric", "cases.handler"]
    return each_of(by_recorder, events_of(NAMES), command, variables_of(), FOLDER)


def comparable(answer: Answer):
    cause = json.loads(answer.cause) if answer.cause else None
    if cause:
        cause["paths"].sort()  # a set's order
    return (answer.kind, answer.body, answer.content_type, answer.error_type, cause)


def differences(names, theirs, ours):
    different = []
    for name, one, other in zip(names, theirs, ours, strict=True):
        known = DIFFERENCES.get(name)
        if known and comparable(one) == comparable(other):
            different.append(f"{name} is the same by now: strike it off the list")
        elif not known and comparable(one) != comparable(other):
            different.append(f"{name}:\n  AWS's {comparable(one)}\n  ours  {comparable(other)}"[:3000])
    return different


def test_answers_errors_and_headers_are_the_same_bytes():
    ours = each_of(by_recorder, events_of(NAMES), [PYTHON, OURS], variables_of(), FOLDER)
    assert not (found := differences(NAMES, theirs().answers, ours.answers)), "\n".join(found)


@pytest.mark.parametrize("version", interpreters() if PYTHON.exists() else [])
def test_every_python_gives_the_same(version):
    """But what a version words or does in its own way, which is not the loader's."""
    names = [name for name in NAMES if name.split(".")[-1] not in OF_THE_VERSION]
    ours = each_of(by_recorder, events_of(names), [interpreters()[version], OURS], variables_of(), FOLDER)
    expected = [answer for name, answer in zip(NAMES, theirs().answers) if name in names]
    assert not (found := [name for name, one, other in zip(names, expected, ours.answers, strict=True)
                          if (one.kind, normal(one.body)) != (other.kind, normal(other.body))]), found


# Messages of the interpreter itself that differ between 3.10 and 3.14.
OF_THE_VERSION = {"recursion", "syntax", "huge_number", "too_deep", "deep", "attribute", "context", "circular", "function", "instance", "class_itself", ""}


def normal(body):
    """Without request ids, which are numbered, and without traces' frames of the standard library, which move."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    if isinstance(value, dict) and "stackTrace" in value:
        return {**value, "requestId": "", "stackTrace": [frame for frame in value["stackTrace"] if str(FOLDER) in frame]}
    return value


@pytest.mark.parametrize("handler", ["cases.asynchronous", "cases.one_argument", "cases.instance", "cases.number", "cases.Callable"])
def test_handlers_that_are_no_plain_functions(handler):
    events = [Event(b"{}"), Event(b"[]")]
    one = each_of(by_recorder, events, [PYTHON, "-m", "awslambdaric", handler], variables_of(handler), FOLDER)
    other = each_of(by_recorder, events, [PYTHON, OURS], variables_of(handler), FOLDER)
    assert [told(answer) for answer in other.answers] == [told(answer) for answer in one.answers]


def told(answer):
    """Without the frames of the runtime itself, which AWS's client shows where a trace has no others."""
    body = json.loads(answer.body)
    if answer.kind == "error":
        body["stackTrace"] = [frame for frame in body["stackTrace"] if "/bootstrap.py" not in frame]
    return answer.kind, json.dumps(body), answer.content_type, answer.error_type


def test_an_error_with_a_long_cause_is_told_without_it():
    (answer,) = each_of(by_recorder, events_of([LONG_CAUSE]), [PYTHON, OURS], variables_of(), FOLDER).answers
    assert answer.kind == "error" and json.loads(answer.body)["errorType"] == "RecursionError" and not answer.cause


def test_processes_end_in_the_same_way():
    names = names_of("end", Ends)
    one = each_of(by_recorder, events_of(names), [PYTHON, "-m", "awslambdaric", "cases.handler"], variables_of(), FOLDER)
    other = each_of(by_recorder, events_of(names), [PYTHON, OURS], variables_of(), FOLDER)
    assert not (found := differences(names, one.answers, other.answers)), "\n".join(found)


def sized_events():
    return [Event(json.dumps({"case": "bytes", "size": size}).encode()) for size in (6291556, 6291557)]


@needs_endpoint
def test_livelambdas_runtime_api_hands_on_what_both_say():
    names = [name for name, answer in zip(NAMES, theirs().answers) if not answer.kind.startswith(ENDED)]
    events = events_of(names) + sized_events()
    one = each_of(by_product, events, [PYTHON, "-m", "awslambdaric", "cases.handler"], variables_of(), FOLDER).answers
    other = each_of(by_product, events, [PYTHON, OURS], variables_of(), FOLDER).answers
    assert [comparable(answer) for answer in other] == [comparable(answer) for answer in one]
    assert len(other[-2].body) == 6291556 and json.loads(other[-1].body)["errorType"] == "Function.ResponseSizeTooLarge"


@needs_emulator
@needs_endpoint
def test_awss_emulator_gives_the_same_to_who_invokes():
    left_out = ("raise.control_characters", "context", "context.")  # X-Ray's cause is no header then, which ends both; ids and ARN are its own
    names = [name for name, answer in zip(NAMES, theirs().answers) if not answer.kind.startswith(ENDED) and name not in left_out]
    events = events_of(names) + sized_events()
    product = by_product(events, [PYTHON, OURS], variables_of(), FOLDER).answers
    assert [answer.body for answer in product] == by_emulator(events, [PYTHON, OURS], variables_of(), FOLDER)
