// The handlers that the CDK brings answer a custom resource at https://HOST/PATH, whatever the scheme and the port of its
// ResponseURL: on AWS these never differ. On the local cloud they do, and that answer is sent where it was asked for.
// Imported with the first event that asks for one: https takes long.

import http from "node:http";
import https from "node:https";

const PATH = /^\/+_local\/cloudformation\//;

export function answerCustomResourcesAt(endpoint) {
  const { protocol, hostname, port } = new URL(endpoint);
  const httpsRequest = https.request;
  const request = protocol === "http:" ? http.request : httpsRequest;
  https.request = function (options, ...rest) {
    const isAnswer = options?.hostname === hostname && !options.port && PATH.test(options.path ?? "");
    return isAnswer ? request({ ...options, port }, ...rest) : httpsRequest.call(this, options, ...rest);
  };
}
