#include "prompt.h"

#include <algorithm>

namespace quipu::app {
namespace {

json::array read_tools(const std::string& file) {
  const json::value tools = read_json(file);
  const auto is_tool = [](const json::value& each) { return each.is_object(); };
  if (!tools.is_array() || !std::ranges::all_of(tools.get_array(), is_tool))
    throw Error(
        ErrorCode::usage,
        "--tools: " + printable(file) +
            R"(: expected a JSON list of objects, [{"type": "function", "function": {…}}])");
  return tools.get_array();
}

// KEY=VALUE, the value JSON, or text as it is.
void set_variable(json::object& variables, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw Error(ErrorCode::usage, "--template-arg: expected KEY=VALUE, found " + printable(word));
  boost::system::error_code error;
  const std::string value = word.substr(equals + 1);
  const json::value parsed = json::parse(value, error);
  variables[word.substr(0, equals)] = error ? json::value(value) : parsed;
}

std::unique_ptr<ChatTemplate> template_of(const Model& model, bool tools) {
  try {
    return ChatTemplate::make(model.file().metadata(), tools ? "tool_use" : "");
  } catch (const Error& error) {
    throw Error(error.code(), error.what() + std::string("; --template takes another"));
  }
}

// A content may be a list of parts; a model without a template sees those that are text.
void add_content(std::string& text, const json::value& message) {
  const json::value* content =
      message.is_object() ? message.get_object().if_contains("content") : nullptr;
  if (content && content->is_string()) text += content->get_string();
  if (!content || !content->is_array()) return;
  for (const json::value& part : content->get_array())
    if (const auto* words = part.is_object() ? part.get_object().if_contains("text") : nullptr;
        words && words->is_string())
      text += words->get_string();
}

}  // namespace

void add_prompt_options(Options& options) {
  options.add()("raw", "send the text as it is, without a chat template")(
      "template", po::value<std::string>()->value_name("NAME|FILE"),
      "instead of the model's chat template: chatml … or a Jinja file")(
      "template-arg", po::value<std::vector<std::string>>()->value_name("KEY=VALUE"),
      "a variable of the template: enable_thinking=false")(
      "system", po::value<std::string>()->value_name("TEXT"),
      "system message")("tools", po::value<std::string>()->value_name("FILE"),
                        "JSON list of functions the model may call");
}

std::unique_ptr<ChatTemplate> template_by_name(const std::string& word) {
  const auto names = ChatTemplate::names();
  if (std::ranges::find(names, word) != names.end()) return ChatTemplate::named(word);
  // What looks like a file is one, and the error is that of a file; other words are misspelt names.
  if (word == "-" || word.find_first_of("./") != std::string::npos || std::filesystem::exists(word))
    return ChatTemplate::parse(read_all(word), word);
  return ChatTemplate::named(word);
}

json::value read_json(const std::string& file) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::value value = json::parse(read_all(file), error, {}, options);
  if (error) throw Error(ErrorCode::usage, printable(file) + ": expected JSON: " + error.message());
  return value;
}

PromptBuilder::PromptBuilder(const Options& options, const Model& model)
    : tokenizer_(model.tokenizer()) {
  if (options.has("raw")) return;
  const bool tools = options.has("tools");
  chat_ = options.has("template") ? template_by_name(options.get<std::string>("template"))
                                  : template_of(model, tools);
  if (!chat_ && !options.quiet())
    say("no chat template in this model; the prompt is sent as it is; --template gives it one");
  if (chat_ && options.verbose()) say("chat template: " + std::string(chat_->name()));
  if (options.has("system"))
    opening_.push_back({{"role", "system"}, {"content", options.get<std::string>("system")}});

  // What transformers passes is there, though it be none: some templates tell that from undefined.
  variables_ = {{"tools", nullptr}, {"documents", nullptr}, {"add_generation_prompt", true}};
  if (tools) variables_["tools"] = read_tools(options.get<std::string>("tools"));
  if (tokenizer_.bos() >= 0) variables_["bos_token"] = tokenizer_.spelling(tokenizer_.bos());
  if (tokenizer_.eos() >= 0) variables_["eos_token"] = tokenizer_.spelling(tokenizer_.eos());
  if (options.has("template-arg"))
    for (const auto& word : options.get<std::vector<std::string>>("template-arg"))
      set_variable(variables_, word);
}

std::string PromptBuilder::text(const json::array& messages, const json::object& more) const {
  if (!chat_) {
    std::string text;
    for (const json::value& message : messages) {
      if (&message != messages.data()) text += '\n';
      add_content(text, message);
    }
    return text;
  }
  json::object variables = variables_;
  variables["messages"] = messages;
  for (const auto& [key, value] : more) variables[key] = value;
  try {
    return chat_->render_json(json::serialize(variables), now_);
  } catch (const Error& error) {
    throw Error(error.code(), std::string(chat_->name()) + ": " + error.what() +
                                  "; --template takes another, --raw none");
  }
}

std::vector<Token> PromptBuilder::tokens(std::string_view text) const {
  auto tokens = tokenizer_.encode(text);
  const Token bos = tokenizer_.bos();
  if (bos >= 0 && tokens.size() > 1 && tokens[0] == bos && tokens[1] == bos)
    tokens.erase(tokens.begin());
  return tokens;
}

}  // namespace quipu::app
