"""Streamed answers of functions and function URLs in the local cloud, judged by boto3 and by requests."""

import json
import threading

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests

from harness.errors import aws_error
from harness.functions import role
from harness.processes import wait_until
from harness.stacks import deploy, template

MEGABYTE = 1024 * 1024

# A bootstrap's handler that can also stream: `stream` yields pieces, which go out as chunks as they are made.
BOOTSTRAP = '''#!{python} -IS
import base64, http.client, json, os, sys, time
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
PATH = "/2018-06-01/runtime/"


def read_next():
    connection.request("GET", PATH + "invocation/next")
    response = connection.getresponse()
    return response.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(response.read())


def post(path, body, headers):
    connection.request("POST", PATH + path, body, headers)
    response = connection.getresponse()
    response.read()
    return response.status


def stream(request_id, content_type, pieces, error=None, cut=False):
    connection.putrequest("POST", PATH + "invocation/" + request_id + "/response")
    for name, value in (("Lambda-Runtime-Function-Response-Mode", "streaming"), ("Transfer-Encoding", "chunked"),
                        ("Content-Type", content_type),
                        ("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")):
        connection.putheader(name, value)
    connection.endheaders()
    for piece in pieces:
        if piece:
            connection.send(b"%x\\r\\n%s\\r\\n" % (len(piece), piece))
    if cut:
        os._exit(1)
    trailer = b""
    if error:
        trailer = ("Lambda-Runtime-Function-Error-Type: Function.Broken\\r\\nLambda-Runtime-Function-Error-Body: "
                   + base64.b64encode(json.dumps(error).encode()).decode() + "\\r\\n").encode()
    connection.send(b"0\\r\\n" + trailer + b"\\r\\n")
    response = connection.getresponse()
    response.read()
    return response.status


def slowly(event):
    yield b"first"
    while not os.path.exists(event["until"]):
        time.sleep(0.01)
    yield b"second"


def many(size):
    for _ in range(size // 65536):
        yield bytes(65536)
    yield bytes(size % 65536)


HTTP = "application/vnd.awslambda.http-integration-response"

while True:
    request_id, event = read_next()
    what = event
    if "requestContext" in event:
        what = json.loads(event["body"]) if event.get("body", "").startswith("{{") else {{}}
    if what.get("print"):
        print(what["print"], flush=True)
    if "raise" in what:
        post("invocation/" + request_id + "/error",
             json.dumps({{"errorType": "ValueError", "errorMessage": what["raise"]}}), {{}})
    elif "until" in what:
        stream(request_id, "text/plain", slowly(what))
    elif "size" in what:
        status = stream(request_id, "application/octet-stream", many(what["size"]))
        print("answered", status, flush=True)
    elif "broken" in what:
        stream(request_id, "text/plain", [b"begun"], error={{"errorType": "Broken", "errorMessage": what["broken"]}})
    elif "cut" in what:
        stream(request_id, "text/plain", [b"begun"], cut=True)
    elif "hang" in what:
        stream(request_id, "text/plain", slowly({{"until": "/nowhere"}}))
    elif "prelude" in what:
        stream(request_id, HTTP, [json.dumps(what["prelude"]).encode() + bytes(4), bytes(4) + b"bo", b"dy"])
    elif "answer" in what:
        post("invocation/" + request_id + "/response", json.dumps(what["answer"]), {{}})
    else:
        post("invocation/" + request_id + "/response", json.dumps(event), {{}})
'''


@pytest.fixture(scope="module")
def code(cloud) -> dict[str, str]:
    import io
    import sys
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o100755 << 16
        archive.writestr(info, BOOTSTRAP.format(python=sys.executable))
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="streams")
    s3.put_object(Bucket="streams", Key="code.zip", Body=packed.getvalue())
    return {"S3Bucket": "streams", "S3Key": "code.zip"}


def function(code: dict, **more) -> dict:
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "provided.al2023", "Handler": "h", "Code": code, "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Timeout": 60, **more}}


def url(name: str, auth: str = "NONE", mode: str = "BUFFERED", **more) -> dict:
    return {"Type": "AWS::Lambda::Url", "Properties": {
        "TargetFunctionArn": {"Fn::GetAtt": [name, "Arn"]}, "AuthType": auth, "InvokeMode": mode, **more}}


