"""What a worker finds around it: its layers in /opt, extensions beside it, and all that a function can see of where it runs, held against
the same function in the cloud. One session for all."""

import base64
import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from harness import apps
from harness.calls import Call
from harness.processes import descendants, wait_until
from harness.session import Session
from harness.stubs import replace_package

LIMIT = 6_291_556

NODE = """
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import fs from "node:fs";
const require = createRequire(import.meta.url);
const read = (path) => { try { return fs.readFileSync(path, "utf8"); } catch (error) { return error.code; } };
const attempt = (what) => { try { return what(); } catch (error) { return error.code; } };
export const handler = async (event) => ({
  own: attempt(() => require("own")), over: attempt(() => require("over")), foreign: attempt(() => require("foreign")), path: process.env.NODE_PATH,
  tool: attempt(() => execFileSync("layer-tool", { encoding: "utf8" }).trim()), word: read("/opt/word"), only: read("/opt/only"),
  write: attempt(() => fs.writeFileSync("/opt/written", "")), libraries: process.env.LD_LIBRARY_PATH,
});
"""
PYTHON = """
import os, own, over
def handler(event, context):
    return {"own": own.WORD, "over": over.WORD, "wrapped": os.environ.get("WRAPPED"), "file": own.__file__}
"""
RUBY = """
require "own_ruby"
def handler(event:, context:)
  { own: OWN_RUBY, gems: Gem.path.any? { |path| path.end_with?("/ruby/gems/3.3.0") }, environment: ENV.to_h, cwd: Dir.pwd,
    left: context.get_remaining_time_in_millis }
end
"""
HAS_RUBY = shutil.which("ruby") is not None
# Tells what it can see; runs in the cloud and live.
PYTHON_DUMP = """
import os, sys
members = lambda of: of and {name: getattr(of, name) for name in of.__slots__}
client = lambda of: of and {"app": members(of.client), "custom": of.custom, "env": of.env}
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return {"environment": dict(os.environ), "cwd": os.getcwd(), "argv": len(sys.argv), "encoding": sys.stdout.encoding, "path": sys.path,
            "context": {name: getattr(context, name) for name in ("function_name", "function_version", "invoked_function_arn",
                        "memory_limit_in_mb", "aws_request_id", "log_group_name", "log_stream_name", "tenant_id") if hasattr(context, name)},
            "client": client(context.client_context), "identity": members(context.identity),
            "left": 0 < left <= 20_000 and context.get_remaining_time_in_millis() <= left}
"""
NODE_DUMP = """
export const handler = async (event, context) => {
  const { getRemainingTimeInMillis, done, fail, succeed, ...data } = context;
  const left = context.getRemainingTimeInMillis();
  return { environment: { ...process.env }, cwd: process.cwd(), context: data, argv: process.argv.length, title: process.title,
           left: left > 0 && left <= 20000 && context.getRemainingTimeInMillis() <= left, exec: process.execArgv };
};
"""
BIG = 'def handler(event, context):\n    return "x" * (event["size"] - 2)\n'

# Registers, then writes a line for all that it hears; holds `next` while a file is there.
OBSERVER = """#!/usr/bin/env python3
import http.client, json, os, signal, sys, time
folder = os.environ["FOLDER"]
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def tell(*words):
    with open(folder + "/heard", "a") as file:
        file.write(" ".join(words) + "\\n")
def call(method, path, body=None, headers={}):
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response, json.loads(response.read())
if os.environ.get("CRASH") == "start":
    sys.exit(3)
response, function = call("POST", "/2020-01-01/extension/register", json.dumps({"events": ["INVOKE", "SHUTDOWN"]}),
                          {"Lambda-Extension-Name": "observer.py", "Lambda-Extension-Accept-Feature": "accountId"})
identifier = {"Lambda-Extension-Identifier": response.headers["Lambda-Extension-Identifier"]}
if os.environ.get("CRASH") == "init":
    call("POST", "/2020-01-01/extension/init/error", "{}", {**identifier, "Lambda-Extension-Function-Error-Type": "Extension.NoConfig"})
    sys.exit(1)
status, telemetry = call("PUT", "/2022-07-01/telemetry", json.dumps({"schemaVersion": "2022-12-13"}), identifier)
with open(folder + "/registered", "w") as file:
    json.dump({"function": function, "environment": dict(os.environ), "telemetry": [status.status, telemetry], "cwd": os.getcwd()}, file)
with open("/tmp/of-the-extension", "w") as file:
    file.write("shared")
tell("registered")
print("the extension says hello", flush=True)
while True:
    response, event = call("GET", "/2020-01-01/extension/event/next", None, identifier)
    tell(event["eventType"], event.get("requestId") or event["shutdownReason"])
    if event["eventType"] == "SHUTDOWN":
        sys.exit(0)
    while os.path.exists(folder + "/hold"):
        time.sleep(0.02)
    tell("asks")
"""
# The same in sh, as far as it goes.
SHELL = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
id=$(curl -sf -D - -o /dev/null -H "Lambda-Extension-Name: shell.sh" -d '{"events": ["INVOKE"]}' "$api/register" |
     tr -d '\\r' | sed -n 's/^Lambda-Extension-Identifier: //ip')
