#include "localcloud/server/server.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <exception>
#include <utility>

#include "base/task_group.h"
#include "localcloud/apigateway/apigateway.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/cloudformation.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/event_sources/event_sources.h"
#include "localcloud/events/events.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"
#include "localcloud/logs/logs.h"
#include "localcloud/s3/s3.h"
#include "localcloud/secretsmanager/secretsmanager.h"
#include "localcloud/server/dispatcher.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sqs/sqs.h"
#include "localcloud/ssm/ssm.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "os/files.h"

namespace localcloud {

namespace {

constexpr int kCertificateDays = 30;
constexpr std::size_t kLargestBody = 72 * 1024 * 1024;  // 50 MB of a package in base64, with room

void append(ResourceTypes& all, ResourceTypes more) {
  for (auto& type : more) all.push_back(std::move(type));
}

class LocalCloudServer final : public LocalCloud {
 public:
  LocalCloudServer(const boost::asio::any_io_executor& executor, LocalCloudOptions options)
      : options_(std::move(options)),
        directory_("livelambda-local-"),
        clock_(executor),
        sessions_(executor, clock_),
        spawner_(os::make_spawner(executor)),
        tasks_(executor) {
    cloud_.executor = executor;
    cloud_.tls = options_.tls;
    cloud_.work_directory = directory_.path();
    cloud_.clock = &clock_;
    cloud_.spawner = spawner_.get();
    cloud_.tasks = &tasks_;
  }

  base::Result<> open() {
    const std::string host = options_.host_name.empty() ? "127.0.0.1" : options_.host_name;
    if (!is_allowed_host(host)) {
      return base::fail(
          base::ErrorKind::usage, fmt::format("no request may be for the host '{}'", host),
          "Choose a name that ends in .localhost, .amazonaws.com or .on.aws: a web page has none of them.");
    }
    TRY(auto tls, make_tls(host));
    net::ServerOptions listen{
        .address = "127.0.0.1", .port = options_.port, .max_body = kLargestBody, .tls = std::move(tls)};
    auto handler = [this](net::Exchange& exchange) { return dispatcher_->serve(exchange); };
    TRY(auto server, net::listen_http(cloud_.executor, std::move(listen), handler));
    server_ = std::move(server);
    cloud_.endpoint = fmt::format("{}://{}:{}", options_.tls ? "https" : "http", host, server_->port());
    build_services();
    const auto& root = iam_->root_credentials();
    ready_ = {.endpoint = cloud_.endpoint,
              .region = cloud_.region,
              .access_key_id = root.access_key_id,
              .secret_access_key = root.secret_access_key,
              .ca_pem = cloud_.ca_pem};
    return {};
  }

  const LocalCloudReady& ready() const override { return ready_; }

