#include "core/record/open_block.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/base/coding.h"
#include "core/record/payload.h"

namespace sluice {
namespace {

// A flood of lines of a few bytes costs the 68 bytes of record and head for each: the memory must count, too. Lines of
// 60 bytes and more are sealed by their own bytes.
constexpr uint64_t kMemoryPerTarget = 3;

// A flood of a few lines in turn makes a run of each: 3 MiB of them are enough for a block.
constexpr size_t kMaxCollapsedRuns = 128 << 10;

size_t varint_size(uint64_t v) { return (static_cast<size_t>(std::bit_width(v | 1)) + 6) / 7; }

// The frame's own bytes of its message: with kMessageEscaped these are not event.message.
std::string_view span_text(const Event& event, const Span& span) {
  return {event.frame.data() + span.offset, span.length};
}

char* put_u32(char* to, uint32_t v) {
  std::memcpy(to, &v, sizeof v);
  return to + sizeof v;
}

char* put_values(char* to, const Event& event) {
  for (uint32_t i = 0; i < event.span_count; ++i) {
    if (event.spans[i].piece != Piece::value) continue;
    const std::string_view value = span_text(event, event.spans[i]);
    to = put_text(put_varint(to, value.size()), value);
  }
  return to;
}

}  // namespace

struct OpenBlock::Row {
  uint64_t id;
  PackedFlags flags;
  Nanos time;
  uint32_t time_shape;
  uint32_t layout;
};

// The texts of one record in the order of PayloadText; `values_bytes` is the length of the values when written out.
struct OpenBlock::Texts {
  std::array<std::string_view, kPayloadTexts> text;
  size_t values_bytes = 0;
};

OpenBlock::OpenBlock(InternCache& cache, const Interner& interner) : cache_(cache), interner_(interner) {}

void OpenBlock::begin_batch(InternId listener, Nanos received) {
  listener_ = listener;
  received_ = received;
}

void OpenBlock::add(const Event& event, uint64_t id, InternId peer) {
  begin_run(listener_, peer, received_);
  Texts texts{{event.proc_id, event.msg_id, event.structured_data, event.message, {}, {}, {}}};
  auto layout = static_cast<uint32_t>(event.layout);
  if (event.layout == CommonLayout::none) {
    layout = kFirstTableLayout + layouts_.index_of(event);
    for (uint32_t i = 0; i < event.span_count; ++i) {
      const Span& span = event.spans[i];
      if (span.piece == Piece::value) texts.values_bytes += varint_size(span.length) + span.length;
      if (span.piece == Piece::message) texts.text[kMessageText] = span_text(event, span);
    }
  }
  texts.text[kHostnameText] = event.hostname;
  texts.text[kAppNameText] = event.app_name;
  append({id, PackedFlags::of(event), event.time, event.time_shape.packed(), layout}, texts,
         texts.values_bytes != 0 ? &event : nullptr);
  raw_bytes_ += event.frame.size();
}

void OpenBlock::add(const StoredRecord& stored) {
  begin_run(keep(stored.listener), keep(stored.peer), stored.received);
  Texts texts{{stored.proc_id, stored.msg_id, stored.structured_data, stored.message, stored.values, stored.hostname,
               stored.app_name},
              stored.values.size()};
  auto layout = static_cast<uint32_t>(stored.layout);
  if (stored.layout == CommonLayout::none) layout = kFirstTableLayout + layouts_.index_of(stored.layout_text);
  append({stored.id, stored.flags, stored.time, stored.time_shape.packed(), layout}, texts, nullptr);
  scratch_.clear();
  append_raw(stored, scratch_);
  raw_bytes_ += scratch_.size();
}

// `values_of`: the event whose value spans are written; null: texts has them written out.
void OpenBlock::append(const Row& row, Texts& texts, const Event* values_of) {
  auto& text = texts.text;
  const InternId hostname = cache_.intern(text[kHostnameText]);
  if (hostname != kNotInterned) text[kHostnameText] = {};
  const InternId app_name = cache_.intern(text[kAppNameText]);
  if (app_name != kNotInterned) text[kAppNameText] = {};
  records_.push_back({row.id, row.flags, hostname, row.time, app_name, static_cast<uint32_t>(arena_.size())});

  size_t most = sizeof(PayloadHead) + texts.values_bytes + kTextSlack;
  for (const std::string_view t : text) most += t.size();
  // Number by number to where they stay: gathered on the stack first they cost a stalled load each.
  char* const payload = arena_.room(most);
  char* head = put_u32(payload, row.time_shape);
  head = put_u32(head, row.layout);
  char* to = payload + sizeof(PayloadHead);
  const auto written = [&](char* end) {
    head = put_u32(head, static_cast<uint32_t>(end - to));
    to = end;
  };
  for (const size_t i : {kProcIdText, kMsgIdText, kStructuredDataText, kMessageText}) written(put_text(to, text[i]));
  written(values_of != nullptr ? put_values(to, *values_of) : put_text(to, text[kValuesText]));
  written(put_text(to, text[kHostnameText]));
  written(put_text(to, text[kAppNameText]));
  arena_.commit(static_cast<size_t>(to - payload));
}

void OpenBlock::begin_run(uint32_t listener, uint32_t peer, Nanos received) {
  if (!runs_.empty()) {
    const Run& last = runs_.back();
    if (last.listener == listener && last.peer == peer && last.received == received) return;
  }
  runs_.push_back({static_cast<uint32_t>(records_.size()), listener, peer, received});
}

void OpenBlock::add_collapsed(const CollapsedLines& lines) {
  if (!collapsed_.empty()) {
    CollapsedLines& last = collapsed_.back();
    if (last.id + last.count == lines.id && last.first_id == lines.first_id) {
      last.count += lines.count;
      return;
    }
  }
  collapsed_.push_back(lines);
}

uint32_t OpenBlock::keep(std::string_view text) {
  const InternId id = cache_.intern(text);
  if (id != kNotInterned || text.empty()) return id;
  // Rare: only when the interner is full. Listeners and peers mostly repeat the one just seen.
  for (size_t back = 1; back <= spilled_.size() && back <= 4; ++back) {
    if (spilled_[spilled_.size() - back] == text) return kSpilled | static_cast<uint32_t>(spilled_.size() - back);
  }
  spilled_.emplace_back(text);
  return kSpilled | static_cast<uint32_t>(spilled_.size() - 1);
}

bool OpenBlock::full(uint64_t target) const {
  target = std::min(target, kMaxBlockTarget);
  const uint64_t memory = arena_.size() + records_.size() * sizeof(CompactRecord);
  return raw_bytes_ >= target || memory >= kMemoryPerTarget * target || records_.size() >= kMaxBlockRows / 2 ||
         repeats_.size() >= kMaxBlockRows / 2 || collapsed_.size() >= kMaxCollapsedRuns;
}

size_t OpenBlock::bytes() const {
  size_t spilled = spilled_.capacity() * sizeof(std::string);
  for (const std::string& text : spilled_) spilled += text.capacity();
  return arena_.capacity() + layouts_.bytes() + records_.capacity() * sizeof(CompactRecord) +
         runs_.capacity() * sizeof(Run) + repeats_.capacity() * sizeof(RepeatNote) +
         collapsed_.capacity() * sizeof(CollapsedLines) + scratch_.capacity() + spilled;
}

void OpenBlock::clear() {
  records_.clear();
  arena_.clear();
  layouts_.clear();
  runs_.clear();
  repeats_.clear();
  collapsed_.clear();
  spilled_.clear();
  raw_bytes_ = 0;
}

void OpenBlock::shrink() {
  clear();
  records_ = decltype(records_)();
  arena_.release();
  layouts_.release();
  runs_ = decltype(runs_)();
  repeats_ = decltype(repeats_)();
  collapsed_ = decltype(collapsed_)();
  spilled_ = decltype(spilled_)();
  scratch_ = std::string();
}

}  // namespace sluice
