"""Measures what a developer waits for after saving a file: until the first answer from new code, beside the floor, which is the
bare runtime that starts, loads the handler and answers once (for TypeScript, Go and Java after the language's own tool has built it).
Each save is followed by one run of the floor, so that a busy machine slows both. Then how long a fresh worker takes to load, and
what a session with 300 functions costs at rest. `make bench` runs it."""

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from start import PROGRAM, ROOT, local_cloud

RUNS = 15
FUNCTIONS = 300
REST_SECONDS = 10
ESBUILD = ROOT / "build/judges-cdk/node_modules"  # scripts/judges installs it
GO_MODULE = ROOT / "tests/conformance/go"
GO_CACHE = ROOT / "build/judges-go"  # and fills this
GO_ENVIRONMENT = {"GOMODCACHE": str(GO_CACHE / "mod"), "GOCACHE": str(GO_CACHE / "cache"), "GOPROXY": "off", "GOFLAGS": "-mod=mod"}

NODE = "export const handler = async () => ({{ statusCode: 200, body: '{version}' }});\n"
PYTHON = "def handler(event, context):\n    return {{'statusCode': 200, 'body': '{version}'}}\n"
TYPESCRIPT = "export const handler = async (): Promise<object> => ({{ statusCode: 200, body: '{version}' }});\n"

GO = """package main

func handle() (map[string]any, error) {{
	return map[string]any{{"statusCode": 200, "body": "{version}"}}, nil
}}
"""
GO_MAIN = """package main

import "github.com/aws/aws-lambda-go/lambda"

func main() { lambda.Start(handle) }
"""

# A stack may have 500 resources: many functions share a role.
ROLE = """Transform: AWS::Serverless-2016-10-31
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]
"""

# What the bare runtime runs: it loads the handler, calls it, and prints the answer.
BARE_NODE = "import { handler } from './index.mjs'; console.log(JSON.stringify(await handler({})));\n"
BARE_PYTHON = "import json, index; print(json.dumps(index.handler({}, None)))\n"


BARE_GO = """package main

import (
	"encoding/json"
	"os"

	_ "github.com/aws/aws-lambda-go/lambda" // linked, as in what is deployed
)

func main() {
	answer, _ := handle()
	json.NewEncoder(os.Stdout).Encode(answer)
}
"""


class Language:
    def __init__(self, name: str, runtime: str, file: str, code: str, bare_file: str, bare: str, command: list[str],
                 build: list[str] | None = None, more: str = "", files: dict[str, str] | None = None,
                 bare_files: dict[str, str] | None = None):
        """`files`: what the app has beside the handler's file; `bare_files` what the floor has."""
        self.name, self.runtime, self.file, self.code = name, runtime, file, code
        self.command, self.build, self.more, self.files = command, build, more, files or {}
        self.bare_files = {**(bare_files or {}), bare_file: bare}

    def write(self, folder: Path, version: str):
        """As editors do: nobody reads a half of it."""
        new = folder / (self.file + ".new~")
        new.write_text(self.code.format(version=version))
        os.replace(new, folder / self.file)

    def floor(self, folder: Path, version: str) -> tuple[float, float]:
        """Milliseconds of the build, and of the runtime, in a folder of the floor's own."""
        self.write(folder, version)
        built = _run(self.build, folder) if self.build else 0.0
        return built, _run(self.command, folder)


