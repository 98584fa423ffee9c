"""Secrets Manager, driven by boto3; its secrets as parameters of SSM and in dynamic references."""

import json
import re
import uuid

import boto3
import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import function, role, upload
from harness.local_cloud import LocalCloud
from harness.stacks import deploy, settled, template

DAY = 24 * 3600 * 1000
NOT_FOUND = "Secrets Manager can't find the specified secret."
MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.fixture(scope="module")
def cloud(module_processes, tmp_path_factory):
    return LocalCloud(tmp_path_factory.mktemp("secrets"), "--test-clock")


@pytest.fixture(scope="module")
def secrets(cloud):
    return cloud.client("secretsmanager")


def as_role(cloud, name: str, *statements: dict, service="secretsmanager"):
    """A client with the rights of a new role."""
    iam = cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                     "Principal": {"AWS": "123456789012"}}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))
    keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="tester")["Credentials"]
    return boto3.client(service, endpoint_url=cloud.endpoint, region_name=cloud.region, aws_access_key_id=keys["AccessKeyId"],
                        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])


def test_a_secret_comes_back_by_name_and_arn(secrets):
    made = secrets.create_secret(Name="app/db", SecretString="first", Description="Of the database",
                                 Tags=[{"Key": "team", "Value": "blue"}])
    assert re.fullmatch(r"arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-[A-Za-z0-9]{6}", made["ARN"])
    for name in ("app/db", made["ARN"], made["ARN"][:-7]):
        got = secrets.get_secret_value(SecretId=name)
        assert (got["SecretString"], got["VersionId"], got["VersionStages"]) == ("first", made["VersionId"], ["AWSCURRENT"])
    described = secrets.describe_secret(SecretId="app/db")
    assert described["Description"] == "Of the database" and described["Tags"] == [{"Key": "team", "Value": "blue"}]
    assert described["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]} and "LastAccessedDate" in described
    secrets.create_secret(Name="bytes", SecretBinary=b"\0\1")
    assert secrets.get_secret_value(SecretId="bytes")["SecretBinary"] == b"\0\1"
    secrets.create_secret(Name="empty")
    with aws_error("ResourceNotFoundException", 400, "secret value for staging label: AWSCURRENT"):
        secrets.get_secret_value(SecretId="empty")


def test_what_is_not_there_is_not_found(secrets):
    for call in (secrets.get_secret_value, secrets.describe_secret, secrets.list_secret_version_ids, secrets.delete_secret,
                 secrets.restore_secret, secrets.get_resource_policy, secrets.delete_resource_policy):
        with aws_error("ResourceNotFoundException", 400, NOT_FOUND):
            call(SecretId="none")
    for call, more in ((secrets.put_secret_value, {"SecretString": "x"}), (secrets.update_secret, {"Description": "x"}),
                       (secrets.tag_resource, {"Tags": []}), (secrets.untag_resource, {"TagKeys": []}),
                       (secrets.put_resource_policy, {"ResourcePolicy": "{}"})):
        with aws_error("ResourceNotFoundException", 400, NOT_FOUND):
            call(SecretId="none", **more)


def test_a_secret_is_made_once_and_of_what_it_may_be(secrets):
    token = str(uuid.uuid4())
    made = secrets.create_secret(Name="once", SecretString="x", ClientRequestToken=token)
    assert made["VersionId"] == token
    assert secrets.create_secret(Name="once", SecretString="x", ClientRequestToken=token)["ARN"] == made["ARN"]
    with aws_error("ResourceExistsException", 400, "The operation failed because the secret once already exists."):
        secrets.create_secret(Name="once", SecretString="y", ClientRequestToken=token)
    with aws_error("ResourceExistsException", 400):
        secrets.create_secret(Name="once", SecretString="x")
    with aws_error("ValidationException", 400, "Invalid name."):
        secrets.create_secret(Name="a b", SecretString="x")
    with aws_error("ValidationException", 400, "less than or equal to 512"):
        secrets.create_secret(Name="n" * 513, SecretString="x")
    secrets.create_secret(Name="n" * 512, SecretString="x" * 65536)
    with aws_error("ValidationException", 400, "less than or equal to 65536"):
        secrets.create_secret(Name="large", SecretString="x" * 65537)
    with aws_error("ValidationException", 400, "less than or equal to 65536"):
        secrets.create_secret(Name="large", SecretBinary=b"x" * 65537)
    with aws_error("ValidationException", 400, "less than or equal to 2048"):
        secrets.create_secret(Name="large", Description="x" * 2049)
    with aws_error("InvalidParameterException", 400, "You can't specify both"):
        secrets.create_secret(Name="both", SecretString="x", SecretBinary=b"x")
    with aws_error("InvalidParameterException", 400, "ClientRequestToken must be 32-64 characters long."):
        secrets.create_secret(Name="token", SecretString="x", ClientRequestToken="t" * 65)
    with aws_error("InvalidParameterException", 400, "at most 50 tags"):
        secrets.create_secret(Name="tags", Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)])
    with aws_error("ResourceNotFoundException"):
        secrets.describe_secret(SecretId="tags")


