"""SQS of the local cloud, judged by boto3 over the JSON protocol and by signed forms over the older query protocol."""

import hashlib
import json
import struct
import threading
import time
from urllib.parse import urlencode
from xml.etree import ElementTree

import boto3
import pytest
import requests

from harness.errors import aws_error, not_implemented
from harness.functions import role
from harness.processes import wait_until
from harness.signing import signed_headers
from harness.stacks import deploy, settled, template

ACCOUNT = "123456789012"
QUERY = "{http://queue.amazonaws.com/doc/2012-11-05/}"
NO_SUCH = "AWS.SimpleQueueService.NonExistentQueue"


@pytest.fixture(scope="module")
def sqs(cloud):
    return cloud.client("sqs")


@pytest.fixture
def queue(sqs, request):
    """A queue of the test's own."""
    url = sqs.create_queue(QueueName=request.node.name[:70].replace("[", "-").replace("]", ""))["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def arn(url: str) -> str:
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[1]}"


def bodies(messages: dict) -> list[str]:
    return [message["Body"] for message in messages.get("Messages", [])]


def counts(sqs, url: str) -> tuple[int, int, int]:
    """Visible, delayed, in flight."""
    names = ["ApproximateNumberOfMessages" + one for one in ("", "Delayed", "NotVisible")]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


# --- Queues

def test_a_queue_is_made_found_and_deleted(cloud, sqs):
    url = sqs.create_queue(QueueName="made", Attributes={"VisibilityTimeout": "7"}, tags={"team": "a"})["QueueUrl"]
    assert url == f"{cloud.endpoint}/{ACCOUNT}/made"
    assert sqs.create_queue(QueueName="made", Attributes={"VisibilityTimeout": "7"})["QueueUrl"] == url
    assert sqs.create_queue(QueueName="made")["QueueUrl"] == url
    with aws_error("QueueAlreadyExists", 400, "different value for attribute VisibilityTimeout"):
        sqs.create_queue(QueueName="made", Attributes={"VisibilityTimeout": "8"})
    assert sqs.get_queue_url(QueueName="made")["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName="made", QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == url
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a"}
    sqs.delete_queue(QueueUrl=url)
    for call in (lambda: sqs.get_queue_url(QueueName="made"), lambda: sqs.delete_queue(QueueUrl=url),
                 lambda: sqs.receive_message(QueueUrl=url), lambda: sqs.send_message(QueueUrl=url, MessageBody="x")):
        with aws_error(NO_SUCH, 400, "The specified queue does not exist"):
            call()
    with aws_error("AWS.SimpleQueueService.QueueDeletedRecently", 400, "You must wait 60 seconds"):
        sqs.create_queue(QueueName="made")
    cloud.advance(60_000)
    sqs.create_queue(QueueName="made")


def test_boto3_raises_its_own_exceptions(sqs, queue):
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nobody")
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="garbage")
    with pytest.raises(sqs.exceptions.EmptyBatchRequest):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])


@pytest.mark.parametrize("name", ["", "a" * 81, "with space", "a.b"])
def test_a_name_has_letters_digits_hyphens_and_underscores(sqs, name):
    with aws_error(("InvalidParameterValue", "MissingParameter"), 400):
        sqs.create_queue(QueueName=name)


def test_fifo_queues_are_refused_by_name(sqs):
    with not_implemented("FIFO queues (orders.fifo)"):
        sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})
    with not_implemented("FIFO queues (FifoQueue)"):
        sqs.create_queue(QueueName="orders", Attributes={"FifoQueue": "true"})
    with not_implemented("sqs:StartMessageMoveTask"):
        sqs.start_message_move_task(SourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:x")


def test_queues_are_listed_by_prefix_and_page(sqs):
    urls = [sqs.create_queue(QueueName=f"listed-{number}")["QueueUrl"] for number in range(5)]
    assert sqs.list_queues(QueueNamePrefix="listed-")["QueueUrls"] == urls
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="none-")
    first = sqs.list_queues(QueueNamePrefix="listed-", MaxResults=2)
    assert first["QueueUrls"] == urls[:2]
    assert sqs.list_queues(QueueNamePrefix="listed-", MaxResults=2, NextToken=first["NextToken"])["QueueUrls"] == \
        urls[2:4]
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix="listed-", PaginationConfig={"PageSize": 2})
    assert [url for page in pages for url in page["QueueUrls"]] == urls
    with aws_error("InvalidParameterValue", 400):
        sqs.list_queues(MaxResults=1001)


