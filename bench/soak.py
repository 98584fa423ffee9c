"""Soak: invocations as fast as the machine takes them, with reloads, reconnections and 6 MB answers among them, then a virtual day of idle.
Nothing may be lost, nothing doubled, and memory, descriptors and processes of session, stubs and cloud stay flat: else the exit
status is 1. `make soak` runs it."""

import argparse
import http.client
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import plot
from programs import ROOT, Program, call, cpu_seconds, descriptors, http_request, resident_mb
from sides import COUNTED, Live, runs_file, write_app

ROUND = 2_000  # invocations between two looks
PARALLEL = 8
LARGE = 4  # of a round's invocations, answers of 5.9 MB
IDLE_HOURS = 24
# From the end of the warm-up to the end of the load, beyond which something grows.
MEMORY_FACTOR, MEMORY_MB, MORE_DESCRIPTORS, MORE_PROCESSES = 1.25, 16, 16, 4


@dataclass
class Sample:
    invocations: int
    seconds: float
    memory: dict[str, float]
    descriptors: dict[str, int]
    processes: int


class Soak:
    def __init__(self, live: Live, folder: Path):
        self.live, self.folder, self.begin = live, folder, time.monotonic()
        self.samples: list[Sample] = []
        self.sent = 0
        self.failures: list[str] = []
        self.runs: Counter[str] = Counter()

    def request(self, size: int = 0) -> bytes:
        return http_request("GET", f"{self.live.outputs['CountedUrl']}?n=##########&size={size}")

    def round(self, count: int):
        """A reload and a cut in the middle of the calls; then 6 MB, and the look."""
        stop = self._meanwhile()
        self._calls(self.request(), count, PARALLEL)
        stop()
        self._calls(self.request(5_900_000), LARGE, 2)
        self._look()

    def _meanwhile(self):
        """Saves and cuts every 10 s, until what it returned is called."""
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            try:
                source = self.live.app / "node/counted.mjs"
                for number in range(1, 1_000_000):
                    time.sleep(10)
                    new = source.with_suffix(".new~")
                    new.write_text(COUNTED + f"// {number}\n")
                    os.replace(new, source)
                    connection = http.client.HTTPConnection(self.live.address)
                    connection.request("POST", "/_local/websockets/cut")
                    connection.getresponse().read()
            finally:
                os._exit(0)

        def stop():
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
        return stop

    def _calls(self, request: bytes, count: int, parallel: int):
        """Every number must have run once, and its caller have had an answer with it, or been told of a failure."""
        runs = runs_file(self.live.app)
        runs.write_text("")
        calls = call(self.live.address, request, count, self.folder, parallel, failures_allowed=True)
        self.sent += count
        if calls.failed:
            self.failures.append(f"{calls.failed} answered with a failure, the first: {calls.first_failure[:300]}")
            self.runs["answered with a failure"] += calls.failed
        ran = Counter(runs.read_text().split())
        self.runs["doubled"] += sum(times - 1 for times in ran.values())
        # One that failed may have run, or not; of those that were answered each has.
        self.runs["lost"] += max(0, count - len(ran) - calls.failed)

    def _look(self):
        live = self.live
        stubs = live.stub_processes()
        groups = {"session": live.session_processes(), "stubs": stubs, "cloud": [live.cloud.pid]}
        self.samples.append(Sample(self.sent, time.monotonic() - self.begin,
                                   {name: resident_mb(pids) for name, pids in groups.items()},
                                   {name: descriptors(pids) for name, pids in groups.items()},
                                   len(stubs) + len(live.worker_processes())))

    def idle(self, hours: int):
        """The cloud's clock is turned; session and stubs see what it does: idle links closed, environments ended, keys expired."""
        before = cpu_seconds(self.live.session_processes())
        for _ in range(hours * 6):
            connection = http.client.HTTPConnection(self.live.address)
            connection.request("POST", "/_local/clock", b'{"advanceMs": 600000}')
            answer = connection.getresponse()
            if answer.status != 200:
                raise RuntimeError(f"the clock: {answer.read()!r}")
            answer.read()
            time.sleep(0.1)
        self.idle_cpu = cpu_seconds(self.live.session_processes()) - before
        time.sleep(2)  # links that were closed are open again
        self._calls(self.request(), 20, 1)
        self._look()

    def growth(self) -> list[str]:
        """What is not flat. The first fifth warms up; idle ends with the last look."""
        settled = self.samples[:-1]
        settled = settled[len(settled) // 5:]
        first, last = settled[0], settled[-1]
        found = [f"memory of {name}: {first.memory[name]:.1f} to {last.memory[name]:.1f} MB" for name in first.memory
                 if name != "stubs" and last.memory[name] > first.memory[name] * MEMORY_FACTOR + MEMORY_MB]
        found += [f"descriptors of {name}: {first.descriptors[name]} to {last.descriptors[name]}" for name in first.descriptors
                  if last.descriptors[name] > first.descriptors[name] + MORE_DESCRIPTORS * (PARALLEL if name == "stubs" else 1)]
        if last.processes > first.processes + MORE_PROCESSES:
            found.append(f"processes: {first.processes} to {last.processes}")
        return found

    def table(self) -> str:
        shown = self.samples[:: max(1, len(self.samples) // 12)] + self.samples[-1:]
        lines = ["| invocations | s | session MB | stubs MB | cloud MB | session fds | stubs fds | cloud fds | stubs and workers |",
                 "|---|---|---|---|---|---|---|---|---|"]
        lines += [f"| {one.invocations} | {one.seconds:.0f} | " + " | ".join(f"{value:.1f}" for value in one.memory.values()) + " | " +
                  " | ".join(str(value) for value in one.descriptors.values()) + f" | {one.processes} |" for one in shown]
        return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/livelambda")
    parser.add_argument("--invocations", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=float(os.environ.get("SOAK_HOURS", "0")), help="as long, whatever the number")
    parser.add_argument("--idle-hours", type=int, default=IDLE_HOURS, help="of the virtual day")
    parser.add_argument("--minutes", type=float, default=30, help="at most, without --hours")
    parser.add_argument("--plots", type=Path, default=ROOT / "docs/benchmarks")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="livelambda-soak-", dir="/var/tmp"))
    try:
        with Live(arguments.program, folder / "live", write_app(folder / "app"), options=("--test-clock",)) as live:
            soak = Soak(live, folder)
            limit = arguments.hours * 3600 or arguments.minutes * 60
            while (arguments.hours or soak.sent < arguments.invocations) and time.monotonic() - soak.begin < limit:
                soak.round(min(ROUND, max(PARALLEL, arguments.invocations // 5)))
                print(f"{soak.sent} invocations, {soak.samples[-1].seconds:.0f} s, {dict(soak.runs)}", flush=True)
            soak.idle(arguments.idle_hours)
    finally:
        Program.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    return report(soak, arguments)


def report(soak: Soak, arguments) -> int:
    grown = soak.growth()
    verdict = "flat" if not grown else "NOT FLAT: " + "; ".join(grown)
    text = (f"## Soak\n\n{soak.sent} invocations over {PARALLEL} connections, a save and a cut of every WebSocket each 10 s, answers of 5.9 MB between; "
            f"then {arguments.idle_hours} virtual hours of idle ({soak.idle_cpu:.2f} s of the session's CPU) and 20 invocations more. Lost: "
            f"{soak.runs['lost']}. Doubled: {soak.runs['doubled']}. Answered with an error, and said so: {soak.runs['answered with a failure']}. "
            f"Memory, descriptors and processes: {verdict}. The last row is after the idle day.\n\n{soak.table()}\n\n![soak](benchmarks/soak.svg)\n")
    print(text + "\n".join(soak.failures[:5]))
    arguments.plots.mkdir(parents=True, exist_ok=True)
    (arguments.plots / "soak.md").write_text(text)
    (arguments.plots / "soak.svg").write_text(plot.lines("Soak", {
        f"resident memory of {name}, MB": [(one.invocations, one.memory[name]) for one in soak.samples] for name in ("session", "stubs", "cloud")}
        | {"descriptors of the session": [(one.invocations, one.descriptors["session"]) for one in soak.samples]}, "invocations"))
    return 1 if grown or soak.runs["lost"] or soak.runs["doubled"] else 0


if __name__ == "__main__":
    sys.exit(main())