def anyone(name: str, auth: str = "NONE") -> dict:
    return {"Type": "AWS::Lambda::Permission", "Properties": {
        "Action": "lambda:InvokeFunctionUrl", "FunctionName": {"Ref": name}, "Principal": "*",
        "FunctionUrlAuthType": auth}}


CORS = {"AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-own"],
        "ExposeHeaders": ["x-told"], "MaxAge": 60, "AllowCredentials": True}


@pytest.fixture(scope="module")
def names(cloud, code) -> dict[str, str]:
    anybody = {"AWS": "arn:aws:iam::123456789012:root"}
    return deploy(cloud, "urls", template(
        {"Role": role(), "Stream": function(code, FunctionName="stream", Timeout=600),
         "Short": function(code, FunctionName="short", Timeout=1),
         "Plain": function(code, FunctionName="plain"), "PlainUrl": url("Plain", Cors=CORS),
         "PlainAnyone": anyone("Plain"), "Signed": function(code, FunctionName="signed"),
         "SignedUrl": url("Signed", "AWS_IAM"), "Closed": function(code), "ClosedUrl": url("Closed"),
         "StreamUrl": url("Stream", mode="RESPONSE_STREAM"), "StreamAnyone": anyone("Stream"),
         "Node": {"Type": "AWS::Lambda::Function", "Properties": {
             "Runtime": "nodejs22.x", "Handler": "index.handler", "Code": {"ZipFile": NODE}, "FunctionName": "node",
             "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Timeout": 30}},
         "NodeUrl": url("Node", mode="RESPONSE_STREAM"), "NodeAnyone": anyone("Node"),
         "Caller": role({"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": {
             "Fn::GetAtt": ["Signed", "Arn"]}}, trust=anybody, managed=()),
         "Bystander": role(trust=anybody, managed=())},
        {name: {"Fn::GetAtt": [name, "FunctionUrl"]}
         for name in ("PlainUrl", "SignedUrl", "ClosedUrl", "StreamUrl", "NodeUrl")}
        | {name: {"Fn::GetAtt": [name, "Arn"]} for name in ("Caller", "Bystander")}))


