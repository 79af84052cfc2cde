// Patterns, put together from their grammars in the RFCs.
#include "text/schema/formats.h"

#include <string>

#include "quipu/error.h"
#include "text/regular/regex.h"

namespace quipu::schema {
namespace {

std::string any_of(std::initializer_list<std::string> parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "(?:" : "|") + part;
  return out + ")";
}

// RFC 3339, section 5.6.
std::string date() {
  const std::string leap =  // divisible by 4, and by 400 when by 100
      R"((?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00))";
  return any_of({R"(\d{4}-(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01]))",
                 R"(\d{4}-(?:0[469]|11)-(?:0[1-9]|[12]\d|30))", R"(\d{4}-02-(?:0[1-9]|1\d|2[0-8]))",
                 leap + "-02-29"});
}

std::string two(int value) {
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

std::string time() {
  const std::string hour = R"((?:[01]\d|2[0-3]))", minute = R"([0-5]\d)", part = R"((?:\.\d+)?)";
  std::string out = "(?:" + hour + ":" + minute + ":" + minute + part + "(?:[Zz]|[+-]" + hour +
                    ":" + minute + ")";
  // Leap seconds end the last minute of a day of UTC.
  out += "|23:59:60" + part + "[Zz]";
  for (int offset = 0; offset < 24 * 60; offset += 15) {
    const auto clock = [](int minutes) {
      minutes = (minutes + 24 * 60) % (24 * 60);
      return two(minutes / 60) + ":" + two(minutes % 60);
    };
    constexpr int last = 23 * 60 + 59;
    const std::string shift = clock(offset), leap = ":60" + part;
    out += std::string("|").append(clock(last + offset)) + leap + "\\+" + shift;
    out += std::string("|").append(clock(last - offset)) + leap + "-" + shift;
  }
  return out + ")";
}

// RFC 3339, appendix A.
std::string duration() {
  const std::string second = R"(\d+S)", minute = R"(\d+M(?:\d+S)?)";
  const std::string clock =
      std::string("T") + any_of({R"(\d+H(?:)" + minute + ")?", minute, second});
  const std::string month = R"(\d+M(?:\d+D)?)";
  const std::string day = any_of({R"(\d+Y(?:)" + month + ")?", month, R"(\d+D)"});
  return std::string("P") + any_of({day + "(?:" + clock + ")?", clock, R"(\d+W)"});
}

std::string ipv4() {
  const std::string byte = R"((?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]))";
  return byte + R"((?:\.)" + byte + "){3}";
}

// RFC 4291, section 2.2; the grammar is that of RFC 3986, section 3.2.2.
std::string ipv6() {
  const std::string h = "[0-9A-Fa-f]{1,4}", ls = any_of({h + ":" + h, ipv4()});
  const auto lead = [&](int n) {  // at most n + 1 groups before "::"
    return "(?:(?:" + h + ":){0," + std::to_string(n) + "}" + h + ")?";
  };
  return any_of({"(?:" + h + ":){6}" + ls, "::(?:" + h + ":){5}" + ls,
                 lead(0) + "::(?:" + h + ":){4}" + ls, lead(1) + "::(?:" + h + ":){3}" + ls,
                 lead(2) + "::(?:" + h + ":){2}" + ls, lead(3) + "::" + h + ":" + ls,
                 lead(4) + "::" + ls, lead(5) + "::" + h, lead(6) + "::"});
}

// Labels of 1 to 63 characters.
const char* const label = R"([0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?)";

std::string hostname() {
  return std::string(label) + R"((?:\.)" + label + ")*";
}

// RFC 3987, section 2.2: ucschar and iprivate.
const char* const beyond_ascii =
    R"(\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{10000}-\u{1FFFD}\u{20000}-\u{2FFFD})"
    R"(\u{30000}-\u{3FFFD}\u{40000}-\u{4FFFD}\u{50000}-\u{5FFFD}\u{60000}-\u{6FFFD})"
    R"(\u{70000}-\u{7FFFD}\u{80000}-\u{8FFFD}\u{90000}-\u{9FFFD}\u{A0000}-\u{AFFFD})"
    R"(\u{B0000}-\u{BFFFD}\u{C0000}-\u{CFFFD}\u{D0000}-\u{DFFFD}\u{E1000}-\u{EFFFD})";
const char* const for_private_use = R"(\uE000-\uF8FF\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD})";

// `more` are further characters, as RFC 6531 has them.
std::string email(const std::string& more = "") {
  const std::string atom = R"([0-9A-Za-z!#$%&'*+/=?^_`{|}~)" + more + "-]+";
  const std::string quoted = R"x("(?:[ !#-\[\]-~)x" + more + R"x(]|\\[ -~])*")x";
  const std::string address = R"(\[(?:)" + ipv4() + "|IPv6:" + ipv6() + R"()\])";
  const std::string label_or_more =
      "[0-9A-Za-z" + more + "](?:[0-9A-Za-z" + more + "-]*[0-9A-Za-z" + more + "])?";
  const std::string domain =
      more.empty() ? hostname() : label_or_more + R"((?:\.)" + label_or_more + ")*";
  return any_of({atom + R"((?:\.)" + atom + ")*", quoted}) + "@" + any_of({domain, address});
}

// RFC 6570, section 2; with beyond_ascii as RFC 3987 has it.
std::string uri_template() {
  const std::string percent = "%[0-9A-Fa-f]{2}";
  const std::string literal = R"((?:[!#$&(-;=?-\[\]_a-z~)" + std::string(beyond_ascii) +
                              for_private_use + "]|" + percent + ")";
  const std::string character = "(?:[0-9A-Za-z_]|" + percent + ")";
  const std::string name = character + R"((?:\.?)" + character + ")*";
  const std::string variable = name + R"((?:\*|:[1-9]\d{0,3})?)";
  return "(?:" + literal + R"(|\{[+#./;?&=,!@|]?)" + variable + "(?:," + variable + R"()*\})*)";
}

// RFC 3986, appendix A; with more characters, RFC 3987.
struct Uri {
  explicit Uri(const std::string& more = "", const std::string& more_in_query = "")
      : unreserved(R"(0-9A-Za-z\-._~)" + more), in_query(more_in_query) {}

  std::string unreserved, in_query, sub = R"(!$&'()*+,;=)";
  std::string percent = "%[0-9A-Fa-f]{2}";
  std::string set(const std::string& more) const {
    return "(?:[" + unreserved + sub + more + "]|" + percent + ")";
  }
  std::string pchar = set(":@");
  std::string host = R"((?:\[(?:)" + ipv6() +
                     R"x(|[Vv][0-9A-Fa-f]+\.[0-9A-Za-z\-._~!$&'()*+,;=:]+)\]|)x" + set("") + "*)";
  std::string authority = "(?:" + set(":") + "*@)?" + host + R"((?::\d*)?)";
  std::string abempty = "(?:/" + pchar + "*)*";
  std::string absolute = "/(?:" + pchar + "+" + abempty + ")?";
  std::string rootless = pchar + "+" + abempty;
  std::string noscheme = set("@") + "+" + abempty;
  std::string tail = "(?:\\?" + set(":@/?" + in_query) + "*)?(?:#" + set(":@/?") + "*)?";
  std::string uri = R"([A-Za-z][0-9A-Za-z+.\-]*:(?:)" +
                    any_of({"//" + authority + abempty, absolute, rootless, ""}) + ")" + tail;
  std::string relative = any_of({"//" + authority + abempty, absolute, noscheme, ""}) + tail;
};

std::optional<std::string> pattern(std::string_view name) {
  if (name == "date") return date();
  if (name == "time") return time();
  if (name == "date-time") return date() + "[Tt]" + time();
  if (name == "duration") return duration();
  if (name == "email") return email();
  if (name == "idn-email") return email(R"(\u0080-\u{10FFFF})");
  if (name == "hostname") return hostname();
  if (name == "ipv4") return ipv4();
  if (name == "ipv6") return ipv6();
  if (name == "uri") return Uri().uri;
  if (name == "uri-reference") return any_of({Uri().uri, Uri().relative});
  if (name == "iri") return Uri(beyond_ascii, for_private_use).uri;
  if (name == "iri-reference") {
    const Uri iri(beyond_ascii, for_private_use);
    return any_of({iri.uri, iri.relative});
  }
  if (name == "uri-template") return uri_template();
  if (name == "uuid") return "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
  if (name == "json-pointer") return "(?:/(?:[^/~]|~[01])*)*";
  if (name == "relative-json-pointer") return R"((?:0|[1-9]\d*)(?:#|(?:/(?:[^/~]|~[01])*)*))";
  return std::nullopt;
}

}  // namespace

std::optional<regular::Automaton> format(std::string_view name, const std::string& where,
                                         regular::Budget& budget) {
  const auto source = pattern(name);
  if (name == "regex" || name == "idn-hostname")
    throw Error(ErrorCode::unsupported,
                where + ": the format " + std::string(name) + " is not supported");
  if (!source) return std::nullopt;
  return regular::search("^(?:" + *source + ")$", "format " + std::string(name), budget);
}

}  // namespace quipu::schema
