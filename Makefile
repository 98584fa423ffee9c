# make build | demo | test | test-full | fuzz | bench | check | format | dist — each installs what is missing first.
SHELL := /bin/bash
export PATH := $(CURDIR)/build/tools/node_modules/node/bin:$(PATH)

.PHONY: setup build demo test test-full fuzz bench check format dist clean

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

bench: setup
	@scripts/judges
	@scripts/build release livelambda bench_rewrite
	@mkdir -p build/bench && clang++-19 -std=c++20 -O2 -static bench/echo.cc -o build/bench/echo
	@build/judges/bin/python bench/local_cloud.py
	@python3 bench/start.py
	@python3 bench/reload.py
	@build/release/bench_rewrite

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
