"""Real templates through `livelambda rewrite`, judged property by property by an account of its own of what may change,
by cfn-lint, and by the SAM translator, AWS's own."""

import copy
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import judges, rewriting, sam

TEMPLATES = [pytest.param(path, id=path.stem) for path in sam.CORPUS]
# cfn-lint takes half a second for a template: all of them with --full.
SAMPLE = TEMPLATES[::9]

OURS = {"LiveLambdaBucket", "LiveLambdaStubX8664", "LiveLambdaStubArm64", "LiveLambdaBridgedStubX8664",
        "LiveLambdaBridgedStubArm64", "LiveLambdaApiArn", "LiveLambdaTableArn"}
BUCKET = {"Ref": "LiveLambdaBucket"}
FUNCTIONS = {"AWS::Serverless::Function": "CodeUri", "AWS::Lambda::Function": "Code"}
GONE = {"InlineCode", "ImageUri", "ImageConfig", "SourceKMSKeyArn", "AutoPublishCodeSha256", "Layers", "SnapStart",
        "CodeSigningConfigArn", "ProvisionedConcurrencyConfig", "DeploymentPreference", "RuntimeManagementConfig"}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "LiveLambdaTable", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"Ref": "LiveLambdaTableArn"}},
        {"Sid": "LiveLambdaInvoke", "Effect": "Allow", "Action": "execute-api:Invoke",
         "Resource": {"Fn::Sub": "${LiveLambdaApiArn}/*"}},
        {"Sid": "LiveLambdaPost", "Effect": "Allow", "Action": "execute-api:ManageConnections",
         "Resource": {"Fn::Sub": "${LiveLambdaApiArn}/POST/@connections/*"}}]}
# Where a location stands, and in which form: all else takes "s3://bucket/key".
OBJECT_FORMS = {
    **dict.fromkeys(["AWS::Serverless::Function", "AWS::Serverless::LayerVersion", "AWS::Serverless::Api",
                     "AWS::Serverless::HttpApi", "AWS::Serverless::StateMachine", "AWS::StepFunctions::StateMachine",
                     "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"], {"Bucket", "Key"}),
    **dict.fromkeys(["AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::ElasticBeanstalk::ApplicationVersion"],
                    {"S3Bucket", "S3Key"})}
KEY = r"(artifacts|templates)/[0-9a-f]{64}\.\w+"


@dataclass
class Rewritten:
    before: dict
    after: dict
    live: set[str]
    parameters: dict[str, str]


_done: dict[Path, Rewritten] = {}


def fake_sam(app: Path) -> Path:
    """Stands for the SAM CLI, for functions that stay and need a build: a folder for each, as if it had built it."""
    folder = app.parent / "bin"
    folder.mkdir()
    program = folder / "sam"
    program.write_text(f"""#!{sys.executable}
import json, os, sys
sys.path[:0] = {sys.path!r}
from harness import sam
arguments = sys.argv[2:]
template = sam.read(open(arguments[arguments.index("--template-file") + 1]).read())
chosen = [] if arguments[0].startswith("-") else [arguments[0]]
for name in chosen or [name for name, one in template["Resources"].items() if "Metadata" in one]:
    os.makedirs(f".aws-sam/build/{{name}}", exist_ok=True)
    open(f".aws-sam/build/{{name}}/bootstrap", "w").write(name)
    template["Resources"][name].setdefault("Properties", {{}})["CodeUri"] = name
json.dump(template, open(".aws-sam/build/template.yaml", "w"))
""")
    program.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory):
    def rewrite(path: Path) -> Rewritten:
        if path not in _done:
            text = path.read_text()
            before = sam.read(text)
            app = rewriting.make_app(tmp_path_factory.mktemp("corpus") / "app" / "app", text, before)
            parameters = sam.needed_parameters(before)
            given = [word for name, value in parameters.items() for word in ("--parameter", f"{name}={value}")]
            outcome = rewriting.rewrite(app, *given, environment={"PATH": f"{fake_sam(app)}:/usr/bin:/bin"})
            assert outcome.status == 0, "\n".join(outcome.said)
            after = outcome.template
            functions = {name for name, one in before["Resources"].items() if one.get("Type") in FUNCTIONS}
            # What stays is said, one line each; the rest is live.
            stays = {line.split(": ")[2] for line in outcome.said if line.startswith("note: ") and "keeps its code" in line
                     or "is not in this stage" in line}
            _done[path] = Rewritten(before, after, functions - stays, parameters)
        return _done[path]

    yield rewrite
    _done.clear()


