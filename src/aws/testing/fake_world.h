// Fakes for what a client of AWS works with: HTTP answered by a function, files in a map, programs with a given output.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "aws/account.h"
#include "net/http_client.h"

namespace aws::testing {

// Answers each request by a function, and remembers it.
class FakeHttp final : public net::HttpClient {
 public:
  using Answer = std::function<base::Result<net::Response>(const net::Url&, const net::Request&)>;
  explicit FakeHttp(Answer answer = {}) : answer_(std::move(answer)) {}
  void answer_with(Answer answer) { answer_ = std::move(answer); }

  awaitable<base::Result<net::Response>> send(net::Url url, net::Request request, net::SendOptions options) override;
  void close_idle() override {}

  struct Sent {
    net::Url url;
    net::Request request;
    net::SendOptions options;
  };
  std::vector<Sent> sent;

 private:
  Answer answer_;
};

class FakePrograms final : public RunProgram {
 public:
  awaitable<base::Result<ProgramOutcome>> run(std::vector<std::string> command) override;

  std::map<std::string, ProgramOutcome> outcomes;  // by the program's name; others are not found
  std::vector<std::vector<std::string>> commands;
};

// An environment and files, and what find_account() makes of them.
struct FakeWorld {
  FakeWorld();
  base::Result<Account> find(std::string profile = {}, std::string region = {});
  // The keys that the account gives, or an error with its message as the access key.
  std::string key(std::string profile = {});
  // The files under ~/.aws.
  void config(std::string text) { files["/home/tom/.aws/config"] = std::move(text); }
  void credentials(std::string text) { files["/home/tom/.aws/credentials"] = std::move(text); }
  AccountSurroundings surroundings();

  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> files;
  std::shared_ptr<FakeHttp> http = std::make_shared<FakeHttp>();
  FakePrograms programs;
  base::FakeClock clock;
  PromptForMfa* mfa = nullptr;
  std::string trusted;  // the authorities that were asked for
};

// Runs a coroutine that never waits for the outside world, and gives its result.
template <typename T>
awaitable<void> keep_result(awaitable<T> work, std::optional<T>* out) {
  *out = co_await std::move(work);
}
void run(awaitable<void> work);
template <typename T>
T result_of(awaitable<T> work) {
  std::optional<T> out;
  run(keep_result(std::move(work), &out));
  return std::move(*out);
}

}  // namespace aws::testing
