#include "core/store/segment_writer.h"

#include <algorithm>

#include "core/base/hash.h"

namespace sluice {

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::create(FileSystem& fs, const std::string& path,
                                                             const SegmentHeader& header) {
  auto file = fs.create(path);
  if (!file) return Unexpected(file.error());
  std::string bytes;
  append_segment_header(header, bytes);
  if (auto written = (*file)->append(bytes); !written) {
    (void)fs.remove(path);  // what can't be removed is found and removed when the store is opened next
    return Unexpected(written.error());
  }
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(*file), path, header));
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::resume(FileSystem& fs, const SegmentReader& found) {
  auto file = fs.open_append(found.path());
  if (!file) return Unexpected(file.error());
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(*file), found.path(), *found.header()));
  writer->entries_ = found.entries();
  writer->end_ = found.tail() == TailKind::damaged ? found.file_bytes() : found.data_end();
  if (writer->end_ != found.file_bytes()) writer->behind_ = Behind::torn;
  if (auto cut = writer->cut_back(); !cut) return Unexpected(cut.error());
  return writer;
}

Result<void> SegmentWriter::append(std::string_view block, const BlockSummary& summary) {
  if (block.size() > kMaxEncodedBlockBytes) return Unexpected(Error{"write " + path_ + ": a block is too large"});
  if (auto cut = cut_back(); !cut) return cut;
  const SegmentEntry entry{end_, static_cast<uint32_t>(block.size()), checksum64(block), summary};
  scratch_.clear();
  append_envelope({entry.length, header_.file_id, entry.checksum, summary}, scratch_);
  behind_ = Behind::torn;
  auto written = file_->append(scratch_);
  if (written) written = file_->append(block);
  if (!written) {
    (void)cut_back();
    return written;
  }
  behind_ = Behind::nothing;
  end_ = entry.end();
  entries_.push_back(entry);
  return {};
}

Result<void> SegmentWriter::take_back() {
  end_ = entries_.back().offset;
  entries_.pop_back();
  durable_end_ = std::min(durable_end_, end_);
  doubted_end_ = std::min(doubted_end_, end_);
  behind_ = Behind::whole_block;
  return cut_back();
}

Result<void> SegmentWriter::sync() {
  auto synced = write_doubted_again();
  if (synced) synced = sync_file();
  if (synced) durable_end_ = end_;
  return synced;
}

Result<void> SegmentWriter::sync_file() {
  auto synced = file_->sync();
  if (!synced) {
    doubted_end_ = end_;
    ++sync_trouble_.failed_syncs;
  }
  return synced;
}

Result<void> SegmentWriter::write_doubted_again() {
  if (doubted_end_ <= durable_end_) return {};
  if (durable_end_ == 0) {
    scratch_.clear();
    append_segment_header(header_, scratch_);
    if (auto written = file_->write_again(0, scratch_); !written) return written;
  }
  std::vector<Damage> lost;
  for (const SegmentEntry& entry : entries_) {
    if (entry.offset < durable_end_ || entry.offset >= doubted_end_) continue;
    auto whole = write_block_again(entry);
    if (!whole) return Unexpected(whole.error());
    if (*whole) continue;
    lost.push_back({path_, entry.offset, entry.end() - entry.offset,
                    "a block that the disk did not take, and that can't be read back to be written again"});
  }
  for (Damage& block : lost) {
    std::erase_if(entries_, [&](const SegmentEntry& entry) { return entry.offset == block.offset; });
    sync_trouble_.lost.push_back(std::move(block));
  }
  scratch_ = {};  // as large as a block: more than it mostly needs
  return {};
}

// False when the block does not come back as it was written.
Result<bool> SegmentWriter::write_block_again(const SegmentEntry& entry) {
  scratch_.resize(entry.length);
  const uint64_t offset = entry.offset + BlockEnvelope::kBytes;
  const auto read = file_->read_at(offset, scratch_.data(), scratch_.size());
  if (!read || *read != scratch_.size() || checksum64(scratch_) != entry.checksum) return false;
  if (auto written = file_->write_again(offset, scratch_); !written) return Unexpected(written.error());
  scratch_.clear();
  append_envelope({entry.length, header_.file_id, entry.checksum, entry.summary}, scratch_);
  if (auto written = file_->write_again(entry.offset, scratch_); !written) return Unexpected(written.error());
  return true;
}

Result<void> SegmentWriter::finish() {
  if (auto cut = cut_back(); !cut) return cut;
  if (auto written = write_doubted_again(); !written) return written;
  scratch_.clear();
  append_index_and_footer(entries_, header_.file_id, end_, scratch_);
  behind_ = Behind::torn;
  auto written = file_->append(scratch_);
  if (written) written = sync_file();
  if (!written) {
    (void)cut_back();
    return written;
  }
  behind_ = Behind::nothing;
  end_ += scratch_.size();
  durable_end_ = end_;
  return {};
}

Result<void> SegmentWriter::cut_back() {
  if (behind_ == Behind::nothing) return {};
  auto cut = file_->truncate(end_);
  if (cut) behind_ = Behind::nothing;
  return cut;
}

}  // namespace sluice
