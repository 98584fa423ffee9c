// console.* in the form of AWS's runtime: time, request id, level and message, separated by tabs, or an object of JSON.
//
// A record is one line. As on AWS, line breaks inside a message become carriage returns, so that it stays one record;
// livelambda turns them back when it shows it. What is written to process.stdout directly passes as it is.

import { format } from "node:util";

import { intoError, logText, withoutOwn } from "./errors.mjs";
import { isModern } from "./generation.mjs";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
let requestId = isModern ? "-" : undefined;
let tenantId;
const logsJson = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";

// The request that the records from now on belong to. AWS's newer client does not tell the tenant.
export function setRequest(id, tenant) {
  requestId = id;
  tenantId = isModern ? undefined : tenant;
}

export function patchConsole() {
  // A pipe is written in the background otherwise: process.exit would cut it off, an answer would overtake it.
  for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);
  const lowest = Math.max(LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()), 0);
  const record = logsJson ? jsonRecord : textRecord;
  for (const [rank, level] of LEVELS.entries()) {
    const write = (...message) => {
      const [first, ...rest] = message; // console.log() says "undefined"
      process.stdout.write(`${record(level, first, ...rest).replace(/\n/g, "\r")}\n`);
    };
    console[level.toLowerCase()] = rank >= lowest || level === "FATAL" ? write : () => {};
  }
  console.log = console.info;
}

// What the runtime itself says of a failure.
export function logError(what, thrown) {
  if (logsJson) console.error(intoError(thrown));
  else console.error(what, logText(intoError(thrown)));
}

function textRecord(level, ...message) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${format(...message)}`;
}

function jsonRecord(level, message, ...more) {
  const record = { timestamp: new Date().toISOString(), level, requestId, tenantId, message };
  if (more.length === 0) {
    try {
      return JSON.stringify(record, (_, value) => (value instanceof Error ? errorRecord(value) : value));
    } catch {
      return JSON.stringify({ ...record, message: format(message) });
    }
  }
  record.message = format(message, ...more);
  const error = [...(isModern ? [] : [message]), ...more].find((value) => value instanceof Error);
  return JSON.stringify(error ? { ...record, ...namedAs(error) } : record);
}

function errorRecord(error) {
  return { ...namedAs(error), ...(typeof error.stack !== "string" && { stackTrace: error.stack }), ...error };
}

function namedAs(error) {
  const { constructor, message: errorMessage, stack } = error;
  return {
    errorType: constructor?.name ?? "UnknownError",
    errorMessage,
    stackTrace: typeof stack === "string" ? withoutOwn(stack.split("\n")) : [],
  };
}
