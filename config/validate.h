// validate(): what no single key can know: names and addresses given twice, shares in the wrong order, zones that
// this machine does not have, time formats that can't be read. Fills in listener names. Called by load.cpp after the
// schema was checked.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/tree.h"

namespace sluice {

struct Loaded {
  Config config;
  std::map<std::string, Place, std::less<>> places;  // of every value given, by its path: "listeners[0].name"

  // Where the value stands; where it is absent, the section that it is absent from.
  Place place(std::string_view path) const;
};

void validate(Loaded& loaded, ConfigErrors& errors);

}  // namespace sluice
