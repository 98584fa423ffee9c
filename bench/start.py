"""Measures `start` on the local cloud, from its own start to `ready`: the first deployment of an app, and after it, with
nothing to deploy, for which the goal is 0.5 s. `make bench` runs it."""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/livelambda"
RUNS = 5


@contextmanager
def local_cloud(program: Path, home: str):
    """The environment for its clients."""
    process = subprocess.Popen([program, "local", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={**os.environ, "HOME": home})
    try:
        ready = json.loads(process.stdout.readline())
        yield {**os.environ, "HOME": home, "AWS_ENDPOINT_URL": ready["endpoint"], "AWS_REGION": ready["region"],
               "AWS_ACCESS_KEY_ID": ready["accessKeyId"], "AWS_SECRET_ACCESS_KEY": ready["secretAccessKey"]}
    finally:
        process.terminate()
        process.wait()


def make_app(folder: Path, functions: int):
    folder.mkdir()
    (folder / "index.mjs").write_text("export const handler = async () => 'hello';\n")
    resources = {f"F{at}": {"Type": "AWS::Serverless::Function", "Properties": {
        "CodeUri": ".", "Handler": "index.handler", "Runtime": "nodejs22.x",
        "Events": {"Get": {"Type": "HttpApi", "Properties": {"Path": f"/{at}", "Method": "get"}}}}}
        for at in range(functions)}
    (folder / "template.json").write_text(json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}))


def start(program: Path, app: Path, env: dict[str, str]) -> float:
    """Milliseconds until the session is ready; it is ended then."""
    begin = time.perf_counter()
    process = subprocess.Popen([program, "start", "--json", "--app-dir", app, "--stage", "bench"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    try:
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                return (time.perf_counter() - begin) * 1000
            if event["event"] == "error":
                raise RuntimeError(event["message"])
        raise RuntimeError("it ended without a word")
    finally:
        process.terminate()
        process.stdout.read()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM, help="the livelambda that is measured")
    program = parser.parse_args().program
    print(f"{'start until ready':36}{'first':>12}{'unchanged':>14}   (median of {RUNS})")
    for functions in (1, 50):
        with tempfile.TemporaryDirectory() as home, local_cloud(program, home) as env:
            app = Path(home) / "app"
            make_app(app, functions)
            first = start(program, app, env)
            unchanged = statistics.median(start(program, app, env) for _ in range(RUNS))
        print(f"{f'{functions} functions' if functions > 1 else '1 function':36}{first:9.0f} ms{unchanged:11.0f} ms")


if __name__ == "__main__":
    main()
