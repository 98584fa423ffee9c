"""`livelambda functions`: every function of an app, where its code is, and live or not and why. It needs no account."""

import json
import os
import pty
import re
import subprocess

import pytest

import schemas
from harness import apps
from harness.processes import PATIENCE, PROGRAM, ROOT, clean_environment, run

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev}}
Conditions: {IsProd: !Equals [!Ref Stage, prod]}
Globals: {Function: {Runtime: nodejs22.x, CodeUri: src/}}
Resources:
  Api: {Type: AWS::Serverless::Function, Properties: {Handler: api/app.handler}}
  Bundled:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: esbuild, BuildProperties: {EntryPoints: [bundled.ts]}}
    Properties: {Handler: bundled.handler}
  Inline: {Type: AWS::Serverless::Function, Properties: {Handler: index.handler, InlineCode: 'exports.handler = 1'}}
  OnlyProd: {Type: AWS::Serverless::Function, Condition: IsProd, Properties: {Handler: api/app.handler}}
  Legacy: {Type: AWS::Serverless::Function, Properties: {Handler: api/app.handler}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/template.yaml}}
"""
NESTED = """
Resources:
  Fn: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: fn.handler}}
"""
FILES = {"infra/template.yaml": TEMPLATE, "infra/src/api/app.mjs": "", "infra/src/bundled.ts": "", "infra/nested/template.yaml": NESTED,
         "infra/nested/fn.cjs": "", "livelambda.yaml": "template: infra/template.yaml\nfunctions:\n  Leg*: {live: false}\n"}


@pytest.fixture
def app(tmp_path):
    folder = tmp_path / "shop"
    apps.write(folder, FILES)
    return folder


def environment(home) -> dict[str, str]:
    """With a Node.js 22, as far as anybody asks."""
    node = home / "bin" / "node"
    node.parent.mkdir(exist_ok=True)
    node.write_text("#!/bin/sh\necho v22.1.0\necho /opt/node\n")
    node.chmod(0o755)
    ordinary = clean_environment(home)
    return {**ordinary, "PATH": f"{node.parent}:{ordinary['PATH']}"}


def functions(home, app, *arguments):
    return run([PROGRAM, "functions", "--app-dir", str(app), *arguments], environment(home))


def listed(home, app, *arguments):
    ended = functions(home, app, "--json", *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    for line in lines:
        schemas.check(line)
    return {line["function"]: line for line in lines}


def test_each_function_is_listed_with_its_file_and_verdict(home, app):
    found = listed(home, app, "--stage", "dev")
    assert {name: one.get("reason", "live") for name, one in found.items()} == {
        "Api": "live", "Bundled": "live", "Inline": "live", "OnlyProd": "condition_false", "Legacy": "left_alone", "Nested/Fn": "live"}
    assert found["Api"]["source"] == str(app / "infra/src/api/app.mjs")
    assert found["Bundled"]["source"] == str(app / "infra/src/bundled.ts")
    assert (found["Inline"]["source"], found["Inline"]["sourceLine"]) == (str(app / "infra/template.yaml"), 12)
    assert found["Nested/Fn"]["source"] == str(app / "infra/nested/fn.cjs")
    assert (found["Nested/Fn"]["file"], found["Nested/Fn"]["line"]) == (str(app / "infra/nested/template.yaml"), 3)
    assert found["OnlyProd"]["why"] == "is not in this stage: its condition IsProd is false"
    assert {name: value for name, value in found["Api"].items() if name != "time"} == {
        "event": "function", "function": "Api", "stack": "dev-shop", "logicalId": "Api", "constructPath": "", "runtime": "nodejs22.x",
        "handler": "api/app.handler", "architecture": "x86_64", "source": str(app / "infra/src/api/app.mjs"),
        "file": str(app / "infra/template.yaml"), "line": 7, "live": True}


def test_what_is_to_be_said_of_running_it_here_is_said(home, app):
    template = app / "infra/template.yaml"
    template.write_text(template.read_text().replace("{Handler: api/app.handler}", "{Handler: api/app.handler, Runtime: nodejs20.x}", 1))
    (app / ".nvmrc").write_text("22.1.0\n")
    found = listed(home, app)
    assert found["Api"]["note"] == "declared nodejs20.x, runs on Node.js 22 here (/opt/node)"
    assert "there is no esbuild" in found["Bundled"]["note"] and found["Bundled"]["live"]
    assert "note" not in found["Nested/Fn"] and "note" not in found["Inline"]
    assert functions(home, app).stdout.splitlines()[0].endswith("\tlive, declared nodejs20.x, runs on Node.js 22 here (/opt/node)")
    (app / ".nvmrc").write_text("lts/hydrogen\n")
    assert listed(home, app)["Nested/Fn"]["note"] == f"runs on Node.js v22.1.0 here: {app}/.nvmrc asks for lts/hydrogen, which is not installed"


def test_parameters_count(home, app):
    assert listed(home, app, "--parameter", "Stage=prod")["OnlyProd"]["live"]
    (app / "samconfig.toml").write_text('[default.deploy.parameters]\nparameter_overrides = "Stage=prod"\n')
    assert listed(home, app)["OnlyProd"]["live"]
    assert not listed(home, app, "--parameter", "Stage=dev")["OnlyProd"]["live"]


def test_people_get_a_table_and_programs_tabs(home, app):
    plain = functions(home, app).stdout.splitlines()
    assert plain[0] == "Api\tnodejs22.x\tapi/app.handler\tinfra/src/api/app.mjs\tlive"
    assert plain[2] == "Inline\tnodejs22.x\tindex.handler\tinfra/template.yaml:12\tlive"
    master, slave = pty.openpty()
    command = [str(PROGRAM), "functions", "--app-dir", str(app)]
    ended = subprocess.run(command, env=environment(home), stdin=subprocess.DEVNULL, stdout=slave, timeout=PATIENCE, check=False)
    os.close(slave)
    shown = b""
    while chunk := _read(master):
        shown += chunk
    lines = shown.decode().splitlines()
    assert ended.returncode == 0 and lines[0].split() == ["FUNCTION", "RUNTIME", "HANDLER", "SOURCE", "LIVE"]
    column = lines[0].index("LIVE")
    assert lines[1][column:] == "live" and lines[5][column:].startswith("keeps its code")


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""

def test_what_is_wrong_is_said_with_its_place(home, app):
    settings = app / "livelambda.yaml"
    settings.write_text("template: infra/template.yaml\nfunctions:\n  Apy: {live: false}\n")
    ended = functions(home, app)
    assert ended.returncode == 2 and ended.stdout == ""
    assert f'{settings}:3: the app has no function "Apy"' in ended.stderr and "nearest names: Api" in ended.stderr
    settings.write_text("template: infra/template.yaml\nstack: x\n")
    ended = functions(home, app)
    assert ended.returncode == 2 and f'{settings}:2: unknown setting "stack"' in ended.stderr
    assert "The settings are: name, template, functions." in ended.stderr
    settings.write_text("template: gone.yaml\n")
    assert "livelambda.yaml" in functions(home, app).stderr
    settings.unlink()
    (app / "infra/nested/template.yaml").unlink()
    ended = functions(home, app, "--template", str(app / "infra/template.yaml"), "--json")
    error = json.loads(ended.stdout)
    assert ended.returncode == 3 and error["event"] == "error" and error["line"] == 15
    assert "nested/template.yaml, is not there" in error["message"]


def test_each_reason_is_in_the_document():
    text = (ROOT / "docs/settings.md").read_text()
    source = (ROOT / "src/app/stay_reason.cc").read_text()
    reasons = re.findall(r'\{StayReason::\w+, "(\w+)"', source)
    assert len(reasons) > 20
    for reason in reasons:
        assert reason == "none" or f"`{reason}`" in text, reason


def test_nothing_is_built_and_no_account_is_needed(home, app):
    (app / "livelambda.yaml").write_text("template: infra/template.yaml\nfunctions:\n  Inline: {build: touch built}\n")
    assert len(listed(home, app)) == 6
    assert not (app / "built").exists()
