"""The benchmark's harness works: a block of a few calls for each kind of measure, and a soak of some. No timing is asserted."""

import json
import os
import subprocess
import sys

import pytest

from harness.processes import PROGRAM, ROOT, clean_environment


@pytest.fixture(scope="module")
def programs():
    subprocess.run([ROOT / "scripts/bench-programs"], check=True, env={**os.environ, "HOME": "/"})


def ran(tmp_path, *command) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *map(str, command)], env=clean_environment(tmp_path), capture_output=True, text=True, timeout=120)


def test_a_small_run_measures_both_sides_and_writes_tables_and_plots(programs, tmp_path):
    latest, document = tmp_path / "latest.json", tmp_path / "docs/benchmarks.md"
    done = ran(tmp_path, ROOT / "bench/run.py", "--program", PROGRAM, "--blocks", 1, "--scale", 0.02, "--results", latest,
               "--document", document, "parallel", "cold_start", "streamed")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(latest.read_text())
    assert all(set(row) == {"measure", "side", "p50", "p99", "max", "n", "unit"} and 0 < row["p50"] <= row["p99"] <= row["max"]
               for row in rows), rows
    assert {"livelambda", "floor"} == {row["side"] for row in rows}
    assert any(row["measure"] == "cold start of the stub, to its first next" for row in rows)
    text = document.read_text()
    assert "| 10 in parallel | livelambda |" in text and (document.parent / "benchmarks/cold.svg").read_text().startswith("<svg")


def test_a_measure_that_fails_is_named_and_told_by_the_exit_status(programs, tmp_path):
    document = tmp_path / "benchmarks.md"
    done = ran(tmp_path, ROOT / "bench/run.py", "--program", "/bin/false", "--blocks", 1, "--results", tmp_path / "latest.json",
               "--document", document, "streamed")
    assert done.returncode == 1 and "streamed … FAILED" in done.stdout, done.stdout + done.stderr
    assert "- streamed: " in document.read_text()


def test_a_small_soak_counts_what_was_lost_and_doubled(programs, tmp_path):
    done = ran(tmp_path, ROOT / "bench/soak.py", "--program", PROGRAM, "--invocations", 40, "--idle-hours", 1, "--plots", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Lost: 0. Doubled: 0. Answered with an error, and said so: 0" in (tmp_path / "soak.md").read_text()
