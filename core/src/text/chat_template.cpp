#include "quipu/chat_template.h"

#include <charconv>
#include <ctime>

#include "quipu/model_file.h"
#include "text/jinja/render.h"
#include "text/named_templates.h"

namespace quipu {
namespace {

class Jinja final : public ChatTemplate {
 public:
  Jinja(std::string_view source, std::string name)
      : body_(jinja::parse(source)), name_(std::move(name)) {}

  std::string_view name() const noexcept override { return name_; }

  std::string render(std::span<const ChatMessage> messages, bool answer_next) const override {
    jinja::List list;
    for (const auto& message : messages) {
      jinja::Dict entry;
      entry.set("role", message.role);
      entry.set("content", message.content);
      list.items.emplace_back(std::move(entry));
    }
    jinja::Dict variables;
    variables.set("messages", std::move(list));
    variables.set("add_generation_prompt", answer_next);
    return render_with(std::move(variables), TemplateTime::now());
  }

  std::string render_json(std::string_view variables, TemplateTime now) const override {
    const jinja::Value value = jinja::parse_json(variables);
    if (!value.is_dict())
      throw Error(ErrorCode::usage,
                  std::string("variables of a template: expected a JSON object, found ") +
                      value.type());
    return render_with(value.dict(), now);
  }

  void set_token(const char* name, std::string_view text) { tokens_.set(name, text); }

 private:
  std::string render_with(jinja::Dict variables, TemplateTime now) const {
    for (const auto& [key, value] : tokens_.items)
      if (!variables.find(key)) variables.set(key, value);
    jinja::Renderer renderer(body_,
                             {now.year, now.month, now.day, now.hour, now.minute, now.second});
    try {
      return renderer.render(variables);
    } catch (const jinja::Raised& raised) {
      throw TemplateRaised(raised.what());
    }
  }

  jinja::Body body_;
  std::string name_;
  jinja::Dict tokens_;
};

}  // namespace

TemplateTime TemplateTime::now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  return {local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
          local.tm_hour,        local.tm_min,     local.tm_sec};
}

std::optional<TemplateTime> TemplateTime::parse(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != shape.size()) return std::nullopt;
  int numbers[6] = {};
  std::size_t part = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 'd') {
      if (text[i] != shape[i]) return std::nullopt;
      ++part;
    } else if (text[i] < '0' || text[i] > '9') {
      return std::nullopt;
    } else {
      numbers[part] = 10 * numbers[part] + (text[i] - '0');
    }
  }
  const auto [year, month, day, hour, minute, second] = numbers;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  return TemplateTime{year, month, day, hour, minute, second};
}

ChatTemplate::~ChatTemplate() = default;

std::unique_ptr<ChatTemplate> ChatTemplate::parse(std::string_view source, std::string name) {
  return std::make_unique<Jinja>(source, std::move(name));
}

std::vector<std::string_view> ChatTemplate::names() {
  std::vector<std::string_view> names;
  for (const auto& each : named_templates()) names.push_back(each.name);
  return names;
}

std::unique_ptr<ChatTemplate> ChatTemplate::named(std::string_view name) {
  std::string known;
  for (const auto& each : named_templates()) {
    if (each.name == name)
      return parse(std::string(named_template_preamble()).append(each.source), std::string(name));
    known.append(known.empty() ? "" : ", ").append(each.name);
  }
  throw Error(ErrorCode::usage,
              "chat template: expected one of " + known + ", found '" + printable(name) + "'");
}

std::unique_ptr<ChatTemplate> ChatTemplate::make(const Metadata& metadata,
                                                 std::string_view variant) {
  std::string key = "tokenizer.chat_template." + std::string(variant);
  auto source = variant.empty() ? std::nullopt : metadata.text(key);
  if (!source) {
    key = "tokenizer.chat_template";
    source = metadata.text(key);
  }
  if (!source) return nullptr;
  std::unique_ptr<Jinja> chat;
  try {
    chat = std::make_unique<Jinja>(*source, key);
  } catch (const Error& error) {
    throw Error(error.code(), key + ": " + error.what());
  }
  const auto texts = metadata.texts("tokenizer.ggml.tokens");
  const auto token = [&](const char* key, const char* name) {
    const auto id = metadata.integer(key);
    if (texts && id && *id >= 0 && *id < static_cast<std::int64_t>(texts->size()))
      chat->set_token(name, (*texts)[static_cast<std::size_t>(*id)]);
  };
  token("tokenizer.ggml.bos_token_id", "bos_token");
  token("tokenizer.ggml.eos_token_id", "eos_token");
  return chat;
}

}  // namespace quipu
