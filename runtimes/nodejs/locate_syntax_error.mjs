// node --experimental-vm-modules locate_syntax_error.mjs FILE: parses an ES module and what it imports from the same
// application, without running any of it. The first syntax error ends it, and Node.js prints where that was.

import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const seen = new Set();

function check(file) {
  if (seen.has(file) || file.endsWith(".cjs") || !fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  seen.add(file);
  const module = new vm.SourceTextModule(fs.readFileSync(file, "utf8"), { identifier: file });
  for (const specifier of module.dependencySpecifiers)
    if (specifier.startsWith(".")) check(path.resolve(path.dirname(file), specifier));
}

check(process.argv[2]);
