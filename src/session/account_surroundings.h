// What aws::find_account() works with, on the real machine: its files, programs and network.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>

#include "aws/account.h"
#include "os/spawner.h"

namespace session {

// `environment` is the user's; `spawner` outlives it.
std::unique_ptr<aws::RunProgram> make_run_program(boost::asio::any_io_executor executor, os::Spawner& spawner,
                                                  std::map<std::string, std::string> environment);

// All three outlive the account. `mfa` may be null: nobody can be asked.
aws::AccountSurroundings account_surroundings(boost::asio::any_io_executor executor, const base::Clock& clock,
                                              aws::RunProgram& programs, aws::PromptForMfa* mfa);

}  // namespace session
