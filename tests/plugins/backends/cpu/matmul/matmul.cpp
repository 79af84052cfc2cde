// Matrix products of every codec in every way and instruction set, against sums in double.
#include "matmul/matmul.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "matmul/float_kernels.h"
#include "matmul/float_tiles.h"
#include "matmul/kernels.h"
#include "matmul/panel.h"
#include "matmul/strips.h"
#include "plugins/backends/cpu/matmul/instruction_sets.h"
#include "plugins/quants/codecs.h"
#include "quipu/sdk/half.h"

using namespace quipu_cpu;

namespace {

/// Memory that begins at a multiple of 64 and is followed by bytes that must stay as they are.
class Aligned {
 public:
  explicit Aligned(std::size_t bytes) : memory_(bytes + 128, 0xA5), bytes_(bytes) {}
  std::byte* data() {
    return reinterpret_cast<std::byte*>(memory_.data()) +
           (64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64) % 64;
  }
  bool end_untouched() {
    const auto* const end = reinterpret_cast<unsigned char*>(data()) + bytes_;
    return std::all_of(end, end + 64, [](unsigned char byte) { return byte == 0xA5; });
  }

 private:
  std::vector<unsigned char> memory_;
  std::size_t bytes_;
};

/// Rows of floats and their int8 form.
struct Rows {
  std::uint32_t count, columns;
  std::vector<float> x;
  Aligned memory;
  Activations form;

  Rows(std::uint32_t count_, std::uint32_t columns_, std::mt19937& random)
      : count(count_), columns(columns_), x(std::size_t{count} * columns),
        memory(Activations::int8_bytes(columns, count)) {
    std::normal_distribution<float> normal;
    for (auto& value : x) value = normal(random);
    form.columns = columns;
    form.x = x.data();
    if (columns % 32) return;
    form.place_int8(columns, count, memory.data());
    for (std::uint32_t t = 0; t < count; ++t)
      quantize(matmul_kernels(0), x.data() + std::size_t{t} * columns, form, t, 0, columns);
  }

  /// What a matrix reads of it for so many tokens.
  double value(const WeightMatrix& m, std::uint32_t tokens, std::uint32_t t,
               std::uint32_t j) const {
    const std::size_t at = std::size_t{t} * columns + j;
    if (reads_int8(m, tokens)) return double(form.scale[at / 32]) * form.q[at];
    return reads_bfloat(m, tokens) ? rounded(x[at]) : x[at];
  }
  static float rounded(float value) {
    return quipu::sdk::bfloat_to_float(quipu::sdk::float_to_bfloat(value));
  }
};

/// A matrix of a codec's random blocks.
struct Weights {
  std::vector<unsigned char> data;
  std::vector<float> values;
  quipu_tensor tensor{};

  Weights(const quipu_codec& codec, std::uint32_t rows, std::uint32_t columns, std::mt19937& random)
      : data(rows * codecs::row_bytes(codec, columns)) {
    codecs::fill(codec, data.data(), data.size() / codec.block_bytes, random);
    tensor.size = sizeof tensor;
    tensor.rank = 2;
    tensor.shape[0] = columns;
    tensor.shape[1] = rows;
    tensor.shape[2] = tensor.shape[3] = 1;
    tensor.codec = &codec;
    tensor.data = data.data();
    tensor.row_bytes = codecs::row_bytes(codec, columns);
    if (codec.block_columns == 1) tame(codec);
    values = codecs::dequantized(codec, data.data(), std::size_t{rows} * columns);
  }

  // Random bytes of a plain float type hold values that are not finite.
  void tame(const quipu_codec& codec) {
    for (std::size_t i = 0; i < data.size(); i += codec.block_bytes) {
      float value;
      codec.dequantize(data.data() + i, 1, &value);
      if (!(std::fabs(value) < 1e3f)) std::fill_n(data.data() + i, codec.block_bytes, 0);
    }
  }
};

/// A matrix with a copy.
struct Repacked {
  StripForm form;
  Aligned strips;
  WeightMatrix matrix;

  explicit Repacked(const WeightMatrix& native)
      : form(form_of(native)), strips(strips_bytes(native, form)), matrix(native) {
    Aligned scratch(strip_scratch_bytes(native));
    for (std::uint32_t i = strip_count(native); i-- > 0;)
      copy_strip(native, form, i, scratch.data(), strips.data());
    BOOST_TEST(strips.end_untouched());
    BOOST_TEST(scratch.end_untouched());
    matrix.strips = strips.data();
    matrix.form = &form;
    matrix.data = nullptr;
  }

