// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace tactus {

/// A thread that waits for files to change, and calls when one has.
///
/// Threads: `start` and `stop` one at a time, not from the call.
class ShaderWatch {
  public:
    ShaderWatch() = default;
    ~ShaderWatch() { stop(); }
    ShaderWatch(const ShaderWatch&) = delete;
    ShaderWatch& operator=(const ShaderWatch&) = delete;

    /// `on_change` is called on the thread; what it throws is logged. The files that it returns
    /// are watched from then on, too. An empty text, or what went wrong (folders that can be
    /// watched are).
    std::string start(const std::vector<std::string>& files,
                      std::function<std::vector<std::string>()> on_change);
    void stop();

  private:
    std::thread thread_;
    int wake_fd_ = -1; ///< an eventfd: readable once the thread is to end
};

} // namespace tactus
