#include "codec/base64.h"

#include <gtest/gtest.h>

namespace codec {
namespace {

TEST(Base64, EncodesTheVectorsOfTheRfc) {
  const std::pair<std::string, std::string> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded).value(), plain);
  }
}

TEST(Base64, CarriesEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
  EXPECT_EQ(base64_encode(std::string("\xfb\xff", 2)), "+/8=");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (std::string_view text :
       {"Zg=", "Zg", "Z", "Zg=a", "Z===", "====", "Zm9v\n", "Zm 9", "Zm-_", "Zg==Zg==", "Zm9\xc3"}) {
    auto result = base64_decode(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().kind, base::ErrorKind::invalid_input);
  }
}

}  // namespace
}  // namespace codec
