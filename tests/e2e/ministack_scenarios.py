"""The calls and templates that go to both clouds: each scenario gives named answers, events and errors, and under "names"
the ids that the cloud chose."""

import json

import botocore.exceptions
import requests

from harness.functions import function, role, upload
from harness.processes import wait_until
from harness.stacks import deploy, template

SCENARIOS = {}


def scenario(run):
    SCENARIOS[run.__name__] = run
    return run


def error(call, **arguments) -> dict:
    """The code, the status and the message of a call that fails."""
    try:
        return {"answered": call(**arguments)}
    except botocore.exceptions.ClientError as failed:
        return {"code": failed.response["Error"]["Code"], "message": failed.response["Error"].get("Message"),
                "status": failed.response["ResponseMetadata"]["HTTPStatusCode"]}


def code(call, **arguments) -> str:
    return error(call, **arguments).get("code", "answered")


TABLE = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
                                  {"AttributeName": "owner", "AttributeType": "S"}],
         "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
         "GlobalSecondaryIndexes": [{"IndexName": "by-owner", "Projection": {"ProjectionType": "ALL"},
                                     "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}]}],
         "BillingMode": "PAY_PER_REQUEST"}


@scenario
def sts(cloud, _):
    return {"identity": cloud.client("sts").get_caller_identity()["Account"]}


@scenario
def s3_objects(cloud, _):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="objects")
    put = s3.put_object(Bucket="objects", Key="a/one.txt", Body=b"text", ContentType="text/plain", Metadata={"k": "v"})
    for key in ("a/two.txt", "b/three.txt", "four.txt"):
        s3.put_object(Bucket="objects", Key=key, Body=key.encode())
    got = s3.get_object(Bucket="objects", Key="a/one.txt")
    copied = s3.copy_object(Bucket="objects", Key="copy", CopySource="objects/a/one.txt")
    result = {
        "put": put["ETag"], "get": [got["Body"].read(), got["ContentType"], got["Metadata"], got["ETag"], got["ContentLength"]],
        "range": s3.get_object(Bucket="objects", Key="a/one.txt", Range="bytes=1-2")["Body"].read(),
        "copied": copied["CopyObjectResult"]["ETag"],
        "delimited": {key: value for key, value in s3.list_objects_v2(Bucket="objects", Delimiter="/").items()
                      if key in ("CommonPrefixes", "KeyCount", "IsTruncated")},
        "listed": [one["Key"] for one in s3.list_objects_v2(Bucket="objects", Prefix="a/")["Contents"]],
        "page": s3.list_objects_v2(Bucket="objects", MaxKeys=2)["IsTruncated"],
        "no key": error(s3.get_object, Bucket="objects", Key="none"),
        "no bucket": error(s3.list_objects_v2, Bucket="none-of-these"),
        "head": error(s3.head_object, Bucket="objects", Key="none"),
        "not empty": error(s3.delete_bucket, Bucket="objects"),
    }
    deleted = s3.delete_objects(Bucket="objects", Delete={"Objects": [{"Key": "a/one.txt"}, {"Key": "none"}]})
    result["deleted"] = sorted(one["Key"] for one in deleted["Deleted"])
    return result


@scenario
def s3_multipart(cloud, _):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="parts")
    upload_id = s3.create_multipart_upload(Bucket="parts", Key="large")["UploadId"]
    parts = [s3.upload_part(Bucket="parts", Key="large", UploadId=upload_id, PartNumber=at, Body=bytes([at]) * size)["ETag"]
             for at, size in ((1, 5 * 1024 * 1024), (2, 10))]
    done = s3.complete_multipart_upload(Bucket="parts", Key="large", UploadId=upload_id, MultipartUpload={
        "Parts": [{"PartNumber": at + 1, "ETag": etag} for at, etag in enumerate(parts)]})
    return {"etags": parts, "etag": done["ETag"], "size": s3.head_object(Bucket="parts", Key="large")["ContentLength"],
            "unknown": code(s3.list_parts, Bucket="parts", Key="large", UploadId=upload_id)}


