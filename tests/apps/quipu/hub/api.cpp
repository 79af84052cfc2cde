// The hub's JSON, as it should be and as somebody may forge it.
#include <boost/test/unit_test.hpp>

#include "hub/online/api.h"
#include "quipu/error.h"
#include "support/mutation.h"

using namespace quipu::app;

namespace {

const RepositoryName repository{"org", "tiny"};

// Fields as huggingface.co gives them for api/models/…/revision/main?blobs=true, others left out.
const std::string listing =
    R"({"_id":"1","id":"org/tiny","sha":"0123456789abcdef0123456789abcdef01234567","gated":"auto",)"
    R"("siblings":[{"rfilename":"README.md","size":7,"blobId":"1111111111111111111111111111111111111111"},)"
    R"({"rfilename":"big/tiny-Q4_0.gguf","size":300000,"blobId":"2222222222222222222222222222222222222222",)"
    R"("lfs":{"sha256":"3333333333333333333333333333333333333333333333333333333333333333","size":300000,"pointerSize":131}}]})";

const std::string hits =
    R"([{"id":"org/tiny","downloads":12,"likes":3,"lastModified":"2025-06-01T00:00:00.000Z"}])";

// A few bytes changed, cut out or put in, more often such that mean something in JSON.
std::string mutated(std::string text, quipu::test::Mutation& mutation) {
  constexpr std::string_view signs = "{}[]\",:\\/.%-e0129 ntf\0\xFF";
  for (std::size_t i = 0; i <= mutation.below(3); ++i) {
    const std::size_t at = mutation.below(text.size());
    const char sign = signs[mutation.below(signs.size())];
    if (mutation.one_in(3))
      text.insert(at, 1 + mutation.below(4), sign);
    else if (mutation.one_in(2))
      text.erase(at, 1 + mutation.below(20));
    else
      text[at] = sign;
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_listing_has_commit_names_sizes_and_digests) {
  const HubListing parsed = parse_listing(repository, listing);

  BOOST_TEST(parsed.commit == "0123456789abcdef0123456789abcdef01234567");
  BOOST_TEST(parsed.gated);
  BOOST_REQUIRE(parsed.files.size() == 2u);
  BOOST_TEST(parsed.files[0].digest == std::string(40, '1'));
  BOOST_TEST(parsed.files[1].name == "big/tiny-Q4_0.gguf");
  BOOST_TEST(parsed.files[1].bytes == 300000u);
  BOOST_TEST(parsed.files[1].digest == std::string(64, '3'));
  BOOST_TEST(parse_hits(hits).at(0).downloads == 12u);
}

BOOST_AUTO_TEST_CASE(addresses_have_every_part_escaped) {
  BOOST_TEST(listing_url("https://h", repository, "refs/pr/1") ==
             "https://h/api/models/org/tiny/revision/refs%2Fpr%2F1?blobs=true");
  BOOST_TEST(file_url("https://h", repository, "abc", "a b/c?d#e.gguf") ==
             "https://h/org/tiny/resolve/abc/a%20b/c%3Fd%23e.gguf");
  BOOST_TEST(
      search_url("https://h", "a&b=c", 5) ==
      "https://h/api/models?search=a%26b%3Dc&filter=gguf&sort=downloads&direction=-1&limit=5");
}

BOOST_AUTO_TEST_CASE(forged_answers_are_refused_or_safe) {
  quipu::test::Mutation mutation(2026);
  std::size_t parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    try {
      const HubListing found = parse_listing(repository, mutated(listing, mutation));
      ++parsed;
      bool safe = is_hexadecimal(found.commit, 40);
      for (const HubFile& file : found.files)
        safe = safe && file_name_problem(file.name).empty() && file.bytes <= 1ull << 50 &&
               (is_hexadecimal(file.digest, 40) || is_hexadecimal(file.digest, 64));
      if (!safe) BOOST_ERROR("an unsafe listing was accepted in round " << i);
    } catch (const quipu::Error&) {
    }
    try {
      parse_hits(mutated(hits, mutation));
    } catch (const quipu::Error&) {
    }
  }
  // Else the changes are too coarse to reach anything behind the JSON parser.
  BOOST_TEST(parsed > 1000u);
}
