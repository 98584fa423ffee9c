"""Lambda, SNS and Logs of the local cloud, judged by boto3: functions with a bootstrap of the tests' own."""

import base64
import json
import re

import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.processes import descendants, wait_until
from harness.stacks import deploy, template

REQUEST = 6_291_456  # 6 MiB
LIMIT = 6_291_556  # 100 bytes more, of an answer

# Does what the event says.
CODE = """
import os, sys, threading

def handler(event, headers):
    if not isinstance(event, dict):
        return event
    if "append" in event:
        with open(event["append"], "a") as file:
            file.write(str(os.getpid() if event.get("pid") else headers["Lambda-Runtime-Aws-Request-Id"]) + "\\n")
    if "Records" in event:
        sns = event["Records"][0]["Sns"]
        with open(os.environ["INBOX"], "a") as file:
            file.write(__import__("json").dumps(event) + "\\n")
    if "print" in event:
        print(event["print"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    if event.get("hang"):
        threading.Event().wait()
    if "size" in event:
        return b'"' + b"x" * (event["size"] - 2) + b'"'
    if "headers" in event:
        return dict(headers.items())
    if "environment" in event:
        return dict(os.environ)
    return {"event": event, "pid": os.getpid()}
"""

BROKEN_INIT = "raise RuntimeError('cannot begin')"


@pytest.fixture(scope="module")
def inbox(module_path):
    return module_path / "inbox"


@pytest.fixture(scope="module")
def names(cloud, inbox) -> dict[str, str]:
    code = upload(cloud, CODE)
    variables = {"Environment": {"Variables": {"INBOX": str(inbox), "OWN": "ä value"}}}
    allow = {"Type": "AWS::Lambda::Permission", "Properties": {
        "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Echo"}, "Principal": "sns.amazonaws.com",
        "SourceArn": {"Ref": "Topic"}}}
    return deploy(cloud, "functions", template(
        {"Role": role(), "Echo": function(code, FunctionName="echo", **variables),
         "Slow": function(code, Timeout=1), "NoInit": function(upload(cloud, BROKEN_INIT)),
         "Empty": function(upload(cloud, None)), "Closed": function(code, ReservedConcurrentExecutions=0),
         "Topic": {"Type": "AWS::SNS::Topic"}, "Unheard": {"Type": "AWS::SNS::Topic"}, "Allow": allow,
         "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {
             "Protocol": "lambda", "TopicArn": {"Ref": "Topic"}, "Endpoint": {"Fn::GetAtt": ["Echo", "Arn"]},
             "FilterPolicy": {"colour": ["red"]}}},
         "NotAllowed": {"Type": "AWS::SNS::Subscription", "Properties": {
             "Protocol": "lambda", "TopicArn": {"Ref": "Unheard"}, "Endpoint": {"Fn::GetAtt": ["Echo", "Arn"]}}}},
        {name: {"Ref": name} for name in ("Slow", "NoInit", "Empty", "Closed", "Topic", "Unheard")}
        | {"EchoArn": {"Fn::GetAtt": ["Echo", "Arn"]}}))


def lines(file) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


# --- Answers

def test_an_event_and_its_answer_go_as_they_are(cloud, names):
    event = {"text": "ä\u2028 \"quoted\"", "number": 12345678901234567890, "list": [None, True, 1.5]}
    answer = cloud.invoke("echo", event)
    assert (answer.status, answer.error) == (200, None) and answer.json["event"] == event
    assert cloud.invoke("echo", b'  "just text" ').json == "just text"
    assert cloud.invoke("echo", b"").json["event"] == {}


def test_a_function_is_found_by_every_form_of_its_name(cloud, names):
    for name in ("echo", names["EchoArn"], "123456789012:function:echo", "echo:$LATEST"):
        assert cloud.invoke(name, {}).status == 200
    for name in ("nobody", "echo:7", names["EchoArn"].replace("us-east-1", "eu-west-1")):
        with aws_error("ResourceNotFoundException", 404, "Function not found"):
            cloud.invoke(name, {})


