"""The stub that was deployed: its processes, and another package in its place."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable

from .local_cloud import LocalCloud
from .processes import command_line, descendants, process_status, wait_until


def stub_processes(cloud: LocalCloud) -> list[int]:
    """Of every function."""
    return [pid for pid in descendants(cloud.pid) if any(part.endswith("/bootstrap") for part in command_line(pid))]


def state_of(pid: int) -> str:
    """"T" = stopped, "S" = sleeping, …; "" if it is gone."""
    return process_status(pid).get("State", "")[:1]


def frozen_stub(cloud: LocalCloud) -> int:
    """The one stub, once it is stopped."""
    def find():
        pids = stub_processes(cloud)
        return pids[0] if len(pids) == 1 and state_of(pids[0]) == "T" else None

    return wait_until(find, "one stub, in process state T")


def replace_package(cloud: LocalCloud, stack: str, change: Callable[[dict, dict[str, bytes]], None]):
    """Deploys the stub with other files in its package: change(configuration, files)."""
    formation, s3 = cloud.client("cloudformation"), cloud.client("s3")
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in cloud.stack(stack)["Parameters"]}
    bucket, key = parameters["LiveLambdaBucket"], parameters["LiveLambdaStubX8664"]
    with zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    configuration = json.loads(files["livelambda.json"])
    change(configuration, files)
    files["livelambda.json"] = json.dumps(configuration).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            is_program = name == "bootstrap" or content.startswith(b"\x7fELF")
            info.external_attr = (0o100755 if is_program else 0o100644) << 16
            archive.writestr(info, content)
    changed = f"changed/{hashlib.sha256(packed.getvalue()).hexdigest()}.zip"
    s3.put_object(Bucket=bucket, Key=changed, Body=packed.getvalue())
    parameters["LiveLambdaStubX8664"] = changed
    formation.update_stack(
        StackName=stack, UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()])
    wait_until(lambda: cloud.stack(stack)["StackStatus"] == "UPDATE_COMPLETE", "the stub's package is replaced")
