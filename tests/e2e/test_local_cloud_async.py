"""Asynchronous invocations: retries, destinations, dead-letter queues, and their configuration."""

import json
import uuid

import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.processes import wait_until
from harness.stacks import deploy, settled, template

CODE = """
import json

def handler(event, headers):
    print("GOT " + json.dumps(event))
    if isinstance(event, dict) and event.get("fail"):
        raise RuntimeError("as wished")
    return {"did": event}
"""
SENDING = {"Effect": "Allow", "Resource": "*",
           "Action": ["sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction", "events:PutEvents"]}
LATEST = "$LATEST"


@pytest.fixture(scope="module")
def outputs(cloud) -> dict[str, str]:
    code = upload(cloud, CODE)
    queue = {"Type": "AWS::SQS::Queue"}
    names = ["Success", "Failure", "Dead", "Zero", "Bused", "Noted"]
    arns = {name: {"Fn::GetAtt": [name, "Arn"]} for name in names}

    def destinations(**targets):
        return {name: {"Destination": target} for name, target in targets.items()}

    def config(of: str, **properties) -> dict:
        return {"Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {"FunctionName": {"Ref": of}, "Qualifier": LATEST, **properties}}

    return deploy(cloud, "async", template({
        "Role": role(SENDING), "Plain": role(), **{name: queue for name in names},
        "Full": function(code, DeadLetterConfig={"TargetArn": arns["Dead"]}),
        "FullConfig": config("Full", MaximumRetryAttempts="2", DestinationConfig=destinations(
            OnSuccess=arns["Success"], OnFailure=arns["Failure"])),
        "Chain": function(code),
        "Next": function(code),
        "ChainConfig": config("Chain", MaximumRetryAttempts=0, DestinationConfig=destinations(
            OnSuccess={"Fn::GetAtt": ["Next", "Arn"]}, OnFailure={"Fn::GetAtt": ["Next", "Arn"]})),
        "Stopped": function(code, ReservedConcurrentExecutions=0),
        "StoppedConfig": config("Stopped", DestinationConfig=destinations(OnFailure=arns["Zero"])),
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "outcomes"}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "EventBusName": {"Ref": "Bus"}, "EventPattern": {"source": ["lambda"]},
            "Targets": [{"Id": "queue", "Arn": arns["Bused"]}]}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [
            {"Protocol": "sqs", "Endpoint": arns["Noted"]}]}},
        **{name + "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {
            "Queues": [{"Ref": name}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sqs:SendMessage",
                "Resource": arns[name]}]}}} for name, service in (("Bused", "events"), ("Noted", "sns"))},
        "Noting": function(code, DeadLetterConfig={"TargetArn": {"Ref": "Topic"}}),
        "NotingConfig": config("Noting", MaximumRetryAttempts=0, DestinationConfig=destinations(
            OnSuccess={"Ref": "Topic"})),
        "Told": function(code),
        "ToldConfig": config("Told", DestinationConfig=destinations(OnSuccess={"Fn::GetAtt": ["Bus", "Arn"]})),
        "Bare": function(code),
        "NoRights": function(code, Role={"Fn::GetAtt": ["Plain", "Arn"]}),
    }, {**{name: {"Ref": name} for name in [*names, "Full", "Chain", "Next", "Stopped", "Told", "Noting", "Bare", "NoRights"]},
        **{name + "Arn": arn for name, arn in arns.items()},
        "BusArn": {"Fn::GetAtt": ["Bus", "Arn"]}, "ToldArn": {"Fn::GetAtt": ["Told", "Arn"]},
        "FullArn": {"Fn::GetAtt": ["Full", "Arn"]}, "NextArn": {"Fn::GetAtt": ["Next", "Arn"]}}))


def send(cloud, name: str, event: object) -> str:
    """Invokes with type Event; the request's id."""
    answer = cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    return answer["ResponseMetadata"]["RequestId"]


def events(cloud, name: str, words: str) -> list[dict]:
    logs = cloud.client("logs")
    try:
        lines = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    except logs.exceptions.ResourceNotFoundException:  # it never ran
        return []
    return [json.loads(one["message"][4:]) for one in lines if one["message"].startswith("GOT ") and words in one["message"]]


def until_ran(cloud, name: str, words: str, times: int = 1) -> list[dict]:
    def ran():
        found = events(cloud, name, words)
        return found if len(found) >= times else None

    return wait_until(ran, f"{name} runs {times} times with {words}")


def message(cloud, queue: str) -> dict:
    def received():
        return cloud.client("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"]).get("Messages")

    [one] = wait_until(received, "a message comes")
    cloud.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    return one


# --- Outcomes

