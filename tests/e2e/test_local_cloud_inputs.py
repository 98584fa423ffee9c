"""No member of a request is silently ignored. For every operation that the local cloud has, each member of the input that botocore's
model gives it, at any depth, is one of three:
- the code of the operation reads it: its name on the wire stands in the operation's function or in what that calls;
- it is refused by name: sent in a request, it makes an error that names it;
- it stands in WITHOUT_EFFECT, with the reason why nothing depends on it.
A member that botocore learns and the local cloud does not know fails this."""

import copy
import json
from datetime import datetime, timezone

import botocore.session
import pytest
import requests
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from harness.errors import aws_error, not_implemented
from harness.functions import function, package, role, upload
from harness.sources import Part, knows
from harness.stacks import deploy, settled, template

FOLDERS = {"apigatewaymanagementapi": ["apigateway"], "apigatewayv2": ["apigateway"], "dynamodbstreams": ["dynamodb"],
           "lambda": ["lambda", "event_sources"], "scheduler": ["events"], "sts": ["iam"]}

# Operations that no table names with their function.
FUNCTIONS = {
    "apigatewaymanagementapi": {name: {"connections_api"} for name in ("DeleteConnection", "GetConnection", "PostToConnection")},
    "lambda": {"Invoke": {"invoke_operation"}, "InvokeWithResponseStream": {"stream_operation"},
               "ListFunctionEventInvokeConfigs": {"list"},
               **{f"{verb}FunctionEventInvokeConfig": {"act"} for verb in ("Delete", "Get", "Put", "Update")}},
    "s3": {"CopyObject": {"copy_object"}, "ListBuckets": {"list_buckets"}, "ListObjectsV2": {"list_objects"},
           "UploadPartCopy": {"upload_part_copy"}},
}
# Of a browser's form, which the SDKs do not have.
WITHOUT_MODEL = {("s3", "PostObject")}

# "Operation.Member" or "*.Member" by service: why ignoring it changes nothing.
WITHOUT_EFFECT: dict[str, dict[str, str]] = {
    "cloudformation": {
        "CreateChangeSet.Parameters.ResolvedValue": "of the answers, which have the same shape",
        "CreateStack.Parameters.ResolvedValue": "of the answers, which have the same shape",
        "UpdateStack.Parameters.ResolvedValue": "of the answers, which have the same shape",
        "DeleteStack.DeploymentConfig.DisableRollback": "a deletion is not rolled back",
        "RollbackStack.DeploymentConfig.DisableRollback": "a rollback is not rolled back",
        "*.DisableValidation": "no template is validated beyond what a deployment needs",
    },
    "events": {"*.Force": "for rules that AWS services manage: there are none"},
    "iam": {"*.ContextKeyType": "a condition's operator says what its values are"},
    "s3": {
        "*.RequestPayer": "no bucket's requesters pay: PutBucketRequestPayment is refused",
        "*.MFA": "of buckets with MFA delete, which is refused",
        "*.OptionalObjectAttributes": "asks for RestoreStatus, which only archived objects have: their classes are refused",
        "*.BucketKeyEnabled": "of KMS keys, which are refused",
        "PutBucketEncryption.ServerSideEncryptionConfiguration.Rules.BucketKeyEnabled": "of KMS keys, which are refused",
        "PutBucketEncryption.ServerSideEncryptionConfiguration.Rules.BlockedEncryptionTypes": "SSE-C, which is always refused",
        "PutBucketLifecycleConfiguration.TransitionDefaultMinimumObjectSize": "of transitions, which are refused",
        "PutBucketPolicy.ConfirmRemoveSelfBucketAccess": "confirms what nothing here asks to be confirmed",
    },
}


# --- Requests

