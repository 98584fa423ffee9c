"""Which interpreter runs a function, what is said if it is not the one that is asked for, and the SDK that Lambda brings along and a
project has not: one app, first as it is, then with what `--yes` fetches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import apps
from harness.processes import ROOT, run
from harness.registry import Registry
from harness.session import Session

NODES = ROOT / "build" / "judges-node-versions" / "node_modules"
ESBUILD = ROOT / "build" / "judges-cdk" / "node_modules"
MAJORS = [20, 22, 24, 26]
pytestmark = pytest.mark.skipif(not NODES.is_dir(), reason="SKIPPED JUDGE: Node.js 20, 22, 24 and 26 (scripts/judges installs them)")

HEAD = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 60, Handler: app.handler, Runtime: nodejs22.x}}
Resources:
"""
VERSION = "export const handler = async () => process.version;\n"
PYTHON = "import sys\ndef handler(event, context):\n    return {'prefix': sys.prefix, 'version': list(sys.version_info[:2])}\n"
NODE_FUNCTIONS = {  # name: files of its folder
    "OfApp": {"app.mjs": VERSION},
    "OfNodeVersion": {"app.mjs": VERSION, ".node-version": "24\n"},
    "OfVolta": {"app.mjs": VERSION, "package.json": '{"volta": {"node": "%(20)s"}}'},
    "OfFnm": {"app.mjs": VERSION, ".nvmrc": "v26\n"},
    "NotThere": {"app.mjs": VERSION, ".nvmrc": "23.1.0\n"},
    "NotThereEither": {},  # its code is that of NotThere
    "Module": {"app.mjs": 'import { x } from "@aws-sdk/client-x";\nexport const handler = async () => [x, (await import("@smithy/of-x")).default];\n'},
    "Script": {"app.js": "const { x } = require('@aws-sdk/client-x');\nexports.handler = async () => [x, process.env.LIVELAMBDA_HINTS ?? null];\n"},
    # Built by esbuild, or as it is by a Node.js that strips types; both kinds of packages are outside of the bundle.
    "Typed": {"app.mts": 'import { x } from "@aws-sdk/client-x";\nimport type { y } from "@aws-sdk/client-y";\n'
                         "export const handler = async (): Promise<string> => x;\n"},
    "Own": {"app.mjs": 'import { x } from "@aws-sdk/client-x";\nexport const handler = async () => [x, process.env.NODE_PATH ?? ""];\n',
            "node_modules/@aws-sdk/client-x/package.json": '{"name": "@aws-sdk/client-x", "main": "index.js"}',
            "node_modules/@aws-sdk/client-x/index.js": "exports.x = 'of the project';\n"},
    "Unlisted": {"app.mjs": 'import "left-pad";\nexport const handler = async () => 1;\n', "package.json": '{"dependencies": {"left-pad": "1"}}', "yarn.lock": ""},
}
PYTHON_FUNCTIONS = {
    "OfPoetry": {"app.py": PYTHON, "pyproject.toml": "[tool.poetry]\nname = 'shop'\n"},
    "OfUv": {"app.py": PYTHON, "uv.lock": ""},
    "Boto": {"app.py": "import os, sys, boto3\ndef handler(event, context):\n"
                       "    return [boto3.NAME, sys.path[-1] == os.path.dirname(os.path.dirname(boto3.__file__)), 'LIVELAMBDA_SDK' in os.environ]\n"},
    "Requires": {"app.py": "import requests_that_are_not_there\n", "requirements.txt": "requests_that_are_not_there\n"},
}


def version_of(major: int) -> str:
    return run([NODES / f"node{major}" / "bin" / "node", "--version"], dict(os.environ)).stdout.strip()


@pytest.fixture(scope="module")
def home(module_path) -> Path:
    """A developer who has nvm, fnm, Volta and Poetry."""
    home = module_path / "home"
    places = {22: ".nvm/versions/node/{}", 24: ".nvm/versions/node/{}", 26: ".local/share/fnm/node-versions/{}/installation"}
    for major in MAJORS:
        version = version_of(major)
        place = home / places.get(major, ".volta/tools/image/node/{}").format(version if major != 20 else version[1:])
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(NODES / f"node{major}")
    for name in ("of-poetry", "of-uv", "python"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / name], check=True)
    programs = {"poetry": f'echo "a warning of its own" >&2\n[ "$PWD" = "$(cat {home}/project)" ] && echo {home}/of-poetry\n',
                "pip": f'exec {sys.executable} -m pip "$@"\n'}
    for name, script in programs.items():
        (home / "bin").mkdir(exist_ok=True)
        (home / "bin" / name).write_text("#!/bin/sh\n" + script)
        (home / "bin" / name).chmod(0o755)
    return home


