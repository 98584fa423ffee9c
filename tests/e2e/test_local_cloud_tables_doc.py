"""The tables of docs/local-cloud.md are what the code says, and what the code says exists in AWS: botocore's service models know each
operation, cfn-lint's copy of CloudFormation's schemas each property."""

import importlib.machinery
import importlib.util
import subprocess
import sys

import pytest

from harness.processes import ROOT

SCRIPT = ROOT / "scripts/local-cloud-tables"
# Of a browser's form: S3's API reference has it, the SDKs do not.
WITHOUT_SDK = {"s3": {"PostObject"}}


@pytest.fixture(scope="module")
def tables():
    loader = importlib.machinery.SourceFileLoader("local_cloud_tables", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def capabilities(cloud, tables) -> dict:
    return tables.capabilities(cloud.endpoint)


def test_the_document_is_as_the_code_has_it():
    ran = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_another_table_is_noticed(tables, capabilities):
    document = tables.DOCUMENT.read_text()
    fewer = {**capabilities, "services": {**capabilities["services"], "sqs": ["CreateQueue"]}}
    assert tables.with_tables(document, fewer) != document
    assert "Not there, answered with 501: 22 of 23" in tables.with_tables(document, fewer)


def test_every_operation_is_one_of_aws(tables, capabilities):
    assert len(capabilities["services"]) >= 16 and all(capabilities["services"].values())
    assert not [f"{service}:{operation}" for service, operations in capabilities["services"].items()
                for operation in set(operations) - tables.operations_of(service) - WITHOUT_SDK.get(service, set())]


def test_every_property_is_one_of_aws(tables, capabilities):
    types = capabilities["resourceTypes"]
    assert {"AWS::SQS::Queue", "AWS::Lambda::EventSourceMapping", "AWS::CloudFormation::Stack", "AWS::EC2::VPC"} <= set(types)
    assert set(types) <= set(tables.all_types())
    assert not [f"{name}.{property}" for name, type in types.items()
                for property in {*type["works"], *type["accepted"]} - tables.properties_of(name)]
    assert not [name for name, type in types.items() if set(type["works"]) & set(type["accepted"])]
