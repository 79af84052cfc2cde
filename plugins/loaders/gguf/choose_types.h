// Which format each tensor gets when a model is converted.
#pragma once

#include <span>

#include "container.h"
#include "quipu/abi/loader.h"

namespace gguf {

/// What quipu_loader.choose_types says. `keys` is the file that holds the metadata, `tensors` are
/// those of all parts.
void choose_types(const Container& keys, std::span<const TensorInfo* const> tensors,
                  const quipu_choice& choice, std::span<quipu_str> types,
                  std::span<std::uint8_t> needs_importance);

}  // namespace gguf