  static StripForm form_of(const WeightMatrix& native) {
    StripNeeds needs;
    Aligned scratch(strip_scratch_bytes(native));
    for (std::uint32_t i = 0; i < strip_count(native); ++i)
      needs.join(strip_needs(native, i, scratch.data()));
    return strip_form(*native.codec, needs);
  }
};

/// y[tokens][rows], computed in tasks as the backend does, from the last to the first.
std::vector<float> product(const WeightMatrix& m, const Activations& x, std::uint32_t tokens) {
  std::vector<float> y(std::size_t{tokens} * m.rows, std::numeric_limits<float>::quiet_NaN());
  Aligned scratch(matmul_scratch_bytes(m, tokens));
  const std::uint32_t step = rows_per_task(m, tokens);
  for (std::uint32_t task = (m.rows + step - 1) / step; task-- > 0;)
    multiply(m, x, tokens, task * step, std::min(m.rows, (task + 1) * step), y.data() + task * step,
             m.rows, scratch.data());
  BOOST_TEST(scratch.end_untouched());
  return y;
}

std::uint32_t some_columns(const quipu_codec& codec) {
  return std::max(96u, 3 * codec.block_columns);
}

template <class Check>
void for_every_codec(Check check) {
  for (const quipu_codec* codec : codecs::all())
    BOOST_TEST_CONTEXT("codec " << codec->name) check(*codec);
}

template <class Check>
void for_every_codec_and_instruction_set(Check check) {
  for_every_codec([&](const quipu_codec& codec) {
    for (const std::uint32_t isa : instruction_sets())
      BOOST_TEST_CONTEXT("instruction set " << isa) check(codec, isa);
  });
}

template <class Value>
void check_sums(const std::vector<float>& y, const Weights& w, const WeightMatrix& m,
                std::uint32_t tokens, Value x) {
  double worst = 0;
  for (std::uint32_t t = 0; t < tokens; ++t)
    for (std::uint32_t r = 0; r < m.rows; ++r) {
      double sum = 0, size = 0;
      for (std::uint32_t j = 0; j < m.columns; ++j) {
        const double term = double(w.values[std::size_t{r} * m.columns + j]) * x(t, j);
        sum += term;
        size += std::fabs(term);
      }
      const double error = std::fabs(y[std::size_t{t} * m.rows + r] - sum) / (size + 1e-30);
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
  // A few roundings of float for each group of 32; minima and zero points cancel larger terms.
  BOOST_TEST(worst < 4e-6,
             "tokens " << tokens << " rows " << m.rows << ": relative error " << worst);
}

void check_against_double(const Weights& w, const WeightMatrix& m, const Rows& x,
                          std::uint32_t tokens) {
  check_sums(product(m, x.form, tokens), w, m, tokens,
             [&](std::uint32_t t, std::uint32_t j) { return x.value(m, tokens, t, j); });
}

/// By tiles of floats, in every form that they have for the matrix here.
template <class Check>
void for_every_float_form(const WeightMatrix& m, Check check) {
  const FloatKernels& floats = float_kernels(m.kernels->isa);
  const auto run = [&](const FloatForm& form, const char* name) {
    WeightMatrix same = m;
    same.floats = form;
    BOOST_TEST_CONTEXT(name) check(same);
  };
  if (!m.floats.multiply) return;
  run(m.floats, "the fastest");
  run({floats.multiply}, "made floats before");
}

std::vector<float> by_tiles(const WeightMatrix& m, const Activations& x, std::uint32_t tokens,
                            std::uint32_t first, std::uint32_t last, const Addition& more = {}) {
  std::vector<float> y(std::size_t{tokens} * (last - first));
  Aligned scratch((float_tiles_scratch_bytes(m) + 63) / 64 * 64);
  multiply_float_tiles(m, x, tokens, first, last, y.data(), last - first, scratch.data(), more, {});
  BOOST_TEST(scratch.end_untouched());
  return y;
}

}  // namespace

BOOST_AUTO_TEST_CASE(products_are_the_sums_whatever_the_way) {
  std::mt19937 random(1);
  for_every_codec([&](const quipu_codec& codec) {
    const std::uint32_t columns = some_columns(codec);
    const Rows x(33, columns, random);
    for (const std::uint32_t rows : {1u, 31u, 32u, 71u}) {
      const Weights w(codec, rows, columns, random);
      for (const std::uint32_t isa : instruction_sets())
        for (const bool deterministic : {false, true})
          BOOST_TEST_CONTEXT("instruction set " << isa << ", deterministic " << deterministic)
      for (const std::uint32_t tokens : {1u, 3u, 8u, 9u, 33u})
        check_against_double(w, weight_matrix(w.tensor, isa, deterministic), x, tokens);
    }
  });
}

BOOST_AUTO_TEST_CASE(rows_longer_than_a_stretch_of_the_panel_are_summed_over_all_of_them) {
  std::mt19937 random(2);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = 2 * panel_columns + 256;
    const Rows x(7, columns, random);
    const Weights w(codec, 40, columns, random);
    check_against_double(w, weight_matrix(w.tensor, isa, true), x, 7);
  });
}

