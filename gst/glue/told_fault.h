// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>
#include <string>
#include <utility>

namespace tactus {

/// Remembers which fault was told, so that one fault is one message, however many buffers and
/// events meet it. Threads: any.
class ToldFault {
  public:
    /// Whether `text` is another one than the last.
    bool is_news(const std::string& text) {
        const std::lock_guard lock(mutex_);
        return std::exchange(text_, text) != text;
    }
    /// The fault is mended, or something was done that may mend it.
    void forget() {
        const std::lock_guard lock(mutex_);
        text_.clear();
    }

  private:
    std::mutex mutex_;
    std::string text_;
};

} // namespace tactus
