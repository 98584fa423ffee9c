"""iam-simulate, an IAM evaluator by others, against the one of the local cloud, which SimulateCustomPolicy asks: the
same policies, caller, resource and context, and the decision of both."""

import json
import subprocess

import pytest

from harness import judges
from harness.processes import ROOT

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/tester"
BUCKET = "arn:aws:s3:::bucket"
OBJECT = "arn:aws:s3:::bucket/docs/a.txt"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Orders"

# What a condition may ask about, on a request where AWS has it: key → (action, resource).
LIST = ("s3:ListBucket", BUCKET)
GET = ("s3:GetObject", OBJECT)
ITEM = ("dynamodb:GetItem", TABLE)
TAG = ("iam:TagRole", ROLE)


def allow(**more) -> dict:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **more}


def deny(**more) -> dict:
    return allow(**more) | {"Effect": "Deny"}


def case(name: str, *identity: dict, on=GET, context=None, resource=None, boundary=None) -> dict:
    return {"name": name, "identity": list(identity), "action": on[0], "resource": on[1], "context": context or {},
            "resource_policy": resource, "boundary": boundary}


def elements() -> list[dict]:
    """Action, NotAction, Resource, NotResource, wildcards, order."""
    cases = []
    for action in ("s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "*", "s3:?etObject", "s3:GetObjec", "s3:GetObject*",
                   "sns:*", "s3:Put*", "s3:*Object", ["sns:Publish", "s3:GetObject"]):
        cases += [case(f"Action {action}", allow(Action=action)),
                  case(f"Deny Action {action}", allow(), deny(Action=action))]
        positive = allow(NotAction=action)
        del positive["Action"]
        cases.append(case(f"NotAction {action}", positive))
        cases.append(case(f"Deny NotAction {action}", allow(), positive | {"Effect": "Deny"}))
    for resource in (OBJECT, "*", BUCKET, BUCKET + "/*", BUCKET + "/docs/?.txt", BUCKET + "/DOCS/*", "arn:aws:s3:::b*",
                     "arn:aws:s3:::bucket*", "arn:aws:s3:*:*:bucket/*", [BUCKET, BUCKET + "/*"]):
        cases += [case(f"Resource {resource}", allow(Resource=resource)),
                  case(f"Deny Resource {resource}", allow(), deny(Resource=resource))]
        negative = allow(NotResource=resource)
        del negative["Resource"]
        cases.append(case(f"NotResource {resource}", negative))
    cases += [case("nothing allows", allow(Action="sns:*")), case("no statement of the caller's", deny(Action="sns:*")),
              case("deny first", deny(), allow()), case("deny last", allow(), deny()),
              case("two allows", allow(Action="sns:*"), allow(Action="s3:*"))]
    return cases


