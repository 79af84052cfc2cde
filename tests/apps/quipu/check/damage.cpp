// One thing of a sound model is damaged, and quipu check names it: the stage, the words, the code.
#include <boost/test/unit_test.hpp>

#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <limits>

#include "apps/quipu/program.h"
#include "apps/quipu/tiny_models.h"
#include "support/model_copy.h"

using quipu::test::ModelCopy;
using quipu::test::models;
using quipu::test::Outcome;
using quipu::test::registry;
using quipu::test::run_program;
using quipu::test::TemporaryFolder;

namespace {

/// What --json says of a stage of a model.
struct Found {
  int code;
  std::string status, messages;
};

Found check(const std::filesystem::path& file, const std::string& stage) {
  const Outcome outcome = run_program({"check", file.string(), "--json", "--quiet"});
  const auto report = boost::json::parse(outcome.out);
  Found found{outcome.code, "", ""};
  for (const auto& each : report.at("stages").as_array()) {
    if (each.at("stage").as_string() != stage) continue;
    found.status = each.at("status").as_string().c_str();
    for (const auto& message : each.at("messages").as_array())
      found.messages.append(message.as_string().c_str()).append("\n");
  }
  return found;
}

struct Damage {
  const char* name;
  void (*damage)(ModelCopy&);
  const char* stage;
  const char* status;
  int code;
  const char* words;
};

void fill(ModelCopy& copy, const char* tensor, std::size_t first, std::size_t count, float value) {
  for (std::size_t i = first; i < first + count; ++i)
    std::memcpy(&copy.tensor(tensor)->data[4 * i], &value, 4);
}

std::vector<std::string> tokens_of_llama() {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  while (tokens.size() < 272) tokens.push_back("t" + std::to_string(tokens.size()));
  return tokens;
}

void set_template(ModelCopy& copy, const char* source) {
  copy.set("tokenizer.chat_template", source);
}

constexpr const char* chat_ml =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

// Of llama-gqa: SentencePiece with byte tokens, 272 rows, heads of 16 columns.
const Damage of_llama[] = {
    {"nothing but random weights", [](ModelCopy&) {}, "run", "warning", 0,
     "a sentence is no likelier than in reverse"},
    {"a NaN in a norm", [](ModelCopy& m) { fill(m, "output_norm.weight", 7, 1, std::nanf("")); },
     "tensors", "fail", 3, "output_norm.weight: expected finite numbers, found nan at element 7"},
    {"an infinity in a matrix",
     [](ModelCopy& m) {
       fill(m, "blk.1.ffn_up.weight", 99, 1, std::numeric_limits<float>::infinity());
     },
     "tensors", "fail", 3, "blk.1.ffn_up.weight: expected finite numbers, found"},
    {"a weight with a flipped exponent",
     [](ModelCopy& m) { fill(m, "blk.0.attn_q.weight", 130, 1, 3e30f); }, "tensors", "fail", 3,
     "found 3e+30 at element 130"},
    {"a weight far from the others",
     [](ModelCopy& m) { fill(m, "blk.0.attn_q.weight", 130, 1, 9000.0f); }, "tensors", "warning", 0,
     "blk.0.attn_q.weight: a weight is 9000 at element 130"},
    {"an output layer of zeros", [](ModelCopy& m) { fill(m, "output.weight", 0, 272 * 64, 0); },
     "run", "fail", 1, "logits: expected different ones for different tokens, found 0 for all"},
    {"a matrix of zeros", [](ModelCopy& m) { fill(m, "blk.1.ffn_down.weight", 0, 64 * 80, 0); },
     "tensors", "warning", 0, "blk.1.ffn_down.weight: all weights are 0"},
    {"no output layer", [](ModelCopy& m) { m.erase_tensor("output.weight"); }, "tensors", "pass", 0,
     "no output layer of its own; token_embd.weight serves"},
    {"no output norm", [](ModelCopy& m) { m.erase_tensor("output_norm.weight"); }, "tensors",
     "fail", 3, "output_norm.weight: expected a tensor [64], found none"},
    {"no table of tokens", [](ModelCopy& m) { m.erase_tensor("token_embd.weight"); }, "tensors",
     "fail", 3, "token_embd.weight: expected a tensor"},
    {"a tensor that nothing reads",
     [](ModelCopy& m) {
       m.tensors.push_back(m.tensors[2]);
       m.tensors.back().name = "blk.0.attn_x.weight";
     },
     "tensors", "warning", 0, "blk.0.attn_x.weight: not used"},
    {"a rotary base of 0", [](ModelCopy& m) { m.set("llama.rope.freq_base", 0.0f); }, "tensors",
     "fail", 3, "llama.rope.freq_base: expected a positive number, found 0"},
    {"a rotary base of 1", [](ModelCopy& m) { m.set("llama.rope.freq_base", 1.0f); }, "tensors",
     "warning", 0, "llama.rope.freq_base: expected 10,000 or so, found 1"},
    {"more rotary columns than a head has",
     [](ModelCopy& m) { m.set("llama.rope.dimension_count", 18u); }, "tensors", "fail", 3,
     "llama.rope.dimension_count: expected an even number up to the head width 16, found 18"},
    {"longrope without factors", [](ModelCopy& m) { m.set("llama.rope.scaling.type", "longrope"); },
     "tensors", "fail", 3,
     "rope.scaling.type: expected factors for short and for long contexts beside longrope"},
    {"a rotary factor of 0",
     [](ModelCopy& m) {
       m.tensors.push_back({"rope_freqs.weight", {8}, 0, std::string(32, '\0')});
     },
     "tensors", "fail", 3, "rope_freqs.weight: expected positive numbers, found 0"},
    {"positions stretched to less than they were",
     [](ModelCopy& m) {
       m.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 0.25f);
     },
     "tensors", "warning", 0, "llama.rope.scaling.factor: expected 1 or more, found 0.25"},
    {"a stretch of 0",
     [](ModelCopy& m) {
       m.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 0.0f);
     },
     "tensors", "fail", 3, "llama.rope.scaling.factor: expected a positive number"},
    {"a longer context before it was stretched",
     [](ModelCopy& m) {
       m.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 4.0f);
       m.set("llama.rope.scaling.original_context_length", 4096u);
     },
     "tensors", "warning", 0, "original_context_length: expected at most the context 512"},
    {"a context of 0", [](ModelCopy& m) { m.set("llama.context_length", 0u); }, "tensors", "fail",
     3, "llama.context_length: expected a positive number, found 0"},
    {"no context", [](ModelCopy& m) { m.erase("llama.context_length"); }, "tensors", "warning", 0,
     "llama.context_length: expected the tokens"},
    {"no architecture", [](ModelCopy& m) { m.erase("general.architecture"); }, "tensors", "fail", 3,
     "general.architecture: expected a string, found no such key"},
    {"an unknown architecture", [](ModelCopy& m) { m.set("general.architecture", "xyzzy"); },
     "plugins", "fail", 4, "no plugin for the architecture 'xyzzy'"},
    {"scores for too few tokens",
     [](ModelCopy& m) { m.set("tokenizer.ggml.scores", std::vector<float>(271)); }, "tokenizer",
     "fail", 3, "tokenizer.ggml.scores: expected 272 entries, one for each token, found 271"},
    {"types for too many tokens",
     [](ModelCopy& m) { m.set("tokenizer.ggml.token_type", std::vector<std::int32_t>(273, 1)); },
     "tokenizer", "fail", 3, "tokenizer.ggml.token_type: expected 272 entries"},
    {"types that are no integers",
     [](ModelCopy& m) { m.set("tokenizer.ggml.token_type", std::vector<float>(272, 1)); },
     "tokenizer", "fail", 3, "tokenizer.ggml.token_type: expected an array of int32"},
    {"more tokens than rows",
     [](ModelCopy& m) {
       auto tokens = tokens_of_llama();
       tokens.push_back("one more");
       m.set("tokenizer.ggml.tokens", tokens).erase("tokenizer.ggml.token_type");
       m.set("tokenizer.ggml.scores", std::vector<float>(tokens.size()));
     },
     "tokenizer", "fail", 3, "tokenizer.ggml.tokens: expected 272 tokens, one for each row"},
    {"fewer tokens than rows",
     [](ModelCopy& m) {
       auto tokens = tokens_of_llama();
       tokens.resize(270);
       m.set("tokenizer.ggml.tokens", tokens).erase("tokenizer.ggml.token_type");
       m.set("tokenizer.ggml.scores", std::vector<float>(tokens.size()));
     },
     "tokenizer", "warning", 0, "tokenizer.ggml.tokens: expected 272 tokens, one for each row"},
    {"a token twice",
     [](ModelCopy& m) {
       auto tokens = tokens_of_llama();
       tokens[20] = tokens[10];
       m.set("tokenizer.ggml.tokens", tokens);
     },
     "tokenizer", "warning", 0, "found 't10' again as token 20"},
    {"byte tokens that are gone",
     [](ModelCopy& m) { m.set("tokenizer.ggml.tokens", tokens_of_llama()); }, "tokenizer",
     "warning", 0, "tokenizer: expected the round trip of 'Hello, world! 123', found"},
    {"an end outside the vocabulary",
     [](ModelCopy& m) { m.set("tokenizer.ggml.eos_token_id", 272u); }, "tokenizer", "fail", 3,
     "tokenizer.ggml.eos_token_id: expected an id below 272, found 272"},
    {"a beginning below 0", [](ModelCopy& m) { m.set("tokenizer.ggml.bos_token_id", -7); },
     "tokenizer", "fail", 3, "tokenizer.ggml.bos_token_id: expected an id below 272, found -7"},
    {"padding outside the vocabulary",
     [](ModelCopy& m) { m.set("tokenizer.ggml.padding_token_id", 9999u); }, "tokenizer", "warning",
     0, "tokenizer.ggml.padding_token_id: expected an id below 272, found 9999"},
    {"no token that ends generation",
     [](ModelCopy& m) {
       auto tokens = tokens_of_llama();
       tokens[2] = "t2";
       m.set("tokenizer.ggml.tokens", tokens).set("tokenizer.ggml.eos_token_id", 0xFFFFFFFFu);
     },
     "tokenizer", "warning", 0, "no token ends generation"},
    {"an unknown kind of tokenizer", [](ModelCopy& m) { m.set("tokenizer.ggml.model", "xyzzy"); },
     "tokenizer", "fail", 4, "tokenizer.ggml.model: expected gpt2, llama"},
    {"a template with a fault",
     [](ModelCopy& m) { set_template(m, "{% for m in messages %}{{ m.content"); }, "template",
     "fail", 3, "tokenizer.chat_template: template, line 1: expected"},
    {"a template of a number", [](ModelCopy& m) { m.set("tokenizer.chat_template", 5u); },
     "template", "fail", 3, "tokenizer.chat_template: expected"},
    {"a template that fails as it runs",
     [](ModelCopy& m) { set_template(m, "{{ nothing.at.all }}"); }, "template", "fail", 3,
     "tokenizer.chat_template: template, line 1: 'nothing' is undefined"},
    {"a template that refuses everything",
     [](ModelCopy& m) { set_template(m, "{{ raise_exception('not today') }}"); }, "template",
     "fail", 1, "tokenizer.chat_template: refuses a message of the user: not today"},
    {"a template without the message", [](ModelCopy& m) { set_template(m, "Hello."); }, "template",
     "fail", 1, "expected the message in the prompt, found none"},
    {"a template with the first message alone",
     [](ModelCopy& m) { set_template(m, "{{ messages[0].content }}"); }, "template", "fail", 1,
     "expected all turns in the prompt, in order, found no 'Eighth answer'"},
    {"a template that turns back",
     [](ModelCopy& m) {
       set_template(m,
                    "{% for m in messages|reverse %}{{ m.role }}: {{ m.content }}</s>{% endfor %}");
     },
     "template", "fail", 1, "expected all turns in the prompt, in order"},
    {"a template that refuses answers",
     [](ModelCopy& m) {
       set_template(
           m, "{% for m in messages %}{% if m.role != 'user' %}{{ raise_exception('only users') }}"
              "{% endif %}{{ m.content }}{% endfor %}");
     },
     "template", "fail", 1, "refuses turns that alternate: only users"},
    {"a template in which all speak alike",
     [](ModelCopy& m) {
       set_template(m, "{% for m in messages %}{{ m.content }}</s>{% endfor %}");
     },
     "template", "fail", 1, "turns of the user and of the assistant to differ, found them alike"},
    {"a template that drops the system's message",
     [](ModelCopy& m) {
       set_template(m, "{% for m in messages %}{% if m.role != 'system' %}{{ m.role }}: "
                       "{{ m.content }}</s>{% endif %}{% endfor %}");
     },
     "template", "warning", 0, "tokenizer.chat_template: drops a system message"},
    {"a template without an end of answers",
     [](ModelCopy& m) {
       set_template(m, "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
     },
     "template", "warning", 0, "expected a token that ends generation after an answer, found '"},
    {"a template of another model", [](ModelCopy& m) { set_template(m, chat_ml); }, "template",
     "warning", 0, "expected a token '<|im_start|>', found none in the vocabulary"},
    {"no template", [](ModelCopy&) {}, "template", "warning", 0,
     "tokenizer.chat_template: none; prompts are sent as they are"},
};

