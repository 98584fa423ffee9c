// What Lambda's runtimes up to Node.js 16 brought along: the AWS SDK, version 2. `livelambda local --node-modules` gives it to
// functions. It is the one that SST installs, led to the local cloud.
"use strict";
module.exports = require("../../to_local_cloud.cjs")(require("../../../../build/bench-sst/node_modules/aws-sdk"));
