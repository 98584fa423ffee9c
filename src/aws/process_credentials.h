// Keys that a program prints (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
#pragma once

#include <memory>

#include "aws/credentials.h"
#include "aws/run_program.h"

namespace aws {

// `programs` outlives it. `name` stands for the command in messages, which must not show it: it may hold secrets.
std::unique_ptr<CredentialsSource> process_credentials(RunProgram& programs, std::vector<std::string> command,
                                                       std::string name);

// The words of a command line as a POSIX shell cuts them, without expansions.
std::vector<std::string> split_command(std::string_view line);

// {"AccessKeyId", "SecretAccessKey", "SessionToken" or "Token", "Expiration"}, as processes and metadata services
// answer. Errors: credentials. `name` says who answered.
base::Result<IssuedCredentials> read_issued(std::string_view json, std::string_view name);

}  // namespace aws
