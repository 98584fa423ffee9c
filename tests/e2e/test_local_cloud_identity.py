"""STS and IAM of the local cloud, judged by boto3: who signs, and what that principal may do."""

import json

import boto3
import botocore.config
import pytest
import requests

from harness.errors import aws_error, not_implemented
from harness.functions import role
from harness.signing import signed_headers, signed_query
from harness.stacks import deploy, template

ACCOUNT = "123456789012"
TRUST = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def client_of(cloud, service: str, credentials: dict):
    """A client with the credentials that STS gave."""
    return boto3.client(service, endpoint_url=cloud.endpoint, region_name=cloud.region,
                        aws_access_key_id=credentials["AccessKeyId"],
                        aws_secret_access_key=credentials["SecretAccessKey"],
                        aws_session_token=credentials.get("SessionToken"),
                        config=botocore.config.Config(retries={"total_max_attempts": 1}, proxies={},
                                                      s3={"addressing_style": "path"}))


@pytest.fixture(scope="module")
def roles(cloud) -> dict[str, str]:
    reads = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
             "Resource": ["arn:aws:s3:::shared", "arn:aws:s3:::shared/*"]}
    forbids = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::shared/secret"}
    table = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}}
    outputs = deploy(cloud, "roles", template(
        {"Reader": role(reads, forbids, table, managed=(), trust=TRUST),
         "Stranger": role(managed=(), trust={"AWS": "arn:aws:iam::999999999999:root"}),
         "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
             "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
             "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}}},
        {"Reader": {"Fn::GetAtt": ["Reader", "Arn"]}, "ReaderName": {"Ref": "Reader"},
         "Stranger": {"Fn::GetAtt": ["Stranger", "Arn"]}, "Table": {"Ref": "Table"}}))
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="shared")
    for key in ("plain", "secret"):
        s3.put_object(Bucket="shared", Key=key, Body=key.encode())
    return outputs


@pytest.fixture(scope="module")
def reader(cloud, roles) -> dict:
    return cloud.client("sts").assume_role(RoleArn=roles["Reader"], RoleSessionName="tester")["Credentials"]


