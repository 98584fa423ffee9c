// An app as the AWS CDK's users write it: a WebSocket API whose function publishes to a topic, and a function that the
// topic calls, which answers on the connection. Rights are given by the constructs' own grants.
const { App, CfnOutput, Duration, Stack } = require('aws-cdk-lib');
const { WebSocketApi, WebSocketStage } = require('aws-cdk-lib/aws-apigatewayv2');
const { WebSocketLambdaIntegration } = require('aws-cdk-lib/aws-apigatewayv2-integrations');
const { Code, Function, Runtime } = require('aws-cdk-lib/aws-lambda');
const { LambdaSubscription } = require('aws-cdk-lib/aws-sns-subscriptions');
const { Topic } = require('aws-cdk-lib/aws-sns');

class EchoStack extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const topic = new Topic(this, 'Topic');
    const handler = (name, environment) =>
      new Function(this, name, {
        runtime: Runtime.NODEJS_22_X,
        handler: `${name.toLowerCase()}.handler`,
        code: Code.fromAsset(`${__dirname}/functions`),
        timeout: Duration.seconds(20),
        environment,
      });

    const publisher = handler('Publisher', { TOPIC: topic.topicArn });
    topic.grantPublish(publisher);

    const api = new WebSocketApi(this, 'Api', {
      defaultRouteOptions: { integration: new WebSocketLambdaIntegration('Publish', publisher) },
    });
    const stage = new WebSocketStage(this, 'Stage', { webSocketApi: api, stageName: 'dev', autoDeploy: true });

    const listener = handler('Listener', { CALLBACK: stage.callbackUrl });
    topic.addSubscription(new LambdaSubscription(listener));
    stage.grantManagementApiAccess(listener);

    new CfnOutput(this, 'Url', { value: stage.url });
    new CfnOutput(this, 'TopicArn', { value: topic.topicArn });
  }
}

new EchoStack(new App(), 'cdk-echo');
