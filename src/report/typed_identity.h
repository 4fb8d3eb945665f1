// Who the person is, only as far as it was typed in for a report or an export; empty = left out. Nothing of it comes from a file.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace precordia {

struct TypedIdentity {
  std::string name, identifier, birth_date;  // birth_date: YYYY-MM-DD
};
// {"name","identifier","birth_date"}, every key optional; kWrongUsage for anything else.
Result<TypedIdentity> parse_identity(std::string_view json);

}  // namespace precordia
