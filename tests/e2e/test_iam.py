"""What the function's role may not do in AWS, the code may not do here."""

import requests

from harness import apps


def test_a_role_without_publish_cannot_publish_from_this_machine(app, cloud, start):
    text = (app / "template.yaml").read_text()
    begin, end = text.index("      Policies:\n        - SNSPublish"), text.index("      Events:\n        Read:")
    (app / "template.yaml").write_text(text[:begin] + text[end:])
    session = start(app, cloud)
    answer = requests.get(session.outputs["ApiUrl"], timeout=60)
    assert answer.status_code == 500
    finished = session.wait_for("invocation", function="Api", phase="finished")
    assert finished["status"] == "error"
    # SNS's code for a denied access is AuthorizationError.
    assert "AccessDenied" in finished["error"] or "AuthorizationError" in finished["error"]
    assert "is not authorized to perform: SNS:Publish" in finished["error"]
    assert not session.select("invocation", function="Sns")


def test_with_the_role_of_the_template_it_can(app, cloud, start):
    session = start(app, cloud, "allowed")
    assert requests.get(session.outputs["ApiUrl"], timeout=60).status_code == 200
