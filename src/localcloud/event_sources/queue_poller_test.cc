#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/event_sources/testing/source_account.h"

namespace localcloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

TEST(QueuePoller, InvokesWithWhatIsThereAndDeletesIt) {
  SourceAccount account;
  account.queue.put("one");
  account.queue.put("two");
  ASSERT_TRUE(account.map(kQueue));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1,m2"));
  EXPECT_THAT(account.queue.removed, ElementsAre("h1", "h2"));
  EXPECT_EQ(account.function.events[0][0], parse(R"({
    "messageId":"m1","receiptHandle":"h1","body":"one","attributes":{},"messageAttributes":{},"md5OfBody":"md5",
    "eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:123456789012:queue","awsRegion":"us-east-1"})"));
  account.queue.put("three");
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("m1,m2", "m3"));
}

TEST(QueuePoller, LeavesAFailedBatchOnTheQueue) {
  SourceAccount account;
  account.function.answer = [](const auto&) { return ScriptedLambda::failed(); };
  account.queue.put("one");
  ASSERT_TRUE(account.map(kQueue));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1"));
  EXPECT_THAT(account.queue.removed, IsEmpty());
}

TEST(QueuePoller, DeletesWhatAPartialAnswerDoesNotName) {
  SourceAccount account;
  account.function.answer = [](const auto&) {
    return ScriptedLambda::succeeded(R"({"batchItemFailures":[{"itemIdentifier":"m2"}]})");
  };
  for (auto body : {"1", "2", "3"}) account.queue.put(body);
  ASSERT_TRUE(account.map(kQueue, R"({"FunctionResponseTypes":["ReportBatchItemFailures"]})"));
  EXPECT_THAT(account.queue.removed, ElementsAre("h1", "h3"));
}

TEST(QueuePoller, DeletesAllWhenPartialAnswersWereNotAskedFor) {
  SourceAccount account;
  account.function.answer = [](const auto&) {
    return ScriptedLambda::succeeded(R"({"batchItemFailures":[{"itemIdentifier":"m1"}]})");
  };
  account.queue.put("1");
  ASSERT_TRUE(account.map(kQueue));
  EXPECT_THAT(account.queue.removed, ElementsAre("h1"));
}

TEST(QueuePoller, DeletesWhatTheFilterDropsWithoutInvoking) {
  SourceAccount account;
  for (auto body : {R"({"temp":50})", R"({"temp":5})", "plain"}) account.queue.put(body);
  ASSERT_TRUE(account.map(
      kQueue, R"({"FilterCriteria":{"Filters":[{"Pattern":"{\"body\":{\"temp\":[{\"numeric\":[\">\",10]}]}}"}]}})"));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1"));
  EXPECT_EQ(account.function.events[0][0].as_object()["body"], R"({"temp":50})");
  EXPECT_THAT(account.queue.removed, ElementsAre("h2", "h3", "h1"));
}

TEST(QueuePoller, OutlivesABatchThatFailsInLambdaItself) {
  SourceAccount account;
  bool broken = true;
  account.function.answer = [&](const auto&) -> base::Result<InvokeOutput> {
    if (broken) throw boost::system::system_error(boost::asio::error::connection_reset);
    return ScriptedLambda::succeeded("null");
  };
  account.queue.put("one");
  ASSERT_TRUE(account.map(kQueue));
  broken = false;
  account.queue.put("two");
  account.run();
  EXPECT_THAT(account.queue.removed, ElementsAre("h2"));
}

TEST(QueuePoller, GathersForTheWindow) {
  SourceAccount account;
  account.queue.put("one");
  ASSERT_TRUE(account.map(kQueue, R"({"BatchSize":100,"MaximumBatchingWindowInSeconds":5})"));
  account.pass(3s);
  account.queue.put("two");
  account.run();
  EXPECT_THAT(account.function.batches(), IsEmpty());
  account.pass(2s);
  EXPECT_THAT(account.function.batches(), ElementsAre("m1,m2"));
}

TEST(QueuePoller, EndsTheWindowWhenTheBatchIsFull) {
  SourceAccount account;
  for (int i = 0; i < 15; ++i) account.queue.put("x");
  ASSERT_TRUE(account.map(kQueue, R"({"BatchSize":12,"MaximumBatchingWindowInSeconds":300})"));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1,m2,m3,m4,m5,m6,m7,m8,m9,m10,m11,m12"));
}

TEST(QueuePoller, CutsABatchAtTheLimitOfAPayload) {
  SourceAccount account;
  for (int i = 0; i < 7; ++i) account.queue.put(std::string(1000 * 1000, 'x'));
  ASSERT_TRUE(account.map(kQueue));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1,m2,m3,m4,m5,m6", "m7"));
}

TEST(QueuePoller, RunsAsManyBatchesAsMaximumConcurrencySays) {
  SourceAccount account;
  account.function.busy = true;
  for (int i = 0; i < 5; ++i) account.queue.put("x");
  ASSERT_TRUE(account.map(kQueue, R"({"BatchSize":1,"ScalingConfig":{"MaximumConcurrency":2}})"));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1", "m2"));
  account.function.finish();
  account.run();
  EXPECT_EQ(account.function.events.size(), 5U);
}

TEST(QueuePoller, FinishesItsBatchesWhenTheMappingIsDisabled) {
  SourceAccount account;
  account.function.busy = true;
  account.queue.put("one");
  auto uuid = account.map(kQueue);
  ASSERT_TRUE(account.service.update(*uuid, parse(R"({"Enabled":false})").as_object()));
  account.function.finish();
  account.queue.put("two");
  account.pass(1h);
  EXPECT_THAT(account.queue.removed, ElementsAre("h1"));
  EXPECT_THAT(account.function.batches(), ElementsAre("m1"));
  ASSERT_TRUE(account.service.update(*uuid, parse(R"({"Enabled":true})").as_object()));
  account.run();
  EXPECT_THAT(account.function.batches(), ElementsAre("m1", "m2"));
}

TEST(QueuePoller, LooksAgainWhenAQueueComesBack) {
  SourceAccount account;
  ASSERT_TRUE(account.map(kQueue));
  account.queue.missing = true;
  account.pass(20s);
  account.queue.missing = false;
  account.queue.put("one");
  account.run();
  EXPECT_THAT(account.function.batches(), IsEmpty());
  account.pass(kProblemPause);
  EXPECT_THAT(account.function.batches(), ElementsAre("m1"));
}

}  // namespace
}  // namespace localcloud
