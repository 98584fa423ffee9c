#include "localcloud/cloudformation/accepted_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "localcloud/sync_type.h"

namespace localcloud {
namespace {

// The properties are those of AWS's resource provider schemas; a change of one with a star needs a replacement.
// In ids and attributes, {=Property|other} is a property's value, else the other (a generated name, if all of an id is
// empty), {hex} and {uuid} are made up, {stack} is the stack's name; "[a,b]" is a list.
constexpr std::string_view kTypes = R"(
AWS::CDK::Metadata
  id       {uuid}
  accepts  Analytics

AWS::CloudWatch::Alarm
  id       {=AlarmName}
  accepts  ActionConfiguration ActionsEnabled AlarmActions AlarmDescription AlarmName* ComparisonOperator
           DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationCriteria EvaluationInterval
           EvaluationPeriods EvaluationWindow ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace
           OKActions Period Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit WarmUpConfiguration
  gives    Arn=arn:aws:cloudwatch:{region}:{account}:alarm:{id}

AWS::CloudWatch::Dashboard
  id       {=DashboardName}
  accepts  DashboardBody DashboardName* Tags

AWS::EC2::DHCPOptions
  id       dopt-{hex}
  accepts  DomainName* DomainNameServers* Ipv6AddressPreferredLeaseTime* NetbiosNameServers* NetbiosNodeType*
           NtpServers* Tags
  gives    DhcpOptionsId={id}

AWS::EC2::EIP
  id       198.51.100.7
  accepts  Address* Domain InstanceId IpamPoolId* NetworkBorderGroup* PublicIpv4Pool Tags TransferAddress*
  gives    AllocationId=eipalloc-{hex} PublicIp={id}

AWS::EC2::EgressOnlyInternetGateway
  id       eigw-{hex}
  accepts  Tags VpcId*
  gives    Id={id}

AWS::EC2::InternetGateway
  id       igw-{hex}
  accepts  Tags
  gives    InternetGatewayId={id}

AWS::EC2::NatGateway
  id       nat-{hex}
  accepts  AllocationId* AvailabilityMode* AvailabilityZoneAddresses ConnectivityType* MaxDrainDurationSeconds
           PrivateIpAddress* SecondaryAllocationIds SecondaryPrivateIpAddressCount SecondaryPrivateIpAddresses
           SubnetId* Tags VpcId*
  gives    NatGatewayId={id} EniId=eni-{hex}

AWS::EC2::NetworkAcl
  id       acl-{hex}
  accepts  Tags VpcId*
  gives    Id={id}

AWS::EC2::NetworkAclEntry
  id       {stack}-{hex}
  accepts  CidrBlock Egress* Icmp Ipv6CidrBlock NetworkAclId* PortRange Protocol RuleAction RuleNumber*
  gives    Id={id}

AWS::EC2::Route
  id       {=RouteTableId}|{=DestinationCidrBlock}
  accepts  CarrierGatewayId CoreNetworkArn DestinationCidrBlock* DestinationIpv6CidrBlock* DestinationPrefixListId*
           EgressOnlyInternetGatewayId GatewayId InstanceId LocalGatewayId NatGatewayId NetworkInterfaceId
           OdbNetworkArn RouteTableId* TransitGatewayId VpcEndpointId VpcPeeringConnectionId
  gives    CidrBlock={=DestinationCidrBlock}

AWS::EC2::RouteTable
  id       rtb-{hex}
  accepts  Tags VpcId*
  gives    RouteTableId={id}

AWS::EC2::SecurityGroup
  id       sg-{hex}
  accepts  GroupDescription* GroupName* SecurityGroupEgress SecurityGroupIngress Tags VpcId*
  gives    GroupId={id} Id={id} VpcId={=VpcId}

AWS::EC2::SecurityGroupEgress
  id       sgr-{hex}
  accepts  CidrIp* CidrIpv6* Description DestinationPrefixListId* DestinationSecurityGroupId* FromPort* GroupId*
           IpProtocol* ToPort*
  gives    Id={id}

AWS::EC2::SecurityGroupIngress
  id       sgr-{hex}
  accepts  CidrIp* CidrIpv6* Description FromPort* GroupId* GroupName* IpProtocol* SourcePrefixListId*
           SourceSecurityGroupId* SourceSecurityGroupName* SourceSecurityGroupOwnerId* ToPort*
  gives    Id={id}

AWS::EC2::Subnet
  id       subnet-{hex}
  accepts  AssignIpv6AddressOnCreation AvailabilityZone* AvailabilityZoneId* CidrBlock* EnableDns64
           EnableLniAtDeviceIndex Ipv4IpamPoolId* Ipv4NetmaskLength* Ipv6CidrBlock Ipv6IpamPoolId* Ipv6Native*
           Ipv6NetmaskLength* MapPublicIpOnLaunch OutpostArn* PrivateDnsNameOptionsOnLaunch Tags VpcId*
  gives    SubnetId={id} AvailabilityZone={=AvailabilityZone|us-east-1a} AvailabilityZoneId=use1-az1 CidrBlock={=CidrBlock}
           Ipv6CidrBlocks=[] NetworkAclAssociationId=aclassoc-{hex} VpcId={=VpcId} OutpostArn={=OutpostArn}

AWS::EC2::SubnetNetworkAclAssociation
  id       aclassoc-{hex}
  accepts  NetworkAclId* SubnetId*
  gives    AssociationId={id}

AWS::EC2::SubnetRouteTableAssociation
  id       rtbassoc-{hex}
  accepts  RouteTableId* SubnetId*
  gives    Id={id}

AWS::EC2::VPC
  id       vpc-{hex}
  accepts  CidrBlock* EnableDnsHostnames EnableDnsSupport InstanceTenancy Ipv4IpamPoolId* Ipv4NetmaskLength* Tags
           VpcEncryptionControl*
  gives    VpcId={id} CidrBlock={=CidrBlock} CidrBlockAssociations=[vpc-cidr-assoc-{hex}] DefaultNetworkAcl=acl-{hex}
           DefaultSecurityGroup=sg-{hex} Ipv6CidrBlocks=[]

AWS::EC2::VPCDHCPOptionsAssociation
  id       {stack}-{hex}
  accepts  DhcpOptionsId* VpcId*

AWS::EC2::VPCEndpoint
  id       vpce-{hex}
  accepts  DnsOptions IpAddressType PolicyDocument PrivateDnsEnabled ResourceConfigurationArn* RouteTableIds
           SecurityGroupIds ServiceName* ServiceNetworkArn* ServiceRegion* SubnetIds Tags VpcEndpointType* VpcId*
  gives    Id={id} CreationTimestamp=2026-01-01T00:00:00.000Z DnsEntries=[] NetworkInterfaceIds=[eni-{hex}]

AWS::EC2::VPCGatewayAttachment
  id       IGW|{=VpcId}
  accepts  InternetGatewayId VpcId* VpnGatewayId
  gives    AttachmentType=IGW

AWS::ECR::Repository
  id       {=RepositoryName}
  accepts  EmptyOnDelete EncryptionConfiguration* ImageScanningConfiguration ImageTagMutability
           ImageTagMutabilityExclusionFilters LifecyclePolicy RepositoryName* RepositoryPolicyText Tags
  gives    Arn=arn:aws:ecr:{region}:{account}:repository/{id} RepositoryUri={account}.dkr.ecr.{region}.amazonaws.com/{id}
)";

struct AcceptedDescription {
  std::string_view name;
  std::string_view id;
  std::set<std::string_view> properties;
  std::set<std::string_view> replaces;
  std::vector<std::pair<std::string_view, std::string_view>> attributes;
};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = line.find_first_not_of(' ');
    if (begin == std::string_view::npos) return words;
    const auto end = std::min(line.find(' ', begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

std::vector<AcceptedDescription> read_types(std::string_view text) {
  std::vector<AcceptedDescription> types;
  std::string_view kind;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto words = words_of(line);
    if (words.empty()) continue;
    if (!line.starts_with(' ')) {
      types.push_back({.name = words.front(), .id = {}, .properties = {}, .replaces = {}, .attributes = {}});
      continue;
    }
    constexpr std::string_view kContinued = "    ";
    if (!line.starts_with(kContinued)) {
      kind = words.front();
      words.erase(words.begin());
    }
    auto& type = types.back();
    for (auto word : words) {
      if (kind == "id") {
        type.id = word;
      } else if (kind == "accepts") {
        const bool replaces = word.ends_with('*');
        if (replaces) word.remove_suffix(1);
        type.properties.insert(word);
        if (replaces) type.replaces.insert(word);
      } else {
        const auto equals = word.find('=');
        type.attributes.emplace_back(word.substr(0, equals), word.substr(equals + 1));
      }
    }
  }
  return types;
}

// 17 hexadecimal digits, always the same for the same seed.
std::string hex_of(std::string_view seed) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : seed) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("0{:016x}", hash);
}

