// Version 2 of the AWS SDK does not read AWS_ENDPOINT_URL. This leads each of its requests there: the request itself, with the Host
// header and the signature that the SDK made for AWS, stays as it is.
"use strict";
module.exports = (AWS) => {
  const endpoint = new AWS.Endpoint(process.env.AWS_ENDPOINT_URL);
  AWS.events.on("sign", (request) => {
    request.httpRequest.endpoint = endpoint;
  });
  return AWS;
};
