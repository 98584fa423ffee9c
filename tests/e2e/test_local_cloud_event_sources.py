"""Event source mappings: queues and table streams that invoke functions."""

import json

import boto3
import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.processes import wait_until
from harness.stacks import deploy, settled, template

# Puts the records that it got into the queue SEEN, and answers as the first record wishes.
CODE = """
import json, os, urllib.request

def handler(event, headers):
    records = event["Records"]
    print("GOT " + json.dumps(records))
    text = json.dumps(records)
    if "fail-this" in text:
        raise RuntimeError("as wished")
    if "fail-one" in text:
        ids = [r.get("messageId") or r["dynamodb"]["SequenceNumber"] for r in records if "fail-one" in json.dumps(r)]
        return {"batchItemFailures": [{"itemIdentifier": one} for one in ids]}
    return None
"""
QUEUES = {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}
STREAMS = {"Effect": "Allow", "Action": ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream",
                                         "dynamodb:ListStreams"], "Resource": "*"}
SENDING = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


def mapping(function_name: str, source: dict, **properties) -> dict:
    return {"Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"FunctionName": {"Ref": function_name}, "EventSourceArn": source, **properties}}


@pytest.fixture(scope="module")
def outputs(cloud) -> dict[str, str]:
    code = upload(cloud, CODE)
    stream = {"Fn::GetAtt": ["Table", "StreamArn"]}
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}
    return deploy(cloud, "sources", template({
        "Role": role(QUEUES, STREAMS, SENDING),
        "Reader": function(code), "Partial": function(code), "Streamed": function(code), "Idle": function(code),
        "NoRights": {"Type": "AWS::IAM::Role", "Properties": role()["Properties"]},
        "Unable": function(code, Role={"Fn::GetAtt": ["NoRights", "Arn"]}),
        "Slow": function(code, Timeout=31),
        "Dead": {"Type": "AWS::SQS::Queue"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 30, "RedrivePolicy": {
            "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}}},
        "Failures": {"Type": "AWS::SQS::Queue"},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}},
        "QueueMapping": mapping("Partial", queue, FunctionResponseTypes=["ReportBatchItemFailures"], FilterCriteria={
            "Filters": [{"Pattern": json.dumps({"body": {"kind": [{"anything-but": "noise"}]}})}]}),
        "StreamMapping": mapping("Streamed", stream, StartingPosition="TRIM_HORIZON", BatchSize=10,
                                 MaximumRetryAttempts="1", BisectBatchOnFunctionError="true", DestinationConfig={
                                     "OnFailure": {"Destination": {"Fn::GetAtt": ["Failures", "Arn"]}}}),
    }, {"Reader": {"Ref": "Reader"}, "Partial": {"Ref": "Partial"}, "Streamed": {"Ref": "Streamed"},
        "Unable": {"Ref": "Unable"}, "Slow": {"Ref": "Slow"}, "Idle": {"Ref": "Idle"},
        "Table": {"Ref": "Table"}, "Stream": stream, "Queue": {"Ref": "Queue"}, "QueueArn": queue,
        "Dead": {"Ref": "Dead"}, "Failures": {"Ref": "Failures"},
        "QueueMapping": {"Ref": "QueueMapping"}, "StreamMapping": {"Ref": "StreamMapping"},
        "MappingArn": {"Fn::GetAtt": ["QueueMapping", "EventSourceMappingArn"]}}))


def batches(cloud, function_name: str) -> list[list[dict]]:
    """The records of every event that the function got."""
    logs = cloud.client("logs")
    try:
        lines = logs.filter_log_events(logGroupName=f"/aws/lambda/{function_name}")["events"]
    except logs.exceptions.ResourceNotFoundException:  # it never ran
        return []
    return [json.loads(one["message"].removeprefix("GOT ")) for one in lines if one["message"].startswith("GOT ")]


def until_seen(cloud, function_name: str, words: str, times: int = 1) -> list[list[dict]]:
    def seen():
        found = [batch for batch in batches(cloud, function_name) if words in json.dumps(batch)]
        return found if len(found) >= times else None

    return wait_until(seen, f"{function_name} gets {words} {times} times")


def received(cloud, queue: str) -> list[dict]:
    return cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0,
                                               MessageAttributeNames=["All"]).get("Messages", [])


# --- Queues

