"""Judges that others wrote. One that cannot be had skips its tests by its name."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

from .processes import ROOT


def module(judge: str, name: str):
    try:
        return importlib.import_module(name)
    except ImportError:
        pytest.skip(f"SKIPPED JUDGE: {judge}")


def program(judge: str, name: str) -> str:
    """A program of the virtual environment that runs the tests, or of PATH."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"SKIPPED JUDGE: {judge}")
    return found


def node_package(judge: str, name: str) -> Path:
    """The folder where scripts/judges installs packages of npm, if it has this one."""
    folder = ROOT / "build" / "judges-node"
    if not (folder / "node_modules" / name).is_dir() or shutil.which("node") is None:
        pytest.skip(f"SKIPPED JUDGE: {judge}")
    return folder
