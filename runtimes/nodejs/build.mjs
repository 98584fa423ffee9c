// node build.mjs SOCKET: builds functions with the project's own esbuild, for as long as the session lives. One esbuild
// process serves all functions, and what a build learned stays with its context: a rebuild reads only what has changed.
//
// Speaks lines of JSON on a Unix socket. Asked {id, function, esbuild, entry, source, folder, handler, runtime, target, properties}, it
// answers {id, ok, output, inputs}: what esbuild said, and the absolute paths of all that it read.

import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import readline from "node:readline";

const contexts = new Map(); // by function: {key, esbuild, context}

async function build(request) {
  fs.mkdirSync(request.folder, { recursive: true });
  linkPackages(request);
  const { esbuild, context } = await contextOf(request);
  try {
    const { warnings, metafile } = await context.rebuild();
    const inputs = Object.keys(metafile.inputs).filter((input) => !/^[\w-]{2,}:/.test(input));
    return { ok: true, output: await formatted(esbuild, warnings, "warning"), inputs: inputs.map((input) => path.resolve(request.source, input)) };
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    return { ok: false, output: await formatted(esbuild, error.errors, "error") };
  }
}

async function contextOf(request) {
  const options = optionsOf(request);
  const key = JSON.stringify([request.esbuild, options]);
  const known = contexts.get(request.function);
  if (known?.key === key) return known;
  contexts.delete(request.function);
  await known?.context.dispose();
  const esbuild = createRequire(import.meta.url)(request.esbuild);
  const packages = options.external.filter((name) => /^[@\w]/.test(name)); // the rest are paths and patterns, which are esbuild's
  const external = options.external.filter((name) => !packages.includes(name));
  const made = { key, esbuild, context: await esbuild.context({ ...options, external, plugins: [packagesOutside(request.folder, packages)] }) };
  contexts.set(request.function, made);
  return made;
}

async function formatted(esbuild, messages, kind) {
  return (await esbuild.formatMessages(messages, { kind, color: false })).join("").trimEnd();
}

// --- Options: what AWS's own builds take for granted, and what the app says beyond that.

function optionsOf({ entry, source, folder, handler, runtime, target, properties }) {
  const format = properties.Format ?? (isModule(entry) ? "esm" : "cjs");
  const outfile = path.join(folder, handler.slice(0, handler.lastIndexOf(".")));
  for (const extension of [".mjs", ".cjs"]) if ((extension === ".mjs") !== (format === "esm")) fs.rmSync(outfile + extension, { force: true });
  const options = {
    entryPoints: [entry],
    outfile: outfile + (format === "esm" ? ".mjs" : ".cjs"), // whatever package.json stands above it
    absWorkingDir: source,
    bundle: true,
    platform: "node",
    format,
    target,
    sourcemap: "linked",
    metafile: true,
    logLevel: "silent",
    external: /^nodejs1[0-6]\./.test(runtime) ? ["aws-sdk"] : ["@aws-sdk/*", "@smithy/*"], // part of Lambda's runtime
  };
  // A module has no require of its own, which packages that are no modules ask for.
  if (format === "esm" && properties.Banner === undefined)
    options.banner = { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' };
  for (const [name, value] of Object.entries(properties)) {
    const take = PROPERTIES[name];
    if (!take) throw new Error(`BuildProperties.${name} of esbuild is not known to livelambda`);
    take(options, value);
  }
  return options;
}

const list = (value) => (Array.isArray(value) ? value : [value]);
// "a=b" as in SAM's lists, or a mapping.
const pairs = (value) =>
  Array.isArray(value) || typeof value === "string"
    ? Object.fromEntries(list(value).map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]))
    : Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
const isTrue = (value) => value === true || value === "true";

const PROPERTIES = {
  Alias: (options, value) => (options.alias = pairs(value)),
  Arguments: takeArguments, // not of SAM: a CDK construct's `esbuildArgs`
  Banner: (options, value) => (options.banner = pairs(value)),
  Charset: (options, value) => (options.charset = value),
  Conditions: (options, value) => (options.conditions = list(value)),
  Define: (options, value) => (options.define = pairs(value)),
  EntryPoints: () => {}, // `entry` is the function's own
  External: (options, value) => options.external.push(...list(value)),
  Footer: (options, value) => (options.footer = pairs(value)),
  Format: () => {}, // see above
  Inject: (options, value) => (options.inject = list(value)),
  KeepNames: (options, value) => (options.keepNames = isTrue(value)),
  Loader: (options, value) => (options.loader = pairs(value)),
  MainFields: (options, value) => (options.mainFields = list(value).flatMap((text) => text.split(","))),
  Minify: () => {}, // nobody downloads it, and its names are what one debugs
  OutExtension: () => {}, // follows from the format
  Packages: (options, value) => (options.packages = value),
  Sourcemap: () => {}, // always
  SourcesContent: (options, value) => (options.sourcesContent = isTrue(value)),
  Target: () => {}, // it runs on this Node.js
  TreeShaking: (options, value) => (options.treeShaking = isTrue(value)),
  Tsconfig: (options, value) => (options.tsconfig = value),
};

