// Stacks that are called the same on every stage. What SAID says is in the template, and SECOND makes another stack.
const { App, CfnOutput, RemovalPolicy, Stack } = require('aws-cdk-lib');
const { Code, Function, Runtime } = require('aws-cdk-lib/aws-lambda');
const { Bucket } = require('aws-cdk-lib/aws-s3');

class Hello extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const greeter = new Function(this, 'Greeter', {
      runtime: Runtime.NODEJS_22_X,
      handler: 'greeter.handler',
      code: Code.fromAsset('functions'),
      environment: { STAGE: this.node.tryGetContext('stage') },
    });
    // Its deployment waits for a handler of the CDK's own, which uses the AWS SDK.
    new Bucket(this, 'Bucket', { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY });
    new CfnOutput(this, 'Name', { value: greeter.functionName });
    new CfnOutput(this, 'Said', { value: process.env.SAID || 'nothing' });
  }
}

const app = new App();
new Hello(app, 'hello');
if (process.env.SAID?.includes('second stack')) new Hello(app, 'second');
