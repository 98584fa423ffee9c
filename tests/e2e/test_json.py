"""--json: one object a line and nothing else, each as its schema (and docs/json.md) says."""

import json

import jsonschema
import pytest

import schemas
from harness import apps
from harness.processes import PROGRAM, ROOT, clean_environment, json_lines, run
from harness.session import Session

HANDLER = """
export async function handler(event) {
  console.log("one line");
  console.log("two\\nlines");
  if (event.what === "throw") throw new TypeError("thrown");
  if (event.what === "hang") await new Promise(() => setTimeout(() => {}, 60000));
  return { ok: true };
}
"""


@pytest.fixture(scope="module")
def told(cloud, module_path, module_processes) -> list[dict]:
    """Two sessions in which everything happens that a session tells of, but `dropped`."""
    app = apps.plain(module_path, "told", timeout=3, Plain=HANDLER)
    session = Session(app, cloud, module_path / "home", "one", "--verbose", "--inspect", "Plain")
    name = session.function("Plain")
    assert cloud.invoke(name, {}).error is None
    assert cloud.invoke(name, {"what": "throw"}).error == "Unhandled"
    assert cloud.invoke(name, {"what": "hang"}).error == "Unhandled"
    session.wait_for("invocation", status="timeout")
    good = (app / "plain.mjs").read_text()
    for text, status in (("export async function handler( {", "error"), (good, "ok")):
        # The twin that was used last is loaded anew on a save; after the timeout there may be none.
        mark = session.mark()
        (app / "plain.mjs").write_text(text)
        session.wait_for(lambda event: event["event"] in ("build", "reload"), after=mark)
        cloud.invoke(name, {})
    apps.save(app / "template.yaml", (app / "template.yaml").read_text().replace("Timeout: 3", "Timeout: 4"))
    session.wait_for("infrastructure")
    second = Session(app, cloud, module_path / "home", "one")
    assert session.wait() == 6
    assert second.stop() == 0
    outputs = json_lines(run([PROGRAM, "outputs", "--json", "--app-dir", app, "--stage", "one"],
                             clean_environment(module_path / "home", **cloud.env)).stdout)
    return session.events + outputs[:-1] + second.events


def test_every_line_is_as_its_schema_says(told):
    for event in told:
        schemas.check(event)


@pytest.mark.parametrize("event", sorted(set(schemas.SCHEMAS) - {"dropped"}))
def test_every_event_is_told(told, event):
    """But `dropped`, which needs an attacker: tests/attacks/test_bridge.py."""
    assert [one for one in told if one["event"] == event]


def test_the_invocations_tell_what_happened(told):
    finished = [one for one in told if one["event"] == "invocation" and one["phase"] == "finished"]
    started = [one for one in told if one["event"] == "invocation" and one["phase"] == "started"]
    assert [one["status"] for one in finished[:3]] == ["ok", "error", "timeout"]
    assert finished[1]["error"].startswith("TypeError: thrown\n")
    assert "plain.mjs" in finished[1]["error"]
    assert "Task timed out after 3.00 seconds" in finished[2]["error"]
    assert [one["requestId"] for one in started] == [one["requestId"] for one in finished]
    assert {one["trigger"] for one in started} == {"invoke"}
    logs = [one for one in told if one["event"] == "log" and one["requestId"] == finished[0]["requestId"]]
    assert any("one line" in one["line"] for one in logs)
    assert any("two\nlines" in one["line"] for one in logs)


def test_the_last_line_is_stopped_with_the_exit_status(told):
    assert [one["status"] for one in told if one["event"] == "stopped"] == [6, 0]
    assert told[-1]["event"] == "stopped"


def test_an_error_names_file_and_line(tmp_path, home):
    app = tmp_path / "broken"
    app.mkdir()
    (app / "template.yaml").write_text("Resources:\n  A:\n   - ]\n")
    ended = run([PROGRAM, "start", "--local", "--json", "--app-dir", app], clean_environment(home))
    events = json_lines(ended.stdout)
    for event in events:
        schemas.check(event)
    assert [event["event"] for event in events] == ["error", "stopped"]
    assert events[0]["kind"] == "invalid_input" and events[0]["line"] == 3
    assert events[0]["file"].endswith("broken/template.yaml")


def test_the_local_clouds_first_line(cloud):
    jsonschema.validate(cloud.ready, schemas.LOCAL_READY)


def test_the_document_names_every_field():
    text = (ROOT / "docs" / "json.md").read_text()

    def fields(schema: dict):
        for name, value in schema.get("properties", {}).items():
            yield name
            yield from fields(value)
        for part in [*([schema["items"]] if "items" in schema else []), *schema.get("oneOf", [])]:
            yield from fields(part)

    for event, schema in (schemas.SCHEMAS | schemas.LISTED).items():
        assert f'"event":"{event}"' in text, event
        for field in fields(schema):
            assert f"`{field}`" in text or f'"{field}"' in text, f"{event}.{field}"


def test_the_documents_examples_are_as_their_schemas_say():
    lines = [line for line in (ROOT / "docs" / "json.md").read_text().splitlines() if line.startswith('{"event"')]
    assert len(lines) >= len(schemas.SCHEMAS)
    for line in lines:
        event = json.loads(line)
        if "endpoint" in event:
            jsonschema.validate(event, schemas.LOCAL_READY)
        else:
            schemas.check(event)
