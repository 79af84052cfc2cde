// Templates with bytes changed, dropped, repeated and swapped between them: whatever comes of it is
// a text or an Error, and nothing else.
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

#include "quipu/chat_template.h"

namespace json = boost::json;
using quipu::ChatTemplate;
using quipu::Error;

namespace {

// The same on every run: a failure names the source, and comes again.
class Mutator {
 public:
  std::string mutated(std::string source, const std::string& other) {
    const std::size_t changes = 1 + below(4);
    for (std::size_t i = 0; i < changes && !source.empty(); ++i) {
      const std::size_t at = below(source.size()), size = 1 + below(8);
      switch (below(5)) {
      case 0:
        source[at] = static_cast<char>(below(256));
        break;
      case 1:
        source.erase(at, size);
        break;
      case 2:
        source.insert(at, source.substr(at, size));
        break;
      case 3:
        source.insert(at, other.substr(below(other.size() + 1), 20));
        break;
      default:
        source[at] = "{}%#-+'\"\\()[]|,:.=~*/<>"[below(23)];
      }
    }
    return source;
  }

 private:
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }
  std::uint64_t state_ = 1;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_mutated_template_is_rendered_or_refused) {
  std::ostringstream text;
  text << std::ifstream(QUIPU_TEST_DATA "/text/jinja/snippets.json").rdbuf();
  const auto all = json::parse(text.str());
  const auto variables = json::serialize(all.at("vars"));
  std::vector<std::string> sources;
  for (const auto& [group, snippets] : all.at("groups").as_object())
    for (const auto& each : snippets.as_array())
      sources.push_back(json::value_to<std::string>(each.at("template")));
  Mutator mutator;
  std::size_t rendered = 0, refused = 0;
  for (std::size_t round = 0; round < 8; ++round)
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const std::string source =
          mutator.mutated(sources[i], sources[(7919 * (i + round) + 1) % sources.size()]);
      try {
        ChatTemplate::parse(source, "test")
            ->render_json(variables, *quipu::TemplateTime::parse("2026-01-02T03:04:05"));
        ++rendered;
      } catch (const Error&) {
        ++refused;
      }
    }
  BOOST_TEST(rendered > 1000u);
  BOOST_TEST(refused > 1000u);
}
