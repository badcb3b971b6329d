// PeerCache: from a datagram's sender to the interned text of its address, which costs a comparison for the senders
// seen last. Threads: one. Memory: 6 KiB.
#pragma once

#include <netinet/in.h>

#include <array>
#include <cstring>

#include "core/base/hash.h"
#include "core/intern/interner.h"
#include "daemon/net/socket.h"

namespace sluice {

class PeerCache {
 public:
  explicit PeerCache(Interner& interner) : interner_(interner) {}

  InternId find(const sockaddr_in6& sender) {
    Address address{};
    address.family = sender.sin6_family;
    if (sender.sin6_family == AF_INET6) {
      std::memcpy(address.bytes.data(), &sender.sin6_addr, sizeof sender.sin6_addr);
    } else {
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in&>(sender).sin_addr, sizeof(in_addr));
    }
    const std::string_view key(reinterpret_cast<const char*>(&address), sizeof address);
    Entry& entry = entries_[hash64(key, process_seed()) % kEntries];
    if (std::memcmp(&entry.address, &address, sizeof address) != 0) {
      sockaddr_storage storage{};
      std::memcpy(&storage, &sender, sizeof sender);
      entry = {address, interner_.intern(address_text(storage))};
    }
    return entry.id;
  }

 private:
  static constexpr size_t kEntries = 256;  // direct-mapped; a machine's usual senders

  struct Address {
    std::array<unsigned char, 16> bytes{};
    uint32_t family = AF_UNSPEC;
  };
  struct Entry {
    Address address;
    InternId id = kNotInterned;
  };

  Interner& interner_;
  std::array<Entry, kEntries> entries_{};
};

}  // namespace sluice
