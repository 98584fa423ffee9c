"""botocore's models against the answers of the local cloud: no member that AWS does not have, none missing that AWS
requires, no value outside of an enumeration."""

import json

import pytest

from harness import functions, judges
from harness.processes import wait_until
from harness.signing import http_url
from harness.stacks import OFTEN, SAM, template

CODE = "def handler(event, headers):\n    print('a line')\n    return event\n"


@pytest.fixture(scope="module")
def judge():
    judges.module("botocore", "botocore")
    from harness.models import Judge
    return Judge()


@pytest.fixture(scope="module")
def account(cloud, judge):
    """client(service): one whose answers are judged."""
    clients = {}

    def client(service: str, **more):
        if service not in clients:
            clients[service] = judge.watch(cloud.client(service, **more))
        return clients[service]

    return client


@pytest.fixture(scope="module")
def stack(cloud, account) -> dict[str, str]:
    code = functions.upload(cloud, CODE)
    formation = account("cloudformation")
    text = json.dumps(template(
        {"Role": functions.role(), "Echo": functions.function(code, FunctionName="echo", Tags=[
            {"Key": "a", "Value": "b"}]),
         "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "about"}},
         "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": {
             "Protocol": "lambda", "TopicArn": {"Ref": "Topic"}, "Endpoint": {"Fn::GetAtt": ["Echo", "Arn"]}}},
         "Allow": {"Type": "AWS::Lambda::Permission", "Properties": {
             "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Echo"}, "Principal": "sns.amazonaws.com",
             "SourceArn": {"Ref": "Topic"}}},
         "Table": {"Type": "AWS::Serverless::SimpleTable"},
         "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
             "Name": "sockets", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}},
         "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
             "ApiId": {"Ref": "Api"}, "StageName": "live", "AutoDeploy": True}}},
        {"Topic": {"Ref": "Topic"}, "Table": {"Ref": "Table"}, "Role": {"Ref": "Role"},
         "Url": {"Fn::Sub": "wss://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"}},
        Transform=SAM, Parameters={"Word": {"Type": "String", "Default": "x", "Description": "any"}},
        Description="of the judge"))
    given = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"], "Tags": [{"Key": "t", "Value": "v"}],
             "Parameters": [{"ParameterKey": "Word", "ParameterValue": "y"}]}
    formation.validate_template(TemplateBody=text)
    formation.get_template_summary(TemplateBody=text)
    formation.create_change_set(StackName="judged", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=text,
                                Description="the first", **given)
    formation.get_waiter("change_set_create_complete").wait(StackName="judged", ChangeSetName="first",
                                                            WaiterConfig=OFTEN)
    formation.describe_stacks(StackName="judged")
    formation.list_change_sets(StackName="judged")
    formation.execute_change_set(StackName="judged", ChangeSetName="first")
    formation.describe_stack_events(StackName="judged")
    formation.get_waiter("stack_create_complete").wait(StackName="judged", WaiterConfig=OFTEN)
    return cloud.outputs("judged")


def test_cloudformation_answers_by_its_model(cloud, account, judge, stack):
    formation = account("cloudformation")
    formation.describe_stacks()
    formation.list_stacks()
    formation.describe_stack_resource(StackName="judged", LogicalResourceId="Topic")
    formation.describe_stack_resources(StackName="judged")
    formation.list_stack_resources(StackName="judged")
    formation.list_exports()
    formation.get_template(StackName="judged", TemplateStage="Processed")
    changed = json.dumps(template({"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "named"}}}))
    formation.create_change_set(StackName="judged", ChangeSetName="second", TemplateBody=changed)
    formation.describe_change_set(StackName="judged", ChangeSetName="second")
    formation.delete_change_set(StackName="judged", ChangeSetName="second")
    formation.update_termination_protection(StackName="judged", EnableTerminationProtection=False)
    formation.create_stack(StackName="going", TemplateBody=changed)
    formation.get_waiter("stack_create_complete").wait(StackName="going", WaiterConfig=OFTEN)
    formation.update_stack(StackName="going", TemplateBody=json.dumps(template(
        {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "other"}}})))
    formation.get_waiter("stack_update_complete").wait(StackName="going", WaiterConfig=OFTEN)
    formation.describe_stack_events(StackName="going")
    formation.delete_stack(StackName="going")
    assert not judge.found, "\n".join(judge.found)


def test_identities_and_functions_answer_by_their_models(cloud, account, judge, stack):
    sts, iam, functions_api = account("sts"), account("iam"), account("lambda")
    sts.get_caller_identity()
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="judged", Description="d", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.get_role(RoleName="judged")
    iam.put_role_policy(RoleName="judged", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}))
    iam.get_role_policy(RoleName="judged", PolicyName="p")
    iam.list_role_policies(RoleName="judged")
    iam.list_attached_role_policies(RoleName=stack["Role"])
    sts.assume_role(RoleArn=role["Arn"], RoleSessionName="judged")
    functions_api.invoke(FunctionName="echo", Payload=b"{}", LogType="Tail")["Payload"].read()
    functions_api.get_function(FunctionName="echo")
    functions_api.get_function_configuration(FunctionName="echo")
    functions_api.list_functions()
    functions_api.get_policy(FunctionName="echo")
    assert not judge.found, "\n".join(judge.found)


