"""Processes of the tests: started in a clean environment, their output kept, all of them ended at teardown."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "build" / "livelambda"
PATIENCE = 60.0  # seconds until a wait fails; slow machines run these tests too


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the developer's own: no HOME, no AWS_*, no proxy."""
    tools = ROOT / "build" / "tools" / "node_modules" / "node" / "bin"
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": f"{tools}:{path}" if tools.exists() else path, "HOME": str(home), "LANG": "C.UTF-8", **more}


def wait_until(condition: Callable[[], object], what: str, timeout: float = PATIENCE):
    """Polls until the condition holds, and returns what it returned. Fails with `what`."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:.0f} s in vain: {what}")
        time.sleep(0.02)


# --- /proc

def process_status(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status; empty if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def is_alive(pid: int) -> bool:
    status = process_status(pid)
    return bool(status) and not status["State"].startswith(("Z", "X"))


def parent_of(pid: int) -> int:
    return int(process_status(pid).get("PPid", 0))


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := parent_of(int(entry.name))):
            children.setdefault(parent, []).append(int(entry.name))
    found, rest = [], [pid]
    while rest:
        for child in children.get(rest.pop(), []):
            found.append(child)
            rest.append(child)
    return found


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


# --- Processes

class Process:
    """A running program whose stdout is read line by line as it comes."""

    started: list["Process"] = []  # of this test run; for the report of a failure and for the teardown

    def __init__(self, command: list[str | Path], env: dict[str, str], cwd: Path | None = None):
        self.command = [str(part) for part in command]
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._closed = False
        self._stderr = tempfile.TemporaryFile()
        self._popen = subprocess.Popen(self.command, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=self._stderr, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        Process.started.append(self)

    def _read(self):
        for raw in self._popen.stdout:
            with self._changed:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    @property
    def stdout(self) -> str:
        with self._changed:
            return "\n".join(self.lines)

    @property
    def stderr(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def wait_for_line(self, matches: Callable[[str], bool], what: str, timeout: float = PATIENCE,
                      after: int = 0) -> str:
        """The first line from the `after`-th on that matches; waits for it, as long as the process writes."""
        deadline = time.monotonic() + timeout
        seen = after
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if matches(line):
                        return line
                seen = max(seen, len(self.lines))
                if self._closed:
                    raise AssertionError(f"{' '.join(self.command[:3])} ended before: {what}\n{self.describe()}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {timeout:.0f} s in vain: {what}\n{self.describe()}")
                self._changed.wait(left)

    def signal(self, number: int):
        self._popen.send_signal(number)

    def wait(self, timeout: float = PATIENCE) -> int:
        status = self._popen.wait(timeout)
        self._reader.join(timeout=5)  # whoever inherited stdout may keep it open
        return status

    def stop(self, timeout: float = PATIENCE) -> int:
        """SIGTERM; the exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL to this process alone; what it started is left to what should end it."""
        if self.running:
            self._popen.kill()
        self._popen.wait()

    def dispose(self):
        """For the teardown: whatever is left of it goes."""
        left = [self.pid, *descendants(self.pid)] if self.running else []
        if self.running:
            self.signal(signal.SIGTERM)
            try:
                self._popen.wait(10)
            except subprocess.TimeoutExpired:
                pass
        for pid in left:
            if is_alive(pid):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        self._popen.wait()

    def describe(self, last: int = 60) -> str:
        state = "running" if self.running else f"ended with status {self._popen.returncode}"
        with self._changed:
            out = "\n".join(self.lines[-last:])
        err = "\n".join(self.stderr.splitlines()[-last:])
        return f"$ {' '.join(self.command)}   [pid {self.pid}, {state}]\n-- stdout\n{out}\n-- stderr\n{err}\n"


def run(command: list[str | Path], env: dict[str, str], cwd: Path | None = None,
        timeout: float = PATIENCE) -> subprocess.CompletedProcess:
    """Runs a program to its end."""
    return subprocess.run([str(part) for part in command], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout)


def json_lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line]
