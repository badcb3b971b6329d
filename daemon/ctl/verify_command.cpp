#include "daemon/ctl/verify_command.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "daemon/ctl/exit_status.h"
#include "daemon/ctl/installation.h"
#include "daemon/ctl/numbers.h"
#include "daemon/ctl/output.h"
#include "daemon/ctl/store_access.h"

namespace sluice {
namespace {

void append_place(const Damage& damage, std::string& out) {
  out += damage.path + ": offset " + std::to_string(damage.offset) + ", " + with_commas(damage.length) +
         " bytes: " + damage.what + '\n';
}

std::string sum_up(const StoreReader& reader, size_t damaged) {
  uint64_t lines = 0;
  for (const BlockRef& ref : reader.blocks()) lines += ref.summary.rows;
  return with_commas(reader.segments().size()) + " segments, " + with_commas(reader.blocks().size()) + " blocks, " +
         with_commas(lines) + " lines: " +
         (damaged == 0 ? "no damage" : with_commas(damaged) + (damaged == 1 ? " damaged place" : " damaged places")) +
         '\n';
}

}  // namespace

int run_verify(const std::string& store) {
  const auto reader = open_store(store.empty() ? Installation::find().store : store);
  if (!reader) return kExitCouldNot;
  const std::vector<Damage> damage = reader->verify();
  Output out(STDOUT_FILENO);
  for (const Damage& place : damage) append_place(place, out.text());
  for (const Damage& tail : reader->torn_tails()) {
    out.text() += "not whole yet, no damage: ";
    append_place(tail, out.text());
  }
  for (const std::string& path : reader->unfinished()) {
    out.text() += "not whole yet, no damage: " + path + ": a merge that is at work or was interrupted\n";
  }
  out.text() += sum_up(*reader, damage.size());
  return std::max(out.finish(), damage.empty() ? kExitOk : kExitDamaged);
}

}  // namespace sluice
