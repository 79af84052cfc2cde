// Filters that make numbers, and default.
#include <charconv>
#include <cmath>

#include "text/jinja/builtins.h"
#include "text/jinja/text_tools.h"

namespace quipu::jinja {
namespace {

// A text as Python's int() and float() read it: without space around and "_" between digits.
std::string digits_of(const std::string& text) {
  std::string out;
  for (const char c : stripped(text, nullptr, Side::both))
    if (c != '_') out += c;
  if (out.starts_with('+')) out.erase(0, 1);
  return out;
}

bool parse_real(const std::string& text, double& out) {
  const std::string digits = digits_of(text);
  const char* const last = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), last, out);
  if (parsed.ec == std::errc::result_out_of_range)
    out = digits.find("e-") == std::string::npos ? HUGE_VAL : 0;
  return !digits.empty() && parsed.ec != std::errc::invalid_argument && parsed.ptr == last;
}

bool parse_whole(const std::string& text, std::int64_t base, std::int64_t& out) {
  std::string digits = digits_of(text);
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  if (digits.starts_with('-') || digits.starts_with('+')) return false;
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    const std::int64_t own = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (own && (base == own || base == 0)) {
      digits.erase(0, 2);
      base = own;
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) return false;
  if (negative) digits.insert(digits.begin(), '-');
  const char* const last = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), last, out, static_cast<int>(base));
  if (parsed.ec == std::errc::result_out_of_range)
    fail("int: expected an integer that 64 bits hold");
  return parsed.ec == std::errc() && parsed.ptr == last;
}

// Without its fraction, or the default when there is no such integer.
Value whole_part(double x, const Value& otherwise) {
  if (!std::isfinite(x)) return otherwise;
  if (std::abs(x) >= 9.2e18) fail("int: expected an integer that 64 bits hold");
  return static_cast<std::int64_t>(x);
}

void refuse_undefined(const Value& v) {
  if (v.is_undefined()) fail("'" + v.undefined_name() + "' is undefined");
}

Value to_integer(Renderer&, const Value& v, const Arguments& a) {
  const Given given("int", a, {"default", "base"});
  const Value otherwise = given[0] ? *given[0] : Value(0);
  refuse_undefined(v);
  if (v.is_whole()) return v.integer();
  if (v.is_real()) return whole_part(v.real(), otherwise);
  if (!v.is_string()) return otherwise;
  std::int64_t whole = 0;
  double real = 0;
  if (parse_whole(v.string(), given.integer(1, 10), whole)) return whole;
  return parse_real(v.string(), real) ? whole_part(real, otherwise) : otherwise;
}

Value to_real(Renderer&, const Value& v, const Arguments& a) {
  const Given given("float", a, {"default"});
  refuse_undefined(v);
  if (v.is_number()) return v.real();
  double real = 0;
  if (v.is_string() && parse_real(v.string(), real)) return real;
  return given[0] ? *given[0] : Value(0.0);
}

Value absolute(Renderer&, const Value& v, const Arguments&) {
  if (v.is_real()) return std::abs(v.real());
  if (!v.is_whole()) fail(std::string("abs: expected a number, found ") + v.type());
  return v.integer() < 0 ? negative(v.integer()) : Value(v.integer());
}

// Python's round: half to even of the decimals that the number stands for.
double rounded(double x, std::int64_t places) {
  if (!std::isfinite(x)) return x;
  if (places >= 0) {
    char digits[400];
    const auto end = std::to_chars(digits, digits + sizeof digits, x, std::chars_format::fixed,
                                   static_cast<int>(places));
    double out = x;
    std::from_chars(digits, end.ptr, out);
    return out;
  }
  const double power = std::pow(10.0, static_cast<double>(-places));
  return std::nearbyint(x / power) * power;
}

Value round(Renderer&, const Value& v, const Arguments& a) {
  const Given given("round", a, {"precision", "method"});
  const std::int64_t places = given.integer(0, 0);
  const std::string method = given[1] ? given.string(1) : "common";
  if (!v.is_number()) fail(std::string("round: expected a number, found ") + v.type());
  if (places < -50 || places > 50) fail("round: expected a precision from -50 to 50");
  if (method == "common") {
    if (v.is_whole() && places >= 0) return v.is_bool() ? Value(v.integer()) : v;
    const double x = rounded(v.real(), places);
    return v.is_whole() ? whole_part(x, 0) : Value(x);
  }
  const double power = std::pow(10.0, static_cast<double>(places));
  if (method == "ceil") return std::ceil(v.real() * power) / power;
  if (method == "floor") return std::floor(v.real() * power) / power;
  fail("round: expected the method common, ceil or floor");
}

Value otherwise(Renderer&, const Value& v, const Arguments& a) {
  const Given given("default", a, {"default_value", "boolean"});
  const bool lacking = v.is_undefined() || (given.flag(1) && !v.truth());
  return !lacking ? v : given[0] ? *given[0] : Value("");
}

}  // namespace

const Calls& number_filters() {
  static const Calls all = {{"int", to_integer}, {"float", to_real},     {"abs", absolute},
                            {"round", round},    {"default", otherwise}, {"d", otherwise}};
  return all;
}

}  // namespace quipu::jinja
