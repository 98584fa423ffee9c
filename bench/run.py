"""Runs the measures and writes docs/benchmarks.md and bench/results/latest.json. A measure that fails is named, and the rest go on; the
exit status says that one did. `make bench` runs it."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import cold_start
import measures
import report
import saves
from programs import ROOT, Program
from results import Results

MEASURES = {function.__name__: function for function in (
    measures.link_itself, measures.round_trip, measures.delays, measures.bodies, measures.parallel, cold_start.cold_start,
    measures.cold_environment, saves.saves, measures.start, measures.rebuilds, measures.streamed)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measure", nargs="*", help="only these: " + ", ".join(MEASURES))
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/livelambda", help="the livelambda that is measured")
    parser.add_argument("--blocks", type=int, default=int(os.environ.get("BENCH_BLOCKS", "5")))
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of calls; under 1 leaves out what takes long")
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results/latest.json")
    parser.add_argument("--document", type=Path, default=ROOT / "docs/benchmarks.md")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, so that all is ended
    os.environ["BENCH_LOAD"] = f"{os.getloadavg()[0]:.2f}"
    begin = time.monotonic()
    results = Results()
    folder = Path(tempfile.mkdtemp(prefix="livelambda-bench-", dir="/var/tmp"))
    world = measures.World(arguments.program, folder, arguments.blocks, arguments.scale, results)
    failed = False
    try:
        for name in arguments.measure or MEASURES:
            started = time.monotonic()
            print(f"{name} … ", end="", flush=True)
            try:
                MEASURES[name](world)
                print(f"{time.monotonic() - started:.0f} s", flush=True)
            except Exception as error:
                failed = True
                results.not_measured[name] = str(error)
                print(f"FAILED: {error}", flush=True)
                traceback.print_exc()
            finally:
                Program.end_all()
    finally:
        Program.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    report.write(results, arguments.blocks, time.monotonic() - begin, arguments.results, arguments.document)
    print(f"{arguments.document}, {arguments.results}: {time.monotonic() - begin:.0f} s in all")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
