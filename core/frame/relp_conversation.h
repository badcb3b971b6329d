// RelpConversation: the receiver's side of one RELP connection, without its socket: transactions go in, answers come
// out.
//
// A sender keeps a line until its number is answered. So a line is answered when it is as safe as the listener
// promises, and never when that failed: then the conversation ends and the sender, which still has the line, sends it
// again.
//
//   size_t used = codec.cut(data, offset, batch->frames, transactions);
//   size_t refused = conversation.received(transactions, slot_bytes, token);   // before the batch is submitted
//   batch->frames.resize(batch->frames.size() - refused);
//   batch->ack = {session, token};  ...  submit
//   ...
//   conversation.on_ack(token, safe);                // in the I/O thread, in any order
//   conversation.take_output(bytes);                 // when the last output has been sent; send `bytes`
//   if (conversation.finished()) ...                 // close when they are sent; conversation.end() says why
//
// Order:   answers leave in the order of the commands, whatever the order of the acks. A batch is safe as a whole.
// Opening: `open` comes first, offers version 0 or higher and the command syslog; it is answered with version 0 or 1,
//          or refused with 500. A second `open` is answered again (librelp sends one now and then). Other commands get
//          500.
// Numbers: the first may be any; then each is the one before plus one, and 1 follows 999,999,999. Number 0 is a hint: a
//          line in it is stored, no hint is answered.
// Ending:  by the sender's `close`, by drain(), by a line that could not be made safe, or by a breach. All that was
//          received before is answered as it becomes safe, then "0 serverclose 0" is said. What comes after is refused.
//
// Limits:  at `max_unanswered` transactions, or `kMaxRuns` changes between kinds of answers, full() is true: the reader
//          pauses and what the sender has in flight is at most one slot more. Senders' own windows (librelp: 128) are
//          far below. Answers not yet taken count, so a sender that does not read its answers is not read either.
// Threads: one thread at a time: the connection's I/O thread.
// Memory:  24 bytes for each run of consecutive numbers of one batch, not for each line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame/relp_codec.h"

namespace sluice {

// Why a conversation takes no more commands.
enum class RelpEnd : uint8_t {
  none = 0,
  closed,               // the sender said close
  drained,              // we did
  offers_refused,       // no version, or no syslog among its commands
  not_opened,           // a line came before open
  number_out_of_order,  //
  not_safe,             // a batch could not be made safe
};
// One sentence without a final stop.
std::string_view relp_end_text(RelpEnd end);

struct RelpConversationOptions {
  uint32_t max_unanswered = 64 << 10;    // transactions; 1.4 MB of answers
  std::string_view software = "sluice";  // offered as relp_software; must outlive the conversation
};

class RelpConversation {
 public:
  static constexpr size_t kMaxRuns = 4096;             // 96 KiB
  static constexpr size_t kOutputBytes = 64 << 10;     // about what take_output() appends at once
  static constexpr uint32_t kMaxNumber = 999'999'999;  // then comes 1

  explicit RelpConversation(RelpConversationOptions options = {}) : options_(options) {}

  // Takes the transactions of one cut; `slot` is what their offsets count from. Returns how many frames at the end of
  // the cut's must not be submitted: they came after the end.
  // REQUIRES: token is not less than in the calls before. It stands for all frames of these transactions, and may be
  //           used for several cuts as long as its batch is not submitted.
  size_t received(std::span<const RelpTransaction> transactions, std::string_view slot, uint64_t token);

  // The batch is safe, or will not be. Unknown tokens are ignored: a conversation that has ended forgets its batches.
  void on_ack(uint64_t token, bool safe);

  // Takes no more commands. What was received is still answered when it is safe.
  void drain() { stop(RelpEnd::drained); }

  // Appends the answers that are due, about kOutputBytes at most: call again when they are sent. Returns whether any
  // were.
  bool take_output(std::string& out);

  // Read no further until take_output() has made room.
  bool full() const { return unanswered_ >= options_.max_unanswered || runs_.size() - first_run_ >= kMaxRuns; }
  // False: read no further, ever.
  bool receiving() const { return end_ == RelpEnd::none; }
  // Everything has been said: close the connection when the output has been sent.
  bool finished() const { return finished_; }

  RelpEnd end() const { return end_; }
  uint32_t unanswered() const { return unanswered_; }

  struct Counters {
    uint64_t answered = 0;  // with 200
    uint64_t refused = 0;   // with 500: unknown commands, offers
    friend bool operator==(const Counters&, const Counters&) = default;
  };
  const Counters& counters() const { return counters_; }

 private:
  enum class Answer : uint8_t { ok, opened, refused, unknown };
  enum class Safety : uint8_t { waiting, safe, failed };

  // Transactions of consecutive numbers with the same answer at the same time.
  struct Run {
    uint64_t token;
    uint32_t number;  // of the first
    uint32_t count;
    Answer answer;
    Safety safety;
  };
  static_assert(sizeof(Run) == 24);

  bool take(const RelpTransaction& transaction, std::string_view slot, uint64_t token);
  void take_line(const RelpTransaction& transaction, uint64_t token);
  void take_offers(uint32_t number, std::string_view offers, uint64_t token);
  void add(uint32_t number, uint64_t token, Answer answer, Safety safety);
  bool stop(RelpEnd why);
  uint32_t due(const Run& run) const;
  void answer(Run& run, uint32_t count, std::string& out);
  std::string text_of(Answer answer) const;
  void forget_all();
  void forget_answered();

  RelpConversationOptions options_;
  std::vector<Run> runs_;  // from first_run_ on; those before have been answered
  size_t first_run_ = 0;
  uint32_t unanswered_ = 0;
  uint32_t last_number_ = 0;  // 0: none yet
  bool opened_ = false;
  bool last_incomplete_ = false;  // the last transaction is not to be answered yet
  bool finished_ = false;
  uint8_t version_ = 0;
  RelpEnd end_ = RelpEnd::none;
  Counters counters_;
};

}  // namespace sluice
