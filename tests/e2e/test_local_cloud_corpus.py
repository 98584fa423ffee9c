"""Real serverless templates, each into a local cloud of its own, prepared as the user's tools would: which of them deploy, and
what stops the others. corpus.json names every one that does not, with what stops it, and is exact; update_corpus.py makes
it."""

import json
from pathlib import Path

import pytest

from harness import corpus
from harness.local_cloud import LocalCloud

STOPPED: dict[str, list[str]] = json.loads(Path(__file__).with_name("corpus.json").read_text())
AT_LEAST = 100  # what stops the others is services that are not here
# Of every kind of event, runtime and service; the others run with --full.
SAMPLE = {
    "apigw-cors-proxy__template.yaml", "apigw-custom-resource-policy__template.yaml", "apigw-lambda-dynamodb__template.yaml",
    "apigw-websocket-api-lambda__template.yml", "cfn-custom-resource-s3-create__template.yml",
    "dynamodb-streams-lambda-eventbridge-sam-rust__template.yml", "eventbridge-lambda-rust__template.yml",
    "lambda-lambda-sam-java__template.yml", "lambda-layer-ssm-parameters__function__template.yml",
    "s3-sqs-lambda-sam-java__template.yml", "sns-sqs-lambda-rust-sam__template.yml", "kinesis-lambda__template.yaml",
    "activemq-lambda__template.yaml", "lambda-sfn__template.yaml", "alb-lambda-rest-api-sam-py__template.yaml"}
TEMPLATES = [pytest.param(name, marks=() if name in SAMPLE else pytest.mark.full) for name in corpus.names()]


@pytest.mark.skipif(not TEMPLATES, reason="SKIPPED JUDGE: real templates (../shared/corpus/templates is absent)")
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_real_template_deploys_or_is_stopped_by_what_the_list_says(home, name):
    assert corpus.deploy(LocalCloud(home, "--test-clock"), name) == STOPPED.get(name, [])


@pytest.mark.skipif(not TEMPLATES, reason="SKIPPED JUDGE: real templates (../shared/corpus/templates is absent)")
def test_enough_of_them_deploy():
    names = set(corpus.names())
    assert set(STOPPED) <= names and SAMPLE <= names
    assert len(names) - len(STOPPED) >= AT_LEAST
