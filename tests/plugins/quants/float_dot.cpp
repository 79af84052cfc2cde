// Dot products of rows of floats with float activations.
#include <boost/test/unit_test.hpp>

#include "codecs.h"

namespace {

template <class Check>
void for_each_dot(Check check) {
  for (const auto* codec : codecs::all())
    for (std::uint32_t k = 0; k < codec->kernel_count; ++k) {
      const quipu_kernels& kernels = codec->kernels[k];
      if (kernels.dot && kernels.dot_input == QUIPU_INPUT_FLOAT && codecs::runs_here(kernels)) {
        BOOST_TEST_CONTEXT(codec->name << " isa " << kernels.isa) check(*codec, kernels);
      }
    }
}

/// Random numbers of about 1, in the stored form: the upper bits of a float or of a half.
void fill(const quipu_codec& codec, unsigned char* out, std::size_t count, std::mt19937& random) {
  for (std::size_t i = 0; i < count; ++i, out += codec.block_bytes) {
    const std::uint32_t sign = random() & 1, mantissa = random() & 0x3fffff;
    const std::uint32_t bits =
        codec.name == std::string("f16")
            ? sign << 15 | 0x3800 | (mantissa & 0x7ff)
            : (sign << 31 | 0x3f000000 | mantissa) >> (codec.block_bytes == 2 ? 16 : 0);
    std::memcpy(out, &bits, codec.block_bytes);
  }
}

const std::size_t lengths[] = {1, 2, 7, 15, 16, 17, 31, 32, 63, 64, 65, 100, 127, 128, 129, 576};

}  // namespace

BOOST_AUTO_TEST_CASE(products_are_those_of_the_stored_numbers) {
  for_each_dot([](const quipu_codec& codec, const quipu_kernels& kernels) {
    std::mt19937 random(1);
    for (const auto columns : lengths)
      for (std::uint32_t count = 1; count <= kernels.dot_count; ++count)
        for (const bool at_end : {false, true}) {
          const std::size_t bytes = columns * codec.block_bytes;
          const codecs::Guarded rows(3 * bytes, at_end), input(count * columns * 4, at_end);
          fill(codec, rows.data(), 3 * columns, random);
          auto* x = reinterpret_cast<float*>(input.data());
          for (std::size_t i = 0; i < count * columns; ++i)
            x[i] = static_cast<float>(random() % 2000) / 1000 - 1;
          const quipu_activations table{sizeof table, count,   columns, x,
                                        nullptr,      nullptr, nullptr, nullptr};
          std::vector<float> y(3 * count);

          kernels.dot(rows.data(), bytes, 3, &table, y.data(), 3);

          for (std::uint32_t v = 0; v < count; ++v)
            for (std::size_t r = 0; r < 3; ++r) {
              const auto w = codecs::dequantized(codec, rows.data() + r * bytes, columns);
              double expected = 0, size = 0;
              for (std::size_t j = 0; j < columns; ++j) {
                expected += double(w[j]) * x[v * columns + j];
                size += std::abs(double(w[j]) * x[v * columns + j]);
              }
              // One rounding per product and one per addition, in any order.
              BOOST_TEST(std::abs(y[v * 3 + r] - expected) <= double(columns + 1) * 0x1p-24 * size,
                         "columns " << columns << " vectors " << count);
              const quipu_activations one{sizeof one, 1,       columns, x + v * columns,
                                          nullptr,    nullptr, nullptr, nullptr};
              float alone = 0;
              kernels.dot(rows.data() + r * bytes, bytes, 1, &one, &alone, 1);
              BOOST_TEST(alone == y[v * 3 + r]);
            }
        }
  });
}
