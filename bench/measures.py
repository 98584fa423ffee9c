"""The measures of docs/benchmarks.md. Each takes the world, runs blocks in which the sides take turns, and adds to the results."""

import contextlib
import json
import os
import random
import string
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from programs import ROOT, LocalCloud, Program, call, cpu_seconds, http_request, resident_mb
from results import Results
from sides import NODE, Direct, Hops, Live, Sst, write_app

sys.path.insert(0, str(ROOT / "tests/link_shaper"))
import hosts  # noqa: E402

KIBIBYTE = json.dumps({"text": "x" * 1012}).encode()
assert len(KIBIBYTE) == 1024
CLOUD_NAME = "local.amazonaws.com"  # one name for both hosts, which lead to it by different addresses
NATIVE, NODE_JS = " (native worker)", ""


@dataclass
class World:
    program: Path
    folder: Path
    blocks: int
    scale: float  # of the number of calls; 1 = as documented
    results: Results

    def count(self, calls: int) -> int:
        return max(2, int(calls * self.scale))

    def place(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    def app(self, cold: int = 0) -> Path:
        return write_app(self.place() / "app", cold)


@contextlib.contextmanager
def three_sides(world: World, with_sst: bool = True):
    """Those that are on this machine: livelambda, SST, and both floors."""
    app = world.app()
    with contextlib.ExitStack() as opened:
        sides = [opened.enter_context(Live(world.program, world.place(), app)),
                 opened.enter_context(Direct(world.program, world.place(), app)),
                 opened.enter_context(Hops(world.place()))]
        reason = Sst.missing() if with_sst else None
        if reason:
            world.results.not_measured["SST's side"] = reason
        elif with_sst:
            sides.append(opened.enter_context(Sst(world.program, world.place())))
        yield sides


def round_trip(world: World):
    """round-trip-warm-1k: caller, stub, session, worker and back. Node.js on every side; a native worker where it can be."""
    calls = {"livelambda": 500, "floor": 500, "sst": 40}
    with three_sides(world) as sides:
        for side in sides:
            for function in ("Echo", "Native") if side.name != "sst" else ("Echo",):
                call(side.address, side.request(function, KIBIBYTE), world.count(calls[side.name] // 2), world.folder)
        for _ in range(world.blocks):
            for side in sides:
                for function, suffix in ("Echo", NODE_JS), ("Native", NATIVE):
                    if function == "Native" and side.name == "sst":
                        continue
                    _one_block(world, side, function, suffix, world.count(calls[side.name]))


def _one_block(world: World, side, function: str, suffix: str, count: int):
    parts = {"session": side.session_processes(), "stub": side.stub_processes()} if type(side) is Live else {}
    before = {part: cpu_seconds(pids) for part, pids in parts.items()}
    calls = call(side.address, side.request(function, KIBIBYTE), count, world.folder)
    world.results.measure("round-trip-warm-1k" + suffix, "ms").add(side.name, calls.milliseconds, side.way)
    spent = {part: (cpu_seconds(pids) - before[part]) * 1000 / count for part, pids in parts.items()}
    for part, cpu in spent.items():
        world.results.measure("cpu-per-invocation" + suffix, "ms").add("livelambda", [cpu], part)
    if spent:
        world.results.measure("cpu-per-invocation" + suffix, "ms").add("livelambda", [sum(spent.values())], "session and stub")


@contextlib.contextmanager
def over_a_link(world: World):
    """livelambda and the hops, each half on a host of its own; (sides, link). The caller is beside the cloud."""
    app = world.app()
    with contextlib.ExitStack() as opened:
        network = opened.enter_context(hosts.Hosts())
        cloud, laptop = network.add("10.77.0.2"), network.add("10.77.0.1")
        link = network.join(laptop, cloud, rename={cloud.address: "127.0.0.1"})
        opened.enter_context(cloud.entered())
        cloud.bind("/etc/hosts", f"127.0.0.1 localhost {CLOUD_NAME}\n")
        laptop.bind("/etc/hosts", f"127.0.0.1 localhost\n{cloud.address} {CLOUD_NAME}\n")
        place = {"there": cloud.command, "laptop": laptop.command}
        sides = [opened.enter_context(Live(world.program, world.place(), app, **place, options=("--host-name", CLOUD_NAME))),
                 opened.enter_context(Hops(world.place(), **place, address=cloud.address))]
        for side in sides:
            call(side.address, side.request("Native", KIBIBYTE), 20, world.folder)
        yield sides, link


def delays(world: World):
    """round-trip-warm-1k with one-way delay between cloud and laptop. The floor has the same link, and so what it adds."""
    if reason := hosts.why_not():
        raise RuntimeError(reason)
    with over_a_link(world) as (sides, link):
        for _ in range(world.blocks):
            for delay, count in (0, 100), (10, 20), (40, 10), (100, 5):
                link(f"delay {delay}")
                for side in sides:
                    calls = call(side.address, side.request("Native", KIBIBYTE), world.count(count), world.folder)
                    world.results.measure(f"round-trip-warm-1k, {delay} ms one way", "ms").add(
                        side.name, calls.milliseconds, side.way)


def body_of(size: int) -> bytes:
    """JSON of so many bytes that compress as base64 does: by a quarter."""
    letters = random.Random(7).choices(string.ascii_letters + string.digits + "+/", k=size - 2)
    return ('"' + "".join(letters) + '"').encode()


def bodies(world: World):
    """Bodies both ways, over the link at three rates, beside the same bytes through the hops alone."""
    if reason := hosts.why_not():
        raise RuntimeError(reason)
    rates = {"unlimited": (1_024, 100_000, 1_000_000, 6_000_000), "100mbit": (1_024, 100_000, 1_000_000, 6_000_000),
             "10mbit": (1_024, 100_000, 1_000_000)}
    with over_a_link(world) as (sides, link):
        for _ in range(world.blocks):
            for rate, sizes in rates.items():
                link("clear" if rate == "unlimited" else f"rate {rate} queue 1m")
                for size in sizes:
                    _bodies_of(world, sides, rate, size, world.count({1_024: 50, 100_000: 10, 1_000_000: 2}.get(size, 1)))
        link("rate 10mbit queue 1m")
        for _ in range(world.blocks if world.scale >= 1 else 0):  # about 15 s a pair
            _bodies_of(world, sides, "10mbit", 6_000_000, 1)


def _bodies_of(world: World, sides: list, rate: str, size: int, count: int):
    body = body_of(size)
    for side in sides:
        calls = call(side.address, side.request("Native", body), count, world.folder)
        world.results.measure(f"body of {size // 1000} KB both ways, {rate}", "ms").add(side.name, calls.milliseconds, side.way)


def parallel(world: World):
    """Invocations at once: latency and throughput; none may be lost. Native workers, so that Node.js is not what is measured."""
    app = world.app()
    with Live(world.program, world.place(), app) as live, Direct(world.program, world.place(), app) as direct:
        for width, count in (1, 300), (10, 600), (50, 1000), (200, 1200):
            if world.scale < 1 and width > 10:
                continue
            for side in (live, direct):  # makes the environments
                call(side.address, side.request("Native", KIBIBYTE), width * 2, world.folder, parallel=width)
            for _ in range(world.blocks):
                for side in (live, direct):
                    calls = call(side.address, side.request("Native", KIBIBYTE), world.count(count), world.folder, parallel=width)
                    world.results.measure(f"{width} in parallel", "ms").add(side.name, calls.milliseconds, side.way)
                    world.results.measure(f"throughput, {width} in parallel", "1/s").add(
                        side.name, [len(calls.milliseconds) / calls.seconds], side.way)
            stubs = live.stub_processes()
            world.results.measure(f"memory of the session, {width} environments", "MB").add(
                "livelambda", [resident_mb(live.session_processes())])
            world.results.measure(f"memory of a stub, {width} environments", "MB").add(
                "livelambda", [resident_mb(stubs) / max(1, len(stubs))])


def cold_environment(world: World):
    """The first answer of an environment that is not there yet. The live side starts stub and worker beside each other."""
    each = 4 if world.scale >= 1 else 1
    app = world.app(cold=world.blocks * each)
    with Live(world.program, world.place(), app) as live, Direct(world.program, world.place(), app) as direct:
        for side in (live, direct):
            call(side.address, side.request("Echo", KIBIBYTE), 3, world.folder)
        for block in range(world.blocks):
            for side in (live, direct):
                took = [call(side.address, side.request(f"Cold{block * each + at}", KIBIBYTE), 1, world.folder).milliseconds[0]
                        for at in range(each)]
                world.results.measure("cold environment to first answer", "ms").add(side.name, took, side.way)


def streamed(world: World):
    """Until the first byte of a streamed answer, by its function URL; the handler ends it 20 ms later."""
    app = world.app()
    with Live(world.program, world.place(), app) as live, Direct(world.program, world.place(), app) as direct:
        requests = {side.way: http_request("POST", side.outputs["StreamUrl"], KIBIBYTE) for side in (live, direct)}
        for side in (live, direct):
            call(side.address, requests[side.way], 5, world.folder)
        for _ in range(world.blocks):
            for side in (live, direct):
                calls = call(side.address, requests[side.way], world.count(50), world.folder, first_byte=True)
                world.results.measure("first byte of a streamed answer", "ms").add(side.name, calls.milliseconds, side.way)


def many_functions(folder: Path, count: int) -> Path:
    """An app of `count` functions that share a role and a folder, as many as a stack of 500 resources takes."""
    folder.mkdir()
    (folder / "index.mjs").write_text(NODE)
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    resources = {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}} | {
        f"F{at}": {"Type": "AWS::Serverless::Function", "Properties": {
            "CodeUri": ".", "Handler": "index.handler", "Runtime": "nodejs22.x", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}
        for at in range(count)}
    (folder / "template.json").write_text(json.dumps({
        "Transform": "AWS::Serverless-2016-10-31", "Resources": resources,
        "Outputs": {"Last": {"Value": {"Ref": f"F{count - 1}"}}}}))
    return folder


def start(world: World):
    """`start` to ready: the first deployment on a fresh local cloud, and again with nothing to deploy."""
    for count in (1, 50, 300) if world.scale >= 1 else (1,):
        for _ in range(world.blocks if count < 300 else min(world.blocks, 3)):
            place = world.place()
            app = many_functions(place / "app", count)
            with contextlib.ExitStack() as opened:
                cloud = LocalCloud(world.program, place)
                opened.callback(cloud.stop)
                for what in "first deployment", "nothing to deploy":
                    live = _Joining(world.program, place, app, cloud)
                    begin = time.perf_counter()
                    with live:
                        took = (time.perf_counter() - begin) * 1000
                    world.results.measure(f"start to ready, {count} functions, {what}", "ms").add("livelambda", [took])


class _Joining(Live):
    """A session on a cloud that is there."""

    def __init__(self, program: Path, folder: Path, app: Path, cloud: LocalCloud):
        super().__init__(program, folder, app)
        self.cloud, self.address = cloud, cloud.address

    def open(self):
        self.start()


def rebuilds(world: World):
    """The memory of a session of 300 functions, after each of 30 saves, each followed by an answer from the new code."""
    functions, saves = (300, 30) if world.scale >= 1 else (5, 2)
    place = world.place()
    app = many_functions(place / "app", functions)
    with Live(world.program, place, app) as live:
        request = live.request("Last", KIBIBYTE)
        call(live.address, request, 3, world.folder)
        memory = world.results.measure(f"memory of a session of {functions} functions", "MB")
        memory.add("livelambda", [resident_mb(live.session_processes())], "before the first rebuild")
        for save in range(saves):
            new = app / "index.mjs.new~"
            new.write_text(f"export const handler = async () => '{save:010}';\n")
            os.replace(new, app / "index.mjs")
            _until(lambda: call(live.address, request, 1, world.folder).failed == 0 and _says(live, f"{save:010}"), "new code runs")
        memory.add("livelambda", [resident_mb(live.session_processes())], f"after {saves} rebuilds")


def _says(live: Live, text: str) -> bool:
    return text.encode() in live.cloud.client("lambda").invoke(FunctionName=live.outputs["Last"], Payload=KIBIBYTE)["Payload"].read()


def _until(condition, what: str, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s in vain until {what}")


def link_itself(world: World):
    """What the shaper adds by itself, as it says it."""
    done = Program(world.place(), [hosts.PROGRAM, "--measure", "1000"])
    try:
        if done.process.wait(120) != 0:
            raise RuntimeError(done.errors.read_text())
        world.results.notes["What the link shaper adds by itself"] = f"\n```\n{done.output.read_text().strip()}\n```"
    finally:
        done.stop()


