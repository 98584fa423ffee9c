"""Files that somebody else has written: templates, archives and documents that would eat memory, or reach out of where they
belong. To the commands on an app, and to the local cloud."""

import io
import json
import os
import stat
import zipfile
from pathlib import Path

import botocore.exceptions
import pytest
import requests

from harness import apps
from harness.errors import aws_error
from harness.functions import role
from harness.processes import PROGRAM, clean_environment, process_status, run
from harness.session import Session
from harness.signing import signed_headers
from harness.stacks import deploy, template

LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)) + "Resources: *a11\n"
LONG_TEXT = "Metadata: {a: &a " + "x" * 20_000 + ", b: &b [" + "*a," * 300 + "], c: [" + "*b," * 300 + "]}\nResources: {}\n"
LONG_KEYS = "Resources: " + "".join('{"%s": ' % ("k" * 900) for _ in range(50)) + "[" + "l," * 20_000 + "l]" + "}" * 50
DEEP_FLOW = "Resources: " + "[" * 100_000
DEEP_BLOCK = "Resources:\n" + "".join(" " * depth + "- \n" for depth in range(1, 2_000))
BOMBS = {"aliases of aliases": LAUGHS, "aliases of long texts": LONG_TEXT, "many nodes below long keys": LONG_KEYS,
         "deep flow": DEEP_FLOW, "deep blocks": DEEP_BLOCK, "deep JSON": '{"Resources":' * 50_000}
MEMORY = 400 * 1024  # kB that a bomb may cost at most


def peak_kb(pid: int) -> int:
    return int(process_status(pid)["VmHWM"].split()[0])


@pytest.fixture(autouse=True)
def the_cloud_goes_on(cloud):
    before = peak_kb(cloud.pid)
    yield
    assert cloud.client("sts").get_caller_identity()["Account"]
    assert peak_kb(cloud.pid) - before < MEMORY


# --- Bombs

@pytest.mark.parametrize("bomb", BOMBS)
def test_a_template_that_would_eat_all_memory_is_an_error(tmp_path, bomb):
    app = apps.write(tmp_path / "app", {"template.yaml": BOMBS[bomb]})
    limited = ["prlimit", f"--as={2 * 1024 ** 3}", PROGRAM, "functions", "--app-dir", app]
    ended = run(limited, clean_environment(tmp_path))
    assert ended.returncode > 0 and "template.yaml" in ended.stderr, ended
    assert len(ended.stderr) < 4_000


@pytest.mark.parametrize("bomb", BOMBS)
def test_the_local_cloud_refuses_such_a_template(cloud, bomb):
    with aws_error("ValidationError", 400):
        cloud.client("cloudformation").create_stack(StackName="bomb", TemplateBody=BOMBS[bomb][:51_200])


@pytest.mark.parametrize("service, target", [("dynamodb", "DynamoDB_20120810.PutItem"), ("sqs", "AmazonSQS.SendMessage"),
                                             ("events", "AWSEvents.PutEvents")])
def test_a_deep_document_is_refused(cloud, service, target):
    for body in (b"[" * 200_000, b'{"a":' * 200_000, b"[" * 200_000 + b"]" * 200_000):
        headers = signed_headers(cloud, f"{cloud.endpoint}/", "POST", body, service=service)
        answer = requests.post(f"{cloud.endpoint}/", data=body, timeout=60, headers={
            **headers, "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"})
        assert 400 <= answer.status_code < 500, answer.text


