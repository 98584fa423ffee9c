"""What the structure tests share: the project's C++ files, their includes, and their text without comments and strings."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]*)\(.*?\)(?P=mark)"|"(?:[^"\\\n]|\\.)*"|(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)*'""",
    re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    path: str
    quoted: bool  # "…" and not <…>


def cpp_files(folder):
    """Every C++ file under the folder, sorted."""
    return sorted(file for file in folder.rglob("*") if file.suffix in (".h", ".cc", ".inc") and file.is_file())


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def includes(text):
    return [Include(line_of(text, m.start(1) if m[1] else m.start(2)), m[1] or m[2], bool(m[1])) for m in _INCLUDE.finditer(text)]


def code_of(text):
    """The text with comments and the insides of literals blanked; every line keeps its number."""

    def blank(match):
        kept = re.sub(r"[^\n]", " ", match[0])
        return kept if match[0].startswith(("//", "/*")) else '"' + kept[1:-1] + '"'

    # An include's path is code here.
    lines = _NOT_CODE.sub(blank, re.sub(r'(#[ \t]*include[ \t]*)"([^"\n]+)"', r"\1<\2>", text))
    return lines


def closing_brace(code, opening):
    """Where the twin of the brace at `opening` stands; the end if it has none."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code)


def _settings(root):
    text = (root / "cmake/Modules.cmake").read_text()
    return {m[1]: m[2].split() for m in re.finditer(r"^set\((\w+)([^)]*)\)", text, re.MULTILINE)}


def modules_table(root):
    """cmake/Modules.cmake as (modules in order, {module: what it may use})."""
    settings = _settings(root)
    order = settings["LIVELAMBDA_MODULES"]
    return order, {module: settings.get("MAY_USE_" + module, []) for module in order}


def parts_of(root, module):
    """The folders that a module is built in, or none."""
    return _settings(root).get("PARTS_" + module, [])