@scenario
def dynamodb_items(cloud, _):
    db = cloud.client("dynamodb")
    db.create_table(TableName="Items", **TABLE)
    for at in range(5):
        db.put_item(TableName="Items", Item={"pk": {"S": "a"}, "sk": {"N": str(at)}, "owner": {"S": "me" if at % 2 else "you"},
                                             "list": {"L": [{"S": "x"}]}})
    key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    updated = db.update_item(
        TableName="Items", Key=key, ReturnValues="ALL_NEW", ExpressionAttributeNames={"#l": "list", "#o": "owner"},
        UpdateExpression="SET #l = list_append(#l, :more), n = if_not_exists(n, :zero) + :one REMOVE #o ADD tags :tags",
        ExpressionAttributeValues={":more": {"L": [{"N": "1.50"}]}, ":zero": {"N": "0"}, ":one": {"N": "1"},
                                   ":tags": {"SS": ["b", "a"]}})
    updated["Attributes"]["tags"]["SS"].sort()
    return {
        "updated": updated["Attributes"],
        "between": db.query(TableName="Items", KeyConditionExpression="pk = :p AND sk BETWEEN :a AND :b",
                            ExpressionAttributeValues={":p": {"S": "a"}, ":a": {"N": "1"}, ":b": {"N": "3"}},
                            ProjectionExpression="sk", ScanIndexForward=False),
        "index": db.query(TableName="Items", IndexName="by-owner", KeyConditionExpression="#o = :o", Select="COUNT",
                          ExpressionAttributeNames={"#o": "owner"}, ExpressionAttributeValues={":o": {"S": "me"}}),
        "filtered": db.scan(TableName="Items", FilterExpression="size(#l) > :n AND attribute_exists(pk)",
                            ExpressionAttributeNames={"#l": "list"}, ExpressionAttributeValues={":n": {"N": "1"}},
                            Select="COUNT"),
        "page": {key: value for key, value in db.query(
            TableName="Items", KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "a"}},
            Limit=2).items() if key in ("Count", "LastEvaluatedKey")},
        "condition": error(db.put_item, TableName="Items", Item=key, ConditionExpression="attribute_not_exists(pk)"),
        "no table": error(db.get_item, TableName="None", Key=key),
        "wrong key": code(db.get_item, TableName="Items", Key={"pk": {"S": "a"}}),
        "in use": code(db.create_table, TableName="Items", **TABLE),
        "batch": db.batch_get_item(RequestItems={"Items": {"Keys": [key], "ProjectionExpression": "sk"}})["Responses"],
        "transaction": code(db.transact_write_items, TransactItems=[
            {"Put": {"TableName": "Items", "Item": {"pk": {"S": "new"}, "sk": {"N": "1"}}}},
            {"ConditionCheck": {"TableName": "Items", "Key": {"pk": {"S": "none"}, "sk": {"N": "1"}},
                                "ConditionExpression": "attribute_exists(pk)"}}]),
        "rolled back": db.get_item(TableName="Items", Key={"pk": {"S": "new"}, "sk": {"N": "1"}}),
        "deleted": db.delete_item(TableName="Items", Key=key, ReturnValues="ALL_OLD")["Attributes"]["sk"],
    }


