"""Tags of REST APIs, their stages, API keys and usage plans (apigateway), and of HTTP APIs and their stages (apigatewayv2)."""

import pytest

from harness.errors import aws_error, not_implemented
from harness.functions import role
from harness.stacks import deploy, template
from test_local_cloud_gateway_control import gateway_part
from test_local_cloud_identity import ACCOUNT, TRUST, client_of

OWN = [{"Key": "team", "Value": "orders"}]
ARN = "arn:aws:apigateway:us-east-1::/"
MOCK = {"Type": "MOCK", "RequestTemplates": {"application/json": '{"statusCode":200}'}}


@pytest.fixture(scope="module")
def parts(cloud) -> dict[str, str]:
    rest, http = {"Ref": "Rest"}, {"Ref": "Http"}
    ends = {"Effect": "Allow", "Action": ["apigateway:PUT", "apigateway:DELETE"], "Resource": "arn:aws:apigateway:*::/tags/*"}
    return deploy(cloud, "tags", template({
        "Rest": gateway_part("::RestApi", {"Name": "rest", "Tags": OWN}),
        "Method": gateway_part("::Method", {
            "RestApiId": rest, "ResourceId": {"Fn::GetAtt": ["Rest", "RootResourceId"]}, "HttpMethod": "GET",
            "AuthorizationType": "NONE", "Integration": MOCK}),
        "Deployment": gateway_part("::Deployment", {"RestApiId": rest, "StageName": "dev"}, ("Method",)),
        "Stage": gateway_part("::Stage", {"RestApiId": rest, "StageName": "prod", "DeploymentId": {"Ref": "Deployment"}, "Tags": OWN}),
        "Key": gateway_part("::ApiKey", {"Tags": OWN}),
        "Plan": gateway_part("::UsagePlan", {"Tags": OWN}),
        "Http": gateway_part("V2::Api", {"Name": "http", "ProtocolType": "HTTP", "Tags": {"team": "orders"}}),
        "HttpStage": gateway_part("V2::Stage", {"ApiId": http, "StageName": "$default", "AutoDeploy": True,
                                                "Tags": {"team": "orders"}}),
        "Described": gateway_part("V2::Api", {"ProtocolType": "HTTP", "Body": {
            "openapi": "3.0.1", "info": {"title": "described"}, "paths": {},
            "tags": [{"name": "made-by", "x-amazon-apigateway-tag-value": "us"}, {"name": "a group"}]}}),
        "Tagger": role(ends, managed=(), trust=TRUST),
        "Blue": role({**ends, "Condition": {"StringEquals": {"aws:RequestTag/colour": "blue"}}},
                     {"Effect": "Deny", "Action": "apigateway:*", "Resource": "*",
                      "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": ["locked"]}}},
                     {"Effect": "Allow", "Action": "apigateway:GET", "Resource": "*",
                      "Condition": {"StringEquals": {"aws:ResourceTag/team": "orders"}}}, managed=(), trust=TRUST)},
        {**{name: {"Ref": name} for name in ("Rest", "Key", "Plan", "Http", "Described")},
         **{name: {"Fn::GetAtt": [name, "Arn"]} for name in ("Tagger", "Blue")}}))


@pytest.fixture(scope="module")
def v1(cloud, parts):
    return cloud.client("apigateway")


@pytest.fixture(scope="module")
def v2(cloud, parts):
    return cloud.client("apigatewayv2")


def told(v1, parts: dict[str, str]) -> dict[str, dict]:
    """By the ARN, what the resource's own Get operation tells."""
    return {ARN + f"restapis/{parts['Rest']}": v1.get_rest_api(restApiId=parts["Rest"]),
            ARN + f"restapis/{parts['Rest']}/stages/prod": v1.get_stage(restApiId=parts["Rest"], stageName="prod"),
            ARN + f"apikeys/{parts['Key']}": v1.get_api_key(apiKey=parts["Key"]),
            ARN + f"usageplans/{parts['Plan']}": v1.get_usage_plan(usagePlanId=parts["Plan"])}


def test_what_version_1_tags_tells_its_tags_everywhere(v1, parts):
    for arn, described in told(v1, parts).items():
        assert described["tags"] == {"team": "orders"}, arn
        v1.tag_resource(resourceArn=arn, tags={"colour": "blue", "size": ""})
        v1.tag_resource(resourceArn=arn, tags={"colour": "red"})
        assert v1.get_tags(resourceArn=arn)["tags"] == {"team": "orders", "colour": "red", "size": ""}
    for arn, described in told(v1, parts).items():
        assert described["tags"]["colour"] == "red", arn
        v1.untag_resource(resourceArn=arn, tagKeys=["colour", "size", "never there"])
        assert v1.get_tags(resourceArn=arn)["tags"] == {"team": "orders"}


def test_what_version_2_tags_tells_its_tags_everywhere(v2, parts):
    def described() -> list[dict]:
        return [v2.get_api(ApiId=parts["Http"])["Tags"], v2.get_stage(ApiId=parts["Http"], StageName="$default")["Tags"]]

    assert described() == [{"team": "orders"}] * 2
    arns = [ARN + f"apis/{parts['Http']}", ARN + f"apis/{parts['Http']}/stages/$default"]
    for arn in arns:
        v2.tag_resource(ResourceArn=arn, Tags={"colour": "blue"})
        assert v2.get_tags(ResourceArn=arn)["Tags"] == {"team": "orders", "colour": "blue"}
    assert described() == [{"team": "orders", "colour": "blue"}] * 2
    for arn in arns:
        v2.untag_resource(ResourceArn=arn, TagKeys=["colour", "team"])
    assert described() == [{}, {}]


