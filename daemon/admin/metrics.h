// render_metrics(): a snapshot as Prometheus text, format 0.0.4.
//
//   sluice_received_lines_total{listener="tcp-5514"} 500
//   sluice_dropped_lines_total{listener="tcp-5514",reason="queue_full",intentional="true"} 2
//
// Names are sluice_<what>_<unit>, with _total where they only grow. Every family has HELP and TYPE, and every drop
// reason is there from the start with 0, so that an alert on it works before the first drop. `intentional` drops are
// the operator's policy (overflow, the memory limit); the others are trouble.
//
// The ledger balances in the text as well: for each listener received = stored + collapsed + dropped + in flight.
#pragma once

#include <string>

#include "daemon/admin/status_source.h"

namespace sluice {

std::string render_metrics(const StatusSnapshot& snapshot);

bool is_intentional(DropReason reason);

}  // namespace sluice
