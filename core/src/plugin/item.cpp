// What a manifest says that a plugin provides, taken apart.
#include "plugin/item.h"

#include <algorithm>
#include <charconv>

#include "plugin/problem.h"
#include "quipu/error.h"

namespace quipu::plugin {
namespace {

[[noreturn]] void throw_malformed(std::string_view item, std::string_view why) {
  throw Error(ErrorCode::invalid, std::string(problem::manifest) + " manifest: item \"" +
                                      printable(item) + "\" " + std::string(why) +
                                      ": its author must correct it");
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

// The parts before and after `mark`, neither of them empty.
std::pair<std::string_view, std::string_view> cut(std::string_view item, char mark,
                                                  std::string_view form) {
  const std::size_t at = item.find(mark);
  if (at == 0 || at == std::string_view::npos || at + 1 == item.size())
    throw_malformed(item, "is not of the form " + std::string(form));
  return {item.substr(0, at), item.substr(at + 1)};
}

void parse_loader(std::string_view text, Item& item) {
  constexpr std::string_view form = "name@offset=hexadecimal bytes";
  const auto [name, rest] = cut(text, '@', form);
  const auto [offset, bytes] = cut(rest, '=', form);
  item.key = item.name = name;
  if (!parse_number(offset, item.offset) || bytes.size() % 2)
    throw_malformed(text, "is not of the form " + std::string(form));
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    item.magic.push_back(0);
    if (!parse_number(bytes.substr(i, 2), item.magic.back(), 16))
      throw_malformed(text, "is not of the form " + std::string(form));
  }
}

Item parse_item(PluginKind kind, std::string_view text) {
  if (text.empty()) throw_malformed(text, "is empty");
  Item item;
  item.text = text;
  switch (kind) {
  case PluginKind::loader:
    parse_loader(text, item);
    break;
  case PluginKind::codec: {
    const auto [type, name] = cut(text, '=', "type=name");
    item.key = type;
    item.name = name;
    break;
  }
  case PluginKind::architecture:
    item.key = item.name = text;
    break;
  case PluginKind::backend: {
    const auto [name, preference] = cut(text, '=', "name=preference");
    item.key = item.name = name;
    if (!parse_number(preference, item.preference))
      throw_malformed(text, "is not of the form name=preference");
    break;
  }
  }
  return item;
}

}  // namespace

bool Item::matches(std::span<const std::uint8_t> head) const noexcept {
  return offset <= head.size() && magic.size() <= head.size() - offset &&
         std::equal(magic.begin(), magic.end(), head.begin() + static_cast<std::ptrdiff_t>(offset));
}

std::vector<Item> parse_provides(PluginKind kind, std::string_view provides) {
  std::vector<Item> items;
  for (std::size_t start = 0; start <= provides.size();) {
    const std::size_t end = std::min(provides.find(';', start), provides.size());
    Item item = parse_item(kind, provides.substr(start, end - start));
    for (const Item& other : items) {
      // A loader may have several magics under one name.
      const bool same =
          kind == PluginKind::loader ? other.text == item.text : other.key == item.key;
      if (same) throw_malformed(item.text, "is provided twice");
    }
    items.push_back(std::move(item));
    start = end + 1;
  }
  return items;
}

}  // namespace quipu::plugin
