#include "reader.h"

#include <bit>

#include "text.h"

namespace loaders {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

void Reader::fail_short(std::uint64_t count, const char* what) const {
  fail(offset_, std::string(what) + ": expected " + std::to_string(count) +
                    " bytes, found the end of the file after " + std::to_string(remaining()));
}

void Reader::fail(std::uint64_t byte, const std::string& message, quipu_status status) const {
  std::string text(file_);
  if (subject_.kind)
    text += std::string(": ") + subject_.kind + " " +
            (subject_.name.empty() ? std::to_string(subject_.index) : quoted(subject_.name));
  throw Error(status, text + ": at byte " + std::to_string(byte) + ": " + message);
}

}  // namespace loaders
