"""The limits of AWS that no other test holds: of WebSocket and HTTP APIs, of the Runtime API and of what services keep.
Where time counts, the clock is turned."""

import base64
import contextlib
import json
import socket
import ssl
import sys
import threading
import urllib.parse
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
import requests
import websockets.exceptions
import websockets.sync.client

from harness.errors import aws_error
from harness.functions import BUCKET, function, role, upload
from harness.local_cloud import LocalCloud
from harness.processes import wait_until
from harness.signing import http_url
from harness.stacks import deploy, settled, template

MEGABYTE = 1024 * 1024

# Behind $connect, messages and requests: says what it got, and waits for a file if it is told to.
CODE = """
import json, os, time

def handler(event, headers):
    context = event["requestContext"]
    asked = event.get("queryStringParameters") or {}
    if context.get("routeKey") == "hang":
        asked = {"told": os.environ["TOLD"], "until": os.environ["UNTIL"]}
    if "told" in asked:
        with open(asked["told"] + ".new", "w") as file:
            json.dump(context, file)
        os.rename(asked["told"] + ".new", asked["told"])
    while "until" in asked and not os.path.exists(asked["until"]):
        time.sleep(0.01)
    if "print" in asked:
        print("x" * int(asked["print"]))
    if "size" in asked:
        return {"statusCode": 200, "body": "x" * int(asked["size"])}
    return {"statusCode": 200, "body": json.dumps({"id": context.get("connectionId")})}
"""

# Asks the Runtime API for what it does not allow and answers with what it said.
PROBE = f"""#!{sys.executable} -IS
import http.client, json, os
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
BASE = "/2018-06-01/runtime/"


def call(method, path, body=None, headers={{}}):
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read()
    try:
        return [response.status, json.loads(text).get("errorType")], response.headers, text
    except ValueError:
        return [response.status, None], response.headers, text


before = {{"response before next": call("POST", BASE + "invocation/none/response", "{{}}")[0],
          "extension": call("POST", "/2020-01-01/extension/register", "{{}}")[0],
          "telemetry": call("PUT", "/2022-07-01/telemetry", "{{}}")[0],
          "restore": call("GET", BASE + "restore/next")[0], "nothing": call("GET", BASE + "nothing")[0]}}
said = dict(before)
while True:
    _, headers, event = call("GET", BASE + "invocation/next")
    own = BASE + "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    said["next while it runs"] = call("GET", BASE + "invocation/next")[0]
    said["init error after init"] = call("POST", BASE + "init/error", "{{}}")[0]
    said["wrong id"] = call("POST", BASE + "invocation/00000000-0000-0000-0000-000000000000/response", "{{}}")[0]
    said["wrong mode"] = call("POST", own + "/response", "{{}}",
                              {{"Lambda-Runtime-Function-Response-Mode": "whispering"}})[0]
    wanted = json.loads(event)
    if "fail" in wanted:
        call("POST", own + "/error", wanted["fail"])
    elif "size" in wanted:
        said["too large"] = call("POST", own + "/response", b"x" * wanted["size"])[0]
    else:
        said["answer"] = [202, None]
        call("POST", own + "/response", json.dumps(said))
    said["second answer"] = call("POST", own + "/response", "{{}}")[0]
"""

# Does not ask for work until its file is there.
SLOW_TO_BEGIN = """
import os, time
with open(os.environ["BEGUN"], "a") as file:
    file.write(str(os.getpid()) + "\\n")
while not os.path.exists(os.environ["GO"]):
    time.sleep(0.01)

def handler(event, headers):
    return os.getpid()
"""


def packed(files: dict[str, str | bytes]) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, content)
    return made.getvalue()


def put(cloud, key: str, content: bytes) -> dict[str, str]:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return {"S3Bucket": BUCKET, "S3Key": key}


def v2(kind: str, api: str = "Api", **properties) -> dict:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": api}, **properties}}


def address(api: str, scheme: str, path: str) -> dict:
    return {"Fn::Sub": scheme + "://${" + api + "}.execute-api.${AWS::Region}.amazonaws.com" + path}


SOCKET = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
    "Name": "socket", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}}
HTTP = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "http", "ProtocolType": "HTTP"}}
TEMPLATES = {"TemplateSelectionExpression": "\\$default", "RequestTemplates": {"$default": '{"statusCode":200}'}}
TARGET = {"Target": {"Fn::Sub": "integrations/${Integration}"}}


@pytest.fixture(scope="module")
def files(module_path):
    return {"told": module_path / "told", "until": module_path / "until", "begun": module_path / "begun",
            "go": module_path / "go", "begun-late": module_path / "begun-late", "never": module_path / "never"}