@pytest.fixture(scope="module")
def app(module_path, home) -> Path:
    folder = module_path / "shop"
    template = HEAD
    declared = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for name, files in {**NODE_FUNCTIONS, **PYTHON_FUNCTIONS}.items():
        runtime = f", Runtime: {declared}" if name in PYTHON_FUNCTIONS else ""
        template += f"  {name}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: {name.removesuffix('Either')}{runtime}}}}}\n"
        apps.write(folder / name, {path: text.replace("%(20)s", version_of(20)[1:]) for path, text in files.items()})
    apps.write(folder, {"template.yaml": template, ".nvmrc": "# ours\n22\n"})
    (folder / "OfUv" / ".venv").symlink_to(home / "of-uv")
    if ESBUILD.is_dir():
        (folder / "Typed" / "node_modules").mkdir()
        for name in ("esbuild", "@esbuild"):
            (folder / "Typed" / "node_modules" / name).symlink_to(ESBUILD / name)
    (home / "project").write_text(str(folder / "OfPoetry"))
    return folder


@pytest.fixture(scope="module")
def registry():
    registry = Registry()
    registry.npm("@aws-sdk/client-x", "3.7.0", "exports.x = 'of the cache';\n")
    registry.npm("@smithy/of-x", "1.0.0", "module.exports = 'smithy';\n")
    registry.pypi("boto3", "1.40.0", "NAME = 'of the cache'\n")
    yield registry
    registry.close()


