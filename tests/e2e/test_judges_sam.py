"""The SAM translator, AWS's own, against the SAM transform of the local cloud: templates of every kind that the local
cloud takes, as GetTemplate shows them processed."""

import json

import pytest

from harness import judges, sam
from harness.stacks import change_set

HEAD = "Transform: AWS::Serverless-2016-10-31\n"

ROLES = """
Globals:
  Function:
    CodeUri: s3://bucket/key
    Runtime: nodejs22.x
    Timeout: 20
    Environment: { Variables: { A: global, B: global } }
    Tags: { team: ours }
Resources:
  WithRole:
    Type: AWS::Serverless::Function
    Properties: { Handler: a.b, Role: !GetAtt Role.Arn, Environment: { Variables: { B: own } } }
  Without:
    Type: AWS::Serverless::Function
    Properties: { Handler: a.b, Timeout: 5, Tags: { team: theirs, more: tag } }
  Traced:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Tracing: Active
      ReservedConcurrentExecutions: 2
      MemorySize: 512
      Policies:
        - AmazonDynamoDBReadOnlyAccess
        - SNSPublishMessagePolicy: { TopicName: !GetAtt Topic.TopicName }
        - Statement: [{ Effect: Allow, Action: "s3:*", Resource: "*" }]
  OnePolicy:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Policies: { Statement: [{ Effect: Allow, Action: "s3:*", Resource: "*" }] }
  Topic: { Type: AWS::SNS::Topic }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }]
"""

HTTP_API = """
Parameters:
  Method: { Type: String, Default: get }
Resources:
  Pets:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: { Bucket: bucket, Key: key }
      Handler: a.b
      Runtime: provided.al2023
      Events:
        List: { Type: HttpApi, Properties: { Path: /pets, Method: get } }
        One: { Type: HttpApi, Properties: { Path: "/pets/{id}", Method: POST } }
        Old:
          Type: HttpApi
          Properties: { Path: /old, Method: any, PayloadFormatVersion: "1.0", TimeoutInMillis: 5000 }
  Rest:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: { Bucket: bucket, Key: key }
      Handler: a.b
      Runtime: provided.al2023
      Events:
        All: { Type: HttpApi }
        Own: { Type: HttpApi, Properties: { ApiId: !Ref Own, Path: /own, Method: put } }
  Own:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageName: dev
      CorsConfiguration: { AllowOrigins: ["https://example.com"], AllowMethods: [GET, PUT], MaxAge: 60 }
Outputs:
  Url: { Value: !Sub "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/" }
"""

REST_API = """
Parameters:
  StageName: { Type: String, Default: dev }
Resources:
  Pets:
    Type: AWS::Serverless::Function
    Properties:
      InlineCode: "exports.handler = async () => 1;"
      Handler: index.handler
      Runtime: nodejs22.x
      Events:
        List: { Type: Api, Properties: { Path: /pets, Method: get } }
        One: { Type: Api, Properties: { Path: "/pets/{id}", Method: POST } }
        Proxy: { Type: Api, Properties: { Path: "/all/{proxy+}", Method: ANY } }
        Own: { Type: Api, Properties: { RestApiId: !Ref Own, Path: /own, Method: delete } }
  Own:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Ref StageName
      TracingEnabled: true
      Variables: { a: b }
      EndpointConfiguration: { Type: REGIONAL }
Outputs:
  Url: { Value: !Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/" }
"""

SNS = """
Resources:
  Hears:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: s3://bucket/key
      Handler: a.b
      Runtime: nodejs22.x
      Events:
        Ours: { Type: SNS, Properties: { Topic: !Ref Topic } }
        Filtered:
          Type: SNS
          Properties: { Topic: !Ref Other, FilterPolicy: { colour: [red, { prefix: b }] } }
        Theirs: { Type: SNS, Properties: { Topic: "arn:aws:sns:us-east-1:123456789012:theirs" } }
  Topic: { Type: AWS::SNS::Topic }
  Other: { Type: AWS::SNS::Topic }
"""

