"""What the functions of a part of the local cloud can read: the texts in a function and in whatever it calls, found in the sources
by their tokens alone. A function is known by its name; those of one name count as one."""

import re
from collections import defaultdict
from pathlib import Path

from .processes import ROOT

CLOUD = ROOT / "src/localcloud"
TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|^\#[^\n]*|'(?:[^'\\\n]|\\.)+'|\d[\w'.]*
    |R"(?P<mark>[^()\s\\]*)\((?P<raw>.*?)\)(?P=mark)"|"(?P<text>(?:[^"\\\n]|\\.)*)"|(?P<name>[A-Za-z_]\w*)|(?P<sign>[^\s\w])""",
                   re.DOTALL | re.MULTILINE | re.VERBOSE)
# Of every container: whoever calls one of these calls nothing of the part.
COMMON = {"at", "begin", "contains", "count", "emplace", "emplace_back", "empty", "end", "erase", "find", "get", "insert", "move",
          "push_back", "size", "value"}
# Lead from any operation to all of them.
DISPATCHERS = {"act", "all_routes", "dispatch", "handle", "iam_operations", "operation_table", "operations", "routes",
               "sts_operations", "table", "table_of_operations"}
KEYWORDS = {"auto", "bool", "class", "const", "constexpr", "enum", "int", "inline", "noexcept", "static", "struct", "template",
            "typename", "void"}


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    for match in TOKEN.finditer(text):
        raw, plain, name, sign = match["raw"], match["text"], match["name"], match["sign"]
        if raw is not None or plain is not None:
            found.append(("text", raw if raw is not None else plain))
        elif name:
            found.append(("name", name))
        elif sign:
            found.append(("sign", sign))
    return found


def _definitions(tokens: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The declarations of a file's namespaces, each with its body."""
    found, current, depth = [], [], 0
    for token in tokens:
        current.append(token)
        if token == ("sign", "{"):
            if depth == 0 and ("name", "namespace") in current[:2]:
                current = []
                continue
            depth += 1
        elif token == ("sign", "}"):
            if depth > 0:
                depth -= 1
            if depth == 0:
                found.append(current)
                current = []
        elif token == ("sign", ";") and depth == 0:
            found.append(current)
            current = []
    return found


def _name_of(definition: list[tuple[str, str]]) -> str | None:
    names = []
    for kind, word in definition:
        if word in "({=" and kind == "sign":
            break
        if kind == "name" and word not in KEYWORDS:
            names.append(word)
    return names[-1] if names else None


def _called(definition: list[tuple[str, str]]) -> set[str]:
    """Functions that are called or named, and constants."""
    names = set()
    around = [("", ""), *definition, ("", "")]
    for before, (kind, word), after in zip(around, definition, around[2:]):
        if kind != "name" or word in COMMON:
            continue
        if re.match(r"k[A-Z]", word) or (word[0].islower() and (after[1] == "(" or before[1] in (":", "&", ",", "{"))):
            names.add(word)
    return names


class Part:
    """Some folders of src/localcloud, with what all of them share."""

    def __init__(self, *folders: str):
        files = [file for folder in folders for file in sorted((CLOUD / folder).rglob("*")) if self._counts(file)]
        self.files = files + [file for file in sorted(CLOUD.glob("*")) if self._counts(file)]
        self.texts: dict[str, set[str]] = defaultdict(set)
        self._calls: dict[str, set[str]] = defaultdict(set)
        self._all: list[list[tuple[str, str]]] = []
        for file in self.files:
            tokens = _tokens(file.read_text())
            self._all.append(tokens)
            for definition in _definitions(tokens):
                if name := _name_of(definition):
                    self.texts[name] |= {word for kind, word in definition if kind == "text"}
                    self._calls[name] |= _called(definition)

    @staticmethod
    def _counts(file: Path) -> bool:
        return file.suffix in (".cc", ".h") and not file.name.endswith("_test.cc") and "testing" not in file.parts

    def row_of(self, operation: str) -> tuple[set[str], set[str]]:
        """The functions and the texts in the operation's row of a table."""
        functions, texts = set(), set()
        for tokens in self._all:
            for i, token in enumerate(tokens):
                if token != ("text", operation):
                    continue
                names, words, depth = set(), set(), 0
                for kind, word in tokens[i + 1:]:
                    depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(word, 0) if kind == "sign" else 0
                    if depth < 0 or (depth == 0 and word == ";"):
                        break
                    if kind == "text":
                        words.add(word)
                    elif kind == "name" and word in self.texts and word[0].islower():
                        names.add(word)
                if word == "}":  # not of a call's arguments
                    functions, texts = functions | names, texts | words
        return functions, texts

    def reached(self, functions: set[str]) -> set[str]:
        """The texts in these functions and in what they call."""
        seen, left, texts = set(), set(functions), set()
        while left:
            one = left.pop()
            seen.add(one)
            texts |= self.texts.get(one, set())
            left |= {name for name in self._calls.get(one, set()) if name in self.texts} - seen - DISPATCHERS
        return texts

    def shared(self) -> set[str]:
        """What the dispatchers read for every operation."""
        called = {name for one in ("act", "dispatch", "handle") for name in self._calls.get(one, set())}
        own = {text for one in ("act", "dispatch", "handle") for text in self.texts.get(one, set())}
        return own | self.reached(called - DISPATCHERS)


def knows(texts: set[str], name: str) -> bool:
    """Is the name among the words of the texts, or made by one of them ("response-{}", "x-amz-meta-")?"""
    name = name.lower()
    for text in (text.lower() for text in texts):
        if name in re.findall(r"[\w\-]+", text):
            return True
        begin, _, end = text.partition("{}")
        pattern = re.fullmatch(r"[\w\-]{6,}-|[\w\-]{6,}\{\}[\w\-]*", text)
        if pattern and name.startswith(begin) and name.endswith(end) and len(name) > len(begin) + len(end):
            return True
    return False
