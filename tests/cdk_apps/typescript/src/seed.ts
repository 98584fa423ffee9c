export const handler = async (event: { ResourceProperties: { wanted: string } }) => ({
  PhysicalResourceId: 'seed',
  Data: { Text: `seeded: ${event.ResourceProperties.wanted}` },
});