def test_versions_bear_labels_that_move(secrets):
    first = secrets.create_secret(Name="versions", SecretString="1")["VersionId"]
    token = str(uuid.uuid4())
    second = secrets.put_secret_value(SecretId="versions", SecretString="2", ClientRequestToken=token)
    assert (second["VersionId"], second["VersionStages"]) == (token, ["AWSCURRENT"])
    assert secrets.put_secret_value(SecretId="versions", SecretString="2", ClientRequestToken=token)["VersionId"] == token
    with aws_error("ResourceExistsException", 400, "already in use for a version of secret"):
        secrets.put_secret_value(SecretId="versions", SecretString="other", ClientRequestToken=token)
    value = lambda **which: secrets.get_secret_value(SecretId="versions", **which)["SecretString"]
    assert (value(), value(VersionStage="AWSPREVIOUS"), value(VersionId=first)) == ("2", "1", "1")
    third = secrets.put_secret_value(SecretId="versions", SecretString="3", VersionStages=["mine"])["VersionId"]
    assert (value(), value(VersionStage="mine")) == ("2", "3")
    with aws_error("InvalidRequestException", 400, "VersionStage that is not associated to the provided VersionId"):
        value(VersionId=third, VersionStage="AWSCURRENT")
    with aws_error("ResourceNotFoundException", 400, "secret value for VersionId: " + "0" * 36):
        value(VersionId="0" * 36)
    with aws_error("ResourceNotFoundException", 400, "secret value for staging label: nothing"):
        value(VersionStage="nothing")
    with aws_error("InvalidRequestException", 400, "You must provide either SecretString or SecretBinary."):
        secrets.put_secret_value(SecretId="versions")
    with aws_error("LimitExceededException", 400):
        secrets.put_secret_value(SecretId="versions", SecretString="x", VersionStages=[f"s{n}" for n in range(21)])
    updated = secrets.update_secret(SecretId="versions", SecretString="4", Description="new")["VersionId"]
    assert (value(), value(VersionStage="AWSPREVIOUS")) == ("4", "2")
    assert "VersionId" not in secrets.update_secret(SecretId="versions", Description="newer")
    assert secrets.describe_secret(SecretId="versions")["Description"] == "newer"
    ids = lambda **more: [one["VersionId"] for one in secrets.list_secret_version_ids(SecretId="versions", **more)["Versions"]]
    assert ids() == [token, third, updated] and ids(IncludeDeprecated=True) == [first, token, third, updated]
    page = secrets.list_secret_version_ids(SecretId="versions", MaxResults=2)
    assert len(page["Versions"]) == 2 and ids(NextToken=page["NextToken"]) == [updated]


def test_a_hundred_versions_and_those_of_a_day_are_kept(cloud, secrets):
    secrets.create_secret(Name="many", SecretString="0")
    for number in range(1, 104):
        secrets.put_secret_value(SecretId="many", SecretString=str(number))

    def count():
        page = secrets.list_secret_version_ids(SecretId="many", IncludeDeprecated=True)
        rest = {"Versions": []}
        if "NextToken" in page:
            rest = secrets.list_secret_version_ids(SecretId="many", IncludeDeprecated=True, NextToken=page["NextToken"])
        return len(page["Versions"]) + len(rest["Versions"])

    assert count() == 104
    cloud.advance(DAY + 1000)
    secrets.put_secret_value(SecretId="many", SecretString="last")
    assert count() == 100


