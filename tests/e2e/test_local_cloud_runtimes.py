"""Functions of Node.js and Python in the local cloud, on the machine's own interpreters; their layers and inline code."""

import base64
import io
import json
import os
import re
import zipfile

import pytest

from harness.errors import aws_error
from harness.functions import BUCKET, role
from harness.local_cloud import LocalCloud
from harness.stacks import change_set, deploy, settled, template

NODE = """
const fs = require("node:fs");
exports.handler = async (event, context) => {
  if (event.raise) throw new TypeError(event.raise);
  if (event.log) console.log(event.log);
  if (event.require) return require(event.require);
  if (event.write) { fs.writeFileSync(require("node:os").tmpdir() + "/kept", event.write); return null; }
  if (event.environment) return process.env;
  return { event, name: context.functionName, id: context.awsRequestId, left: context.getRemainingTimeInMillis() };
};
"""

PYTHON = """
import decimal, json, logging, os, sys, tempfile
logging.getLogger().setLevel("INFO")

def handler(event, context):
    if "raise" in event:
        raise ValueError(event["raise"])
    if "log" in event:
        logging.info(event["log"])
        print("printed " + event["log"])
    if "marshal" in event:
        return {"value": object()}
    if "import" in event:
        return __import__(event["import"]).NAME
    if "environment" in event:
        return dict(os.environ)
    if "write" in event:
        with open(tempfile.gettempdir() + "/kept", "w") as file:
            file.write(event["write"])
        return tempfile.gettempdir()
    if "exit" in event:
        sys.exit(event["exit"])
    return {"event": event, "name": context.function_name, "id": context.aws_request_id,
            "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb, "version": context.function_version,
            "app": context.client_context.client.app_title if context.client_context else None,
            "decimal": decimal.Decimal("1.5")}
"""

SDK = """
import urllib.request, os
def handler(event, context):
    return urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/_local/health").status
"""


def archive(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return packed.getvalue()


def put(cloud: LocalCloud, key: str, files: dict[str, str]) -> dict[str, str]:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=archive(files))
    return {"S3Bucket": BUCKET, "S3Key": key}


def function(code: dict, runtime: str, handler: str, **more) -> dict:
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": runtime, "Handler": handler, "Code": code, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Timeout": 30, **more}}


