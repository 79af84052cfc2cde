#include "codec_speed.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <thread>

#include "machine.h"
#include "quipu/error.h"

namespace quipu::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t columns = 4096, prefill_rows = 4096, prefill_tokens = 512;
// Beyond any cache, so that decoding reads memory.
constexpr std::size_t weight_bytes = std::size_t{256} << 20;
constexpr int rounds = 9;

std::uint64_t row_bytes(const quipu_codec& codec) {
  return std::uint64_t{columns} / codec.block_columns * codec.block_bytes;
}

bool is_finite(const quipu_codec& codec, const std::byte* row) {
  std::vector<float> values(columns);
  codec.dequantize(row, columns, values.data());
  return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
}

/// A few rows of weights of the size that models have; blocks of random bytes where the codec has
/// no quantiser.
void make_rows(const quipu_codec& codec, std::uint64_t count, std::byte* out) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> x(columns);
  const std::vector<float> importance(columns, 1.0f);
  for (std::uint64_t r = 0; r < count; ++r, out += row_bytes(codec)) {
    for (float& value : x) value = normal(random);
    if (QUIPU_HAS(&codec, quantize) &&
        codec.quantize(x.data(), 1, columns, importance.data(), out) == QUIPU_OK)
      continue;
    for (std::uint32_t b = 0; b < columns / codec.block_columns; ++b) {
      std::byte* const block = out + std::size_t{b} * codec.block_bytes;
      const auto invalid = [&] { return codec.find_invalid && codec.find_invalid(block, 1) == 0; };
      for (int attempt = 0; attempt == 0 || (attempt < 10'000 && invalid()); ++attempt)
        for (std::uint32_t i = 0; i < codec.block_bytes; ++i)
          block[i] = static_cast<std::byte>(random());
    }
    if (!is_finite(codec, out))
      throw Error(ErrorCode::unsupported, std::string(codec.name) + ": found no finite weights");
  }
}

/// x * weight^T on a backend, for embeddings that the batch brings.
class Product {
 public:
  Product(const quipu_backend& backend, quipu_backend_context* context, const quipu_codec& codec,
          const std::byte* data, std::uint32_t rows, std::uint32_t tokens)
      : backend_(backend), x_(std::size_t{tokens} * columns), y_(std::size_t{tokens} * rows),
        tokens_(tokens, 0), positions_(tokens), sequences_(tokens, 0), wanted_(tokens, 1) {
    std::mt19937 random(2);
    std::normal_distribution<float> normal;
    for (float& value : x_) value = normal(random);
    std::iota(positions_.begin(), positions_.end(), 0);

    tensor_ = {sizeof tensor_, 2,    {columns, rows, 1, 1}, {"weight", 6},
               &codec,         data, row_bytes(codec)};
    embed_.size = sizeof embed_;
    for (auto& node : nodes_) node.size = sizeof node;
    nodes_[0].weight = &tensor_;
    nodes_[1].op = QUIPU_OP_EMBED;
    nodes_[1].attributes = &embed_;
    nodes_[1].width = columns;
    nodes_[1].inputs = inputs_;
    nodes_[1].input_count = 1;
    nodes_[2].op = QUIPU_OP_LINEAR;
    nodes_[2].width = rows;
    nodes_[2].inputs = inputs_ + 1;
    nodes_[2].input_count = 2;
    for (std::uint32_t i = 0; i < node_count; ++i) order_[i] = &nodes_[i];
    graph_ = {sizeof graph_, 1, node_count, 1, order_, &logits_};

    const quipu_plan_options options{sizeof options, 0,      tokens, tokens, 1,
                                     QUIPU_KV_F16,   tokens, nullptr};
    Registry::check(backend.plan(context, &graph_, &options, &plan_), codec.name);
  }
  ~Product() { backend_.plan_free(plan_); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  double seconds() {
    Registry::check(backend_.kv_edit(plan_, QUIPU_KV_REMOVE, 0, 0, -1, 0), "kv_edit");
    const auto count = static_cast<std::uint32_t>(tokens_.size());
    const quipu_batch batch{
        sizeof batch,      count,         tokens_.data(), x_.data(), positions_.data(),
        sequences_.data(), wanted_.data()};
    const quipu_output output{sizeof output, count, y_.data(), nodes_[2].width};
    const auto start = Clock::now();
    Registry::check(backend_.run(plan_, &batch, logits_.role, &output), tensor_.codec->name);
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  std::uint32_t threads() const {
    quipu_plan_facts facts{};
    facts.size = sizeof facts;
    backend_.facts(plan_, &facts);
    return std::max(facts.threads, 1u);
  }

 private:
  const quipu_backend& backend_;
  std::vector<float> x_, y_;
  std::vector<std::int32_t> tokens_, positions_;
  std::vector<std::uint32_t> sequences_;
  std::vector<std::uint8_t> wanted_;
  quipu_tensor tensor_{};
  quipu_embed embed_{};
  // weight, embed, linear; the inputs of the latter two.
  static constexpr std::uint32_t node_count = 3;
  quipu_graph_node nodes_[node_count]{};
  const quipu_node inputs_[3] = {1, 2, 1};
  const quipu_graph_node* order_[node_count]{};
  const quipu_graph_output logits_{3, 0, {"logits", 6}};
  quipu_graph graph_{};
  quipu_plan* plan_ = nullptr;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Threads that wait for the next product may do so awake for a while.
void let_threads_rest() {
  std::this_thread::sleep_for(std::chrono::milliseconds(4));
}

}  // namespace

CodecBench::CodecBench(const quipu_backend& backend, std::uint32_t threads)
    : backend_(backend), threads_(threads), memory_(weight_bytes + 64) {
  quipu_backend_options options{};
  options.size = sizeof options;
  options.threads = threads;
  options.isa = Registry::isa();
  Registry::check(backend.open(&options, &context_), backend.name);
}

CodecBench::~CodecBench() {
  backend_.close(context_);
}

CodecSpeed CodecBench::measure(const quipu_codec& codec) {
  std::byte* const data =
      memory_.data() + (64 - reinterpret_cast<std::uintptr_t>(memory_.data()) % 64) % 64;
  const std::uint64_t bytes = row_bytes(codec), rows = weight_bytes / bytes, made = 16;
  make_rows(codec, made, data);
  for (std::uint64_t r = made; r < rows; ++r)
    std::memcpy(data + r * bytes, data + r % made * bytes, bytes);
  const std::span<const std::byte> weights(data, rows * bytes);

  Product decode(backend_, context_, codec, data, static_cast<std::uint32_t>(rows), 1);
  Product prefill(backend_, context_, codec, data, prefill_rows, prefill_tokens);
  const std::uint32_t threads = decode.threads();
  const double multiples = double{prefill_rows} * columns * prefill_tokens;
  std::vector<double> decode_speed, decode_share, prefill_speed, prefill_share;
  for (int round = -1; round < rounds; ++round) {  // the first warms up
    let_threads_rest();
    const double read = time_of_read(weights, threads);
    const double decoding = decode.seconds();
    let_threads_rest();
    const double peak = sample_integer_peak(threads);
    const double prefilling = prefill.seconds();
    if (round < 0) continue;
    decode_speed.push_back(static_cast<double>(weights.size()) / decoding);
    decode_share.push_back(read / decoding);
    prefill_speed.push_back(multiples / prefilling);
    prefill_share.push_back(peak > 0 ? multiples / prefilling / peak : 0);
  }
  return {median(decode_speed), median(decode_share), median(prefill_speed), median(prefill_share)};
}

}  // namespace quipu::app
