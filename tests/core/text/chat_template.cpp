// Chat templates: Jinja as models use it, its limits, and templates of real models.
#include "quipu/chat_template.h"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "small_vocabularies.h"

namespace json = boost::json;
using quipu::ChatTemplate;
using quipu::Error;
using quipu::TemplateRaised;
using quipu::TemplateTime;

namespace {

const TemplateTime now = *TemplateTime::parse("2026-01-02T03:04:05");

std::string rendered(const std::string& source, const std::string& variables = "{}") {
  return ChatTemplate::parse(source, "test")->render_json(variables, now);
}

void refused(const std::string& source, const std::string& part) {
  BOOST_CHECK_EXCEPTION(rendered(source), Error, [&](const Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    return error.code() == quipu::ErrorCode::invalid &&
           std::string(error.what()).find(part) != std::string::npos;
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_print_as_python_prints_them) {
  BOOST_TEST(rendered("{{ [1, 2.0, 'a', none, true, (1,), {'k': \"it's\"}] }}") ==
             "[1, 2.0, 'a', None, True, (1,), {'k': \"it's\"}]");
  BOOST_TEST(
      rendered("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1e20 }}") ==
      "3 -4 2 3.5 1024 1e+20");
  BOOST_TEST(rendered("{{ 'a' ~ 1 ~ none }}{{ missing }}{{ 'é日'|length }}{{ 'é日x'[1:] }}") ==
             "a1None2日x");
  BOOST_TEST(rendered("{{ [1,2,3,4][::-2] }}{{ 'abc'[-1] }}{{ (1 < 2 < 3) and not 0 }}") ==
             "[4, 2]cTrue");
}

BOOST_AUTO_TEST_CASE(blanks_around_tags_go_as_in_chat_templates) {
  BOOST_TEST(rendered("a\n  {% if true %}\n  b\n  {% endif %}\nc\n") == "a\n  b\nc");
  BOOST_TEST(rendered("a  {{- ' b ' -}}  c") == "a b c");
  BOOST_TEST(rendered("a\n  {%+ if true %}b{% endif +%}\nc") == "a\n  b\nc");
  BOOST_TEST(rendered("x{# gone #}\n  y{% raw %}{{ z }}{% endraw %}") == "x  y{{ z }}");
}

BOOST_AUTO_TEST_CASE(loops_scopes_macros_and_namespaces) {
  BOOST_TEST(rendered("{% for k, v in {'a': 1, 'b': 2}.items() if v > 1 %}{{ k }}{{ loop.index }}"
                      "{{ loop.last }}{% else %}none{% endfor %}") == "b1True");
  BOOST_TEST(rendered("{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}"
                      "{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}") == "023");
  BOOST_TEST(rendered("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}") ==
             "1");
  BOOST_TEST(rendered("{% set n = namespace(x=1) %}{% for i in [1] %}{% set n.x = 2 %}{% endfor %}"
                      "{{ n.x }}") == "2");
  BOOST_TEST(rendered("{% macro m(a, b='B') %}{{ a }}{{ b }}{{ kwargs }}{% endmacro %}"
                      "{{ m(1, c=3) }}{% call m('x') %}{% endcall %}") == "1B{'c': 3}xB{}");
  BOOST_TEST(
      rendered("{% set t %}a{{ 1 }}{% endset %}{{ t|upper }}{% filter trim %} b {% endfilter %}") ==
      "A1b");
  BOOST_TEST(rendered("{% for a in [[1, [2]]] recursive %}{{ a if a is number else loop(a) }}"
                      "{% endfor %}") == "12");
  BOOST_TEST(rendered("{% generation %}a{% endgeneration %}") == "a");
}

BOOST_AUTO_TEST_CASE(json_is_written_as_python_writes_it) {
  const std::string variables = R"({"v": {"b": [1, 2.5, null], "a": "é\"\n<"}})";

  BOOST_TEST(rendered("{{ v|tojson }}", variables) == R"({"b": [1, 2.5, null], "a": "é\"\n<"})");
  BOOST_TEST(rendered("{{ v.b|tojson(indent=2) }}", variables) == "[\n  1,\n  2.5,\n  null\n]");
  BOOST_TEST(rendered("{{ v|tojson(sort_keys=true, ensure_ascii=true, separators=(',', ':')) }}",
                      variables) == R"({"a":"\u00e9\"\n<","b":[1,2.5,null]})");
}

BOOST_AUTO_TEST_CASE(time_is_what_the_caller_says) {
  BOOST_TEST(rendered("{{ strftime_now('%d %b %Y %A') }}") == "02 Jan 2026 Friday");
  BOOST_TEST(!TemplateTime::parse("2026-13-02T03:04:05").has_value());
  BOOST_TEST(!TemplateTime::parse("today").has_value());
}

BOOST_AUTO_TEST_CASE(what_a_template_raises_is_its_own_message) {
  BOOST_CHECK_EXCEPTION(
      rendered("{{ raise_exception('no system role') }}"), TemplateRaised,
      [](const TemplateRaised& raised) { return std::string(raised.what()) == "no system role"; });
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_line) {
  refused("{% for m in messages %}{{ m.content ", "line 1: expected }}");
  refused("a\n{% if x %}", "line 2: expected endif, found the end");
  refused("\n\n{{ x.y }}", "line 3: 'x' is undefined, and has no attribute 'y'");
  refused("{{ 1 + 'a' }}", "expected numbers, found integer and string");
  refused("{{ 'a'|nothing }}", "expected a filter that exists, found 'nothing'");
  refused("{% include 'x' %}", "expected a tag that templates have, found 'include'");
}