while event=$(curl -sf -H "Lambda-Extension-Identifier: $id" "$api/event/next"); do
  echo "$event" >> "$FOLDER/shell"
done
"""
EXTENDED = """
import os, signal, sys, time
folder = os.environ["FOLDER"]
def tell(*words):
    with open(folder + "/heard", "a") as file:
        file.write(" ".join(words) + "\\n")
tell("loaded", open("/tmp/of-the-extension").read())
def ended(*_):
    tell("SIGTERM")
    sys.exit(0)
signal.signal(signal.SIGTERM, ended)
def handler(event, context):
    tell("runs", context.aws_request_id)
    if event.get("exit"):
        os._exit(event["exit"])
    if event.get("sleep"):
        time.sleep(60)
    return context.aws_request_id
"""
INSIDE = """
import http.client, json, os, threading, time
heard = []
def call(method, path, body=None, headers={}):
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    response = connection.getresponse()
    return response, json.loads(response.read())
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
refused = call("POST", "register", json.dumps({"events": ["SHUTDOWN"]}), {"Lambda-Extension-Name": "inside"})[1]["errorType"]
identifier = {"Lambda-Extension-Identifier": call("POST", "register", json.dumps({"events": ["INVOKE"]}),
                                                  {"Lambda-Extension-Name": "inside"})[0].headers["Lambda-Extension-Identifier"]}
def listen():
    while True:
        heard.append(call("GET", "event/next", None, identifier)[1])
threading.Thread(target=listen, daemon=True).start()
def handler(event, context):
    deadline = time.monotonic() + 20
    while not any(one["requestId"] == context.aws_request_id for one in heard) and time.monotonic() < deadline:
        time.sleep(0.01)
    return {"refused": refused, "heard": [one["requestId"] for one in heard], "id": context.aws_request_id}
