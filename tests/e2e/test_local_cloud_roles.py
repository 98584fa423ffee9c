"""IAM's roles, policies and their versions, boundaries and session policies, judged by boto3."""

import json

import pytest

from harness.errors import aws_error, not_implemented
from test_local_cloud_identity import ACCOUNT, TRUST, client_of

TRUSTED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": TRUST, "Action": "sts:AssumeRole"}]}


def policy(action, resource: str = "*", effect: str = "Allow", **more) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": effect, "Action": action, "Resource": resource, **more}]})


@pytest.fixture(scope="module")
def iam(cloud):
    return cloud.client("iam")


@pytest.fixture(scope="module")
def file(cloud) -> dict[str, str]:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="a", Body=b"text")
    return {"Bucket": "files", "Key": "a"}


def make(iam, name: str, **more) -> dict:
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUSTED), **more)["Role"]


def assume(cloud, name: str, **more) -> dict:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="tester", **more)["Credentials"]


def test_a_role_is_what_was_made_of_it(iam):
    made = make(iam, "whole", Path="/team/", Description="about", MaxSessionDuration=7200,
                Tags=[{"Key": "team", "Value": "ours"}])
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/whole" and made["MaxSessionDuration"] == 7200
    iam.update_role(RoleName="whole", Description="other", MaxSessionDuration=3600)
    iam.tag_role(RoleName="whole", Tags=[{"Key": "stage", "Value": "dev"}])
    iam.untag_role(RoleName="whole", TagKeys=["team"])
    found = iam.get_role(RoleName="whole")["Role"]
    assert found["Description"] == "other" and found["Tags"] == [{"Key": "stage", "Value": "dev"}]
    assert iam.list_role_tags(RoleName="whole")["Tags"] == [{"Key": "stage", "Value": "dev"}]
    assert [one["RoleName"] for one in iam.list_roles(PathPrefix="/team/")["Roles"]] == ["whole"]
    with aws_error("EntityAlreadyExists", 409, "Role with name whole already exists."):
        make(iam, "whole")
    with aws_error("MalformedPolicyDocument", 400):
        iam.update_assume_role_policy(RoleName="whole", PolicyDocument="{")
    with aws_error("NoSuchEntity", 404):
        iam.update_assume_role_policy(RoleName="nobody", PolicyDocument=json.dumps(TRUSTED))


def test_lists_come_in_pages(iam):
    for at in range(5):
        make(iam, f"paged-{at}", Path="/paged/")
    pages = list(iam.get_paginator("list_roles").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2}))
    assert [len(page["Roles"]) for page in pages] == [2, 2, 1]


def test_a_trust_that_changes_decides_who_may_assume(cloud, iam):
    make(iam, "moving")
    assume(cloud, "moving")
    elsewhere = json.dumps(TRUSTED).replace(ACCOUNT, "999999999999")
    iam.update_assume_role_policy(RoleName="moving", PolicyDocument=elsewhere)
    with aws_error("AccessDenied", 403, "is not authorized to perform: sts:AssumeRole on resource"):
        assume(cloud, "moving")


def test_a_managed_policy_has_versions(cloud, iam, file):
    made = iam.create_policy(PolicyName="reads", PolicyDocument=policy("s3:GetObject"), Description="of the test")["Policy"]
    arn = made["Arn"]
    assert made["DefaultVersionId"] == "v1" and made["AttachmentCount"] == 0
    make(iam, "versioned")
    iam.attach_role_policy(RoleName="versioned", PolicyArn=arn)
    s3 = client_of(cloud, "s3", assume(cloud, "versioned"))
    assert s3.get_object(**file)["Body"].read() == b"text"
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("sns:*"), SetAsDefault=True)["PolicyVersion"]
    assert second == {**second, "VersionId": "v2", "IsDefaultVersion": True}
    with aws_error("AccessDenied", 403, "because no identity-based policy allows the s3:GetObject action"):
        s3.get_object(**file)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    s3.get_object(**file)
    assert [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == json.loads(policy("sns:*"))
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert [one["RoleName"] for one in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]] == ["versioned"]
    assert arn in {one["Arn"] for one in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]}
    with aws_error("DeleteConflict", 409, "Cannot delete the default version of a policy."):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    with aws_error("DeleteConflict", 409, "more than one version"):
        iam.delete_policy(PolicyArn=arn)
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("sns:*"))
    with aws_error("LimitExceeded", 409, "up to 5 versions"):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("sns:*"))
    for version in ("v2", "v3", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    with aws_error("DeleteConflict", 409, "Cannot delete a policy attached to entities."):
        iam.delete_policy(PolicyArn=arn)
    iam.detach_role_policy(RoleName="versioned", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="versioned")["AttachedPolicies"] == []
    iam.delete_policy(PolicyArn=arn)
    with aws_error("NoSuchEntity", 404):
        iam.get_policy(PolicyArn=arn)


def test_a_policy_of_aws_is_known_or_refused_by_name(iam):
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Path"] == "/service-role/"
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert "logs:PutLogEvents" in document["Statement"][0]["Action"]
    make(iam, "attaching")
    with aws_error("NoSuchEntity", 404, "arn:aws:iam::aws:policy/NoSuchPolicy"):
        iam.attach_role_policy(RoleName="attaching", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")
    with not_implemented("Scope=Local"):
        iam.list_policies()


def test_a_boundary_narrows_what_a_role_may_do(cloud, iam, file):
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=policy("sns:*"))["Policy"]["Arn"]
    made = make(iam, "bounded", PermissionsBoundary=boundary)
    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    iam.put_role_policy(RoleName="bounded", PolicyName="all", PolicyDocument=policy("*"))
    s3 = client_of(cloud, "s3", assume(cloud, "bounded"))
    with aws_error("AccessDenied", 403, "because no permissions boundary allows the s3:GetObject action"):
        s3.get_object(**file)
    iam.delete_role_permissions_boundary(RoleName="bounded")
    s3.get_object(**file)
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=policy("s3:*", effect="Deny"), SetAsDefault=True)
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=boundary)
    with aws_error("AccessDenied", 403, "with an explicit deny in a permissions boundary"):
        s3.get_object(**file)


