#include "core/store/merge.h"

#include <algorithm>
#include <cerrno>

#include "core/store/segment_directory.h"

namespace sluice {
namespace {

// What one step may decode or copy: with these and a block of 8 MiB a step stays near 50 ms.
constexpr uint64_t kStepWeight = 2 << 20;
constexpr size_t kStepBlocks = 64;
constexpr size_t kStepRows = 16 << 10;
constexpr size_t kGroupBlocks = 512;  // decoded at once; a decoded block takes some KiB even with one line

// Errors that say nothing about the file: it can be opened later.
bool is_passing(int err) { return err == EMFILE || err == ENFILE || err == ENOMEM; }

SegmentName result_name(const std::vector<SegmentName>& inputs) {
  SegmentName name{inputs.front().first, inputs.back().last, 0};
  for (const SegmentName& input : inputs) name.level = std::max(name.level, input.level);
  ++name.level;
  return name;
}

// The counts that came for one line, as one note.
void fold_notes(std::vector<RepeatNote>& notes) {
  std::sort(notes.begin(), notes.end(), [](const RepeatNote& a, const RepeatNote& b) {
    return a.first_id != b.first_id ? a.first_id < b.first_id : a.first_time < b.first_time;
  });
  size_t kept = 0;
  for (size_t i = 1; i < notes.size(); ++i) {
    if (notes[i].first_id == notes[kept].first_id) {
      notes[kept].count += notes[i].count;
      notes[kept].last_time = std::max(notes[kept].last_time, notes[i].last_time);
    } else {
      notes[++kept] = notes[i];
    }
  }
  if (!notes.empty()) notes.resize(kept + 1);
}

}  // namespace

Merge::Merge(FileSystem& fs, std::string directory, std::vector<SegmentName> inputs, const MergeOptions& options)
    : fs_(fs),
      directory_(std::move(directory)),
      inputs_(std::move(inputs)),
      options_(options),
      result_(result_name(inputs_)),
      cache_(interner_),
      open_block_(cache_, interner_),
      encoder_({.level = options.level, .merge_level = result_.level}) {}

Merge::~Merge() {
  if (writer_ && !published_) (void)fs_.remove(writer_->path());
  if (options_.account) options_.account->release(charged_);
}

Merge::State Merge::step() {
  if (state_ != State::working) return state_;
  switch (phase_) {
    case Phase::open:
      open_inputs();
      break;
    case Phase::gather:
      gather();
      break;
    case Phase::fill:
      fill();
      break;
    case Phase::encode:
      encode();
      break;
    case Phase::finish:
      finish();
      break;
    case Phase::publish:
      publish();
      break;
  }
  charge();
  return state_;
}

void Merge::open_inputs() {
  SegmentHeader header{.name = result_};
  for (const SegmentName& input : inputs_) {
    auto segment = SegmentReader::open(fs_, segment_path(directory_, input));
    segment_ = segments_.size();
    if (!segment && is_passing(segment.error().sys)) return fail(segment.error());
    if (!segment) return fail_damaged(segment.error());
    const SegmentReader& found = **segment;
    if (!found.header()) return fail_damaged(Error{found.path() + ": the segment's header is damaged"});
    if (!found.damage().empty()) return fail_damaged(Error{to_text(found.damage().front())});
    if (found.tail() == TailKind::damaged) return fail_damaged(Error{to_text(found.tail_damage())});
    header.created = std::max(header.created, found.header()->created);
    header.next_id = std::max(header.next_id, found.header()->next_id);
    for (const SegmentEntry& entry : found.entries()) {
      rows_in_ += entry.summary.rows;
      repeats_in_ += entry.summary.repeats;
    }
    segments_.push_back(std::move(*segment));
  }
  segment_ = 0;
  header.file_id = new_file_id(result_, segments_.front()->file_id());
  const std::string path = unfinished_path(directory_, result_);
  (void)fs_.remove(path);  // of an earlier try that could not clean up
  auto writer = SegmentWriter::create(fs_, path, header);
  if (!writer) return fail(writer.error());
  writer_ = std::move(*writer);
  phase_ = Phase::gather;
}

void Merge::gather() {
  uint64_t weight = 0;
  for (size_t blocks = 0; blocks < kStepBlocks && weight < kStepWeight; ++blocks) {
    while (segment_ < segments_.size() && entry_ == segments_[segment_]->entries().size()) {
      ++segment_;
      entry_ = 0;
    }
    if (segment_ == segments_.size()) {
      phase_ = group_.empty() ? Phase::finish : Phase::fill;
      return;
    }
    const SegmentEntry& entry = segments_[segment_]->entries()[entry_];
    if (is_taken(entry.summary)) {
      load_block(entry);
    } else {
      copy_block(entry);
    }
    if (state_ != State::working) return;
    ++entry_;
    weight += block_weight(entry.summary);
    if (group_weight_ >= aim() || group_.size() >= kGroupBlocks) {
      phase_ = Phase::fill;
      return;
    }
  }
}

void Merge::copy_block(const SegmentEntry& entry) {
  auto bytes = segments_[segment_]->read(entry);
  if (!bytes) return fail_damaged(bytes.error());
  BlockSummary summary = entry.summary;
  if (!has_merged_form(summary)) {
    if (auto filtered = add_filter(*bytes, summary); !filtered) return fail_unreadable(entry, filtered.error());
  }
  append(*bytes, summary);
}

Result<void> Merge::add_filter(std::string& block, BlockSummary& summary) {
  summary.merge_level = result_.level;
  return filterer_.add_filter(block, summary.merge_level, summary.raw_bytes >= options_.filter_from);
}

void Merge::load_block(const SegmentEntry& entry) {
  auto bytes = segments_[segment_]->read(entry);
  if (!bytes) return fail_damaged(bytes.error());
  BlockReader block;
  auto opened = block.open(std::move(*bytes));
  if (opened) opened = block.load_all();
  Result<std::vector<RepeatNote>> notes = opened ? block.repeats() : Unexpected(opened.error());
  Result<std::vector<CollapsedLines>> collapsed = notes ? block.collapsed() : Unexpected(notes.error());
  if (!collapsed) return fail_unreadable(entry, collapsed.error());
  notes_.insert(notes_.end(), notes->begin(), notes->end());
  for (const CollapsedLines& lines : *collapsed) {
    if (lines.end() > options_.keep_collapsed_from) collapsed_.push_back(lines);
  }
  group_.push_back(std::move(block));
  group_weight_ += block_weight(entry.summary);
  ++blocks_merged_;
}

void Merge::fill() {
  if (filled_ == 0) sort_rows();
  if (rows_.empty() && notes_.empty()) {  // blocks without anything in them
    group_.clear();
    group_weight_ = 0;
    phase_ = Phase::gather;
    return;
  }
  const size_t end = std::min(rows_.size(), filled_ + kStepRows);
  for (; filled_ < end; ++filled_) {
    open_block_.add(group_[rows_[filled_].block].record(rows_[filled_].row));
  }
  if (filled_ == rows_.size()) phase_ = Phase::encode;
}

void Merge::sort_rows() {
  for (uint32_t block = 0; block < group_.size(); ++block) {
    for (uint32_t row = 0; row < group_[block].rows(); ++row) {
      rows_.push_back({group_[block].record(row).id, block, row});
    }
  }
  std::sort(rows_.begin(), rows_.end(), [](const Position& a, const Position& b) { return a.id < b.id; });
  fold_notes(notes_);
}

void Merge::encode() {
  for (const RepeatNote& note : notes_) open_block_.add_repeat(note);
  for (const CollapsedLines& lines : collapsed_) open_block_.add_collapsed(lines);
  encoded_.clear();
  encoder_.encode(open_block_, encoded_);
  if (auto filtered = add_filter(encoded_.bytes, encoded_.summary); !filtered) return fail(filtered.error());
  append(encoded_.bytes, encoded_.summary);
  open_block_.clear();
  group_.clear();
  group_weight_ = 0;
  rows_.clear();
  filled_ = 0;
  notes_.clear();
  collapsed_.clear();
  if (state_ == State::working) phase_ = Phase::gather;
}

void Merge::append(std::string_view block, const BlockSummary& summary) {
  if (auto written = writer_->append(block, summary); !written) return fail(written.error());
  rows_out_ += summary.rows;
  repeats_out_ += summary.repeats;
}

void Merge::finish() {
  if (rows_out_ != rows_in_ || repeats_out_ != repeats_in_) {
    // The inputs are worth more than the room they take.
    segment_ = 0;
    return fail_damaged(Error{"BUG: a merge of " + segment_file_name(inputs_.front()) + " to " +
                              segment_file_name(inputs_.back()) + " took " + std::to_string(rows_in_) +
                              " lines and gave " + std::to_string(rows_out_)});
  }
  if (auto finished = writer_->finish(); !finished) return fail(finished.error());
  phase_ = Phase::publish;
}

void Merge::publish() {
  if (auto named = fs_.rename(writer_->path(), segment_path(directory_, result_)); !named) return fail(named.error());
  published_ = true;
  facts_ = SegmentFacts(result_, writer_->header().created);
  for (const SegmentEntry& entry : writer_->entries()) facts_.add(entry, options_.sizes);
  facts_.stored_bytes = writer_->bytes();
  state_ = State::done;
}

void Merge::fail(Error error) {
  error_ = std::move(error);
  state_ = State::failed;
}

void Merge::fail_damaged(Error error) {
  error_ = std::move(error);
  damaged_input_ = inputs_[segment_];
  state_ = State::damaged;
}

void Merge::fail_unreadable(const SegmentEntry& entry, const Error& error) {
  const std::string& path = segments_[segment_]->path();
  fail_damaged(Error{path + ": block at " + std::to_string(entry.offset) + ": " + error.message});
}

void Merge::charge() {
  if (!options_.account) return;
  uint64_t bytes = encoder_.bytes() + open_block_.bytes() + 2 * group_weight_ + encoded_.bytes.capacity();
  bytes += aim();  // what the filterer decodes
  options_.account->release(charged_);
  options_.account->charge(bytes);
  charged_ = bytes;
}

}  // namespace sluice
