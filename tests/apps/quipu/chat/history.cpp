// The file of what was typed.
#include "chat/history.h"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "support/temporary_folder.h"

using quipu::app::append_history;
using quipu::app::history_file;
using quipu::app::read_history;
using quipu::test::TemporaryFolder;
using Entries = std::vector<std::string>;

namespace {

mode_t permissions(const std::filesystem::path& file) {
  struct stat facts {};
  BOOST_REQUIRE(stat(file.c_str(), &facts) == 0);
  return facts.st_mode & 0777;
}

}  // namespace

BOOST_AUTO_TEST_CASE(entries_of_several_lines_come_back_in_order) {
  const TemporaryFolder folder;
  const auto file = folder / "a/b/history";
  const Entries entries{"one", "two\nlines \\n", "\xE6\x97\xA5\"", "one"};

  for (const std::string& entry : entries) BOOST_TEST(append_history(file, entry));

  BOOST_TEST(read_history(file) == entries, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(file_and_folders_are_their_owners_alone) {
  const TemporaryFolder folder;
  const auto file = folder / "a/b/history";
  append_history(file, "one");
  BOOST_TEST(permissions(file) == 0600u);
  BOOST_TEST(permissions(file.parent_path()) == 0700u);

  chmod(file.c_str(), 0644);
  append_history(file, "two");

  BOOST_TEST(permissions(file) == 0600u);
}

BOOST_AUTO_TEST_CASE(damaged_lines_are_left_out) {
  const TemporaryFolder folder;
  const auto file = folder / "history";
  std::ofstream(file) << "\"one\"\nbroken\n7\n\n\"two\"\n\"unfini";

  const Entries expected{"one", "two"};
  BOOST_TEST(read_history(file) == expected, boost::test_tools::per_element());
  BOOST_TEST(read_history(folder / "absent").empty());
  BOOST_TEST(read_history("/dev/zero").empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_grows_beyond_its_size_keeps_the_newest) {
  const TemporaryFolder folder;
  const auto file = folder / "history";
  const std::string long_entry(16000, 'x');

  for (int i = 0; i < 100; ++i) append_history(file, std::to_string(i) + long_entry);

  // 1 MiB and the entry that went beyond it.
  BOOST_TEST(std::filesystem::file_size(file) < (1u << 20) + 20000);
  const Entries entries = read_history(file);
  BOOST_TEST(entries.size() > 30u);
  BOOST_TEST(entries.back() == "99" + long_entry);
  BOOST_TEST(!append_history(file, std::string(20000, 'x')));
}

BOOST_AUTO_TEST_CASE(it_lies_in_the_users_state_folder) {
  setenv("HOME", "/home/ann", 1);
  unsetenv("XDG_STATE_HOME");
  BOOST_TEST(history_file() == "/home/ann/.local/state/quipu/chat_history");
  setenv("XDG_STATE_HOME", "/state", 1);
  BOOST_TEST(history_file() == "/state/quipu/chat_history");
  setenv("XDG_STATE_HOME", "relative", 1);
  BOOST_TEST(history_file() == "/home/ann/.local/state/quipu/chat_history");
}
