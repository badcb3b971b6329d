#include "core/spool/spool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>

#include "core/base/hash.h"

namespace sluice {
namespace {

struct SpoolHead {
  static constexpr uint64_t kMagic = 0x7053656369756c53;  // "SluiceSp"
  static constexpr uint32_t kVersion = 1;

  uint64_t magic;
  uint32_t version;
  uint32_t unit_bytes;
  uint64_t file_id;
  uint64_t slot_bytes;  // behind the head
  char boot_id[64];
  uint64_t clean;     // 1: the last process left nothing in it
  uint64_t checksum;  // of all before it

  uint64_t right_checksum() const {
    return checksum64({reinterpret_cast<const char*>(this), offsetof(SpoolHead, checksum)});
  }
};

SpoolHead& head_of(const SpoolMedium& medium) { return *reinterpret_cast<SpoolHead*>(medium.data()); }

bool is_new(const SpoolMedium& medium) {
  const SpoolHead zeros{};
  return std::memcmp(medium.data(), &zeros, sizeof zeros) == 0;
}

uint64_t random_id() {
  std::random_device random;
  return ((uint64_t{random()} << 32) | random()) | 1;
}

void set_boot_id(SpoolHead& head, const std::string& boot_id) {
  std::memset(head.boot_id, 0, sizeof head.boot_id);
  boot_id.copy(head.boot_id, sizeof head.boot_id - 1);
}

}  // namespace

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

Spool::Spool(std::unique_ptr<SpoolMedium> medium) : medium_(std::move(medium)) {}
Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::open(std::unique_ptr<SpoolMedium> medium, SpoolOptions options) {
  if (medium->size() < kHeadBytes + kSlotBytes.back()) return Unexpected(Error{"it is too short for a spool"});
  auto spool = std::unique_ptr<Spool>(new Spool(std::move(medium)));
  if (auto opened = spool->open_head(options); !opened) return Unexpected(opened.error());
  // Before the pool has its pages: until it hands one out, nobody may touch it.
  const auto described = spool->find_described();
  if (auto begun = spool->begin_life(options); !begun) return Unexpected(begun.error());
  spool->adopt(described);
  return spool;
}

Result<void> Spool::open_head(const SpoolOptions& options) {
  SpoolHead& head = head_of(*medium_);
  if (is_new(*medium_)) {
    file_id_ = options.new_file_id ? options.new_file_id : random_id();
    SpoolHead fresh{};
    fresh.magic = SpoolHead::kMagic;
    fresh.version = SpoolHead::kVersion;
    fresh.unit_bytes = kSlotUnit;
    fresh.file_id = file_id_;
    fresh.slot_bytes = medium_->size() - kHeadBytes;
    set_boot_id(fresh, options.boot_id);
    fresh.clean = 1;
    fresh.checksum = fresh.right_checksum();
    head = fresh;
    return {};
  }
  if (head.magic != SpoolHead::kMagic) return Unexpected(Error{"it does not begin like a spool"});
  if (head.checksum != head.right_checksum()) return Unexpected(Error{"the checksum of its head is wrong"});
  if (head.version != SpoolHead::kVersion || head.unit_bytes != kSlotUnit) {
    return Unexpected(Error{"it is of version " + std::to_string(head.version) + ", which this program does not know"});
  }
  if (head.slot_bytes != medium_->size() - kHeadBytes) {
    return Unexpected(Error{"it has " + std::to_string(medium_->size()) + " bytes and should have " +
                            std::to_string(head.slot_bytes + kHeadBytes)});
  }
  file_id_ = head.file_id;
  facts_.after_power_cut = options.boot_id.empty() || options.boot_id != head.boot_id;
  return {};
}

Result<void> Spool::begin_life(const SpoolOptions& options) {
  std::function<void(char*, std::string_view)> write_header;
  if (medium_->often_synced()) write_header = [this](char* to, std::string_view bytes) { write(to, bytes); };
  pool_ = std::make_unique<BufferPool>(BufferPoolOptions{.max_bytes = medium_->size() - kHeadBytes,
                                                         .account = options.account,
                                                         .region = medium_->data() + kHeadBytes,
                                                         .write = std::move(write_header)});
  // What does not count any more is gone from the disk before this boot's slots are trusted.
  if (facts_.after_power_cut) {
    if (auto synced = medium_->sync(); !synced) return synced;
  }
  SpoolHead& head = head_of(*medium_);
  SpoolHead next = head;
  next.clean = 0;
  set_boot_id(next, options.boot_id);
  next.checksum = next.right_checksum();
  head = next;
  return medium_->sync();
}

// A former process was killed between any two instructions: each unit may begin a slot.
std::vector<Spool::Place> Spool::find_described() {
  std::vector<Place> places;
  if (head_of(*medium_).clean != 0) return places;
  char* const region = medium_->data() + kHeadBytes;
  const uint64_t bytes = medium_->size() - kHeadBytes;
  // Every page is mapped once. Who holds nothing need not stay.
  constexpr uint64_t kPiece = 4 << 20;
  const auto let_go_before = [&](uint64_t offset) {
    const uint64_t from = offset < kPiece ? 0 : offset - kPiece;
    madvise(region + from, offset - from, MADV_DONTNEED);
  };
  for (uint64_t offset = 0; offset + kSlotUnit <= bytes; offset += kSlotUnit) {
    if (offset % kPiece == 0) let_go_before(offset);
    SlotHeader& header = header_at(offset);
    if (!is_described(header, file_id_, bytes - offset)) continue;
    const bool counts = !facts_.after_power_cut || commit_is_whole(header, region + offset + kSlotHeaderBytes);
    if (counts) {
      // Written is not yet on the disk.
      if (facts_.after_power_cut) header.stored = 0;
      places.push_back({header.sequence, offset, static_cast<SlotSize>(header.level)});
    } else {
      ++facts_.distrusted;
      header.mark = 0;
    }
  }
  places = without_overlaps(std::move(places));
  let_go_before(bytes);
  return places;
}

// The newest first: after a power cut an older one may still stand where its room was given to others. It is made to
// describe nothing, or it would be found again when those are gone.
std::vector<Spool::Place> Spool::without_overlaps(std::vector<Place> places) {
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.sequence > b.sequence; });
  std::vector<bool> taken((medium_->size() - kHeadBytes) / kSlotUnit);
  std::vector<Place> apart;
  for (const Place& place : places) {
    const uint64_t bytes = kSlotBytes[static_cast<size_t>(place.size)];
    const auto begin = taken.begin() + static_cast<ptrdiff_t>(place.offset / kSlotUnit);
    const auto end = begin + static_cast<ptrdiff_t>(bytes / kSlotUnit);
    if (place.offset % bytes == 0 && std::find(begin, end, true) == end) {
      std::fill(begin, end, true);
      apart.push_back(place);
    } else {
      ++(facts_.after_power_cut ? facts_.distrusted : facts_.damaged);
      if (!is_received(place.offset, apart)) header_at(place.offset).mark = 0;
    }
  }
  return apart;
}

// Whether what lies there belongs to what somebody sent.
bool Spool::is_received(uint64_t offset, const std::vector<Place>& places) const {
  return std::any_of(places.begin(), places.end(), [&](const Place& place) {
    const SlotHeader& header = header_at(place.offset);
    const uint64_t data = place.offset + kSlotHeaderBytes;
    const uint64_t bytes = facts_.after_power_cut ? header.committed : kSlotRoom[header.level];
    return offset >= data && offset < data + bytes;
  });
}

SlotHeader& Spool::header_at(uint64_t offset) const {
  return *reinterpret_cast<SlotHeader*>(medium_->data() + kHeadBytes + offset);
}

void Spool::adopt(const std::vector<Place>& places) {
  if (!places.empty()) sequence_ = places.front().sequence + 1;
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    found_.push_back(pool_->adopt(place->offset, place->size));
  }
  facts_.slots = found_.size();
}

void Spool::close_clean() {
  SpoolHead& head = head_of(*medium_);
  SpoolHead next = head;
  next.clean = 1;
  next.checksum = next.right_checksum();
  head = next;
  (void)medium_->sync();
}

}  // namespace sluice
