// Plugins whose manifest is good and whose library is not: each is refused with a sentence that
// says who must change what.
#include "plugin/library.h"

#include <boost/test/unit_test.hpp>

#include "fixtures.h"
#include "quipu/error.h"
#include "quipu/registry.h"

using namespace fixtures;

namespace {

struct Refusal {
  const char* fixture;
  const char* item;
  const char* problem;  // after the path
  const char* advice;
};

const Refusal refusals[] = {
    {"no_entry", "test:1", "QUIPU-P105 test.fixture has no function quipu_plugin_entry_v0",
     "its author must export it"},
    {"undefined_symbol", "test:1",
     "QUIPU-P105 test.fixture cannot be loaded: ", "undefined symbol: not_there"},
    {"missing_library", "test:1",
     "QUIPU-P105 test.fixture cannot be loaded: libquipu_not_installed.so: cannot open",
     "libquipu_not_installed.so (not found)"},
    {"entry_null", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: quipu_plugin_entry_v0 gives NULL",
     "its author must correct it"},
    {"short_plugin", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: expected a quipu_plugin of 40 "
     "bytes, found 16",
     "its author must correct it"},
    {"other_manifest", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: the manifest of the loaded library "
     "differs from section .quipu_mf of its file",
     "its author must correct it"},
    {"init_fails", "test:1", "QUIPU-P108 test.fixture refused to start: no device of that kind",
     ""},
    {"throws_error", "test:3",
     "QUIPU-P108 quant.fixture refused to start: calibration.bin: not found", ""},
    {"throws_standard", "test:3", "QUIPU-P108 quant.fixture refused to start: table index 7 of 4",
     ""},
    {"throws_number", "test:3", "QUIPU-P108 quant.fixture refused to start: unknown exception", ""},
    {"item_null", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: item 1 is NULL",
     "its author must correct it"},
    {"short_table", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: item 0: expected a table of 88 "
     "bytes, found 72",
     "its author must correct it"},
    {"no_dequantize", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: item 0: dequantize is missing",
     "its author must correct it"},
    {"item_twice", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: two items are \"test:1\"",
     "its author must correct it"},
    {"item_missing", "test:1",
     "QUIPU-P107 test.fixture breaks a promise of the boundary: its manifest names \"test:2\", but "
     "no item is that",
     "its author must correct it"},
};

quipu::Registry registry_of(const fs::path& plugin) {
  quipu::RegistryOptions options;
  options.plugins = {plugin};
  return quipu::Registry(std::move(options));
}

std::string failure_of(quipu::Registry& registry, const char* item) {
  try {
    registry.codec(item);
  } catch (const quipu::Error& error) {
    BOOST_TEST((error.code() == quipu::ErrorCode::unsupported));
    return error.what();
  }
  return "no failure";
}

}  // namespace

BOOST_GLOBAL_FIXTURE(CleanEnvironment);

BOOST_AUTO_TEST_CASE(a_plugin_that_cannot_be_loaded_is_refused_with_advice_and_stays_refused) {
  for (const Refusal& refusal : refusals) {
    BOOST_TEST_CONTEXT(refusal.fixture) {
      quipu::Registry registry = registry_of(fixture(refusal.fixture));

      const std::string message = failure_of(registry, refusal.item);

      const std::string path = fs::canonical(fixture(refusal.fixture)).native();
      BOOST_TEST(message.starts_with(path + ": " + refusal.problem), message);
      BOOST_TEST(message.find(refusal.advice) != std::string::npos, message);
      BOOST_TEST(failure_of(registry, refusal.item) == message);
      const auto info = registry.plugins().front();
      BOOST_TEST(!info.usable);
      BOOST_TEST(!info.loaded);
      BOOST_TEST(path + ": " + info.problem == message);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_linked_leaves_nothing_behind) {
  for (const char* name : {"undefined_symbol", "missing_library"}) {
    quipu::Registry registry = registry_of(fixture(name));

    failure_of(registry, "test:1");

    BOOST_TEST(!is_mapped(fixture(name)), name);
  }
}

BOOST_AUTO_TEST_CASE(a_plugin_that_the_manifest_rules_out_is_never_loaded) {
  const Folder folder;
  std::string library = bytes_of(fixture("good"));
  manifest_in(library).abi_minor += 1;
  const fs::path path = folder.write("newer.so", library);
  quipu::Registry registry = registry_of(path);

  const std::string message = failure_of(registry, "test:1");

  BOOST_TEST(message.find("QUIPU-P104") != std::string::npos, message);
  BOOST_TEST(!is_mapped(path));
}

BOOST_AUTO_TEST_CASE(one_bad_plugin_does_not_keep_others_from_working) {
  quipu::RegistryOptions options;
  options.plugins = {fixture("init_fails"), fixture("sdk")};
  quipu::Registry registry(std::move(options));

  BOOST_CHECK_THROW(registry.codec("test:1"), quipu::Error);

  BOOST_TEST(registry.codec("test:3").name == std::string_view("sdk"));
}

BOOST_AUTO_TEST_CASE(a_file_replaced_after_it_was_loaded_is_noticed) {
  const Folder folder;
  const fs::path path = folder.copy("good", "plugin.so");
  quipu::Registry first = registry_of(path);
  first.codec("test:1");
  fs::remove(path);
  folder.copy("upgrade", "plugin.so");
  quipu::Registry second = registry_of(path);

  const std::string message = failure_of(second, "test:1");

  BOOST_TEST(message.find("differs from section .quipu_mf") != std::string::npos, message);
}
