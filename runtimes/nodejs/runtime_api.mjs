// The client of Lambda's Runtime API, and the form that errors have in it.

import http from "node:http";
import { types } from "node:util";

const OWN_FOLDER = new URL(".", import.meta.url).href;

export class RuntimeApi {
  #agent = new http.Agent({ keepAlive: true });
  #host;
  #port;

  constructor(address) {
    [this.#host, this.#port] = address.split(":");
  }

  // Waits for the next event, however long that takes.
  async next() {
    const answer = await this.#request("GET", "invocation/next", {});
    if (answer.status !== 200) throw new Error(`the Runtime API answered ${answer.status} to next: ${answer.body}`);
    return answer;
  }

  async response(requestId, body) {
    await this.#post(`invocation/${requestId}/response`, body, {});
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

  async invocationError(requestId, error) {
    await this.#postError(`invocation/${requestId}/error`, error);
  }

  async initError(error) {
    await this.#postError("init/error", error);
  }

  async #postError(path, error) {
    const body = errorBody(error);
    await this.#post(path, JSON.stringify(body), { "Lambda-Runtime-Function-Error-Type": headerText(body.errorType) });
  }

  // A refusal is no failure of ours: Lambda tells the caller itself (413, Function.ResponseSizeTooLarge).
  async #post(path, body, headers) {
    const bytes = Buffer.from(body);
    const answer = await this.#request(
      "POST",
      path,
      { "Content-Type": "application/json", "Content-Length": bytes.length, ...headers },
      bytes,
    );
    if (answer.status !== 202) console.error(`the Runtime API answered ${answer.status} to ${path}: ${answer.body}`);
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

export class UnhandledPromiseRejection extends Error {
  name = "Runtime.UnhandledPromiseRejection";
  constructor(reason) {
    super(String(reason), { cause: reason });
  }
}

function headerText(type) {
  return /^[\x21-\x7e]+$/.test(type) ? type : "Unhandled";
}

// Anything can be thrown; this is what AWS's runtime makes of it. Errors named "Runtime.…" show where their cause happened,
// and no trace shows the frames of this loader.
function errorBody(error) {
  try {
    if (!types.isNativeError(error) && !(error?.name && error?.message && typeof error?.stack === "string"))
      return { errorType: typeof error, errorMessage: String(error), trace: [] };
    const { name, message, stack, cause } = error;
    const trace = name.startsWith("Runtime.") && typeof cause?.stack === "string" ? `${name}\n${cause.stack}` : stack;
    const lines = String(trace).split("\n");
    return { errorType: name, errorMessage: message, trace: lines.filter((line) => !line.includes(OWN_FOLDER)) };
  } catch {
    const errorMessage = "an error was thrown whose message, name or stack cannot be read";
    return { errorType: "handled", errorMessage, trace: [] };
  }
}
