#include "aws/cli_cache.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "aws/times.h"
#include "base/ids.h"
#include "codec/json.h"

namespace aws {
namespace {

namespace json = codec::json;
using namespace std::chrono_literals;

constexpr auto kLeastLife = 15min;

// Python's json.dumps(arguments, sort_keys=True), which is what is hashed.
std::string arguments_text(const AssumeRoleInput& role) {
  std::vector<std::string> members;
  auto add = [&members](std::string_view name, const std::string& value) {
    if (!value.empty()) members.push_back(fmt::format("\"{}\": {}", name, json::serialize(json::string(value))));
  };
  int seconds = 0;
  const std::string& text = role.duration_seconds;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number) members.push_back(fmt::format("\"DurationSeconds\": {}", seconds));
  add("ExternalId", role.external_id);
  add("RoleArn", role.role_arn);
  add("RoleSessionName", role.session_name);
  add("SerialNumber", role.mfa_serial);
  return fmt::format("{{{}}}", fmt::join(members, ", "));
}

std::optional<IssuedCredentials> read_keys(const std::string& text) {
  auto document = codec::parse_json(text);
  if (!document) return std::nullopt;
  auto member = [&document](std::string_view name) { return codec::find_string(*document, "Credentials", name); };
  IssuedCredentials issued{.keys = {member("AccessKeyId"), member("SecretAccessKey"), member("SessionToken")},
                           .expires = parse_iso_date(member("Expiration"))};
  if (issued.keys.access_key_id.empty() || issued.keys.secret_access_key.empty()) return std::nullopt;
  return issued;
}

std::string keys_text(const IssuedCredentials& issued) {
  json::value document = {{"Credentials",
                           {{"AccessKeyId", issued.keys.access_key_id},
                            {"SecretAccessKey", issued.keys.secret_access_key},
                            {"SessionToken", issued.keys.session_token},
                            {"Expiration", iso_date(*issued.expires)}}}};
  return codec::to_text(document);
}

class CachedRoleCredentials final : public CredentialsSource {
 public:
  CachedRoleCredentials(std::unique_ptr<CredentialsSource> source, std::string file, const base::Clock& clock,
                        ReadFile read_file, WriteFile write_file)
      : source_(std::move(source)),
        file_(std::move(file)),
        clock_(clock),
        read_file_(std::move(read_file)),
        write_file_(std::move(write_file)) {}

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    auto text = read_file_(file_);
    auto kept = text ? read_keys(*text) : std::nullopt;
    if (kept && kept->expires && *kept->expires - clock_.wall_now() >= kLeastLife) co_return *kept;
    CO_TRY(auto issued, co_await source_->fetch());
    if (issued.expires) static_cast<void>(write_file_(file_, keys_text(issued)));
    co_return issued;
  }

 private:
  std::unique_ptr<CredentialsSource> source_;
  const std::string file_;
  const base::Clock& clock_;
  ReadFile read_file_;
  WriteFile write_file_;
};

}  // namespace

std::string cache_file(const std::string& folder, std::string_view hashed) {
  std::array<std::uint8_t, 20> digest{};
  unsigned int length = 0;
  EVP_Digest(hashed.data(), hashed.size(), digest.data(), &length, EVP_sha1(), nullptr);
  return fmt::format("{}/{}.json", folder, base::to_hex(digest));
}

std::unique_ptr<CredentialsSource> cached_role_credentials(std::unique_ptr<CredentialsSource> source, CachedRole cached,
                                                           const base::Clock& clock, ReadFile read_file,
                                                           WriteFile write_file) {
  return std::make_unique<CachedRoleCredentials>(std::move(source),
                                                 cache_file(cached.folder, arguments_text(cached.role)), clock,
                                                 std::move(read_file), std::move(write_file));
}

}  // namespace aws
