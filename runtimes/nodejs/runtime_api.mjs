// The client of Lambda's Runtime API.

import http from "node:http";

import { errorBody, xrayCause } from "./errors.mjs";
import { isModern } from "./generation.mjs";

const MAX_CAUSE = 60_000; // what a header of livelambda's Runtime API has room for; a longer one is left out
const OF_LOCAL_CLOUD = "/_local/cloudformation/"; // in the ResponseURL of its custom resources

export class RuntimeApi {
  #agent = new http.Agent({ keepAlive: true });
  #host;
  #port;
  #answersThere = false;

  constructor(address) {
    [this.#host, this.#port] = address.split(":");
  }

  // Waits for the next event, however long that takes.
  async next() {
    const answer = await this.#request("GET", "invocation/next", {});
    if (answer.status !== 200) throw new Error(`the Runtime API answered ${answer.status} to next: ${answer.body}`);
    const endpoint = process.env.AWS_ENDPOINT_URL;
    if (!this.#answersThere && answer.body.includes(OF_LOCAL_CLOUD) && URL.canParse(endpoint)) {
      this.#answersThere = true;
      (await import("./custom_resource_answers.mjs")).answerCustomResourcesAt(endpoint);
    }
    return answer;
  }

  // Throws, before anything is sent, where a result has no JSON.
  response(requestId, result) {
    return this.#post(`invocation/${requestId}/response`, toJson(result), {});
  }

  // A response that is streamed: write(chunk, done), then end(), with an error if it broke.
  beginResponse(requestId, contentType) {
    let request;
    const answered = new Promise((resolve, reject) => {
      request = this.#open(
        "POST",
        `invocation/${requestId}/response`,
        {
          "Content-Type": contentType,
          "Lambda-Runtime-Function-Response-Mode": "streaming",
          "Transfer-Encoding": "chunked",
          Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
        },
        resolve,
        reject,
      );
    });
    return {
      write: (chunk, done) => request.write(chunk, done),
      end: async (error) => {
        if (error !== undefined) {
          const body = errorBody(error);
          request.addTrailers({
            "Lambda-Runtime-Function-Error-Type": headerText(body.errorType),
            "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(body)).toString("base64"),
          });
        }
        request.end();
        const answer = await answered;
        if (answer.status !== 202) console.error(`the Runtime API answered ${answer.status}: ${answer.body}`);
      },
    };
  }

  invocationError(requestId, error) {
    const cause = Buffer.from(xrayCause(error));
    const withCause = cause.length > 0 && cause.length < MAX_CAUSE;
    const headers = withCause ? { "Lambda-Runtime-Function-XRay-Error-Cause": cause.toString("latin1") } : {};
    return this.#post(`invocation/${requestId}/error`, toJson(errorBody(error)), headers);
  }

  initError(error) {
    const body = errorBody(error);
    return this.#post("init/error", toJson(body), { "Lambda-Runtime-Function-Error-Type": headerText(body.errorType) });
  }

  // A refusal is no failure of ours: Lambda tells the caller itself (413, Function.ResponseSizeTooLarge).
  async #post(path, body, headers) {
    const bytes = Buffer.from(body);
    const all = { "Content-Type": "application/json", "Content-Length": bytes.length, ...headers };
    await this.#request("POST", path, all, bytes);
  }

  #request(method, path, headers, body) {
    return new Promise((resolve, reject) => this.#open(method, path, headers, resolve, reject).end(body));
  }

  // A request that is not ended yet.
  #open(method, path, headers, resolve, reject) {
    const request = http.request(
      {
        agent: this.#agent,
        host: this.#host,
        port: this.#port,
        method,
        path: `/2018-06-01/runtime/${path}`,
        headers,
      },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on("error", reject);
    return request;
  }
}

class JSONStringifyError extends Error {
  name = "Runtime.JSONStringifyError";
}

function toJson(value) {
  let text;
  try {
    text = JSON.stringify(value === undefined ? null : value);
  } catch {
    const message = "Unable to stringify response body";
    throw isModern ? new JSONStringifyError(message) : new Error(message);
  }
  if (text === undefined) throw new TypeError("Wrong arguments"); // AWS's words for a function and a symbol
  return text;
}

function headerText(type) {
  return /^[\x21-\x7e]+$/.test(type) ? type : "Unhandled";
}
