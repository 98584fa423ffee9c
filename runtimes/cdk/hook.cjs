// Loaded into every Node.js process of a CDK synthesis (NODE_OPTIONS=--require), it acts in the one that loads aws-cdk-lib:
// the app itself, or the jsii kernel of an app in another language.
//
// A function's code is neither bundled nor copied: its asset is the folder that it comes from, under a hash of that folder's
// name, so that an edit of code does not change the synthesised app. Each function tells in its Metadata where its code is:
//   livelambda:source   absolute path of what would have been bundled or copied
//   livelambda:entry    absolute path of the file or folder that is bundled, where the construct names one
//   livelambda:build    esbuild or go1.x, where that is how the construct bundles
//   livelambda:options  what the construct says of that build, as SAM's BuildProperties call it
// Bundled and copied as ever are: what is no function's code, what the CDK brings itself, archives, and what stands in the
// file LIVELAMBDA_CDK_BUILT (a JSON list of entries and sources). LIVELAMBDA_CDK_REPORT is written at the end:
//   {"files": [files that were loaded and are in no node_modules]}
//
// An app's command may set NODE_OPTIONS for itself: the `node` of its PATH then is a script beside this file that loads it,
// and it sees to it that processes which are started from here do too.
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const patches = [
  [/[\\/]aws-cdk-lib[\\/]core[\\/]lib[\\/]asset-staging\.js$/, patchAssetStaging],
  [/[\\/]aws-cdk-lib[\\/]core[\\/]lib[\\/]bundling\.js$/, patchDockerImage],
  [/[\\/]aws-cdk-lib[\\/]aws-s3-assets[\\/]lib[\\/]asset\.js$/, patchAsset],
  [/[\\/]aws-cdk-lib[\\/]aws-lambda-nodejs[\\/]lib[\\/]bundling\.js$/, (loaded) => patchBundling(loaded, 'esbuild', esbuildOptions)],
  [/[\\/]@aws-cdk[\\/]aws-lambda-python-alpha[\\/]lib[\\/]bundling\.js$/, (loaded) => patchBundling(loaded)],
  [/[\\/]@aws-cdk[\\/]aws-lambda-go-alpha[\\/]lib[\\/]bundling\.js$/, (loaded) => patchBundling(loaded, 'go1.x')],
];

const inherited = `--require ${JSON.stringify(__filename)}`;
if (!process.env.NODE_OPTIONS?.includes(inherited)) {
  process.env.NODE_OPTIONS = [process.env.NODE_OPTIONS, inherited].filter(Boolean).join(' ');
}

const load = Module.prototype.load;
Module.prototype.load = function (filename) {
  load.call(this, filename);
  for (const [file, patch] of patches) {
    if (file.test(filename)) patch(this.exports);
  }
};

const built = new Set(readBuilt());
const codeOf = new Map(); // asset hash → { source, entry, build, options }
const bundlingOf = new WeakMap(); // the bundling options that a construct made → { entry, build, options }
let describing = 0; // > 0 while a construct describes a bundling that will not happen

function readBuilt() {
  try {
    return JSON.parse(fs.readFileSync(process.env.LIVELAMBDA_CDK_BUILT, 'utf8'));
  } catch {
    return [];
  }
}

function report() {
  const files = Object.keys(require.cache).filter((file) => !/[\\/]node_modules[\\/]/.test(file) && file !== __filename);
  fs.writeFileSync(process.env.LIVELAMBDA_CDK_REPORT, JSON.stringify({ files }));
}

// A function's asset is <function>/Code/Stage; jsii's name of a class is the same in every copy of the library.
function isFunctionCode(staging) {
  const asset = staging.node.scope;
  if (asset?.node.id !== 'Code') return false;
  for (let type = asset.node.scope?.constructor; type; type = Object.getPrototypeOf(type)) {
    if (type[Symbol.for('jsii.rtti')]?.fqn === 'aws-cdk-lib.aws_lambda.Function') return true;
  }
  return false;
}

const isOfCdk = (source) => /[\\/](aws-cdk-lib|@aws-cdk[\\/][^\\/]+)[\\/]/.test(source);

function patchAssetStaging({ AssetStaging }) {
  process.once('exit', report);
  for (const method of ['stageByBundling', 'stageByCopying']) {
    const stage = AssetStaging.prototype[method];
    AssetStaging.prototype[method] = function (bundling, ...rest) {
      const source = this.sourcePath;
      if (!isFunctionCode(this) || isOfCdk(source)) return stage.call(this, bundling, ...rest);
      const code = { source, ...bundlingOf.get(bundling) };
      const stays = built.has(code.entry ?? source) || !fs.statSync(source).isDirectory();
      const staged = stays
        ? stage.call(this, bundling, ...rest)
        : { assetHash: sha256(JSON.stringify(code)), stagedPath: source, packaging: 'zip', isArchive: true };
      codeOf.set(staged.assetHash, code);
      return staged;
    };
  }
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

// Called for every resource that uses the asset.
function patchAsset({ Asset }) {
  const add = Asset.prototype.addResourceMetadata;
  Asset.prototype.addResourceMetadata = function (resource, property) {
    add.call(this, resource, property);
    const code = codeOf.get(this.assetHash);
    if (!code || property !== 'Code') return;
    for (const [name, value] of Object.entries(code)) {
      if (value) resource.addMetadata(`livelambda:${name}`, value);
    }
  };
}

// The constructs that bundle by themselves build their images of Docker while they describe how.
function patchBundling({ Bundling }, build, describe) {
  const bundle = Bundling.bundle;
  Bundling.bundle = function (...parameters) {
    const props = parameters.at(-1);
    const entry = path.resolve(props.entry);
    const options = describe?.(props);
    const unbuilt = built.has(entry) ? 0 : 1;
    describing += unbuilt;
    try {
      const code = bundle.apply(this, parameters);
      if (code.options?.bundling) bundlingOf.set(code.options.bundling, { entry, build, options });
      return code;
    } finally {
      describing -= unbuilt;
    }
  };
}

// What esbuild is told of a NodejsFunction, but for what only what is deployed needs.
function esbuildOptions(props) {
  const external = [...(props.externalModules ?? []), ...(props.nodeModules ?? [])];
  const options = {
    Format: props.format ?? 'cjs',
    External: external.length ? external : undefined,
    Loader: props.loader,
    Define: props.define,
    Tsconfig: props.tsconfig && path.resolve(props.tsconfig),
    KeepNames: props.keepNames,
    SourcesContent: props.sourcesContent,
    Banner: props.banner && { js: props.banner },
    Footer: props.footer && { js: props.footer },
    Charset: props.charset,
    MainFields: props.mainFields,
    Inject: props.inject,
    Arguments: props.esbuildArgs,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function patchDockerImage({ DockerImage }) {
  const fromBuild = DockerImage.fromBuild;
  DockerImage.fromBuild = function (...parameters) {
    return describing ? DockerImage.fromRegistry('not-built') : fromBuild.apply(this, parameters);
  };
}
