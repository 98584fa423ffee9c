// One invocation: the context that the handler gets, and the rules by which it is over.

class NodeJsExit extends Error {
  constructor() {
    super("The event loop is empty, but the handler's promise was never settled");
    this.name = "Runtime.NodeJsExit";
    this.stack = `${this.name}: ${this.message}`;
  }
}

export class Invocation {
  #headers;
  #settle;
  #whenEmpty = () => {}; // what an event loop without work means for this invocation

  constructor(headers) {
    this.#headers = headers;
  }

  get requestId() {
    return this.#headers["lambda-runtime-aws-request-id"];
  }

  eventLoopIsEmpty() {
    this.#whenEmpty();
  }

  // For a handler that streams its answer. Resolves to {} when the stream is at its end, or to {error}.
  runStreamed(handler, body, stream) {
    return new Promise((resolve) => {
      this.#whenEmpty = () => resolve({ error: new NodeJsExit() });
      stream.on("error", (error) => resolve({ error }));
      stream.on("finish", () => resolve({}));
      this.#setTraceId();
      Promise.resolve()
        .then(() => handler(JSON.parse(body), stream, this.#makeContext()))
        .catch((error) => resolve({ error: error ?? "handled" }));
    }).finally(() => (this.#whenEmpty = () => {}));
  }

  // Resolves to {result}, a JSON text, or to {error}; the first of the handler's answers counts.
  run(handler, body) {
    const over = new Promise((resolve) => {
      this.#settle = (error, result) => {
        this.#whenEmpty = () => {};
        if (error !== undefined && error !== null) resolve({ error });
        else resolve(serialise(result));
      };
    });
    // An async handler that waits for nothing has failed; any other that did not call back has nothing to say.
    const isAsync = handler.constructor?.name === "AsyncFunction";
    this.#whenEmpty = () => (isAsync ? this.#settle(new NodeJsExit()) : this.#settle(null, null));
    try {
      this.#setTraceId();
      const context = this.#makeContext();
      const returned = handler(JSON.parse(body), context, this.#makeCallback(context));
      // What a handler returns counts only if it is a promise; others answer by callback.
      if (typeof returned?.then === "function") returned.then(context.succeed, context.fail);
    } catch (error) {
      this.#settle(error ?? "handled");
    }
    return over;
  }

  // callback(error, result): a result waits for the event loop to empty unless the context says otherwise.
  #makeCallback(context) {
    let called = false;
    return (error, result) => {
      if (called) return;
      called = true;
      if ((error !== undefined && error !== null) || !context.callbackWaitsForEmptyEventLoop) this.#settle(error, result);
      else this.#whenEmpty = () => this.#settle(null, result);
    };
  }

  #makeContext() {
    const { env } = process;
    const deadline = Number(this.#headers["lambda-runtime-deadline-ms"]);
    return {
      callbackWaitsForEmptyEventLoop: true,
      succeed: (result) => this.#settle(null, result),
      fail: (error) => this.#settle(error ?? "handled"),
      done: (error, result) => this.#settle(error, result),
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: this.#json("lambda-runtime-client-context"),
      identity: this.#json("lambda-runtime-cognito-identity"),
      invokedFunctionArn: this.#headers["lambda-runtime-invoked-function-arn"],
      awsRequestId: this.requestId,
      tenantId: this.#headers["lambda-runtime-aws-tenant-id"],
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
  }

  #json(header) {
    const text = this.#headers[header];
    return text === undefined ? undefined : JSON.parse(text);
  }

  #setTraceId() {
    const traceId = this.#headers["lambda-runtime-trace-id"];
    if (traceId === undefined) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = traceId;
  }
}

function serialise(result) {
  try {
    return { result: JSON.stringify(result) ?? "null" };
  } catch (cause) {
    return { error: new Error("Unable to stringify response body", { cause }) };
  }
}
