#include "aws/credentials.h"

#include <fmt/format.h>

namespace aws {
namespace {

using Environment = std::map<std::string, std::string>;
using Section = std::map<std::string, std::string>;
using Sections = std::map<std::string, Section>;

std::string get(const std::map<std::string, std::string>& map, const std::string& key) {
  auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

std::string trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

constexpr std::string_view kHint =
    "Run `aws configure` or `aws sso login`, set AWS_PROFILE, or try `livelambda start --local`, which needs no "
    "account.";

// Ways to credentials that the shared files can name and that are not read yet.
std::string unsupported_source(const Section& profile) {
  for (const char* key : {"role_arn", "sso_session", "sso_start_url", "credential_process"}) {
    if (profile.contains(key)) return key;
  }
  return {};
}

}  // namespace

std::map<std::string, std::map<std::string, std::string>> parse_ini(std::string_view text) {
  Sections sections;
  std::string current;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      current = trimmed(std::string_view(line).substr(1, line.size() - 2));
      if (current.starts_with("profile ")) current = trimmed(std::string_view(current).substr(8));
      sections[current];
    } else if (std::size_t equals = line.find('='); equals != std::string::npos) {
      sections[current][trimmed(std::string_view(line).substr(0, equals))] =
          trimmed(std::string_view(line).substr(equals + 1));
    }
  }
  return sections;
}

base::Result<Account> find_account(
    const Environment& environment,
    const std::function<std::optional<std::string>(const std::string& path)>& read_file) {
  std::string home = get(environment, "HOME");
  auto file_of = [&](const char* variable, const char* fallback) {
    std::string path = get(environment, variable);
    return read_file(path.empty() ? home + "/.aws/" + fallback : path);
  };
  Sections credentials_file = parse_ini(file_of("AWS_SHARED_CREDENTIALS_FILE", "credentials").value_or(""));
  Sections config_file = parse_ini(file_of("AWS_CONFIG_FILE", "config").value_or(""));
  std::string profile = get(environment, "AWS_PROFILE");
  bool named = !profile.empty();
  if (!named) profile = "default";
  Section merged = config_file[profile];
  for (const auto& [key, value] : credentials_file[profile]) merged[key] = value;

  Account account;
  account.region = get(environment, "AWS_REGION");
  if (account.region.empty()) account.region = get(environment, "AWS_DEFAULT_REGION");
  if (account.region.empty()) account.region = get(merged, "region");
  account.credentials = {get(environment, "AWS_ACCESS_KEY_ID"), get(environment, "AWS_SECRET_ACCESS_KEY"),
                         get(environment, "AWS_SESSION_TOKEN")};
  account.source = "environment";
  if (account.credentials.access_key_id.empty() || account.credentials.secret_access_key.empty()) {
    account.credentials = {get(merged, "aws_access_key_id"), get(merged, "aws_secret_access_key"),
                           get(merged, "aws_session_token")};
    account.source = "profile " + profile;
  }
  if (account.credentials.access_key_id.empty() || account.credentials.secret_access_key.empty()) {
    if (std::string source = unsupported_source(merged); !source.empty()) {
      return base::fail(
          base::ErrorKind::credentials,
          fmt::format("profile {} gets its credentials by {}, which livelambda cannot read yet", profile, source),
          fmt::format("Run `eval \"$(aws configure export-credentials --profile {} --format env)\"` first.", profile));
    }
    return base::fail(
        base::ErrorKind::credentials,
        named ? fmt::format("profile {} has no AWS credentials", profile) : "no AWS credentials were found",
        std::string(kHint));
  }
  if (account.region.empty()) {
    return base::fail(base::ErrorKind::credentials, "no AWS region is set",
                      "Set AWS_REGION, or `region` of the profile with `aws configure`.");
  }
  return account;
}

}  // namespace aws
