// Looking things up: only what is asked for is loaded, once, from any thread.
#include "quipu/registry.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <thread>

#include "fixtures.h"
#include "quipu/error.h"

using namespace fixtures;
using quipu::Error;
using quipu::PluginKind;
using quipu::Registry;
using quipu::RegistryOptions;

namespace {

RegistryOptions options_of(std::initializer_list<const char*> names) {
  RegistryOptions options;
  for (const char* name : names) options.plugins.push_back(fixture(name));
  return options;
}

std::string failure_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    BOOST_TEST((error.code() == quipu::ErrorCode::unsupported));
    return error.what();
  }
  return "no failure";
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

BOOST_GLOBAL_FIXTURE(CleanEnvironment);

BOOST_AUTO_TEST_CASE(what_manifests_say_can_be_asked_without_loading_anything) {
  const Registry registry(options_of({"good", "architecture", "backend", "loader"}));

  BOOST_TEST(registry.has_codec("test:2"));
  BOOST_TEST(!registry.has_codec("test:9"));
  BOOST_TEST(registry.codec_name("test:2") == "second");
  BOOST_TEST(registry.codec_name("test:9") == "");
  BOOST_TEST(contains(registry.items(PluginKind::codec), "first"));
  BOOST_TEST(contains(registry.items(PluginKind::architecture), "chimu"));
  BOOST_TEST(contains(registry.items(PluginKind::backend), "abacus"));
  BOOST_TEST(contains(registry.items(PluginKind::loader), "knots"));
  for (const auto& plugin : registry.plugins()) BOOST_TEST(!plugin.loaded);
}

BOOST_AUTO_TEST_CASE(asking_for_an_item_loads_its_plugin_and_no_other) {
  Registry registry(options_of({"good", "sdk", "backend"}));

  const quipu_codec& codec = registry.codec("test:2");

  BOOST_TEST(codec.name == std::string_view("second"));
  BOOST_TEST(&registry.codec("test:2") == &codec);
  for (const auto& plugin : registry.plugins())
    BOOST_TEST(plugin.loaded == (plugin.name == "test.fixture"));
  BOOST_TEST(!is_mapped(fixture("sdk")));
}

BOOST_AUTO_TEST_CASE(loaders_are_found_by_the_bytes_that_files_hold) {
  Registry registry(options_of({"loader"}));
  const std::array<std::uint8_t, 6> inside = {0, 0, 0, 0, 0x4b, 0x4e};
  const std::array<std::uint8_t, 2> first = {0xbe, 0xef};
  const std::array<std::uint8_t, 5> shorter = {0, 0, 0, 0, 0x4b};

  BOOST_REQUIRE(registry.loaders(inside).size() == 1u);
  BOOST_TEST(registry.loaders(inside)[0]->name == std::string_view("knots"));
  BOOST_TEST(registry.loaders(first).size() == 1u);
  BOOST_TEST(registry.loaders(shorter).empty());
  BOOST_TEST(registry.loaders({}).empty());
}

BOOST_AUTO_TEST_CASE(architectures_are_those_that_want_to_be_asked_about_a_family) {
  Registry registry(options_of({"architecture"}));

  BOOST_REQUIRE(registry.architectures("chimu").size() == 1u);
  BOOST_TEST(registry.architectures("chimu")[0]->name == std::string_view("inca"));
  BOOST_TEST(registry.architectures("nazca").empty());
}

BOOST_AUTO_TEST_CASE(the_preferred_backend_that_starts_is_the_default) {
  std::string warnings;
  RegistryOptions options = options_of({"absent_device", "backend"});
  options.log = [&](int level, std::string_view text) {
    if (level >= QUIPU_LOG_WARNING) warnings += text;
  };
  Registry registry(std::move(options));

  BOOST_TEST(registry.backend("").name == std::string_view("abacus"));
  BOOST_TEST(warnings.find("absent refused to start: no device of that kind") != std::string::npos);
  BOOST_CHECK_THROW(registry.backend("absent"), Error);
}