def test_an_address_is_a_path_of_account_and_name(sqs, queue):
    elsewhere = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/" + queue.rsplit("/", 1)[1]
    sqs.send_message(QueueUrl=elsewhere, MessageBody="by another host's name")
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["by another host's name"]
    with aws_error("InvalidAddress", 404, "is not valid for this endpoint"):
        sqs.send_message(QueueUrl="https://example.com/one", MessageBody="x")


def test_attributes_have_defaults_and_limits(sqs, queue):
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert abs(int(found.pop("CreatedTimestamp")) - int(found.pop("LastModifiedTimestamp"))) <= 1
    assert found == {
        "QueueArn": arn(queue), "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true",
        "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0"}
    limits = {"DelaySeconds": (0, 900), "MaximumMessageSize": (1024, 1048576), "MessageRetentionPeriod": (60, 1209600),
              "ReceiveMessageWaitTimeSeconds": (0, 20), "VisibilityTimeout": (0, 43200)}
    for name, (least, most) in limits.items():
        for value in (least, most):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: str(value)})
        for value in (least - 1, most + 1, "many"):
            with aws_error("InvalidAttributeValue", 400, f"Invalid value for the parameter {name}."):
                sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: str(value)})
        assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"] == {name: str(most)}
    for name in ("QueueArn", "Colour"):
        with aws_error("InvalidAttributeName", 400, f"Unknown Attribute {name}."):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={name: "x"})
    with aws_error("InvalidAttributeName", 400, "Unknown Attribute Colour."):
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Colour"])
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue)
    with not_implemented("KMS key"):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"KmsMasterKeyId": "alias/mine"})


def test_tags_come_and_go(sqs, queue):
    sqs.tag_queue(QueueUrl=queue, Tags={"a": "1", "b": "2"})
    sqs.tag_queue(QueueUrl=queue, Tags={"a": "3"})
    sqs.untag_queue(QueueUrl=queue, TagKeys=["b", "none"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"a": "3"}
    with aws_error("InvalidParameterValue", 400, "at most 50 tags"):
        sqs.tag_queue(QueueUrl=queue, Tags={str(number): "" for number in range(51)})


def test_a_purge_empties_a_queue_once_a_minute(cloud, sqs, queue):
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    sqs.receive_message(QueueUrl=queue)
    sqs.purge_queue(QueueUrl=queue)
    assert counts(sqs, queue) == (0, 0, 0)
    with aws_error("AWS.SimpleQueueService.PurgeQueueInProgress", 403, "is allowed every 60 seconds"):
        sqs.purge_queue(QueueUrl=queue)
    cloud.advance(60_000)
    sqs.purge_queue(QueueUrl=queue)


# --- Messages

def test_a_message_goes_through_a_queue(sqs, queue):
    attributes = {"text": {"DataType": "String", "StringValue": "ä"},
                  "raw": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
                  "n.int": {"DataType": "Number.int", "StringValue": "42"}}
    # boto3 checks both MD5 sums itself.
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hällo\n\U0001F600", MessageAttributes=attributes,
                            MessageSystemAttributes={
                                "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2"}})
    assert sent["MD5OfMessageBody"] == hashlib.md5("hällo\n\U0001F600".encode()).hexdigest()
    assert sent["MD5OfMessageAttributes"] and sent["MD5OfMessageSystemAttributes"]
    message = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"][0]
    assert message["MessageId"] == sent["MessageId"] and message["Body"] == "hällo\n\U0001F600"
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    system = message["Attributes"]
    assert system["SenderId"] == ACCOUNT and system["ApproximateReceiveCount"] == "1"
    assert system["AWSTraceHeader"] == "Root=1-2"
    assert 0 <= int(system["ApproximateFirstReceiveTimestamp"]) - int(system["SentTimestamp"]) < 60_000
    assert counts(sqs, queue) == (0, 0, 1)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])  # again is no error
    assert counts(sqs, queue) == (0, 0, 0)


