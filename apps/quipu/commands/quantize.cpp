// quipu quantize: a model in other formats.
#include <chrono>
#include <cstdio>
#include <map>

#include "command.h"
#include "progress.h"
#include "quipu/importance.h"

namespace quipu::app {
namespace {

// "PATTERN=FORMAT"; the pattern may hold the sign too.
std::pair<std::string, std::string> tensor_format(const std::string& word) {
  const std::size_t sign = word.rfind('=');
  if (sign == std::string::npos || sign == 0 || sign + 1 == word.size())
    throw Error(ErrorCode::usage, "--tensor: expected PATTERN=FORMAT, found " + printable(word));
  return {word.substr(0, sign), word.substr(sign + 1)};
}

struct Share {
  std::uint64_t tensors = 0, weights = 0, bytes = 0;
};

struct Totals {
  std::map<std::string, Share> formats;
  std::uint64_t weights = 0, bytes = 0, bytes_before = 0;
};

Totals totals_of(const std::vector<Conversion>& conversions) {
  Totals totals;
  for (const Conversion& each : conversions) {
    Share& share = totals.formats[each.to->name];
    share.tensors += 1;
    share.weights += each.weights;
    share.bytes += each.bytes;
    totals.weights += each.weights;
    totals.bytes += each.bytes;
    totals.bytes_before += each.weights / each.from->block_columns * each.from->block_bytes;
  }
  return totals;
}

std::string bits(std::uint64_t bytes, std::uint64_t weights) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f bits per weight",
                8.0 * static_cast<double>(bytes) / static_cast<double>(std::max(weights, 1ul)));
  return text;
}

std::string to_text(const std::vector<Conversion>& conversions, bool verbose) {
  std::string text;
  if (verbose)
    for (const Conversion& each : conversions)
      text += printable(each.tensor->name) + ": " + each.from->name +
              (each.from == each.to ? ", as it is" : std::string(" to ") + each.to->name) + "\n";
  const Totals totals = totals_of(conversions);
  for (const auto& [name, share] : totals.formats)
    text += name + ": " + std::to_string(share.tensors) + " tensors, " +
            readable_bytes(share.bytes) + ", " + bits(share.bytes, share.weights) + "\n";
  return text + "all: " + readable_bytes(totals.bytes_before) + " to " +
         readable_bytes(totals.bytes) + ", " + bits(totals.bytes, totals.weights) + "\n";
}

json::value to_json(const std::vector<Conversion>& conversions) {
  json::array tensors;
  for (const Conversion& each : conversions)
    tensors.push_back({{"name", printable(each.tensor->name, 1000)},
                       {"from", each.from->name},
                       {"to", each.to->name},
                       {"bytes", each.bytes}});
  const Totals totals = totals_of(conversions);
  return {{"tensors", std::move(tensors)},
          {"weights", totals.weights},
          {"bytes_before", totals.bytes_before},
          {"bytes", totals.bytes}};
}

// The importance, and where it comes from: the keys are those of llama.cpp.
void add_importance(const std::string& file, Registry& registry, QuantizeOptions& out) {
  const Importance importance = Importance::read(file, registry);
  out.importance = importance.columns();
  out.keys = {{"quantize.imatrix.file", file},
              {"quantize.imatrix.entries_count", std::uint64_t{importance.weights.size()}},
              {"quantize.imatrix.chunks_count", importance.chunk_count}};
  if (!importance.datasets.empty())
    out.keys.push_back({"quantize.imatrix.dataset", importance.datasets[0]});
}

QuantizeOptions options_from(const Options& options, Registry& registry) {
  QuantizeOptions out;
  out.format = options.required("FORMAT");
  if (options.has("tensor"))
    for (const auto& word : options.get<std::vector<std::string>>("tensor"))
      out.tensors.push_back(tensor_format(word));
  out.pure = options.has("pure");
  out.requantize = options.has("allow-requantize");
  out.keep_parts = options.has("keep-split");
  if (options.has("imatrix")) add_importance(options.get<std::string>("imatrix"), registry, out);
  if (options.has("threads")) out.threads = options.get<std::uint32_t>("threads");
  return out;
}

int run(const std::vector<std::string>& words) {
  Options options(quantize_command);
  options.add()("imatrix", po::value<std::string>()->value_name("FILE"),
                "importance of the columns of each weight: quipu imatrix")(
      "tensor", po::value<std::vector<std::string>>()->value_name("PATTERN=FORMAT"),
      "format of the tensors whose names match; may be given again, the first match decides")(
      "pure", "the same format for all weights")(
      "allow-requantize", "also from one quantised format to another, which loses quality twice")(
      "keep-split",
      "as many files as the source has")("dry-run", "show what would be written and write nothing")(
      "threads", po::value<std::uint32_t>()->value_name("N"), "threads (default: one per core)");
  options.positional("IN");
  options.positional("OUT");
  options.positional("FORMAT");
  if (!options.parse(words)) return exit_ok;
  const std::string& out = options.required("OUT");
  const auto registry = options.registry();
  ProgressBar bar(!options.quiet());
  QuantizeOptions wanted = options_from(options, *registry);
  std::uint64_t total = 0;
  const Quantization* running = nullptr;
  wanted.progress = [&](const QuantizeProgress& progress) {
    const Conversion& now = running->conversions()[progress.tensor];
    bar.show(progress.weights, total, now.tensor->name + " to " + now.to->name);
    return !interrupted;
  };
  const Quantization quantization(open_model(options.required("IN"), *registry), std::move(wanted),
                                  *registry);
  running = &quantization;
  for (const Conversion& each : quantization.conversions()) total += each.weights;
  if (!options.has("dry-run")) quantization.write(out);
  if (options.json())
    print_json(to_json(quantization.conversions()));
  else if (!options.quiet())
    print(to_text(quantization.conversions(), options.verbose()));
  return exit_ok;
}

}  // namespace

const Command quantize_command = {
    "quantize", "IN OUT FORMAT [--imatrix F] [--tensor PATTERN=FORMAT]… [--pure]",
    "Writes a model in other formats: q4_k_m, iq3_xs, f16 … (a name that is none lists them all)",
    run};

}  // namespace quipu::app
