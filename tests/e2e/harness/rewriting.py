"""Templates through `livelambda rewrite`: the app's folder around one, and what comes out."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .processes import PROGRAM

# Properties whose value may be a path on this machine, as `aws cloudformation package` and `sam package` have it.
PATHS = {"CodeUri", "Code", "ContentUri", "Content", "DefinitionUri", "Location", "DefinitionS3Location", "BodyS3Location",
         "SchemaUri", "TemplateURL", "RequestMappingTemplateS3Location", "ResponseMappingTemplateS3Location",
         "CodeS3Location", "ScriptLocation", "SourceBundle"}
NESTED = "Resources: { Topic: { Type: AWS::SNS::Topic } }\n"


@dataclass
class Outcome:
    status: int
    text: str
    said: list[str]

    @property
    def template(self) -> dict:
        return json.loads(self.text)


def is_local(value) -> bool:
    return isinstance(value, str) and value != "" and not value.startswith(("s3://", "http://", "https://"))


def local_paths(value, found: set[str] | None = None) -> set[str]:
    found = set() if found is None else found
    if isinstance(value, list):
        for one in value:
            local_paths(one, found)
    if isinstance(value, dict):
        for key, member in value.items():
            if key in PATHS and is_local(member) and "${" not in member and "\n" not in member:
                found.add(member)
            local_paths(member, found)
    return found


def make_app(folder: Path, text: str, template: dict) -> Path:
    """The template with something at each place that it names."""
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text(text)
    (folder / "index.js").write_text("exports.handler = async () => 1;\n")
    for path in local_paths(template):
        place = (folder / "inside" / path) if path.startswith("..") else folder / path
        if ".." in Path(path).parts:
            place = (folder / path).resolve()
        if Path(path).suffix:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(NESTED)
        else:
            place.mkdir(parents=True, exist_ok=True)
            (place / "index.js").write_text("exports.handler = async () => 1;\n")
    return folder


def rewrite(app: Path, *arguments: str, environment: dict[str, str] | None = None) -> Outcome:
    """In an environment without credentials, region or network settings."""
    done = subprocess.run([PROGRAM, "rewrite", "--app-dir", app, "--stage", "judged", *arguments], capture_output=True,
                          text=True, timeout=60, env={"PATH": "/usr/bin:/bin", "HOME": str(app), **(environment or {})})
    return Outcome(done.returncode, done.stdout, done.stderr.splitlines())