def test_a_success_is_recorded_at_its_destination(cloud, outputs):
    request_id = send(cloud, outputs["Full"], {"n": 1})
    record = json.loads(message(cloud, outputs["Success"])["Body"])
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {"requestId": request_id, "functionArn": f"{outputs['FullArn']}:$LATEST",
                           "condition": "Success", "approximateInvokeCount": 1},
        "requestPayload": {"n": 1},
        "responseContext": {"statusCode": 200, "executedVersion": LATEST},
        "responsePayload": {"did": {"n": 1}}}


def test_a_failure_is_retried_after_one_and_two_minutes_and_then_told_to_destination_and_dead_letter_queue(
        cloud, outputs):
    event = {"fail": str(uuid.uuid4())}
    request_id = send(cloud, outputs["Full"], event)
    for attempt, minutes in ((1, 1), (2, 2), (3, 0)):
        until_ran(cloud, outputs["Full"], event["fail"], attempt)
        cloud.advance(minutes * 60_000)
    record = json.loads(message(cloud, outputs["Failure"])["Body"])
    assert record["requestContext"] == {"requestId": request_id, "functionArn": f"{outputs['FullArn']}:$LATEST",
                                        "condition": "RetriesExhausted", "approximateInvokeCount": 3}
    assert record["requestPayload"] == event
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": LATEST, "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "as wished"
    dead = message(cloud, outputs["Dead"])
    assert json.loads(dead["Body"]) == event
    assert {name: (one["DataType"], one["StringValue"]) for name, one in dead["MessageAttributes"].items()} == {
        "RequestID": ("String", request_id), "ErrorCode": ("Number", "200"), "ErrorMessage": ("String", "as wished")}
    assert len(events(cloud, outputs["Full"], event["fail"])) == 3


def test_the_outcome_can_invoke_another_function(cloud, outputs):
    for event, condition in (({"n": "chained"}, "Success"), ({"fail": "chained"}, "RetriesExhausted")):
        request_id = send(cloud, outputs["Chain"], event)
        [record] = until_ran(cloud, outputs["Next"], request_id)
        assert record["requestContext"]["condition"] == condition
        assert record["requestContext"]["approximateInvokeCount"] == 1  # MaximumRetryAttempts is 0


def test_the_outcome_can_be_a_notification(cloud, outputs):
    send(cloud, outputs["Noting"], {"n": 4})
    notification = json.loads(message(cloud, outputs["Noted"])["Body"])
    assert json.loads(notification["Message"])["responsePayload"] == {"did": {"n": 4}}
    request_id = send(cloud, outputs["Noting"], {"fail": "noted"})
    notification = json.loads(message(cloud, outputs["Noted"])["Body"])
    assert json.loads(notification["Message"]) == {"fail": "noted"}
    assert notification["MessageAttributes"] == {
        "RequestID": {"Type": "String", "Value": request_id}, "ErrorCode": {"Type": "Number", "Value": "200"},
        "ErrorMessage": {"Type": "String", "Value": "as wished"}}


def test_the_outcome_can_be_an_event_on_a_bus(cloud, outputs):
    send(cloud, outputs["Told"], {"n": 3})
    event = json.loads(message(cloud, outputs["Bused"])["Body"])
    assert event["source"] == "lambda"
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["resources"] == [f"{outputs['ToldArn']}:$LATEST", outputs["BusArn"]]
    assert event["detail"]["requestContext"]["condition"] == "Success"
    assert event["detail"]["responsePayload"] == {"did": {"n": 3}}


