// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tactus {

/// Says that files may have changed, by inotify(7) on their folders: editors write a new file and
/// rename it, so the file itself is not what to watch. Only finished writes count (the file was
/// closed, or moved into place).
///
/// Threads: one at a time. Nothing waits here: poll `fd`, then `take_changes`.
class FileWatch {
  public:
    /// Nothing without inotify, with the reason in `error`. A folder that cannot be watched is
    /// named there too, and the others are watched.
    static std::unique_ptr<FileWatch> create(const std::vector<std::string>& files,
                                             std::string& error);
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    /// Watches these, too. What goes wrong is in the text.
    std::string add(const std::vector<std::string>& files);
    /// Readable when something happened in one of the folders.
    int fd() const { return fd_; }
    /// Reads what has happened. True if one of the files was written since the last call, or if the
    /// kernel lost count.
    bool take_changes();

  private:
    explicit FileWatch(int fd) : fd_(fd) {}
    void add(const std::string& file, std::string& error);

    int fd_;
    std::map<int, std::set<std::string>> names_; ///< by watch descriptor
};

} // namespace tactus
