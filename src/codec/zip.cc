#include "codec/zip.h"

#include <fmt/format.h>
#include <minizip/unzip.h>
#include <minizip/zip.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace codec {
namespace {

// ---- minizip's I/O over memory. A stream is the `opaque` pointer itself. ----

struct WriteStream {
  std::string bytes;
  std::size_t at = 0;
};

struct ReadStream {
  std::string_view bytes;
  std::size_t at = 0;
};

voidpf open_stream(voidpf opaque, const void*, int) {
  return opaque;
}
int close_stream(voidpf, voidpf) {
  return 0;
}
int stream_error(voidpf, voidpf) {
  return 0;
}
uLong refuse_write(voidpf, voidpf, const void*, uLong) {
  return 0;
}

template <typename Stream>
ZPOS64_T tell(voidpf, voidpf stream) {
  return static_cast<Stream*>(stream)->at;
}

template <typename Stream>
long seek(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  auto& s = *static_cast<Stream*>(stream);
  ZPOS64_T from = origin == ZLIB_FILEFUNC_SEEK_CUR ? s.at : origin == ZLIB_FILEFUNC_SEEK_END ? s.bytes.size() : 0;
  ZPOS64_T to = from + offset;
  if (to > s.bytes.size()) return -1;
  s.at = static_cast<std::size_t>(to);
  return 0;
}

template <typename Stream>
uLong read(voidpf, voidpf stream, void* out, uLong size) {
  auto& s = *static_cast<Stream*>(stream);
  std::size_t count = std::min<std::size_t>(size, s.bytes.size() - s.at);
  if (count > 0) std::memcpy(out, s.bytes.data() + s.at, count);
  s.at += count;
  return static_cast<uLong>(count);
}

uLong write(voidpf, voidpf stream, const void* data, uLong size) {
  auto& s = *static_cast<WriteStream*>(stream);
  if (s.at + size > s.bytes.size()) s.bytes.resize(s.at + size);
  if (size > 0) std::memcpy(s.bytes.data() + s.at, data, size);
  s.at += size;
  return size;
}

template <typename Stream>
zlib_filefunc64_def functions_over(Stream& stream, write_file_func write_function) {
  zlib_filefunc64_def functions{};
  functions.zopen64_file = open_stream;
  functions.zread_file = read<Stream>;
  functions.zwrite_file = write_function;
  functions.ztell64_file = tell<Stream>;
  functions.zseek64_file = seek<Stream>;
  functions.zclose_file = close_stream;
  functions.zerror_file = stream_error;
  functions.opaque = &stream;
  return functions;
}

// ---- writing ----

constexpr uLong kDosTime1980 = (1U << 21) | (1U << 16);  // 1980-01-01 00:00:00, the earliest that zip can say
constexpr uLong kMadeByUnix = (3U << 8) | 20U;           // host 3: the upper half of the external attributes is st_mode
constexpr uLong kUtf8Names = 1U << 11;
constexpr int kLevel = 6;  // as aws and sam pack: 9 takes more than twice the time for half a percent
constexpr int kMemLevel = 8;

void check(int status, const char* what) {
  if (status != ZIP_OK) throw std::runtime_error(fmt::format("zip: {} failed ({})", what, status));
}

void add_entry(zipFile zip, const ZipEntry& entry) {
  zip_fileinfo info{};
  info.dosDate = kDosTime1980;
  info.external_fa = static_cast<uLong>((S_IFREG | (entry.mode & 07777U)) << 16);
  bool ascii = std::all_of(entry.name.begin(), entry.name.end(), [](char c) { return (c & 0x80) == 0; });
  check(zipOpenNewFileInZip4_64(zip, entry.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr, Z_DEFLATED, kLevel, 0,
                                -MAX_WBITS, kMemLevel, Z_DEFAULT_STRATEGY, nullptr, 0, kMadeByUnix,
                                ascii ? 0 : kUtf8Names, 0),
        "adding an entry");
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // minizip counts in unsigned int
  for (std::size_t at = 0; at < entry.content.size(); at += kPiece) {
    auto size = static_cast<unsigned>(std::min(kPiece, entry.content.size() - at));
    check(zipWriteInFileInZip(zip, entry.content.data() + at, size), "writing an entry");
  }
  check(zipCloseFileInZip(zip), "closing an entry");
}

// ---- reading ----

base::Error invalid(std::string message) {
  return {.kind = base::ErrorKind::invalid_input, .message = std::move(message)};
}

struct CloseUnzip {
  void operator()(void* zip) const { unzClose(zip); }
};

bool stays_inside(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != name.npos || name.find('\0') != name.npos) return false;
  if (name.size() >= 2 && name[1] == ':') return false;  // a drive letter
  while (true) {
    std::size_t slash = name.find('/');
    if (name.substr(0, slash) == "..") return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

struct Header {
  std::string name;
  unz_file_info64 info{};
};

base::Result<Header> read_header(unzFile zip) {
  Header header;
  if (unzGetCurrentFileInfo64(zip, &header.info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) {
    return base::fail(invalid("broken zip archive: no header where the directory names one"));
  }
  header.name.resize(header.info.size_filename);
  if (unzGetCurrentFileInfo64(zip, &header.info, header.name.data(), header.info.size_filename, nullptr, 0, nullptr,
                              0) != UNZ_OK) {
    return base::fail(invalid("broken zip archive: an entry's name cannot be read"));
  }
  if (!stays_inside(header.name)) {
    return base::fail(invalid(fmt::format("zip archive: the name '{}' leaves the archive", header.name)));
  }
  constexpr uLong kEncrypted = 1;
  if ((header.info.flag & kEncrypted) != 0) {
    return base::fail(invalid(fmt::format("zip archive: '{}' is encrypted", header.name)));
  }
  return header;
}

base::Result<std::string> read_content(unzFile zip, const Header& header) {
  auto broken = [&] {
    return base::fail(invalid(fmt::format("broken zip archive: '{}' cannot be read", header.name)));
  };
  if (unzOpenCurrentFile(zip) != UNZ_OK) return broken();
  std::string content;
  std::vector<char> piece(std::size_t{64} << 10);
  int got = 0;
  while ((got = unzReadCurrentFile(zip, piece.data(), static_cast<unsigned>(piece.size()))) > 0) {
    content.append(piece.data(), static_cast<std::size_t>(got));
    if (content.size() > header.info.uncompressed_size) break;
  }
  int closed = unzCloseCurrentFile(zip);  // tells of a wrong checksum
  if (got != 0 || closed != UNZ_OK || content.size() != header.info.uncompressed_size) return broken();
  return content;
}

// The permission bits that the archive gives an entry, if it was made on Unix.
std::uint32_t mode_of(const unz_file_info64& info) {
  auto mode = static_cast<std::uint32_t>(info.external_fa >> 16) & 0777U;
  return (info.version >> 8) == 3 && mode != 0 ? mode : 0644U;
}

bool is_symlink(const unz_file_info64& info) {
  return (info.version >> 8) == 3 && ((info.external_fa >> 16) & S_IFMT) == S_IFLNK;
}

}  // namespace

std::string make_zip(const std::vector<ZipEntry>& entries) {
  WriteStream stream;
  zlib_filefunc64_def functions = functions_over(stream, write);
  zipFile zip = zipOpen2_64("memory", APPEND_STATUS_CREATE, nullptr, &functions);
  if (zip == nullptr) throw std::runtime_error("zip: opening failed");
  for (const ZipEntry& entry : entries) add_entry(zip, entry);
  check(zipClose(zip, nullptr), "closing");
  return std::move(stream.bytes);
}

base::Result<std::vector<ZipEntry>> read_zip(std::string_view archive, std::uint64_t max_unpacked) {
  constexpr std::string_view kEmpty("PK\x05\x06", 4);  // an end without a directory, which minizip does not open
  constexpr std::size_t kEndSize = 22;
  if (archive.size() == kEndSize && archive.starts_with(kEmpty)) return std::vector<ZipEntry>();
  ReadStream stream{archive};
  zlib_filefunc64_def functions = functions_over(stream, refuse_write);
  std::unique_ptr<void, CloseUnzip> zip(unzOpen2_64("memory", &functions));
  if (zip == nullptr) return base::fail(invalid("not a zip archive"));
  std::vector<ZipEntry> entries;
  std::uint64_t unpacked = 0;
  int status = unzGoToFirstFile(zip.get());
  for (; status == UNZ_OK; status = unzGoToNextFile(zip.get())) {
    TRY(Header header, read_header(zip.get()));
    if (header.name.ends_with('/')) continue;  // a folder: implied by the names in it
    if (is_symlink(header.info)) {
      return base::fail(invalid(fmt::format("zip archive: '{}' is a symbolic link", header.name)));
    }
    if (header.info.uncompressed_size > max_unpacked - unpacked) {
      return base::fail(invalid(fmt::format("zip archive unpacks to more than the {} bytes allowed", max_unpacked)));
    }
    unpacked += header.info.uncompressed_size;
    TRY(std::string content, read_content(zip.get(), header));
    entries.push_back({std::move(header.name), std::move(content), mode_of(header.info)});
  }
  if (status != UNZ_END_OF_LIST_OF_FILE) return base::fail(invalid("broken zip archive: its directory is cut off"));
  return entries;
}

}  // namespace codec
