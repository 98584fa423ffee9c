import { call } from './aws.js';

export const handler = async (event) => {
  if (process.env.TOPIC) {
    const form = new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', TopicArn: process.env.TOPIC, Message: event.rawPath });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await call('sns', process.env.AWS_ENDPOINT_URL, 'POST', '/', form.toString(), headers);
  }
  return { statusCode: 200, body: 'first edition' };
};
