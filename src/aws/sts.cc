#include "aws/sts.h"

#include "aws/query.h"

namespace aws {

awaitable<base::Result<CallerIdentity>> get_caller_identity(ClientConfig config) {
  CO_TRY(auto result,
         co_await call_query(config, {.service = "sts", .version = "2011-06-15", .action = "GetCallerIdentity"}));
  co_return CallerIdentity{result.text_of("Account"), result.text_of("Arn"), result.text_of("UserId")};
}

}  // namespace aws
