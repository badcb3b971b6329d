// What of a text that is searched for must stand in the template of each text that holds it. So a search asks a block's
// few templates before it makes texts of them (TemplateSplitter says which words are variables).
//
//   template_needle("failed with exit status 2")      // "failed with exit status ": the 2 may be a part of any number
//   template_needle("10.0.0.5")                       // nothing but dots would be left: ""
//
// Where it does not stand, the text can only lie in a variable that is a string.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// The longest such piece; empty when there is none. The same whether or not case matters.
std::string template_needle(std::string_view literal);

}  // namespace sluice
