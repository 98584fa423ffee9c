// Names are looked up in /etc/hosts and by DNS, whatever this machine's nsswitch.conf says: a statically linked glibc
// would load the machine's NSS modules, which may be of another version. For main(), before anything is looked up.
#pragma once

namespace net {

void look_names_up_by_files_and_dns();

}  // namespace net