def test_stores_and_topics_answer_by_their_models(cloud, account, judge, stack):
    s3, dynamodb, sns = account("s3"), account("dynamodb"), account("sns")
    s3.create_bucket(Bucket="judged")
    s3.put_object(Bucket="judged", Key="a/b", Body=b"x")
    s3.get_object(Bucket="judged", Key="a/b")["Body"].read()
    s3.head_object(Bucket="judged", Key="a/b")
    s3.copy_object(Bucket="judged", Key="c", CopySource="judged/a/b")
    s3.list_objects_v2(Bucket="judged", Delimiter="/")
    s3.list_buckets()
    s3.get_bucket_location(Bucket="judged")
    s3.delete_objects(Bucket="judged", Delete={"Objects": [{"Key": "c"}]})
    s3.delete_object(Bucket="judged", Key="a/b")
    s3.delete_bucket(Bucket="judged")
    table = stack["Table"]
    dynamodb.list_tables()
    dynamodb.describe_table(TableName=table)
    dynamodb.create_table(TableName="judged", BillingMode="PAY_PER_REQUEST",
                          AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                          KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    item = {"id": {"S": "1"}, "n": {"N": "1"}, "l": {"L": [{"BOOL": True}]}, "b": {"B": b"x"}}
    dynamodb.put_item(TableName=table, Item=item, ReturnValues="ALL_OLD")
    dynamodb.get_item(TableName=table, Key={"id": {"S": "1"}})
    dynamodb.update_item(TableName=table, Key={"id": {"S": "1"}}, UpdateExpression="SET n = n + :n",
                         ExpressionAttributeValues={":n": {"N": "1"}}, ReturnValues="ALL_NEW")
    dynamodb.query(TableName=table, KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "1"}})
    dynamodb.scan(TableName=table)
    dynamodb.delete_item(TableName=table, Key={"id": {"S": "1"}}, ReturnValues="ALL_OLD")
    dynamodb.delete_table(TableName="judged")
    sns.list_topics()
    sns.get_topic_attributes(TopicArn=stack["Topic"])
    sns.list_subscriptions_by_topic(TopicArn=stack["Topic"])
    sns.publish(TopicArn=stack["Topic"], Message="m")
    topic = sns.create_topic(Name="judged")["TopicArn"]
    sns.delete_topic(TopicArn=topic)
    assert not judge.found, "\n".join(judge.found)


def test_logs_and_connections_answer_by_their_models(cloud, account, judge, stack):
    cloud.invoke("echo", {})
    logs = account("logs")
    wait_until(lambda: logs.filter_log_events(logGroupName="/aws/lambda/echo")["events"], "the function's log")
    logs.describe_log_groups()
    streams = logs.describe_log_streams(logGroupName="/aws/lambda/echo")["logStreams"]
    logs.get_log_events(logGroupName="/aws/lambda/echo", logStreamName=streams[0]["logStreamName"], startFromHead=True)
    logs.create_log_group(logGroupName="judged")
    logs.create_log_stream(logGroupName="judged", logStreamName="s")
    logs.put_log_events(logGroupName="judged", logStreamName="s", logEvents=[{
        "timestamp": cloud_now(logs), "message": "m"}])
    logs.put_retention_policy(logGroupName="judged", retentionInDays=7)
    logs.delete_log_group(logGroupName="judged")

    import websockets.sync.client
    management = account("apigatewaymanagementapi", endpoint=http_url(stack["Url"]))
    with websockets.sync.client.connect(stack["Url"], proxy=None) as socket:
        socket.send("{}")
        own_id = json.loads(socket.recv(timeout=30))["connectionId"]
        management.get_connection(ConnectionId=own_id)
        management.post_to_connection(ConnectionId=own_id, Data=b"x")
        management.delete_connection(ConnectionId=own_id)
    assert not judge.found, "\n".join(judge.found)


def cloud_now(logs) -> int:
    """Milliseconds by the account's clock: of the last event that it wrote."""
    return logs.filter_log_events(logGroupName="/aws/lambda/echo")["events"][-1]["timestamp"]


def test_the_judge_has_judged_and_sees_what_is_wrong(judge):
    assert len(judge.judged) > 50, sorted(judge.judged)
    import botocore.session
    from harness.models import Judge
    model = botocore.session.get_session().get_service_model("sts").operation_model("GetCallerIdentity")
    strict = Judge()
    strict._judge(model, b"<R><GetCallerIdentityResult><Colour>red</Colour></GetCallerIdentityResult></R>")
    assert strict.found == ["/Colour is not in the model"]
