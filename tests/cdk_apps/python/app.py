"""A CDK app in Python."""
import aws_cdk as cdk
from aws_cdk import aws_lambda


class Hello(cdk.Stack):
    def __init__(self, scope, id):
        super().__init__(scope, id)
        greeter = aws_lambda.Function(
            self, "Greeter", runtime=aws_lambda.Runtime.NODEJS_22_X, handler="greeter.handler",
            code=aws_lambda.Code.from_asset("functions"), environment={"STAGE": self.node.try_get_context("stage")})
        cdk.CfnOutput(self, "Name", value=greeter.function_name)
        aws_lambda.Function(
            self, "Inline", runtime=aws_lambda.Runtime.NODEJS_22_X, handler="index.handler",
            code=aws_lambda.Code.from_inline("exports.handler = async () => process.pid;"))


app = cdk.App()
Hello(app, "greetings")
app.synth()
