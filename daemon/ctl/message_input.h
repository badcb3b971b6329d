// Messages on standard input for `sluicectl parse` and `frame`: each a length of four octets (big-endian) and that many
// octets, so that a message may hold anything.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace sluice {

enum class MessageInput : uint8_t {
  message,
  end,        // between two messages
  cut_short,  // inside one
};

// Memory: grows with what is really there, not with what a length promises.
MessageInput read_message(std::FILE* in, std::string& message);

}  // namespace sluice
