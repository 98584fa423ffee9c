"""A local cloud of a test's own, and clients of others for it."""

import json
from pathlib import Path

import boto3
import botocore.config
import requests

from .models import Judge
from .processes import PROGRAM, Process, clean_environment


class LocalCloud(Process):
    """`livelambda local --json`, ready when constructed."""

    def __init__(self, home: Path, *arguments: str | Path, program: Path = PROGRAM, verify: str | None = None,
                 env: dict[str, str] | None = None):
        super().__init__([program, "local", "--json", *arguments], clean_environment(home, **(env or {})))
        self.home = home
        line = self.wait_for_line(lambda line: line.startswith("{"), "the local cloud's first line")
        self.ready = json.loads(line)
        assert self.ready["event"] == "ready", self.ready
        self.endpoint: str = self.ready["endpoint"]
        self.region: str = self.ready["region"]
        self.verify = verify  # CA file for https

    @property
    def env(self) -> dict[str, str]:
        """What AWS's tools and `livelambda start` read."""
        variables = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region,
                     "AWS_ACCESS_KEY_ID": self.ready["accessKeyId"],
                     "AWS_SECRET_ACCESS_KEY": self.ready["secretAccessKey"]}
        if self.verify:
            variables["LIVELAMBDA_CA_FILE"] = self.verify
        return variables

    def client(self, service: str, retries: int = 0, endpoint: str | None = None, **config):
        """A client of boto3, whose answers are held against botocore's models."""
        return Judge(strict=True).watch(boto3.client(
            service, endpoint_url=endpoint or self.endpoint, region_name=self.region,
            aws_access_key_id=self.ready["accessKeyId"], aws_secret_access_key=self.ready["secretAccessKey"],
            verify=self.verify, config=botocore.config.Config(
                retries={"total_max_attempts": retries + 1}, read_timeout=120, connect_timeout=10,
                max_pool_connections=64, s3={"addressing_style": "path"}, proxies={}, **config)))

    def invoke(self, function: str, payload: object = None, **more) -> "Answer":
        """Lambda's Invoke by boto3. `payload`: bytes as they are, else as JSON."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        response = self.client("lambda").invoke(FunctionName=function, Payload=body, **more)
        return Answer(response["StatusCode"], response["Payload"].read(), response.get("FunctionError"))

    def advance(self, milliseconds: int):
        """Turns the clock of a cloud with --test-clock forward."""
        response = requests.post(f"{self.endpoint}/_local/clock", json={"advanceMs": milliseconds}, timeout=60,
                                 verify=self.verify or True)
        assert response.status_code == 200, response.text

    def cut_websockets(self) -> dict:
        """Drops the TCP connection of every WebSocket."""
        response = requests.post(f"{self.endpoint}/_local/websockets/cut", timeout=60, verify=self.verify or True)
        assert response.status_code == 200, response.text
        return response.json()

    def stack(self, name: str) -> dict:
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    def outputs(self, stack: str) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(stack).get("Outputs", [])}

    def stack_events(self, name: str) -> list[dict]:
        pages = self.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]]


class Answer:
    """What Lambda's Invoke answered."""

    def __init__(self, status: int, payload: bytes, error: str | None):
        self.status = status
        self.payload = payload
        self.error = error  # "Unhandled", or None

    @property
    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"Answer({self.status}, error={self.error}, {self.payload[:500]!r})"