class AcceptedType final : public SyncType {
 public:
  AcceptedType(AcceptedDescription description, std::string account_id, std::string region)
      : SyncType({.name = description.name,
                  .works = {},
                  .accepted = description.properties,
                  .replaces = description.replaces}),
        description_(std::move(description)),
        account_id_(std::move(account_id)),
        region_(std::move(region)) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto id = filled(description_.id, request, base::random_uuid());
    if (id.empty()) {
      id = generated_name(request.stack_name, request.logical_id, kMaxName);
      std::transform(id.begin(), id.end(), id.begin(), [this](unsigned char c) {
        return static_cast<char>(name() == "AWS::ECR::Repository" ? std::tolower(c) : c);
      });
    }
    return state_of(std::move(id), request);
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return state_of(request.physical_id, request);
  }
  base::Result<> destroy(const ResourceRequest&) override { return {}; }

 private:
  static constexpr std::size_t kMaxName = 255;

  ResourceState state_of(std::string id, const ResourceRequest& request) const {
    ResourceState state{.physical_id = std::move(id)};
    ResourceRequest named = request;
    named.physical_id = state.physical_id;
    for (const auto& [attribute, pattern] : description_.attributes) {
      state.attributes[attribute] = attribute_of(pattern, named, attribute);
    }
    return state;
  }

  json::value attribute_of(std::string_view pattern, const ResourceRequest& request, std::string_view attribute) const {
    const auto seed = fmt::format("{} {}", request.physical_id, attribute);
    if (!pattern.starts_with('[')) return json::string(filled(pattern, request, seed));
    json::array list;
    if (const auto inner = pattern.substr(1, pattern.size() - 2); !inner.empty())
      list.emplace_back(json::string(filled(inner, request, seed)));
    return list;
  }

  std::string filled(std::string_view pattern, const ResourceRequest& request, const std::string& seed) const {
    std::string result;
    while (true) {
      const auto open = pattern.find('{');
      result.append(pattern.substr(0, open));
      if (open == std::string_view::npos) return result;
      const auto close = pattern.find('}', open);
      const auto name = pattern.substr(open + 1, close - open - 1);
      pattern.remove_prefix(close + 1);
      const auto bar = std::min(name.find('|'), name.size());
      const auto fallback = name.substr(std::min(bar + 1, name.size()));
      if (name.starts_with('='))
        result += text_property(request.properties, name.substr(1, bar - 1), fallback);
      else if (name == "hex")
        result += hex_of(seed);
      else if (name == "uuid")
        result += seed;
      else if (name == "stack")
        result += request.stack_name;
      else if (name == "id")
        result += request.physical_id;
      else if (name == "account")
        result += account_id_;
      else if (name == "region")
        result += region_;
    }
  }

  AcceptedDescription description_;
  std::string account_id_;
  std::string region_;
};

}  // namespace

ResourceTypes accepted_resource_types(const std::string& account_id, const std::string& region) {
  ResourceTypes types;
  for (auto& description : read_types(kTypes))
    types.push_back(std::make_unique<AcceptedType>(std::move(description), account_id, region));
  return types;
}

}  // namespace localcloud
