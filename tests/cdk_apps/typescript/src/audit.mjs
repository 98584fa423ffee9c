export const handler = async (event) => ({ audited: event.order, topic: process.env.TOPIC, pid: process.pid });