@pytest.fixture(scope="module")
def outputs(cloud, files) -> dict[str, str]:
    """A socket whose $connect, `hang` and the rest go to a function; an HTTP API and a REST API that go to it too."""
    echo = function(upload(cloud, CODE), Timeout=120,
                    Environment={"Variables": {"TOLD": str(files["told"]), "UNTIL": str(files["until"])}})
    slow = upload(cloud, SLOW_TO_BEGIN)
    uri = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Echo.Arn}/invocations"}
    integration = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri}

    def slow_function(begun: str, go: str, timeout: int) -> dict:
        return function(slow, Timeout=timeout,
                        Environment={"Variables": {"BEGUN": str(files[begun]), "GO": str(files[go])}})

    return deploy(cloud, "limits", template({
        "Role": role(), "Echo": echo, "Slow": slow_function("begun", "go", 60),
        "NeverBegins": slow_function("begun-late", "never", 1),
        "Probe": function(put(cloud, "probe.zip", packed({"bootstrap": PROBE})), Handler="none"),
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Echo"},
            "Principal": "apigateway.amazonaws.com"}},
        "Api": SOCKET, "Integration": v2("Integration", **integration),
        "Connect": v2("Route", RouteKey="$connect", **TARGET),
        **{name: v2("Route", RouteKey=key, **TARGET)
           for name, key in (("Default", "$default"), ("Hang", "hang"), ("Limited", "limited"))},
        **{name + "Response": v2("RouteResponse", RouteId={"Ref": name}, RouteResponseKey="$default")
           for name in ("Default", "Hang", "Limited")},
        "Stage": v2("Stage", StageName="live", AutoDeploy=True,
                    RouteSettings={"limited": {"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.01}}),
        "Guarded": SOCKET, "GuardedConnect": v2("Route", "Guarded", RouteKey="$connect", AuthorizationType="AWS_IAM"),
        "GuardedStage": v2("Stage", "Guarded", StageName="live", AutoDeploy=True),
        "Http": HTTP, "HttpIntegration": v2("Integration", "Http", PayloadFormatVersion="2.0", **integration),
        "HttpRoute": v2("Route", "Http", RouteKey="ANY /{proxy+}",
                        Target={"Fn::Sub": "integrations/${HttpIntegration}"}),
        "Fast": v2("Integration", "Http", PayloadFormatVersion="2.0", TimeoutInMillis=2000, **integration),
        "FastRoute": v2("Route", "Http", RouteKey="GET /fast", Target={"Fn::Sub": "integrations/${Fast}"}),
        "HttpStage": v2("Stage", "Http", StageName="$default", AutoDeploy=True),
        "LimitedStage": v2("Stage", "Http", StageName="limited", AutoDeploy=True, DefaultRouteSettings={
            "ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.01}),
        "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}},
        "RestMethod": {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Rest"}, "ResourceId": {"Fn::GetAtt": ["Rest", "RootResourceId"]},
            "HttpMethod": "ANY", "AuthorizationType": "NONE",
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri}}},
        "RestDeployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": ["RestMethod"], "Properties": {
            "RestApiId": {"Ref": "Rest"}}},
        **{"Rest" + name: {"Type": "AWS::ApiGateway::Stage", "Properties": {
            "RestApiId": {"Ref": "Rest"}, "DeploymentId": {"Ref": "RestDeployment"}, "StageName": name, **more}}
           for name, more in (("free", {}), ("limited", {"MethodSettings": [
               {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.01}]}))}},
        {"Socket": address("Api", "wss", "/live"), "Closed": address("Guarded", "wss", "/live"),
         "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "EchoName": {"Ref": "Echo"}, "Http": address("Http", "https", ""),
         "Rest": address("Rest", "https", ""),
         **{name: {"Ref": name} for name in ("Slow", "NeverBegins", "Probe")}}))


