"""Attacks on the real binaries. Everything here has the fixtures of tests/e2e."""

import importlib.util
import sys
from pathlib import Path

E2E = Path(__file__).parents[1] / "e2e"
sys.path.insert(0, str(E2E))

spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
shared = importlib.util.module_from_spec(spec)
spec.loader.exec_module(shared)

cloud = shared.cloud
home = shared.home
module_path = shared.module_path
module_processes = shared.module_processes
no_process_left = shared.no_process_left
nothing_of_the_developer = shared.nothing_of_the_developer
pytest_make_parametrize_id = shared.pytest_make_parametrize_id
pytest_runtest_makereport = shared.pytest_runtest_makereport
