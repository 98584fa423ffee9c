// Hosts are looked up in /etc/hosts and by DNS, users in /etc/passwd, whatever this machine's nsswitch.conf says: a
// statically linked glibc would load the machine's NSS modules, which may be of another version. For main(), before
// anything is looked up.
#pragma once

namespace net {

void look_names_up_without_modules();

}  // namespace net
