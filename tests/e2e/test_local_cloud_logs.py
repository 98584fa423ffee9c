"""CloudWatch Logs of the local cloud, judged by boto3: groups, streams, events, filters, retention, subscriptions."""

import base64
import gzip
import json
import time

import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.processes import wait_until
from harness.stacks import deploy, template

DAY = 86_400_000


@pytest.fixture(scope="module")
def logs(cloud):
    return cloud.client("logs")


def now() -> int:
    return int(time.time() * 1000)


def write(logs, group: str, *messages: str, stream: str = "s", at: int | None = None) -> dict:
    at = at or now()
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
        {"timestamp": at + number, "message": text} for number, text in enumerate(messages)])


def group(logs, name: str, *streams: str) -> str:
    logs.create_log_group(logGroupName=name)
    for stream in streams or ("s",):
        logs.create_log_stream(logGroupName=name, logStreamName=stream)
    return name


def messages(answer: dict) -> list[str]:
    return [one["message"] for one in answer["events"]]


def test_groups_and_streams_are_made_listed_and_removed(logs):
    logs.create_log_group(logGroupName="/a/one", tags={"team": "ours"})
    group(logs, "/a/two", "x", "y")
    with aws_error("ResourceAlreadyExistsException", 400, "The specified log group already exists"):
        logs.create_log_group(logGroupName="/a/one")
    with aws_error("ResourceAlreadyExistsException", 400):
        logs.create_log_stream(logGroupName="/a/two", logStreamName="x")
    with aws_error("InvalidParameterException", 400, "logGroupName"):
        logs.create_log_group(logGroupName="a:b")
    with not_implemented("INFREQUENT_ACCESS"):
        logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/a/", PaginationConfig={"PageSize": 1})
    assert [one["logGroupName"] for page in pages for one in page["logGroups"]] == ["/a/one", "/a/two"]
    assert len(logs.describe_log_groups(logGroupNamePattern="TWO")["logGroups"]) == 1
    arn = logs.describe_log_groups(logGroupNamePrefix="/a/one")["logGroups"][0]["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"stage": "dev"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "dev"}
    logs.tag_log_group(logGroupName="/a/one", tags={"old": "way"})
    logs.untag_log_group(logGroupName="/a/one", tags=["stage"])
    assert logs.list_tags_log_group(logGroupName="/a/one")["tags"] == {"old": "way"}
    names = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName="/a/two", descending=True)["logStreams"]]
    assert names == ["y", "x"]
    logs.delete_log_stream(logGroupName="/a/two", logStreamName="x")
    logs.delete_log_group(logGroupName="/a/two")
    for call in (logs.delete_log_group, logs.describe_log_streams):
        with aws_error("ResourceNotFoundException", 400, "The specified log group does not exist."):
            call(logGroupName="/a/two")


def test_events_are_read_forward_and_backward(logs):
    name = group(logs, "reading")
    write(logs, name, *(f"line {at}" for at in range(5)))
    read = dict(logGroupName=name, logStreamName="s")
    first = logs.get_log_events(**read, limit=2, startFromHead=True)
    assert messages(first) == ["line 0", "line 1"]
    second = logs.get_log_events(**read, limit=2, nextToken=first["nextForwardToken"])
    assert messages(second) == ["line 2", "line 3"]
    assert messages(logs.get_log_events(**read, limit=2)) == ["line 3", "line 4"]
    assert messages(logs.get_log_events(**read, nextToken=second["nextBackwardToken"])) == ["line 0", "line 1"]
    end = logs.get_log_events(**read, nextToken=logs.get_log_events(**read)["nextForwardToken"])
    assert end["events"] == []
    with aws_error("InvalidParameterException", 400, "nextToken"):
        logs.get_log_events(**read, nextToken="bad")


def test_a_pattern_filters_over_the_streams_of_a_group(logs):
    name = group(logs, "filtering", "a", "b")
    write(logs, name, "ERROR one", "INFO two", stream="a")
    write(logs, name, json.dumps({"level": "ERROR", "n": 3}), "127.0.0.1 404", stream="b", at=now() + 10)

    def found(pattern: str, **more) -> list[str]:
        return messages(logs.filter_log_events(logGroupName=name, filterPattern=pattern, **more))

    assert found("ERROR -one") == ['{"level": "ERROR", "n": 3}']
    assert found("?one ?two") == ["ERROR one", "INFO two"]
    assert found('{ $.level = "ERROR" && $.n > 2 }') == ['{"level": "ERROR", "n": 3}']
    assert found("[ip = 127*, status = 4*]") == ["127.0.0.1 404"]
    assert found("", logStreamNames=["a"]) == found("", logStreamNamePrefix="a") == ["ERROR one", "INFO two"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name, PaginationConfig={"PageSize": 3})
    assert [len(page["events"]) for page in pages] == [3, 1]
    with aws_error("InvalidParameterException", 400, "Invalid filter pattern"):
        found("{ level = 1 }")
    with not_implemented("regular expressions"):
        found("%E.*%")