def test_a_function_without_concurrency_hands_its_events_on_at_once(cloud, outputs):
    send(cloud, outputs["Stopped"], {"n": 2})
    record = json.loads(message(cloud, outputs["Zero"])["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert record["requestPayload"] == {"n": 2} and "responsePayload" not in record


def test_an_event_that_is_too_old_is_given_up(cloud, outputs):
    client = cloud.client("lambda")
    name = outputs["Bare"]
    client.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60, DestinationConfig={
        "OnFailure": {"Destination": outputs["FailureArn"]}})
    send(cloud, name, {"fail": "of age"})
    until_ran(cloud, name, "of age")
    cloud.advance(61_000)
    record = json.loads(message(cloud, outputs["Failure"])["Body"])
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    client.delete_function_event_invoke_config(FunctionName=name)


def test_an_event_has_1_mb_at_most(cloud, outputs):
    client = cloud.client("lambda")
    with aws_error("RequestTooLargeException", 413, "1048576 bytes"):
        client.invoke(FunctionName=outputs["Bare"], InvocationType="Event", Payload=json.dumps("x" * 1024 * 1024))
    answer = client.invoke(FunctionName=outputs["Bare"], InvocationType="Event",
                           Payload=json.dumps("x" * (1024 * 1024 - 2)))
    assert answer["StatusCode"] == 202


# --- Configuration

def test_a_configuration_is_made_read_changed_listed_and_removed(cloud, outputs):
    client = cloud.client("lambda")
    name = outputs["Bare"]
    made = client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    assert made["FunctionArn"].endswith(f":function:{name}:$LATEST")
    assert made["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    changed = client.update_function_event_invoke_config(
        FunctionName=name, MaximumEventAgeInSeconds=100,
        DestinationConfig={"OnSuccess": {"Destination": outputs["SuccessArn"]}})
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (1, 100)
    replaced = client.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    assert "MaximumRetryAttempts" not in replaced
    read = client.get_function_event_invoke_config(FunctionName=name, Qualifier=LATEST)
    assert read["MaximumEventAgeInSeconds"] == 60 and read["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    listed = client.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
    assert [one["MaximumEventAgeInSeconds"] for one in listed] == [60]
    with aws_error("ValidationException", 400, "Value '51' at 'maxItems'"):
        cloud.client("lambda", parameter_validation=False).list_function_event_invoke_configs(FunctionName=name, MaxItems=51)
    client.delete_function_event_invoke_config(FunctionName=name)
    gone = f"function:{name}:$LATEST doesn't have an EventInvokeConfig"
    with aws_error("ResourceNotFoundException", 404, gone):
        client.get_function_event_invoke_config(FunctionName=name)
    with aws_error("ResourceNotFoundException", 404, gone):
        client.delete_function_event_invoke_config(FunctionName=name)
    with aws_error("ResourceNotFoundException", 404, gone):
        client.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)


def test_an_alias_has_a_configuration_of_its_own(cloud, outputs):
    client = cloud.client("lambda")
    name = outputs["Bare"]
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    client.put_function_event_invoke_config(FunctionName=name, Qualifier="live", DestinationConfig={
        "OnSuccess": {"Destination": outputs["SuccessArn"]}})
    with aws_error("ResourceNotFoundException", 404, f"function:{name}:$LATEST doesn't have"):
        client.get_function_event_invoke_config(FunctionName=name)
    client.invoke(FunctionName=name, InvocationType="Event", Payload="{}")  # recorded nowhere
    client.invoke(FunctionName=name, Qualifier="live", InvocationType="Event", Payload="{}")
    record = json.loads(message(cloud, outputs["Success"])["Body"])
    assert record["requestContext"]["functionArn"].endswith(f":function:{name}:live")
    assert record["responseContext"]["executedVersion"] == version
    client.delete_function_event_invoke_config(FunctionName=name, Qualifier="live")


def test_configurations_that_cannot_be_are_refused_in_lambdas_words(cloud, outputs):
    client = cloud.client("lambda")
    invalid = "InvalidParameterValueException"

    def put(name: str = outputs["Bare"], destination: str | None = None, **more):
        if destination:
            more["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
        client.put_function_event_invoke_config(FunctionName=name, **more)

    with aws_error("ResourceNotFoundException", 404, "The function doesn't exist."):
        put("nobody", MaximumRetryAttempts=0)
    with aws_error("ResourceNotFoundException", 404, "The function doesn't exist."):
        client.list_function_event_invoke_configs(FunctionName="nobody")
    with aws_error(invalid, 400, "You must specify at least one of error handling or destination setting."):
        put()
    with aws_error("ValidationException", 400, "less than or equal to 2"):
        put(MaximumRetryAttempts=3)
    with aws_error("ValidationException", 400, "less than or equal to 21600"):
        put(MaximumEventAgeInSeconds=21601)
    with aws_error(invalid, 400, "You can't specify the function as a destination for itself."):
        put(outputs["Next"], destination=outputs["NextArn"])
    with aws_error(invalid, 400, "is invalid."):
        put(destination=outputs["NextArn"] + "x")
    with aws_error(invalid, 400, "The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure("
                                 "destination=arn:aws:iam::123456789012:role/r)) is invalid."):
        put(destination="arn:aws:iam::123456789012:role/r")
    with aws_error(invalid, 400, "The function's execution role does not have permissions to call SendMessage on "
                                 + outputs["FailureArn"]):
        put(outputs["NoRights"], destination=outputs["FailureArn"])
    with not_implemented("S3"):
        put(destination="arn:aws:s3:::bucket")


@pytest.mark.parametrize("target, words", [
    ({"Fn::GetAtt": ["Queue", "Arn"]},
     "The provided execution role does not have permissions to call SendMessage on SQS"),
    ("arn:aws:lambda:us-east-1:123456789012:function:f", "Only SQS queues and SNS topics")])
def test_a_dead_letter_queue_that_cannot_be_fails_the_stack(cloud, outputs, target, words):
    stack = f"dead-{abs(hash(words))}"
    cloud.client("cloudformation").create_stack(
        StackName=stack, Capabilities=["CAPABILITY_IAM"], TemplateBody=json.dumps(template({
            "Role": role(), "Queue": {"Type": "AWS::SQS::Queue"},
            "Function": function(upload(cloud, CODE), DeadLetterConfig={"TargetArn": target})})))
    assert settled(cloud, stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert words in json.dumps(cloud.stack_events(stack), default=str)