def test_a_queue_invokes_with_the_documented_event_and_what_succeeded_is_deleted(cloud, outputs):
    sent = cloud.client("sqs").send_message(
        QueueUrl=outputs["Queue"], MessageBody=json.dumps({"kind": "shape"}),
        MessageAttributes={"colour": {"DataType": "String", "StringValue": "red"}})
    [[record]] = until_seen(cloud, outputs["Partial"], "shape")
    attributes = record.pop("attributes")
    assert record.pop("receiptHandle")
    record.pop("md5OfMessageAttributes", None)
    assert record == {
        "messageId": sent["MessageId"], "body": json.dumps({"kind": "shape"}), "md5OfBody": sent["MD5OfMessageBody"],
        "messageAttributes": {"colour": {"stringValue": "red", "stringListValues": [], "binaryListValues": [],
                                         "dataType": "String"}},
        "eventSource": "aws:sqs", "eventSourceARN": outputs["QueueArn"], "awsRegion": cloud.region}
    assert attributes["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(attributes)


def test_a_failed_message_reappears_and_ends_in_the_queues_dead_letter_queue(cloud, outputs):
    for kind in ("fail-one", "noise", "fine"):
        cloud.client("sqs").send_message(QueueUrl=outputs["Queue"], MessageBody=json.dumps({"kind": kind}))
    until_seen(cloud, outputs["Partial"], "fail-one")
    until_seen(cloud, outputs["Partial"], "fine")
    cloud.advance(31_000)
    again = until_seen(cloud, outputs["Partial"], "fail-one", 2)
    assert again[-1][-1]["attributes"]["ApproximateReceiveCount"] == "2"
    cloud.advance(31_000)
    [message] = wait_until(lambda: received(cloud, outputs["Dead"]), "the message is dead")
    assert json.loads(message["Body"]) == {"kind": "fail-one"}
    assert "noise" not in json.dumps(batches(cloud, outputs["Partial"]))


# --- Streams

def test_a_stream_invokes_with_the_documented_event(cloud, outputs):
    table = cloud.client("dynamodb")
    table.put_item(TableName=outputs["Table"], Item={"id": {"S": "shape"}, "n": {"N": "1"}})
    [[record]] = until_seen(cloud, outputs["Streamed"], "shape")
    change = record.pop("dynamodb")
    assert record.pop("eventID")
    assert record == {"eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
                      "awsRegion": cloud.region, "eventSourceARN": outputs["Stream"]}
    assert change.pop("SequenceNumber") and change.pop("ApproximateCreationDateTime") and change.pop("SizeBytes")
    assert change == {"Keys": {"id": {"S": "shape"}}, "NewImage": {"id": {"S": "shape"}, "n": {"N": "1"}},
                      "StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_a_batch_of_a_stream_is_retried_and_then_told_to_the_destination(cloud, outputs):
    table = cloud.client("dynamodb")
    table.put_item(TableName=outputs["Table"], Item={"id": {"S": "fail-this"}})
    until_seen(cloud, outputs["Streamed"], "fail-this")
    table.put_item(TableName=outputs["Table"], Item={"id": {"S": "behind"}})
    assert "behind" not in json.dumps(batches(cloud, outputs["Streamed"]))
    cloud.advance(2_000)
    [message] = wait_until(lambda: received(cloud, outputs["Failures"]), "the destination is told")
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert record["DDBStreamBatchInfo"]["streamArn"] == outputs["Stream"]
    until_seen(cloud, outputs["Streamed"], "behind")


# --- The API

def test_mappings_are_made_read_changed_and_removed(cloud, outputs):
    client = cloud.client("lambda")
    made = client.create_event_source_mapping(FunctionName=outputs["Reader"], EventSourceArn=outputs["Stream"],
                                              StartingPosition="LATEST", Enabled=False)
    assert made["State"] == "Creating" and made["BatchSize"] == 100 and made["MaximumRetryAttempts"] == -1
    uuid = made["UUID"]
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    changed = client.update_event_source_mapping(UUID=uuid, BatchSize=5, MaximumBatchingWindowInSeconds=2,
                                                 Enabled=True, FilterCriteria={"Filters": [{"Pattern": '{"a":["b"]}'}]})
    assert changed["State"] == "Updating"
    read = client.get_event_source_mapping(UUID=uuid)
    assert (read["State"], read["BatchSize"], read["MaximumBatchingWindowInSeconds"]) == ("Enabled", 5, 2)
    assert read["FilterCriteria"] == {"Filters": [{"Pattern": '{"a":["b"]}'}]}
    assert read["EventSourceMappingArn"].endswith(":event-source-mapping:" + uuid)
    of_function = client.list_event_source_mappings(FunctionName=outputs["Reader"])["EventSourceMappings"]
    assert [one["UUID"] for one in of_function] == [uuid]
    of_stream = client.list_event_source_mappings(EventSourceArn=outputs["Stream"])["EventSourceMappings"]
    assert {one["UUID"] for one in of_stream} == {uuid, outputs["StreamMapping"]}
    pages = client.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1})
    everything = [one["UUID"] for page in pages for one in page["EventSourceMappings"]]
    assert sorted(everything) == sorted({uuid, outputs["StreamMapping"], outputs["QueueMapping"]})
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    for refused in (client.get_event_source_mapping, client.delete_event_source_mapping,
                    client.update_event_source_mapping):
        with aws_error("ResourceNotFoundException", 404, "The resource you requested does not exist."):
            refused(UUID=uuid)


