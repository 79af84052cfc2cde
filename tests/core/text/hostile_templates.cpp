// Templates that want to crash, hang or exhaust what renders them: each ends in an error that names
// what it exceeded, within a second, in little memory and in a thread with a small stack.
#include <boost/test/unit_test.hpp>

#include <pthread.h>
#include <sys/resource.h>

#include <ctime>

#include "quipu/chat_template.h"

using quipu::ChatTemplate;
using quipu::Error;

namespace {

// Sanitizers make frames several times as large, and everything slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
constexpr std::size_t stack_bytes = sanitized ? 8 << 20 : 256 << 10;
constexpr double most_seconds = sanitized ? 60 : 1;  // of the processor, whatever else it does
constexpr long most_kibibytes = sanitized ? 4 << 20 : 256 << 10;

struct Outcome {
  const std::string* source;
  std::string text, error;
  double seconds = 0;
};

void* render(void* argument) {
  auto& outcome = *static_cast<Outcome*>(argument);
  try {
    outcome.text = ChatTemplate::parse(*outcome.source, "test")
                       ->render_json(R"({"s": "text", "l": [3, 1, 2], "d": {"a": 1}})",
                                     *quipu::TemplateTime::parse("2026-01-02T03:04:05"));
  } catch (const Error& error) {
    outcome.error = error.what();
  }
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  outcome.seconds = static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  return nullptr;
}

Outcome in_small_thread(const std::string& source) {
  Outcome outcome{&source, {}, {}};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  BOOST_REQUIRE(pthread_create(&thread, &attributes, render, &outcome) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  return outcome;
}

long peak_kibibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void is_refused(const std::string& source, const std::string& part) {
  BOOST_TEST_CONTEXT(source.substr(0, 120)) {
    const Outcome outcome = in_small_thread(source);

    BOOST_TEST(outcome.error.find(part) != std::string::npos,
               outcome.error << " | " << outcome.text.substr(0, 100));
    BOOST_TEST(outcome.seconds < most_seconds);
    BOOST_TEST(peak_kibibytes() < most_kibibytes);
    BOOST_TEST_MESSAGE(outcome.seconds << " s, " << peak_kibibytes() / 1024
                                       << " MiB: " << source.substr(0, 60));
  }
}

void is_harmless(const std::string& source) {
  BOOST_TEST_CONTEXT(source.substr(0, 120)) {
    const Outcome outcome = in_small_thread(source);

    BOOST_TEST(outcome.seconds < most_seconds);
    BOOST_TEST(peak_kibibytes() < most_kibibytes);
    BOOST_TEST_MESSAGE(outcome.seconds
                       << " s, " << outcome.error << ": "
                       << source.substr(source.size() - std::min<std::size_t>(source.size(), 40)));
  }
}

std::string repeated(const std::string& part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

const std::string deep = "nested at most ", steps = "in 4 million steps",
                  nesting = "nested less deep";

}  // namespace

BOOST_AUTO_TEST_CASE(nesting_that_a_stack_would_not_hold_is_refused_where_it_is_read) {
  for (const char* const open : {"(", "[", "{'a':", "not ", "-", "+", "x[", "x(", "x|f(", "x is y(",
                                 "x if ", "1 if 1 else ", "{'a': [(", "f(*", "f(a=", "x.y[1:"})
    is_refused("{{ " + repeated(open, 1'000'000), deep);
  is_refused("{{ x" + repeated(".y", 1'000'000) + " }}", deep);
  is_refused("{{ x" + repeated("|upper", 1'000'000) + " }}", deep);
  is_refused("{{ x" + repeated("[0]", 1'000'000) + " }}", deep);
  is_refused("{{ x" + repeated("()", 1'000'000) + " }}", deep);
  is_refused("{{ " + repeated("2 ** ", 1'000'000) + "1 }}", "at most 200000");
  is_refused("{{ [" + repeated("1,", 1'000'000) + "] }}", "at most 200000");
  is_refused(repeated("{{ 1 }}", 1'000'000), "at most 200000");
  is_refused(repeated("{% if x %}{% endif %}", 1'000'000), "at most 200000");
  is_refused("{% set " + repeated("(", 1'000'000), deep);
  is_refused("{% for " + repeated("(", 1'000'000), deep);
  for (const char* const block :
       {"{% if x %}", "{% for x in l %}", "{% macro m() %}", "{% call m() %}", "{% set x %}",
        "{% filter upper %}", "{% with %}", "{% generation %}", "{% if x %}{% else %}",
        "{% if x %}{% elif y %}", "{% block b %}", "{% for x in l %}{% else %}"})
    is_refused(repeated(block, 300'000), deep);
}

BOOST_AUTO_TEST_CASE(what_nests_as_deep_as_may_be_still_renders) {
  const std::size_t most = 60;  // of 64, with the levels that stand around
  for (const auto& [open, close] :
       {std::pair{"(", ")"}, {"[", "]"}, {"{'a':", "}"}, {"l|join(", ")"}})
    is_harmless("{{ " + repeated(open, most) + "1" + repeated(close, most) + " }}");
  is_harmless("{{ " + repeated("not ", most) + "1 }}");
  is_harmless("{{ " + repeated("1 if 1 else ", most) + "1 }}");
  for (const auto& [open, close] : {std::pair{"{% if 1 %}", "{% endif %}"},
                                    {"{% for i in [1] %}", "{% endfor %}"},
                                    {"{% set x %}", "{% endset %}"},
                                    {"{% filter upper %}", "{% endfilter %}"}}) {
    const Outcome outcome = in_small_thread(repeated(open, most) + repeated(close, most));
    BOOST_TEST(outcome.error == "");
  }
  // A row is no nest.
  const Outcome row =
      in_small_thread("{{ 1" + repeated(" + 1", 10'000) + " }}{{ 1" + repeated(" and 1", 10'000) +
                      " }}{{ 'a'" + repeated(" ~ 'a'", 10'000) + " }}");
  BOOST_TEST(row.text.starts_with("100011aaa"), row.error);
}

BOOST_AUTO_TEST_CASE(recursion_ends) {
  is_refused("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", nesting);
  is_refused("{% macro a(x) %}{{ a([x]) }}{% endmacro %}{{ a(1) }}", nesting);
  is_refused(
      "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
      nesting);
  is_refused("{% macro a() %}{% call a() %}{{ caller() }}{% endcall %}{% endmacro %}{{ a() }}",
             nesting);
  is_refused("{% macro a() %}{{ caller() }}{% call a() %}{{ caller() }}{% endcall %}{% endmacro %}"
             "{% call a() %}x{% endcall %}",
             nesting);
  is_refused("{% macro a() %}{% for i in l %}{% if i %}{% set x %}{{ [{'a': (a() ~ 1)|upper}] }}"
             "{% endset %}{{ x }}{% endif %}{% endfor %}{% endmacro %}{{ a() }}",
             nesting);
  is_refused("{% for i in l recursive %}{{ loop(l) }}{% endfor %}", nesting);
  is_refused(
      "{% macro a(n) %}{{ l|map('x')|list if n > 9 else a(n)|upper|lower|trim }}{% endmacro %}"
      "{{ a(1) }}",
      nesting);
  is_refused("{% macro fork(n) %}{% if n %}{{ fork(n - 1) }}{{ fork(n - 1) }}{% endif %}"
             "{% endmacro %}{{ fork(20) }}",
             steps);
}

// Which budget ends first, that of steps or that of bytes, is no promise.
BOOST_AUTO_TEST_CASE(values_do_not_grow_without_end) {
  is_refused("{% for i in range(1000000000) %}x{% endfor %}", "range: expected at most 100000");
  is_refused("{{ range(0, 10 ** 18, 1)|length }}", "range: expected at most 100000");
  is_refused("{{ 'a' * 10 ** 12 }}", "expected to");
  is_refused("{{ [1] * 10 ** 12 }}", "expected to");
  is_refused("{{ ('a' * 10 ** 18) * 10 ** 18 }}", "expected to");
  is_refused("{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}"
             "{% endfor %}",
             "expected to");
  is_refused("{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}"
             "{% endfor %}",
             "expected to");
  is_refused("{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}"
             "{% endfor %}",
             "expected to");
  is_refused("{% set n = namespace(x='ab') %}{% for i in range(99) %}"
             "{% set n.x = n.x|replace('', n.x) %}{% endfor %}",
             "expected to");
  is_refused("{% set n = namespace(x='ab') %}{% for i in range(99) %}"
             "{% set n.x = n.x.replace('a', 'aa').replace('b', n.x) %}{% endfor %}",
             "expected to");
  is_refused("{{ 'a'|center(10 ** 9) }}", "at most 1000000");
  is_refused("{{ 'a'.ljust(10 ** 9) }}", "at most 1000000");
  is_refused("{{ 'a'.zfill(10 ** 9) }}", "at most 1000000");
  is_refused("{{ ('\\n' * 100000)|indent(100000, true, true) }}", "expected to");
  is_refused("{{ ('\\t' * 1000000).expandtabs(1000) }}", "expected to");
  is_refused("{{ l|batch(10 ** 12, 'x')|list }}", "expected");
  is_refused("{{ l|slice(10 ** 12)|list }}", "expected");
  is_refused("{{ range(9999)|join('a' * 100000) }}", "expected to");
  is_refused("{{ ('a' * 100000).join(['b'] * 9999) }}", "expected to");
  is_refused("{{ '%1000000000d' % 1 }}", "expected widths up to 100000");
  is_refused("{{ '%*d' % (10 ** 18, 1) }}", "expected");
  is_refused("{{ '{:1000000000}'.format(1) }}", "expected widths up to 100000");
  is_refused("{{ '{:.1000000000f}'.format(1.5) }}", "expected widths up to 100000");
  is_refused("{{ ('{0}' * 100000).format('a' * 100000) }}", "expected to");
  is_refused("{{ ('%s' * 2000) % ((('a' * 100000),) * 2000) }}", "expected to");
  is_refused("{{ [l, l]|tojson(indent='a' * 60000000) }}", "expected to");
  is_refused("{{ ('a' * 60000000) ~ ('b' * 60000000) }}", "expected to");
  is_refused("{{ ('aé' * 1000000)|list|length }}", "expected to");
  is_refused("{{ ('a ' * 10000000).split()|length }}", "expected to");
  is_refused("{{ ('a,' * 10000000).split(',')|length }}", "expected to");
  is_refused("{{ ('\\n' * 10000000).splitlines()|length }}", "expected to");
  is_refused("{{ ('é' * 10000000)[::2] }}", "expected to");
  is_refused("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
             "expected to");
  is_refused("{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}x"
             "{% endfor %}{% endfor %}{% endfor %}",
             "expected to");
  is_refused("{% set n = namespace() %}{% for i in range(100000) %}{% for j in range(100) %}"
             "{% set n.x = namespace(a=i) %}{% endfor %}{% endfor %}",
             "expected to");
  is_refused("{% for i in range(100000) %}{% for j in range(100) %}{% macro m() %}{% endmacro %}"
             "{% endfor %}{% endfor %}",
             "expected to");
}

BOOST_AUTO_TEST_CASE(lists_that_share_their_parts_are_not_written_as_often_as_they_are_reached) {
  const std::string doubled =
      "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(90) %}{% set n.x = [n.x, n.x] %}"
      "{% set n.y = [n.y, n.y] %}{% endfor %}";
  is_refused(doubled + "{{ n.x }}", "expected to");
  is_refused(doubled + "{{ n.x|string|length }}", "expected to");
  is_refused(doubled + "{{ n.x|tojson }}", "expected to");
  is_refused(doubled + "{{ n.x|tojson(indent=2, sort_keys=true) }}", "expected to");
  is_refused(doubled + "{{ n.x == n.y }}", steps);
  is_refused(doubled + "{{ n.x < n.y }}", steps);
  is_refused(doubled + "{{ n.x in [n.y] }}", steps);
  is_refused(doubled + "{{ [n.x, n.y]|sort }}", steps);
  is_refused("{% set n = namespace(x=(1,)) %}{% for i in range(90) %}{% set n.x = (n.x, n.x) %}"
             "{% endfor %}{{ {n.x: 1} }}",
             "expected to");
}

BOOST_AUTO_TEST_CASE(values_nest_only_so_deep) {
  const auto grown = [](const std::string& start, const std::string& next) {
    return "{% set n = namespace(x=" + start +
           ") %}{% for i in range(99999) %}{% set n.x = " + next + " %}{% endfor %}";
  };
  is_refused(grown("[]", "[n.x]"), deep);
  is_refused(grown("()", "(n.x,)"), deep);
  is_refused(grown("{}", "{'a': n.x}"), deep);
  is_refused(grown("[]", "dict(a=n.x)"), deep);
  is_refused(grown("[]", "[cycler(n.x)]"), deep);
  is_refused(grown("[]", "cycler(n.x)"), deep);
  is_refused(grown("[]", "[n.x]|batch(1)|list"), deep);
  is_refused(grown("{}", "{'a': n.x.get}"), deep);
  // These are held by what holds all of them, and freed one by one.
  is_harmless("{% set n = namespace(x=1) %}{% for i in range(20000) %}"
              "{% set n.x = namespace(y=n.x) %}{% endfor %}");
  is_harmless(
      "{% set n = namespace(x=1) %}{% set n.x = n %}{% set n.y = [n, {'a': n}] %}{{ n.x.y }}");
  is_harmless(
      "{% set n = namespace(f=1) %}{% macro m() %}{% set n.f = caller %}{{ caller() }}"
      "{% endmacro %}{% for i in range(20000) %}{% set g = n.f %}{% call m() %}{% endcall %}"
      "{% endfor %}");
  is_harmless("{% set n = namespace(x=1) %}{% for i in range(20000) %}{% set p = n.x %}"
              "{% for j in [1] recursive %}{% set n.x = loop %}{% endfor %}{% endfor %}");
  is_harmless(
      "{% set n = namespace(x=1) %}{% for i in range(20000) %}{% set p = n.x %}"
      "{% for j in [p] %}{{ loop.changed(n.x) }}{% set n.x = loop %}{% endfor %}{% endfor %}");
  is_harmless("{% set n = namespace(x=1) %}{% for i in range(20000) %}"
              "{% set n.x = cycler(namespace(y=n.x)) %}{% endfor %}");
}

BOOST_AUTO_TEST_CASE(searches_are_linear_and_paid_for) {
  const std::string text = "{% set s = 'a' * 1000000 %}{% set p = 'a' * 500000 ~ 'b' %}";
  for (const char* const search :
       {"p in s", "s.find(p)", "s.rfind(p)", "s.count(p)", "s.replace(p, '')", "s|replace(p, '')",
        "s.split(p)", "s.rsplit(p, 1)", "s.partition(p)", "s.rpartition(p)", "s.startswith(p)",
        "s.strip(p)", "s == p", "s < p"})
    is_harmless(text + "{{ " + search + " }}");
  const std::string often = "{% set s = 'aé' * 500000 %}{% for i in range(100000) %}{% set x = ";
  for (const char* const work : {"s[i]",
                                 "s[-1]",
                                 "s[5:6]",
                                 "s.find('b')",
                                 "s.rfind('b')",
                                 "s.count('b')",
                                 "'b' in s",
                                 "s|length",
                                 "s|upper",
                                 "s|trim",
                                 "s.strip()",
                                 "s|title",
                                 "s|first",
                                 "s|reverse",
                                 "s|tojson",
                                 "s == s ~ 'x'",
                                 "s.isalpha()",
                                 "s.startswith('b', 5)",
                                 "s.index('é', 400000)",
                                 "s|wordcount",
                                 "s|escape",
                                 "s|int",
                                 "s|float",
                                 "s|urlencode",
                                 "'%.1s' % s",
                                 "'{:.1}'.format(s)",
                                 "s|list",
                                 "s.isupper()",
                                 "s is upper",
                                 "s.rsplit('b', 1)",
                                 "s.splitlines()",
                                 "s|indent",
                                 "s|hash",
                                 "s|string|length",
                                 "s|default(1)|length",
                                 "[s]|join",
                                 "[s]|map('length')|list",
                                 "s|select",
                                 "s|truncate(5)",
                                 "s.isprintable()",
                                 "s.isidentifier()",
                                 "s.istitle()",
                                 "{s: 1}",
                                 "{s: 1}[s]"})
    is_harmless(often + work + " %}{% endfor %}");
}

BOOST_AUTO_TEST_CASE(numbers_stay_within_their_bits) {
  is_refused("{{ 10 ** 100 }}", "64 bits");
  is_refused("{{ 2 ** (2 ** 62) }}", "64 bits");
  is_refused("{{ 9223372036854775807 + 1 }}", "64 bits");
  is_refused("{{ -9223372036854775807 - 2 }}", "64 bits");
  is_refused("{{ (-9223372036854775807 - 1) // -1 }}", "64 bits");
  is_refused("{{ -(-9223372036854775807 - 1) }}", "64 bits");
  is_refused("{{ (-9223372036854775807 - 1)|abs }}", "64 bits");
  is_refused("{{ 1e300|int }}", "64 bits");
  is_refused("{{ '99999999999999999999'|int }}", "64 bits");
  is_refused("{{ 99999999999999999999 }}", "64 bits");
  is_refused("{{ 10.0 ** 400 }}", "that a float holds");
  is_harmless("{{ 1 ** (2 ** 62) }}{{ (-1) ** (2 ** 62 + 1) }}{{ 0 ** (2 ** 62) }}");
  is_harmless("{{ s[9223372036854775807] }}{{ l[-9223372036854775807] }}{{ l[::2 ** 62] }}");
  is_harmless("{{ range(9223372036854775806, 9223372036854775807, 9)|list }}");
  is_harmless("{{ 'abc'.find('b', -9223372036854775807, 9223372036854775807) }}");
  is_harmless("{{ l.index(3, -9223372036854775807, 9223372036854775807) }}");
  is_harmless("{{ '%c' % 1114112 }}{{ '%c' % -1 }}{{ '{:c}'.format(55296) }}");
}

BOOST_AUTO_TEST_CASE(nothing_of_the_host_is_in_reach) {
  is_refused("{{ ''.__class__.__mro__[1].__subclasses__() }}", "is undefined");
  is_refused("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "is undefined");
  is_refused("{{ l.__class__.__base__ }}", "is undefined");
  is_refused("{{ s|attr('__class__')|attr('__mro__') }}", "is undefined");
  is_refused("{{ '{0.__class__.__mro__}'.format(s) }}", "is undefined");
  is_refused("{{ ''['__class__']['__mro__'] }}", "is undefined");
  is_refused("{{ l|map(attribute='__class__.__mro__')|list }}", "is undefined");
  is_refused("{{ self.__init__() }}", "is undefined");
  is_refused("{{ l.append(1) }}", "does not change");
  is_refused("{% set d.a = 1 %}", "expected a namespace");
  for (const char* const tag : {"{% include 'x' %}", "{% import 'x' as y %}",
                                "{% from 'x' import y %}", "{% extends 'x' %}"})
    is_refused(tag, "expected a template that stands alone");
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_and_not_more) {
  for (const char* const source : {"{{",
                                   "{%",
                                   "{#",
                                   "{{ '",
                                   "{{ \"\\",
                                   "{% raw",
                                   "{% raw %}",
                                   "{% raw %}{%",
                                   "{{ '\\x",
                                   "{{ '\\u12",
                                   "{%-",
                                   "{{-",
                                   "{#-",
                                   "{% set x = ",
                                   "{% for ",
                                   "{% macro m(",
                                   "{{ 1.",
                                   "{{ 1e",
                                   "{{ 0x",
                                   "{{ x.",
                                   "{{ x|",
                                   "{{ x is",
                                   "{{ x[",
                                   "{{ '\xff' }}\xff\xc3",
                                   "{{ '\xf0\x9f' }}",
                                   "\xf0{{ s }}\x9f",
                                   "{{ s[0] }}{",
                                   "{{ '%' % 1 }}",
                                   "{{ '%(' % d }}",
                                   "{{ '{' .format() }}",
                                   "{{ '{:'.format() }}",
                                   "{{ '{!'.format(1) }}",
                                   "{{ '{0'.format(1) }}",
                                   "{{ '{[}'.format(1) }}",
                                   "{{ '{:{:{}}}'.format(1, 2, 3) }}",
                                   "{{ '{0.}'.format(1) }}",
                                   "{{ ''.split('') }}",
                                   "{{ 1 % 0 }}",
                                   "{{ strftime_now('%') }}",
                                   "{{ strftime_now('%Q%E%O%') }}",
                                   "{{ ['\xff']|tojson }}",
                                   "{{ '\xff\xfe'|upper|title|list }}"})
    is_harmless(source);
}
