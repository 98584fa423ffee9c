// Streamed answers: what awslambda.streamifyResponse hands a handler, and how its bytes reach the Runtime API.
//
// The request to the Runtime API begins with the first byte, so that a handler that fails before has failed as any other
// does. What fails later is told in the trailers.

import { Writable } from "node:stream";

import { setGlobal } from "./generation.mjs";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response";

setGlobal({
  streamifyResponse(handler) {
    handler[STREAMING] = "response";
    return handler;
  },
  HttpResponseStream: {
    // Status, headers and cookies of the HTTP response, ahead of its body: a JSON object and eight NUL bytes. As in AWS, they go
    // with the first write(): a stream that is only ended has none.
    from(stream, metadata) {
      stream.setContentType(HTTP_INTEGRATION);
      stream.beforeFirstWrite = JSON.stringify(metadata) + "\0".repeat(8);
      return stream;
    },
  },
});

export function isStreaming(handler) {
  return handler[STREAMING] !== undefined;
}

export class ResponseStream extends Writable {
  #api;
  #requestId;
  #contentType = "application/octet-stream";
  #request;

  constructor(api, requestId) {
    super();
    this.#api = api;
    this.#requestId = requestId;
  }

  beforeFirstWrite = "";

  // Anything but text and bytes is written as JSON.
  write(chunk, ...rest) {
    const first = this.beforeFirstWrite;
    this.beforeFirstWrite = "";
    if (first !== "") super.write(first);
    const isRaw = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(isRaw ? chunk : JSON.stringify(chunk), ...rest);
  }

  // Runs the handler, and waits for the end of what it streams: resolves to undefined, or to what went wrong.
  runs(handler) {
    return new Promise((resolve) => {
      this.fail = (error) => resolve(error ?? new Error(String(error)));
      this.on("error", this.fail);
      this.on("finish", () => resolve());
      Promise.resolve().then(handler).catch(this.fail);
    });
  }

  // Tells the Runtime API what went wrong, if something did: in the trailers of what was begun, else as of any handler.
  async settle(error) {
    if (error === undefined) return;
    if (this.#request === undefined) return this.#api.invocationError(this.#requestId, error);
    await this.#request.end(error);
    this.destroy();
  }

  setContentType(contentType) {
    if (this.#request === undefined) this.#contentType = contentType;
  }

  _write(chunk, _encoding, done) {
    this.#request ??= this.#api.beginResponse(this.#requestId, this.#contentType);
    this.#request.write(chunk, done);
  }

  _final(done) {
    this.#request ??= this.#api.beginResponse(this.#requestId, this.#contentType);
    this.#request.end().then(() => done(), done);
  }
}
