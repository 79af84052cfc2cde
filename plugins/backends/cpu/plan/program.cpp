#include "plan/program.h"

namespace quipu_cpu {

std::uint64_t Program::finish() {
  stages_ = schedule(jobs_, step_);
  for (const auto& stage : stages_) stage_list_.push_back(stage.get());
  std::vector<Buffer*> buffers;
  for (Buffer& buffer : buffers_) buffers.push_back(&buffer);
  offsets_.resize(buffers.size());
  return lay_out(buffers, offsets_);
}

void Program::bind(std::byte* memory) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].data = memory + offsets_[i];
  for (Matrix& matrix : matrices_) matrix.data = reinterpret_cast<float*>(matrix.buffer->data);
  for (const auto& action : on_bind_) action();
}

}  // namespace quipu_cpu
