"""Applications for tests: the example, and small ones made of a template and handlers."""

import os
import shutil
import tempfile
from pathlib import Path

from .processes import ROOT

PACKAGES = ROOT / "build" / "example" / "node_modules"

HEAD = """AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    CodeUri: .
    Runtime: nodejs20.x
    Timeout: {timeout}
Resources:
"""

FUNCTION = """  {name}:
    Type: AWS::Serverless::Function
    Properties:
      Handler: {handler}
"""


def example(folder: Path) -> Path:
    """A copy of examples/api-sns with its packages."""
    if not PACKAGES.is_dir():
        raise AssertionError("the example's packages are missing; install them with: scripts/judges example")
    app = folder / "api-sns"
    shutil.copytree(ROOT / "examples" / "api-sns", app,
                    ignore=shutil.ignore_patterns("node_modules", ".livelambda"))
    (app / "node_modules").symlink_to(PACKAGES)
    return app


def plain(folder: Path, name: str = "plain", timeout: int = 30, more: str = "", resources: str = "",
          **handlers: str) -> Path:
    """An app whose functions use no SDK: one function for each of `handlers`, `Name="JavaScript"`, in name.mjs with an
    exported `handler`. `more` is added to the properties of each, `resources` to the template."""
    app = folder / name
    app.mkdir(parents=True)
    template = HEAD.format(timeout=timeout)
    for function, code in handlers.items():
        (app / f"{function.lower()}.mjs").write_text(code)
        template += FUNCTION.format(name=function, handler=f"{function.lower()}.handler") + more
    (app / "template.yaml").write_text(template + resources)
    return app


def write(folder: Path, files: dict[str, str]) -> Path:
    """An app of these files: names below the folder, and their texts."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def edit(file: Path, old: str, new: str):
    """As an editor saves: one place, which has to be there."""
    text = file.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    save(file, text.replace(old, new))


def save(file: Path, text: str):
    """As editors do: written elsewhere, then put in its place, so that nobody reads a half of it."""
    with tempfile.NamedTemporaryFile("w", delete=False) as beside:
        beside.write(text)
    os.replace(beside.name, file)
