#include "core/memory/mapped_region.h"

#include <sys/mman.h>

#include <cassert>
#include <new>
#include <utility>

namespace sluice {

MappedRegion::MappedRegion(size_t bytes, HugePages huge_pages) {
  if (bytes == 0) return;
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  // Only advice: a kernel without huge pages answers EINVAL, which changes nothing.
  madvise(at, bytes, huge_pages == HugePages::want ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  data_ = static_cast<char*>(at);
  size_ = bytes;
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
