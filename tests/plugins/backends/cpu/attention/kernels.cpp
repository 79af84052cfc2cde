// Attention kernels of every instruction set against double arithmetic, for few and for many rows.
#include "attention/attention_kernels.h"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include "attention/cells.h"
#include "quipu/registry.h"

using namespace quipu_cpu;

namespace {

std::vector<std::uint32_t> usable_isas() {
  std::vector<std::uint32_t> isas;
  for (const std::uint32_t isa : {QUIPU_ISA_SCALAR, QUIPU_ISA_AVX2, QUIPU_ISA_AVX512})
    if (isa <= quipu::Registry::isa()) isas.push_back(isa);
  return isas;
}

struct Free {
  void operator()(std::byte* memory) const { ::operator delete (memory, std::align_val_t{64}); }
};
using Memory = std::unique_ptr<std::byte, Free>;

Memory memory(std::size_t bytes) {
  Memory made(static_cast<std::byte*>(::operator new (bytes + 64, std::align_val_t{64})));
  // What is not written must not matter: as floats these are NaN.
  std::fill_n(made.get(), bytes + 64, std::byte{0xff});
  return made;
}

constexpr std::uint32_t pages = 4;

struct Case {
  std::uint32_t type = QUIPU_KV_F16, width = 64, group = 1;
  std::int64_t window = 0;
  float softcap = 0, slope = 0;
};

/// Queries of positions `from` and after, `group` rows each, over four pages; page 2 has holes.
class Rows {
 public:
  Rows(const Case& shape, std::uint32_t count, std::int64_t from, std::uint32_t isa)
      : shape_(shape), kernels_(attention_kernels(isa)), q_(count * shape.width) {
    layout_.type = shape.type;
    layout_.key_width = layout_.value_width = shape.width;
    layout_.value_stride = (shape.width + 15) / 16 * 16;
    const std::uint32_t bytes = shape.type == QUIPU_KV_F32 ? 4 : shape.type == QUIPU_KV_F16 ? 2 : 1;
    const std::uint32_t scales = (shape.width + 31) / 32 * 128;
    layout_.key_scales = (shape.width + 3) / 4 * 4 * page_cells * bytes;
    layout_.values = layout_.key_scales + scales;
    layout_.value_scales = layout_.values + layout_.value_stride * page_cells * bytes;
    layout_.bytes = layout_.value_scales + scales;
    data_ = memory(std::size_t{layout_.bytes} * pages);
    std::fill_n(data_.get(), std::size_t{layout_.bytes} * pages, std::byte{});
    std::normal_distribution<float> normal;
    const auto fill = [&](std::vector<float>& x) {
      for (float& value : x) value = normal(random_);
    };
    for (std::uint32_t p = 0; p < pages; ++p) {
      heads_.push_back({data_.get() + std::size_t{layout_.bytes} * p, std::int64_t{p} * page_cells,
                        p == 2 ? 0xfff0'ffff'00ff'fff1 : ~std::uint64_t{0}});
      for (std::uint32_t lane = 0; lane < page_cells; ++lane) {
        std::vector<float> k(shape.width), v(shape.width);
        fill(k);
        fill(v);
        std::byte* const head = data_.get() + std::size_t{layout_.bytes} * p;
        kernels_.store_key(layout_, head, lane, k.data());
        kernels_.store_value(layout_, head, lane, 0, shape.width, v.data());
      }
    }
    fill(q_);
    for (std::uint32_t r = 0; r < count; ++r) {
      const std::int64_t position = from + r / shape.group;
      rows_.push_back({q_.data() + r * shape.width,
                       shape.window ? std::max<std::int64_t>(0, position - shape.window + 1) : 0,
                       position, static_cast<std::int32_t>(position), shape.slope});
    }
  }

  /// out[count][width] of rows first ... first + count - 1, attended together.
  std::vector<float> attend(std::uint32_t first, std::uint32_t count) const {
    const std::size_t stride = layout_.value_stride;
    const Memory scratch = memory(kernels_.scratch_bytes(layout_, count));
    const Memory o = memory(count * stride * sizeof(float));
    std::vector<float> maximum(count), sum(count), out(count * shape_.width);
    AttendArguments a{};
    a.layout = &layout_;
    a.pages = heads_.data();
    a.page_count = pages;
    a.row_count = count;
    a.rows = rows_.data() + first;
    a.scale = scale;
    a.softcap = shape_.softcap;
    a.out = {maximum.data(), sum.data(), reinterpret_cast<float*>(o.get()), stride};
    a.scratch = scratch.get();
    kernels_.prepare(layout_, a.rows, count, a.scratch);
    kernels_.attend(a);
    for (std::uint32_t r = 0; r < count; ++r)
      kernels_.finish(maximum[r], sum[r], a.out.o + r * stride,
                      -std::numeric_limits<float>::infinity(), out.data() + r * shape_.width,
                      shape_.width);
    return out;
  }

  /// Of all pages.
  std::vector<std::byte> bytes() const {
    return {data_.get(), data_.get() + std::size_t{layout_.bytes} * pages};
  }

  std::vector<double> expected(std::uint32_t r) const {
    const QueryRow& row = rows_[r];
    std::vector<double> out(shape_.width);
    double sum = 0;
    for (const PageHead& page : heads_)
      for (std::uint32_t lane = 0; lane < page_cells; ++lane) {
        const std::int64_t position = page.position + lane;
        if (position < row.first || position > row.last || !(page.occupied >> lane & 1)) continue;
        std::vector<float> k(shape_.width), v(shape_.width);
        read_cell(layout_, page.data, lane, k.data(), v.data());
        double score = 0;
        for (std::uint32_t d = 0; d < shape_.width; ++d) score += double{row.q[d]} * k[d];
        score *= scale;
        if (shape_.softcap != 0) score = shape_.softcap * std::tanh(score / shape_.softcap);
        score -= shape_.slope * static_cast<double>(std::abs(row.position - position));
        const double weight = std::exp(score);
        sum += weight;
        for (std::uint32_t c = 0; c < shape_.width; ++c) out[c] += weight * v[c];
      }
    for (double& x : out) x = sum > 0 ? x / sum : 0;
    return out;
  }

 private:
  static constexpr float scale = 0.125f;
  Case shape_;
  const AttentionKernels& kernels_;
  HeadLayout layout_{};
  Memory data_;
  std::vector<PageHead> heads_;
  std::vector<float> q_;
  std::vector<QueryRow> rows_;
  std::mt19937 random_{1};
};

const Case cases[] = {{},
                      {.type = QUIPU_KV_F32},
                      {.type = QUIPU_KV_Q8_0},
                      {.width = 128},
                      {.width = 80, .group = 3},
                      {.type = QUIPU_KV_F32, .width = 40},
                      {.type = QUIPU_KV_Q8_0, .width = 24, .group = 7},
                      {.group = 8, .window = 70},
                      {.window = 5},
                      {.group = 2, .softcap = 2},
                      {.group = 3, .slope = 0.25f}};

// Rows that end in the first page and in the middle of one, and so many that all pages are crossed.
constexpr std::uint32_t counts[] = {1, 5, 8, 9, 12, 23, 96, 200};
constexpr std::int64_t starts[] = {0, 50};

}  // namespace

// A score is the sum of up to 128 products of size 1/8, the sum being rounded to 6e-8 of itself
// each time: 1e-6 or less. A weight is off by as much of itself, its exponential by 2e-7; values
// are below 5.
BOOST_AUTO_TEST_CASE(rows_are_means_weighted_by_their_scores) {
  for (const std::uint32_t isa : usable_isas())
    for (const Case& shape : cases)
      for (const std::uint32_t count : counts)
        for (const std::int64_t from : starts) {
          const Rows rows(shape, count, from, isa);
          const std::vector<float> found = rows.attend(0, count);
          double worst = 0;
          for (std::uint32_t r = 0; r < count; ++r) {
            const std::vector<double> expected = rows.expected(r);
            for (std::uint32_t c = 0; c < shape.width; ++c) {
              const double error = std::abs(found[r * shape.width + c] - expected[c]);
              worst = std::isnan(error) ? HUGE_VAL : std::max(worst, error);
            }
          }
          BOOST_TEST(worst < 5e-6, "isa " << isa << ", type " << shape.type << ", width "
                                          << shape.width << ", " << count << " rows from " << from
                                          << ": error " << worst);
        }
}

BOOST_AUTO_TEST_CASE(a_row_is_the_same_alone_and_among_others) {
  for (const std::uint32_t isa : usable_isas())
    for (const Case& shape : cases) {
      constexpr std::uint32_t count = 96;
      const Rows rows(shape, count, 40, isa);
      const std::vector<float> together = rows.attend(0, count);
      for (const std::uint32_t several : {1u, 4u, 12u, 24u, 32u}) {
        std::vector<float> apart;
        for (std::uint32_t r = 0; r < count; r += several) {
          const std::vector<float> some = rows.attend(r, several);
          apart.insert(apart.end(), some.begin(), some.end());
        }
        BOOST_TEST((apart == together), "isa " << isa << ", type " << shape.type << ", width "
                                               << shape.width << ", " << several << " rows");
      }
    }
}

BOOST_AUTO_TEST_CASE(cells_hold_the_same_bytes_whichever_instruction_set_stored_them) {
  for (const Case& shape : cases)
    for (const std::uint32_t isa : usable_isas())
      BOOST_TEST((Rows(shape, 1, 0, isa).bytes() == Rows(shape, 1, 0, QUIPU_ISA_SCALAR).bytes()),
                 "isa " << isa << ", type " << shape.type << ", width " << shape.width);
}
