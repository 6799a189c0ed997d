// Columns of text for a terminal, aligned by code points. Values, any thread, no errors.
#pragma once

#include <string>
#include <vector>

namespace unavoce::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// One line per row; the last column is not padded.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace unavoce::cli
