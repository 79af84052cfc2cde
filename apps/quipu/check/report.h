// What a check found, for people, documents and programs.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"

namespace quipu::app {

/// As sdk/docs/check.schema.json describes it.
json::value to_json(const CheckReport& report, bool strict);

/// A line for each stage, with what it says.
std::string to_text(const CheckReport& report);

/// A column of a table: its name for --columns and its heading.
struct Column {
  std::string_view name, heading, what;
  std::string (*cell)(const CheckReport& report, bool strict);
};

std::span<const Column> columns();
/// The columns of "file,size"; throws usage naming what is none.
std::vector<const Column*> parse_columns(const std::string& list);

/// A row for each report, aligned, or with bars as Markdown has them.
std::string to_table(const std::vector<CheckReport>& reports,
                     const std::vector<const Column*>& columns, bool strict);
std::string to_markdown(const std::vector<CheckReport>& reports,
                        const std::vector<const Column*>& columns, bool strict);

}  // namespace quipu::app
