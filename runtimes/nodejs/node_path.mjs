// ES modules are looked for in NODE_PATH too, once they are found nowhere else, as the Node.js of Lambda does it: there are
// the packages of layers, and the AWS SDK. (CommonJS does so by itself.) Where Node.js has no hooks of its own thread (before 22.15)
// this file runs on another one, which costs some milliseconds: it is asked for only if NODE_PATH has packages.

import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

let parents = []; // URLs of files beside which there is a node_modules

export function lookInNodePath(nodePath) {
  const folders = (nodePath ?? "").split(path.delimiter).filter((folder) => path.basename(folder) === "node_modules" && fs.existsSync(folder));
  if (folders.length === 0) return;
  parents = folders.map((folder) => pathToFileURL(path.join(folder, "..", "of-node-path")).href);
  if (module.registerHooks) module.registerHooks({ resolve: resolveHere });
  else module.register(import.meta.url, { data: parents });
}

export function initialize(given) {
  parents = given;
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    for (const parentURL of isMissingPackage(error, specifier) ? parents : []) {
      try {
        return await next(specifier, { ...context, parentURL });
      } catch {} // the next folder may have it
    }
    throw error;
  }
}

function resolveHere(specifier, context, next) {
  try {
    return next(specifier, context);
  } catch (error) {
    for (const parentURL of isMissingPackage(error, specifier) ? parents : []) {
      try {
        return next(specifier, { ...context, parentURL });
      } catch {} // the next folder may have it
    }
    throw error;
  }
}

const isMissingPackage = (error, specifier) => error?.code === "ERR_MODULE_NOT_FOUND" && /^[^./#]/.test(specifier) && !URL.canParse(specifier);
