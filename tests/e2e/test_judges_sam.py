"""The SAM translator, AWS's own, against the SAM transform of the local cloud: templates of our own for every property,
and the corpus of other people's, as GetTemplate shows them processed. Nothing is deployed.

`pytest -rs` lists the templates of the corpus that are not judged, each with what of it is out of scope."""

import itertools
import json
from pathlib import Path

import pytest

from harness import judges, sam
from harness.stacks import change_set

OWN = sorted(path.stem for path in sam.OWN.glob("*.yaml") if path.stem != "errors")
ERRORS = [pytest.param(case, id=f"{group}-{name}")
          for group, cases in sam.own("errors").items() for name, case in cases.items()]

_numbers = itertools.count(1)


def decided(cloud, template: dict, **parameters: str) -> dict:
    """A change set for a new stack."""
    return change_set(cloud, f"sam-{next(_numbers)}", template, **parameters)


def processed(cloud, template: dict, **parameters: str) -> dict:
    made = decided(cloud, template, **parameters)
    assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
    body = cloud.client("cloudformation").get_template(
        StackName=made["StackName"], ChangeSetName=made["ChangeSetName"], TemplateStage="Processed")["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else body


def assert_same(mine: dict, judged: dict):
    found = sam.differences(sam.comparable(mine), sam.comparable(judged))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", OWN)
def test_the_local_cloud_makes_what_aws_makes(cloud, name):
    template = sam.own(name)
    assert_same(processed(cloud, template), sam.translate(template, {}))


def test_other_values_of_parameters_change_what_aws_makes_of_them(cloud):
    given = {"Alias": "another", "Bucket": "elsewhere"}
    template = sam.own("publications")
    assert_same(processed(cloud, template, **given), sam.translate(template, given))


def test_every_policy_template_is_aws_own(cloud):
    """One function for each, with references and with texts as parameters."""
    folder = Path(judges.module("SAM translator", "samtranslator").__file__).parent
    templates = json.loads((folder / "policy_templates_data" / "policy_templates.json").read_text())["Templates"]
    resources = {
        f"F{number}": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"InlineCode": "x", "Handler": "a.b", "Runtime": "nodejs22.x",
                           "Policies": [{name: {parameter: {"Ref": "AWS::StackName"} if number % 2 else "given"
                                                for parameter in declared["Parameters"]}}]}}
        for number, (name, declared) in enumerate(templates.items())}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    assert_same(processed(cloud, template), sam.translate(template, {}))


@pytest.mark.parametrize("case", ERRORS)
def test_what_aws_refuses_is_refused_in_its_words(cloud, case):
    template = {"Transform": "AWS::Serverless-2016-10-31", **(case if "Resources" in case else {"Resources": case})}
    refusal = sam.refusal(template)
    assert refusal is not None
    made = decided(cloud, template)
    assert made["Status"] == "FAILED"
    assert made["StatusReason"] == f"Transform AWS::Serverless-2016-10-31 failed with: {refusal}"


@pytest.mark.parametrize("kind", sorted(sam.TYPES_ELSEWHERE))
def test_a_type_that_is_not_here_fails_by_name(cloud, kind):
    made = decided(cloud, {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"R": {"Type": kind}}})
    assert made["StatusReason"].endswith(
        f"Resource with id [R] is invalid. The resource type {kind} is not implemented by the local cloud")


@pytest.mark.parametrize("kind", sorted(sam.EVENTS_ELSEWHERE))
def test_an_event_that_is_not_here_fails_by_name(cloud, kind):
    function = {"Type": "AWS::Serverless::Function",
                "Properties": {"InlineCode": "x", "Handler": "a.b", "Runtime": "nodejs22.x",
                               "Events": {"E": {"Type": kind, "Properties": {"A": "b"}}}}}
    made = decided(cloud, {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"F": function}})
    assert made["StatusReason"].endswith(f"The event type {kind} is not implemented by the local cloud")


def test_the_judge_sees_a_difference(cloud):
    """That the comparison is not empty: one resource of another template is found."""
    template = sam.own("policies")
    mine = processed(cloud, template)
    template["Resources"]["ByName"]["Properties"]["Runtime"] = "nodejs20.x"
    found = sam.differences(sam.comparable(mine), sam.comparable(sam.translate(template, {})))
    assert [one.split("\n")[0] for one in found] == ["ByName"]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in sam.CORPUS])
def test_templates_of_others_become_what_aws_makes_of_them(cloud, path):
    template = sam.read(path.read_text())
    if not sam.is_sam(template):
        pytest.skip(f"{path.name} is no serverless template")
    if out := sam.elsewhere(template):
        pytest.skip(f"{path.name} is out of scope: {', '.join(out)}")
    template = sam.packaged(template)
    parameters = sam.needed_parameters(template)
    assert_same(processed(cloud, template, **parameters), sam.translate(template, parameters))
