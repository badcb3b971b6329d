#include "core/store/segment_writer.h"

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
  behind_ = Behind::whole_block;
  return cut_back();
}

Result<void> SegmentWriter::sync() { return file_->sync(); }

Result<void> SegmentWriter::finish() {
  if (auto cut = cut_back(); !cut) return cut;
  scratch_.clear();
  append_index_and_footer(entries_, header_.file_id, end_, scratch_);
  behind_ = Behind::torn;
  auto written = file_->append(scratch_);
  if (written) written = file_->sync();
  if (!written) {
    (void)cut_back();
    return written;
  }
  behind_ = Behind::nothing;
  end_ += scratch_.size();
  return {};
}

Result<void> SegmentWriter::cut_back() {
  if (behind_ == Behind::nothing) return {};
  auto cut = file_->truncate(end_);
  if (cut) behind_ = Behind::nothing;
  return cut;
}

}  // namespace sluice
