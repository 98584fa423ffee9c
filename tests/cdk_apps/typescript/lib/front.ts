import { CfnOutput, Stack } from 'aws-cdk-lib';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export class Front extends Stack {
  constructor(scope: Construct, id: string, { topic }: { topic?: ITopic }) {
    super(scope, id);
    const api = new NodejsFunction(this, 'Api', {
      runtime: Runtime.NODEJS_22_X,
      entry: 'src/api.mjs',
      environment: topic ? { TOPIC: topic.topicArn } : {},
    });
    topic?.grantPublish(api);
    const http = new HttpApi(this, 'Http', { defaultIntegration: new HttpLambdaIntegration('Integration', api) });
    new CfnOutput(this, 'Url', { value: http.apiEndpoint });
  }
}
