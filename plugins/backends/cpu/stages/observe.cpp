#include "stages/observe.h"

namespace quipu_cpu {
namespace {

class ObserveJob final : public Job {
 public:
  ObserveJob(const quipu_observer& observer, const quipu_tensor& weight, const Matrix& x)
      : observer_(observer), weight_(weight), x_(x) {}

  std::uint32_t tasks(const Step& step) const noexcept override {
    return count(x_.rows, step) != 0;
  }
  void run(const Step& step, std::uint32_t, std::uint32_t, std::uint32_t) const noexcept override {
    observer_.product(observer_.context, &weight_, 0, x_.data, count(x_.rows, step), x_.stride);
  }
  std::string describe() const override { return "observe"; }

 private:
  const quipu_observer& observer_;
  const quipu_tensor& weight_;
  const Matrix& x_;
};

}  // namespace

std::unique_ptr<Job> observe_job(const quipu_observer& observer, const quipu_tensor& weight,
                                 const Matrix& x) {
  return std::make_unique<ObserveJob>(observer, weight, x);
}

}  // namespace quipu_cpu