def sample(shape: Shape, deep: int = 0):
    """Something of this shape."""
    kind = shape.type_name
    if kind == "structure":
        wanted = shape.required_members or list(shape.members)[:1]
        return {name: sample(shape.members[name], deep + 1) for name in wanted} if deep < 6 else {}
    if kind == "list":
        return [sample(shape.member, deep + 1)]
    if kind == "map":
        return {"name": sample(shape.value, deep + 1)}
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, shape.metadata.get("min", 1))
    if kind in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    return {"boolean": True, "blob": b"{}", "timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc)}.get(kind, 1.0)


def with_member(shape: Shape, given: dict, path: list[str]):
    """What the shape requires, taken from what is given by name, and the member at the path."""
    if shape.type_name == "list":
        return [with_member(shape.member, given, path)]
    if shape.type_name == "map":
        return {given.get("MapKey", "name"): with_member(shape.value, given, path)}
    if shape.type_name != "structure" or not path:
        return sample(shape)
    made = {name: given.get(name, sample(shape.members[name])) for name in shape.required_members}
    made[path[0]] = with_member(shape.members[path[0]], given, path[1:])
    return made


KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
DEFINITIONS = [{"AttributeName": "id", "AttributeType": "S"}]


@pytest.fixture(scope="module")
def things(cloud) -> dict[str, dict]:
    """What requests name, by service: one of each kind."""
    code = upload(cloud, "def handler(event, headers): return {}")
    outputs = deploy(cloud, "things", template({
        "Role": role(managed=("service-role/AWSLambdaSQSQueueExecutionRole",)), "Function": function(code),
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
            "FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}}},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "AttributeDefinitions": DEFINITIONS, "KeySchema": KEY,
            "GlobalSecondaryIndexes": [{"IndexName": "others", "KeySchema": KEY, "Projection": {"ProjectionType": "ALL"}}]}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)"}},
        "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "quiet"}},
        "Logs": {"Type": "AWS::Logs::LogGroup"},
        "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}}},
        outputs={"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "QueueArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                 "StreamArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
                 **{name: {"Ref": name} for name in ("Function", "Queue", "Topic", "Bucket", "Table", "Rule", "Secret", "Logs",
                                                     "Rest", "Mapping")}}))
    assumed = json.dumps({"Version": "2012-10-17", "Statement": []})
    return {
        "apigateway": {"restApiId": outputs["Rest"]},
        "cloudformation": {"StackName": "things", "ChangeSetName": "change", "DeleteStack": {"StackName": "other"}},
        "dynamodb": {"TableName": outputs["Table"], "MapKey": outputs["Table"], "Key": {"id": {"S": "a"}}, "Item": {"id": {"S": "a"}},
                     "IndexName": "others", "KeySchema": KEY,
                     "CreateTable": {"TableName": "other", "BillingMode": "PAY_PER_REQUEST", "KeySchema": KEY,
                                     "AttributeDefinitions": DEFINITIONS}},
        "dynamodbstreams": {"StreamArn": outputs["StreamArn"]},
        "events": {"Rule": outputs["Rule"], "Arn": outputs["QueueArn"]},
        "iam": {"PolicyDocument": assumed, "PolicyInputList": [assumed]},
        "lambda": {"FunctionName": outputs["Function"], "Role": outputs["RoleArn"], "UUID": outputs["Mapping"],
                   "Code": {"ZipFile": package("")}, "Content": {"ZipFile": package("")},
                   "CreateFunction": {"FunctionName": "other", "Runtime": "provided.al2023", "Handler": "index.handler"},
                   "CreateEventSourceMapping": {"EventSourceArn": outputs["QueueArn"]}},
        "logs": {"logGroupName": outputs["Logs"]},
        "s3": {"Bucket": outputs["Bucket"], "Key": "key", "CopySource": outputs["Bucket"] + "/key"},
        "scheduler": {"Arn": outputs["QueueArn"], "RoleArn": outputs["RoleArn"], "ScheduleExpression": "rate(1 day)",
                      "FlexibleTimeWindow": {"Mode": "OFF"}},
        "secretsmanager": {"SecretId": outputs["Secret"]},
        "sns": {"TopicArn": outputs["Topic"]},
        "sqs": {"QueueUrl": outputs["Queue"]},
        "sts": {"RoleArn": outputs["RoleArn"]}}


