// Segments from anybody. The first byte chooses: the input is the whole file; or a good segment is made and the input
// says what happens to it; or the input is an index whose checksums are right.
//
// Whatever comes, no block may be given out that was not written, and none of another file.
#include <string>
#include <vector>

#include "core/base/coding.h"
#include "core/base/hash.h"
#include "core/store/segment_reader.h"
#include "core/store/segment_writer.h"
#include "core/store/store_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/faulty_file_system.h"

namespace sluice {
namespace {

const std::string kDir = "/store";
const SegmentName kName{7, 7, 0};
const std::string kPath = kDir + "/0000000007.seg";

std::string block_text(size_t number) { return "block " + std::to_string(number) + std::string(number * 11, '+'); }

// Reads the file in all ways; the texts of the blocks must be those of block_text() if `known`.
void read(FaultyFileSystem& fs, bool known) {
  auto segment = SegmentReader::open(fs, kPath);
  fuzz_check(segment.has_value(), "a readable file opens");
  (void)(*segment)->extend();
  uint64_t end = 0;
  for (const SegmentEntry& entry : (*segment)->entries()) {
    fuzz_check(entry.offset >= end && entry.end() <= (*segment)->file_bytes(), "blocks lie in the file, in order");
    end = entry.end();
    (void)(*segment)->inspect(entry);
    auto block = (*segment)->read(entry);
    if (block && known) fuzz_check(*block == block_text(entry.summary.first_id), "a block is what was written");
  }
  uint64_t damaged = 0;
  for (const Damage& damage : (*segment)->damage()) damaged += damage.length;
  fuzz_check(damaged <= (*segment)->file_bytes(), "damage lies in the file");

  auto store = StoreReader::open(fs, kDir);
  fuzz_check(store.has_value(), "a store with any file opens");
  (void)(*store)->verify();
  (void)(*store)->refresh();
  if (!(*segment)->header() || (*segment)->indexed()) return;
  if (auto writer = SegmentWriter::resume(fs, **segment)) {
    (void)(*writer)->finish();
    auto again = SegmentReader::open(fs, kPath);
    fuzz_check((*again)->indexed(), "what was repaired has an index");
    fuzz_check((*again)->entries().size() == (*segment)->entries().size(), "a repair loses no block");
  }
}

std::string good_segment(size_t blocks, bool finished) {
  FaultyFileSystem fs;
  auto writer = SegmentWriter::create(fs, kPath, {.name = kName, .file_id = 0x1122334455667788});
  for (size_t i = 0; i < blocks; ++i) (void)(*writer)->append(block_text(i), {.rows = 1, .first_id = i, .last_id = i});
  if (finished) (void)(*writer)->finish();
  return fs.bytes(kPath);
}

// Three bytes a change: what, and where.
std::string spoil(std::string bytes, FuzzInput& input) {
  while (!input.empty() && !bytes.empty()) {
    const uint8_t what = input.byte();
    const size_t at = (static_cast<size_t>(input.byte()) << 8 | input.byte()) % bytes.size();
    if (what < 128) {
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (what % 8)));
    } else if (what < 160) {
      bytes.resize(at);
    } else if (what < 192) {
      bytes.erase(at, what - 159);
    } else if (what < 224) {
      bytes.insert(at, bytes.substr(at / 2, what));
    } else {
      bytes.append(what, '\0');
    }
  }
  return bytes;
}

std::string with_index(std::string_view index) {
  std::string bytes = good_segment(2, false);
  const uint64_t offset = bytes.size();
  bytes += index;
  const size_t footer = bytes.size();
  append_u64(bytes, offset);
  append_u64(bytes, index.size());
  append_u64(bytes, checksum64(index));
  append_u64(bytes, checksum64(std::string_view(bytes).substr(footer)));
  return bytes + "gSeculiS";
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  const uint8_t kind = input.byte();
  FaultyFileSystem fs;
  (void)fs.make_directory(kDir);
  if (kind < 64) {
    fs.put(kPath, std::string(input.rest()));
    read(fs, false);
  } else if (kind < 128) {
    // The index says itself how long it is; everything else is the input's.
    const std::string_view entries = input.rest();
    std::string index = "\x02";
    index += kEntryMagic;
    append_u32(index, static_cast<uint32_t>(entries.size() / SegmentEntry::kBytes));
    append_u64(index, 0x1122334455667788);
    index += entries.substr(0, entries.size() / SegmentEntry::kBytes * SegmentEntry::kBytes);
    fs.put(kPath, with_index(index));
    read(fs, false);
  } else {
    fs.put(kPath, spoil(good_segment(kind % 8, kind & 8), input));
    read(fs, true);
  }
  return 0;
}
