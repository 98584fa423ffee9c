"""What the benchmarks run: programs whose output goes to files, so that nobody here spends time on it, a local cloud, and the
caller, which is a program too. Everything that was started ends with `end_all`."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "build/bench"
PATIENCE = 120.0  # seconds until a program has to be ready


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the developer's own."""
    tools = ROOT / "build/tools/node_modules/node/bin"
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": f"{tools}:{path}" if tools.exists() else path, "HOME": str(home), "LANG": "C.UTF-8", **more}


class Program:
    """A running program, its output in `folder`."""

    running: list["Program"] = []

    def __init__(self, folder: Path, command: list, env: dict[str, str] | None = None):
        self.command = [str(part) for part in command]
        folder.mkdir(parents=True, exist_ok=True)
        self.output = folder / f"{len(list(folder.glob('*.out')))}.out"
        self.errors = self.output.with_suffix(".err")
        with self.output.open("wb") as out, self.errors.open("wb") as err:
            self.process = subprocess.Popen(self.command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            start_new_session=True)
        Program.running.append(self)

    @property
    def pid(self) -> int:
        return self.process.pid

    def first_line(self, says=lambda line: True) -> str:
        deadline = time.monotonic() + PATIENCE
        with self.output.open() as out:
            begun = ""
            while True:
                begun += out.readline()
                if begun.endswith("\n"):
                    if says(begun):
                        return begun.strip()
                    begun = ""
                elif self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{' '.join(self.command[:4])} ended or waits: {self.errors.read_text()[-1000:]}")
                else:
                    time.sleep(0.002)

    def events(self) -> list[dict]:
        """Of a program that was told --json."""
        return [json.loads(line) for line in self.output.read_text().splitlines() if line.endswith("}")]

    def stop(self):
        if self in Program.running:
            Program.running.remove(self)
        for number in signal.SIGTERM, signal.SIGKILL:
            if self.process.poll() is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(15)
                except subprocess.TimeoutExpired:
                    continue
        try:
            os.killpg(self.pid, signal.SIGKILL)  # what it left behind
        except ProcessLookupError:
            pass

    @staticmethod
    def end_all():
        for program in reversed(Program.running[:]):
            program.stop()


class LocalCloud(Program):
    """`livelambda local`, ready when constructed. `on`: turns the command into one for another host."""

    def __init__(self, program: Path, home: Path, *options, on=lambda command: command):
        super().__init__(home / "cloud", on([program, "local", "--json", *options]), clean_environment(home))
        self.home = home
        self.ready = json.loads(self.first_line())
        self.endpoint = self.ready["endpoint"]
        self.region = self.ready["region"]
        self.env = clean_environment(home, AWS_ENDPOINT_URL=self.endpoint, AWS_REGION=self.region,
                                     AWS_ACCESS_KEY_ID=self.ready["accessKeyId"],
                                     AWS_SECRET_ACCESS_KEY=self.ready["secretAccessKey"])

    @property
    def address(self) -> str:
        return "127.0.0.1:" + self.endpoint.rsplit(":", 1)[1]

    def client(self, service: str, verify=None):
        return boto3.client(service, endpoint_url=self.endpoint, region_name=self.region, verify=verify,
                            aws_access_key_id=self.ready["accessKeyId"], aws_secret_access_key=self.ready["secretAccessKey"],
                            config=botocore.config.Config(s3={"addressing_style": "path"}, proxies={}, read_timeout=120))

    def outputs(self, stack: str) -> dict[str, str]:
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def invoke_request(self, function: str, body: bytes) -> bytes:
        """Lambda's Invoke, signed: the bytes to send to `address`. They are good for five minutes."""
        url = f"{self.endpoint}/2015-03-31/functions/{function}/invocations"
        request = botocore.awsrequest.AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
        credentials = botocore.credentials.Credentials(self.ready["accessKeyId"], self.ready["secretAccessKey"])
        botocore.auth.SigV4Auth(credentials, "lambda", self.region).add_auth(request)
        return http_request("POST", url, body, dict(request.headers.items()))


def http_request(method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    address, _, path = url.split("//")[1].partition("/")
    lines = [f"{method} /{path} HTTP/1.1", f"Host: {address}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass
class Calls:
    """What the caller saw."""
    milliseconds: list[float]
    seconds: float
    failed: int
    first_failure: str


def call(address: str, request: bytes, count: int, folder: Path, parallel: int = 1, first_byte: bool = False,
         failures_allowed: bool = False, on=lambda command: command) -> Calls:
    file = folder / "request"
    file.write_bytes(request)
    command = [BUILT / "caller", address, file, count, parallel, *(["first-byte"] if first_byte else [])]
    done = subprocess.run([str(part) for part in on(command)], capture_output=True, text=True, timeout=3600)
    if done.returncode != 0:
        raise RuntimeError(f"caller ended with {done.returncode}: {done.stderr}")
    said = json.loads(done.stdout)
    calls = Calls([one / 1000 for one in said["us"]], said["elapsedUs"] / 1e6, said["failed"], said["firstFailure"])
    if calls.failed and not failures_allowed:
        raise RuntimeError(f"{calls.failed} of {count} calls failed, the first with: {calls.first_failure}")
    return calls


# --- /proc

def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, task.read_text().split()):
                found += [child, *descendants(child)]
        except OSError:
            continue
    return found


def named(pids: list[int], end: str) -> list[int]:
    """Those whose executable ends so."""
    found = []
    for pid in pids:
        try:
            if os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)").endswith(end):
                found.append(pid)
        except OSError:
            continue
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Time on a processor, of all their threads, to the nanosecond."""
    total = 0
    for pid in pids:
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(file.read_text().split()[0])
            except OSError:
                continue
    return total / 1e9


def resident_mb(pids: list[int]) -> float:
    """Resident memory; what processes share is counted once for each share."""
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024


def descriptors(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
    return total
