"""`start --inspect` with real clients of debuggers: a breakpoint holds a live invocation, a value is read, the answer arrives; after a
save the client finds the new worker at the same address. And Lambda's timeout while a debugger holds."""

import json
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from harness import apps, judges
from harness.calls import Call
from harness.debug_clients import Adapter, Inspector, Jdb, generated_position
from harness.processes import PROGRAM, ROOT, clean_environment, is_alive, wait_until
from harness.session import Session

ESBUILD = ROOT / "build" / "judges-cdk" / "node_modules"
GO_CACHE = ROOT / "build" / "judges-go"
DLV = GO_CACHE / "bin" / "dlv"
HAS_GO = shutil.which("go") is not None and DLV.exists()
CLIENT = Path(__file__).parent / "programs" / "client.cc"
JAVA_CLIENT = ROOT / "build" / "judges-java" / "repository"
HAS_JAVA = shutil.which("jdb") is not None and JAVA_CLIENT.is_dir()
needs_java = pytest.mark.skipif(not HAS_JAVA, reason="SKIPPED JUDGE: jdb with aws-lambda-java-runtime-interface-client (scripts/judges-java fetches it)")
COMPILER = shutil.which("clang++-19") or shutil.which("c++")
needs_esbuild = pytest.mark.skipif(not (ESBUILD / "esbuild").is_dir(), reason="SKIPPED JUDGE: esbuild (scripts/judges installs it)")
needs_delve = pytest.mark.skipif(not HAS_GO, reason="SKIPPED JUDGE: Delve (scripts/judges builds it, with go on PATH)")

