"""AWS's clients that are compiled in or stand on a class path, Go, Rust and Java: what they say is handed on by livelambda's Runtime API as
it is, and who invokes gets the same from AWS's emulator."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from runtime_api import Event
from servers import ENDED, ROOT, by_emulator, by_product, by_recorder, each_of, environment, needs_emulator, needs_endpoint

FOLDER = Path(__file__).parent
GO_CACHE = ROOT / "build" / "judges-go"
RUST = ROOT / "build" / "judges-rust" / "target" / "debug" / "stock"
JAVA = ROOT / "build" / "judges-java" / "client"

pytestmark = [needs_endpoint, needs_emulator]

SIZES = [{"case": "size", "size": 6291556}, {"case": "size", "size": 6291557}]


def cases(*names):
    return [{"case": name} for name in names]


@pytest.fixture(scope="module")
def go(tmp_path_factory):
    if not shutil.which("go") or not (GO_CACHE / "mod").exists():
        pytest.skip("SKIPPED JUDGE: aws-lambda-go (scripts/judges fetches it, with go on PATH)")
    program = tmp_path_factory.mktemp("go") / "bootstrap"
    variables = {**os.environ, "GOMODCACHE": str(GO_CACHE / "mod"), "GOCACHE": str(GO_CACHE / "cache"), "GOFLAGS": "-modcacherw", "GOPROXY": "off"}
    subprocess.run(["go", "build", "-o", program, "."], cwd=FOLDER / "go", env=variables, check=True)
    return [program]


@pytest.fixture(scope="module")
def rust():
    if not RUST.exists():
        pytest.skip("SKIPPED JUDGE: lambda_runtime (scripts/judges-rust builds it, with cargo on PATH)")
    return [RUST]


@pytest.fixture(scope="module")
def java(tmp_path_factory):
    if not shutil.which("javac") or not JAVA.exists():
        pytest.skip("SKIPPED JUDGE: aws-lambda-java-runtime-interface-client (scripts/judges-java fetches it, with a JDK on PATH)")
    classes = tmp_path_factory.mktemp("java")
    subprocess.run(["javac", "-encoding", "UTF-8", "-cp", f"{JAVA}/*", "-d", classes, FOLDER / "java" / "Conformance.java"], check=True)
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JAVA}/*:{classes}", "com.amazonaws.services.lambda.runtime.api.client.AWSLambda", "Conformance"]


@pytest.mark.parametrize("client, handler, answered, ending", [
    ("go", "bootstrap", cases("echo", "error", "own_type", "pointer", "own_message", "nothing", "text", "bytes", "not_a_number", "channel"),
     cases("panic", "panic_error", "exit")),
    ("java", "Conformance", cases("echo", "error", "own_class", "no_message", "nothing", "text", "bytes", "not_a_number", "circular"),
     cases("exit")),
    ("rust", "bootstrap", [{"fail": "wrong: ä"}, {"panic": "panicked"}, {"fail": "again"}], [])])
def test_what_a_client_says_is_handed_on_as_it_is(request, tmp_path, client, handler, answered, ending):
    command = request.getfixturevalue(client)
    sizes = [] if client == "rust" else SIZES
    events = [Event(json.dumps(event).encode()) for event in answered + sizes[:1] + ending + sizes[1:]]
    variables = environment(handler, tmp_path, "java17" if client == "java" else "provided.al2023", PATH=os.environ["PATH"])
    product = each_of(by_product, events, command, variables, tmp_path).answers
    recorded = each_of(by_recorder, events, command, variables, tmp_path).answers
    emulated = by_emulator(events, command, variables, tmp_path)

    for answer in recorded:
        answer.content_type = answer.content_type or "application/json"  # which is what the API takes it for
    whole = len(answered) + len(sizes[:1])
    assert product[:whole] == recorded[:whole]
    assert [answer.body for answer in product[:whole]] == emulated[:whole]
    for ours, theirs, body in zip(product[whole:][:len(ending)], recorded[whole:], emulated[whole:]):
        assert (ours.kind, ours.body) == (theirs.kind, theirs.body)
        # Who had said something before the end is heard; else the end itself is the answer.
        assert body == ours.body or ours.kind.startswith(ENDED) and json.loads(body)["errorType"] == "Runtime.ExitError"
    if sizes:
        assert product[-1].body == emulated[-1] and json.loads(emulated[-1])["errorType"] == "Function.ResponseSizeTooLarge"
