"""runtimes/python beside awslambdaric: one handler after the other, run by both, and what they post is compared byte for byte."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from runtime_api import Event, RuntimeApi

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build" / "judges-ric" / "bin" / "python"
OURS = ROOT / "runtimes" / "python" / "bootstrap.py"

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="SKIPPED JUDGE: awslambdaric (scripts/judges installs it)")

HANDLERS = """
import collections, decimal, enum, logging, os, sys
from .helpers import fail

Point = collections.namedtuple("Point", "x y")
class Colour(str, enum.Enum): RED = "red"
class Number(enum.IntEnum): TWO = 2

def echo(event, context): return event
def nothing(event, context): pass
def text(event, context): return "ä\\u2028\\u2029\\u0007\\U0001f600"
def numbers(event, context): return [1.5, 1e300, float("nan"), float("inf"), -0.0, 10**30, True]
def decimals(event, context): return {"a": decimal.Decimal("1.10"), "b": decimal.Decimal("NaN"), "c": [decimal.Decimal(3)]}
def kinds(event, context): return {"p": Point(1, "ä"), "t": (1, 2), "r": Colour.RED, "n": Number.TWO, 1: 2, None: 3, True: 4, 1.5: 5}
def in_bytes(event, context): return b"\\x00raw\\xff"
def bytes_inside(event, context): return {"b": b"text"}
def raised(event, context): raise ValueError("wrong: ä")
def deep(event, context): return fail(event)
def chained(event, context):
    try: fail(event)
    except KeyError as error: raise RuntimeError("after") from error
def without_message(event, context): raise KeyError
def assertion(event, context): assert event == 1
def no_json(event, context): return {1, 2}
def no_key(event, context): return {(1, 2): 3}
def cycle(event, context):
    ring = []; ring.append(ring); return ring
def show(event, context): return repr(context)
def members(event, context):
    client = context.client_context
    return [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id, context.tenant_id, context.w3c(),
            client and [client.custom, client.env, client.client and client.client.app_title], os.environ.get("_X_AMZN_TRACE_ID"),
            context.get_remaining_time_in_millis() > 0, context.function_name, context.log_stream_name, context.invoked_function_arn]
def logs(event, context):
    print("printed\\nin two"); logging.warning("warned %s", 1); logging.getLogger("own").error("x" * 300000)
    context.log("by context\\n"); sys.stderr.write("to stderr\\n")
    try: fail(event)
    except KeyError: logging.exception("caught")
    print()  # without frames, AWS's runtime ends this record with no line's end
def each(event, context):
    return globals()[os.environ["NAMES"].split()[int(context.aws_request_id.split("-")[1])]](event, context)
"""
FILES = {
    "app/__init__.py": "", "app/helpers.py": "def fail(event):\n    return {}[event['none']]\n", "app/main.py": HANDLERS,
    "syntax.py": "def handler(:\n    pass\n", "missing.py": "import not_there_at_all\n", "boom.py": "from app.helpers import fail\nfail({})\n",
    "later.py": "import nested.broken\n", "nested/broken.py": "x = = 1\n", "leaves.py": "import sys\nsys.exit(3)\n",
    "bootstrap.py": "def handler(event, context):\n    raise ValueError('of a file with this name')\n"}

CLIENT = {"Lambda-Runtime-Client-Context": json.dumps({"custom": {"a": "b"}, "env": {}, "client": {"app_title": "shop"},
                                                       "w3c": {"traceparent": "00-1", "other": "x", "baggage": 1}}),
          "Lambda-Runtime-Cognito-Identity": json.dumps({"cognitoIdentityId": "eu-west-1:1", "cognitoIdentityPoolId": "pool"}),
          "Lambda-Runtime-Aws-Tenant-Id": "tenant", "Lambda-Runtime-Trace-Id": "Root=1-2;Sampled=1"}
EVENTS = [Event(b'{"none": "k", "text": "\xc3\xa4"}'), Event(b"{}", CLIENT), Event(b"[1, 2.50, null]"), Event(b"not json"),
          Event(b"{}", {"Lambda-Runtime-Client-Context": "{"})]


@pytest.fixture(scope="module")
def task_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(command, handler, task_root, runtime="python3.13", events=EVENTS, **variables):
    environment = {"PATH": "/usr/bin:/bin", "_HANDLER": handler, "LAMBDA_TASK_ROOT": str(task_root), "PYTHONPATH": str(task_root),
                   "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}", "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                   "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
                   "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]1", "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return RuntimeApi(events).run(command, environment, task_root)


def both(handler, task_root, **more):
    theirs = run([PYTHON, "-m", "awslambdaric", handler], handler, task_root, **more)
    ours = run([PYTHON, OURS], handler, task_root, **more)
    return theirs, ours


def comparable(api: RuntimeApi):
    """Path, what the API reads of the headers, and the body. X-Ray's cause lists files in no order."""
    def cause(text):
        value = json.loads(text) if text else None
        return value and {**value, "paths": sorted(value["paths"])}

    return [(one.path, one.headers.get("lambda-runtime-function-error-type"), one.headers.get("content-type"),
             cause(one.headers.get("lambda-runtime-function-xray-error-cause")), one.body) for one in api.posted]