def test_secrets_are_listed_by_filters_and_pages(secrets):
    for name, text in (("list/a", "Alpha Beta"), ("list/b", "gamma"), ("list/c", "")):
        secrets.create_secret(Name=name, Description=text, SecretString=name)
    secrets.tag_resource(SecretId="list/b", Tags=[{"Key": "colour", "Value": "green"}])
    def listed(*filters, **more):
        pages = secrets.get_paginator("list_secrets").paginate(
            Filters=[{"Key": key, "Values": [value]} for key, value in (("name", "list/"), *filters)], **more)
        return [one["Name"] for page in pages for one in page["SecretList"]]
    assert listed() == listed(PaginationConfig={"PageSize": 1}) == ["list/a", "list/b", "list/c"]
    assert listed(SortOrder="desc") == ["list/c", "list/b", "list/a"]
    assert listed(("description", "beta")) == ["list/a"] and listed(("name", "!list/a")) == ["list/b", "list/c"]
    assert listed(("tag-key", "col")) == listed(("tag-value", "green")) == ["list/b"]
    with not_implemented("ListSecrets with the filter owning-service"):
        listed(("owning-service", "x"))
    with aws_error("InvalidNextTokenException", 400):
        secrets.list_secrets(NextToken="x")
    with aws_error("InvalidParameterException", 400):
        secrets.list_secrets(MaxResults=101)
    batch = secrets.batch_get_secret_value(SecretIdList=["list/a", "none"])
    assert [one["SecretString"] for one in batch["SecretValues"]] == ["list/a"]
    assert [(one["SecretId"], one["ErrorCode"]) for one in batch["Errors"]] == [("none", "ResourceNotFoundException")]
    found = secrets.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["list/"]}])["SecretValues"]
    assert [one["Name"] for one in found] == ["list/a", "list/b", "list/c"]
    with aws_error("InvalidParameterException", 400):
        secrets.batch_get_secret_value()
    secrets.untag_resource(SecretId="list/b", TagKeys=["colour"])
    assert "Tags" not in secrets.describe_secret(SecretId="list/b")


def test_a_deleted_secret_can_be_restored_until_its_window_ends(cloud, secrets):
    secrets.create_secret(Name="gone", SecretString="x")
    with aws_error("InvalidParameterException", 400, "must be between 7 and 30 days (inclusive)."):
        secrets.delete_secret(SecretId="gone", RecoveryWindowInDays=6)
    with aws_error("InvalidParameterException", 400, "in conjunction with RecoveryWindowInDays."):
        secrets.delete_secret(SecretId="gone", RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    until = secrets.delete_secret(SecretId="gone", RecoveryWindowInDays=7)["DeletionDate"]
    assert secrets.describe_secret(SecretId="gone")["DeletedDate"] == until
    for call, more in ((secrets.get_secret_value, {}), (secrets.put_secret_value, {"SecretString": "y"}),
                       (secrets.update_secret, {"SecretString": "y"}), (secrets.delete_secret, {}),
                       (secrets.tag_resource, {"Tags": []})):
        with aws_error("InvalidRequestException", 400, MARKED):
            call(SecretId="gone", **more)
    with aws_error("InvalidRequestException", 400, "already scheduled for deletion"):
        secrets.create_secret(Name="gone", SecretString="x")
    named = [{"Key": "name", "Values": ["gone"]}]
    assert secrets.list_secrets(Filters=named)["SecretList"] == []
    assert len(secrets.list_secrets(Filters=named, IncludePlannedDeletion=True)["SecretList"]) == 1
    secrets.restore_secret(SecretId="gone")
    assert secrets.get_secret_value(SecretId="gone")["SecretString"] == "x"
    secrets.delete_secret(SecretId="gone", RecoveryWindowInDays=7)
    cloud.advance(7 * DAY - 60_000)
    secrets.describe_secret(SecretId="gone")
    cloud.advance(60_000)
    with aws_error("ResourceNotFoundException", 400, NOT_FOUND):
        secrets.restore_secret(SecretId="gone")
    secrets.create_secret(Name="gone", SecretString="again")
    secrets.delete_secret(SecretId="gone")
    secrets.delete_secret(SecretId="gone", ForceDeleteWithoutRecovery=True)
    assert secrets.delete_secret(SecretId="gone", ForceDeleteWithoutRecovery=True)["Name"] == "gone"
    secrets.create_secret(Name="gone", SecretString="new")


def test_passwords_are_random(secrets):
    password = secrets.get_random_password(PasswordLength=40, ExcludePunctuation=True, ExcludeCharacters="abc")["RandomPassword"]
    assert re.fullmatch("[A-Zd-z0-9]{40}", password)
    assert len(secrets.get_random_password()["RandomPassword"]) == 32
    with aws_error("InvalidParameterException", 400):
        secrets.get_random_password(PasswordLength=3)


def test_roles_and_policies_decide(cloud, secrets):
    arn = secrets.create_secret(Name="guarded", SecretString="x", Tags=[{"Key": "team", "Value": "blue"}])["ARN"]
    reader = as_role(cloud, "reader", {
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*", "Condition": {"StringEquals": {
            "secretsmanager:ResourceTag/team": "blue", "secretsmanager:VersionStage": "AWSCURRENT"}}})
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Resource": "*",
                                                    "Action": "secretsmanager:GetSecretValue"}]}
    with aws_error("AccessDeniedException", 400):
        reader.get_secret_value(SecretId="guarded")
    assert reader.get_secret_value(SecretId="guarded", VersionStage="AWSCURRENT")["SecretString"] == "x"
    for call in (reader.describe_secret, reader.delete_secret, reader.list_secret_version_ids):
        with aws_error("AccessDeniedException", 400, f"on resource: {arn}"):
            call(SecretId="guarded")
    with aws_error("AccessDeniedException", 400, "secretsmanager:ListSecrets"):
        reader.list_secrets()
    assert secrets.put_resource_policy(SecretId="guarded", ResourcePolicy=json.dumps(deny))["ARN"] == arn
    assert json.loads(secrets.get_resource_policy(SecretId="guarded")["ResourcePolicy"]) == deny
    with aws_error("AccessDeniedException", 400):
        reader.get_secret_value(SecretId="guarded", VersionStage="AWSCURRENT")
    allow = json.dumps(deny).replace("Deny", "Allow").replace("Get", "*")
    with aws_error("PublicPolicyException", 400):
        secrets.put_resource_policy(SecretId="guarded", ResourcePolicy=allow, BlockPublicPolicy=True)
    with aws_error("MalformedPolicyDocumentException", 400, "This resource policy contains a syntax error."):
        secrets.put_resource_policy(SecretId="guarded", ResourcePolicy="{")
    secrets.delete_resource_policy(SecretId="guarded")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="guarded")
    assert reader.get_secret_value(SecretId="guarded", VersionStage="AWSCURRENT")["SecretString"] == "x"


