"""docs/benchmarks.md, its plots and bench/results/latest.json, from what was measured. Goals are those of the plan and stand here alone."""

import os
import platform
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

import plot
from programs import ROOT
from results import Measure, Results

HOPS, DIRECT = "the hops alone", "in the cloud, no bridge"

METHOD = """
`make bench` measured this in one run on one machine, with the release build and real binaries; `BENCH_BLOCKS=n` says how many blocks.
Every value is from blocks in which the sides took turns; p50, p99 and max are over all samples of all blocks, ratios are of the medians of
blocks that stood side by side (the smallest, the median and the largest of them).

- **livelambda**: `livelambda start` on `livelambda local`, Lambda's Invoke signed and sent by `bench/caller.cc` over a kept connection.
- **sst**: SST 1.18.4, its stub, relays, client and runtime; [bench/sst](../bench/sst/README.md) says what had to be shimmed.
- **floor, the hops alone**: `bench/floor.cc`, the same hops between as many processes, without any work.
- **floor, in the cloud, no bridge**: the same function with its real code in the local cloud.

All sides are without TLS, but for the cold start of the stub. The body is JSON of 1 KB unless the row says so; the function answers with its event.
*native worker* is a C++ program (`bench/echo.cc`), else the handler runs on Node.js. With a delay, a rate or a body, cloud and laptop are hosts of their own,
joined by `tests/link_shaper`, for both sides alike. CPU is the time on a processor of all threads, from `/proc/*/schedstat`; memory is proportional (`Pss`).
"""


@dataclass
class Goal:
    what: str
    value: str
    met: bool | None  # None: not measured


def _limit(results: Results, what: str, measure: str, limit: float, way: str = "livelambda") -> Goal:
    found = results.measures.get(measure)
    value = found.p50(way) if found else None
    return Goal(what, "–" if value is None else f"{value:.2f} {found.unit}", None if value is None else value <= limit)


def _ratio(results: Results, what: str, measure: str, to: str, limit: float) -> Goal:
    found = results.measures.get(measure)
    ratios = found.ratios("livelambda", to) if found else []
    return Goal(what, f"{statistics.median(ratios):.3g} ×" if ratios else "–", statistics.median(ratios) <= limit if ratios else None)


def _delay(results: Results, delay: int) -> Goal:
    found = results.measures.get(f"round-trip-warm-1k, {delay} ms one way")
    value = found.p50("livelambda") if found else None
    over = None if value is None else value - 2 * delay
    return Goal(f"round-trip-warm-1k with {delay} ms one way: round trip + at most 3 ms", "–" if over is None else f"+ {over:.2f} ms",
                None if over is None else over <= 3)


def goals(results: Results) -> list[Goal]:
    found = [
        _ratio(results, "round-trip-warm-1k, native worker: at most 3 × the hops alone", "round-trip-warm-1k (native worker)", HOPS, 3),
        _ratio(results, "round-trip-warm-1k: at most 1/20 of SST's", "round-trip-warm-1k", "sst", 0.05),
        _limit(results, "CPU of session and stub for an invocation: under 1 ms", "cpu-per-invocation", 1, "session and stub"),
        *(_delay(results, delay) for delay in (10, 40, 100))]
    found += [_ratio(results, f"{name}: at most 1.5 × the raw transfer", name, HOPS, 1.5)
              for name in results.measures if name.startswith("body of")]
    found += [_ratio(results, f"{name}: at most 1.3 × build and bare runtime", name, "build and bare runtime", 1.3)
              for name in results.measures if name.startswith("save to new answer")]
    found += [
        _limit(results, "stub, spawn to first `next`, with TLS: 8 ms", "cold start of the stub, to its first next", 8),
        _limit(results, "stub, spawn to first connection: 1 ms", "cold start of the stub, to its first connection", 1),
        _limit(results, "zip of the stub, x86_64: 2.5 MB", "zip of the stub, x86_64", 2.5),
        _limit(results, "zip of the stub, aarch64: 2.5 MB", "zip of the stub, aarch64", 2.5)]
    found += [_limit(results, f"start with nothing to deploy, {count} functions: 0.5 s",
                     f"start to ready, {count} functions, nothing to deploy", 500) for count in (1, 50, 300)]
    return found


def write(results: Results, blocks: int, seconds: float, latest: Path, document: Path):
    results.write(latest)
    plots = document.parent / "benchmarks"
    plots.mkdir(parents=True, exist_ok=True)
    text = ["# Benchmarks", METHOD.strip(), "## Machine", _machine(blocks, seconds), "## Goals", _goals(results)]
    bounds = ROOT / "bench/bounds.md"
    if bounds.exists():
        text += [bounds.read_text().strip()]
    text += ["## Figures"]
    drawn = [("round-trip-warm-1k", "round-trip"), ("round-trip-warm-1k, ", "delays"), ("body of", "bodies"), ("cold", "cold")]
    for start, file in drawn:
        rows = [(f"{measure.name}: {way}"[-56:], side, measure.summary(way)["p50"], measure.summary(way)["p99"])
                for measure in results.measures.values() for way, side in measure.sides.items()
                if measure.name.startswith(start) and (start.endswith(", ") or ", " not in measure.name or not start.startswith("round"))]
        if rows:
            (plots / f"{file}.svg").write_text(plot.bars(start.strip(", "), rows, "ms"))
            text += [f"![{start.strip(', ')}](benchmarks/{file}.svg)"]
    text += [_table(results)]
    text += [f"{name}: {note}" for name, note in results.notes.items()]
    if results.not_measured:
        text += ["## Not measured", "\n".join(f"- {name}: {' '.join(reason.split())[:300]}" for name, reason in results.not_measured.items())]
    soak = plots / "soak.md"
    if soak.exists():
        text += [soak.read_text().strip()]
    document.write_text("\n\n".join(text) + "\n")


def _goals(results: Results) -> str:
    words = {True: "met", False: "**missed**", None: "not measured"}
    return "\n".join(["| goal | measured | |", "|---|---|---|"] +
                     [f"| {goal.what} | {goal.value} | {words[goal.met]} |" for goal in goals(results)])


def _table(results: Results) -> str:
    lines = ["| measure | side | p50 | p99 | max | n | unit | livelambda to it: least, median, most |", "|---|---|---|---|---|---|---|---|"]
    for measure in results.measures.values():
        for way, side in measure.sides.items():
            summary = measure.summary(way)
            name = side if way == side else f"{side}, {way}" if side == "floor" else way
            lines.append(f"| {measure.name} | {name} | " + " | ".join(f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in
                         summary.values()) + f" | {len(measure.all(way))} | {measure.unit} | {_pairs(measure, way, side)} |")
    return "\n".join(lines)


def _pairs(measure: Measure, way: str, side: str) -> str:
    ratios = sorted(measure.ratios("livelambda", way)) if side != "livelambda" else []
    return f"{ratios[0]:.3g}, {statistics.median(ratios):.3g}, {ratios[-1]:.3g}" if ratios else ""


def _machine(blocks: int, seconds: float) -> str:
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
                 platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1_048_576
    return (f"{model}, {os.cpu_count()} cores, {memory} GB, Linux {platform.release().split('-')[0]}; load before the run "
            f"{os.environ.get('BENCH_LOAD', '?')}. Node.js {_said('node', '--version')}; "
            f"{_said('clang++-19', '--version').split('(')[0].strip()}; commit {_said('git', '-C', str(ROOT), 'rev-parse', '--short', 'HEAD')}. "
            f"{blocks} blocks, {seconds / 60:.0f} minutes.")


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "?"
