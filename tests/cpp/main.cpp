// A function in C++ with AWS's own runtime client: what the e2e tests run live.
#include <aws/lambda-runtime/runtime.h>
#include <unistd.h>

#include <string>

#include "word.h"

using namespace aws::lambda_runtime;

int main() {
  run_handler([](const invocation_request& request) {
    if (request.payload.find("fail") != std::string::npos)
      return invocation_response::failure("no stock", "OutOfStock", "{}");
    const std::string answer = std::string(R"({"word": ")") + kWord + R"(", "event": )" + request.payload +
                               R"(, "arn": ")" + request.function_arn + R"(", "left": )" +
                               std::to_string(request.get_time_remaining().count()) + R"(, "pid": )" +
                               std::to_string(getpid()) + "}";
    return invocation_response::success(answer, "application/json");
  });
}
