// Softmax attention (arXiv:1706.03762) over the cached tokens of a row's sequence.
#include <algorithm>
#include <cmath>

#include "evaluate.h"

namespace quipu_reference {
namespace {

bool sees(const quipu_attention& a, std::int64_t position, std::int64_t other) {
  if (a.causal && other > position) return false;
  if (a.window == 0) return true;
  if (a.window_kind == QUIPU_WINDOW_CHUNKED) return other / a.window == position / a.window;
  return other <= position && other > position - std::int64_t{a.window};
}

// ALiBi (arXiv:2108.12409). With a number of heads that is no power of two, the slopes beyond the
// last power are every other one of the series twice as fine.
double alibi_slope(const quipu_attention& a, std::uint32_t head) {
  const double whole = std::pow(2, std::floor(std::log2(a.heads)));
  const double exponent =
      head < whole ? (head + 1) / whole : (2 * (head - whole) + 1) / (2 * whole);
  return std::pow(2, -a.alibi_max_bias * exponent);
}

double dot(const float* a, const float* b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

struct Seen {
  const float* value;
  double score;
};

// softmax(scores) * values; the sink takes part in the softmax and has no value.
void mix(const std::vector<Seen>& seen, const float* sink, std::size_t width, float* out) {
  double highest = sink ? *sink : seen[0].score;
  for (const Seen& s : seen) highest = std::max(highest, s.score);
  double total = sink ? std::exp(*sink - highest) : 0;
  for (const Seen& s : seen) total += std::exp(s.score - highest);
  for (std::size_t j = 0; j < width; ++j) {
    double sum = 0;
    for (const Seen& s : seen) sum += std::exp(s.score - highest) / total * s.value[j];
    out[j] = static_cast<float>(sum);
  }
}

}  // namespace

Matrix attention(const Operands& in, Cache& cache) {
  const auto& a = in.attributes<quipu_attention>();
  const Matrix& q = in.value(0);
  if (in.has(1))
    for (std::size_t i = 0; i < q.rows; ++i)
      cache.store(a.layer, in.sequence(i), in.position(i), in.value(1).row(i), in.value(2).row(i));
  const auto sinks = in.numbers(3);
  Matrix y(q.rows, in.width());
  for (std::size_t i = 0; i < q.rows; ++i)
    for (std::uint32_t head = 0; head < a.heads; ++head) {
      const std::uint32_t kv_head = head / (a.heads / a.kv_heads);
      const std::int64_t position = in.position(i);
      std::vector<Seen> seen;
      for (const auto& [other, cell] : cache.sequence(in.sequence(i))) {
        if (!sees(a, position, other)) continue;
        const float* key = cache.key(a.layer, *cell) + kv_head * a.key_width;
        double score = a.scale * dot(q.row(i) + head * a.key_width, key, a.key_width);
        if (a.softcap != 0) score = a.softcap * std::tanh(score / a.softcap);
        if (a.alibi_max_bias != 0)
          score -= alibi_slope(a, head) * static_cast<double>(std::abs(position - other));
        seen.push_back({cache.value(a.layer, *cell) + kv_head * a.value_width, score});
      }
      mix(seen, sinks.empty() ? nullptr : &sinks[head], a.value_width,
          y.row(i) + head * a.value_width);
    }
  return y;
}

}  // namespace quipu_reference
