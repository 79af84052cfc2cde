// The tiny models of the tests, and the plugins that this build made.
#pragma once

#include <string>

#include "quipu/registry.h"

namespace quipu::test {

inline const std::string models = QUIPU_TEST_DATA "/models/";

inline Registry& registry() {
  static Registry all({.plugins = {QUIPU_PLUGINS}, .bundled_only = true, .log = {}});
  return all;
}

}  // namespace quipu::test
