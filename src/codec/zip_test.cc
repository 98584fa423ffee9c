#include "codec/zip.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace codec {
namespace {

std::string noise(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 1;
  while (bytes.size() < size) bytes += static_cast<char>((state = state * 1'664'525U + 1'013'904'223U) >> 24);
  return bytes;
}

std::string replace(std::string bytes, std::string_view from, std::string_view to) {
  for (auto at = bytes.find(from); at != bytes.npos; at = bytes.find(from, at + to.size())) {
    bytes.replace(at, from.size(), to);
  }
  return bytes;
}

TEST(Zip, GivesBackNamesContentsAndModes) {
  std::vector<ZipEntry> entries = {{"bootstrap", noise(200'000), 0755},
                                   {"lib/empty.js", "", 0644},
                                   {"lib/grüße.txt", "hello hello hello hello", 0600}};
  auto read = read_zip(make_zip(entries));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*read)[i].name, entries[i].name);
    EXPECT_TRUE((*read)[i].content == entries[i].content);
    EXPECT_EQ((*read)[i].mode, entries[i].mode);
  }
}

TEST(Zip, StatesUnixAndAFixedTimeInItsDirectory) {
  std::string archive = make_zip({{"bootstrap", "x", 0755}});
  EXPECT_EQ(archive, make_zip({{"bootstrap", "x", 0755}}));
  auto at = archive.find(std::string_view("PK\x01\x02", 4));
  ASSERT_NE(at, archive.npos);
  EXPECT_EQ(archive[at + 5], 3);                                                   // made by Unix
  EXPECT_EQ(archive.substr(at + 12, 4), std::string_view("\x00\x00\x21\x00", 4));  // 1980-01-01 00:00
  EXPECT_EQ(archive.substr(at + 38, 4), std::string_view("\x00\x00\xed\x81", 4));  // 0100755 << 16
}

TEST(Zip, ReadsAnArchiveWithoutEntries) {
  auto read = read_zip(make_zip({}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->empty());
}

TEST(Zip, RefusesNamesThatLeaveTheArchive) {
  for (std::string_view name : {"/etc/passwd", "../up", "a/../../b", "a/..", "c:/x", "a\\..\\b"}) {
    EXPECT_FALSE(read_zip(make_zip({{std::string(name), "x"}}))) << name;
  }
  EXPECT_TRUE(read_zip(make_zip({{"a/..b/c..", "x"}})));
}

TEST(Zip, RefusesSymbolicLinks) {
  std::string archive = make_zip({{"link", "/etc", 0755}});
  EXPECT_FALSE(
      read_zip(replace(archive, std::string_view("\x00\x00\xed\x81", 4), std::string_view("\x00\x00\xed\xa1", 4))));
}

TEST(Zip, BoundsWhatItUnpacks) {
  std::vector<ZipEntry> entries = {{"a", std::string(600, 'a')}, {"b", std::string(600, 'b')}};
  EXPECT_TRUE(read_zip(make_zip(entries), 1200));
  EXPECT_FALSE(read_zip(make_zip(entries), 1199));
}

TEST(Zip, RefusesBrokenArchives) {
  std::string archive = make_zip({{"a.txt", "some text some text"}, {"b.txt", noise(100)}});
  EXPECT_FALSE(read_zip(""));
  EXPECT_FALSE(read_zip("not a zip"));
  EXPECT_FALSE(read_zip(archive.substr(0, archive.size() / 2)));
  auto content = archive.find(noise(100).substr(0, 20));
  ASSERT_NE(content, archive.npos);
  archive[content + 50] = static_cast<char>(archive[content + 50] ^ 1);
  EXPECT_FALSE(read_zip(archive));
}

TEST(Zip, SurvivesEverySingleChangedByte) {
  std::string archive = make_zip({{"a.txt", "some text some text"}, {"b.txt", "more"}});
  for (std::size_t i = 0; i < archive.size(); ++i) {
    std::string changed = archive;
    changed[i] = static_cast<char>(changed[i] ^ 0xff);
    auto read = read_zip(changed, 10'000);
    if (read) EXPECT_LE(read->size(), 2U);
  }
}

}  // namespace
}  // namespace codec
