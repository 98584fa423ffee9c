"""Saving a file: the next invocation runs it, what runs ends on the old code, broken code ends nothing, and nothing is lost or
restarted without need, however a file is written."""

import os
import shutil
import subprocess

import pytest

from harness import apps
from harness.calls import Call
from harness.processes import wait_until
from harness.session import Session

VERSION = 'export const version = "one";\nexport const handler = async () => ({ version, pid: process.pid });\n'

WAITING = """
import fs from "node:fs";
const version = "one";
export async function handler(event) {
  fs.appendFileSync(event.folder + "/runs", version + "\\n");
  while (event.wait && !fs.existsSync(event.folder + "/go")) await new Promise((go) => setTimeout(go, 20));
  return { version, pid: process.pid };
}
"""

MANY = """
import { version as first } from "./files/0.mjs";
import { version as last } from "./files/999.mjs";
export const handler = async () => [first, last];
"""

# Waits while a file says so, refuses what is BROKEN, and makes the code.
BUILD = """
echo begun >> "$1/builds"
while [ -e "$1/gate" ]; do sleep 0.02; done
grep BROKEN built/source.txt && { echo "built/source.txt:1: error: it is BROKEN" >&2; exit 1; }
sed 's/.*/export const handler = async () => "&";/' built/source.txt > built/index.mjs
"""

FUNCTIONS = {
    "Plain": {"index.mjs": VERSION},
    "Other": {"index.mjs": VERSION},
    "Waiting": {"index.mjs": WAITING},
    "Never": {"index.mjs": 'import "./missing.mjs";\nexport const handler = async () => 1;\n'},
    "Folder": {"index.mjs": 'export { handler } from "./lib/text.mjs";\n',
               "lib/text.mjs": 'export const handler = async () => "one";\n'},
    "Linked": {"index.mjs": 'export { handler } from "./shared/text.mjs";\n'},
    "Many": {"index.mjs": MANY, **{f"files/{at}.mjs": 'export const version = "one";\n' for at in range(1000)}},
    "Built": {"source.txt": "one\n"},
}

FUNCTION = """  {name}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {folder}
      Handler: index.handler
"""


class App:
    """Functions with a folder each, in a repository that has shared code beside the app."""

    def __init__(self, repository, files):
        self.repository = repository
        self.files = files  # where the test and its functions talk
        self.folder = repository / "app"
        template = apps.HEAD.format(timeout=60)
        for name, sources in FUNCTIONS.items():
            for file, text in sources.items():
                path = self.folder / name.lower() / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            template += FUNCTION.format(name=name, folder=name.lower())
        (self.folder / "template.yaml").write_text(template)
        (self.folder / "build.sh").write_text(BUILD)
        (self.folder / "livelambda.yaml").write_text(f"functions:\n  Built:\n    build: sh build.sh {files}\n")
        shared = repository / "packages" / "shared"
        shared.mkdir(parents=True)
        (shared / "text.mjs").write_text('export const handler = async () => "one";\n')
        (self.folder / "linked" / "shared").symlink_to(shared)

    def file(self, name: str):
        return self.folder / name

    def git(self, *arguments: str):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *identity, *arguments], cwd=self.repository, check=True, capture_output=True)


@pytest.fixture(scope="module")
def app(module_path):
    (module_path / "files").mkdir()
    return App(module_path / "repository", module_path / "files")


@pytest.fixture(scope="module")
def session(module_path, app, cloud):
    return Session(app.folder, cloud, module_path / "home", "reload")


@pytest.fixture
def invoke(session, cloud):
    """The answer of a function."""
    return lambda name, payload=None: cloud.invoke(session.function(name), payload or {})


def reloaded(session, mark: int, function: str, status: str = "ok") -> dict:
    return session.wait_for("reload", after=mark, function=function, status=status)