"""
WRAPPER = '#!/bin/sh\nexport WRAPPED="by $(basename "$0"), $# arguments"\nexec "$@"\n'


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return content.getvalue()


def template(foreign: str, folder: Path) -> str:
    def function(name: str, handler: str, *layers: str, runtime: str = "python3.12", environment: dict | None = None, more: str = "") -> str:
        variables = {"FOLDER": str(folder / name.lower()), **(environment or {})}
        (folder / name.lower()).mkdir(exist_ok=True)
        return (f"  {name}: {{Type: AWS::Serverless::Function, Properties: {{Runtime: {runtime}, Handler: {handler}, CodeUri: src/, "
                f"Environment: {{Variables: {json.dumps(variables)}}}, Layers: [{', '.join(layers)}]{more}}}}}\n")
    names = ("Tools", "Over", "Watch", "Broken")
    layer = "  {}: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: layers/{}}}}}\n"
    places = {"Over": "over.zip"}
    missing = "arn:aws:lambda:us-east-1:123456789012:layer:missing:1"
    return ("Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Timeout: 20, MemorySize: 256}}\nResources:\n"
            + "".join(layer.format(name, places.get(name, name.lower())) for name in names)
            + function("Node", "node.handler", "!Ref Tools", "!Ref Over", foreign, runtime="nodejs20.x")
            + function("Python", "py.handler", "!Ref Tools", "!Ref Over")
            + (function("Ruby", "ruby.handler", "!Ref Tools", "!Ref Over", runtime="ruby3.3") if HAS_RUBY else "")
            + function("Wrapped", "py.handler", "!Ref Over", "!Ref Tools", environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"})
            + function("Unwrapped", "big.handler", environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/gone"})
            + function("Lacking", "big.handler", missing)
            + function("Extended", "extended.handler", "!Ref Watch", more=", Timeout: 5")
            + function("Crashing", "big.handler", "!Ref Watch", environment={"CRASH": "start"})
            + function("Unready", "big.handler", "!Ref Watch", environment={"CRASH": "init"})
            + function("Misfit", "big.handler", "!Ref Broken")
            + function("Inside", "inside.handler")
            + function("Big", "big.handler")
            + "".join(function(f"{where}{kind}Dump", f"{kind.lower()}_dump.handler", runtime=runtime, environment={"OWN": "value"})
                      for where in ("Live", "Cloud") for kind, runtime in (("Python", "python3.12"), ("Node", "nodejs20.x"))))


def make_app(folder: Path, foreign: str) -> Path:
    files = {"template.yaml": template(foreign, folder), "livelambda.yaml": "functions: {Cloud*: {live: false}}\n",
             "src/node.mjs": NODE, "src/py.py": PYTHON, "src/python_dump.py": PYTHON_DUMP, "src/node_dump.mjs": NODE_DUMP, "src/big.py": BIG,
             "src/ruby.rb": RUBY, "layers/tools/ruby/lib/own_ruby.rb": "OWN_RUBY = 'one'\n", "src/extended.py": EXTENDED, "src/inside.py": INSIDE,
             "layers/tools/nodejs/node_modules/own/index.js": "module.exports = 'one';\n", "layers/tools/python/own.py": "WORD = 'one'\n",
             "layers/tools/bin/layer-tool": "#!/bin/sh\necho from a layer\n", "layers/tools/word": "tools", "layers/tools/only": "only in tools",
             "layers/tools/wrapper": WRAPPER, "layers/watch/extensions/observer.py": OBSERVER, "layers/watch/extensions/shell.sh": SHELL,
             "layers/broken/extensions/misfit": "\x7fELF for another machine", "layers/broken/word": "broken"}
    app = folder / "app"
    for name, text in files.items():
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(text)
        if "layers/" in name:
            (app / name).chmod(0o755)
    (app / "layers/over.zip").write_bytes(archive({"word": "over", "nodejs/node20/node_modules/over/index.js": "module.exports = 'zip';",
                                                   "python/lib/python3.12/site-packages/over.py": "WORD = 'zip'"}))
    return app


@pytest.fixture(scope="module")
def folder(module_path) -> Path:
    return module_path


@pytest.fixture(scope="module")
def session(folder, cloud) -> Session:
    foreign = cloud.client("lambda").publish_layer_version(
        LayerName="foreign", Content={"ZipFile": archive({"nodejs/node_modules/foreign/index.js": "module.exports = 'by ARN';"})})
    app = make_app(folder, foreign["LayerVersionArn"])
    return Session(app, cloud, folder / "home")


@pytest.fixture(scope="module")
def has_opt() -> bool:
    can = ["unshare", "--user", "--mount", "--map-root-user", "mount", "--bind", "/tmp", "/opt"]
    return shutil.which("unshare") is not None and subprocess.run(can, capture_output=True, check=False).returncode == 0


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


# --- Layers

def test_layers_lie_over_each_other_and_are_found_as_in_lambda(cloud, session, has_opt):
    found = cloud.invoke(session.function("Node"), {}).json
    assert (found["own"], found["over"], found["foreign"], found["tool"]) == ("one", "zip", "by ARN", "from a layer"), found
    if has_opt:
        assert (found["word"], found["only"], found["write"]) == ("over", "only in tools", "EROFS"), found
    answer = cloud.invoke(session.function("Python"), {}).json
    assert (answer["own"], answer["over"], answer["wrapped"]) == ("one", "zip", None), answer


@pytest.mark.skipif(not HAS_RUBY, reason="no ruby on this machine")
def test_layers_of_ruby_are_on_its_paths(cloud, session):
    answer = cloud.invoke(session.function("Ruby"), {}).json
    assert answer["own"] == "one" and answer["gems"] and 0 < answer["left"] <= 20_000, answer
    seen = answer["environment"]
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_ruby3.3" and seen["_HANDLER"] == "ruby.handler" and seen["_X_AMZN_TRACE_ID"].startswith("Root=")
    assert answer["cwd"] == seen["LAMBDA_TASK_ROOT"] == str(session.app / "src")


def test_an_edit_of_a_layer_reloads_its_functions_and_no_others(cloud, session):
    assert cloud.invoke(session.function("Big"), {"size": 3}).json == "x"
    mark = session.mark()
    apps.save(session.app / "layers/tools/nodejs/node_modules/own/index.js", "module.exports = 'two';\n")
    session.wait_for("reload", after=mark, function="Node", status="ok")
    assert cloud.invoke(session.function("Node"), {}).json["own"] == "two"
    assert not session.select("reload", function="Big")


def test_a_wrapper_script_starts_the_runtime(cloud, session):
    answer = cloud.invoke(session.function("Wrapped"), {}).json
    assert answer["wrapped"].startswith("by wrapper, ") and answer["own"] == "one"
    gone = cloud.invoke(session.function("Unwrapped"), {"size": 3})
    assert gone.json["errorType"] == "Runtime.ExitError" and "exit status 127" in gone.json["errorMessage"], gone
    assert session.select("log", line="/opt/gone: does not exist")


def test_a_layer_that_cannot_be_had_is_said_and_its_function_runs_without_it(cloud, session):
    assert cloud.invoke(session.function("Lacking"), {"size": 3}).json == "x"
    assert "Lacking without its layer arn:aws:lambda:us-east-1:123456789012:layer:missing:1: " in session.stderr
    assert "lambda:GetLayerVersion" in session.stderr
    assert session.stderr.count("downloading the layer") == 1
    kept = list((session.home / ".cache/livelambda/layers").iterdir())
    assert len(kept) == 1 and kept[0].suffix == ".zip"


# --- Extensions

def test_extensions_run_beside_the_runtime_and_hear_of_invocations(cloud, session, folder):
    function, place = session.function("Extended"), folder / "extended"
    first = cloud.invoke(function, {}).json
    wait_until(lambda: "asks" in lines(place / "heard"), "the extension to have heard of it")
    heard = lines(place / "heard")
    assert heard[:2] == ["registered", "loaded shared"], heard
    assert sorted(heard[2:]) == [f"INVOKE {first}", "asks", f"runs {first}"], heard
    registered = json.loads((place / "registered").read_text())
    assert registered["function"] == {"functionVersion": "$LATEST", "functionName": function, "handler": "extended.handler",
                                      "accountId": "123456789012"}
    assert registered["telemetry"] == [202, {"errorType": "Telemetry.NotSupported", "errorMessage": "Telemetry API is not supported"}]
    assert registered["cwd"] == "/" and registered["environment"]["FOLDER"] == str(place)
    hidden = {"_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"}
    assert not hidden & set(registered["environment"]) and "AWS_SESSION_TOKEN" in registered["environment"]
    event = json.loads(wait_until(lambda: lines(place / "shell"), "the extension in sh")[0])
    assert event["requestId"] == first and event["eventType"] == "INVOKE" and event["invokedFunctionArn"].endswith(function)
    assert any("the extension says hello" in json.dumps(one) for one in session.select("log"))


def test_the_answer_does_not_wait_for_extensions_but_the_next_event_does(cloud, session, folder):
    function, place = session.function("Extended"), folder / "extended"
    (place / "hold").touch()
    first = cloud.invoke(function, {}).json
    wait_until(lambda: f"INVOKE {first}" in lines(place / "heard"), "the extension to hear of it")
    mark = len(lines(place / "heard"))
    second = Call(cloud, function, {})
    (place / "hold").unlink()
    answered = second.result().json
    heard = lines(place / "heard")
    assert heard.index("asks", mark) < heard.index(f"runs {answered}"), heard


def test_extensions_are_told_why_their_environment_ends(cloud, session, folder):
    function, place = session.function("Extended"), folder / "extended"
    def ends(reason: str, after: int) -> list[str]:
        wait_until(lambda: f"SHUTDOWN {reason}" in lines(place / "heard")[after:], f"SHUTDOWN {reason}", 20)
        return lines(place / "heard")[after:]

    def loaded() -> int:
        wait_until(lambda: cloud.invoke(function, {}).error is None, "a worker that is loaded: loading alone may take longer than the timeout")
        return len(lines(place / "heard"))

    mark = loaded()
    apps.save(session.app / "src/extended.py", EXTENDED + "# edited\n")
    heard = ends("spindown", mark)
    assert heard.index("SIGTERM") < heard.index("SHUTDOWN spindown"), heard
    mark = loaded()
    assert "Task timed out" in cloud.invoke(function, {"sleep": True}).json["errorMessage"]
    ends("timeout", mark)
    mark = loaded()
    assert cloud.invoke(function, {"exit": 4}).json["errorType"] == "Runtime.ExitError"
    ends("failure", mark)
    loaded()


@pytest.mark.parametrize("function, kind, words", [("Crashing", "Extension.Crash", "exit status 3"), ("Unready", "Extension.InitError", "exit status 1")])
def test_an_extension_that_ends_ends_its_environment(cloud, session, function, kind, words):
    answer = cloud.invoke(session.function(function), {"size": 3})
    assert answer.json["errorType"] == kind and words in answer.json["errorMessage"], answer


def test_an_extension_for_another_machine_is_said_and_left_out(cloud, session):
    assert cloud.invoke(session.function("Misfit"), {"size": 3}).json == "x"
    assert any("the extension misfit does not run on this machine" in json.dumps(one) for one in session.select("log"))


def test_an_internal_extension_hears_of_invocations(cloud, session):
    answers = [cloud.invoke(session.function("Inside"), {}).json for _ in range(2)]
    assert answers[0]["refused"] == "Extension.InvalidEventType"
    assert answers[1]["heard"] == [answers[0]["id"], answers[1]["id"]]


# --- What a function can see

# Of the environment variables: what is not the same live as in the cloud, and why (docs/runtimes.md has the list).
OF_THE_MACHINE = {"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "PATH", "LD_LIBRARY_PATH",  # where things are here
                  "HOME", "AWS_LAMBDA_RUNTIME_API"}
OF_THE_FUNCTION = {"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",  # it is another one
                   "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "FOLDER", "_X_AMZN_TRACE_ID"}
OF_THE_CLOUD = {"NODE_PATH", "PYTHONPATH", "TMPDIR"}  # the loaders find the task root by themselves


CLIENT_CONTEXT = {"client": {"app_title": "shop"}, "custom": {"a": "b"}, "env": {"locale": "en"}}


@pytest.mark.parametrize("kind", ["Python", "Node"])
def test_a_function_sees_live_what_it_sees_in_the_cloud(cloud, session, kind):
    client = base64.b64encode(json.dumps(CLIENT_CONTEXT).encode()).decode()
    seen = {}
    for where in ("Live", "Cloud"):
        name = session.function(f"{where}{kind}Dump") if where == "Live" else cloud_name(cloud, f"Cloud{kind}Dump")
        answer = cloud.client("lambda").invoke(FunctionName=name, Payload=b"{}", ClientContext=client)
        seen[where] = json.loads(answer["Payload"].read())
        assert "environment" in seen[where], seen[where]
    live, there = seen["Live"], seen["Cloud"]
    changed = {name for name in live["environment"].keys() | there["environment"].keys()
               if live["environment"].get(name) != there["environment"].get(name)}
    assert changed <= OF_THE_MACHINE | OF_THE_FUNCTION | OF_THE_CLOUD, {name: (live["environment"].get(name), there["environment"].get(name))
                                                                        for name in changed}
    assert live["environment"]["AWS_EXECUTION_ENV"] == ("AWS_Lambda_python3.12" if kind == "Python" else "AWS_Lambda_nodejs20.x")
    assert live["environment"]["_X_AMZN_TRACE_ID"].startswith("Root=") and live["environment"]["OWN"] == "value"
    assert live["environment"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256" and live["environment"]["TZ"] == ":UTC"
    assert live["cwd"] == live["environment"]["LAMBDA_TASK_ROOT"] == str(session.app / "src")
    assert live["left"] and there["left"]
    client = live["client"] if kind == "Python" else live["context"]["clientContext"]
    assert client["custom"] == {"a": "b"} and client["env"] == {"locale": "en"}, client
    assert (client["app"] if kind == "Python" else client["client"])["app_title"] == "shop", client
    for part in ("client", "identity", "argv", "encoding", "title"):
        assert live.get(part) == there.get(part), part
    assert live["context"].keys() == there["context"].keys()
    same = {name for name in live["context"] if live["context"][name] == there["context"][name]}
    named = {name for name in live["context"] if name.lower().replace("_", "") in
             ("functionname", "invokedfunctionarn", "awsrequestid", "loggroupname", "logstreamname")}
    assert live["context"].keys() - same == named, (live["context"], there["context"])


def resources_of_all(cloud) -> list[dict]:
    formation = cloud.client("cloudformation")
    return [resource for stack in formation.describe_stacks()["Stacks"]
            for resource in formation.describe_stack_resources(StackName=stack["StackName"])["StackResources"]]


def cloud_name(cloud, logical_id: str) -> str:
    return next(one["PhysicalResourceId"] for one in resources_of_all(cloud) if one["LogicalResourceId"] == logical_id)


def stack_of(cloud, function: str) -> str:
    return next(one["StackName"] for one in resources_of_all(cloud) if one["PhysicalResourceId"] == function)


def test_an_answer_may_be_six_megabytes_and_a_hundred_bytes(cloud, session):
    function = session.function("Big")
    assert len(cloud.invoke(function, {"size": LIMIT}).payload) == LIMIT
    over = cloud.invoke(function, {"size": LIMIT + 1})
    assert over.json == {"errorType": "Function.ResponseSizeTooLarge", "errorMessage":
                         f"Response payload size exceeded maximum allowed payload size ({LIMIT} bytes)."}
    assert cloud.invoke(function, {"size": 3}).json == "x"


def test_workers_are_served_on_loopback_alone(session):
    listening = set()
    inodes = set()
    for fd in Path(f"/proc/{session.pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(fd))
        except FileNotFoundError:
            continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{session.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                listening.add(fields[1].split(":")[0])
    assert listening == {"0100007F"}, listening


# In front of the stub, as Lambda's Runtime API of an invocation that a Cognito identity made for a tenant: the local cloud has neither.
IN_FRONT = """#!/usr/bin/env python3
import os, socket, threading
MORE = (b'\\r\\nLambda-Runtime-Cognito-Identity: {"cognitoIdentityId": "eu-west-1:1", "cognitoIdentityPoolId": "pool"}'
        b'\\r\\nLambda-Runtime-Aws-Tenant-Id: blue')
