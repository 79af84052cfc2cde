// General categories of code points.
#include <utf8proc.h>

#include <array>
#include <cstring>

#include "text/regular/regex.h"

namespace quipu::regular {
namespace {

struct Name {
  std::string_view name;
  std::string_view categories;  // two letters each, as utf8proc spells them
};

// PropertyValueAliases.txt of the Unicode Character Database, section General_Category.
constexpr Name names[] = {
    {"L", "LuLlLtLmLo"},
    {"Letter", "LuLlLtLmLo"},
    {"LC", "LuLlLt"},
    {"Cased_Letter", "LuLlLt"},
    {"Lu", "Lu"},
    {"Uppercase_Letter", "Lu"},
    {"Ll", "Ll"},
    {"Lowercase_Letter", "Ll"},
    {"Lt", "Lt"},
    {"Titlecase_Letter", "Lt"},
    {"Lm", "Lm"},
    {"Modifier_Letter", "Lm"},
    {"Lo", "Lo"},
    {"Other_Letter", "Lo"},
    {"M", "MnMcMe"},
    {"Mark", "MnMcMe"},
    {"Combining_Mark", "MnMcMe"},
    {"Mn", "Mn"},
    {"Nonspacing_Mark", "Mn"},
    {"Mc", "Mc"},
    {"Spacing_Mark", "Mc"},
    {"Me", "Me"},
    {"Enclosing_Mark", "Me"},
    {"N", "NdNlNo"},
    {"Number", "NdNlNo"},
    {"Nd", "Nd"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Nl", "Nl"},
    {"Letter_Number", "Nl"},
    {"No", "No"},
    {"Other_Number", "No"},
    {"P", "PcPdPsPePiPfPo"},
    {"Punctuation", "PcPdPsPePiPfPo"},
    {"punct", "PcPdPsPePiPfPo"},
    {"Pc", "Pc"},
    {"Connector_Punctuation", "Pc"},
    {"Pd", "Pd"},
    {"Dash_Punctuation", "Pd"},
    {"Ps", "Ps"},
    {"Open_Punctuation", "Ps"},
    {"Pe", "Pe"},
    {"Close_Punctuation", "Pe"},
    {"Pi", "Pi"},
    {"Initial_Punctuation", "Pi"},
    {"Pf", "Pf"},
    {"Final_Punctuation", "Pf"},
    {"Po", "Po"},
    {"Other_Punctuation", "Po"},
    {"S", "SmScSkSo"},
    {"Symbol", "SmScSkSo"},
    {"Sm", "Sm"},
    {"Math_Symbol", "Sm"},
    {"Sc", "Sc"},
    {"Currency_Symbol", "Sc"},
    {"Sk", "Sk"},
    {"Modifier_Symbol", "Sk"},
    {"So", "So"},
    {"Other_Symbol", "So"},
    {"Z", "ZsZlZp"},
    {"Separator", "ZsZlZp"},
    {"Zs", "Zs"},
    {"Space_Separator", "Zs"},
    {"Zl", "Zl"},
    {"Line_Separator", "Zl"},
    {"Zp", "Zp"},
    {"Paragraph_Separator", "Zp"},
    {"C", "CcCfCsCoCn"},
    {"Other", "CcCfCsCoCn"},
    {"Cc", "Cc"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Cf", "Cf"},
    {"Format", "Cf"},
    {"Cs", "Cs"},
    {"Surrogate", "Cs"},
    {"Co", "Co"},
    {"Private_Use", "Co"},
    {"Cn", "Cn"},
    {"Unassigned", "Cn"},
};

constexpr int categories = 30;  // UTF8PROC_CATEGORY_CN = 0 … UTF8PROC_CATEGORY_CO = 29

const std::array<Ranges, categories>& table() {
  static const auto all = [] {
    std::array<Ranges, categories> out;
    for (char32_t point = 0; point <= last_code_point; ++point) {
      auto& ranges =
          out[static_cast<std::size_t>(utf8proc_category(static_cast<utf8proc_int32_t>(point)))];
      if (!ranges.empty() && ranges.back().last + 1 == point)
        ranges.back().last = point;
      else
        ranges.push_back({point, point});
    }
    return out;
  }();
  return all;
}

}  // namespace

Ranges general_category(std::string_view name) {
  Ranges out;
  for (const Name& each : names) {
    if (each.name != name) continue;
    for (std::size_t i = 0; i < each.categories.size(); i += 2)
      for (const Ranges& ranges : table()) {
        if (ranges.empty()) continue;
        const char* spelled =
            utf8proc_category_string(static_cast<utf8proc_int32_t>(ranges[0].first));
        if (each.categories.substr(i, 2) == spelled)
          out.insert(out.end(), ranges.begin(), ranges.end());
      }
  }
  return normalised(std::move(out));
}

}  // namespace quipu::regular