def test_a_syntax_error_is_shown_and_answered_and_the_session_goes_on(session, app, invoke):
    file = app.file("plain/index.mjs")
    assert invoke("Plain").json["version"] == "one"
    mark = session.mark()
    apps.save(file, "export const handler = async ( => 1;\n")
    shown = reloaded(session, mark, "Plain", "error")
    assert "SyntaxError" in shown["output"] and "index.mjs:1" in shown["output"]
    for _ in range(2):
        answer = invoke("Plain")
        assert answer.error == "Unhandled", answer
        assert answer.json["errorType"] == "Runtime.UserCodeSyntaxError"
    mark = session.mark()
    apps.save(file, VERSION.replace("one", "two"))
    reloaded(session, mark, "Plain")
    answer = invoke("Plain")
    assert answer.error is None and answer.json["version"] == "two", answer


def test_code_that_never_loaded_is_shown_when_its_environment_starts(session, invoke):
    answer = invoke("Never")
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.ImportModuleError", answer
    assert "missing.mjs" in session.wait_for("build", function="Never", status="error")["output"]


def test_what_runs_ends_on_the_code_it_began_with(session, app, cloud, invoke):
    old = Call(cloud, session.function("Waiting"), {"folder": str(app.files), "wait": True})
    wait_until(lambda: (app.files / "runs").exists(), "the handler runs")
    mark = session.mark()
    apps.edit(app.file("waiting/index.mjs"), 'version = "one"', 'version = "two"')
    reloaded(session, mark, "Waiting")
    assert invoke("Waiting", {"folder": str(app.files)}).json["version"] == "two"
    (app.files / "go").touch()
    assert old.result().json["version"] == "one"
    for _ in range(3):
        assert invoke("Waiting", {"folder": str(app.files)}).json["version"] == "two"


def in_place(file, text):
    """VS Code, nano."""
    with open(file, "r+") as stream:
        stream.truncate()
        stream.write(text)


def vim(file, text):
    """With its probe, its backup and its swap file."""
    folder = file.parent
    (folder / "4913").touch()
    (folder / "4913").unlink()
    swap = folder / f".{file.name}.swp"
    swap.write_text("swap")
    backup = folder / f"{file.name}~"
    file.rename(backup)
    file.write_text(text)
    backup.unlink()
    swap.unlink()


def jetbrains(file, text):
    """Its safe write."""
    new, old = file.with_name(file.name + "___jb_tmp___"), file.with_name(file.name + "___jb_old___")
    new.write_text(text)
    file.rename(old)
    new.rename(file)
    old.unlink()


def emacs(file, text):
    """With its lock and its backup by copying."""
    lock = file.with_name(f".#{file.name}")
    lock.symlink_to("ann@workstation.4711")
    shutil.copy(file, file.with_name(file.name + "~"))
    in_place(file, text)
    lock.unlink()


def removed_and_written(file, text):
    file.unlink()
    file.write_text(text)


@pytest.mark.parametrize("write", [in_place, vim, jetbrains, emacs, apps.save, removed_and_written])
def test_however_an_editor_writes_the_next_invocation_runs_it(session, app, invoke, write):
    other = invoke("Other").json["pid"]
    mark = session.mark()
    write(app.file("plain/index.mjs"), VERSION.replace("one", write.__name__))
    reloaded(session, mark, "Plain")
    assert invoke("Plain").json["version"] == write.__name__
    assert invoke("Other").json["pid"] == other, "nothing of it has changed"


def test_a_worker_is_ready_before_the_next_invocation(session, app, invoke):
    mark = session.mark()
    apps.save(app.file("plain/index.mjs"), VERSION.replace("one", "ahead"))
    reloaded(session, mark, "Plain")
    workers = session.workers()
    answer = invoke("Plain").json
    assert answer["version"] == "ahead" and answer["pid"] in workers
    assert session.wait_for("invocation", after=mark, phase="finished", function="Plain")["initMs"] > 0


def test_a_file_saved_without_a_change_restarts_nothing(session, app, invoke):
    other, plain = app.file("other/index.mjs"), app.file("plain/index.mjs")
    before = invoke("Other").json["pid"]
    mark = session.mark()
    apps.save(other, other.read_text())  # for the first time since the session began
    os.utime(other)
    apps.save(plain, plain.read_text() + "\n")
    reloaded(session, mark, "Plain")
    assert not [one for one in session.events[mark:] if one["event"] == "reload" and one["function"] == "Other"]
    assert invoke("Other").json["pid"] == before


