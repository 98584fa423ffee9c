exports.handler = async ({ name }) => ({ greeting: `Hello, ${name}`, stage: process.env.STAGE, pid: process.pid });