def test_the_sum_of_attributes_is_of_names_types_and_values(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes={
        "b": {"DataType": "String", "StringValue": "2"}, "a": {"DataType": "Binary", "BinaryValue": b"1"}})
    sized = lambda data: struct.pack(">I", len(data)) + data
    expected = b"".join([sized(b"a"), sized(b"Binary"), b"\2", sized(b"1"),
                         sized(b"b"), sized(b"String"), b"\1", sized(b"2")])
    assert sent["MD5OfMessageAttributes"] == hashlib.md5(expected).hexdigest()


def test_a_receiver_gets_the_attributes_that_it_asks_for(cloud, sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageGroupId="tenant", MessageAttributes={
        name: {"DataType": "String", "StringValue": name} for name in ("a.one", "a.two", "b")})

    def received(**wanted) -> dict:
        return sqs.receive_message(QueueUrl=queue, **wanted)["Messages"][0]

    assert not {"Attributes", "MessageAttributes", "MD5OfMessageAttributes"} & set(received())
    assert set(received(MessageAttributeNames=["a.*"])["MessageAttributes"]) == {"a.one", "a.two"}
    assert set(received(MessageAttributeNames=["b", "c"])["MessageAttributes"]) == {"b"}
    assert set(received(MessageAttributeNames=[".*"])["MessageAttributes"]) == {"a.one", "a.two", "b"}
    assert set(received(AttributeNames=["SenderId"])["Attributes"]) == {"SenderId"}
    found = received(MessageSystemAttributeNames=["MessageGroupId", "ApproximateReceiveCount"])["Attributes"]
    assert found == {"MessageGroupId": "tenant", "ApproximateReceiveCount": "6"}
    with aws_error("InvalidAttributeName", 400, "Unknown Attribute Colour."):
        sqs.receive_message(QueueUrl=queue, AttributeNames=["Colour"])


def test_what_is_no_message_is_refused(sqs, queue):
    def refused(words: str, code: str = "InvalidParameterValue", **message):
        with aws_error(code, 400, words):
            sqs.send_message(**({"QueueUrl": queue, "MessageBody": "x"} | message))

    def attribute(name="n", **value) -> dict:
        return {"MessageAttributes": {name: {"DataType": "String", "StringValue": "v"} | value}}

    refused("must contain the parameter MessageBody", "MissingParameter", MessageBody="")
    for character in "\x00\x0b\x1f\ufffe\uffff":
        refused("Invalid characters found", "InvalidMessageContents", MessageBody="a" + character)
    refused("DelaySeconds must be >= 0 and <= 900.", DelaySeconds=901)
    refused("not valid for this queue type", MessageDeduplicationId="d")
    refused("can only include alphanumeric and punctuation", MessageGroupId="with space")
    refused("set of supported type prefixes", **attribute(DataType="Text"))
    refused("must contain a non-empty value", **attribute(StringValue=""))
    refused("to a number", **attribute(DataType="Number", StringValue="many"))
    refused("Attribute name can contain", **attribute("a b"))
    refused("character '.'", **attribute(".a"))
    refused("reserved for use by Amazon", **attribute("AWS.x"))
    refused("Number of message attributes [11] exceeds the allowed maximum [10].", MessageAttributes={
        str(number): {"DataType": "String", "StringValue": "v"} for number in range(11)})
    assert counts(sqs, queue) == (0, 0, 0)


