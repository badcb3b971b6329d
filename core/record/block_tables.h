// BlockTables: a block's own dictionaries. A record's repeated parts become three small numbers:
//
//   origin   who wrote it: (hostname, app_name)
//   class    what it looks like: (flags, time shape, layout)
//   sender   how it came: (listener, peer)
//
// Origins are numbered by app_name in byte order, then by hostname in order of first use: the columns are sorted by
// that number, so that lines of the same program and the same machine stand together (block_format.md says what it gains).
//
// Texts are views: into the interner and the open block when writing, into the decoded column when reading.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/record/buffer.h"

namespace sluice {

struct BlockTables {
  struct Origin {
    uint32_t hostname;  // index
    uint32_t app_name;
    friend bool operator==(const Origin&, const Origin&) = default;
  };
  struct Sender {
    uint32_t listener;
    uint32_t peer;
    friend bool operator==(const Sender&, const Sender&) = default;
  };
  struct Class {
    uint32_t flags;
    uint32_t time_shape;
    uint32_t layout;  // a CommonLayout, or kFirstTableLayout + index in the layouts column
    friend bool operator==(const Class&, const Class&) = default;
  };

  std::vector<std::string_view> hostnames, app_names, listeners, peers;
  std::vector<Origin> origins;
  std::vector<Sender> senders;
  std::vector<Class> classes;

  void clear();
  size_t bytes() const;
};

// REQUIRES: origins ascend by (app_name, hostname), each pair once
void append_tables(const BlockTables& tables, Buffer& out);
// False when damaged: every index that `tables` holds afterwards is inside its table (layouts aside), and no table has
// more entries than the block has rows.
bool parse_tables(std::string_view raw, uint32_t rows, BlockTables& tables);

}  // namespace sluice
