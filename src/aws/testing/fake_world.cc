#include "aws/testing/fake_world.h"

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"

namespace aws::testing {

awaitable<base::Result<net::Response>> FakeHttp::send(net::Url url, net::Request request, net::SendOptions options) {
  sent.push_back({url, request, options});
  if (!answer_) co_return base::fail(base::ErrorKind::connect, "cannot connect to " + url.origin());
  co_return answer_(url, request);
}

awaitable<base::Result<ProgramOutcome>> FakePrograms::run(std::vector<std::string> command) {
  commands.push_back(command);
  auto found = outcomes.find(command.front());
  if (found == outcomes.end()) co_return base::fail(base::ErrorKind::not_found, "no program " + command.front());
  co_return found->second;
}

FakeWorld::FakeWorld() : environment{{"HOME", "/home/tom"}} {}

AccountSurroundings FakeWorld::surroundings() {
  return {.clock = clock,
          .programs = programs,
          .mfa = mfa,
          .read_file = [this](const std::string& path) -> std::optional<std::string> {
            auto file = files.find(path);
            return file == files.end() ? std::nullopt : std::optional(file->second);
          },
          .write_file = [this](const std::string& path, std::string_view text) -> base::Result<> {
            files[path] = text;
            return {};
          },
          .make_tls = [this](std::string ca_pem) -> base::Result<std::shared_ptr<net::TlsContext>> {
            trusted = std::move(ca_pem);
            return std::shared_ptr<net::TlsContext>();
          },
          .make_http = [this](std::shared_ptr<net::TlsContext>, std::shared_ptr<const net::Proxies>) { return http; }};
}

base::Result<Account> FakeWorld::find(std::string profile, std::string region) {
  return result_of(find_account({std::move(profile), std::move(region), environment}, surroundings()));
}

std::string FakeWorld::key(std::string profile) {
  auto account = find(std::move(profile));
  if (!account) return account.error().message;
  auto keys = result_of(account->credentials->get());
  return keys ? keys->access_key_id : keys.error().message;
}

void run(awaitable<void> work) {
  boost::asio::io_context loop;
  base::run_until_done(loop, std::move(work));
}

}  // namespace aws::testing