def test_a_message_may_have_a_mebibyte_with_its_attributes(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_576)
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]) == 1_048_576
    too_long = "Message must be shorter than 1048576 bytes."
    with aws_error("InvalidParameterValue", 400, too_long):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_577)
    with aws_error("InvalidParameterValue", 400, too_long):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1_048_569, MessageAttributes={
            "a": {"DataType": "String", "StringValue": "v"}})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    with aws_error("InvalidParameterValue", 400, "Message must be shorter than 1024 bytes."):
        sqs.send_message(QueueUrl=queue, MessageBody="ä" * 513)


# --- Time

def test_a_received_message_is_invisible_for_the_timeout(cloud, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    first = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    cloud.advance(29_000)
    assert not bodies(sqs.receive_message(QueueUrl=queue))
    cloud.advance(1_000)
    second = sqs.receive_message(QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert second["ReceiptHandle"] != first["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])  # an old handle deletes nothing
    assert counts(sqs, queue) == (0, 0, 1)
    cloud.advance(30_000)
    sqs.receive_message(QueueUrl=queue, VisibilityTimeout=120)
    cloud.advance(119_000)
    assert counts(sqs, queue) == (0, 0, 1)
    cloud.advance(1_000)
    assert counts(sqs, queue) == (1, 0, 0)


def test_visibility_is_changed_within_twelve_hours(cloud, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]

    def change(seconds: int, its_handle: str = handle):
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=its_handle, VisibilityTimeout=seconds)

    change(100)
    cloud.advance(60_000)
    assert counts(sqs, queue) == (0, 0, 1)
    with aws_error("InvalidParameterValue", 400, "Total VisibilityTimeout for the message is beyond the limit"):
        change(43_200)
    with aws_error("InvalidParameterValue", 400, "Must be between 0 and 43200"):
        change(43_201)
    change(0)
    assert counts(sqs, queue) == (1, 0, 0)
    with aws_error("AWS.SimpleQueueService.MessageNotInflight", 400):
        change(10)
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    with aws_error("InvalidParameterValue", 400, "Message does not exist or is not available for visibility timeout"):
        change(10, handle)
    with aws_error("ReceiptHandleIsInvalid", 404, 'The input receipt handle "x" is not a valid receipt handle.'):
        change(10, "x")


def test_a_delayed_message_comes_later(cloud, sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"DelaySeconds": "10"})
    sqs.send_message(QueueUrl=queue, MessageBody="the queue's")
    sqs.send_message(QueueUrl=queue, MessageBody="at once", DelaySeconds=0)
    sqs.send_message(QueueUrl=queue, MessageBody="its own", DelaySeconds=900)
    assert counts(sqs, queue) == (1, 2, 0)
    assert bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)) == ["at once"]
    cloud.advance(10_000)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["the queue's"]
    cloud.advance(890_000)
    assert "its own" in bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10))


def test_old_messages_are_forgotten(cloud, sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="old")
    cloud.advance(345_599_000)
    assert counts(sqs, queue) == (1, 0, 0)
    sqs.send_message(QueueUrl=queue, MessageBody="new")
    cloud.advance(1_000)
    assert bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)) == ["new"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "60"})
    cloud.advance(60_000)
    assert counts(sqs, queue) == (0, 0, 0)


class Receive(threading.Thread):
    """A long poll that is under way."""

    def __init__(self, cloud, url: str, **more):
        super().__init__(daemon=True)
        self.cloud, self.url, self.more, self.answer = cloud, url, more, None
        self.start()
        time.sleep(0.2)  # it may not be there yet: then it is no test of waking, and passes all the same

    def run(self):
        try:
            self.answer = self.cloud.client("sqs").receive_message(QueueUrl=self.url, WaitTimeSeconds=20, **self.more)
        except Exception as error:
            self.answer = error

    def result(self):
        self.join(15)
        assert not self.is_alive(), "the long poll goes on"
        return self.answer


