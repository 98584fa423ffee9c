"""runtimes/ruby against AWS's runtime interface emulator and against livelambda's Runtime API: who invokes gets the same."""

import json
import os
import shutil

import pytest

from runtime_api import Event
from servers import ROOT, by_emulator, by_product, each_of, environment, needs_emulator, needs_endpoint

RUBY = shutil.which("ruby")
pytestmark = [needs_endpoint, needs_emulator, pytest.mark.skipif(RUBY is None, reason="SKIPPED: ruby is not on PATH (scripts/setup installs it)")]

HANDLER = """
class OutOfStock < StandardError; end
def handler(event:, context:)
  case event["case"]
  when "error" then raise "wrong: ä"
  when "own_class" then raise OutOfStock, "none left"
  when "missing" then nil.upcase
  when "nothing" then nil
  when "text" then "ä\\u2028\\u007f"
  when "raw" then StringIO.new("raw bytes")
  when "no_json" then Float::NAN
  when "size" then "x" * (event["size"] - 2)
  when "exit" then exit(7)
  else event
  end
end
"""
CASES = [{"case": name} for name in ("echo", "error", "own_class", "missing", "nothing", "text", "raw", "no_json")]
SIZES = [{"case": "size", "size": 6291556}, {"case": "size", "size": 6291557}]


def test_awss_emulator_gives_the_same_to_who_invokes(tmp_path):
    (tmp_path / "app.rb").write_text(HANDLER)
    events = [Event(json.dumps(event).encode()) for event in [*CASES, *SIZES, {"case": "exit"}, {"case": "again"}]]
    command = [RUBY, ROOT / "runtimes" / "ruby" / "bootstrap.rb"]
    variables = environment("app.handler", tmp_path, "ruby3.4", PATH=os.environ["PATH"])
    product = each_of(by_product, events, command, variables, tmp_path).answers
    emulated = by_emulator(events, command, variables, tmp_path)
    assert [answer.body for answer in product] == emulated
    assert product[-2].kind.startswith("error, ended") and emulated[-1] == b'{"case":"again"}'
