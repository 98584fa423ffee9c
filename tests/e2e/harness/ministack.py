"""MiniStack, a local AWS by others, as a judge: the same calls go to it and to the local cloud."""

import re
import socket
from pathlib import Path

import boto3
import botocore.config
import pytest
import requests

from .processes import ROOT, Process, clean_environment, wait_until

PROGRAM = ROOT / "build/judges-tools/bin/ministack"


class MiniStack(Process):
    """Has what the helpers of the tests use of a LocalCloud."""

    account = "000000000000"
    region = "us-east-1"

    def __init__(self, home: Path, **env: str):
        """`env`: what MiniStack hands down to its functions, too."""
        if not PROGRAM.exists():
            pytest.skip("SKIPPED JUDGE: MiniStack")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        super().__init__([PROGRAM], clean_environment(home, GATEWAY_PORT=str(port), BIND_HOST="127.0.0.1",
                                                      LOG_LEVEL="WARNING", TMPDIR=str(home), **env))
        self.endpoint = f"http://127.0.0.1:{port}"
        wait_until(self._answers, "MiniStack answers")

    def _answers(self) -> bool:
        try:
            return requests.get(self.endpoint + "/_ministack/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def client(self, service: str, **_):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=self.region, aws_access_key_id="test",
                            aws_secret_access_key="test", config=botocore.config.Config(
                                s3={"addressing_style": "path"}, proxies={}, retries={"total_max_attempts": 1}))

    def stack(self, name: str) -> dict:
        return self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]

    def outputs(self, stack: str) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(stack).get("Outputs", [])}

    def stack_events(self, name: str) -> list[dict]:
        return self.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]


# --- What two clouds cannot have in common: ids, times, addresses

_PATTERNS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}[^\"]*"), "<trace>"),
    (re.compile(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000"), "<time>"),
    (re.compile(r"https?://(127\.0\.0\.1|localhost):\d+"), "<endpoint>"),
    (re.compile(r"localhost:\d+"), "<host>"),
    (re.compile(r"\b(123456789012|000000000000)\b"), "<account>"),
)
_EPOCH = range(1_600_000_000, 4_000_000_000)


def _is_time(number: float) -> bool:
    return int(number) in _EPOCH or int(number) // 1000 in _EPOCH


def comparable(value, names: dict[str, str] | None = None):
    """The value with what differs by nature named by its kind, and the ids of `names` by their names."""
    names = names or {}
    if isinstance(value, dict):
        return {comparable(key, names): comparable(one, names) for key, one in value.items() if key != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [comparable(one, names) for one in value]
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        for own, name in names.items():
            value = value.replace(own, name)
        for pattern, name in _PATTERNS:
            value = pattern.sub(name, value)
        return "<time>" if value.isdigit() and _is_time(int(value)) else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "<time>" if _is_time(value) else value
    return "<time>" if hasattr(value, "isoformat") else value


def differences(ours, theirs, path: str = "") -> dict[str, str]:
    """{path: what differs}, by member; lists by index."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = {}
        for key in sorted(set(ours) | set(theirs)):
            if key not in theirs:
                found[f"{path}/{key}"] = f"here {ours[key]!r}, not in MiniStack"
            elif key not in ours:
                found[f"{path}/{key}"] = f"not here, in MiniStack {theirs[key]!r}"
            else:
                found |= differences(ours[key], theirs[key], f"{path}/{key}")
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        found = {}
        for at, (one, other) in enumerate(zip(ours, theirs)):
            found |= differences(one, other, f"{path}/{at}")
        return found
    return {} if ours == theirs else {path: f"here {ours!r}, in MiniStack {theirs!r}"}
