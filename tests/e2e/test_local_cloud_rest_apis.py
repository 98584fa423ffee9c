"""REST APIs beyond proxy events: templates, mappings, MOCK, HTTP and service integrations, gateway responses, resource
policies, API keys, request validation."""

import base64
import http.server
import json
import threading

import pytest
import requests

from harness.functions import function, role, upload
from harness.stacks import SAM, change_set, deploy, settled, template

CODE = """
def handler(event, headers):
    if isinstance(event, dict) and event.get("raise"):
        raise RuntimeError(event["raise"])
    return {"got": event}
"""
ACCOUNT = "123456789012"
TRUST = {"Service": "apigateway.amazonaws.com"}


def resource(kind: str, depends=(), **properties) -> dict:
    made = {"Type": f"AWS::ApiGateway::{kind}", "Properties": {"RestApiId": {"Ref": "Api"}, **properties}}
    return {**made, "DependsOn": list(depends)} if depends else made


def method(path: str, integration: dict, verb: str = "POST", **more) -> dict[str, dict]:
    """A resource below the root and its method."""
    name = path.strip("{}").capitalize()
    return {f"{name}Resource": resource("Resource", ParentId={"Fn::GetAtt": ["Api", "RootResourceId"]}, PathPart=path),
            f"{name}Method": resource("Method", ResourceId={"Ref": f"{name}Resource"}, HttpMethod=verb,
                                      **{"AuthorizationType": "NONE", "Integration": integration, **more})}


def answer(status: int, template: str | None = None, pattern: str | None = None, **headers: str) -> dict:
    made = {"StatusCode": str(status), "ResponseParameters": {
        f"method.response.header.{name.replace('_', '-')}": value for name, value in headers.items()}}
    if template is not None:
        made["ResponseTemplates"] = {"application/json": template}
    return {**made, "SelectionPattern": pattern} if pattern else made


