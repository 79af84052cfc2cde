// Functions that every template has.
#include <locale.h>
#include <time.h>

#include "text/jinja/builtins.h"
#include "text/jinja/objects.h"

namespace quipu::jinja {
namespace {

Value range(Renderer& r, const Arguments& a) {
  const Given given("range", a, {"", "", ""}, 1);
  const bool one = !given[1];
  const std::int64_t first = one ? 0 : given.integer(0, 0), last = given.integer(one ? 0 : 1, 0),
                     step = given.integer(2, 1);
  if (step == 0) fail("range: expected a step that is not 0");
  constexpr std::int64_t most = 100'000;  // the limit of Jinja's own sandbox
  List list;
  list.kind = List::Kind::range;
  list.shown = "range(" + std::to_string(first) + ", " + std::to_string(last) +
               (step == 1 ? ")" : ", " + std::to_string(step) + ")");
  for (std::int64_t i = first; step > 0 ? i < last : i > last;) {
    if (std::ssize(list.items) == most) fail("range: expected at most 100000 numbers, found more");
    list.items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return made(r, std::move(list));
}

// dict(other, key=value …): of a mapping or pairs.
Dict dict_of(Renderer& r, const Arguments& a, const char* function) {
  const Arguments by_position{a.positional, {}};
  const Given given(function, by_position, {""});
  Dict dict;
  if (given[0] && given[0]->is_dict()) {
    dict = given[0]->dict();
  } else if (given[0]) {
    for (const Value& each : r.elements(*given[0])) {
      const auto pair = r.elements(each);
      if (pair->items.size() != 2) fail(std::string(function) + ": expected pairs");
      dict.set(pair->items[0], pair->items[1]);
    }
  }
  for (const auto& [key, value] : a.named) dict.set(key, value);
  r.meter.make_entries(dict.items.size());
  return dict;
}

Value strftime_now(Renderer& r, const Arguments& a) {
  const std::string& format = Given("strftime_now", a, {"format"}, 1).string(0);
  if (format.empty()) return "";
  if (format.size() > 1000) fail("strftime_now: expected a format of at most 1000 bytes");
  const Now& now = r.now();
  tm time{};
  time.tm_year = now.year - 1900;
  time.tm_mon = now.month - 1;
  time.tm_mday = now.day;
  time.tm_hour = now.hour;
  time.tm_min = now.minute;
  time.tm_sec = now.second;
  timegm(&time);  // fills in the days of week and year
  // English names, whatever language the program speaks.
  static const locale_t plain = newlocale(LC_ALL_MASK, "C", nullptr);
  char text[8192];
  return made(r, std::string(text, strftime_l(text, sizeof text, format.c_str(), &time, plain)));
}

Value raise_exception(Renderer& r, const Arguments& a) {
  throw Raised(r.text(*Given("raise_exception", a, {"message"}, 1)[0]));
}

Value cycler(Renderer& r, const Arguments& a) {
  if (a.positional.empty()) fail("cycler: expected values, found none");
  return Value(std::make_shared<Cycler>(made(r, List{a.positional, List::Kind::tuple})));
}

Value joiner(Renderer&, const Arguments& a) {
  const Given given("joiner", a, {"sep"});
  return Value(std::make_shared<Joiner>(given[0] ? given.string(0) : ", "));
}

std::pair<const std::string, Value> function(const char* name, Function::Call call) {
  return {name, Value(std::make_shared<Function>(name, call))};
}

}  // namespace

const std::map<std::string, Value, std::less<>>& globals() {
  static const std::map<std::string, Value, std::less<>> all = {
      function("range", range),
      function("dict",
               [](Renderer& r, const Arguments& a) -> Value { return dict_of(r, a, "dict"); }),
      function("namespace",
               [](Renderer& r, const Arguments& a) {
                 return r.new_namespace(dict_of(r, a, "namespace"));
               }),
      function("cycler", cycler),
      function("joiner", joiner),
      function("raise_exception", raise_exception),
      function("strftime_now", strftime_now),
  };
  return all;
}

}  // namespace quipu::jinja
