"""Functions that are programs of their own, live: Go, Rust and C++ with AWS's clients, a Makefile, a ready bootstrap, and what
livelambda.yaml builds and runs. AWS's runtime client for Python stands for any other that speaks the Runtime API."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import apps
from harness.processes import ROOT
from harness.session import Session

GO_CACHE = ROOT / "build" / "judges-go"
RIC = ROOT / "build" / "judges-ric" / "bin" / "python"
HAS_GO = shutil.which("go") is not None and (GO_CACHE / "mod").is_dir()
RUST = ROOT / "build" / "judges-rust"
HAS_RUST = shutil.which("cargo") is not None and (RUST / "target").is_dir()
CPP = ROOT / "build" / "judges-ric-node" / "node_modules" / "aws-lambda-ric" / "cpp"  # aws-lambda-cpp, as aws-lambda-ric brings it along
HAS_CPP = shutil.which("cmake") is not None and CPP.is_dir()
needs_go = pytest.mark.skipif(not HAS_GO, reason="SKIPPED JUDGE: aws-lambda-go (scripts/judges downloads it, with go on PATH)")
needs_rust = pytest.mark.skipif(not HAS_RUST, reason="SKIPPED JUDGE: lambda_runtime (scripts/judges-rust builds it, with cargo on PATH)")
needs_cpp = pytest.mark.skipif(not HAS_CPP, reason="SKIPPED JUDGE: aws-lambda-cpp (scripts/judges installs it, with cmake on PATH)")
needs_ric = pytest.mark.skipif(not RIC.exists(), reason="SKIPPED JUDGE: awslambdaric (scripts/judges installs it)")

HEAD = """Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: provided.al2023, Handler: bootstrap, Timeout: 60, Environment: {Variables: {TABLE: orders}}}}
Resources:
"""
FUNCTION = "  {name}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: {folder}{more}}}{metadata}}}\n"
SHELL = """#!/usr/bin/env python3
import json, os, urllib.request
BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{BASE}/next") as event:
        request = event.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = json.dumps({"said": open("said.txt").read(), "root": os.environ["LAMBDA_TASK_ROOT"], "pid": os.getpid()}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{BASE}/{request}/response", answer)).close()
"""
MAKEFILE = "build-Made:\n\tcp program.py $(ARTIFACTS_DIR)/bootstrap\n\tchmod +x $(ARTIFACTS_DIR)/bootstrap\n\tcp said.txt $(ARTIFACTS_DIR)/said.txt\n"


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    template = HEAD
    apps.write(folder, {"ready/bootstrap": SHELL, "ready/said.txt": "ready", "made/program.py": SHELL, "made/said.txt": "made", "made/Makefile": MAKEFILE,
                   "given/program.py": SHELL, "given/words/said.txt": "given", "ric/app.py": "def handler(event, context):\n    return [event, context.tenant_id]\n",
                   "stays/App.cs": "public class App {}\n"})
    (folder / "ready/bootstrap").chmod(0o755)
    template += FUNCTION.format(name="Ready", folder="ready/", more="", metadata="")
    template += FUNCTION.format(name="Made", folder="made/", more="", metadata=", Metadata: {BuildMethod: makefile}")
    template += FUNCTION.format(name="Given", folder="given/", more=", Runtime: ruby3.4", metadata="")
    template += FUNCTION.format(name="Stays", folder="stays/", more=", Runtime: dotnet8, Handler: Shop", metadata="")
    template += "  Pictures: {Type: AWS::Serverless::Function, Properties: {PackageType: Image, ImageUri: 1.dkr.ecr.us-east-1.amazonaws.com/p:1}}\n"
    settings = ("functions:\n  Given:\n    build: cp given/words/said.txt given/said.txt\n    run: python3 program.py\n"
                "  Pictures:\n    source: ready\n    run: ./bootstrap\n")
    if RIC.exists():
        template += FUNCTION.format(name="Ric", folder="ric/", more="", metadata="")
        settings += f"  Ric:\n    run: {RIC} -m awslambdaric app.handler\n"
    if HAS_GO:
        shutil.copytree(ROOT / "tests" / "go", folder / "go")
        template += FUNCTION.format(name="Go", folder="go/", more="", metadata="")
    if HAS_RUST:
        shutil.copytree(ROOT / "tests" / "rust", folder / "rust")
        # The crates as scripts/judges-rust compiled them: cp keeps the times by which cargo knows.
        (folder / ".livelambda/build").mkdir(parents=True)
        subprocess.run(["cp", "-a", RUST / "target", folder / ".livelambda/build/cargo"], check=True)
        template += FUNCTION.format(name="Rust", folder="rust/", more="", metadata=", Metadata: {BuildMethod: rust-cargolambda}")
    if HAS_CPP:
        shutil.copytree(ROOT / "tests" / "cpp", folder / "cpp")
        template += FUNCTION.format(name="Cpp", folder="cpp/", more="", metadata="")
        template += FUNCTION.format(name="CppMade", folder="cpp/", more="", metadata=", Metadata: {BuildMethod: makefile}")
        settings += "  Cpp:\n    build: cmake -S cpp -B .livelambda/cmake >&2 && cmake --build .livelambda/cmake\n    run: ../.livelambda/cmake/shop\n"
    apps.write(folder, {"template.yaml": template, "livelambda.yaml": settings})
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    real = Path(os.path.expanduser("~root")) if os.geteuid() == 0 else Path.home()
    tools = {"GOMODCACHE": str(GO_CACHE / "mod"), "GOCACHE": str(GO_CACHE / "cache"), "GOFLAGS": "-mod=mod", "GOPROXY": "off",
             "GOOS": "plan9", "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup")),
             "CARGO_HOME": str(RUST / "home"), "CARGO_NET_OFFLINE": "true", "AWS_LAMBDA_CPP": str(CPP)}
    return Session(app, cloud, module_path / "home", env=tools)


def invoke(cloud, session, name, event=None):
    answer = cloud.invoke(session.function(name), event or {})
    assert answer.error is None, answer
    return answer.json


def reload(session, name, file, text, status="ok"):
    mark = session.mark()
    apps.save(file, text)
    return session.wait_for("reload", timeout=180, after=mark, function=name, status=status)


def test_a_ready_bootstrap_runs_in_its_folder(cloud, session, app):
    answer = invoke(cloud, session, "Ready")
    assert answer["said"] == "ready" and answer["root"] == str(app / "ready")
    reload(session, "Ready", app / "ready/said.txt", "again")
    assert invoke(cloud, session, "Ready")["said"] == "again"


def test_a_makefile_builds_as_sam_has_it(cloud, session, app):
    answer = invoke(cloud, session, "Made")
    assert answer["said"] == "made" and answer["root"] == str(app / ".livelambda/build/Made")
    reload(session, "Made", app / "made/said.txt", "made anew")
    assert invoke(cloud, session, "Made")["said"] == "made anew"


def test_commands_of_livelambda_yaml_build_and_run_any_runtime(cloud, session, app):
    assert invoke(cloud, session, "Given")["said"] == "given"
    reload(session, "Given", app / "given/words/said.txt", "given anew")
    assert invoke(cloud, session, "Given")["said"] == "given anew"


def test_a_container_image_runs_by_the_command_of_livelambda_yaml(cloud, session, app):
    answer = invoke(cloud, session, "Pictures")
    assert answer["said"] == (app / "ready/said.txt").read_text()
    assert "Pictures: experimental" in session.stderr


def test_what_cannot_run_here_keeps_its_code_in_aws(session):
    assert "Stays" not in {one["logicalId"] for one in session.ready["functions"]}
    assert "Stays keeps its code in AWS: its folder has no .csproj or .fsproj" in session.stderr


@needs_ric
def test_another_runtime_client_cannot_tell_the_difference(cloud, session):
    assert invoke(cloud, session, "Ric", {"a": "ä"}) == [{"a": "ä"}, None]


@needs_go
def test_go_is_built_run_and_rebuilt(cloud, session, app):
    first = invoke(cloud, session, "Go")
    assert first["word"] == "one" and first["text"] == "embedded" and first["table"] == "orders"
    assert first["arn"].endswith(session.function("Go")) and first["handler"] == "bootstrap" and first["execution"] is False
    assert invoke(cloud, session, "Go")["pid"] == first["pid"]
    word = (app / "go/words/words.go").read_text()
    reload(session, "Go", app / "go/words/words.go", word.replace("one", "two"))
    assert invoke(cloud, session, "Go")["word"] == "two"
    told = reload(session, "Go", app / "go/words/words.go", word.replace('"one"', "one"), "error")
    assert "undefined: one" in told["output"] and "words/words.go:5" in told["output"]
    answer = cloud.invoke(session.function("Go"), {})
    assert answer.json["errorType"] == "Function.LiveBuild" and "undefined: one" in answer.json["errorMessage"]
    reload(session, "Go", app / "go/words/words.go", word)
    reload(session, "Go", app / "go/data/text.txt", "embedded anew")
    assert invoke(cloud, session, "Go")["text"] == "embedded anew"


@needs_go
def test_go_fails_as_in_lambda(cloud, session):
    function = session.function("Go")
    assert cloud.invoke(function, {"fail": "no stock"}).json == {"errorMessage": "no stock", "errorType": "errorString"}
    panicked = cloud.invoke(function, {"panic": "so"}).json
    assert panicked["errorMessage"] == "so" and any(frame["label"] == "handle" for frame in panicked["stackTrace"])
    assert "exit status 3" in cloud.invoke(function, {"exit": 3}).json["errorMessage"]
    assert cloud.invoke(function, {}).error is None


@needs_rust
def test_rust_is_built_run_and_rebuilt_with_the_crate_of_aws(cloud, session, app):
    first = invoke(cloud, session, "Rust", {"a": "ä"})
    assert first["word"] == "one" and first["event"] == {"a": "ä"} and first["memory"] == 128
    assert first["arn"].endswith(session.function("Rust")) and invoke(cloud, session, "Rust")["pid"] == first["pid"]
    failed = cloud.invoke(session.function("Rust"), {"fail": "no stock"})
    assert failed.error == "Unhandled" and failed.json["errorMessage"] == "no stock"
    assert cloud.invoke(session.function("Rust"), {"panic": "so"}).json["errorMessage"].endswith("so")
    told = reload(session, "Rust", app / "rust/src/word.rs", 'pub const WORD: &str = 3;\n', "error")
    assert "mismatched types" in told["output"] and "src/word.rs:1" in told["output"]
    assert "mismatched types" in cloud.invoke(session.function("Rust"), {}).json["errorMessage"]
    reload(session, "Rust", app / "rust/src/word.rs", 'pub const WORD: &str = "two";\n')
    assert invoke(cloud, session, "Rust")["word"] == "two"


@pytest.mark.parametrize("name", [pytest.param("Go", marks=needs_go), pytest.param("Rust", marks=needs_rust)])
def test_the_clients_of_aws_stream(cloud, session, tmp_path, name):
    event = json.dumps({"first": "first", "until": str(tmp_path / "go")})
    answer = cloud.client("lambda").invoke_with_response_stream(FunctionName=session.function(name), Payload=event)["EventStream"]
    pieces = (one["PayloadChunk"]["Payload"] for one in answer if "PayloadChunk" in one)
    came = b""
    while not came.endswith(b"first"):  # the crate begins with a prelude
        came += next(pieces)
    (tmp_path / "go").touch()
    assert b"".join(pieces) == b"last"
    assert cloud.invoke(session.function(name), json.loads(event)).payload == came + b"last", "also for who wants it whole"


@needs_cpp
@pytest.mark.parametrize("name", ["Cpp", "CppMade"])
def test_cpp_is_built_and_run_with_the_client_of_aws(cloud, session, name):
    first = invoke(cloud, session, name, {"a": "ä"})
    assert first["word"] == "one" and first["event"] == {"a": "ä"} and 0 < first["left"] <= 60_000
    assert first["arn"].endswith(session.function(name)) and invoke(cloud, session, name)["pid"] == first["pid"]
    failed = cloud.invoke(session.function(name), {"fail": True})
    assert failed.error == "Unhandled" and failed.json == {"errorMessage": "no stock", "errorType": "OutOfStock", "stackTrace": []}


@needs_cpp
def test_cpp_is_rebuilt(cloud, session, app):
    mark = session.mark()
    apps.save(app / "cpp/word.h", 'constexpr const char* kWord = "two";\n')
    for name in ["Cpp", "CppMade"]:
        session.wait_for("reload", timeout=180, after=mark, function=name, status="ok")
        assert invoke(cloud, session, name)["word"] == "two"
    told = reload(session, "Cpp", app / "cpp/word.h", "constexpr int kWord = nothing;\n", "error")
    assert "word.h:1" in told["output"] and "nothing" in told["output"]
