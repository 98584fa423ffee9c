// awslambda.InvokeStore of nodejs24.x and later: what an invocation knows, for code that has no context object at hand (the AWS SDK,
// Powertools, `@aws/lambda-invoke-store`, which hands out the one that is found here). As in AWS's client, for one invocation at a time.

import { setGlobal } from "./generation.mjs";

const PROTECTED_KEYS = {
  REQUEST_ID: Symbol.for("_AWS_LAMBDA_REQUEST_ID"),
  X_RAY_TRACE_ID: Symbol.for("_AWS_LAMBDA_X_RAY_TRACE_ID"),
  TENANT_ID: Symbol.for("_AWS_LAMBDA_TENANT_ID"),
};

class InvokeStoreSingle {
  static PROTECTED_KEYS = PROTECTED_KEYS;
  currentContext;

  isProtectedKey(key) {
    return Object.values(PROTECTED_KEYS).includes(key);
  }
  getRequestId() {
    return this.get(PROTECTED_KEYS.REQUEST_ID) ?? "-";
  }
  getXRayTraceId() {
    return this.get(PROTECTED_KEYS.X_RAY_TRACE_ID);
  }
  getTenantId() {
    return this.get(PROTECTED_KEYS.TENANT_ID);
  }
  getContext() {
    return this.currentContext;
  }
  hasContext() {
    return this.currentContext !== undefined;
  }
  get(key) {
    return this.currentContext?.[key];
  }
  set(key, value) {
    if (this.isProtectedKey(key)) throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`);
    this.currentContext ??= {};
    this.currentContext[key] = value;
  }
  run(context, invocation) {
    this.currentContext = context;
    return invocation();
  }
}

const store = new InvokeStoreSingle();

setGlobal({ InvokeStore: store });

// Both as AWS's: neither knows the tenant.
export const runInvocation = ({ awsRequestId, xRayTraceId }, invocation) =>
  store.run({ [PROTECTED_KEYS.REQUEST_ID]: awsRequestId, [PROTECTED_KEYS.X_RAY_TRACE_ID]: xRayTraceId }, invocation);