def test_what_is_not_there_is_refused_by_name(secrets):
    for name, call in {"RotateSecret": lambda: secrets.rotate_secret(SecretId="x"),
                       "CancelRotateSecret": lambda: secrets.cancel_rotate_secret(SecretId="x"),
                       "UpdateSecretVersionStage": lambda: secrets.update_secret_version_stage(SecretId="x", VersionStage="y"),
                       "CreateSecret with KmsKeyId alias/own": lambda: secrets.create_secret(Name="k", KmsKeyId="alias/own"),
                       "CreateSecret with AddReplicaRegions": lambda: secrets.create_secret(
                           Name="k", AddReplicaRegions=[{"Region": "eu-west-1"}])}.items():
        with not_implemented(name):
            call()


def test_parameters_stand_for_secrets(cloud, secrets):
    ssm = cloud.client("ssm")
    first = secrets.create_secret(Name="bridge", SecretString="old")["VersionId"]
    secrets.put_secret_value(SecretId="bridge", SecretString="new")
    name = "/aws/reference/secretsmanager/bridge"
    with aws_error("ValidationException", 400, "WithDecryption flag must be True"):
        ssm.get_parameter(Name=name)
    got = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    assert (got["Name"], got["Type"], got["Value"]) == (name, "SecureString", "new")
    assert json.loads(got["SourceResult"])["Name"] == "bridge"
    for selector in ("AWSPREVIOUS", first):
        assert ssm.get_parameter(Name=f"{name}:{selector}", WithDecryption=True)["Parameter"]["Value"] == "old"
    with aws_error("ParameterNotFound", 400, f"Secret {name}x not found"):
        ssm.get_parameter(Name=name + "x", WithDecryption=True)
    some = ssm.get_parameters(Names=[name, name + "x"], WithDecryption=True)
    assert [one["Value"] for one in some["Parameters"]] == ["new"] and some["InvalidParameters"] == [name + "x"]
    reader = as_role(cloud, "ssm-only", {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}, service="ssm")
    with aws_error("AccessDeniedException", 400, "secretsmanager:GetSecretValue"):
        reader.get_parameter(Name=name, WithDecryption=True)


# --- CloudFormation

SECRET = {"Type": "AWS::SecretsManager::Secret"}