BOOST_AUTO_TEST_CASE(activations_that_lie_stretch_by_stretch_give_the_same_products) {
  std::mt19937 random(8);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = 2 * panel_columns + 256, tokens = 7, room = 9;
    const Rows x(tokens, columns, random);
    const Weights w(codec, 40, columns, random);
    const WeightMatrix m = weight_matrix(w.tensor, isa, true);
    if (way(m, tokens) != Way::panel) return;
    Aligned memory(Activations::int8_bytes(columns, room));
    Activations form;
    form.place_int8(columns, room, memory.data());
    form.stretch = stretch_columns(m);
    for (std::uint32_t t = 0; t < tokens; ++t)
      for (const std::uint32_t first : {0u, 96u})  // the second part has columns of all stretches
        quantize(matmul_kernels(isa), x.x.data() + std::size_t{t} * columns + first, form, t, first,
                 first == 0 ? 96 : columns - 96);

    const auto found = product(m, form, tokens);

    const auto expected = product(m, x.form, tokens);
    BOOST_TEST(form.stretch < columns);
    BOOST_TEST(found == expected);
    BOOST_TEST(memory.end_untouched());
  });
}

BOOST_AUTO_TEST_CASE(columns_that_are_no_multiple_of_32_are_multiplied_as_floats) {
  std::mt19937 random(3);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    if (codec.block_columns > 1) return;
    const Rows x(12, 45, random);
    const Weights w(codec, 10, 45, random);
    for (const std::uint32_t tokens : {1u, 7u, 12u})
      check_against_double(w, weight_matrix(w.tensor, isa, false), x, tokens);
  });
}

