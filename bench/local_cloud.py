"""Measures the local cloud and, beside it in the same run, MiniStack: the time until it answers, a stack of 27 resources,
warm invocations of a native function, and the memory with 300 functions deployed. `make bench` runs it."""

import argparse
import io
import json
import os
import platform
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/livelambda"
ECHO = ROOT / "build/bench/echo"
MINISTACK = ROOT / "build/judges-tools/bin/ministack"
ACCOUNT = {"livelambda": "123456789012", "MiniStack": "000000000000"}
REGION = "us-east-1"
FUNCTIONS = 300
BODY = b'{"n": 1}'
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


class Server:
    """A running cloud: its process, its endpoint, and how long it took until it answered."""

    def __init__(self, name: str, process: subprocess.Popen, endpoint: str, key: str, secret: str, ready_ms: float):
        self.name, self.process, self.endpoint, self.key, self.secret = name, process, endpoint, key, secret
        self.ready_ms = ready_ms

    def client(self, service: str):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=self.key,
                            aws_secret_access_key=self.secret,
                            config=botocore.config.Config(s3={"addressing_style": "path"}, proxies={}))

    def resident_mb(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")


@contextmanager
def livelambda(home: str, program: Path):
    begin = time.perf_counter()
    process = subprocess.Popen([program, "local", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={**os.environ, "HOME": home})
    try:
        ready = json.loads(process.stdout.readline())
        urllib.request.urlopen(ready["endpoint"] + "/_local/health", timeout=10).read()
        took = (time.perf_counter() - begin) * 1000
        yield Server("livelambda", process, ready["endpoint"], ready["accessKeyId"], ready["secretAccessKey"], took)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def ministack(home: str, program: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    begin = time.perf_counter()
    process = subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, env={
        **os.environ, "HOME": home, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"})
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=1).read()
                break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError("MiniStack ended") from None
        took = (time.perf_counter() - begin) * 1000
        yield Server("MiniStack", process, f"http://127.0.0.1:{port}", "test", "test", took)
    finally:
        process.terminate()
        process.wait()


def upload(server: Server) -> dict:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, ECHO.read_bytes())
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="echo.zip", Body=data.getvalue())
    return {"S3Bucket": "bench", "S3Key": "echo.zip"}


def function(code: dict, name: str) -> dict:
    architecture = "arm64" if platform.machine() == "aarch64" else "x86_64"
    return {"Type": "AWS::Lambda::Function", "Properties": {
        "FunctionName": name, "Runtime": "provided.al2023", "Handler": "echo", "Code": code, "Architectures": [architecture],
        "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}


def role() -> dict:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]}}


def app(code: dict) -> dict:
    """27 resources: a role, a table, a bucket, and six functions, each with a topic, a subscription and a permission."""
    resources = {"Role": role(), "Files": {"Type": "AWS::S3::Bucket"}, "Table": {
        "Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}}}
    for at in range(6):
        arn = {"Fn::GetAtt": [f"Function{at}", "Arn"]}
        resources[f"Function{at}"] = function(code, f"of-the-app-{at}")
        resources[f"Topic{at}"] = {"Type": "AWS::SNS::Topic"}
        resources[f"Subscription{at}"] = {"Type": "AWS::SNS::Subscription", "Properties": {
            "Protocol": "lambda", "TopicArn": {"Ref": f"Topic{at}"}, "Endpoint": arn}}
        resources[f"Allow{at}"] = {"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": "sns.amazonaws.com",
            "SourceArn": {"Ref": f"Topic{at}"}}}
    assert len(resources) == 27
    return {"Resources": resources}


def deploy(server: Server, name: str, template: dict) -> float:
    """Seconds until the stack is complete. The template lies in S3, which takes larger ones."""
    server.client("s3").put_object(Bucket="bench", Key=name, Body=json.dumps(template).encode())
    formation = server.client("cloudformation")
    begin = time.perf_counter()
    formation.create_stack(StackName=name, TemplateURL=f"{server.endpoint}/bench/{name}", Capabilities=["CAPABILITY_IAM"])
    while True:
        status = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if status == "CREATE_COMPLETE":
            return time.perf_counter() - begin
        if status != "CREATE_IN_PROGRESS":
            raise RuntimeError(f"{server.name}: {name} is {status}")
        time.sleep(0.005)


def invocations(server: Server, count: int) -> list[float]:
    """Milliseconds of warm invocations, one after the other on one connection, the client's own work left out: the
    request is signed once and sent as it is."""
    url = f"{server.endpoint}/2015-03-31/functions/of-the-app-0/invocations"
    request = botocore.awsrequest.AWSRequest("POST", url, data=BODY, headers={"Content-Type": "application/json"})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(server.key, server.secret), "lambda", REGION).add_auth(request)
    host, port = server.endpoint.removeprefix("http://").split(":")
    head = [f"POST {url.removeprefix(server.endpoint)} HTTP/1.1", f"Host: {host}:{port}", f"Content-Length: {len(BODY)}"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    message = ("\r\n".join(head) + "\r\n\r\n").encode() + BODY
    took = []
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            begin = time.perf_counter()
            connection.sendall(message)
            answer = b""
            while not answer.endswith(BODY):
                piece = connection.recv(65536)
                if not piece:
                    raise RuntimeError(f"{server.name} closed the connection: {answer!r}")
                answer += piece
            took.append((time.perf_counter() - begin) * 1000)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{server.name}: {answer!r}")
    return took


def measure(start, program: Path, runs: int) -> dict[str, str]:
    ready = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as home, start(home, program) as server:
            ready.append(server.ready_ms)
    with tempfile.TemporaryDirectory() as home, start(home, program) as server:
        code = upload(server)
        stack = deploy(server, "app", app(code))
        took = sorted(invocations(server, runs)[runs // 10:])  # the first ones warm it up
        many = {"Role": role()} | {f"F{at}": function(code, f"many-{at}") for at in range(FUNCTIONS - 6)}
        deploy(server, "many", {"Resources": many})
        memory = server.resident_mb()
    return {"ready (median of 5)": f"{statistics.median(ready):.0f} ms", "a stack of 27 resources": f"{stack:.2f} s",
            f"warm invocation, p50 of {len(took)}": f"{statistics.median(took):.2f} ms",
            "warm invocation, p99": f"{took[len(took) * 99 // 100]:.2f} ms",
            f"resident with {FUNCTIONS} functions": f"{memory:.0f} MB"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", action="store_true", help="without MiniStack")
    parser.add_argument("--program", type=Path, default=PROGRAM, help="the livelambda that is measured")
    arguments = parser.parse_args()
    ours = measure(livelambda, arguments.program, 2000)
    theirs = {} if arguments.alone else measure(ministack, MINISTACK, 40)
    print(f"{'':36}{'livelambda':>12}{'' if arguments.alone else 'MiniStack':>14}")
    for (name, mine), other in zip(ours.items(), theirs.values() or [""] * len(ours)):
        print(f"{name.split(' of ')[0] if 'p50' in name else name:36}{mine:>12}{other:>14}")


if __name__ == "__main__":
    main()