@pytest.fixture
def connect(outputs):
    """Opens connections; all are closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda query="", **more: opened.enter_context(websockets.sync.client.connect(
            outputs["Socket"] + query, proxy=None, compression=None, ping_interval=None, open_timeout=60,
            close_timeout=5, **more))


@pytest.fixture(scope="module")
def management(cloud, outputs):
    return cloud.client("apigatewaymanagementapi", endpoint=http_url(outputs["Socket"]))


def own_id(one) -> str:
    one.send("who am I?")
    return json.loads(one.recv(timeout=60))["id"]


# --- WebSocket APIs

def test_a_connection_is_gone_until_connect_has_completed(management, connect, tmp_path):
    told, until = tmp_path / "told", tmp_path / "until"
    query = "?" + urllib.parse.urlencode({"told": told, "until": until})
    with ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, query)
        wait_until(told.exists, "$connect runs")
        connection = json.loads(told.read_text())["connectionId"]
        with aws_error("GoneException", 410):
            management.post_to_connection(ConnectionId=connection, Data=b"too early")
        until.touch()
        one = connecting.result()
    management.post_to_connection(ConnectionId=connection, Data=b"now")
    assert one.recv(timeout=60) == "now"


def test_connect_has_29_seconds(cloud, outputs, connect, tmp_path):
    told = tmp_path / "told"
    query = "?" + urllib.parse.urlencode({"told": told, "until": tmp_path / "until"})
    with ThreadPoolExecutor() as pool:
        connecting = pool.submit(connect, query)
        wait_until(told.exists, "$connect runs")
        cloud.advance(29_000)
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            connecting.result()
    assert refused.value.response.status_code == 500
    (tmp_path / "until").touch()


def test_a_message_has_29_seconds(cloud, connect, files):
    one = connect()
    connection = own_id(one)
    one.send(json.dumps({"action": "hang"}))
    wait_until(files["told"].exists, "the function runs")
    cloud.advance(29_000)
    answer = json.loads(one.recv(timeout=60))
    assert {**answer, "requestId": ""} == {
        "message": "Internal server error", "connectionId": connection, "requestId": ""}
    assert own_id(one) == connection  # goes on
    files["until"].touch()


def test_the_routes_of_a_stage_have_its_rate(cloud, connect):
    one = connect()
    connection = own_id(one)

    def ask() -> dict:
        one.send(json.dumps({"action": "limited"}))
        return json.loads(one.recv(timeout=60))

    assert [ask(), ask()] == [{"id": connection}] * 2
    refused = ask()
    assert (refused["message"], refused["connectionId"]) == ("Too Many Requests", connection)
    assert own_id(one) == connection  # another route
    cloud.advance(100_000)
    assert ask() == {"id": connection}


def test_what_a_client_does_not_take_is_refused_in_the_end(management, connect):
    one = connect(max_queue=1)
    connection = own_id(one)
    with aws_error("LimitExceededException", 429, "The WebSocket client side buffer is full"):
        for _ in range(1000):
            management.post_to_connection(ConnectionId=connection, Data=b"x" * 131_072)
    one.socket.close()


def raw_request(outputs, path: str) -> str:
    """An upgrade, without a client that would mind what it gets."""
    url = urllib.parse.urlsplit(http_url(outputs["Socket"]))
    return (f"GET {url.path}{path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")


def dial(cloud) -> socket.socket:
    url = urllib.parse.urlsplit(cloud.endpoint)
    return socket.create_connection((url.hostname, url.port), timeout=60)


def test_an_address_has_4096_characters(cloud, outputs, connect):
    api = urllib.parse.urlsplit(outputs["Socket"]).path.split("/")[3]
    of_aws = f"wss://{api}.execute-api.us-east-1.amazonaws.com/live?x="
    with dial(cloud) as one:
        one.sendall(raw_request(outputs, "?x=" + "y" * (4097 - len(of_aws))).encode())
        assert one.recv(100).startswith(b"HTTP/1.1 414 ")
    own_id(connect("?x=" + "y" * (4096 - len(of_aws))))


def statuses(cloud, requested: str, times: int) -> list[int]:
    """Of as many requests on one connection."""
    with dial(cloud) as one:
        sender = threading.Thread(target=one.sendall, args=(requested.encode() * times,))
        sender.start()
        answers = one.makefile("rb")
        found = []
        for _ in range(times):
            found.append(int(answers.readline().split()[1]))
            length = 0
            while (line := answers.readline().strip()):
                name, value = line.decode().split(":", 1)
                length = int(value) if name.lower() == "content-length" else length
            answers.read(length)
        sender.join()
        return found


def test_an_account_has_500_new_connections_a_second(cloud, outputs, connect):
    closed = raw_request(outputs, "").replace(urllib.parse.urlsplit(outputs["Socket"]).path,
                                              urllib.parse.urlsplit(outputs["Closed"]).path)
    found = statuses(cloud, closed, 3000)
    assert found[:100] == [403] * 100 and set(found) == {403, 429}  # not signed, and too many
    cloud.advance(1_000)
    own_id(connect())


def test_tls_is_1_2_at_least(home):
    secure = LocalCloud(home, "--tls")
    for version, fails in ((ssl.TLSVersion.TLSv1_1, True), (ssl.TLSVersion.TLSv1_2, False)):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")  # or the client itself would refuse
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version = context.maximum_version = version
        refused = pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION") if fails else contextlib.nullcontext()
        with dial(secure) as one, refused:
            context.wrap_socket(one).close()


# --- HTTP and REST APIs

@pytest.mark.parametrize("api, path, seconds, status, message", [
    ("Http", "/x", 30, 503, "Service Unavailable"), ("Http", "/fast", 2, 503, "Service Unavailable"),
    ("Rest", "/free", 29, 504, "Endpoint request timed out")], ids=["http", "own", "rest"])
def test_an_integration_has_its_time(cloud, outputs, tmp_path, api, path, seconds, status, message):
    told, until = tmp_path / "told", tmp_path / "until"
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(requests.get, outputs[api] + path, params={"told": told, "until": until}, timeout=60)
        wait_until(told.exists, "the function runs")
        cloud.advance(seconds * 1000)
        answer = waiting.result()
    until.touch()
    assert (answer.status_code, answer.json()) == (status, {"message": message})


def test_a_request_has_10_megabytes_and_what_lambda_takes(outputs):
    for size, http, rest in ((10 * MEGABYTE + 1, "Request Entity Too Large",
                              "HTTP content length exceeded 10485760 bytes."),
                             (7 * MEGABYTE, "Request Entity Too Large", "Request Too Long")):
        body = b"x" * size
        answer = requests.post(outputs["Http"] + "/x", data=body, headers={"Content-Type": "text/plain"}, timeout=60)
        assert (answer.status_code, answer.json()) == (413, {"message": http})
        answer = requests.post(outputs["Rest"] + "/free", data=body, headers={"Content-Type": "text/plain"}, timeout=60)
        assert (answer.status_code, answer.json()) == (413, {"message": rest})
    body = b"x" * (5 * MEGABYTE)
    assert requests.post(outputs["Http"] + "/x", data=body, headers={"Content-Type": "text/plain"},
                         timeout=60).status_code == 200


def test_an_answer_has_what_lambda_gives(outputs):
    assert len(requests.get(outputs["Http"] + "/x", params={"size": 5 * MEGABYTE}, timeout=60).content) == 5 * MEGABYTE
    assert requests.get(outputs["Http"] + "/x", params={"size": 7 * MEGABYTE}, timeout=60).status_code == 500
    assert requests.get(outputs["Rest"] + "/free", params={"size": 7 * MEGABYTE}, timeout=60).status_code == 502


@pytest.mark.parametrize("api, path", [("Http", "/limited/x"), ("Rest", "/limited")])
def test_a_stage_has_a_rate(cloud, outputs, api, path):
    ask = lambda: requests.get(outputs[api] + path, timeout=60)  # noqa: E731
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert ask().json() == {"message": "Too Many Requests"}
    cloud.advance(100_000)
    assert [ask().status_code for _ in range(2)] == [200, 429]


def failure(cloud, stack: str) -> str:
    """Why the stack was rolled back."""
    assert settled(cloud, stack)["StackStatus"] in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    return "\n".join(event.get("ResourceStatusReason", "") for event in cloud.stack_events(stack))


def routes(count: int) -> str:
    return json.dumps(template({"Api": HTTP, **{f"R{number}": v2("Route", RouteKey=f"GET /{number}")
                                                for number in range(count)}}))


def test_an_api_has_300_routes(cloud):
    formation = cloud.client("cloudformation")
    formation.create_stack(StackName="routes", TemplateBody=routes(300))
    assert settled(cloud, "routes")["StackStatus"] == "CREATE_COMPLETE"
    formation.update_stack(StackName="routes", TemplateBody=routes(301))
    assert "Maximum number of Routes for this API has been reached." in failure(cloud, "routes")


def rest_resources() -> dict:
    return {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "r"}},
            **{f"R{number}": {"Type": "AWS::ApiGateway::Resource", "Properties": {
                "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": str(number)}} for number in range(300)}}


def integration(**more) -> dict:
    return {"Api": SOCKET, "Integration": v2("Integration", IntegrationType="MOCK", **{**TEMPLATES, **more})}


def stages(**settings) -> dict:
    return {"Api": HTTP, **{f"S{number}": v2("Stage", StageName=f"s{number}", AutoDeploy=True, **settings)
                            for number in range(11)}}


UNBUILDABLE = {
    "resources": (rest_resources(), "Maximum number of Resources for this API has been reached."),
    "stages": (stages(), "Maximum number of Stages for this API has been reached."),
    "short timeout": (integration(TimeoutInMillis=49), "TimeoutInMillis must be between 50 and 29000"),
    "long timeout": (integration(TimeoutInMillis=29_001), "TimeoutInMillis must be between 50 and 29000"),
    "template": (integration(RequestTemplates={"$default": "x" * 307_201}), "307200 bytes"),
    "authorization of a message": (
        {"Api": SOCKET, "Route": v2("Route", RouteKey="hello", AuthorizationType="AWS_IAM")},
        "restricted to the $connect route"),
    "settings": ({"Api": HTTP, "Stage": v2("Stage", StageName="x", DefaultRouteSettings={"Colour": "red"})}, "Colour"),
    "rate": ({"Api": HTTP, "Stage": v2("Stage", StageName="x", RouteSettings={"a": {"ThrottlingRateLimit": "many"}})},
             "ThrottlingRateLimit")}


@pytest.mark.parametrize("what", UNBUILDABLE)
def test_an_api_that_cannot_be_fails_its_stack(cloud, what):
    resources, words = UNBUILDABLE[what]
    put(cloud, "template.json", json.dumps(template(resources)).encode())
    stack = "unbuildable-" + what.replace(" ", "-")
    cloud.client("cloudformation").create_stack(StackName=stack,
                                                TemplateURL=f"{cloud.endpoint}/{BUCKET}/template.json")
    assert words in failure(cloud, stack)


def test_a_mapping_template_has_300_kilobytes(cloud):
    text = '{"statusCode":200}'.ljust(307_200)
    put(cloud, "template.json", json.dumps(template(integration(RequestTemplates={"$default": text}))).encode())
    cloud.client("cloudformation").create_stack(StackName="long-template",
                                                TemplateURL=f"{cloud.endpoint}/{BUCKET}/template.json")
    assert settled(cloud, "long-template")["StackStatus"] == "CREATE_COMPLETE"


# --- The Runtime API

def test_the_runtime_api_refuses_what_its_state_does_not_allow(cloud, outputs):
    first = cloud.invoke(outputs["Probe"], {}).json
    assert first["response before next"] == [400, "InvalidRequestID"]
    assert first["next while it runs"] == [403, "InvalidStateTransition"]
    assert first["init error after init"] == [403, "InvalidStateTransition"]
    assert first["wrong id"] == [400, "InvalidRequestID"]
    assert first["wrong mode"] == [400, "InvalidFunctionResponseMode"]
    assert first["answer"] == [202, None] and first["nothing"][0] == 404
    assert cloud.invoke(outputs["Probe"], {}).json["second answer"] == [403, "InvalidStateTransition"]


def test_extensions_telemetry_and_restore_are_refused_by_name(cloud, outputs):
    said = cloud.invoke(outputs["Probe"], {}).json
    for name in ("extension", "telemetry", "restore"):
        assert said[name] == [501, "NotImplemented"]
    client = cloud.client("lambda")
    layer = client.publish_layer_version(LayerName="watching", Content={
        "ZipFile": packed({"extensions/watch": "#!/bin/sh\n"})})["LayerVersionArn"]
    with aws_error("InvalidParameterValueException", 400, "Extensions"):
        client.update_function_configuration(FunctionName=outputs["Probe"], Layers=[layer])


def test_an_answer_that_is_too_large_is_refused_to_the_runtime_and_told_to_the_caller(cloud, outputs):
    answer = cloud.invoke(outputs["Probe"], {"size": 6_291_557})
    assert answer.error == "Unhandled" and answer.json == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}
    # Another environment may take the next invocation, and all after it, while this one's runtime has yet to ask for one.
    def told():
        with ThreadPoolExecutor() as pool:
            answers = [pool.submit(cloud.invoke, outputs["Probe"], {}) for _ in range(4)]
        return next((one for one in (answer.result().json.get("too large") for answer in answers) if one), None)

    assert wait_until(told, "the runtime tells what it was told") == [413, "RequestEntityTooLarge"]


def test_an_error_reaches_the_caller_verbatim(cloud, outputs):
    for text in ('{"anything": 1}', "no JSON"):
        answer = cloud.invoke(outputs["Probe"], {"fail": text})
        assert (answer.error, answer.payload) == ("Unhandled", text.encode())


# --- Functions

def lines(file) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_initialisation_has_10_seconds_and_is_tried_again_in_the_invocation(cloud, outputs, files):
    with ThreadPoolExecutor() as pool:
        invoked = pool.submit(cloud.invoke, outputs["Slow"])
        wait_until(lambda: len(lines(files["begun"])) == 1, "the initialisation has begun")
        cloud.advance(10_000)
        wait_until(lambda: len(lines(files["begun"])) == 2, "it is tried again")
        files["go"].touch()
        answer = invoked.result()
    assert answer.error is None and answer.payload.decode() == lines(files["begun"])[1]
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/" + outputs["Slow"])["events"]
    assert any("INIT_REPORT" in event["message"] and "Status: timeout" in event["message"] for event in events)


def test_an_initialisation_that_is_tried_again_has_the_functions_timeout(cloud, outputs, files):
    with ThreadPoolExecutor() as pool:
        invoked = pool.submit(cloud.invoke, outputs["NeverBegins"])
        wait_until(lambda: len(lines(files["begun-late"])) == 1, "the initialisation has begun")
        cloud.advance(10_000)
        answer = invoked.result()
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Sandbox.Timedout"
    assert answer.json["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def configure(cloud, outputs, **change) -> dict:
    return cloud.client("lambda").update_function_configuration(FunctionName=outputs["Probe"], **change)


RESERVED = ("_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME "
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE "
            "AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID "
            "AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR").split()


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_variables_are_refused(cloud, outputs, name):
    with aws_error("InvalidParameterValueException", 400, f"Reserved keys used in this request: {name}"):
        configure(cloud, outputs, Environment={"Variables": {name: "x", "TZ": "UTC"}})


def test_variables_have_4_kilobytes(cloud, outputs):
    free = {"TZ": "UTC", "PATH": "/bin", "LANG": "C", "X1": ""}
    free["X1"] = "x" * (4096 - len(json.dumps(free, separators=(",", ":"))))
    assert configure(cloud, outputs, Environment={"Variables": free})["Environment"]["Variables"] == free
    free["X1"] += "x"
    with aws_error("InvalidParameterValueException", 400, "exceeded the 4KB limit"):
        configure(cloud, outputs, Environment={"Variables": free})
    configure(cloud, outputs, Environment={"Variables": {}})


def test_what_a_configuration_may_have_at_most(cloud, outputs):
    most = {"Timeout": 900, "MemorySize": 10_240, "EphemeralStorage": {"Size": 10_240}}
    made = configure(cloud, outputs, **most)
    assert {name: made[name] for name in most} == most
    least = {"Timeout": 1, "MemorySize": 128, "EphemeralStorage": {"Size": 512}}
    made = configure(cloud, outputs, **least)
    assert {name: made[name] for name in least} == least


def test_an_archive_in_a_request_has_50_megabytes(cloud, outputs):
    client = cloud.client("lambda")
    with aws_error("RequestEntityTooLargeException", 413):
        client.update_function_code(FunctionName=outputs["Probe"], ZipFile=bytes(50 * MEGABYTE + 1))
    with aws_error("InvalidParameterValueException", 400, "Could not unzip"):
        client.update_function_code(FunctionName=outputs["Probe"], ZipFile=bytes(50 * MEGABYTE))


def test_a_wrapper_of_a_managed_runtime_is_refused_by_name(cloud, outputs):
    with aws_error("InvalidParameterValueException", 400, "AWS_LAMBDA_EXEC_WRAPPER is not implemented"):
        cloud.client("lambda").create_function(
            FunctionName="wrapped", Runtime="nodejs22.x", Handler="index.handler", Role=outputs["RoleArn"],
            Code={"ZipFile": packed({"index.mjs": "export const handler = () => 1;"})},
            Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}})


def test_the_tail_of_the_log_has_4_kilobytes(cloud, outputs):
    answer = cloud.client("lambda").invoke(FunctionName=outputs["EchoName"], LogType="Tail", Payload=json.dumps(
        {"requestContext": {}, "queryStringParameters": {"print": "10000"}}))
    tail = base64.b64decode(answer["LogResult"])
    assert len(tail) == 4096 and tail.rstrip().endswith(b"MB") and b"START" not in tail


# A function of these has its size; what it does is told by its event.
HUNGRY = """
import os, subprocess, sys, tempfile, time

