"""A program on a terminal of its own, as a person has it."""

import fcntl
import os
import pty
import select
import subprocess
import termios
import time

from harness.processes import PATIENCE


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, command: list, environment: dict[str, str]):
        self.parent, child = pty.openpty()
        self.process = subprocess.Popen(command, env=environment, stdin=child, stdout=child, stderr=child,
                                        start_new_session=True, preexec_fn=lambda: _own_terminal(child))
        os.close(child)
        self.text = ""

    def wait_for(self, words: str, count: int = 1):
        deadline = time.monotonic() + PATIENCE
        while self.text.count(words) < count:
            readable, _, _ = select.select([self.parent], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"{words!r} did not come:\n{self.text}"
            try:
                self.text += os.read(self.parent, 65536).decode()
            except OSError:
                raise AssertionError(f"ended without {words!r}:\n{self.text}") from None

    def type(self, line: str):
        os.write(self.parent, (line + "\n").encode())

    def end(self) -> int:
        while True:
            try:
                if not os.read(self.parent, 65536):
                    break
            except OSError:
                break
        status = self.process.wait(PATIENCE)
        os.close(self.parent)
        return status


def _own_terminal(fd: int):
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