def is_refused(client, operation: OperationModel, given: dict, path: list[str]) -> bool:
    """Does a request with the member end in an error that names it, or in 501 for what it is in? (An answer to HEAD has no words:
    its status says it.)"""
    made = with_member(operation.input_shape, given, path)
    request = {**made, **given.get(operation.name, {}), path[0]: made[path[0]]}
    shape, named = operation.input_shape, []
    for name in path:
        while shape.type_name in ("list", "map"):
            if shape.type_name == "list" and shape.member.serialization.get("name"):
                named[-1] += [shape.member.serialization["name"]]
            shape = shape.member if shape.type_name == "list" else shape.value
        shape = shape.members[name]
        named.append([name, shape.serialization.get("name", name)])
    try:
        getattr(client, xform_name(operation.name))(**request)
    except ClientError as error:
        said = error.response["Error"].get("Message", "").lower()
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if operation.http["method"] == "HEAD":
            return status == 501
        return any(name.lower() in said for names in (named if status == 501 else named[-1:]) for name in names)
    return False


def ignored_members(operation: OperationModel, texts: set[str], reasons: dict[str, str], used: set[str], refuses) -> list[str]:
    """Those of the operation's input that are neither read, nor refused, nor have a reason. `used`: the reasons that are needed."""
    ignored = []

    def look(shape: Shape, path: list[str], around: list[str]):
        if shape.type_name in ("list", "map"):
            return look(shape.member if shape.type_name == "list" else shape.value, path, around)
        if shape.type_name != "structure" or shape.name in around:
            return
        for name, member in shape.members.items():
            here = [*path, name]
            if member.serialization.get("location") == "uri":
                continue
            whole = f"{operation.name}.{'.'.join(here)}"
            if knows(texts, member.serialization.get("name", name)):
                look(member, here, [*around, shape.name])
            elif found := {whole, f"*.{name}"} & set(reasons):
                used.update(found)
            elif not refuses(here):
                ignored.append(whole)

    look(operation.input_shape, [], [])
    return ignored


# --- What is held against them

@pytest.fixture(scope="module")
def operations(cloud) -> dict[str, list[str]]:
    return requests.get(cloud.endpoint + "/_local/capabilities", timeout=30).json()["services"]


SERVICES = sorted(["apigateway", "apigatewaymanagementapi", "apigatewayv2", "cloudformation", "dynamodb", "dynamodbstreams", "events",
                   "iam", "lambda", "logs", "s3", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "sts"])


def test_every_service_is_looked_at(operations):
    assert sorted(operations) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_no_member_is_silently_ignored(service, cloud, operations, things):
    part = Part(*FOLDERS.get(service, [service]))
    shared = part.shared()
    model = botocore.session.get_session().get_service_model(service)
    client = cloud.client(service, parameter_validation=False)
    given, reasons = things.get(service, {}), WITHOUT_EFFECT.get(service, {})
    ignored, used, looked_at = [], set(), 0
    for name in sorted(operations[service], key=lambda name: (name.startswith("Delete"), name)):
        if (service, name) in WITHOUT_MODEL:
            continue
        operation = model.operation_model(name)
        functions, row = part.row_of(f"{service}:{name}")
        for key in (name, f"{service}:{name}"):
            found, texts = part.row_of(key)
            functions, row = functions | found, row | texts
        functions |= FUNCTIONS.get(service, {}).get(name, set())
        assert functions, f"no function of {name} is found: name it in FUNCTIONS"
        looked_at += 1
        if operation.input_shape:
            ignored += ignored_members(operation, row | shared | part.reached(functions), reasons, used,
                                       lambda path, operation=operation: is_refused(client, operation, given, path))
    assert looked_at > 1 and not ignored, "\n".join(["Neither read, refused nor without effect:", *ignored])
    assert used == set(reasons), f"no longer needed: {set(reasons) - used}"


def test_a_member_that_nobody_reads_is_noticed():
    described = copy.deepcopy(Loader().load_service_model("ssm", "service-2"))
    request = described["shapes"]["PutParameterRequest"]["members"]
    request["Invented"] = {"shape": request["Description"]["shape"]}
    operation = ServiceModel(described).operation_model("PutParameter")
    part = Part("ssm")
    texts = part.shared() | part.reached({"put_parameter"})
    assert ignored_members(operation, texts, {}, set(), lambda path: False) == ["PutParameter.Invented"]
    without_tier = {text for text in texts if "tier" not in text.lower()}
    assert ignored_members(operation, without_tier, {}, set(), lambda path: path == ["Invented"]) == ["PutParameter.Tier"]


