"""MiniStack with the bridge, whose WebSocket API it does not have, on the local cloud: one account to livelambda."""

import threading
from pathlib import Path
from urllib.parse import parse_qsl

from .local_cloud import LocalCloud
from .ministack import MiniStack
from .recorder import Recorded, Recorder

# What MiniStack gives its functions, and livelambda is given: its account as the id.
KEY, SECRET = MiniStack.account, "test"


class TwoClouds:
    """Stacks named …-debug-stack, and what belongs to the bridge, are the local cloud's, everything else MiniStack's.
    Buckets of the one are made in the other when something is put into them. `env` is what a session is given."""

    def __init__(self, home: Path):
        self.local = LocalCloud(home, "--access-key", f"{KEY}:{SECRET}")
        self.ministack = MiniStack(home, AWS_ENDPOINT_URL_DYNAMODB=self.local.endpoint)
        self.buckets: set[str] = set()
        self._lock = threading.Lock()
        self.front = Recorder(self._choose)
        self.env = {**self.local.env, "AWS_ENDPOINT_URL": self.front.endpoint}

    def client(self, service: str):
        return self.ministack.client(service)

    def close(self):
        self.front.close()

    def _choose(self, request: Recorded) -> str:
        if request.service == "s3":
            self._have_bucket(request.target.lstrip("/").split("/")[0].split("?")[0])
            return self.ministack.endpoint
        if request.service != "cloudformation":
            return self.local.endpoint
        form = dict(parse_qsl(request.body.decode()))
        named = form.get("StackName", "") or form["ChangeSetName"]
        ours = named.endswith("-debug-stack") or ":123456789012:" in named
        return (self.local if ours else self.ministack).endpoint

    def _have_bucket(self, bucket: str):
        with self._lock:
            if bucket not in self.buckets:
                self.ministack.client("s3").create_bucket(Bucket=bucket)
                self.buckets.add(bucket)
