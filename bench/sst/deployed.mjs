// In the place of SST's scripts/util/cdkHelpers.mjs: the stacks are deployed, and there is no CDK app to synthesise.
import { access } from "node:fs/promises";

const { outputs } = JSON.parse(process.env.SST_BENCH);

export const prepareCdk = async () => {};
export const synth = async () => {};
export const deploy = async () => [{ id: "stack", name: "stack", status: "unchanged", outputs }];
export const writeConfig = async () => {};
export const writeOutputsFile = async () => {};
export const validatePropsForJs = () => {};
export const checkFileExists = (file) => access(file).then(() => true, () => false);
