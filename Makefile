# make build | demo | test | test-full | fuzz | bench | soak | check | format | dist — each installs what is missing first.
SHELL := /bin/bash
export PATH := $(CURDIR)/build/tools/node_modules/node/bin:$(PATH):$(CURDIR)/build/tools/go/bin

.PHONY: setup build demo test test-full fuzz bench soak bench-micro bench-compare bench-programs check format dist clean

build: setup
	@scripts/build dev livelambda

demo: build
	@scripts/demo

test: setup
	@scripts/test

test-full: setup
	@scripts/test --full

fuzz: setup
	@scripts/fuzz

# BENCH_BLOCKS=n: blocks of each value (default 5). The tables and plots are in docs/benchmarks.md then.
bench: setup bench-programs
	@scripts/judges
	@bench/sst/install
	@scripts/build release livelambda
	@scripts/build dev link_shaper
	@build/judges/bin/python bench/run.py

# Counts what a long run costs and loses: SOAK_HOURS=n for longer than 100,000 invocations.
soak: setup bench-programs
	@scripts/judges
	@scripts/build release livelambda
	@build/judges/bin/python bench/soak.py

# Micro-benchmarks. BENCH_ARGS: options of Google Benchmark, e.g. --benchmark_filter=seal.
bench-micro: setup
	@scripts/build release bench_micro
	@build/release/bench_micro $(BENCH_ARGS)

# BASE=rev: ratios of the micro-benchmarks, here divided by there.
bench-compare: setup
	@scripts/bench-compare $(or $(BASE),$(error Say what to compare with: make bench-compare BASE=rev)) $(BENCH_ARGS)

bench-programs: setup
	@scripts/bench-programs

check: setup
	@scripts/check-tidy $(if $(ALL),--all)

format: setup
	@git ls-files 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' | xargs clang-format-19 -i

dist: setup
	@scripts/dist

setup:
	@scripts/setup

clean:
	rm -rf build