def test_an_environment_serves_one_invocation_after_the_other(cloud, names):
    """Not always the next one: an environment is free when its runtime asks for work again, not when it has answered."""
    assert len({cloud.invoke("echo", {}).json["pid"] for _ in range(10)}) < 10


def test_the_bootstrap_has_awss_environment(cloud, names):
    environment = cloud.invoke("echo", {"environment": True}).json
    assert environment["OWN"] == "ä value"
    assert environment["_HANDLER"] == "code_of_function.handler"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "echo"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/echo"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == cloud.region
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA") and environment["AWS_SESSION_TOKEN"]
    assert "AWS_EXECUTION_ENV" not in environment  # undefined for OS-only runtimes
    assert "HOME" not in environment


def test_next_tells_what_the_invocation_is(cloud, names):
    context = base64.b64encode(json.dumps({"client": {"app": "test"}}).encode()).decode()
    headers = cloud.invoke("echo", {"headers": True}, ClientContext=context).json
    assert re.fullmatch(r"[0-9a-f-]{36}", headers["Lambda-Runtime-Aws-Request-Id"])
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == names["EchoArn"]
    assert headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-")
    assert int(headers["Lambda-Runtime-Deadline-Ms"]) > 1_700_000_000_000
    assert json.loads(headers["Lambda-Runtime-Client-Context"]) == {"client": {"app": "test"}}


def test_the_configuration_is_what_was_deployed(cloud, names):
    client = cloud.client("lambda")
    configuration = client.get_function_configuration(FunctionName="echo")
    assert configuration["Runtime"] == "provided.al2023" and configuration["Architectures"] == ["x86_64"]
    assert configuration["State"] == "Active" and configuration["LastUpdateStatus"] == "Successful"
    assert configuration["Environment"]["Variables"]["OWN"] == "ä value"
    client.get_waiter("function_active_v2").wait(FunctionName="echo", WaiterConfig={"Delay": 0.05})
    assert client.get_function(FunctionName="echo")["Configuration"]["CodeSha256"] == configuration["CodeSha256"]
    assert "echo" in {one["FunctionName"] for one in client.list_functions()["Functions"]}
    policy = json.loads(client.get_policy(FunctionName="echo")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"Service": "sns.amazonaws.com"}
    assert policy["Statement"][0]["Condition"] == {"ArnLike": {"AWS:SourceArn": names["Topic"]}}


# --- Errors

def test_an_error_of_the_handler_is_an_answer_with_a_mark(cloud, names):
    answer = cloud.invoke("echo", {"raise": "it went wrong"})
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.json["errorType"] == "ValueError" and answer.json["errorMessage"] == "it went wrong"
    assert any("raise ValueError" in line for line in answer.json["stackTrace"])


def test_a_function_that_takes_too_long_is_timed_out_and_made_anew(cloud, names, tmp_path):
    answer = cloud.invoke(names["Slow"], {"hang": True, "append": str(tmp_path / "pid"), "pid": True})
    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.json["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds",
                        answer.json["errorMessage"])
    hung = int(lines(tmp_path / "pid")[0])
    assert cloud.invoke(names["Slow"], {}).json["pid"] != hung
    wait_until(lambda: hung not in descendants(cloud.pid), "the environment that hung is gone")


def test_a_runtime_that_ends_is_an_error_and_made_anew(cloud, names):
    answer = cloud.invoke("echo", {"exit": 3})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(r"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3",
                        answer.json["errorMessage"])
    answer = cloud.invoke("echo", {"exit": 0})
    assert answer.json["errorMessage"].endswith("Error: Runtime exited without providing a reason")
    assert cloud.invoke("echo", {}).error is None