BOOST_AUTO_TEST_CASE(tiles_of_floats_have_the_sums_of_any_rows_columns_and_tokens) {
  std::mt19937 random(12);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    if (codec.block_columns > 1) return;
    const std::uint32_t rows = 135;
    for (const std::uint32_t columns : {7u, 2 * 1024u + 45}) {
      const Rows x(31, columns, random);
      const Weights w(codec, rows, columns, random);
      for_every_float_form(weight_matrix(w.tensor, isa, false), [&](const WeightMatrix& m) {
        for (const std::uint32_t tokens : {1u, 2u, 3u, 4u, 5u, 6u, 13u, 16u, 31u})
          check_sums(by_tiles(m, x.form, tokens, 0, rows), w, m, tokens,
                     [&](std::uint32_t t, std::uint32_t j) {
                       const float exact = x.x[std::size_t{t} * columns + j];
                       return double(rounds(m.floats, tokens) ? Rows::rounded(exact) : exact);
                     });
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(a_sum_of_a_tile_of_floats_is_of_its_row_and_its_token_alone) {
  std::mt19937 random(13);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    if (codec.block_columns > 1) return;
    const std::uint32_t rows = 200, columns = 1024 + 33, tokens = 45;
    const Rows x(tokens, columns, random);
    const Weights w(codec, rows, columns, random);
    for_every_float_form(weight_matrix(w.tensor, isa, false), [&](const WeightMatrix& m) {
      const auto whole = by_tiles(m, x.form, tokens, 0, rows);
      const auto few = by_tiles(m, x.form, 13, 0, rows);
      for (const std::uint32_t fewer : {1u, 2u, 3u, 7u, 16u, 17u}) {
        const bool same = rounds(m.floats, fewer) == rounds(m.floats, tokens);
        const auto some = by_tiles(m, x.form, fewer, 0, rows);
        BOOST_TEST(std::equal(some.begin(), some.end(), same ? whole.begin() : few.begin()));
      }
      const auto part = by_tiles(m, x.form, 16, 64, 70), all = by_tiles(m, x.form, 16, 0, rows);
      for (std::size_t t = 0; t < 16; ++t)
        BOOST_TEST(std::equal(part.begin() + std::ptrdiff_t(6 * t),
                              part.begin() + std::ptrdiff_t(6 * (t + 1)),
                              all.begin() + std::ptrdiff_t(rows * t + 64)));
    });
  });
}

BOOST_AUTO_TEST_CASE(what_is_added_to_tiles_of_floats_may_lie_where_the_product_will) {
  std::mt19937 random(14);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    if (codec.block_columns > 1) return;
    const std::uint32_t rows = 70, columns = 1024 + 33, tokens = 9;
    const Rows x(tokens, columns, random);
    const Weights w(codec, rows, columns, random);
    const WeightMatrix m = weight_matrix(w.tensor, isa, false);
    if (!adds_in_place(m, tokens)) return;
    std::vector<float> bias(rows), addend(std::size_t{tokens} * rows);
    for (auto& value : bias) value = static_cast<float>(random() % 100);
    for (auto& value : addend) value = static_cast<float>(random() % 100);
    const auto apart = by_tiles(m, x.form, tokens, 0, rows, {bias.data(), addend.data(), rows});
    Aligned scratch((float_tiles_scratch_bytes(m) + 63) / 64 * 64);
    auto y = addend;
    multiply_float_tiles(m, x.form, tokens, 0, rows, y.data(), rows, scratch.data(),
                         {bias.data(), y.data(), rows}, {});
    BOOST_TEST(y == apart);
    const auto product = by_tiles(m, x.form, tokens, 0, rows);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double sum = double(product[i]) + addend[i] + bias[i % rows];
      // A rounding for each of two stretches and of the sums after them.
      BOOST_REQUIRE(std::fabs(y[i] - sum) <= 4 * 0x1p-24 * (std::fabs(product[i]) + 1e4));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_codec_that_can_only_dequantise_is_multiplied) {
  std::mt19937 random(4);
  for_every_codec_and_instruction_set([&](const quipu_codec& whole, std::uint32_t isa) {
    quipu_codec codec = whole;
    codec.kernel_count = 0;
    codec.group = 0;
    const std::uint32_t columns = some_columns(codec);
    const Rows x(12, columns, random);
    const Weights w(codec, 10, columns, random);
    for (const std::uint32_t tokens : {1u, 12u}) {
      WeightMatrix m = weight_matrix(w.tensor, isa, false);
      check_against_double(w, m, x, tokens);
      // Where no BLAS can be had.
      m.gemm = [](const float*, std::uint32_t, const float*, std::uint32_t, std::uint32_t, float*,
                  std::size_t) noexcept { return false; };
      check_against_double(w, m, x, tokens);
    }
  });
}

BOOST_AUTO_TEST_CASE(in_deterministic_mode_a_token_alone_and_among_others_is_the_same) {
  std::mt19937 random(5);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = some_columns(codec), rows = 70;
    const Rows x(20, columns, random);
    const Weights w(codec, rows, columns, random);
    const WeightMatrix m = weight_matrix(w.tensor, isa, true);
    const auto alone = product(m, x.form, 1);
    for (const std::uint32_t tokens : {2u, 8u, 20u}) {
      const auto together = product(m, x.form, tokens);
      BOOST_TEST(std::equal(alone.begin(), alone.end(), together.begin()));
    }
  });
}

BOOST_AUTO_TEST_CASE(up_to_seven_tokens_have_the_sums_of_each_alone) {
  std::mt19937 random(12);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = some_columns(codec), rows = 70;
    const Rows x(14, columns, random);
    const Weights w(codec, rows, columns, random);
    for (const std::uint32_t vectors : {1u, 2u}) {
      WeightMatrix m = weight_matrix(w.tensor, isa, false);
      m.vectors_per_token = vectors;
      if (vectors > 1 && !reads_int8(m, 1)) continue;  // these are quantised never, hence not twice
      const auto alone = product(m, x.form, vectors);
      for (std::uint32_t tokens = 2; tokens <= 7; ++tokens) {
        const auto together = product(m, x.form, tokens * vectors);
        BOOST_TEST(std::equal(alone.begin(), alone.end(), together.begin()),
                   tokens << " tokens of " << vectors << " vectors");
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_row_is_the_same_whichever_task_has_it) {
  std::mt19937 random(6);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = some_columns(codec), rows = 4096;
    const Rows x(1, columns, random);
    const Weights w(codec, rows, columns, random);
    const WeightMatrix m = weight_matrix(w.tensor, isa, false);
    const auto whole = product(m, x.form, 1);
    const std::uint32_t step = rows_per_task(m, 1);
    std::vector<float> part(step);
    Aligned scratch(matmul_scratch_bytes(m, 1));
    const std::uint32_t first = rows / step / 2 * step;
    multiply(m, x.form, 1, first, first + step, part.data(), step, scratch.data());
    BOOST_TEST(std::equal(part.begin(), part.end(), whole.begin() + first));
  });
}

