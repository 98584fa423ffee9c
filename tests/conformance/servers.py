"""The three Runtime APIs that a runtime is run against: a recorder of ours that knows nothing of Lambda, livelambda's own
(runtime_api::Endpoint, as the program build/dev/conformance_endpoint), and AWS's runtime interface emulator."""

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime_api import Event, RuntimeApi

ROOT = Path(__file__).resolve().parents[2]
ENDPOINT = ROOT / "build" / "dev" / "conformance_endpoint"
# The SAM CLI brings along the emulator that AWS built.
EMULATOR = next((ROOT / "build" / "judges-sam").glob("lib/python3.*/site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"), None)

needs_endpoint = pytest.mark.skipif(not ENDPOINT.exists(), reason="conformance_endpoint is not built (scripts/build dev)")
needs_emulator = pytest.mark.skipif(EMULATOR is None, reason="SKIPPED JUDGE: aws-lambda-rie (of the SAM CLI; scripts/judges installs it)")

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
DEADLINE = 4102444800000
REQUEST_ID = "Lambda-Runtime-Aws-Request-Id"
ENDED = "ended"  # the kind of an answer that is none: the runtime ended instead


@dataclass
class Answer:
    """What a runtime has said of an event, or, as "init", of its own start."""
    kind: str  # response, error, init
    body: bytes
    content_type: str | None
    error_type: str | None
    cause: str | None


@dataclass
class Run:
    answers: list[Answer]
    output: str
    status: int | None
    asked: int  # events that it took


def environment(handler, task_root, runtime, **variables):
    """A function's, as the managed runtime of that name has it."""
    return {"PATH": "/usr/bin:/bin", "_HANDLER": handler, "LAMBDA_TASK_ROOT": str(task_root), "PYTHONPATH": str(task_root),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}", "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]1", "PYTHONDONTWRITEBYTECODE": "1", **variables}


def by_recorder(events, command, variables, folder) -> Run:
    api = RuntimeApi(events).run(command, variables, folder)

    def answer(one):
        kind = "init" if one.path.endswith("/init/error") else one.path.rsplit("/", 1)[1]
        cause = one.headers.get("lambda-runtime-function-xray-error-cause")
        return Answer(kind, one.body, one.headers.get("content-type"), one.headers.get("lambda-runtime-function-error-type"),
                      cause and cause.encode("latin-1").decode())
    return Run([answer(one) for one in api.posted], api.output, api.status, api.count)


def each_of(by, events, command, variables, folder) -> Run:
    """An answer for each event: a runtime that ends is started anew for the rest. How it ended is part of its last answer."""
    answers, output = [], ""
    events = [Event(event.body, {REQUEST_ID: f"request-{number}", **event.headers}) for number, event in enumerate(events, 1)]
    while len(answers) < len(events):
        run = by(events[len(answers):], command, variables, folder)
        output += run.output
        answers += run.answers
        if run.status != -signal.SIGKILL:  # which is how it ends when all are answered
            if run.answers and run.asked <= len(run.answers):  # it had answered, or could not start
                answers[-1].kind += f", ended with {run.status}"
            else:
                answers.append(Answer(f"{ENDED} with {run.status}", b"", None, None, None))
            if run.asked == 0:
                answers += [answers[-1]] * (len(events) - len(answers))
    return Run(answers[:len(events)], output, None, len(events))


def _as_line(number, event: Event) -> bytes:
    of = {name.lower(): value for name, value in event.headers.items()}
    line = {"request_id": of.get(REQUEST_ID.lower(), f"request-{number}"), "body": base64.b64encode(event.body).decode(), "function_arn": ARN, "deadline_ms": DEADLINE,
            "trace_id": of.get("lambda-runtime-trace-id", ""), "client_context": of.get("lambda-runtime-client-context", ""),
            "cognito_identity": of.get("lambda-runtime-cognito-identity", ""), "tenant_id": of.get("lambda-runtime-aws-tenant-id", "")}
    return json.dumps(line).encode() + b"\n"


def by_product(events, command, variables, folder) -> Run:
    """Against livelambda's Runtime API. Ends the runtime after the last answer."""
    answers, asked = [], 0
    with tempfile.TemporaryFile() as output, subprocess.Popen([ENDPOINT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as api:
        address = json.loads(api.stdout.readline())["address"]
        runtime = subprocess.Popen(command, cwd=folder, env={**variables, "AWS_LAMBDA_RUNTIME_API": address}, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=output)
        too_long = threading.Timer(60, runtime.kill)
        too_long.start()
        # A runtime that has ended answers no more: the end of its input ends the API, and so the wait for a line of it.
        watcher = threading.Thread(target=lambda: (runtime.wait(), api.stdin.close()), daemon=True)
        watcher.start()
        for number, event in enumerate(events, 1):
            try:
                api.stdin.write(_as_line(number, event))
                api.stdin.flush()
            except (BrokenPipeError, ValueError):
                break
            line = json.loads(api.stdout.readline() or b"null")
            if line and line["kind"] == "taken":
                asked += 1
                line = json.loads(api.stdout.readline() or b"null")
            if line is None:
                break
            kind = "init" if line["kind"] == "init_failed" else "error" if line["failure"] else "response"
            # Of a stream that broke: its pieces, then the error.
            body = base64.b64decode(line["stream"]) + base64.b64decode(line["body"])
            answers.append(Answer(kind, body, line["stream_type"] if line["streamed"] else line["content_type"], line["error_type"] or None,
                                  line["xray_error_cause"] or None))
            if kind == "init":
                runtime.wait(60)
                break
        else:
            runtime.kill()
        watcher.join(60)
        too_long.cancel()
        output.seek(0)
        return Run(answers, output.read().decode(errors="replace"), runtime.returncode, asked)


def by_emulator(events, command, variables, folder) -> list[bytes]:
    """What who invokes gets from AWS's emulator, which starts the runtime anew where it ended. Request ids become numbers."""
    ports = _free_ports(2)
    bodies = []
    with tempfile.TemporaryFile() as output:
        emulator = subprocess.Popen([EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}", "--runtime-api-address",
                                     f"127.0.0.1:{ports[1]}", *command, variables["_HANDLER"]], cwd=folder, env=variables,
                                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        try:
            for event in events:
                bodies.append(_invoke(ports[0], event))
        finally:
            os.killpg(emulator.pid, signal.SIGKILL)
            emulator.wait()
    uuid = rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    return [re.sub(uuid, b"request-%d" % number, body) for number, body in enumerate(bodies, 1)]


def _invoke(port, event: Event) -> bytes:
    headers = {}
    client_context = event.headers.get("Lambda-Runtime-Client-Context")
    if client_context:
        headers["X-Amz-Client-Context"] = base64.b64encode(client_context.encode()).decode()
    end = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", event.body, headers)
            return connection.getresponse().read()
        except ConnectionRefusedError:  # it is not there yet
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def _free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
