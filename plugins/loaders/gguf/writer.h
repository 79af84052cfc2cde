// GGUF files written front to back: sizes are known before the data come, so the header is first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "container.h"
#include "header.h"
#include "new_file.h"

namespace gguf {

class Writer {
 public:
  /// `source` is the first part of the model whose keys are copied, or nullptr. The rest is what
  /// quipu/abi/loader.h says of create.
  Writer(std::string_view path, const quipu_contents& contents, const Container* source);

  void append(std::span<const std::byte> bytes);
  void finish();

 private:
  struct Part {
    std::string path, header;
    std::vector<std::uint64_t> sizes;  // of its tensors, in bytes
  };

  bool at_end() const noexcept { return part_ == parts_.size(); }
  void begin_part();
  void skip_what_is_whole();

  std::uint64_t alignment_;
  std::vector<Part> parts_;
  std::deque<NewFile> files_;  // of the parts begun
  std::size_t part_ = 0;       // being written
  std::size_t tensor_ = 0;     // of it
  std::uint64_t written_ = 0;  // bytes of that tensor
};

}  // namespace gguf
