// Runs a Lambda function on this machine: loads the handler, then asks the Runtime API for one event after the other.
// Plain Node.js 20 or later, no dependencies. What it does follows AWS's own runtimes for Node.js, whose quirks handlers rely on:
// tests/conformance holds the one against the other.

import { answerCustomResourcesAt } from "./custom_resource_answers.mjs";
import { isModern } from "./generation.mjs";
import { loadHandler } from "./load.mjs";
import { patchConsole } from "./output.mjs";
import { RuntimeApi } from "./runtime_api.mjs";
import { Runtime } from "./serve_callbacks.mjs";
import { PromiseService } from "./serve_promises.mjs";

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
patchConsole();
if (URL.canParse(process.env.AWS_ENDPOINT_URL)) answerCustomResourcesAt(process.env.AWS_ENDPOINT_URL);
const service = isModern ? new PromiseService(api) : new Runtime(api);

// Not awaited here: an event loop that is empty ends this process without a word, as it ends AWS's.
loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER).then(
  (handler) => service.serve(handler),
  (error) => service.failInit(error),
);
