#include "bench/codecs.h"

#include <algorithm>
#include <cstdio>

#include "codec_speed.h"

namespace quipu::app {
namespace {

/// The codecs of these names, or all; only those that have kernels, for the others go through the
/// same float product.
std::vector<const quipu_codec*> codecs_with_kernels(const std::vector<std::string>& names,
                                                    Registry& registry) {
  const auto installed = registry.codecs();
  for (const auto& name : names)
    if (std::ranges::none_of(installed, [&](const auto& each) { return each.second == name; }))
      throw Error(ErrorCode::unsupported, "--codecs: no plugin provides codec " + printable(name) +
                                              "; " + registry.searched());
  std::vector<const quipu_codec*> found;
  for (const auto& [type, name] : installed) {
    if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
    const quipu_codec& codec = registry.codec(type);
    if (codec.kernel_count)
      found.push_back(&codec);
    else if (!names.empty())
      throw Error(ErrorCode::unsupported, "--codecs: " + name + " has no kernels to measure");
  }
  return found;
}

}  // namespace

int bench_codecs(const Options& options, const std::vector<std::string>& names) {
  const auto registry = options.registry();
  const auto engine = options.engine();
  CodecBench bench(registry->backend(engine.backend), engine.threads);
  json::array all;
  if (!options.json())
    print("codec      bits   decode GB/s   of a read   prefill int8 GOPS   of the peak\n");
  for (const quipu_codec* codec : codecs_with_kernels(names, *registry)) {
    if (interrupted) return exit_interrupted;
    const CodecSpeed speed = bench.measure(*codec);
    const double bits = 8.0 * codec->block_bytes / codec->block_columns;
    if (options.json()) {
      all.push_back({{"codec", codec->name},
                     {"type", codec->type},
                     {"bits_per_weight", bits},
                     {"decode_bytes_per_second", speed.decode_bytes},
                     {"decode_fraction_of_read", speed.decode_of_read},
                     {"prefill_multiply_adds_per_second", speed.prefill_multiples},
                     {"prefill_fraction_of_peak", speed.prefill_of_peak}});
      continue;
    }
    char line[120];
    std::snprintf(line, sizeof line, "%-8s %6.2f %13.1f %9.0f %% %19.0f %11.0f %%\n", codec->name,
                  bits, speed.decode_bytes / 1e9, 100 * speed.decode_of_read,
                  2 * speed.prefill_multiples / 1e9, 100 * speed.prefill_of_peak);
    print(line);
  }
  if (options.json()) print_json(std::move(all));
  return exit_ok;
}

}  // namespace quipu::app
