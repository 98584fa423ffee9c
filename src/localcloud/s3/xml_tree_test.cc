#include "localcloud/s3/xml_tree.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

// The document written again, or "malformed".
std::string again(std::string_view xml) {
  auto root = parse_xml(xml);
  if (!root) return "malformed";
  XmlWriter writer;
  write_xml(writer, *root);
  return writer.take();
}

TEST(XmlTree, ReadsNamesAndTexts) {
  EXPECT_EQ(
      again("<?xml version=\"1.0\"?>\n<!-- a --><a xmlns=\"u>\"> <x:b t='1'/>\n<c>1 &lt; 2 &#x41;&#66;</c></a>\n"),
      "<a><b></b><c>1 &lt; 2 AB</c></a>");
  EXPECT_EQ(again("<k><![CDATA[a&b]]></k>"), "<k>a&amp;b</k>");
  EXPECT_EQ(again("<k>&#228;&#x20AC;&#x1F600;</k>"), "<k>ä€😀</k>");
  auto root = parse_xml("<r><a>1</a><b/><a>2</a></r>");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->all("a").size(), 2U);
  EXPECT_EQ(root->text_of("a"), "1");
  EXPECT_EQ(root->child("c"), nullptr);
}

TEST(XmlTree, RefusesWhatIsNotWellFormed) {
  for (auto wrong : {"", "a", "<a>", "<a></b>", "<a><b></a></b>", "<a>&unknown;</a>", "<a>&#x110000;</a>", "<a",
                     "<a/><b/>", "<!DOCTYPE a><a/>", "<a><![CDATA[</a>", "<a>&amp</a>", "< a/>", "<a[b/>", "<2/>",
                     "<a:/>", "<:a/>", "<a:b:c/>", "<a&b></a&b>"}) {
    EXPECT_EQ(again(wrong), "malformed") << wrong;
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_EQ(again(deep), "malformed");
}

}  // namespace
}  // namespace localcloud
