// Importance matrices in the form that llama.cpp wrote before it had one in GGUF, usually named
// imatrix.dat, with the keys and tensors of the GGUF form. Facts: tools/imatrix of llama.cpp.
// Little endian:
//
//   i32 entries, entry …, and in newer files: i32 chunks, text dataset
//   entry: text name, i32 calls, i32 values, f32 value[values]         text: i32 length, bytes
//
// A value is the mean of a column's squares, times the calls; a stack of matrices has the columns
// of one after those of the other and one number of calls for all.
#include "quipu/sdk/loader.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "../shared/mapping.h"
#include "../shared/reader.h"
#include "../shared/text.h"

namespace {

using loaders::Error, loaders::Reader;

// A model has some ten weights per layer; GGUF loaders have the same limit of tensors.
constexpr std::int32_t most_entries = 1 << 16;
constexpr std::int32_t longest_name = 1024;

class Imatrix {
 public:
  static constexpr std::string_view name = "imatrix";

  // "blk." or "output" where the name of the first entry begins: weak evidence, so the numbers
  // before it must make sense too.
  static int probe(std::span<const std::uint8_t> head, std::string_view) {
    if (head.size() < 12) return 0;
    std::int32_t entries = 0, length = 0;
    std::memcpy(&entries, head.data(), sizeof entries);
    std::memcpy(&length, head.data() + sizeof entries, sizeof length);
    const bool sensible =
        entries >= 1 && entries <= most_entries && length >= 4 && length <= longest_name;
    return sensible ? 20 : 0;
  }

  static std::unique_ptr<Imatrix> open(std::string_view path) {
    return std::make_unique<Imatrix>(std::string(path));
  }

  explicit Imatrix(const std::string& path) : path_(path), mapping_(path_) {
    Reader reader(mapping_.bytes(), path_);
    const std::int32_t count = read_count(reader, "entries", 1, most_entries);
    for (std::int32_t i = 0; i < count; ++i) read_entry(reader, static_cast<std::uint64_t>(i));
    reader.set_subject(nullptr, 0);
    if (reader.remaining()) read_origin(reader);
    find_duplicates();
    keys_.push_back({"general.type", text_value("imatrix")});
    keys_.push_back({"imatrix.datasets", {QUIPU_VALUE_ARRAY, QUIPU_VALUE_STRING, 1, {}}});
    keys_.push_back({"imatrix.chunk_count", number_value(chunks_)});
    keys_.push_back({"imatrix.chunk_size", number_value(0)});  // not known
  }

  std::uint64_t metadata_count() const { return keys_.size(); }
  void metadata(std::uint64_t index, quipu_str& key, quipu_value& value) const {
    key = quipu::sdk::str(keys_[index].name);
    value = keys_[index].value;
  }
  void elements(const quipu_value&, std::uint64_t, std::span<quipu_value> out) const {
    if (!out.empty()) out[0] = text_value(dataset_);
  }

  std::uint64_t tensor_count() const { return tensors_.size(); }
  void tensor(std::uint64_t index, quipu_tensor_entry& entry) const {
    const Tensor& tensor = tensors_[index];
    entry.rank = 1;
    std::ranges::fill(entry.shape, 1);
    entry.shape[0] = tensor.count;
    entry.name = quipu::sdk::str(tensor.name);
    entry.type = quipu::sdk::str("gguf:0");  // f32
    entry.data = tensor.data;
    entry.available = tensor.count * sizeof(float);
    entry.file = 0;
    entry.offset = tensor.offset;
  }

  std::uint32_t part_count() const { return 1; }
  void part(std::uint32_t, quipu_str& path, std::uint64_t& bytes) const {
    path = quipu::sdk::str(path_);
    bytes = mapping_.bytes().size();
  }
  quipu_str describe() const { return quipu::sdk::str("imatrix.dat"); }

 private:
  struct Tensor {
    std::string name;
    std::uint64_t count;
    const void* data;
    std::uint64_t offset;
  };
  struct Key {
    std::string_view name;
    quipu_value value;
  };

  static quipu_value text_value(std::string_view text) {
    quipu_value value{QUIPU_VALUE_STRING, 0, 1, {}};
    value.as.s = quipu::sdk::str(text);
    return value;
  }
  static quipu_value number_value(std::uint64_t number) {
    quipu_value value{QUIPU_VALUE_UNSIGNED, 0, 1, {}};
    value.as.u = number;
    return value;
  }

  static std::int32_t read_count(Reader& reader, const char* what, std::int32_t least,
                                 std::int32_t most) {
    const std::uint64_t at = reader.offset();
    const auto count = reader.number<std::int32_t>(what);
    if (count < least || count > most)
      reader.fail(at, std::string(what) + ": expected " + std::to_string(least) + " to " +
                          std::to_string(most) + ", found " + std::to_string(count));
    return count;
  }

  static std::string_view read_text(Reader& reader, const char* what, std::int32_t least) {
    const auto length = static_cast<std::uint64_t>(read_count(reader, what, least, longest_name));
    return {reinterpret_cast<const char*>(reader.take(length, what)), length};
  }

  void read_entry(Reader& reader, std::uint64_t index) {
    reader.set_subject("entry", index);
    const std::uint64_t at = reader.offset();
    const std::string_view weight = read_text(reader, "name", 1);
    if (const std::string objection = loaders::objection_to(weight, longest_name);
        !objection.empty())
      reader.fail(at, "name " + loaders::quoted(weight) + ": " + objection);
    reader.set_subject("entry", index, weight);
    // Values without calls stand for themselves.
    const std::int32_t calls = read_count(reader, "calls", 0, INT32_MAX);
    counts_.push_back(static_cast<float>(std::max(calls, 1)));
    const std::uint64_t calls_at = reader.offset();
    const auto values = static_cast<std::uint64_t>(read_count(reader, "values", 1, INT32_MAX));
    const std::uint64_t values_at = reader.offset();
    const std::byte* data = reader.take(values * sizeof(float), "values");
    tensors_.push_back({std::string(weight) + ".in_sum2", values, data, values_at});
    tensors_.push_back({std::string(weight) + ".counts", 1, &counts_.back(), calls_at});
  }

  void read_origin(Reader& reader) {
    chunks_ = static_cast<std::uint64_t>(read_count(reader, "chunks", 0, INT32_MAX));
    if (reader.remaining()) dataset_ = read_text(reader, "dataset", 0);
  }

  void find_duplicates() const {
    std::vector<std::string_view> names;
    for (const Tensor& tensor : tensors_) names.push_back(tensor.name);
    if (const auto again = loaders::find_duplicate(names))
      throw Error(QUIPU_E_INVALID, path_ + ": expected every weight once, found " +
                                       loaders::quoted(names[*again]) + " again");
  }

  const std::string path_;
  const loaders::Mapping mapping_;
  std::vector<Tensor> tensors_;
  std::deque<float> counts_;  // tensors point into it
  std::uint64_t chunks_ = 0;
  std::string_view dataset_;
  std::vector<Key> keys_;
};

}  // namespace

QUIPU_LOADER_PLUGIN(Imatrix, "0.1.0", "Apache-2.0", "imatrix@8=626c6b2e;imatrix@8=6f7574707574");
