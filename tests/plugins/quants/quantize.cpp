// Quantisation: the bytes of llama.cpp, and what happens to numbers that no block can hold.
// tests/data/quantize was made by ggml_quantize_chunk and quantize_row_*_ref of llama.cpp 0c1e570,
// compiled without fused multiply-add: FORMAT.plain.bin from rows.f32, FORMAT.importance.bin with
// importance.f32 where that makes a difference; FORMAT.edge_*.bin, for formats with codebooks, from
// edge_rows.f32 with edge_importance.f32 or without.
#include <boost/test/unit_test.hpp>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "codecs.h"

namespace {

constexpr std::size_t columns = 512;  // a multiple of every block
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

std::vector<const quipu_codec*> quantisers() {
  std::vector<const quipu_codec*> found;
  for (const auto* codec : codecs::all())
    if (codec->quantize) found.push_back(codec);
  return found;
}

std::vector<unsigned char> bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<float> floats(const std::filesystem::path& path) {
  const auto raw = bytes(path);
  std::vector<float> values(raw.size() / sizeof(float));
  std::memcpy(values.data(), raw.data(), values.size() * sizeof(float));
  return values;
}

std::vector<float> golden_rows() {
  return floats(QUIPU_TEST_DATA "/quantize/rows.f32");
}

std::vector<float> golden_importance() {
  return floats(QUIPU_TEST_DATA "/quantize/importance.f32");
}

struct Result {
  quipu_status status;
  std::vector<unsigned char> blocks;
};

bool needs_importance(const quipu_codec& codec) {
  return codec.flags & QUIPU_CODEC_NEEDS_IMPORTANCE;
}

/// Where the format needs an importance and there is none, all columns count alike.
Result quantized(const quipu_codec& codec, const std::vector<float>& x,
                 const float* importance = nullptr) {
  static const std::vector<float> equal(columns, 1);
  if (!importance && needs_importance(codec)) importance = equal.data();
  std::vector<unsigned char> blocks(codecs::row_bytes(codec, x.size()));
  const auto status =
      codec.quantize(x.data(), x.size() / columns, columns, importance, blocks.data());
  return {status, blocks};
}

/// What a plugin tells its host while it lives.
class Messages {
 public:
  explicit Messages(const std::string& plugin) {
    void* library = dlopen((QUIPU_PLUGINS "/" + plugin + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    plugin_ = reinterpret_cast<quipu_plugin_entry>(dlsym(library, QUIPU_ENTRY_SYMBOL))();
    plugin_->init(&host_);
  }
  ~Messages() { plugin_->init(nullptr); }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  const quipu_codec& codec() const { return *static_cast<const quipu_codec*>(plugin_->item(0)); }
  const std::string& last() const { return last_; }

 private:
  static quipu_status keep(void* context, quipu_status status, quipu_str message) noexcept {
    static_cast<Messages*>(context)->last_.assign(message.data, message.size);
    return status;
  }
  const quipu_plugin* plugin_;
  std::string last_;
  quipu_host host_{sizeof(quipu_host), QUIPU_ABI_MAJOR, QUIPU_ABI_MINOR, this, 0, 0, nullptr, keep};
};

bool has_scales(const quipu_codec& codec) {
  return codec.block_columns > 1;
}

/// Weights of ordinary size, the same in every run.
std::vector<float> ordinary_rows(std::size_t rows) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> x(rows * columns);
  for (auto& value : x) value = normal(random);
  return x;
}

/// Of a block of zeros IQ4_NL's reference sets the scale alone; its codes are left over.
bool says_the_same(const quipu_codec& codec, const std::vector<float>& x, const void* blocks,
                   const void* reference) {
  return std::all_of(x.begin(), x.end(), [](float value) { return value == 0; }) &&
         codecs::dequantized(codec, blocks, x.size()) ==
             codecs::dequantized(codec, reference, x.size());
}

double square_error(const quipu_codec& codec, const std::vector<float>& x,
                    const std::vector<unsigned char>& blocks, const std::vector<float>& weight) {
  const auto values = codecs::dequantized(codec, blocks.data(), x.size());
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    sum += double(weight[i % columns]) * std::pow(double(values[i]) - x[i], 2);
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(blocks_are_those_of_llama_cpp) {
  const auto x = golden_rows();
  for (const auto* codec : quantisers()) {
    if (codec->block_bytes == 4 || needs_importance(*codec)) continue;  // 4: F32
    const auto expected =
        bytes(std::string(QUIPU_TEST_DATA "/quantize/") + codec->name + ".plain.bin");
    const auto result = quantized(*codec, x);
    BOOST_TEST(result.status == QUIPU_OK, codec->name);
    BOOST_TEST((result.blocks == expected), codec->name);
  }
}

BOOST_AUTO_TEST_CASE(blocks_are_those_of_llama_cpp_where_importance_is_known) {
  const auto x = golden_rows(), importance = golden_importance();
  for (const auto* codec : quantisers()) {
    if (codec->block_bytes == 4) continue;  // F32
    const std::string stem = std::string(QUIPU_TEST_DATA "/quantize/") + codec->name;
    auto expected = bytes(stem + ".importance.bin");
    if (expected.empty()) expected = bytes(stem + ".plain.bin");
    const auto result = quantized(*codec, x, importance.data());
    BOOST_TEST(result.status == QUIPU_OK, codec->name);
    BOOST_TEST((result.blocks == expected), codec->name);
  }
}

// Zeros, constants, few different numbers, heavy tails, tiny and large weights; an importance that
// spans nine orders of magnitude and vanishes in a fifth of the columns.
BOOST_AUTO_TEST_CASE(blocks_of_codebook_formats_are_those_of_llama_cpp_at_the_edges) {
  const std::string folder = QUIPU_TEST_DATA "/quantize/";
  const auto x = floats(folder + "edge_rows.f32"),
             importance = floats(folder + "edge_importance.f32");
  for (const auto* codec : quantisers())
    for (const bool informed : {false, true}) {
      const auto expected =
          bytes(folder + codec->name + (informed ? ".edge_importance.bin" : ".edge_plain.bin"));
      if (expected.empty()) continue;
      const auto result = quantized(*codec, x, informed ? importance.data() : nullptr);
      BOOST_TEST(result.status == QUIPU_OK, codec->name);
      BOOST_TEST((result.blocks == expected), codec->name << (informed ? ", informed" : ""));
    }
}

BOOST_AUTO_TEST_CASE(blocks_are_those_of_the_reference_rows) {
  const std::filesystem::path folder = QUIPU_SHARED_DATA "/reference/dequant";
  if (!std::filesystem::exists(folder)) {
    BOOST_TEST_MESSAGE("skipped: " << folder << " is absent");
    return;
  }
  const auto x = floats(folder / "quant_rows.f32"),
             importance = floats(folder / "quant_imatrix.f32");
  for (const auto* codec : quantisers()) {
    std::string name = codec->name;
    for (auto& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const auto expected = bytes(folder / (name + ".quant.bin"));
    if (expected.empty()) continue;
    const bool informed = needs_importance(*codec) || name == "IQ1_M";
    const auto result = quantized(*codec, x, informed ? importance.data() : nullptr);
    BOOST_REQUIRE_EQUAL(result.blocks.size(), expected.size());
    std::size_t differ = 0;
    for (std::size_t b = 0; b < x.size() / codec->block_columns; ++b) {
      const auto* first = x.data() + b * codec->block_columns;
      const std::size_t at = b * codec->block_bytes;
      if (std::memcmp(result.blocks.data() + at, expected.data() + at, codec->block_bytes) == 0)
        continue;
      const std::vector<float> block(first, first + codec->block_columns);
      differ += !says_the_same(*codec, block, result.blocks.data() + at, expected.data() + at);
    }
    BOOST_TEST(differ == 0u, name << ": " << differ << " blocks differ");
  }
}

BOOST_AUTO_TEST_CASE(values_come_back_as_exactly_as_the_bits_allow) {
  const auto x = ordinary_rows(4);
  const std::vector<float> equal(columns, 1);
  double power = 0;
  for (const float value : x) power += double(value) * value;

  for (const auto* codec : quantisers()) {
    const auto result = quantized(*codec, x);

    // n bits spread evenly over eight standard deviations have a step of 8 / 2^n and an error of
    // 2.3 / 2^n. Below 4 bits formats differ too much for one rule; no integer has more than 8.
    const double bits = std::min(8.0, 8.0 * codec->block_bytes / codec->block_columns);
    const double bound = bits < 4 ? 0.8 : 3 / std::pow(2, bits);
    const double error = std::sqrt(square_error(*codec, x, result.blocks, equal) / power);
    BOOST_TEST(error < bound, codec->name << ": " << error << " of at most " << bound);
  }
}

BOOST_AUTO_TEST_CASE(a_group_of_zeros_leaves_the_others_alone) {
  auto x = ordinary_rows(4);
  for (std::size_t first = 0; first < x.size(); first += 256)
    std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(first), 32, 0.0f);
  const std::vector<float> equal(columns, 1);
  double power = 0;
  for (const float value : x) power += double(value) * value;

  for (const auto* codec : quantisers()) {
    if (std::string_view(codec->name) == "iq3_s") continue;  // its groups close up, as in ggml
    const auto result = quantized(*codec, x);

    const double error = std::sqrt(square_error(*codec, x, result.blocks, equal) / power);
    BOOST_TEST(error < 0.8, codec->name << ": " << error);  // 1 where nothing comes back
  }
}

BOOST_AUTO_TEST_CASE(importance_moves_errors_to_columns_that_count_less) {
  // Many rows: in a row alone, IQ2_XXS is off by a fifth either way.
  const auto x = ordinary_rows(128);
  const auto importance = golden_importance();

  for (const auto* codec : quantisers()) {
    const auto plain = quantized(*codec, x), informed = quantized(*codec, x, importance.data());

    if (plain.blocks == informed.blocks) continue;
    BOOST_TEST(square_error(*codec, x, informed.blocks, importance) <
                   square_error(*codec, x, plain.blocks, importance),
               codec->name);
  }
}

BOOST_AUTO_TEST_CASE(an_importance_of_zeros_gives_valid_blocks) {
  const auto x = ordinary_rows(2);
  const std::vector<float> zeros(columns);
  for (const auto* codec : quantisers()) {
    const auto result = quantized(*codec, x, zeros.data());
    BOOST_TEST(result.status == QUIPU_OK, codec->name);
    for (const float value : codecs::dequantized(*codec, result.blocks.data(), x.size()))
      BOOST_REQUIRE_MESSAGE(std::isfinite(value), codec->name);
  }
}

BOOST_AUTO_TEST_CASE(each_row_is_quantised_alone_and_nothing_else_is_touched) {
  const auto x = ordinary_rows(5);
  const auto importance = golden_importance();
  for (const auto* codec : quantisers()) {
    const std::size_t row = codecs::row_bytes(*codec, columns);
    const auto all = quantized(*codec, x, importance.data());
    for (const std::size_t rows : {0, 1, 3, 5})
      for (const bool at_end : {false, true}) {
        const codecs::Guarded in(5 * columns * sizeof(float), at_end), out(rows * row, at_end);
        std::memcpy(in.data(), x.data(), x.size() * sizeof(float));
        const auto* first = reinterpret_cast<const float*>(in.data()) + (5 - rows) * columns;
        BOOST_TEST(codec->quantize(first, rows, columns, importance.data(), out.data()) ==
                   QUIPU_OK);
        BOOST_TEST((std::memcmp(out.data(), all.blocks.data() + (5 - rows) * row, rows * row) == 0),
                   codec->name << ", " << rows << " rows");
      }
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused_where_there_are_scales) {
  for (const float bad : {not_a_number, infinity, -infinity})
    for (const std::size_t at : {std::size_t(0), 2 * columns - 1}) {
      auto x = ordinary_rows(2);
      x[at] = bad;
      for (const auto* codec : quantisers()) {
        const auto result = quantized(*codec, x);
        BOOST_TEST(result.status == (has_scales(*codec) ? QUIPU_E_INVALID : QUIPU_OK), codec->name);
        if (has_scales(*codec)) continue;
        const float kept = codecs::dequantized(*codec, result.blocks.data(), x.size())[at];
        BOOST_TEST((std::isnan(bad) ? std::isnan(kept) : kept == bad), codec->name);
      }
    }
}

BOOST_AUTO_TEST_CASE(an_importance_that_is_negative_or_not_finite_is_refused) {
  const auto x = ordinary_rows(1);
  for (const float bad : {-1.0f, not_a_number, infinity}) {
    std::vector<float> importance(columns, 1);
    importance.back() = bad;
    for (const auto* codec : quantisers())
      if (has_scales(*codec))
        BOOST_TEST(quantized(*codec, x, importance.data()).status == QUIPU_E_INVALID, codec->name);
  }
}

BOOST_AUTO_TEST_CASE(formats_that_need_an_importance_refuse_to_go_without) {
  const auto x = ordinary_rows(1);
  for (const auto* codec : quantisers()) {
    std::vector<unsigned char> blocks(codecs::row_bytes(*codec, columns));
    const auto status = codec->quantize(x.data(), 1, columns, nullptr, blocks.data());
    BOOST_TEST(status == (needs_importance(*codec) ? QUIPU_E_ARGUMENT : QUIPU_OK), codec->name);
  }
}

BOOST_AUTO_TEST_CASE(rows_that_no_blocks_fill_are_refused) {
  const auto x = ordinary_rows(1);
  const auto importance = golden_importance();
  for (const auto* codec : quantisers()) {
    if (!has_scales(*codec)) continue;
    std::vector<unsigned char> blocks(codecs::row_bytes(*codec, columns));
    BOOST_TEST(codec->quantize(x.data(), 1, columns - 1, importance.data(), blocks.data()) ==
                   QUIPU_E_ARGUMENT,
               codec->name);
  }
}

BOOST_AUTO_TEST_CASE(weights_of_any_size_give_finite_values_or_are_refused) {
  const auto ordinary = ordinary_rows(2);
  const auto importance = golden_importance();
  for (const float size : {1e-45f, 1e-40f, 1e-37f, 1e-30f, 1e-20f, 1e-15f, 1e-10f, 1e-6f, 1e5f,
                           1e6f, 1e10f, 1e20f, 1e38f})
    for (const float* weights : {static_cast<const float*>(nullptr), importance.data()}) {
      auto x = ordinary;
      for (auto& value : x) value *= size * 50;
      for (const auto* codec : quantisers()) {
        const auto result = quantized(*codec, x, weights);

        if (result.status == QUIPU_E_INVALID) {
          BOOST_TEST(size > 1, codec->name << " refuses " << size);
          continue;
        }
        BOOST_TEST(result.status == QUIPU_OK, codec->name);
        if (!has_scales(*codec)) continue;
        for (const float value : codecs::dequantized(*codec, result.blocks.data(), x.size()))
          BOOST_REQUIRE_MESSAGE(std::isfinite(value), codec->name << " at " << size);
      }
    }
}

BOOST_AUTO_TEST_CASE(messages_name_the_format_the_place_and_the_number) {
  const Messages messages("q4_0");
  auto x = ordinary_rows(2);

  x[columns + 7] = infinity;
  quantized(messages.codec(), x);
  BOOST_TEST(messages.last() == "q4_0: row 1, column 7 is inf, expected a finite number");

  x[columns + 7] = 1e9f;
  quantized(messages.codec(), x);
  BOOST_TEST(messages.last() ==
             "q4_0: row 1 has weights that are too large for the format's scales");

  std::vector<float> importance(columns, 1);
  importance[3] = -2;
  quantized(messages.codec(), x, importance.data());
  BOOST_TEST(messages.last() == "q4_0: the importance of column 3 is -2.000000, expected a finite "
                                "number that is not negative");

  const Messages others("iq2_xs");
  others.codec().quantize(x.data(), 1, columns, nullptr, nullptr);
  BOOST_TEST(others.last() == "iq2_xs: expected the importance of each column, found none; this "
                              "format is not quantised without");
}
