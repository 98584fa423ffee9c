"""S3 and DynamoDB of the local cloud, judged by boto3."""

import hashlib

import pytest
import requests

from harness.errors import aws_error, not_implemented


# --- S3

@pytest.fixture(scope="module")
def s3(cloud):
    client = cloud.client("s3")
    client.create_bucket(Bucket="things")
    return client


def test_an_object_comes_back_as_it_was_put(s3):
    body = bytes(range(256)) * 300
    put = s3.put_object(Bucket="things", Key="a folder/ä+b=c&d.bin", Body=body, ContentType="application/x-test",
                        Metadata={"colour": "red"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket="things", Key="a folder/ä+b=c&d.bin")
    assert got["Body"].read() == body
    assert got["ContentType"] == "application/x-test" and got["Metadata"] == {"colour": "red"}
    assert got["ETag"] == put["ETag"]
    head = s3.head_object(Bucket="things", Key="a folder/ä+b=c&d.bin")
    assert head["ContentLength"] == len(body) and head["ETag"] == put["ETag"]
    part = s3.get_object(Bucket="things", Key="a folder/ä+b=c&d.bin", Range="bytes=10-19")
    assert part["Body"].read() == body[10:20] and part["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_what_is_not_there_is_no_such_key(s3):
    with aws_error("NoSuchKey", 404, "The specified key does not exist."):
        s3.get_object(Bucket="things", Key="nothing")
    with aws_error("404", 404):
        s3.head_object(Bucket="things", Key="nothing")
    with aws_error("NoSuchBucket", 404):
        s3.get_object(Bucket="no-such-bucket", Key="nothing")


def test_a_deleted_object_is_gone_and_deleting_again_is_no_error(s3):
    s3.put_object(Bucket="things", Key="going", Body=b"x")
    s3.delete_object(Bucket="things", Key="going")
    s3.delete_object(Bucket="things", Key="going")
    with aws_error("NoSuchKey"):
        s3.get_object(Bucket="things", Key="going")


def test_lists_come_in_pages_and_in_groups(s3):
    s3.create_bucket(Bucket="listed")
    names = [f"{folder}/{number}" for folder in ("a", "b") for number in range(5)] + ["c d"]
    for name in names:
        s3.put_object(Bucket="listed", Key=name, Body=name.encode())
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="listed", PaginationConfig={"PageSize": 4}))
    assert len(pages) == 3
    assert [one["Key"] for page in pages for one in page["Contents"]] == sorted(names)
    grouped = s3.list_objects_v2(Bucket="listed", Delimiter="/")
    assert [one["Prefix"] for one in grouped["CommonPrefixes"]] == ["a/", "b/"]
    assert [one["Key"] for one in grouped["Contents"]] == ["c d"]
    assert s3.list_objects_v2(Bucket="listed", Prefix="b/")["KeyCount"] == 5


def test_a_presigned_url_reads_and_writes(cloud, s3):
    s3 = cloud.client("s3", signature_version="s3v4")
    put = s3.generate_presigned_url("put_object", Params={"Bucket": "things", "Key": "by url"}, ExpiresIn=60)
    assert requests.put(put, data=b"through a URL", timeout=30).status_code == 200
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "things", "Key": "by url"}, ExpiresIn=60)
    assert requests.get(url, timeout=30).content == b"through a URL"
    changed = requests.get(url.replace("by%20url", "other"), timeout=30)
    assert changed.status_code == 403 and "SignatureDoesNotMatch" in changed.text