// Of esbuild's command line, as CDK hands them over: {"--alias": ["a:b"], "--conditions": "x,y", "--jsx": "automatic"}.
function takeArguments(options, value) {
  for (const [flag, given] of Object.entries(value)) {
    const option = flag.replace(/^--/, "").replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
    if (OURS.has(option)) continue;
    for (const one of list(given)) {
      const text = String(one);
      if (MAPPINGS.has(option)) options[option] = { ...options[option], ...pairs(text.replace(":", "=")) };
      else if (REPEATED.has(option)) options[option] = [...(options[option] ?? []), text];
      else if (COMMA_SEPARATED.has(option)) options[option] = text.split(",");
      else options[option] = text === "" || isTrue(one) ? true : text === "false" ? false : text;
    }
  }
}

const MAPPINGS = new Set(["alias", "define", "loader"]);
const REPEATED = new Set(["drop", "dropLabels", "external", "inject", "pure"]);
const COMMA_SEPARATED = new Set(["conditions", "mainFields", "resolveExtensions"]);
// Decided here, or of no use for code that nobody downloads.
const OURS = new Set(["analyze", "bundle", "format", "logLevel", "logLimit", "logOverride", "metafile", "minify", "minifyIdentifiers",
  "minifySyntax", "minifyWhitespace", "outExtension", "outbase", "outdir", "outfile", "platform", "sourcemap", "target"]);

function isModule(entry) {
  if (/\.m[jt]s$/.test(entry)) return true;
  if (/\.c[jt]s$/.test(entry)) return false;
  const description = nearest(path.dirname(entry), "package.json");
  return description !== undefined && JSON.parse(fs.readFileSync(description, "utf8")).type === "module";
}

function nearest(folder, name) {
  for (; ; folder = path.dirname(folder)) {
    const found = path.join(folder, name);
    if (fs.existsSync(found)) return found;
    if (folder === path.dirname(folder)) return undefined;
  }
}

// --- Packages that are not bundled are found from where the bundle is.

function linkPackages({ entry, folder }) {
  const packages = nearest(path.dirname(entry), "node_modules");
  const link = path.join(folder, "node_modules");
  if (packages === undefined) return;
  if (fs.lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && fs.readlinkSync(link) === packages) return;
  fs.rmSync(link, { recursive: true, force: true });
  fs.symlinkSync(packages, link);
}

// Packages with a native add-on look for it beside their own files, and so stay outside as well. What stays outside is named by
// its path if the bundle would not find it, or another version of it: in a workspace it may lie beside the package that imports it.
const packagesOutside = (folder, external) => ({
  name: "livelambda-packages-outside",
  setup(build) {
    const known = new Map();
    const once = (key, find) => (known.has(key) ? known.get(key) : known.set(key, find()).get(key));
    const describe = (from, name) => once(`${from}\0${name}`, () => nearest(from, path.join("node_modules", name, "package.json")));
    const patterns = external.map((text) => new RegExp(`^${text.split("*").map((part) => part.replace(/[$.+?^{}()|[\]\\]/g, "\\$&")).join(".*")}(/|$)`));
    build.onResolve({ filter: /^[^./#]/ }, async ({ path: specifier, resolveDir, kind, pluginData }) => {
      if (kind === "entry-point" || pluginData === known) return undefined;
      const [name] = /^(@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
      if (name === undefined || specifier.startsWith("node:") || !resolveDir) return undefined;
      const description = describe(resolveDir, name);
      if (!patterns.some((pattern) => pattern.test(specifier)) && !once(description, () => isNative(description))) return undefined;
      if (description === undefined || isSame(description, describe(folder, name))) return { path: specifier, external: true };
      const found = await build.resolve(specifier, { resolveDir, kind, pluginData: known });
      return { path: found.errors.length > 0 || found.external ? specifier : found.path, external: true };
    });
    build.onEnd(() => known.clear());
  },
});

const isSame = (one, other) => other !== undefined && fs.realpathSync(one) === fs.realpathSync(other);

function isNative(description) {
  if (description === undefined) return false;
  const { gypfile, binary, dependencies, optionalDependencies } = JSON.parse(fs.readFileSync(description, "utf8"));
  const helpers = ["bindings", "node-gyp-build", "node-addon-api", "prebuild-install", "@mapbox/node-pre-gyp"];
  return (
    Boolean(gypfile || binary) ||
    helpers.some((helper) => dependencies?.[helper]) ||
    Object.keys(optionalDependencies ?? {}).some((name) => /(linux|darwin|win32)-?(x64|arm64)/.test(name)) ||
    fs.existsSync(path.join(path.dirname(description), "binding.gyp"))
  );
}

const socket = net.connect(process.argv[2]);
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(1));
for await (const line of readline.createInterface({ input: socket })) {
  const request = JSON.parse(line);
  build(request)
    .catch((error) => ({ ok: false, output: error.message }))
    .then((answer) => socket.write(JSON.stringify({ id: request.id, ...answer }) + "\n"));
}