def layer(code: dict, **more) -> dict:
    return {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": code, **more}}


@pytest.fixture(scope="module")
def names(cloud) -> dict[str, str]:
    python = put(cloud, "python.zip", {"pkg/app.py": PYTHON, "bad.py": "def handler(:\n", "boom.py": "1 / 0\n",
                                       "sdk.py": SDK, "lost.py": "import nowhere_at_all\n"})
    first = put(cloud, "first.zip", {"nodejs/node_modules/greeting/index.js": "module.exports = 'first'",
                                     "python/greeting.py": "NAME = 'first'", "python/own.py": "NAME = 'own'"})
    second = put(cloud, "second.zip", {"nodejs/node_modules/greeting/index.js": "module.exports = 'second'",
                                       "python/greeting.py": "NAME = 'second'"})
    both = [{"Ref": "First"}, {"Ref": "Second"}]
    python_at = lambda handler, **more: function(python, "python3.14", handler, **more)  # noqa: E731
    return deploy(cloud, "runtimes", template(
        {"Role": role(), "First": layer(first, LayerName="first"), "Second": layer(second),
         "Node": function({"ZipFile": NODE}, "nodejs22.x", "index.handler", FunctionName="node", Layers=both),
         "Python": python_at("pkg.app.handler", FunctionName="python", Layers=both,
                             Environment={"Variables": {"OWN": "mine"}}),
         "Slash": python_at("pkg/app.handler"), "NoModule": python_at("none.handler"),
         "NoHandler": python_at("pkg.app.none"), "BadName": python_at("handler"), "Syntax": python_at("bad.handler"),
         "Boom": python_at("boom.handler"), "Lost": python_at("lost.handler"), "Sdk": python_at("sdk.handler"),
         "NodeNone": function({"ZipFile": NODE}, "nodejs24.x", "index.none")},
        {name: {"Ref": name} for name in ("First", "Second", "Slash", "NoModule", "NoHandler", "BadName", "Syntax",
                                          "Boom", "Lost", "Sdk", "NodeNone")}))


# --- Answers

def test_a_node_function_of_inline_code_answers(cloud, names):
    answer = cloud.invoke("node", {"a": 1})
    assert answer.error is None, answer
    assert answer.json["event"] == {"a": 1} and answer.json["name"] == "node"
    assert 0 < answer.json["left"] <= 30_000


def test_a_python_function_answers_with_its_context(cloud, names):
    context = base64.b64encode(json.dumps({"client": {"app_title": "test"}}).encode()).decode()
    answer = cloud.invoke("python", {"text": "ä"}, ClientContext=context)
    assert answer.error is None, answer
    said = answer.json
    assert said["event"] == {"text": "ä"} and said["name"] == "python" and said["memory"] == "128"
    assert re.fullmatch(r"[0-9a-f-]{36}", said["id"]) and said["arn"].endswith(":function:python")
    assert said["version"] == "$LATEST" and said["app"] == "test" and said["decimal"] == 1.5
    assert 0 < said["left"] <= 30_000
    assert cloud.invoke(names["Slash"], {}).json["name"]


def test_a_function_reaches_the_local_cloud(cloud, names):
    assert cloud.invoke(names["Sdk"], {}).json == 200


def test_the_environment_is_awss(cloud, names):
    node = cloud.invoke("node", {"environment": True}).json
    assert node["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs22.x"
    assert node["LAMBDA_RUNTIME_DIR"] and node["LAMBDA_TASK_ROOT"] in node["NODE_PATH"].split(":")
    python = cloud.invoke("python", {"environment": True}).json
    assert python["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.14" and python["OWN"] == "mine"
    assert python["LAMBDA_TASK_ROOT"] in python["PYTHONPATH"].split(":")
    assert python["TZ"] == ":UTC" and python["LANG"] == "en_US.UTF-8" and python["_HANDLER"] == "pkg.app.handler"
    assert python["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert python["AWS_ENDPOINT_URL"] == cloud.endpoint


def test_each_environment_has_a_temporary_folder_of_its_own(cloud, names):
    first = cloud.invoke("python", {"write": "kept"}).json
    assert first == cloud.invoke("python", {"write": "kept"}).json
    if first == "/tmp":  # its own, if the kernel allows that
        assert not os.path.exists("/tmp/kept") and "TMPDIR" not in cloud.invoke("node", {"environment": True}).json
    else:
        assert cloud.invoke("node", {"environment": True}).json["TMPDIR"] != first


# --- Errors

def test_an_error_of_a_python_handler_has_its_trace(cloud, names):
    answer = cloud.invoke("python", {"raise": "wrong"})
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.json["errorType"] == "ValueError" and answer.json["errorMessage"] == "wrong"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.json["requestId"])
    trace = answer.json["stackTrace"]
    assert len(trace) == 1 and 'pkg/app.py", line' in trace[0] and "raise ValueError" in trace[0]
    answer = cloud.invoke("python", {"marshal": True})
    assert answer.json["errorType"] == "Runtime.MarshalError"
    assert answer.json["errorMessage"] == ("Unable to marshal response: Object of type object is not JSON "
                                           "serializable")


@pytest.mark.parametrize("name, error, words", [
    ("NoModule", "Runtime.ImportModuleError", "Unable to import module 'none': No module named 'none'"),
    ("Lost", "Runtime.ImportModuleError", "Unable to import module 'lost': No module named 'nowhere_at_all'"),
    ("NoHandler", "Runtime.HandlerNotFound", "Handler 'none' missing on module 'pkg.app'"),
    ("BadName", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
    ("Syntax", "Runtime.UserCodeSyntaxError", "Syntax error in module 'bad'"),
    ("Boom", "ZeroDivisionError", "division by zero"),
    ("NodeNone", "Runtime.HandlerNotFound", "index.none is undefined or not exported")])
def test_a_handler_that_cannot_be_loaded_is_the_answer(cloud, names, name, error, words):
    answer = cloud.invoke(names[name], {})
    assert answer.error == "Unhandled" and answer.json["errorType"] == error, answer
    assert words in answer.json["errorMessage"]


def test_a_node_error_is_an_answer(cloud, names):
    answer = cloud.invoke("node", {"raise": "wrong"})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "TypeError"
    assert answer.json["errorMessage"] == "wrong"


def test_a_python_function_that_exits_is_an_error(cloud, names):
    answer = cloud.invoke("python", {"exit": 3})
    assert answer.json["errorType"] == "Runtime.ExitError" and "exit status 3" in answer.json["errorMessage"]


def test_an_interpreter_that_is_not_there_is_named(module_path, module_processes):
    home = module_path / "bare-home"
    home.mkdir()
    bare = LocalCloud(home, env={"PATH": str(home)})
    answers = deploy(bare, "bare", template(
        {"Role": role(), "Node": function({"ZipFile": NODE}, "nodejs22.x", "index.handler"),
         "Python": function({"ZipFile": PYTHON}, "python3.12", "index.handler")},
        {name: {"Ref": name} for name in ("Node", "Python")}))
    node = bare.invoke(answers["Node"], {})
    assert node.error == "Unhandled" and "Node.js was not found" in node.json["errorMessage"]
    python = bare.invoke(answers["Python"], {})
    assert "there is no working `python3.12` or `python3` in PATH" in python.json["errorMessage"]


# --- Logs

def test_log_lines_are_awss(cloud, names):
    client = cloud.client("lambda")
    response = client.invoke(FunctionName="python", LogType="Tail", Payload=b'{"log": "told"}')
    tail = base64.b64decode(response["LogResult"]).decode()
    request_id = response["ResponseMetadata"]["RequestId"]
    assert re.search(rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{request_id}\ttold\n", tail), tail
    assert "printed told\n" in tail
    response = client.invoke(FunctionName="node", LogType="Tail", Payload=b'{"log": "told"}')
    assert re.search(rf"Z\t{response['ResponseMetadata']['RequestId']}\tINFO\ttold\n",
                     base64.b64decode(response["LogResult"]).decode())


def test_a_version_that_the_machine_does_not_have_is_said_in_the_log(cloud, names):
    cloud.invoke("python", {})
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/python")["events"]
    assert any(re.match(r"livelambda: python3\.14 runs on Python 3\.\d+, the one on this machine", one["message"])
               for one in events) or __import__("shutil").which("python3.14")


# --- Layers

def test_layers_are_laid_over_each_other_in_their_order(cloud, names):
    assert cloud.invoke("node", {"require": "greeting"}).json == "second"
    assert cloud.invoke("python", {"import": "greeting"}).json == "second"
    assert cloud.invoke("python", {"import": "own"}).json == "own"
    layers = cloud.client("lambda").get_function_configuration(FunctionName="python")["Layers"]
    assert [one["Arn"] for one in layers] == [names["First"], names["Second"]]


def test_layer_versions_are_published_read_listed_and_deleted(cloud, names):
    client = cloud.client("lambda")
    content = {"ZipFile": archive({"python/more.py": "NAME = 'more'"})}
    made = client.publish_layer_version(LayerName="more", Content=content, CompatibleRuntimes=["python3.12"],
                                        Description="more", LicenseInfo="MIT", CompatibleArchitectures=["x86_64"])
    assert made["Version"] == 1 and made["LayerVersionArn"] == made["LayerArn"] + ":1"
    again = client.publish_layer_version(LayerName="more", Content=content)
    assert again["Version"] == 2
    read = client.get_layer_version(LayerName="more", VersionNumber=1)
    assert read["Content"]["CodeSha256"] == made["Content"]["CodeSha256"] and read["LicenseInfo"] == "MIT"
    assert client.get_layer_version_by_arn(Arn=made["LayerVersionArn"])["Description"] == "more"
    assert [one["Version"] for one in client.list_layer_versions(LayerName="more")["LayerVersions"]] == [2, 1]
    listed = client.list_layers(CompatibleRuntime="python3.12")["Layers"]
    assert [(one["LayerName"], one["LatestMatchingVersion"]["Version"]) for one in listed] == [("more", 1)]
    pages = client.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1})
    assert {"first", "more"} <= {one["LayerName"] for page in pages for one in page["Layers"]}
    client.delete_layer_version(LayerName="more", VersionNumber=1)
    client.delete_layer_version(LayerName="more", VersionNumber=1)
    with aws_error("ResourceNotFoundException", 404, "The resource you requested does not exist."):
        client.get_layer_version(LayerName="more", VersionNumber=1)
    assert client.publish_layer_version(LayerName="more", Content=content)["Version"] == 3


def test_layer_versions_have_policies(cloud, names):
    client = cloud.client("lambda")
    who = {"LayerName": "first", "VersionNumber": 1}
    with aws_error("ResourceNotFoundException", 404, "No policy is associated with the given resource."):
        client.get_layer_version_policy(**who)
    added = client.add_layer_version_permission(**who, StatementId="all", Action="lambda:GetLayerVersion",
                                                Principal="*")
    assert json.loads(added["Statement"])["Resource"] == names["First"]
    with aws_error("ResourceConflictException", 409):
        client.add_layer_version_permission(**who, StatementId="all", Action="lambda:GetLayerVersion", Principal="*")
    with aws_error("PreconditionFailedException", 412):
        client.remove_layer_version_permission(**who, StatementId="all", RevisionId="other")
    assert len(json.loads(client.get_layer_version_policy(**who)["Policy"])["Statement"]) == 1
    client.remove_layer_version_permission(**who, StatementId="all", RevisionId=added["RevisionId"])
    with aws_error("ResourceNotFoundException", 404):
        client.remove_layer_version_permission(**who, StatementId="all")


def test_layers_that_are_not_there_are_refused(cloud, names):
    client = cloud.client("lambda")
    own = names["First"].rsplit(":", 1)[0]
    for layers, words in (([own + ":99"], f"Layer version {own}:99 does not exist."),
                          (["arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:1"],
                           "is of another account or Region"),
                          ([names["First"]] * 2, "Two different versions of the same layer are not allowed"),
                          ([own + ":1"] * 6, "Cannot reference more than 5 layers.")):
        with aws_error("InvalidParameterValueException", 400, words):
            client.update_function_configuration(FunctionName="python", Layers=layers)
    with aws_error("ValidationException", 400, "'layers'"):
        client.update_function_configuration(FunctionName="python", Layers=["first"])


# --- What does not run here

@pytest.mark.parametrize("properties, words", [
    ({"Runtime": "go1.x"}, "runtime go1.x"), ({"PackageType": "Image"}, "Code.ZipFile"),
    ({"FileSystemConfigs": []}, "FileSystemConfigs"), ({"VpcConfig": {"Colour": "red"}}, "VpcConfig.Colour"),
    ({"Code": {"ImageUri": "x"}}, "Code.ImageUri"),
    ({"Code": {"S3Bucket": BUCKET, "S3Key": "python.zip", "S3ObjectVersion": "1"}}, "Code.S3ObjectVersion")])
def test_what_does_not_run_here_fails_by_name(cloud, names, properties, words):
    stack = "refused-" + re.sub("[^a-zA-Z0-9]", "", words)
    made = change_set(cloud, stack, template(
        {"Role": role(), "Function": function(**{"code": {"ZipFile": PYTHON}, "runtime": "python3.12",
                                                 "handler": "index.handler"}, **properties)}))
    if made["Status"] == "FAILED":
        assert words in made["StatusReason"]
        return
    cloud.client("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    settled(cloud, stack)
    reasons = [one.get("ResourceStatusReason", "") for one in cloud.stack_events(stack)]
    assert any(words in reason for reason in reasons), reasons


def test_a_function_of_a_runtime_that_does_not_run_here_says_so_when_it_is_invoked(cloud, names):
    runtimes = {"Java": "java25", "Dotnet": "dotnet8", "Ruby": "ruby3.4"}
    code = {"S3Bucket": BUCKET, "S3Key": "python.zip"}
    made = deploy(cloud, "elsewhere", template(
        {"Role": role(), **{name: function(code, runtime, "a.b") for name, runtime in runtimes.items()}},
        {name: {"Ref": name} for name in runtimes}))
    for name, runtime in runtimes.items():
        answer = cloud.invoke(made[name], {})
        assert answer.error == "Unhandled"
        assert f"the local cloud does not run {runtime} functions" in answer.json["errorMessage"]


def test_a_container_image_is_made_and_says_that_it_does_not_run(cloud, names):
    image = {"Type": "AWS::Lambda::Function", "Properties": {
        "PackageType": "Image", "Code": {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:b"},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}
    made = deploy(cloud, "image", template({"Role": role(), "Image": image}, {"Name": {"Ref": "Image"}}))
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=made["Name"])
    assert configuration["PackageType"] == "Image" and "Runtime" not in configuration
    answer = cloud.invoke(made["Name"], {})
    assert answer.error == "Unhandled" and b"does not run container images" in answer.payload


def test_a_durable_function_is_made_and_says_that_it_does_not_run(cloud, names):
    config = {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}
    made = deploy(cloud, "durable", template(
        {"Role": role(), "Durable": function({"ZipFile": PYTHON}, "python3.12", "index.handler", DurableConfig=config)},
        {"Name": {"Ref": "Durable"}}))
    assert cloud.client("lambda").get_function_configuration(FunctionName=made["Name"])["DurableConfig"] == config
    answer = cloud.invoke(made["Name"], {})
    assert answer.error == "Unhandled" and b"does not run durable functions" in answer.payload


# --- Inline code

CFN = {"python3.12": """
import cfnresponse
def handler(event, context):
    cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Said": event["ResourceProperties"]["Say"]}, "made")
""", "nodejs22.x": """
const response = require("cfn-response");
exports.handler = (event, context) =>
  response.send(event, context, response.SUCCESS, { Said: event.ResourceProperties.Say }, "made");
"""}


@pytest.mark.parametrize("runtime", CFN)
def test_inline_code_has_the_cfn_response_module(cloud, runtime):
    outputs = deploy(cloud, "custom-" + runtime.replace(".", ""), template(
        {"Role": role(), "Function": function({"ZipFile": CFN[runtime]}, runtime, "index.handler"),
         "Custom": {"Type": "Custom::Thing", "Properties": {
             "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "Say": "hello"}}},
        {"Said": {"Fn::GetAtt": ["Custom", "Said"]}, "Id": {"Ref": "Custom"}}))
    assert outputs == {"Said": "hello", "Id": "made"}
