"""Names: a type or function of one name is defined once in a namespace. Two files that each define their own would be one
type to the linker, which takes either file's inline code for both without a word."""
import collections
import re

import source

_NAMESPACE = re.compile(r"^namespace ([\w:]+) \{$", re.MULTILINE)
_UNNAMED = re.compile(r"^namespace \{$", re.MULTILINE)
_TYPE = re.compile(r"^(?:struct|class|enum class|union) (\w+)(?: final)?\s*(?::(?!:)[^{;]*)?\{", re.MULTILINE)
_FUNCTION = re.compile(r"^(?!static )[\w:<>,&* ]+?[ &*](\w+)\([^;{}]*\)(?: const)? \{$", re.MULTILINE)


def definitions(text):
    """(position, namespace, kind, name) of what stands outside of unnamed namespaces and classes."""
    code = source.code_of(text)
    for unnamed in reversed(list(_UNNAMED.finditer(code))):
        end = source.closing_brace(code, unnamed.end() - 1)
        code = code[: unnamed.start()] + re.sub(r"[^\n]", " ", code[unnamed.start() : end]) + code[end:]
    spaces = [(m.start(), m[1]) for m in _NAMESPACE.finditer(code)]
    for kind, pattern in (("type", _TYPE), ("function", _FUNCTION)):
        for m in pattern.finditer(code):
            space = [name for start, name in spaces if start < m.start()]
            signature = re.sub(r"\s+", " ", m[0].split("(", 1)[1]) if kind == "function" else ""
            if space:
                yield m.start(), space[-1], kind, m[1] + ("(" + signature if signature else "")


def check(root):
    places = collections.defaultdict(list)
    for file in source.cpp_files(root / "src"):
        text = file.read_text()
        for position, space, kind, name in definitions(text):
            places[space, kind, name].append(f"{file.relative_to(root).as_posix()}:{source.line_of(text, position)}")
    for (space, kind, name), where in sorted(places.items()):
        files = {place.rsplit(":", 1)[0] for place in where}
        if len(files) > 1 and not all(file.endswith("main.cc") for file in files):
            yield f"{where[0]}: {kind} {space}::{name.split('(')[0]} is defined again at {', '.join(where[1:])}"
