// sluice-payload: writes lines of bench/corpus.h to standard output.
//
//   sluice-payload rfc5424|rfc3164|json LINES [SEED] > lines.log
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/corpus.h"

int main(int argc, char** argv) {
  using sluice::Corpus;
  using sluice::CorpusFormat;
  if (argc < 3) {
    std::fputs("usage: sluice-payload rfc5424|rfc3164|json LINES [SEED]\n", stderr);
    return 2;
  }
  const CorpusFormat format = std::strcmp(argv[1], "json") == 0      ? CorpusFormat::json
                              : std::strcmp(argv[1], "rfc3164") == 0 ? CorpusFormat::rfc3164
                                                                     : CorpusFormat::rfc5424;
  Corpus corpus(format, argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  std::string line;
  for (unsigned long long left = std::strtoull(argv[2], nullptr, 10); left > 0; --left) {
    line.clear();
    corpus.append_line(line);
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) return 1;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