BOOST_AUTO_TEST_CASE(products_with_a_copy_are_the_sums) {
  std::mt19937 random(9);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = some_columns(codec);
    const Rows x(40, columns, random);
    for (const std::uint32_t rows : {1u, 32u, 71u}) {
      const Weights w(codec, rows, columns, random);
      const WeightMatrix native = weight_matrix(w.tensor, isa, false);
      if (!can_be_strips(native)) continue;
      const Repacked copy(native);
      for (const std::uint32_t tokens : {1u, 8u, 9u, 40u})
        check_against_double(w, copy.matrix, x, tokens);
    }
  });
}

BOOST_AUTO_TEST_CASE(products_with_a_copy_are_those_of_the_panel_for_any_number_of_tokens) {
  std::mt19937 random(10);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    // Longer than what is multiplied at a time, with few tokens and with many.
    const std::uint32_t columns = 2 * 1024 + 256, rows = 70;
    const Rows x(40, columns, random);
    const Weights w(codec, rows, columns, random);
    const WeightMatrix native = weight_matrix(w.tensor, isa, true);
    if (!can_be_strips(native)) return;
    const Repacked copy(native);
    const auto expected = product(native, x.form, 40);
    for (const std::uint32_t tokens : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 13u, 40u}) {
      const auto found = product(copy.matrix, x.form, tokens);
      BOOST_TEST(std::equal(found.begin(), found.end(), expected.begin()));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_copy_is_as_small_as_its_weights_allow) {
  std::mt19937 random(11);
  const auto block_bytes = [&](const char* name) {
    for (const quipu_codec* codec : codecs::all())
      if (std::string_view(codec->name) == name) {
        const Weights w(*codec, 64, 256, random);
        return Repacked::form_of(weight_matrix(w.tensor, 0, false)).block_bytes;
      }
    return 0u;
  };

  // 32 rows of 32 columns: nibbles and a half; with a minimum; bytes and a half.
  BOOST_TEST(block_bytes("q4_0") == 32u * (16 + 2));
  BOOST_TEST(block_bytes("q4_1") == 32u * (16 + 2 + 2));
  BOOST_TEST(block_bytes("q8_0") == 32u * (32 + 2));
  // Products of a half and a small integer need floats.
  BOOST_TEST(block_bytes("q4_k") == 32u * (16 + 4 + 4));
  BOOST_TEST(block_bytes("q6_k") == 32u * (32 + 2 * 4));
}

