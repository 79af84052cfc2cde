// A schema's JSON text as a tree that knows where each value stands and keeps numbers exact.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quipu::schema {

using ValueId = std::uint32_t;
inline constexpr ValueId no_value = ~ValueId{0};

/// digits * 10^exponent; no zero at either end of the digits; zero has none.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;

  /// Of a JSON number.
  static Decimal of(std::string_view number);
  /// Without an exponent: "-12.5", "1200", "0". Of numbers whose exponent is within +-10^4.
  std::string plain() const;
  bool zero() const noexcept { return digits.empty(); }
  bool integer() const noexcept { return exponent >= 0; }
  bool operator==(const Decimal&) const = default;
};

enum class Json : std::uint8_t { null, boolean, number, string, array, object };

struct Value {
  Json kind = Json::null;
  bool truth = false;                  // of a boolean
  std::string text = {};               // of a string; of a number as it is written
  std::vector<std::string> keys = {};  // of an object
  std::vector<ValueId> children = {};  // of an array or object
  ValueId parent = no_value;
  std::uint32_t place = 0;  // among the parent's children
};

class Document {
 public:
  static constexpr std::size_t most_bytes = std::size_t{256} << 10;
  static constexpr std::size_t most_depth = 64;

  /// Throws invalid for what is no JSON, has a key twice, or is beyond these.
  static Document parse(std::string_view text);

  static constexpr ValueId root = 0;
  const Value& operator[](ValueId id) const { return values_[id]; }
  /// no_value when the object has no such member.
  ValueId find(ValueId object, std::string_view key) const;
  /// "#/properties/a", for messages and references.
  std::string pointer(ValueId id) const;

 private:
  friend class DocumentBuilder;
  std::vector<Value> values_;
  std::unordered_map<ValueId, std::unordered_map<std::string_view, ValueId>>
      members_;  // of large objects
};

}  // namespace quipu::schema
