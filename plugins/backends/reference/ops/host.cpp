// An operation of an architecture's own: the plugin's function does the work.
#include "evaluate.h"

namespace quipu_reference {

Matrix host(const Operands& in) {
  const auto& a = in.attributes<quipu_host_op>();
  std::vector<std::vector<float>> weights(in.inputs());
  std::vector<const float*> inputs(in.inputs());
  for (std::size_t i = 0; i < in.inputs(); ++i) {
    if (in.is_weight(i)) {
      weights[i] = in.numbers(i);
      inputs[i] = weights[i].data();
    } else if (in.has(i)) {
      inputs[i] = in.value(i).data.data();
    }
  }
  Matrix y(in.rows(), in.width());
  a.run(a.state, inputs.data(), y.rows, y.data.data());
  return y;
}

}  // namespace quipu_reference
