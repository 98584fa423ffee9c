// console.* in the form of AWS's runtime: time, request id, level and message, separated by tabs.
//
// A record is one line. As on AWS, line breaks inside a message become carriage returns, so that it stays one record;
// livelambda turns them back when it shows it. What is written to process.stdout directly passes as it is.

import { format } from "node:util";

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
let requestId;

export function setRequestId(id) {
  requestId = id;
}

export function patchConsole() {
  // A pipe is written in the background otherwise: process.exit would cut it off, an answer would overtake it.
  for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);
  const lowest = Math.max(LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()), 0);
  for (const [rank, level] of LEVELS.entries()) {
    const write = (...message) => {
      const text = `${new Date().toISOString()}\t${requestId}\t${level}\t${format(...message)}`;
      process.stdout.write(text.replace(/\r?\n/g, "\r") + "\n");
    };
    console[level.toLowerCase()] = rank >= lowest || level === "FATAL" ? write : () => {};
  }
  console.log = console.info;
}
