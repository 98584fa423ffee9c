#include "aws/process_credentials.h"

#include <fmt/format.h>

#include "aws/times.h"
#include "codec/json.h"

namespace aws {
namespace {

class ProcessCredentials final : public CredentialsSource {
 public:
  ProcessCredentials(RunProgram& programs, std::vector<std::string> command, std::string name)
      : programs_(programs), command_(std::move(command)), name_(std::move(name)) {}

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    if (command_.empty()) co_return base::fail(base::ErrorKind::credentials, name_ + " is empty");
    auto outcome = co_await programs_.run(command_);
    if (!outcome) {
      bool late = outcome.error().kind == base::ErrorKind::transport;
      co_return base::fail(base::ErrorKind::credentials,
                           fmt::format("{} {}", name_, late ? "did not end within 30 s" : "cannot be run"), hint());
    }
    if (outcome->status != 0) {
      co_return base::fail(base::ErrorKind::credentials, fmt::format("{} ended with status {}", name_, outcome->status),
                           hint());
    }
    auto json = codec::parse_json(outcome->output);
    const auto* version = json ? codec::find(*json, "Version") : nullptr;
    if (version == nullptr || !version->is_int64() || version->get_int64() != 1) {
      co_return base::fail(base::ErrorKind::credentials, name_ + " did not print credentials of version 1", hint());
    }
    co_return read_issued(outcome->output, name_);
  }

 private:
  static std::string hint() { return "Run the command by hand to see what it says."; }

  RunProgram& programs_;
  std::vector<std::string> command_;
  std::string name_;
};

}  // namespace

std::unique_ptr<CredentialsSource> process_credentials(RunProgram& programs, std::vector<std::string> command,
                                                       std::string name) {
  return std::make_unique<ProcessCredentials>(programs, std::move(command), std::move(name));
}

std::vector<std::string> split_command(std::string_view line) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (quote == '\0' && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    bool escapes = c == '\\' && i + 1 < line.size() &&
                   (quote == '\0' || (quote == '"' && (line[i + 1] == '"' || line[i + 1] == '\\')));
    if (escapes) {
      words.back() += line[++i];
    } else if (quote == c) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  return words;
}

base::Result<IssuedCredentials> read_issued(std::string_view json, std::string_view name) {
  auto document = codec::parse_json(json);
  if (!document) return base::fail(base::ErrorKind::credentials, fmt::format("{} did not answer in JSON", name));
  IssuedCredentials issued{{codec::find_string(*document, "AccessKeyId"),
                            codec::find_string(*document, "SecretAccessKey"),
                            codec::find_string(*document, "SessionToken")}};
  if (issued.keys.session_token.empty()) issued.keys.session_token = codec::find_string(*document, "Token");
  if (issued.keys.access_key_id.empty() || issued.keys.secret_access_key.empty()) {
    return base::fail(base::ErrorKind::credentials,
                      fmt::format("{} answered without AccessKeyId or SecretAccessKey", name));
  }
  std::string expiration = codec::find_string(*document, "Expiration");
  if (expiration.empty()) return issued;
  issued.expires = parse_iso_date(expiration);
  if (!issued.expires) {
    return base::fail(base::ErrorKind::credentials, fmt::format("the Expiration of {} is not a date", name));
  }
  return issued;
}

}  // namespace aws
