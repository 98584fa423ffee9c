"""The CDK's own tool against the local cloud: `cdk bootstrap` and `cdk deploy` of tests/cdk, an app with a WebSocket API,
a topic and grants, unchanged; and what it deployed works."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import websockets.sync.client

from harness.local_cloud import LocalCloud
from harness.processes import ROOT, clean_environment
from harness.stacks import settled

APP = ROOT / "tests" / "cdk"
TOOLS = ROOT / "build" / "judges-cdk" / "node_modules"
STACK = "cdk-echo"


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    """A copy of the app with its packages."""
    if not (TOOLS / ".bin" / "cdk").exists() or shutil.which("node") is None:
        pytest.skip("SKIPPED JUDGE: AWS CDK")
    folder = module_path / "app"
    shutil.copytree(APP, folder)
    (folder / "node_modules").symlink_to(TOOLS)
    return folder


@pytest.fixture(scope="module")
def cdk(cloud: LocalCloud, app: Path, module_path: Path):
    """cdk(arguments…): runs the tool to its end; its output."""
    def cdk(*arguments: str) -> str:
        environment = clean_environment(module_path / "cloud-home", **cloud.env, CI="1", CDK_DISABLE_CLI_TELEMETRY="1")
        done = subprocess.run([TOOLS / ".bin" / "cdk", *arguments, "--no-notices"], cwd=app, env=environment,
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return cdk


@pytest.fixture(scope="module")
def outputs(cloud: LocalCloud, cdk, app: Path) -> dict[str, str]:
    cdk("bootstrap", f"aws://123456789012/{cloud.region}")
    cdk("deploy", "--require-approval", "never", "--outputs-file", "outputs.json")
    return json.loads((app / "outputs.json").read_text())[STACK]


def test_bootstrap_and_deploy_make_their_stacks(cloud, outputs):
    assert cloud.stack("CDKToolkit")["StackStatus"] == "CREATE_COMPLETE"
    assert cloud.stack(STACK)["StackStatus"] == "CREATE_COMPLETE"
    assert outputs["TopicArn"].startswith("arn:aws:sns:")


def test_the_app_works_by_its_grants_alone(outputs):
    with websockets.sync.client.connect(outputs["Url"], proxy=None, open_timeout=30) as socket:
        socket.send("hello")
        assert socket.recv(timeout=60) == "echo: hello"


@pytest.mark.full
def test_a_changed_app_is_an_update_and_an_unchanged_one_none(cloud, cdk, app, outputs):
    assert "no changes" in cdk("deploy", "--require-approval", "never")
    handler = app / "functions" / "listener.js"
    handler.write_text(handler.read_text().replace("echo: ", "again: "))
    cdk("deploy", "--require-approval", "never")
    assert cloud.stack(STACK)["StackStatus"] == "UPDATE_COMPLETE"
    with websockets.sync.client.connect(outputs["Url"], proxy=None, open_timeout=30) as socket:
        socket.send("hello")
        assert socket.recv(timeout=60) == "again: hello"


@pytest.mark.full
def test_destroy_takes_everything_along(cloud, cdk, outputs):
    stack = cloud.stack(STACK)["StackId"]
    cdk("destroy", "--force")
    assert settled(cloud, stack)["StackStatus"] == "DELETE_COMPLETE"
    assert not cloud.client("lambda").list_functions()["Functions"]
