// Mixes: the names and numbers under which GGUF files say which formats they hold
// (general.file_type). Facts: enum llama_ftype and the options of llama.cpp's quantize tool.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>

#include "quipu/abi/loader.h"

namespace gguf {

enum class FileType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q8_0 = 7,
  q5_0 = 8,
  q5_1 = 9,
  q2_k = 10,
  q3_k_s = 11,
  q3_k_m = 12,
  q3_k_l = 13,
  q4_k_s = 14,
  q4_k_m = 15,
  q5_k_s = 16,
  q5_k_m = 17,
  q6_k = 18,
  iq2_xxs = 19,
  iq2_xs = 20,
  q2_k_s = 21,
  iq3_xs = 22,
  iq3_xxs = 23,
  iq1_s = 24,
  iq4_nl = 25,
  iq3_s = 26,
  iq3_m = 27,
  iq2_s = 28,
  iq2_m = 29,
  iq4_xs = 30,
  iq1_m = 31,
  bf16 = 32,
  tq1_0 = 36,
  tq2_0 = 37,
  mxfp4_moe = 38,
  q1_0 = 40,
  q2_0 = 41,
  none = UINT32_MAX  ///< no mix, one format
};

// From the largest to the smallest. Most weights of a mix get the type beside its name; the
// rules for the others are in mix_rules.cpp. "copy" changes nothing.
inline constexpr quipu_mix mixes[] = {
    {"f32", "gguf:0"},      {"f16", "gguf:1"},        {"bf16", "gguf:30"},   {"q8_0", "gguf:8"},
    {"q6_k", "gguf:14"},    {"q5_k", "gguf:13"},      {"q5_k_m", "gguf:13"}, {"q5_k_s", "gguf:13"},
    {"q5_1", "gguf:7"},     {"q5_0", "gguf:6"},       {"q4_k", "gguf:12"},   {"q4_k_m", "gguf:12"},
    {"q4_k_s", "gguf:12"},  {"q4_1", "gguf:3"},       {"q4_0", "gguf:2"},    {"iq4_nl", "gguf:20"},
    {"iq4_xs", "gguf:23"},  {"mxfp4_moe", "gguf:39"}, {"q3_k", "gguf:11"},   {"q3_k_l", "gguf:11"},
    {"q3_k_m", "gguf:11"},  {"q3_k_s", "gguf:11"},    {"iq3_m", "gguf:21"},  {"iq3_s", "gguf:21"},
    {"iq3_xs", "gguf:21"},  {"iq3_xxs", "gguf:18"},   {"q2_k", "gguf:10"},   {"q2_k_s", "gguf:10"},
    {"q2_0", "gguf:42"},    {"iq2_m", "gguf:22"},     {"iq2_s", "gguf:17"},  {"iq2_xs", "gguf:17"},
    {"iq2_xxs", "gguf:16"}, {"tq2_0", "gguf:35"},     {"tq1_0", "gguf:34"},  {"iq1_m", "gguf:29"},
    {"iq1_s", "gguf:19"},   {"q1_0", "gguf:41"},      {"copy", nullptr}};

/// The number of each mix, in the same order.
inline constexpr std::array mix_numbers = {
    FileType::f32,     FileType::f16,    FileType::bf16,      FileType::q8_0,   FileType::q6_k,
    FileType::q5_k_m,  FileType::q5_k_m, FileType::q5_k_s,    FileType::q5_1,   FileType::q5_0,
    FileType::q4_k_m,  FileType::q4_k_m, FileType::q4_k_s,    FileType::q4_1,   FileType::q4_0,
    FileType::iq4_nl,  FileType::iq4_xs, FileType::mxfp4_moe, FileType::q3_k_m, FileType::q3_k_l,
    FileType::q3_k_m,  FileType::q3_k_s, FileType::iq3_m,     FileType::iq3_s,  FileType::iq3_xs,
    FileType::iq3_xxs, FileType::q2_k,   FileType::q2_k_s,    FileType::q2_0,   FileType::iq2_m,
    FileType::iq2_s,   FileType::iq2_xs, FileType::iq2_xxs,   FileType::tq2_0,  FileType::tq1_0,
    FileType::iq1_m,   FileType::iq1_s,  FileType::q1_0,      FileType::none};
static_assert(mix_numbers.size() == std::size(mixes));

inline FileType number_of(const quipu_mix& mix) {
  return mix_numbers[static_cast<std::size_t>(&mix - mixes)];
}

}  // namespace gguf
