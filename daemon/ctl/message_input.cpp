#include "daemon/ctl/message_input.h"

#include <algorithm>

namespace sluice {

MessageInput read_message(std::FILE* in, std::string& message) {
  unsigned char prefix[4];
  const size_t got = std::fread(prefix, 1, sizeof prefix, in);
  if (got != sizeof prefix) return got == 0 ? MessageInput::end : MessageInput::cut_short;
  size_t left = size_t{prefix[0]} << 24 | size_t{prefix[1]} << 16 | size_t{prefix[2]} << 8 | prefix[3];
  message.clear();
  char piece[16384];
  while (left > 0) {
    const size_t n = std::fread(piece, 1, std::min(left, sizeof piece), in);
    if (n == 0) return MessageInput::cut_short;
    message.append(piece, n);
    left -= n;
  }
  return MessageInput::message;
}

}  // namespace sluice
