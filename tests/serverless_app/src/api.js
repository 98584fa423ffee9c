exports.handler = async (event) => ({
  statusCode: 200,
  body: `${process.env.GREETING} from ${process.env.STAGE}: ${event.rawPath ?? event.path}`,
});