BOOST_AUTO_TEST_CASE(activations_become_the_same_int8_on_every_instruction_set) {
  std::mt19937 random(7);
  std::vector<float> x(32 * 64);
  std::normal_distribution<float> normal;
  for (auto& value : x) value = normal(random);
  for (int i = 0; i < 32; ++i) {
    x[32 + i] = 0;
    x[64 + i] = 1e-40f * static_cast<float>(i);
    x[96 + i] = static_cast<float>(i) - 15.5f;  // ties
    x[128 + i] = i % 2 ? 3e38f : -3e38f;
  }
  x[32 * 10 + 3] = std::numeric_limits<float>::quiet_NaN();
  x[32 * 11 + 19] = -std::numeric_limits<float>::infinity();
  const auto count = static_cast<std::uint32_t>(x.size());
  Aligned expected_memory(Activations::int8_bytes(count, 1));
  Activations expected;
  expected.place_int8(count, 1, expected_memory.data());
  quantize(matmul_kernels(0), x.data(), expected, 0, 0, count);
  for (std::uint32_t block = 0; block < count / 32; ++block)
    for (std::uint32_t j = 32 * block; j < 32 * block + 32; ++j) {
      if (block == 10 || block == 11) {
        BOOST_TEST(std::isnan(expected.scale[block]));
        BOOST_TEST(expected.q[j] == 0);
      } else {
        // Half a step, and what the product of two floats of that size loses.
        BOOST_TEST(std::fabs(x[j] - double(expected.scale[block]) * expected.q[j]) <=
                   0.5001 * double(expected.scale[block]) + 1e-36);
      }
    }
  for (const std::uint32_t isa : instruction_sets()) {
    Aligned memory(Activations::int8_bytes(count, 1));
    Activations found;
    found.place_int8(count, 1, memory.data());
    quantize(matmul_kernels(isa), x.data(), found, 0, 0, count);
    const auto same = [&](const auto* a, const auto* b, std::uint32_t n) {
      return std::memcmp(a, b, n * sizeof *a) == 0;
    };
    BOOST_TEST_CONTEXT("instruction set " << isa) {
      BOOST_TEST(same(found.q, expected.q, count));
      BOOST_TEST(same(found.total16, expected.total16, count / 16));
      BOOST_TEST(same(found.total32, expected.total32, count / 32));
      for (std::uint32_t i = 0; i < count / 32; ++i) {
        if (i == 10 || i == 11) continue;  // NaN has many forms
        BOOST_TEST(found.scale[i] == expected.scale[i]);
        BOOST_TEST(found.sum32[i] == expected.sum32[i]);
        BOOST_TEST(found.sum16[2 * i] == expected.sum16[2 * i]);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_activation_that_is_not_finite_shows_in_its_token_and_no_other) {
  std::mt19937 random(8);
  for_every_codec_and_instruction_set([&](const quipu_codec& codec, std::uint32_t isa) {
    const std::uint32_t columns = some_columns(codec);
    Rows x(12, columns, random);
    x.x[std::size_t{3} * columns + 40] = std::numeric_limits<float>::quiet_NaN();
    quantize(matmul_kernels(isa), x.x.data() + std::size_t{3} * columns, x.form, 3, 0, columns);
    const Weights w(codec, 33, columns, random);
    for (const std::uint32_t tokens : {4u, 12u}) {
      const auto y = product(weight_matrix(w.tensor, isa, false), x.form, tokens);
      for (std::uint32_t t = 0; t < tokens; ++t)
        for (std::uint32_t r = 0; r < 33; ++r)
          BOOST_REQUIRE(std::isnan(y[std::size_t{t} * 33 + r]) == (t == 3));
    }
  });
}

BOOST_AUTO_TEST_CASE(kernels_that_only_have_integers_faster_have_the_same_sums_to_the_bit) {
  struct Pair {
    std::uint32_t plain;
    const MatmulKernels& faster;
    bool runs_here;
  };
  const auto here = instruction_sets();
  const auto has = [&](std::uint32_t isa) {
    return std::find(here.begin(), here.end(), isa) != here.end();
  };
#if defined(__x86_64__)
  const WiderThanAvx2 wider = wider_than_avx2();
  const Pair pairs[] = {{QUIPU_ISA_AVX2, avxvnni_matmul, wider.avxvnni},
                        {QUIPU_ISA_AVX2, avx512bw_matmul, wider.avx512bw},
                        {QUIPU_ISA_AVX2, avx512vnni_matmul, wider.avx512vnni},
                        {QUIPU_ISA_AVX512, amx_matmul, has(QUIPU_ISA_AMX)}};
#else
  const Pair pairs[] = {{QUIPU_ISA_NEON, i8mm_matmul, has(QUIPU_ISA_I8MM)}};
#endif
  std::mt19937 random(9);
  for (const Pair& pair : pairs) {
    if (!pair.runs_here) {
      BOOST_TEST_MESSAGE("skipped: this processor has nothing faster than level " << pair.plain);
      continue;
    }
    for_every_codec([&](const quipu_codec& codec) {
      if (codec.group == 0) return;
      const std::uint32_t columns = panel_columns + 256, rows = 40;
      const Rows x(79, columns, random);
      const Weights w(codec, rows, columns, random);
      const WeightMatrix plain = weight_matrix(w.tensor, pair.plain, true);
      WeightMatrix faster = plain;
      faster.kernels = &pair.faster;
      // From 64 on there are tiles of AMX, of 16 tokens and of fewer.
      for (const std::uint32_t tokens : {1u, 2u, 3u, 7u, 16u, 64u, 65u, 69u, 79u})
        BOOST_TEST_CONTEXT("beside level " << pair.plain << ", tokens " << tokens) {
          const auto expected = product(plain, x.form, tokens),
                     found = product(faster, x.form, tokens);
          BOOST_TEST(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0);
        }
    });
  }
}
