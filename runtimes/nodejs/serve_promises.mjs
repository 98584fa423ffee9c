// Invocations as nodejs24.x and later run them: what a handler returns, awaited, is the answer. There are no callbacks, nobody waits for
// the event loop, and what nobody catches ends the process in Node.js's own way.

import { makeContext } from "./context.mjs";
import { runInvocation } from "./invoke_store.mjs";
import { logError, setRequest } from "./output.mjs";
import { ResponseStream, isStreaming } from "./response_stream.mjs";

class CallbackHandlerDeprecated extends Error {
  name = "Runtime.CallbackHandlerDeprecated";
}

export class PromiseService {
  #api;

  constructor(api) {
    this.#api = api;
  }

  async failInit(error) {
    logError("Init Error", error);
    await this.#api.initError(error);
    throw error;
  }

  async serve(handler) {
    const Processor = isStreaming(handler) ? StreamingInvokeProcessor : BufferedInvokeProcessor;
    if (handler.length >= 3 && !isStreaming(handler)) await this.failInit(new CallbackHandlerDeprecated(NO_CALLBACKS));
    const processor = new Processor(this.#api, handler);
    for (;;) {
      const { headers, body } = await this.#api.next();
      const context = makeContext(headers);
      const event = JSON.parse(body);
      setRequest(context.awsRequestId);
      await runInvocation(context, () => processor.invoke(event, context));
    }
  }
}

// Named as AWS's: traces name the class whose member the handler is called as.
class BufferedInvokeProcessor {
  #api;

  constructor(api, handler) {
    this.#api = api;
    this.handler = handler;
  }

  async invoke(event, context) {
    const id = context.awsRequestId;
    try {
      const result = await this.handler(event, context);
      await afterImmediates();
      await this.#api.response(id, result);
    } catch (error) {
      await afterImmediates();
      logError("Invoke Error", error);
      await this.#api.invocationError(id, error);
    }
  }
}

class StreamingInvokeProcessor {
  #api;

  constructor(api, handler) {
    this.#api = api;
    this.handler = handler;
  }

  async invoke(event, context) {
    const stream = new ResponseStream(this.#api, context.awsRequestId);
    const error = await stream.runs(() => this.handler(event, stream, context));
    if (error !== undefined) logError("Invoke Error", error);
    await stream.settle(error);
  }
}

const NO_CALLBACKS =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to " +
  "use a supported handler signature to use Node.js 24 or later. For more information see " +
  "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";

const afterImmediates = () => new Promise((resolve) => setImmediate(resolve));
