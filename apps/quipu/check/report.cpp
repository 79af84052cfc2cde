#include "report.h"

#include <cmath>
#include <cstdio>

#include "table.h"

namespace quipu::app {
namespace {

// JSON has no number for what is not finite.
json::value or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? json::value(*value) : json::value(nullptr);
}
json::value or_null(std::optional<Token> value) {
  return value ? json::value(*value) : json::value(nullptr);
}
json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(printable(text, 4096));
}

json::value to_json(const Comparison& c) {
  const auto difference =
      c.first_difference ? json::value(*c.first_difference) : json::value(nullptr);
  return {{"passed", c.passed},
          {"description", printable(c.description, 1000)},
          {"max_abs", or_null(c.max_abs)},
          {"nmse", or_null(c.nmse)},
          {"kl_mean", or_null(c.kl_mean)},
          {"kl_max", or_null(c.kl_max)},
          {"top1_agreement", or_null(c.top1_agreement)},
          {"first_difference", difference},
          {"expected_token", or_null(c.expected_token)},
          {"found_token", or_null(c.found_token)},
          {"message", printable(c.message, 1000)}};
}

json::value to_json(const StageResult& stage) {
  json::array messages;
  for (const auto& message : stage.messages) messages.emplace_back(printable(message, 1000));
  json::object object{{"stage", stage.stage},
                      {"status", to_string(stage.verdict)},
                      {"seconds", stage.seconds},
                      {"message", messages.empty() ? json::value("") : messages[0]},
                      {"messages", messages}};
  if (!stage.comparisons.empty()) {
    json::array comparisons;
    for (const auto& comparison : stage.comparisons) comparisons.push_back(to_json(comparison));
    object["expect"] = std::move(comparisons);
  }
  return object;
}

// Of a kind of stages, in words: what came before them may have ended the check.
std::string claim(const CheckReport& report, std::initializer_list<std::string_view> stages) {
  switch (report.worst(stages)) {
  case Verdict::pass:
  case Verdict::warning:
    return "yes";
  case Verdict::fail:
    return "no";
  case Verdict::skipped:
    break;
  }
  return report.passed(false) ? "-" : "no";
}

std::string file(const CheckReport& report, bool) {
  const std::string& name = report.path.empty() ? report.model : report.path;
  return printable(std::filesystem::path(name).filename().string());
}

std::string text(const CheckReport& report, bool) {
  switch (report.text()) {
  case TextVerdict::expected:
    return "yes";
  case TextVerdict::wrong:
    return "no";
  case TextVerdict::unknown:
    return report.passed(false) ? "-" : "no";
  default:
    return std::string(to_string(report.text()));
  }
}

std::string chat_template(const CheckReport& report, bool) {
  if (report.worst({"template"}) == Verdict::fail) return "broken";
  return report.template_name.empty() ? "none" : printable(report.template_name);
}

std::string seconds(const CheckReport& report, bool) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", report.seconds());
  return text;
}

std::string nmse(const CheckReport& report, bool) {
  std::optional<double> worst;
  for (const auto& stage : report.stages)
    for (const auto& comparison : stage.comparisons)
      if (comparison.nmse && !(worst && *comparison.nmse <= *worst)) worst = comparison.nmse;
  char text[32] = "";
  if (worst) std::snprintf(text, sizeof text, "%.1e", *worst);
  return text;
}

std::string tests(const CheckReport& report, bool) {
  for (const auto& stage : report.stages)
    for (const auto& comparison : stage.comparisons)
      if (!comparison.description.empty()) return printable(comparison.description, 200);
  return "";
}

std::string verdict(const CheckReport& report, bool strict) {
  for (const Verdict wanted : {Verdict::fail, Verdict::warning})
    for (const auto& stage : report.stages)
      if (stage.verdict == wanted)
        return (wanted == Verdict::fail || strict ? "fails: " : "odd: ") + std::string(stage.stage);
  return "passes";
}