NODE = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const what = event.requestContext ? JSON.parse(event.body) : event;
  if (what.raise) throw new TypeError(what.raise);
  const metadata = { statusCode: what.status, headers: { "x-told": "yes" } };
  if (what.status) stream = awslambda.HttpResponseStream.from(stream, metadata);
  else stream.setContentType("text/plain");
  stream.write("first ");
  if (what.broken) { await new Promise((go) => setTimeout(go, 50)); throw new TypeError(what.broken); }
  stream.write(context.functionName);
  stream.end();
  await require("node:stream/promises").finished(stream);
});
"""


@pytest.fixture(scope="module")
def invoke(cloud, names):
    """invoke(function, payload): the pieces and how it ended."""
    client = cloud.client("lambda")

    def invoke(function: str, payload: dict, **more) -> tuple[list[bytes], dict]:
        response = client.invoke_with_response_stream(FunctionName=function, Payload=json.dumps(payload), **more)
        events = list(response["EventStream"])
        assert list(events[-1]) == ["InvokeComplete"], events
        return [one["PayloadChunk"]["Payload"] for one in events[:-1]], events[-1]["InvokeComplete"]

    return invoke


# --- InvokeWithResponseStream

def test_pieces_come_as_they_are_made(cloud, names, tmp_path):
    client = cloud.client("lambda")
    response = client.invoke_with_response_stream(FunctionName="stream",
                                                  Payload=json.dumps({"until": str(tmp_path / "go")}))
    assert response["StatusCode"] == 200 and response["ExecutedVersion"] == "$LATEST"
    assert response["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    events = iter(response["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"first"
    (tmp_path / "go").touch()
    assert next(events)["PayloadChunk"]["Payload"] == b"second"
    assert next(events) == {"InvokeComplete": {}}
    assert list(events) == []


def test_an_answer_that_is_not_streamed_comes_whole(invoke):
    pieces, end = invoke("stream", {"answer": {"a": 1}})
    assert b"".join(pieces) == b'{"a": 1}' and end == {}


def test_the_log_is_part_of_the_end(invoke):
    import base64
    _, end = invoke("stream", {"print": "told", "size": 10}, LogType="Tail")
    log = base64.b64decode(end["LogResult"]).decode()
    assert "told\n" in log and "REPORT RequestId" in log


def test_an_error_is_the_end(invoke):
    pieces, end = invoke("stream", {"raise": "wrong"})
    assert pieces == [] and end["ErrorCode"] == "Unhandled"
    assert json.loads(end["ErrorDetails"])["errorType"] == "ValueError"


def test_a_stream_that_breaks_says_why(invoke):
    pieces, end = invoke("stream", {"broken": "midway"})
    assert pieces == [b"begun"] and end["ErrorCode"] == "Function.Broken"
    assert json.loads(end["ErrorDetails"]) == {"errorType": "Broken", "errorMessage": "midway"}
    pieces, end = invoke("stream", {"cut": True})
    assert pieces == [b"begun"] and end["ErrorCode"] in ("Runtime.TruncatedResponse", "Runtime.ExitError")


def test_a_stream_has_the_functions_timeout(invoke):
    pieces, end = invoke("short", {"hang": True})
    assert pieces == [b"first"] and end["ErrorCode"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in end["ErrorDetails"]


def test_a_stream_passes_the_limit_of_whole_answers(cloud, invoke):
    pieces, end = invoke("stream", {"size": 7 * MEGABYTE})
    assert sum(map(len, pieces)) == 7 * MEGABYTE and end == {}
    assert cloud.invoke("stream", {"size": 1000}).payload == bytes(1000)
    answer = cloud.invoke("stream", {"size": 7 * MEGABYTE})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Function.ResponseSizeTooLarge"


def clock(cloud) -> int:
    return requests.post(f"{cloud.endpoint}/_local/clock", json={"advanceMs": 0}, timeout=60).json()["now"]


def read_paced(cloud, url: str, size: int, turned: int) -> int:
    """Reads a streamed answer and turns the clock by so many milliseconds for each megabyte after the sixth; what it
    took by the cloud's clock."""
    begun = clock(cloud)
    received, turned_at = 0, 6 * MEGABYTE
    with requests.post(url, json={"size": size}, stream=True, timeout=60) as response:
        for piece in response.iter_content(MEGABYTE):
            received += len(piece)
            while received >= turned_at + MEGABYTE:
                turned_at += MEGABYTE
                cloud.advance(turned)
    assert received == size
    return clock(cloud) - begun


def test_a_stream_has_2_megabytes_a_second_after_the_first_6(cloud, names):
    assert read_paced(cloud, names["StreamUrl"], 26 * MEGABYTE, turned=400) >= 10_000


@pytest.mark.full
def test_a_stream_has_200_megabytes_at_most(cloud, names):
    assert read_paced(cloud, names["StreamUrl"], 200 * MEGABYTE, turned=499) >= 97_000
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        read_paced(cloud, names["StreamUrl"], 200 * MEGABYTE + 1, turned=499)


def test_who_goes_away_does_not_hold_the_function(cloud, names):
    response = cloud.client("lambda").invoke_with_response_stream(FunctionName="plain",
                                                                  Payload=json.dumps({"size": 50 * MEGABYTE}))
    next(iter(response["EventStream"]))
    response["EventStream"].close()
    logs = cloud.client("logs")
    wait_until(lambda: any(one["message"].startswith("answered 202") for one in logs.filter_log_events(
        logGroupName="/aws/lambda/plain")["events"]), "the function was answered")


def test_what_cannot_be_streamed_is_refused(cloud, names):
    client = cloud.client("lambda", parameter_validation=False)
    with aws_error("ResourceNotFoundException", 404, "Function not found"):
        client.invoke_with_response_stream(FunctionName="nobody")
    with aws_error("InvalidRequestContentException", 400):
        client.invoke_with_response_stream(FunctionName="stream", Payload=b"{")
    with aws_error("ValidationException", 400, "invocationType"):
        client.invoke_with_response_stream(FunctionName="stream", InvocationType="Event")
    client.put_function_concurrency(FunctionName="short", ReservedConcurrentExecutions=0)
    with aws_error("TooManyRequestsException", 429):
        client.invoke_with_response_stream(FunctionName="short")
    client.delete_function_concurrency(FunctionName="short")