  awaitable<void> run() override {
    std::exception_ptr failure;
    try {
      base::TaskGroup serving(cloud_.executor);
      serving.spawn(server_->run());
      if (options_.end_when_unused) serving.spawn(cancel_when_unused(serving));
      co_await serving.join();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    // Work that might start another process ends before the processes do.
    co_await tasks_.close();
    co_await lambda_->shut_down();
    if (failure) std::rethrow_exception(failure);
  }

 private:
  awaitable<void> cancel_when_unused(base::TaskGroup& serving) {
    co_await sessions_.until_unused();
    serving.cancel();
  }

  base::Result<std::shared_ptr<net::TlsContext>> make_tls(const std::string& host) {
    if (!options_.tls) return std::shared_ptr<net::TlsContext>();
    // Who brings a certificate brings the trust in its authority too, which need not be part of the chain.
    if (!options_.certificate_pem.empty()) return net::make_server_tls(options_.certificate_pem, options_.key_pem);
    auto authority = net::make_authority("livelambda local cloud", kCertificateDays);
    auto certificate = net::issue_certificate(authority,
                                              {host, "127.0.0.1", "::1", "localhost", "*.localhost",
                                               "*.execute-api.localhost", "*.lambda-url.localhost", "*.s3.localhost"},
                                              kCertificateDays);
    cloud_.ca_pem = authority.certificate_pem;
    return net::make_server_tls(certificate.certificate_pem, certificate.key_pem);
  }

  void build_services() {
    iam_ = make_iam(cloud_, {.access_key_id = options_.access_key_id, .secret_access_key = options_.secret_access_key});
    cloud_.iam = iam_.get();
    s3_ = make_s3(cloud_);
    cloud_.s3 = s3_.get();
    dynamodb_ = make_dynamodb(cloud_);
    cloud_.dynamodb = dynamodb_.get();
    logs_ = make_logs(cloud_);
    cloud_.logs = logs_.get();
    sqs_ = make_sqs(cloud_);
    cloud_.sqs = sqs_.get();
    secrets_ = make_secrets_manager(cloud_);
    ssm_ = make_ssm(cloud_, *secrets_);
    cloud_.ssm = ssm_.get();
    events_ = make_events(cloud_);
    cloud_.events = events_.get();
    sns_ = make_sns(cloud_);
    cloud_.sns = sns_.get();
    lambda_ = make_lambda(cloud_, std::move(options_.loaders), std::move(options_.node_modules));
    cloud_.lambda = lambda_.get();
    event_sources_ = make_event_sources(cloud_);
    cloud_.event_sources = event_sources_.get();
    apigateway_ = make_api_gateway(cloud_, options_.websockets);
    cloud_.apigateway = apigateway_.get();

    ResourceTypes types = iam_->resource_types();
    append(types, s3_->resource_types());
    append(types, dynamodb_->resource_types());
    append(types, logs_->resource_types());
    append(types, sqs_->resource_types());
    append(types, secrets_->resource_types());
    append(types, ssm_->resource_types());
    append(types, events_->resource_types());
    append(types, sns_->resource_types());
    append(types, lambda_->resource_types());
    append(types, event_sources_->resource_types());
    append(types, apigateway_->resource_types());
    cloudformation_ = make_cloudformation(cloud_, std::move(types));
    cloud_.cloudformation = cloudformation_.get();

    Dispatcher::Services services{{"sts", iam_.get()},
                                  {"iam", iam_.get()},
                                  {"s3", s3_.get()},
                                  {"dynamodb", dynamodb_.get()},
                                  {"logs", logs_.get()},
                                  {"sns", sns_.get()},
                                  {"sqs", sqs_.get()},
                                  {"secretsmanager", secrets_.get()},
                                  {"ssm", ssm_.get()},
                                  {"events", events_.get()},
                                  {"scheduler", events_.get()},
                                  {"lambda", lambda_.get()},
                                  {"cloudformation", cloudformation_.get()},
                                  {"apigateway", &apigateway_->control_plane()}};
    dispatcher_ = std::make_unique<Dispatcher>(cloud_, std::move(services), sessions_, options_.test_clock);
  }

  // What is declared later uses what is declared before, and goes first.
  LocalCloudOptions options_;
  LocalCloudReady ready_;
  os::TemporaryDirectory directory_;
  LocalClock clock_;
  JoinedSessions sessions_;
  std::unique_ptr<os::Spawner> spawner_;
  Cloud cloud_;
  std::unique_ptr<Iam> iam_;
  std::unique_ptr<S3> s3_;
  std::unique_ptr<DynamoDb> dynamodb_;
  std::unique_ptr<Logs> logs_;
  std::unique_ptr<Sqs> sqs_;
  std::unique_ptr<SecretsManager> secrets_;
  std::unique_ptr<Ssm> ssm_;
  std::unique_ptr<Events> events_;
  std::unique_ptr<Sns> sns_;
  std::unique_ptr<Lambda> lambda_;
  std::unique_ptr<EventSources> event_sources_;
  std::unique_ptr<ApiGateway> apigateway_;
  std::unique_ptr<CloudFormation> cloudformation_;
  std::unique_ptr<Dispatcher> dispatcher_;
  base::TaskGroup tasks_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

base::Result<std::unique_ptr<LocalCloud>> make_local_cloud(boost::asio::any_io_executor executor,
                                                           LocalCloudOptions options) {
  auto server = std::make_unique<LocalCloudServer>(executor, std::move(options));
  TRY(server->open());
  return server;
}

}  // namespace localcloud
