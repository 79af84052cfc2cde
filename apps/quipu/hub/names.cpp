#include "hub/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "quipu/error.h"

namespace quipu::app {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// The hub's own rule for either half of a repository's name, and no name that is special to a file
// system.
bool is_repository_word(std::string_view word) {
  if (word.empty() || word.size() > 96) return false;
  for (const char c : word)
    if (!is_letter_or_digit(c) && c != '-' && c != '_' && c != '.') return false;
  const auto edge = [](char c) { return c == '-' || c == '.'; };
  return !edge(word.front()) && !edge(word.back()) && word.find("--") == word.npos &&
         word.find("..") == word.npos;
}

struct QuantBits {
  std::string_view name;
  double bits;  // per weight
};

// What files are named after, in no order that matters. Bits per weight of the mixes are those that
// llama.cpp shows for an 8B model; they serve to find the nearest.
constexpr QuantBits quants[] = {
    {"F32", 32},       {"BF16", 16},      {"F16", 16},      {"FP16", 16},      {"Q8_0", 8.5},
    {"Q8_K_XL", 9.0},  {"Q6_K", 6.56},    {"Q6_K_L", 6.7},  {"Q6_K_XL", 6.8},  {"Q5_K_XL", 5.75},
    {"Q5_K_L", 5.8},   {"Q5_K_M", 5.7},   {"Q5_K_S", 5.57}, {"Q5_K", 5.7},     {"Q5_1", 6.0},
    {"Q5_0", 5.5},     {"Q4_K_XL", 4.95}, {"Q4_K_L", 5.0},  {"Q4_K_M", 4.89},  {"Q4_K_S", 4.67},
    {"Q4_K", 4.89},    {"Q4_1", 5.0},     {"Q4_0", 4.5},    {"Q4_0_4_4", 4.5}, {"Q4_0_4_8", 4.5},
    {"Q4_0_8_8", 4.5}, {"IQ4_NL", 4.66},  {"IQ4_XS", 4.46}, {"MXFP4", 4.25},   {"MXFP4_MOE", 4.3},
    {"NVFP4", 4.5},    {"Q3_K_XL", 4.4},  {"Q3_K_L", 4.3},  {"Q3_K_M", 4.0},   {"Q3_K_S", 3.64},
    {"Q3_K", 4.0},     {"IQ3_M", 3.76},   {"IQ3_S", 3.66},  {"IQ3_XS", 3.5},   {"IQ3_XXS", 3.25},
    {"Q2_K_XL", 3.3},  {"Q2_K_L", 3.3},   {"Q2_K", 3.16},   {"Q2_K_S", 2.97},  {"Q2_0", 2.25},
    {"IQ2_M", 2.93},   {"IQ2_S", 2.75},   {"IQ2_XS", 2.59}, {"IQ2_XXS", 2.38}, {"IQ1_M", 2.15},
    {"IQ1_S", 2.0},    {"TQ2_0", 2.06},   {"TQ1_0", 1.69},  {"Q1_0", 1.13}};

double bits_of(std::string_view quant) {
  for (const QuantBits& each : quants)
    if (each.name == quant) return each.bits;
  return 1e6;  // farther than any
}

std::string_view last_component(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace

RepositoryName RepositoryName::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash != text.npos) {
    const std::string_view owner = text.substr(0, slash), name = text.substr(slash + 1);
    if (is_repository_word(owner) && is_repository_word(name))
      return {std::string(owner), std::string(name)};
  }
  throw Error(ErrorCode::usage, "repository: expected OWNER/REPO, found '" + printable(text) + "'");
}

HubReference HubReference::parse(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with(prefix)) rest.remove_prefix(prefix.size());
  const std::size_t colon = rest.find(':');
  HubReference reference{RepositoryName::parse(rest.substr(0, colon)), {}};
  if (colon != rest.npos) {
    reference.quant = upper(rest.substr(colon + 1));
    const bool plain = std::ranges::all_of(
        reference.quant, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
    if (reference.quant.empty() || !plain)
      throw Error(ErrorCode::usage, "'" + printable(text) + "': expected a quantisation like " +
                                        std::string(default_quant) + " after the colon");
  }
  return reference;
}

std::string HubReference::text() const {
  return std::string(prefix) + repository.text() + (quant.empty() ? "" : ":" + quant);
}

