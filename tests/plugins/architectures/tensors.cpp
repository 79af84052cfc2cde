// Every tensor of every model, taken away: an error names it, unless models of its family do
// without.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

#include "quipu/error.h"
#include "quipu/model.h"
#include "quipu/registry.h"
#include "support/model_copy.h"
#include "support/temporary_folder.h"

using quipu::test::ModelCopy;

namespace {

// The table of tokens serves as the output layer, a rotary embedding needs no factors, and encoders
// may know a single type of tokens.
const std::set<std::string> optional{"output.weight", "rope_freqs.weight", "token_types.weight"};

struct Fixture {
  // How many tensors were taken away.
  std::size_t take_away_each(const std::filesystem::path& path) {
    const auto file = quipu::ModelFile::open(path, registry);
    const std::string family(file->metadata().text("general.architecture").value_or(""));
    if (registry.architectures(family).empty()) return 0;
    const ModelCopy whole(*file);
    std::size_t count = 0;
    for (const auto& tensor : whole.tensors) {
      const std::string& name = tensor.name;
      ModelCopy model = whole;
      model.erase_tensor(name);
      model.write(folder / "m.gguf");
      const auto report =
          quipu::Model::examine(*quipu::ModelFile::open(folder / "m.gguf", registry), registry);
      const bool named = std::ranges::any_of(report.problems, [&](const std::string& problem) {
        return problem.starts_with(name + ": expected ");
      });
      BOOST_TEST((named || optional.contains(name)),
                 path.filename() << " without " << name << ": "
                                 << (report.problems.empty() ? "" : report.problems.front()));
      ++count;
    }
    return count;
  }

  std::size_t take_away_all(const std::filesystem::path& models) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(models))
      if (entry.path().extension() == ".gguf" &&
          entry.path().filename().string().find("Q4_0") == std::string::npos)
        count += take_away_each(entry.path());
    return count;
  }

  quipu::Registry registry{{.plugins = {}, .bundled_only = true, .log = {}}};
  quipu::test::TemporaryFolder folder;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(tensors_of_committed_models_are_named_when_they_are_missing, Fixture) {
  BOOST_TEST(take_away_all(std::filesystem::path(QUIPU_TEST_DATA) / "models") > 200);
}

BOOST_FIXTURE_TEST_CASE(tensors_of_reference_models_are_named_when_they_are_missing, Fixture) {
  const auto folder = std::filesystem::path(QUIPU_SHARED_DATA) / "reference/models";
  if (!std::filesystem::exists(folder)) {
    BOOST_TEST_MESSAGE("skipped: there is no " << folder);
    return;
  }
  BOOST_TEST(take_away_all(folder) > 500);
}
