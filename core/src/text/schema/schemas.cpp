// Keywords are known by name; references are followed within the document.
#include "text/schema/schemas.h"

#include <algorithm>
#include <array>

#include "quipu/error.h"

namespace quipu::schema {
namespace {

enum class Wants : std::uint8_t {
  schema,
  schemas,         // an array of them, at least one
  schema_members,  // an object of them
  number,
  positive,
  count,  // an integer from 0 on
  string,
  truth,
  names,         // an array of strings, each once
  name_members,  // an object of such arrays
  array,
  anything,
};

struct Known {
  std::string_view name;
  Keyword keyword;
  Wants wants;
};

constexpr Known keywords[] = {
    {"$ref", Keyword::ref, Wants::string},
    {"allOf", Keyword::all_of, Wants::schemas},
    {"anyOf", Keyword::any_of, Wants::schemas},
    {"oneOf", Keyword::one_of, Wants::schemas},
    {"not", Keyword::not_, Wants::schema},
    {"if", Keyword::if_, Wants::schema},
    {"type", Keyword::type, Wants::anything},
    {"enum", Keyword::enumeration, Wants::array},
    {"const", Keyword::constant, Wants::anything},
    {"minimum", Keyword::minimum, Wants::number},
    {"maximum", Keyword::maximum, Wants::number},
    {"exclusiveMinimum", Keyword::exclusive_minimum, Wants::number},
    {"exclusiveMaximum", Keyword::exclusive_maximum, Wants::number},
    {"multipleOf", Keyword::multiple_of, Wants::positive},
    {"minLength", Keyword::min_length, Wants::count},
    {"maxLength", Keyword::max_length, Wants::count},
    {"pattern", Keyword::pattern, Wants::string},
    {"format", Keyword::format, Wants::string},
    {"prefixItems", Keyword::prefix_items, Wants::schemas},
    {"items", Keyword::items, Wants::schema},
    {"contains", Keyword::contains, Wants::schema},
    {"minItems", Keyword::min_items, Wants::count},
    {"maxItems", Keyword::max_items, Wants::count},
    {"uniqueItems", Keyword::unique_items, Wants::truth},
    {"properties", Keyword::properties, Wants::schema_members},
    {"patternProperties", Keyword::pattern_properties, Wants::schema_members},
    {"additionalProperties", Keyword::additional_properties, Wants::schema},
    {"propertyNames", Keyword::property_names, Wants::schema},
    {"required", Keyword::required, Wants::names},
    {"minProperties", Keyword::min_properties, Wants::count},
    {"maxProperties", Keyword::max_properties, Wants::count},
    {"dependentRequired", Keyword::dependent_required, Wants::name_members},
    {"dependentSchemas", Keyword::dependent_schemas, Wants::schema_members},
};

// Says nothing about what is valid.
constexpr std::string_view annotations[] = {"$schema",
                                            "$id",
                                            "$anchor",
                                            "$dynamicAnchor",
                                            "$defs",
                                            "definitions",
                                            "$comment",
                                            "title",
                                            "description",
                                            "default",
                                            "example",
                                            "examples",
                                            "deprecated",
                                            "readOnly",
                                            "writeOnly",
                                            "contentEncoding",
                                            "contentMediaType",
                                            "contentSchema"};

// With and without the fragment; what the drafts before 2020-12 say otherwise is refused where it
// is met.
constexpr std::string_view dialects[] = {
    "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-06/schema"};

[[noreturn]] void invalid(const std::string& where, const std::string& what) {
  throw Error(ErrorCode::invalid, where + ": " + what);
}

const char* name_of(Json kind) {
  constexpr const char* names[] = {"null",     "a boolean", "a number",
                                   "a string", "an array",  "an object"};
  return names[static_cast<std::size_t>(kind)];
}

void expect(const Value& value, Json kind, const std::string& where) {
  if (value.kind != kind)
    invalid(where, std::string("expected ") + name_of(kind) + ", found " + name_of(value.kind));
}

void check_names(const Document& document, ValueId id, const std::string& where) {
  expect(document[id], Json::array, where);
  for (const ValueId child : document[id].children) expect(document[child], Json::string, where);
}

// The part of an identifier before '#', and the one after it.
std::pair<std::string, std::string> split_fragment(const std::string& reference) {
  const std::size_t at = reference.find('#');
  if (at == std::string::npos) return {reference, ""};
  return {reference.substr(0, at), reference.substr(at + 1)};
}

// RFC 3986, section 5.2, for hierarchical identifiers; others (urn:…) only whole.
std::string join(const std::string& base, const std::string& reference) {
  const auto scheme_end = [](const std::string& text) {
    const std::size_t colon = text.find(':');
    return colon < text.find_first_of("/?#") ? colon : std::string::npos;
  };
  if (reference.empty()) return base;
  if (scheme_end(reference) != std::string::npos) return reference;
  const std::size_t scheme = scheme_end(base);
  const std::size_t after_scheme = scheme == std::string::npos ? 0 : scheme + 1;
  if (reference.starts_with("//")) return base.substr(0, after_scheme) + reference;
  std::size_t path = after_scheme;
  if (base.compare(path, 2, "//") == 0) path = std::min(base.find('/', path + 2), base.size());
  std::string whole =
      reference.starts_with("/")
          ? reference
          : base.substr(path, base.rfind('/') == std::string::npos || base.rfind('/') < path
                                  ? 0
                                  : base.rfind('/') + 1 - path) +
                reference;
  // Without "." and "..".
  std::vector<std::string> kept;
  bool folder = false;
  for (std::size_t i = 0; i <= whole.size();) {
    const std::size_t end = std::min(whole.find('/', i), whole.size());
    const std::string part = whole.substr(i, end - i);
    folder = part == "." || part == "..";
    if (part == "..") {
      if (kept.size() > 1) kept.pop_back();
    } else if (part != ".") {
      kept.push_back(part);
    }
    i = end + 1;
  }
  if (folder) kept.emplace_back();
  std::string out = base.substr(0, path);
  for (std::size_t i = 0; i < kept.size(); ++i) out += (i ? "/" : "") + kept[i];
  return out;
}

std::string percent_decoded(const std::string& text) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

ValueId Schema::find(Keyword keyword) const {
  for (const auto& [each, value] : keywords)
    if (each == keyword) return value;
  return no_value;
}

std::string Schemas::where(ValueId schema, std::string_view keyword) const {
  return "JSON schema: " + document_.pointer(schema) + "/" + printable(keyword);
}

Schemas::Schemas(const Document& document) : document_(document) {
  const ValueId dialect = document.find(Document::root, "$schema");
  if (dialect != no_value) {
    expect(document[dialect], Json::string, where(Document::root, "$schema"));
    std::string name = document[dialect].text;
    if (name.ends_with('#')) name.pop_back();
    if (std::ranges::find(dialects, name) == std::end(dialects))
      throw Error(ErrorCode::unsupported, where(Document::root, "$schema") + ": expected " +
                                              std::string(dialects[0]) + ", found " +
                                              printable(name));
    alone_beside_ref_ = name.starts_with("http:");
  }
  index_resources();
  std::vector<ValueId> found{Document::root};
  while (!found.empty()) {
    const ValueId id = found.back();
    found.pop_back();
    if (!schemas_.contains(id)) read(id, found);
  }
  refuse_loops();
}

void Schemas::read(ValueId id, std::vector<ValueId>& found) {
  const Value& value = document_[id];
  Schema schema;
  if (value.kind == Json::boolean)
    schema.refuses = !value.truth;
  else if (value.kind != Json::object)
    invalid("JSON schema: " + document_.pointer(id),
            std::string("expected a schema, found ") + name_of(value.kind));
  for (std::size_t i = 0; i < value.keys.size(); ++i)
    read_keyword(id, value.keys[i], value.children[i], schema, found);
  schemas_.emplace(id, std::move(schema));
}

void Schemas::read_keyword(ValueId id, std::string_view key, ValueId value, Schema& schema,
                           std::vector<ValueId>& found) {
  if (key.starts_with("x-") || std::ranges::find(annotations, key) != std::end(annotations)) return;
  // These belong to their neighbours, and say nothing without them.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> dependents{
      {{"then", "if"}, {"else", "if"}, {"minContains", "contains"}, {"maxContains", "contains"}}};
  const std::string at = where(id, key);
  const Value& said = document_[value];
  for (const auto& [name, neighbour] : dependents) {
    if (key != name) continue;
    if (neighbour == "if")
      found.push_back(value);
    else if (said.kind != Json::number || !Decimal::of(said.text).integer() ||
             Decimal::of(said.text).negative)
      invalid(at, "expected an integer from 0 on");
    return;
  }
  // Where nothing in place can evaluate members or items, these are their older relatives.
  const auto alone = [&](std::initializer_list<std::string_view> others) {
    for (const std::string_view other :
         {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "contains"})
      if (document_.find(id, other) != no_value) return false;
    return std::ranges::all_of(
        others, [&](std::string_view other) { return document_.find(id, other) == no_value; });
  };
  if (key == "unevaluatedProperties" && alone({"additionalProperties"}))
    key = "additionalProperties";
  if (key == "unevaluatedItems" && alone({"items"})) key = "items";
  const auto known = std::ranges::find(keywords, key, &Known::name);
  if (known == std::end(keywords))
    throw Error(ErrorCode::unsupported,
                at + ": the keyword " + printable(key) + " is not supported");
  ValueId target = value;
  switch (known->wants) {
  case Wants::schema:
    found.push_back(value);
    break;
  case Wants::schemas:
    expect(said, Json::array, at);
    if (said.children.empty()) invalid(at, "expected at least one schema, found none");
    found.insert(found.end(), said.children.begin(), said.children.end());
    break;
  case Wants::schema_members:
    expect(said, Json::object, at);
    found.insert(found.end(), said.children.begin(), said.children.end());
    break;
  case Wants::number:
  case Wants::positive:
    expect(said, Json::number, at);
    if (known->wants == Wants::positive &&
        (Decimal::of(said.text).zero() || Decimal::of(said.text).negative))
      invalid(at, "expected a number above 0, found " + said.text);
    break;
  case Wants::count:
    expect(said, Json::number, at);
    if (!Decimal::of(said.text).integer() || Decimal::of(said.text).negative)
      invalid(at, "expected an integer from 0 on, found " + said.text);
    break;
  case Wants::string:
    expect(said, Json::string, at);
    break;
  case Wants::truth:
    expect(said, Json::boolean, at);
    break;
  case Wants::names:
    check_names(document_, value, at);
    break;
  case Wants::name_members:
    expect(said, Json::object, at);
    for (const ValueId child : said.children) check_names(document_, child, at);
    break;
  case Wants::array:
    expect(said, Json::array, at);
    break;
  case Wants::anything:
    break;
  }
  if (known->keyword == Keyword::type) {
    constexpr std::string_view types[] = {"null",   "boolean", "integer", "number",
                                          "string", "array",   "object"};
    const std::vector<ValueId> names =
        said.kind == Json::array ? said.children : std::vector<ValueId>{value};
    for (const ValueId name : names)
      if (document_[name].kind != Json::string ||
          std::ranges::find(types, document_[name].text) == std::end(types))
        invalid(at, "expected null, boolean, integer, number, string, array or object, found " +
                        (document_[name].kind == Json::string ? printable(document_[name].text)
                                                              : name_of(document_[name].kind)));
  }
  if (known->keyword == Keyword::ref) {
    if (alone_beside_ref_)
      for (const std::string& other : document_[id].keys)
        if (other != "$ref" &&
            std::ranges::find(annotations, std::string_view(other)) == std::end(annotations))
          throw Error(ErrorCode::unsupported,
                      at +
                          ": drafts before 2019-09 ignore what stands beside $ref; expected "
                          "nothing, found " +
                          printable(other));
    target = resolve(id, said.text);
    found.push_back(target);
  }
  schema.keywords.emplace_back(known->keyword, target);
}

// Identifiers and anchors of all places where schemas may stand.
void Schemas::index_resources() {
  std::vector<ValueId> stack{Document::root};
  while (!stack.empty()) {
    const ValueId id = stack.back();
    stack.pop_back();
    const Value& value = document_[id];
    if (value.kind != Json::object) continue;
    const auto text = [&](std::string_view key) {
      const ValueId found = document_.find(id, key);
      return found != no_value && document_[found].kind == Json::string ? document_[found].text
                                                                        : std::string();
    };
    const auto add = [&](std::string name) {
      if (!resources_.emplace(std::move(name), id).second)
        invalid("JSON schema: " + document_.pointer(id), "expected an identifier of its own");
    };
    if (const std::string own = text("$id"); !own.empty() && id != Document::root)
      add(base_of(id) + "#");
    for (const char* anchor : {"$anchor", "$dynamicAnchor"})
      if (const std::string own = text(anchor); !own.empty()) add(base_of(id) + "#" + own);
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      const std::string& key = value.keys[i];
      const ValueId child = value.children[i];
      if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;
      const auto& inner = document_[child].children;
      const bool members = key == "properties" || key == "patternProperties" || key == "$defs" ||
                           key == "definitions" || key == "dependentSchemas";
      if (members || document_[child].kind == Json::array)
        stack.insert(stack.end(), inner.begin(), inner.end());
      else
        stack.push_back(child);
    }
  }
  resources_.try_emplace(base_of(Document::root) + "#", Document::root);
}

