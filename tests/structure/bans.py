"""Bans: what docs/style.md forbids and the compiler allows."""
import re

import source

_CO_SPAWN = re.compile(r"\bco_spawn\s*\(")
_DETACHED = re.compile(r"\basio::detached\b|boost/asio/detached\.hpp")
_BEAST = re.compile(r"^boost/(beast\b|asio/ssl\b)")
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_MACRO_NAMES = re.compile(r"^(CO_)?TRY$|^LL_")
_NEW = re.compile(r"(?<![\w.><])new\b(?!\s*[;,.)=>])")
_DELETE = re.compile(r"(?<!\boperator )\bdelete\b(?:\s*\[\s*\])?(?!\s*;)\s*[\w(*:]")
# A private constructor keeps a factory from make_unique: there the owner takes the pointer in the same expression.
_OWNED_NEW = re.compile(r"(?:unique|shared)_ptr<[\w:<>]+>\s*(?:\w+\s*)?[({]\s*$")
_LAMBDA = re.compile(
    r"(?<![\w\])\[])\[(?P<capture>[^\[\]]*)\]\s*(?:<[^{};]*?>\s*)?(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?\s*(?:mutable|noexcept|\s)*"
    r"->\s*(?:\w+::)*awaitable<[^{};]*\{"
)
_BLOCKING_SLEEP = re.compile(r"\bthis_thread\s*::\s*sleep_(?:for|until)\b|(?<![\w:.>])::(?:u|nano)?sleep\s*\(|\busleep\s*\(|\bnanosleep\s*\(")
_STD_FORMAT = re.compile(r"\bstd::v?format(?:_to)?\b")
_SKIP = re.compile(r"\bGTEST_SKIP\s*\(\)(?P<reason>[^;]*);")


def _check_async(name, code):
    for m in _DETACHED.finditer(code):
        yield m.start(), "asio::detached is banned: work belongs to a base::TaskGroup"
    if name != "src/base/task_group.cc":
        for m in _CO_SPAWN.finditer(code):
            yield m.start(), "co_spawn stands only in base/task_group.cc: use TaskGroup::spawn"
    for m in _LAMBDA.finditer(code):
        if m["capture"].strip() and re.search(r"\bco_(await|return|yield)\b", code[m.end() : source.closing_brace(code, m.end() - 1)]):
            yield m.start(), "a capturing lambda is a coroutine: its captures die before it does; write a function"
    for m in _BLOCKING_SLEEP.finditer(code):
        yield m.start(), "a thread sleeps here: the loop never blocks, and a test waits for what it waits for"


def _check_language(name, code):
    if name != "src/base/result.h":
        for m in _MACRO.finditer(code):
            yield m.start(1), f"macro {m[1]}: TRY and CO_TRY are the only ones"
    else:
        for m in _MACRO.finditer(code):
            if not _MACRO_NAMES.match(m[1]):
                yield m.start(1), f"macro {m[1]}: TRY, CO_TRY and their helpers LL_… are the only ones"
    for m in _NEW.finditer(code):
        if not _OWNED_NEW.search(code[: m.start()]):
            yield m.start(), "new: use make_unique, or behind a private constructor give the owner its pointer in the same expression"
    for m in _DELETE.finditer(code):
        yield m.start(), "delete: a resource has an owner"
    for m in _STD_FORMAT.finditer(code):
        yield m.start(), "std::format: the library of this compiler has none, use fmt"


def _net_private(root):
    """The headers of net/ that bring Beast or TLS with them: they are net's own."""
    headers = {f"net/{file.relative_to(root / 'src/net').as_posix()}": file.read_text() for file in (root / "src/net").rglob("*.h")}
    private = {name for name, text in headers.items() if any(_BEAST.match(i.path) for i in source.includes(text))}
    while more := {n for n, text in headers.items() if n not in private and any(i.path in private for i in source.includes(text))}:
        private |= more
    return private


def _check_beast(name, text, private):
    if name.startswith("src/net/"):
        return
    for include in source.includes(text):
        if _BEAST.match(include.path):
            yield include.line, f"{include.path}: only src/net/ includes Beast and Asio's TLS"
        elif include.path in private:
            yield include.line, f"{include.path}: this header of net/ includes Beast or Asio's TLS and is net's own"


def _check_skips(text):
    for m in _SKIP.finditer(text):
        said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', m["reason"])).strip()
        if len(said) < 12:
            yield m.start(), 'GTEST_SKIP without its reason: say "SKIPPED JUDGE: <name>" or what is not there'


def check(root):
    private = _net_private(root)
    for folder in ("src", "tests"):
        for file in source.cpp_files(root / folder):
            name = file.relative_to(root).as_posix()
            text = file.read_text()
            code = source.code_of(text)
            for finding in (_check_async(name, code), _check_language(name, code), _check_skips(text)):
                yield from (f"{name}:{source.line_of(code, at)}: {words}" for at, words in finding)
            yield from (f"{name}:{line}: {words}" for line, words in _check_beast(name, text, private))