@scenario
def sqs_messages(cloud, _):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="messages", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    sent = sqs.send_message(QueueUrl=url, MessageBody="text ä", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}, "n": {"DataType": "Number", "StringValue": "1"}})
    got = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
    handle = got.pop("ReceiptHandle")
    invisible = sqs.receive_message(QueueUrl=url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    again = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    batch = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2"}])
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    got["Attributes"].pop("SenderId")
    return {
        "url": url, "sent": {key: value for key, value in sent.items() if key.startswith("MD5")}, "got": got,
        "invisible": invisible.get("Messages", []), "count": again["Attributes"],
        "batch": [one["Id"] for one in batch["Successful"]], "attributes": attributes,
        "same again": sqs.create_queue(QueueName="messages", Attributes={"VisibilityTimeout": "30"})["QueueUrl"] == url,
        "other attributes": code(sqs.create_queue, QueueName="messages", Attributes={"VisibilityTimeout": "31"}),
        "no queue": error(sqs.get_queue_url, QueueName="none"),
        "empty batch": code(sqs.send_message_batch, QueueUrl=url, Entries=[]),
        "same ids": code(sqs.send_message_batch, QueueUrl=url, Entries=[
            {"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}]),
        "bad handle": code(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle="x", VisibilityTimeout=1),
    }


def queue_of(cloud, name: str) -> tuple[str, str]:
    """A queue that every service may send to: its URL and its ARN."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]})})
    return url, arn


def take(cloud, url: str, count: int) -> list[dict]:
    """The bodies of so many messages, sorted."""
    sqs = cloud.client("sqs")
    found = []

    def enough():
        for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
            found.append(one)
        return len(found) >= count

    wait_until(enough, f"{count} messages")
    bodies = [json.loads(one["Body"]) if one["Body"].startswith("{") else one["Body"] for one in found]
    return sorted(bodies, key=lambda body: str(body["Message"] if "Message" in body else body))


@scenario
def sns_to_sqs(cloud, _):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    urls = {}
    for name, attributes in {"all": {}, "raw": {"RawMessageDelivery": "true"}, "red": {
            "FilterPolicy": json.dumps({"colour": ["red"], "n": [{"numeric": [">", 1]}]})}, "body": {
            "FilterPolicyScope": "MessageBody", "FilterPolicy": json.dumps({"kind": [{"prefix": "o"}]})}}.items():
        urls[name], arn = queue_of(cloud, f"news-{name}")
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    red = {"colour": {"DataType": "String", "StringValue": "red"}, "n": {"DataType": "Number", "StringValue": "2"}}
    sns.publish(TopicArn=topic, Message="one", Subject="about")
    sns.publish(TopicArn=topic, Message="two", MessageAttributes=red)
    sns.publish(TopicArn=topic, Message=json.dumps({"kind": "order"}))
    return {
        "all": take(cloud, urls["all"], 3), "raw": take(cloud, urls["raw"], 3), "red": take(cloud, urls["red"], 1),
        "body": take(cloud, urls["body"], 1), "no topic": error(sns.publish, TopicArn=topic + "x", Message="m"),
        "empty": code(sns.publish, TopicArn=topic, Message=""),
        "attributes": sorted(sns.get_topic_attributes(TopicArn=topic)["Attributes"]),
    }


@scenario
def events_to_sqs(cloud, _):
    events = cloud.client("events")
    url, arn = queue_of(cloud, "events")
    pattern = {"source": ["shop"], "detail": {"total": [{"numeric": [">=", 10]}], "kind": [{"anything-but": "test"}]}}
    rule = events.put_rule(Name="orders", EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule="orders", Targets=[
        {"Id": "whole", "Arn": arn}, {"Id": "path", "Arn": arn, "InputPath": "$.detail"},
        {"Id": "made", "Arn": arn, "InputTransformer": {"InputPathsMap": {"total": "$.detail.total"},
                                                        "InputTemplate": '{"sum": <total>, "rule": "<aws.events.rule-name>"}'}}])

    def entry(**detail) -> dict:
        return {"Source": "shop", "DetailType": "order", "Detail": json.dumps(detail), "Resources": ["r"]}

    put = events.put_events(Entries=[entry(total=12, kind="real"), entry(total=1, kind="real"), entry(total=20, kind="test"),
                                     {"Source": "shop", "DetailType": "order", "Detail": "no json"}])
    return {
        "put": [sorted(one) for one in put["Entries"]], "failed": put["FailedEntryCount"],
        "code": put["Entries"][3].get("ErrorCode"), "delivered": take(cloud, url, 3), "rule": rule,
        "described": {key: value for key, value in events.describe_rule(Name="orders").items() if key != "EventPattern"},
        "targets": [one["Id"] for one in events.list_targets_by_rule(Rule="orders")["Targets"]],
        "by target": events.list_rule_names_by_target(TargetArn=arn)["RuleNames"],
        "with targets": code(events.delete_rule, Name="orders"),
        "none": code(events.describe_rule, Name="none"),
        "bad pattern": code(events.put_rule, Name="bad", EventPattern="{"),
    }


@scenario
def ssm_parameters(cloud, _):
    ssm = cloud.client("ssm")
    put = [ssm.put_parameter(Name=f"/app/{name}", Value=name, Type="String")["Version"] for name in ("a", "b/c")]
    again = ssm.put_parameter(Name="/app/a", Value="new", Type="String", Overwrite=True)["Version"]
    by_path = ssm.get_parameters_by_path(Path="/app", Recursive=True)["Parameters"]
    return {
        "put": put, "again": again, "value": ssm.get_parameter(Name="/app/a")["Parameter"],
        "old": ssm.get_parameter(Name="/app/a:1")["Parameter"]["Value"],
        "one level": [one["Name"] for one in ssm.get_parameters_by_path(Path="/app")["Parameters"]],
        "path": sorted(one["Name"] for one in by_path),
        "some": ssm.get_parameters(Names=["/app/a", "/app/none"])["InvalidParameters"],
        "exists": code(ssm.put_parameter, Name="/app/a", Value="x", Type="String"),
        "none": code(ssm.get_parameter, Name="/app/none"),
        "history": [one["Value"] for one in ssm.get_parameter_history(Name="/app/a")["Parameters"]],
    }


@scenario
def logs(cloud, _):
    client = cloud.client("logs")
    client.create_log_group(logGroupName="/app")
    client.create_log_stream(logGroupName="/app", logStreamName="s")
    import time
    now = int(time.time() * 1000)
    client.put_log_events(logGroupName="/app", logStreamName="s", logEvents=[
        {"timestamp": now + at, "message": text} for at, text in enumerate(("INFO one", "ERROR two", '{"level":"ERROR","n":3}'))])
    return {
        "all": [one["message"] for one in client.get_log_events(logGroupName="/app", logStreamName="s", startFromHead=True)["events"]],
        "errors": [one["message"] for one in client.filter_log_events(logGroupName="/app", filterPattern="ERROR")["events"]],
        "streams": [one["logStreamName"] for one in client.describe_log_streams(logGroupName="/app")["logStreams"]],
        "exists": code(client.create_log_group, logGroupName="/app"),
        "none": code(client.get_log_events, logGroupName="/none", logStreamName="s"),
    }


# A function that keeps its events in a file, one a line.
KEEPING = """
import json, os

def handler(event, headers):
    with open(os.environ["INBOX"], "a") as file:
        file.write(json.dumps(event) + "\\n")
    return {"statusCode": 201, "headers": {"x-own": "yes", "content-type": "text/plain"}, "body": "made"}
"""


def keeping_stack(cloud, folder, name: str, resources: dict, outputs: dict | None = None, **statement):
    """A stack with the function Keep; where it keeps its events, and the outputs."""
    inbox = folder / f"{name}-{cloud.endpoint.rsplit(':', 1)[1]}"
    code = upload(cloud, KEEPING)
    keep = function(code, Environment={"Variables": {"INBOX": str(inbox)}})
    allow = [{"Effect": "Allow", "Action": ["sqs:*", "dynamodb:*"], "Resource": "*"}]
    return inbox, deploy(cloud, name, template({"Role": role(*allow), "Keep": keep, **resources}, outputs))


def kept(inbox, count: int = 1) -> list:
    def lines():
        found = inbox.read_text().splitlines() if inbox.exists() else []
        return found if len(found) >= count else None

    return [json.loads(line) for line in wait_until(lines, f"{count} events in {inbox.name}")]


def allowed(service: str, source) -> dict:
    return {"Type": "AWS::Lambda::Permission", "Properties": {
        "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Keep"}, "Principal": service, "SourceArn": source}}


@scenario
def sns_event(cloud, folder):
    inbox, outputs = keeping_stack(cloud, folder, "sns-event", {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "to-lambda"}},
        "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {
            "Protocol": "lambda", "TopicArn": {"Ref": "Topic"}, "Endpoint": {"Fn::GetAtt": ["Keep", "Arn"]}}},
        "Allow": allowed("sns.amazonaws.com", {"Ref": "Topic"})}, {"Topic": {"Ref": "Topic"}})
    cloud.client("sns").publish(TopicArn=outputs["Topic"], Message="text", Subject="about", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}})
    return {"event": kept(inbox)[0]}


@scenario
def sqs_event(cloud, folder):
    inbox, outputs = keeping_stack(cloud, folder, "sqs-event", {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "to-lambda", "VisibilityTimeout": 60}},
        "Source": {"Type": "AWS::Lambda::EventSourceMapping", "DependsOn": "Role", "Properties": {
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Keep"}, "BatchSize": 1}}},
        {"Queue": {"Ref": "Queue"}})
    cloud.client("sqs").send_message(QueueUrl=outputs["Queue"], MessageBody="text", MessageAttributes={
        "colour": {"DataType": "String", "StringValue": "red"}})
    return {"event": kept(inbox)[0]}


@scenario
def dynamodb_stream_event(cloud, folder):
    inbox, _ = keeping_stack(cloud, folder, "stream-event", {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": "to-lambda", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}},
        "Source": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]}, "FunctionName": {"Ref": "Keep"},
            "StartingPosition": "TRIM_HORIZON", "BatchSize": 1}}})
    db = cloud.client("dynamodb")
    db.put_item(TableName="to-lambda", Item={"pk": {"S": "a"}, "n": {"N": "1"}})
    db.put_item(TableName="to-lambda", Item={"pk": {"S": "a"}, "n": {"N": "2"}})
    db.delete_item(TableName="to-lambda", Key={"pk": {"S": "a"}})
    return {"events": kept(inbox, 3)}


@scenario
def s3_event(cloud, folder):
    inbox, _ = keeping_stack(cloud, folder, "s3-event", {
        "Allow": allowed("s3.amazonaws.com", "arn:aws:s3:::files-to-lambda"),
        "Files": {"Type": "AWS::S3::Bucket", "DependsOn": "Allow", "Properties": {
            "BucketName": "files-to-lambda", "NotificationConfiguration": {"LambdaConfigurations": [
                {"Event": "s3:ObjectCreated:*", "Function": {"Fn::GetAtt": ["Keep", "Arn"]}, "Filter": {"S3Key": {
                    "Rules": [{"Name": "prefix", "Value": "in/"}]}}}]}}}})
    s3 = cloud.client("s3")
    s3.put_object(Bucket="files-to-lambda", Key="out/a", Body=b"x")
    s3.put_object(Bucket="files-to-lambda", Key="in/a file+ä", Body=b"text")
    return {"event": kept(inbox)[0]}


@scenario
def rule_event(cloud, folder):
    inbox, _ = keeping_stack(cloud, folder, "rule-event", {
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {
            "Name": "to-lambda", "EventPattern": {"source": ["shop"]}, "Targets": [
                {"Id": "Keep", "Arn": {"Fn::GetAtt": ["Keep", "Arn"]}}]}},
        "Allow": allowed("events.amazonaws.com", {"Fn::GetAtt": ["Rule", "Arn"]})})
    cloud.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"n": 1}'}])
    return {"event": kept(inbox)[0]}


@scenario
def http_api_event(cloud, folder):
    inbox, outputs = keeping_stack(cloud, folder, "http-event", {
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "http", "ProtocolType": "HTTP"}},
        "Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0",
            "IntegrationUri": {"Fn::GetAtt": ["Keep", "Arn"]}}},
        "Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
            "ApiId": {"Ref": "Api"}, "RouteKey": "POST /things/{id}",
            "Target": {"Fn::Sub": "integrations/${Integration}"}}},
        "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True}},
        "Allow": allowed("apigateway.amazonaws.com",
                         {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"})},
        {"Api": {"Ref": "Api"}})
    return {"names": {outputs["Api"]: "<api>"}, "answer": request(cloud, outputs["Api"], "/things/a%20b?q=1&q=2&r=%C3%A4"), "event": kept(inbox)[0]}


@scenario
def rest_api_event(cloud, folder):
    inbox, outputs = keeping_stack(cloud, folder, "rest-event", {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}},
        "Things": {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "things"}},
        "Thing": {"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ParentId": {"Ref": "Things"}, "PathPart": "{id}"}},
        "Post": {"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": {"Ref": "Api"}, "ResourceId": {"Ref": "Thing"}, "HttpMethod": "POST", "AuthorizationType": "NONE",
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub":
                            "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Keep.Arn}/invocations"}}}},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": "Post", "Properties": {
            "RestApiId": {"Ref": "Api"}, "StageName": "live"}},
        "Allow": allowed("apigateway.amazonaws.com",
                         {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"})},
        {"Api": {"Ref": "Api"}})
    return {"names": {outputs["Api"]: "<api>"}, "answer": request(cloud, outputs["Api"], "/live/things/a%20b?q=1&q=2&r=%C3%A4"), "event": kept(inbox)[0]}


def request(cloud, api: str, path: str) -> dict:
    """A POST to the API, by the host name that both know."""
    port = cloud.endpoint.rsplit(":", 1)[1]
    answer = requests.post(cloud.endpoint + path, data="text", timeout=60, headers={
        "Host": f"{api}.execute-api.localhost:{port}", "Content-Type": "text/plain", "X-Own": "value", "User-Agent": "tests"})
    return {"status": answer.status_code, "body": answer.text, "own": answer.headers.get("x-own")}


@scenario
def stack_values(cloud, _):
    """What Ref, GetAtt and the functions give, by type."""
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "values"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "values"}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "values"}},
        "Role": role(), "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": "/values", "Type": "String", "Value": "v"}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"Name": "values", "ScheduleExpression": "rate(1 day)"}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/values"}}}
    resources["Role"]["Properties"]["RoleName"] = "values"
    outputs = {"Refs": {"Fn::Join": [" ", [{"Ref": name} for name in resources]]},
               **{name + "Arn": {"Fn::GetAtt": [name, "Arn"]} for name in ("Queue", "Bucket", "Role", "Rule", "Group")},
               "TopicName": {"Fn::GetAtt": ["Topic", "TopicName"]}, "QueueName": {"Fn::GetAtt": ["Queue", "QueueName"]},
               "Domain": {"Fn::GetAtt": ["Bucket", "DomainName"]}, "Value": {"Fn::GetAtt": ["Parameter", "Value"]},
               "Select": {"Fn::Select": [1, {"Fn::Split": [",", "a,b,c"]}]}, "Sub": {"Fn::Sub": ["${A}-${AWS::Region}", {"A": "x"}]},
               "Cidr": {"Fn::Join": [",", {"Fn::Cidr": ["10.0.0.0/24", 2, 6]}]}, "Base64": {"Fn::Base64": "text"},
               "If": {"Fn::If": ["Yes", "then", "else"]}, "Map": {"Fn::FindInMap": ["M", "a", "b"]},
               "Partition": {"Ref": "AWS::Partition"}, "Suffix": {"Ref": "AWS::URLSuffix"}}
    values = deploy(cloud, "values", template(resources, outputs, Mappings={"M": {"a": {"b": "found"}}},
                                              Conditions={"Yes": {"Fn::Equals": ["a", "a"]}}))
    formation = cloud.client("cloudformation")
    return {"outputs": values, "statuses": sorted({one["ResourceStatus"] for one in
                                                   formation.describe_stack_resources(StackName="values")["StackResources"]}),
            "none": error(formation.describe_stacks, StackName="none"),
            "bad template": code(formation.validate_template, TemplateBody="{}")}
