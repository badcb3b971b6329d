// StreamProtocol: what a StreamSession knows of the bytes it reads: how lines are cut from them, and what its sender is told.
//
//   size_t used = protocol.cut(data, *batch);           // once a read; the rest is the tail
//   protocol.finish(tail, offset, *batch);              // the stream ended
//   while (protocol.take_output(bytes)) ... send ...    // for protocols that answer
//
// FramedStream is plain syslog, JSON or GELF over TCP: it says nothing. RelpStream (relp_stream.h) answers.
//
// Threads: the session's I/O thread. Calls are virtual once a read, never once a line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/frame/framer.h"
#include "core/pipeline/batch.h"
#include "core/spool/slot_header.h"

namespace sluice {

class StreamProtocol {
 public:
  // Totals since the beginning; the session adds the differences to its ledger.
  struct Counters {
    uint64_t truncated = 0;
    uint64_t discarded_bytes = 0;
    uint64_t framing_errors = 0;
    friend bool operator==(const Counters&, const Counters&) = default;
  };

  virtual ~StreamProtocol() = default;

  virtual SlotKind kind() const = 0;
  // Where the stream is between two cuts, as the slot's header takes it.
  virtual std::string_view state() = 0;
  // `data` lies at the beginning of the batch's slot. Sets the batch's frames, and its ack where the sender waits.
  virtual size_t cut(std::string_view data, Batch& batch) = 0;
  virtual void finish(std::string_view tail, uint32_t offset, Batch& batch) = 0;
  virtual size_t expected() const = 0;  // bytes that the tail's frame still needs; 0: not known

  virtual Counters counters() const = 0;
  // REQUIRES: counters().framing_errors > 0
  virtual std::string error_text() const = 0;
  virtual std::string_view error_bytes() const = 0;

  // For protocols that answer their senders.
  virtual bool answers() const { return false; }
  virtual void on_ack(uint32_t /*token*/, bool /*safe*/) {}
  virtual bool take_output(std::string& /*out*/) { return false; }
  virtual bool may_read() const { return true; }   // false: not now, or not any more
  virtual bool finished() const { return false; }  // nothing more to say: close when all is sent
  // Once: what the sender did wrong, so that it is taken no more of. Empty: nothing, or it was told.
  virtual std::string_view complaint() { return {}; }
  virtual void drain() {}  // take no more, answer what there is, and be finished
};

class FramedStream final : public StreamProtocol {
 public:
  explicit FramedStream(const FramerOptions& options) : framer_(options) {}

  SlotKind kind() const override { return SlotKind::stream; }
  std::string_view state() override {
    state_ = framer_.state();
    return {reinterpret_cast<const char*>(&state_), sizeof state_};
  }
  size_t cut(std::string_view data, Batch& batch) override { return framer_.cut(data, 0, batch.frames); }
  void finish(std::string_view tail, uint32_t offset, Batch& batch) override {
    framer_.finish(tail, offset, batch.frames);
  }
  size_t expected() const override { return framer_.expected(); }
  Counters counters() const override {
    const Framer::Counters& now = framer_.counters();
    return {now.truncated, now.discarded_bytes, now.framing_errors};
  }
  std::string error_text() const override { return std::string(framing_error_text(framer_.error())); }
  std::string_view error_bytes() const override { return framer_.error_bytes(); }

 private:
  Framer framer_;
  FramingState state_;
};

}  // namespace sluice