NAMES = re.findall(r"^def (\w+)", HANDLERS, re.M)


@pytest.mark.parametrize("runtime", ["python3.13", "python3.11"])
def test_answers_and_errors_are_the_same_bytes(task_root, runtime):
    names = [name for name in NAMES if name not in ("each", "logs")]
    events = [Event(event.body, {"Lambda-Runtime-Aws-Request-Id": f"request-{number}", **event.headers})
              for number in range(len(names)) for event in EVENTS]
    theirs, ours = both("app.main.each", task_root, runtime=runtime, events=events, NAMES=" ".join(names))
    assert len(theirs.posted) == len(events)
    assert comparable(ours) == comparable(theirs)


@pytest.mark.parametrize("handler", ["app/main.echo", "syntax.handler", "missing.handler", "boom.handler", "later.handler",
                                     "leaves.handler", "app.main.none", "none.handler", "handler", "sys.handler", "app.main.", ".handler"])
def test_what_cannot_be_loaded_is_told_in_the_same_bytes(task_root, handler):
    theirs, ours = both(handler, task_root)
    assert comparable(ours) == comparable(theirs)
    assert ours.status == theirs.status


def shown(output: str) -> list[str]:
    """Log lines without what differs by design: times, and a record's own line breaks, which AWS's runtime keeps together by frames."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME", output.replace("\r", "\n"))
    return [line for line in text.split("\n") if line]


@pytest.mark.parametrize("variables", [{}, {"AWS_LAMBDA_LOG_FORMAT": "JSON"}, {"AWS_LAMBDA_LOG_LEVEL": "ERROR"},
                                       {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}])
def test_log_lines_are_the_same(task_root, variables):
    names = ["logs", "raised", "deep"]
    events = [Event(b'{"none": "k"}', {"Lambda-Runtime-Aws-Request-Id": f"request-{number}", **CLIENT}) for number in range(len(names))]
    theirs, ours = both("app.main.each", task_root, events=events, NAMES=" ".join(names), **variables)
    assert shown(ours.output) == shown(theirs.output)


def test_a_record_is_one_line_however_long_it_is(task_root):
    ours = run([PYTHON, OURS], "app.main.logs", task_root)
    lines = ours.output.split("\n")
    assert any(line.startswith("[ERROR]\t") and line.endswith("x" * 300000) for line in lines)
    assert any("\tcaught\rTraceback (most recent call last):\r" in line for line in lines)


def test_a_users_file_may_have_the_loaders_name(task_root):
    ours = run([PYTHON, OURS], "bootstrap.handler", task_root)
    trace = json.loads(ours.posted[0].body)["stackTrace"]
    assert len(trace) == 1 and f'File "{task_root}/bootstrap.py", line 2, in handler' in trace[0]