def test_a_checkout_of_1000_files_loses_no_edit(session, app, invoke):
    app.git("init", "-q")
    app.git("add", "-A")
    app.git("commit", "-qm", "one")
    assert invoke("Many").json == ["one", "one"]
    app.git("checkout", "-qb", "two")
    for at in range(1000):
        (app.file("many/files") / f"{at}.mjs").write_text('export const version = "two";\n')
    app.git("commit", "-qam", "two")
    wait_until(lambda: invoke("Many").json == ["two", "two"], "the new files run")
    for branch, version in (("main", "one"), ("two", "two")):
        mark = session.mark()
        app.git("checkout", "-q", branch)
        reloaded(session, mark, "Many")
        assert invoke("Many").json == [version, version]
        reloads = [one for one in session.events[mark:] if one["event"] == "reload" and one["function"] == "Many"]
        assert len(reloads) < 10, "not one for each file"


def test_a_folder_that_was_removed_and_made_again_is_watched_on(session, app, invoke):
    assert invoke("Folder").json == "one"
    folder = app.file("folder/lib")
    for version in ("two", "three"):
        mark = session.mark()
        shutil.rmtree(folder)
        reloaded(session, mark, "Folder", "error")
        mark = session.mark()
        folder.mkdir()
        (folder / "text.mjs").write_text(f'export const handler = async () => "{version}";\n')
        reloaded(session, mark, "Folder")
        assert invoke("Folder").json == version
    mark = session.mark()
    (folder / "text.mjs").write_text('export const handler = async () => "four";\n')
    reloaded(session, mark, "Folder")
    assert invoke("Folder").json == "four"


def test_code_behind_a_link_is_watched_where_it_is(session, app, invoke):
    assert invoke("Linked").json == "one"
    mark = session.mark()
    in_place(app.repository / "packages" / "shared" / "text.mjs", 'export const handler = async () => "two";\n')
    reloaded(session, mark, "Linked")
    assert invoke("Linked").json == "two"

    another = app.repository / "packages" / "another"
    another.mkdir()
    (another / "text.mjs").write_text('export const handler = async () => "three";\n')
    mark = session.mark()
    link = app.file("linked/shared")
    link.unlink()
    link.symlink_to(another)
    reloaded(session, mark, "Linked")
    wait_until(lambda: invoke("Linked").json == "three", "the link leads elsewhere")
    mark = session.mark()
    in_place(another / "text.mjs", 'export const handler = async () => "four";\n')
    reloaded(session, mark, "Linked")
    assert invoke("Linked").json == "four"


def test_an_edit_during_a_build_is_built_and_who_came_meanwhile_waits_for_it(session, app, cloud, invoke):
    assert invoke("Built").json == "one"
    builds = app.files / "builds"
    (app.files / "gate").touch()
    before = len(builds.read_text().split())
    apps.save(app.file("built/source.txt"), "two\n")
    wait_until(lambda: len(builds.read_text().split()) > before, "the build has begun")
    waiting = Call(cloud, session.function("Built"), {})
    apps.save(app.file("built/source.txt"), "three\n")
    (app.files / "gate").unlink()
    assert waiting.result().json in ("two", "three")
    wait_until(lambda: invoke("Built").json == "three", "the last edit runs")


def test_a_failed_build_is_shown_and_answered_and_mended_by_the_next_save(session, app, invoke):
    mark = session.mark()
    apps.save(app.file("built/source.txt"), "BROKEN\n")
    shown = reloaded(session, mark, "Built", "error")
    assert "built/source.txt:1: error: it is BROKEN" in shown["output"]
    answer = invoke("Built")
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Function.LiveBuild", answer
    assert "error: it is BROKEN" in answer.json["errorMessage"]
    mark = session.mark()
    apps.save(app.file("built/source.txt"), "mended\n")
    reloaded(session, mark, "Built")
    assert invoke("Built").json == "mended"
