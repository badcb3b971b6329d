// Output: standard output for many lines: written in large pieces, and at ease when the reader goes away.
//
//   Output out(STDOUT_FILENO);
//   out.text() += "a line\n";
//   if (!out.line_done()) return ...;        // `| head` has seen enough: stop, quietly
//   return out.finish();                     // an exit status
//
// SIGPIPE must be ignored (main does), so that a closed pipe is an answer of write() and not the end of the process.
//
// Threads: one.
#pragma once

#include <string>

namespace sluice {

class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}

  // Append here.
  std::string& text() { return text_; }
  // Writes when enough has gathered. False when there is no use in going on.
  bool line_done() { return text_.size() < kPiece || flush(); }
  bool flush();
  // Whether the reader of a pipe has gone; known without writing.
  bool reader_gone() const;
  int descriptor() const { return descriptor_; }

  // Writes the rest. kExitOk, also when the reader went away; kExitCouldNot after an error, which it tells on standard
  // error (a full disk behind `> file`).
  int finish();

 private:
  static constexpr size_t kPiece = 256 << 10;  // bytes; larger gained nothing over a pipe

  const int descriptor_;
  std::string text_;
  bool closed_ = false;
  int error_ = 0;
};

}  // namespace sluice
