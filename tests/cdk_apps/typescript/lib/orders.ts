import { GoFunction } from '@aws-cdk/aws-lambda-go-alpha';
import { PythonFunction } from '@aws-cdk/aws-lambda-python-alpha';
import { CfnOutput, CustomResource, NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';

const runtime = Runtime.NODEJS_22_X;

export class Orders extends Stack {
  readonly topic = new Topic(this, 'Topic');

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Its entry is the file beside this one that is called after it.
    const listener = new NodejsFunction(this, 'listener', { runtime, bundling: { define: { HEARD: '"heard"' } } });
    this.topic.addSubscription(new LambdaSubscription(listener));

    const audit = new NestedStack(this, 'Audit');
    const environment = { TOPIC: this.topic.topicArn };
    new Function(audit, 'Auditor', { runtime, handler: 'audit.handler', code: Code.fromAsset('src'), environment });

    new PythonFunction(this, 'Scribe', { entry: 'scribe', runtime: Runtime.PYTHON_3_11 });
    if (process.env.WITH_GO) new GoFunction(this, 'Gopher', { entry: 'gopher' });

    // What the deployment waits for: none of these can be live.
    const seed = new NodejsFunction(this, 'Seed', { runtime, entry: 'src/seed.ts' });
    const provider = new Provider(this, 'Provider', { onEventHandler: seed });
    const seeded = new CustomResource(this, 'Seeded', { serviceToken: provider.serviceToken, properties: { wanted: 'yes' } });
    new Bucket(this, 'Bucket', { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY });
    new CfnOutput(this, 'SeededWith', { value: seeded.getAttString('Text') });
  }
}