def test_a_stack_makes_a_secret_and_gives_it_to_a_function(cloud, secrets):
    code = upload(cloud, "import os\ndef handler(event, headers):\n    return dict(os.environ)\n")
    secrets.create_secret(Name="outside", SecretString="plain")
    variables = {"PASSWORD": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password}}"},
                 "USER": {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:user:AWSCURRENT}}"},
                 "OUTSIDE": "<{{resolve:secretsmanager:outside}}>", "BY_NAME": "{{resolve:secretsmanager:outside:SecretString:::}}"}
    generate = {"SecretStringTemplate": '{"user": "me"}', "GenerateStringKey": "password", "PasswordLength": 20,
                "ExcludePunctuation": True}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:DeleteSecret",
                                                      "Resource": "*"}]}
    def body(description="made", **more):
        return template({
            "Secret": {**SECRET, "Properties": {"Description": description, "GenerateSecretString": {**generate, **more},
                                                "Tags": [{"Key": "a", "Value": "b"}]}},
            "Policy": {"Type": "AWS::SecretsManager::ResourcePolicy",
                       "Properties": {"SecretId": {"Ref": "Secret"}, "ResourcePolicy": policy}},
            "Role": role(), "Function": function(code, Environment={"Variables": variables})},
            {"Arn": {"Ref": "Secret"}, "Id": {"Fn::GetAtt": ["Secret", "Id"]}, "Function": {"Ref": "Function"}})
    made = deploy(cloud, "secret", body())
    assert made["Arn"] == made["Id"] and re.search(r":secret:Secret-[A-Za-z0-9]{12}-[A-Za-z0-9]{6}$", made["Arn"])
    value = json.loads(secrets.get_secret_value(SecretId=made["Arn"])["SecretString"])
    assert value["user"] == "me" and re.fullmatch("[A-Za-z0-9]{20}", value["password"])
    environment = cloud.invoke(made["Function"]).json
    assert {key: environment[key] for key in variables} == {"PASSWORD": value["password"], "USER": "me", "OUTSIDE": "<plain>",
                                                            "BY_NAME": "plain"}
    described = secrets.describe_secret(SecretId=made["Arn"])
    assert {"Key": "a", "Value": "b"} in described["Tags"] and described["Description"] == "made"
    assert json.loads(secrets.get_resource_policy(SecretId=made["Arn"])["ResourcePolicy"]) == policy
    assert deploy(cloud, "secret", body("changed"), "UPDATE")["Arn"] == made["Arn"]
    assert json.loads(secrets.get_secret_value(SecretId=made["Arn"])["SecretString"]) == value
    deploy(cloud, "secret", body("changed", PasswordLength=24), "UPDATE")
    assert len(json.loads(secrets.get_secret_value(SecretId=made["Arn"])["SecretString"])["password"]) == 24
    cloud.client("cloudformation").delete_stack(StackName="secret")
    cloud.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="secret", WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
    with aws_error("ResourceNotFoundException"):
        secrets.describe_secret(SecretId=made["Arn"])


@pytest.mark.parametrize("resource, words", [
    ({**SECRET, "Properties": {"KmsKeyId": "alias/own"}}, "does not implement the KmsKeyId alias/own"),
    ({**SECRET, "Properties": {"ReplicaRegions": []}}, "unsupported property ReplicaRegions"),
    ({**SECRET, "Properties": {"SecretString": "x", "GenerateSecretString": {}}}, "You can't specify both"),
    ({**SECRET, "Properties": {"GenerateSecretString": {"Other": 1}}}, "GenerateSecretString.Other"),
    ({**SECRET, "Properties": {"GenerateSecretString": {"GenerateStringKey": "k"}}}, "go together"),
    ({**SECRET, "Properties": {"Description": "{{resolve:secretsmanager:none:SecretString}}"}}, NOT_FOUND),
    ({**SECRET, "Properties": {"Description": "{{resolve:secretsmanager:none:SecretBinary}}"}}, "Incorrect format"),
    ({**SECRET, "Properties": {"Description": "{{resolve:secretsmanager:app/db:SecretString:key}}"}}, "Could not parse SecretString"),
    ({"Type": "AWS::SecretsManager::RotationSchedule", "Properties": {}}, "AWS::SecretsManager::RotationSchedule"),
    ({"Type": "AWS::SecretsManager::SecretTargetAttachment", "Properties": {}}, "SecretTargetAttachment")])
def test_a_stack_is_failed_by_what_no_secret_can_be(cloud, secrets, resource, words):
    name = "failed-" + uuid.uuid4().hex
    cloud.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template({"Secret": resource})))
    assert settled(cloud, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(words in event.get("ResourceStatusReason", "") for event in cloud.stack_events(name))
