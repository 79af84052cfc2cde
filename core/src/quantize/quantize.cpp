#include "quipu/quantize.h"

#include <algorithm>
#include <thread>

#include "model/extent.h"
#include "quantize/convert.h"
#include "quantize/name_pattern.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

// Converted bytes that are held before they are written.
constexpr std::uint64_t slab_bytes = std::uint64_t{32} << 20;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::span<const quipu_mix> mixes_of(const ModelFile& file) {
  const quipu_loader* table = file.table();
  if (!table || table->mix_count == 0)
    throw Error(ErrorCode::unsupported, file.container() + ": its loader cannot choose formats");
  return {table->mixes, table->mix_count};
}

bool has_blocks(const quipu_codec& codec) {
  return codec.block_columns > 1;
}

// Codecs of the file's container: their names and types.
using Codecs = std::map<std::string, std::string, std::less<>>;

Codecs codecs_for(const ModelFile& file, const Registry& registry) {
  Codecs types;
  for (const auto& [type, name] : registry.codecs())
    if (type.starts_with(std::string(file.loader()) + ":")) types.emplace(name, type);
  return types;
}

std::string names_of(const Codecs& codecs) {
  std::string text;
  for (const auto& [name, type] : codecs) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string names_of(std::span<const quipu_mix> mixes) {
  std::string text;
  for (const quipu_mix& mix : mixes) text += (text.empty() ? "" : ", ") + std::string(mix.name);
  return text;
}

const quipu_mix* find_mix(std::span<const quipu_mix> mixes, std::string_view name) {
  const auto found = std::ranges::find(mixes, name, &quipu_mix::name);
  return found == mixes.end() ? nullptr : &*found;
}

quipu_str str(std::string_view text) {
  return {text.data(), text.size()};
}

// The types that the caller wants for single tensors; empty where the mix decides.
std::vector<std::string_view> wanted_types(const ModelFile& file, const QuantizeOptions& options,
                                           const Codecs& codecs, Registry& registry) {
  const auto& tensors = file.tensors();
  std::vector<std::string_view> types(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (registry.codec(tensors[i].type).flags & QUIPU_CODEC_WHOLE_NUMBERS)
      types[i] = tensors[i].type;
  for (const auto& [text, name] : options.tensors) {
    const NamePattern pattern(text);
    const auto codec = codecs.find(lower(name));
    if (codec == codecs.end())
      throw Error(ErrorCode::usage, "format '" + printable(name) + "' for tensors '" +
                                        printable(text) + "': expected one of " + names_of(codecs));
    bool found = false;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (!pattern.found_in(tensors[i].name)) continue;
      found = true;
      if (types[i].empty()) types[i] = codec->second;
    }
    if (!found)
      throw Error(ErrorCode::usage,
                  "pattern '" + printable(text) + "': expected it in the name of some tensor");
  }
  return types;
}

std::uint32_t block_columns_of(void* registry, quipu_str type) noexcept {
  try {
    return static_cast<Registry*>(registry)->codec({type.data, type.size}).block_columns;
  } catch (...) {
    return 0;
  }
}

Conversion conversion_of(const TensorEntry& tensor, std::string_view type, Registry& registry) {
  Conversion conversion{&tensor, &registry.codec(tensor.type), &registry.codec(type), 1, 0};
  for (const std::uint64_t axis : tensor.shape) conversion.weights *= axis;
  conversion.bytes = conversion.weights / conversion.to->block_columns * conversion.to->block_bytes;
  return conversion;
}

std::uint64_t columns_with_importance(const TensorEntry& tensor) {
  std::uint64_t count = tensor.shape[0];
  for (std::size_t axis = 2; axis < tensor.shape.size(); ++axis) count *= tensor.shape[axis];
  return count;
}

}  // namespace

Quantization::Quantization(std::shared_ptr<const ModelFile> file, QuantizeOptions options,
                           Registry& registry)
    : file_(std::move(file)), options_(std::move(options)), registry_(registry) {
  validate(*file_, registry_);
  if (options_.threads == 0) options_.threads = std::max(1u, std::thread::hardware_concurrency());
  choose();
}

