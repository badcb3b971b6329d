// Source: what the pipeline knows of one listener.
#pragma once

#include <string>

#include "core/intern/intern_id.h"
#include "core/parse/parser.h"
#include "core/runtime/ledger.h"

namespace sluice {

struct Source {
  std::string name;
  ParserOptions parser;
  bool dedupe = true;
  bool can_wait = false;
  bool acknowledged = false;
  bool answer_stored = false;
  ListenerLedger* ledger = nullptr;
  InternId name_id = kNotInterned;
};

}  // namespace sluice
