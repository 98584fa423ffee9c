#include "session/foreign_layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>
#include <set>

#include "aws/layer_versions.h"
#include "os/files.h"

namespace session {

namespace {

struct Wanted {
  std::string region;
  std::vector<app::Layer*> layers;
  std::set<std::string> functions;
};

void fill_in(std::string& text, std::string_view pseudo, const std::string& value) {
  for (auto at = text.find(pseudo); at != std::string::npos; at = text.find(pseudo, at + value.size())) {
    text.replace(at, pseudo.size(), value);
  }
}

// By ARN, or by name where there is none.
void find_wanted(app::Stack& stack, const LayerAccount& from, std::map<std::string, Wanted>& wanted) {
  const std::string& region = stack.region.empty() ? from.aws.region : stack.region;
  for (app::Function& function : stack.functions) {
    if (!function.live) continue;
    for (app::Layer& layer : function.layers) {
      if (!layer.source.empty()) continue;
      fill_in(layer.arn, "${AWS::Partition}", from.partition);
      fill_in(layer.arn, "${AWS::Region}", region);
      fill_in(layer.arn, "${AWS::AccountId}", from.account);
      Wanted& one = wanted[layer.arn.empty() ? layer.name : layer.arn];
      one.region = region;
      one.layers.push_back(&layer);
      one.functions.insert(stack.path_of(function));
    }
  }
  for (app::Stack& nested : stack.nested) find_wanted(nested, from, wanted);
}

// The archive's path.
awaitable<base::Result<std::string>> fetch(LayerAccount from, std::string arn, std::function<void(std::string)> tell) {
  if (from.cache.empty()) {
    co_return base::fail(base::ErrorKind::local_resource, "there is no cache folder: neither XDG_CACHE_HOME nor HOME");
  }
  CO_TRY(auto version, co_await aws::get_layer_version(from.aws, std::move(arn)));
  const std::string path = fmt::format("{}/layers/{}.zip", from.cache, version.sha256);
  std::error_code error;
  if (std::filesystem::exists(path, error)) co_return path;
  tell(fmt::format("downloading the layer {}", version.arn));
  CO_TRY(auto archive, co_await aws::download(from.aws, std::move(version)));
  CO_TRY(os::make_directories(from.cache + "/layers", 0700));
  CO_TRY(os::write_file(path, archive, 0600));
  co_return path;
}

}  // namespace

awaitable<void> fetch_foreign_layers(app::Application& application, LayerAccount from,
                                     std::function<void(std::string)> tell) {
  std::map<std::string, Wanted> wanted;
  for (app::Stack& stack : application.stacks) find_wanted(stack, from, wanted);
  for (auto& [name, one] : wanted) {
    const auto without = fmt::format("{} without its layer {}", fmt::join(one.functions, ", "), name);
    if (one.layers.front()->arn.empty()) {
      tell(fmt::format("{}: what it is, is known only after deployment; an ARN or a layer of the app would run here",
                       without));
      continue;
    }
    LayerAccount there = from;
    there.aws.region = one.region;
    auto archive = co_await fetch(std::move(there), name, tell);
    if (!archive) {
      tell(fmt::format("{}: {}; it takes lambda:GetLayerVersion", without, archive.error().message));
      continue;
    }
    for (app::Layer* layer : one.layers) layer->source = *archive;
  }
}

}  // namespace session
