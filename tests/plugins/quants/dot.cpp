// Dot products of quantised rows: every kernel against the scalar one and against dequantised
// weights, at every row length that blocks allow.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "codecs.h"

namespace {

template <class Check>
void for_each_dot(Check check) {
  for (const auto* codec : codecs::all())
    for (std::uint32_t k = 0; k < codec->kernel_count; ++k) {
      const quipu_kernels& kernels = codec->kernels[k];
      if (kernels.dot && kernels.dot_input == QUIPU_INPUT_INT8 && codecs::runs_here(kernels)) {
        BOOST_TEST_CONTEXT(codec->name << " isa " << kernels.isa) check(*codec, kernels);
      }
    }
}

/// Row lengths: whole stretches of 256 columns, every remainder, and none before it.
std::vector<std::size_t> lengths(const quipu_codec& codec) {
  std::vector<std::size_t> columns{256, 512, 1280};
  if (codec.block_columns < 256)
    for (std::size_t rest = codec.block_columns; rest < 256; rest += codec.block_columns)
      columns.insert(columns.end(), {rest, 512 + rest});
  return columns;
}

struct Rows {
  std::size_t count, bytes;
  std::vector<unsigned char> data;
  Rows(const quipu_codec& codec, std::size_t count_, std::size_t columns, std::mt19937& random)
      : count(count_), bytes(codecs::row_bytes(codec, columns)), data(count * bytes) {
    codecs::fill(codec, data.data(), data.size() / codec.block_bytes, random);
  }
};

std::vector<float> products(const quipu_kernels& kernels, const Rows& rows,
                            const quipu_activations& x) {
  std::vector<float> y(rows.count * x.count, -1);
  kernels.dot(rows.data.data(), rows.bytes, static_cast<std::uint32_t>(rows.count), &x, y.data(),
              rows.count);
  return y;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

// With one group of columns that counts and a scale of 1, y is the weight's scale times an integer,
// rounded once: any two right kernels agree in every bit. That takes sums that belong to the
// activations where they say what a zero takes off, and none where they say what minima add. Large
// activations of one sign show saturation.
BOOST_AUTO_TEST_CASE(integer_parts_are_those_of_the_scalar_kernel_bit_for_bit) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(1);
    for (const auto columns : lengths(codec))
      for (const int extreme : {0, 127, -127}) {
        const Rows rows(codec, 3, columns, random);
        codecs::Input x(columns, 1, random);
        if (extreme) std::fill_n(x.q, columns, static_cast<std::int8_t>(extreme));
        for (std::size_t first = 0; first < columns; first += codec.group) {
          std::fill(x.scale.begin(), x.scale.end(), 0.0f);
          x.scale[first / 32] = 1;
          std::vector<std::int8_t> kept(x.q, x.q + columns);
          for (std::size_t j = 0; j < columns; ++j)
            if (j / codec.group != first / codec.group) x.q[j] = 0;
          x.add_up();
          if (codec.has_minimum) {
            std::fill(x.sum16.begin(), x.sum16.end(), 0.0f);
            std::fill(x.sum32.begin(), x.sum32.end(), 0.0f);
          }

          BOOST_TEST(same_bits(products(kernels, rows, x.table),
                               products(codec.kernels[0], rows, x.table)),
                     "columns " << columns << " group at " << first);

          std::copy(kept.begin(), kept.end(), x.q);
        }
      }
  });
}