# --- What may change

def as_list(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def roles_of(template: dict, role) -> list[str] | None:
    """The template's own roles that a Role names; None if it is of another place."""
    if isinstance(role, dict) and "Fn::If" in role:
        both = [roles_of(template, branch) for branch in role["Fn::If"][1:]]
        return None if None in both else list(dict.fromkeys(both[0] + both[1]))
    named = None
    if isinstance(role, dict):
        get = role.get("Fn::GetAtt")
        named = role.get("Ref") or (get if isinstance(get, str) else (get or [None])[0])
        if "Fn::Sub" in role and re.fullmatch(r"\$\{\w+(\.\w+)?\}", str(role["Fn::Sub"])):
            named = re.sub(r"\W.*", "", role["Fn::Sub"][2:])
    if isinstance(named, str):
        named = named.split(".")[0]
    return [named] if template["Resources"].get(named, {}).get("Type") == "AWS::IAM::Role" else None


def tell_of_streamed_url(template: dict, name: str, own: dict):
    urls = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Url"
            and name in json.dumps(one["Properties"].get("TargetFunctionArn"))]
    urls.append(template["Resources"][name]["Properties"].get("FunctionUrlConfig") or {})
    if any(url.get("InvokeMode") == "RESPONSE_STREAM" for url in urls):
        own.setdefault("Environment", {}).setdefault("Variables", {})["LIVELAMBDA_STREAMED_URL"] = "1"


def expected_live(template: dict, name: str, policies: set[str]) -> dict:
    """The resource of a live function, from what it was."""
    one = copy.deepcopy(template["Resources"][name])
    serverless = one["Type"] == "AWS::Serverless::Function"
    own = one.setdefault("Properties", {})
    common = (template.get("Globals") or {}).get("Function", {}) if serverless else {}
    ignored = one.get("IgnoreGlobals")
    everything = {**common, **own} if ignored != "*" else own
    for gone in GONE:
        own.pop(gone, None)
    neutral = [gone for gone in sorted(GONE) if gone in common] + \
              (["CodeUri"] if isinstance(common.get("CodeUri"), dict) else [])
    if neutral and ignored != "*":
        one["IgnoreGlobals"] = as_list(ignored) + [new for new in neutral if new not in as_list(ignored)]
    arm = "arm64" in as_list(everything.get("Architectures"))
    role = everything.get("Role")
    roles = [] if role is None else roles_of(template, role)
    stub = {"Ref": f"LiveLambda{'Bridged' if roles is None else ''}Stub{'Arm64' if arm else 'X8664'}"}
    if serverless:
        own["CodeUri"] = {"Bucket": BUCKET, "Key": stub}
    else:
        own["Code"] = {"S3Bucket": BUCKET, "S3Key": stub}
    own["Runtime"] = "provided.al2023"
    tell_of_streamed_url(template, name, own)
    if role is None:
        own["Policies"] = as_list(own.get("Policies")) + [POLICY]
    for own_role in roles or []:
        policies.add(own_role)
        one["DependsOn"] = as_list(one.get("DependsOn")) + [f"LiveLambda{own_role}"]
    if {"BuildMethod", "BuildProperties"} & (one.get("Metadata") or {}).keys():
        one["Metadata"] = {key: value for key, value in one["Metadata"].items() if not key.startswith("Build")}
        if not one["Metadata"]:
            del one["Metadata"]
    return one


