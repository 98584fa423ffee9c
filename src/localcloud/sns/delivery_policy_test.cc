#include "localcloud/sns/delivery_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::chrono::milliseconds> delays(const RetryPolicy& policy) {
  std::vector<std::chrono::milliseconds> list;
  for (std::int64_t n = 0; auto delay = policy.delay_before(n); ++n) list.push_back(*delay);
  return list;
}

TEST(DeliveryPolicy, IsThreeRetriesEveryTwentySecondsByDefault) {
  EXPECT_THAT(delays({}), ElementsAre(20s, 20s, 20s));
}

TEST(DeliveryPolicy, GoesThroughItsFourPhases) {
  auto policy = parse_topic_delivery_policy(parse(R"({"http":{"defaultHealthyRetryPolicy":{
    "minDelayTarget":2,"maxDelayTarget":10,"numRetries":7,"numNoDelayRetries":1,"numMinDelayRetries":1,
    "numMaxDelayRetries":2,"backoffFunction":"linear"}}})"));
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  EXPECT_THAT(delays(policy->retries), ElementsAre(0s, 2s, 2s, 6s, 10s, 10s, 10s));
}

TEST(DeliveryPolicy, GrowsFromTheLeastToTheMostByEveryFunction) {
  for (const auto* function : {"linear", "arithmetic", "geometric", "exponential"}) {
    RetryPolicy policy{.min_delay = 1, .max_delay = 100, .retries = 5, .backoff = function};
    auto list = delays(policy);
    EXPECT_EQ(list.front(), 1s) << function;
    EXPECT_EQ(list.back(), 100s) << function;
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end())) << function;
  }
}

TEST(DeliveryPolicy, TriesServicesFor23Days) {
  auto policy = service_retries();
  EXPECT_EQ(policy.delay_before(2), 0s);
  EXPECT_EQ(policy.delay_before(4), 1s);
  EXPECT_EQ(policy.delay_before(14), 20s);
  EXPECT_EQ(policy.delay_before(100'014), 20s);
  EXPECT_FALSE(policy.delay_before(100'015).has_value());
}

TEST(DeliveryPolicy, ASubscriptionsLiesOverTheTopics) {
  DeliveryPolicy topic{.retries = {.min_delay = 5, .max_delay = 50}};
  auto policy = parse_delivery_policy(
      parse(R"({"healthyRetryPolicy":{"numRetries":1},"requestPolicy":{"headerContentType":"application/json"}})"),
      topic);
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  EXPECT_EQ(policy->retries.min_delay, 5);
  EXPECT_EQ(policy->retries.retries, 1);
  EXPECT_EQ(policy->content_type, "application/json");
}

TEST(DeliveryPolicy, RefusesWhatItDoesNotKnow) {
  auto refusal = [](std::string_view policy) { return parse_delivery_policy(parse(policy), {}).error().message; };
  EXPECT_THAT(refusal(R"({"throttlePolicy":{"maxReceivesPerSecond":1}})"), HasSubstr("throttlePolicy"));
  EXPECT_THAT(refusal(R"({"healthyRetryPolicy":{"numRetries":101}})"), HasSubstr("numRetries"));
  EXPECT_THAT(refusal(R"({"healthyRetryPolicy":{"minDelayTarget":30}})"), HasSubstr("minDelayTarget"));
  EXPECT_THAT(refusal(R"({"healthyRetryPolicy":{"numNoDelayRetries":4}})"), HasSubstr("numRetries"));
  EXPECT_THAT(refusal(R"({"healthyRetryPolicy":{"backoffFunction":"random"}})"), HasSubstr("backoffFunction"));
  EXPECT_THAT(refusal(R"({"more":1})"), HasSubstr("more"));
}

}  // namespace
}  // namespace localcloud
