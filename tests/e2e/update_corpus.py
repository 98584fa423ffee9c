"""Deploys every template of the corpus, each into a local cloud of its own, and writes what stops the others into
corpus.json: build/judges/bin/python tests/e2e/update_corpus.py"""

import concurrent.futures
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import corpus  # noqa: E402
from harness.local_cloud import LocalCloud  # noqa: E402


def reasons(name: str) -> list[str]:
    with tempfile.TemporaryDirectory() as home:
        cloud = LocalCloud(Path(home), "--test-clock")
        try:
            return corpus.deploy(cloud, name)
        finally:
            cloud.dispose()


if __name__ == "__main__":
    names = corpus.names()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        stopped = {name: found for name, found in zip(names, pool.map(reasons, names)) if found}
    (HERE / "corpus.json").write_text(json.dumps(stopped, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(names) - len(stopped)} of {len(names)} deploy")
