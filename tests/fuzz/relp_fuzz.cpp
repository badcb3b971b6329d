// A RELP stream, cut anywhere and with crashes between the cuts, gives the same frames, transactions and counts as in
// one piece, and never a tail too long. The conversation takes whatever comes, answers nothing twice, and everything
// that is safe.

#include <algorithm>
#include <string>
#include <vector>

#include "core/frame/relp_conversation.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

struct Outcome {
  std::vector<std::string> frames;
  std::vector<std::string> transactions;
  uint64_t truncated = 0, discarded_bytes = 0, framing_errors = 0;
  RelpError error = RelpError::none;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Reader {
 public:
  explicit Reader(const RelpCodecOptions& options) : options_(options), codec_(options) {}

  void receive(std::string_view bytes) {
    slot_.append(bytes);
    const size_t used = codec_.cut(slot_, 0, refs_, transactions_);
    fuzz_check(used <= slot_.size(), "no more is consumed than there is");
    converse();
    take();
    slot_.erase(0, used);
    fuzz_check(slot_.size() <= codec_.max_tail(), "the tail is bounded");
  }
  void crash() {
    sum();
    codec_ = RelpCodec(options_, codec_.state());
  }
  void ack(uint64_t batches_ago, bool safe) {
    conversation_.on_ack(token_ - batches_ago, safe);
    take_output();
  }
  Outcome finish() {
    codec_.finish(slot_);
    sum();
    outcome_.error = codec_.error();
    for (uint64_t ago = token_; ago > 0; --ago) ack(ago - 1, true);
    conversation_.drain();
    take_output();
    fuzz_check(conversation_.finished() && conversation_.unanswered() == 0, "what is safe is answered");
    return outcome_;
  }

 private:
  void take() {
    const size_t before = outcome_.frames.size();
    for (const FrameRef& frame : refs_) {
      fuzz_check(frame.length > 0 && frame.offset + frame.length <= slot_.size(), "a frame lies in its slot");
      outcome_.frames.push_back(slot_.substr(frame.offset, frame.length) + static_cast<char>(frame.flags));
    }
    for (const RelpTransaction& transaction : transactions_) {
      const bool has_frame = transaction.frame != RelpTransaction::kNoFrame;
      fuzz_check(!has_frame || transaction.frame < refs_.size(), "a transaction's frame is there");
      outcome_.transactions.push_back(
          std::to_string(transaction.number) + " " + std::to_string(static_cast<int>(transaction.command)) + " " +
          slot_.substr(transaction.data_offset, transaction.data_length) + " " +
          (has_frame ? std::to_string(before + transaction.frame) : "-") + (transaction.complete ? "" : " begun"));
    }
    refs_.clear();
    transactions_.clear();
  }
  void converse() {
    const size_t refused = conversation_.received(transactions_, slot_, ++token_);
    fuzz_check(refused <= refs_.size(), "only frames of this batch are refused");
    fuzz_check(refused == 0 || !conversation_.receiving(), "lines are refused only after the end");
    commands_ += transactions_.size();
    take_output();
  }
  void take_output() {
    answers_.clear();
    while (conversation_.take_output(answers_)) {
    }
    const auto answered = static_cast<uint64_t>(std::count(answers_.begin(), answers_.end(), '\n'));
    lines_said_ += answered;
    fuzz_check(lines_said_ <= 4 * commands_ + 1, "no transaction is answered twice");
  }
  void sum() {
    outcome_.truncated += codec_.counters().truncated;
    outcome_.discarded_bytes += codec_.counters().discarded_bytes;
    outcome_.framing_errors += codec_.counters().framing_errors;
  }

  RelpCodecOptions options_;
  RelpCodec codec_;
  RelpConversation conversation_;
  std::string slot_, answers_;
  std::vector<FrameRef> refs_;
  std::vector<RelpTransaction> transactions_;
  uint64_t token_ = 0;
  uint64_t commands_ = 0, lines_said_ = 0;
  Outcome outcome_;
};

}  // namespace
}  // namespace sluice

extern "C" const char* const* fuzz_examples() {
  static const char* const kExamples[] = {
      "\x20\x05\x30"
      "1 open 30 relp_version=0\ncommands=syslog\n2 syslog 5 hello\n3 syslog 0\n4 other 1 x\n5 close 0\n",
      "\x03\x20\x31"
      "1 open 30 relp_version=0\ncommands=syslog\n2 syslog 12 abcdefghijkl\n3 syslog 3 abc\n",
      "\x40\x07\x30"
      "999999999 open 30 relp_version=1\ncommands=syslog\n1 syslog 3 abc\n2 syslog 3 abc\n4 syslog 1 x\n",
      "\x05\x02\x33<34>1 - host app",
      nullptr,
  };
  return kExamples;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  FuzzInput input(data, size);
  const RelpCodecOptions options{.max_frame_bytes = 1u + input.byte()};
  const size_t step = 1 + input.byte() % 16;
  const uint8_t events = input.byte();

  Reader whole(options);
  whole.receive(input.rest());
  Reader pieces(options);
  for (size_t i = 0; !input.empty(); ++i) {
    pieces.receive(input.take(step));
    if (events & 1) pieces.crash();
    if (events & 2) pieces.ack(i % 4, (events & 4) == 0 || i % 8 != 7);
  }
  fuzz_check(whole.finish() == pieces.finish(), "frames and transactions do not depend on the cuts");
  return 0;
}