TYPESCRIPT = """interface Event { name: string }

const began: number = 1;

export const handler = async (event: Event) => {
  const greeting = `hello ${event.name}`;
  return { greeting, began, pid: process.pid };
};
"""
PYTHON = """import os

BEGAN = 1


def handler(event, context):
    greeting = "hello " + event["name"]
    return {"greeting": greeting, "pid": os.getpid()}
"""
SLOW = """import time


def handler(event, context):
    name = event["name"]
    return {"name": name, "left": context.get_remaining_time_in_millis()}
"""
SHORT = """Transform: AWS::Serverless-2016-10-31
Resources:
  Slow: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.11, Handler: app.handler, CodeUri: src/, Timeout: 1}}
"""
HELD = """import fs from "node:fs";
export const handler = async (event) => {
  fs.appendFileSync(event.runs, event.token + "\\n");
  if (event.stops) debugger;
  fs.appendFileSync(event.runs, "after " + event.token + "\\n");
  return process.pid;
};
"""
JAVA = """package shop;

import java.util.Map;

public class Plain {
  public Object twice(Map<String, Integer> order) {
    int pieces = 2 * order.get("pieces");
    return Map.of("pieces", pieces, "pid", ProcessHandle.current().pid());
  }
}
"""
TEMPLATE = """Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: nodejs20.x, CodeUri: ., Timeout: 60}}
Resources:
  Held: {Type: AWS::Serverless::Function, Properties: {Handler: held.handler, Timeout: 2, CodeUri: held/}}
  Python: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, Runtime: python3.11, CodeUri: python/}}
"""
TYPED = "  Typed: {Type: AWS::Serverless::Function, Properties: {Handler: src/api.handler}}\n"
PROVIDED = "  {name}: {{Type: AWS::Serverless::Function, Properties: {{Runtime: provided.al2023, Handler: bootstrap, CodeUri: {folder}/}}{more}}}\n"
MINE = '{\n  // my own\n  "configurations": [\n    {"name": "Mine", "type": "node"}, // stays\n  ],\n}\n'


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    template = TEMPLATE
    apps.write(folder, {"held/held.mjs": HELD, "python/app.py": PYTHON, ".vscode/launch.json": MINE, ".idea/modules.xml": "<project/>"})
    (folder / "python/.venv").symlink_to(ROOT / "build" / "judges")
    if (ESBUILD / "esbuild").is_dir():
        template += TYPED
        apps.write(folder, {"src/api.ts": TYPESCRIPT})
        for name in ("esbuild", "@esbuild"):
            (folder / "node_modules").mkdir(exist_ok=True)
            (folder / "node_modules" / name).symlink_to(ESBUILD / name)
    if HAS_GO:
        shutil.copytree(ROOT / "tests" / "go", folder / "go")
        template += PROVIDED.format(name="Go", folder="go", more="")
    if HAS_JAVA:
        apps.write(folder, {"java-sources/shop/Plain.java": JAVA})
        subprocess.run(["javac", "-g", "-d", folder / "java", folder / "java-sources/shop/Plain.java"], check=True)
        template += "  Java: {Type: AWS::Serverless::Function, Properties: {Handler: 'shop.Plain::twice', Runtime: java17, CodeUri: java/, MemorySize: 256}}\n"
    apps.write(folder, {"native/client.cc": CLIENT.read_text(), "native/Makefile": f"build-Native:\n\t{COMPILER} -g -O0 -o $(ARTIFACTS_DIR)/bootstrap client.cc\n"})
    template += PROVIDED.format(name="Native", folder="native", more=", Metadata: {BuildMethod: makefile}")
    apps.write(folder, {"template.yaml": template})
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    tools = {"GOMODCACHE": str(GO_CACHE / "mod"), "GOCACHE": str(GO_CACHE / "cache"), "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    path = clean_environment(module_path)["PATH"]
    for version in JAVA_CLIENT.glob("com/amazonaws/aws-lambda-java-runtime-interface-client/*"):  # as if it had been fetched
        client = module_path / f"home/.cache/livelambda/java/aws-lambda-java-runtime-interface-client-{version.name}"
        client.mkdir(parents=True)
    for jar in [*JAVA_CLIENT.glob("com/amazonaws/aws-lambda-java-*/*/*.jar"), *JAVA_CLIENT.glob("software/amazon/awssdk/utils-lite/*/*.jar")]:
        shutil.copy(jar, client)
    return Session(app, cloud, module_path / "home", "test", "--inspect", env={**tools, "PATH": f"{DLV.parent}:{path}"})


def address(session: Session, function: str, after: int = 0) -> str:
    return session.wait_for("debugger", function=function, after=after)["address"]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def stop_in_source(inspector: Inspector, app: Path, line: int) -> str:
    """A breakpoint by URL, where the source map has the line; it need not be loaded yet."""
    bundle = app / ".livelambda/build/Typed/src/api.cjs"
    at_line, column = generated_position(json.loads(Path(f"{bundle}.map").read_text()), "src/api.ts", line)
    return inspector.call("Debugger.setBreakpointByUrl", url=bundle.as_uri(), lineNumber=at_line, columnNumber=column)["breakpointId"]


def hit(inspector: Inspector, breakpoint: str, expression: str) -> object:
    """Waits until it stops there, reads a value, and lets it go on."""
    paused = inspector.wait_event("Debugger.paused", matches=lambda params: breakpoint in params.get("hitBreakpoints", []))
    frame = paused["callFrames"][0]["callFrameId"]
    value = inspector.call("Debugger.evaluateOnCallFrame", callFrameId=frame, expression=expression)["result"]["value"]
    inspector.call("Debugger.resume")
    return value


def test_the_editors_files_have_every_function_and_what_was_there(session, app):
    text = (app / ".vscode/launch.json").read_text()
    assert text.startswith('{\n  // my own\n  "configurations": [\n    {"name": "Mine", "type": "node"},\n')
    assert text.count('"livelambda: Held"') == text.count('"livelambda: Python"') == 1 and "// stays" in text
    xml = (app / ".idea/runConfigurations/livelambda__Held.xml").read_text()
    ports = json.loads((app / ".livelambda/debug-ports.json").read_text())
    assert f'port="{ports["Held"]}"' in xml and f'"port": {ports["Held"]}' in text
    assert len(set(ports.values())) == len(ports)
    assert "launch.json" in session.stderr


@needs_esbuild
def test_a_breakpoint_in_typescript_holds_an_invocation_before_and_after_a_save(cloud, session, app):
    function = session.function("Typed")
    first = cloud.invoke(function, {"name": "you"}).json
    inspector = Inspector(address(session, "Typed"))
    inspector.begin()
    breakpoint = stop_in_source(inspector, app, line_of(TYPESCRIPT, "return {"))
    call = Call(cloud, function, {"name": "debugger"})
    assert hit(inspector, breakpoint, "greeting") == "hello debugger"
    assert call.result().json == {**first, "greeting": "hello debugger"}

    mark = session.mark()
    apps.edit(app / "src/api.ts", "const began: number = 1;", "const began: number =\n  41 + 1;")
    inspector.wait_closed()
    told = session.wait_for("debugger", after=mark, function="Typed")
    assert told["waits"] and told["address"] == address(session, "Typed")
    inspector = Inspector(told["address"])  # as an editor that attaches again
    inspector.begin()
    at_load = stop_in_source(inspector, app, 4)
    in_handler = stop_in_source(inspector, app, line_of(TYPESCRIPT, "return {") + 1)
    call = Call(cloud, function, {"name": "again"})
    inspector.go()
    assert hit(inspector, at_load, "1 + 1") == 2  # code that runs while it loads
    assert hit(inspector, in_handler, "began") == 42
    assert call.result().json == {"greeting": "hello again", "began": 42, "pid": told["pid"]}
    session.wait_for("reload", after=mark, function="Typed", status="ok")
    inspector.close()


def test_lambdas_timeout_ends_the_invocation_and_not_what_the_debugger_holds(cloud, session, app, tmp_path):
    function, runs = session.function("Held"), tmp_path / "runs"
    held = cloud.invoke(function, {"runs": str(runs), "token": "warm"}).json
    inspector = Inspector(address(session, "Held"))
    inspector.begin()
    mark = session.mark()
    answer = cloud.invoke(function, {"runs": str(runs), "token": "one", "stops": True})
    assert "Task timed out after 2.00 seconds" in answer.json["errorMessage"]
    told = session.wait_for("invocation", after=mark, phase="finished", status="timeout", pid=held)
    assert "--increase-timeout" in told["error"] and "2 s passed while the debugger held Held" in told["error"]
    assert is_alive(held) and "s until Lambda's timeout" in session.stderr

    other = cloud.invoke(function, {"runs": str(runs), "token": "two"}).json  # meanwhile, in another worker
    assert other != held and is_alive(held)
    inspector.wait_event("Debugger.paused")
    inspector.send("Debugger.resume")  # no answer: the session ends the worker when its handler has, and that may be sooner
    wait_until(lambda: not is_alive(held), "what was held ends with its handler")
    assert runs.read_text().split("\n") == ["warm", "after warm", "one", "two", "after two", "after one", ""]
    assert cloud.invoke(function, {"runs": str(runs), "token": "three"}).json == other
    assert len(session.select("invocation", phase="finished", requestId=told["requestId"])) == 1


def test_debugpy_holds_an_invocation_before_and_after_a_save(cloud, session, app):
    judges.module("debugpy", "debugpy")
    function, file = session.function("Python"), app / "python/app.py"
    line = line_of(PYTHON, "return {")
    first = cloud.invoke(function, {"name": "you"}).json
    client = Adapter(address(session, "Python"))
    client.attach({file: [line]}, restart=True)
    call = Call(cloud, function, {"name": "debugger"})
    frame = client.stopped()
    assert (frame["line"], client.evaluate(frame, "greeting")) == (line, "'hello debugger'")
    client.go_on()
    assert call.result().json == {**first, "greeting": "hello debugger"}

    mark = session.mark()
    apps.edit(file, '"hello "', '"goodbye "')
    assert client.wait_event("terminated")["restart"] is True
    client.close()
    told = session.wait_for("debugger", after=mark, function="Python")
    assert told["waits"] and told["address"] == address(session, "Python")
    client = Adapter(told["address"])
    client.attach({file: [line_of(PYTHON, "BEGAN")]}, restart=True)
    assert client.stopped()["line"] == line_of(PYTHON, "BEGAN")  # code that runs while it loads
    client.go_on()
    assert cloud.invoke(function, {"name": "world"}).json == {"greeting": "goodbye world", "pid": told["pid"]}

    mark = session.mark()
    apps.edit(file, '"goodbye "', '"farewell "')
    client.wait_event("terminated")
    client.close()  # and it does not come back
    answer = cloud.invoke(function, {"name": "world"}).json
    told = session.wait_for("debugger", after=mark, function="Python", waits=False)
    assert answer == {"greeting": "farewell world", "pid": told["pid"]}


@needs_delve
def test_delve_attaches_to_a_worker_and_lets_go_of_it(cloud, session, app):
    function, file = session.function("Go"), app / "go/main.go"
    first = cloud.invoke(function, {}).json
    line = line_of(file.read_text(), "deadline, _ :=")
    client = Adapter(address(session, "Go"))
    client.attach({file: [line]}, mode="remote", stopOnEntry=False)
    call = Call(cloud, function, {"fail": ""})
    frame = client.stopped()
    assert frame["line"] == line and first["arn"] in client.evaluate(frame, "context.InvokedFunctionArn")
    client.go_on()
    assert call.result().json["pid"] == first["pid"]
    client.call("disconnect", terminateDebuggee=False)
    client.close()
    assert cloud.invoke(function, {}).json["pid"] == first["pid"]

    client = Adapter(address(session, "Go"))
    client.attach({}, mode="remote", stopOnEntry=False)
    mark = session.mark()
    apps.edit(app / "go/words/words.go", '"one"', '"two"')
    assert client.wait_event("terminated")["restart"] is True
    client.close()
    session.wait_for("reload", after=mark, function="Go", status="ok")
    answer = cloud.invoke(function, {}).json
    assert answer["word"] == "two" and answer["pid"] == session.wait_for("debugger", function="Go", after=mark)["pid"]


@needs_java
def test_jdb_holds_an_invocation(cloud, session, app):
    function = session.function("Java")
    first = cloud.invoke(function, {"pieces": 1}).json
    client = Jdb(address(session, "Java"))
    client.type(f"stop at shop.Plain:{line_of(JAVA, 'return Map')}", "breakpoint")
    call = Call(cloud, function, {"pieces": 21})
    client.expect("Breakpoint hit")
    client.type("print pieces", "pieces = 42")
    client.type("cont", "")
    assert call.result().json == {**first, "pieces": 42}
    client.close()
    assert cloud.invoke(function, {"pieces": 1}).json == first


def test_lldb_attaches_to_a_worker_and_lets_go_of_it(cloud, session, app):
    program = judges.program("lldb", "lldb-dap-19")
    function, file = session.function("Native"), app / "native/client.cc"
    first = cloud.invoke(function, {}).json
    line = line_of(file.read_text(), "std::to_string(getpid())")
    client = Adapter(command=[program])
    client.attach({file: [line]}, attachCommands=[f"gdb-remote {address(session, 'Native')}"],
                  initCommands=["settings set plugin.process.gdb-remote.packet-timeout 50"])  # for slow machines
    call = Call(cloud, function, {"name": "debugger"})
    frame = client.stopped()
    assert (frame["line"], client.evaluate(frame, "size")) == (line, "20")
    client.go_on()
    assert call.result().json == {**first, "size": 20, "event": {"name": "debugger"}}
    client.call("disconnect", terminateDebuggee=False)
    assert cloud.invoke(function, {}).json == first
    client.close()


def test_addresses_answer_before_there_is_a_worker_and_an_unknown_function_is_an_error(session, app, module_path):
    home = clean_environment(module_path)
    wrong = subprocess.run([PROGRAM, "start", "--local", "--app-dir", app, "--inspect", "Pyhton"], env=home, capture_output=True, text=True)
    assert wrong.returncode == 2 and 'no function "Pyhton"' in wrong.stderr and "Python" in wrong.stderr.split("nearest names")[1]
    for taken in json.loads((app / ".livelambda/debug-ports.json").read_text()).values():
        with socket.create_connection(("127.0.0.1", taken)):
            pass  # the session listens there, worker or not


def test_variables_of_an_editors_terminal_are_handed_on_and_hold_the_deadline(cloud, module_path, start):
    """VS Code's own bootloader is stood in for by a module that says that it was loaded."""
    folder = module_path / "terminal"
    loader = folder / "boot loader.cjs"
    app = apps.plain(folder, timeout=1, Api="export const handler = async (event) => {\n"
                     "  if (event.ms) await new Promise((go) => setTimeout(go, event.ms));\n  return globalThis.attached ?? null;\n};\n")
    loader.write_text("globalThis.attached = process.env.VSCODE_INSPECTOR_OPTIONS;\n")
    session = start(app, cloud, env={"NODE_OPTIONS": f' --require "{loader}" ', "VSCODE_INSPECTOR_OPTIONS": ":::{}"})
    assert cloud.invoke(session.function("Api"), {}).json == ":::{}"
    mark = session.mark()
    assert "Task timed out" in cloud.invoke(session.function("Api"), {"ms": 2500}).json["errorMessage"]
    held = session.wait_for("invocation", after=mark, phase="finished", status="timeout")
    assert is_alive(held["pid"])
    assert not session.select("debugger")


def test_an_editor_attaches_to_python_by_its_terminals_variables_and_a_raised_timeout_gives_it_time(cloud, module_path, start):
    """VS Code waits for debugpy to say in this file where it listens."""
    debugpy = judges.module("debugpy", "debugpy")
    endpoints = module_path / "endpoints.txt"
    app = apps.write(module_path / "by-itself", {"src/app.py": SLOW, "template.yaml": SHORT})
    (app / "src/.venv").symlink_to(ROOT / "build" / "judges")
    session = start(app, cloud, "test", "--increase-timeout",
                    env={"DEBUGPY_ADAPTER_ENDPOINTS": str(endpoints), "BUNDLED_DEBUGPY_PATH": str(Path(debugpy.__file__).parent)})
    function = session.function("Slow")
    assert cloud.client("lambda").get_function_configuration(FunctionName=function)["Timeout"] == 900
    assert cloud.invoke(function, {"name": "first"}).json["name"] == "first"
    wait_until(lambda: endpoints.exists() and endpoints.read_text().endswith("\n"), "debugpy to say where it listens")
    where = json.loads(endpoints.read_text())["client"]
    client = Adapter(f"{where['host']}:{where['port']}")
    line = line_of(SLOW, "return")
    client.attach({app / "src/app.py": [line]}, restart=False)
    call = Call(cloud, function, {"name": "editor"})
    frame = client.stopped()
    assert (frame["line"], client.evaluate(frame, "name")) == (line, "'editor'")
    client.evaluate(frame, "time.sleep(1.5)")  # longer than the timeout of the template
    client.go_on()
    answer = call.result().json
    assert answer["name"] == "editor" and 800_000 < answer["left"] < 900_000, answer
    client.close()
