#include "localcloud/dynamodb/dynamodb.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTable = R"({"TableName":"things","BillingMode":"PAY_PER_REQUEST",
  "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"}],
  "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]})";

class DynamoDbTest : public ::testing::Test {
 protected:
  DynamoDbTest() : dynamodb_(make_dynamodb(test_.cloud)) { call("CreateTable", kTable); }

  TestCloud::JsonAnswer call(std::string_view operation, std::string_view body) {
    return test_.json_call(*dynamodb_, operation, body, "dynamodb");
  }
  std::string message(std::string_view operation, std::string_view body) {
    return codec::find_string(call(operation, body).body, "message");
  }

  TestCloud test_;
  std::unique_ptr<DynamoDb> dynamodb_;
};

TEST_F(DynamoDbTest, GivesBackWhatWasPut) {
  EXPECT_EQ(call("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1.0"},"v":{"S":"x"}}})").status,
            200);
  auto got = call("GetItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},"ConsistentRead":true})");
  EXPECT_EQ(got.body, parse(R"({"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"x"}}})"));
  EXPECT_EQ(call("GetItem", R"({"TableName":"things","Key":{"pk":{"S":"b"},"sk":{"N":"1"}}})").body, parse("{}"));
}

TEST_F(DynamoDbTest, ReturnsTheItemOfAFailedCondition) {
  call("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"mine"}}})");
  auto again = call("PutItem", R"x({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"yours"}},
      "ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"})x");
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(codec::find_string(again.body, "__type"),
            "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
  EXPECT_EQ(codec::find_string(again.body, "message"), "The conditional request failed");
  EXPECT_EQ(codec::find_string(again.body, "Item", "v", "S"), "mine");
  auto got = call("GetItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}})");
  EXPECT_EQ(codec::find_string(got.body, "Item", "v", "S"), "mine");
}

TEST_F(DynamoDbTest, UpdatesAndReturnsWhatIsAskedFor) {
  constexpr std::string_view kUpdate = R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},
      "UpdateExpression":"ADD hits :one","ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"UPDATED_NEW"})";
  EXPECT_EQ(call("UpdateItem", kUpdate).body, parse(R"({"Attributes":{"hits":{"N":"1"}}})"));
  EXPECT_EQ(call("UpdateItem", kUpdate).body, parse(R"({"Attributes":{"hits":{"N":"2"}}})"));
  auto removed =
      call("DeleteItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},"ReturnValues":"ALL_OLD"})");
  EXPECT_EQ(codec::find_string(removed.body, "Attributes", "hits", "N"), "2");
  EXPECT_EQ(call("DeleteItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}})").body, parse("{}"));
  EXPECT_THAT(message("UpdateItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},
      "UpdateExpression":"SET sk = :one","ExpressionAttributeValues":{":one":{"N":"1"}}})"),
              HasSubstr("Cannot update attribute sk. This attribute is part of the key"));
}

TEST_F(DynamoDbTest, ValidatesKeysAndValues) {
  EXPECT_EQ(message("GetItem", R"({"TableName":"things","Key":{"pk":{"S":"a"}}})"),
            "The provided key element does not match the schema");
  EXPECT_EQ(message("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"a"}}})"),
            "One or more parameter values were invalid: Missing the key sk in the item");
  EXPECT_EQ(message("PutItem", R"({"TableName":"things","Item":{"pk":{"N":"1"},"sk":{"N":"1"}}})"),
            "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N");
  EXPECT_THAT(message("PutItem", R"({"TableName":"things","Item":{"pk":{"S":""},"sk":{"N":"1"}}})"),
              HasSubstr("cannot contain an empty string value. Key: pk"));
  EXPECT_THAT(
      message("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"s":{"SS":["x","x"]}}})"),
      HasSubstr("contains duplicates"));
  std::string large(400 * 1024, 'x');
  EXPECT_EQ(
      message("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":")" + large + "\"}}}"),
      "Item size has exceeded the maximum allowed size");
  EXPECT_EQ(message("GetItem", R"({"TableName":"nothing","Key":{"pk":{"S":"a"}}})"), "Requested resource not found");
}

