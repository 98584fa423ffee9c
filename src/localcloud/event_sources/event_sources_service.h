// The event source mappings of the account: made, changed and removed by Lambda's API (event_sources_api.cc) and by
// templates (event_sources_resources.cc); each that is enabled has a poller of its own.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/task_group.h"
#include "localcloud/event_sources/event_sources.h"
#include "localcloud/event_sources/poller.h"
#include "localcloud/iam/iam.h"

namespace localcloud {

class EventSourcesService final : public EventSources {
 public:
  explicit EventSourcesService(Cloud& cloud) : cloud_(cloud) {}

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;

  // Errors: those of read_mapping() and check(); ResourceConflictException 409. The mapping's UUID.
  base::Result<std::string> create(const json::object& input);
  base::Result<> update(std::string_view uuid, const json::object& input);
  // As update(), but what `input` does not say goes back to its default.
  base::Result<> replace(std::string_view uuid, const json::object& input);
  base::Result<> remove(std::string_view uuid);
  std::string arn_of(std::string_view uuid) const;

 private:
  struct Entry {
    std::shared_ptr<const Mapping> mapping;
    std::shared_ptr<Progress> progress;
    std::shared_ptr<base::TaskGroup> poller;  // null while it is disabled
  };
  using Operation = base::Result<net::Response> (EventSourcesService::*)(const Call& call, const std::string& uuid);
  struct Route;
  static const std::vector<Route>& routes();

  base::Result<net::Response> create_operation(const Call& call, const std::string& uuid);
  base::Result<net::Response> update_operation(const Call& call, const std::string& uuid);
  base::Result<net::Response> get_operation(const Call& call, const std::string& uuid);
  base::Result<net::Response> delete_operation(const Call& call, const std::string& uuid);
  base::Result<net::Response> list_operation(const Call& call, const std::string& uuid);

  ConditionContext context_of(const Call& call, const std::string& uuid) const;
  base::Result<Entry*> find(std::string_view uuid);
  json::object answer(const Entry& entry, std::string_view state = {}) const;
  base::Result<> put(Entry& entry, Mapping mapping);
  void start(Entry& entry);
  static void stop(Entry& entry);

  // Are function, source and permissions there? Sets the function's ARN.
  base::Result<> check(Mapping& mapping) const;
  base::Result<> check_queue(const Mapping& mapping, const Principal& role, base::Millis function_timeout) const;
  base::Result<> check_stream(const Mapping& mapping, const Principal& role) const;
  base::Result<> check_conflict(const Mapping& mapping) const;

  Cloud& cloud_;
  std::map<std::string, Entry, std::less<>> mappings_;
};

}  // namespace localcloud
