"""SNS of the local cloud, judged by boto3: topics, subscriptions, and messages to functions, queues and HTTP."""

import http.server
import json
import queue as queues
import threading

import boto3
import pytest
import requests

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.processes import wait_until
from harness.stacks import deploy, settled, template

ACCOUNT = "123456789012"
PREFIX = f"arn:aws:sns:us-east-1:{ACCOUNT}:"
INBOX = """
import json, os

def handler(event, headers):
    with open(os.environ["INBOX"], "a") as file:
        file.write(json.dumps(event) + "\\n")
"""


@pytest.fixture(scope="module")
def sns(cloud):
    return cloud.client("sns")


@pytest.fixture(scope="module")
def sqs(cloud):
    return cloud.client("sqs")


@pytest.fixture
def topic(sns, request):
    """A topic of the test's own."""
    arn = sns.create_topic(Name=request.node.name[:100].replace("[", "-").replace("]", ""))["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


class Queue:
    """A queue that a topic may send to."""

    def __init__(self, sqs, name: str, topic: str | None):
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        if topic:
            self.allow(topic)

    def allow(self, topic: str):
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({"Statement": {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": self.arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}})})

    def messages(self) -> list[dict]:
        """All that are there now."""
        found = []
        while more := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"],
                                               MessageAttributeNames=["All"]).get("Messages"):
            found += more
            for message in more:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def texts(self) -> list[str]:
        """The messages within the envelopes that came."""
        return sorted(json.loads(message["Body"])["Message"] for message in self.messages())


@pytest.fixture
def queue(sqs, topic):
    made = Queue(sqs, topic.rsplit(":", 1)[1][:80], topic)
    yield made
    sqs.delete_queue(QueueUrl=made.url)


class Endpoint(http.server.ThreadingHTTPServer):
    """Keeps what is posted, and answers with the statuses in `statuses`, then with 200."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/inbox?a=b"
        self.posts: queues.Queue = queues.Queue()
        self.statuses: list[int] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self) -> "Handler":
        return self.posts.get(timeout=30)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.posts.put(self)

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    server = Endpoint()
    yield server
    server.shutdown()
    server.server_close()


def text(value: str, kind: str = "String") -> dict:
    return {"DataType": kind, "StringValue": value}


# --- Topics

def test_a_topic_is_made_found_and_deleted(sns):
    arn = sns.create_topic(Name="made", Attributes={"DisplayName": "Made"},
                           Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]
    assert arn == PREFIX + "made"
    assert sns.create_topic(Name="made")["TopicArn"] == arn
    with aws_error("InvalidParameter", 400, "Topic already exists with different attributes"):
        sns.create_topic(Name="made", Attributes={"DisplayName": "Other"})
    with aws_error("InvalidParameter", 400, "Topic already exists with different tags"):
        sns.create_topic(Name="made", Tags=[{"Key": "team", "Value": "b"}])
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (found["DisplayName"], found["Owner"], found["TopicArn"]) == ("Made", ACCOUNT, arn)
    assert (found["SubscriptionsConfirmed"], found["SubscriptionsPending"], found["SubscriptionsDeleted"]) == ("0",) * 3
    assert json.loads(found["Policy"])["Statement"][0]["Sid"] == "__default_statement_ID"
    retries = json.loads(found["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]
    assert (retries["numRetries"], retries["minDelayTarget"], retries["backoffFunction"]) == (3, 20, "linear")
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)  # again is no error
    for call in (lambda: sns.get_topic_attributes(TopicArn=arn), lambda: sns.publish(TopicArn=arn, Message="x")):
        with aws_error("NotFound", 404, "Topic does not exist"):
            call()
    with aws_error("InvalidParameter", 400, "An ARN must have at least 6 elements, not 1"):
        sns.publish(TopicArn="made", Message="x")


def test_what_is_no_topic_is_refused(sns):
    for name in ("", "a" * 257, "with space"):
        with aws_error("InvalidParameter", 400, "Topic Name"):
            sns.create_topic(Name=name)
    with not_implemented("FIFO topics (orders.fifo)"):
        sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true"})
    with not_implemented("FIFO topics (FifoTopic)"):
        sns.create_topic(Name="orders", Attributes={"FifoTopic": "true"})
    with not_implemented("KMS key alias/mine"):
        sns.create_topic(Name="orders", Attributes={"KmsMasterKeyId": "alias/mine"})
    with not_implemented("LambdaSuccessFeedbackRoleArn"):
        sns.create_topic(Name="orders", Attributes={"LambdaSuccessFeedbackRoleArn": "arn"})
    with not_implemented("sns:CreatePlatformApplication"):
        sns.create_platform_application(Name="x", Platform="GCM", Attributes={})
    with not_implemented("Publish to a phone number"):
        sns.publish(PhoneNumber="+10000000000", Message="x")


def test_attributes_of_a_topic_are_set(sns, topic):
    def put(name: str, value: str):
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)

    for name, value in {"DisplayName": "News", "TracingConfig": "Active", "SignatureVersion": "2",
                        "KmsMasterKeyId": "alias/aws/sns", "MaximumMessageSize": "1048576"}.items():
        put(name, value)
        assert sns.get_topic_attributes(TopicArn=topic)["Attributes"][name] == value
    put("DeliveryPolicy", json.dumps({"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}}))
    effective = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["EffectiveDeliveryPolicy"])
    assert effective["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 5
    with aws_error("InvalidParameter", 400, "MaximumMessageSize above 262144"):
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://localhost/")
    for name, value in {"DisplayName": "x" * 101, "Colour": "red", "Policy": "{", "SignatureVersion": "3",
                        "MaximumMessageSize": "1023", "DeliveryPolicy": "{}x"}.items():
        with aws_error("InvalidParameter", 400):
            put(name, value)


def test_topics_and_subscriptions_are_listed_by_page(sns, topic, endpoint):
    arns = [sns.create_topic(Name=f"page-{number:03}")["TopicArn"] for number in range(101)]
    first = sns.list_topics()
    assert len(first["Topics"]) == 100
    listed = {one["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for one in page["Topics"]}
    assert set(arns) <= listed
    with aws_error("InvalidParameter", 400, "NextToken"):
        sns.list_topics(NextToken="none")
    for number in range(101):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:page-{number}")
    pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic))
    assert [len(page["Subscriptions"]) for page in pages] == [100, 1]
    pages = sns.get_paginator("list_subscriptions").paginate()
    assert sum(one["TopicArn"] == topic for page in pages for one in page["Subscriptions"]) == 101
    for arn in arns:
        sns.delete_topic(TopicArn=arn)


def test_tags_come_and_go(sns, topic):
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "3"}])
    sns.untag_resource(ResourceArn=topic, TagKeys=["b"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "3"}]
    with aws_error("TagLimitExceeded", 400):
        sns.tag_resource(ResourceArn=topic, Tags=[{"Key": str(number), "Value": ""} for number in range(51)])
    with aws_error("ResourceNotFound", 404):
        sns.list_tags_for_resource(ResourceArn=topic + "-none")


# --- Permissions

def test_permissions_are_statements_of_the_policy(sns, topic):
    sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=["210987654321"], ActionName=["Publish"])
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert policy["Statement"][1] == {
        "Sid": "one", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
        "Action": ["SNS:Publish"], "Resource": topic}
    with aws_error("InvalidParameter", 400, "Statement already exists"):
        sns.add_permission(TopicArn=topic, Label="one", AWSAccountId=[ACCOUNT], ActionName=["Publish"])
    with aws_error("InvalidParameter", 400, "Policy statement action out of service scope!"):
        sns.add_permission(TopicArn=topic, Label="two", AWSAccountId=[ACCOUNT], ActionName=["Dance"])
    sns.remove_permission(TopicArn=topic, Label="one")
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    assert [one["Sid"] for one in policy["Statement"]] == ["__default_statement_ID"]


def test_a_role_may_what_its_policies_or_the_topics_say(cloud, sns, topic):
    made = deploy(cloud, "publisher", template(
        {"Role": role({"Effect": "Allow", "Action": "sns:Publish", "Resource": topic},
                      {"Effect": "Allow", "Action": "sns:Subscribe", "Resource": topic,
                       "Condition": {"StringEquals": {"sns:Protocol": "sqs"}}}, managed=(), trust={"AWS": ACCOUNT})},
        {"Arn": {"Fn::GetAtt": ["Role", "Arn"]}}))
    credentials = cloud.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="tester")["Credentials"]
    client = boto3.client("sns", endpoint_url=cloud.endpoint, region_name=cloud.region,
                          aws_access_key_id=credentials["AccessKeyId"],
                          aws_secret_access_key=credentials["SecretAccessKey"],
                          aws_session_token=credentials["SessionToken"])
    client.publish(TopicArn=topic, Message="x")
    client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:any")
    with aws_error("AuthorizationError", 403, f"is not authorized to perform: SNS:Subscribe on resource: {topic} "
                                              "because no identity-based policy allows the SNS:Subscribe action"):
        client.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://localhost/")
    with aws_error("AuthorizationError", 403, "SNS:GetTopicAttributes"):
        client.get_topic_attributes(TopicArn=topic)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": {
        "Effect": "Allow", "Principal": {"AWS": made["Arn"]}, "Action": "sns:GetTopicAttributes", "Resource": topic}}))
    client.get_topic_attributes(TopicArn=topic)


# --- Subscriptions

def test_a_subscription_has_attributes(sns, topic, queue):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"]
    assert arn.startswith(topic + ":")
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"] == arn
    with aws_error("InvalidParameter", 400, "Subscription already exists with different attributes"):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"] == {
        "SubscriptionArn": arn, "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue.arn, "Owner": ACCOUNT,
        "RawMessageDelivery": "false", "PendingConfirmation": "false", "ConfirmationWasAuthenticated": "true",
        "SubscriptionPrincipal": f"arn:aws:iam::{ACCOUNT}:root"}

    def put(name: str, value: str):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    put("FilterPolicy", '{"kind":["a"]}')
    put("FilterPolicyScope", "MessageBody")
    put("RedrivePolicy", json.dumps({"deadLetterTargetArn": queue.arn}))
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(found["FilterPolicy"]) == {"kind": ["a"]} and found["FilterPolicyScope"] == "MessageBody"
    assert json.loads(found["RedrivePolicy"]) == {"deadLetterTargetArn": queue.arn}
    put("FilterPolicy", '{"store":{"kind":["a"]}}')
    for name, value, words in (("FilterPolicyScope", "MessageAttributes", "does not support nested filter policy"),
                               ("FilterPolicyScope", "Message", "Invalid value [Message]"),
                               ("FilterPolicy", '{"a":"b"}', "must be an object or an array"),
                               ("RedrivePolicy", '{"deadLetterTargetArn":"x"}', "is an invalid arn"),
                               ("DeliveryPolicy", "{}", "does not support a delivery policy"),
                               ("RawMessageDelivery", "perhaps", "RawMessageDelivery"),
                               ("Colour", "red", "AttributeName")):
        with aws_error("InvalidParameter", 400, words):
            put(name, value)
    with not_implemented("ReplayPolicy"):
        put("ReplayPolicy", "{}")
    sns.unsubscribe(SubscriptionArn=arn)
    sns.unsubscribe(SubscriptionArn=arn)  # again is no error
    with aws_error("NotFound", 404, "Subscription does not exist"):
        put("RawMessageDelivery", "true")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"


def test_what_is_no_subscription_is_refused(sns, topic):
    def refused(protocol: str, endpoint: str, words: str, **attributes: str):
        with aws_error("InvalidParameter", 400, words):
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)

    function_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:x"
    refused("sqs", "http://localhost", "SQS endpoint ARN")
    refused("sqs", f"arn:aws:sqs:us-east-1:{ACCOUNT}:x.fifo", "FIFO SQS Queues")
    refused("lambda", "x", "Lambda endpoint ARN")
    refused("email", "nobody", "Email address")
    refused("https", "http://localhost/", "Endpoint must match the specified protocol")
    refused("lambda", function_arn, "does not support raw message delivery", RawMessageDelivery="true")
    for protocol in ("sms", "firehose", "application"):
        with not_implemented(f"Subscribe with the protocol {protocol}"):
            sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint="x")
    with not_implemented("https://example.com/hook, which is not on this machine"):
        sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com/hook")
    with aws_error("NotFound", 404, "Topic does not exist"):
        sns.subscribe(TopicArn=topic + "-none", Protocol="lambda", Endpoint=function_arn)


def test_a_topic_has_200_filter_policies(sns, topic):
    arns = [sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:f{number}",
                          Attributes={"FilterPolicy": '{"a":["b"]}'})["SubscriptionArn"] for number in range(200)]
    with aws_error("FilterPolicyLimitExceeded", 403):
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:more",
                      Attributes={"FilterPolicy": '{"a":["b"]}'})
    sns.set_subscription_attributes(SubscriptionArn=arns[0], AttributeName="FilterPolicy", AttributeValue='{"a":["c"]}')


# --- Messages to queues

def test_a_queue_gets_an_envelope(cloud, sns, topic, queue):
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"]
    sent = sns.publish(TopicArn=topic, Message="hällo", Subject="about", MessageAttributes={
        "kind": text("warm"), "raw": {"DataType": "Binary", "BinaryValue": b"\0\xff"}})["MessageId"]
    message, = queue.messages()
    envelope = json.loads(message["Body"])
    assert "MessageAttributes" not in message
    assert envelope.pop("Timestamp").endswith("Z")
    assert envelope == {
        "Type": "Notification", "MessageId": sent, "TopicArn": topic, "Subject": "about", "Message": "hällo",
        "SignatureVersion": "1", "Signature": "", "SigningCertURL": "",
        "UnsubscribeURL": f"{cloud.endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription}",
        "MessageAttributes": {"kind": {"Type": "String", "Value": "warm"}, "raw": {"Type": "Binary", "Value": "AP8="}}}
    sns.publish(TargetArn=topic, Message="plain")
    envelope = json.loads(queue.messages()[0]["Body"])
    assert "Subject" not in envelope and "MessageAttributes" not in envelope


def test_raw_delivery_is_the_message_itself(sns, topic, queue):
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    attributes = {"kind": text("warm"), "n": text("1", "Number"),
                  "raw": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}
    sns.publish(TopicArn=topic, Message="itself", Subject="lost", MessageAttributes=attributes)
    message, = queue.messages()
    assert message["Body"] == "itself" and message["MessageAttributes"] == attributes


def test_a_message_may_have_a_text_for_each_protocol(sns, topic, queue):
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "d", "sqs": "s", "http": "h"}))
    sns.publish(TopicArn=topic, MessageStructure="json", Message=json.dumps({"default": "d"}))
    assert queue.texts() == ["d", "s"]
    for message, words in (("{", "failed to parse"), ('{"sqs":"s"}', "No default entry in JSON message body")):
        with aws_error("InvalidParameter", 400, words):
            sns.publish(TopicArn=topic, MessageStructure="json", Message=message)


def test_filters_choose_by_attributes_or_body(sns, sqs, topic, queue):
    by_body = Queue(sqs, "filtered-by-body", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"FilterPolicy": json.dumps(
        {"kind": ["a", {"prefix": "b"}, {"anything-but": ["c", "d"]}], "n": [{"numeric": [">", 1, "<=", 5]}]})})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=by_body.arn, Attributes={
        "FilterPolicyScope": "MessageBody", "FilterPolicy": json.dumps(
            {"$or": [{"store": {"city": ["x"]}}, {"ip": [{"cidr": "10.0.0.0/8"}]}], "gone": [{"exists": False}]})})
    for kind, number, body in (("a", "5", {"store": {"city": "x"}}), ("bb", "2", {"ip": "10.9.8.7"}),
                               ("c", "2", {"ip": "11.9.8.7"}), ("z", "2", {"store": {"city": "x"}, "gone": 1}),
                               ("a", "6", {})):
        sns.publish(TopicArn=topic, Message=json.dumps(body), MessageAttributes={
            "kind": text(kind), "n": text(number, "Number")})
    assert queue.texts() == ['{"ip": "10.9.8.7"}', '{"store": {"city": "x"}, "gone": 1}', '{"store": {"city": "x"}}']
    assert by_body.texts() == ['{"ip": "10.9.8.7"}', '{"store": {"city": "x"}}']


def test_a_queue_gets_what_its_policy_allows_and_the_rest_is_a_dead_letter(sns, sqs, topic, queue):
    closed, dead = Queue(sqs, "closed", None), Queue(sqs, "dead", topic)
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead.arn})}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=closed.arn, Attributes=redrive)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:never-made",
                  Attributes=redrive | {"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="kept", MessageAttributes={"kind": text("warm")})
    assert not closed.messages()
    raw, envelope = sorted(dead.messages(), key=lambda message: message["Body"])
    assert raw["Body"] == "kept" and raw["MessageAttributes"] == {"kind": text("warm")}
    assert json.loads(envelope["Body"])["Message"] == "kept"
    closed.allow(PREFIX + "another")
    sns.publish(TopicArn=topic, Message="again")
    assert not closed.messages() and len(dead.messages()) == 2
    # Everyone, for this topic: the older way to write it.
    sqs.set_queue_attributes(QueueUrl=closed.url, Attributes={"Policy": json.dumps({"Statement": {
        "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sqs:SendMessage", "Resource": closed.arn,
        "Condition": {"ArnLike": {"aws:SourceArn": topic}}}})})
    sns.publish(TopicArn=topic, Message="open")
    assert closed.texts() == ["open"] and len(dead.messages()) == 1
    # The account's own key is not for services.
    sqs.set_queue_attributes(QueueUrl=closed.url, Attributes={"KmsMasterKeyId": "alias/aws/sqs"})
    sns.publish(TopicArn=topic, Message="for a key")
    assert not closed.messages() and len(dead.messages()) == 2


def test_what_is_no_message_is_refused(sns, topic, queue):
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)

    def refused(words: str, code: str = "InvalidParameter", **message):
        with aws_error(code, 400, words):
            sns.publish(**({"TopicArn": topic, "Message": "x"} | message))

    refused("Empty message", Message="")
    refused("Subject", Subject="x" * 101)
    refused("Subject", Subject="a\nb")
    refused("MessageStructure", MessageStructure="xml")
    refused("not valid for this topic type", MessageDeduplicationId="x")
    refused("set of supported type prefixes", "ParameterValueInvalid", MessageAttributes={"a": text("x", "Text")})
    refused("must contain non-empty message attribute value", "ParameterValueInvalid",
            MessageAttributes={"a": text("")})
    refused("Message too long", Message="x" * 262_145)
    refused("Message too long", Message="x" * 262_137, MessageAttributes={"a": text("y")})
    with not_implemented("MessageGroupId"):
        sns.publish(TopicArn=topic, Message="x", MessageGroupId="g")
    assert not queue.messages()
    sns.publish(TopicArn=topic, Message="x" * 262_144)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue="1024")
    refused("Message too long", Message="ä" * 513)
    assert len(queue.messages()) == 1


def test_batches_answer_for_each_entry(sns, topic, queue):
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)

    def entry(name: str, message: str = "m", **more) -> dict:
        return {"Id": name, "Message": message, **more}

    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        entry("1", "one", Subject="s", MessageAttributes={"kind": text("warm")}), entry("2", ""), entry("3", "three")])
    assert [one["Id"] for one in answer["Successful"]] == ["1", "3"]
    failed, = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("2", "InvalidParameter", True)
    assert queue.texts() == ["one", "three"]
    for code, entries in (("EmptyBatchRequest", []),
                          ("TooManyEntriesInBatchRequest", [entry(str(number)) for number in range(11)]),
                          ("BatchEntryIdsNotDistinct", [entry("a"), entry("a")]),
                          ("InvalidBatchEntryId", [entry("a b")]),
                          ("BatchRequestTooLong", [entry("a", "x" * 131_073), entry("b", "x" * 131_073)])):
        with aws_error(code, 400):
            sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert not queue.messages()


# --- HTTP

def confirmed(sns, topic: str, endpoint: Endpoint, **attributes: str) -> str:
    """The ARN of a subscription that its endpoint has confirmed."""
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, Attributes=attributes)
    assert answer["SubscriptionArn"] == "pending confirmation"
    return sns.confirm_subscription(TopicArn=topic, Token=json.loads(endpoint.next().body)["Token"])["SubscriptionArn"]


def test_an_http_endpoint_confirms_and_is_notified(cloud, sns, topic, endpoint):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    asked = endpoint.next()
    assert asked.path == "/inbox?a=b" and asked.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert asked.headers["x-amz-sns-topic-arn"] == topic
    body = json.loads(asked.body)
    assert body["Type"] == "SubscriptionConfirmation" and body["TopicArn"] == topic and body["Token"]
    assert body["Message"].startswith(f"You have chosen to subscribe to the topic {topic}.\nTo confirm")
    listed, = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == "PendingConfirmation"
    sns.publish(TopicArn=topic, Message="too early")
    followed = requests.get(body["SubscribeURL"], timeout=30)
    assert followed.status_code == 200 and f"<SubscriptionArn>{topic}:" in followed.text
    arn = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"]
    found = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (found["PendingConfirmation"], found["ConfirmationWasAuthenticated"]) == ("false", "false")
    assert json.loads(found["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"] == 3

    sent = sns.publish(TopicArn=topic, Message="hällo", Subject="s",
                       MessageAttributes={"kind": text("warm")})["MessageId"]
    notified = endpoint.next()
    assert notified.headers["x-amz-sns-message-type"] == "Notification"
    assert notified.headers["x-amz-sns-message-id"] == sent and notified.headers["x-amz-sns-subscription-arn"] == arn
    assert notified.headers["User-Agent"] == "Amazon Simple Notification Service Agent"
    body = json.loads(notified.body)
    assert (body["Type"], body["MessageId"], body["Message"], body["Subject"]) == ("Notification", sent, "hällo", "s")
    assert body["MessageAttributes"] == {"kind": {"Type": "String", "Value": "warm"}}

    # Its link ends the subscription, and the endpoint may take that back.
    assert requests.get(body["UnsubscribeURL"], timeout=30).status_code == 200
    body = json.loads(endpoint.next().body)
    assert body["Type"] == "UnsubscribeConfirmation" and arn in body["Message"]
    with aws_error("NotFound", 404):
        sns.get_subscription_attributes(SubscriptionArn=arn)
    assert requests.get(body["SubscribeURL"], timeout=30).status_code == 200
    sns.publish(TopicArn=topic, Message="again")
    assert json.loads(endpoint.next().body)["Message"] == "again"


def test_links_do_no_more_than_they_say(cloud, sns, topic, queue):
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)["SubscriptionArn"]

    def follow(**query: str) -> requests.Response:
        return requests.get(cloud.endpoint + "/", params=query, timeout=30)

    # What was subscribed with a signature is ended with one.
    refused = follow(Action="Unsubscribe", SubscriptionArn=arn)
    assert refused.status_code == 403 and "AuthorizationError" in refused.text
    assert follow(Action="ConfirmSubscription", TopicArn=topic, Token="none").status_code == 400
    assert follow(Action="ConfirmSubscription", TopicArn=topic, Token="").status_code == 400
    assert follow(Action="DeleteTopic", TopicArn=topic).status_code == 403
    assert sns.get_subscription_attributes(SubscriptionArn=arn)
    with aws_error("InvalidParameter", 400, "Token"):
        sns.confirm_subscription(TopicArn=topic, Token="none")


def test_a_confirmation_waits_for_two_days(cloud, sns, topic, endpoint):
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url, ReturnSubscriptionArn=True)
    token = json.loads(endpoint.next().body)["Token"]
    cloud.advance(48 * 3_600_000 - 10_000)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "1"
    cloud.advance(10_000)
    with aws_error("InvalidParameter", 400, "Token"):
        sns.confirm_subscription(TopicArn=topic, Token=token)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsPending"] == "0"


def test_a_subscription_by_mail_stays_unconfirmed(sns, topic):
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="tom@example.com")["SubscriptionArn"]
    assert made == "pending confirmation"
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(one["Protocol"], one["SubscriptionArn"]) for one in listed] == [("email", "PendingConfirmation")]
    sns.publish(TopicArn=topic, Message="nobody reads it")


def test_raw_http_delivery_has_a_header(sns, topic, endpoint):
    policy = json.dumps({"requestPolicy": {"headerContentType": "application/json"}})
    confirmed(sns, topic, endpoint, RawMessageDelivery="true", DeliveryPolicy=policy)
    sns.publish(TopicArn=topic, Message='{"a":1}')
    notified = endpoint.next()
    assert notified.body == '{"a":1}' and notified.headers["x-amz-sns-rawdelivery"] == "true"
    assert notified.headers["Content-Type"] == "application/json"


def test_an_endpoint_that_fails_is_tried_again_every_twenty_seconds(cloud, sns, sqs, topic, endpoint):
    dead = Queue(sqs, "http-dead-letters", topic)
    confirmed(sns, topic, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    endpoint.statuses += [500, 503, 200]
    sns.publish(TopicArn=topic, Message="patience")
    first = endpoint.next()
    for _ in range(2):
        # The answer has to be read before the wait begins; what is turned too early is waited for again.
        def again():
            cloud.advance(20_000)
            return not endpoint.posts.empty()

        wait_until(again, "another attempt")
        repeated = endpoint.next()
        assert repeated.headers["x-amz-sns-message-id"] == first.headers["x-amz-sns-message-id"]
    assert not endpoint.statuses and not dead.messages()

    endpoint.statuses += [404]
    sns.publish(TopicArn=topic, Message="refused for good")
    endpoint.next()
    assert wait_until(dead.texts, "the dead letter") == ["refused for good"]

    endpoint.statuses += [500] * 4
    sns.publish(TopicArn=topic, Message="never taken")

    def given_up():
        cloud.advance(20_000)
        return dead.texts()

    assert wait_until(given_up, "the dead letter") == ["never taken"]
    assert not endpoint.statuses and endpoint.posts.qsize() == 4


# --- Functions and stacks

def test_a_stack_has_topics_and_their_subscriptions(cloud, sns, sqs, module_path):
    inbox = module_path / "inbox"
    code = upload(cloud, INBOX)
    queue_policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "Orders"}}}}]}
    topic_policy = {"Version": "2012-10-17", "Statement": [{
        "Sid": "own", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish",
        "Resource": {"Ref": "Orders"}}]}
    subscription = {"Type": "AWS::SNS::Subscription", "Properties": {
        "TopicArn": {"Ref": "Orders"}, "Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Inbox", "Arn"]},
        "RawMessageDelivery": True, "FilterPolicyScope": "MessageBody", "FilterPolicy": {"kind": ["a"]},
        "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}}}
    resources = {
        "Role": role(), "Reader": function(code, Environment={"Variables": {"INBOX": str(inbox)}}),
        "Orders": {"Type": "AWS::SNS::Topic", "Properties": {
            "TopicName": "orders", "DisplayName": "Orders", "Tags": [{"Key": "team", "Value": "a"}],
            "Subscription": [{"Protocol": "lambda", "Endpoint": {"Fn::GetAtt": ["Reader", "Arn"]}}]}},
        "Allow": {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Reader"}, "Principal": "sns.amazonaws.com",
            "SourceArn": {"Ref": "Orders"}}},
        "Inbox": {"Type": "AWS::SQS::Queue"}, "Dead": {"Type": "AWS::SQS::Queue"},
        "Queues": {"Type": "AWS::SQS::QueuePolicy", "Properties": {
            "Queues": [{"Ref": "Inbox"}, {"Ref": "Dead"}], "PolicyDocument": queue_policy}},
        "ToQueue": subscription,
        "Policy": {"Type": "AWS::SNS::TopicPolicy", "Properties": {
            "Topics": [{"Ref": "Orders"}], "PolicyDocument": topic_policy}}}
    outputs = {"Topic": {"Ref": "Orders"}, "Name": {"Fn::GetAtt": ["Orders", "TopicName"]},
               "Arn": {"Fn::GetAtt": ["Orders", "TopicArn"]}, "Inbox": {"Ref": "Inbox"},
               "Subscription": {"Ref": "ToQueue"}}
    made = deploy(cloud, "topics", template(resources, outputs))
    assert made["Topic"] == made["Arn"] == PREFIX + "orders" and made["Name"] == "orders"
    assert sns.list_tags_for_resource(ResourceArn=made["Topic"])["Tags"] == [{"Key": "team", "Value": "a"}]
    found = sns.get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
    assert found["DisplayName"] == "Orders" and found["SubscriptionsConfirmed"] == "2"
    assert json.loads(found["Policy"])["Statement"][0]["Sid"] == "own"
    sns.publish(TopicArn=made["Topic"], Message='{"kind":"a"}')
    sns.publish(TopicArn=made["Topic"], Message='{"kind":"b"}')

    def received(count: int) -> list[str]:
        def arrived():
            lines = inbox.read_text().splitlines() if inbox.exists() else []
            return lines if len(lines) >= count else None

        return sorted(json.loads(line)["Records"][0]["Sns"]["Message"]
                      for line in wait_until(arrived, f"{count} messages in the function"))

    assert received(2) == ['{"kind":"a"}', '{"kind":"b"}']
    queue = lambda: [one["Body"] for one in sqs.receive_message(
        QueueUrl=made["Inbox"], MaxNumberOfMessages=10).get("Messages", [])]
    assert queue() == ['{"kind":"a"}']

    del resources["Policy"], resources["Orders"]["Properties"]["Subscription"]
    subscription["Properties"] |= {"FilterPolicyScope": "MessageAttributes", "RawMessageDelivery": False}
    del subscription["Properties"]["FilterPolicy"]
    updated = deploy(cloud, "topics", template(resources, outputs), "UPDATE")
    assert updated["Subscription"] == made["Subscription"]
    found = sns.get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
    assert found["SubscriptionsConfirmed"] == "1"
    assert json.loads(found["Policy"])["Statement"][0]["Sid"] == "__default_statement_ID"
    sns.publish(TopicArn=made["Topic"], Message="for the queue alone")
    assert [json.loads(body)["Message"] for body in queue()] == ["for the queue alone"]
    cloud.client("cloudformation").delete_stack(StackName="topics")
    cloud.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="topics", WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
    with aws_error("NotFound", 404):
        sns.get_topic_attributes(TopicArn=made["Topic"])


@pytest.mark.parametrize("kind, properties, reason", [
    ("Topic", {"FifoTopic": True}, "FIFO topics"), ("Topic", {"DeliveryStatusLogging": []}, "DeliveryStatusLogging"),
    ("Topic", {"KmsMasterKeyId": "alias/mine"}, "KMS key"),
    ("Topic", {"Subscription": [{"Protocol": "sms", "Endpoint": "+15550100"}]}, "the protocol sms"),
    ("Topic", {"Subscription": [{"Protocol": "sqs", "Colour": "red"}]}, "Subscription.Colour"),
    ("Subscription", {"TopicArn": PREFIX + "none", "Protocol": "sqs"}, "Topic does not exist"),
    ("Subscription", {"TopicArn": PREFIX + "none", "Protocol": "sqs", "ReplayPolicy": {}}, "ReplayPolicy")])
def test_a_stack_with_what_is_not_there_fails_by_name(cloud, kind, properties, reason, request):
    name = "refused-" + str(abs(hash(request.node.name)))
    client = cloud.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(template(
        {"Thing": {"Type": f"AWS::SNS::{kind}", "Properties": properties}})))
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in cloud.stack_events(name)]
    assert any(reason in one for one in reasons), reasons
    client.delete_stack(StackName=name)
