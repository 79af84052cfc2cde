// A file that gets its name when it is whole.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace gguf {

class NewFile {
 public:
  /// Begins PATH.part. Throws Error{io} when it cannot, or when something that is not a regular
  /// file has the path.
  explicit NewFile(std::string path);
  /// Removes what has not been kept.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes);
  /// No more bytes will come; says what the file system found wrong with them.
  void close();
  /// Gives the closed file its name, in place of one that has it.
  void keep();

 private:
  [[noreturn]] void fail(const char* what, int error) const;

  const std::string path_, part_;
  int descriptor_;
  bool kept_ = false;
};

}  // namespace gguf
