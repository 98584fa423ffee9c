// The module that CloudFormation puts beside inline code: tells it how a custom resource went (cfn-response-module).

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: `See the details in CloudWatch Log Stream: ${context.logStreamName}`,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  console.log("Response body:\n", body);
  const url = new URL(event.ResponseURL);
  const { request } = require(url.protocol === "http:" ? "http" : "https");
  const call = request(
    url,
    { method: "PUT", headers: { "content-type": "", "content-length": Buffer.byteLength(body) } },
    (response) => {
      console.log(`Status code: ${response.statusCode}`);
      context.done();
    },
  );
  call.on("error", (error) => {
    console.log(`send(..) failed executing https.request(..): ${error}`);
    context.done();
  });
  call.end(body);
};
