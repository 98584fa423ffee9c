// The context object of an invocation, from the headers that came with it and from the environment.

import { isModern } from "./generation.mjs";

// Throws an Error where a header is no JSON. `first` has the members that a generation has besides.
export function makeContext(headers, first = {}) {
  const { env } = process;
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const traceId = headers["lambda-runtime-trace-id"];
  if (traceId) env._X_AMZN_TRACE_ID = traceId;
  else delete env._X_AMZN_TRACE_ID;
  const ofEnvironment = {
    ...(isModern && { functionName: env.AWS_LAMBDA_FUNCTION_NAME }), // the order counts where a handler answers with its context
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    ...(!isModern && { functionName: env.AWS_LAMBDA_FUNCTION_NAME }),
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
  const ofHeaders = {
    clientContext: parseHeader(headers, "lambda-runtime-client-context", "ClientContext"),
    identity: parseHeader(headers, "lambda-runtime-cognito-identity", "CognitoIdentity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    ...(isModern && { xRayTraceId: traceId ?? "" }),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  return isModern ? { ...ofHeaders, ...ofEnvironment } : Object.assign(first, ofEnvironment, ofHeaders);
}

class PlatformError extends Error {
  name = "Runtime.PlatformError";
}

function parseHeader(headers, header, spoken) {
  const text = headers[header];
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (isModern) throw new PlatformError(`Failed to parse ${header} as JSON: ${error.message}`);
    throw new Error(`Cannot parse ${spoken} as json: ${error.toString()}`);
  }
}