def test_the_right_secret_is_known(cloud):
    identity = cloud.client("sts").get_caller_identity()
    assert identity["Account"] == ACCOUNT and identity["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_a_wrong_secret_does_not_match(cloud):
    wrong = {"AccessKeyId": cloud.ready["accessKeyId"], "SecretAccessKey": "wrong"}
    with aws_error("SignatureDoesNotMatch", 403):
        client_of(cloud, "sts", wrong).get_caller_identity()
    with aws_error("SignatureDoesNotMatch", 403):
        client_of(cloud, "s3", wrong).list_buckets()
    with aws_error("InvalidSignatureException"):
        client_of(cloud, "dynamodb", wrong).list_tables()
    with aws_error("InvalidSignatureException", 403):
        client_of(cloud, "lambda", wrong).list_functions()
    with aws_error("SignatureDoesNotMatch", 403):
        client_of(cloud, "cloudformation", wrong).list_stacks()


def test_an_unknown_key_is_not_a_wrong_signature(cloud):
    unknown = {"AccessKeyId": "AKIAUNKNOWNUNKNOWN00", "SecretAccessKey": "any"}
    with aws_error("InvalidClientTokenId", 403):
        client_of(cloud, "sts", unknown).get_caller_identity()
    with aws_error("InvalidAccessKeyId", 403):
        client_of(cloud, "s3", unknown).list_buckets()
    with aws_error("UnrecognizedClientException"):
        client_of(cloud, "dynamodb", unknown).list_tables()


def test_a_changed_body_does_not_match(cloud):
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = signed_headers(cloud, cloud.endpoint + "/", "POST", body, service="sts")
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    right = requests.post(cloud.endpoint + "/", body, headers=headers, timeout=30)
    assert right.status_code == 200, right.text
    changed = requests.post(cloud.endpoint + "/", body + b"&More=1", headers=headers, timeout=30)
    assert changed.status_code == 403 and "SignatureDoesNotMatch" in changed.text


def test_a_request_without_a_signature_is_refused(cloud):
    answer = requests.get(cloud.endpoint + "/?Action=GetCallerIdentity&Version=2011-06-15", timeout=30)
    assert answer.status_code == 403, answer.text


def test_a_signature_may_stand_in_the_query(cloud):
    url = cloud.endpoint + "/?Action=GetCallerIdentity&Version=2011-06-15"
    answer = requests.get(signed_query(cloud, url, service="sts"), timeout=30)
    assert answer.status_code == 200 and ACCOUNT in answer.text


def test_an_assumed_role_has_its_own_identity(cloud, roles, reader):
    identity = client_of(cloud, "sts", reader).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{roles['ReaderName']}/tester"
    assert identity["UserId"].startswith("AROA") and identity["UserId"].endswith(":tester")
    assert reader["AccessKeyId"].startswith("ASIA")


def test_a_token_of_another_session_is_refused(cloud, reader):
    mixed = {**reader, "SessionToken": "IQoJb3JpZ2luX2VjEXAMPLE"}
    with aws_error("InvalidClientTokenId", 403):
        client_of(cloud, "sts", mixed).get_caller_identity()


def test_a_role_that_does_not_trust_the_caller_is_not_assumed(cloud, roles):
    words = f"is not authorized to perform: sts:AssumeRole on resource: {roles['Stranger']}"
    with aws_error("AccessDenied", 403, words):
        cloud.client("sts").assume_role(RoleArn=roles["Stranger"], RoleSessionName="tester")


def test_a_policy_allows_what_it_names(cloud, reader):
    s3 = client_of(cloud, "s3", reader)
    assert s3.get_object(Bucket="shared", Key="plain")["Body"].read() == b"plain"
    assert {one["Key"] for one in s3.list_objects_v2(Bucket="shared")["Contents"]} == {"plain", "secret"}


def test_what_no_policy_allows_is_denied_in_awss_words(cloud, roles, reader):
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{roles['ReaderName']}/tester"
    with aws_error("AccessDenied", 403, f"User: {arn} is not authorized to perform: s3:PutObject on resource: "
                   '"arn:aws:s3:::shared/new" because no identity-based policy allows the s3:PutObject action'):
        client_of(cloud, "s3", reader).put_object(Bucket="shared", Key="new", Body=b"x")
    with aws_error("AccessDeniedException", 400, f"User: {arn} is not authorized to perform: dynamodb:PutItem on "
                   f"resource: arn:aws:dynamodb:{cloud.region}:{ACCOUNT}:table/{roles['Table']} because no "
                   "identity-based policy allows the dynamodb:PutItem action"):
        client_of(cloud, "dynamodb", reader).put_item(TableName=roles["Table"], Item={"pk": {"S": "1"}})
    with aws_error("AuthorizationError", 403, "because no identity-based policy allows the SNS:Publish action"):
        client_of(cloud, "sns", reader).publish(
            TopicArn=f"arn:aws:sns:{cloud.region}:{ACCOUNT}:any", Message="text")
    with aws_error("AccessDeniedException", 403, "because no identity-based policy allows the lambda:InvokeFunction "
                   "action"):
        client_of(cloud, "lambda", reader).invoke(FunctionName="any")
    with aws_error("AccessDenied", 403, "because no identity-based policy allows the cloudformation:ListStacks action"):
        client_of(cloud, "cloudformation", reader).list_stacks()


def test_an_explicit_deny_wins(cloud, reader):
    with aws_error("AccessDenied", 403, "with an explicit deny in an identity-based policy"):
        client_of(cloud, "s3", reader).get_object(Bucket="shared", Key="secret")


def test_a_policy_that_is_taken_away_no_longer_allows(cloud, roles):
    iam, sts = cloud.client("iam"), cloud.client("sts")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": TRUST, "Action": "sts:AssumeRole"}]}
    made = iam.create_role(RoleName="changing", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    assert made["AssumeRolePolicyDocument"] == trust and made["RoleId"].startswith("AROA")
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="changing", PolicyName="read", PolicyDocument=json.dumps(allow))
    assert iam.get_role_policy(RoleName="changing", PolicyName="read")["PolicyDocument"] == allow
    assert iam.list_role_policies(RoleName="changing")["PolicyNames"] == ["read"]
    s3 = client_of(cloud, "s3", sts.assume_role(RoleArn=made["Arn"], RoleSessionName="changing")["Credentials"])
    assert s3.get_object(Bucket="shared", Key="plain")["Body"].read() == b"plain"
    iam.delete_role_policy(RoleName="changing", PolicyName="read")
    with aws_error("AccessDenied", 403):
        s3.get_object(Bucket="shared", Key="plain")
    iam.delete_role(RoleName="changing")
    with aws_error("NoSuchEntity", 404, "The role with name changing cannot be found."):
        iam.get_role(RoleName="changing")


def test_an_operation_that_is_not_there_is_refused_by_name(cloud):
    with not_implemented("iam:CreateUser"):
        cloud.client("iam").create_user(UserName="somebody")
    with not_implemented("sts:GetSessionToken"):
        cloud.client("sts").get_session_token()


def test_a_service_that_is_not_there_is_refused_by_name(cloud):
    with not_implemented("ListStateMachines"):
        cloud.client("stepfunctions").list_state_machines()


def test_a_token_expires_on_the_clouds_clock(cloud, roles):
    credentials = cloud.client("sts").assume_role(RoleArn=roles["Reader"], RoleSessionName="short",
                                                  DurationSeconds=900)["Credentials"]
    client_of(cloud, "sts", credentials).get_caller_identity()
    cloud.advance(901_000)
    with aws_error("ExpiredToken", 403, "The security token included in the request is expired"):
        client_of(cloud, "sts", credentials).get_caller_identity()
    with aws_error("ExpiredTokenException"):
        client_of(cloud, "dynamodb", credentials).list_tables()
    with aws_error("ExpiredToken", 400):
        client_of(cloud, "s3", credentials).list_buckets()
