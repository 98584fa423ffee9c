// Runs for every message that arrives on the topic.
export async function handler(event) {
  const { MessageId, Message } = event.Records[0].Sns;
  console.log(`${process.env.GREETING}: ${MessageId} says "${Message}" to process ${process.pid}`);

  return { greeting: process.env.GREETING, messageId: MessageId, message: Message, pid: process.pid };
}
