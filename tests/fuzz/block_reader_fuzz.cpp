// Any bytes as a block: as they are, and as the columns of a block whose checksums are right, which only a hostile
// writer makes. Whatever loads must be safe to read.
#include <string>

#include "core/base/hash.h"
#include "core/record/block.h"
#include "core/record/block_filter.h"
#include "core/record/block_header.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

void read_everything(const std::string& bytes) {
  BlockReader reader;
  if (!reader.open(bytes)) return;
  const auto notes = reader.repeats();
  if (notes) fuzz_check(notes->size() == reader.summary().repeat_notes, "as many notes as the header says");
  if (!reader.load_filters()) return;
  // Each part alone, before all: what is loaded must not depend on what was before.
  BlockReader parts;
  if (parts.open(bytes)) {
    (void)parts.message_bytes();
    (void)parts.has_escaped_messages();
    if (parts.load(kMessagePart)) {
      for (uint32_t row = 0; row < parts.rows(); ++row) {
        fuzz_check(parts.record(row).message == parts.message_at(parts.place_of(row)),
                   "a row's message is at its place");
      }
    }
    if (const auto counts = parts.count()) {
      uint64_t rows = 0;
      for (const uint64_t count : counts->severities) rows += count;
      fuzz_check(rows == parts.rows(), "each row has a severity");
    }
  }
  BlockFilterer filterer;
  std::string filtered = bytes;
  if (filterer.add_filter(filtered, 1)) {
    BlockReader again;
    fuzz_check(again.open(filtered).has_value(), "a block with a filter opens");
  }
  const bool all = reader.load_all().has_value();
  std::string out;
  for (uint32_t row = 0; row < reader.rows(); ++row) {
    const StoredRecord record = reader.record(row);
    out.append(record.hostname).append(record.app_name).append(record.listener).append(record.peer);
    if (all) {
      append_raw(record, out);
      append_message(record, out);
    }
    if (out.size() > (1 << 20)) out.clear();
  }
}

// Rows, then for each column: kind, codec, a size to declare, and the content behind its own size.
std::string block_of(FuzzInput input) {
  BlockHeader header;
  header.summary.rows = input.byte() | static_cast<uint32_t>(input.byte() % 8) << 8;
  header.summary.repeat_notes = input.byte();
  std::string body;
  while (!input.empty() && header.columns.size() < 32) {
    ColumnEntry column;
    const uint8_t kind = input.byte() % 18;
    column.kind = static_cast<ColumnKind>(kind < 16 ? kind : 112 + kind);  // and the optional ones
    column.codec = static_cast<ColumnCodec>(input.byte() % 4);
    const uint32_t more = input.byte();
    const std::string_view content = input.take(input.byte());
    column.raw_bytes = static_cast<uint32_t>(content.size()) + (more < 128 ? 0 : more * more);
    column.stored_bytes = static_cast<uint32_t>(content.size());
    column.checksum = checksum64(content);
    header.columns.push_back(column);
    body += content;
  }
  std::string bytes;
  append_block_header(header, bytes);
  return bytes + body;
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::FuzzInput input(data, size);
  sluice::read_everything(input.byte() % 2 ? sluice::block_of(input) : std::string(input.rest()));
  return 0;
}