def _run(command: list[str], folder: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


def _program(command: list[str]) -> str:
    """The interpreter itself: what PATH has may be a script of a version manager, which a session looks through."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def languages() -> list[Language]:
    """Those whose tools are here; the others are named."""
    found = []
    if shutil.which("node"):
        node = _program(["node", "-p", "process.execPath"])
        found.append(Language("Node.js", "nodejs22.x", "index.mjs", NODE, "bare.mjs", BARE_NODE, [node, "bare.mjs"]))
        if (ESBUILD / "esbuild").is_dir():
            bundle = [str(ESBUILD / "esbuild/bin/esbuild"), "index.ts", "--bundle", "--platform=node", "--format=esm",
                      "--outfile=index.mjs"]
            found.append(Language("TypeScript", "nodejs22.x", "index.ts", TYPESCRIPT, "bare.mjs", BARE_NODE, [node, "bare.mjs"],
                                  bundle, "    Metadata:\n      BuildMethod: esbuild\n"))
    if shutil.which("python3"):
        python = _program(["python3", "-c", "import sys; print(sys.executable)"])
        found.append(Language("Python", "python3.12", "index.py", PYTHON, "bare.py", BARE_PYTHON, [python, "bare.py"]))
    if shutil.which("go") and (GO_CACHE / "mod").is_dir():
        of_module = {name: (GO_MODULE / name).read_text() for name in ("go.mod", "go.sum")}
        found.append(Language("Go", "provided.al2023", "handler.go", GO, "main.go", BARE_GO, ["./bare"],
                              ["go", "build", "-o", "bare", "."], "", {**of_module, "main.go": GO_MAIN}, of_module))
    missing = {"Node.js", "TypeScript", "Python", "Go"} - {one.name for one in found}
    for name in sorted(missing):
        print(f"{name}: SKIPPED, its tools are missing")
    return found


class Session:
    def __init__(self, program: Path, app: Path, env: dict[str, str]):
        self.process = subprocess.Popen([program, "start", "--json", "--app-dir", app, "--stage", "bench"], env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.events: list[dict] = []
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == "error":
                raise RuntimeError(self.events[-1]["message"])
            if self.events[-1]["event"] == "ready":
                break
        threading.Thread(target=lambda: self.events.extend(map(json.loads, self.process.stdout)), daemon=True).start()

    @property
    def outputs(self) -> dict[str, str]:
        return next(one for one in self.events if one["event"] == "ready")["outputs"]

    def status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise RuntimeError(f"no {name}")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def session(program: Path, app: Path, home: str):
    with local_cloud(program, home) as env:
        started = Session(program, app, env)
        try:
            yield started
        finally:
            started.process.terminate()
            started.process.wait()


class Url:
    """A function's URL, over one connection."""

    def __init__(self, address: str):
        host, _, self.path = address.removeprefix("http://").partition("/")
        self.connection = http.client.HTTPConnection(host)

    def get(self) -> str:
        self.connection.request("GET", "/" + self.path)
        return self.connection.getresponse().read().decode()


def measure_reload(language: Language, program: Path) -> tuple[float, float, float, float]:
    """The medians of measure_saves()."""
    builds, runs, times, loads = measure_saves(language, program)
    return statistics.median(builds), statistics.median(runs), statistics.median(times), statistics.median(loads)


def measure_saves(language: Language, program: Path, saves: int = RUNS) -> tuple[list[float], list[float], list[float], list[float]]:
    """Milliseconds for each save: the floor's build and run; from the save to the first answer from new code; from a worker's
    start until it asks for an event."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        app, bare = Path(name) / "app", Path(name) / "bare"
        app.mkdir()
        bare.mkdir()
        for folder, files in ((app, language.files), (bare, language.bare_files)):
            for file, text in files.items():
                (folder / file).write_text(text)
        if language.name == "TypeScript":
            (app / "node_modules").mkdir()
            for package in ("esbuild", "@esbuild"):
                (app / "node_modules" / package).symlink_to(ESBUILD / package)
        (app / "template.yaml").write_text(f"""Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
{language.more}    Properties:
      CodeUri: .
      Handler: index.handler
      Runtime: {language.runtime}
      MemorySize: 1024
      FunctionUrlConfig:
        AuthType: NONE
Outputs:
  Url:
    Value: !GetAtt FUrl.FunctionUrl
""")
        language.write(app, "0")
        with session(program, app, name) as live:
            url = Url(live.outputs["Url"])
            assert url.get() == "0"
            times, floors = [], []
            for version in map(str, range(1, saves + 1)):
                time.sleep(0.3)  # the worker of the version before has loaded
                begin = time.perf_counter()
                language.write(app, version)
                while url.get() != version:
                    pass
                times.append((time.perf_counter() - begin) * 1000)
                floors.append(language.floor(bare, version))
            time.sleep(0.3)
            loads = [one["initMs"] for one in live.events if "initMs" in one][1:]
            builds, runs = map(list, zip(*floors))
            return builds, runs, times, loads


def measure_rest(program: Path) -> tuple[float, float]:
    """Resident MB and percent of a core of a session that watches many functions and has nothing to do."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        app = Path(name) / "app"
        template = ROLE
        for at in range(FUNCTIONS):
            folder = app / f"f{at}"
            (folder / "lib").mkdir(parents=True)
            (folder / "index.mjs").write_text(NODE.format(version="0"))
            for file in range(10):
                (folder / "lib" / f"{file}.mjs").write_text("export const value = 1;\n" * 100)
            template += (f"  F{at}:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: f{at}\n"
                         "      Handler: index.handler\n      Runtime: nodejs22.x\n      Role: !GetAtt Role.Arn\n")
        (app / "template.yaml").write_text(template)
        with session(program, app, name) as live:
            time.sleep(2)
            before = live.cpu_seconds()
            time.sleep(REST_SECONDS)
            return live.status("VmRSS") / 1024, (live.cpu_seconds() - before) / REST_SECONDS * 100


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM, help="the livelambda that is measured")
    program = parser.parse_args().program
    os.environ.update(GO_ENVIRONMENT)
    print(f"{'save to first answer from new code':36}{'floor':>12}{'livelambda':>14}{'ratio':>8}{'worker loads':>16}"
          f"   (medians of {RUNS})")
    for language in languages():
        build, run, reload, load = measure_reload(language, program)
        print(f"{language.name:36}{build + run:9.0f} ms{reload:11.0f} ms{reload / (build + run):8.2f}"
              f"{load:9.0f} ({load - run:+.0f})")
    resident, busy = measure_rest(program)
    print(f"{FUNCTIONS} functions at rest: {resident:.0f} MB resident, {busy:.2f} % of a core")


if __name__ == "__main__":
    main()
