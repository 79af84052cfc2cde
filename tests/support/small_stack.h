// Long texts of one character, and a thread in which what is done with them has little stack.
#pragma once

#include <boost/test/unit_test.hpp>

#include <pthread.h>

#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace quipu::test {

/// Runs it on a thread whose stack is as small as a server may give; what it throws is thrown here.
inline void on_small_stack(const std::function<void()>& call) {
  struct Work {
    const std::function<void()>& call;
    std::exception_ptr error;
  } work{call, nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  const auto run = [](void* given) -> void* {
    auto& work = *static_cast<Work*>(given);
    try {
      work.call();
    } catch (...) {
      work.error = std::current_exception();
    }
    return nullptr;
  };
  BOOST_REQUIRE(pthread_create(&thread, &attributes, run, &work) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (work.error) std::rethrow_exception(work.error);
}

/// Characters of every sort that patterns tell apart, a code point beyond the first plane, a zero
/// byte and one that is no UTF-8.
inline constexpr std::string_view long_run_units[] = {"A",
                                                      "a",
                                                      " ",
                                                      ".",
                                                      "\xE4\xB8\xAD",
                                                      "\xCC\x81",
                                                      "\n",
                                                      "1",
                                                      "'",
                                                      "\xF0\x9F\x99\x82",
                                                      std::string_view("\0", 1),
                                                      "\xFF"};

inline std::string long_run(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

}  // namespace quipu::test
