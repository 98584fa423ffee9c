"""EventBridge and EventBridge Scheduler, driven by boto3; queues show what was delivered."""

import json
from datetime import datetime, timedelta, timezone

import boto3
import pytest

from harness import functions
from harness.errors import aws_error, not_implemented
from harness.processes import wait_until
from harness.stacks import OFTEN, deploy, template

ACCOUNT = "123456789012"
PATTERN = json.dumps({"source": ["my.app"]})


@pytest.fixture(scope="module")
def events(cloud):
    return cloud.client("events")


@pytest.fixture(scope="module")
def scheduler(cloud):
    return cloud.client("scheduler")


@pytest.fixture(scope="module")
def sqs(cloud):
    return cloud.client("sqs")


class Queue:
    """A queue that EventBridge may write to, unless `open` is False."""

    def __init__(self, sqs, name, open=True):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        if open:
            self.allow("events.amazonaws.com")

    def allow(self, service, **condition):
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage",
                     "Resource": self.arn, **condition}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def take(self, wait=2):
        """The next message, or None."""
        got = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=wait, MessageAttributeNames=["All"])
        for one in got.get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
            return one
        return None

    def event(self):
        return json.loads(self.take()["Body"])

    def count(self):
        got = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(got["Attributes"]["ApproximateNumberOfMessages"])


def entry(detail=None, **more):
    return {"Source": "my.app", "DetailType": "Moved", "Detail": json.dumps(detail or {}), **more}


def put(events, *entries):
    answer = events.put_events(Entries=list(entries))
    assert answer["FailedEntryCount"] == 0, answer
    return [one["EventId"] for one in answer["Entries"]]


def rule(events, name, *targets, pattern=PATTERN, **more):
    arn = events.put_rule(Name=name, EventPattern=pattern, **more)["RuleArn"]
    bus = {key: more[key] for key in ("EventBusName",) if key in more}
    assert events.put_targets(Rule=name, Targets=list(targets), **bus)["FailedEntryCount"] == 0
    return arn


@pytest.fixture
def swept(events):
    """Leaves no rule on the default bus."""
    yield
    for one in events.list_rules()["Rules"]:
        ids = [target["Id"] for target in events.list_targets_by_rule(Rule=one["Name"])["Targets"]]
        if ids:
            events.remove_targets(Rule=one["Name"], Ids=ids)
        events.delete_rule(Name=one["Name"])


def service_role(cloud, name, service, *statements):
    iam = cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"Service": service}}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": list(statements)}))
    return arn


# --- Buses and rules