def test_a_sessions_own_policies_narrow_it(cloud, iam, file):
    make(iam, "narrowed")
    iam.put_role_policy(RoleName="narrowed", PolicyName="all", PolicyDocument=policy("*"))
    narrow = client_of(cloud, "s3", assume(cloud, "narrowed", Policy=policy("s3:ListAllMyBuckets")))
    narrow.list_buckets()
    with aws_error("AccessDenied", 403, "because no session policy allows the s3:GetObject action"):
        narrow.get_object(**file)
    wide = client_of(cloud, "s3", assume(cloud, "narrowed"))
    assert wide.get_object(**file)["Body"].read() == b"text"
    with not_implemented("AssumeRole with Tags"):
        assume(cloud, "narrowed", Tags=[{"Key": "a", "Value": "b"}])


def test_a_chained_session_lasts_an_hour_at_most(cloud, iam):
    make(iam, "first", MaxSessionDuration=43_200)
    iam.put_role_policy(RoleName="first", PolicyName="assume", PolicyDocument=policy("sts:AssumeRole"))
    chained = client_of(cloud, "sts", assume(cloud, "first"))
    arn = f"arn:aws:iam::{ACCOUNT}:role/first"
    chained.assume_role(RoleArn=arn, RoleSessionName="again", DurationSeconds=3600)
    with aws_error("ValidationError", 400, "1 hour session limit for roles assumed by role chaining"):
        chained.assume_role(RoleArn=arn, RoleSessionName="again", DurationSeconds=3601)


def test_tags_of_a_role_count_in_conditions(cloud, iam, file):
    make(iam, "tagged", Tags=[{"Key": "bucket", "Value": "files"}])
    iam.put_role_policy(RoleName="tagged", PolicyName="own", PolicyDocument=policy(
        "s3:GetObject", "arn:aws:s3:::${aws:PrincipalTag/bucket}/*"))
    s3 = client_of(cloud, "s3", assume(cloud, "tagged"))
    s3.get_object(**file)
    iam.tag_role(RoleName="tagged", Tags=[{"Key": "bucket", "Value": "others"}])
    with aws_error("AccessDenied", 403):
        s3.get_object(**file)


def test_whoever_may_ask_the_simulator_learns_what_a_role_may_do(iam):
    make(iam, "asked")
    iam.put_role_policy(RoleName="asked", PolicyName="some", PolicyDocument=policy("sns:Publish"))
    answer = iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/asked",
                                           ActionNames=["sns:Publish", "sns:Subscribe"])
    assert [one["EvalDecision"] for one in answer["EvaluationResults"]] == ["allowed", "implicitDeny"]
    with aws_error("NoSuchEntity", 404):
        iam.simulate_principal_policy(PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/no", ActionNames=["a:b"])


def test_inline_policies_have_a_limit(iam):
    make(iam, "full")
    with aws_error("LimitExceeded", 409, "Maximum policy size of 10240 bytes exceeded for role full"):
        iam.put_role_policy(RoleName="full", PolicyName="long", PolicyDocument=policy(["s3:GetObject"] * 1000))


def test_what_an_input_asks_has_its_effect_or_is_refused_by_name(cloud, iam):
    name = "thorough"
    make(iam, name, Path="/ours/", Tags=[{"Key": key, "Value": "1"} for key in "abc"])
    arn = iam.create_policy(PolicyName=name, Path="/ours/", PolicyDocument=policy("s3:*"))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    page = iam.list_role_tags(RoleName=name, MaxItems=2)
    assert page["IsTruncated"] and [one["Key"] for one in page["Tags"]] == ["a", "b"]
    assert [one["Key"] for one in iam.list_role_tags(RoleName=name, Marker=page["Marker"])["Tags"]] == ["c"]
    listed = iam.list_attached_role_policies
    assert len(listed(RoleName=name, PathPrefix="/ours/")["AttachedPolicies"]) == 1
    assert listed(RoleName=name, PathPrefix="/theirs/")["AttachedPolicies"] == []
    entities = iam.list_entities_for_policy
    assert [one["RoleName"] for one in entities(PolicyArn=arn, EntityFilter="Role")["PolicyRoles"]] == [name]
    assert entities(PolicyArn=arn, EntityFilter="User")["PolicyRoles"] == []
    assert entities(PolicyArn=arn, PathPrefix="/theirs/")["PolicyRoles"] == []
    with not_implemented("ListPolicyVersions with MaxItems"):
        iam.list_policy_versions(PolicyArn=arn, MaxItems=1)
    with aws_error("ValidationError", 400, "roleName"):
        make(iam, "no/slash")
    with aws_error("ValidationError", 400, "path"):
        make(iam, "nowhere", Path="nowhere")
    with aws_error("ValidationError", 400, "roleSessionName"):
        cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ours/thorough", RoleSessionName="a/b")
