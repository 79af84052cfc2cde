// Which format each weight matrix gets in a mix.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "container.h"
#include "formats.h"
#include "mixes.h"
#include "roles.h"

namespace gguf {

/// What the rules ask about a model.
struct Model {
  std::string_view family;
  std::uint64_t layers, experts;
  bool shares_values;  // a value head serves at least four query heads
  bool is_70b;         // eight query heads to a value head, 80 layers
  bool ties_output;    // the embedding is the output projection too
  std::uint64_t value_tensors;
};

/// `keys` is the file that holds the metadata, `tensors` are those of all parts.
Model describe(const Container& keys, std::span<const TensorInfo* const> tensors);

/// The rules for one model and mix. Asked for one tensor after the other, in order of layers.
class MixRules {
 public:
  /// `usual`: the format that most weights get. `model` outlives the rules.
  MixRules(const Model& model, FileType mix, Format usual, bool importance)
      : model_(model), mix_(mix), usual_(usual), importance_(importance) {}

  /// `whole`: the rows are whole blocks of the usual format. Throws Error when the model has
  /// experts and the name does not say its layer.
  Format format_of(const TensorInfo& tensor, bool whole);

 private:
  template <class... Mixes>
  bool is(Mixes... mixes) const {
    return ((mix_ == mixes) || ...);
  }
  bool is_tiny() const;
  bool is_falcon() const { return model_.family == "falcon"; }
  bool has_eight_experts() const { return model_.experts == 8; }
  bool is_first_eighth(std::uint64_t layer) const { return layer < model_.layers / 8; }
  std::uint64_t layer(const TensorInfo& tensor, std::uint64_t number) const;

  Format output(bool whole) const;
  Format embedding() const;
  Format tiny(Role role);
  Format values(std::uint64_t number) const;
  Format values_of_mix(std::uint64_t number) const;
  Format keys_or_queries(Role role) const;
  Format attention_output() const;
  Format down(std::uint64_t layer) const;
  Format gate_or_up(std::uint64_t layer) const;

  const Model& model_;
  const FileType mix_;
  const Format usual_;
  const bool importance_;
  std::uint64_t values_ = 0, downs_ = 0, gates_ = 0, ups_ = 0;  // seen so far
};

}  // namespace gguf
