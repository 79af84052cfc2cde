// Messages to the tokens that a model goes on from: its chat template or another, and what that
// reads.
#pragma once

#include "command.h"
#include "quipu/chat_template.h"
#include "quipu/model.h"

namespace quipu::app {

/// Declares --raw, --template, --template-arg, --system and --tools.
void add_prompt_options(Options& options);

/// The template that a word names: one of ChatTemplate::names(), else a file ("-" is stdin). Throws
/// usage that lists the names for a word that is neither, io for a file that cannot be read.
std::unique_ptr<ChatTemplate> template_by_name(const std::string& word);

/// JSON of a file, at most 64 deep. Throws io or usage naming it.
json::value read_json(const std::string& file);

/// Makes the prompts of one model. Not changed by use; the model must outlive it.
class PromptBuilder {
 public:
  /// Reads what the options name, and says on stderr that the model has no template (unless
  /// --quiet), or which one is used (with --verbose). A template of the model that is broken is an
  /// error that names it.
  PromptBuilder(const Options& options, const Model& model);

  /// What is used: "tokenizer.chat_template", "chatml", a file; "" when prompts are sent as they
  /// are, with --raw or for want of a template.
  std::string_view template_name() const { return chat_ ? chat_->name() : std::string_view(); }
  /// What a conversation begins with: the message of --system, or nothing. --raw leaves it out.
  json::array opening() const { return opening_; }

  /// Messages are objects as OpenAI's API has them: role, content, and whatever else the template
  /// reads (tool_calls, tool_call_id, reasoning_content …). `more` are variables that come before
  /// those of the options: {"add_generation_prompt": false, "tools": […]}. Time stands still in
  /// here, so a longer conversation begins with the same text. Without a template it is the
  /// contents with a newline between. Throws invalid, naming the template, for what that refuses.
  std::string text(const json::array& messages, const json::object& more = {}) const;
  /// Tokens of a whole text. It begins with one BOS where the model wants one, whether or not the
  /// template wrote it.
  std::vector<Token> tokens(std::string_view text) const;

 private:
  const Tokenizer& tokenizer_;
  std::unique_ptr<ChatTemplate> chat_;
  TemplateTime now_ = TemplateTime::now();
  json::array opening_;
  json::object variables_;
};

}  // namespace quipu::app
