#include "core/record/block_tables.h"

#include <cstring>

#include "core/base/coding.h"

namespace sluice {
namespace {

void append_number(Buffer& out, uint64_t v) {
  char* const from = out.room(kMaxVarintBytes);
  out.commit(static_cast<size_t>(put_varint(from, v) - from));
}

void append_texts(Buffer& out, const std::vector<std::string_view>& texts) {
  append_number(out, texts.size());
  for (const std::string_view text : texts) {
    append_number(out, text.size());
    out.append(text);
  }
}

// Every entry is used by some row: a larger count is damage, and must not make the reader allocate.
bool parse_count(ByteReader& in, uint32_t rows, uint64_t& count) {
  count = in.varint();
  return in.ok() && count <= rows;
}

bool parse_texts(ByteReader& in, uint32_t rows, std::vector<std::string_view>& texts) {
  uint64_t count;
  if (!parse_count(in, rows, count)) return false;
  texts.reserve(count);
  for (uint64_t i = 0; i < count; ++i) texts.push_back(in.bytes());
  return in.ok();
}

bool parse_index(ByteReader& in, size_t size, uint32_t& index) {
  const uint64_t v = in.varint();
  index = static_cast<uint32_t>(v);
  return in.ok() && v < size;
}

// For each app_name: how many hostnames it has, then each as the difference to the one before.
void append_origins(Buffer& out, const BlockTables& tables) {
  size_t at = 0;
  for (uint32_t app = 0; app < tables.app_names.size(); ++app) {
    size_t end = at;
    while (end < tables.origins.size() && tables.origins[end].app_name == app) ++end;
    append_number(out, end - at);
    for (uint32_t last = 0; at < end; ++at) {
      append_number(out, tables.origins[at].hostname - last);
      last = tables.origins[at].hostname;
    }
  }
}

bool parse_origins(ByteReader& in, uint32_t rows, BlockTables& tables) {
  for (uint32_t app = 0; app < tables.app_names.size(); ++app) {
    uint64_t count;
    if (!parse_count(in, rows, count) || tables.origins.size() + count > rows) return false;
    uint64_t hostname = 0;
    for (uint64_t i = 0; i < count; ++i) {
      hostname += in.varint();
      if (!in.ok() || hostname >= tables.hostnames.size()) return false;
      tables.origins.push_back({static_cast<uint32_t>(hostname), app});
    }
  }
  return true;
}

bool parse_senders(ByteReader& in, uint32_t rows, BlockTables& tables) {
  uint64_t count;
  if (!parse_count(in, rows, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    BlockTables::Sender sender;
    if (!parse_index(in, tables.listeners.size(), sender.listener)) return false;
    if (!parse_index(in, tables.peers.size(), sender.peer)) return false;
    tables.senders.push_back(sender);
  }
  return true;
}

bool parse_classes(ByteReader& in, uint32_t rows, BlockTables& tables) {
  uint64_t count;
  if (!parse_count(in, rows, count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    BlockTables::Class c;
    c.flags = in.u32();
    c.time_shape = in.u32();
    if (!parse_index(in, UINT32_MAX, c.layout)) return false;
    tables.classes.push_back(c);
  }
  return true;
}

}  // namespace

void append_tables(const BlockTables& tables, Buffer& out) {
  append_texts(out, tables.hostnames);
  append_texts(out, tables.app_names);
  append_texts(out, tables.listeners);
  append_texts(out, tables.peers);
  append_origins(out, tables);
  append_number(out, tables.senders.size());
  for (const BlockTables::Sender& sender : tables.senders) {
    append_number(out, sender.listener);
    append_number(out, sender.peer);
  }
  append_number(out, tables.classes.size());
  for (const BlockTables::Class& c : tables.classes) {
    char* to = out.room(8);
    std::memcpy(to, &c.flags, 4);
    std::memcpy(to + 4, &c.time_shape, 4);
    out.commit(8);
    append_number(out, c.layout);
  }
}

bool parse_tables(std::string_view raw, uint32_t rows, BlockTables& tables) {
  tables.clear();
  ByteReader in(raw);
  for (auto* texts : {&tables.hostnames, &tables.app_names, &tables.listeners, &tables.peers}) {
    if (!parse_texts(in, rows, *texts)) return false;
  }
  return parse_origins(in, rows, tables) && parse_senders(in, rows, tables) && parse_classes(in, rows, tables) &&
         in.left() == 0;
}

void BlockTables::clear() {
  hostnames.clear();
  app_names.clear();
  listeners.clear();
  peers.clear();
  origins.clear();
  senders.clear();
  classes.clear();
}

size_t BlockTables::bytes() const {
  const size_t texts = hostnames.capacity() + app_names.capacity() + listeners.capacity() + peers.capacity();
  return texts * sizeof(std::string_view) + origins.capacity() * sizeof(Origin) + senders.capacity() * sizeof(Sender) +
         classes.capacity() * sizeof(Class);
}

}  // namespace sluice
