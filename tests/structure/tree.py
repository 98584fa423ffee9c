"""The tree: every module has a README and stands in the table, and tracked files speak of the project alone."""
import re
import subprocess

import source

# Written so that they do not find themselves here.
_FOREIGN = {
    r"(?<![\w.-])/(?:work|root)/[\w.]": "a path of one machine",
    r"registry\.(?:npm|yarn)\w*\.\w+|\bpypi\.org|pythonhosted\.\w+|\bdeb\.debian\.\w+|(?:^|[/.])crates\.io/": "the host of a package registry",
    r'"resolved":\s*"http': "a lock file that names a registry's host (npm config set omit-lockfile-registry-resolved true)",
    r"^\s*--(?:extra-)?index-url": "a package registry's address",
}


def check_modules(root):
    order, _ = source.modules_table(root)
    folders = sorted(folder.name for folder in (root / "src").iterdir() if folder.is_dir())
    for folder in folders:
        if folder not in order:
            yield f"src/{folder}: stands not in cmake/Modules.cmake"
        readme = root / "src" / folder / "README.md"
        if not readme.exists():
            yield f"src/{folder}: has no README.md"
        elif not 3 <= len(lines := [line for line in readme.read_text().splitlines() if line.strip()]) <= 12:
            yield f"src/{folder}/README.md: has {len(lines)} lines; about five are meant"
        if not any((root / "src" / folder).rglob("*.cc")) and not any((root / "src" / folder).rglob("*.h")):
            yield f"src/{folder}: has no code; a module is made with its first"
    for module in order:
        if module not in folders:
            yield f"cmake/Modules.cmake: {module} has no folder in src/"


def tracked_files(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name]


def check_words(root, names):
    patterns = [(re.compile(pattern, re.MULTILINE), words) for pattern, words in _FOREIGN.items()]
    for name in names:
        try:
            text = (root / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        for pattern, words in patterns:
            for m in pattern.finditer(text):
                yield f"{name}:{source.line_of(text, m.start())}: {words} ({m[0].strip()})"


def check(root):
    yield from check_modules(root)
    if (root / ".git").exists():
        yield from check_words(root, tracked_files(root))
