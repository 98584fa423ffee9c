"""Functions and layers that have to be built, by the real SAM CLI: those left alone while the others are live, all of them on deploy,
and none of them where the CLI is missing, which is said by name before anything is changed."""

import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from harness.local_cloud import LocalCloud
from harness.processes import PROGRAM, ROOT, clean_environment
from harness.session import Session

SAM = ROOT / "build" / "judges-sam" / "bin" / "sam"

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: nodejs20.x, Handler: index.handler, Timeout: 20}
Resources:
  Live:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: live}
  Made:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: made
      Layers: [!Ref Words]
  Words:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: makefile}
    Properties: {ContentUri: words, CompatibleRuntimes: [nodejs20.x]}
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: nested/template.yaml}
Outputs:
  Inner: {Value: !GetAtt Nested.Outputs.Inner}
"""

NESTED = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Inner:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: inner, Handler: index.handler, Runtime: nodejs20.x}
Outputs:
  Inner: {Value: !Ref Inner}
"""

FILES = {
    "template.yaml": TEMPLATE,
    "livelambda.yaml": "name: sam-build\nfunctions:\n  Made: {live: false}\n  Nested/Inner: {live: false}\n",
    "live/index.js": "exports.handler = async () => 'live';\n",
    "made/Makefile": "build-Made:\n\techo \"exports.handler = async () => 'made';\" > $(ARTIFACTS_DIR)/index.js\n",
    "words/Makefile": "build-Words:\n\techo \"module.exports = 'built';\" > $(ARTIFACTS_DIR)/words.js\n",
    "nested/template.yaml": NESTED,
    "nested/inner/Makefile": "build-Inner:\n\techo \"exports.handler = async () => 'inner';\" > $(ARTIFACTS_DIR)/index.js\n",
}


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "app"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture(scope="module")
def with_sam(module_path) -> dict[str, str]:
    """An environment with the SAM CLI in PATH."""
    if not SAM.exists():
        pytest.skip("SKIPPED JUDGE: SAM CLI")
    tools = module_path / "tools"
    tools.mkdir()
    (tools / "sam").symlink_to(SAM)
    return {"PATH": f"{tools}:{clean_environment(module_path)['PATH']}"}


def livelambda(app: Path, cloud: LocalCloud, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    environment = clean_environment(app.parent / "home", **cloud.env)
    environment.update(env)
    return subprocess.run([PROGRAM, *arguments, "--stage", "test", "--app-dir", app], env=environment,
                          capture_output=True, text=True, timeout=300, check=False)


def uploaded_files(cloud: LocalCloud) -> set[str]:
    """Names in every package of livelambda's bucket."""
    s3 = cloud.client("s3")
    bucket = cloud.outputs("test-sam-build-debug-stack")["Bucket"]
    names = set()
    for found in s3.list_objects_v2(Bucket=bucket, Prefix="artifacts/")["Contents"]:
        content = io.BytesIO(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
        if zipfile.is_zipfile(content):
            names.update(zipfile.ZipFile(content).namelist())
    return names


@pytest.mark.parametrize("command", ["start", "deploy"])
def test_what_nothing_here_can_build_is_named_before_anything_is_changed(app, cloud, command):
    done = livelambda(app, cloud, {}, command)
    assert done.returncode == 3, done.stdout + done.stderr
    for word in ("Made: its Metadata says BuildMethod: makefile; install the SAM CLI and make", "Words: ", "Nested/Inner: ",
                 "pip install aws-sam-cli"):
        assert word in done.stderr
    assert not cloud.client("cloudformation").describe_stacks()["Stacks"]


def test_functions_left_alone_are_built_while_others_are_live(app, cloud, with_sam, module_path):
    session = Session(app, cloud, module_path / "home", "test", env=with_sam)
    assert [one["logicalId"] for one in session.ready["functions"]] == ["Live"]
    assert cloud.invoke(session.function("Live")).json == "live"
    assert "layers that need a build (Words): an edit of their source is seen at the next start" in session.stderr
    names = [one["FunctionName"] for one in cloud.client("lambda").list_functions()["Functions"]]
    made = next(name for name in names if "-Made-" in name)
    assert cloud.invoke(made).json == "made"
    assert cloud.invoke(session.outputs["Inner"]).json == "inner"
    assert "words.js" in uploaded_files(cloud), "the layer was built, too"
    assert not (app / ".aws-sam").exists(), "the user's own build stays as it is"
    assert session.stop() == 0


def test_deploy_builds_them_all(app, cloud, with_sam):
    done = livelambda(app, cloud, with_sam, "deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    configurations = cloud.client("lambda").list_functions()["Functions"]
    assert len(configurations) == 3 and {one["Runtime"] for one in configurations} == {"nodejs20.x"}
    answers = {cloud.invoke(one["FunctionName"]).json for one in configurations}
    assert answers == {"live", "made", "inner"}