BOOST_AUTO_TEST_CASE(a_missing_codec_is_named_with_the_places_searched_and_the_near_misses) {
  const Folder folder;
  std::string library = bytes_of(fixture("good"));
  manifest_in(library).abi_minor += 1;
  folder.write("newer.so", library);
  folder.write("cut.so", library.substr(0, 2000));
  RegistryOptions options;
  options.plugins = {folder.path()};
  Registry registry(std::move(options));

  const std::string message = failure_of([&] { registry.codec("test:2"); });
  const std::string other = failure_of([&] { registry.codec("test:99"); });

  const std::string place = folder.path().native();
  BOOST_TEST(message.starts_with("no plugin provides codec \"test:2\": searched " + place +
                                 " (2 plugins), "),
             message);
  BOOST_TEST(message.find("; not usable: " + place + "/newer.so: QUIPU-P104 test.fixture needs") !=
                 std::string::npos,
             message);
  BOOST_TEST(message.find("; not usable: " + place + "/cut.so: QUIPU-P101 damaged file") !=
                 std::string::npos,
             message);
  BOOST_TEST(other.find("newer.so") == std::string::npos, other);
}

BOOST_AUTO_TEST_CASE(a_missing_backend_is_answered_with_those_there_are) {
  Registry registry(options_of({"backend"}));

  const std::string message = failure_of([&] { registry.backend("abakus"); });

  BOOST_TEST(message.starts_with("no plugin provides backend \"abakus\": searched "), message);
  BOOST_TEST(message.find("; there is abacus") != std::string::npos, message);
}

BOOST_AUTO_TEST_CASE(a_plugin_starts_once_however_many_registries_and_threads_ask) {
  std::atomic<int> starts = 0;
  const auto counting = [&] {
    RegistryOptions options = options_of({"upgrade", "sdk", "backend"});
    options.log = [&](int, std::string_view text) { starts += text == "test.fixture starts"; };
    return options;
  };
  Registry first(counting()), second(counting());
  std::atomic<const quipu_codec*> codec = nullptr;
  std::atomic<int> differences = 0;

  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      Registry& registry = i % 2 ? first : second;
      for (int round = 0; round < 100; ++round) {
        const quipu_codec* found = &registry.codec("test:1");
        const quipu_codec* before = nullptr;
        if (!codec.compare_exchange_strong(before, found)) differences += before != found;
        registry.codec("test:3");
        registry.backend("abacus");
        differences += registry.plugins().empty();
      }
    });
  for (auto& thread : threads) thread.join();

  BOOST_TEST(starts == 1);
  BOOST_TEST(differences == 0);
}

BOOST_AUTO_TEST_CASE(a_plugin_may_log_into_the_registry_that_is_loading_it) {
  Registry* registry = nullptr;
  std::size_t seen = 0;
  const Folder folder;
  RegistryOptions options;
  options.plugins = {folder.copy("sdk", "own.so")};
  options.log = [&](int, std::string_view) { seen = registry->plugins().size(); };
  Registry own(std::move(options));
  registry = &own;

  own.codec("test:3");

  BOOST_TEST(seen >= 1u);
}

BOOST_AUTO_TEST_CASE(inspecting_a_file_shows_its_links_and_loads_nothing) {
  const Registry registry;
  const Folder folder;
  const fs::path path = folder.copy("missing_library", "plugin.so");

  const auto info = registry.inspect(path);

  BOOST_TEST(info.usable);
  BOOST_TEST(contains(info.needed, "libquipu_not_installed.so"));
  BOOST_TEST(info.exports.empty());
  BOOST_TEST(!is_mapped(path));
  BOOST_TEST((registry.inspect(fixture("no_entry")).exports ==
              std::vector<std::string>{"quipu_plugin_entry_of_something_else"}));
  BOOST_CHECK_THROW(registry.inspect(folder.path() / "none.so"), Error);
}

BOOST_AUTO_TEST_CASE(a_status_becomes_an_error_with_the_text_that_the_plugin_left) {
  Registry registry(options_of({"init_fails"}));
  failure_of([&] { registry.codec("test:1"); });

  BOOST_CHECK_NO_THROW(Registry::check(QUIPU_OK, "open"));
  BOOST_CHECK_EXCEPTION(Registry::check(QUIPU_E_MEMORY, "plan"), Error, [](const Error& error) {
    return error.code() == quipu::ErrorCode::memory &&
           error.what() == std::string("plan: not enough memory");
  });
  BOOST_CHECK_EXCEPTION(Registry::check(99, "plan"), Error, [](const Error& error) {
    return error.code() == quipu::ErrorCode::internal;
  });
}
