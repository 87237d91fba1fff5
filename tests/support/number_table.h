// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus {

/// Lists of numbers by name, one a line: "NAME: 1 2 3".
class NumberTable {
  public:
    /// Throws if there is no such file.
    explicit NumberTable(const std::string& path) {
        std::ifstream file(path);
        if (!file)
            throw std::runtime_error("cannot read " + path);
        for (std::string line; std::getline(file, line);) {
            const std::size_t colon = line.find(": ");
            std::istringstream numbers(line.substr(colon + 2));
            auto& list = lists_[line.substr(0, colon)];
            for (double number = 0; numbers >> number;)
                list.push_back(number);
        }
    }

    const std::map<std::string, std::vector<double>>& lists() const { return lists_; }
    /// Throws if there is no such list.
    const std::vector<double>& operator[](const std::string& name) const { return lists_.at(name); }

  private:
    std::map<std::string, std::vector<double>> lists_;
};

} // namespace tactus
