"""SST 1.18.4's side: its stub, its relay Lambdas and its client with its local runtime, on a local cloud that another started
with CLOUD_OPTIONS. README.md says what had to be shimmed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import boto3
import botocore.config

HERE = Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / "build/bench-sst"
RESOURCES = INSTALLED / "node_modules/@serverless-stack/resources"
CLOUD_OPTIONS = ["--node-modules", str(HERE / "lambda")]  # of `livelambda local`: Lambda's Node.js brings the AWS SDK along

APP, STAGE = "bench", "dev"
BOOTSTRAP_VERSION = "3"  # core/dist/bootstrap: LATEST_VERSION


def missing() -> str | None:
    """Why this side cannot run; None if it can."""
    if not shutil.which("node"):
        return "no Node.js"
    if not (INSTALLED / "package-lock.json.installed").is_file():
        return "SST is not installed: bench/sst/install does it, from npm"
    return None


def _role(*statements: dict) -> dict:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
        "Policies": [{"PolicyName": "Default", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}]}}


def _code(bucket: str, key: str) -> dict:
    return {"S3Bucket": bucket, "S3Key": key}


def debug_stack(bucket: str) -> dict:
    """The resources of resources/dist/DebugStack.js, but for the retention of logs."""
    resources = {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
            "LifecycleConfiguration": {"Rules": [{"ExpirationInDays": 1, "Prefix": "payloads/", "Status": "Enabled"}]}}},
        "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {
            "Name": f"{STAGE}-{APP}-debug-stack-api", "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": "$request.body.action"}},
        "ApiStage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": {"Ref": "Api"}, "AutoDeploy": True, "StageName": STAGE}},
        "RelayRole": _role({"Effect": "Allow", "Resource": "*",
                            "Action": ["apigateway:*", "dynamodb:*", "execute-api:ManageConnections"]}),
    }
    for route, handler in ("$connect", "wsConnect"), ("$disconnect", "wsDisconnect"), ("$default", "wsDefault"):
        name = route[1:].title()
        resources |= {
            name: {"Type": "AWS::Lambda::Function", "Properties": {
                "Code": _code(bucket, "relay.zip"), "Handler": handler + ".main", "Runtime": "nodejs16.x", "Timeout": 10,
                "MemorySize": 256, "Role": {"Fn::GetAtt": ["RelayRole", "Arn"]},
                "Environment": {"Variables": {"TABLE_NAME": {"Ref": "Table"}}}}},
            f"{name}Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
                "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": name},
                "Principal": "apigateway.amazonaws.com"}},
            f"{name}Integration": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
                "ApiId": {"Ref": "Api"}, "IntegrationType": "AWS_PROXY", "IntegrationUri": {"Fn::Sub": (
                    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"
                    % name)}}},
            f"{name}Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
                "ApiId": {"Ref": "Api"}, "RouteKey": route, "AuthorizationType": "NONE",
                "Target": {"Fn::Sub": "integrations/${%sIntegration}" % name}}},
        }
    return resources


def app_stack(bucket: str, handler: str, source: str, timeout: int) -> dict:
    """A function as resources/dist/Function.js makes it for `sst start`, with a function URL; and what `sst bootstrap` leaves."""
    return {
        "FunctionRole": _role({"Effect": "Allow", "Action": "s3:*", "Resource": [
            {"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]}),
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {
            "Code": _code(bucket, "stub.zip"), "Handler": "index.main", "Runtime": "nodejs16.x", "Timeout": timeout,
            "MemorySize": 1024, "Role": {"Fn::GetAtt": ["FunctionRole", "Arn"]}, "TracingConfig": {"Mode": "Active"},
            "Environment": {"Variables": {
                "SST_DEBUG_SRC_PATH": source, "SST_DEBUG_SRC_HANDLER": handler,
                "SST_DEBUG_ENDPOINT": {"Fn::Sub": "${Api.ApiEndpoint}/" + STAGE},
                "SST_DEBUG_BUCKET_NAME": {"Ref": "Bucket"}, "SST_FUNCTION_ID": "function",
                "AWS_NODEJS_CONNECTION_REUSE_ENABLED": "1", "SST_APP": APP, "SST_STAGE": STAGE}}}},
        "Retries": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
            "FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0}},
        "FunctionUrl": {"Type": "AWS::Lambda::Url", "Properties": {
            "TargetFunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}, "AuthType": "NONE"}},
        "UrlPermission": {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunctionUrl", "FunctionName": {"Ref": "Function"}, "Principal": "*",
            "FunctionUrlAuthType": "NONE"}},
        "UrlInvokePermission": {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Function"}, "Principal": "*",
            "InvokedViaFunctionUrl": True}},
        "BootstrapBucket": {"Type": "AWS::S3::Bucket"},
    } | {f"Bootstrap{name}": {"Type": "AWS::SSM::Parameter", "Properties": {
        "Name": f"/sst/bootstrap/{path}", "Type": "String", "Value": value}} for name, path, value in (
            ("Version", "version", BOOTSTRAP_VERSION), ("StackName", "stack-name", "SSTBootstrap"),
            ("BucketName", "bucket-name", {"Ref": "BootstrapBucket"}))}


def template(bucket: str, handler: str, source: str, timeout: int) -> dict:
    return {"Resources": debug_stack(bucket) | app_stack(bucket, handler, source, timeout), "Outputs": {
        "Endpoint": {"Value": {"Fn::Sub": "${Api.ApiEndpoint}/" + STAGE}},
        "BucketArn": {"Value": {"Fn::GetAtt": ["Bucket", "Arn"]}}, "BucketName": {"Value": {"Ref": "Bucket"}},
        "FunctionName": {"Value": {"Ref": "Function"}}, "FunctionUrl": {"Value": {"Fn::GetAtt": ["FunctionUrl", "FunctionUrl"]}}}}


def _client(env: dict[str, str], service: str):
    return boto3.client(service, endpoint_url=env["AWS_ENDPOINT_URL"], region_name=env["AWS_REGION"],
                        aws_access_key_id=env["AWS_ACCESS_KEY_ID"], aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
                        config=botocore.config.Config(s3={"addressing_style": "path"}, proxies={}))


def deploy(env: dict[str, str], handler: str, source: str, timeout: int) -> dict[str, str]:
    """Deploys SST's stacks as one; its outputs."""
    code = f"sst-code-{os.getpid()}"
    s3, cloudformation = _client(env, "s3"), _client(env, "cloudformation")
    s3.create_bucket(Bucket=code)
    s3.upload_file(str(RESOURCES / "dist/stub.zip"), code, "stub.zip")
    relay = BytesIO()
    with ZipFile(relay, "w") as archive:
        for file in (RESOURCES / "assets/DebugStack").iterdir():
            archive.write(file, file.name)
    s3.put_object(Bucket=code, Key="relay.zip", Body=relay.getvalue())
    cloudformation.create_stack(StackName="sst", TemplateBody=json.dumps(template(code, handler, source, timeout)),
                                Capabilities=["CAPABILITY_IAM"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="sst", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    stack = cloudformation.describe_stacks(StackName="sst")["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Session:
    """`sst start`, ready: `function` is the deployed function's name, `url` its URL, `pid` the client's process."""

    def __init__(self, process: subprocess.Popen, outputs: dict[str, str], log: Path):
        self.process, self.log = process, log
        self.pid, self.function, self.url = process.pid, outputs["FunctionName"], outputs["FunctionUrl"]


@contextmanager
def session(env: dict[str, str], app: Path, handler: str = "index.handler", runtime: str = "nodejs16.x", source: str = ".",
            timeout: int = 30):
    """Deploys, and runs SST's client in `app`, the folder with the function's source. `env`: where the cloud is, as
    `livelambda start` reads it. `timeout`: seconds; an invocation that SST lost fails after them."""
    if not env["AWS_ENDPOINT_URL"].startswith("http://"):
        raise ValueError("SST's side runs without TLS")
    outputs = deploy(env, handler, source, timeout)
    (app / ".sst").mkdir(exist_ok=True)
    (app / ".sst/functions.jsonl").write_text(json.dumps(
        {"id": "function", "handler": handler, "runtime": runtime, "srcPath": source, "root": str(app)}) + "\n")
    (app / ".build/cdk.out").mkdir(parents=True, exist_ok=True)
    (app / ".build/cdk.out/manifest.json").write_text('{"artifacts": {}}')
    (app / ".build/static-site-environment-output-keys.json").write_text("[]")
    bench = {"app": APP, "stage": STAGE, "region": env["AWS_REGION"], "port": _free_port(), "outputs": outputs}
    variables = {"PATH": os.environ["PATH"]} | env | {"SST_BENCH": json.dumps(bench), "SST_TELEMETRY_DISABLED": "1"}
    log = app / ".build/console.log"
    with log.open("w") as console:
        process = subprocess.Popen(["node", HERE / "client.mjs"], cwd=app, env=variables, stdin=subprocess.PIPE,
                                   stdout=console, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while "Debug session started" not in log.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"SST's client is not ready:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)
        yield Session(process, outputs, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too; it does not end by SIGTERM
        process.wait()