// A group adds two terms, each rounded at most four times before it is added and once for every
// addition after, whatever their order: (2 groups + 8) roundings of 2^-24 of the terms' sizes.
BOOST_AUTO_TEST_CASE(products_are_those_of_dequantised_weights) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(2);
    for (const auto columns : lengths(codec)) {
      const Rows rows(codec, 16, columns, random);
      const codecs::Input x(columns, 3, random);
      const auto y = products(kernels, rows, x.table);
      codecs::Panel panel(codec, false, columns);
      codec.kernels[0].unpack(rows.data.data(), rows.bytes, 0, static_cast<std::uint32_t>(columns),
                              &panel.table);
      for (std::size_t v = 0; v < 3; ++v)
        for (std::size_t r = 0; r < 16; ++r) {
          const auto w = codecs::dequantized(codec, rows.data.data() + r * rows.bytes, columns);
          double expected = 0, size = 0;
          for (std::size_t j = 0; j < columns; ++j) {
            const std::size_t at = v * columns + j, g = panel.group_of(r, j);
            const double activation = double(x.scale[at / 32]) * x.q[at];
            expected += w[j] * activation;
            const double factor =
                (codec.has_minimum ? panel.minimum[g] : 0.0) - double(panel.scale[g]) * codec.zero;
            size += std::abs(activation) *
                    (std::abs(double(panel.scale[g]) * panel.byte(r, j)) + std::abs(factor));
          }
          const double roundings = 2.0 * double(columns) / codec.group + 8;
          BOOST_TEST(std::abs(y[v * 16 + r] - expected) <= roundings * 0x1p-24 * size,
                     "columns " << columns << " row " << r << ": " << y[v * 16 + r] << " for "
                                << expected);
        }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_sum_does_not_depend_on_the_number_of_rows_or_vectors) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(3);
    for (const auto columns : lengths(codec)) {
      const Rows rows(codec, 5, columns, random);
      for (std::uint32_t count = 1; count <= kernels.dot_count; ++count) {
        const codecs::Input x(columns, count, random);
        const auto together = products(kernels, rows, x.table);
        std::vector<float> alone;
        for (std::uint32_t v = 0; v < count; ++v)
          for (std::size_t r = 0; r < rows.count; ++r) {
            const auto one = x.vector(v);
            float y = 0;
            kernels.dot(rows.data.data() + r * rows.bytes, rows.bytes, 1, &one, &y, 1);
            alone.push_back(y);
          }
        BOOST_TEST(same_bits(together, alone), "columns " << columns << " vectors " << count);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_read_outside_rows_and_activations) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(4);
    for (const bool at_end : {false, true})
      for (const auto columns : lengths(codec)) {
        const std::size_t count = 2, bytes = codecs::row_bytes(codec, columns);
        const codecs::Guarded rows(3 * bytes, at_end), q(count * columns, at_end),
            scale(count * columns / 8, at_end), sum32(count * columns / 8, at_end),
            sum16(count * columns / 4, at_end);
        codecs::fill(codec, rows.data(), 3 * columns / codec.block_columns, random);
        const quipu_activations x{sizeof x,
                                  count,
                                  columns,
                                  nullptr,
                                  reinterpret_cast<const std::int8_t*>(q.data()),
                                  reinterpret_cast<const float*>(scale.data()),
                                  reinterpret_cast<const float*>(sum32.data()),
                                  reinterpret_cast<const float*>(sum16.data())};
        float y[3 * count];

        kernels.dot(rows.data(), bytes, 3, &x, y, 3);

        for (const float value : y) BOOST_TEST(value == 0);
      }
  });
}

BOOST_AUTO_TEST_CASE(rows_may_lie_apart_and_results_too) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(5);
    const std::size_t columns = 768;
    const Rows rows(codec, 4, columns, random);
    const codecs::Input x(columns, 2, random);
    const auto expected = products(kernels, rows, x.table);
    std::vector<float> y(100, -7);

    kernels.dot(rows.data.data() + rows.bytes, 2 * rows.bytes, 2, &x.table, y.data(), 50);

    for (std::size_t v = 0; v < 2; ++v) {
      BOOST_TEST(y[50 * v] == expected[4 * v + 1]);
      BOOST_TEST(y[50 * v + 1] == expected[4 * v + 3]);
      BOOST_TEST(y[50 * v + 2] == -7);
    }
  });
}

BOOST_AUTO_TEST_CASE(odd_scales_give_what_the_scalar_kernel_gives) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(6);
    const std::size_t columns = 256 + 3 * codec.block_columns;
    for (const std::uint16_t half :
         {0x0000, 0x8000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0xfc00, 0x7e00}) {
      Rows rows(codec, 2, columns, random);
      const codecs::Input x(columns, 1, random);
      // One block in the middle of the first row; the second row is ordinary.
      for (const auto offset : codecs::scale_offsets(codec))
        codecs::put_half(rows.data.data() + rows.bytes / codec.block_bytes / 2 * codec.block_bytes +
                             offset,
                         half);

      const auto y = products(kernels, rows, x.table);
      const auto expected = products(codec.kernels[0], rows, x.table);

      BOOST_TEST(std::isfinite(y[0]) == std::isfinite(expected[0]));
      BOOST_TEST(std::isfinite(y[1]));
      // 1e-5 of the largest term is far above rounding and far below any wrong term.
      if (std::isfinite(y[0]))
        BOOST_TEST(std::abs(y[0] - expected[0]) <= 1e-5 * std::max(1.0f, 65504.0f * 20000));
    }
  });
}
