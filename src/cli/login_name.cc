#include "cli/login_name.h"

#include <pwd.h>
#include <unistd.h>

namespace cli {

std::string login_name(const std::map<std::string, std::string>& environment) {
  if (const passwd* entry = ::getpwuid(::geteuid()); entry != nullptr && entry->pw_name != nullptr)
    return entry->pw_name;
  auto user = environment.find("USER");
  return user == environment.end() ? "dev" : user->second;
}

}  // namespace cli
