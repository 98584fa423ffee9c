#include "app/network.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/rewriting.h"

namespace app {
namespace {

using app::testing::rewritten;
using app::testing::words_on;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A function F in Private, whose route table is Table, of Vpc; with more resources, one per line and two spaces deep.
std::string in_a_vpc(std::string_view more, std::string_view subnets = "[!Ref Private]") {
  return fmt::format(R"(
Parameters:
  WithNat: {{Type: String, Default: 'no'}}
  Given: {{Type: 'List<AWS::EC2::Subnet::Id>'}}
Conditions: {{HasNat: !Equals [!Ref WithNat, 'yes']}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {{CodeUri: a, Handler: a.b, Runtime: nodejs22.x, VpcConfig: {{SubnetIds: {}, SecurityGroupIds: []}}}}
  Vpc: {{Type: AWS::EC2::VPC}}
  Private: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc}}}}
  Other: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc}}}}
  Table: {{Type: AWS::EC2::RouteTable, Properties: {{VpcId: !Ref Vpc}}}}
  Association:
    Type: AWS::EC2::SubnetRouteTableAssociation
    Properties: {{SubnetId: !GetAtt Private.SubnetId, RouteTableId: !Ref Table}}
{})",
                     subnets, more);
}

std::string route(std::string_view target, std::string_view more = "") {
  return fmt::format(
      "  Route: {{Type: AWS::EC2::Route, Properties: {{RouteTableId: !Ref Table, DestinationCidrBlock: 0.0.0.0/0, "
      "{}}}{}}}\n",
      target, more);
}

constexpr const char* kInternetGateway = "  Internet: {Type: AWS::EC2::InternetGateway}\n";

TEST(ExplainNetworks, SayNothingOfAFunctionWithARouteOrWithoutAVpc) {
  for (const char* target : {"NatGatewayId: !Ref Nat", "NatGatewayId: nat-1", "TransitGatewayId: tgw-1",
                             "InstanceId: i-1", "GatewayId: vgw-1"}) {
    auto outcome = rewritten(in_a_vpc(route(target)));
    EXPECT_THAT(outcome.diagnostics, IsEmpty()) << target;
  }
  EXPECT_THAT(rewritten(in_a_vpc("", "[]")).diagnostics, IsEmpty());
  EXPECT_THAT(rewritten(in_a_vpc("", "!Ref AWS::NoValue")).diagnostics, IsEmpty());
}

TEST(ExplainNetworks, NameSubnetsWithoutARoute) {
  EXPECT_THAT(words_on(rewritten(in_a_vpc("")), "F"),
              ElementsAre(AllOf(HasSubstr("does not reach this machine: no route leads from Private"),
                                HasSubstr("docs/vpc.md"))));
  // Other has the main route table of a VPC that the template makes.
  EXPECT_THAT(words_on(rewritten(in_a_vpc(route("NatGatewayId: nat-1"), "[!Ref Private, !Ref Other]")), "F"),
              ElementsAre(HasSubstr("does not always reach this machine: no route leads from Other")));
  EXPECT_THAT(words_on(rewritten(in_a_vpc(route("NatGatewayId: nat-1", ", Condition: HasNat"))), "F"),
              ElementsAre(HasSubstr("no route leads from Private")));
}

TEST(ExplainNetworks, TakeAnInternetGatewayForNoWay) {
  for (const char* target : {"GatewayId: !Ref Internet", "GatewayId: igw-1"}) {
    auto outcome = rewritten(in_a_vpc(kInternetGateway + route(target)));
    EXPECT_THAT(words_on(outcome, "F"), ElementsAre(AllOf(HasSubstr("the route of Private"),
                                                          HasSubstr("internet gateway"), HasSubstr("public address"))))
        << target;
  }
}

TEST(ExplainNetworks, NameAnExecuteApiEndpointWithPrivateDns) {
  auto endpoint = [](std::string_view service, std::string_view more) {
    return route("NatGatewayId: nat-1") +
           fmt::format("  End: {{Type: AWS::EC2::VPCEndpoint, Properties: {{ServiceName: {}, {}}}}}\n", service, more);
  };
  const char* kService = "!Sub 'com.amazonaws.${AWS::Region}.execute-api'";
  for (const char* service : {kService, "com.amazonaws.eu-west-1.execute-api",
                              "!Join ['', [com.amazonaws., !Ref AWS::Region, .execute-api]]"}) {
    auto outcome = rewritten(in_a_vpc(endpoint(service, "VpcId: !Ref Vpc, PrivateDnsEnabled: true")));
    EXPECT_THAT(words_on(outcome, "F"), ElementsAre(AllOf(HasSubstr("End, an execute-api endpoint with private DNS"),
                                                          HasSubstr("403"), HasSubstr("docs/vpc.md"))))
        << service;
  }
  for (const auto& harmless : {endpoint(kService, "VpcId: !Ref Vpc, PrivateDnsEnabled: false"),
                               endpoint(kService, "VpcId: vpc-1, PrivateDnsEnabled: true"),
                               endpoint("com.amazonaws.eu-west-1.sqs", "VpcId: !Ref Vpc, PrivateDnsEnabled: true")}) {
    EXPECT_THAT(rewritten(in_a_vpc(harmless)).diagnostics, IsEmpty()) << harmless;
  }
}

TEST(ExplainNetworks, SayOnceWhatTheTemplateDoesNotShow) {
  for (const char* subnets : {"!Ref Given", "[subnet-1, subnet-2]", "[!ImportValue theirs]"}) {
    auto outcome = rewritten(in_a_vpc(R"(
  G:
    Type: AWS::Lambda::Function
    Properties:
      Code: a
      Handler: a.b
      Runtime: nodejs22.x
      Role: !GetAtt R.Arn
      VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: []}
  R: {Type: AWS::IAM::Role, Properties: {}}
)",
                                      subnets));
    EXPECT_THAT(words_on(outcome, ""), ElementsAre(HasSubstr("whether F, G reach the internet"))) << subnets;
    EXPECT_THAT(words_on(outcome, "F"), IsEmpty()) << subnets;
  }
  constexpr std::pair<const char*, const char*> kUnclear[] = {
      {"Private",
       "  Route: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Table, DestinationPrefixListId: p}}\n"},
      {"Other",
       "  More: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !ImportValue x, RouteTableId: "
       "t}}\n"},
      {"Private", "  Fn::ForEach::Routes: [N, !Ref Given, {}]\n"}};
  for (auto [subnet, more] : kUnclear) {
    EXPECT_THAT(words_on(rewritten(in_a_vpc(more, fmt::format("[!Ref {}]", subnet))), ""),
                ElementsAre(HasSubstr("whether F reaches the internet from its VPC")))
        << more;
  }
}

TEST(ExplainNetworks, TakeTheVpcOfGlobals) {
  auto outcome = rewritten(R"(
Globals: {Function: {VpcConfig: {SubnetIds: [!Ref Alone]}}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {CodeUri: a, Handler: a.b, Runtime: nodejs22.x}}
  G: {Type: AWS::Serverless::Function, IgnoreGlobals: [VpcConfig], Properties: {CodeUri: a, Handler: a.b, Runtime: nodejs22.x}}
  Vpc: {Type: AWS::EC2::VPC}
  Alone: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc}}
)");
  EXPECT_THAT(words_on(outcome, "F"), ElementsAre(HasSubstr("no route leads from Alone")));
  EXPECT_THAT(words_on(outcome, "G"), IsEmpty());
}

}  // namespace
}  // namespace app
