// The secrets of the account: the rules of names, versions, staging labels and deletion as the Secrets Manager user
// guide and API reference have them. Pure state: no wire, no permission, no encryption.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

constexpr std::string_view kCurrentStage = "AWSCURRENT";
constexpr std::string_view kPreviousStage = "AWSPREVIOUS";

// One of the two, or none.
struct SecretContent {
  std::optional<std::string> text = {};
  std::optional<std::string> binary = {};  // Base64, as it came

  bool empty() const { return !text && !binary; }
  bool operator==(const SecretContent&) const = default;
};

struct SecretVersion {
  std::string id;
  SecretContent content;
  std::set<std::string, std::less<>> stages = {};
  base::WallTime created = {};
  std::optional<base::WallTime> accessed = {};
};

struct Secret {
  std::int64_t number = 0;  // in order of creation
  std::string name;
  std::string arn;
  std::string description = {};
  std::string kms_key = {};  // as it was given
  std::map<std::string, std::string> tags = {};
  std::vector<SecretVersion> versions = {};  // oldest first
  json::value policy = {};                   // null if there is none
  base::WallTime created = {};
  base::WallTime changed = {};
  std::optional<base::WallTime> accessed = {};
  std::optional<base::WallTime> deletion = {};  // set while it is marked for deletion: when it goes
};

// Errors of all: ResourceNotFoundException, ResourceExistsException, InvalidRequestException, … by AWS's codes.
class SecretStore {
 public:
  using Secrets = std::map<std::string, Secret, std::less<>>;

  // By name, ARN, or ARN without its last seven characters.
  base::Result<Secret*> find(std::string_view id);
  base::Result<Secret*> create(std::string_view name, std::string arn, base::WallTime now);
  // A version with these labels, which leave the versions that had them; the version of the same id if it has the same
  // content. The first version is always AWSCURRENT.
  base::Result<const SecretVersion*> put(Secret& secret, std::string version_id, SecretContent content,
                                         const std::vector<std::string>& stages, base::WallTime now);
  base::Result<SecretVersion*> select(Secret& secret, std::string_view version_id, std::string_view stage);
  void remove(std::string_view name);
  // Removes what is marked for deletion and past its recovery window.
  void expire(base::WallTime now);
  const Secrets& all() const { return secrets_; }

 private:
  Secrets secrets_;
  std::int64_t count_ = 0;
};

// Errors: ValidationException, InvalidParameterException.
base::Result<> check_secret_name(std::string_view name);
base::Result<> check_secret_content(const SecretContent& content);
base::Result<> check_not_deleted(const Secret& secret);

}  // namespace localcloud
