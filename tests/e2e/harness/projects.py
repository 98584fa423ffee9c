"""Packages of a project whose framework's tool a test can hold up, and tell something that no file of the app says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOOL = """#!/bin/sh
while [ -e '{control}/held' ]; do sleep 0.05; done
SAID=$(cat '{control}/said') exec '{tool}' "$@"
"""


def node_modules(folder: Path, packages: Path, tool: str, copies: Path | None = None) -> Path:
    """Links to `packages`, or to those of them that are in `copies`, with `tool` of their .bin behind a script that held_up() and
    say() of this folder reach."""
    made = folder / "packages" / "node_modules"
    (made / ".bin").mkdir(parents=True)
    for package in packages.iterdir():
        if package.name != ".bin":
            copied = copies is not None and (copies / package.name).exists()
            (made / package.name).symlink_to(copies / package.name if copied else package)
    for program in (packages / ".bin").iterdir():
        if program.name != tool:
            (made / ".bin" / program.name).symlink_to(program)
    script = made / ".bin" / tool
    script.write_text(TOOL.format(control=folder, tool=packages / ".bin" / tool))
    script.chmod(0o755)
    say(folder, "")
    return made


def say(folder: Path, text: str):
    """What the tool finds in the variable SAID from now on."""
    (folder / "said").write_text(text)


@contextmanager
def held_up(folder: Path) -> Iterator[None]:
    """The tool does nothing as long as this lasts."""
    (folder / "held").touch()
    try:
        yield
    finally:
        (folder / "held").unlink()