def zipped(*entries: tuple[str, bytes], links: tuple[tuple[str, str], ...] = ()) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, target in links:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """270 MB of nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w", force_zip64=True) as entry:
        for _ in range(270):
            entry.write(bytes(1_000_000))
    return packed.getvalue()


@pytest.fixture(scope="module")
def functions_role(cloud) -> str:
    return deploy(cloud, "attacked", template({"Role": role()}, {"Arn": {"Fn::GetAtt": ["Role", "Arn"]}}))["Arn"]


def make_function(cloud, functions_role, name: str, archive: bytes):
    cloud.client("lambda").create_function(FunctionName=name, Role=functions_role, Runtime="provided.al2023", Handler="x",
                                           Code={"ZipFile": archive})


def test_an_archive_that_unpacks_to_more_than_lambda_takes_is_refused(cloud, functions_role, bomb):
    with aws_error("InvalidParameterValueException", 400):
        make_function(cloud, functions_role, "bomb", bomb)
    with aws_error("InvalidParameterValueException", 400):
        cloud.client("lambda").publish_layer_version(LayerName="bomb", Content={"ZipFile": bomb})


# --- Ways out

def climbing(outside: Path) -> dict[str, bytes]:
    deep = "../" * 40 + str(outside).lstrip("/")
    return {"up": zipped((f"{deep}/evil", b"x")), "in the middle": zipped((f"a/{deep}/evil", b"x")),
            "absolute": zipped((f"{outside}/evil", b"x")), "backslashes": zipped((deep.replace("/", "\\") + "\\evil", b"x"))}


def assert_untouched(outside: Path):
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("way", ["up", "in the middle", "absolute", "backslashes"])
def test_an_archive_that_climbs_out_is_refused(cloud, functions_role, tmp_path, way):
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = climbing(outside)[way]
    with aws_error("InvalidParameterValueException", 400):
        make_function(cloud, functions_role, "climbs", archive)
    with aws_error("InvalidParameterValueException", 400):
        cloud.client("lambda").publish_layer_version(LayerName="climbs", Content={"ZipFile": archive})
    assert_untouched(outside)


def through_a_link(outside: Path) -> bytes:
    return zipped(("way/evil", b"x"), ("nodejs/fine.mjs", b"export const fine = true;"), links=(("way", str(outside)),))


def test_an_archive_does_not_lead_out_through_its_own_link(cloud, functions_role, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    try:
        make_function(cloud, functions_role, "linked", through_a_link(outside))
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidParameterValueException"
    assert_untouched(outside)


def test_a_layer_of_the_account_does_not_lead_out_on_this_machine(cloud, module_path, module_processes):
    """The session unpacks it for its workers; and what it is not, is told."""
    outside = module_path / "outside-of-layers"
    outside.mkdir()
    try:
        layer = cloud.client("lambda").publish_layer_version(
            LayerName="linked", Content={"ZipFile": through_a_link(outside)})["LayerVersionArn"]
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidParameterValueException"
        return  # it cannot be there
    app = apps.plain(module_path, "layered", Plain="export const handler = async () => 'here';", more=f"      Layers: [{layer}]\n")
    session = Session(app, cloud, module_path / "home")
    assert cloud.invoke(session.function("Plain"), {}).json == "here"
    assert_untouched(outside)


NAMES = {
    "a logical id": ("  '../../outside/evil':\n    Type: AWS::Serverless::Function\n"
                     "    Properties: {InlineCode: 'exports.handler = async () => 1', Handler: index.handler, Runtime: nodejs22.x}\n"),
    "a handler": ("  F:\n    Type: AWS::Serverless::Function\n"
                  "    Properties: {InlineCode: 'exports.handler = async () => 1', Handler: ../../../outside/evil.handler, Runtime: nodejs22.x}\n"),
    "a stack's name": ("  '../../outside':\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: nested.yaml}\n")}


@pytest.mark.parametrize("name", NAMES)
def test_names_in_a_template_lead_nowhere(cloud, tmp_path, name):
    """They become names of folders: of inline code, of builds."""
    app = apps.write(tmp_path / "app", {
        "template.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n" + NAMES[name],
        "nested.yaml": "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {Code: {ZipFile: 'exports.handler = async () => 1'}, "
                       "Handler: index.handler, Runtime: nodejs22.x, Role: 'arn:aws:iam::123456789012:role/r'}\n"})
    (tmp_path / "home").mkdir()
    before = set(tmp_path.iterdir())
    environment = clean_environment(tmp_path / "home", **cloud.env)
    for command in (["functions"], ["rewrite"], ["start", "--stage", "named"]):
        # A start that comes up is ended by the tool around it.
        run(["timeout", "--signal=INT", "4", PROGRAM, *command, "--json", "--app-dir", app], environment)
    assert set(tmp_path.iterdir()) == before
    assert not list(tmp_path.rglob("evil*.js")) and {one.name for one in app.iterdir()} <= {"template.yaml", "nested.yaml", ".livelambda"}


@pytest.mark.parametrize("path", ["/etc", "../../../../../../../../etc", "/dev/zero", "/proc/self/environ"])
def test_a_package_that_is_no_folder_of_the_app_does_not_hang_or_crash_a_rewrite(tmp_path, path):
    """What a template names is uploaded as the SAM CLI does it; what cannot be, is an error that names it."""
    app = apps.write(tmp_path / "app", {"template.yaml": (
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  L:\n    Type: AWS::Serverless::LayerVersion\n"
        f"    Properties: {{ContentUri: {json.dumps(path)}}}\n")})
    ended = run(["prlimit", f"--as={2 * 1024 ** 3}", PROGRAM, "rewrite", "--app-dir", app], clean_environment(tmp_path))
    assert ended.returncode in (0, 3, 4, 5), ended
    assert ended.returncode == 0 or ended.stderr
    assert not [one for one in os.listdir(app) if one not in ("template.yaml", ".livelambda")]
