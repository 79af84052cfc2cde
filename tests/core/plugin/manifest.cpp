// Files that are no plugin, or not one for this quipu, are recognised without running anything.
#include "plugin/manifest.h"

#include <elf.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <functional>
#include <random>

#include "fixtures.h"
#include "quipu/error.h"

using namespace fixtures;
using quipu::plugin::describe;

namespace {

struct Refusal {
  const char* what;
  std::function<void(quipu_manifest&)> change;
  const char* problem;  // how it begins
  const char* advice;   // who must change what
};

template <std::size_t Size>
void put(char (&field)[Size], const char* text) {
  std::memset(field, 0, Size);
  std::memcpy(field, text, std::strlen(text));
}

template <std::size_t Size>
void fill(char (&field)[Size], char byte) {
  std::memset(field, byte, Size);
}

const Refusal refusals[] = {
    {"other magic", [](auto& m) { m.magic[7] = '1'; },
     "QUIPU-P102 manifest: expected magic QUIPUPL0, found \"QUIPUPL1\"",
     "its author must build it"},
    {"short manifest", [](auto& m) { m.size = 1000; },
     "QUIPU-P102 manifest: expected a size of 1024, found 1000", "its author must build it"},
    {"manifest longer than its section", [](auto& m) { m.size = 4096; },
     "QUIPU-P102 manifest: expected a size of 1024, found 4096", "its author must build it"},
    {"name without an end", [](auto& m) { fill(m.name, 'x'); },
     "QUIPU-P102 manifest: field name is not terminated", "its author must build it"},
    {"items without an end", [](auto& m) { fill(m.provides, 'x'); },
     "QUIPU-P102 manifest: field provides is not terminated", "its author must build it"},
    {"name with a control byte", [](auto& m) { put(m.name, "a\x1b[2Jb"); },
     "QUIPU-P102 manifest: expected a name of letters, digits, '.', '_' and '-', found "
     "\"a\\x1b[2Jb\"",
     "its author must build it"},
    {"no name", [](auto& m) { put(m.name, ""); }, "QUIPU-P102 manifest: expected a name",
     "its author must build it"},
    {"other target", [](auto& m) { put(m.target, "riscv64-linux-gnu"); },
     "QUIPU-P103 test.fixture is built for riscv64-linux-gnu, this quipu for " QUIPU_TARGET,
     "install its " QUIPU_TARGET " build"},
    {"newer major", [](auto& m) { m.abi_major = 1; },
     "QUIPU-P104 test.fixture needs plugin ABI 1.1, this quipu has 0.1",
     "upgrade quipu, or install a test.fixture built for 0.1"},
    {"newer minor", [](auto& m) { m.abi_minor = QUIPU_ABI_MINOR + 1; },
     "QUIPU-P104 test.fixture needs plugin ABI 0.2, this quipu has 0.1",
     "upgrade quipu, or install a test.fixture built for 0.1"},
    {"older minor", [](auto& m) { m.abi_minor = QUIPU_ABI_MINOR - 1; },
     "QUIPU-P104 test.fixture was built for plugin ABI 0.0, this quipu has 0.1",
     "install a test.fixture built for 0.1, or a quipu with 0.0"},
    {"unknown kind", [](auto& m) { m.kind = 5; },
     "QUIPU-P102 manifest: expected a kind from 1 to 4, found 5", "its author must build it"},
    {"architecture for a newer opset",
     [](auto& m) {
       m.kind = QUIPU_KIND_ARCHITECTURE;
       m.opset = QUIPU_OPSET + 1;
     },
     "QUIPU-P104 test.fixture needs graph opset 2, this quipu has 1",
     "upgrade quipu, or install a test.fixture for opset 1"},
    {"backend without an opset",
     [](auto& m) {
       m.kind = QUIPU_KIND_BACKEND;
       put(m.provides, "abacus=1");
     },
     "QUIPU-P104 test.fixture names no graph opset, this quipu has 1", "its author must name"},
    {"no items", [](auto& m) { put(m.provides, ""); }, "QUIPU-P102 manifest: item \"\" is empty",
     "its author must correct it"},
    {"empty item", [](auto& m) { put(m.provides, "a=b;;c=d"); },
     "QUIPU-P102 manifest: item \"\" is empty", "its author must correct it"},
    {"item named twice", [](auto& m) { put(m.provides, "test:1=a;test:1=b"); },
     "QUIPU-P102 manifest: item \"test:1=b\" is provided twice", "its author must correct it"},
    {"codec without a name", [](auto& m) { put(m.provides, "test:1="); },
     "QUIPU-P102 manifest: item \"test:1=\" is not of the form type=name",
     "its author must correct it"},
    {"loader with half a byte",
     [](auto& m) {
       m.kind = QUIPU_KIND_LOADER;
       put(m.provides, "gguf@0=474");
     },
     "QUIPU-P102 manifest: item \"gguf@0=474\" is not of the form name@offset",
     "its author must correct it"},
    {"loader with a huge offset",
     [](auto& m) {
       m.kind = QUIPU_KIND_LOADER;
       put(m.provides, "gguf@99999999999999999999=47");
     },
     "QUIPU-P102 manifest: item \"gguf@99999999999999999999=47\" is not of the form",
     "its author must correct it"},
    {"backend without a preference",
     [](auto& m) {
       m.kind = QUIPU_KIND_BACKEND;
       m.opset = 1;
       put(m.provides, "abacus=high");
     },
     "QUIPU-P102 manifest: item \"abacus=high\" is not of the form name=preference",
     "its author must correct it"},
};

Elf64_Ehdr& header_of(std::string& library) {
  return *reinterpret_cast<Elf64_Ehdr*>(library.data());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_good_plugin_is_described_without_being_loaded) {
  const auto found = describe(fixture("good"));

  BOOST_TEST(found.claims_to_be_plugin);
  BOOST_TEST(found.info.usable);
  BOOST_TEST(found.info.problem == "");
  BOOST_TEST(found.info.name == "test.fixture");
  BOOST_TEST(found.info.version == "1.0");
  BOOST_TEST(found.info.license == "Apache-2.0");
  BOOST_TEST(found.info.vendor == "tests");
  BOOST_TEST(found.info.target == QUIPU_TARGET);
  BOOST_TEST(found.info.abi_minor == QUIPU_ABI_MINOR);
  BOOST_TEST((found.info.kind == quipu::PluginKind::codec));
  BOOST_TEST((found.info.provides == std::vector<std::string>{"test:1=first", "test:2=second"}));
  BOOST_TEST(!is_mapped(fixture("good")));
}

BOOST_AUTO_TEST_CASE(a_manifest_that_does_not_fit_is_refused_with_advice) {
  const Folder folder;
  for (const Refusal& refusal : refusals) {
    BOOST_TEST_CONTEXT(refusal.what) {
      std::string library = bytes_of(fixture("good"));
      refusal.change(manifest_in(library));

      const auto found = describe(folder.write("changed.so", library));

      BOOST_TEST(found.claims_to_be_plugin);
      BOOST_TEST(!found.info.usable);
      BOOST_TEST(found.info.problem.starts_with(refusal.problem), found.info.problem);
      BOOST_TEST(found.info.problem.find(refusal.advice) != std::string::npos, found.info.problem);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_plugin_for_another_version_still_says_what_it_would_provide) {
  const Folder folder;
  std::string library = bytes_of(fixture("good"));
  manifest_in(library).abi_minor += 1;

  const auto found = describe(folder.write("newer.so", library));

  BOOST_TEST(found.items.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_library_without_a_manifest_is_no_plugin) {
  const auto found = describe(fixture("no_manifest"));

  BOOST_TEST(!found.claims_to_be_plugin);
  BOOST_TEST(found.info.problem == "QUIPU-P102 not a quipu plugin: it has no section .quipu_mf");
}

BOOST_AUTO_TEST_CASE(text_is_no_plugin) {
  const Folder folder;

  const auto found = describe(folder.write("text.so", "INPUT(libquipu.so.0)\n"));

  BOOST_TEST(!found.claims_to_be_plugin);
  BOOST_TEST(found.info.problem == "QUIPU-P102 not a quipu plugin: expected an ELF shared library");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_cut_off_is_damaged_wherever_it_was_cut) {
  const Folder folder;
  const std::string library = bytes_of(fixture("good"));

  for (std::size_t part = 0; part < 250; ++part) {
    const std::size_t length = library.size() * part / 250;
    BOOST_TEST_CONTEXT("cut after " << length << " bytes") {
      const auto found = describe(folder.write("cut.so", library.substr(0, length)));
      BOOST_TEST(found.claims_to_be_plugin);
      BOOST_TEST(!found.info.usable);
      BOOST_TEST(found.info.problem.starts_with("QUIPU-P101 damaged file: "));
      BOOST_TEST(found.info.problem.ends_with(": install the plugin again"));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_library_for_another_machine_is_refused) {
  const Folder folder;
  std::string library = bytes_of(fixture("good"));
  header_of(library).e_machine = EM_S390;

  const auto found = describe(folder.write("s390.so", library));

  BOOST_TEST(found.info.problem ==
             "QUIPU-P103 test.fixture is built for s390, this quipu for " QUIPU_TARGET
             ": install its " QUIPU_TARGET " build");
}

BOOST_AUTO_TEST_CASE(a_32_bit_and_a_big_endian_library_are_refused) {
  const Folder folder;
  std::string narrow = bytes_of(fixture("good")), big = narrow;
  header_of(narrow).e_ident[EI_CLASS] = ELFCLASS32;
  header_of(big).e_ident[EI_DATA] = ELFDATA2MSB;

  const auto first = describe(folder.write("narrow.so", narrow));
  const auto second = describe(folder.write("big.so", big));

  BOOST_TEST(first.info.problem.starts_with("QUIPU-P103 built for a 32-bit machine"));
  BOOST_TEST(second.info.problem.starts_with("QUIPU-P103 built for a big-endian machine"));
}

BOOST_AUTO_TEST_CASE(a_manifest_section_that_is_too_short_is_refused) {
  const Folder folder;
  std::string library = bytes_of(fixture("good"));
  const Elf64_Ehdr header = header_of(library);
  auto* sections = reinterpret_cast<Elf64_Shdr*>(library.data() + header.e_shoff);
  for (int i = 0; i < header.e_shnum; ++i)
    if (sections[i].sh_offset == manifest_offset(library)) sections[i].sh_size = 512;

  const auto found = describe(folder.write("short.so", library));

  BOOST_TEST(found.info.problem.starts_with(
      "QUIPU-P102 manifest: expected 1024 bytes in section .quipu_mf, found 512"));
}

BOOST_AUTO_TEST_CASE(a_folder_a_pipe_and_nothing_at_all_are_errors_of_the_file_system) {
  const Folder folder;
  const fs::path pipe = folder.path() / "pipe.so";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);

  const auto is_io = [](const quipu::Error& error) { return error.code() == quipu::ErrorCode::io; };
  BOOST_CHECK_EXCEPTION(describe(folder.path()), quipu::Error, is_io);
  BOOST_CHECK_EXCEPTION(describe(pipe), quipu::Error, is_io);
  BOOST_CHECK_EXCEPTION(describe(folder.path() / "none.so"), quipu::Error, is_io);
}

// Everything that the reader looks at: headers, section names, manifest.
BOOST_AUTO_TEST_CASE(no_damaged_copy_of_a_plugin_upsets_the_reader) {
  const Folder folder;
  std::string library = bytes_of(fixture("good"));
  const std::size_t sections = header_of(library).e_shoff, manifest = manifest_offset(library);
  std::mt19937 random(1);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const auto position = [&]() -> std::size_t {
    switch (below(5)) {
    case 0:
      return below(sizeof(Elf64_Ehdr));
    case 1:
      return sizeof(Elf64_Ehdr) + below(10 * sizeof(Elf64_Phdr));
    case 2:
      return sections + below(library.size() - sections);
    case 3:
      return manifest + below(sizeof(quipu_manifest));
    default:
      return below(library.size());
    }
  };

  const fs::path path = folder.write("copy.so", library);
  // Overwriting in place: some file systems wait for the disk when a file is replaced.
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  std::size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string copy = library;
    for (std::size_t changes = 1 + below(4); changes; --changes)
      copy[position()] = static_cast<char>(below(2) ? random() : 0xFF * below(2));
    file.seekp(0).write(copy.data(), static_cast<std::streamsize>(copy.size())).flush();
    const auto found = describe(path);
    BOOST_REQUIRE(found.info.usable == found.info.problem.empty());
    refused += !found.info.usable;
  }

  BOOST_TEST(refused > 4000u);
}
