// Runs the live half of SST's own `sst start`, scripts/start.mjs, unmodified: its WebSocket client, its local runtime, its watcher and
// builder, its logs. Its other half, which synthesises and deploys CDK apps, is deployed.mjs; the session of sst.py has deployed the
// stack already. The working directory is the app's, and SST_BENCH says where things are, as JSON.
import { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

const cli = new URL("../../build/bench-sst/node_modules/@serverless-stack/cli/", import.meta.url);
const require = createRequire(cli);
require(new URL("to_local_cloud.cjs", import.meta.url).pathname)(require("aws-sdk"));

const hooks = `export const resolve = (specifier, context, next) =>
  specifier === "./util/cdkHelpers.mjs" && context.parentURL.endsWith("/cli/scripts/start.mjs")
    ? { url: ${JSON.stringify(new URL("deployed.mjs", import.meta.url).href)}, shortCircuit: true } : next(specifier, context);`;
register("data:text/javascript," + encodeURIComponent(hooks));

const { app, stage, region, port } = JSON.parse(process.env.SST_BENCH);
const { initializeLogger } = await import(pathToFileURL(require.resolve("@serverless-stack/core")).href);
initializeLogger(process.cwd() + "/.build");  // as bin/scripts.mjs does
const { default: start } = await import(new URL("scripts/start.mjs", cli).href);
await start({ port }, { name: app, stage, region, main: "stacks/index.ts", lint: true, typeCheck: true },
            { cdkOptions: { output: ".build/cdk.out" } });