def test_a_bus_of_another_account_is_not_taken_for_ones_own(cloud, events, sqs, swept):
    foreign = "arn:aws:events:us-east-1:999999999999:event-bus/default"
    queue = Queue(sqs, "at-home")
    rule(events, "home", {"Id": "q", "Arn": queue.arn})
    with not_implemented("PutEvents"):
        events.put_events(Entries=[entry(EventBusName=foreign)])
    with not_implemented("PutRule"):
        events.put_rule(Name="foreign", EventPattern=PATTERN, EventBusName=foreign)
    role = service_role(cloud, "abroad", "events.amazonaws.com",
                        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": foreign})
    events.put_targets(Rule="home", Targets=[{"Id": "b", "Arn": foreign, "RoleArn": role}])
    put(events, entry())
    assert queue.take() is not None and queue.take(1) is None


def test_a_rule_takes_no_more_than_it_is_given(cloud, events, swept):
    events.put_rule(Name="strict", EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "1"}])
    bare = cloud.client("events", parameter_validation=False)
    with aws_error("ValidationException", 400, "Value at 'targets'"):
        bare.put_targets(Rule="strict", Targets=[])
    with aws_error("ValidationException", 400, "Value at 'ids'"):
        bare.remove_targets(Rule="strict", Ids=[])
    arn = events.put_rule(Name="strict", EventPattern=PATTERN, Tags=[{"Key": "b", "Value": "2"}])["RuleArn"]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    with aws_error("ValidationException", 400, "NextToken"):
        events.list_rules(NextToken="x")
    answer = events.put_events(Entries=[entry(Time=datetime(9000, 1, 1, tzinfo=timezone.utc))])
    assert answer["Entries"][0]["ErrorCode"] == "InvalidArgument"
    iam, sts = cloud.client("iam"), cloud.client("sts")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}
    iam.create_role(RoleName="ruler", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="ruler", PolicyName="own", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "events:*", "Resource": "*"}]}))
    keys = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ruler", RoleSessionName="test")["Credentials"]
    ruler = boto3.client("events", endpoint_url=cloud.endpoint, region_name=cloud.region,
                         aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                         aws_session_token=keys["SessionToken"])
    ruler.put_rule(Name="strict", EventPattern=PATTERN)
    with aws_error("AccessDeniedException", 400, "iam:PassRole"):
        ruler.put_rule(Name="strict", EventPattern=PATTERN, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ruler")
    planner = boto3.client("scheduler", endpoint_url=cloud.endpoint, region_name=cloud.region,
                           aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                           aws_session_token=keys["SessionToken"])
    with aws_error("AccessDeniedException", 403, "scheduler:ListSchedules"):
        planner.list_schedules()


def test_a_bus_that_hears_itself_lets_others_be_heard(cloud, events, sqs, swept):
    made = events.create_event_bus(Name="echo")["EventBusArn"]
    role = service_role(cloud, "echoer", "events.amazonaws.com",
                        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": made})
    rule(events, "again", {"Id": "b", "Arn": made, "RoleArn": role}, EventBusName="echo")
    put(events, entry(EventBusName="echo"))
    assert events.list_event_buses()["EventBuses"]
    events.remove_targets(Rule="again", EventBusName="echo", Ids=["b"])
    events.delete_rule(Name="again", EventBusName="echo")
    events.delete_event_bus(Name="echo")


def test_a_statement_joins_a_policy_that_has_one_without_a_list(events):
    events.create_event_bus(Name="joined")
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/joined"
    whole = {"Version": "2012-10-17", "Statement": {
        "Sid": "one", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": arn}}
    events.put_permission(EventBusName="joined", Policy=json.dumps(whole))
    events.put_permission(EventBusName="joined", StatementId="two", Action="events:PutEvents", Principal=ACCOUNT)
    policy = json.loads(events.describe_event_bus(Name="joined")["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["one", "two"]
    with aws_error("ValidationException", 400):
        events.put_permission(EventBusName="joined", Policy='{"Statement": "x"}')
    events.delete_event_bus(Name="joined")


def test_buses_are_made_described_listed_and_deleted(events):
    made = events.create_event_bus(Name="orders", Description="of orders", Tags=[{"Key": "team", "Value": "blue"}])
    arn = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/orders"
    assert made["EventBusArn"] == arn
    with aws_error("ResourceAlreadyExistsException", 400, "Event bus orders already exists."):
        events.create_event_bus(Name="orders")
    assert events.describe_event_bus(Name=arn)["Description"] == "of orders"
    assert events.update_event_bus(Name="orders", Description="new")["Description"] == "new"
    assert events.describe_event_bus()["Name"] == "default"
    assert [one["Name"] for one in events.list_event_buses()["EventBuses"]] == ["default", "orders"]
    assert [one["Name"] for one in events.list_event_buses(NamePrefix="o")["EventBuses"]] == ["orders"]
    assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    events.put_rule(Name="r", EventPattern=PATTERN, EventBusName="orders")
    with aws_error("ValidationException", 400, "since it has rules"):
        events.delete_event_bus(Name="orders")
    events.delete_rule(Name="r", EventBusName="orders")
    events.delete_event_bus(Name="orders")
    events.delete_event_bus(Name="orders")
    with aws_error("ResourceNotFoundException", 400, "Event bus orders does not exist."):
        events.describe_event_bus(Name="orders")
    with aws_error("ValidationException", 400, "Cannot delete event bus default."):
        events.delete_event_bus(Name="default")
    with aws_error("ValidationException", 400, "Event bus name must not contain '/'."):
        events.create_event_bus(Name="a/b")


def test_rules_are_put_described_listed_switched_and_deleted(events, swept):
    made = events.put_rule(Name="one", EventPattern=PATTERN, Description="first", Tags=[{"Key": "a", "Value": "b"}])
    assert made["RuleArn"] == f"arn:aws:events:us-east-1:{ACCOUNT}:rule/one"
    events.put_rule(Name="two", ScheduleExpression="rate(5 minutes)", State="DISABLED")
    described = events.describe_rule(Name="one")
    assert (described["State"], described["EventPattern"], described["Description"]) == ("ENABLED", PATTERN, "first")
    assert events.describe_rule(Name="two")["ScheduleExpression"] == "rate(5 minutes)"
    pages = events.get_paginator("list_rules").paginate(PaginationConfig={"PageSize": 1})
    assert [[one["Name"] for one in page["Rules"]] for page in pages] == [["one"], ["two"]]
    events.disable_rule(Name="one")
    assert events.describe_rule(Name="one")["State"] == "DISABLED"
    events.enable_rule(Name="one")
    assert events.describe_rule(Name="one")["State"] == "ENABLED"
    events.tag_resource(ResourceARN=made["RuleArn"], Tags=[{"Key": "c", "Value": "d"}])
    events.untag_resource(ResourceARN=made["RuleArn"], TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=made["RuleArn"])["Tags"] == [{"Key": "c", "Value": "d"}]
    for call in (events.describe_rule, events.enable_rule, events.disable_rule):
        with aws_error("ResourceNotFoundException", 400, "Rule none does not exist on EventBus default."):
            call(Name="none")
    with aws_error("ResourceNotFoundException", 400, "Event bus none does not exist."):
        events.put_rule(Name="one", EventPattern=PATTERN, EventBusName="none")


def test_rules_keep_aws_limits(events, swept):
    with aws_error("ValidationException", 400, "Parameter(s) EventPattern or ScheduleExpression must be specified."):
        events.put_rule(Name="wrong")
    with aws_error("InvalidEventPatternException", 400, "Event pattern is not valid. Reason:"):
        events.put_rule(Name="wrong", EventPattern='{"source": "my.app"}')
    with aws_error("ValidationException", 400, "Parameter ScheduleExpression is not valid."):
        events.put_rule(Name="wrong", ScheduleExpression="rate(1 minutes)")
    events.create_event_bus(Name="unscheduled")
    with aws_error("ValidationException", 400, "ScheduleExpression is supported only on the default event bus."):
        events.put_rule(Name="wrong", ScheduleExpression="rate(1 minute)", EventBusName="unscheduled")
    events.put_rule(Name="full", EventPattern=PATTERN)
    target = {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"}
    with aws_error("LimitExceededException", 400, "The requested resource exceeds the maximum number allowed."):
        events.put_targets(Rule="full", Targets=[{"Id": str(n), **target} for n in range(6)])
    events.put_targets(Rule="full", Targets=[{"Id": str(n), **target} for n in range(5)])
    with aws_error("ValidationException", 400, "Rule can't be deleted since it has targets."):
        events.delete_rule(Name="full")
    assert events.list_rule_names_by_target(TargetArn=target["Arn"])["RuleNames"] == ["full"]
    removed = events.remove_targets(Rule="full", Ids=["0", "9"])
    assert removed["FailedEntryCount"] == 1 and removed["FailedEntries"][0]["TargetId"] == "9"
    assert [one["Id"] for one in events.list_targets_by_rule(Rule="full")["Targets"]] == ["1", "2", "3", "4"]


def test_targets_keep_the_rules(events, swept):
    events.put_rule(Name="t", EventPattern=PATTERN)
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"

    def target(**more):
        events.put_targets(Rule="t", Targets=[{"Id": "1", "Arn": queue, **more}])

    with aws_error("ValidationException", 400, "Only one of Input, InputPath, or InputTransformer must be provided"):
        target(Input="{}", InputPath="$.detail")
    with aws_error("ValidationException", 400, "contains invalid placeholder what"):
        target(InputTransformer={"InputTemplate": '"<what>"'})
    with aws_error("ValidationException", 400):
        target(RetryPolicy={"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 185},
               DeadLetterConfig={"Arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:t"})
    with aws_error("ValidationException", 400, "RoleArn is required for target"):
        target(Arn=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default")
    with not_implemented(f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"):
        target(Arn=f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m")
    with not_implemented("events:Target.SqsParameters"):
        target(SqsParameters={"MessageGroupId": "g"})


def test_a_pattern_is_tested_against_an_event(events):
    event = {"id": "1", "account": ACCOUNT, "source": "my.app", "time": "2026-01-02T03:04:05Z", "region": "us-east-1",
             "resources": [], "detail-type": "Moved", "detail": {"n": 5}}

    def result(pattern):
        return events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))["Result"]

    assert result({"detail": {"n": [{"numeric": [">", 4]}]}})
    assert not result({"source": [{"prefix": "other"}]})
    with aws_error("ValidationException", 400, "Parameter Event is not valid."):
        events.test_event_pattern(EventPattern=PATTERN, Event="{}")
    with aws_error("InvalidEventPatternException", 400):
        events.test_event_pattern(EventPattern="{", Event=json.dumps(event))


# --- Events

def test_an_event_reaches_the_queue_of_the_rule_that_it_matches(events, sqs, swept):
    queue = Queue(sqs, "matched")
    rule(events, "matched", {"Id": "q", "Arn": queue.arn}, pattern=json.dumps({"detail": {"kind": ["a"]}}))
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    ids = put(events, entry({"kind": "a"}, Time=time, Resources=["arn:x"]), entry({"kind": "b"}))
    assert queue.event() == {
        "version": "0", "id": ids[0], "detail-type": "Moved", "source": "my.app", "account": ACCOUNT,
        "time": "2026-01-02T03:04:05Z", "region": "us-east-1", "resources": ["arn:x"], "detail": {"kind": "a"}}
    assert queue.take(0) is None
    events.disable_rule(Name="matched")
    put(events, entry({"kind": "a"}))
    events.enable_rule(Name="matched")
    put(events, entry({"kind": "a", "n": 2}))
    assert queue.event()["detail"]["n"] == 2


def test_entries_that_break_the_rules_fail_one_by_one(events):
    answer = events.put_events(Entries=[
        {"Source": "my.app", "DetailType": "d"}, {"DetailType": "d", "Detail": "{}"}, entry(Source="aws.s3"),
        {**entry(), "Detail": "[]"}, entry()])
    assert answer["FailedEntryCount"] == 4
    assert [one.get("ErrorCode") for one in answer["Entries"]] == [
        "InvalidArgument", "InvalidArgument", "NotAuthorizedForSourceException", "MalformedDetail", None]
    assert answer["Entries"][0]["ErrorMessage"] == \
        "Parameter Detail is not valid. Reason: Detail is a required argument."
    with aws_error("ValidationException", 400, "Member must have length less than or equal to 10"):
        events.put_events(Entries=[entry()] * 11)
    with aws_error("ValidationException", 400, "Total size of the entries in the request is over the limit."):
        events.put_events(Entries=[entry({"text": "x" * 600_000})] * 2)
    put(events, entry({"text": "x" * 1_000_000}))
    put(events, entry(EventBusName="no-such-bus"))  # AWS takes it and drops it


def test_a_target_gets_what_its_input_says(events, sqs, swept):
    queue = Queue(sqs, "inputs")
    arn = rule(events, "inputs", {"Id": "0", "Arn": queue.arn, "Input": '{"constant": true}'})
    paths = {"what": "$.detail.what", "source": "$.source"}
    cases = [({"Input": '{"constant": true}'}, '{"constant": true}'),
             ({"InputPath": "$.detail"}, '{"what":"thing"}'),
             ({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": '{"w": <what>, "s": "from <source>"}'}},
              '{"w":"thing","s":"from my.app"}'),
             ({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": '"<what> of <source>"'}},
              '"thing of my.app"'),
             ({"InputTransformer": {"InputTemplate": '{"r": <aws.events.rule-arn>}'}}, json.dumps({"r": arn}))]
    for given, expected in cases:
        events.put_targets(Rule="inputs", Targets=[{"Id": "0", "Arn": queue.arn, **given}])
        put(events, entry({"what": "thing"}))
        body = queue.take()["Body"]
        assert body == expected or json.loads(body) == json.loads(expected), body


def test_a_queue_that_does_not_permit_it_gets_nothing_and_the_dead_letter_queue_tells(events, sqs, swept):
    closed, dead = Queue(sqs, "closed", open=False), Queue(sqs, "dead")
    arn = rule(events, "closed", {"Id": "q", "Arn": closed.arn, "DeadLetterConfig": {"Arn": dead.arn}})
    ids = put(events, entry())
    letter = dead.take()
    assert json.loads(letter["Body"])["id"] == ids[0]
    attributes = {key: value["StringValue"] for key, value in letter["MessageAttributes"].items()}
    assert attributes["RULE_ARN"] == arn and attributes["TARGET_ARN"] == closed.arn
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS" and attributes["RETRY_ATTEMPTS"] == "0"
    closed.allow("events.amazonaws.com", Condition={"ArnEquals": {"aws:SourceArn": arn + "-other"}})
    put(events, entry())
    assert dead.take() is not None and closed.take(0) is None
    closed.allow("events.amazonaws.com", Condition={"ArnEquals": {"aws:SourceArn": arn}})
    put(events, entry())
    assert closed.take() is not None
    for gone in (f"sqs:us-east-1:{ACCOUNT}:gone", f"sns:us-east-1:{ACCOUNT}:gone",
                 f"lambda:us-east-1:{ACCOUNT}:function:gone"):
        target = {"Id": "q", "Arn": f"arn:aws:{gone}", "DeadLetterConfig": {"Arn": dead.arn}}
        events.put_targets(Rule="closed", Targets=[target])
        put(events, entry())
        attributes = dead.take()["MessageAttributes"]
        assert attributes["TARGET_ARN"]["StringValue"] == f"arn:aws:{gone}"
        assert attributes["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_a_bus_hands_events_on_with_a_role(cloud, events, sqs, swept):
    queue = Queue(sqs, "second")
    second = events.create_event_bus(Name="second")["EventBusArn"]
    rule(events, "there", {"Id": "q", "Arn": queue.arn}, EventBusName="second")
    role = service_role(cloud, "forwarder", "events.amazonaws.com",
                        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": second})
    rule(events, "on", {"Id": "b", "Arn": second, "RoleArn": role})
    ids = put(events, entry({"n": 1}))
    assert queue.event()["id"] == ids[0]
    cloud.client("iam").delete_role_policy(RoleName="forwarder", PolicyName="own")
    put(events, entry({"n": 2}))
    put(events, entry({"n": 3}, EventBusName=second))
    assert queue.event()["detail"] == {"n": 3} and queue.take(0) is None


def test_a_topic_and_a_log_group_get_events(cloud, events, sqs, swept):
    logs, sns = cloud.client("logs"), cloud.client("sns")
    logs.create_log_group(logGroupName="/aws/events/all")
    topic = sns.create_topic(Name="of-events")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                                                "Action": "sns:Publish", "Resource": topic}]}))
    queue = Queue(sqs, "of-topic", open=False)
    queue.allow("sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/events/all"
    rule(events, "both", {"Id": "l", "Arn": group}, {"Id": "t", "Arn": topic})
    ids = put(events, entry())
    assert queue.event()["id"] == ids[0]
    found = wait_until(lambda: logs.filter_log_events(logGroupName="/aws/events/all")["events"], "the event is logged")
    assert json.loads(found[0]["message"])["id"] == ids[0]


# --- Permissions

def test_a_bus_has_a_policy(events):
    events.create_event_bus(Name="guarded")
    events.put_permission(EventBusName="guarded", StatementId="a", Action="events:PutEvents", Principal=ACCOUNT)
    policy = json.loads(events.describe_event_bus(Name="guarded")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    deny = {"Version": "2012-10-17", "Statement": [{
        "Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents",
        "Resource": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/guarded"}]}
    events.put_permission(EventBusName="guarded", Policy=json.dumps(deny))
    with aws_error("AccessDeniedException", None, "explicit deny in a resource-based policy"):
        events.put_events(Entries=[entry(EventBusName="guarded")])
    with aws_error("ResourceNotFoundException", 400):
        events.remove_permission(EventBusName="guarded", StatementId="a")
    events.remove_permission(EventBusName="guarded", StatementId="no")
    put(events, entry(EventBusName="guarded"))
    assert "Policy" not in events.describe_event_bus(Name="guarded")


def test_what_is_not_there_is_refused_by_name(events):
    with not_implemented("events:CreateArchive"):
        events.create_archive(ArchiveName="a", EventSourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default")
    with not_implemented("events:ListApiDestinations"):
        events.list_api_destinations()
    with not_implemented("CreateEventBus with KmsKeyIdentifier"):
        events.create_event_bus(Name="sealed", KmsKeyIdentifier="key")


# --- Schedules

def test_a_rule_runs_on_its_schedule(cloud, events, sqs, swept):
    queue = Queue(sqs, "ticks")
    events.put_rule(Name="ticks", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="ticks", Targets=[{"Id": "q", "Arn": queue.arn}])
    cloud.advance(4 * 60_000)
    assert queue.take(0) is None
    cloud.advance(60_000)
    event = queue.event()
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert event["resources"] == [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/ticks"]
    cloud.advance(10 * 60_000)
    assert queue.take() and queue.take() and queue.take(0) is None
    events.disable_rule(Name="ticks")
    cloud.advance(3_600_000)
    assert queue.take(0) is None


def test_a_rule_runs_by_cron(cloud, events, sqs, swept):
    queue = Queue(sqs, "noon")
    events.put_rule(Name="noon", ScheduleExpression="cron(0 12 * * ? *)")
    events.put_targets(Rule="noon", Targets=[{"Id": "q", "Arn": queue.arn}])
    cloud.advance(24 * 3_600_000)
    assert queue.event()["time"].endswith("T12:00:00Z")


@pytest.fixture(scope="module")
def schedule_role(cloud):
    return service_role(cloud, "scheduler", "scheduler.amazonaws.com",
                        {"Effect": "Allow", "Action": ["sqs:SendMessage", "events:PutEvents"], "Resource": "*"})


def schedule(scheduler, name, expression, queue, role, **more):
    target = {"Arn": queue.arn, "RoleArn": role, **more.pop("Target", {})}
    return scheduler.create_schedule(Name=name, ScheduleExpression=expression, Target=target,
                                     FlexibleTimeWindow={"Mode": "OFF"}, **more)["ScheduleArn"]


def test_a_schedule_runs_at_a_rate_and_until_its_end(cloud, scheduler, sqs, schedule_role):
    queue = Queue(sqs, "rated", open=False)
    arn = schedule(scheduler, "rated", "rate(1 hour)", queue, schedule_role,
                   Target={"Input": '{"at": "<aws.scheduler.scheduled-time>"}'})
    assert arn == f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/rated"
    first = queue.event()["at"]
    cloud.advance(3_600_000)
    second = queue.event()["at"]
    assert datetime.fromisoformat(second[:-1]) - datetime.fromisoformat(first[:-1]) == timedelta(hours=1)
    got = scheduler.get_schedule(Name="rated")
    now = got["CreationDate"] + timedelta(hours=1)
    scheduler.update_schedule(Name="rated", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
                              Target={"Arn": queue.arn, "RoleArn": schedule_role, "Input": "last"},
                              EndDate=now + timedelta(minutes=90), ActionAfterCompletion="DELETE")
    cloud.advance(3_600_000)
    assert queue.take()["Body"] == "last"
    with aws_error("ResourceNotFoundException", 404, "Schedule rated does not exist."):
        scheduler.get_schedule(Name="rated")
    cloud.advance(3_600_000)
    assert queue.take(0) is None


def test_a_schedule_runs_once_and_is_gone(cloud, scheduler, sqs, schedule_role):
    queue = Queue(sqs, "once", open=False)
    schedule(scheduler, "probe", "rate(1 day)", queue, schedule_role)
    now = scheduler.get_schedule(Name="probe")["CreationDate"]
    default = queue.event()
    assert (default["source"], default["detail"]) == ("aws.scheduler", "{}")
    scheduler.delete_schedule(Name="probe")
    at = (now.astimezone(timezone.utc) + timedelta(minutes=30)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    schedule(scheduler, "once", at, queue, schedule_role, ActionAfterCompletion="DELETE", Target={"Input": "now"})
    cloud.advance(29 * 60_000)
    assert queue.take(0) is None
    cloud.advance(60_000)
    assert queue.take()["Body"] == "now"
    wait_until(lambda: "once" not in [one["Name"] for one in scheduler.list_schedules()["Schedules"]], "it is gone")


def test_a_schedule_of_the_past_is_made_and_done(scheduler, sqs, schedule_role):
    queue = Queue(sqs, "past")
    made = scheduler.create_schedule(
        Name="past", ScheduleExpression="at(2020-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE", Target={"Arn": queue.arn, "RoleArn": schedule_role})
    assert made["ScheduleArn"].endswith(":schedule/default/past")
    wait_until(lambda: not scheduler.list_schedules(NamePrefix="past")["Schedules"], "the schedule to be gone")
    with aws_error("ValidationException", 400, "NextToken"):
        scheduler.list_schedules(NextToken="x")


def test_a_schedule_whose_role_may_not_is_buried_by_the_role(cloud, scheduler, sqs):
    queue, dead = Queue(sqs, "forbidden", open=False), Queue(sqs, "buried", open=False)
    role = service_role(cloud, "half", "scheduler.amazonaws.com",
                        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": dead.arn})
    arn = schedule(scheduler, "forbidden", "rate(1 day)", queue, role,
                   Target={"Input": "x", "DeadLetterConfig": {"Arn": dead.arn}})
    letter = dead.take()
    assert letter["Body"] == "x" and letter["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"] == arn
    assert queue.take(0) is None
    scheduler.delete_schedule(Name="forbidden")


def test_a_schedule_puts_events_on_a_bus(events, scheduler, sqs, schedule_role, swept):
    queue = Queue(sqs, "planned")
    rule(events, "planned", {"Id": "q", "Arn": queue.arn}, pattern=json.dumps({"source": ["my.plan"]}))
    bus = type("Bus", (), {"arn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"})
    schedule(scheduler, "planned", "rate(1 day)", bus, schedule_role,
             Target={"Input": '{"n": 1}', "EventBridgeParameters": {"DetailType": "Due", "Source": "my.plan"}})
    event = queue.event()
    assert (event["detail-type"], event["detail"]) == ("Due", {"n": 1})
    scheduler.delete_schedule(Name="planned")


def test_schedules_stand_in_groups(scheduler, sqs, schedule_role):
    queue = Queue(sqs, "grouped", open=False)
    arn = scheduler.create_schedule_group(Name="night", Tags=[{"Key": "a", "Value": "b"}])["ScheduleGroupArn"]
    with aws_error("ConflictException", 409, "Schedule group night already exists."):
        scheduler.create_schedule_group(Name="night")
    assert scheduler.get_schedule_group(Name="night")["State"] == "ACTIVE"
    assert [one["Name"] for one in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default", "night"]
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    schedule(scheduler, "s", "cron(0 3 * * ? *)", queue, schedule_role, GroupName="night", State="DISABLED")
    with aws_error("ConflictException", 409, "Schedule s already exists."):
        schedule(scheduler, "s", "cron(0 3 * * ? *)", queue, schedule_role, GroupName="night")
    found = scheduler.list_schedules(GroupName="night")["Schedules"]
    assert [(one["Name"], one["State"]) for one in found] == [("s", "DISABLED")]
    got = scheduler.get_schedule(Name="s", GroupName="night")
    assert got["Target"]["Arn"] == queue.arn and got["ActionAfterCompletion"] == "NONE"
    scheduler.delete_schedule_group(Name="night")
    with aws_error("ResourceNotFoundException", 404, "Schedule group night does not exist."):
        scheduler.get_schedule(Name="s", GroupName="night")


def test_a_schedule_keeps_the_rules(scheduler, sqs, cloud, schedule_role):
    queue = Queue(sqs, "ruled", open=False)
    with aws_error("ValidationException", 400, "Invalid Schedule Expression rate(1 minutes)."):
        schedule(scheduler, "w", "rate(1 minutes)", queue, schedule_role)
    other = service_role(cloud, "untrusting", "lambda.amazonaws.com")
    with aws_error("ValidationException", 400, "must allow AWS EventBridge Scheduler to assume the role"):
        schedule(scheduler, "w", "rate(1 minute)", queue, other)
    with aws_error("ValidationException", 400, "EndDate you specify is in the past"):
        schedule(scheduler, "w", "rate(1 minute)", queue, schedule_role, EndDate=datetime(2020, 1, 1))
    with not_implemented("ScheduleExpressionTimezone Europe/Berlin"):
        schedule(scheduler, "w", "rate(1 minute)", queue, schedule_role, ScheduleExpressionTimezone="Europe/Berlin")
    with not_implemented("arn:aws:scheduler:::aws-sdk:sqs:sendMessage"):
        schedule(scheduler, "w", "rate(1 minute)",
                 type("Sdk", (), {"arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}), schedule_role)


# --- CloudFormation

CODE = """
def handler(event, headers):
    print("got", event["source"], event["detail-type"])
    return {}
"""


def test_a_stack_makes_rules_buses_and_schedules(cloud, events, scheduler, sqs):
    code = functions.upload(cloud, CODE)
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}

    def stack(pattern):
        return template({
            "Role": functions.role(),
            "Function": functions.function(code, FunctionName="of-rule"),
            "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com", "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}},
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "stacked"}},
            "BusPolicy": {"Type": "AWS::Events::EventBusPolicy", "Properties": {
                "EventBusName": {"Ref": "Bus"}, "StatementId": "all", "Statement": {
                    "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
                    "Resource": {"Fn::GetAtt": ["Bus", "Arn"]}}}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": {
                "EventBusName": {"Ref": "Bus"}, "EventPattern": pattern,
                "Targets": [{"Id": "f", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}]}},
            "Timer": {"Type": "AWS::Events::Rule", "Properties": {
                "ScheduleExpression": "rate(1 hour)", "State": "DISABLED"}},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "SchedulerRole": functions.role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
                                            managed=(), trust={"Service": "scheduler.amazonaws.com"}),
            "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "stacked"}},
            "Schedule": {"Type": "AWS::Scheduler::Schedule", "Properties": {
                "GroupName": {"Ref": "Group"}, "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {
                    "Arn": queue, "RoleArn": {"Fn::GetAtt": ["SchedulerRole", "Arn"]}, "Input": "from a stack"}}},
        }, {"Rule": {"Ref": "Rule"}, "Timer": {"Ref": "Timer"}, "Schedule": {"Ref": "Schedule"},
            "Queue": {"Ref": "Queue"}})

    outputs = deploy(cloud, "events", stack({"source": ["my.app"]}))
    bus, rule_name = outputs["Rule"].split("|")
    assert bus == "stacked" and events.describe_rule(Name=outputs["Timer"])["State"] == "DISABLED"
    assert events.describe_event_bus(Name="stacked")["Policy"]
    assert sqs.receive_message(QueueUrl=outputs["Queue"], WaitTimeSeconds=2)["Messages"][0]["Body"] == "from a stack"
    assert scheduler.get_schedule(Name=outputs["Schedule"], GroupName="stacked")
    put(events, entry(EventBusName="stacked"))
    logs = cloud.client("logs")

    def lines():
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/of-rule")["logGroups"]
        return groups and logs.filter_log_events(logGroupName="/aws/lambda/of-rule",
                                                 filterPattern='"got my.app Moved"')["events"]

    wait_until(lines, "the function saw the event")
    deploy(cloud, "events", stack({"source": ["other"]}), "UPDATE")
    assert json.loads(events.describe_rule(Name=rule_name, EventBusName="stacked")["EventPattern"]) == \
        {"source": ["other"]}
    client = cloud.client("cloudformation")
    client.delete_stack(StackName="events")
    client.get_waiter("stack_delete_complete").wait(StackName="events", WaiterConfig=OFTEN)
    with aws_error("ResourceNotFoundException"):
        events.describe_event_bus(Name="stacked")


def test_a_rule_with_a_property_that_is_not_there_fails_the_stack(cloud):
    with pytest.raises(AssertionError, match="events:Target.EcsParameters"):
        deploy(cloud, "ecs-rule", template({"Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "ScheduleExpression": "rate(1 hour)", "Targets": [{
                "Id": "e", "Arn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/c", "EcsParameters": {}}]}}}))
