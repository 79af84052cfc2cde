// Expectations: a prompt, and the greedy tokens, text or logits that a model must give for it.
#include <algorithm>
#include <cmath>

#include "../interrupts.h"
#include "../likelihood.h"
#include "../npy.h"
#include "chat_prompt.h"
#include "check.h"
#include "quipu/embedder.h"

namespace quipu::app {
namespace {

struct Expectation {
  std::optional<std::string> model;  // file name of the model that is meant; none = every model
  std::string description;
  std::vector<Token> tokens;
  std::string prompt;
  bool raw = false;  // the prompt is no message of a user
  std::uint32_t context = 0;
  std::vector<Token> greedy;
  std::optional<std::string> text;
  std::optional<std::filesystem::path> logits, embeddings;
  std::optional<double> max_abs, nmse, kl_max, kl_mean;
};

Error wrong(const std::filesystem::path& file, const std::string& what) {
  return Error(ErrorCode::usage, printable(file.string()) + ": " + what);
}

std::vector<Token> tokens_of(const json::value& value, const std::filesystem::path& file,
                             std::string_view key) {
  std::vector<Token> tokens;
  if (value.is_array())
    for (const auto& element : value.get_array())
      if (element.is_int64() && element.get_int64() >= 0 && element.get_int64() <= INT32_MAX)
        tokens.push_back(static_cast<Token>(element.get_int64()));
  if (!value.is_array() || tokens.size() != value.get_array().size())
    throw wrong(file, std::string(key) + ": expected an array of token ids");
  return tokens;
}

Expectation parse_one(const json::value& value, const std::filesystem::path& file) {
  if (!value.is_object()) throw wrong(file, "expected an object, or a list of objects");
  const auto& object = value.get_object();
  Expectation e;
  const auto text = [&](std::string_view key, const json::value& v) {
    if (!v.is_string()) throw wrong(file, std::string(key) + ": expected a string");
    return std::string(v.get_string());
  };
  const auto flag = [&](std::string_view key, const json::value& v) {
    if (!v.is_bool()) throw wrong(file, std::string(key) + ": expected true or false");
    return v.get_bool();
  };
  const auto number = [&](std::string_view key, const json::value& v) {
    if (!v.is_number() || !(v.to_number<double>() >= 0))
      throw wrong(file, std::string(key) + ": expected a number, 0 or more");
    return v.to_number<double>();
  };
  for (const auto& [name, v] : object) {
    const std::string_view key = name;
    if (key == "tokens")
      e.tokens = tokens_of(v, file, key);
    else if (key == "prompt")
      e.prompt = text(key, v);
    else if (key == "model")
      e.model = text(key, v);
    else if (key == "description")
      e.description = text(key, v);
    else if (key == "raw")
      e.raw = flag(key, v);
    else if (key == "n_ctx")
      e.context = static_cast<std::uint32_t>(std::min(number(key, v), 1e9));
    else if (key == "greedy")
      e.greedy = tokens_of(v, file, key);
    else if (key == "text")
      e.text = text(key, v);
    else if (key == "logits")
      e.logits = file.parent_path() / text(key, v);
    else if (key == "embeddings")
      e.embeddings = file.parent_path() / text(key, v);
    else if (key == "max_abs")
      e.max_abs = number(key, v);
    else if (key == "nmse")
      e.nmse = number(key, v);
    else if (key == "kl_max")
      e.kl_max = number(key, v);
    else if (key == "kl_mean")
      e.kl_mean = number(key, v);
    else
      throw wrong(file, "unknown key '" + printable(key) + "'");
  }
  if (e.tokens.empty() == e.prompt.empty()) throw wrong(file, "expected either tokens or a prompt");
  if (e.embeddings && (e.logits || !e.greedy.empty() || e.text || e.kl_max || e.kl_mean))
    throw wrong(file, "embeddings: expected nothing of a text's continuation beside them");
  if (!e.logits && !e.embeddings && (e.max_abs || e.nmse || e.kl_max || e.kl_mean))
    throw wrong(file, "limits without logits or embeddings");
  if (!e.logits && !e.embeddings && e.greedy.empty() && !e.text)
    throw wrong(file, "expected greedy, text, logits or embeddings to compare with");
  return e;
}

std::vector<Expectation> parse(const std::filesystem::path& file) {
  boost::system::error_code error;
  const json::value value = json::parse(read_all(file), error);
  if (error) throw wrong(file, "expected JSON: " + error.message());
  std::vector<Expectation> all;
  if (value.is_array())
    for (const auto& one : value.get_array()) all.push_back(parse_one(one, file));
  else
    all.push_back(parse_one(value, file));
  return all;
}

// The worse of two figures; a NaN must not slip through.
double worse(std::optional<double> a, double b) {
  return a && !(*a <= b) ? *a : !a || !(b <= *a) ? b : *a;
}

void compare_rows(Comparison& result, const std::vector<float>& expected,
                  const std::vector<float>& found) {
  double max_abs = 0, difference = 0, size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double d = static_cast<double>(expected[i]) - found[i];
    if (!(std::abs(d) <= max_abs)) max_abs = std::abs(d);
    difference += d * d;
    size += static_cast<double>(expected[i]) * expected[i];
  }
  result.max_abs = worse(result.max_abs, max_abs);
  result.nmse = worse(result.nmse, size > 0 ? difference / size : difference);
}

void compare_logits(Comparison& result, const std::vector<float>& expected,
                    const std::vector<float>& found, std::size_t rows) {
  compare_rows(result, expected, found);
  const std::size_t columns = found.size() / rows;
  double kl_sum = 0, kl_max = 0;
  std::size_t agree = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const float* e = &expected[r * columns];
    const float* f = &found[r * columns];
    const double kl = divergence({e, columns}, {f, columns});
    kl_sum += kl;
    if (!(kl <= kl_max)) kl_max = kl;
    agree += std::max_element(e, e + columns) - e == std::max_element(f, f + columns) - f;
  }
  result.kl_mean = worse(result.kl_mean, kl_sum / static_cast<double>(rows));
  result.kl_max = worse(result.kl_max, kl_max);
  const double agreement = static_cast<double>(agree) / static_cast<double>(rows);
  result.top1_agreement = std::min(result.top1_agreement.value_or(1.0), agreement);
}