// Of qwen2-tied: byte-level BPE with 15 merges.
const Damage of_qwen[] = {
    {"no merges", [](ModelCopy& m) { m.erase("tokenizer.ggml.merges"); }, "tokenizer", "fail", 3,
     "tokenizer.ggml.merges: expected the list of merges, found no such key"},
    {"merges of another model",
     [](ModelCopy& m) {
       m.set("tokenizer.ggml.merges", std::vector<std::string>{"h e", "qu ipu", "q u"});
     },
     "tokenizer", "warning", 0,
     "tokenizer.ggml.merges: expected two parts of a token, found 'qu ipu' as merge 1 (and 1 "
     "more)"},
    {"an unknown pre-tokenizer", [](ModelCopy& m) { m.set("tokenizer.ggml.pre", "xyzzy"); },
     "tokenizer", "warning", 0, "tokenizer.ggml.pre: 'xyzzy' is unknown"},
    {"a kind of values that is not theirs",
     [](ModelCopy& m) { m.set("tokenizer.ggml.tokens", std::vector<std::uint32_t>(272)); },
     "tokenizer", "fail", 3, "tokenizer.ggml.tokens: expected"},
};

void check_all(const char* model, std::span<const Damage> damages) {
  const TemporaryFolder folder;
  const auto sound = quipu::ModelFile::open(models + model, registry());
  for (const Damage& each : damages) {
    BOOST_TEST_CONTEXT(each.name) {
      ModelCopy copy(*sound);
      each.damage(copy);
      const auto file = folder / "damaged.gguf";
      copy.write(file);

      const Found found = check(file, each.stage);

      BOOST_TEST(found.code == each.code);
      BOOST_TEST(found.status == each.status);
      BOOST_TEST(found.messages.find(each.words) != std::string::npos, found.messages);
    }
  }
}

