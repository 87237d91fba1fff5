// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "scratch_folder.h"

#include <filesystem>
#include <string>

namespace tactus {

/// A root folder with what a test writes under /proc and /sys.
class FakeRoot {
  public:
    std::string path() const { return folder_ / ""; }

    void write(const std::string& name, const std::string& text) const {
        make_folder(std::filesystem::path(name).parent_path().string());
        folder_.write(name, text);
    }
    void make_folder(const std::string& name) const {
        std::filesystem::create_directories(folder_ / name);
    }
    /// A link to a folder under the root, as /sys has them.
    void link(const std::string& name, const std::string& target) const {
        make_folder(std::filesystem::path(name).parent_path().string());
        make_folder(target);
        std::filesystem::create_directory_symlink(folder_ / target, folder_ / name);
    }

  private:
    ScratchFolder folder_;
};

} // namespace tactus
