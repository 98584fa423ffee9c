"""The cloud on its host, and developers on theirs. The stubs reach their bridge over a link too, which nothing else uses."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import boto3
import botocore.config
from counting import HANDLER, Invocation, folder_of
from harness import apps
from harness.local_cloud import LocalCloud
from harness.processes import PROGRAM, Process
from harness.session import Session
from harness.stages import Account
from harness.stubs import stub_processes
from hosts import Host, Hosts, Link

NAME = "local.amazonaws.com"  # of the cloud, on every host; a web page cannot have it
PORT = 4571
LOCALHOST = "127.0.0.1 localhost\n"
NO_NAME_SERVER = "nameserver 10.77.99.99\noptions timeout:1 attempts:1\n"  # nobody is there


class Surroundings:
    def __init__(self, folder: Path):
        self.folder = folder
        self.developers: list[Developer] = []

    def __enter__(self) -> "Surroundings":
        self._opened = contextlib.ExitStack()
        self._opened.__enter__()
        self.hosts: Hosts = self._opened.enter_context(Hosts())
        count = len(Process.started)
        self._opened.callback(lambda: _dispose_since(count))
        self.host: Host = self.hosts.add("10.77.0.2")
        self.host.bind("/etc/hosts", LOCALHOST + f"10.88.0.2 {NAME}\n")
        # From the host to itself: out under one address, in again from another one to its loopback.
        self.stub_link: Link = self.hosts.join(self.host, self.host, address_a="10.88.0.1", address_b="10.88.1.1",
                                               rename={"10.88.0.2": "127.0.0.1", "10.88.0.1": "10.88.1.2"})
        self.cloud = LocalCloud(folder_of(self.folder / "cloud-home"), "--test-clock", "--port", str(PORT), "--host-name", NAME,
                                program=self.host.program(PROGRAM))
        self.cloud.endpoint = f"http://127.0.0.1:{PORT}"  # for the test, which is on the cloud's host
        self._opened.enter_context(self.host.entered())
        self.client = boto3.client(
            "lambda", endpoint_url=self.cloud.endpoint, region_name=self.cloud.region,
            aws_access_key_id=self.cloud.ready["accessKeyId"], aws_secret_access_key=self.cloud.ready["secretAccessKey"],
            config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=140, max_pool_connections=64,
                                          proxies={}))
        return self

    def __exit__(self, *_):
        self._opened.__exit__(None, None, None)

    def developer(self, name: str = "tom", before: Callable[["Developer"], None] = lambda developer: None, **more) -> "Developer":
        """With a session that is ready, `before` which something may be done to its host."""
        self.developers.append(Developer(self, name, len(self.developers) + 1, **more))
        before(self.developers[-1])
        self.developers[-1].start()
        return self.developers[-1]

    def clear(self):
        self.stub_link("clear")
        for developer in self.developers:
            developer.link("clear")

    def stubs(self) -> list[int]:
        return stub_processes(self.cloud)


class Developer:
    """A host, its link to the cloud, and a stage with one function."""

    def __init__(self, surroundings: Surroundings, name: str, number: int, timeout: int = 60, env: dict[str, str] | None = None,
                 arguments: tuple[str, ...] = ()):
        self.surroundings = surroundings
        self.name = name
        self.env = env or {}
        self.arguments = arguments
        self.network = f"10.77.{number}"
        self.folder = folder_of(surroundings.folder / name)
        self.home = folder_of(self.folder / "home")
        self.runs_file = self.folder / "runs"
        self.app = apps.plain(self.folder, timeout=timeout, Plain=HANDLER)
        self.host = surroundings.hosts.add(f"{self.network}.1")
        self.link = surroundings.hosts.join(self.host, surroundings.host, address_b=f"{self.network}.254", seed=number,
                                            rename={f"{self.network}.2": "127.0.0.1"})
        self.names = self.host.bind("/etc/hosts", self.names_text)
        self.host.bind("/etc/resolv.conf", NO_NAME_SERVER)

    @property
    def names_text(self) -> str:
        return LOCALHOST + f"{self.network}.2 {NAME}\n"

    def start(self, wait: bool = True) -> Session:
        account = Account({**self.surroundings.cloud.env, "AWS_ENDPOINT_URL": f"http://{NAME}:{PORT}"})
        self.session = Session(self.app, account, self.home, self.name, *self.arguments, program=self.host.program(PROGRAM),
                               env=self.env, wait=wait)
        if wait:
            self.function = self.session.function("Plain")
        return self.session

    @property
    def runs(self) -> list[str]:
        return self.runs_file.read_text().split() if self.runs_file.exists() else []

    def invoke(self, event: dict, encode=None) -> Invocation:
        return Invocation(self.surroundings.client, self.function, event,
                          encode or (lambda one: json.dumps(one).encode()))

    def serves(self, seconds: float = 90) -> bool:
        """The session does its work again, by itself: one invocation is answered, perhaps after others that failed."""
        from counting import Scenario
        from harness.processes import wait_until

        def one_is_answered() -> bool:
            assert self.session.running, self.session.describe()
            after = Scenario("after", self)
            after.send().join(140)
            return after.invocations[0].answered

        return wait_until(one_is_answered, f"{self.name}'s session serves again", seconds)


def _dispose_since(count: int):
    for process in reversed(Process.started[count:]):
        process.dispose()
    del Process.started[count:]


def signal_all(pids: list[int], number: int):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