BOOST_AUTO_TEST_CASE(nothing_of_the_host_is_in_reach_and_nothing_runs_away) {
  refused("{{ ''.__class__.__mro__ }}", "is undefined");
  refused("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "is undefined");
  refused("{% for i in range(1000000000) %}x{% endfor %}", "range: expected at most 100000");
  refused("{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
          "expected");
  refused("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "expected less nesting");
  refused("{{ 'a' * 10 ** 12 }}", "at most 64 MiB");
  refused(
      "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
      "at most 64 MiB");
  refused("{% set n = namespace(x=[]) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor "
          "%}{{ n.x }}",
          "nested at most 100 deep");
  for (const char* const open : {"(", "[", "{'a':", "not ", "-", "x["})
    refused(
        [&] {
          std::string source = "{{ ";
          for (int i = 0; i < 50000; ++i) source += open;
          return source;
        }(),
        "nested at most 100 deep");
  std::string blocks;
  for (int i = 0; i < 50000; ++i) blocks += "{% if x %}";
  refused(blocks, "blocks nested at most 100 deep");
}

BOOST_AUTO_TEST_CASE(a_model_brings_its_template_and_its_tokens) {
  auto metadata = quipu::test::sentence_pieces({"a"});
  BOOST_TEST(!ChatTemplate::make(metadata));

  metadata.set(
      "tokenizer.chat_template",
      "{{ bos_token }}{% for m in messages %}{{ m['role'] }}:{{ m.content }}{{ eos_token }}"
      "{% endfor %}{% if add_generation_prompt %}>{% endif %}");
  const quipu::ChatMessage messages[] = {{"user", "hi"}, {"assistant", "yo"}};

  BOOST_TEST(ChatTemplate::make(metadata)->render(messages, true) ==
             "<s>user:hi</s>assistant:yo</s>>");
}

BOOST_AUTO_TEST_CASE(a_model_may_have_a_template_for_a_purpose) {
  auto metadata = quipu::test::sentence_pieces({"a"});
  metadata.set("tokenizer.chat_template", "plain");
  metadata.set("tokenizer.chat_template.tool_use", "with tools");

  BOOST_TEST(ChatTemplate::make(metadata, "tool_use")->render({}, true) == "with tools");
  BOOST_TEST(ChatTemplate::make(metadata, "tool_use")->name() ==
             "tokenizer.chat_template.tool_use");
  BOOST_TEST(ChatTemplate::make(metadata, "rag")->render({}, true) == "plain");
  BOOST_TEST(ChatTemplate::make(metadata)->render({}, true) == "plain");
}

BOOST_AUTO_TEST_CASE(a_broken_template_of_a_model_is_named) {
  auto metadata = quipu::test::sentence_pieces({"a"});
  metadata.set("tokenizer.chat_template", "{% if %}");

  BOOST_CHECK_EXCEPTION(ChatTemplate::make(metadata), Error, [](const Error& error) {
    return std::string(error.what()).starts_with("tokenizer.chat_template: template, line 1: ");
  });
}

BOOST_AUTO_TEST_CASE(a_name_that_no_template_has_is_refused_with_those_that_there_are) {
  BOOST_CHECK_EXCEPTION(ChatTemplate::named("nope"), Error, [](const Error& error) {
    return error.code() == quipu::ErrorCode::usage &&
           std::string(error.what()).starts_with("chat template: expected one of chatml");
  });
}

// Renderings of jinja2 3.1.6. That environment does not know the generation tag, which Hugging Face
// transformers adds: templates that have it are compared no further.
BOOST_AUTO_TEST_CASE(templates_of_real_models_give_what_jinja2_gave) {
  const std::filesystem::path path = QUIPU_SHARED_DATA "/templates/chat_templates.json";
  if (!std::filesystem::exists(path)) {
    BOOST_TEST_MESSAGE("skipped: there is no " << path);
    return;
  }
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  const auto all = json::parse(text.str());
  std::size_t compared = 0;
  for (const auto& entry : all.at("templates").as_array())
    for (const auto& each : entry.at("cases").as_array()) {
      const auto& object = each.as_object();
      const auto name = json::value_to<std::string>(entry.at("name")) + ", " +
                        json::value_to<std::string>(object.at("case"));
      const auto source = json::value_to<std::string>(entry.at("template"));
      const auto variables = json::serialize(all.at("vars").at(object.at("case").as_string()));
      if (const auto* error = object.if_contains("error")) {
        if (json::value_to<std::string>(*error).find("'generation'") != std::string::npos) continue;
        BOOST_CHECK_THROW(rendered(source, variables), Error);
      } else {
        BOOST_TEST(rendered(source, variables) ==
                       json::value_to<std::string>(object.at("expected")),
                   name);
      }
      ++compared;
    }
  BOOST_TEST(compared == 304u);
}
