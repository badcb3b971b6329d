// Any bytes as a spool's file: the head is made right, and where the input says so a slot's header too, so that they get
// in. It opens, all slots that are found are cut, and nothing reaches beyond its slot.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/base/hash.h"
#include "core/spool/slot_lines.h"
#include "core/spool/spool.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

constexpr uint64_t kRegion = 1 << 20;
constexpr uint64_t kFileId = 0x1122334455667789;

// A file that is never synced. It is kept between inputs: what one has touched is made zeros again.
class Memory final : public SpoolMedium {
 public:
  static char* bytes() {
    static char* const at = [] {
      const int fd = memfd_create("spool", MFD_CLOEXEC);
      fuzz_check(fd >= 0 && ftruncate(fd, kBytes) == 0, "there is memory");
      return static_cast<char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    }();
    return at;
  }

  char* data() const override { return bytes(); }
  uint64_t size() const override { return kBytes; }
  Result<void> sync() override { return {}; }

 private:
  static constexpr uint64_t kBytes = Spool::kHeadBytes + kRegion;
};

Result<std::unique_ptr<Spool>> open(const std::string& boot_id) {
  return Spool::open(std::make_unique<Memory>(), {.boot_id = boot_id, .new_file_id = kFileId});
}

// The slot's mark and checksum are made right: everything else is the input's.
void make_described(char* at) {
  auto& header = *reinterpret_cast<SlotHeader*>(at);
  header.mark = SlotHeader::kLive ^ kFileId;
  header.level %= kSlotSizes;
  constexpr size_t kBegin = offsetof(SlotHeader, sequence);
  header.checksum = checksum64({at + kBegin, offsetof(SlotHeader, checksum) - kBegin});
}

// Returns the units that it has touched.
std::vector<uint64_t> fill(FuzzInput& input) {
  std::vector<uint64_t> touched;
  char* const region = Memory::bytes() + Spool::kHeadBytes;
  while (!input.empty()) {
    const uint8_t what = input.byte();
    const uint64_t unit = input.byte();
    touched.push_back(unit);
    const size_t length = static_cast<size_t>(input.byte()) << 8 | input.byte();
    const std::string_view bytes = input.take(std::min<size_t>(length, kSlotUnit));
    char* const at = region + unit * kSlotUnit;
    std::memcpy(at, bytes.data(), bytes.size());
    if (what % 8 == 0) continue;
    make_described(at);
    if (what % 2 == 0) continue;
    const auto size = static_cast<SlotSize>(reinterpret_cast<SlotHeader*>(at)->level);
    BufferPool pool({.max_bytes = kRegion, .region = region});
    if (Slot slot = pool.adopt(unit * kSlotUnit, size)) {
      if (header_of(slot).stream_bytes() <= slot.size()) commit_slot(slot);
      slot.leave();
    }
  }
  return touched;
}

void check(const Slot& slot, const std::vector<FrameRef>& frames) {
  for (const FrameRef& frame : frames) {
    fuzz_check(size_t{frame.offset} + frame.length <= slot.size(), "a frame lies in its slot");
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  const uint8_t how = input.byte();
  static const std::string head = [] {
    fuzz_check(open("boot").has_value(), "a new spool opens");
    return std::string(Memory::bytes(), 4096);
  }();
  std::memcpy(Memory::bytes(), head.data(), head.size());
  const std::vector<uint64_t> touched = fill(input);
  auto spool = open(how & 1 ? "boot" : "another");
  fuzz_check(spool.has_value(), "a spool with a right head opens");
  static Interner interner;  // it has a limit of its own
  uint64_t bytes = 0, last = 0;
  for (Slot& slot : (*spool)->take_found()) {
    fuzz_check(header_of(slot).sequence >= last, "slots come in order");
    last = header_of(slot).sequence;
    bytes += slot.bytes();
    const SlotLines lines = cut_slot(slot, how & 2, interner);
    check(slot, lines.frames);
    check(slot, lines.end);
    for (const PendingDatagram& pending : lines.pending) {
      fuzz_check(size_t{pending.offset} + pending.length <= slot.size(), "a datagram lies in its slot");
    }
  }
  fuzz_check(bytes <= kRegion, "no two slots share their room");
  fuzz_check((*spool)->pool().free_bytes() == kRegion, "all of it is free again");
  spool->reset();
  for (const uint64_t unit : touched) std::memset(Memory::bytes() + Spool::kHeadBytes + unit * kSlotUnit, 0, kSlotUnit);
  return 0;
}
