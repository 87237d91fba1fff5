// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tactus {

struct FileContent {
    std::string path;
    std::string_view content;
};

/// Writes several files that belong together. Each is written beside its place under another name;
/// only when all are complete do they take their places, in the order given. So a reader sees old
/// files or new ones, never half of one, and an error leaves the old ones as they were.
///
/// A symbolic link is followed. What is not a regular file (a device, a folder) is refused.
///
/// Returns an empty text, or what went wrong with which path and why.
///
/// Threads: any. Blocks on the disk.
std::string write_files_atomically(const std::vector<FileContent>& files);

/// Whether a file could be written there, by making one under another name and taking it away
/// again. Returns an empty text, or what is wrong with the path and what would be right.
///
/// Threads: any. Blocks on the disk.
std::string why_not_writable(const std::string& path);

/// All of `content` to a file descriptor. Returns 0 or an errno.
int write_all(int fd, std::string_view content);

} // namespace tactus
