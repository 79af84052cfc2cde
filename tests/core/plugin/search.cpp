// Where plugins are looked for, and which one answers when several could.
#include "plugin/search.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "fixtures.h"
#include "plugin/library.h"
#include "quipu/error.h"

using namespace fixtures;
using quipu::Error;
using quipu::PluginKind;
using quipu::PluginOrigin;
using quipu::PluginPlace;
using quipu::plugin::Index;
using quipu::plugin::index_plugins;
using quipu::plugin::search_places;

namespace {

// Four folders, each with a copy of the same plugin.
struct Everywhere {
  Everywhere() {
    for (const Folder* folder : {&option, &environment, &bundled, &user})
      folder->copy("good", "plugin.so");
  }
  std::vector<PluginPlace> places() const {
    return {{option.path(), PluginOrigin::option, {}, 0},
            {environment.path(), PluginOrigin::environment, {}, 0},
            {bundled.path(), PluginOrigin::bundled, {}, 0},
            {user.path(), PluginOrigin::user, {}, 0}};
  }
  Folder option, environment, bundled, user;
};

fs::path winner(const Index& index, std::string_view key, PluginKind kind = PluginKind::codec) {
  const std::size_t* which = index.provider(kind, key);
  return which ? index.plugins[*which].info.path.parent_path() : fs::path();
}

Index index_of(const Folder& folder, PluginOrigin origin = PluginOrigin::option) {
  return index_plugins({{folder.path(), origin, {}, 0}});
}

}  // namespace

BOOST_GLOBAL_FIXTURE(CleanEnvironment);

BOOST_AUTO_TEST_CASE(an_option_beats_the_environment_beats_bundled_beats_user) {
  const Everywhere everywhere;
  auto places = everywhere.places();

  for (const Folder* expected :
       {&everywhere.option, &everywhere.environment, &everywhere.bundled, &everywhere.user}) {
    const Index index = index_plugins(places);
    BOOST_TEST(winner(index, "test:1") == expected->path());
    BOOST_TEST(index.plugins.front().info.shadowed_by == "");
    for (std::size_t i = 1; i < index.plugins.size(); ++i)
      BOOST_TEST(index.plugins[i].info.shadowed_by == (expected->path() / "plugin.so").native());
    places.erase(places.begin());
  }
}

BOOST_AUTO_TEST_CASE(places_are_listed_in_the_order_in_which_they_win) {
  const Folder option, environment, data;
  ::setenv("QUIPU_PLUGIN_PATH", (":" + environment.path().native() + "::relative:").c_str(), 1);
  ::setenv("XDG_DATA_HOME", data.path().c_str(), 1);
  quipu::RegistryOptions options;
  options.plugins = {option.path()};

  const auto places = search_places(options);
  ::unsetenv("QUIPU_PLUGIN_PATH");

  BOOST_REQUIRE(places.size() == 5u);
  BOOST_TEST(places[0].path == option.path());
  BOOST_TEST(places[1].path == environment.path());
  BOOST_TEST(places[2].remark == "skipped: not an absolute path");
  BOOST_TEST(places[3].path == quipu::plugin::own_directory() / "quipu/plugins-0");
  BOOST_TEST((places[3].origin == PluginOrigin::bundled));
  BOOST_TEST(places[4].path == data.path() / "quipu/plugins-0");
  BOOST_TEST((places[4].origin == PluginOrigin::user));
}

BOOST_AUTO_TEST_CASE(bundled_only_skips_every_other_place) {
  const Folder option;
  option.copy("good", "plugin.so");
  quipu::RegistryOptions options;
  options.plugins = {option.path()};
  options.bundled_only = true;

  const Index index = index_plugins(search_places(options));

  BOOST_TEST(index.places.front().remark == "skipped: bundled plugins only");
  for (const auto& found : index.plugins) BOOST_TEST((found.info.origin == PluginOrigin::bundled));
}

BOOST_AUTO_TEST_CASE(an_option_that_does_not_exist_is_an_error_that_names_it) {
  quipu::RegistryOptions options;
  options.plugins = {"/nowhere/plugin.so"};

  BOOST_CHECK_EXCEPTION(search_places(options), Error, [](const Error& error) {
    return error.what() == std::string("plugin /nowhere/plugin.so: No such file or directory") &&
           error.code() == quipu::ErrorCode::io;
  });
}

