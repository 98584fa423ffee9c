// What is said of anything that was thrown: the body for the Runtime API, the cause for X-Ray, the line in the log.
//
// In the words of AWS's clients, and with their oddities. Two generations of them differ: up to nodejs22.x whatever looks like
// an error is one, later only instances of Error are.

import { types } from "node:util";

import { isModern } from "./generation.mjs";

const UNREADABLE =
  "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack";
const OWN_FOLDER = new URL(".", import.meta.url);
const OWN_FRAMES = [OWN_FOLDER.href, OWN_FOLDER.pathname];

// DEL is not allowed in headers, into which the cause goes.
const clean = (text) => text?.replaceAll("\x7f", "%7F");

// No trace shows the frames of this loader, nor what Node.js called it by to go on after an await.
export function withoutOwn(lines) {
  let afterOwn = false;
  return lines.filter((line) => {
    const isOwn = OWN_FRAMES.some((folder) => line.includes(folder));
    const isResumption = afterOwn && line.includes("at process.processTicksAndRejections (");
    afterOwn = isOwn || isResumption;
    return !afterOwn;
  });
}

// {errorType, errorMessage, trace}
export function errorBody(error) {
  try {
    if (isModern ? error instanceof Error : types.isNativeError(error) || looksLikeError(error)) {
      const stack = isModern ? (clean(error.stack) ?? "") : clean(error.stack).toString();
      const trace = stack === "" && isModern ? [] : withoutOwn(stack.split("\n"));
      return { errorType: clean(error.name), errorMessage: clean(error.message), trace };
    }
    return { errorType: typeof error, errorMessage: isModern ? String(error) : error.toString(), trace: [] };
  } catch {
    return { errorType: "handled", errorMessage: UNREADABLE, ...(isModern && { trace: [] }) };
  }
}

function looksLikeError(value) {
  return ["name", "message", "stack"].every((member) => value?.[member] && typeof value[member] === "string");
}

// The value of Lambda-Runtime-Function-XRay-Error-Cause; "" if there is nothing to say.
export function xrayCause(error) {
  try {
    const [, ...lines] = error.stack ? clean(error.stack).split("\n") : [""];
    const stack = withoutOwn(lines).map(frameOf);
    const exceptions = [{ type: clean(error.name), message: clean(error.message), stack }];
    const paths = [...new Set(stack.map((frame) => frame.path))];
    return JSON.stringify({ working_directory: process.cwd(), exceptions, paths });
  } catch {
    return "";
  }
}

// "    at label (path:line:column)"
function frameOf(line) {
  const text = line.trim().replace(/[()]/g, "");
  const rest = text.slice(text.indexOf(" ") + 1);
  const space = rest.lastIndexOf(" ");
  const [path, number] = rest.slice(space + 1).split(":");
  return { path, line: parseInt(number), label: rest.slice(0, Math.max(space, 0)) || "anonymous" };
}

export function intoError(thrown) {
  if (thrown instanceof Error) return thrown;
  return new Error(isModern ? String(thrown) : thrown);
}

// An error with all it has, for a line of the log.
export function logText(error) {
  try {
    return `\t${JSON.stringify(error, (_, value) => (value instanceof Error ? members(value) : value))}`;
  } catch {
    return `\t${JSON.stringify(errorBody(error))}`;
  }
}

function members(error) {
  const { name: errorType, message: errorMessage, code, stack } = error;
  const shown = { errorType, errorMessage, code, ...error };
  if (typeof stack === "string") shown.stack = withoutOwn(stack.split("\n"));
  return shown;
}
