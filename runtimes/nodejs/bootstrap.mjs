// Runs a Lambda function on this machine: loads the handler, then asks the Runtime API for one event after the other.
// Plain Node.js 20 or later, no dependencies. What it does follows AWS's own runtime for Node.js, whose quirks handlers rely on.

import { answerCustomResourcesAt } from "./custom_resource_answers.mjs";
import { patchConsole, setRequestId } from "./output.mjs";
import { loadHandler } from "./load.mjs";
import { Invocation } from "./invocation.mjs";
import { ResponseStream, isStreaming } from "./response_stream.mjs";
import { RuntimeApi, UnhandledPromiseRejection } from "./runtime_api.mjs";

// AWS's runtime ends with these, and so do we.
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
let initialising = true;
let current = null; // the Invocation that runs

// An error that nobody caught ends the process, after it was told to whoever waits.
let dying = false;
async function die(error, status) {
  if (dying) return;
  dying = true;
  try {
    if (initialising) await api.initError(error);
    else if (current) await api.invocationError(current.requestId, error);
    else console.error(error);
  } finally {
    process.exit(status);
  }
}

process.on("uncaughtException", (error) => die(error, EXIT_UNCAUGHT_EXCEPTION));
process.on("unhandledRejection", (reason) => die(new UnhandledPromiseRejection(reason), EXIT_UNHANDLED_REJECTION));
process.on("beforeExit", () => current?.eventLoopIsEmpty());

async function serve(handler) {
  for (;;) {
    const { headers, body } = await api.next();
    current = new Invocation(headers);
    setRequestId(current.requestId);
    if (isStreaming(handler)) await serveStream(handler, body);
    else await serveWhole(handler, body);
    current = null;
  }
}

async function serveWhole(handler, body) {
  const { error, result } = await current.run(handler, body);
  if (error === undefined) await api.response(current.requestId, result);
  else await api.invocationError(current.requestId, error);
}

async function serveStream(handler, body) {
  const stream = new ResponseStream(api, current.requestId);
  const { error } = await current.runStreamed(handler, body, stream);
  if (error !== undefined && stream.begun) await stream.breakOff(error);
  else if (error !== undefined) await api.invocationError(current.requestId, error);
}

patchConsole();
if (URL.canParse(process.env.AWS_ENDPOINT_URL)) answerCustomResourcesAt(process.env.AWS_ENDPOINT_URL);
let handler;
try {
  handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
} catch (error) {
  await die(error, 1);
}
initialising = false;
serve(handler).catch((error) => {
  // The session is gone, or does not speak the Runtime API: there is nobody left to tell.
  process.stderr.write(`livelambda: ${error.message}\n`);
  process.exit(1);
});
