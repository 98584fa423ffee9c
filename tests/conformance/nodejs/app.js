const { wait, thrown, values, more } = require("./cases.cjs");

// Not async: what it returns counts only where the runtime looks at it.
exports.handler = (event, context) => {
  const name = event?.case ?? "more.echo";
  const [group, one] = name.split(".");
  if (group === "throw") throw thrown[one]();
  if (group === "reject") return Promise.reject(thrown[one]());
  if (group === "resolve") return Promise.resolve(values[one]());
  if (group === "return") return values[one]();
  if (group === "more") return more[one](event, context);
};

exports.asynchronous = async (event, context) => exports.handler(event, context);

const callbacks = {
  value: (callback) => callback(null, "called"),
  undefined_error: (callback) => callback(undefined, { a: 1 }),
  no_arguments: (callback) => callback(),
  error: (callback) => callback(new Error("called back")),
  text_error: (callback) => callback("text"),
  false_error: (callback) => callback(false),
  twice: (callback) => (callback(null, 1), callback(new Error("too late"))),
  later: (callback) => setTimeout(() => callback(null, "later"), 5),
  and_timer: (callback) => (setTimeout(() => console.log("timer first"), 20), callback(null, "after the timer")),
  and_timer_unawaited: (callback, context) => {
    context.callbackWaitsForEmptyEventLoop = false;
    setTimeout(() => console.log("timer after"), 20);
    callback(null, "at once");
  },
  never: () => "ignored",
  circular: (callback) => { const ring = {}; ring.ring = ring; callback(null, { ring: "open" }); },
  succeed: (callback, context) => context.succeed("succeeded"),
  fail: (callback, context) => context.fail(new Error("failed")),
  fail_with_nothing: (callback, context) => context.fail(),
  done: (callback, context) => context.done(null, "done"),
  done_with_error: (callback, context) => context.done("error text"),
  callback_after_done: (callback, context) => (context.done(null, "first"), callback(null, "second")),
  promise_and_callback: (callback) => (callback(null, "callback"), Promise.resolve("promise")),
  exits_after_answer: (callback, context) => { context.succeed("answered"); process.exit(0); },
  throws_after_callback: (callback) => { callback(null, "called"); throw new Error("after"); },
};
exports.callback = (event, context, callback) => callbacks[event.case](callback, context);

// Each of these ends the process.
const ends = {
  exit: () => process.exit(7),
  exit_zero: () => process.exit(0),
  uncaught: () => wait(5).then(() => setTimeout(() => { throw new Error("in a timer"); }, 0)) && wait(60000),
  uncaught_text: () => (setTimeout(() => { throw "text in a timer"; }, 0), wait(60000)),
  unhandled: () => (Promise.reject(new TypeError("nobody waits")), wait(60000)),
  unhandled_text: () => (Promise.reject("text nobody waits for"), wait(60000)),
  unhandled_nothing: () => (Promise.reject(), wait(60000)),
  never_settled: () => new Promise(() => {}),
  aborts: () => process.abort(),
  circular: async () => { const ring = {}; ring.ring = ring; return ring; },
};
exports.ends = (event) => (event.case === undefined ? Promise.resolve("alive") : ends[event.case]());
exports.nested = { deeper: { handler: async () => "nested" } };
exports.number = 5;
exports.strict = async function () { return this === undefined || this === exports ? "this" : typeof this; };
