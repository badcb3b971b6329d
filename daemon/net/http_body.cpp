#include "daemon/net/http_body.h"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr size_t kLeastRoom = 1024;        // bytes beside what is kept; less would make many slots
constexpr uint64_t kUsualRatio = 8;        // logs compress about so well, or better
constexpr uint64_t kUsualBody = 64 << 10;  // of unknown length: clients send batches of about that
constexpr size_t kMostKept = 16 << 10;     // of a slow sender's; more goes to the workers

}  // namespace

HttpBody::HttpBody(Intake& intake, HttpBodyOptions options)
    : intake_(intake),
      options_(std::move(options)),
      decoder_(options_.coding, options_.max_bytes),
      framer_({.mode = FramingMode::newline, .max_frame_bytes = options_.max_frame_bytes, .peer = options_.peer}) {}

HttpBody::~HttpBody() {
  if (needs_ == Needs::room) give_up(DropReason::shutdown);
  if (batch_) intake_.recycle(std::move(batch_));
}

size_t HttpBody::take(std::string_view piece) {
  size_t used = 0;
  while (used < piece.size() || decoder_.holds_output()) {
    if (error() != BodyError::none || stopped_ || !make_room()) break;
    const Slot& slot = batch_->slot;
    const std::span<char> room = intake_.room(slot, filled_);
    const BodyDecoder::Step step = decoder_.decode(piece.substr(used), room);
    intake_.put(slot, filled_, room.first(step.written));
    used += step.read;
    filled_ += step.written;
  }
  return used;
}

bool HttpBody::finish() {
  take({});
  if (needs_ != Needs::nothing) return false;
  if (ended_ || stopped_ || error() != BodyError::none || decoder_.finish() != BodyError::none) return true;
  if (!batch_ && kept_.empty()) {
    ended_ = true;
    return true;
  }
  if (!batch_ && !get_slot()) return false;
  ended_ = true;
  return pass_on(true);
}

// A slot with a byte free. False when it must wait for one, or for room for the last one.
bool HttpBody::make_room() {
  if (batch_ && filled_ == batch_->slot.size()) {
    slow_ = false;
    if (!pass_on(false) || stopped_) return false;
  }
  return batch_ || get_slot();
}

bool HttpBody::get_slot() {
  if (batch_) return true;
  Slot slot;
  if (!intake_.parts.context.critical()) slot = intake_.take_slot(wanted(), kept_.size() + kLeastRoom);
  needs_ = slot ? Needs::nothing : Needs::slot;
  if (!slot) return false;
  batch_ = intake_.new_batch(std::move(slot));
  filled_ = kept_.copy(batch_->slot.data(), kept_.size());
  kept_.clear();
  slot_since_ = intake_.parts.clock.monotonic();
  return true;
}

SlotSize HttpBody::wanted() const {
  if (slow_) return slot_for(kept_.size() + kLeastRoom);
  if (batches_ > 0) return SlotSize::large;
  uint64_t expected = kUsualBody;
  if (options_.length) {
    expected = *options_.length * (options_.coding == BodyCoding::identity ? 1 : kUsualRatio);
  }
  return slot_for(static_cast<size_t>(std::min(expected, options_.max_bytes) + kept_.size()));
}

// Hands the slot's lines to the workers. False when they must wait for room.
bool HttpBody::pass_on(bool last) {
  cut(last);
  if (batch_->frames.empty()) {
    // Inside a truncated line nothing of it is kept; otherwise the slot was too small for the line.
    if (last || !kept_.empty()) intake_.recycle(std::move(batch_));
    filled_ = 0;
    return true;
  }
  batch_->received = intake_.parts.clock.now();
  batch_->ack = options_.ack;
  count_framing();
  intake_.count(*batch_);
  intake_.describe_text(*batch_, filled_);
  needs_ = Needs::room;
  return submit();
}

bool HttpBody::submit() {
  const size_t lines = batch_->frames.size();
  const Verdict verdict = intake_.submit(batch_);
  if (verdict == Verdict::full) return false;
  if (verdict == Verdict::stopping) {
    give_up(DropReason::shutdown);
    return true;
  }
  needs_ = Needs::nothing;
  ++batches_;
  lines_ += lines;
  filled_ = 0;
  return true;
}

void HttpBody::give_up(DropReason reason) {
  needs_ = Needs::nothing;
  stopped_ = true;
  ++batches_;  // recycling says that it is not safe
  intake_.give_up(std::move(batch_), reason);
}

void HttpBody::let_go() {
  if (!holds_slot()) return;
  slow_ = filled_ > 0;  // it may wait to be told to go on
  if (filled_ <= kMostKept) {
    kept_.assign(batch_->slot.data(), filled_);
    return intake_.recycle(std::move(batch_));
  }
  if (pass_on(false) && batch_) intake_.recycle(std::move(batch_));
}

// Makes lines of what the slot holds; an unfinished one is kept for the next slot.
void HttpBody::cut(bool last) {
  if (framer_.discarding()) drop_rest_of_line();
  const std::string_view text(batch_->slot.data(), filled_);
  size_t used = framer_.cut(text, 0, batch_->frames);
  if (last) {
    framer_.finish(text.substr(used), static_cast<uint32_t>(used), batch_->frames);
    used = filled_;
  }
  kept_.assign(text.substr(used));
  filled_ = used;
}

// A slot begins where a line does: the rest of a line that was truncated in the slot before is taken out.
void HttpBody::drop_rest_of_line() {
  char* const data = batch_->slot.data();
  const std::string_view text(data, filled_);
  const size_t end = text.find('\n');
  const size_t rest = end == text.npos ? filled_ : end + 1;
  framer_.cut(text.substr(0, rest), 0, batch_->frames);  // counts it, and adds no frame
  std::memmove(data, data + rest, filled_ - rest);
  filled_ -= rest;
}

void HttpBody::count_framing() {
  const Framer::Counters& now = framer_.counters();
  intake_.cell().truncated.add(now.truncated - counted_.truncated);
  intake_.cell().discarded_bytes.add(now.discarded_bytes - counted_.discarded_bytes);
  counted_ = now;
}

}  // namespace sluice