def test_a_bucket_that_holds_something_is_not_deleted(s3):
    s3.create_bucket(Bucket="to-delete")
    s3.put_object(Bucket="to-delete", Key="k", Body=b"x")
    with aws_error("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket="to-delete")
    s3.delete_objects(Bucket="to-delete", Delete={"Objects": [{"Key": "k"}]})
    s3.delete_bucket(Bucket="to-delete")
    with aws_error("404", 404):
        s3.head_bucket(Bucket="to-delete")


def test_a_write_may_depend_on_what_is_there(s3):
    s3.put_object(Bucket="things", Key="once", Body=b"1", IfNoneMatch="*")
    with aws_error("PreconditionFailed", 412):
        s3.put_object(Bucket="things", Key="once", Body=b"2", IfNoneMatch="*")


def test_an_operation_of_s3_that_is_not_there_is_refused_by_name(s3):
    with not_implemented("s3:GetBucketAcl"):
        s3.get_bucket_acl(Bucket="things")


# --- DynamoDB

@pytest.fixture(scope="module")
def table(cloud):
    client = cloud.client("dynamodb")
    client.create_table(TableName="items", BillingMode="PAY_PER_REQUEST",
                        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    client.get_waiter("table_exists").wait(TableName="items", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    return client


ITEM = {"text": {"S": "ä"}, "number": {"N": "12345678901234567890.5"}, "bytes": {"B": b"\0\xff"},
        "no": {"BOOL": False}, "nothing": {"NULL": True}, "list": {"L": [{"S": "a"}, {"N": "1"}]},
        "map": {"M": {"k": {"S": "v"}}}, "texts": {"SS": ["a", "b"]}}


def test_an_item_comes_back_as_it_was_put(table):
    item = {"pk": {"S": "whole"}, **ITEM}
    table.put_item(TableName="items", Item=item)
    assert table.get_item(TableName="items", Key={"pk": {"S": "whole"}}, ConsistentRead=True)["Item"] == item
    assert "Item" not in table.get_item(TableName="items", Key={"pk": {"S": "nothing"}})
    part = table.get_item(TableName="items", Key={"pk": {"S": "whole"}}, ProjectionExpression="#m.k, #l[1]",
                          ExpressionAttributeNames={"#m": "map", "#l": "list"})["Item"]
    assert part == {"map": {"M": {"k": {"S": "v"}}}, "list": {"L": [{"N": "1"}]}}


def test_a_condition_that_fails_gives_back_the_item(table):
    item = {"pk": {"S": "held"}, "session": {"S": "first"}, "link": {"N": "1"}}
    table.put_item(TableName="items", Item=item, ConditionExpression="attribute_not_exists(pk)")
    with aws_error("ConditionalCheckFailedException", 400, "The conditional request failed") as caught:
        table.put_item(TableName="items", Item={**item, "session": {"S": "second"}},
                       ConditionExpression="attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == item
    with aws_error("ConditionalCheckFailedException") as caught:
        table.put_item(TableName="items", Item=item, ConditionExpression="#s = :s",
                       ExpressionAttributeNames={"#s": "session"}, ExpressionAttributeValues={":s": {"S": "other"}})
    assert "Item" not in caught.value.response


def test_the_bridges_conditions_hold(table):
    """Registered by whom, and under which number (protocol: session = own and link < new)."""
    table.put_item(TableName="items", Item={"pk": {"S": "bridge"}, "session": {"S": "mine"}, "link": {"N": "9"}})

    def register(session: str, link: int):
        table.put_item(TableName="items",
                       Item={"pk": {"S": "bridge"}, "session": {"S": session}, "link": {"N": str(link)}},
                       ConditionExpression="#s = :s AND link < :l", ExpressionAttributeNames={"#s": "session"},
                       ExpressionAttributeValues={":s": {"S": session}, ":l": {"N": str(link)}})

    register("mine", 10)  # as numbers, not as text
    for session, link in (("mine", 10), ("mine", 9), ("theirs", 11)):
        with aws_error("ConditionalCheckFailedException"):
            register(session, link)


def test_an_update_writes_what_it_names(table):
    table.put_item(TableName="items", Item={"pk": {"S": "counter"}, "n": {"N": "1"}, "gone": {"S": "x"}})
    after = table.update_item(TableName="items", Key={"pk": {"S": "counter"}},
                              UpdateExpression="SET n = n + :two, #f = if_not_exists(#f, :first) REMOVE gone",
                              ExpressionAttributeNames={"#f": "first"}, ReturnValues="ALL_NEW",
                              ExpressionAttributeValues={":two": {"N": "2"}, ":first": {"S": "a"}})["Attributes"]
    assert after == {"pk": {"S": "counter"}, "n": {"N": "3"}, "first": {"S": "a"}}
    with aws_error("ConditionalCheckFailedException"):
        table.update_item(TableName="items", Key={"pk": {"S": "none"}}, UpdateExpression="SET n = :n",
                          ConditionExpression="attribute_exists(pk)", ExpressionAttributeValues={":n": {"N": "1"}})
    assert "Item" not in table.get_item(TableName="items", Key={"pk": {"S": "none"}})


def test_a_deleted_item_is_gone(table):
    table.put_item(TableName="items", Item={"pk": {"S": "going"}})
    old = table.delete_item(TableName="items", Key={"pk": {"S": "going"}}, ReturnValues="ALL_OLD")
    assert old["Attributes"] == {"pk": {"S": "going"}}
    assert "Item" not in table.get_item(TableName="items", Key={"pk": {"S": "going"}})


def test_what_breaks_the_rules_is_a_validation_error(table):
    with aws_error("ValidationException", 400):
        table.put_item(TableName="items", Item={"other": {"S": "no key"}})
    with aws_error("ValidationException", 400, "reserved keyword: session"):
        table.update_item(TableName="items", Key={"pk": {"S": "x"}}, UpdateExpression="SET session = :s",
                          ExpressionAttributeValues={":s": {"S": "x"}})
    with aws_error("ValidationException", 400, ":unused"):
        table.put_item(TableName="items", Item={"pk": {"S": "x"}}, ConditionExpression="attribute_not_exists(pk)",
                       ExpressionAttributeValues={":unused": {"S": "x"}})
    with aws_error("ResourceNotFoundException", 400):
        table.get_item(TableName="no-such-table", Key={"pk": {"S": "x"}})


def test_an_operation_of_dynamodb_that_is_not_there_is_refused_by_name(table):
    with not_implemented("dynamodb:ExecuteStatement"):
        table.execute_statement(Statement="SELECT * FROM items")