# --- Function URLs

def test_a_url_gives_the_function_the_request(names):
    answer = requests.post(names["PlainUrl"] + "a/b%20c?x=1&x=2", data="text", cookies={"c": "d"},
                           headers={"X-Own": "1", "Content-Type": "text/plain"})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    event = answer.json()
    assert event["version"] == "2.0" and event["routeKey"] == "$default"
    assert event["rawQueryString"] == "x=1&x=2" and event["queryStringParameters"] == {"x": "1,2"}
    assert event["headers"]["x-own"] == "1" and event["cookies"] == ["c=d"]
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    context = event["requestContext"]
    assert context["stage"] == context["routeKey"] == "$default" and context["accountId"] == "anonymous"
    assert context["http"]["method"] == "POST" and context["http"]["path"].startswith("/a/b")
    assert context["domainName"] == f"{context['domainPrefix']}.lambda-url.us-east-1.on.aws"
    assert requests.post(names["PlainUrl"], data=b"\x00\xff", headers={"Content-Type": "image/png"}).json()[
        "isBase64Encoded"] is True


def test_an_answer_may_say_status_headers_and_cookies(names):
    answer = requests.post(names["PlainUrl"], json={"answer": {
        "statusCode": 201, "headers": {"x-told": "yes"}, "cookies": ["a=b"], "body": "aGk=", "isBase64Encoded": True}})
    assert (answer.status_code, answer.text, answer.headers["x-told"]) == (201, "hi", "yes")
    assert answer.cookies["a"] == "b"


def test_a_failure_of_the_function_is_a_bad_gateway(cloud, names):
    assert requests.post(names["PlainUrl"], json={"raise": "wrong"}).status_code == 502
    client = cloud.client("lambda")
    client.put_function_concurrency(FunctionName="plain", ReservedConcurrentExecutions=0)
    assert requests.get(names["PlainUrl"]).status_code == 429
    client.delete_function_concurrency(FunctionName="plain")


def test_hosts_of_aws_lead_to_the_same_function(cloud, names):
    id_ = names["PlainUrl"].rstrip("/").rsplit("/", 1)[1]
    for host in (f"{id_}.lambda-url.us-east-1.on.aws", f"{id_}.lambda-url.localhost"):
        answer = requests.get(cloud.endpoint + "/some/path", headers={"Host": host})
        assert answer.status_code == 200 and answer.json()["rawPath"] == "/some/path"
    assert requests.get(f"{cloud.endpoint}/_aws/lambda-url/none/").status_code == 404


def test_without_a_permission_nobody_gets_in(names):
    answer = requests.get(names["ClosedUrl"])
    assert answer.status_code == 403 and answer.json() == {"Message": "Forbidden"}


def signed(cloud, address: str, role_arn: str, service: str = "lambda") -> requests.Response:
    given = cloud.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="caller")["Credentials"]
    credentials = botocore.credentials.Credentials(given["AccessKeyId"], given["SecretAccessKey"],
                                                   given["SessionToken"])
    request = botocore.awsrequest.AWSRequest("GET", address)
    botocore.auth.SigV4Auth(credentials, service, cloud.region).add_auth(request)
    return requests.get(address, headers=dict(request.headers))


def test_a_url_with_iam_wants_a_signature_and_a_permission(cloud, names):
    answer = signed(cloud, names["SignedUrl"], names["Caller"])
    assert answer.status_code == 200, answer.text
    iam = answer.json()["requestContext"]["authorizer"]["iam"]
    assert iam["accountId"] == "123456789012" and ":assumed-role/" in iam["userArn"]
    assert requests.get(names["SignedUrl"]).status_code == 403
    assert signed(cloud, names["SignedUrl"], names["Bystander"]).status_code == 403
    assert signed(cloud, names["SignedUrl"], names["Caller"], "execute-api").status_code == 403
    cloud.client("lambda").add_permission(
        FunctionName="signed", StatementId="bystander", Action="lambda:InvokeFunctionUrl",
        Principal=names["Bystander"], FunctionUrlAuthType="AWS_IAM")
    assert signed(cloud, names["SignedUrl"], names["Bystander"]).status_code == 200


