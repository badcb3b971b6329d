#include "core/memory/mapped_region.h"

#include <sys/mman.h>

#include <cassert>
#include <cstdint>
#include <new>
#include <utility>

namespace sluice {

namespace {

constexpr size_t kHugePage = 2 << 20;  // bytes

char* map(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(at);
}

// The kernel makes a huge page only where one begins: maps more than asked for and lets go of what is too much.
char* map_aligned(size_t bytes) {
  char* at = map(bytes + kHugePage);
  const size_t before = (kHugePage - reinterpret_cast<uintptr_t>(at) % kHugePage) % kHugePage;
  const size_t page = 4096;
  const size_t used = (bytes + page - 1) / page * page;
  if (before != 0) munmap(at, before);
  munmap(at + before + used, kHugePage - before);
  return at + before;
}

}  // namespace

MappedRegion::MappedRegion(size_t bytes, HugePages huge_pages) : size_(bytes) {
  if (bytes == 0) return;
  const bool huge = huge_pages == HugePages::want && bytes >= kHugePage;
  data_ = huge ? map_aligned(bytes) : map(bytes);
  // Only advice: a kernel without huge pages answers EINVAL, which changes nothing.
  madvise(data_, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

MappedRegion::MappedRegion(MappedRegion&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedRegion& MappedRegion::operator=(MappedRegion&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedRegion::~MappedRegion() {
  if (data_ != nullptr) munmap(data_, size_);
}

void MappedRegion::give_back(size_t offset, size_t bytes) {
  assert(offset % 4096 == 0 && bytes % 4096 == 0 && offset + bytes <= size_);
  if (bytes != 0) madvise(data_ + offset, bytes, MADV_DONTNEED);
}

}  // namespace sluice