@pytest.mark.parametrize("service, operation, request_", [
    ("events", "PutRule", {"Name": "unknown-members", "ScheduleExpression": "rate(1 day)"}),
    ("secretsmanager", "CreateSecret", {"Name": "unknown-members"}),
    ("sqs", "CreateQueue", {"QueueName": "unknown-members"}),
    ("ssm", "PutParameter", {"Name": "unknown-members", "Value": "1", "Type": "String"})])
def test_what_no_service_knows_is_passed_over_as_aws_does(cloud, service, operation, request_):
    client = cloud.client(service)

    def add_member(params, **_):
        params["body"] = json.dumps({**json.loads(params["body"]), "Invented": {"By": "us"}}).encode()

    client.meta.events.register(f"before-call.{service}.{operation}", add_member)
    assert getattr(client, xform_name(operation))(**request_)["ResponseMetadata"]["HTTPStatusCode"] == 200


# --- Members that were passed over once

GROUP = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain"}
BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}


@pytest.mark.parametrize("gone", [False, True])
def test_a_rollback_takes_what_would_be_retained_if_asked_to(cloud, gone):
    stacks, name = cloud.client("cloudformation"), f"retained-{gone}".lower()
    logs = {**GROUP, "Properties": {"LogGroupName": f"/{name}"}}
    stacks.create_stack(StackName=name, RetainExceptOnCreate=gone,
                        TemplateBody=json.dumps(template({"Logs": logs, "Broken": {**BROKEN, "DependsOn": "Logs"}})))
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    left = cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/{name}")["logGroups"]
    assert [one["logGroupName"] for one in left] == ([] if gone else [f"/{name}"])


def test_a_stack_goes_with_the_role_that_its_deletion_names(cloud):
    deploy(cloud, "by-role", template({"Topic": {"Type": "AWS::SNS::Topic"}}))
    stacks = cloud.client("cloudformation")
    missing = "arn:aws:iam::123456789012:role/nobody"
    with aws_error("ValidationError", 400, "is invalid or cannot be assumed"):
        stacks.delete_stack(StackName="by-role", RoleARN=missing)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"Service": "cloudformation.amazonaws.com"}}]}
    arn = cloud.client("iam").create_role(RoleName="deleter", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    identity = stacks.describe_stacks(StackName="by-role")["Stacks"][0]["StackId"]
    stacks.delete_stack(StackName="by-role", RoleARN=arn)
    assert settled(cloud, identity)["StackStatus"] == "DELETE_COMPLETE" and cloud.stack(identity)["RoleARN"] == arn


def test_a_request_that_is_sent_again_is_done_once(cloud, things):
    stacks = cloud.client("cloudformation")
    wanted = {"StackName": "again", "ChangeSetName": "first", "ChangeSetType": "CREATE", "ClientToken": "one",
              "TemplateBody": json.dumps(template({"Topic": {"Type": "AWS::SNS::Topic"}}))}
    assert stacks.create_change_set(**wanted)["Id"] == stacks.create_change_set(**wanted)["Id"]
    with aws_error("AlreadyExistsException", 400):
        stacks.create_change_set(**{**wanted, "ClientToken": "two"})

    scheduler = cloud.client("scheduler")
    group = {"Name": "again", "ClientToken": "one"}
    assert scheduler.create_schedule_group(**group)["ScheduleGroupArn"] == scheduler.create_schedule_group(**group)["ScheduleGroupArn"]
    with aws_error("ConflictException", 409, "already exists"):
        scheduler.create_schedule_group(Name="again", ClientToken="two")
    with aws_error("ConflictException", 409, "ClientToken"):
        scheduler.create_schedule_group(Name="other", ClientToken="one")
    for _ in range(2):
        scheduler.delete_schedule_group(Name="again", ClientToken="three")
    with aws_error("ResourceNotFoundException", 404):
        scheduler.delete_schedule_group(Name="again")


@pytest.mark.parametrize("where", ["CreateStack", "CreateChangeSet"])
def test_a_deployment_configuration_decides_on_rollback(cloud, where):
    stacks, name = cloud.client("cloudformation"), f"left-{where}"
    wanted = {"StackName": name, "TemplateBody": json.dumps(template({"Broken": BROKEN})),
              "DeploymentConfig": {"Mode": "STANDARD", "DisableRollback": True}}
    if where == "CreateStack":
        stacks.create_stack(**wanted)
    else:
        made = stacks.create_change_set(**wanted, ChangeSetName="first", ChangeSetType="CREATE")["Id"]
        assert "StatusReason" not in stacks.describe_change_set(ChangeSetName=made)
        assert stacks.describe_change_set(ChangeSetName=made, IncludePropertyValues=True)["StatusReason"].startswith(
            "[WARN] --include-property-values option can return incomplete ChangeSet data")
        stacks.execute_change_set(ChangeSetName=made)
    assert settled(cloud, name)["StackStatus"] == "CREATE_FAILED"
    with not_implemented("CreateStack with DeploymentConfig.Mode EXPRESS"):
        stacks.create_stack(**{**wanted, "StackName": "other", "DeploymentConfig": {"Mode": "EXPRESS"}})


def test_a_secret_has_no_policy_but_the_default(cloud, things):
    secrets, secret = cloud.client("secretsmanager"), things["secretsmanager"]
    assert secrets.get_resource_policy(**secret, PolicyName="default")["Name"]
    with aws_error("ResourceNotFoundException", 400):
        secrets.get_resource_policy(**secret, PolicyName="other")
    with aws_error("InvalidParameterException", 400):
        secrets.put_resource_policy(**secret, PolicyName="other", ResourcePolicy="{}")


def test_keys_and_locks_of_objects_are_refused_wherever_they_are_named(cloud, things):
    s3, bucket = cloud.client("s3"), things["s3"]["Bucket"]
    s3.put_object(Bucket=bucket, Key="plain", Body=b"1")
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    with not_implemented("GetObject with x-amz-server-side-encryption-customer-"):
        s3.get_object(Bucket=bucket, Key="plain", **key)
    with not_implemented("UploadPart with x-amz-server-side-encryption-customer-"):
        s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload_id, PartNumber=1, Body=b"1", **key)
    with not_implemented("CopyObject with x-amz-copy-source-server-side-encryption-customer-"):
        s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/plain",
                       **{f"CopySource{name}": value for name, value in key.items()})
    with not_implemented("DeleteObject with x-amz-bypass-governance-retention"):
        s3.delete_object(Bucket=bucket, Key="plain", BypassGovernanceRetention=True)