def test_cors_is_the_urls(names):
    own = {"Origin": "https://app.example"}
    answer = requests.options(names["PlainUrl"], headers={**own, "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-own" and answer.headers["Access-Control-Max-Age"] == "60"
    answer = requests.get(names["PlainUrl"], headers=own)
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Expose-Headers"] == "x-told"
    for headers in ({"Origin": "https://other.example"}, {}):
        assert "Access-Control-Allow-Origin" not in requests.get(names["PlainUrl"], headers=headers).headers


def test_a_url_streams(names, tmp_path):
    with requests.post(names["StreamUrl"], json={"until": str(tmp_path / "go")}, stream=True) as answer:
        assert answer.headers["Content-Type"] == "text/plain"
        pieces = answer.iter_content(None)
        assert next(pieces) == b"first"
        (tmp_path / "go").touch()
        assert next(pieces) == b"second"


def test_a_streams_prelude_says_status_and_headers(names):
    answer = requests.post(names["StreamUrl"], json={"prelude": {
        "statusCode": 418, "headers": {"Content-Type": "text/x-own"}, "cookies": ["a=b", "c=d"]}})
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (418, b"body", "text/x-own")
    assert answer.cookies.get_dict() == {"a": "b", "c": "d"}
    answer = requests.post(names["StreamUrl"], json={"answer": {"statusCode": 201}})
    assert answer.status_code == 200 and answer.json() == {"statusCode": 201}  # not a stream: it is handed on as it is
    assert requests.post(names["StreamUrl"], json={"raise": "wrong"}).status_code == 502
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _ = requests.post(names["StreamUrl"], json={"broken": "midway"}).content


def test_a_node_function_streams(invoke, names):
    pieces, end = invoke("node", {})
    assert b"".join(pieces) == b"first node" and end == {}
    pieces, end = invoke("node", {"raise": "wrong"})
    assert pieces == [] and json.loads(end["ErrorDetails"])["errorType"] == "TypeError"
    pieces, end = invoke("node", {"broken": "midway"})
    assert pieces == [b"first "] and json.loads(end["ErrorDetails"])["errorMessage"] == "midway"
    assert invoke("node", {})[1] == {}
    answer = requests.post(names["NodeUrl"], json={"status": 201})
    assert (answer.status_code, answer.text, answer.headers["x-told"]) == (201, "first node", "yes")


def test_many_streams_at_once(names):
    got = []
    threads = [threading.Thread(target=lambda: got.append(len(requests.post(
        names["StreamUrl"], json={"size": 5 * MEGABYTE}).content))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert got == [5 * MEGABYTE] * 8


def test_urls_are_made_changed_listed_and_deleted(cloud, names):
    client = cloud.client("lambda")
    with aws_error("ResourceNotFoundException", 404):
        client.get_function_url_config(FunctionName="short")
    made = client.create_function_url_config(FunctionName="short", AuthType="AWS_IAM", Cors=CORS)
    assert made["InvokeMode"] == "BUFFERED" and made["Cors"] == CORS and made["FunctionUrl"].startswith(cloud.endpoint)
    with aws_error("ResourceConflictException", 409, "FunctionUrlConfig exists for this Lambda function"):
        client.create_function_url_config(FunctionName="short", AuthType="NONE")
    changed = client.update_function_url_config(FunctionName="short", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    assert changed["FunctionUrl"] == made["FunctionUrl"] and changed["AuthType"] == "NONE" and changed["Cors"] == CORS
    version = client.publish_version(FunctionName="short")["Version"]
    client.create_alias(FunctionName="short", Name="live", FunctionVersion=version)
    client.create_function_url_config(FunctionName="short", Qualifier="live", AuthType="NONE")
    listed = client.list_function_url_configs(FunctionName="short")["FunctionUrlConfigs"]
    assert [one["FunctionArn"].rsplit(":", 1)[1] for one in listed] == ["short", "live"]
    with aws_error("ValidationException", 400, "qualifier"):
        client.create_function_url_config(FunctionName="short", Qualifier=version, AuthType="NONE")
    client.delete_function_url_config(FunctionName="short")
    with aws_error("ResourceNotFoundException", 404):
        client.delete_function_url_config(FunctionName="short")
    assert requests.get(made["FunctionUrl"]).status_code == 404
