"""Ruby functions live: the handler's forms, the project's bundle, reload, and the ways to fail as Lambda does."""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import apps
from harness.session import Session

pytestmark = pytest.mark.skipif(shutil.which("ruby") is None, reason="SKIPPED: ruby is not on PATH (scripts/setup installs it)")

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: ruby3.4, CodeUri: src/, Timeout: 60}}
Resources:
  Api: {Type: AWS::Serverless::Function, Properties: {Handler: shop/api.Shop::Api.take, Environment: {Variables: {TABLE: orders}}}}
  Plain: {Type: AWS::Serverless::Function, Properties: {Handler: plain.handler}}
  Slow: {Type: AWS::Serverless::Function, Properties: {Handler: plain.slow, Timeout: 1}}
"""
API = """
require "logger"
require "words_of_the_bundle"
require_relative "words"

module Shop
  class Api
    LOADS = [0]
    def self.take(event:, context:)
      Logger.new($stdout).info("first\\nsecond") if event["log"]
      puts "x" * event["log"] if event["log"]
      raise KeyError, event["raise"] if event["raise"]
      { word: WORD, gem: GEM_WORD, count: LOADS[0] += 1, pid: Process.pid, cwd: Dir.pwd, table: ENV["TABLE"], root: ENV["LAMBDA_TASK_ROOT"],
        execution: ENV["AWS_EXECUTION_ENV"], handler: ENV["_HANDLER"], id: context.aws_request_id, arn: context.invoked_function_arn,
        memory: context.memory_limit_in_mb, group: context.log_group_name, left: context.get_remaining_time_in_millis }
    end
  end
end
"""
PLAIN = """
def handler(event:, context:)
  exit(7) if event["exit"]
  Process.kill(:KILL, Process.pid) if event["kill"]
  nil.upcase if event["undefined"]
  "fine"
end
def slow(event:, context:) = sleep(60)
"""
GEMSPEC = """Gem::Specification.new do |gem|
  gem.name, gem.version, gem.summary, gem.authors = "words_of_the_bundle", "1.0", "Words", ["us"]
  gem.files = ["lib/words_of_the_bundle.rb"]
end
"""
FILES = {"template.yaml": TEMPLATE, "src/shop/api.rb": API, "src/shop/words.rb": 'WORD = "one"\n', "src/plain.rb": PLAIN, "Gemfile": 'gem "words_of_the_bundle", path: "words"\n',
         "words/words_of_the_bundle.gemspec": GEMSPEC, "words/lib/words_of_the_bundle.rb": 'GEM_WORD = "of the bundle"\n'}


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["ruby", "-rbundler/setup", "-e", ""], cwd=folder, check=True)  # writes Gemfile.lock
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    return Session(app, cloud, module_path / "home")


def reload(session, name, file, text, status="ok"):
    mark = session.mark()
    apps.save(file, text)
    return session.wait_for("reload", after=mark, function=name, status=status)


def test_a_function_runs_with_the_projects_bundle_and_its_context(cloud, session, app):
    function = session.function("Api")
    mark = session.mark()
    first = cloud.invoke(function, {"log": 100_000}).json
    assert first["word"] == "one" and first["gem"] == "of the bundle" and first["table"] == "orders"
    assert first["cwd"] == first["root"] == str(app / "src") and first["handler"] == "shop/api.Shop::Api.take"
    assert first["execution"] == "AWS_Lambda_ruby3.4" and first["arn"].endswith(f":function:{function}")
    assert first["memory"] == "128" and first["group"] == f"/aws/lambda/{function}" and 0 < first["left"] <= 60_000
    second = cloud.invoke(function, {}).json
    assert (second["count"], second["pid"]) == (2, first["pid"]) and second["id"] != first["id"]
    session.wait_for("log", after=mark, line="x" * 100_000, requestId=first["id"])
    session.wait_for("log", after=mark, line=lambda line: line.startswith("I, [") and line.endswith(f"  INFO {first['id']} -- : first\nsecond"))


def test_a_saved_file_is_in_the_next_answer(cloud, session, app):
    function = session.function("Api")
    reload(session, "Api", app / "src/shop/words.rb", 'WORD = "two"\n')
    assert cloud.invoke(function, {}).json["word"] == "two"
    told = reload(session, "Api", app / "src/shop/words.rb", "WORD = = 3\n", "error")
    assert "words.rb:1" in told["output"]
    answer = cloud.invoke(function, {})
    assert answer.error == "Unhandled" and answer.json["errorType"] == "Init<SyntaxError>"
    reload(session, "Api", app / "src/shop/words.rb", 'WORD = "one"\n')
    assert cloud.invoke(function, {}).json["word"] == "one"


def test_errors_are_lambdas(cloud, session, app):
    answer = cloud.invoke(session.function("Api"), {"raise": "nobody"})
    line = API.split("\n").index(next(one for one in API.split("\n") if "raise KeyError" in one)) + 1
    assert answer.error == "Unhandled" and (answer.json["errorType"], answer.json["errorMessage"]) == ("Function<KeyError>", "nobody")
    assert len(answer.json["stackTrace"]) == 1 and answer.json["stackTrace"][0].startswith(f"{app}/src/shop/api.rb:{line}:in ")
    plain = session.function("Plain")
    assert cloud.invoke(plain, {"undefined": 1}).json["errorType"] == "Function<NoMethodError>"
    assert cloud.invoke(plain, {}).json == "fine"  # on a fresh environment: AWS's runtime ends after such an error
    assert cloud.invoke(plain, {"exit": 1}).json["errorType"] == "Function<SystemExit>"
    assert "signal: killed" in cloud.invoke(plain, {"kill": 1}).json["errorMessage"]
    assert "Task timed out after 1.00 seconds" in cloud.invoke(session.function("Slow"), {}).json["errorMessage"]
    assert cloud.invoke(plain, {}).json == "fine"