def test_a_failure_to_begin_is_the_answer(cloud, names):
    answer = cloud.invoke(names["NoInit"], {})
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "RuntimeError" and answer.json["errorMessage"] == "cannot begin"
    answer = cloud.invoke(names["Empty"], {})
    assert answer.json["errorType"] == "Runtime.InvalidEntrypoint"
    assert "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]" in answer.json["errorMessage"]


def test_a_function_without_concurrency_is_throttled(cloud, names):
    with aws_error("TooManyRequestsException", 429, "Rate Exceeded"):
        cloud.invoke(names["Closed"], {})


def test_what_is_no_json_is_refused(cloud, names):
    with aws_error("InvalidRequestContentException", 400, "Could not parse request body into json"):
        cloud.invoke("echo", b"{not json")


def test_an_operation_of_lambda_that_is_not_there_is_refused_by_name(cloud, names):
    client = cloud.client("lambda")
    with not_implemented("lambda:PutProvisionedConcurrencyConfig"):
        client.put_provisioned_concurrency_config(FunctionName="echo", Qualifier="1",
                                                  ProvisionedConcurrentExecutions=1)
    with not_implemented("lambda:PutFunctionRecursionConfig"):
        client.put_function_recursion_config(FunctionName="echo", RecursiveLoop="Allow")


# --- Limits

def test_six_megabytes_go_in_and_one_byte_more_does_not(cloud, names):
    answer = cloud.invoke("echo", b'"' + b"x" * (REQUEST - 2) + b'"')
    assert answer.error is None and len(answer.payload) == REQUEST
    with aws_error("RequestTooLargeException", 413, "Request must be smaller than 6291456 bytes"):
        cloud.invoke("echo", b'"' + b"x" * (REQUEST - 1) + b'"')


def test_six_megabytes_come_out_and_one_byte_more_does_not(cloud, names):
    assert len(cloud.invoke("echo", {"size": LIMIT}).payload) == LIMIT
    answer = cloud.invoke("echo", {"size": LIMIT + 1})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Function.ResponseSizeTooLarge"
    assert "exceeded maximum allowed payload size (6291556 bytes)" in answer.json["errorMessage"]


def test_one_megabyte_is_the_limit_of_an_event(cloud, names):
    assert cloud.invoke("echo", b'"' + b"x" * (1024 * 1024 - 2) + b'"', InvocationType="Event").status == 202
    with aws_error(("RequestTooLargeException", "RequestEntityTooLargeException"), 413):
        cloud.invoke("echo", b'"' + b"x" * (1024 * 1024 - 1) + b'"', InvocationType="Event")


# --- Asynchronous

def test_an_event_is_accepted_and_runs(cloud, names, tmp_path):
    answer = cloud.invoke("echo", {"append": str(tmp_path / "done")}, InvocationType="Event")
    assert (answer.status, answer.payload) == (202, b"")
    wait_until(lambda: len(lines(tmp_path / "done")) == 1, "the event has run")


def test_a_dry_run_runs_nothing(cloud, names, tmp_path):
    assert cloud.invoke("echo", {"append": str(tmp_path / "done")}, InvocationType="DryRun").status == 204
    cloud.invoke("echo", {})
    assert not lines(tmp_path / "done")


def test_an_event_that_fails_is_tried_again_twice_after_one_and_two_minutes(cloud, names, tmp_path):
    tried = tmp_path / "tried"
    cloud.invoke("echo", {"append": str(tried), "raise": "again"}, InvocationType="Event")
    wait_until(lambda: len(lines(tried)) == 1, "the first attempt")

    def turn_until(attempts: int) -> int:
        """Turns the clock by steps until there were so many attempts; by how much it was turned."""
        turned = 0

        def turn():
            nonlocal turned
            if len(lines(tried)) >= attempts:
                return True
            cloud.advance(5_000)
            turned += 5_000
            return False

        wait_until(turn, f"{attempts} attempts")
        return turned

    # A little real time passes too.
    assert turn_until(2) >= 40_000
    assert turn_until(3) >= 80_000
    assert len(set(lines(tried))) == 1, "the request id stays the same"
    for _ in range(8):
        cloud.advance(3_600_000)
        cloud.invoke("echo", {})
    assert len(lines(tried)) == 3


