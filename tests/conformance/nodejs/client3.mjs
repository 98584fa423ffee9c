// AWS's client for Node.js before version 4 is a library; this runs a handler by it as Lambda does.
const { run } = await import(process.argv[2]);
await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
