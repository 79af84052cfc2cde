#include "quipu/model_writer.h"

#include <algorithm>
#include <deque>

#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

quipu_str str(std::string_view text) {
  return {text.data(), text.size()};
}

const quipu_loader& loader_for(const std::filesystem::path& path, const NewModel& model,
                               Registry& registry) {
  const std::string extension = path.extension().string();
  const quipu_loader* own = model.source ? model.source->table() : nullptr;
  const quipu_loader& loader =
      own ? *own : registry.loader(extension.empty() ? extension : extension.substr(1));
  if (!loader.create)
    throw Error(ErrorCode::unsupported, printable(path.string()) + ": the loader " + loader.name +
                                            " reads models and writes none");
  return loader;
}

// Values as the boundary has them; the elements of arrays live in `arrays`.
struct ToValue {
  std::deque<std::vector<quipu_value>>& arrays;

  static quipu_value of(std::uint32_t type) { return {type, 0, 1, {}}; }

  quipu_value operator()(std::uint64_t number) const {
    quipu_value value = of(QUIPU_VALUE_UNSIGNED);
    value.as.u = number;
    return value;
  }
  quipu_value operator()(double number) const {
    quipu_value value = of(QUIPU_VALUE_FLOAT);
    value.as.f = number;
    return value;
  }
  quipu_value operator()(bool flag) const {
    quipu_value value = of(QUIPU_VALUE_BOOL);
    value.as.u = flag;
    return value;
  }
  quipu_value operator()(const std::string& text) const {
    quipu_value value = of(QUIPU_VALUE_STRING);
    value.as.s = str(text);
    return value;
  }
  quipu_value operator()(const std::vector<std::string>& texts) const {
    auto& elements = arrays.emplace_back();
    for (const std::string& text : texts) elements.push_back((*this)(text));
    return {QUIPU_VALUE_ARRAY, QUIPU_VALUE_STRING, texts.size(), {}};
  }
};

quipu_tensor_entry entry_of(const NewTensor& tensor) {
  quipu_tensor_entry entry{};
  entry.size = sizeof entry;
  entry.rank = static_cast<std::uint32_t>(std::clamp<std::size_t>(tensor.shape.size(), 1, 4));
  std::ranges::fill(entry.shape, 1);
  std::copy_n(tensor.shape.begin(), std::min<std::size_t>(tensor.shape.size(), 4), entry.shape);
  entry.name = str(tensor.name);
  entry.type = str(tensor.type);
  entry.available = tensor.bytes;
  entry.file = tensor.part;
  return entry;
}

}  // namespace

ModelWriter::ModelWriter(const std::filesystem::path& path, const NewModel& model,
                         Registry& registry)
    : loader_(loader_for(path, model, registry)) {
  std::deque<std::vector<quipu_value>> arrays;
  std::vector<quipu_key> keys;
  for (const NewKey& key : model.keys) {
    const quipu_value value = std::visit(ToValue{arrays}, key.value);
    const bool array = value.type == QUIPU_VALUE_ARRAY;
    keys.push_back({str(key.key), value, array ? arrays.back().data() : nullptr});
  }
  std::vector<quipu_tensor_entry> tensors;
  for (const NewTensor& tensor : model.tensors) tensors.push_back(entry_of(tensor));
  quipu_contents contents{};
  contents.size = sizeof contents;
  contents.part_count = model.part_count;
  contents.source = model.source ? model.source->handle() : nullptr;
  contents.mix = model.mix;
  contents.key_count = keys.size();
  contents.keys = keys.data();
  contents.tensor_count = tensors.size();
  contents.tensors = tensors.data();
  const std::string name = path.string();
  Registry::check(loader_.create(str(name), &contents, &writer_), "");
}

ModelWriter::~ModelWriter() {
  loader_.writer_close(writer_);
}

void ModelWriter::append(std::span<const std::byte> bytes) {
  Registry::check(loader_.append(writer_, bytes.data(), bytes.size()), "");
}

void ModelWriter::finish() {
  Registry::check(loader_.finish(writer_), "");
}

}  // namespace quipu
