const { call } = require('./aws.js');

exports.handler = async (event) => {
  for (const record of event.Records) {
    const { connection, text } = JSON.parse(record.Sns.Message);
    const callback = new URL(process.env.CALLBACK);
    await call('execute-api', callback.origin, 'POST', `${callback.pathname}/@connections/${encodeURIComponent(connection)}`, `echo: ${text}`);
  }
};
