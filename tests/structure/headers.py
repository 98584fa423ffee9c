"""Headers are self-contained: each could be the first line of a file.

Two halves, since compiling every header without the precompiled header would cost minutes:
- names of the standard library are looked up in what the header includes, itself or through the project's own headers;
- each header is compiled alone (syntax only) with the precompiled header, which finds the project's types it forgot.
The second half remembers in build/structure/ what it has passed, by the content of everything the header includes.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess

import source

_PROVIDERS = {
    "string": "string to_string basic_string stoi stoul",
    "string_view": "string_view",
    "vector": "vector",
    "optional": "optional nullopt nullopt_t",
    "map": "map multimap",
    "set": "set multiset",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "functional": "function hash greater",
    "memory": "unique_ptr shared_ptr weak_ptr make_unique make_shared enable_shared_from_this",
    "variant": "variant monostate visit get_if holds_alternative",
    "span": "span",
    "array": "array",
    "deque": "deque",
    "list": "list",
    "queue": "queue priority_queue",
    "bitset": "bitset",
    "chrono": "chrono",
    "filesystem": "filesystem",
    "random": "minstd_rand mt19937 mt19937_64 random_device",
    "fstream": "ofstream ifstream fstream",
    "atomic": "atomic",
    "mutex": "mutex lock_guard unique_lock",
    "thread": "thread jthread",
    "algorithm": "any_of all_of none_of find_if sort clamp",
}
_HEADER_OF = {f"std::{name}": header for header, names in _PROVIDERS.items() for name in names.split()}
_HEADER_OF |= {"fmt::format": "fmt/format.h", "fmt::format_string": "fmt/format.h", "tl::expected": "tl/expected.hpp"}
# What the standard and the libraries promise to bring along.
_BRINGS = {
    "string": {"string_view"},
    "filesystem": {"string", "string_view", "chrono"},
    "boost/json.hpp": {"string", "string_view", "initializer_list"},
    "boost/asio/io_context.hpp": {"chrono"},
    "boost/asio/steady_timer.hpp": {"chrono"},
}
_USE = re.compile(r"\b(?:std|fmt|tl)::\w+")


def reached(root, name, known):
    """(system headers, project headers) reached from the header `name`, itself included."""
    if name not in known:
        known[name] = (set(), {name})  # ends circles
        system, own = set(), {name}
        for include in source.includes((root / "src" / name).read_text()):
            if include.quoted and (root / "src" / include.path).exists():
                more_system, more_own = reached(root, include.path, known)
                system |= more_system
                own |= more_own
            else:
                system |= {include.path} | _BRINGS.get(include.path, set())
        known[name] = (system, own)
    return known[name]


def headers_of(root):
    return [file.relative_to(root / "src").as_posix() for file in source.cpp_files(root / "src") if file.suffix == ".h"]


def check_names(root):
    known = {}
    for name in headers_of(root):
        system, _ = reached(root, name, known)
        code = source.code_of((root / "src" / name).read_text())
        told = set()
        for m in _USE.finditer(code):
            header = _HEADER_OF.get(m[0])
            if header and header not in system and header not in told:
                told.add(header)
                yield f"src/{name}:{source.line_of(code, m.start())}: uses {m[0]}, but does not include <{header}>"


def _flags(build):
    """The compiler and its flags for each module, from the build's own list of commands; a test's, or a header's, are the same."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        parts = entry["file"].split("/src/")
        if len(parts) == 2:
            words = shlex.split(entry["command"])
            cut = words.index("-o")
            flags.setdefault(parts[1].split("/")[0], words[:cut])
    return flags


def _compile(root, build, command, name):
    words = [*command, "-fsyntax-only", "-Wno-pragma-once-outside-header", "-Wno-unused-const-variable", "-x", "c++", str(root / "src" / name)]
    done = subprocess.run(words, cwd=build, capture_output=True, text=True)
    return name, None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["the compiler failed"])


def check_compile(root, build):
    flags = _flags(build)
    stamp_file = root / "build/structure/headers.json"
    stamps = json.loads(stamp_file.read_text()) if stamp_file.exists() else {}
    known, keys = {}, {}
    for name in headers_of(root):
        _, own = reached(root, name, known)
        command = flags.get(name.split("/")[0])
        if command is None:
            yield f"src/{name}: its module has no compiled file"
            continue
        content = [" ".join(command), *((root / "src" / each).read_text() for each in sorted(own))]
        keys[name] = hashlib.sha256("\0".join(content).encode()).hexdigest()
    todo = [name for name in keys if stamps.get(name) != keys[name]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, problem in pool.map(lambda name: _compile(root, build, flags[name.split("/")[0]], name), todo):
            if problem:
                stamps.pop(name, None)
                yield f"src/{name}:1: does not compile alone: {problem[0]}"
            else:
                stamps[name] = keys[name]
    stamp_file.parent.mkdir(parents=True, exist_ok=True)
    stamp_file.write_text(json.dumps({name: stamps[name] for name in sorted(stamps) if name in keys}, indent=0))


def check(root):
    yield from check_names(root)
    yield from check_compile(root, root / "build/dev")