// A copy in the folder of a model in Q4_0.
std::filesystem::path copy_of_q4_0(const TemporaryFolder& folder) {
  auto file = folder / "damaged.gguf";
  std::filesystem::copy_file(models + "qwen2x96-Q4_0.gguf", file);
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  return file;
}

// Where block 5 of a tensor begins: blocks of Q4_0 have 18 bytes, the first two a half-precision
// scale.
std::uint64_t place_of_block_5(const std::filesystem::path& file) {
  return quipu::ModelFile::open(file, registry())->tensor("blk.1.attn_q.weight")->offset + 5 * 18;
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_damaged_thing_is_named_with_its_stage) {
  check_all("llama-gqa.gguf", of_llama);
  check_all("qwen2-tied.gguf", of_qwen);
}

BOOST_AUTO_TEST_CASE(a_scale_that_is_no_number_is_named_with_its_block) {
  const TemporaryFolder folder;
  const auto file = copy_of_q4_0(folder);
  const std::uint64_t at = place_of_block_5(file);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(at));
  bytes.write("\x00\x7E", 2);
  bytes.close();

  const Found found = check(file, "tensors");

  BOOST_TEST(found.code == 3);
  BOOST_TEST(found.messages.find("blk.1.attn_q.weight: expected finite numbers, found a NaN or an "
                                 "infinity in block 5 (element 160)") != std::string::npos,
             found.messages);
}

BOOST_AUTO_TEST_CASE(a_scale_with_a_flipped_exponent_is_named_with_its_block) {
  const TemporaryFolder folder;
  const auto file = copy_of_q4_0(folder);
  const std::uint64_t at = place_of_block_5(file);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekg(static_cast<std::streamoff>(at + 1));
  const auto upper = static_cast<char>(bytes.get() ^ 0x40);  // the highest bit of the exponent
  bytes.seekp(static_cast<std::streamoff>(at + 1));
  bytes.put(upper);
  bytes.close();

  const Found found = check(file, "tensors");

  BOOST_TEST(found.status == "warning");
  BOOST_TEST(found.messages.find("blk.1.attn_q.weight: a weight is ") != std::string::npos,
             found.messages);
  BOOST_TEST(found.messages.find(" in block 5 (element ") != std::string::npos, found.messages);
}
