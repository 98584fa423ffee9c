import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";

const sns = new SNSClient();

// Answers the API, and tells the topic about it.
export async function handler(event) {
  const body = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  const message = body || `GET ${event.rawPath}`;
  const { MessageId } = await sns.send(new PublishCommand({ TopicArn: process.env.TOPIC_ARN, Message: message }));
  console.log(`published ${MessageId}`);

  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ greeting: process.env.GREETING, messageId: MessageId, pid: process.pid }) + "\n",
  };
}
