// Handlers that every Node.js runtime is asked to run, one invocation each: the event names the case.
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const at_load = globalThis.awslambda?.InvokeStore?.getRequestId();
const ring = {};
ring.ring = ring;

class OutOfStock extends Error {
  constructor(message, details) {
    super(message);
    this.name = "OutOfStock";
    Object.assign(this, details);
  }
}
class Plain extends Error {}
class Odd {
  get message() {
    throw new Error("no message for you");
  }
  get name() {
    return "Odd";
  }
}
const named = (name, message, stack) => Object.assign(new Error(message), { name, ...(stack && { stack }) });

// What is thrown, or what a promise rejects with.
const thrown = {
  error: () => new Error("wrong: ä \u{1f600}"),
  typed: () => new TypeError("no function"),
  own_class: () => new OutOfStock("none left", { code: "E_STOCK", left: 0, nested: { a: [1] } }),
  plain_class: () => new Plain("plain"),
  empty_message: () => new Error(),
  multi_line: () => new Error("one\ntwo\r\nthree"),
  delete_character: () => named("Del\x7fete", "mess\x7fage"),
  control_characters: () => new Error("\u0001\u2028\u0085"),
  odd_name: () => named("näme with space", "x"),
  no_name: () => named("", "x"),
  with_cause: () => new Error("outer", { cause: new OutOfStock("inner", { code: 7 }) }),
  aggregate: () => new AggregateError([new Error("a"), new Error("b")], "both"),
  circular: () => Object.assign(new Error("round"), { ring }),
  own_stack: () => named("Error", "x", "no\nstack   at all (here)\n at there (file.js:1:2)"),
  no_stack: () => Object.assign(new Error("x"), { stack: undefined }),
  stack_of_objects: () => Object.assign(new Error("x"), { stack: [1] }),
  huge: () => new Error("x".repeat(40000)),
  text: () => "only text",
  empty_text: () => "",
  number: () => 42,
  nothing: () => undefined,
  null: () => null,
  false: () => false,
  object: () => ({ a: 1 }),
  like_an_error: () => ({ name: "Like", message: "an error", stack: "Like: an error\n    at nowhere:1:1" }),
  symbol: () => Symbol("s"),
  bigint: () => 10n,
  without_prototype: () => Object.create(null),
  function: () => function named() {},
  odd_object: () => new Odd(),
  runtime_error: () => named("Runtime.Own", "x"),
};

// What is returned.
const values = {
  nothing: () => undefined,
  null: () => null,
  text: () => 'ä\u2028\u2029\u0007\u{1f600}"\\',
  lone_surrogate: () => "\ud800",
  empty_text: () => "",
  number: () => -0,
  not_a_number: () => [NaN, Infinity, 1e300, 1e21, 0.1 + 0.2],
  date: () => new Date(Date.UTC(2026, 0, 2)),
  invalid_date: () => ({ at: new Date(NaN) }),
  buffer: () => Buffer.from("bytes"),
  typed_array: () => new Uint8Array([1, 2]),
  map_and_set: () => [new Map([[1, 2]]), new Set([1])],
  bigint: () => ({ n: 10n }),
  circular: () => ring,
  function: () => () => 1,
  symbol: () => Symbol("s"),
  error: () => new Error("returned"),
  with_to_json: () => ({ toJSON: () => "own way" }),
  throws_in_to_json: () => ({ toJSON: () => { throw new Error("in toJSON"); } }),
  undefined_inside: () => ({ a: undefined, b: [undefined], c: () => 1 }),
  generator: () => (function* () { yield 1; })(),
  proxy: () => new Proxy({ a: 1 }, {}),
  http: () => ({ statusCode: 200, headers: { "Content-Type": "text/plain" }, body: "hello", isBase64Encoded: false }),
  thenable: () => ({ then: (resolve) => resolve("from thenable") }),
  promise_of_promise: () => Promise.resolve(Promise.resolve(1)),
};

const context_members = (context) => ({
  keys: Object.keys(context).filter((key) => key !== "xRayTraceId").sort(),
  values: JSON.parse(JSON.stringify(context)),
  remaining: context.getRemainingTimeInMillis() > 1e9 && context.getRemainingTimeInMillis() <= context.getRemainingTimeInMillis() + 1000,
  types: Object.fromEntries(Object.entries(context).map(([key, value]) => [key, typeof value]).sort()),
  trace: process.env._X_AMZN_TRACE_ID,
  handler: process.env._HANDLER,
});

const more = {
  echo: (event) => event,
  context: (event, context) => context_members(context),
  globals: () => [typeof awslambda.streamifyResponse, typeof awslambda.HttpResponseStream.from, process.cwd() === process.env.LAMBDA_TASK_ROOT],
  invoke_store: (event, context) => {
    const { InvokeStore } = awslambda; // nodejs24.x and later have it
    if (!InvokeStore) return Object.keys(awslambda);
    const { PROTECTED_KEYS } = InvokeStore.constructor;
    const earlier = InvokeStore.get("own");
    InvokeStore.set("own", 1);
    let refused;
    try {
      InvokeStore.set(PROTECTED_KEYS.TENANT_ID, "mine");
    } catch (error) {
      refused = error.message;
    }
    return [Object.keys(awslambda), at_load, InvokeStore.getRequestId() === context.awsRequestId, InvokeStore.getXRayTraceId(), InvokeStore.getTenantId() ?? null,
      InvokeStore.hasContext(), Object.keys(PROTECTED_KEYS), Object.getOwnPropertySymbols(InvokeStore.getContext()).map(String), earlier ?? null,
      InvokeStore.get("own"), refused, InvokeStore.run({ own: 2 }, () => InvokeStore.get("own")), InvokeStore.getRequestId()];
  },
  logs: () => {
    console.log("plain", { a: { b: { c: { d: 1 } } } }, [1, "x"], null);
    console.log("two\nlines\r\nand three");
    console.log("%s is %d%%, %j %o", "it", 7, { a: 1 }, [1]);
    console.log();
    console.log(undefined);
    console.log({ a: 1 });
    console.log("last", undefined);
    console.info("info");
    console.debug("debug");
    console.trace("trace");
    console.warn("warn", 1n);
    console.error("error", "and more");
    console.fatal("fatal");
    console.error(new OutOfStock("logged"));
    console.error("with", new Plain("in text"), "after");
    console.log("ä\u{1f600}\u2028");
    console.log(ring);
    console.log(10n);
    console.log("x".repeat(70000));
    process.stdout.write("written as it is\n");
  },
  many_bytes: async (event) => "x".repeat(event.size - 2),
  timer_left: async () => {
    setTimeout(() => console.log("late"), 30);
    return "early";
  },
  awaits: async () => {
    await wait(5);
    return "after a while";
  },
};

module.exports = { wait, thrown, values, more };
