"""The app half on MiniStack: AWS's own SAM transform makes its resources, MiniStack's triggers invoke our stubs, which it
runs as processes, and these reach the session by the bridge on the local cloud."""

import json

import pytest
import requests

from harness import apps, judges
from harness.processes import wait_until
from harness.session import Session
from harness.two_clouds import TwoClouds

# Writes the event to its log, and answers as a proxy would have it.
KEEP = """export const handler = async (event) => {
  console.log(JSON.stringify({ kept: event, name: process.env.AWS_LAMBDA_FUNCTION_NAME, given: process.env.GIVEN }));
  if (event.fail) throw new RangeError("as asked");
  return { statusCode: 200, headers: { "x-version": "one" }, body: String(event.body ?? event.echo) };
};
"""


TEMPLATE = """Transform: AWS::Serverless-2016-10-31
Resources:
  Keep:
    Type: AWS::Serverless::Function
    Properties:
      Handler: keep.handler
      Runtime: nodejs20.x
      CodeUri: .
      Timeout: 60
      Environment: { Variables: { GIVEN: !Ref AWS::StackName } }
      FunctionUrlConfig: { AuthType: NONE }
      Events:
        Rest: { Type: Api, Properties: { Method: POST, Path: /rest } }
        Topic: { Type: SNS, Properties: { Topic: !Ref Topic } }
        Queue: { Type: SQS, Properties: { Queue: !GetAtt Queue.Arn } }
        Stream: { Type: DynamoDB, Properties: { Stream: !GetAtt Table.StreamArn, StartingPosition: TRIM_HORIZON } }
        Files: { Type: S3, Properties: { Bucket: !Ref Files, Events: "s3:ObjectCreated:*" } }
        Rule: { Type: EventBridgeRule, Properties: { Pattern: { source: [shop] } } }
  Topic: { Type: AWS::SNS::Topic }
  Queue: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 60 } }
  Files: { Type: AWS::S3::Bucket }
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      StreamSpecification: { StreamViewType: NEW_IMAGE }
  # As SAM would make it, but for the definition's Body, which MiniStack does not read of an HTTP API.
  Http: { Type: AWS::ApiGatewayV2::Api, Properties: { Name: http, ProtocolType: HTTP } }
  Stage: { Type: AWS::ApiGatewayV2::Stage, Properties: { ApiId: !Ref Http, StageName: $default, AutoDeploy: true } }
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: { ApiId: !Ref Http, RouteKey: "POST /things/{id}", Target: !Sub "integrations/${Integration}" }
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Http
      IntegrationType: AWS_PROXY
      PayloadFormatVersion: "2.0"
      IntegrationUri: !GetAtt Keep.Arn
  Allowed:
    Type: AWS::Lambda::Permission
    Properties: { Action: "lambda:InvokeFunction", FunctionName: !Ref Keep, Principal: apigateway.amazonaws.com }
Outputs:
  Topic: { Value: !Ref Topic }
  Queue: { Value: !Ref Queue }
  Files: { Value: !Ref Files }
  Table: { Value: !Ref Table }
  Http: { Value: !Ref Http }
  Rest: { Value: !Ref ServerlessRestApi }
  Url: { Value: !GetAtt KeepUrl.FunctionUrl }
"""


@pytest.fixture(scope="module")
def clouds(module_path, module_processes):
    judges.module("botocore", "botocore")
    clouds = TwoClouds(module_path)
    yield clouds
    clouds.close()


@pytest.fixture(scope="module")
def session(clouds, module_path):
    app = module_path / "shop"
    app.mkdir()
    (app / "keep.mjs").write_text(KEEP)
    (app / "template.yaml").write_text(TEMPLATE)
    return Session(app, clouds, module_path, "ms")


def invoke(clouds: TwoClouds, session: Session, payload: object, **more) -> tuple[object, str | None]:
    response = clouds.client("lambda").invoke(FunctionName=session.function("Keep"), Payload=json.dumps(payload), **more)
    text = response["Payload"].read()
    return json.loads(text) if text else None, response.get("FunctionError")


def post(clouds: TwoClouds, host: str, path: str, body: str) -> requests.Response:
    """MiniStack serves every API at its own address, by the host's name."""
    return requests.post(clouds.ministack.endpoint + path, data=body, timeout=60, headers={
        "Host": host, "Content-Type": "text/plain"})


def kept(session: Session, trigger: str, after: int) -> dict:
    """The event of the next invocation with this trigger, as the handler saw it on this machine."""
    ended = session.wait_for("invocation", phase="finished", trigger=trigger, after=after)
    assert ended["status"] == "ok" and ended["pid"] in session.workers(), ended
    line = session.wait_for("log", requestId=ended["requestId"], after=after)["line"]
    return json.loads(line[line.index("{"):])["kept"]


