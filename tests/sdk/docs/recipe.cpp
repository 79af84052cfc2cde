// The recipe's format, added from outside: it quantises, a model in it opens and runs, and the
// recipe says the truth about the formats of the tree.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "apps/quipu/program.h"
#include "quipu/quantize.h"
#include "quipu/registry.h"
#include "support/gguf_writer.h"

using quipu::test::TemporaryFolder;

namespace {

std::size_t lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
}

std::size_t median(std::vector<std::size_t> numbers) {
  std::ranges::sort(numbers);
  return numbers.at(numbers.size() / 2);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_statement_reads_as_its_comment_says) {
  quipu::Registry registry{{.plugins = {QUIPU_RECIPE}, .bundled_only = false, .log = {}}};
  const quipu_codec& codec = registry.codec("gguf:1006");
  unsigned char block[50] = {0, 0x3c};  // a scale of 1
  block[2 + 3] = 0xA5;                  // weight 3 and weight 19
  block[34 + 3] = 0b01'10'11'00;        // their high bits, and those of weights 35 and 51
  float values[64];
  codec.dequantize(block, 64, values);
  BOOST_TEST(values[3] == 5 - 32);
  BOOST_TEST(values[19] == 10 + 48 - 32);
  BOOST_TEST(values[35] == 32 - 32);
  BOOST_TEST(values[51] == 16 - 32);
  BOOST_TEST(values[0] == -32);
}

BOOST_AUTO_TEST_CASE(its_quantiser_is_within_half_a_step) {
  quipu::Registry registry{{.plugins = {QUIPU_RECIPE}, .bundled_only = false, .log = {}}};
  const quipu_codec& codec = registry.codec("gguf:1006");
  std::vector<float> x(1024), back(1024);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i) * 0.7f);
  std::vector<unsigned char> blocks(16 * 50);
  BOOST_REQUIRE(codec.quantize(x.data(), 4, 256, nullptr, blocks.data()) == QUIPU_OK);
  codec.dequantize(blocks.data(), 1024, back.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    // The largest magnitude is at most 1, so a step is at most 1/32; one end of the range lacks a
    // step.
    BOOST_TEST(std::fabs(x[i] - back[i]) < 1.05f / 32);
  }
}

BOOST_AUTO_TEST_CASE(a_model_in_it_works_with_nothing_rebuilt) {
  const TemporaryFolder folder;
  quipu::test::GgufWriter file;
  file.add("general.architecture", "llama");
  std::vector<float> x(128 * 4);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::cos(static_cast<float>(i));
  file.add_tensor("output.weight", {128, 4}, x);
  file.write(folder / "in.gguf");
  const std::string in = folder / "in.gguf", out = folder / "out.gguf", back = folder / "back.gguf";

  using quipu::test::run_program;
  const std::vector<std::string> plugin{"--plugin", QUIPU_RECIPE};
  BOOST_TEST(run_program({"quantize", in, out, "q6_0", "--pure", plugin[0], plugin[1]}).code == 0);
  const auto info = run_program({"info", out, plugin[0], plugin[1]});
  BOOST_TEST(info.out.find("q6_0: 1 tensors, 400 B, 6.25 bits per weight") != std::string::npos);
  const auto lost = run_program({"info", out});
  BOOST_TEST(lost.code == 4);
  BOOST_TEST(lost.err.find("output.weight: no codec for gguf:1006; searched") != std::string::npos);
  BOOST_TEST(run_program({"quantize", out, back, "f32", plugin[0], plugin[1]}).code == 0);
  BOOST_TEST(run_program({"info", back}).out.find("f32: 1 tensors") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(formats_of_the_tree_are_as_short_as_the_recipe_says) {
  std::vector<std::size_t> statements, with_quantiser;
  for (const auto& entry : std::filesystem::directory_iterator(QUIPU_QUANTS)) {
    const auto file = entry.path() / (entry.path().filename().string() + ".cpp");
    if (!std::filesystem::exists(file)) continue;
    std::ifstream text(file);
    const std::string all{std::istreambuf_iterator<char>(text), {}};
    if (all.find("QUIPU_QUANT_PLUGIN") == std::string::npos) continue;  // plain numbers
    statements.push_back(lines_of(file));
    with_quantiser.push_back(lines_of(file) + lines_of(entry.path() / "quantize.cpp"));
  }
  BOOST_TEST(statements.size() > 20u);
  BOOST_TEST_MESSAGE(median(statements) << " " << median(with_quantiser));
  BOOST_TEST(std::abs(static_cast<int>(median(statements)) - 40) <= 5);
  BOOST_TEST(std::abs(static_cast<int>(median(with_quantiser)) - 60) <= 10);
}