BOOST_AUTO_TEST_CASE(a_place_says_what_was_there) {
  const Folder folder;
  folder.copy("good", "plugin.so");
  folder.copy("no_manifest", "library.so");
  folder.write("text.so", "text");
  folder.write("plugin.txt", "text");
  fs::create_directory(folder.path() / "folder.so");

  const Index index = index_plugins({{folder.path(), PluginOrigin::option, {}, 0},
                                     {folder.path() / "none", PluginOrigin::user, {}, 0}});

  BOOST_TEST(index.places[0].remark == "1 plugin");
  BOOST_TEST(index.places[0].ignored == 3u);
  BOOST_TEST(index.places[1].remark == "does not exist");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_named_is_listed_even_when_it_is_no_plugin) {
  const Folder folder;

  const Index index = index_plugins({{folder.write("a.so", "text"), PluginOrigin::option, {}, 0}});

  BOOST_REQUIRE(index.plugins.size() == 1u);
  BOOST_TEST(index.plugins[0].info.problem.starts_with("QUIPU-P102 not a quipu plugin"));
}

BOOST_AUTO_TEST_CASE(a_file_reached_twice_counts_once) {
  const Folder first, second;
  const fs::path original = first.copy("good", "plugin.so");
  fs::create_hard_link(original, second.path() / "hard.so");
  fs::create_symlink(original, second.path() / "soft.so");

  const Index index = index_plugins({{original, PluginOrigin::option, {}, 0},
                                     {first.path(), PluginOrigin::environment, {}, 0},
                                     {second.path(), PluginOrigin::bundled, {}, 0}});

  BOOST_TEST(index.plugins.size() == 1u);
  BOOST_TEST((index.plugins[0].info.origin == PluginOrigin::option));
}

BOOST_AUTO_TEST_CASE(the_newer_version_in_one_folder_wins) {
  const Folder folder;
  folder.copy("good", "a.so");
  folder.copy("upgrade", "b.so");

  const Index index = index_of(folder);

  BOOST_TEST(index.plugins[*index.provider(PluginKind::codec, "test:1")].info.version == "1.10");
  BOOST_TEST(index.plugins[1].info.shadowed_by == (folder.path() / "b.so").native());
}

BOOST_AUTO_TEST_CASE(two_plugins_with_one_item_in_one_folder_are_an_error_that_names_both) {
  const Folder folder;
  folder.copy("good", "a.so");
  folder.copy("rival", "b.so");
  const Index index = index_of(folder);

  BOOST_CHECK_EXCEPTION(index.provider(PluginKind::codec, "test:1"), Error, [&](const Error& e) {
    return e.what() == "QUIPU-P109 codec \"test:1\" is provided by both " +
                           (folder.path() / "a.so").native() + " and " +
                           (folder.path() / "b.so").native() + ": remove one of them";
  });
}

BOOST_AUTO_TEST_CASE(a_plugin_that_cannot_be_used_shadows_nothing) {
  const Folder option, bundled;
  std::string library = bytes_of(fixture("good"));
  manifest_in(library).abi_minor += 1;
  option.write("newer.so", library);
  bundled.copy("good", "plugin.so");

  const Index index = index_plugins({{option.path(), PluginOrigin::option, {}, 0},
                                     {bundled.path(), PluginOrigin::bundled, {}, 0}});

  BOOST_TEST(winner(index, "test:1") == bundled.path());
}

BOOST_AUTO_TEST_CASE(architectures_give_way_only_to_one_of_the_same_name) {
  const Folder option, bundled;
  option.copy("architecture", "inca.so");
  bundled.copy("architecture", "inca.so");

  const Index index = index_plugins({{option.path(), PluginOrigin::option, {}, 0},
                                     {bundled.path(), PluginOrigin::bundled, {}, 0}});

  BOOST_REQUIRE(index.architectures().size() == 1u);
  BOOST_TEST(index.plugins[1].info.shadowed_by == (option.path() / "inca.so").native());
}

BOOST_AUTO_TEST_CASE(a_user_folder_that_others_may_write_to_is_skipped_with_the_reason) {
  const Folder folder;
  folder.copy("good", "plugin.so");
  BOOST_REQUIRE(::chmod(folder.path().c_str(), 0775) == 0);

  const Index user = index_of(folder, PluginOrigin::user);
  const Index option = index_of(folder, PluginOrigin::option);

  BOOST_TEST(user.plugins.empty());
  BOOST_TEST(user.places[0].remark ==
             "skipped: others may write to it: take that right away (chmod go-w)");
  BOOST_TEST(option.plugins.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_user_plugin_that_others_may_write_to_is_refused) {
  const Folder folder;
  const fs::path path = folder.copy("good", "plugin.so");
  BOOST_REQUIRE(::chmod(path.c_str(), 0666) == 0);

  const Index index = index_of(folder, PluginOrigin::user);

  BOOST_TEST(index.plugins[0].info.problem == "QUIPU-P110 test.fixture is not trusted: others may "
                                              "write to it: take that right away (chmod go-w)");
}
