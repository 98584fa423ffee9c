// Two stacks, of which one uses what the other exports, and a third in a Stage of its own.
import { App, Stage } from 'aws-cdk-lib';
import { Front } from '../lib/front';
import { Orders } from '../lib/orders';

const app = new App();
const stage = app.node.tryGetContext('stage') ?? 'dev';
const orders = new Orders(app, `${stage}-orders`);
new Front(app, `${stage}-front`, { topic: orders.topic });
new Front(new Stage(app, 'Beta'), `${stage}-front`, {});