TABLES = """
Parameters:
  Name: { Type: String, Default: things }
Conditions:
  Always: !Equals [!Ref Name, things]
Resources:
  Plain: { Type: AWS::Serverless::SimpleTable }
  Named:
    Type: AWS::Serverless::SimpleTable
    Condition: Always
    DeletionPolicy: Retain
    Properties:
      TableName: !Ref Name
      PrimaryKey: { Name: key, Type: Number }
      Tags: { a: b }
  Uses:
    Type: AWS::Serverless::Function
    Condition: Always
    DependsOn: Plain
    Metadata: { about: nothing }
    Properties:
      CodeUri: s3://bucket/key?versionId=v1
      Handler: a.b
      Runtime: nodejs22.x
      Description: !Sub "uses ${Name}"
      Environment: { Variables: { TABLE: !Ref Named, NAME: !Ref Name } }
      Policies:
        - DynamoDBCrudPolicy: { TableName: !Ref Plain }
        - S3ReadPolicy: { BucketName: !Ref Name }
        - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
      FunctionUrlConfig: { AuthType: AWS_IAM }
"""

GLOBALS = """
Globals:
  Function:
    CodeUri: s3://bucket/key
    Handler: a.b
    Runtime: nodejs22.x
    Architectures: [arm64]
    Layers: ["arn:aws:lambda:us-east-1:123456789012:layer:one:1"]
    VpcConfig: { SecurityGroupIds: [sg-1], SubnetIds: [subnet-1] }
    EphemeralStorage: { Size: 1024 }
    LoggingConfig: { LogFormat: JSON }
  HttpApi: { StageVariables: { a: b }, FailOnWarnings: true }
  Api: { TracingEnabled: true, EndpointConfiguration: REGIONAL }
Resources:
  A: { Type: AWS::Serverless::Function }
  B:
    Type: AWS::Serverless::Function
    Properties:
      Architectures: [x86_64]
      Layers: ["arn:aws:lambda:us-east-1:123456789012:layer:two:2"]
      DeadLetterQueue: { Type: SNS, TargetArn: !Ref Dead }
      Events:
        H: { Type: HttpApi, Properties: { Path: /h, Method: get } }
        R: { Type: Api, Properties: { Path: /r, Method: get } }
  Dead: { Type: AWS::SNS::Topic }
"""

TEMPLATES = {"roles": ROLES, "http-api": HTTP_API, "rest-api": REST_API, "sns": SNS, "tables": TABLES,
             "globals": GLOBALS}


def processed(cloud, name: str, text: str, **parameters: str) -> dict:
    made = change_set(cloud, f"sam-{name}", text, **parameters)
    assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
    body = cloud.client("cloudformation").get_template(
        StackName=f"sam-{name}", ChangeSetName=made["ChangeSetName"], TemplateStage="Processed")["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else body


def assert_same(mine: dict, judged: dict):
    found = sam.differences(sam.comparable(mine), sam.comparable(judged))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_local_cloud_makes_what_aws_makes(cloud, name):
    text = HEAD + TEMPLATES[name]
    judged = sam.translate(sam.read(text), {})
    mine = processed(cloud, name, text)
    assert_same(mine, judged)


def test_other_values_of_parameters_change_what_aws_makes_of_them(cloud):
    given = {"StageName": "another"}
    judged = sam.translate(sam.read(HEAD + REST_API), given)
    mine = processed(cloud, "another-stage", HEAD + REST_API, **given)
    assert_same(mine, judged)


def test_the_judge_sees_a_difference(cloud):
    """That the comparison is not empty: of another template it finds every resource."""
    mine = processed(cloud, "other", HEAD + SNS)
    judged = sam.translate(sam.read(HEAD + SNS.replace("Timeout", "").replace("nodejs22.x", "nodejs20.x")), {})
    found = sam.differences(sam.comparable(mine), sam.comparable(judged))
    assert [one.split("\n")[0] for one in found] == ["Hears"]


def test_a_broken_template_is_refused_by_both_in_the_same_words(cloud):
    text = HEAD + """Resources:
  F: { Type: AWS::Serverless::Function, Properties: { CodeUri: ./here, Handler: a.b, Runtime: x } }
"""
    exceptions = judges.module("SAM translator", "samtranslator.model.exceptions")
    with pytest.raises(exceptions.InvalidDocumentException) as caught:
        sam.translate(sam.read(text), {})
    made = change_set(cloud, "sam-broken", text)
    assert made["Status"] == "FAILED"
    causes = " ".join(one.message for one in caught.value.causes)
    assert made["StatusReason"] == f"Transform AWS::Serverless-2016-10-31 failed with: {caught.value.message} {causes}"