TEST_F(DynamoDbTest, QueriesInOrderOfTheSortKeyPageByPage) {
  for (int n : {10, 9, 2}) {
    call("PutItem",
         fmt::format(R"({{"TableName":"things","Item":{{"pk":{{"S":"a"}},"sk":{{"N":"{}"}},"even":{{"BOOL":{}}}}}}})",
                     n, n % 2 == 0));
  }
  call("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"b"},"sk":{"N":"1"}}})");
  auto keys = [](const json::value& body) {
    std::string all;
    for (const auto& item : body.at("Items").as_array()) all += codec::find_string(item, "sk", "N") + " ";
    return all;
  };
  auto page = call("Query", R"({"TableName":"things","KeyConditionExpression":"pk = :a AND sk > :n","Limit":2,
      "ExpressionAttributeValues":{":a":{"S":"a"},":n":{"N":"1"}}})");
  EXPECT_EQ(keys(page.body), "2 9 ");
  auto rest = call("Query", R"({"TableName":"things","KeyConditionExpression":"pk = :a AND sk > :n",
      "ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"9"}},
      "ExpressionAttributeValues":{":a":{"S":"a"},":n":{"N":"1"}}})");
  EXPECT_EQ(keys(rest.body), "10 ");
  auto filtered = call("Scan", R"({"TableName":"things","FilterExpression":"even = :t",
      "ExpressionAttributeValues":{":t":{"BOOL":true}}})");
  EXPECT_EQ(filtered.body.at("Count"), 2);
  EXPECT_EQ(filtered.body.at("ScannedCount"), 4);
  EXPECT_EQ(message("Query", R"({"TableName":"things","KeyConditionExpression":"sk = :n",
      "ExpressionAttributeValues":{":n":{"N":"1"}}})"),
            "Query condition missed key schema element: pk");
}

TEST_F(DynamoDbTest, RefusesWhatIsNotThereByName) {
  auto unknown = call("ExecuteStatement", "{}");
  EXPECT_EQ(unknown.status, 501);
  EXPECT_THAT(codec::find_string(unknown.body, "message"), HasSubstr("dynamodb:ExecuteStatement"));
  auto old = call("PutItem", R"({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}},"Expected":{}})");
  EXPECT_EQ(old.status, 501);
  EXPECT_THAT(codec::find_string(old.body, "message"), HasSubstr("PutItem with Expected"));
}

TEST_F(DynamoDbTest, LetsNoUpdateNestDeeperThanAnItemMay) {
  std::string deep = R"({"S":"end"})";
  for (int level = 1; level < 31; ++level) deep = fmt::format(R"({{"M":{{"m":{}}}}})", deep);
  auto update = [&](std::string_view path) {
    return call("UpdateItem", fmt::format(R"({{"TableName":"things","Key":{{"pk":{{"S":"a"}},"sk":{{"N":"1"}}}},
        "UpdateExpression":"SET {} = :v","ExpressionAttributeValues":{{":v":{}}}}})",
                                          path, deep));
  };
  EXPECT_EQ(update("d").status, 200);
  EXPECT_EQ(update("d.more").status, 200);
  auto refused = update("d.m.more");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(codec::find_string(refused.body, "message"), HasSubstr("Nesting Levels have exceeded supported limits"));
}

TEST_F(DynamoDbTest, RefusesIteratorsOfNoTime) {
  for (auto inner : {R"({"after":0,"issued":-9223372036854775808})", R"({"after":-1,"issued":1})"}) {
    auto iterator = fmt::format("arn:aws:dynamodb:us-east-1:123456789012:table/things/stream/x|1|{}",
                                codec::base64_encode(std::string_view(inner)));
    EXPECT_EQ(message("GetRecords", fmt::format(R"({{"ShardIterator":"{}"}})", iterator)), "Invalid ShardIterator");
  }
}

