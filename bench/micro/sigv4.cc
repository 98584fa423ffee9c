// What the signature of a request costs: a frame posted to a connection, a query of the registrations' table, and the
// presigned URL of a WebSocket.
#include "aws/sigv4.h"

#include <benchmark/benchmark.h>

namespace {

const aws::Credentials kCredentials{"ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                    std::string(800, 'T')};
constexpr auto kNow = base::WallTime(std::chrono::seconds(1'767'323'045));
constexpr std::string_view kApi = "abcdefghij.execute-api.eu-central-1.amazonaws.com";

void sign(benchmark::State& state, const std::string& address, const aws::SigningScope& scope,
          const net::Headers& headers) {
  const auto url = net::parse_url(address).value();
  const net::Request unsigned_request{"POST", url.target, headers,
                                      std::string(static_cast<std::size_t>(state.range(0)), 'x')};
  for (auto _ : state) {
    net::Request request = unsigned_request;
    aws::sign_headers(request, url, scope, kCredentials, kNow);
    benchmark::DoNotOptimize(request);
  }
}

void sign_post(benchmark::State& state) {
  sign(state, "https://" + std::string(kApi) + "/live/@connections/Rx4dfc8uoAMCJfA%3D", {"execute-api", "eu-central-1"},
       {});
}

void sign_query(benchmark::State& state) {
  sign(state, "https://dynamodb.eu-central-1.amazonaws.com/", {"dynamodb", "eu-central-1"},
       {{"Content-Type", "application/x-amz-json-1.0"}, {"X-Amz-Target", "DynamoDB_20120810.Query"}});
}

void presign_websocket(benchmark::State& state) {
  const net::Request plain{"GET", "/live?session=abcdef", {{"Host", std::string(kApi)}}, ""};
  for (auto _ : state) {
    net::Request request = plain;
    aws::presign(request, {"execute-api", "eu-central-1"}, kCredentials, "20260102T030405Z", std::chrono::seconds(300));
    benchmark::DoNotOptimize(request);
  }
}

BENCHMARK(sign_post)->Arg(1'000)->Arg(32'000);
BENCHMARK(sign_query)->Arg(300);
BENCHMARK(presign_websocket);

}  // namespace