def test_a_long_poll_ends_with_a_message_or_with_its_time(cloud, sqs, queue):
    waiting = Receive(cloud, queue)
    sqs.send_message(QueueUrl=queue, MessageBody="for who waits", DelaySeconds=5)
    assert waiting.is_alive()
    cloud.advance(5_000)
    assert bodies(waiting.result()) == ["for who waits"]
    waiting = Receive(cloud, queue)
    cloud.advance(20_000)
    assert not bodies(waiting.result())
    cloud.advance(60_000)
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    waiting = Receive(cloud, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert bodies(waiting.result()) == ["for who waits"]


def test_a_long_poll_ends_with_its_queue(cloud, sqs):
    url = sqs.create_queue(QueueName="short-lived")["QueueUrl"]
    waiting = Receive(cloud, url)
    sqs.delete_queue(QueueUrl=url)
    assert "NonExistentQueue" in str(waiting.result())


def test_the_queues_own_wait_makes_every_poll_long(cloud, sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"ReceiveMessageWaitTimeSeconds": "1"})
    before = time.monotonic()
    assert not bodies(sqs.receive_message(QueueUrl=queue))
    assert time.monotonic() - before > 0.5
    with aws_error("InvalidParameterValue", 400, "Must be >= 0 and <= 20, if provided."):
        sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=21)
    for number in (0, 11):
        with aws_error("InvalidParameterValue", 400, "Must be between 1 and 10, if provided."):
            sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=number)


# --- Dead letters

def test_a_message_received_too_often_is_a_dead_letter(cloud, sqs, queue):
    dead = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0", "RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn(dead), "maxReceiveCount": "2"})})
    stored = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    assert json.loads(stored) == {"deadLetterTargetArn": arn(dead), "maxReceiveCount": 2}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]
    sent = sqs.send_message(QueueUrl=queue, MessageBody="bad", MessageAttributes={
        "a": {"DataType": "String", "StringValue": "v"}})["MessageId"]
    for _ in range(2):
        assert bodies(sqs.receive_message(QueueUrl=queue)) == ["bad"]
        assert not bodies(sqs.receive_message(QueueUrl=dead))
    assert not bodies(sqs.receive_message(QueueUrl=queue))
    message = sqs.receive_message(QueueUrl=dead, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
    assert message["MessageId"] == sent and message["MessageAttributes"]["a"]["StringValue"] == "v"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn(queue)
    assert counts(sqs, queue) == (0, 0, 0)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == []


def test_a_redrive_policy_names_a_queue_that_allows_it(sqs, queue):
    dead = sqs.create_queue(QueueName="closed-letters", Attributes={
        "RedriveAllowPolicy": json.dumps({"redrivePermission": "denyAll"})})["QueueUrl"]

    def refused(words: str, **policy):
        with aws_error("InvalidParameterValue", 400, words):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(policy)})

    refused("Dead letter target does not exist.", deadLetterTargetArn=arn("x/none"), maxReceiveCount=1)
    refused("does not contain mandatory attribute: deadLetterTargetArn", maxReceiveCount=1)
    refused("Invalid value for maxReceiveCount: 0", deadLetterTargetArn=arn(dead), maxReceiveCount=0)
    refused("Invalid value for maxReceiveCount: 1001", deadLetterTargetArn=arn(dead), maxReceiveCount=1001)
    refused("does not allow this queue", deadLetterTargetArn=arn(dead), maxReceiveCount=1)
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [arn(queue)]})})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})})


# --- Batches

def test_batches_answer_for_each_entry(sqs, queue):
    answer = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": "good", "MessageBody": "a", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "1"}}},
        {"Id": "empty", "MessageBody": ""}, {"Id": "late", "MessageBody": "c", "DelaySeconds": 901}])
    assert [one["Id"] for one in answer["Successful"]] == ["good"] and answer["Successful"][0]["MD5OfMessageAttributes"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [
        ("empty", "MissingParameter", True), ("late", "InvalidParameterValue", True)]
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    changed = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=[
        {"Id": "1", "ReceiptHandle": handle, "VisibilityTimeout": 60},
        {"Id": "2", "ReceiptHandle": "x", "VisibilityTimeout": 60}])
    assert changed["Successful"] == [{"Id": "1"}] and changed["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[
        {"Id": "1", "ReceiptHandle": handle}, {"Id": "2", "ReceiptHandle": "x"}])
    assert deleted["Successful"] == [{"Id": "1"}] and deleted["Failed"][0]["Id"] == "2"
    assert counts(sqs, queue) == (0, 0, 0)


