// An account with one queue, one stream and functions, whose pollers run until nothing is ready.
#pragma once

#include <string>
#include <string_view>

#include "localcloud/event_sources/event_sources_service.h"
#include "localcloud/event_sources/testing/fake_source.h"
#include "localcloud/testing/fake_sqs.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {

inline constexpr std::string_view kQueue = "arn:aws:sqs:us-east-1:123456789012:queue";
inline constexpr std::string_view kStream =
    "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-02T03:04:05.678";
inline constexpr std::string_view kEverything =
    R"({"Statement":[{"Effect":"Allow","Action":["sqs:*","dynamodb:*","sns:*"],"Resource":"*"}]})";

struct SourceAccount : TestCloud {
  explicit SourceAccount(std::string_view policy = kEverything);
  ~SourceAccount();

  // CreateEventSourceMapping of function f with these members more.
  base::Result<std::string> map(std::string_view source, std::string_view members = "{}");
  void run();  // everything that can run now
  void pass(base::Millis time);

  FakeSqs queue{clock};
  FakeStream stream{clock};
  ScriptedLambda function;
  EventSourcesService service{cloud};
};

}  // namespace localcloud
