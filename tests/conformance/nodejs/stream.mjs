// Streamed answers.
export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const cases = {
    text: () => (stream.write("one "), stream.end("two")),
    nothing: () => stream.end(),
    type: () => (stream.setContentType("text/plain"), stream.end("typed")),
    http: () => awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: "b" } }).end("body"),
    object: () => (stream.write({ a: 1 }), stream.end()),
    breaks_before: () => { throw new Error("before the first byte"); },
    breaks_after: () => { stream.write("begun"); throw new Error("in the middle"); },
  };
  cases[event.case]();
});
