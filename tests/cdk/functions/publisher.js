const { call } = require('./aws.js');

exports.handler = async (event) => {
  const message = JSON.stringify({ connection: event.requestContext.connectionId, text: event.body });
  const form = new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', TopicArn: process.env.TOPIC, Message: message });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  await call('sns', process.env.AWS_ENDPOINT_URL, 'POST', '/', form.toString(), headers);
  return { statusCode: 200 };
};
