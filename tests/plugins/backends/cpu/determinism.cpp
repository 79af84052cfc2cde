// The same answers whatever runs beside them: a quantised model through the engine.
#include <boost/test/unit_test.hpp>

#include <map>

#include "quipu/engine.h"
#include "quipu/model.h"
#include "quipu/model_file.h"
#include "quipu/registry.h"

using namespace quipu;
using Tokens = std::vector<Token>;

namespace {

class Setup {
 public:
  std::unique_ptr<Engine> engine(EngineOptions options) {
    options.backend = "cpu";
    options.context = 256;
    return std::make_unique<Engine>(model_, registry_, options);
  }

 private:
  Registry registry_;
  std::shared_ptr<const Model> model_ = Model::make(
      ModelFile::open(QUIPU_TEST_DATA "/models/qwen2x96-Q4_0.gguf", registry_), registry_);
};

// Long enough for products by panels and for more than one page of the cache; a temperature of 1
// turns small differences of random weights' logits into other tokens.
Request request(int which) {
  Request r;
  for (int i = 0; i < 40 + 7 * which; ++i)
    r.prompt.push_back(static_cast<Token>((i * i * 7 + which * 31) % 256));
  r.max_tokens = 24;
  r.ignore_end = true;
  r.sampling.temperature = 1;
  r.sampling.top_k = 0;
  r.sampling.top_p = 1;
  r.sampling.min_p = 0;
  r.sampling.seed = static_cast<std::uint64_t>(which);
  return r;
}

std::vector<Tokens> together(Engine& engine, int count) {
  std::map<RequestId, int> order;
  for (int i = 0; i < count; ++i) order[engine.submit(request(i))] = i;
  while (engine.step()) {
  }
  std::vector<Tokens> answers(static_cast<std::size_t>(count));
  for (const auto& [id, i] : order) answers[static_cast<std::size_t>(i)] = engine.take(id)->tokens;
  return answers;
}

const KvType kinds[] = {KvType::f32, KvType::f16, KvType::q8_0};

}  // namespace

BOOST_AUTO_TEST_CASE(deterministic_answers_are_the_same_alone_and_among_eight) {
  Setup setup;
  for (const KvType kv : kinds) {
    const auto batch =
        together(*setup.engine({.sequences = 8, .kv = kv, .deterministic = true}), 8);
    for (int i = 0; i < 8; ++i) {
      const auto alone = setup.engine({.kv = kv, .deterministic = true})->run(request(i));
      BOOST_TEST(alone.tokens.size() == 24u);
      BOOST_TEST(alone.tokens == batch[static_cast<std::size_t>(i)]);
    }
  }
}

BOOST_AUTO_TEST_CASE(deterministic_answers_are_the_same_with_repacked_weights) {
  Setup setup;
  const auto native = together(*setup.engine({.sequences = 4, .deterministic = true}), 4);
  const auto repacked =
      together(*setup.engine({.sequences = 4, .deterministic = true, .repack = true}), 4);
  BOOST_TEST((repacked == native));
}

BOOST_AUTO_TEST_CASE(deterministic_answers_are_the_same_with_and_without_a_reused_prefix) {
  Setup setup;
  for (const KvType kv : kinds) {
    const auto engine = setup.engine({.kv = kv, .deterministic = true});
    const Result fresh = engine->run(request(3));
    const Result repeated = engine->run(request(3));
    Request prefix = request(3);
    prefix.prompt.resize(17);
    engine->clear();
    engine->run(prefix);
    const Result longer = engine->run(request(3));

    BOOST_TEST(fresh.reused_tokens == 0u);
    BOOST_TEST(repeated.reused_tokens == fresh.prompt_tokens - 1);
    BOOST_TEST(longer.reused_tokens == 17u);
    BOOST_TEST(repeated.tokens == fresh.tokens);
    BOOST_TEST(longer.tokens == fresh.tokens);
  }
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_gives_the_same_logits) {
  Setup setup;
  const Tokens prompt = request(2).prompt;
  for (const bool deterministic : {false, true})
    for (const bool step_by_step : {false, true}) {
      const auto logits = [&](std::uint32_t threads) {
        return setup.engine({.threads = threads, .deterministic = deterministic})
            ->logits(prompt, false, step_by_step);
      };
      const auto one = logits(1);
      BOOST_TEST((logits(2) == one));
      BOOST_TEST((logits(3) == one));
    }
}

BOOST_AUTO_TEST_CASE(deterministic_logits_are_the_same_at_once_and_step_by_step) {
  Setup setup;
  const Tokens prompt = request(2).prompt;
  const auto engine = setup.engine({.deterministic = true});
  BOOST_TEST((engine->logits(prompt) == engine->logits(prompt, false, true)));
}
