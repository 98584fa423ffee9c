"""Queues, topics and parameters of the local cloud against requests that only a careless or a hostile client sends. The
cloud has to refuse them by AWS's own codes, and to go on."""

import json

import boto3
import pytest

from harness.errors import aws_error
from harness.functions import role
from harness.stacks import deploy, settled, template

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def tagless(cloud):
    """A role that may make things, and may not tag them."""
    made = deploy(cloud, "tagless", template({"Role": role(
        {"Effect": "Allow", "Action": ["sqs:CreateQueue", "sns:CreateTopic", "ssm:PutParameter"], "Resource": "*"},
        trust={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})}, {"Arn": {"Fn::GetAtt": ["Role", "Arn"]}}))
    credentials = cloud.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="tester")["Credentials"]
    return lambda service: boto3.client(
        service, endpoint_url=cloud.endpoint, region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"])


def test_what_is_made_with_tags_needs_the_permission_to_tag(cloud, tagless):
    tagless("sqs").create_queue(QueueName="tagless")
    with aws_error("AccessDenied", 403, "sqs:tagqueue"):
        tagless("sqs").create_queue(QueueName="tagless-too", tags={"a": "b"})
    tagless("sns").create_topic(Name="tagless")
    with aws_error("AuthorizationError", 403, "SNS:TagResource"):
        tagless("sns").create_topic(Name="tagless-too", Tags=[{"Key": "a", "Value": "b"}])
    tagless("ssm").put_parameter(Name="tagless", Value="x", Type="String")
    with aws_error("AccessDeniedException", 400, "ssm:AddTagsToResource"):
        tagless("ssm").put_parameter(Name="tagless-too", Value="x", Type="String", Tags=[{"Key": "a", "Value": "b"}])
    with aws_error("ParameterNotFound", 400):
        cloud.client("ssm").get_parameter(Name="tagless-too")


def test_a_pattern_that_would_run_for_ever_or_out_of_stack_matches_nothing(cloud):
    ssm = cloud.client("ssm")
    for number, pattern in enumerate(("(a|aa)+b", "(" * 300 + "a" + "|b)*" * 300)):
        with aws_error(("ParameterPatternMismatchException", "InvalidAllowedPatternException"), 400):
            ssm.put_parameter(Name=f"pattern-{number}", Type="String", Tier="Advanced", Value="a" * 8191 + "c",
                              AllowedPattern=pattern)
    with aws_error("InvalidAllowedPatternException", 400):
        ssm.put_parameter(Name="pattern", Type="String", Value="x", AllowedPattern="x" * 1025)
    ssm.put_parameter(Name="pattern", Type="String", Value="ab1", AllowedPattern=r"^\p{Alpha}+\d$")


def test_a_parameter_that_is_refused_for_its_tags_is_not_there(cloud):
    ssm = cloud.client("ssm")
    with aws_error("TooManyTagsError", 400):
        ssm.put_parameter(Name="tagged", Type="String", Value="x",
                          Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(51)])
    with aws_error("ParameterNotFound", 400):
        ssm.get_parameter(Name="tagged")


def test_messages_have_no_lists_for_attributes(cloud):
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="lists")["QueueUrl"]
    with aws_error("AWS.SimpleQueueService.UnsupportedOperation", 400, "list values"):
        sqs.send_message(QueueUrl=queue, MessageBody="x",
                         MessageAttributes={"a": {"DataType": "String", "StringListValues": ["x"]}})


def test_calls_that_would_change_nothing_are_refused(cloud):
    sqs, sns, ssm = cloud.client("sqs"), cloud.client("sns"), cloud.client("ssm")
    queue = sqs.create_queue(QueueName="nothing")["QueueUrl"]
    topic = sns.create_topic(Name="nothing")["TopicArn"]
    ssm.put_parameter(Name="nothing", Value="x", Type="String")
    with aws_error("MissingParameter", 400, "Attributes"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={})
    with aws_error("MissingParameter", 400, "TagKeys"):
        sqs.untag_queue(QueueUrl=queue, TagKeys=[])
    with aws_error("InvalidParameter", 400, "TagKeys"):
        sns.untag_resource(ResourceArn=topic, TagKeys=[])
    with aws_error("ValidationException", 400, "tagKeys"):
        ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="nothing", TagKeys=[])
    with aws_error("ValidationException", 400, "tags"):
        ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="nothing", Tags=[])


def test_an_update_of_a_topic_sets_back_what_it_leaves_out(cloud):
    sns = cloud.client("sns")
    made = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "sizes", "MaximumMessageSize": 1024}}}
    topic = deploy(cloud, "sizes", template(made, {"Arn": {"Ref": "Topic"}}))["Arn"]
    with aws_error("InvalidParameter", 400, "too long"):
        sns.publish(TopicArn=topic, Message="x" * 1025)
    del made["Topic"]["Properties"]["MaximumMessageSize"]
    deploy(cloud, "sizes", template(made, {"Arn": {"Ref": "Topic"}}), kind="UPDATE")
    sns.publish(TopicArn=topic, Message="x" * 1025)

    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/")
    made["Topic"]["Properties"]["MaximumMessageSize"] = 262145
    cloud.client("cloudformation").update_stack(StackName="sizes", TemplateBody=json.dumps(template(made)))
    assert settled(cloud, "sizes")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize("kind, properties, words", [
    ("AWS::SQS::QueuePolicy", {"PolicyDocument": {"Statement": []}}, "Queues is required"),
    ("AWS::SNS::TopicPolicy", {"PolicyDocument": {"Statement": []}}, "Topics is required"),
    ("AWS::SQS::Queue", {"Tags": {"a": "b"}}, "Tags must be a list"),
    ("AWS::SNS::Topic", {"Subscription": {"Protocol": "sqs"}}, "Subscription must be a list"),
    ("AWS::SSM::Parameter", {"Type": "String", "Value": "x", "Tags": [{"Key": "a", "Value": "b"}]},
     "Tags must be an object")])
def test_a_stack_fails_by_what_its_resource_lacks(cloud, kind, properties, words):
    name = "lacks-" + kind.replace("::", "-")
    cloud.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template({"R": {"Type": kind, "Properties": properties}})))
    assert settled(cloud, name)["StackStatus"] in ("ROLLBACK_COMPLETE", "CREATE_FAILED")
    assert any(words in event.get("ResourceStatusReason", "") for event in cloud.stack_events(name))
