// AWS::Lambda::Url.
#include <fmt/format.h>

#include "localcloud/lambda/input.h"
#include "localcloud/lambda/resource_types.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class UrlType final : public SyncType {
 public:
  explicit UrlType(LambdaService& service)
      : SyncType({.name = "AWS::Lambda::Url",
                  .works = {"TargetFunctionArn", "Qualifier", "AuthType", "Cors", "InvokeMode"},
                  .accepted = {},
                  .replaces = {"TargetFunctionArn", "Qualifier"}}),
        service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto target, service_.find(text_property(request.properties, "TargetFunctionArn"),
                                   text_property(request.properties, "Qualifier")));
    TRY(needed_property(request.properties, "AuthType"));
    TRY(auto* url, service_.add_url(target, request.properties));
    return state_of(target, *url);
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto target, service_.find(request.physical_id));
    auto url = target.function->urls.find(target.qualifier);
    if (url == target.function->urls.end()) {
      return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
    }
    FunctionUrl changed;  // what the template no longer says is gone
    TRY(apply_url_input(changed, request.properties));
    changed.id = url->second.id;
    changed.created = url->second.created;
    changed.modified = service_.cloud().clock->now();
    url->second = std::move(changed);
    return state_of(target, url->second);
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    if (auto target = service_.find(request.physical_id)) target->function->urls.erase(target->qualifier);
    return {};
  }

 private:
  ResourceState state_of(const FunctionTarget& target, const FunctionUrl& url) {
    ResourceState state{.physical_id = target.arn};
    state.attributes["FunctionArn"] = target.arn;
    state.attributes["FunctionUrl"] = address_of(service_.cloud(), url);
    return state;
  }

  LambdaService& service_;
};

}  // namespace

void add_url_type(LambdaService& service, ResourceTypes& types) {
  types.push_back(std::make_unique<UrlType>(service));
}

}  // namespace localcloud
