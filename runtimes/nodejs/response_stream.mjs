// Streamed answers: what awslambda.streamifyResponse hands a handler, and how its bytes reach the Runtime API.
//
// The request to the Runtime API begins with the first byte, so that a handler that fails before has failed as any other
// does. What fails later is told in the trailers.

import { Writable } from "node:stream";

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HTTP_INTEGRATION = "application/vnd.awslambda.http-integration-response";

export const awslambda = {
  streamifyResponse(handler) {
    handler[STREAMING] = "response";
    return handler;
  },
  HttpResponseStream: {
    // Status, headers and cookies of the HTTP response, ahead of its body: a JSON object and eight NUL bytes.
    from(stream, metadata) {
      stream.setContentType(HTTP_INTEGRATION);
      stream.write(JSON.stringify(metadata) + "\0".repeat(8));
      return stream;
    },
  },
};

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

  get begun() {
    return this.#request !== undefined;
  }

  setContentType(contentType) {
    if (!this.begun) this.#contentType = contentType;
  }

  // Ends what was begun with the error in its trailers.
  async breakOff(error) {
    await this.#request.end(error);
    this.destroy();
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