def test_what_is_no_batch_is_refused(sqs, queue):
    def refused(code: str, words: str, *entries: dict):
        with aws_error("AWS.SimpleQueueService." + code, 400, words):
            sqs.send_message_batch(QueueUrl=queue, Entries=list(entries))

    def entry(name: str, body: str = "x") -> dict:
        return {"Id": name, "MessageBody": body}

    refused("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.")
    refused("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.",
            *(entry(str(number)) for number in range(11)))
    refused("BatchEntryIdsNotDistinct", "Id same repeated.", entry("same"), entry("same"))
    refused("InvalidBatchEntryId", "can only contain alphanumeric characters", entry("a b"))
    refused("BatchRequestTooLong", "You have sent 1048578 bytes.", entry("1", "x" * 524_289), entry("2", "x" * 524_289))
    assert counts(sqs, queue) == (0, 0, 0)
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=[entry(str(n)) for n in range(10)])["Successful"]) == 10
    assert len(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]) == 10


# --- Permissions

@pytest.fixture(scope="module")
def as_role(cloud):
    """as_role(statement…): a client of SQS with a role that has these permissions."""
    made = []

    def as_role(*statements: dict, stack: str):
        outputs = deploy(cloud, stack, template({"Role": role(*statements, managed=(), trust={"AWS": ACCOUNT})},
                                                {"Arn": {"Fn::GetAtt": ["Role", "Arn"]}}))
        credentials = cloud.client("sts").assume_role(RoleArn=outputs["Arn"], RoleSessionName="tester")["Credentials"]
        made.append(outputs["Arn"])
        return outputs["Arn"], boto3.client(
            "sqs", endpoint_url=cloud.endpoint, region_name=cloud.region,
            aws_access_key_id=credentials["AccessKeyId"], aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"])

    return as_role


def test_a_role_may_what_its_policies_or_the_queues_say(cloud, sqs, queue, as_role):
    role_arn, client = as_role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn(queue)}, stack="sender")
    client.send_message(QueueUrl=queue, MessageBody="x")
    client.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "y"}])
    with aws_error("AccessDenied", 403, f"is not authorized to perform: sqs:receivemessage on resource: {arn(queue)} "
                                        "because no identity-based policy allows the sqs:receivemessage action"):
        client.receive_message(QueueUrl=queue)
    with aws_error("AccessDenied", 403, "sqs:getqueueurl"):
        client.get_queue_url(QueueName="nobody")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": {
        "Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": "sqs:ReceiveMessage", "Resource": arn(queue)}})})
    message = client.receive_message(QueueUrl=queue, AttributeNames=["SenderId"])["Messages"][0]
    assert message["Attributes"]["SenderId"].endswith(":tester")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": {
        "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn(queue)}})})
    with aws_error("AccessDenied", 403, "with an explicit deny in a resource-based policy"):
        client.send_message(QueueUrl=queue, MessageBody="x")
    with aws_error("AccessDenied", 403, "explicit deny"):
        sqs.send_message(QueueUrl=queue, MessageBody="x")  # the account's root is no exception


