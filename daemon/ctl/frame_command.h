// `sluicectl frame`: shows how Sluice cuts a stream into frames, or puts GELF datagrams together, without a daemon.
//
// Reads any number of cases from standard input. A case is messages (message_input.h): a JSON object of options, each
// read of the stream (or each datagram), and an empty message for its end. Writes one JSON object a case:
//
//   {"frames_b64":["..."],"partial_b64":null,"error":null,"truncated":0,"discarded_bytes":0}
//
// partial_b64 is a frame that the end of the stream cut short (octet counting). error is null or says what is wrong with
// the stream or with the first datagram that could not be used.
//
// Options, all optional:
//   mode       auto (default), octet, trailer, or datagram: every message is a frame
//   trailer    LF (default), NUL, "LF or NUL": with mode trailer or auto
//   max_len    bytes of a frame, default 65536
//   oversize   truncate (default), or drop: frames over the limit are not shown
//   transport  udp, without a mode: the messages are GELF datagrams
//   limits     GELF: {"pending_messages": N, "max_length": BYTES}
#pragma once

namespace sluice {

// Returns the exit status: kExitCouldNot when the input ends inside a case or its options are not a JSON object.
int run_frame();

}  // namespace sluice
