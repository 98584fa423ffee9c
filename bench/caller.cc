// caller ADDRESS FILE COUNT PARALLEL [first-byte]: sends the HTTP request in FILE COUNT times, on PARALLEL connections
// that are kept, and prints one line of JSON: the microseconds of each answer in the order they came, the time of all,
// and how many failed, with the first that did. A row of ten # in the request becomes its number, from 0; the answer's
// body has to hold the number then. An answer counts if its status is 200 and the function did not fail; "first-byte":
// up to the body's first.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "loopback.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kNumber = "##########";

double microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

struct Work {
  std::string address;
  std::string request;
  std::size_t number_at;  // npos: all are the same
  long count;
  bool first_byte;
};

struct Outcome {
  std::atomic<long> next{0};
  std::mutex lock;
  std::vector<double> took;
  long failed = 0;
  std::string first_failure;
};

// Empty if the answer is what it should be.
std::string fault_of(const loopback::Reader& answer, std::string_view number) {
  if (answer.head().size() < 12 || answer.head().substr(9, 3) != "200" ||
      loopback::header(answer.head(), "x-amz-function-error:") ||
      answer.body().find(number) == std::string_view::npos) {
    return std::string(answer.head()) + std::string(answer.body().substr(0, 300));
  }
  return {};
}

void call(const Work& work, Outcome& outcome) {
  auto request = work.request;
  std::vector<double> took;
  int fd = -1;
  loopback::Reader answer;
  for (long number = outcome.next++; number < work.count; number = outcome.next++) {
    std::string digits;
    if (work.number_at != std::string::npos) {
      digits = std::to_string(number);
      digits.insert(0, kNumber.size() - digits.size(), '0');
      request.replace(work.number_at, kNumber.size(), digits);
    }
    if (fd < 0) fd = loopback::connect_to(work.address);
    auto begin = Clock::now();
    bool whole = loopback::write_all(fd, request);
    if (whole && work.first_byte) {
      while (whole && !answer.begun()) whole = answer.fill(fd);
      took.push_back(microseconds(Clock::now() - begin));
    }
    whole = whole && loopback::read_message(fd, answer);
    if (whole && !work.first_byte) took.push_back(microseconds(Clock::now() - begin));
    auto fault = whole ? fault_of(answer, digits) : "the connection was closed";
    if (!fault.empty()) {
      std::lock_guard guard(outcome.lock);
      if (outcome.failed++ == 0) outcome.first_failure = digits + " " + fault;
    }
    if (whole) {
      answer.next();
    } else {
      close(fd);
      fd = -1;
      answer = {};
    }
  }
  if (fd >= 0) close(fd);
  std::lock_guard guard(outcome.lock);
  outcome.took.insert(outcome.took.end(), took.begin(), took.end());
}

void print_quoted(std::string_view text) {
  std::putchar('"');
  for (char c : text) {
    if (c == '"' || c == '\\') std::putchar('\\');
    std::putchar(static_cast<unsigned char>(c) < 32 ? ' ' : c);
  }
  std::putchar('"');
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) return 2;
  std::ifstream file(arguments[2], std::ios::binary);
  Work work{.address = arguments[1],
            .request = std::string(std::istreambuf_iterator<char>(file), {}),
            .number_at = 0,
            .count = std::atol(arguments[3]),
            .first_byte = count > 5 && std::string_view(arguments[5]) == "first-byte"};
  work.number_at = work.request.find(kNumber);
  Outcome outcome;
  auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int n = std::atoi(arguments[4]); n > 0; --n) threads.emplace_back([&] { call(work, outcome); });
  for (auto& thread : threads) thread.join();
  std::printf("{\"elapsedUs\":%.1f,\"failed\":%ld,\"firstFailure\":", microseconds(Clock::now() - begin),
              outcome.failed);
  print_quoted(outcome.first_failure);
  std::printf(",\"us\":[");
  for (std::size_t at = 0; at < outcome.took.size(); ++at) std::printf("%s%.1f", at ? "," : "", outcome.took[at]);
  std::printf("]}\n");
  return 0;
}
