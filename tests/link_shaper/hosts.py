"""Hosts in network namespaces of their own, and links between them that delay, lose, reorder, limit and cut.

    with Hosts() as hosts:
        cloud, laptop = hosts.add("10.77.0.2"), hosts.add("10.77.0.1")
        link = hosts.join(laptop, cloud, rename={"10.77.0.2": "127.0.0.1"})
        link("delay 40 jitter 5")
        subprocess.run(laptop.command(["curl", "http://10.77.0.2:4571/"]))

Nothing has a name or stays: namespaces, devices and the programs started by `command` end with this process, also by `kill -9`.
Needs the rights of root; `why_not()` says what is missing. Standard library only, so that tests and benchmarks can use it.
"""

import contextlib
import ctypes
import json
import os
import queue
import shlex
import subprocess
import tempfile
import threading
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "build" / "dev" / "link_shaper"
_CLONE_NEWNET = 0x40000000
_PATIENCE = 30.0  # seconds until the shaper must have answered
_libc = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """What keeps this machine from having hosts, or None."""
    if not PROGRAM.exists():
        return f"{PROGRAM} is not built"
    try:
        with Hosts() as hosts:
            hosts.join(hosts.add("10.77.0.1"), hosts.add("10.77.0.2"))
    except (OSError, Refused) as error:
        return str(error)
    return None


class Refused(Exception):
    """The shaper said no, or ended."""


class _Program:
    """The shaper's program in one of its roles: lines in, lines out; it ends when stdin does."""

    def __init__(self, *arguments: str):
        self._errors = tempfile.TemporaryFile()
        self.popen = subprocess.Popen([str(PROGRAM), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=self._errors, text=True, bufsize=1, start_new_session=True)
        self._answers: queue.Queue[str | None] = queue.Queue()
        self.events: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._next("ready")

    def _read(self):
        for line in self.popen.stdout:
            words = line.strip()
            if words.startswith("event "):
                self.events.put(words.removeprefix("event "))
            else:
                self._answers.put(words)
        self._answers.put(None)

    def _next(self, asked: str) -> str:
        try:
            answer = self._answers.get(timeout=_PATIENCE)
        except queue.Empty:
            raise Refused(f"no answer to: {asked}") from None
        if answer is None:
            self._errors.seek(0)
            raise Refused(self._errors.read().decode().strip() or f"ended before: {asked}")
        if answer.startswith("error: "):
            raise Refused(f"{asked}: {answer}")
        return answer

    def ask(self, line: str) -> str:
        self.popen.stdin.write(line + "\n")
        return self._next(line)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.close()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.popen.stdout.close()
        self._errors.close()


class Host:
    """Network and mount namespaces, held by a process that ends with this one."""

    def __init__(self, address: str, folder: Path):
        self.address = address
        self._folder = folder
        self._holder = _Program("--hold")
        self.network = f"/proc/{self._holder.popen.pid}/ns/net"
        self._mounts = f"/proc/{self._holder.popen.pid}/ns/mnt"

    def command(self, command: list) -> list[str]:
        """The same command, on this host: the process that is started becomes the program."""
        return ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net={self.network}", f"--mount={self._mounts}", "--",
                *map(str, command)]

    def program(self, program: Path) -> Path:
        """An executable that is this program on this host, for those that want one file."""
        wrapper = self._folder / f"{program.name}-on-{self.address}"
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(self.command([program]))} "$@"\n')
        wrapper.chmod(0o755)
        return wrapper

    def run(self, *command: str | Path) -> str:
        return subprocess.run(self.command(list(command)), check=True, capture_output=True, text=True).stdout

    def mount(self, *arguments: str | Path):
        """mount(8), seen on this host alone."""
        self.run("mount", *arguments)

    def bind(self, file: str, text: str) -> Path:
        """What this host reads in that file of /etc; the file returned may be written again."""
        ours = self._folder / f"{file.strip('/').replace('/', '-')}-on-{self.address}"
        ours.write_text(text)
        self.mount("--bind", ours, file)
        return ours

    @contextlib.contextmanager
    def entered(self):
        """Sockets of this thread, and of threads that it starts, are on this host meanwhile."""
        with open("/proc/thread-self/ns/net") as before, open(self.network) as there:
            _enter(there.fileno())
            try:
                yield self
            finally:
                _enter(before.fileno())

    def close(self):
        self._holder.close()


def _enter(descriptor: int):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Link:
    """A running shaper between two hosts. Call it with a command of link.h: `link("up loss 1%")`."""

    def __init__(self, a: Host, b: Host, address_a: str, address_b: str, rename: dict[str, str], seed: int, device: str):
        renaming = [f"--rename={elsewhere}={here}" for elsewhere, here in rename.items()]
        self._program = _Program(f"--a={a.network}={address_a}", f"--b={b.network}={address_b}", f"--seed={seed}",
                                 f"--device={device}", *renaming)

    def __call__(self, command: str) -> str:
        return self._program.ask(command)

    @property
    def stats(self) -> dict:
        return json.loads(self._program.ask("stats"))

    @property
    def has_cut(self) -> bool:
        """Since the last look: `cut-after` has come to its end."""
        try:
            return self._program.events.get_nowait() == "cut"
        except queue.Empty:
            return False

    def close(self):
        self._program.close()


class Hosts:
    def __init__(self):
        self._opened = contextlib.ExitStack()
        self._links = 0

    def __enter__(self) -> "Hosts":
        self._folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="livelambda-hosts-",
                                                                                 dir="/var/tmp")))
        return self

    def __exit__(self, *_):
        self._opened.close()

    def add(self, address: str) -> Host:
        """A host with this address on its links; the 254 addresses beside it are across the link."""
        host = Host(address, self._folder)
        self._opened.callback(host.close)
        return host

    def join(self, a: Host, b: Host, rename: dict[str, str] | None = None, seed: int = 1, address_a: str | None = None,
             address_b: str | None = None) -> Link:
        """A link; `up` is from a to b. `rename`: an address as it is elsewhere, and what it is at b: a program there that
        listens on 127.0.0.1 alone is reached by the host's address. Both may be one host, with two addresses."""
        link = Link(a, b, address_a or a.address, address_b or b.address, rename or {}, seed, f"link{self._links}")
        self._links += 1
        self._opened.callback(link.close)
        return link
