"""An app on a stage of its own, and the commands on it."""

from dataclasses import dataclass
from pathlib import Path

from .processes import PROGRAM, Process, clean_environment
from .session import Session

TOPIC = "  Topic:\n    Type: AWS::SNS::Topic\n"


@dataclass
class Account:
    env: dict[str, str]


class Stage:
    def __init__(self, account: Account, home: Path, app: Path, name: str):
        self.account, self.home, self.app, self.name = account, home, app, name
        self.stack = f"{name}-{app.name}"
        self.debug_stack = f"{self.stack}-debug-stack"

    def start(self, *arguments: str, wait: bool = True) -> Session:
        return Session(self.app, self.account, self.home, self.name, *arguments, wait=wait)

    def start_and_end(self, *arguments: str) -> Session:
        session = self.start(*arguments)
        session.interrupt()
        assert session.wait(60) == 0, session.describe()
        return session

    def fail(self, *arguments: str, status: int = 5) -> dict:
        """The error that a start ends with."""
        session = self.start(*arguments, wait=False)
        assert session.wait(120) == status, session.describe()
        return session.select("error")[-1]

    def run(self, command: str, *arguments: str) -> Process:
        return Process([PROGRAM, command, "--json", "--app-dir", self.app, "--stage", self.name, *arguments],
                       clean_environment(self.home, **self.account.env))

    def write(self, resources: str):
        template = self.app / "template.yaml"
        template.write_text(template.read_text().split(TOPIC)[0] + TOPIC + resources)
