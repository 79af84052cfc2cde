// Puts a model together: the architecture that claims it, its graph, its weights.
#include "quipu/model.h"

#include <algorithm>
#include <mutex>
#include <sstream>

#include "graph/builder.h"
#include "quipu/error.h"
#include "quipu/registry.h"

namespace quipu {
namespace {

// What architectures see of a model file.
class Description {
 public:
  explicit Description(const ModelFile& file) {
    table_.size = sizeof table_;
    table_.context = &file;
    table_.get = [](const void* context, quipu_str key,
                    quipu_value* value) noexcept -> quipu_status {
      const auto found = metadata(context).find({key.data, key.size});
      if (!found) return QUIPU_E_INVALID;
      *value = *found;
      return QUIPU_OK;
    };
    table_.elements = [](const void* context, const quipu_value* array, std::uint64_t first,
                         std::uint64_t count, quipu_value* out) noexcept -> quipu_status {
      try {
        metadata(context).elements(*array, first, {out, count});
        return QUIPU_OK;
      } catch (...) {
        return QUIPU_E_INVALID;
      }
    };
    table_.tensor = [](const void* context, quipu_str name,
                       std::uint64_t shape[4]) noexcept -> int {
      const TensorEntry* entry =
          static_cast<const ModelFile*>(context)->tensor({name.data, name.size});
      if (!entry) return 0;
      for (std::size_t i = 0; i < 4; ++i) shape[i] = i < entry->shape.size() ? entry->shape[i] : 1;
      return 1;
    };
  }

  const quipu_description& table() const noexcept { return table_; }

 private:
  static const Metadata& metadata(const void* context) {
    return static_cast<const ModelFile*>(context)->metadata();
  }

  quipu_description table_{};
};

const quipu_architecture& claim(const ModelFile& file, const Description& description,
                                Registry& registry) {
  const std::string family = file.architecture();
  const quipu_architecture* best = nullptr;
  const quipu_architecture* rival = nullptr;
  int certainty = 0;
  for (const quipu_architecture* architecture : registry.architectures(family)) {
    const int sure = architecture->claim(&description.table());
    if (sure > certainty) {
      best = architecture;
      rival = nullptr;
      certainty = sure;
    } else if (sure == certainty && best) {
      rival = architecture;
    }
  }
  if (!best)
    throw Error(ErrorCode::unsupported, "general.architecture: no plugin for the architecture '" +
                                            printable(family) + "'; " + registry.searched());
  if (rival)
    throw Error(ErrorCode::unsupported,
                std::string("two architectures claim this model equally: ") + best->name + " and " +
                    rival->name);
  return *best;
}

struct Built {
  Graph graph;
  quipu_model_facts facts{};
};

void check_outputs(Built& built, ModelReport& report) {
  if (built.graph.view().output_count == 0)
    report.problems.push_back(report.architecture + ": the graph has no output");
  const quipu_graph_node* logits = built.graph.output("logits");
  if (logits && logits->width != built.facts.vocabulary)
    report.problems.push_back(report.architecture + ": expected logits for " +
                              std::to_string(built.facts.vocabulary) + " tokens, found " +
                              std::to_string(logits->width));
}

// Fills the report with all that is wrong; throws only when no architecture takes the model.
void build(const ModelFile& file, Registry& registry, Built& built, ModelReport& report) {
  const Description description(file);
  const quipu_architecture& architecture = claim(file, description, registry);
  report.architecture = architecture.name;
  Builder builder(built.graph, file, registry);
  built.facts.size = sizeof built.facts;
  Registry::take_failure();
  const quipu_status status =
      architecture.build(&description.table(), &builder.table(), &built.facts);
  const std::string failure = Registry::take_failure();
  std::string line;
  report.problems = builder.problems();
  report.missing_plugins = builder.missing_plugins();
  if (status == QUIPU_E_MEMORY)
    throw Error(ErrorCode::memory, report.architecture + ": no memory for the graph");
  if (status == QUIPU_E_UNSUPPORTED && !failure.empty())
    report.missing_plugins.push_back(failure);
  else if (status != QUIPU_OK && !failure.empty())
    for (std::istringstream lines(failure); std::getline(lines, line);)
      report.problems.push_back(line);
  else if (status != QUIPU_OK && report.problems.empty())
    report.problems.push_back(report.architecture + ": the graph could not be built");
  if (status == QUIPU_OK) {
    report.unused = builder.unused();
    check_outputs(built, report);
  }
}

class Assembled final : public Model {
 public:
  Assembled(std::shared_ptr<const ModelFile> file, Registry& registry) : file_(std::move(file)) {
    // The whole file, not only what the graph reads: damage anywhere means that it is not the file
    // that was written.
    validate(*file_, registry);
    ModelReport report;
    build(*file_, registry, built_, report);
    if (!report.missing_plugins.empty())
      throw Error(ErrorCode::unsupported, report.missing_plugins[0]);
    if (!report.problems.empty()) {
      const auto others = report.problems.size() - 1;
      throw Error(ErrorCode::invalid,
                  report.problems[0] +
                      (others ? " (and " + std::to_string(others) + " more)" : ""));
    }
    architecture_ = report.architecture;
    for (const auto& name : report.unused)
      warnings_.push_back(printable(name) + ": not used by the architecture " + architecture_);
    graph_ = &built_.graph.view();
  }

  const ModelFile& file() const override { return *file_; }
  const quipu_graph& graph() const override { return *graph_; }
  const quipu_model_facts& facts() const override { return built_.facts; }
  std::string_view architecture() const override { return architecture_; }
  std::vector<std::string> warnings() const override {
    const std::lock_guard lock(warnings_mutex_);
    return warnings_;
  }

  const Tokenizer& tokenizer() const override {
    std::call_once(tokenizer_made_, [&] {
      std::vector<std::string> warnings;
      auto made = Tokenizer::make(file_->metadata(), &warnings);
      // Some files pad the embedding table; none may have tokens without a row.
      if (built_.facts.vocabulary && made->size() > built_.facts.vocabulary)
        throw Error(ErrorCode::invalid, "tokenizer.ggml.tokens: expected at most " +
                                            std::to_string(built_.facts.vocabulary) +
                                            " tokens, one for each row of the output, found " +
                                            std::to_string(made->size()));
      tokenizer_ = std::move(made);
      const std::lock_guard lock(warnings_mutex_);
      warnings_.insert(warnings_.end(), warnings.begin(), warnings.end());
    });
    return *tokenizer_;
  }

 private:
  std::shared_ptr<const ModelFile> file_;
  Built built_;
  const quipu_graph* graph_ = nullptr;
  std::string architecture_;
  mutable std::mutex warnings_mutex_;
  mutable std::vector<std::string> warnings_;
  mutable std::once_flag tokenizer_made_;
  mutable std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace

Model::~Model() = default;

std::shared_ptr<const Model> Model::make(std::shared_ptr<const ModelFile> file,
                                         Registry& registry) {
  return std::make_shared<Assembled>(std::move(file), registry);
}

ModelReport Model::examine(const ModelFile& file, Registry& registry) {
  ModelReport report;
  Built built;
  try {
    build(file, registry, built, report);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported)
      report.problems.push_back(error.what());
    else
      report.missing_plugins.push_back(error.what());
  }
  return report;
}

}  // namespace quipu
