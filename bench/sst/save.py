"""Measures, as ../reload.py does for livelambda, what a developer waits for with SST after saving a file: until the first answer
from new code. SST kills the worker when it has built, whatever that does: a save that lost an invocation by it is counted. With
Python each does while somebody calls, since SST starts a process for each invocation there."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import sst  # noqa: E402
from programs import LocalCloud, Program  # noqa: E402
from reload import PROGRAM, RUNS, Language, Url, languages  # noqa: E402

LOST_AFTER = 3  # seconds; none of the others takes one
LANGUAGES = ("Node.js", "TypeScript", "Python")


def save_to_answer(language: Language, program: Path, runs: int = RUNS) -> tuple[list[float], int]:
    """Milliseconds of each save whose invocations were all answered, and the number of the others."""
    source = "src" if language.name == "Python" else "."  # as SST asks for
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        app = Path(name) / "app"
        (app / source).mkdir(parents=True)
        language.write(app / source, "0")
        cloud = LocalCloud(program, Path(name), *sst.CLOUD_OPTIONS)
        try:
            with sst.session(cloud.env, app, runtime=language.runtime, source=source, timeout=LOST_AFTER) as live:
                url = Url(live.url)
                for _ in range(5):  # every relay Lambda has started
                    assert url.get() == "0"
                times, lost = [], 0
                for version in map(str, range(1, runs + 1)):
                    time.sleep(0.3)
                    begin = time.perf_counter()
                    language.write(app / source, version)
                    answers = [url.get()]
                    while answers[-1] != version:
                        answers.append(url.get())
                    if set(answers) <= {version, str(int(version) - 1)}:
                        times.append((time.perf_counter() - begin) * 1000)
                    else:
                        lost += 1
                return times, lost
        finally:
            cloud.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM, help="the livelambda whose local cloud it is")
    program = parser.parse_args().program
    if reason := sst.missing():
        print(f"save to first answer from new code, SST: not measured: {reason}")
        return
    try:
        for language in languages():
            if language.name not in LANGUAGES:
                print(f"{language.name:36}   not measured with SST")
                continue
            times, lost = save_to_answer(language, program)
            said = f"{statistics.median(times):9.0f} ms" if times else "     none"
            print(f"{language.name:36}{said}   (SST; median of {len(times)}, and {lost} saves that lost an invocation)", flush=True)
    finally:
        Program.end_all()


if __name__ == "__main__":
    main()