def test_permissions_are_statements_of_the_policy(sqs, queue):
    sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=["210987654321"],
                       Actions=["SendMessage", "GetQueueUrl"])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert policy["Statement"] == [{
        "Sid": "one", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::210987654321:root"]},
        "Action": ["SQS:SendMessage", "SQS:GetQueueUrl"], "Resource": arn(queue)}]
    with aws_error("InvalidParameterValue", 400, "Value one for parameter Label is invalid. Reason: Already exists."):
        sqs.add_permission(QueueUrl=queue, Label="one", AWSAccountIds=[ACCOUNT], Actions=["*"])
    with aws_error("InvalidParameterValue", 400, "Please refer to the appropriate WSDL"):
        sqs.add_permission(QueueUrl=queue, Label="two", AWSAccountIds=[ACCOUNT], Actions=["Dance"])
    with aws_error("OverLimit", 403, "8 Actions were found, maximum allowed is 7."):
        sqs.add_permission(QueueUrl=queue, Label="two", AWSAccountIds=[ACCOUNT], Actions=["SendMessage"] * 8)
    sqs.remove_permission(QueueUrl=queue, Label="one")
    with aws_error("InvalidParameterValue", 400, "can't find label on existing policy."):
        sqs.remove_permission(QueueUrl=queue, Label="one")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
    with aws_error("InvalidAttributeValue", 400, "Invalid value for the parameter Policy."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": "{"})


# --- The older protocol

def query(cloud, path: str, **form: str) -> tuple[int, ElementTree.Element]:
    """A form, signed by botocore, as clients before 2023 send it."""
    body = urlencode({"Version": "2012-11-05", **form}).encode()
    headers = signed_headers(cloud, cloud.endpoint + path, "POST", body, "sqs")
    answer = requests.post(cloud.endpoint + path, data=body, timeout=60,
                           headers=headers | {"Content-Type": "application/x-www-form-urlencoded"})
    return answer.status_code, ElementTree.fromstring(answer.content)


def value(root: ElementTree.Element, path: str) -> str:
    found = root.find("/".join(QUERY + part for part in path.split("/")))
    assert found is not None, ElementTree.tostring(root)
    return found.text


def test_the_query_protocol_does_the_same(cloud, sqs):
    status, made = query(cloud, "/", **{
        "Action": "CreateQueue", "QueueName": "older", "Attribute.1.Name": "VisibilityTimeout",
        "Attribute.1.Value": "7", "Tag.1.Key": "team", "Tag.1.Value": "a"})
    assert status == 200 and made.tag == QUERY + "CreateQueueResponse"
    url = value(made, "CreateQueueResult/QueueUrl")
    assert value(made, "ResponseMetadata/RequestId")
    path = url.removeprefix(cloud.endpoint)
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a"}

    _, sent = query(cloud, path, **{
        "Action": "SendMessage", "MessageBody": "a & b", "MessageAttribute.1.Name": "kind",
        "MessageAttribute.1.Value.DataType": "String", "MessageAttribute.1.Value.StringValue": "warm"})
    assert value(sent, "SendMessageResult/MD5OfMessageBody") == hashlib.md5(b"a & b").hexdigest()
    _, received = query(cloud, "/", **{
        "Action": "ReceiveMessage", "QueueUrl": url, "MaxNumberOfMessages": "10", "AttributeName.1": "All",
        "MessageAttributeName.1": "kind"})
    message = "ReceiveMessageResult/Message"
    assert value(received, f"{message}/Body") == "a & b"
    assert value(received, f"{message}/MessageId") == value(sent, "SendMessageResult/MessageId")
    assert value(received, f"{message}/MessageAttribute/Name") == "kind"
    assert value(received, f"{message}/MessageAttribute/Value/StringValue") == "warm"
    names = {one.findtext(QUERY + "Name") for one in received.iter(QUERY + "Attribute")}
    assert names == {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"}
    _, deleted = query(cloud, path, **{
        "Action": "DeleteMessageBatch", "DeleteMessageBatchRequestEntry.1.Id": "good",
        "DeleteMessageBatchRequestEntry.1.ReceiptHandle": value(received, f"{message}/ReceiptHandle"),
        "DeleteMessageBatchRequestEntry.2.Id": "bad", "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "x"})
    assert value(deleted, "DeleteMessageBatchResult/DeleteMessageBatchResultEntry/Id") == "good"
    assert value(deleted, "DeleteMessageBatchResult/BatchResultErrorEntry/Id") == "bad"
    _, found = query(cloud, path, **{"Action": "GetQueueAttributes", "AttributeName.1": "VisibilityTimeout"})
    assert value(found, "GetQueueAttributesResult/Attribute/Value") == "7"
    _, listed = query(cloud, "/", Action="ListQueues", QueueNamePrefix="older")
    assert value(listed, "ListQueuesResult/QueueUrl") == url
    assert query(cloud, path, Action="DeleteQueue")[0] == 200


def test_the_query_protocols_errors(cloud):
    status, error = query(cloud, "/", Action="GetQueueUrl", QueueName="nobody")
    assert (status, value(error, "Error/Code"), value(error, "Error/Type")) == (400, NO_SUCH, "Sender")
    status, error = query(cloud, "/", Action="Dance")
    assert status == 501 and "sqs:Dance" in value(error, "Error/Message")


# --- CloudFormation

def test_a_stack_has_queues_and_their_policies(cloud, sqs):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {
        "QueueName": "orders", "DelaySeconds": 1, "MaximumMessageSize": 2048, "MessageRetentionPeriod": 120,
        "ReceiveMessageWaitTimeSeconds": 2, "VisibilityTimeout": 60, "SqsManagedSseEnabled": True,
        "Tags": [{"Key": "team", "Value": "a"}],
        "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3}}}
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                 "Resource": "*"}
    resources = {
        "Orders": queue, "Dead": {"Type": "AWS::SQS::Queue"},
        "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {
            "Queues": [{"Ref": "Orders"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}}}
    outputs = {"Url": {"Ref": "Orders"}, "Arn": {"Fn::GetAtt": ["Orders", "Arn"]},
               "Name": {"Fn::GetAtt": ["Orders", "QueueName"]}, "Address": {"Fn::GetAtt": ["Orders", "QueueUrl"]},
               "Dead": {"Fn::GetAtt": ["Dead", "QueueName"]}}
    made = deploy(cloud, "queues", template(resources, outputs))
    assert made["Url"] == made["Address"] == f"{cloud.endpoint}/{ACCOUNT}/orders"
    assert made["Arn"] == f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders" and made["Name"] == "orders"
    assert made["Dead"].startswith("queues-Dead-")
    found = sqs.get_queue_attributes(QueueUrl=made["Url"], AttributeNames=["All"])["Attributes"]
    assert (found["DelaySeconds"], found["MaximumMessageSize"], found["VisibilityTimeout"]) == ("1", "2048", "60")
    assert (found["MessageRetentionPeriod"], found["ReceiveMessageWaitTimeSeconds"]) == ("120", "2")
    assert json.loads(found["RedrivePolicy"])["maxReceiveCount"] == 3
    assert json.loads(found["Policy"])["Statement"] == [statement]
    assert sqs.list_queue_tags(QueueUrl=made["Url"])["Tags"] == {"team": "a"}

    sqs.send_message(QueueUrl=made["Url"], MessageBody="kept")
    del queue["Properties"]["DelaySeconds"], queue["Properties"]["RedrivePolicy"], resources["Policy"]
    deploy(cloud, "queues", template(resources, outputs), "UPDATE")
    found = sqs.get_queue_attributes(QueueUrl=made["Url"], AttributeNames=["All"])["Attributes"]
    assert found["DelaySeconds"] == "0" and "RedrivePolicy" not in found and "Policy" not in found
    assert int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesDelayed"]) == 1
    cloud.client("cloudformation").delete_stack(StackName="queues")
    wait_until(lambda: "QueueUrls" not in sqs.list_queues(QueueNamePrefix="orders"), "the queue is gone")
    sqs.create_queue(QueueName="orders")  # its name is free at once, since the stack's deletion has waited


@pytest.mark.parametrize("properties, reason", [
    ({"FifoQueue": True}, "FIFO queues"), ({"ContentBasedDeduplication": True}, "ContentBasedDeduplication"),
    ({"QueueName": "x.fifo"}, "FIFO queues"), ({"VisibilityTimeout": 43201}, "VisibilityTimeout"),
    ({"KmsMasterKeyId": "alias/mine"}, "KMS key")])
def test_a_stack_with_a_queue_that_is_not_there_fails_by_name(cloud, properties, reason):
    name = "refused-" + reason.replace(" ", "-")
    client = cloud.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(template(
        {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}})))
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in cloud.stack_events(name)]
    assert any(reason in one for one in reasons), reasons
    client.delete_stack(StackName=name)
