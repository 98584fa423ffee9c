// Which of AWS's clients for Node.js the function's runtime has: that of nodejs24.x and later takes what a handler returns and knows
// no callbacks; those before wait for callbacks, promises and an empty event loop. And what both put into the global `awslambda`.

const declared = /^AWS_Lambda_nodejs(\d+)\.x/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1];

export const isModern = Number(declared ?? process.versions.node.split(".")[0]) >= 24;

const hasGlobal = !["1", "true"].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA);

export function setGlobal(members) {
  if (hasGlobal) globalThis.awslambda = { ...globalThis.awslambda, ...members };
}
