// Typed access to metadata.
#include <boost/test/unit_test.hpp>

#include <limits>
#include <map>

#include "quipu/error.h"
#include "quipu/model_file.h"

namespace {

quipu_value scalar(std::uint32_t type) {
  return {type, 0, 1, {}};
}
quipu_value natural(std::uint64_t u) {
  quipu_value value = scalar(QUIPU_VALUE_UNSIGNED);
  value.as.u = u;
  return value;
}
quipu_value whole(std::int64_t i) {
  quipu_value value = scalar(QUIPU_VALUE_SIGNED);
  value.as.i = i;
  return value;
}
quipu_value real(double f) {
  quipu_value value = scalar(QUIPU_VALUE_FLOAT);
  value.as.f = f;
  return value;
}
quipu_value boolean(bool u) {
  quipu_value value = scalar(QUIPU_VALUE_BOOL);
  value.as.u = u;
  return value;
}
quipu_value text(std::string_view s) {
  quipu_value value = scalar(QUIPU_VALUE_STRING);
  value.as.s = {s.data(), s.size()};
  return value;
}

// Metadata held in memory; an array's handle is its vector.
class Held final : public quipu::Metadata {
 public:
  void set(std::string key, quipu_value value) { values_[std::move(key)] = value; }
  void set(std::string key, std::uint32_t element_type, std::vector<quipu_value> elements) {
    const auto& kept = arrays_.emplace_back(new std::vector(std::move(elements)));
    quipu_value value{QUIPU_VALUE_ARRAY, element_type, kept->size(), {}};
    value.as.array = kept.get();
    values_[std::move(key)] = value;
  }

  std::size_t size() const override { return values_.size(); }
  std::pair<std::string_view, quipu_value> at(std::size_t index) const override {
    return *std::next(values_.begin(), static_cast<std::ptrdiff_t>(index));
  }
  std::optional<quipu_value> find(std::string_view key) const override {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  void elements(const quipu_value& array, std::uint64_t first,
                std::span<quipu_value> out) const override {
    const auto& all = *static_cast<const std::vector<quipu_value>*>(array.as.array);
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(first), out.size(), out.begin());
  }

 private:
  std::map<std::string, quipu_value> values_;
  std::vector<std::unique_ptr<std::vector<quipu_value>>> arrays_;
};

// That an access fails as invalid, naming the key "k", what was expected and what was found.
template <class Access>
void refused(Access access, const std::string& expected, const std::string& found) {
  BOOST_CHECK_EXCEPTION(access(), quipu::Error, [&](const quipu::Error& error) {
    BOOST_TEST_MESSAGE(error.what());
    const std::string message = error.what();
    return error.code() == quipu::ErrorCode::invalid && message.starts_with("k: expected ") &&
           message.find(expected) != std::string::npos && message.find(found) != std::string::npos;
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_absent_key_gives_nothing) {
  const Held held;

  BOOST_TEST(!held.text("k"));
  BOOST_TEST(!held.integer("k"));
  BOOST_TEST(!held.number("k"));
  BOOST_TEST(!held.flag("k"));
  BOOST_TEST(!held.texts("k"));
  BOOST_TEST(!held.numbers("k"));
  BOOST_TEST(!held.integers("k"));
}

BOOST_AUTO_TEST_CASE(each_getter_gives_values_of_its_type) {
  Held held;
  held.set("text", text("knot"));
  held.set("natural", natural(7));
  held.set("whole", whole(-7));
  held.set("real", real(0.5));
  held.set("flag", boolean(true));

  BOOST_TEST(*held.text("text") == "knot");
  BOOST_TEST(*held.integer("natural") == 7);
  BOOST_TEST(*held.integer("whole") == -7);
  BOOST_TEST(*held.number("real") == 0.5);
  BOOST_TEST(*held.number("whole") == -7.0);
  BOOST_TEST(*held.flag("flag") == true);
}

BOOST_AUTO_TEST_CASE(arrays_longer_than_one_reading_come_whole) {
  std::vector<quipu_value> numbers, texts;
  for (int i = 0; i < 1000; ++i) {
    numbers.push_back(whole(i - 500));
    texts.push_back(text(i % 2 ? "odd" : "even"));
  }
  Held held;
  held.set("numbers", QUIPU_VALUE_SIGNED, numbers);
  held.set("texts", QUIPU_VALUE_STRING, texts);
  held.set("floats", QUIPU_VALUE_FLOAT, {real(1.5), real(-2)});

  const auto integers = *held.integers("numbers");
  const auto words = *held.texts("texts");

  BOOST_TEST(integers.size() == 1000u);
  for (int i = 0; i < 1000; ++i) BOOST_TEST(integers[static_cast<std::size_t>(i)] == i - 500);
  BOOST_TEST(words[998] == "even");
  BOOST_TEST(words[999] == "odd");
  BOOST_TEST(*held.numbers("floats") == (std::vector<float>{1.5f, -2.0f}));
}

BOOST_AUTO_TEST_CASE(another_type_is_refused_by_name) {
  Held held;
  held.set("k", text("seven"));
  refused([&] { held.integer("k"); }, "an integer", "a string");
  refused([&] { held.number("k"); }, "a number", "a string");
  refused([&] { held.flag("k"); }, "a boolean", "a string");
  refused([&] { held.texts("k"); }, "an array of strings", "a string");

  held.set("k", natural(1));
  refused([&] { held.text("k"); }, "a string", "an unsigned integer");
  refused([&] { held.flag("k"); }, "a boolean", "an unsigned integer");

  held.set("k", real(1));
  refused([&] { held.integer("k"); }, "an integer", "a float");
}

BOOST_AUTO_TEST_CASE(an_array_of_another_type_is_refused_by_that_of_its_elements) {
  Held held;
  held.set("k", QUIPU_VALUE_UNSIGNED, {natural(1)});

  refused([&] { held.texts("k"); }, "an array of strings", "an array of unsigned integers");
  refused([&] { held.numbers("k"); }, "an array of floats", "an array of unsigned integers");
}

BOOST_AUTO_TEST_CASE(an_integer_beyond_63_bits_is_refused) {
  Held held;
  held.set("k", natural(std::numeric_limits<std::uint64_t>::max()));

  refused([&] { held.integer("k"); }, "below 2^63", "18446744073709551615");
}
