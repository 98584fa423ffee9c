"""From a save to the first answer from new code: livelambda and the bare runtime save by save (reload.py), then SST (sst/save.py)."""

import os
import sys

import reload
from measures import World
from programs import ROOT
from sides import Sst


def saves(world: World):
    os.environ.update(reload.GO_ENVIRONMENT)
    count = max(2, int(reload.RUNS * world.scale))
    for language in reload.languages():
        measure = world.results.measure(f"save to new answer, {language.name}", "ms")
        builds, runs, times, _ = reload.measure_saves(language, world.program, count)
        for build, run, took in zip(builds, runs, times):
            measure.add("livelambda", [took])
            measure.add("floor", [build + run], "build and bare runtime")
        if not Sst.missing():
            _sst(world, language, count, measure)


def _sst(world: World, language, count: int, measure):
    sys.path.insert(0, str(ROOT / "bench/sst"))
    import save
    if language.name not in save.LANGUAGES:
        return
    try:
        took, lost = save.save_to_answer(language, world.program, count)
    except Exception as error:  # SST's own failures do not spoil what was measured
        world.results.not_measured[f"save to new answer, {language.name}, SST"] = str(error)
        return
    for one in took:
        measure.add("sst", [one])
    world.results.notes[f"Invocations that SST lost by a save, {language.name}"] = f"{lost} of {count}"
