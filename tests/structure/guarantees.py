"""docs/guarantees.md: every test that it names, `path::name`, is there: what is promised is held by something."""
import re

_PATH = re.compile(r"`((?:src|tests)/[\w./-]+)::([\w.]+)`")


def is_test(text, name):
    if "." in name:  # of GoogleTest
        suite, case = name.split(".", 1)
        return re.search(rf"\bTEST(?:_[FP])?\(\s*{suite},\s*{case}\s*\)", text) is not None
    return re.search(rf"^(?:async )?def {name}\(", text, re.MULTILINE) is not None


def check(root):
    document = root / "docs" / "guarantees.md"
    if not document.exists():
        yield "docs/guarantees.md: is not there"
        return
    named = 0
    for number, line in enumerate(document.read_text().splitlines(), 1):
        for path, name in _PATH.findall(line):
            named += 1
            file = root / path
            if not file.exists():
                yield f"docs/guarantees.md:{number}: there is no {path}"
            elif not is_test(file.read_text(), name):
                yield f"docs/guarantees.md:{number}: {path} has no test {name}"
    if named == 0:
        yield "docs/guarantees.md: names no test"