def service(uri: str, template: str, *answers: dict, **more) -> dict:
    return {"Type": "AWS", "IntegrationHttpMethod": "POST", "Credentials": {"Fn::GetAtt": ["Caller", "Arn"]},
            "Uri": {"Fn::Sub": f"arn:aws:apigateway:${{AWS::Region}}:{uri}"},
            "RequestTemplates": {"application/json": template}, "IntegrationResponses": list(answers), **more}


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Answers with what it got; with the status that the path ends with."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        said = json.dumps({"path": self.path, "method": self.command, "body": body, "headers": dict(self.headers)}).encode()
        status = self.path.split("?")[0].rsplit("/", 1)[-1]
        self.send_response(int(status) if status.isdigit() else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Endpoint", "here")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_PUT = do_POST

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def endpoint():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def lambda_uri(name: str = "Function") -> dict:
    return {"Fn::Sub": f"arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{name}.Arn}}/invocations"}


MOCK = {"Type": "MOCK", "RequestTemplates": {"application/json":
        '#if($input.params("fail") == "yes"){"statusCode": 500}#{else}{"statusCode": 200}#end'},
        "IntegrationResponses": [
            answer(201, '{"id":"$context.requestId","color":"$stageVariables.color","own":"$input.params(\'x-own\')"}',
                   X_Static="'one'", X_Context="context.stage"),
            answer(503, '{"failed":true}', "5\\d{2}")]}
CUSTOM = {"Type": "AWS", "IntegrationHttpMethod": "POST", "Uri": lambda_uri(), "RequestTemplates": {
    "application/json": '{"raise":$input.json("$.raise"),"name":"$util.escapeJavaScript($input.path(\'$.name\'))",'
                        '"tags":[#foreach($t in $input.path("$.tags"))"$t"#if($foreach.hasNext),#end#end]}'},
    "PassthroughBehavior": "NEVER",
    "IntegrationResponses": [answer(200, '{"said":$input.json("$.got")}'),
                             answer(404, '{"missing":$input.json("$.errorMessage")}', ".*not found.*"),
                             answer(418, "#set($context.responseOverride.status = 419)teapot", "tea.*")]}


@pytest.fixture(scope="module")
def outputs(cloud, endpoint) -> dict[str, str]:
    allowed = [{"Effect": "Allow", "Action": ["sqs:SendMessage", "dynamodb:PutItem", "sns:Publish", "events:PutEvents",
                                              "s3:GetObject", "s3:PutObject"], "Resource": "*"}]
    methods = {
        **method("mock", MOCK), **method("custom", CUSTOM),
        **method("queue", service("sqs:path/${AWS::AccountId}/${Queue.QueueName}",
                                  "Action=SendMessage&MessageBody=$util.urlEncode($input.body)",
                                  answer(202, '{"sent":true}'), answer(500, '{"sent":false}', "4.."),
                                  RequestParameters={"integration.request.header.Content-Type":
                                                     "'application/x-www-form-urlencoded'"})),
        **method("item", service("dynamodb:action/PutItem",
                                 '{"TableName":"things","Item":{"id":{"S":"$input.path(\'$.id\')"}}}', answer(200, "{}"))),
        **method("denied", service("dynamodb:action/DeleteItem",
                                   '{"TableName":"things","Key":{"id":{"S":"x"}}}',
                                   answer(200, "{}"), answer(403, '{"no":$input.json("$.__type")}', "400"))),
        **method("event", service("events:action/PutEvents",
                                  '{"Entries":[{"Source":"me","DetailType":"x","Detail":"{}"}]}',
                                  answer(200, '{"failed":$input.json("$.FailedEntryCount")}'))),
        **method("{key}", {**service("s3:path/things-bucket/{key}", "$input.body", answer(
            200, X_Length="integration.response.header.Content-Length")), "IntegrationHttpMethod": "GET",
            "RequestParameters": {"integration.request.path.key": "method.request.path.key"}}, "GET",
            RequestParameters={"method.request.path.key": True}),
        **method("http", {"Type": "HTTP", "IntegrationHttpMethod": "PUT", "Uri": endpoint + "/put",
                          "RequestParameters": {"integration.request.querystring.q": "method.request.header.X-Own",
                                                "integration.request.header.X-Static": "'yes'"},
                          "RequestTemplates": {"application/json": '{"wrapped":$input.json("$")}'},
                          "IntegrationResponses": [answer(200, '{"path":$input.json("$.path"),"body":$input.json("$.body")}',
                                                          X_From="integration.response.header.X-Endpoint")]}),
        **method("bytes", {"Type": "HTTP", "IntegrationHttpMethod": "PUT", "Uri": endpoint + "/put",
                           "ContentHandling": "CONVERT_TO_BINARY",
                           "IntegrationResponses": [{**answer(200), "ContentHandling": "CONVERT_TO_TEXT"}]}),
        **method("through", {"Type": "HTTP_PROXY", "IntegrationHttpMethod": "ANY", "Uri": endpoint + "/a/404"})}
    names = [name for name in methods if name.endswith("Method")]
    return deploy(cloud, "rest", template({
        "Role": role(), "Function": function(upload(cloud, CODE)), "Caller": role(*allowed, managed=(), trust=TRUST),
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Function"}, "Principal": TRUST["Service"]}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "things-bucket"}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": "things", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}},
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "mapped"}}, **methods,
        "Missing": resource("GatewayResponse", ResponseType="DEFAULT_4XX", ResponseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}),
        "Media": resource("GatewayResponse", ResponseType="UNSUPPORTED_MEDIA_TYPE", StatusCode="499", ResponseTemplates={
            "application/json": '{"own":$context.error.messageString,"type":"$context.error.responseType"}'}),
        "Deployment": resource("Deployment", [*names, "Missing", "Media"]),
        "Stage": resource("Stage", StageName="live", DeploymentId={"Ref": "Deployment"}, Variables={"color": "red"})},
        {"Url": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/live"}, "Queue": {"Ref": "Queue"}}))


@pytest.fixture(scope="module")
def url(outputs) -> str:
    return outputs["Url"]


def post(url: str, body: object = None, **more) -> requests.Response:
    return requests.post(url, data=json.dumps(body or {}), timeout=60, **{
        "headers": {"Content-Type": "application/json"}, **more})


def said(answer: requests.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()


# --- Templates and mappings

def test_a_mock_answers_by_its_templates(url):
    made = post(url + "/mock", headers={"X-Own": "me", "Content-Type": "application/json"})
    assert made.status_code == 201, made.text
    assert (made.json()["color"], made.json()["own"]) == ("red", "me")
    assert made.json()["id"] == made.headers["x-amzn-RequestId"]
    assert (made.headers["x-static"], made.headers["x-context"]) == ("one", "live")
    assert said(post(url + "/mock?fail=yes")) == (503, {"failed": True})


def test_a_function_without_the_proxy_event(url):
    made = post(url + "/custom", {"name": 'a"b', "tags": ["x", "y"]})
    assert said(made) == (200, {"said": {"raise": "", "name": 'a"b', "tags": ["x", "y"]}})
    assert said(post(url + "/custom", {"raise": "it was not found here"})) == (404, {"missing": "it was not found here"})
    teapot = post(url + "/custom", {"raise": "tea time"})
    assert (teapot.status_code, teapot.text) == (419, "teapot")


def test_gateway_responses_word_failures(url):
    refused = requests.post(url + "/custom", data="x", headers={"Content-Type": "text/plain"}, timeout=60)
    assert said(refused) == (499, {"own": "Unsupported Media Type", "type": "UNSUPPORTED_MEDIA_TYPE"})


# --- Integrations of services and endpoints

def test_a_queue_a_table_and_a_bus_are_called_with_the_role(cloud, url, outputs):
    assert said(post(url + "/queue", {"a": "b&c"})) == (202, {"sent": True})
    got = cloud.client("sqs").receive_message(QueueUrl=outputs["Queue"])["Messages"]
    assert [json.loads(message["Body"]) for message in got] == [{"a": "b&c"}]
    assert said(post(url + "/item", {"id": "seven"})) == (200, {})
    assert cloud.client("dynamodb").get_item(TableName="things", Key={"id": {"S": "seven"}})["Item"]
    assert said(post(url + "/event")) == (200, {"failed": 0})
    status, refused = said(post(url + "/denied"))
    assert status == 403 and refused["no"].endswith("AccessDeniedException")


def test_objects_of_a_bucket_by_path(cloud, url):
    cloud.client("s3").put_object(Bucket="things-bucket", Key="a b.txt", Body=b"content", ContentType="text/plain")
    got = requests.get(url + "/a%20b.txt", timeout=60)
    assert (got.status_code, got.text, got.headers["x-length"]) == (200, "content", "7")


def test_http_endpoints(url):
    made = post(url + "/http", {"a": 1}, headers={"X-Own": "me", "Content-Type": "application/json"})
    assert said(made) == (200, {"path": "/put?q=me", "body": '{"wrapped":{"a":1}}'})
    assert made.headers["x-from"] == "here"
    through = post(url + "/through?x=1", {"b": 2})
    assert (through.status_code, through.headers["x-endpoint"]) == (404, "here")
    assert (through.json()["path"], through.json()["body"], through.json()["method"]) == ("/a/404?x=1", '{"b": 2}', "POST")


def test_bodies_between_base64_and_bytes(url):
    made = requests.post(url + "/bytes", data=base64.b64encode(b"content"), timeout=60,
                         headers={"Content-Type": "text/plain"})
    assert (made.status_code, made.json()["body"]) == (200, "content")
    refused = requests.post(url + "/bytes", data="not base64!", headers={"Content-Type": "text/plain"}, timeout=60)
    assert said(refused) == (400, {"message": "Unable to base64 decode the body."})


# --- By SAM: CORS and policies

def test_cors_of_sam_is_a_mock(cloud):
    code = upload(cloud, "def handler(event, headers):\n    return {'statusCode': 200, 'body': 'ok'}")
    outputs = deploy(cloud, "rest-cors", template({
        "Api": {"Type": "AWS::Serverless::Api", "Properties": {
            "StageName": "Prod", "Cors": {"AllowOrigin": "'*'", "AllowHeaders": "'X-A'", "MaxAge": "'600'"},
            "Auth": {"ResourcePolicy": {"CustomStatements": [
                {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/Prod/*/x"},
                {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/Prod/*/x",
                 "Condition": {"StringEquals": {"aws:UserAgent": "evil"}}}]}}}},
        "Function": {"Type": "AWS::Serverless::Function", "Properties": {
            "Runtime": "provided.al2023", "Handler": "x.y", "CodeUri": {"Bucket": code["S3Bucket"], "Key": code["S3Key"]},
            "Events": {name: {"Type": "Api", "Properties": {"RestApiId": {"Ref": "Api"}, "Path": "/" + name,
                                                            "Method": "get"}} for name in ("x", "y")}}}},
        {"Url": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/Prod"}, "Id": {"Ref": "Api"}},
        Transform=SAM))
    preflight = requests.options(outputs["Url"] + "/x", timeout=60)
    assert preflight.status_code == 200, preflight.text
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "GET,OPTIONS"
    assert (preflight.headers["access-control-allow-headers"], preflight.headers["access-control-max-age"]) == ("X-A", "600")
    assert requests.get(outputs["Url"] + "/x", timeout=60).text == "ok"
    arn = f"arn:aws:execute-api:us-east-1:********9012:{outputs['Id']}/Prod/GET/"
    words = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}"
    assert said(requests.get(outputs["Url"] + "/y", timeout=60)) == (403, {"Message": words + "y"})
    assert said(requests.get(outputs["Url"] + "/x", headers={"User-Agent": "evil"}, timeout=60)) == (
        403, {"Message": words + "x with an explicit deny"})


def test_a_private_api_has_no_endpoint_that_could_reach_it(cloud):
    def answer_of(kind: str) -> requests.Response:
        name = "endpoint-" + kind.lower()
        made = deploy(cloud, name, template({
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {
                "Name": name, "EndpointConfiguration": {"Types": [kind]}}}, **method("mock", MOCK),
            "Deployment": resource("Deployment", ["MockMethod"], StageName="live")},
            {"Url": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/live"}}))
        return post(made["Url"] + "/mock", {})

    assert answer_of("REGIONAL").status_code != 403
    assert said(answer_of("PRIVATE")) == (403, {"message": "Forbidden"})


# --- What is not there

@pytest.mark.parametrize("integration, words", [
    ({"Type": "MOCK", "RequestTemplates": {"application/json": "#macro(x)y#end"}}, "#macro"),
    ({"Type": "MOCK", "RequestTemplates": {"application/json": "$input.form('x')"}}, "$input.form"),
    ({"Type": "AWS", "Credentials": "arn:aws:iam::123456789012:role/r",
      "Uri": "arn:aws:apigateway:us-east-1:states:action/StartExecution"}, "states"),
    ({"Type": "MOCK", "RequestParameters": {"integration.request.header.X": "something"}}, "something"),
    ({"Type": "HTTP_PROXY", "Uri": "http://x.example", "ConnectionType": "VPC_LINK"}, "VPC_LINK"),
    ({"Type": "HTTP_PROXY", "Uri": "http://x.example", "TlsConfig": {}}, "tlsConfig"),
    ({"Type": "MOCK", "ContentHandling": "CONVERT"}, "content handling")])
def test_an_integration_that_is_not_there_fails_the_stack_by_name(cloud, integration, words):
    name = "bad-rest-" + "".join(c for c in words if c.isalnum())
    made = change_set(cloud, name, template({
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}}, **method("x", integration)}))
    cloud.client("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [one.get("ResourceStatusReason", "") for one in cloud.stack_events(name)]
    assert any(words in reason for reason in reasons), reasons