// The first thing that is wrong is the one that is told.
void fail(Comparison& result, const std::string& message) {
  if (result.passed) result.message = message;
  result.passed = false;
}

void check_limit(Comparison& result, const char* name, std::optional<double> limit,
                 std::optional<double> found) {
  if (!limit || (found && *found <= *limit)) return;
  char text[160];
  std::snprintf(text, sizeof text, "%s: expected at most %g, found %g", name, *limit,
                found.value_or(NAN));
  fail(result, text);
}

void check_limits(Comparison& result, const Expectation& e) {
  check_limit(result, "max_abs", e.max_abs, result.max_abs);
  check_limit(result, "nmse", e.nmse, result.nmse);
  check_limit(result, "kl_mean", e.kl_mean, result.kl_mean);
  check_limit(result, "kl_max", e.kl_max, result.kl_max);
}

std::vector<Token> prompt_of(const Expectation& e, const Model& model) {
  if (!e.tokens.empty()) return e.tokens;
  const auto chat = e.raw ? nullptr : ChatTemplate::make(model.file().metadata());
  return message_tokens(chat.get(), model.tokenizer(), e.prompt);
}

// The answer must begin with the tokens and the text; how it goes on does not matter.
void compare_answer(Comparison& result, const Expectation& e, Engine& engine,
                    std::vector<Token> prompt) {
  Request request;
  request.prompt = std::move(prompt);
  request.sampling.temperature = 0;
  // An end is a token as any other to expected tokens, and ends an expected text.
  request.ignore_end = !e.greedy.empty();
  std::size_t tokens = 0, bytes = 0;
  request.on_token = [&](Token, std::string_view text) {
    bytes += text.size();
    ++tokens;
    const bool more = tokens < e.greedy.size() || (e.text && bytes < e.text->size());
    return more;
  };
  const auto answer = run_until_interrupted(engine, std::move(request));
  if (answer.reason == FinishReason::failed) fail(result, answer.message);
  for (std::size_t i = 0; i < e.greedy.size(); ++i) {
    const bool there = i < answer.tokens.size();
    if (there && answer.tokens[i] == e.greedy[i]) continue;
    result.first_difference = i;
    result.expected_token = e.greedy[i];
    if (there) result.found_token = answer.tokens[i];
    fail(result, "greedy token " + std::to_string(i) + ": expected " + std::to_string(e.greedy[i]) +
                     ", found " + (there ? std::to_string(answer.tokens[i]) : "none"));
    break;
  }
  if (e.text && !answer.text.starts_with(*e.text))
    fail(result,
         "text: expected '" + printable(*e.text) + "', found '" + printable(answer.text) + "'");
}

Comparison compare(const Expectation& e, const Model& model, Embedder& embedder) {
  Comparison result;
  const auto tokens = e.tokens.empty() ? model.tokenizer().encode(e.prompt) : e.tokens;
  const auto expected = read_floats(*e.embeddings);
  const auto found = embedder.embed(tokens, Pooling::none);
  if (found.size() != expected.size()) {
    fail(result, printable(e.embeddings->string()) + ": expected " + std::to_string(found.size()) +
                     " values, found " + std::to_string(expected.size()));
    return result;
  }
  compare_rows(result, expected, found);
  check_limits(result, e);
  return result;
}

Comparison compare(const Expectation& e, Engine& engine) {
  Comparison result;
  const auto prompt = prompt_of(e, engine.model());
  if (e.logits) {
    const auto expected = read_floats(*e.logits);
    for (const bool step_by_step : {false, true}) {
      const auto found = engine.logits(prompt, false, step_by_step);
      if (found.size() != expected.size()) {
        fail(result, printable(e.logits->string()) + ": expected " + std::to_string(found.size()) +
                         " values, found " + std::to_string(expected.size()));
        return result;
      }
      compare_logits(result, expected, found, prompt.size());
    }
    check_limits(result, e);
  }
  if (!e.greedy.empty() || e.text) compare_answer(result, e, engine, prompt);
  return result;
}

}  // namespace

std::vector<Comparison> compare_with_expectations(std::shared_ptr<const Model> model,
                                                  Registry& registry, EngineOptions options,
                                                  const std::filesystem::path& path,
                                                  const std::filesystem::path& file) {
  std::vector<Comparison> results;
  const std::string name = path.filename().string();
  for (const auto& expectation : parse(file)) {
    if (expectation.model && *expectation.model != name) continue;
    auto own = options;
    if (expectation.context) own.context = expectation.context;
    if (expectation.embeddings) {
      Embedder embedder(model, registry, own);
      results.push_back(compare(expectation, *model, embedder));
    } else {
      Engine engine(model, registry, own);
      results.push_back(compare(expectation, engine));
    }
    results.back().description = expectation.description;
  }
  return results;
}

}  // namespace quipu::app