std::string file_name_problem(std::string_view name) {
  if (name.empty()) return "it is empty";
  if (name.size() > 1024) return "it is longer than 1024 bytes";
  if (name.front() == '/') return "it is an absolute path";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "it has a control byte";
    if (c == '\\') return "it has a backslash";
  }
  const std::string capitals = upper(name);
  for (const char* code : {"%2E", "%2F", "%5C", "%00"})
    if (capitals.find(code) != capitals.npos)
      return std::string("it has ") + code + ", which may be read as another name";
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    const std::string_view component = name.substr(start, end - start);
    if (component.empty()) return "it has an empty component";
    if (component == "." || component == "..") return "it leads out of its folder";
    if (component.back() == '.' || component.back() == ' ')
      return "a component of it ends in a dot or space";
    if (component.size() > 255) return "a component of it is longer than 255 bytes";
    start = end + 1;
  }
  return {};
}

std::string revision_problem(std::string_view revision) {
  const std::string problem = file_name_problem(revision);
  if (!problem.empty()) return problem;
  for (const char c : revision)
    if (!is_letter_or_digit(c) && c != '-' && c != '_' && c != '.' && c != '/')
      return "it has a character that is not a letter, a digit or one of -_./";
  return {};
}

bool is_hexadecimal(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::string quant_of(std::string_view file_name) {
  // The last name that stands alone between other signs; of those that begin there, the longest.
  for (const std::string& text :
       {upper(last_component(file_name)), upper(file_name)})  // folders may tell it, too
    for (std::size_t at = text.size(); at-- > 0;) {
      if (at > 0 && is_letter_or_digit(text[at - 1])) continue;
      std::string_view best;
      for (const QuantBits& quant : quants) {
        const std::size_t end = at + quant.name.size();
        if (text.compare(at, quant.name.size(), quant.name) == 0 &&
            quant.name.size() > best.size() &&
            (end == text.size() || !is_letter_or_digit(text[end])))
          best = quant.name;
      }
      if (!best.empty()) return std::string(best);
    }
  return {};
}

std::optional<SplitName> split_name(std::string_view file_name) {
  // "…-00002-of-00005.gguf"
  const std::size_t dot = file_name.rfind('.');
  if (dot == file_name.npos || dot < 15) return {};
  const std::string_view tail = file_name.substr(dot - 15, 15);
  const auto number = [](std::string_view digits, std::uint32_t& value) {
    return std::ranges::all_of(digits, is_digit) &&
           std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc();
  };
  SplitName split{std::string(file_name.substr(0, dot - 15)) + std::string(file_name.substr(dot)),
                  0, 0};
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || !number(tail.substr(1, 5), split.part) ||
      !number(tail.substr(10, 5), split.count) || split.part == 0 || split.part > split.count)
    return {};
  return split;
}

std::vector<std::vector<std::string>> models_among(std::vector<std::string> file_names) {
  std::ranges::sort(file_names);
  std::vector<std::vector<std::string>> models;
  std::map<std::string, std::vector<std::string>> splits;
  for (std::string& name : file_names) {
    const std::string base = upper(last_component(name));
    if (!base.ends_with(".GGUF") || base.starts_with("MMPROJ") || base.find("IMATRIX") != base.npos)
      continue;
    const auto split = split_name(name);
    if (!split) {
      models.push_back({std::move(name)});
    } else if (split->count <= 999) {
      auto& parts = splits[split->whole + "\n" + std::to_string(split->count)];
      // Sorted, so that the parts come in order; a part out of order means that one is missing.
      if (parts.size() + 1 == split->part) parts.push_back(std::move(name));
      if (parts.size() == split->count) models.push_back(std::move(parts));
    }
  }
  std::ranges::sort(models);
  return models;
}

std::optional<std::size_t> nearest_quant(std::string_view wanted,
                                         const std::vector<std::string>& found) {
  std::optional<std::size_t> best;
  const double goal = bits_of(wanted);
  const auto distance = [&](std::size_t i) {
    return found[i] == wanted ? -1 : std::abs(bits_of(found[i]) - goal);
  };
  for (std::size_t i = 0; i < found.size(); ++i)
    if (!best || distance(i) < distance(*best) ||
        (distance(i) == distance(*best) && bits_of(found[i]) > bits_of(found[*best])))
      best = i;
  return best;
}

}  // namespace quipu::app