std::string Schemas::base_of(ValueId id) const {
  std::vector<std::string> names;  // from inside to outside
  for (; id != no_value; id = document_[id].parent) {
    const ValueId own = document_.find(id, "$id");
    if (own != no_value && document_[own].kind == Json::string)
      names.push_back(split_fragment(document_[own].text).first);
  }
  std::string base;
  for (auto name = names.rbegin(); name != names.rend(); ++name) base = join(base, *name);
  return base;
}

ValueId Schemas::resolve(ValueId from, const std::string& reference) const {
  const auto refuse = [&](const std::string& what) {
    invalid(where(from, "$ref"), what + ", found " + printable(reference));
  };
  const auto [address, fragment] = split_fragment(reference);
  const std::string base = join(base_of(from), address);
  const std::string name = percent_decoded(fragment);
  if (!name.empty() && name[0] != '/') {
    const auto anchor = resources_.find(base + "#" + name);
    if (anchor == resources_.end()) refuse("expected an anchor of this document");
    return anchor->second;
  }
  const auto resource = resources_.find(base + "#");
  if (resource == resources_.end())
    throw Error(ErrorCode::unsupported, where(from, "$ref") +
                                            ": expected a reference into this document, found " +
                                            printable(reference));
  ValueId at = resource->second;
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t end = std::min(name.find('/', i + 1), name.size());
    std::string part;
    for (std::size_t c = i + 1; c < end; ++c) {
      if (name[c] == '~' && c + 1 < end && (name[c + 1] == '0' || name[c + 1] == '1'))
        part += name[++c] == '0' ? '~' : '/';
      else
        part += name[c];
    }
    const Value& value = document_[at];
    if (value.kind == Json::array) {
      const bool number = !part.empty() && part.size() < 8 &&
                          part.find_first_not_of("0123456789") == std::string::npos;
      const std::size_t index = number ? std::stoul(part) : value.children.size();
      at = index < value.children.size() ? value.children[index] : no_value;
    } else {
      at = document_.find(at, part);
    }
    if (at == no_value) refuse("expected a place in this document");
    i = end;
  }
  return at;
}

