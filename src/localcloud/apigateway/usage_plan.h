// API keys and usage plans of REST APIs (AGW-guide api-gateway-api-usage-plans.md): who has a key for a stage, how fast
// and how often it may be used, by the local clock.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/apigateway/failure.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/throttle.h"

namespace localcloud {

struct ApiKey {
  std::string name;
  std::string value;
  bool enabled = false;
  GatewayTags tags = {};
};

struct Quota {
  std::int64_t limit = 0;
  enum class Period { day, week, month };
  Period period = Period::month;
  int offset = 0;  // days of the period that have passed already when it begins
};

struct UsagePlan {
  std::string name;
  std::set<std::pair<std::string, std::string>> stages;  // API and stage
  std::optional<ThrottleLimits> throttle;
  std::map<std::string, ThrottleLimits> method_throttles;  // "api stage METHOD /path"
  std::optional<Quota> quota;
  std::set<std::string> keys;  // ids
  GatewayTags tags;
};

class UsagePlans {
 public:
  std::map<std::string, ApiKey> keys;      // by id
  std::map<std::string, UsagePlan> plans;  // by id

  struct Asked {
    std::string key;  // its value, as it came
    std::string api_id;
    std::string stage;
    std::string route;  // "GET /pets/{id}"
  };
  // The key's id, or why not: no such key, none for the stage, too fast, too much.
  std::variant<std::string, Failure> admit(const Asked& asked, base::WallTime now);

 private:
  struct Use {
    std::int64_t count = 0;
    std::int64_t period = -1;
  };
  std::map<std::string, TokenBucket> buckets_;  // "plan key", "plan key route"
  std::map<std::string, Use> used_;             // "plan key"
};

// {"RateLimit","BurstLimit"}; nullopt: neither is there. Errors: BadRequestException.
base::Result<std::optional<ThrottleLimits>> read_rate_limit(const json::object& properties);

}  // namespace localcloud
