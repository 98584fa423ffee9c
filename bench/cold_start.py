"""The cold start of a stub by itself, over TLS: from its spawn to its first connection, and to its first `next`, when WebSocket,
registration and announcement are done. Here stands the Runtime API; the cloud and the session are real."""

import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from measures import World
from programs import ROOT, PATIENCE, LocalCloud
from sides import Live

sys.path.insert(0, str(ROOT / "tests/e2e"))


class _Secure(Live):
    """livelambda on a cloud with https and wss."""

    def open(self):
        from harness.certificates import Authority
        authority = Authority(self.folder, "authority")
        certificate, key = authority.issue("127.0.0.1")
        self.authority = authority.file
        self.cloud = self._run(LocalCloud(self.program, self.folder, "--tls", "--tls-certificate", certificate, "--tls-key", key))
        self.cloud.env["LIVELAMBDA_CA_FILE"] = str(authority.file)
        self.address = self.cloud.address
        self.start()

    def package(self) -> bytes:
        stack = self.cloud.client("cloudformation", str(self.authority)).describe_stacks(StackName=f"bench-{self.app.name}")["Stacks"][0]
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
        s3 = self.cloud.client("s3", str(self.authority))
        return s3.get_object(Bucket=parameters["LiveLambdaBucket"], Key=parameters["LiveLambdaStubX8664"])["Body"].read()


def cold_start(world: World):
    live = _Secure(world.program, world.place(), world.app())
    with live:
        package = live.package()
        results = world.results
        results.measure("zip of the stub, x86_64", "MB").add("livelambda", [len(package) / 1e6])
        folder = world.place() / "package"
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(folder)
        (folder / "bootstrap").chmod(0o755)
        bootstrap = ROOT / "build/stub/aarch64/bootstrap"
        if bootstrap.exists():
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(bootstrap, "bootstrap")
            results.measure("zip of the stub, aarch64", "MB").add("livelambda", [len(packed.getvalue()) / 1e6])
        configuration = (folder / "livelambda.json").read_text()
        for _ in range(world.blocks):
            runs = world.count(20)
            (folder / "livelambda.json").write_text(configuration)
            results.measure("cold start of the stub, to its first next", "ms").add(
                "livelambda", [_once(live, folder, None) for _ in range(runs)])
            results.measure("cold start of the stub, to its first connection", "ms").add(
                "livelambda", [_once(live, folder, configuration) for _ in range(runs)])


def _once(live: _Secure, folder: Path, configuration: str | None) -> float:
    """Milliseconds to `next`; or to the first connection, to a listener that stands where the cloud stood in `configuration`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        here = f"127.0.0.1:{listener.getsockname()[1]}"
        endpoint = live.cloud.endpoint
        if configuration is not None:
            (folder / "livelambda.json").write_text(configuration.replace(live.address, here))
            endpoint = endpoint.replace(live.address, here)
        env = {"AWS_LAMBDA_RUNTIME_API": here, "AWS_ENDPOINT_URL": endpoint, "LAMBDA_TASK_ROOT": str(folder), "AWS_REGION": live.cloud.region,
               "AWS_ACCESS_KEY_ID": live.cloud.ready["accessKeyId"], "AWS_SECRET_ACCESS_KEY": live.cloud.ready["secretAccessKey"],
               "AWS_LAMBDA_FUNCTION_NAME": live.outputs["Native"], "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
               "LIVELAMBDA_CA_FILE": str(live.authority), "_HANDLER": "echo"}
        begin = time.perf_counter()
        stub = subprocess.Popen([folder / "bootstrap"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)
        try:
            with listener.accept()[0] as connection:
                if configuration is not None:
                    return (time.perf_counter() - begin) * 1000
                connection.settimeout(PATIENCE)
                asked = connection.recv(4096)
                took = (time.perf_counter() - begin) * 1000
                if b"/invocation/next" not in asked:
                    raise RuntimeError(f"the stub asked for {asked[:200]!r}")
                return took
        finally:
            stub.kill()
            stub.communicate()