NAME = b"\\r\\nLambda-Runtime-Aws-Request-Id:"
theirs = os.environ["AWS_LAMBDA_RUNTIME_API"]
server = socket.create_server(("127.0.0.1", 0))
own = "127.0.0.1:%d" % server.getsockname()[1]
def hand_on(source, sink, change):
    while data := source.recv(1 << 20):
        sink.sendall(change(data))
    sink.shutdown(socket.SHUT_WR)
def serve():
    while True:
        stub, api = server.accept()[0], socket.create_connection(("127.0.0.1", int(theirs.split(":")[1])))
        threading.Thread(target=hand_on, args=(stub, api, lambda data: data.replace(own.encode(), theirs.encode()))).start()
        threading.Thread(target=hand_on, args=(api, stub, lambda data: data.replace(NAME, MORE + NAME))).start()
if os.fork():  # the stub has this process's id, which is the one that the cloud knows
    os.environ["AWS_LAMBDA_RUNTIME_API"] = own
    os.execv(os.path.dirname(os.path.abspath(__file__)) + "/stub", ["bootstrap"])
serve()
"""


def test_the_identity_and_the_tenant_of_an_invocation_arrive(cloud, session):
    def put_in_front(_, files):
        files["stub"], files["bootstrap"] = files["bootstrap"], IN_FRONT.encode()

    before = cloud.invoke(session.function("LivePythonDump"), {}).json
    assert before["identity"] == {"cognito_identity_id": None, "cognito_identity_pool_id": None} and before["context"]["tenant_id"] is None
    replace_package(cloud, stack_of(cloud, session.function("LivePythonDump")), put_in_front)
    python = cloud.invoke(session.function("LivePythonDump"), {}).json
    assert python.get("identity") == {"cognito_identity_id": "eu-west-1:1", "cognito_identity_pool_id": "pool"}, python
    assert python["context"]["tenant_id"] == "blue", python
    node = cloud.invoke(session.function("LiveNodeDump"), {}).json["context"]
    assert node["identity"] == {"cognitoIdentityId": "eu-west-1:1", "cognitoIdentityPoolId": "pool"} and node["tenantId"] == "blue", node


def test_nothing_of_a_worker_outlives_its_session(session, folder):
    processes = descendants(session.pid)
    mark = len(lines(folder / "extended/heard"))
    session.interrupt()
    session.wait()
    assert "SHUTDOWN spindown" in lines(folder / "extended/heard")[mark:]
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), "the workers and extensions to end")