# operator → (key, request, [(wanted, value of the request or None)])
OPERATORS = {
    "StringEquals": ("s3:prefix", LIST, [("docs", "docs"), ("docs", "Docs"), (["a", "docs"], "docs"), ("d*", "docs"),
                                         ("docs", None)]),
    "StringNotEquals": ("s3:prefix", LIST, [("docs", "docs"), ("docs", "other"), (["a", "docs"], "docs"),
                                            ("docs", None)]),
    "StringEqualsIgnoreCase": ("s3:prefix", LIST, [("DOCS", "docs"), ("x", "docs"), ("x", None)]),
    "StringNotEqualsIgnoreCase": ("s3:prefix", LIST, [("DOCS", "docs"), ("x", "docs"), ("x", None)]),
    "StringLike": ("s3:prefix", LIST, [("d*", "docs"), ("d?cs", "docs"), ("D*", "docs"), ("*", ""), ("d*", None)]),
    "StringNotLike": ("s3:prefix", LIST, [("d*", "docs"), ("x*", "docs"), ("x*", None)]),
    "NumericEquals": ("s3:max-keys", LIST, [("10", "10"), ("10", "10.0"), ("10", "9"), ("10", None)]),
    "NumericNotEquals": ("s3:max-keys", LIST, [("10", "10"), ("10", "9"), ("10", None)]),
    "NumericLessThan": ("s3:max-keys", LIST, [("10", "9"), ("10", "10"), ("10", None)]),
    "NumericLessThanEquals": ("s3:max-keys", LIST, [("10", "10"), ("10", "11"), (["5", "20"], "11")]),
    "NumericGreaterThan": ("s3:max-keys", LIST, [("10", "11"), ("10", "10"), ("9", "10")]),
    "NumericGreaterThanEquals": ("s3:max-keys", LIST, [("10", "10"), ("10", "9")]),
    "DateEquals": ("aws:CurrentTime", GET, [("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
                                            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z")]),
    "DateNotEquals": ("aws:CurrentTime", GET, [("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
                                               ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z")]),
    "DateLessThan": ("aws:CurrentTime", GET, [("2026-01-02T00:00:00Z", "2026-01-01T23:59:59Z"),
                                              ("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z")]),
    "DateLessThanEquals": ("aws:CurrentTime", GET, [("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"),
                                                    ("2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z")]),
    "DateGreaterThan": ("aws:CurrentTime", GET, [("2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z"),
                                                 ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")]),
    "DateGreaterThanEquals": ("aws:CurrentTime", GET, [("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"),
                                                       ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")]),
    "Bool": ("aws:SecureTransport", GET, [("true", "true"), ("true", "false"), ("TRUE", "true"), ("false", "false"),
                                          ("true", None), ("false", None)]),
    "IpAddress": ("aws:SourceIp", GET, [("10.1.0.0/16", "10.1.200.3"), ("10.1.0.0/16", "10.2.0.1"),
                                        ("10.1.2.3", "10.1.2.3"), (["10.0.0.0/8", "192.168.0.0/16"], "192.168.1.1"),
                                        ("2001:db8::/32", "2001:db8::1"), ("2001:db8::/32", "2001:db9::1"),
                                        ("10.0.0.0/8", None)]),
    "NotIpAddress": ("aws:SourceIp", GET, [("10.1.0.0/16", "10.1.200.3"), ("10.1.0.0/16", "10.2.0.1"),
                                           ("10.0.0.0/8", None)]),
    "ArnEquals": ("aws:SourceArn", GET, [("arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:t"),
                                         ("arn:aws:sns:us-east-1:1:T", "arn:aws:sns:us-east-1:1:t"),
                                         ("arn:aws:sns:*:1:t", "arn:aws:sns:us-east-1:1:t"),
                                         ("arn:aws:sns:us-east-1:1:t", None)]),
    "ArnLike": ("aws:SourceArn", GET, [("arn:aws:sns:*:*:top*", "arn:aws:sns:us-east-1:1:topic"),
                                       ("arn:aws:sns:*:topic", "arn:aws:sns:us-east-1:1:topic"),
                                       ("arn:aws:s?s:us-east-1:1:*", "arn:aws:sqs:us-east-1:1:q"),
                                       ("arn:aws:sns:*:*:*", "arn:aws:sqs:us-east-1:1:q")]),
    "ArnNotEquals": ("aws:SourceArn", GET, [("arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:t"),
                                            ("arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:u"),
                                            ("arn:aws:sns:us-east-1:1:t", None)]),
    "ArnNotLike": ("aws:SourceArn", GET, [("arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1:1:t"),
                                          ("arn:aws:sns:*:*:*", "arn:aws:sqs:us-east-1:1:t")]),
    "Null": ("s3:prefix", LIST, [("true", None), ("true", "x"), ("false", None), ("false", "x")]),
}

# The many values of one key, and none.
MANY = [["a"], ["a", "b"], ["a", "c"], ["c"], []]


def conditions() -> list[dict]:
    cases = []
    for operator, (key, on, table) in OPERATORS.items():
        for wanted, value in table:
            context = {} if value is None else {key: value}
            condition = {operator: {key: wanted}}
            cases.append(case(f"{operator} {wanted} against {value}", allow(Condition=condition), on=on, context=context))
            if value is None and operator != "Null":
                condition = {operator + "IfExists": {key: wanted}}
                cases.append(case(f"{operator}IfExists, absent", allow(Condition=condition), on=on))
    for values in MANY:
        for quantifier in ("ForAllValues", "ForAnyValue"):
            for operator, wanted in (("StringEquals", ["a", "b"]), ("StringNotEquals", ["a", "b"]),
                                     ("StringLike", ["a*"])):
                condition = {f"{quantifier}:{operator}": {"aws:TagKeys": wanted}}
                context = {"aws:TagKeys": values} if values else {}
                cases.append(case(f"{quantifier}:{operator} {wanted} against {values}", allow(Condition=condition), on=TAG,
                                  context=context))
        condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a", "b"]}}
        cases.append(case(f"leading keys {values}", allow(Condition=condition), on=ITEM,
                          context={"dynamodb:LeadingKeys": values} if values else {}))
    both = {"StringEquals": {"s3:prefix": "docs"}, "NumericLessThan": {"s3:max-keys": "10"}}
    for prefix, most in (("docs", "5"), ("docs", "50"), ("x", "5")):
        cases.append(case(f"two operators {prefix} {most}", allow(Condition=both), on=LIST,
                          context={"s3:prefix": prefix, "s3:max-keys": most}))
    two = {"StringEquals": {"s3:prefix": "docs", "s3:delimiter": "/"}}
    for delimiter in ("/", "-"):
        cases.append(case(f"two keys {delimiter}", allow(Condition=two), on=LIST,
                          context={"s3:prefix": "docs", "s3:delimiter": delimiter}))
    cases.append(case("a key without case", allow(Condition={"StringEquals": {"S3:Prefix": "docs"}}), on=LIST,
                      context={"s3:prefix": "docs"}))
    return cases


def variables() -> list[dict]:
    user = {"aws:userid": "AROA:tester"}
    team = {"aws:PrincipalTag/team": "docs"}
    return [
        case("a variable in a resource", allow(Resource=BUCKET + "/${aws:PrincipalTag/team}/*"), context=team),
        case("another value", allow(Resource=BUCKET + "/${aws:PrincipalTag/team}/*"),
             context={"aws:PrincipalTag/team": "x"}),
        case("a variable without value", allow(Resource=BUCKET + "/${aws:PrincipalTag/team}/*")),
        case("a default", allow(Resource=BUCKET + "/${aws:PrincipalTag/team, 'docs'}/*")),
        case("a value that is a wildcard", allow(Resource=BUCKET + "/${aws:PrincipalTag/team}/*"),
             context={"aws:PrincipalTag/team": "*"}),
        case("in a condition", allow(Condition={"StringEquals": {"s3:prefix": "${aws:PrincipalTag/team}"}}), on=LIST,
             context=team | {"s3:prefix": "docs"}),
        case("like, in a condition", allow(Condition={"StringLike": {"s3:prefix": "${aws:PrincipalTag/team}*"}}), on=LIST,
             context=team | {"s3:prefix": "docs/a"}),
        case("userid", allow(Condition={"StringEquals": {"aws:userid": "AROA:tester"}}), context=user),
    ]


def principal(who, effect: str = "Allow", element: str = "Principal", action="s3:*", resource="*", **more) -> dict:
    return {"Effect": effect, element: who, "Action": action, "Resource": resource, **more}


def resource_policies() -> list[dict]:
    """Who is named in a bucket's policy, with and without an allow, a deny and a boundary of the caller's own."""
    named = {"everyone": "*", "all of AWS": {"AWS": "*"}, "the account": {"AWS": ACCOUNT},
             "the account's root": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "the role": {"AWS": ROLE},
             "the session": {"AWS": SESSION}, "another role": {"AWS": ROLE + "Other"},
             "another account": {"AWS": "arn:aws:iam::999999999999:root"}, "a service": {"Service": "sns.amazonaws.com"},
             "two": {"AWS": [ROLE + "Other", ROLE]}}
    narrow = [allow(Action="s3:PutObject")]
    cases = []
    for name, who in named.items():
        for own in ([], [allow()], [deny()], [allow(Action="sns:*")]):
            cases.append(case(f"the policy allows {name}, own {own}", *own, resource=[principal(who)]))
        cases.append(case(f"the policy denies {name}", allow(), resource=[principal(who, "Deny")]))
        cases.append(case(f"the policy allows {name}, the boundary something else", allow(), resource=[principal(who)],
                          boundary=narrow))
        cases.append(case(f"the policy allows {name}, the boundary denies", resource=[principal(who)],
                          boundary=[allow(), deny()]))
    cases += [
        case("NotPrincipal denies the rest", allow(), resource=[principal({"AWS": ROLE + "Other"}, "Deny", "NotPrincipal")]),
        case("another action", resource=[principal("*", action="s3:PutObject")]),
        case("another object", resource=[principal("*", resource=BUCKET + "/x/*")]),
        case("a condition of the policy's", resource=[principal("*", Condition={"Bool": {"aws:SecureTransport": "true"}})],
             context={"aws:SecureTransport": "false"}),
        case("deny without TLS", allow(), context={"aws:SecureTransport": "false"}, resource=[
            principal("*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}})]),
        case("the boundary allows too", allow(), boundary=[allow(Action="s3:*")]),
        case("the boundary allows something else", allow(), boundary=narrow),
        case("the boundary denies", allow(), boundary=[allow(), deny(Action="s3:GetObject")]),
        case("the boundary alone allows nothing", boundary=[allow()])]
    return cases


CASES = elements() + conditions() + variables() + resource_policies()


def policy(statements: list[dict]) -> dict:
    return {"Version": "2012-10-17", "Statement": statements}


def simulation(one: dict) -> dict:
    return {
        "request": {"principal": SESSION, "action": one["action"],
                    "resource": {"resource": one["resource"], "accountId": ACCOUNT},
                    "contextVariables": one["context"]},
        "identityPolicies": [{"name": "own", "policy": policy(one["identity"])}] if one["identity"] else [],
        "serviceControlPolicies": [], "resourceControlPolicies": [],
        **({"resourcePolicy": policy(one["resource_policy"])} if one["resource_policy"] else {}),
        **({"permissionBoundaryPolicies": [{"name": "boundary", "policy": policy(one["boundary"])}]}
           if one["boundary"] else {})}


@pytest.fixture(scope="module")
def judged() -> list:
    modules = judges.node_package("iam-simulate", "@cloud-copilot/iam-simulate")
    lines = "".join(json.dumps(simulation(one)) + "\n" for one in CASES)
    ran = subprocess.run(["node", ROOT / "tests/e2e/judge_iam.mjs", modules], input=lines, capture_output=True, text=True,
                         timeout=300)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_every_decision_is_the_judges(cloud, judged):
    assert len(CASES) >= 200 and len(judged) == len(CASES)
    iam = cloud.client("iam")
    different = []
    for one, theirs in zip(CASES, judged):
        entries = [{"ContextKeyName": key, "ContextKeyValues": value if isinstance(value, list) else [value],
                    "ContextKeyType": "stringList" if isinstance(value, list) else "string"}
                   for key, value in one["context"].items()]
        more = {}
        if one["resource_policy"]:
            more["ResourcePolicy"] = json.dumps(policy(one["resource_policy"]))
        if one["boundary"]:
            more["PermissionsBoundaryPolicyInputList"] = [json.dumps(policy(one["boundary"]))]
        answer = iam.simulate_custom_policy(
            PolicyInputList=[json.dumps(policy(one["identity"]))] if one["identity"] else [],
            ActionNames=[one["action"]], ResourceArns=[one["resource"]], CallerArn=SESSION, ContextEntries=entries, **more)
        ours = answer["EvaluationResults"][0]["EvalDecision"]
        if ours != theirs:
            different.append(f"{one['name']}: here {ours}, iam-simulate {theirs}")
    assert not different, "\n".join(different)
    assert {"allowed", "explicitDeny", "implicitDeny"} == set(judged)
