// Where the time of one request goes: its prompt and its answer apart.
#pragma once

#include <optional>

#include "quipu/engine.h"

namespace quipu::app {

class RequestProfile {
 public:
  /// Does nothing unless `wanted`, or where the backend cannot.
  RequestProfile(Engine& engine, bool wanted);

  /// For Request::on_token: the first token ends the prompt.
  void on_token();
  /// Tables of both on stderr.
  void report(const Result& result) const;

 private:
  Engine& engine_;
  bool on_;
  std::optional<Profile> prompt_;
};

}  // namespace quipu::app