def with_schemas(template: dict) -> dict:
    """SAM takes the schema of a GraphQLApi from no bucket that is a parameter: it is written into the template."""
    for one in template["Resources"].values():
        if one.get("Type") == "AWS::Serverless::GraphQLApi" and rewriting.is_local(one["Properties"].get("SchemaUri")):
            del one["Properties"]["SchemaUri"]
            one["Properties"]["SchemaInline"] = rewriting.NESTED
    return template


def is_location(kind: str, path: tuple, value) -> bool:
    """Whether a value names an object of the debug stack's bucket in the form that its place takes."""
    sub = value.get("Fn::Sub") if isinstance(value, dict) else None
    if kind in ("AWS::CloudFormation::Stack", "AWS::Serverless::Application") and "Fn::Transform" not in path:
        return bool(re.fullmatch(r"https://\$\{LiveLambdaBucket\}\.s3\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}/" + KEY, sub))
    if kind in OBJECT_FORMS and "Fn::Transform" not in path:
        bucket, key = sorted(OBJECT_FORMS[kind])
        return value.keys() == {bucket, key} and value[bucket] == BUCKET and bool(re.fullmatch(KEY, value[key]))
    return bool(re.fullmatch(r"s3://\$\{LiveLambdaBucket\}/" + KEY, sub))


