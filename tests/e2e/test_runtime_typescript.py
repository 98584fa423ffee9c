"""TypeScript live, bundled by the project's own esbuild: answers, traces in the source, failed builds, and which save rebuilds what."""

import os
from pathlib import Path

import pytest

from harness import apps
from harness.processes import ROOT
from harness.session import Session

ESBUILD = ROOT / "build" / "judges-cdk" / "node_modules"
pytestmark = pytest.mark.skipif(not (ESBUILD / "esbuild").is_dir(), reason="SKIPPED JUDGE: esbuild (scripts/judges installs it)")

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: nodejs20.x, CodeUri: ., Timeout: 60}}
Resources:
  Api: {Type: AWS::Serverless::Function, Properties: {Handler: src/api.handler, Environment: {Variables: {NODE_OPTIONS: --stack-trace-limit=5}}}}
  Other:
    Type: AWS::Serverless::Function
    Properties: {Handler: other.handler}
    Metadata: {BuildMethod: esbuild, BuildProperties: {EntryPoints: [src/other.ts], Format: esm, External: [outside], Define: [VERSION='"7"']}}
  Plain: {Type: AWS::Serverless::Function, Properties: {Handler: plain.handler}}
"""
API = """import { greeting } from "@lib/greeting";
import { native } from "addon";
interface Event { fail?: string }
class Wrong extends Error {}

export const handler = async (event: Event): Promise<object> => {
  if (event.fail) throw new Wrong(event.fail);
  return { greeting, native, pid: process.pid, task: process.env.LAMBDA_TASK_ROOT, limit: Error.stackTraceLimit, argv: process.execArgv };
};
"""
FILES = {
    "template.yaml": TEMPLATE, "package.json": '{"name": "shop"}', "tsconfig.json": '{"compilerOptions": {"paths": {"@lib/*": ["./lib/*"]}}}',
    "src/api.ts": API, "lib/greeting.ts": 'export const greeting: string = "one";\n', "plain.mjs": "export const handler = async () => 'plain';\n",
    "src/other.ts": 'import { shared } from "../lib/shared";\nimport outside from "outside";\ndeclare const VERSION: string;\nawait null;\n'
                    "export const handler = async () => ({ shared, outside, VERSION, pid: process.pid });\n",
    "lib/shared.ts": 'export const shared = "first";\n', "lib/unused.ts": "export const nobody = 1;\n",
    "node_modules/addon/package.json": '{"name": "addon", "main": "index.js", "gypfile": true}',
    "node_modules/addon/index.js": "exports.native = require('path').basename(__dirname);\n",
    "node_modules/outside/package.json": '{"name": "outside", "main": "index.js"}', "node_modules/outside/index.js": "module.exports = 'not bundled';\n"}


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    apps.write(folder, FILES)
    for name in ("esbuild", "@esbuild"):
        (folder / "node_modules" / name).symlink_to(ESBUILD / name)
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    return Session(app, cloud, module_path / "home")


def helpers(session) -> list[int]:
    """Processes that build: build.mjs, and esbuild below it."""
    found = []
    for pid in session.workers():
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and b"build.mjs" in command.read_bytes():
            found.append(pid)
    return found


def test_a_bundle_runs_with_paths_add_ons_and_the_users_options(cloud, session, app):
    answer = cloud.invoke(session.function("Api"), {})
    assert answer.error is None, answer
    assert answer.json["greeting"] == "one" and answer.json["native"] == "addon" and answer.json["limit"] == 5
    assert answer.json["task"] == str(app / ".livelambda/build/Api") and "--enable-source-maps" in answer.json["argv"]
    other = cloud.invoke(session.function("Other"), {}).json
    assert {**other, "pid": 0} == {"shared": "first", "outside": "not bundled", "VERSION": '"7"', "pid": 0}
    assert cloud.invoke(session.function("Plain"), {}).json == "plain"
    assert not (app / ".livelambda/build/Plain").exists()
    assert len(helpers(session)) == 1


def test_a_trace_names_lines_of_the_source(cloud, session, app):
    answer = cloud.invoke(session.function("Api"), {"fail": "so"})
    assert answer.json["errorType"] == "Error" and answer.json["errorMessage"] == "so"
    assert any(f"{app}/src/api.ts:7:" in line for line in answer.json["trace"]), answer.json["trace"]


def test_a_save_rebuilds_what_read_the_file_and_nothing_else(cloud, session, app):
    api, other = session.function("Api"), session.function("Other")
    before = {name: cloud.invoke(name, {}).json["pid"] for name in (api, other)}
    mark = session.mark()
    apps.save(app / "lib/unused.ts", "export const nobody = 2;\n")
    apps.save(app / "lib/greeting.ts", 'export const greeting: string = "two";\n')
    session.wait_for("reload", after=mark, function="Api", status="ok")
    answer = cloud.invoke(api, {}).json
    assert answer["greeting"] == "two" and answer["pid"] != before[api]
    assert cloud.invoke(other, {}).json["pid"] == before[other]
    assert {one["function"] for one in session.events[mark:] if one["event"] == "reload"} <= {"Api", "Plain"}  # Plain is not bundled


def test_a_failed_build_is_shown_and_answered_and_mended(cloud, session, app):
    api = session.function("Api")
    for broken, said in [('export const greeting = "thr\n', "Unterminated string literal"), ('export * from "./nowhere";\n', "Could not resolve")]:
        mark = session.mark()
        apps.save(app / "lib/greeting.ts", broken)
        told = session.wait_for("reload", after=mark, function="Api", status="error")
        assert said in told["output"] and "lib/greeting.ts:1:" in told["output"]
        answer = cloud.invoke(api, {})
        assert answer.json["errorType"] == "Function.LiveBuild" and said in answer.json["errorMessage"], answer
    mark = session.mark()
    apps.save(app / "lib/greeting.ts", 'export const greeting: string = "three";\n')
    session.wait_for("reload", after=mark, function="Api", status="ok")
    assert cloud.invoke(api, {}).json["greeting"] == "three"


def test_the_program_that_builds_is_started_anew_if_it_ends(cloud, session, app):
    [helper] = helpers(session)
    os.kill(helper, 9)
    mark = session.mark()
    apps.save(app / "lib/shared.ts", 'export const shared = "second";\n')
    session.wait_for("reload", after=mark, function="Other", status="ok")
    assert cloud.invoke(session.function("Other"), {}).json["shared"] == "second"


def test_without_esbuild_the_command_is_named(cloud, tmp_path, home):
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "template.yaml").write_text("Resources: {F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs20.x, CodeUri: .,"
                                          " Handler: f.handler}}}\nTransform: AWS::Serverless-2016-10-31\n")
    (folder / "f.ts").write_text("export const handler = async (event: object) => event;\n")
    session = Session(folder, cloud, home, wait=False)
    failed = session.wait_for("error")
    assert "there is no esbuild" in failed["message"] and failed["hint"] == "npm install -D esbuild"
