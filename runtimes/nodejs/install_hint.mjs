// What to do about a package that is not there. Said beside the error, which stays as Lambda has it.

import fs from "node:fs";
import path from "node:path";

const INSTALL = { "pnpm-lock.yaml": "pnpm install", "yarn.lock": "yarn install", "bun.lock": "bun install", "bun.lockb": "bun install" };

export function installHint(error, folder) {
  const [, specifier] = /^Cannot find (?:module|package) '([^'./][^']*)'/.exec(error.message) ?? [];
  const [name] = /^(@[^/]+\/)?[^/]+/.exec(specifier ?? "") ?? [];
  if (name === undefined || path.isAbsolute(name)) return undefined;
  const project = nearest(folder, "package.json") ?? folder;
  const description = fs.existsSync(path.join(project, "package.json")) ? JSON.parse(fs.readFileSync(path.join(project, "package.json"), "utf8")) : {};
  const lock = Object.keys(INSTALL).find((file) => nearest(project, file) !== undefined);
  const listed = ["dependencies", "devDependencies", "optionalDependencies"].some((kind) => description[kind]?.[name]);
  const isSdk = /^(@aws-sdk|@smithy)\//.test(name) || name === "aws-sdk";
  const command = listed ? (INSTALL[lock] ?? "npm install") : `npm install ${isSdk ? "-D " : ""}${name}`;
  return `${name} is not installed: cd ${project} && ${command}` + (isSdk ? " (or `livelambda start --yes`, which fetches what Lambda brings along)" : "");
}

function nearest(folder, name) {
  for (; ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, name))) return folder;
    if (folder === path.dirname(folder)) return undefined;
  }
}
