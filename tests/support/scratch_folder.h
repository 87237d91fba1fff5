// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>

namespace tactus {

/// A folder of a test's own, gone with it.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::string name = testing::TempDir() + "tactus-XXXXXX";
        if (mkdtemp(name.data()) == nullptr)
            ADD_FAILURE() << "no temporary folder " << name;
        path_ = name;
    }
    ~ScratchFolder() { std::filesystem::remove_all(path_); }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    std::string operator/(const std::string& name) const { return (path_ / name).string(); }

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return *this / name;
    }
    /// As editors do: a new file takes the place of the old one.
    std::string replace(const std::string& name, const std::string& text) const {
        write(name + ".new", text);
        std::filesystem::rename(path_ / (name + ".new"), path_ / name);
        return *this / name;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::size_t file_count() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(path_), {}));
    }

  private:
    std::filesystem::path path_;
};

} // namespace tactus
