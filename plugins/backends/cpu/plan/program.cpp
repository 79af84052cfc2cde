#include "plan/program.h"

namespace quipu_cpu {

Extent Program::finish() {
  stages_ = schedule(jobs_, step_);
  for (const auto& stage : stages_) stage_list_.push_back(stage.get());
  keep_rows_of_chains();
  std::vector<Buffer*> buffers;
  for (Buffer& buffer : buffers_) buffers.push_back(&buffer);
  offsets_.resize(buffers.size());
  return lay_out(buffers, offsets_);
}

void Program::keep_rows_of_chains() {
  for (Matrix& matrix : matrices_) {
    const std::uint64_t stride = (std::uint64_t{matrix.width} + 15) / 16 * 16;  // whole cache lines
    const std::uint64_t bytes = threads_ * stride * sizeof(float);
    if (!matrix.buffer->within_chain || matrix.buffer->bytes <= bytes) continue;
    matrix.buffer->bytes = bytes;
    matrix.stride = 0;
    matrix.thread_stride = stride;
  }
}

void Program::bind(std::byte* memory) {
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].data = memory + offsets_[i];
  for (Matrix& matrix : matrices_) matrix.data = reinterpret_cast<float*>(matrix.buffer->data);
  for (const auto& action : on_bind_) action();
}

}  // namespace quipu_cpu