def test_a_definition_brings_the_tags_of_its_api(v2, parts):
    assert v2.get_api(ApiId=parts["Described"])["Tags"] == {"made-by": "us"}


def test_a_stage_that_a_deployment_makes_has_no_tags_until_it_is_given_some(v1, parts):
    arn = ARN + f"restapis/{parts['Rest']}/stages/dev"
    assert "tags" not in v1.get_stage(restApiId=parts["Rest"], stageName="dev")
    v1.tag_resource(resourceArn=arn, tags={"STAGE": "dev"})
    assert v1.get_stage(restApiId=parts["Rest"], stageName="dev")["tags"] == {"STAGE": "dev"}


def test_what_is_not_there_is_not_found(v1, v2, parts):
    for path, words in ((f"restapis/{parts['Http']}", f"Invalid API identifier specified {ACCOUNT}:{parts['Http']}"),
                        (f"restapis/{parts['Rest']}/stages/none", "Invalid stage identifier specified"),
                        ("apikeys/none", "Invalid API Key identifier specified"),
                        ("usageplans/none", "Invalid Usage Plan ID specified")):
        with aws_error("NotFoundException", 404, words):
            v1.tag_resource(resourceArn=ARN + path, tags={"a": "b"})
        with aws_error("NotFoundException", 404, words):
            v1.untag_resource(resourceArn=ARN + path, tagKeys=["a"])
        with aws_error("NotFoundException", 404, words):
            v1.get_tags(resourceArn=ARN + path)
    with aws_error("NotFoundException", 404, "Invalid API identifier specified"):
        v2.get_tags(ResourceArn=ARN + f"apis/{parts['Rest']}")


def test_what_has_no_tags_here_is_refused_by_name(v1, v2, parts):
    with not_implemented("tags of /domainnames/example.com"):
        v1.get_tags(resourceArn=ARN + "domainnames/example.com")
    with not_implemented("tags of /vpclinks/one"):
        v2.tag_resource(ResourceArn=ARN + "vpclinks/one", Tags={"a": "b"})


@pytest.mark.parametrize("arn", ["rest", "arn:aws:apigateway:eu-west-1::/restapis/a", "arn:aws:sqs:us-east-1:123456789012:q"])
def test_other_arns_are_refused(v1, arn):
    with aws_error("BadRequestException", 400, "Invalid resource ARN"):
        v1.get_tags(resourceArn=arn)


@pytest.mark.parametrize("tags, words", [
    ({"aws:mine": "x"}, "must not start with aws:"), ({"": "x"}, "1 to 128"), ({"k" * 129: "x"}, "1 to 128"),
    ({"long": "v" * 257}, "at most 256"), ({f"k{i}": "" for i in range(51)}, "at most 50")])
def test_tags_have_limits_and_a_refused_request_changes_nothing(v1, parts, tags, words):
    arn = ARN + f"apikeys/{parts['Key']}"
    before = v1.get_tags(resourceArn=arn)["tags"]
    with aws_error("BadRequestException", 400, words):
        v1.tag_resource(resourceArn=arn, tags=tags)
    assert v1.get_tags(resourceArn=arn)["tags"] == before
    v1.tag_resource(resourceArn=arn, tags={"ä" * 128: "ö" * 256})
    v1.untag_resource(resourceArn=arn, tagKeys=["ä" * 128])


def test_rights_are_on_the_arn_within_the_path(cloud, v1, parts):
    arn = ARN + f"restapis/{parts['Rest']}"
    named = f"arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F{parts['Rest']} because"
    credentials = cloud.client("sts").assume_role(RoleArn=parts["Tagger"], RoleSessionName="tester")["Credentials"]
    tagger, tagger2 = (client_of(cloud, name, credentials) for name in ("apigateway", "apigatewayv2"))
    tagger.tag_resource(resourceArn=arn, tags={"a": "b"})
    tagger.untag_resource(resourceArn=arn, tagKeys=["a"])
    with aws_error("AccessDeniedException", 403, "apigateway:GET on resource: " + named):
        tagger.get_tags(resourceArn=arn)
    with aws_error("AccessDeniedException", 403, "apigateway:POST on resource: "):
        tagger2.tag_resource(ResourceArn=ARN + f"apis/{parts['Http']}", Tags={"a": "b"})


def test_conditions_see_the_tags_of_requests_and_resources(cloud, v1, parts):
    arn = ARN + f"restapis/{parts['Rest']}"
    credentials = cloud.client("sts").assume_role(RoleArn=parts["Blue"], RoleSessionName="tester")["Credentials"]
    blue = client_of(cloud, "apigateway", credentials)
    blue.tag_resource(resourceArn=arn, tags={"colour": "blue"})
    for refused in ({"colour": "red"}, {"colour": "blue", "locked": "yes"}):
        with aws_error("AccessDeniedException", 403):
            blue.tag_resource(resourceArn=arn, tags=refused)
    with aws_error("AccessDeniedException", 403):
        blue.untag_resource(resourceArn=arn, tagKeys=["locked"])
    assert blue.get_tags(resourceArn=arn)["tags"] == {"team": "orders", "colour": "blue"}
    assert blue.get_resources(restApiId=parts["Rest"])["items"], "what belongs to an API has its tags"
    with aws_error("AccessDeniedException", 403):
        blue.get_rest_apis()
    v1.untag_resource(resourceArn=arn, tagKeys=["colour"])