# --- Logs

def test_the_log_tail_is_of_this_invocation(cloud, names):
    response = cloud.client("lambda").invoke(FunctionName="echo", LogType="Tail",
                                             Payload=b'{"print": "a line of its own"}')
    tail = base64.b64decode(response["LogResult"]).decode()
    request_id = response["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST" in tail
    assert "a line of its own" in tail
    assert tail.index("a line of its own") < tail.index(f"END RequestId: {request_id}")
    assert re.search(rf"REPORT RequestId: {request_id}\tDuration: [0-9.]+ ms\tBilled Duration: \d+ ms\t"
                     r"Memory Size: 128 MB\tMax Memory Used: \d+ MB", tail)
    second = cloud.client("lambda").invoke(FunctionName="echo", Payload=b"{}", LogType="Tail")
    assert "a line of its own" not in base64.b64decode(second["LogResult"]).decode()


def test_what_a_function_prints_is_in_its_log_group(cloud, names):
    cloud.invoke("echo", {"print": "for the log"})
    logs = cloud.client("logs")

    def found():
        return [one for page in logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/echo")
                for one in page["events"] if one["message"].strip() == "for the log"]

    event = wait_until(found, "the line is in the log group")[0]
    streams = logs.describe_log_streams(logGroupName="/aws/lambda/echo")["logStreams"]
    assert event["logStreamName"] in {one["logStreamName"] for one in streams}
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", event["logStreamName"])
    stream = logs.get_log_events(logGroupName="/aws/lambda/echo", logStreamName=event["logStreamName"],
                                 startFromHead=True)["events"]
    assert any(one["message"].startswith("START RequestId: ") for one in stream)
    with aws_error("ResourceNotFoundException", 400, "The specified log group does not exist."):
        logs.get_log_events(logGroupName="/aws/lambda/nobody", logStreamName="x")


# --- SNS

def test_a_message_reaches_the_subscribed_function(cloud, names, inbox):
    sns = cloud.client("sns")
    message_id = sns.publish(TopicArn=names["Topic"], Message="hällo", Subject="about", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}})["MessageId"]
    record = json.loads(wait_until(lambda: lines(inbox), "the message arrived")[0])["Records"][0]
    assert record["EventSource"] == "aws:sns" and record["EventVersion"] == "1.0"
    assert record["EventSubscriptionArn"].startswith(names["Topic"] + ":")
    assert record["Sns"]["MessageId"] == message_id and record["Sns"]["TopicArn"] == names["Topic"]
    assert record["Sns"]["Message"] == "hällo" and record["Sns"]["Subject"] == "about"
    assert record["Sns"]["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}


def test_a_filter_and_a_missing_permission_keep_messages_away(cloud, names, inbox):
    sns = cloud.client("sns")
    seen = len(lines(inbox))
    sns.publish(TopicArn=names["Topic"], Message="filtered", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "blue"}})
    sns.publish(TopicArn=names["Unheard"], Message="not allowed")
    sns.publish(TopicArn=names["Topic"], Message="last", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}})
    wait_until(lambda: any('"last"' in line for line in lines(inbox)), "the message behind them arrived")
    assert [json.loads(line)["Records"][0]["Sns"]["Message"] for line in lines(inbox)[seen:]] == ["last"]


def test_what_sns_refuses(cloud, names):
    sns = cloud.client("sns")
    with aws_error(("NotFound", "NotFoundException"), 404):
        sns.publish(TopicArn=names["Topic"] + "-none", Message="x")
    with aws_error("InvalidParameter", 400, "Empty message"):
        sns.publish(TopicArn=names["Topic"], Message="")
    with not_implemented("sns:CreatePlatformApplication"):
        sns.create_platform_application(Name="x", Platform="GCM", Attributes={})
