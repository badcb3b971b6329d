// `sluicectl verify`: reads the whole store: every segment's index, every checksum, every column of every block.
//
// Prints each damaged place with its file and offset, and one line that sums up. What is not whole at the end of a
// segment is told but is no damage: the daemon is writing it, or was interrupted there and cuts it off at its next start.
//
// Exit status: exit_status.h.
#pragma once

#include <string>

namespace sluice {

int run_verify(const std::string& store);

}  // namespace sluice
