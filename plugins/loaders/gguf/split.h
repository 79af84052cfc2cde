// Models in several files: NAME-00001-of-00003.gguf and so on. Each says in split.no and
// split.count which part it is.
#pragma once

#include <string>
#include <vector>

#include "container.h"

namespace gguf {

/// Paths of the parts that follow the first, whose contents `first` are; none when it is the only
/// one. Throws Error when it is not the first, when its name does not say where the others are, or
/// when some are not there: then it names them.
std::vector<std::string> other_parts(const Container& first);

/// Paths of all parts of a model that is written to `path`: itself when there is one, else its name
/// without ".gguf" and with the endings of the parts.
std::vector<std::string> part_paths(const std::string& path, std::uint32_t count);

/// Throws Error{invalid} when `part` does not say that it is that part (from 0) of the same model.
void check_part(const Container& part, const Container& first, std::uint64_t number);

}  // namespace gguf