def test_a_checksum_is_the_one_that_is_announced(cloud, things):
    s3, bucket = cloud.client("s3"), things["s3"]["Bucket"]

    def forget(request, **_):
        del request.headers["x-amz-checksum-crc32"]

    s3.meta.events.register("before-sign.s3.PutObjectTagging", forget)
    s3.put_object(Bucket=bucket, Key="summed", Body=b"1", ChecksumAlgorithm="SHA256")
    with aws_error("InvalidRequest", 400, "no corresponding x-amz-checksum-*"):
        s3.put_object_tagging(Bucket=bucket, Key="summed", ChecksumAlgorithm="CRC32", Tagging={"TagSet": []})
    made = s3.create_multipart_upload(Bucket=bucket, Key="joined", ChecksumAlgorithm="CRC32")
    part = s3.upload_part(Bucket=bucket, Key="joined", UploadId=made["UploadId"], PartNumber=1, Body=b"1", ChecksumAlgorithm="CRC32")
    whole = {"Bucket": bucket, "Key": "joined", "UploadId": made["UploadId"]}
    its = {"PartNumber": 1, "ETag": part["ETag"]}
    with aws_error("InvalidPart", 400):
        s3.complete_multipart_upload(**whole, MultipartUpload={"Parts": [
            {**its, "ChecksumCRC32": part["ChecksumCRC32"], "ChecksumSHA1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}]})
    parts = {"Parts": [{**its, "ChecksumCRC32": part["ChecksumCRC32"]}]}
    with aws_error("InvalidRequest", 400, "Checksum Type mismatch occurred"):
        s3.complete_multipart_upload(**whole, MultipartUpload=parts, ChecksumSHA1="2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
    assert s3.complete_multipart_upload(**whole, MultipartUpload=parts)["Key"] == "joined"
