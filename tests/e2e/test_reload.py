"""Saving a file: the next invocation runs it, what runs ends on the old code, and broken code ends nothing."""

from harness import apps
from harness.calls import Call
from harness.processes import wait_until

VERSION_ONE = 'export const handler = async () => ({ version: "one", pid: process.pid });\n'

WAITING = """
import fs from "node:fs";
const version = "one";
export async function handler(event) {
  fs.appendFileSync(event.folder + "/runs", version + "\\n");
  while (event.wait && !fs.existsSync(event.folder + "/go")) await new Promise((go) => setTimeout(go, 20));
  return { version, pid: process.pid };
}
"""


def reloaded(event):
    return event["event"] in ("build", "reload")


def test_a_syntax_error_is_shown_and_answered_and_the_session_goes_on(cloud, tmp_path, start):
    app = apps.plain(tmp_path, Plain=VERSION_ONE)
    session = start(app, cloud)
    function = session.function("Plain")
    assert cloud.invoke(function, {}).json["version"] == "one"

    mark = session.mark()
    apps.save(app / "plain.mjs", "export const handler = async ( => 1;\n")
    shown = session.wait_for(reloaded, after=mark)
    assert shown["status"] == "error" and shown["function"] == "Plain"
    assert "SyntaxError" in shown["output"] and "plain.mjs:1" in shown["output"]

    for _ in range(2):
        answer = cloud.invoke(function, {})
        assert answer.error == "Unhandled", answer
        assert answer.json["errorType"] == "Runtime.UserCodeSyntaxError"

    mark = session.mark()
    apps.save(app / "plain.mjs", VERSION_ONE.replace("one", "two"))
    assert session.wait_for("reload", after=mark)["status"] == "ok"
    answer = cloud.invoke(function, {})
    assert answer.error is None and answer.json["version"] == "two", answer


def test_code_that_never_loaded_is_shown_when_its_environment_starts(cloud, tmp_path, start):
    app = apps.plain(tmp_path, Plain='import "./missing.mjs";\nexport const handler = async () => 1;\n')
    session = start(app, cloud, "never")
    answer = cloud.invoke(session.function("Plain"), {})
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.ImportModuleError", answer
    assert "missing.mjs" in session.wait_for("build", status="error")["output"]


def test_what_runs_ends_on_the_code_it_began_with(cloud, tmp_path, start):
    app = apps.plain(tmp_path, timeout=60, Plain=WAITING)
    session = start(app, cloud, "in-flight")
    function = session.function("Plain")
    old = Call(cloud, function, {"folder": str(tmp_path), "wait": True})
    wait_until(lambda: (tmp_path / "runs").exists(), "the handler runs")

    mark = session.mark()
    apps.edit(app / "plain.mjs", 'version = "one"', 'version = "two"')
    session.wait_for("reload", after=mark, status="ok")
    new = cloud.invoke(function, {"folder": str(tmp_path)})
    assert new.json["version"] == "two"

    (tmp_path / "go").touch()
    assert old.result().json["version"] == "one"
    for _ in range(3):
        assert cloud.invoke(function, {"folder": str(tmp_path)}).json["version"] == "two"


def test_a_file_that_no_function_loads_directly_counts_too(cloud, tmp_path, start):
    app = apps.plain(tmp_path, Plain='import { text } from "./lib/text.mjs";\nexport const handler = async () => text;\n')
    (app / "lib").mkdir()
    (app / "lib" / "text.mjs").write_text('export const text = "before";\n')
    session = start(app, cloud, "imported")
    function = session.function("Plain")
    assert cloud.invoke(function, {}).json == "before"
    mark = session.mark()
    apps.save(app / "lib" / "text.mjs", 'export const text = "after";\n')
    session.wait_for("reload", after=mark, status="ok")
    assert cloud.invoke(function, {}).json == "after"
