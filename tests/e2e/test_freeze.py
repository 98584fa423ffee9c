"""Lambda freezes a stub between invocations; its sockets may be dead when it wakes."""

from harness import apps
from harness.stubs import frozen_stub, state_of

HANDLER = "let count = 0; export const handler = async () => ({ count: ++count, pid: process.pid });"


def test_a_stub_whose_sockets_were_cut_while_it_was_frozen_answers_the_next_invocation(cloud, tmp_path, start):
    session = start(apps.plain(tmp_path, Plain=HANDLER), cloud)
    function = session.function("Plain")
    first = cloud.invoke(function, {})
    assert first.error is None, first
    stub = frozen_stub(cloud)
    for count in (2, 3):
        cloud.cut_websockets()
        assert state_of(stub) == "T"
        answer = cloud.invoke(function, {})
        assert answer.error is None, answer
        assert answer.json == {"count": count, "pid": first.json["pid"]}, "the twin is the same process"
        assert frozen_stub(cloud) == stub, "and the stub too"