def test_what_is_written_keeps_awss_limits(logs):
    name = group(logs, "limits")
    with aws_error("InvalidParameterException", 400, "chronological order"):
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[
            {"timestamp": now(), "message": "a"}, {"timestamp": now() - 1000, "message": "b"}])
    with aws_error("InvalidParameterException", 400, "cannot span more than 24 hours"):
        logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[
            {"timestamp": now() - DAY - 1, "message": "a"}, {"timestamp": now(), "message": "b"}])
    with aws_error("InvalidParameterException", 400, "Upload too large"):
        write(logs, name, "x" * 600_000, "x" * 600_000)
    with aws_error("InvalidParameterException", 400, "length between 1 and 10000"):
        write(logs, name, *["x"] * 10_001)
    with aws_error("ResourceNotFoundException", 400, "The specified log stream does not exist."):
        write(logs, name, "x", stream="none")
    assert write(logs, name, "old", at=now() - 15 * DAY)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert write(logs, name, "new", at=now() + 3 * 3_600_000)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    logs.put_retention_policy(logGroupName=name, retentionInDays=3)
    assert write(logs, name, "gone", at=now() - 4 * DAY)["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert messages(logs.get_log_events(logGroupName=name, logStreamName="s")) == []
    with aws_error("InvalidParameterException", 400, "retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=2)


SEEING = """
import json, os

def handler(event, headers):
    with open(os.environ["INBOX"], "a") as file:
        file.write(json.dumps(event) + "\\n")
"""


def test_a_subscription_hands_what_matches_to_a_function(cloud, logs, module_path):
    inbox = module_path / "subscribed"
    resources = {
        "Role": role(), "See": function(upload(cloud, SEEING), Environment={"Variables": {"INBOX": str(inbox)}}),
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "watched", "RetentionInDays": 7}},
        "Stream": {"Type": "AWS::Logs::LogStream", "Properties": {
            "LogGroupName": {"Ref": "Group"}, "LogStreamName": "s"}},
        "Filter": {"Type": "AWS::Logs::SubscriptionFilter", "DependsOn": "Allow", "Properties": {
            "LogGroupName": {"Ref": "Group"}, "FilterPattern": "ERROR", "FilterName": "errors",
            "DestinationArn": {"Fn::GetAtt": ["See", "Arn"]}}},
        "Allow": {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "See"}, "Principal": "logs.amazonaws.com",
            "SourceArn": {"Fn::GetAtt": ["Group", "Arn"]}}}}
    arn = deploy(cloud, "watched", template(resources, {"Arn": {"Fn::GetAtt": ["See", "Arn"]}}))["Arn"]
    write(logs, "watched", "INFO one", "ERROR two", "ERROR three")
    event = json.loads(wait_until(lambda: inbox.exists() and inbox.read_text(), "the function saw it"))
    data = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert data["messageType"] == "DATA_MESSAGE" and data["logGroup"] == "watched" and data["logStream"] == "s"
    assert data["subscriptionFilters"] == ["errors"]
    assert [one["message"] for one in data["logEvents"]] == ["ERROR two", "ERROR three"]
    filters = logs.describe_subscription_filters(logGroupName="watched")["subscriptionFilters"]
    assert [one["filterName"] for one in filters] == ["errors"]
    logs.put_subscription_filter(logGroupName="watched", filterName="all", filterPattern="", destinationArn=arn)
    with aws_error("LimitExceededException", 400):
        logs.put_subscription_filter(logGroupName="watched", filterName="third", filterPattern="", destinationArn=arn)
    logs.delete_subscription_filter(logGroupName="watched", filterName="all")
    with aws_error("ResourceNotFoundException", 400):
        logs.delete_subscription_filter(logGroupName="watched", filterName="all")
    group(logs, "elsewhere")
    with aws_error("InvalidParameterException", 400, "Could not execute the lambda function"):
        logs.put_subscription_filter(logGroupName="elsewhere", filterName="all", filterPattern="", destinationArn=arn)
    with not_implemented("kinesis"):
        logs.put_subscription_filter(logGroupName="elsewhere", filterName="all", filterPattern="",
                                     destinationArn="arn:aws:kinesis:us-east-1:123456789012:stream/s")
    with not_implemented("StartQuery"):
        logs.start_query(logGroupName="watched", startTime=0, endTime=1, queryString="fields @message")


def test_retention_forgets_on_the_clouds_clock(cloud, logs):
    name = group(logs, "kept")
    logs.put_retention_policy(logGroupName=name, retentionInDays=1)
    write(logs, name, "soon gone")
    read = dict(logGroupName=name, logStreamName="s")
    cloud.advance(DAY // 2)
    assert messages(logs.get_log_events(**read)) == ["soon gone"]
    cloud.advance(DAY)
    assert messages(logs.get_log_events(**read)) == []
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]


def test_what_an_input_asks_has_its_effect_or_is_refused_by_name(logs):
    name = group(logs, "asked")
    with not_implemented("GetLogEvents.unmask"):
        logs.get_log_events(logGroupName=name, logStreamName="s", unmask=True)
    with not_implemented("CreateLogGroup.kmsKeyId"):
        logs.create_log_group(logGroupName="secret", kmsKeyId="arn:aws:kms:us-east-1:123456789012:key/1")
    with not_implemented("DescribeLogGroups.logGroupIdentifiers"):
        logs.describe_log_groups(logGroupIdentifiers=[name])
    assert logs.describe_log_groups(logGroupNamePrefix=name, logGroupClass="INFREQUENT_ACCESS")["logGroups"] == []
    for call in (logs.describe_log_groups, lambda **more: logs.filter_log_events(logGroupName=name, **more)):
        with aws_error("InvalidParameterException", 400, "The specified nextToken is invalid."):
            call(nextToken="no number")
    with aws_error("ResourceNotFoundException", 400, "The specified log stream does not exist."):
        logs.filter_log_events(logGroupName=name, logStreamNames=["nothing"])
