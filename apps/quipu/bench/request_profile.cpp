#include "bench/request_profile.h"

#include "bench/profile_table.h"

namespace quipu::app {
namespace {

void say_table(const char* title, const Profile& profile, double seconds) {
  if (profile.runs == 0) return;
  auto text = lines(profile_table(profile, seconds), {});
  text.front().insert(0, title);
  for (const auto& line : text) say(line);
}

}  // namespace

RequestProfile::RequestProfile(Engine& engine, bool wanted)
    : engine_(engine), on_(wanted && engine.profile(true)) {}

void RequestProfile::on_token() {
  if (!on_ || prompt_) return;
  prompt_ = engine_.profile();
  engine_.profile(true);
}

void RequestProfile::report(const Result& result) const {
  if (!on_) return;
  const Profile last = engine_.profile();
  say_table("prompt: ", prompt_ ? *prompt_ : last, result.prefill_seconds);
  if (prompt_) say_table("answer: ", last, result.decode_seconds);
}

}  // namespace quipu::app