// A schema that applies itself to the same value says nothing that could be worked out.
void Schemas::refuse_loops() const {
  enum class State : std::uint8_t { fresh, open, done };
  std::unordered_map<ValueId, State> states;
  const auto in_place = [&](ValueId id) {
    std::vector<ValueId> out;
    for (const auto& [keyword, value] : schemas_.at(id).keywords) {
      if (keyword == Keyword::ref || keyword == Keyword::not_) out.push_back(value);
      if (keyword == Keyword::all_of || keyword == Keyword::any_of || keyword == Keyword::one_of ||
          keyword == Keyword::dependent_schemas)
        out.insert(out.end(), document_[value].children.begin(), document_[value].children.end());
      if (keyword == Keyword::if_) {
        out.push_back(value);
        for (const char* name : {"then", "else"})
          if (const ValueId branch = document_.find(id, name); branch != no_value)
            out.push_back(branch);
      }
    }
    return out;
  };
  for (const auto& [start, unused] : schemas_) {
    std::vector<std::pair<ValueId, std::vector<ValueId>>> stack;
    const auto enter = [&](ValueId id) {
      State& state = states[id];
      if (state == State::open)
        invalid("JSON schema: " + document_.pointer(id),
                "expected a schema, found one that refers to itself in place");
      if (state == State::done) return;
      state = State::open;
      stack.emplace_back(id, in_place(id));
    };
    enter(start);
    while (!stack.empty()) {
      auto& [id, rest] = stack.back();
      if (rest.empty()) {
        states[id] = State::done;
        stack.pop_back();
        continue;
      }
      const ValueId next = rest.back();
      rest.pop_back();
      enter(next);
    }
  }
}

}  // namespace quipu::schema
