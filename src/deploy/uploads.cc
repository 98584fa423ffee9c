#include "deploy/uploads.h"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <utility>

namespace deploy {
namespace {

using base::awaitable;
using base::Result;

constexpr std::size_t kParallel = 8;
constexpr std::size_t kThreads = 2;  // a body may have 250 MB

}  // namespace

Uploads::Uploads(boost::asio::any_io_executor executor, aws::S3& s3, OnUpload on_upload)
    : s3_(s3), on_upload_(std::move(on_upload)), off_loop_(kThreads), tasks_(std::move(executor)) {}

void Uploads::add(std::string key, MakeBody make_body) {
  if (!known_.insert(key).second) return;
  ++open_;
  waiting_.push_back({std::move(key), std::move(make_body)});
  if (!bucket_.empty()) spawn_workers();
}

void Uploads::start(std::string bucket) {
  bucket_ = std::move(bucket);
  spawn_workers();
}

void Uploads::spawn_workers() {
  for (; workers_ < std::min(kParallel, open_); ++workers_) tasks_.spawn(work());
}

awaitable<void> Uploads::work() {
  while (!waiting_.empty() && !error_) {
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    auto sent = co_await send(std::move(item));
    if (!sent && !error_) error_ = sent.error();
    --open_;
  }
  --workers_;
}

awaitable<Result<>> Uploads::send(Item item) {
  CO_TRY(bool there, co_await s3_.object_exists(bucket_, item.key));
  if (there) co_return Result<>();
  auto body = std::make_shared<Result<std::string>>();
  co_await off_loop_.run([body, make = std::move(item.make_body)] { *body = make(); });
  if (!*body) co_return base::fail(body->error());
  UploadEvent event{.key = item.key, .bytes = (*body)->size()};
  if (on_upload_) on_upload_(event);
  CO_TRY(co_await s3_.put_object(bucket_, std::move(item.key), std::move(**body)));
  event.done = true;
  if (on_upload_) on_upload_(event);
  co_return Result<>();
}

awaitable<Result<>> Uploads::finish() {
  if (bucket_.empty() && open_ > 0)
    co_return base::fail(base::ErrorKind::internal, "packages wait for a bucket that nobody named");
  co_await tasks_.join();
  if (error_) co_return base::fail(*error_);
  // join() ends quietly when its caller is cancelled; what was not sent tells.
  if (open_ > 0) throw boost::system::system_error(boost::asio::error::operation_aborted);
  co_return Result<>();
}

}  // namespace deploy
