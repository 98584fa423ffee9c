"""The shapes that Node.js projects have: modules and scripts, workspaces, links as pnpm makes them, tsconfig.json, native add-ons, options.
One app, many functions, one session."""

import os
from pathlib import Path

import pytest

from harness import apps
from harness.processes import ROOT
from harness.session import Session

ESBUILD = ROOT / "build" / "judges-cdk" / "node_modules"
pytestmark = pytest.mark.skipif(not (ESBUILD / "esbuild").is_dir(), reason="SKIPPED JUDGE: esbuild (scripts/judges installs it)")

# The app's folder is the root of a workspace; its functions are packages of it.
FUNCTIONS = {  # name: (properties, files of packages/<name>, answer)
    "Script": ("Handler: app.handler", {"app.js": "exports.handler = async () => [typeof require, require('dep').name];\n"}, ["function", "of pnpm"]),
    "Cjs": ("Handler: app.handler", {"app.cjs": "exports.handler = async () => __filename.endsWith('app.cjs');\n", "package.json": '{"type": "module"}'}, True),
    "Module": ("Handler: app.handler", {"package.json": '{"type": "module", "imports": {"#words": "./words/index.js"}}',
                                        "words/index.js": "export const word = await Promise.resolve('top');\n",
                                        "app.js": "import { word } from '#words';\nimport dep from 'dep';\nimport { part } from 'dep/part';\n"
                                                  "const more = await Promise.resolve('level');\nexport const handler = async () => [word, more, dep.name, part];\n"},
               ["top", "level", "of pnpm", "import"]),
    "Nested": ("Handler: src/deep/app.api.handler", {"src/deep/app.mjs": "export const api = { handler: async () => import.meta.url.slice(-20) };\n"},
               "Nested/src/deep/app.mjs"[-20:]),
    "Mts": ("Handler: app.handler", {"app.mts": "import { createRequire } from 'node:module';\nconst top: string = await Promise.resolve('mts');\n"
                                                "export const handler = async () => [top, typeof createRequire(import.meta.url)];\n"}, ["mts", "function"]),
    "Cts": ("Handler: app.handler", {"app.cts": "import dep = require('dep');\nexport const handler = async (): Promise<string> => dep.name + ' cts';\n"}, "of pnpm cts"),
    # Packages of the workspace, linked; the one needs a package that only it can find, and has a native add-on that stays outside.
    "Workspace": ("Handler: src/app.handler", {"src/app.ts": "import { shared } from '@shop/shared';\nexport const handler = async () => shared();\n"},
                  ["shared", "2.0.0 of shared", "native"]),
    # tsconfig.json extends one in a folder above, which has the paths.
    "Paths": ("Handler: src/app.handler", {"src/app.ts": "import { word } from '@words/one';\nexport const handler = async () => word;\n",
                                           "tsconfig.json": '{"extends": "../../tsconfig.base.json", "compilerOptions": {"strict": true}}'}, "by tsconfig"),
    "Options": ("Handler: app.handler, Environment: {Variables: {NODE_OPTIONS: --stack-trace-limit=7}}",
                {"app.mjs": "export const handler = async () => [process.title, Error.stackTraceLimit];\n"}, ["of the developer", 7]),
}
PACKAGES = {
    # pnpm: node_modules/dep → .pnpm/dep@1.0.0/node_modules/dep, beside which are the packages that dep needs
    "node_modules/.pnpm/dep@1.0.0/node_modules/dep/package.json":
        '{"name": "dep", "exports": {".": "./index.js", "./part": {"import": "./part.mjs", "require": "./part.cjs"}}}',
    "node_modules/.pnpm/dep@1.0.0/node_modules/dep/index.js": "exports.name = require('inner');\n",
    "node_modules/.pnpm/dep@1.0.0/node_modules/dep/part.mjs": "export const part = 'import';\n",
    "node_modules/.pnpm/dep@1.0.0/node_modules/inner/package.json": '{"name": "inner", "main": "index.js"}',
    "node_modules/.pnpm/dep@1.0.0/node_modules/inner/index.js": "module.exports = 'of pnpm';\n",
    # a version that the app has, and another that a package of the workspace has
    "node_modules/@aws-sdk/client-x/package.json": '{"name": "@aws-sdk/client-x", "main": "index.js"}',
    "node_modules/@aws-sdk/client-x/index.js": "exports.version = '1.0.0 of the app';\n",
    "packages/shared/node_modules/@aws-sdk/client-x/package.json": '{"name": "@aws-sdk/client-x", "main": "index.js"}',
    "packages/shared/node_modules/@aws-sdk/client-x/index.js": "exports.version = '2.0.0 of shared';\n",
    "packages/shared/node_modules/addon/package.json": '{"name": "addon", "main": "index.js", "gypfile": true}',
    "packages/shared/node_modules/addon/index.js": "exports.native = require('path').basename(require.resolve('./build/native.node'), '.node');\n",
    "packages/shared/node_modules/addon/build/native.node": "",
    "packages/shared/package.json": '{"name": "@shop/shared", "main": "src/index.ts"}',
    "packages/shared/src/index.ts": "import { version } from '@aws-sdk/client-x';\nimport { native } from 'addon';\n"
                                    "export const shared = (): string[] => ['shared', version, native];\n",
    "words/one.ts": "export const word: string = 'by tsconfig';\n",
    "tsconfig.base.json": '{"compilerOptions": {"paths": {"@words/*": ["./words/*"]}}}',
    "package.json": '{"name": "shop", "private": true, "workspaces": ["packages/*"]}',
}
LINKS = {"node_modules/dep": ".pnpm/dep@1.0.0/node_modules/dep", "node_modules/@shop/shared": "../../packages/shared",
         "node_modules/esbuild": ESBUILD / "esbuild", "node_modules/@esbuild": ESBUILD / "@esbuild"}


@pytest.fixture(scope="module")
def app(module_path) -> Path:
    folder = module_path / "shop"
    template = "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Timeout: 60, Runtime: nodejs22.x}}\nResources:\n"
    files = dict(PACKAGES)
    for name, (properties, own, _) in FUNCTIONS.items():
        template += f"  {name}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: packages/{name}, {properties}}}}}\n"
        files.update({f"packages/{name}/{path}": text for path, text in own.items()})
    apps.write(folder, {**files, "template.yaml": template})
    for name, target in LINKS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    return folder


@pytest.fixture(scope="module")
def session(app, cloud, module_path) -> Session:
    return Session(app, cloud, module_path / "home", env={"NODE_OPTIONS": '--title="of the developer"'})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_this_shape_runs(cloud, session, name):
    answer = cloud.invoke(session.function(name), {})
    assert answer.error is None, answer
    assert answer.json == FUNCTIONS[name][2]


def test_nothing_is_said_of_an_sdk_that_the_project_has(session):
    assert "not on this machine" not in session.stderr
    assert os.path.exists(session.app / "node_modules/@aws-sdk/client-x")


def test_a_save_in_a_linked_package_reaches_who_uses_it(cloud, session, app):
    mark = session.mark()
    source = app / "packages/shared/src/index.ts"
    source.write_text(source.read_text().replace("['shared'", "['saved'"))
    session.wait_for("reload", after=mark, function="Workspace", status="ok")
    assert cloud.invoke(session.function("Workspace"), {}).json[0] == "saved"