@pytest.fixture(scope="module")
def environment(home, registry) -> dict[str, str]:
    return {**registry.environment, "PATH": f"{home}/python/bin:{home}/bin:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def session(app, cloud, home, environment) -> Session:
    return Session(app, cloud, home, env=environment)


def test_the_version_is_what_the_nearest_file_names(cloud, session):
    found = {name: cloud.invoke(session.function(name), {}).json for name in ("OfApp", "OfNodeVersion", "OfVolta", "OfFnm")}
    assert found == {"OfApp": version_of(22), "OfNodeVersion": version_of(24), "OfVolta": version_of(20), "OfFnm": version_of(26)}


def test_the_environment_is_what_the_projects_tool_has(cloud, session, home, app):
    assert cloud.invoke(session.function("OfPoetry"), {}).json == {"prefix": f"{home}/of-poetry", "version": list(sys.version_info[:2])}
    assert cloud.invoke(session.function("OfUv"), {}).json["prefix"] == f"{app}/OfUv/.venv"


def test_what_differs_is_said_in_one_line_for_all_and_no_reason_to_refuse(cloud, session, app):
    on_path = run(["node", "--version"], dict(os.environ)).stdout.strip()
    assert cloud.invoke(session.function("NotThere"), {}).json == on_path
    [line] = [line for line in session.stderr.splitlines() if "23.1.0" in line]
    assert line.startswith("livelambda: NotThere, NotThereEither: ") and line.endswith(f"{app}/NotThere/.nvmrc asks for 23.1.0, which is not installed")
    [line] = [line for line in session.stderr.splitlines() if "declared nodejs22.x, runs on Node.js 24 here" in line]
    assert line.startswith("livelambda: OfNodeVersion: ")
    assert "OfApp" not in session.stderr


@pytest.mark.parametrize("name, kind, words", [
    ("Module", "Runtime.ImportModuleError", "@aws-sdk/client-x is not installed: cd {app}/Module && npm install -D @aws-sdk/client-x (or `livelambda start --yes`"),
    ("Script", "Runtime.ImportModuleError", "npm install -D @aws-sdk/client-x"),
    ("Unlisted", "Runtime.ImportModuleError", "left-pad is not installed: cd {app}/Unlisted && yarn install"),
    ("Boto", "Runtime.ImportModuleError", "-m pip install boto3 (or `livelambda start --yes`"),
    ("Requires", "Runtime.ImportModuleError", "requests_that_are_not_there is not installed: {home}/python/bin/python3 -m pip install -r {app}/Requires/requirements.txt")])
def test_what_is_not_installed_is_answered_as_in_lambda_and_the_command_is_named(cloud, session, app, home, name, kind, words):
    assert cloud.invoke(session.function(name), {}).json["errorType"] == kind
    session.wait_for("log", function=name, line=lambda line: line.startswith("livelambda: ") and words.format(app=app, home=home) in line)
    assert "`livelambda start --yes` fetches" in session.stderr


def test_a_download_that_fails_ends_the_start_with_the_tools_words(cloud, session, app, home, environment, registry):
    session.stop()
    failed = Session(app, cloud, home, "test", "--yes", env={**environment, "npm_config_registry": f"{registry.url}/nowhere"}, wait=False).wait_for("error")
    assert failed["kind"] == "local_resource" and "@aws-sdk/client-x, @smithy/of-x could not be fetched:" in failed["message"] and "404" in failed["message"]
    assert not any((home / ".cache/livelambda/nodejs").iterdir())


def test_yes_fetches_what_lambda_brings_along_once_for_all_sessions(cloud, app, home, environment, registry):
    session = Session(app, cloud, home, "test", "--yes", env=environment)
    assert cloud.invoke(session.function("Module"), {}).json == ["of the cache", "smithy"]
    assert cloud.invoke(session.function("Script"), {}).json == ["of the cache", None]
    assert cloud.invoke(session.function("Typed"), {}).json == "of the cache"
    own = cloud.invoke(session.function("Own"), {}).json
    assert own[0] == "of the project" and "livelambda" not in own[1]
    assert cloud.invoke(session.function("Boto"), {}).json == ["of the cache", True, False]
    assert {path.name for path in (home / ".cache/livelambda").iterdir()} == {"nodejs", f"python{sys.version_info[0]}.{sys.version_info[1]}"}
    session.stop()
    asked = len(registry.requests)
    again = Session(app, cloud, home, env=environment)
    assert cloud.invoke(again.function("Module"), {}).json[0] == "of the cache"
    assert len(registry.requests) == asked and "fetches" not in again.stderr


LOAD = """
const { loadHandler } = await import(process.argv[1]);
const handler = await loadHandler(process.cwd(), process.argv[2]).catch((error) => async () => `${error.name}: ${error.message}`);
console.log(JSON.stringify(await handler()));
"""


@pytest.mark.parametrize("major", MAJORS)
def test_the_loader_finds_packages_of_node_path_on_each_version(tmp_path, major):
    apps.write(tmp_path, {"opt/node_modules/layered/package.json": '{"name": "layered", "exports": {"import": "./m.mjs", "require": "./c.cjs"}}',
                     "opt/node_modules/layered/m.mjs": "import inner from 'inner';\nexport default inner + ' module';\n",
                     "opt/node_modules/layered/c.cjs": "module.exports = 'script';\n",
                     "opt/node_modules/inner/package.json": '{"name": "inner", "main": "i.js"}', "opt/node_modules/inner/i.js": "module.exports = 'inner';\n",
                     "task/m.mjs": "import layered from 'layered';\nconst top = await import('inner');\nexport const handler = async () => [layered, top.default];\n",
                     "task/c.cjs": "exports.handler = async () => [require('layered'), (await import('layered')).default];\n",
                     "task/gone.mjs": "import 'nowhere';\n", "task/file.mjs": "import './nowhere.mjs';\n", "task/syntax.mjs": "export const = 1;\n"})

    def load(handler: str):
        ended = run([NODES / f"node{major}" / "bin" / "node", "--input-type=module", "-e", LOAD, ROOT / "runtimes/nodejs/load.mjs", handler],
                    {"NODE_PATH": f"/nowhere/node_modules:{tmp_path}/opt/node_modules"}, cwd=tmp_path / "task")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    assert load("m.handler") == '["inner module","inner"]'
    assert load("c.handler") == '["script","inner module"]'
    for handler, words in [("gone.handler", "Cannot find package 'nowhere'"), ("file.handler", "Cannot find module"), ("m.other", "m.other is undefined")]:
        assert words in load(handler)
    assert "Runtime.UserCodeSyntaxError" in load("syntax.handler")
