// Finds the function that a handler string names: "folder/file.export.nested", relative to the task root.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// livelambda's own word to its loader, which no handler sees.
const hints = process.env.LIVELAMBDA_HINTS;
delete process.env.LIVELAMBDA_HINTS;

class RuntimeError extends Error {
  constructor(type, message, cause) {
    super(message, { cause });
    Object.defineProperty(this, "name", { value: `Runtime.${type}` }); // the log shows members that can be listed
    // Where its cause happened; our own frames tell the user nothing.
    this.stack = typeof cause?.stack === "string" ? `${this.name}\n${cause.stack}` : `${this.name}: ${message}`;
  }
}

const NO_RELATIVE = "Use absolute paths when specifying root directories in handler names.";

export async function loadHandler(taskRoot, handlerString) {
  if (process.env.NODE_PATH) (await import("./node_path.mjs")).lookInNodePath(process.env.NODE_PATH);
  const [, folder, file, exportPath] = /^(.*\/)?([^./]*)\.([^/]*)$/.exec(handlerString ?? "") ?? [];
  if (handlerString?.includes(".."))
    throw new RuntimeError("MalformedHandlerName", `'${handlerString}' is not a valid handler name. ${NO_RELATIVE}`);
  if (!file || !exportPath) throw new RuntimeError("MalformedHandlerName", "Bad handler");

  const found = await loadModule(taskRoot, path.resolve(taskRoot, folder ?? "", file), file);
  const handler = exportPath.split(".").reduce((value, key) => value?.[key], found);
  if (!handler) throw new RuntimeError("HandlerNotFound", `${handlerString} is undefined or not exported`);
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${handlerString} is not a function`);
  return handler;
}

async function loadModule(taskRoot, base, name) {
  let target;
  try {
    target = resolveFile(base) ?? createRequire(path.join(taskRoot, "/")).resolve(name);
    if (isModule(target)) return await import(pathToFileURL(target));
    return createRequire(target)(target);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", `${error}`, await located(error, target));
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      const hint = hints && target && (await import("./install_hint.mjs")).installHint(error, path.dirname(target));
      if (hint) process.stderr.write(`livelambda: ${hint}\n`);
      throw new RuntimeError("ImportModuleError", target ? `${error}` : `${error}`.split("\n")[0], target && error);
    }
    throw error;
  }
}

// The order of AWS's runtime; TypeScript where this Node.js strips types by itself.
function resolveFile(base) {
  const extensions = ["", ".js", ".mjs", ".cjs"];
  if (process.features.typescript) extensions.push(".ts", ".mts", ".cts");
  return extensions.map((extension) => base + extension).find((file) => fs.statSync(file, { throwIfNoEntry: false })?.isFile());
}

// An ES module by its extension, or by the nearest package.json.
function isModule(file) {
  const extension = path.extname(file);
  if (extension === ".mjs" || extension === ".mts") return true;
  if (extension !== ".js" && extension !== ".ts") return false;
  for (let folder = path.dirname(file); path.basename(folder) !== "node_modules"; folder = path.dirname(folder)) {
    const description = path.join(folder, "package.json");
    if (fs.existsSync(description)) return JSON.parse(fs.readFileSync(description, "utf8")).type === "module";
    if (folder === path.dirname(folder)) break;
  }
  return false;
}

// A syntax error in an ES module does not say where it is. Another Node.js finds out, and prints it.
async function located(error, target) {
  const frames = error.stack.split("\n").filter((line) => line.startsWith("    at "));
  const fromUserCode = frames.some((line) => !line.includes("node:internal/") && !line.includes(import.meta.url));
  if (!error.stack.startsWith("SyntaxError") || fromUserCode || !isModule(target)) return error;

  const { spawnSync } = await import("node:child_process");
  const script = fileURLToPath(new URL("./locate_syntax_error.mjs", import.meta.url));
  const { stderr } = spawnSync(process.execPath, ["--experimental-vm-modules", "--no-warnings", script, target], {
    encoding: "utf8",
    timeout: 5000,
    env: {},
  });
  if (stderr?.includes(error.message)) error.stack = stderr.trimEnd().replace(/\n    at [^]*/, "");
  return error;
}
