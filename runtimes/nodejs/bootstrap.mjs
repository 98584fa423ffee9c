// Runs a Lambda function on this machine: loads the handler, then asks the Runtime API for one event after the other.
// Plain Node.js 20 or later, no dependencies. What it does follows AWS's own runtimes for Node.js, whose quirks handlers rely on:
// tests/conformance holds the one against the other.

import { isModern } from "./generation.mjs";
import { loadHandler } from "./load.mjs";
import { patchConsole } from "./output.mjs";
import "./response_stream.mjs"; // makes `awslambda`, which has its members in AWS's order
import { RuntimeApi } from "./runtime_api.mjs";

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
patchConsole();
const service = isModern
  ? new (await import("./serve_promises.mjs")).PromiseService(api)
  : new (await import("./serve_callbacks.mjs")).Runtime(api);

// Not awaited here: an event loop that is empty ends this process without a word, as it ends AWS's.
loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER).then(
  (handler) => service.serve(handler),
  (error) => service.failInit(error),
);
