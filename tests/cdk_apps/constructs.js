// One of each construct that bundles a function's code, and what is no function's code.
const { App, Stack } = require('aws-cdk-lib');
const { Code, Function, LayerVersion, Runtime } = require('aws-cdk-lib/aws-lambda');
const { NodejsFunction, OutputFormat } = require('aws-cdk-lib/aws-lambda-nodejs');
const { PythonFunction } = require('@aws-cdk/aws-lambda-python-alpha');
const { GoFunction } = require('@aws-cdk/aws-lambda-go-alpha');

const app = new App();
const stack = new Stack(app, 'Constructs');
const runtime = Runtime.NODEJS_22_X;
new NodejsFunction(stack, 'Entry', {
  runtime,
  entry: 'node/entry.ts',
  bundling: {
    externalModules: ['pg'],
    nodeModules: ['sharp'],
    loader: { '.sql': 'text' },
    define: { EDITION: '"live"' },
    tsconfig: 'node/tsconfig.json',
    format: OutputFormat.ESM,
    mainFields: ['module', 'main'],
    banner: '// banner',
    inject: ['./node/shim.js'],
    minify: true,
    esbuildArgs: { '--jsx': 'automatic', '--alias': ['a:b'] },
  },
});
new NodejsFunction(stack, 'other', { runtime });
new PythonFunction(stack, 'Python', { runtime: Runtime.PYTHON_3_13, entry: 'python' });
new GoFunction(stack, 'Go', { entry: 'go/cmd' });
const code = Code.fromAsset('node');
new Function(stack, 'Plain', { runtime, handler: 'a.handler', code });
new Function(stack, 'Shared', { runtime, handler: 'b.handler', code });
new Function(stack, 'Bundled', {
  runtime,
  handler: 'c.handler',
  code: Code.fromAsset('node', { bundling: { image: Runtime.NODEJS_22_X.bundlingImage, command: ['false'] } }),
});
new Function(stack, 'Kept', { runtime, handler: 'k.handler', code: Code.fromAsset('kept') });
new Function(stack, 'Archive', { runtime, handler: 'z.handler', code: Code.fromAsset('code.zip') });
new LayerVersion(stack, 'Layer', { code: Code.fromAsset('layer') });
