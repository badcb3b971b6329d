// MappedRegion: zeroed pages straight from the kernel. A page costs memory only once it is touched, and give_back()
// makes it cost nothing again.
//
// For the few large blocks whose size is known at start (slots, the dedupe tables): they need no allocator, and an
// allocator would touch or keep them.
//
//   MappedRegion region(64 << 20);
//   region.data()[0] = 1;
//   region.give_back(0, 4096);          // reads as 0 from now on
//
// Limits:  the address space is reserved with MAP_NORESERVE: reserving more than there is memory is no error. The
//          constructor throws std::bad_alloc when the kernel refuses the address space.
// Threads: as plain memory. give_back() may run beside accesses to other pages.
#pragma once

#include <cstddef>

namespace sluice {

class MappedRegion {
 public:
  // What the kernel shall do about huge pages (2 MiB). `avoid` where single pages are given back and counted; `want`
  // where accesses are random over megabytes, for the sake of the TLB.
  enum class HugePages { avoid, want };

  MappedRegion() = default;
  explicit MappedRegion(size_t bytes, HugePages huge_pages = HugePages::avoid);
  MappedRegion(MappedRegion&& other) noexcept;
  MappedRegion& operator=(MappedRegion&& other) noexcept;
  ~MappedRegion();

  char* data() const { return data_; }
  size_t size() const { return size_; }

  // REQUIRES: offset and bytes are multiples of the page size (4096) and lie inside
  void give_back(size_t offset, size_t bytes);

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sluice
