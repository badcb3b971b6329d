#include "core/query/block_damage.h"

#include <cerrno>

namespace sluice {

std::string segment_path_of(const StoreReader& reader, const BlockRef& ref) {
  for (const auto& segment : reader.segments()) {
    if (segment.number == ref.segment && segment.level == ref.level) return segment.path;
  }
  return "segment " + std::to_string(ref.segment);
}

Damage block_damage(const StoreReader& reader, const BlockRef& ref, const Error& error) {
  return {segment_path_of(reader, ref), ref.offset, ref.length, error.message};
}

bool was_removed(const Error& error) { return error.sys == ENOENT; }

}  // namespace sluice