def wait():
    while True:
        time.sleep(0.01)

def handler(event, headers):
    megabytes = event.get("megabytes", 0)
    if event["what"] == "keep":
        kept = bytearray(b"x" * (megabytes << 20))
        wait()
    if event["what"] == "burst":
        for _ in range(3):
            bytearray(b"x" * (megabytes << 20))
    if event["what"] == "children":
        hold = "x = bytearray(b'x' * (60 << 20)); import time; time.sleep(60)"
        for _ in range(3):
            subprocess.Popen([sys.executable, "-c", hold])
        wait()
    if event["what"] == "reserve":
        import mmap
        mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if event["what"] == "files":
        with open(os.path.join(tempfile.gettempdir(), "much"), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, megabytes << 20)
        if event.get("stays"):
            wait()
        os.unlink(file.name)
    return "well"
"""


@pytest.fixture(scope="module")
def hungry(cloud) -> str:
    return deploy(cloud, "hungry", template({
        "Role": role(), "Hungry": function(upload(cloud, HUNGRY), Timeout=60, MemorySize=128)},
        {"Name": {"Ref": "Hungry"}}))["Name"]


def report(cloud, name: str, answer) -> str:
    """The REPORT line of an invocation that failed."""
    request = answer.json["errorMessage"].split()[1]
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/" + name)["events"]
    line, = [event["message"] for event in events if event["message"].startswith("REPORT RequestId: " + request)]
    return line


@pytest.mark.parametrize("event", [{"what": "keep", "megabytes": 200}, {"what": "burst", "megabytes": 100},
                                   {"what": "children"}], ids=lambda event: event["what"])
def test_a_function_has_its_memory(cloud, hungry, event):
    answer = cloud.invoke(hungry, event)
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Runtime.ExitError"
    words = answer.json["errorMessage"].split(" ", 2)
    assert words[0] == "RequestId:" and words[2] == "Error: Runtime exited with error: signal: killed"
    line = report(cloud, hungry, answer)
    assert "Max Memory Used: 128 MB" in line and "Error Type: Runtime.ExitError" in line
    assert cloud.invoke(hungry, {"what": "nothing"}).json == "well"


def test_memory_that_is_not_used_does_not_count(cloud, hungry):
    for event in ({"what": "burst", "megabytes": 20}, {"what": "reserve"}):
        answer = cloud.client("lambda").invoke(FunctionName=hungry, LogType="Tail", Payload=json.dumps(event))
        assert json.loads(answer["Payload"].read()) == "well"
        log = base64.b64decode(answer["LogResult"]).decode()
        used = int(log.rsplit("Max Memory Used: ", 1)[1].split()[0])
        assert (40 if "megabytes" in event else 5) <= used < 128


def test_a_function_has_its_storage(cloud, hungry):
    client = cloud.client("lambda")
    assert cloud.invoke(hungry, {"what": "files", "megabytes": 500}).json == "well"
    answer = cloud.invoke(hungry, {"what": "files", "megabytes": 520, "stays": True})
    assert answer.error == "Unhandled" and "No space left on device" in answer.json["errorMessage"]
    client.update_function_configuration(FunctionName=hungry, EphemeralStorage={"Size": 600})
    assert cloud.invoke(hungry, {"what": "files", "megabytes": 520}).json == "well"


# --- Roles and policies

def document(size: int) -> str:
    """A policy of exactly as many characters, white space not counted."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}
    empty = len(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")))
    statement["Resource"] += "x" * (size - empty)
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}


