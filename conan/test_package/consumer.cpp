// Finds the bundled plugins of the package and loads one of its own.
#include <quipu/registry.h>

int main() {
  quipu::RegistryOptions options;
  options.plugins = {EXAMPLE_PLUGIN};
  quipu::Registry registry(options);
  const signed char stored[2] = {25, -50};
  float values[2];
  registry.codec("gguf:x-hundredths").dequantize(stored, 2, values);
  const bool bundled = registry.has_codec("gguf:0");
  return bundled && values[0] == 0.25f && values[1] == -0.5f ? 0 : 1;
}
