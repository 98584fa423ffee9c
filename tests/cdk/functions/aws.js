// One signed call of AWS (Signature Version 4), with nothing but Node.js.
const { createHash, createHmac } = require('node:crypto');

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const encoded = (path) => path.split('/').map(encodeURIComponent).join('/');

exports.call = async (service, endpoint, method, path, body, more = {}) => {
  const { AWS_REGION: region, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
  const date = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
  const headers = { ...more, host: new URL(endpoint).host, 'x-amz-date': date, 'x-amz-security-token': token };
  const names = Object.keys(headers).sort();
  const canonical = [method, encoded(path), '', ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), sha256(body)];
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = scope.split('/').reduce(hmac, `AWS4${secret}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical.join('\n'))}`).toString('hex');
  const { host, ...sent } = headers;
  const answer = await fetch(endpoint + path, {
    method,
    body,
    headers: { ...sent, authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}` },
  });
  if (!answer.ok) throw new Error(`${service}: ${answer.status} ${await answer.text()}`);
};
