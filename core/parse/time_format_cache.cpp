#include "core/parse/time_format_cache.h"

namespace sluice {

void TimeFormatCache::keep(const TimeReading& reading) {
  forget();
  if (reading.prefix.size() < kMinPrefix || reading.prefix.size() > kMaxPrefix) return;
  if (reading.suffix.size() > kMaxSuffix) return;
  // Every fraction must fit behind the base.
  if (reading.base > std::numeric_limits<Nanos>::max() - kSecond) return;
  std::memcpy(prefix_, reading.prefix.data(), reading.prefix.size());
  char octets[kMaxPrefix] = {};
  std::memset(octets, 0xff, reading.prefix.size());
  std::memcpy(mask_, octets, sizeof mask_);
  if (!reading.suffix.empty()) std::memcpy(suffix_, reading.suffix.data(), reading.suffix.size());
  suffix_size_ = static_cast<uint32_t>(reading.suffix.size());
  base_ = reading.base;
  valid_from_ = reading.valid_from;
  valid_until_ = reading.valid_until;
  shape_ = reading.shape;
  flags_ = reading.flags;
  rendered_suffix_ = reading.rendered_suffix;
  fraction_ = reading.fraction;
  point_ = reading.point;
  prefix_size_ = static_cast<uint32_t>(reading.prefix.size());
}

}  // namespace sluice
