export const handler = async (event) => {
  for (const record of event.Records) console.log(`${HEARD} ${record.Sns.Message}`);
};