def test_mappings_that_cannot_be_are_refused_in_lambdas_words(cloud, outputs):
    client = cloud.client("lambda")

    def make(name: str, source: str, **more):
        client.create_event_source_mapping(FunctionName=outputs.get(name, name), EventSourceArn=source, **more)

    queue, stream = outputs["QueueArn"], outputs["Stream"]
    invalid = "InvalidParameterValueException"
    with aws_error("ResourceConflictException", 409, f"with UUID {outputs['QueueMapping']}"):
        make("Partial", queue)
    with aws_error(invalid, 400, "Function does not exist"):
        make("nobody", queue)
    with aws_error(invalid, 400, "The function execution role does not have permissions to call ReceiveMessage on SQS"):
        make("Unable", queue)
    with aws_error(invalid, 400, f"Cannot access stream {stream}. Please ensure the role can perform the GetRecords"):
        make("Unable", stream, StartingPosition="LATEST")
    with aws_error(invalid, 400, "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"):
        make("Slow", queue)
    with aws_error(invalid, 400, "Maximum batch window in seconds must be greater than 0"):
        make("Idle", queue, BatchSize=11)
    with aws_error("ValidationException", 400, "less than or equal to 10000"):
        make("Idle", queue, BatchSize=10001)
    with aws_error(invalid, 400, "Invalid filter pattern definition."):
        make("Idle", queue, FilterCriteria={"Filters": [{"Pattern": "{"}]})
    with aws_error(invalid, 400, "'startingPosition'"):
        make("Idle", stream)
    with not_implemented("TumblingWindowInSeconds"):
        make("Idle", stream, StartingPosition="LATEST", TumblingWindowInSeconds=1)
    with not_implemented("kinesis"):
        make("Idle", f"arn:aws:kinesis:{cloud.region}:123456789012:stream/s", StartingPosition="LATEST")


def test_who_may_make_a_mapping_can_be_bound_to_a_function(cloud, outputs):
    iam = cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName="mapper", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allowed = f"arn:aws:lambda:{cloud.region}:123456789012:function:{outputs['Reader']}"
    iam.put_role_policy(RoleName="mapper", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "lambda:*EventSourceMapping", "Resource": "*",
            "Condition": {"ArnLike": {"lambda:FunctionArn": allowed}}}]}))
    keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="mapper")["Credentials"]
    client = boto3.client("lambda", endpoint_url=cloud.endpoint, region_name=cloud.region,
                          aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                          aws_session_token=keys["SessionToken"])
    made = client.create_event_source_mapping(FunctionName=outputs["Reader"], EventSourceArn=outputs["QueueArn"],
                                              Enabled=False)
    with aws_error("AccessDeniedException", 403, "lambda:CreateEventSourceMapping"):
        client.create_event_source_mapping(FunctionName=outputs["Idle"], EventSourceArn=outputs["QueueArn"])
    with aws_error("AccessDeniedException", 403, "lambda:ListEventSourceMappings"):
        client.list_event_source_mappings()
    with aws_error("AccessDeniedException", 403, "lambda:DeleteEventSourceMapping"):
        client.delete_event_source_mapping(UUID=outputs["QueueMapping"])
    client.delete_event_source_mapping(UUID=made["UUID"])


def test_a_template_names_the_property_that_is_not_there(cloud, outputs):
    made = cloud.client("cloudformation")
    made.create_stack(StackName="refused", TemplateBody=json.dumps(template({"Mapping": {
        "Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "FunctionName": outputs["Idle"], "EventSourceArn": outputs["QueueArn"],
            "ScalingConfig": {"MinimumConcurrency": 2}}}})))
    settled(cloud, "refused")
    assert "ScalingConfig.MinimumConcurrency" in json.dumps(cloud.stack_events("refused"), default=str)
