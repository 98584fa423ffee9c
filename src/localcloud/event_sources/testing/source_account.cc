#include "localcloud/event_sources/testing/source_account.h"

namespace localcloud {

SourceAccount::SourceAccount(std::string_view policy) {
  cloud.sqs = &queue;
  cloud.dynamodb = &stream;
  cloud.lambda = &function;
  function.role = "arn:aws:iam::123456789012:role/reader";
  role("reader", policy);
}

SourceAccount::~SourceAccount() {
  base::run_until_done(loop, tasks.close());
}

base::Result<std::string> SourceAccount::map(std::string_view source, std::string_view members) {
  auto input = parse(members).as_object();
  input["EventSourceArn"] = source;
  if (!input.contains("FunctionName")) input["FunctionName"] = "f";
  auto uuid = service.create(input);
  run();
  return uuid;
}

void SourceAccount::run() {
  loop.restart();
  while (loop.poll() > 0) {
  }
}

void SourceAccount::pass(base::Millis time) {
  clock.advance(time);
  run();
}

}  // namespace localcloud