TEST_F(DynamoDbTest, RefusesABatchOfNothing) {
  EXPECT_THAT(message("BatchWriteItem", R"({"RequestItems":{"things":[]}})"),
              HasSubstr("Member must have length greater than or equal to 1"));
  auto conditional = call("BatchWriteItem", R"x({"RequestItems":{"things":[{"PutRequest":{
      "Item":{"pk":{"S":"a"},"sk":{"N":"1"}},"ConditionExpression":"attribute_exists(pk)"}}]}})x");
  EXPECT_EQ(conditional.status, 501);
}

TEST_F(DynamoDbTest, RefusesValuesOutsideOfAnEnumeration) {
  EXPECT_THAT(message("UpdateItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}},
      "ReturnValues":"EVERYTHING"})"),
              HasSubstr("Value 'EVERYTHING' at 'returnValues' failed to satisfy constraint"));
  EXPECT_THAT(message("UpdateTable", R"({"TableName":"things","TableClass":"CHEAP"})"),
              HasSubstr("Value 'CHEAP' at 'tableClass' failed to satisfy constraint"));
}

TEST_F(DynamoDbTest, TellsPoliciesTheLeadingKeyOfTheIndexThatIsRead) {
  call("CreateTable", R"({"TableName":"indexed","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"owner_id","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
      "GlobalSecondaryIndexes":[{"IndexName":"by-owner","Projection":{"ProjectionType":"ALL"},
        "KeySchema":[{"AttributeName":"owner_id","KeyType":"HASH"}]}]})");
  auto owner = test_.role("owner", R"({"Statement":{"Effect":"Allow","Action":"dynamodb:Query","Resource":"*",
      "Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["me"]}}}})");
  auto query = [&](std::string_view whose) {
    return test_.json_call(*dynamodb_, "Query",
                           fmt::format(R"({{"TableName":"indexed","IndexName":"by-owner",
        "KeyConditionExpression":"owner_id = :o","ExpressionAttributeValues":{{":o":{{"S":"{}"}}}}}})",
                                       whose),
                           "dynamodb", owner);
  };
  EXPECT_EQ(query("me").status, 200);
  EXPECT_EQ(codec::find_string(query("you").body, "__type"), "com.amazon.coral.service#AccessDeniedException");
}

TEST_F(DynamoDbTest, AsksIamBeforeAnything) {
  auto reader = test_.role("reader", R"({"Statement":{"Effect":"Allow","Action":"dynamodb:GetItem",
      "Resource":"arn:aws:dynamodb:us-east-1:123456789012:table/things"}})");
  EXPECT_EQ(test_
                .json_call(*dynamodb_, "GetItem", R"({"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"N":"1"}}})",
                           "dynamodb", reader)
                .status,
            200);
  auto denied = test_.json_call(*dynamodb_, "PutItem",
                                R"({"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"N":"1"}}})", "dynamodb", reader);
  EXPECT_EQ(denied.status, 400);
  EXPECT_EQ(codec::find_string(denied.body, "__type"), "com.amazon.coral.service#AccessDeniedException");
  EXPECT_THAT(codec::find_string(denied.body, "message"), HasSubstr("dynamodb:PutItem"));
}

TEST_F(DynamoDbTest, MakesTablesFromTemplates) {
  auto types = dynamodb_->resource_types();
  auto made = test_.create(types, "AWS::DynamoDB::Table", R"({"BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]})");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  auto described = call("DescribeTable", "{\"TableName\":\"" + made->physical_id + "\"}");
  EXPECT_EQ(codec::find_string(described.body, "Table", "TableStatus"), "ACTIVE");
  EXPECT_EQ(codec::find_string(described.body, "Table", "TableArn"),
            std::string(made->attributes.at("Arn").as_string()));
}

}  // namespace
}  // namespace localcloud
