// `sluicectl parse [--format F] [--strict]`: shows what Sluice makes of a message, without a daemon or a store.
//
// Reads messages from standard input, each as a length of four octets (big-endian) and that many octets. Writes one
// JSON object a line (event_json.h). A frame that is not of the format has `error` beside its raw message. With
// --strict every deviation from the format's RFC is an error that names the octet, counted from 0.
//
// SLUICE_NOW (RFC 3339) sets the clock, TZ the zone of times without one: for trying year guesses and summer time.
#pragma once

#include <cstdio>

#include "core/parse/parser.h"

namespace sluice {

struct ParseCommandOptions {
  FormatChoice format = FormatChoice::automatic;
  bool strict = false;
};

// Returns the exit status: kExitCouldNot when the input ends inside a message or SLUICE_NOW is not a time.
int run_parse(const ParseCommandOptions& options);

// The same with other streams than standard input and output.
int run_parse(const ParseCommandOptions& options, std::FILE* in, std::FILE* out);

}  // namespace sluice