constexpr Column all_columns[] = {
    {"file", "file", "name of the file", file},
    {"size", "size", "of all its files",
     [](const CheckReport& r, bool) { return r.bytes ? readable_bytes(r.bytes) : "-"; }},
    {"quantisation", "quantisation", "formats, those of most weights first",
     [](const CheckReport& r, bool) { return r.formats; }},
    {"architecture", "architecture", "plugin that took the model",
     [](const CheckReport& r, bool) {
       return printable(r.architecture.empty() ? r.family : r.architecture);
     }},
    {"loads", "loads", "open, plugins, tensors and tokenizer",
     [](const CheckReport& r, bool) {
       return claim(r, {"open", "plugins", "tensors", "tokenizer"});
     }},
    {"runs", "runs", "run or expect",
     [](const CheckReport& r, bool) {
       return claim(r, {r.worst({"run"}) == Verdict::skipped ? "expect" : "run"});
     }},
    {"text", "text is right", "yes: as expected; plausible: a language; odd; no", text},
    {"template", "template", "of chat", chat_template},
    {"seconds", "seconds", "of all stages", seconds},
    {"verdict", "verdict", "and the first stage that says so", verdict},
    {"family", "family", "general.architecture",
     [](const CheckReport& r, bool) { return r.family; }},
    {"nmse", "NMSE", "the largest of the expectations", nmse},
    {"tests", "what it tests", "description of the expectation", tests},
};

}  // namespace

json::value to_json(const CheckReport& report, bool strict) {
  json::array stages;
  for (const auto& stage : report.stages) stages.push_back(to_json(stage));
  return {{"model", printable(report.model, 4096)},
          {"path", or_null(report.path)},
          {"bytes", report.bytes},
          {"family", report.family},
          {"architecture", report.architecture},
          {"formats", report.formats},
          {"template", or_null(report.template_name)},
          {"text", to_string(report.text())},
          {"passed", report.passed(strict)},
          {"exit", report.exit(strict)},
          {"seconds", report.seconds()},
          {"stages", std::move(stages)}};
}

std::string to_text(const CheckReport& report) {
  std::string text = printable(report.model, 4096) + "\n";
  for (const auto& stage : report.stages) {
    char line[80];
    std::snprintf(line, sizeof line, "  %-10s %-8s %8.3f s", std::string(stage.stage).c_str(),
                  std::string(to_string(stage.verdict)).c_str(), stage.seconds);
    text += line;
    for (std::size_t i = 0; i < stage.messages.size(); ++i)
      text += (i ? "\n" + std::string(34, ' ') : "  ") + printable(stage.messages[i], 1000);
    text += "\n";
  }
  return text;
}

std::span<const Column> columns() {
  return all_columns;
}

std::vector<const Column*> parse_columns(const std::string& list) {
  std::vector<const Column*> chosen;
  std::string known;
  for (const auto& column : all_columns)
    known.append(known.empty() ? "" : ", ").append(column.name);
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    const std::string word = list.substr(at, end - at);
    const Column* found = nullptr;
    for (const auto& column : all_columns)
      if (column.name == word) found = &column;
    if (!found)
      throw Error(ErrorCode::usage,
                  "--columns: expected some of " + known + ", found '" + printable(word) + "'");
    chosen.push_back(found);
    at = end + 1;
  }
  return chosen;
}

std::string to_table(const std::vector<CheckReport>& reports,
                     const std::vector<const Column*>& columns, bool strict) {
  std::vector<std::vector<std::string>> rows(1);
  for (const Column* column : columns) rows[0].emplace_back(column->heading);
  for (const auto& report : reports) {
    rows.emplace_back();
    for (const Column* column : columns) rows.back().push_back(column->cell(report, strict));
  }
  std::string text;
  for (const auto& line : aligned(rows)) text += line + "\n";
  return text;
}

std::string to_markdown(const std::vector<CheckReport>& reports,
                        const std::vector<const Column*>& columns, bool strict) {
  std::string text = "|", rule = "|";
  for (const Column* column : columns) {
    text.append(" ").append(column->heading).append(" |");
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (const auto& report : reports) {
    text += "|";
    for (const Column* column : columns) {
      std::string cell = column->cell(report, strict);
      std::ranges::replace(cell, '|', '/');  // a bar would end the cell
      text += " " + cell + " |";
    }
    text += "\n";
  }
  return text;
}

}  // namespace quipu::app
