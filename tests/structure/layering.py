"""Layering: every #include between modules stands in the table of cmake/Modules.cmake, which is that of docs/architecture.md."""
import re

import source


def reachable(may_use):
    """{module: everything it may include}: itself, `base`, and what it may use, transitively."""
    open_to = {}

    def reach(module):
        if module not in open_to:
            open_to[module] = {module, "base"}.union(*(reach(used) for used in may_use.get(module, [])))
        return open_to[module]

    for module in may_use:
        reach(module)
    return open_to


def check_order(order, may_use):
    """A module uses only what stands above it, so that there is no circle."""
    for at, module in enumerate(order):
        for used in may_use[module]:
            if used not in order[:at]:
                yield f"cmake/Modules.cmake: {module} may use {used}, which does not stand above it"


def check_includes(root, order, may_use):
    open_to = reachable(may_use)
    for file in source.cpp_files(root / "src"):
        name = file.relative_to(root).as_posix()
        module = name.split("/")[1]
        if module not in open_to:
            continue  # tree.py tells
        is_test = file.name.endswith("_test.cc") or "/testing/" in name
        for include in source.includes(file.read_text()):
            if not include.quoted:
                continue
            other = include.path.split("/")[0]
            where = f"{name}:{include.line}"
            if other not in open_to or "/" not in include.path or not (root / "src" / include.path).exists():
                if not include.path.startswith(f"{module}/generated"):
                    yield f'{where}: "{include.path}" is no file of a module: includes are written from src/'
            elif other not in open_to[module]:
                yield f'{where}: {module} -> {other} ("{include.path}") is no edge of cmake/Modules.cmake'
            elif "/testing/" in include.path and not is_test:
                yield f'{where}: "{include.path}" is for tests'


# Parts that others may know whole: everyone asks IAM, the server joins all, tests of one part use the fakes of another.
_OPEN_PARTS = {"iam"}
_JOINING_PARTS = {"server"}


def check_parts(root, order):
    """A part of a module includes of another part only its interface, <part>/<part>.h."""
    for module in order:
        parts = source.parts_of(root, module)
        for file in source.cpp_files(root / "src" / module) if parts else []:
            name = file.relative_to(root).as_posix()
            part = name.split("/")[2]
            if part in _JOINING_PARTS or "/testing/" in name or name.endswith("_test.cc"):
                continue
            for include in source.includes(file.read_text()):
                path = include.path.split("/")
                if path[0] != module or len(path) < 3 or path[1] not in parts or path[1] == part:
                    continue
                if path[1] not in _OPEN_PARTS and path[2:] != [path[1] + ".h"]:
                    yield f'{name}:{include.line}: "{include.path}" is inside of {module}/{path[1]}, whose interface is {path[1]}.h'


def table_of_document(text):
    """{module: words of the column `may use`} of the first table whose head is `src/`."""
    rows = {}
    in_table = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| src/ "):
            in_table = True
        elif in_table and not line.startswith("|"):
            break
        elif in_table and not line.startswith("| ---"):
            rows[cells[0].strip("`/")] = [word for word in re.split(r"[,\s]+", cells[-1]) if word not in ("", "–")]
    return rows


def check_document(root, order, may_use):
    document = table_of_document((root / "docs/architecture.md").read_text())
    if list(document) != order:
        yield f"docs/architecture.md: its modules are {list(document)}, those of cmake/Modules.cmake {order}"
    for module in order:
        if module in document and sorted(document[module]) != sorted(may_use[module]):
            yield f"docs/architecture.md: {module} may use {document[module]}, in cmake/Modules.cmake {may_use[module]}"


def check(root):
    order, may_use = source.modules_table(root)
    yield from check_order(order, may_use)
    yield from check_includes(root, order, may_use)
    yield from check_parts(root, order)
    yield from check_document(root, order, may_use)