def changes(before, after, path: tuple = ()):
    """Every place at which two trees differ: (path, before, after)."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from changes(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after)):
            yield from changes(one, other, (*path, index))
    elif json.dumps(before) != json.dumps(after):
        yield path, before, after


@pytest.mark.parametrize("path", TEMPLATES)
def test_live_functions_change_as_documented_and_nothing_else_does(rewritten, path):
    case = rewritten(path)
    expected, policies = copy.deepcopy(case.before), set()
    for name in case.live:
        expected["Resources"][name] = expected_live(case.before, name, policies)
    for role in policies:
        one = {"Type": "AWS::IAM::RolePolicy",
               "Properties": {"PolicyName": "livelambda", "RoleName": {"Ref": role}, "PolicyDocument": POLICY}}
        if "Condition" in case.before["Resources"][role]:
            one["Condition"] = case.before["Resources"][role]["Condition"]
        expected["Resources"][f"LiveLambda{role}"] = one
    used = set(re.findall(r"LiveLambda\w+", json.dumps(case.after["Resources"]))) & OURS
    if used:
        expected["Parameters"] = {**(expected.get("Parameters") or {}), **{name: {"Type": "String"} for name in used}}
    expected = with_schemas(expected)
    for place, before, after in changes(expected, case.after):
        kind = case.before["Resources"].get(place[1], {}).get("Type", "") if place[0] == "Resources" else ""
        missing_code = before is None and place[2:] == ("Properties", FUNCTIONS.get(kind))  # the template's own folder
        assert missing_code or rewriting.is_local(before), f"{place}: {before} became {after}"
        assert is_location(kind, place, after), f"{place}: {before} became {after}"
    assert list(case.after) == [key for key in case.before] + ["Parameters"] * (
        "Parameters" in case.after and "Parameters" not in case.before), "the order of sections"


def test_the_corpus_has_live_functions(rewritten):
    live = sum(len(rewritten(path).live) for path in sam.CORPUS)
    assert not sam.CORPUS or live > 90


# --- cfn-lint

def errors(program: str, file: Path, template: dict) -> set[tuple[str, str]]:
    file.write_text(json.dumps(template))
    done = subprocess.run([program, "--format", "json", "--regions", "us-east-1", "--", file], capture_output=True, text=True,
                          timeout=200)
    assert done.stdout, done.stderr
    return {(one["Rule"]["Id"], one["Message"]) for one in json.loads(done.stdout) if one["Level"] == "Error"}


def assert_no_new_errors(folder: Path, case: Rewritten):
    program = judges.program("cfn-lint", "cfn-lint")
    new = errors(program, folder / "after.json", case.after)
    if new:
        new -= errors(program, folder / "before.json", case.before)
    assert not new


@pytest.mark.parametrize("path", SAMPLE)
def test_cfn_lint_finds_no_new_errors(rewritten, path, tmp_path):
    assert_no_new_errors(tmp_path, rewritten(path))


@pytest.mark.full
@pytest.mark.parametrize("path", [path for path in TEMPLATES if path not in SAMPLE])
def test_cfn_lint_finds_no_new_errors_in_the_rest(rewritten, path, tmp_path):
    assert_no_new_errors(tmp_path, rewritten(path))


# --- The SAM translator

def located(value):
    """Every place in S3 is one place."""
    if isinstance(value, list):
        return [located(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() in ({"S3Bucket", "S3Key"}, {"Bucket", "Key"}) or "LiveLambdaBucket" in str(value.get("Fn::Sub")):
        return "s3://bucket/key"
    return {key: "s3://bucket/key" if key in rewriting.PATHS and rewriting.is_local(one) else located(one)
            for key, one in value.items()}


def without_hashes(document: dict) -> dict:
    """Names of layers, versions and deployments have hashes of what they are made of."""
    return json.loads(re.sub(r"\b([A-Za-z]\w*?)[0-9a-f]{10}\b", r"\1HASH", json.dumps(located(document))))


def expanded(template: dict, parameters: dict[str, str]) -> dict:
    return without_hashes(sam.translate(sam.packaged(template), parameters))


def expanded_live(one: dict) -> dict:
    properties = {key: value for key, value in one["Properties"].items() if key not in GONE | {"Code", "Runtime"}}
    return {**{key: value for key, value in one.items() if key != "Metadata"}, "Properties": properties}


@pytest.mark.parametrize("path", TEMPLATES)
def test_the_sam_translator_expands_all_but_live_functions_to_the_same(rewritten, path):
    template = sam.read(path.read_text())
    if not sam.is_sam(template):
        pytest.skip(f"{path.name} is no serverless template")
    case = rewritten(path)
    try:
        before = expanded(with_schemas(copy.deepcopy(case.before)), case.parameters)
    except Exception as refusal:  # whatever the translator has against it, it had before
        pytest.skip(f"{path.name}: the translator refuses it: {refusal}")
    after = expanded(case.after, {**case.parameters, **{name: f"given-{name}" for name in OURS}})
    shifting = {name for name in case.live if "DeploymentPreference" in case.before["Resources"][name]["Properties"]}
    for name, one in before["Resources"].items():
        kind, other = one["Type"], after["Resources"].pop(name, None)
        if shifting and kind.startswith("AWS::CodeDeploy::") or name == "CodeDeployServiceRole":
            continue
        if name in case.live:
            tell_of_streamed_url(case.before, name, one["Properties"])
            one, other = expanded_live(one), expanded_live(other)
            own = [role for role in as_list(other.get("DependsOn")) if not str(role).startswith("LiveLambda")]
            other = {**other, "DependsOn": own} if own else {k: v for k, v in other.items() if k != "DependsOn"}
            one = {**one, "DependsOn": as_list(one["DependsOn"])} if "DependsOn" in one else one
        if name not in case.before["Resources"] and name.removesuffix("Role") in case.live and one != other:
            granted = [policy for policy in other["Properties"]["Policies"] if policy["PolicyDocument"] == POLICY]
            assert len(granted) == 1
            other["Properties"]["Policies"].remove(granted[0])
            if not other["Properties"]["Policies"]:
                del other["Properties"]["Policies"]
        assert one == other, name
    assert {one["Type"] for one in after["Resources"].values()} <= {"AWS::IAM::RolePolicy"}
    assert {k: v for k, v in before.items() if k not in ("Resources", "Parameters", "Globals")} == \
           {k: v for k, v in after.items() if k not in ("Resources", "Parameters", "Globals")}
