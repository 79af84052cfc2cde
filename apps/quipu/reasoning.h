// Tells a model's reasoning from its answer while the text streams.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quipu/tokenizer.h"

namespace quipu::app {

struct AnswerPart {
  enum Kind { content, reasoning } kind;
  std::string text;

  friend bool operator==(const AnswerPart&, const AnswerPart&) = default;
};

/// Finds reasoning by the markers that models write around it: <think> and its relatives at the
/// start of an answer, and the channels of gpt-oss. Markers may arrive in pieces; they and the
/// white space next to them are in no part.
class ReasoningParser {
 public:
  /// `prompt`: what the answer goes on from. Where it ends with an opening marker, as many
  /// templates write it, the answer begins with reasoning.
  explicit ReasoningParser(std::string_view prompt);

  /// Parts that are certain with this text; neighbours are of different kinds.
  std::vector<AnswerPart> push(std::string_view text);
  /// What was held back in case it became a marker.
  std::vector<AnswerPart> finish();

  /// Markers that are special tokens of this model: text without their spelling hides them from
  /// push().
  static std::vector<Token> special_markers(const Tokenizer& tokenizer);

 private:
  enum class State {
    start,      // nothing but white space yet: an opening marker may come
    reasoning,  // until close_
    between,    // white space after reasoning
    content,    // to the end
    header,     // of a channel, until <|message|>
    message     // of a channel, until <|end|>
  };

  void add(AnswerPart::Kind kind, std::string_view text);
  bool advance(bool last);
  bool advance_start(bool last);
  bool advance_to(std::string_view marker, AnswerPart::Kind kind, State next, bool last);
  bool advance_header(bool last);
  bool skip_space(bool last);
  void open_channel(std::string_view header);

  State state_ = State::start;
  AnswerPart::Kind channel_ = AnswerPart::content;
  std::string_view close_;
  bool fresh_ = true;    // no text of the present part yet: its leading white space is dropped
  std::string pending_;  // not decided yet
  std::string space_;    // at the end of reasoning so far
  std::vector<AnswerPart> parts_;
};

}  // namespace quipu::app
