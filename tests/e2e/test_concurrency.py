"""Fifty requests at once, all inside the handler at the same time."""

import secrets
from concurrent.futures import ThreadPoolExecutor

from harness import apps

COUNT = 50

# Nobody leaves before everybody has come.
BARRIER = """
import fs from "node:fs";
export async function handler({ folder, token, count }) {
  fs.writeFileSync(`${folder}/${token}`, "");
  while (fs.readdirSync(folder).length < count) await new Promise((go) => setTimeout(go, 50));
  return { token, pid: process.pid };
}
"""


def test_fifty_requests_meet_inside_the_handler(cloud, tmp_path, start):
    session = start(apps.plain(tmp_path, timeout=170, Plain=BARRIER), cloud, "test", "--idle-workers", str(COUNT),
                    "--idle-memory", "100000")
    barrier = tmp_path / "barrier"
    barrier.mkdir()
    function = session.function("Plain")
    tokens = [secrets.token_hex(16) for _ in range(COUNT)]

    def call(token: str):
        return cloud.invoke(function, {"folder": str(barrier), "token": token, "count": COUNT})

    with ThreadPoolExecutor(COUNT) as pool:
        answers = list(pool.map(call, tokens))
    assert [answer.error for answer in answers] == [None] * COUNT, answers
    assert [answer.json["token"] for answer in answers] == tokens
    pids = {answer.json["pid"] for answer in answers}
    assert len(pids) == COUNT
    assert pids <= set(session.workers())
