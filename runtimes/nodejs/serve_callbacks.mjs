// Invocations as nodejs22.x and earlier run them. A handler answers by its callback, by the context's succeed, fail and done, or by a
// promise; what else it returns is ignored. A callback's result waits for the event loop to empty, and if that happens before any
// answer, the answer is null.

import { makeContext } from "./context.mjs";
import { logError, setRequest } from "./output.mjs";
import { ResponseStream, isStreaming } from "./response_stream.mjs";

// AWS's runtime ends with these, and so do we.
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

class UnhandledPromiseRejection extends Error {
  static {
    this.prototype.name = "Runtime.UnhandledPromiseRejection"; // not a member, which the log would show
  }
  constructor(reason, promise) {
    super(reason);
    this.reason = reason;
    this.promise = promise;
  }
}

// Traces name it, as AWS's, by the class whose member the handler is called as.
export class Runtime {
  #api;
  handler;
  #requestId; // of the newest invocation; undefined while the code is loaded
  #whenEmpty = () => {}; // what an event loop without work means now
  #dying = false;

  constructor(api) {
    this.#api = api;
    process.on("beforeExit", () => this.#whenEmpty());
    process.on("uncaughtException", (error) => {
      logError("Uncaught Exception", error);
      this.#die(error, EXIT_UNCAUGHT_EXCEPTION);
    });
    process.on("unhandledRejection", (reason, promise) => {
      const error = new UnhandledPromiseRejection(reason, promise);
      logError("Unhandled Promise Rejection", error);
      this.#die(error, EXIT_UNHANDLED_REJECTION);
    });
  }

  // An error that nobody caught ends the process, after it was told to whoever waits.
  async #die(error, status) {
    if (this.#dying) return;
    this.#dying = true;
    try {
      if (this.#requestId === undefined) await this.#api.initError(error);
      else await this.#api.invocationError(this.#requestId, error);
    } finally {
      process.exit(status);
    }
  }

  failInit(error) {
    logError("Uncaught Exception", error);
    return this.#die(error, EXIT_UNCAUGHT_EXCEPTION);
  }

  serve(handler) {
    this.handler = handler;
    this.#next();
  }

  #next() {
    setImmediate(() => {
      const once = isStreaming(this.handler) ? this.#stream() : this.#invoke();
      once.catch((error) => {
        console.log(`Unexpected Top Level Error: ${error.toString()}`);
        this.#die(error, EXIT_UNCAUGHT_EXCEPTION);
      });
    });
  }

  async #begin() {
    const { headers, body } = await this.#api.next();
    this.#requestId = headers["lambda-runtime-aws-request-id"];
    setRequest(this.#requestId, headers["lambda-runtime-aws-tenant-id"]);
    return { headers, body };
  }

  async #invoke() {
    const { headers, body } = await this.#begin();
    const { callback, context, markAnswered } = this.#answers(this.#requestId);
    this.#whenEmpty = () => {
      markAnswered();
      this.#respond(null);
    };
    try {
      const event = JSON.parse(body);
      const returned = this.handler(event, makeContext(headers, context), callback);
      if (typeof returned?.then === "function") returned.then(context.succeed, context.fail).catch(context.fail);
    } catch (error) {
      callback(error);
    }
  }

  #respond(result) {
    this.#whenEmpty = () => {};
    this.#api.response(this.#requestId, result).then(() => this.#next());
  }

  #fail(error) {
    logError("Invoke Error", error);
    this.#api.invocationError(this.#requestId, error).then(() => this.#next());
  }

  // The ways in which a handler answers; of all, the first call that does not throw counts.
  #answers() {
    let answered = false;
    const complete = (result) => {
      if (answered) {
        console.error("Invocation has already been reported as done. Cannot call complete more than once per invocation.");
        return;
      }
      answered = true;
      this.#respond(result);
    };
    const isError = (error) => error !== undefined && error !== null;
    const done = (error, result) => {
      this.#whenEmpty = () => {};
      if (isError(error)) this.#fail(error);
      else complete(result);
    };
    let finished = false;
    const firstOnly =
      (answer) =>
      (...values) => {
        if (finished) return;
        answer(...values);
        finished = true;
      };
    const context = {
      callbackWaitsForEmptyEventLoop: true,
      succeed: firstOnly((result) => done(null, result)),
      fail: firstOnly((error) => done(isError(error) ? error : "handled")),
      done: firstOnly(done),
    };
    const callback = firstOnly((error, result) => {
      this.#whenEmpty = () => {};
      if (isError(error)) this.#fail(error);
      else if (!context.callbackWaitsForEmptyEventLoop) complete(result);
      else this.#whenEmpty = () => setImmediate(() => complete(result));
    });
    return { callback, context, markAnswered: () => (answered = true) };
  }

  async #stream() {
    const { headers, body } = await this.#begin();
    const id = this.#requestId;
    const stream = new ResponseStream(this.#api, id);
    this.#whenEmpty = () => stream.fail(new Error("the event loop is empty, and the stream was not ended"));
    const error = await stream.runs(() => this.handler(JSON.parse(body), stream, makeContext(headers)));
    this.#whenEmpty = () => {};
    if (error !== undefined) logError("Invoke Error", error);
    await stream.settle(error);
    this.#next();
  }
}
