"""Stacks by change set, as deploy tools make them, with boto3 and its waiters."""

import itertools
import json

from .local_cloud import LocalCloud
from .processes import wait_until

CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
SAM = "AWS::Serverless-2016-10-31"
# Waiters poll; how often is theirs to say.
OFTEN = {"Delay": 0.05, "MaxAttempts": 1200}
_numbers = itertools.count(1)


def as_text(template: dict | str) -> str:
    return template if isinstance(template, str) else json.dumps(template)


def change_set(cloud: LocalCloud, stack: str, template: dict | str, kind: str = "CREATE", capabilities=CAPABILITIES,
               **parameters: str) -> dict:
    """Makes one and waits until it is decided; its description."""
    client = cloud.client("cloudformation")
    made = client.create_change_set(
        StackName=stack, ChangeSetName=f"change-{next(_numbers)}", ChangeSetType=kind, TemplateBody=as_text(template),
        Capabilities=list(capabilities),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()])

    def decided():
        description = client.describe_change_set(ChangeSetName=made["Id"])
        return description if description["Status"] in ("CREATE_COMPLETE", "FAILED") else None

    return wait_until(decided, "the change set is decided")


def deploy(cloud: LocalCloud, stack: str, template: dict | str, kind: str = "CREATE", **parameters: str) -> dict:
    """Creates or updates the stack, and waits for it; its outputs."""
    client = cloud.client("cloudformation")
    made = change_set(cloud, stack, template, kind, **parameters)
    assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
    client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    waiter = client.get_waiter("stack_create_complete" if kind == "CREATE" else "stack_update_complete")
    try:
        waiter.wait(StackName=stack, WaiterConfig=OFTEN)
    except Exception as error:
        events = [f'{one["LogicalResourceId"]} {one["ResourceStatus"]} {one.get("ResourceStatusReason", "")}'
                  for one in reversed(cloud.stack_events(stack))]
        raise AssertionError("\n".join([str(error), *events])) from None
    return cloud.outputs(stack)


def settled(cloud: LocalCloud, stack: str) -> dict:
    """The stack once nothing is under way; for operations that fail."""
    def ended():
        found = cloud.stack(stack)
        return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

    return wait_until(ended, f"{stack} is settled")


def template(resources: dict, outputs: dict | None = None, **more) -> dict:
    """`outputs`: names and values."""
    result = {"AWSTemplateFormatVersion": "2010-09-09", **more, "Resources": resources}
    if outputs:
        result["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
    return result
