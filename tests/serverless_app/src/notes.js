exports.take = async (event) => {
  console.log(`noted ${event.Records[0].Sns.Message}`);
};
