// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tactus {

/// A file with bytes that only serve to be quicker the next time, such as a driver's pipeline
/// cache. It is replaced in one step, so a reader sees an old file or a new one, never a part. One
/// that is damaged, cut short, of another key or not ours at all counts as none.
///
/// Threads: any; each call opens the file for itself. Several processes may write: the last one
/// wins.
class CacheFile {
  public:
    /// `key` names what the bytes are for (device and driver, say).
    CacheFile(std::string path, std::string key);

    std::optional<std::vector<std::byte>> load() const;
    /// Makes the folder if need be (only the last level that is missing is ours alone to read). An
    /// empty text, or what went wrong.
    std::string store(std::span<const std::byte> bytes) const;

    const std::string& path() const { return path_; }

  private:
    std::string path_;
    std::string key_;
};

/// `$XDG_CACHE_HOME/gst-tactus`, else `$HOME/.cache/gst-tactus`; empty without either. The values
/// of both variables are passed in; null: not set. Relative values count as not set (XDG Base
/// Directory Specification).
std::string cache_folder(const char* xdg_cache_home, const char* home);

} // namespace tactus
