// Names on the hub: repositories, their files, and the quantisation that a file's name tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quipu::app {

/// "OWNER/REPO"; both are safe as names of folders.
struct RepositoryName {
  std::string owner, name;

  /// Throws Error{usage} naming what is wrong.
  static RepositoryName parse(std::string_view text);
  std::string text() const { return owner + "/" + name; }
  /// "models--OWNER--REPO", the folder of the Hugging Face cache.
  std::string folder() const { return "models--" + owner + "--" + name; }
  bool operator==(const RepositoryName&) const = default;
};

/// "hf:OWNER/REPO[:QUANT]".
struct HubReference {
  RepositoryName repository;
  std::string quant;  ///< "" = the default

  static constexpr std::string_view prefix = "hf:";
  /// `text` with or without the prefix; throws Error{usage}.
  static HubReference parse(std::string_view text);
  std::string text() const;
};

/// What is wrong with a file name that came from elsewhere, or "": it must be relative, of plain
/// components, and mean the same however it is read. Whoever joins it to a folder asks first.
std::string file_name_problem(std::string_view name);

/// What is wrong with a revision (a branch, a tag, a commit), or "".
std::string revision_problem(std::string_view revision);

/// Whether it is so many lower-case hexadecimal digits: a commit or digest and nothing else.
bool is_hexadecimal(std::string_view text, std::size_t digits);

/// The quantisation that a file's name tells, in capitals ("Q4_K_M"), or "".
std::string quant_of(std::string_view file_name);

/// "model-00002-of-00005.gguf" is part 2 of 5 of "model.gguf".
struct SplitName {
  std::string whole;
  std::uint32_t part, count;
};
std::optional<SplitName> split_name(std::string_view file_name);

/// Models among files: names of files that are one model together, the first part first. Files
/// that are no models (mmproj, other endings) and incomplete splits are left out; so are splits of
/// more than 999 parts.
std::vector<std::vector<std::string>> models_among(std::vector<std::string> file_names);

/// Index of the quantisation among `found` that is wanted, or nearest in bits per weight (the
/// larger of two that are equally near); nullopt when `found` is empty. One that no table knows
/// ("") comes last.
std::optional<std::size_t> nearest_quant(std::string_view wanted,
                                         const std::vector<std::string>& found);

constexpr std::string_view default_quant = "Q4_K_M";

}  // namespace quipu::app
