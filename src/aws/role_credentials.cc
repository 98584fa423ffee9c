#include "aws/role_credentials.h"

#include <fmt/format.h>

namespace aws {
namespace {

// The role's name says more than the service's words alone.
base::Error not_assumed(const std::string& role_arn, base::Error error) {
  error.message = fmt::format("cannot assume {}: {}", role_arn, error.message);
  return error;
}

class RoleCredentials final : public CredentialsSource {
 public:
  RoleCredentials(ClientConfig sts, AssumeRoleInput role, PromptForMfa* mfa)
      : sts_(std::move(sts)), role_(std::move(role)), mfa_(mfa) {}

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    AssumeRoleInput input = role_;
    if (!input.mfa_serial.empty()) {
      if (mfa_ == nullptr) {
        co_return base::fail(
            base::ErrorKind::credentials,
            fmt::format("the code of the MFA device {} is needed, and nobody can be asked", input.mfa_serial),
            "Run the command on a terminal, or export temporary credentials first.");
      }
      CO_TRY(input.mfa_code, co_await mfa_->ask(input.mfa_serial));
    }
    auto issued = co_await assume_role(sts_, std::move(input));
    if (!issued) co_return base::fail(not_assumed(role_.role_arn, issued.error()));
    co_return issued;
  }

 private:
  ClientConfig sts_;
  AssumeRoleInput role_;
  PromptForMfa* mfa_;
};

class WebIdentityCredentials final : public CredentialsSource {
 public:
  WebIdentityCredentials(ClientConfig sts, WebIdentity identity, ReadFile read_file)
      : sts_(std::move(sts)), identity_(std::move(identity)), read_file_(std::move(read_file)) {
    sts_.credentials = nullptr;
  }

  awaitable<base::Result<IssuedCredentials>> fetch() override {
    auto token = read_file_(identity_.token_file);
    if (!token) {
      co_return base::fail(base::ErrorKind::credentials,
                           fmt::format("the web identity token file {} cannot be read", identity_.token_file),
                           "Mend AWS_WEB_IDENTITY_TOKEN_FILE, or `web_identity_token_file` of the profile.");
    }
    auto issued = co_await assume_role_with_web_identity(sts_, identity_.role_arn, identity_.session_name, *token);
    if (!issued) co_return base::fail(not_assumed(identity_.role_arn, issued.error()));
    co_return issued;
  }

 private:
  ClientConfig sts_;
  WebIdentity identity_;
  ReadFile read_file_;
};

}  // namespace

std::unique_ptr<CredentialsSource> role_credentials(ClientConfig sts, AssumeRoleInput role, PromptForMfa* mfa) {
  return std::make_unique<RoleCredentials>(std::move(sts), std::move(role), mfa);
}

std::unique_ptr<CredentialsSource> web_identity_credentials(ClientConfig sts, WebIdentity identity,
                                                            ReadFile read_file) {
  return std::make_unique<WebIdentityCredentials>(std::move(sts), std::move(identity), std::move(read_file));
}

}  // namespace aws
