"""runtimes/cdk/hook.cjs in a real `cdk synth`: every construct that bundles tells where its code is, and builds nothing."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.processes import ROOT, clean_environment

NODE = ROOT / "build" / "judges-cdk" / "node_modules"
FILES = ["node/entry.ts", "node/a.mjs", "app.other.mjs", "python/index.py", "go/go.mod", "go/cmd/main.go", "kept/k.js", "layer/x.txt",
         "code.zip", "package-lock.json"]


def synthesise(app: Path, built: list[str]) -> dict:
    """The resources of the template by their construct ids, as the app is synthesised with the hook. Docker is not there."""
    (app / "built.json").write_text(json.dumps(built))
    hook = ROOT / "runtimes" / "cdk" / "hook.cjs"
    environment = clean_environment(
        app.parent, NODE_OPTIONS=f'--require "{hook}"', LIVELAMBDA_CDK_BUILT=str(app / "built.json"), CDK_DOCKER="/bin/false",
        LIVELAMBDA_CDK_REPORT=str(app / "report.json"), CDK_DISABLE_CLI_TELEMETRY="1", AWS_EC2_METADATA_DISABLED="true")
    done = subprocess.run([NODE / ".bin" / "cdk", "synth", "--quiet", "--no-notices"], cwd=app, env=environment,
                          capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    template = json.loads((app / "cdk.out" / "Constructs.template.json").read_text())
    return {resource["Metadata"]["aws:cdk:path"].split("/")[1]: resource for resource in template["Resources"].values()
            if resource["Type"] in ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion")}


def marks(resource: dict) -> dict[str, str]:
    return {name.removeprefix("livelambda:"): value for name, value in resource["Metadata"].items()
            if name.startswith("livelambda:")}


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    if not (NODE / ".bin" / "cdk").exists() or shutil.which("node") is None:
        pytest.skip("SKIPPED JUDGE: AWS CDK")
    folder = module_path / "a b"  # NODE_OPTIONS is words, and this is two
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    shutil.copy(ROOT / "tests" / "cdk_apps" / "constructs.js", folder / "app.js")
    (folder / "cdk.json").write_text('{"app": "node app.js"}')
    (folder / "package.json").write_text('{"dependencies": {"sharp": "1.0.0"}}')
    (folder / "node_modules").symlink_to(NODE)
    return folder


@pytest.fixture(scope="module")
def resources(app) -> dict:
    return synthesise(app, [str(app / "kept")])


def test_each_construct_tells_where_its_code_is(app, resources):
    entry = marks(resources["Entry"])
    assert (entry["source"], entry["entry"], entry["build"]) == (str(app), str(app / "node/entry.ts"), "esbuild")
    assert marks(resources["other"])["entry"] == str(app / "app.other.mjs")
    assert marks(resources["Python"]) == {"source": str(app / "python"), "entry": str(app / "python")}
    assert marks(resources["Go"]) == {"source": str(app / "go"), "entry": str(app / "go/cmd"), "build": "go1.x"}
    assert marks(resources["Plain"]) == marks(resources["Shared"]) == {"source": str(app / "node")}
    assert marks(resources["Bundled"]) == {"source": str(app / "node")}


def test_a_construct_s_options_for_esbuild_are_told_as_sam_names_them(app, resources):
    assert marks(resources["Entry"])["options"] == {
        "Format": "esm", "External": ["pg", "sharp"], "Loader": {".sql": "text"}, "Define": {"EDITION": '"live"'},
        "Tsconfig": str(app / "node/tsconfig.json"), "Banner": {"js": "// banner"}, "MainFields": ["module", "main"],
        "Inject": ["./node/shim.js"], "Arguments": {"--jsx": "automatic", "--alias": ["a:b"]}}
    assert marks(resources["other"])["options"] == {"Format": "cjs"}


def test_code_of_its_own_is_no_asset_and_all_other_is(app, resources):
    staged = {path.name for path in (app / "cdk.out").iterdir() if path.name.startswith("asset.")}
    expected = {resources[name]["Metadata"]["aws:asset:path"] for name in ("Kept", "Archive", "Layer")}
    assert staged == expected
    assert marks(resources["Kept"]) == {"source": str(app / "kept")}
    assert marks(resources["Layer"]) == {}


def test_an_edit_of_code_changes_nothing_that_is_synthesised(app, resources):
    (app / "node" / "a.mjs").write_text("export const handler = async () => 2")
    (app / "kept" / "k.js").write_text("exports.handler = async () => 2")
    again = synthesise(app, [str(app / "kept")])
    assert again["Plain"] == resources["Plain"]
    assert again["Kept"]["Properties"]["Code"] != resources["Kept"]["Properties"]["Code"], "what is deployed is not live"
    files = json.loads((app / "report.json").read_text())["files"]
    assert sorted(files) == [os.path.realpath(app / name) for name in ("app.js", "package.json")]


def test_without_the_hook_docker_would_have_been_needed(app):
    environment = clean_environment(app.parent, CDK_DOCKER="/bin/false", AWS_EC2_METADATA_DISABLED="true")
    done = subprocess.run(["node", "app.js"], cwd=app, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode != 0