void Quantization::choose() {
  const auto mixes = mixes_of(*file_);
  const Codecs codecs = codecs_for(*file_, registry_);
  const std::string format = lower(options_.format);
  mix_ = find_mix(mixes, format);
  const auto codec = codecs.find(format);
  if (!mix_ && codec == codecs.end())
    throw Error(ErrorCode::usage, "format '" + printable(options_.format) + "': expected a mix (" +
                                      names_of(mixes) + ") or a codec (" + names_of(codecs) + ")");
  quipu_choice choice{};
  choice.size = sizeof choice;
  if (options_.pure) choice.flags |= QUIPU_CHOICE_PURE;
  if (!options_.importance.empty()) choice.flags |= QUIPU_CHOICE_IMPORTANCE;
  choice.mix = mix_;
  if (!mix_)
    choice.type = str(codec->second);
  else if (mix_->type)
    choice.type = str(mix_->type);
  choice.context = &registry_;
  choice.block_columns = block_columns_of;

  const auto wanted = wanted_types(*file_, options_, codecs, registry_);
  std::vector<quipu_str> types;
  for (const std::string_view type : wanted) types.push_back(str(type));
  std::vector<std::uint8_t> needs_importance(types.size());
  Registry::check(
      file_->table()->choose_types(file_->handle(), &choice, types.data(), needs_importance.data()),
      file_->loader());
  for (std::size_t i = 0; i < types.size(); ++i) {
    conversions_.push_back(
        conversion_of(file_->tensors()[i], {types[i].data, types[i].size}, registry_));
    check(conversions_.back(), needs_importance[i] != 0);
  }
}

void Quantization::check(const Conversion& conversion, bool needs_importance) const {
  const auto& [tensor, from, to, weights, bytes] = conversion;
  if (from == to) return;
  const auto problem = [&, name = printable(tensor->name)](ErrorCode code,
                                                           const std::string& message) {
    return Error(code, name + ": from " + from->name + " to " + to->name + ": " + message);
  };
  if (tensor->shape[0] % to->block_columns)
    throw problem(ErrorCode::unsupported,
                  "expected rows of a multiple of " + std::to_string(to->block_columns) +
                      " columns, found " + std::to_string(tensor->shape[0]));
  if (!to->quantize)
    throw problem(ErrorCode::unsupported, std::string("the codec reads and does not write"));
  if (has_blocks(*from) && has_blocks(*to) && !options_.requantize)
    throw problem(ErrorCode::usage,
                  "quality is lost twice; quantise the original, or allow requantising");
  const auto importance = options_.importance.find(tensor->name);
  if (importance == options_.importance.end()) {
    if (needs_importance)
      throw problem(options_.importance.empty() ? ErrorCode::usage : ErrorCode::invalid,
                    "expected an importance matrix that has this tensor, found none; without it "
                    "the result is of no use");
  } else if (importance->second.size() != columns_with_importance(*tensor)) {
    throw problem(ErrorCode::invalid,
                  "expected importance of " + std::to_string(columns_with_importance(*tensor)) +
                      " columns, found " + std::to_string(importance->second.size()));
  }
}

void Quantization::write(const std::filesystem::path& path) const {
  NewModel model;
  model.source = file_.get();
  model.mix = mix_;
  model.part_count = options_.keep_parts ? static_cast<std::uint32_t>(file_->parts().size()) : 1;
  model.keys = options_.keys;
  for (const Conversion& conversion : conversions_) {
    const TensorEntry& tensor = *conversion.tensor;
    model.tensors.push_back({tensor.name, conversion.to->type, tensor.shape, conversion.bytes,
                             options_.keep_parts ? tensor.part : 0});
  }
  ModelWriter writer(path, model, registry_);
  QuantizeProgress progress{0, 0};
  for (; progress.tensor < conversions_.size(); ++progress.tensor)
    write_tensor(writer, conversions_[progress.tensor], progress);
  writer.finish();
}

void Quantization::write_tensor(ModelWriter& writer, const Conversion& conversion,
                                QuantizeProgress& progress) const {
  const std::uint64_t columns = conversion.tensor->shape[0];
  const std::uint64_t bytes = row_bytes(conversion, *conversion.to);
  const std::uint64_t source_bytes = row_bytes(conversion, *conversion.from);
  const std::uint64_t rows = row_count(conversion);
  const std::uint64_t slab_rows = std::clamp<std::uint64_t>(slab_bytes / bytes, 1, rows);
  const auto importance = options_.importance.find(conversion.tensor->name);
  const float* const columns_importance =
      importance == options_.importance.end() ? nullptr : importance->second.data();
  std::vector<std::byte> slab;
  for (std::uint64_t first = 0; first < rows; first += slab_rows) {
    const std::uint64_t count = std::min(slab_rows, rows - first);
    if (options_.progress && !options_.progress(progress))
      throw Error(ErrorCode::cancelled, "quantising was stopped");
    if (conversion.from == conversion.to) {
      writer.append({conversion.tensor->data + first * bytes, count * bytes});
    } else {
      slab.resize(count * bytes);
      convert_rows(conversion, first, count, columns_importance, options_.threads, slab);
      writer.append(slab);
    }
    file_->release({conversion.tensor->data + first * source_bytes, count * source_bytes});
    progress.weights += count * columns;
  }
}

}  // namespace quipu