def test_invoke_runs_here_with_the_function_s_own_environment(clouds, session):
    mark = session.mark()
    answer, error = invoke(clouds, session, {"echo": "ä"})
    assert error is None and answer["body"] == "ä"
    line = session.wait_for("log", after=mark)["line"]
    seen = json.loads(line[line.index("{"):])
    assert seen == {"kept": {"echo": "ä"}, "name": session.function("Keep"), "given": "ms-shop"}


def test_an_error_of_the_handler_is_lambda_s(clouds, session):
    answer, error = invoke(clouds, session, {"fail": True})
    assert error and (answer["errorType"], answer["errorMessage"]) == ("RangeError", "as asked"), answer


def test_an_asynchronous_invoke(clouds, session):
    mark = session.mark()
    invoke(clouds, session, {"later": 1}, InvocationType="Event")
    assert kept(session, "invoke", mark) == {"later": 1}


def test_an_http_api_a_rest_api_and_a_function_url(clouds, session):
    port = clouds.ministack.endpoint.rsplit(":", 1)[1]
    mark = session.mark()
    answer = post(clouds, f"{session.outputs['Http']}.execute-api.localhost:{port}", "/things/7?q=1", "by http")
    assert (answer.status_code, answer.text, answer.headers["x-version"]) == (200, "by http", "one")
    event = kept(session, "http-api POST /things/7", mark)
    assert event["version"] == "2.0" and event["pathParameters"] == {"id": "7"} and event["rawQueryString"] == "q=1"

    answer = post(clouds, f"{session.outputs['Rest']}.execute-api.localhost:{port}", "/Prod/rest", "by rest")
    assert (answer.status_code, answer.text) == (200, "by rest")
    assert kept(session, "rest-api POST /rest", mark)["requestContext"]["stage"] == "Prod"

    answer = post(clouds, session.outputs["Url"].split("/")[2], "/path", "by url")
    assert (answer.status_code, answer.text) == (200, "by url")
    assert kept(session, "function-url POST /path", mark)["rawPath"] == "/path"


def test_a_topic(clouds, session):
    mark = session.mark()
    clouds.client("sns").publish(TopicArn=session.outputs["Topic"], Message="text", Subject="s")
    records = kept(session, "sns " + session.outputs["Topic"].rsplit(":", 1)[1], mark)["Records"]
    assert [(one["Sns"]["Message"], one["Sns"]["Subject"]) for one in records] == [("text", "s")]


def test_a_queue_whose_message_is_gone_afterwards(clouds, session):
    mark, sqs = session.mark(), clouds.client("sqs")
    url = session.outputs["Queue"]
    sqs.send_message(QueueUrl=url, MessageBody="text")
    records = kept(session, "sqs " + url.rsplit("/", 1)[1], mark)["Records"]
    assert [one["body"] for one in records] == ["text"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    wait_until(lambda: set(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()) == {"0"},
               "the message is deleted")


def test_a_bucket_a_rule_and_a_table_s_stream(clouds, session):
    mark = session.mark()
    clouds.client("s3").put_object(Bucket=session.outputs["Files"], Key="in/a", Body=b"text")
    records = kept(session, f"s3 {session.outputs['Files']}", mark)["Records"]
    assert [(one["s3"]["object"]["key"], one["s3"]["object"]["size"]) for one in records] == [("in/a", 4)]

    clouds.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"n": 1}'}])
    assert kept(session, "eventbridge order", mark)["detail"] == {"n": 1}

    clouds.client("dynamodb").put_item(TableName=session.outputs["Table"], Item={"pk": {"S": "a"}})
    records = kept(session, f"dynamodb {session.outputs['Table']}", mark)["Records"]
    assert [one["dynamodb"]["NewImage"] for one in records] == [{"pk": {"S": "a"}}]


def test_an_edit_is_what_the_next_invocation_runs_and_nothing_is_deployed(clouds, session):
    mark, before = session.mark(), len(clouds.front.requests)
    apps.edit(session.app / "keep.mjs", '"one"', '"two"')
    session.wait_for("reload", after=mark, status="ok")
    answer, _ = invoke(clouds, session, {})
    assert answer["headers"] == {"x-version": "two"}
    assert not [one for one in clouds.front.requests[before:] if one.service in ("cloudformation", "s3")]


def test_without_a_session_the_stub_says_so(clouds, session):
    assert session.stop() == 0
    answer, error = invoke(clouds, session, {})
    assert error and answer["errorType"] == "Function.LiveNoSession", answer
    port = clouds.ministack.endpoint.rsplit(":", 1)[1]
    answer = post(clouds, f"{session.outputs['Http']}.execute-api.localhost:{port}", "/things/7", "")
    assert answer.status_code == 503 and "livelambda start" in answer.text
