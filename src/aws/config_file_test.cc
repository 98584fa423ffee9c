#include "aws/config_file.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

TEST(ConfigFile, TellsProfilesSessionsAndServicesApart) {
  ConfigFile file = parse_config_file(
      "region = lost\n"
      "[default]\nRegion = a\n"
      "[profile work]\nregion: b = c\n"
      "[profile \"at work\"]\nregion=d\n"
      "[work]\nregion=none\n"
      "[sso-session corp]\nsso_region = e\n"
      "[services here]\nsts =\n  endpoint_url = http://sts\ns3 =\n\tendpoint_url = http://s3\n\taddressing_style = "
      "path\n"
      "[profile work]\noutput = json\n");
  EXPECT_EQ(file.profiles.size(), 3U);
  EXPECT_EQ(file.profiles["default"]["region"], "a");
  EXPECT_EQ(file.profiles["work"], (Settings{{"region", "b = c"}, {"output", "json"}}));
  EXPECT_EQ(file.profiles["at work"]["region"], "d");
  EXPECT_EQ(file.sso_sessions["corp"]["sso_region"], "e");
  EXPECT_EQ(parse_nested(file.services["here"]["s3"]),
            (Settings{{"endpoint_url", "http://s3"}, {"addressing_style", "path"}}));
}

TEST(ConfigFile, ReadsAnythingWithoutAnError) {
  for (const char* text : {"", "[", "]", "[]", "[profile]\na=b", "=", " a = b", "[x]\n = y", "[default]\n  a = b\n",
                           "\r\n[default]\r\na = b\r\n"}) {
    parse_config_file(text);
    parse_credentials_file(text);
  }
  EXPECT_EQ(parse_config_file("[default] # note\r\na = b # c\r\n").profiles["default"]["a"], "b # c");
}

TEST(SharedConfig, LetsTheCredentialsFileWin) {
  SharedConfig files{parse_config_file("[default]\na = 1\nb = 1\n[profile x]\nc = 1\n"),
                     parse_credentials_file("[default]\nb = 2\n[y]\nd = 2\n")};
  EXPECT_EQ(files.profile("default"), (Settings{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(files.profile("x"), (Settings{{"c", "1"}}));
  EXPECT_EQ(files.profile("y"), (Settings{{"d", "2"}}));
  EXPECT_EQ(files.profile("z"), std::nullopt);
}

}  // namespace
}  // namespace aws
