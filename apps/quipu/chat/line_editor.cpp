#include "chat/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstring>

#include "chat/editing.h"
#include "command.h"

namespace quipu::app {
namespace {

constexpr int kept_entries = 1000;  // that the arrow keys reach
// Begins and ends what \1 stands for in a prompt: bytes that take no place on the screen.
constexpr char unseen = '\1';

constexpr const char* paste_on = "\x1b[?2004h";
constexpr const char* paste_off = "\x1b[?2004l";
constexpr const char* paste_begins = "\x1b[200~";
constexpr const char* paste_ends = "\x1b[201~";
constexpr std::size_t longest_paste = 16u << 20;  // characters

// Characters wider than a byte need a locale that knows them, whatever the environment says.
void use_unicode() {
  if (std::setlocale(LC_CTYPE, "") && std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

void tell_terminal(const char* sequence) {
  std::fputs(sequence, stderr);
  std::fflush(stderr);
}

}  // namespace

struct LineEditor::State {
  EditLine* editor = nullptr;
  History* history = nullptr;
  LineEditorOptions options;
  Pastes pastes;
  std::string prompt;
  bool interrupted = false;
  std::string given_up;  // the line that was interrupted

  ~State() {
    if (editor) el_end(editor);
    if (history) history_end(history);
  }

  static State& of(EditLine* editor) {
    State* state = nullptr;
    el_get(editor, EL_CLIENTDATA, &state);
    return *state;
  }
  static char* show_prompt(EditLine* editor) { return of(editor).prompt.data(); }

  // Keys. Each returns what libedit must do next.
  static unsigned char interrupt(EditLine* editor, wint_t);
  static unsigned char newline(EditLine* editor, wint_t);
  static unsigned char paste(EditLine* editor, wint_t);
  static unsigned char complete(EditLine* editor, wint_t);
  static unsigned char suspend(EditLine* editor, wint_t);

  void bind_keys();
};

// Ends the line as Enter does, after its last row, with a sign of what happened.
unsigned char LineEditor::State::interrupt(EditLine* editor, wint_t) {
  State& state = of(editor);
  const LineInfo* const info = el_line(editor);
  state.given_up.assign(info->buffer, info->lastchar);
  state.interrupted = true;
  const LineInfoW* const wide = el_wline(editor);
  el_cursor(editor, static_cast<int>(wide->lastchar - wide->cursor));
  el_insertstr(editor, "^C");
  el_push(editor, "\n");
  return CC_REFRESH;
}

unsigned char LineEditor::State::newline(EditLine* editor, wint_t) {
  return el_insertstr(editor, "\n") == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char LineEditor::State::paste(EditLine* editor, wint_t) {
  std::wstring text;
  const std::wstring end(paste_ends, paste_ends + std::strlen(paste_ends));
  while (text.size() < longest_paste && !text.ends_with(end)) {
    wchar_t character = 0;
    if (el_wgetc(editor, &character) != 1) return CC_EOF;
    text += character;
  }
  if (text.ends_with(end)) text.resize(text.size() - end.size());
  const std::string shown = of(editor).pastes.add(cleaned_paste(to_utf8(text)));
  return shown.empty() || el_insertstr(editor, shown.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char LineEditor::State::complete(EditLine* editor, wint_t) {
  const LineInfo* const info = el_line(editor);
  const std::string line(info->buffer, info->cursor);
  const std::string longer = completed(line, of(editor).options.completions);
  if (longer.size() > line.size())
    return el_insertstr(editor, longer.c_str() + line.size()) == 0 ? CC_REFRESH : CC_ERROR;
  return line.starts_with("/load ") || line.starts_with("/save ") ? _el_fn_complete(editor, '\t')
                                                                  : CC_REFRESH_BEEP;
}

unsigned char LineEditor::State::suspend(EditLine* editor, wint_t) {
  tell_terminal(paste_off);
  el_set(editor, EL_PREP_TERM, 0);
  std::raise(SIGTSTP);
  el_set(editor, EL_PREP_TERM, 1);
  tell_terminal(paste_on);
  return CC_REDISPLAY;
}

void LineEditor::State::bind_keys() {
  const auto add = [&](const char* name, const char* help,
                       unsigned char (*function)(EditLine*, wint_t)) {
    el_set(editor, EL_ADDFN, name, help, function);
  };
  add("chat-interrupt", "gives the line up", interrupt);
  add("chat-newline", "goes on with the next line", newline);
  add("chat-paste", "takes a pasted text", paste);
  add("chat-complete", "completes a command", complete);
  add("chat-suspend", "stops until the shell goes on with it", suspend);
  constexpr const char* keys[][2] = {
      {"^C", "chat-interrupt"},          {"\\e^M", "chat-newline"},
      {"\\e^J", "chat-newline"},         {"\\e[200~", "chat-paste"},
      {"^I", "chat-complete"},           {"^Z", "chat-suspend"},
      {"^W", "ed-delete-prev-word"},     {"^R", "em-inc-search-prev"},
      {"\\e[3~", "ed-delete-next-char"}, {"\\e[1;5C", "em-next-word"},
      {"\\e[1;5D", "ed-prev-word"},      {"\\e[H", "ed-move-to-beg"},
      {"\\e[F", "ed-move-to-end"},       {"\\e[1~", "ed-move-to-beg"},
      {"\\e[4~", "ed-move-to-end"},
  };
  for (const auto& [key, function] : keys) el_set(editor, EL_BIND, key, function, nullptr);
  // Ctrl-C and Ctrl-Z are keys like others while a line is edited, and signals at all other times.
  el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
}

LineEditor::LineEditor(LineEditorOptions options) : state_(std::make_unique<State>()) {
  use_unicode();
  State& s = *state_;
  s.options = std::move(options);
  s.history = history_init();
  s.editor = el_init("quipu", stdin, stderr, stderr);
  if (!s.history || !s.editor)
    throw Error(ErrorCode::io, std::string("terminal: cannot edit lines: ") + std::strerror(errno));
  HistEvent event;
  history(s.history, &event, H_SETSIZE, kept_entries);
  history(s.history, &event, H_SETUNIQUE, 1);
  for (const std::string& entry : s.options.history) remember(entry);
  el_set(s.editor, EL_CLIENTDATA, &s);
  el_set(s.editor, EL_PROMPT_ESC, &State::show_prompt, unseen);
  el_set(s.editor, EL_EDITOR, "emacs");
  el_set(s.editor, EL_SIGNAL, 1);
  el_set(s.editor, EL_HIST, history, s.history);
  s.bind_keys();
  el_source(s.editor, nullptr);  // ~/.editrc
}

LineEditor::~LineEditor() = default;

Line LineEditor::read(std::string_view prompt, std::string_view initial) {
  State& s = *state_;
  // libedit shows escapes together with the character after them, so the last one is not at the
  // end.
  s.prompt = prompt;
  const std::size_t last = s.prompt.find_last_not_of(' ') + 1;
  if (s.options.colour && last > 0 && last < s.prompt.size())
    s.prompt = "\1\x1b[1m\1" + s.prompt.substr(0, last) + "\1\x1b[0m\1" + s.prompt.substr(last);
  s.interrupted = false;
  s.pastes.clear();
  if (!initial.empty())
    el_push(s.editor, (paste_begins + cleaned_paste(initial) + paste_ends).c_str());
  tell_terminal(paste_on);
  // Before the prompt invites keys: what a terminal takes for a signal or the end is lost.
  el_set(s.editor, EL_PREP_TERM, 1);
  int count = 0;
  const char* const typed = el_gets(s.editor, &count);
  const int error = errno;
  tell_terminal(paste_off);
  std::string line = typed && count > 0 ? std::string(typed, static_cast<std::size_t>(count)) : "";
  if (s.interrupted) return {Line::interrupt, std::move(s.given_up)};
  if (count < 0 && app::interrupted.load()) return {Line::interrupt, {}};
  if (count < 0)
    throw Error(ErrorCode::io, std::string("stdin: cannot read: ") + std::strerror(error));
  if (line.empty()) {
    std::fputs("\n", stderr);
    return {Line::end, {}};
  }
  if (line.ends_with('\n')) line.pop_back();
  return {Line::typed, s.pastes.restored(std::move(line))};
}

void LineEditor::remember(const std::string& entry) {
  HistEvent event;
  history(state_->history, &event, H_ENTER, entry.c_str());
}

}  // namespace quipu::app