@pytest.fixture(scope="module")
def iam(cloud):
    client = cloud.client("iam")
    client.create_role(RoleName="bounded", AssumeRolePolicyDocument=json.dumps(TRUST))
    return client


def test_inline_policies_have_10240_characters_together(iam):
    iam.put_role_policy(RoleName="bounded", PolicyName="a", PolicyDocument=document(10_000))
    iam.put_role_policy(RoleName="bounded", PolicyName="b", PolicyDocument=document(240))
    with aws_error("LimitExceeded", 409, "Maximum policy size of 10240 bytes exceeded for role bounded"):
        iam.put_role_policy(RoleName="bounded", PolicyName="b", PolicyDocument=document(241))


def test_a_role_has_10_managed_policies_of_6144_characters(iam, cloud):
    arns = [iam.create_policy(PolicyName=f"own{number}", PolicyDocument=document(6144))["Policy"]["Arn"]
            for number in range(11)]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="bounded", PolicyArn=arn)
    iam.attach_role_policy(RoleName="bounded", PolicyArn=arns[0])  # has it already
    with aws_error("LimitExceeded", 409, "Cannot exceed quota for PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="bounded", PolicyArn=arns[10])
    with aws_error("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy(PolicyName="long", PolicyDocument=document(6145))
    with aws_error("LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=document(6145))
    made = role()
    made["Properties"]["ManagedPolicyArns"] = arns
    cloud.client("cloudformation").create_stack(
        StackName="attached", Capabilities=["CAPABILITY_IAM"], TemplateBody=json.dumps(template({"Role": made})))
    assert "Cannot exceed quota for PoliciesPerRole: 10" in failure(cloud, "attached")


def test_a_trust_policy_has_2048_characters(iam):
    long = json.loads(json.dumps(TRUST))
    long["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "x" * 2000}}
    with aws_error("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048"):
        iam.create_role(RoleName="trusting", AssumeRolePolicyDocument=json.dumps(long))
    with aws_error("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048"):
        iam.update_assume_role_policy(RoleName="bounded", PolicyDocument=json.dumps(long))


def test_a_session_has_at_most_what_its_role_says_and_12_hours(cloud, iam):
    for seconds in (3599, 43_201):
        with aws_error("ValidationError", 400):
            cloud.client("iam", parameter_validation=False).create_role(
                RoleName="lasting", AssumeRolePolicyDocument=json.dumps(TRUST), MaxSessionDuration=seconds)
    trust = json.loads(json.dumps(TRUST))
    trust["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::123456789012:root"}
    arn = iam.create_role(RoleName="lasting", AssumeRolePolicyDocument=json.dumps(trust),
                          MaxSessionDuration=7200)["Role"]["Arn"]
    sts = cloud.client("sts")
    sts.assume_role(RoleArn=arn, RoleSessionName="tester", DurationSeconds=7200)
    with aws_error("ValidationError", 400, "DurationSeconds exceeds the MaxSessionDuration"):
        sts.assume_role(RoleArn=arn, RoleSessionName="tester", DurationSeconds=7201)


# --- What other services keep

def test_an_item_has_400_kilobytes(cloud):
    db = cloud.client("dynamodb")
    db.create_table(TableName="large", BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                          {"AttributeName": "sk", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
    db.get_waiter("table_exists").wait(TableName="large", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})

    def put_item(text: int = 0, pk: int = 1, sk: int = 1, **more):
        db.put_item(TableName="large", Item={"pk": {"S": "p" * pk}, "sk": {"S": "s" * sk}, "t": {"S": "x" * text}, **more})

    whole = 400 * 1024 - len("pkpskst")
    put_item(whole)
    with aws_error("ValidationException", 400, "Item size has exceeded the maximum allowed size"):
        put_item(whole + 1)
    with aws_error("ValidationException", 400, "Item size to update has exceeded the maximum allowed size"):
        db.update_item(TableName="large", Key={"pk": {"S": "p"}, "sk": {"S": "s"}}, UpdateExpression="SET u = :u",
                       ExpressionAttributeValues={":u": {"S": "x"}})
    put_item(pk=2048, sk=1024)
    with aws_error("ValidationException", 400, "Size of hashkey has exceeded the maximum size limit of2048 bytes"):
        put_item(pk=2049)
    with aws_error("ValidationException", 400, "exceeded the size limit of 1024 bytes"):
        put_item(sk=1025)
    nested: dict = {"S": "deep"}
    for _ in range(33):
        nested = {"L": [nested]}
    with aws_error("ValidationException", 400, "Nesting Levels have exceeded supported limits"):
        put_item(n=nested)
    with aws_error("ValidationException", 400, "more than 38 significant digits"):
        put_item(n={"N": "1" * 39})
    with aws_error("ValidationException", 400, "Expression size has exceeded the maximum allowed size"):
        db.put_item(TableName="large", Item={"pk": {"S": "p"}, "sk": {"S": "s"}},
                    ConditionExpression="attribute_not_exists(" + "x" * 4096 + ")")


# --- What a table with provisioned throughput gives

def provisioned(db, name: str, units: int = 1, **more) -> str:
    throughput = {"ReadCapacityUnits": units, "WriteCapacityUnits": units}
    for index in more.get("GlobalSecondaryIndexes", ()):
        index["ProvisionedThroughput"] = throughput
    db.create_table(TableName=name, ProvisionedThroughput=throughput,
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    **{"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], **more})
    return name


def text_item(pk: str, kilobytes: int, **more) -> dict:
    return {"pk": {"S": pk}, "t": {"S": "x" * (kilobytes * 1024 - 100)}, **more}


def throttled(kind: str):
    return aws_error("ProvisionedThroughputExceededException", 400, kind)


OF_TABLE = "The level of configured provisioned throughput for the table was exceeded."


def test_writes_have_300_seconds_of_their_units_at_once(cloud):
    db = cloud.client("dynamodb")
    table = provisioned(db, "written")
    for number in range(2):  # there are 300 units: what the second takes beyond them is owed
        put = db.put_item(TableName=table, Item=text_item(str(number), 200), ReturnConsumedCapacity="TOTAL")
        assert put["ConsumedCapacity"]["CapacityUnits"] == 200
    with throttled(OF_TABLE) as refused:
        db.put_item(TableName=table, Item=text_item("more", 1))
    reason, = refused.value.response["ThrottlingReasons"]
    assert reason == {"reason": "TableWriteProvisionedThroughputExceeded",
                      "resource": "arn:aws:dynamodb:us-east-1:123456789012:table/written"}
    for call in (lambda: db.delete_item(TableName=table, Key={"pk": {"S": "1"}}),
                 lambda: db.update_item(TableName=table, Key={"pk": {"S": "1"}}),
                 lambda: db.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": {"pk": {"S": "1"}}}}]})):
        with throttled(OF_TABLE):
            call()
    with aws_error("TransactionCanceledException", 400, "[ProvisionedThroughputExceeded]") as cancelled:
        db.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": {"pk": {"S": "1"}}}}])
    assert cancelled.value.response["CancellationReasons"][0]["Message"].startswith(OF_TABLE)
    assert db.get_item(TableName=table, Key={"pk": {"S": "1"}})["Item"]  # reads have units of their own
    cloud.advance(300_000)
    half = db.batch_write_item(ReturnConsumedCapacity="TOTAL", RequestItems={table: [
        {"PutRequest": {"Item": text_item(str(number), 390)}} for number in range(3)]})
    assert len(half["UnprocessedItems"][table]) == 2 and half["ConsumedCapacity"][0]["CapacityUnits"] == 390
    cloud.advance(300_000)
    db.update_table(TableName=table, BillingMode="PAY_PER_REQUEST")
    for _ in range(3):
        db.put_item(TableName=table, Item=text_item("free", 390))


def test_a_condition_that_fails_costs_what_is_there(cloud):
    db = cloud.client("dynamodb")
    table = provisioned(db, "conditional")
    db.put_item(TableName=table, Item=text_item("a", 200))
    for error in ("ConditionalCheckFailedException", "ProvisionedThroughputExceededException"):
        with aws_error(error, 400):
            db.put_item(TableName=table, Item={"pk": {"S": "a"}}, ConditionExpression="attribute_not_exists(pk)")


def test_reads_have_300_seconds_of_their_units_at_once(cloud):
    db = cloud.client("dynamodb")
    table = provisioned(db, "read")
    db.put_item(TableName=table, Item=text_item("a", 390))
    key = {"pk": {"S": "a"}}
    for _ in range(4):
        got = db.get_item(TableName=table, Key=key, ConsistentRead=True, ReturnConsumedCapacity="TOTAL")
        assert got["ConsumedCapacity"]["CapacityUnits"] == 98
    with throttled(OF_TABLE) as refused:
        db.get_item(TableName=table, Key=key, ConsistentRead=True)
    assert refused.value.response["ThrottlingReasons"][0]["reason"] == "TableReadProvisionedThroughputExceeded"
    for call in (lambda: db.get_item(TableName=table, Key=key), lambda: db.scan(TableName=table),
                 lambda: db.query(TableName=table, KeyConditionExpression="pk = :a",
                                  ExpressionAttributeValues={":a": {"S": "a"}}),
                 lambda: db.batch_get_item(RequestItems={table: {"Keys": [key]}})):
        with throttled(OF_TABLE):
            call()
    with aws_error("TransactionCanceledException", 400, "[ProvisionedThroughputExceeded]"):
        db.transact_get_items(TransactItems=[{"Get": {"TableName": table, "Key": key}}])
    cloud.advance(300_000)
    assert db.scan(TableName=table)["Count"] == 1


def test_an_index_without_units_holds_its_table_back(cloud):
    db = cloud.client("dynamodb")
    keys = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "owner")]
    table = provisioned(db, "indexed", 1, AttributeDefinitions=keys, GlobalSecondaryIndexes=[
        {"IndexName": "owners", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
         "Projection": {"ProjectionType": "ALL"}}])
    db.update_table(TableName=table, ProvisionedThroughput={"ReadCapacityUnits": 100, "WriteCapacityUnits": 100})
    owner = {"owner": {"S": "me"}}
    db.put_item(TableName=table, Item=text_item("a", 390, **owner))
    with throttled("for one or more global secondary indexes of the table was exceeded.") as refused:
        db.put_item(TableName=table, Item=text_item("b", 1, **owner))
    reason, = refused.value.response["ThrottlingReasons"]
    assert reason["reason"] == "IndexWriteProvisionedThroughputExceeded"
    assert reason["resource"].endswith(":table/indexed/index/owners")
    db.put_item(TableName=table, Item=text_item("b", 1))  # not in the index
    for _ in range(7):  # 49 units each
        db.scan(TableName=table, IndexName="owners")
    with throttled("global secondary indexes") as refused:
        db.scan(TableName=table, IndexName="owners")
    assert refused.value.response["ThrottlingReasons"][0]["reason"] == "IndexReadProvisionedThroughputExceeded"
    assert db.scan(TableName=table)["Count"] == 2
    cloud.advance(300_000)
    db.put_item(TableName=table, Item=text_item("b", 1, **owner))


def test_a_bus_has_300_rules_and_an_account_100_buses(cloud):
    events = cloud.client("events")
    events.create_event_bus(Name="full")
    for number in range(300):
        events.put_rule(Name=f"full{number}", EventPattern='{"source":["nobody"]}', EventBusName="full")
    with aws_error("LimitExceededException", 400):
        events.put_rule(Name="more", EventPattern='{"source":["nobody"]}', EventBusName="full")
    events.put_rule(Name="full0", EventPattern='{"source":["somebody"]}', EventBusName="full")  # a change
    with aws_error("LimitExceededException", 400):
        for number in range(100):
            events.create_event_bus(Name=f"bus{number}")


def test_a_templates_names_and_values_have_limits(cloud):
    formation = cloud.client("cloudformation")
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    mappings = {f"M{number}": {"a": {"b": "c"}} for number in range(201)}
    with aws_error("ValidationError", 400, "Number of mappings, 201, is greater than maximum allowed, 200"):
        formation.validate_template(TemplateBody=json.dumps(template(topic, Mappings=mappings)))
    body = json.dumps(template(topic, Parameters={"P": {"Type": "String"}}))
    with aws_error("ValidationError", 400, "4096"):
        formation.create_stack(StackName="valued", TemplateBody=body,
                               Parameters=[{"ParameterKey": "P", "ParameterValue": "x" * 4097}])
    with aws_error("ValidationError", 400):
        formation.create_stack(StackName="n" * 129, TemplateBody=json.dumps(template(topic)))
