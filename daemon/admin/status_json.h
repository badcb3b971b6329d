// render_status(): a snapshot as JSON, for `sluicectl status` and whoever else asks.
//
//   {"version":"0.1.0","uptime_seconds":12.5,"ready":true,"load":7,
//    "ledger":{"tcp-5514":{"received":500,"received_bytes":65000,"stored":490,"collapsed":8,
//                          "dropped":{"queue_full":2,...},"in_flight":0}},
//    "listeners":{"tcp-5514":{"protocol":"tcp","address":"127.0.0.1:5514","connections":3,...}},
//    "operations":{...},"pipeline":{...},"store":{...},"dedupe":{...},"memory":{...},"slots":{...},"interner":{...}}
//
// `load` is 0 to 100. `dedupe` is null when it is off. Keys may be added; none changes its meaning.
#pragma once

#include <string>

#include "daemon/admin/status_source.h"

namespace sluice {

std::string render_status(const StatusSnapshot& snapshot);

}  // namespace sluice
