// Restart: what a new process does with what the former one left in the spool, before it listens.
//
//   Restart restart(parts);
//   restart.plan();                                     // ids go on above all that were given out
//   ... every listener is a source of the pipeline ...
//   restart.add_sources(known);                         // and so is every listener that has gone from the config
//   pipeline.start();
//   restart.replay(progress);                           // says how much
//   restart.take_pending("gelf")                        // datagrams for that listener
//
// Threads: the main thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/pipeline/replay.h"
#include "core/spool/spool.h"
#include "core/store/store.h"

namespace sluice {

class Restart {
 public:
  struct Parts {
    std::string store_path;
    Spool& spool;
    Store& store;
    Pipeline& pipeline;
    ContextManager& context;
    Interner& interner;
    Ledger& ledger;
    std::function<void(const std::string&)> say;      // what happened
    std::function<void(const std::string&)> trouble;  // what is wrong
  };

  explicit Restart(const Parts& parts);

  Result<void> plan();
  // `known`: the pipeline's number of each listener of the config.
  void add_sources(std::map<std::string, uint16_t> known);
  void replay(const std::function<void()>& progress);
  std::vector<PendingSlot> take_pending(const std::string& listener);
  // Gives up what nobody took: datagrams for listeners that are gone, or for a spool that is. They are counted as malformed.
  void give_up_pending();

  const Replay::Facts& facts() const { return replay_.facts(); }
  const Spool::Found& found() const { return parts_.spool.found(); }

 private:
  Parts parts_;
  Replay replay_;
  std::map<std::string, uint16_t> sources_;
  std::vector<PendingSlot> pending_;
};

}  // namespace sluice
