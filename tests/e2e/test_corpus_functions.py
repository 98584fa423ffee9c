"""corpus_functions.tsv, the table of every function of the corpus with its verdict, held against the templates by a loader
that shares nothing with the reader: each verdict has to have its cause in the template."""

import csv
from pathlib import Path

import pytest
import yaml

from harness import corpus

pytestmark = pytest.mark.skipif(not corpus.names(), reason="SKIPPED JUDGE: real templates (../shared/corpus/templates is absent)")
TABLE = Path(__file__).with_name("corpus_functions.tsv")


class Loader(yaml.SafeLoader):
    pass


def _short_tag(loader, tag, node):
    deep = {"deep": True} if not isinstance(node, yaml.ScalarNode) else {}
    construct = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence,
                 yaml.MappingNode: loader.construct_mapping}[type(node)]
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": construct(node, **deep)}


Loader.add_multi_constructor("!", _short_tag)


def functions():
    for name in corpus.names():
        template = yaml.load((corpus.FOLDER / name).read_text(), Loader)
        shared = (template.get("Globals") or {}).get("Function") or {}
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] in ("AWS::Serverless::Function", "AWS::Lambda::Function"):
                serverless = resource["Type"] == "AWS::Serverless::Function"
                yield name, logical_id, {**(shared if serverless else {}), **(resource.get("Properties") or {})}, template


def called_by_custom_resources(template) -> set:
    tokens = [(resource.get("Properties") or {}).get("ServiceToken") for resource in template["Resources"].values()]
    return {token["Fn::GetAtt"].split(".")[0] for token in tokens if token}


def cause(logical_id, properties, template) -> str:
    code = properties.get("CodeUri", properties.get("Code"))
    if logical_id in called_by_custom_resources(template):
        return "custom_resource"
    if "DurableConfig" in properties:
        return "durable"
    if "CapacityProviderConfig" in properties:
        return "managed_instances"
    if properties.get("PackageType") == "Image":
        return "image"
    text = code.get("ZipFile") if isinstance(code, dict) else properties.get("InlineCode")
    if text is not None:
        return "live" if isinstance(text, str) else "inline_code"
    if isinstance(code, dict):
        return "code_in_s3"
    return "archive" if str(code).endswith((".zip", ".jar")) else "live"


@pytest.fixture(scope="module")
def table():
    with TABLE.open(newline="") as file:
        return {(row["template"], row["function"]): row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def test_every_function_is_in_the_table_with_a_verdict_that_its_template_bears_out(table):
    found = {(name, logical_id): cause(logical_id, properties, template) for name, logical_id, properties, template in functions()}
    assert len(found) > 200
    assert {key: row["verdict"] for key, row in table.items()} == found


def test_sources_are_where_the_templates_say(table):
    for name, logical_id, properties, _ in functions():
        code = properties.get("CodeUri", properties.get("Code", "."))
        if isinstance(code, str) and "InlineCode" not in properties and properties.get("PackageType") != "Image":
            source = table[name, logical_id]["source"]
            assert source == str(Path(code)) or source.startswith(f"{Path(code)}/") or code == ".", (name, logical_id)
