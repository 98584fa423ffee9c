"""Functions of the OS-only runtime: a bootstrap of the tests' own, with a handler in Python."""

import hashlib
import io
import sys
import zipfile

from .local_cloud import LocalCloud

BUCKET = "functions"

# Speaks the Runtime API as AWS documents it (runtimes-api.md), with nothing but the standard library.
BOOTSTRAP = f"""#!{sys.executable} -IS
import http.client, json, os, sys, traceback
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None, headers={{}}):
    connection.request(method, "/2018-06-01/runtime/" + path, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def failure(error):
    return json.dumps({{"errorMessage": str(error), "errorType": type(error).__name__,
                       "stackTrace": traceback.format_exc().splitlines()}})


try:
    import code_of_function
except Exception as error:
    call("POST", "init/error", failure(error), {{"Lambda-Runtime-Function-Error-Type": "Runtime.ImportError"}})
    sys.exit(1)

while True:
    status, headers, body = call("GET", "invocation/next")
    request = "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        answer = code_of_function.handler(json.loads(body), headers)
        path, text = request + "/response", answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        call("POST", path, text)
    except Exception as error:
        call("POST", request + "/error", failure(error), {{"Lambda-Runtime-Function-Error-Type": "Function.Failed"}})
    sys.stdout.flush()
"""


def package(code: str | None) -> bytes:
    """A zip with the bootstrap and `handler(event, headers)`; None: no bootstrap at all."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"bootstrap": BOOTSTRAP, "code_of_function.py": code or ""}.items():
            if name == "bootstrap" and code is None:
                continue
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100755 if name == "bootstrap" else 0o100644) << 16
            archive.writestr(info, content)
    return packed.getvalue()


def upload(cloud: LocalCloud, code: str | None) -> dict[str, str]:
    """Where the package is, as AWS::Lambda::Function's Code."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    packed = package(code)
    key = hashlib.sha256(packed).hexdigest() + ".zip"
    s3.put_object(Bucket=BUCKET, Key=key, Body=packed)
    return {"S3Bucket": BUCKET, "S3Key": key}


def role(*statements: dict, managed=("service-role/AWSLambdaBasicExecutionRole",), trust: dict | None = None) -> dict:
    """AWS::IAM::Role; by default one that Lambda may assume and that may write logs."""
    properties = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": trust or {"Service": "lambda.amazonaws.com"}}]},
        "ManagedPolicyArns": [f"arn:aws:iam::aws:policy/{name}" for name in managed]}
    if statements:
        properties["Policies"] = [{"PolicyName": "own", "PolicyDocument": {
            "Version": "2012-10-17", "Statement": list(statements)}}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def function(code: dict[str, str], **properties) -> dict:
    """AWS::Lambda::Function whose role is the resource Role."""
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "Runtime": "provided.al2023", "Handler": "code_of_function.handler", "Code": code,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Timeout": 30, **properties}}
