"""The AWS CLI and the AWS SDK for JavaScript v3 against the local cloud: operations of every service and of every wire
protocol (JSON 1.0 and 1.1, query, REST-JSON, REST-XML, event streams), as those clients write and read them."""

import json
import subprocess
import time
import zipfile

import pytest

from harness import judges
from harness.functions import function, role, upload
from harness.processes import ROOT, clean_environment, wait_until
from harness.stacks import deploy, template

CODE = "def handler(event, headers):\n    print('a line')\n    return event\n"
TABLE = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}


@pytest.fixture(scope="module")
def app(cloud) -> dict[str, str]:
    code = upload(cloud, CODE)
    return deploy(cloud, "clients", template(
        {"Role": role(), "Echo": function(code, FunctionName="echo"),
         "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "clients", "ProtocolType": "HTTP"}}},
        {"Role": {"Fn::GetAtt": ["Role", "Arn"]}, "RoleName": {"Ref": "Role"}, "Api": {"Ref": "Api"}}))


class Sdk:
    """The SDK for JavaScript in one process: call() gives an operation's output, or fails with its error."""

    def __init__(self, cloud):
        folder = judges.node_package("AWS SDK for JavaScript", "@aws-sdk/client-sqs")
        self.process = subprocess.Popen(["node", ROOT / "tests/e2e/judge_sdk.mjs", folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment(cloud))

    def call(self, client: str, command: str, **input) -> dict:
        answer = self.ask(client, command, **input)
        assert "error" not in answer, answer
        return answer["output"]

    def error(self, client: str, command: str, **input) -> tuple[str, int]:
        error = self.ask(client, command, **input)["error"]
        return error["name"], error["status"]

    def ask(self, client: str, command: str, **input) -> dict:
        self.process.stdin.write(json.dumps({"client": client, "command": command, "input": input}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def environment(cloud) -> dict[str, str]:
    """The CLI of version 1 reads AWS_DEFAULT_REGION alone."""
    return clean_environment(cloud.home, AWS_DEFAULT_REGION=cloud.region, **cloud.env)


@pytest.fixture(scope="module")
def sdk(cloud):
    made = Sdk(cloud)
    yield made
    made.process.stdin.close()
    made.process.wait()


@pytest.fixture(scope="module")
def aws(cloud):
    """aws("sqs", "list-queues", …): the CLI's answer, parsed."""
    program = ROOT / "build/judges-tools/bin/aws"
    if not program.exists():
        pytest.skip("SKIPPED JUDGE: AWS CLI")

    def run(*arguments: str, fails: str = ""):
        ran = subprocess.run([program, *arguments, "--output", "json", "--endpoint-url", cloud.endpoint], capture_output=True, text=True, timeout=120,
                             env=environment(cloud))
        if fails:
            assert ran.returncode != 0 and fails in ran.stderr, ran
            return None
        assert ran.returncode == 0, ran
        return json.loads(ran.stdout) if ran.stdout.strip().startswith(("{", "[")) else ran.stdout

    return run


# --- The SDK for JavaScript

def test_sdk_sts_and_iam(sdk, app):
    assert sdk.call("sts", "GetCallerIdentity")["Account"] == "123456789012"
    assert sdk.call("iam", "GetRole", RoleName=app["RoleName"])["Role"]["Arn"] == app["Role"]
    assert sdk.error("iam", "GetRole", RoleName="nobody") == ("NoSuchEntityException", 404)


def test_sdk_s3(sdk):
    sdk.call("s3", "CreateBucket", Bucket="sdk")
    sdk.call("s3", "PutObject", Bucket="sdk", Key="a/ä.txt", Body="text", Metadata={"colour": "red"})
    found = sdk.call("s3", "GetObject", Bucket="sdk", Key="a/ä.txt")
    assert found["Body"] == "text" and found["Metadata"] == {"colour": "red"}
    assert [one["Key"] for one in sdk.call("s3", "ListObjectsV2", Bucket="sdk")["Contents"]] == ["a/ä.txt"]
    assert sdk.error("s3", "GetObject", Bucket="sdk", Key="none") == ("NoSuchKey", 404)


def test_sdk_dynamodb_and_its_streams(sdk):
    made = sdk.call("dynamodb", "CreateTable", TableName="sdk", **TABLE, StreamSpecification={
        "StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})["TableDescription"]
    sdk.call("dynamodb", "PutItem", TableName="sdk", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    assert sdk.call("dynamodb", "GetItem", TableName="sdk", Key={"pk": {"S": "a"}})["Item"]["n"] == {"N": "1"}
    assert sdk.error("dynamodb", "PutItem", TableName="sdk", Item={"pk": {"S": "a"}},
                     ConditionExpression="attribute_not_exists(pk)") == ("ConditionalCheckFailedException", 400)
    stream = made["LatestStreamArn"]
    shard = sdk.call("dynamodb-streams", "DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    begin = sdk.call("dynamodb-streams", "GetShardIterator", StreamArn=stream, ShardId=shard,
                     ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = sdk.call("dynamodb-streams", "GetRecords", ShardIterator=begin)["Records"]
    assert [one["eventName"] for one in records] == ["INSERT"]


def test_sdk_sqs_and_sns(sdk):
    url = sdk.call("sqs", "CreateQueue", QueueName="sdk")["QueueUrl"]
    sdk.call("sqs", "SendMessage", QueueUrl=url, MessageBody="text", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}})
    message = sdk.call("sqs", "ReceiveMessage", QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert message["Body"] == "text" and message["MessageAttributes"]["colour"]["StringValue"] == "red"
    sdk.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sdk.error("sqs", "GetQueueUrl", QueueName="none") == ("QueueDoesNotExist", 400)
    topic = sdk.call("sns", "CreateTopic", Name="sdk")["TopicArn"]
    assert sdk.call("sns", "Publish", TopicArn=topic, Message="text")["MessageId"]
    assert sdk.error("sns", "Publish", TopicArn=topic + "-none", Message="text") == ("NotFoundException", 404)


def test_sdk_lambda(sdk, app):
    assert json.loads(sdk.call("lambda", "Invoke", FunctionName="echo")["Payload"]) == {}
    events = sdk.call("lambda", "InvokeWithResponseStream", FunctionName="echo")["EventStream"]
    assert "InvokeComplete" in events[-1] and "".join(one["PayloadChunk"]["Payload"] for one in events[:-1]) == "{}"
    assert sdk.error("lambda", "Invoke", FunctionName="nobody") == ("ResourceNotFoundException", 404)


def test_sdk_events_and_schedules(sdk):
    sdk.call("eventbridge", "PutRule", Name="sdk", EventPattern=json.dumps({"source": ["sdk"]}))
    put = sdk.call("eventbridge", "PutEvents", Entries=[{"Source": "sdk", "DetailType": "any", "Detail": "{}"}])
    assert put["FailedEntryCount"] == 0
    assert sdk.error("eventbridge", "DescribeRule", Name="none") == ("ResourceNotFoundException", 400)
    assert "default" in {one["Name"] for one in sdk.call("scheduler", "ListScheduleGroups")["ScheduleGroups"]}


def test_sdk_ssm_and_logs(sdk):
    sdk.call("ssm", "PutParameter", Name="/sdk/word", Value="value", Type="String")
    assert sdk.call("ssm", "GetParameter", Name="/sdk/word")["Parameter"]["Value"] == "value"
    assert sdk.error("ssm", "GetParameter", Name="/sdk/none") == ("ParameterNotFound", 400)
    sdk.call("cloudwatch-logs", "CreateLogGroup", logGroupName="sdk")
    groups = sdk.call("cloudwatch-logs", "DescribeLogGroups", logGroupNamePrefix="sdk")["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["sdk"]


def test_sdk_cloudformation_and_api_gateway(sdk, app):
    stacks = sdk.call("cloudformation", "DescribeStacks", StackName="clients")["Stacks"]
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"
    assert sdk.error("cloudformation", "DescribeStacks", StackName="none") == ("ValidationError", 400)
    assert sdk.call("apigatewayv2", "GetApi", ApiId=app["Api"])["Name"] == "clients"
    assert sdk.call("api-gateway", "GetRestApis").get("items", []) == []


# --- The AWS CLI

def test_cli_sts_and_iam(aws, app):
    assert aws("sts", "get-caller-identity")["Account"] == "123456789012"
    assert aws("iam", "get-role", "--role-name", app["RoleName"])["Role"]["Arn"] == app["Role"]
    aws("iam", "get-role", "--role-name", "nobody", fails="NoSuchEntity")


def test_cli_s3(aws, tmp_path):
    """The high-level commands too: make, copy (a large file in parts), list, synchronise, presign, remove."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/large").write_bytes(b"x" * 9_000_000)
    (tmp_path / "folder/small").write_text("text")
    aws("s3", "mb", "s3://cli")
    aws("s3", "sync", str(tmp_path / "folder"), "s3://cli/copy")
    assert {one["Key"]: one["Size"] for one in aws("s3api", "list-objects-v2", "--bucket", "cli")["Contents"]} == {
        "copy/large": 9_000_000, "copy/small": 4}
    aws("s3", "cp", "s3://cli/copy/large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"x" * 9_000_000
    aws("s3", "rb", "s3://cli", fails="BucketNotEmpty")
    aws("s3", "rb", "s3://cli", "--force")


def test_cli_dynamodb(aws):
    aws("dynamodb", "create-table", "--table-name", "cli", "--billing-mode", "PAY_PER_REQUEST", "--attribute-definitions",
        "AttributeName=pk,AttributeType=S", "--key-schema", "AttributeName=pk,KeyType=HASH")
    aws("dynamodb", "put-item", "--table-name", "cli", "--item", '{"pk":{"S":"a"}}')
    assert aws("dynamodb", "scan", "--table-name", "cli")["Items"] == [{"pk": {"S": "a"}}]
    aws("dynamodb", "describe-table", "--table-name", "none", fails="ResourceNotFoundException")


def test_cli_sqs_and_sns(aws):
    url = aws("sqs", "create-queue", "--queue-name", "cli")["QueueUrl"]
    aws("sqs", "send-message", "--queue-url", url, "--message-body", "text")
    assert aws("sqs", "receive-message", "--queue-url", url)["Messages"][0]["Body"] == "text"
    topic = aws("sns", "create-topic", "--name", "cli")["TopicArn"]
    assert aws("sns", "publish", "--topic-arn", topic, "--message", "text")["MessageId"]


def test_cli_lambda(aws, app, tmp_path):
    aws("lambda", "invoke", "--function-name", "echo", str(tmp_path / "answer"))
    assert (tmp_path / "answer").read_text() == "{}"
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return 'of the CLI'\n")
    aws("lambda", "create-function", "--function-name", "cli", "--runtime", "python3.13", "--handler", "index.handler",
        "--role", app["Role"], "--zip-file", f"fileb://{tmp_path}/code.zip")
    aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    aws("lambda", "invoke", "--function-name", "cli", str(tmp_path / "answer"))
    assert json.loads((tmp_path / "answer").read_text()) == "of the CLI"
    aws("lambda", "get-function", "--function-name", "none", fails="ResourceNotFoundException")


def test_cli_events_ssm_and_logs(aws):
    aws("events", "put-rule", "--name", "cli", "--schedule-expression", "rate(1 hour)")
    assert aws("events", "describe-rule", "--name", "cli")["ScheduleExpression"] == "rate(1 hour)"
    assert aws("scheduler", "list-schedules")["Schedules"] == []
    aws("ssm", "put-parameter", "--name", "/cli/word", "--value", "value", "--type", "SecureString")
    assert aws("ssm", "get-parameter", "--name", "/cli/word", "--with-decryption")["Parameter"]["Value"] == "value"
    aws("logs", "create-log-group", "--log-group-name", "cli")
    assert aws("logs", "filter-log-events", "--log-group-name", "cli")["events"] == []


def test_cli_deploys_a_template(aws, tmp_path):
    (tmp_path / "template.yaml").write_text(
        "Resources:\n  Topic: { Type: 'AWS::SNS::Topic' }\nOutputs:\n  Topic: { Value: !Ref Topic }\n")
    deploying = ("cloudformation", "deploy", "--stack-name", "cli", "--template-file", str(tmp_path / "template.yaml"))
    begun = int(time.time())
    assert "Successfully created/updated stack" in aws(*deploying)
    wait_until(lambda: int(time.time()) > begun + 1, "the CLI names its change set by another second")
    assert "No changes to deploy" in aws(*deploying, "--no-fail-on-empty-changeset")
    outputs = aws("cloudformation", "describe-stacks", "--stack-name", "cli")["Stacks"][0]["Outputs"]
    assert outputs[0]["OutputValue"].startswith("arn:aws:sns:")


def test_cli_api_gateway(aws, app):
    assert aws("apigatewayv2", "get-apis")["Items"][0]["ApiId"] == app["Api"]
    assert aws("apigateway", "get-rest-apis")["items"] == []
